"""What the gateway asks of the house: Protocols only, bootstrap plugs in the real things.

The fleet keeps what is true of devices; the engine moves pictures (`civicam.media.engine.MediaEngine`);
the prober asks an RTSP source whether it is there.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from civicam.alarms.facts import AlarmId, AlarmSeen, ResetState, Taken
from civicam.fleet.facts import (
    CatalogueApplied,
    CatalogueItem,
    ChangesApplied,
    ChannelChange,
    ChannelId,
    ChannelRoute,
    DeviceCredentials,
    DeviceId,
    DeviceInfo,
    DeviceRecord,
    DeviceRegistered,
    DeviceUnregistered,
    Heartbeat,
    PresenceChanged,
)
from civicam.fleet.pulse import Pulse
from civicam.gateway.kept import Dialogs
from civicam.kernel.clock import Clock
from civicam.media.engine import MediaEngine, Probe
from civicam.signalling.sip.build import IdSource
from civicam.signalling.sip.events import RequestReceived, TransactionKey
from civicam.signalling.sip.lane import Lane
from civicam.signalling.sip.message import Request, Response
from civicam.signalling.sip.peer import Peer
from civicam.usability.judging import StreamMeasured


class Fleet(Protocol):
    """The fleet's service as the gateway sees it. Every call may raise `Operational` ``db.*``."""

    def known(self, gb_id: str) -> DeviceCredentials | None:
        """As `credentials`, from memory: perhaps older than the store, None for who came lately."""
        ...

    def register(
        self, fact: DeviceRegistered, proof: str, settled: Callable[[Exception | None], None]
    ) -> None:
        """Keep a registration that was checked against the HA1 ``proof``. ``settled`` hears None once it is
        durable, `Refused` when the store has no such device with that HA1, enabled, else an `Operational`.
        """
        ...

    async def credentials(self, gb_id: str) -> DeviceCredentials | None:
        """What a device must prove to register; None for an id nobody entered."""
        ...

    async def devices(self) -> Sequence[DeviceRecord]:
        """Every device, disabled ones too: read at start and after changes."""
        ...

    async def registered(self, fact: DeviceRegistered) -> None:
        """A device proved itself. Durable when this returns."""
        ...

    async def unregistered(self, fact: DeviceUnregistered) -> None:
        """A device said goodbye."""
        ...

    def heard(self, fact: Heartbeat) -> None:
        """A sign of life; the fleet writes many together, later."""
        ...

    def pulse(self, device_id: DeviceId) -> Pulse:
        """Where signs of life go that are no news, as long as the device is known."""
        ...

    async def presence(self, fact: PresenceChanged) -> None:
        """A transition. Durable when this returns."""
        ...

    async def catalogue(
        self, device_id: DeviceId, items: Sequence[CatalogueItem], complete: bool, at: datetime
    ) -> CatalogueApplied:
        """What a device lists. Only a complete list may mark channels as missing."""
        ...

    async def catalogue_changes(
        self, device_id: DeviceId, changes: Sequence[ChannelChange], at: datetime
    ) -> ChangesApplied:
        """News of single channels, in their order; the same news again changes nothing."""
        ...

    async def device_info(self, device_id: DeviceId, info: DeviceInfo) -> None:
        """What a device says of itself."""
        ...

    async def route(self, channel_id: ChannelId) -> ChannelRoute:
        """Where a channel's pictures come from. Raises `Refused` ``fleet.unknown-channel``."""
        ...


class Alarms(Protocol):
    """The alarms room as the gateway sees it. Every call may raise `Operational` ``db.*``."""

    async def take(self, seen: AlarmSeen) -> Taken:
        """Keep an alarm; durable when this returns. A copy of one that is there changes nothing."""
        ...

    async def reset(self, alarm_id: AlarmId, state: ResetState, by: str) -> None:
        """Keep what came of asking the device to reset an alarm."""
        ...


class Usability(Protocol):
    """The usability room as the gateway sees it: takes what was measured; never blocks, never raises."""

    @property
    def stream_every_s(self) -> float:
        """How often streams that flow are measured."""
        ...

    @property
    def clock_every_s(self) -> float:
        """How often a device is asked for its time."""
        ...

    def stream(self, channel_id: ChannelId, found: StreamMeasured) -> None:
        """A live stream over its last seconds."""
        ...

    def open_failed(self, channel_id: ChannelId, code: str) -> None:
        """A stream was asked for and did not come, by no fault of ours."""
        ...

    def clock_told(self, device_id: DeviceId, off_s: float | None, resolution_s: float) -> None:
        """A device's clock, ``off_s`` ahead of ours; None when it tells no time."""
        ...


class RtspProber(Protocol):
    """Asks a source by OPTIONS or DESCRIBE, opens no stream. Never raises for what the source does."""

    async def probe(self, url: str, username: str | None, password: str | None, timeout_s: float) -> Probe:
        """One question; ``url`` carries no credentials. Codes: see `Probe`."""
        ...


class Invitation(Protocol):
    """One INVITE under way, as `civicam.signalling.aio` gives it."""

    def provisional(self) -> AsyncIterator[Response]:
        """1xx answers as they come; ends with the final one."""
        ...

    async def final(self) -> Response:
        """The final answer. Raises `Operational` ``signalling.timeout`` or ``signalling.unreachable``."""
        ...

    def cancel(self) -> None:
        """Send CANCEL; `final` then gives 487, or a 2xx that crossed it."""
        ...


class Agent(Protocol):
    """The SIP shell as the gateway uses it (`civicam.signalling.aio.SipAgent`)."""

    async def request(self, request: Request, peer: Peer) -> Response:
        """Send and wait for the final answer. Raises `Operational` ``signalling.…``."""
        ...

    def invite(self, request: Request, peer: Peer, *, sent_before: bool = False) -> Invitation:
        """Send an INVITE; or only await the answers to one that a former process sent."""
        ...

    def send_ack(self, request: Request, peer: Peer) -> None:
        """Send the ACK to a 2xx."""
        ...

    def respond(self, key: TransactionKey, response: Response) -> bool:
        """Answer a request; False when its transaction is gone."""
        ...

    def reply(self, event: RequestReceived, status: int, headers: Iterable[tuple[str, str]] = ()) -> bool:
        """As `respond`, by a final answer without a body."""
        ...


@dataclass(frozen=True, slots=True)
class GatewayPorts:
    """Everything bootstrap plugs in. ``local_address``: which of our addresses a host is reached from."""

    fleet: Fleet
    alarms: Alarms
    engine: MediaEngine
    prober: RtspProber
    clock: Clock
    ids: IdSource
    local_address: Callable[[str], str]
    dialogs: Dialogs | None = None
    """None: no dialog is kept, and what a crash leaves at the devices stays there."""
    lane: Lane | None = None
    """Of the endpoint; None: every request goes the whole way."""
    usability: Usability | None = None
    """None: nothing is measured, and no device is asked for its time."""
    downloads: Path = Path("civicam-data/downloads")
    """Where recordings fetched from devices are kept."""
    snapshots: Path = Path("civicam-data/snapshots")
    """Where pictures that devices upload are kept."""
    door: tuple[str, int] = ("0.0.0.0", 8080)  # noqa: S104 — what the HTTP side is bound to, told to devices
    """Host and port of the HTTP side."""
