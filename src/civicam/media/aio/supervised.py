"""One worker process as its supervisor sees it: start, calls, events, death, start again."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from civicam.kernel.errors import CivicamError, Operational
from civicam.media.aio.control import HOLDS, Channel, Message, error_from
from civicam.media.settings import WorkerSettings

_log = logging.getLogger("civicam.media.engine")

_CALL_S = 15.0
_START_S = 30.0
_STOP_S = 5.0
_STEADY_S = 60.0
"""A worker that lived so long starts again without having earned a pause."""

Call = asyncio.Future[tuple[Any, bytes]]


@dataclass(frozen=True, slots=True)
class WorkerState:
    """One worker for the health page; ``state`` is ``starting``, ``ready``, ``restarting`` or ``stopped``."""

    index: int
    pid: int | None
    state: str
    restarts: int
    streams: int
    viewer_port: int
    holds: Mapping[str, int] = field(default_factory=dict)
    """What it held some seconds ago, by name (`Streams.holdings`); nothing while it is not ready."""


class SupervisedWorker:
    """``on_event(worker, name, data)`` hears the worker's events, ``on_lost(worker)`` its death."""

    def __init__(
        self,
        settings: WorkerSettings,
        command: tuple[str, ...],
        on_event: Callable[[SupervisedWorker, str, dict[str, Any]], None],
        on_lost: Callable[[SupervisedWorker], None],
    ) -> None:
        self.ready = False
        self._settings = settings
        self._command = command
        self._on_event = on_event
        self._on_lost = on_lost
        self._process: asyncio.subprocess.Process | None = None
        self._channel: Channel | None = None
        self._calls: dict[int, Call] = {}
        self._number = 0
        self._port = 0
        self._restarts = 0
        self._holds: dict[str, int] = {}
        self._state = "stopped"
        self._keeper: asyncio.Task[None] | None = None

    def state(self, streams: int) -> WorkerState:
        """For the health page."""
        pid = self._process.pid if self._process is not None and self.ready else None
        holds = self._holds if self.ready else {}
        return WorkerState(self._settings.index, pid, self._state, self._restarts, streams, self._port, holds)

    async def start(self) -> None:
        """Start and wait until its door is open; then keep it alive."""
        self._state = "starting"
        reader = await self._spawn()
        self._keeper = asyncio.get_running_loop().create_task(self._keep(reader))

    async def call(self, operation: str, args: dict[str, Any]) -> tuple[Any, bytes]:
        """Ask the worker; raises what it raised, ``media.worker-lost`` or ``media.worker-slow``."""
        if self._channel is None or not self.ready:
            raise Operational("media.worker-lost", worker=self._settings.index)
        self._number += 1
        number = self._number
        future: Call = asyncio.get_running_loop().create_future()
        self._calls[number] = future
        self._channel.write({"id": number, "op": operation, "args": args})
        try:
            async with asyncio.timeout(_CALL_S):
                return await future
        except TimeoutError:
            raise Operational("media.worker-slow", operation=operation) from None
        finally:
            self._calls.pop(number, None)

    async def stop(self) -> None:
        """End it: the closed channel is the signal, SIGKILL the last word."""
        if self._keeper is not None:
            self._keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeper
        if self._channel is not None:
            self._channel.close()
        process = self._process
        if process is not None and process.returncode is None:
            try:
                async with asyncio.timeout(_STOP_S):
                    await process.wait()
            except TimeoutError:
                _log.warning("worker %d does not end, killing it", self._settings.index)
                process.kill()
                await process.wait()
        self._gone()
        self._state = "stopped"

    # -- inside

    async def _spawn(self) -> Channel:
        ours, theirs = socket.socketpair()
        try:
            os.set_inheritable(theirs.fileno(), True)
            self._process = await asyncio.create_subprocess_exec(
                *self._command, str(theirs.fileno()), pass_fds=(theirs.fileno(),)
            )
        except OSError as error:
            ours.close()
            raise Operational("media.worker-failed", reason=error.strerror or "") from error
        finally:
            theirs.close()
        channel = await Channel.over(ours)
        self._channel = channel
        channel.write({"settings": self._settings.model_dump(mode="json")})
        try:
            async with asyncio.timeout(_START_S):
                first = await channel.read()
        except TimeoutError:
            first = None
        if first is None or first.body.get("event") != "ready":
            channel.close()
            await self._reap()
            raise _start_failure(first)
        self._port = first.body["port"]
        self.ready = True
        self._state = "ready"
        return channel

    async def _reap(self) -> None:
        process = self._process
        if process is not None and process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def _keep(self, channel: Channel) -> None:
        """Serve a worker's messages until it dies, then start another, and so on."""
        loop = asyncio.get_running_loop()
        media = self._settings.media
        pause = media.restart_first_s
        while True:
            since = loop.time()
            await self._listen(channel)
            channel.close()
            self._gone()
            self._state = "restarting"
            await self._reap()
            status = self._process.returncode if self._process is not None else None
            _log.error("worker %d died (status %s)", self._settings.index, status)
            self._on_lost(self)
            if loop.time() - since > _STEADY_S:
                pause = media.restart_first_s
            while True:
                await asyncio.sleep(pause)
                pause = min(pause * 2, media.restart_most_s)
                self._restarts += 1
                try:
                    channel = await self._spawn()
                    break
                except CivicamError as error:
                    _log.error("worker %d does not start: %s", self._settings.index, error)

    async def _listen(self, channel: Channel) -> None:
        while (message := await channel.read()) is not None:
            number = message.body.get("id")
            if number is None and message.body["event"] == HOLDS:
                self._holds = message.body["data"]
            elif number is None:
                self._on_event(self, message.body["event"], message.body["data"])
            else:
                self._answer(number, message)

    def _answer(self, number: int, message: Message) -> None:
        future = self._calls.get(number)
        if future is None or future.done():
            return
        error = message.body.get("error")
        if error is not None:
            future.set_exception(error_from(error))
        else:
            future.set_result((message.body["ok"], message.blob))

    def _gone(self) -> None:
        """No worker answers any more."""
        self.ready = False
        for future in self._calls.values():
            if not future.done():
                future.set_exception(Operational("media.worker-lost", worker=self._settings.index))


def _start_failure(first: Message | None) -> CivicamError:
    if first is not None and "error" in first.body:
        return error_from(first.body["error"])
    return Operational("media.worker-failed", reason="no sign of life")
