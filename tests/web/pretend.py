"""What stands behind a test of the HTTP side instead of a gateway and an engine."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from tests.web.pretend_alarms import PretendAlarmDesk, PretendPositions
from tests.web.pretend_ports import NoPorts

from civicam.fleet.facts import ChannelId, DeviceId, Presence
from civicam.fleet.orders import Outcome, Result, Snapshot
from civicam.fleet.sight import CatalogueProgress, Checkup, DeviceSight, TraceRow
from civicam.kernel.errors import Operational, Refused
from civicam.media.core.unit import Codec
from civicam.media.engine import (
    Door,
    EngineEvent,
    Port,
    PullSpec,
    ReceiveSpec,
    RecordingStats,
    SendSpec,
    SoundFormat,
    SpeechStats,
    StreamStats,
    WireFormat,
)


class FastHasher:
    """Not slow: the real one has its own test."""

    def hash(self, password: str) -> str:
        return f"hashed:{password}"

    def verify(self, stored: str | None, password: str) -> bool:
        return stored == f"hashed:{password}"


@dataclass
class PretendGateway:
    """Opens what it is asked; ``fault`` is raised instead when it is set."""

    opened: list[str] = field(default_factory=list)
    released: list[str] = field(default_factory=list)
    fault: Exception | None = None

    async def open_live(self, channel_id: ChannelId, stream: Literal["main", "sub"]) -> str:
        if self.fault is not None:
            raise self.fault
        self.opened.append(channel_id)
        return f"{channel_id}-{stream}"

    async def release(self, stream_id: str) -> None:
        self.released.append(stream_id)

    def listen_viewers(self, on_left: Callable[[str], None]) -> None:
        self.on_left = on_left


@dataclass
class PretendSights:
    """Knows the two devices of the sample city and one message of each."""

    known: frozenset[str] = frozenset()
    asked: list[str] = field(default_factory=list)

    def _check(self, device_id: str) -> None:
        if device_id not in self.known:
            raise Refused("fleet.unknown-device", device_id=device_id)

    def sight(self, device_id: DeviceId) -> DeviceSight:
        self._check(device_id)
        read = CatalogueProgress("collecting", 2, 5)
        return DeviceSight(Presence.ONLINE, 1, None, None, "192.0.2.4:5060", "udp", "192.0.2.4", read)

    def ladder(self, device_id: DeviceId, after: int = 0) -> list[TraceRow]:
        self._check(device_id)
        return [self.row] if after < self.row.number else []

    def strangers(self, after: int = 0) -> list[TraceRow]:
        return [self.row] if after < self.row.number else []

    def trace_text(self, device_id: DeviceId) -> str:
        self._check(device_id)
        return "# 22 REGISTER"

    @property
    def row(self) -> TraceRow:
        at = datetime(2026, 3, 2, 1, tzinfo=UTC)
        label, peer = "REGISTER", "192.0.2.4:5060"
        return TraceRow(22, at, True, label, peer, "udp", 400, "REGISTER sip:", None, None, None, None, False)


class PretendUseCase:
    """Answers any coroutine call with ``answer`` (or raises ``fault``) and keeps what was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = []
        self.answer: Any = Outcome(Result.TAKEN)
        self.fault: Exception | None = None

    def __getattr__(self, name: str) -> Any:
        async def call(*arguments: Any, **named: Any) -> Any:
            self.asked.append((name, arguments, named))
            if self.fault is not None:
                raise self.fault
            return self.answer

        return call


class PretendPtz(PretendUseCase):
    """Remembers whose connection broke."""

    def __init__(self) -> None:
        super().__init__()
        self.left: list[str] = []

    def gone(self, who: str) -> None:
        self.left.append(who)


class PretendPlaybacks(PretendUseCase):
    """Playing gives a stream of its own; closing is no coroutine."""

    def __init__(self) -> None:
        super().__init__()
        self.closed: list[str] = []

    async def play(self, channel_id: ChannelId, start: datetime, end: datetime) -> str:
        self.asked.append(("play", (channel_id, start, end), {}))
        if self.fault is not None:
            raise self.fault
        return f"{channel_id}-history"

    def close(self, stream_id: str) -> None:
        self.closed.append(stream_id)


