"""Kill -9 at any moment: no acknowledged entry is lost, the tree is whole, the next process goes on."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

from civicam.audit.keys import KeyFiles
from civicam.audit.service import AuditService
from civicam.audit.settings import AuditSettings
from civicam.audit.store import AuditStore
from civicam.audit.tree import Frontier, leaf_hash, subtree
from civicam.audit.verifier import Verifier
from civicam.db.engine import Database
from civicam.db.unit import UnitOfWork
from civicam.kernel.clock import ManualClock

PROGRAM = Path(__file__).parents[1] / "audit" / "crash.py"


def killed(url: str, key: Path, after_entries: int) -> dict[int, str]:
    """Start it, kill it once it has acknowledged so many; everything it acknowledged."""
    command = [sys.executable, str(PROGRAM), url, str(key)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said: list[str] = []
        for line in process.stdout:
            said.append(line)
            if len(said) == after_entries:
                os.kill(process.pid, signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
    whole = [line.split() for line in said if line.endswith("\n")]
    return {int(place): name for place, name in whole}


async def _judge(url: str, key: Path, acknowledged: dict[int, str]) -> None:
    database = Database(url)
    work = UnitOfWork(database, AuditStore)
    audit = AuditService(work, KeyFiles(key), ManualClock(), AuditSettings(), os.urandom)
    verifier, edge, kept = Verifier(), Frontier(), {}
    try:
        async for line in audit.lines():
            verifier.export([line])
            found = json.loads(line)
            if "record" in found:
                edge.append(leaf_hash(found["record"].encode()))
            if "record" in found and found["personal"]["what"]:
                text = json.loads(found["personal"]["what"]["text"])
                kept[json.loads(found["record"])["seq"]] = text["id"]
        size = await audit.size()
        # What is folded from the kept nodes is what is folded from the records.
        by_nodes = await work.read(lambda store: subtree(store, 0, size))
        assert by_nodes == edge.root()
    finally:
        await database.aclose()
    assert {place: kept.get(place) for place in acknowledged} == acknowledged
    assert verifier.finish().findings == []


def trials(url: str, folder: Path, kills: int, seed: int = 7) -> None:
    random, acknowledged = Random(seed), dict[int, str]()
    for number in range(kills):
        fresh = killed(url, folder / "audit.key", random.randint(1, 400))
        assert not fresh.keys() & acknowledged.keys()
        acknowledged |= fresh
        if number % 20 == 19 or number == kills - 1:
            asyncio.run(_judge(url, folder / "audit.key", acknowledged))


@pytest.mark.slow
def test_what_was_acknowledged_survives_being_killed(url: str, tmp_path: Path) -> None:
    trials(url, tmp_path, 4)


@pytest.mark.long
@pytest.mark.timeout(400)
@pytest.mark.parametrize("part", range(int(os.environ.get("CIVICAM_AUDIT_KILLS", "20")) // 10))
def test_what_was_acknowledged_survives_many_kills(url: str, tmp_path: Path, part: int) -> None:
    """Ten each, on two databases; ``CIVICAM_AUDIT_KILLS=200`` for two hundred on each."""
    trials(url, tmp_path, 10, seed=part)
