"""What the web asks of the gateway for moving cameras and looking after devices: Protocols only.

Questions raise `Operational` ``gateway.no-answer``, ``gateway.unreachable``, ``gateway.command-not-taken``
and `Refused` ``gateway.device-refused``, ``gateway.commands-busy``. All raise `Refused`
``gateway.device-offline``, ``gateway.not-gb28181``, ``fleet.unknown-device`` or ``fleet.unknown-channel``.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from civicam.fleet.facts import ChannelId, DeviceId
from civicam.fleet.orders import (
    Box,
    CardRow,
    ConfigBlock,
    CruiseRow,
    DeviceStatusRow,
    Download,
    Drive,
    HomePlace,
    Outcome,
    Presets,
    PtzNews,
    PtzPlace,
    Recordings,
    Snapshot,
    UpgradeState,
)


class Ptz(Protocol):
    """Motions, each of which is ended."""

    async def drive(self, channel_id: ChannelId, who: str, wish: Drive) -> Outcome:
        """Begin, change or renew."""
        ...

    async def stop(self, channel_id: ChannelId) -> Outcome:
        """Stop everything that moves."""
        ...

    def gone(self, who: str) -> None:
        """The person's connection broke: stop what it moved."""
        ...


class Places(Protocol):
    """Where a camera can go and where it looks."""

    async def presets(self, channel_id: ChannelId) -> Presets: ...

    async def set_preset(self, channel_id: ChannelId, number: int, name: str = "") -> Outcome: ...

    async def call_preset(self, channel_id: ChannelId, number: int) -> Outcome: ...

    async def delete_preset(self, channel_id: ChannelId, number: int) -> Outcome: ...

    async def cruises(self, channel_id: ChannelId) -> tuple[CruiseRow, ...]: ...

    async def cruise(self, channel_id: ChannelId, number: int) -> CruiseRow: ...

    async def start_cruise(self, channel_id: ChannelId, number: int) -> Outcome: ...

    async def switch(self, channel_id: ChannelId, number: int, on: bool) -> Outcome: ...

    async def home(self, channel_id: ChannelId) -> HomePlace | None: ...

    async def set_home(self, channel_id: ChannelId, place: HomePlace) -> Outcome: ...

    async def position(self, channel_id: ChannelId) -> PtzPlace: ...

    async def look(self, channel_id: ChannelId, place: PtzPlace) -> Outcome: ...

    async def drag(self, channel_id: ChannelId, zoom_in: bool, box: Box) -> Outcome: ...

    async def key_frame(self, channel_id: ChannelId) -> Outcome: ...


class Looks(Protocol):
    """Where cameras look, as they tell it by themselves."""

    async def watch(self, channel_id: ChannelId) -> PtzNews:
        """Begin or go on watching; what is known now."""
        ...


class Maintenance(Protocol):
    """A device's own state and upkeep."""

    async def status(self, device_id: DeviceId) -> DeviceStatusRow: ...

    async def cards(self, device_id: DeviceId) -> tuple[CardRow, ...]: ...

    async def reboot(self, device_id: DeviceId) -> Outcome: ...

    async def arm(self, device_id: DeviceId, armed: bool) -> Outcome: ...

    async def reset_alarm(self, device_id: DeviceId, method: int | None, kind: int | None) -> Outcome: ...

    async def record(self, device_id: DeviceId, start: bool) -> Outcome: ...

    async def format_card(self, device_id: DeviceId, card: int) -> Outcome: ...

    async def upgrade(self, device_id: DeviceId, firmware: str, url: str) -> UpgradeState: ...

    def upgrades(self, device_id: DeviceId) -> tuple[UpgradeState, ...]: ...


class Configuration(Protocol):
    """What a device is set to."""

    async def read(self, device_id: DeviceId, names: Iterable[str] = ()) -> tuple[ConfigBlock, ...]: ...

    async def set_basic(
        self, device_id: DeviceId, *, name: str | None, heartbeat_s: int | None, misses: int | None
    ) -> Outcome: ...


class Playbacks(Protocol):
    """Recordings on devices. Playing raises as live view does."""

    async def search(self, channel_id: ChannelId, start: datetime, end: datetime) -> Recordings: ...

    async def play(self, channel_id: ChannelId, start: datetime, end: datetime) -> str:
        """The stream id, once there are pictures."""
        ...

    async def pause(self, stream_id: str) -> Outcome: ...

    async def resume(self, stream_id: str) -> Outcome: ...

    async def seek(self, stream_id: str, at: datetime) -> Outcome: ...

    async def speed(self, stream_id: str, scale: float) -> Outcome: ...

    def close(self, stream_id: str) -> None: ...


class Downloads(Protocol):
    """Recordings fetched as files."""

    async def ask(
        self, channel_id: ChannelId, start: datetime, end: datetime, *, owner: str, speed: int = 4
    ) -> Download: ...

    async def all(self, owner: str = "") -> list[Download]: ...

    def file(self, download_id: str) -> tuple[Download, Path]: ...

    async def remove(self, download_id: str) -> None: ...


class Broadcasts(Protocol):
    """Speaking through loudspeakers."""

    async def open_device(self, device_id: DeviceId) -> str:
        """As `open`, for the loudspeaker of a device itself."""
        ...

    async def open(self, channel_id: ChannelId) -> str:
        """The stream id, once the device takes sound. Raises ``gateway.broadcast-…``, ``gateway.no-answer``,
        ``gateway.device-refused``, ``gateway.too-many-broadcasts``.
        """
        ...

    def close(self, stream_id: str) -> None: ...


class Intake(Protocol):
    """One upload of a device; ``async with`` it. What is not kept by its end leaves nothing behind."""

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def arrived(self, size: int) -> None:
        """So many bytes came in, whatever they are."""
        ...

    async def begin(self, name: str) -> None:
        """A picture begins; ``name`` is the device's word for it, for comparing only."""
        ...

    async def write(self, data: bytes) -> None: ...

    async def end(self) -> None: ...

    async def keep(self, session_id: str) -> None:
        """The upload is whole: take its pictures in. ``session_id`` is empty when it names none."""
        ...


class Snapshots(Protocol):
    """Pictures that devices take when asked and upload."""

    async def ask(
        self, channel_id: ChannelId, wanted: int, interval_s: int, *, owner: str, purpose: str
    ) -> Snapshot: ...

    def all(self, owner: str = "", channel_id: str = "") -> list[Snapshot]: ...

    def picture(self, snapshot_id: str, number: int) -> tuple[Snapshot, Path]: ...

    async def remove(self, snapshot_id: str) -> None: ...

    def admit(self, token: str, host: str) -> Intake: ...

    @property
    def upload_s(self) -> float:
        """Seconds one upload may take."""
        ...