class PretendBroadcasts:
    """Opens a way to each channel; ``fault`` is raised instead when it is set."""

    def __init__(self) -> None:
        self.opened: list[str] = []
        self.closed: list[str] = []
        self.fault: Exception | None = None

    async def open(self, channel_id: ChannelId) -> str:
        self.opened.append(channel_id)
        if self.fault is not None:
            raise self.fault
        return f"{channel_id}-voice"

    async def open_device(self, device_id: DeviceId) -> str:
        return await self.open(ChannelId(device_id))

    def close(self, stream_id: str) -> None:
        self.closed.append(stream_id)


class PretendIntake:
    """Keeps what an upload brought; ``fault`` is raised at its end."""

    def __init__(self, owner: PretendSnapshots) -> None:
        self._owner = owner
        self.names: list[str] = []
        self.data: list[bytes] = []
        self.size = 0

    async def __aenter__(self) -> PretendIntake:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._owner.under_way -= 1

    def arrived(self, size: int) -> None:
        self.size += size
        if self.size > 1_000_000:
            raise Refused("gateway.snapshot-too-large")

    async def begin(self, name: str) -> None:
        self.names.append(name)
        self.data.append(b"")

    async def write(self, data: bytes) -> None:
        self.data[-1] += data

    async def end(self) -> None:
        return None

    async def keep(self, session_id: str) -> None:
        if self._owner.fault is not None:
            raise self._owner.fault
        self._owner.kept.append((session_id, self.names, self.data))


class PretendSnapshots:
    """One ask, whose picture is the file ``path``."""

    upload_s = 5.0

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []
        self.admitted: list[tuple[str, str]] = []
        self.kept: list[tuple[str, list[str], list[bytes]]] = []
        self.removed: list[str] = []
        self.jobs: list[Snapshot] = []
        self.path = Path("nowhere")
        self.under_way = 0
        self.fault: Exception | None = None

    async def ask(
        self, channel_id: ChannelId, wanted: int, interval_s: int, *, owner: str, purpose: str
    ) -> Snapshot:
        self.asked.append((channel_id, wanted, interval_s, owner, purpose))
        if self.fault is not None:
            raise self.fault
        at = datetime(2026, 3, 2, 1, tzinfo=UTC)
        job = Snapshot("s1", channel_id, "c-1", owner, purpose, wanted, interval_s, at, "asked")
        self.jobs.append(job)
        return job

    def all(self, owner: str = "", channel_id: str = "") -> list[Snapshot]:
        return [job for job in self.jobs if owner in {"", job.owner} and channel_id in {"", job.channel_id}]

    def picture(self, snapshot_id: str, number: int) -> tuple[Snapshot, Path]:
        if not self.jobs or number != 1:
            raise Refused("gateway.no-snapshot")
        return self.jobs[0], self.path

    async def remove(self, snapshot_id: str) -> None:
        self.removed.append(snapshot_id)

    def admit(self, token: str, host: str) -> PretendIntake:
        self.admitted.append((token, host))
        if token != "right":
            raise Refused("gateway.no-snapshot")
        self.under_way += 1
        return PretendIntake(self)


class PretendCheckups:
    """Remembers what was begun."""

    def __init__(self) -> None:
        self.begun: list[tuple[str, str | None]] = []

    def start(self, device_id: DeviceId, channel_id: ChannelId | None) -> Checkup:
        if self.begun:
            raise Refused("gateway.checkup-running")
        self.begun.append((device_id, channel_id))
        return self._checkup(device_id)

    def last(self, device_id: DeviceId) -> Checkup | None:
        return self._checkup(device_id) if self.begun else None

    @staticmethod
    def _checkup(device_id: str) -> Checkup:
        return Checkup(device_id, datetime(2026, 3, 2, 1, tzinfo=UTC), None, None, ())


