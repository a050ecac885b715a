"""The process that is measured: what it does with the packets is the ``kind`` of load.

``floor``   the same sockets read by the same loop, packets counted and dropped (``bare``: the other way, see
            `civicam.bench.media_floor`);
``ingest``  reordering, demuxing and hub, as a worker does it;
``null``    ingest and recording to nowhere; ``file``: recording to files, as of the many streams that nobody
            watches meanwhile; ``watched``: the same, read as often as for somebody who does.
It is a process of its own, spawned, so its CPU time is its work alone.
"""

from __future__ import annotations

import asyncio
import gc
import resource
import socket
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

import uvloop

from civicam.bench.media_clip import SSRC
from civicam.bench.media_floor import Floor
from civicam.media.aio.record import FileWriter, NullWriter, RecordSink
from civicam.media.aio.streams import Streams
from civicam.media.aio.worker import calm_collector
from civicam.media.engine import EngineEvent, ReceiveSpec, StreamStarted, Transport, WireFormat
from civicam.media.settings import MediaSettings, WorkerSettings

_RCVBUF = 4 * 1024 * 1024
TICKET = "bench-{number}"
RARELY_S = 0.1
"""How often streams that nobody watches are read, as operators have it (`MediaSettings`)."""


@dataclass(frozen=True, slots=True)
class Load:
    """What to do, with how many streams; ``folder`` for files."""

    kind: str
    streams: int
    tcp: bool = False
    folder: str = ""
    viewers: int = 0


@dataclass(frozen=True, slots=True)
class Figures:
    """``cpu_s`` of user and system time over ``wall_s``; packets since the process began."""

    cpu_s: float
    wall_s: float
    packets: int
    lost: int
    frames: int
    kbps: float
    drops: int


def serve(load: Load, pipe: Connection) -> None:
    """Entry of the process: open the ports, then answer ``measure`` and ``stop``."""
    uvloop.run(_serve(load, pipe))


async def _serve(load: Load, pipe: Connection) -> None:
    floor = load.kind in {"floor", "bare"}
    target: _Floor | _Ours = _Floor(bare=load.kind == "bare") if floor else _Ours()
    pipe.send(await target.open(load))
    commands: asyncio.Queue[tuple[str, float]] = asyncio.Queue()
    loop = asyncio.get_running_loop()
    loop.add_reader(pipe.fileno(), lambda: commands.put_nowait(pipe.recv()))
    gc.collect()
    calm_collector()
    while True:
        command, seconds = await commands.get()
        if command == "stop":
            break
        before, start = _cpu(), loop.time()
        await asyncio.sleep(seconds)
        pipe.send(target.figures(_cpu() - before, loop.time() - start))
    loop.remove_reader(pipe.fileno())
    await target.aclose()


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


class _Floor:
    """Receives and drops."""

    def __init__(self, *, bare: bool) -> None:
        self._floor = Floor(bare=bare, rcvbuf=_RCVBUF)

    async def open(self, load: Load) -> list[int]:
        return await self._floor.open(load.streams, tcp=load.tcp)

    def figures(self, cpu_s: float, wall_s: float) -> Figures:
        return Figures(cpu_s, wall_s, self._floor.packets, 0, 0, 0.0, 0)

    async def aclose(self) -> None:
        await self._floor.aclose()


class _Ours:
    """A worker's streams, with what the kind adds."""

    def __init__(self) -> None:
        self._streams: Streams | None = None

    async def open(self, load: Load) -> list[int]:
        media = MediaSettings(
            rtp_host="127.0.0.1",
            viewer_host="127.0.0.1",
            viewer_port=0,
            stream_timeout_s=600,
            linger_s=600,
            rcvbuf_bytes=_RCVBUF,
            gather_unwatched_s=0.0 if load.kind == "watched" else RARELY_S,
        )
        settings = WorkerSettings(
            index=0, media=media, rtp_port_first=20000, rtp_port_last=29999, viewer_port=0
        )
        streams = self._streams = Streams(settings, lambda _event: None)
        await streams.start()
        transport = Transport.TCP_PASSIVE if load.tcp else Transport.UDP
        ports: list[int] = []
        for number in range(load.streams):
            stream_id = f"stream-{number}"
            ports.append((await streams.open_receiver(ReceiveSpec(stream_id, transport, SSRC))).port)
            if load.kind in {"null", "file", "watched"}:
                path = Path(load.folder) / f"{stream_id}.mp4"
                writer = NullWriter() if load.kind == "null" else FileWriter(path)
                streams.attach(stream_id, RecordSink(writer, lambda _code: None))
        for number in range(load.viewers):
            streams.admit("stream-0", TICKET.format(number=number), WireFormat.ANNEXB, "*", 600)
        if load.viewers:
            ports.append(streams.door.port)
        return ports

    def figures(self, cpu_s: float, wall_s: float) -> Figures:
        assert self._streams is not None
        stats = self._streams.stats()
        return Figures(
            cpu_s,
            wall_s,
            sum(s.packets for s in stats),
            sum(s.lost for s in stats),
            sum(s.gop_frames for s in stats),
            sum(s.kbps for s in stats),
            sum(s.viewer_drops for s in stats),
        )

    async def aclose(self) -> None:
        if self._streams is not None:
            await self._streams.aclose()


def start_times(clips: dict[str, list[list[bytes]]], period_s: float) -> dict[str, float]:
    """Seconds from the first packet to the first picture that decodes, for each named sender in turn."""
    return uvloop.run(_start_times(clips, period_s))


async def _start_times(clips: dict[str, list[list[bytes]]], period_s: float) -> dict[str, float]:
    loop = asyncio.get_running_loop()
    started: dict[str, asyncio.Future[float]] = {name: loop.create_future() for name in clips}

    def heard(event: EngineEvent) -> None:
        if isinstance(event, StreamStarted):
            started[event.stream_id].set_result(loop.time())

    media = MediaSettings(rtp_host="127.0.0.1", viewer_host="127.0.0.1")
    streams = Streams(
        WorkerSettings(index=0, media=media, rtp_port_first=20000, rtp_port_last=29999, viewer_port=0), heard
    )
    await streams.start()
    found: dict[str, float] = {}
    for name, pictures in clips.items():
        port = (await streams.open_receiver(ReceiveSpec(name, Transport.UDP, SSRC))).port
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            first = loop.time()
            for number, packets in enumerate(pictures):
                for packet in packets:
                    sock.sendto(packet, ("127.0.0.1", port))
                due = first + (number + 1) * period_s
                await asyncio.wait({started[name]}, timeout=max(0.0, due - loop.time()))
                if started[name].done():
                    break
        found[name] = started[name].result() - first if started[name].done() else float("inf")
    await streams.aclose()
    return found
