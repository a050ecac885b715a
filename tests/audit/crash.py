"""A process that appends as fast as it can and says each place once it is durable: to be killed.

``python crash.py URL KEYFILE``: 20 appenders at once; ``<place> <name>`` on stdout for each entry.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from civicam.audit.facts import Entry, Target
from civicam.audit.keys import KeyFiles
from civicam.audit.service import AuditService
from civicam.audit.settings import AuditSettings
from civicam.audit.store import AuditStore
from civicam.db.engine import Database
from civicam.db.unit import UnitOfWork


class MachineClock:
    """The machine's clocks, without the weight of the composition root."""

    def monotonic(self) -> float:
        return time.monotonic()

    def now(self) -> datetime:
        return datetime.now(UTC)


async def life(url: str, key: Path) -> None:
    """Until it is killed."""
    audit = AuditService(
        UnitOfWork(Database(url), AuditStore),
        KeyFiles(key),
        MachineClock(),
        AuditSettings(checkpoint_s=0.05),
        os.urandom,
    )
    await audit.start()

    async def one(number: int) -> None:
        count = 0
        while True:
            name = f"{os.getpid()}-{number}-{count}"
            place = await audit.append(Entry("x", target=Target("t", name)))
            os.write(1, f"{place} {name}\n".encode())
            count += 1

    await asyncio.gather(*(one(number) for number in range(20)))


if __name__ == "__main__":
    asyncio.run(life(sys.argv[1], Path(sys.argv[2])))
