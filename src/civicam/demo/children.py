"""The demonstration's processes: each in a group of its own, its words in a log, none of them left behind.

A child gets SIGTERM from the kernel when this process dies for whatever reason (PR_SET_PDEATHSIG); what it
started itself ends with it, because media workers leave when their control channel closes.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

from civicam.kernel.errors import Operational

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True)
_PATIENCE_S = 10.0
"""Between SIGTERM and SIGKILL."""


def _die_with_parent() -> None:
    """In the child, before it becomes the program."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


class Child:
    """One running program of ours."""

    def __init__(self, name: str, process: asyncio.subprocess.Process, log: Path) -> None:
        self.name = name
        self.log = log
        self._process = process

    @property
    def pid(self) -> int:
        """Its process id, which is also its group's."""
        return self._process.pid

    async def ended(self) -> int:
        """Its exit status, once it has one."""
        return await self._process.wait()

    def running(self) -> bool:
        """Whether it has no exit status yet."""
        return self._process.returncode is None

    def last_words(self, lines: int = 12) -> str:
        """The end of its log."""
        with contextlib.suppress(OSError):
            return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])
        return ""

    async def stop(self) -> int:
        """SIGTERM, then SIGKILL to the whole group; its exit status."""
        if self.running():
            self._process.terminate()
            try:
                await asyncio.wait_for(self._process.wait(), _PATIENCE_S)
            except TimeoutError:
                self._signal_group(signal.SIGKILL)
        status = await self._process.wait()
        self._signal_group(signal.SIGKILL)  # whatever of the group outlived its leader
        return status

    def _signal_group(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)


async def start(name: str, arguments: list[str], environment: Mapping[str, str], log: Path) -> Child:
    """Start ``civicam ARGUMENTS`` with the environment added to ours; its output goes to ``log``.

    Raises:
        Operational: ``demo.no-start``.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    try:
        with log.open("wb") as out:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "civicam",
                *arguments,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=out,
                stderr=asyncio.subprocess.STDOUT,
                env={**os.environ, **environment},
                start_new_session=True,
                preexec_fn=_die_with_parent,
            )
    except OSError as error:
        raise Operational("demo.no-start", name=name, reason=str(error)) from error
    return Child(name, process, log)


async def finish(name: str, arguments: list[str], environment: Mapping[str, str], log: Path) -> str:
    """Run ``civicam ARGUMENTS`` to its end and return what it wrote.

    Raises:
        Operational: ``demo.step-failed`` with its last lines.
    """
    child = await start(name, arguments, environment, log)
    try:
        status = await child.ended()
    finally:
        await child.stop()
    if status:
        raise Operational("demo.step-failed", name=name, status=status, words=child.last_words())
    return child.last_words(lines=1_000_000)
