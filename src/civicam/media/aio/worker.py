"""The media worker process: ``civicam worker --control-fd N``.

It lives as long as its supervisor: the end of the control channel ends it, so does SIGTERM. SIGINT is the
supervisor's business (Ctrl-C reaches the whole process group; ending is done once, in order).
"""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
import socket
import sys
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
import uvloop

from civicam.kernel.errors import Bug, CivicamError
from civicam.media.aio.control import HOLDS, Channel, Message, error_body
from civicam.media.aio.streams import Streams, stats_body
from civicam.media.engine import (
    EngineEvent,
    PullSpec,
    ReceiveSpec,
    SendSpec,
    SoundFormat,
    StreamKind,
    Transport,
    WireFormat,
)
from civicam.media.settings import WorkerSettings

_log = logging.getLogger("civicam.media.worker")

Reply = tuple[Any, bytes]

_HOLDS_S = 2.0


def main(control_fd: int) -> int:
    """Run a worker until its supervisor goes or SIGTERM comes; the exit status.

    Settings come as the first message over ``control_fd``, so the command needs no other argument.
    """
    if not logging.getLogger().handlers:  # the command line may have set its own up
        logging.basicConfig(
            stream=sys.stderr, level=logging.INFO, format="%(levelname)s %(name)s: %(message)s"
        )
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sock = socket.socket(fileno=control_fd)
    return uvloop.run(_run(sock))


def command(
    control_fd: Annotated[int, typer.Option(help="Descriptor of the control channel.")],
) -> None:
    """Run a media worker for `civicam serve`."""
    raise typer.Exit(main(control_fd))


def calm_collector() -> None:
    """What is loaded stays; frames hold no cycles, so collections find next to nothing."""
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


async def _run(sock: socket.socket) -> int:
    channel = await Channel.over(sock)
    first = await channel.read()
    if first is None:
        return 0
    worker = _Worker(channel, WorkerSettings.model_validate(first.body["settings"]))
    return await worker.run()