@dataclass
class PretendOperator:
    """Everything that is asked of devices."""

    sights: PretendSights
    alarms: PretendAlarmDesk
    positions: PretendPositions = field(default_factory=PretendPositions)
    ptz: Any = field(default_factory=PretendPtz)
    places: Any = field(default_factory=PretendUseCase)
    looks: Any = field(default_factory=PretendUseCase)
    maintenance: Any = field(default_factory=PretendUseCase)
    configuration: Any = field(default_factory=PretendUseCase)
    playbacks: Any = field(default_factory=PretendPlaybacks)
    downloads: Any = field(default_factory=PretendUseCase)
    broadcasts: PretendBroadcasts = field(default_factory=PretendBroadcasts)
    snapshots: PretendSnapshots = field(default_factory=PretendSnapshots)
    checkups: PretendCheckups = field(default_factory=PretendCheckups)

    @property
    def operations(self) -> PretendOperator:
        return self

    def read_catalogue(self, device_id: DeviceId) -> bool:
        self.sights.asked.append(device_id)
        return len(self.sights.asked) == 1


@dataclass
class PretendEngine(NoPorts):
    """Keeps tickets and says what streams there are."""

    tickets: dict[str, tuple[str, str]] = field(default_factory=dict)
    open: list[StreamStats] = field(default_factory=list)
    speaking: dict[str, SoundFormat] = field(default_factory=dict)
    fault: Exception | None = None

    async def admit(self, stream_id: str, ticket: str, fmt: WireFormat, client: str, ttl: float) -> Door:
        if self.fault is not None:
            raise self.fault
        self.tickets[ticket] = (stream_id, client)
        return Door(8081, "/media")

    async def revoke(self, ticket: str) -> None:
        self.revoked.append(ticket)

    async def snapshot(self, stream_id: str) -> bytes:
        if self.fault is not None:
            raise self.fault
        return b"\xff\xd8jpeg"

    async def stats(self) -> list[StreamStats]:
        return self.open

    async def open_receiver(self, spec: ReceiveSpec) -> Port:
        raise Operational("media.no-ports")

    async def pin(
        self, stream_id: str, *, ssrc: int | None, source_host: str | None, encoding: str = "PS"
    ) -> None:
        raise Refused("media.no-stream")

    async def connect(self, stream_id: str, host: str, port: int) -> None:
        raise Refused("media.no-stream")

    async def pause(self, stream_id: str, paused: bool) -> None:
        raise Refused("media.no-stream")

    async def scale(self, stream_id: str, scale: float) -> None:
        raise Refused("media.no-stream")

    async def seek(self, stream_id: str) -> None:
        raise Refused("media.no-stream")

    async def record(self, stream_id: str, path: Path) -> None:
        raise Refused("media.no-stream")

    async def stop_record(self, stream_id: str) -> None:
        return None

    async def recordings(self) -> list[RecordingStats]:
        return []

    async def open_sender(self, spec: SendSpec) -> Port:
        raise Operational("media.no-ports")

    async def admit_speaker(
        self, stream_id: str, ticket: str, fmt: SoundFormat, client: str, ttl: float
    ) -> Door:
        if self.fault is not None:
            raise self.fault
        self.tickets[ticket] = (stream_id, client)
        self.speaking[stream_id] = fmt
        return Door(8081, "/media")

    async def speeches(self) -> list[SpeechStats]:
        if self.fault is not None:
            raise self.fault
        return [SpeechStats(each, "192.0.2.1:9000", 0, 0, 0, 0, True) for each in self.speaking]

    async def pull(self, spec: PullSpec) -> None:
        raise Refused("media.no-stream")

    async def close(self, stream_id: str) -> None:
        self.open = [each for each in self.open if each.stream_id != stream_id]

    async def next_event(self) -> EngineEvent:
        await asyncio.Event().wait()
        raise AssertionError

    async def aclose(self) -> None:
        self.open = []

    def stream(self, stream_id: str, viewers: int = 1) -> StreamStats:
        """Let a stream be open."""
        made = StreamStats(
            stream_id,
            Codec.H264,
            1280,
            720,
            1500.0,
            25.0,
            100,
            0,
            0.0,
            1.5,
            25,
            0.2,
            viewers,
            0,
            "192.0.2.1:3",
        )
        self.open.append(made)
        return made
