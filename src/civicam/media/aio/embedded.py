"""EmbeddedEngine: the `MediaEngine` that runs in worker processes of our own.

Each worker (``civicam worker --control-fd N``) has a share of the RTP ports and a WebSocket door. A worker
that dies is started again with a growing pause; its streams are lost and told as `EngineRestarted`.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from civicam.kernel.errors import Operational, Refused
from civicam.media.aio.supervised import SupervisedWorker, WorkerState
from civicam.media.core.unit import Codec
from civicam.media.engine import (
    Door,
    EngineEvent,
    EngineRestarted,
    Idle,
    Port,
    PullSpec,
    ReceiveSpec,
    RecordingEnded,
    RecordingStats,
    SendSpec,
    SoundFormat,
    SpeechStarted,
    SpeechStats,
    StreamEnded,
    StreamKind,
    StreamStalled,
    StreamStarted,
    StreamStats,
    ViewerLeft,
    WireFormat,
)
from civicam.media.settings import MediaSettings, WorkerSettings

_log = logging.getLogger("civicam.media.engine")

_TICKETS_MOST = 20000

__all__ = ["EmbeddedEngine", "WorkerState"]


class EmbeddedEngine:
    """`MediaEngine` over worker processes.

    ``command`` starts a worker; the number of its control descriptor is appended.
    """

    def __init__(self, settings: MediaSettings, *, command: Sequence[str] | None = None) -> None:
        self._settings = settings
        start = command or (sys.executable, "-m", "civicam", "worker", "--control-fd")
        self._workers = [
            SupervisedWorker(worker_settings, tuple(start), self._on_event, self._on_lost)
            for worker_settings in split(settings)
        ]
        self._events: asyncio.Queue[EngineEvent] = asyncio.Queue()
        self._homes: dict[str, SupervisedWorker] = {}
        self._tickets: dict[str, SupervisedWorker] = {}

    async def start(self) -> None:
        """Start the workers; all doors are open on return. ``media.door-taken``, ``media.worker-failed``."""
        try:
            await asyncio.gather(*(worker.start() for worker in self._workers))
        except BaseException:
            await self.aclose()
            raise

    def workers(self) -> list[WorkerState]:
        """Each worker for the health page."""
        homes = list(self._homes.values())
        return [worker.state(homes.count(worker)) for worker in self._workers]

    # -- MediaEngine

    async def open_receiver(self, spec: ReceiveSpec) -> Port:
        worker = self._place(spec.stream_id)
        port = await self._first(spec.stream_id, worker, "open", asdict(spec))
        return Port(spec.stream_id, port["host"], port["port"])

    async def pin(
        self, stream_id: str, *, ssrc: int | None, source_host: str | None, encoding: str = "PS"
    ) -> None:
        args = {"ssrc": ssrc, "source_host": source_host, "encoding": encoding}
        await self._ask(stream_id, "pin", args)

    async def connect(self, stream_id: str, host: str, port: int) -> None:
        await self._ask(stream_id, "connect", {"host": host, "port": port})

    async def pause(self, stream_id: str, paused: bool) -> None:
        await self._ask(stream_id, "pause", {"paused": paused})

    async def scale(self, stream_id: str, scale: float) -> None:
        await self._ask(stream_id, "scale", {"scale": scale})

    async def seek(self, stream_id: str) -> None:
        await self._ask(stream_id, "seek", {})

    async def record(self, stream_id: str, path: Path) -> None:
        await self._ask(stream_id, "record", {"path": str(path)})

    async def stop_record(self, stream_id: str) -> None:
        if stream_id in self._homes:
            await self._ask(stream_id, "stop_record", {})

    async def recordings(self) -> list[RecordingStats]:
        bodies = await self._all("recordings")
        return [RecordingStats(**{**body, "warnings": tuple(body["warnings"])}) for body in bodies]

    async def open_sender(self, spec: SendSpec) -> Port:
        worker = self._place(spec.stream_id)
        port = await self._first(spec.stream_id, worker, "open_sender", asdict(spec))
        return Port(spec.stream_id, port["host"], port["port"])

    async def speeches(self) -> list[SpeechStats]:
        return [SpeechStats(**body) for body in await self._all("speeches")]

    async def pull(self, spec: PullSpec) -> None:
        worker = self._place(spec.stream_id)
        args = {
            "stream_id": spec.stream_id,
            "url": spec.url,
            "username": spec.username,
            "password": spec.password,
        }
        await self._first(spec.stream_id, worker, "pull", args)

    async def close(self, stream_id: str) -> None:
        worker = self._homes.pop(stream_id, None)
        if worker is not None and worker.ready:
            await worker.call("close", {"stream_id": stream_id})

    async def avoid(self, ports: Sequence[int]) -> None:
        await self._all("avoid", {"ports": list(ports)})

    async def allow(self, ports: Sequence[int]) -> None:
        await self._all("allow", {"ports": list(ports)})

    async def admit(self, stream_id: str, ticket: str, fmt: WireFormat, client: str, ttl: float) -> Door:
        args = {"ticket": ticket, "fmt": fmt.value, "client": client, "ttl": ttl}
        return await self._let_in(stream_id, "admit", args)

    async def admit_speaker(
        self, stream_id: str, ticket: str, fmt: SoundFormat, client: str, ttl: float
    ) -> Door:
        args = {"ticket": ticket, "fmt": fmt.value, "client": client, "ttl": ttl}
        return await self._let_in(stream_id, "admit_speaker", args)

    async def _let_in(self, stream_id: str, operation: str, args: dict[str, Any]) -> Door:
        worker = self._home(stream_id)
        door, _ = await worker.call(operation, {"stream_id": stream_id, **args})
        self._tickets[args["ticket"]] = worker
        while len(self._tickets) > _TICKETS_MOST:  # owners that never revoke must not fill the memory
            del self._tickets[next(iter(self._tickets))]
        return Door(door["port"], door["path"])

    async def revoke(self, ticket: str) -> None:
        worker = self._tickets.pop(ticket, None)
        if worker is not None and worker.ready:
            await worker.call("revoke", {"ticket": ticket})

    async def snapshot(self, stream_id: str) -> bytes:
        _, picture = await self._home(stream_id).call("snapshot", {"stream_id": stream_id})
        return picture

    async def stats(self) -> list[StreamStats]:
        return [_stats(body) for body in await self._all("stats")]

    async def next_event(self) -> EngineEvent:
        return await self._events.get()

    async def aclose(self) -> None:
        await asyncio.gather(*(worker.stop() for worker in self._workers))
        self._homes.clear()
        self._tickets.clear()

    # -- inside

    async def _ask(self, stream_id: str, operation: str, args: dict[str, Any]) -> None:
        """A call about one stream that answers nothing."""
        await self._home(stream_id).call(operation, {"stream_id": stream_id, **args})

    async def _all(self, operation: str, args: dict[str, Any] | None = None) -> list[dict[str, Any]]:
        """What every worker has to say."""
        ready = [worker for worker in self._workers if worker.ready]
        calls = (worker.call(operation, args or {}) for worker in ready)
        answers = await asyncio.gather(*calls, return_exceptions=True)
        found: list[dict[str, Any]] = []
        for answer in answers:
            if isinstance(answer, Operational):
                continue  # a worker that died in between has no streams
            if isinstance(answer, BaseException):
                raise answer
            found.extend(answer[0])
        return found

    def _place(self, stream_id: str) -> SupervisedWorker:
        """The worker with the fewest streams."""
        if stream_id in self._homes:
            raise Refused("media.stream-exists", stream_id=stream_id)
        ready = [worker for worker in self._workers if worker.ready]
        if not ready:
            raise Operational("media.no-worker")
        homes = list(self._homes.values())
        worker = min(ready, key=homes.count)
        self._homes[stream_id] = worker
        return worker

    async def _first(self, stream_id: str, worker: SupervisedWorker, op: str, args: dict[str, Any]) -> Any:
        """The call that brings a stream into being; when it fails there is no stream."""
        try:
            result, _ = await worker.call(op, args)
        except BaseException:
            self._homes.pop(stream_id, None)
            raise
        return result

    def _home(self, stream_id: str) -> SupervisedWorker:
        worker = self._homes.get(stream_id)
        if worker is None:
            raise Operational("media.no-stream", stream_id=stream_id)
        return worker

    def _on_event(self, worker: SupervisedWorker, name: str, data: dict[str, Any]) -> None:
        event = _event(name, data)
        if isinstance(event, StreamEnded) and self._homes.get(event.stream_id) is worker:
            del self._homes[event.stream_id]
        self._events.put_nowait(event)

    def _on_lost(self, worker: SupervisedWorker) -> None:
        lost = tuple(stream_id for stream_id, home in self._homes.items() if home is worker)
        for stream_id in lost:
            del self._homes[stream_id]
        self._tickets = {t: home for t, home in self._tickets.items() if home is not worker}
        self._events.put_nowait(EngineRestarted(lost))


def split(settings: MediaSettings) -> list[WorkerSettings]:
    """Each worker's share: equal runs of even ports, and one viewer port after the other."""
    count = settings.worker_count()
    first = settings.rtp_port_first + settings.rtp_port_first % 2
    pairs = (settings.rtp_port_last + 1 - first) // 2
    share = pairs // count
    if share < 1:
        raise Refused("media.too-few-ports", ports=pairs, workers=count)
    return [
        WorkerSettings(
            index=index,
            media=settings,
            rtp_port_first=first + 2 * share * index,
            rtp_port_last=first + 2 * share * (index + 1) - 1,
            viewer_port=settings.viewer_port + index if settings.viewer_port else 0,
        )
        for index in range(count)
    ]


def _event(name: str, data: dict[str, Any]) -> EngineEvent:
    match name:
        case "StreamStarted":
            return StreamStarted(**{**data, "codec": Codec(data["codec"])})
        case "StreamStalled":
            return StreamStalled(**data)
        case "StreamEnded":
            return StreamEnded(**data)
        case "RecordingEnded":
            return RecordingEnded(**data)
        case "SpeechStarted":
            return SpeechStarted(**data)
        case "ViewerLeft":
            return ViewerLeft(**data)
        case _:
            return Idle(**data)


def _stats(body: dict[str, Any]) -> StreamStats:
    codec = body["codec"]
    return StreamStats(
        **{
            **body,
            "codec": Codec(codec) if codec else None,
            "kind": StreamKind(body["kind"]),
            "warnings": tuple(body["warnings"]),
        }
    )