class _Worker:
    """Control messages into calls of `Streams`, its events into control messages."""

    def __init__(self, channel: Channel, settings: WorkerSettings) -> None:
        self._channel = channel
        self._streams = Streams(settings, self._emit)
        self._tasks: set[asyncio.Task[None]] = set()
        self._calls: dict[str, Callable[[dict[str, Any]], Awaitable[Reply]]] = {
            "open": self._open,
            "open_sender": self._open_sender,
            "pin": self._pin,
            "connect": self._connect,
            "pause": self._pause,
            "scale": self._scale,
            "seek": self._seek,
            "record": self._record,
            "stop_record": self._stop_record,
            "pull": self._pull,
            "close": self._close,
            "admit": self._admit,
            "admit_speaker": self._admit_speaker,
            "revoke": self._revoke,
            "snapshot": self._snapshot,
            "avoid": self._avoid,
            "allow": self._allow,
            "stats": self._stats,
            "recordings": self._recordings,
            "speeches": self._speeches,
        }

    async def run(self) -> int:
        calm_collector()
        try:
            port = await self._streams.start()
        except CivicamError as error:
            self._channel.write({"event": "failed", "error": error_body(error)})
            await self._channel.drain()
            return 1
        self._channel.write({"event": "ready", "port": port})
        loop = asyncio.get_running_loop()
        stop = asyncio.Event()
        loop.add_signal_handler(signal.SIGTERM, stop.set)
        reader = loop.create_task(self._serve())
        stopper = loop.create_task(stop.wait())
        teller = loop.create_task(self._tell_holdings())
        await asyncio.wait({reader, stopper}, return_when=asyncio.FIRST_COMPLETED)
        await self._streams.aclose()
        await self._channel.drain()
        self._channel.close()
        for task in (reader, stopper, teller, *self._tasks):
            task.cancel()
        return 0

    async def _tell_holdings(self) -> None:
        while True:
            self._channel.write({"event": HOLDS, "data": self._streams.holdings()})
            await asyncio.sleep(_HOLDS_S)

    async def _serve(self) -> None:
        """Read until the supervisor is gone; each call is a task, so a snapshot holds nobody up."""
        while (message := await self._channel.read()) is not None:
            task = asyncio.get_running_loop().create_task(self._call(message))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _call(self, message: Message) -> None:
        number, operation = message.body["id"], message.body["op"]
        try:
            result, blob = await self._calls[operation](message.body["args"])
            self._channel.write({"id": number, "ok": result}, blob)
        except CivicamError as error:
            self._channel.write({"id": number, "error": error_body(error)})
        except Exception as error:  # noqa: BLE001 -- one broken call must not end 150 streams
            _log.exception("call %s", operation)
            bug = Bug("media.worker-bug", operation=operation, reason=type(error).__name__)
            self._channel.write({"id": number, "error": error_body(bug)})

    def _emit(self, event: EngineEvent) -> None:
        self._channel.write({"event": type(event).__name__, "data": asdict(event)})

    # -- the calls

    async def _open(self, args: dict[str, Any]) -> Reply:
        kinds = {"transport": Transport(args["transport"]), "kind": StreamKind(args["kind"])}
        port = await self._streams.open_receiver(ReceiveSpec(**{**args, **kinds}))
        return {"host": port.host, "port": port.port}, b""

    async def _open_sender(self, args: dict[str, Any]) -> Reply:
        spec = SendSpec(**{**args, "transport": Transport(args["transport"])})
        port = await self._streams.open_sender(spec)
        return {"host": port.host, "port": port.port}, b""

    async def _pin(self, args: dict[str, Any]) -> Reply:
        self._streams.pin(args["stream_id"], args["ssrc"], args["source_host"], args["encoding"])
        return None, b""

    async def _connect(self, args: dict[str, Any]) -> Reply:
        self._streams.connect(args["stream_id"], args["host"], args["port"])
        return None, b""

    async def _pause(self, args: dict[str, Any]) -> Reply:
        self._streams.pause(args["stream_id"], args["paused"])
        return None, b""

    async def _scale(self, args: dict[str, Any]) -> Reply:
        self._streams.scale(args["stream_id"], args["scale"])
        return None, b""

    async def _seek(self, args: dict[str, Any]) -> Reply:
        self._streams.seek(args["stream_id"])
        return None, b""

    async def _record(self, args: dict[str, Any]) -> Reply:
        self._streams.record(args["stream_id"], Path(args["path"]))
        return None, b""

    async def _stop_record(self, args: dict[str, Any]) -> Reply:
        self._streams.recordings.stop(args["stream_id"])
        return None, b""

    async def _pull(self, args: dict[str, Any]) -> Reply:
        self._streams.pull(PullSpec(**args))
        return None, b""

    async def _close(self, args: dict[str, Any]) -> Reply:
        self._streams.close(args["stream_id"])
        return None, b""

    async def _admit(self, args: dict[str, Any]) -> Reply:
        door = self._streams.admit(
            args["stream_id"], args["ticket"], WireFormat(args["fmt"]), args["client"], args["ttl"]
        )
        return {"port": door.port, "path": door.path}, b""

    async def _admit_speaker(self, args: dict[str, Any]) -> Reply:
        door = self._streams.admit_speaker(
            args["stream_id"], args["ticket"], SoundFormat(args["fmt"]), args["client"], args["ttl"]
        )
        return {"port": door.port, "path": door.path}, b""

    async def _revoke(self, args: dict[str, Any]) -> Reply:
        self._streams.revoke(args["ticket"])
        return None, b""

    async def _snapshot(self, args: dict[str, Any]) -> Reply:
        return None, await self._streams.snapshot(args["stream_id"])

    async def _avoid(self, args: dict[str, Any]) -> Reply:
        self._streams.avoid(args["ports"])
        return [], b""

    async def _allow(self, args: dict[str, Any]) -> Reply:
        self._streams.allow(args["ports"])
        return [], b""

    async def _stats(self, _args: dict[str, Any]) -> Reply:
        return [stats_body(stats) for stats in self._streams.stats()], b""

    async def _recordings(self, _args: dict[str, Any]) -> Reply:
        return [asdict(each) for each in self._streams.recordings.stats()], b""

    async def _speeches(self, _args: dict[str, Any]) -> Reply:
        return [asdict(each) for each in self._streams.speeches.stats()], b""
