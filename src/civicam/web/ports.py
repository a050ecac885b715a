"""What the web asks of the floors beside it: the gateway opens streams, bootstrap tells the health."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from civicam.access.service import AccessService
from civicam.alarms.facts import Alarm
from civicam.alarms.service import AlarmService
from civicam.audit.service import AuditService
from civicam.fleet.agent_register import AgentRegister
from civicam.fleet.directory import ChannelDirectory
from civicam.fleet.facts import ChannelId, DeviceId
from civicam.fleet.graph_service import GraphService
from civicam.fleet.register_service import RegisterService
from civicam.fleet.service import FleetService
from civicam.fleet.sheets.service import ImportService
from civicam.fleet.sight import Checkup, DeviceSight, Position, TraceRow
from civicam.fleet.site_register import SiteRegister
from civicam.kernel.clock import Clock
from civicam.media.engine import MediaEngine
from civicam.observability.metrics import Metrics
from civicam.outages.service import OutageService
from civicam.probes.watch import Seen
from civicam.usability.service import UsabilityService
from civicam.web.damper import Damper
from civicam.web.orders import (
    Broadcasts,
    Configuration,
    Downloads,
    Looks,
    Maintenance,
    Places,
    Playbacks,
    Ptz,
    Snapshots,
)
from civicam.web.settings import WebSettings

ComponentState = Literal["ok", "degraded", "failed"]


class Streams(Protocol):
    """The gateway's side of live view."""

    async def open_live(self, channel_id: ChannelId, stream: Literal["main", "sub"]) -> str:
        """The stream's id once it delivers pictures. `Refused` and `Operational` with ``gateway.*`` codes."""
        ...

    async def release(self, stream_id: str) -> None:
        """One who asked for the stream no longer needs it."""
        ...

    def listen_viewers(self, on_left: Callable[[str], None]) -> None:
        """``on_left`` hears who left the media door, by `civicam.media.engine.viewer_name`."""
        ...


class Sights(Protocol):
    """A device as the gateway sees it now. Every call: `Refused` ``fleet.unknown-device``."""

    def sight(self, device_id: DeviceId) -> DeviceSight:
        """Deadlines, address, catalogue, subscriptions, faults."""
        ...

    def ladder(self, device_id: DeviceId, after: int = 0) -> list[TraceRow]:
        """The last messages, those numbered above ``after``."""
        ...

    def strangers(self, after: int = 0) -> list[TraceRow]:
        """The last messages of those who are no devices of ours."""
        ...

    def trace_text(self, device_id: DeviceId) -> str:
        """The messages as text that Wireshark loads."""
        ...


class AlarmDesk(Protocol):
    """What is done about alarms at devices."""

    async def reset(self, alarm: Alarm, by: str) -> None:
        """Ask the device to reset an alarm; what came of it is kept. `Refused` and `Operational`."""
        ...


class Positions(Protocol):
    """Where mobile devices are."""

    def newest(self) -> list[Position]:
        """One for each, those heard last first."""
        ...


class AgentSights(Protocol):
    """Who asks agents: the probes."""

    def seen(self) -> dict[str, Seen]:
        """Every agent as it answers now."""
        ...

    async def probe(self, node_ids: Iterable[str]) -> dict[str, bool | None]:
        """Ask some now; whether each answered by any way, None for one nobody can ask."""
        ...


class Checkups(Protocol):
    """Testing a device, step by step."""

    def start(self, device_id: DeviceId, channel_id: ChannelId | None) -> Checkup:
        """Begin. `Refused` ``gateway.checkup-running``, ``fleet.unknown-device``."""
        ...

    def last(self, device_id: DeviceId) -> Checkup | None:
        """The newest one, under way or finished."""
        ...


class Operations(Protocol):
    """What people may ask of devices, by subject."""

    @property
    def sights(self) -> Sights: ...

    @property
    def ptz(self) -> Ptz: ...

    @property
    def places(self) -> Places: ...

    @property
    def looks(self) -> Looks: ...

    @property
    def maintenance(self) -> Maintenance: ...

    @property
    def configuration(self) -> Configuration: ...

    @property
    def checkups(self) -> Checkups: ...

    @property
    def playbacks(self) -> Playbacks: ...

    @property
    def downloads(self) -> Downloads: ...

    @property
    def broadcasts(self) -> Broadcasts: ...

    @property
    def snapshots(self) -> Snapshots: ...

    @property
    def alarms(self) -> AlarmDesk: ...

    @property
    def positions(self) -> Positions: ...


class Operator(Protocol):
    """The gateway's side of everything that is asked of a device."""

    @property
    def operations(self) -> Operations:
        """`Refused` ``gateway.stopping`` when the gateway does not run."""
        ...

    def read_catalogue(self, device_id: DeviceId) -> bool:
        """Ask a device for its channels anew; False when that is under way already."""
        ...


@dataclass(frozen=True, slots=True)
class Component:
    """One part of the platform on the system page; ``detail`` is a short fact in figures, not prose."""

    name: str
    state: ComponentState
    detail: str


@dataclass(frozen=True, slots=True)
class WorkerRow:
    """One media worker."""

    index: int
    pid: int | None
    state: str
    restarts: int
    streams: int
    viewer_port: int


@dataclass(frozen=True, slots=True)
class Health:
    """How the platform says how it is: plugged in by bootstrap."""

    ready: Callable[[], Awaitable[str]]
    """Empty when requests can be served, else the reason."""
    components: Callable[[], Awaitable[list[Component]]]
    workers: Callable[[], list[WorkerRow]]


@dataclass(frozen=True, slots=True)
class Services:
    """Everything a request may need."""

    fleet: FleetService
    register: RegisterService
    graph: GraphService
    imports: ImportService
    access: AccessService
    audit: AuditService
    alarms: AlarmService
    usability: UsabilityService
    directory: ChannelDirectory
    outages: OutageService
    agents: AgentRegister
    probes: AgentSights
    sites: SiteRegister
    streams: Streams
    operator: Operator
    engine: MediaEngine
    health: Health
    metrics: Metrics
    clock: Clock
    settings: WebSettings
    ticket_ttl_s: float
    demo: bool
    demo_control: Path | None = None
    turned_away: Damper = field(default_factory=Damper)


"""Made once by bootstrap; every route reads it from ``app.state.services``."""
