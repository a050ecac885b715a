"""Starts the process that reads a workbook, bounded in time and memory, and takes its answer."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from pathlib import Path

import structlog

from civicam.fleet.register import Lists
from civicam.fleet.sheets.child import heard, question
from civicam.fleet.sheets.grid import ReadSheet
from civicam.fleet.sheets.limits import Limits
from civicam.kernel.errors import Refused

log = structlog.get_logger("civicam.fleet")


async def read_workbook(path: Path, limits: Limits, lists: Lists) -> tuple[ReadSheet, ...]:
    """What stands in a file. Raises `Refused` ``fleet.sheet-…``."""
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "civicam.fleet.sheets.child",
        str(path),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(limits.seconds):
            out, err = await child.communicate(question(limits, lists))
    except TimeoutError:
        raise Refused("fleet.sheet-slow", seconds=int(limits.seconds)) from None
    finally:
        if child.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                child.kill()
            await child.wait()
    if child.returncode != 0:
        log.warning(
            "fleet.sheet-reader-died", status=child.returncode, said=err[-300:].decode(errors="replace")
        )
        raise Refused("fleet.sheet-heavy")
    return await asyncio.to_thread(heard, out)
