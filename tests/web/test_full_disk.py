"""A disk that is full under the running server: said plainly, nothing half-written, mended by space alone."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.web.stack import Stack

pytestmark = [pytest.mark.slow, pytest.mark.serial]

SIZE = 12 << 20


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own for the data; only root may mount one."""
    folder = tmp_path / "data"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip(f"no small disk can be mounted ({mounted.stderr.strip()}): run as root")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture
def stack(small_disk: Path) -> Iterator[Stack]:
    """A server whose data directory is that disk; its log is elsewhere."""
    made = Stack(small_disk.parent)
    yield made
    made.stop()


def add_source(stack: Stack, number: int) -> tuple[int, dict[str, Any]]:
    """Something that has to be written down before it is answered."""
    wish = {"name": f"source {number}", "url": f"rtsp://192.0.2.{number % 250 + 1}/x", "site_id": None}
    answer = stack.http.post("/api/sources", json=wish)
    return answer.status_code, answer.json()


def fill(disk: Path) -> Path:
    """Take every free byte."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while file.write(b"\0" * 4096):
                pass
        except OSError:
            pass
    return ballast


def test_a_full_disk_is_named_and_space_mends_it(stack: Stack, small_disk: Path) -> None:
    stack.serve()
    assert add_source(stack, 0)[0] == 201
    ballast = fill(small_disk)
    answers = [add_source(stack, number) for number in range(1, 40)]  # the log file may have room for a few
    status, body = answers[-1]
    assert status == 503
    assert (body["error"]["code"], body["error"]["data"]["reason"]) == ("audit.no-entry", "db.full")
    assert body["error"]["message"]["zh-CN"]
    # What is known can still be looked at, and the fault is in the figures and in the log.
    assert stack.situation()["devices"]["total"] == 1 + [status for status, _ in answers].count(201)
    components = {each["name"]: each["state"] for each in stack.http.get("/api/system").json()["components"]}
    assert components["disk"] == "degraded"
    assert 'civicam_db_faults_total{code="db.full"}' in stack.http.get("/metrics").text
    assert "db.full" in stack.log()

    ballast.unlink()
    assert add_source(stack, 99)[0] == 201
    known = len(stack.http.get("/api/sources").json()["sources"])
    assert stack.server is not None
    stack.server.terminate()
    assert stack.server.wait(30) == 0
    stack.serve()
    assert len(stack.http.get("/api/sources").json()["sources"]) == known
    assert "Traceback" not in stack.log()
