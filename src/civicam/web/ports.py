"""What the web asks of the floors beside it: the gateway opens streams, bootstrap tells the health."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from civicam.access.service import AccessService
from civicam.fleet.facts import ChannelId
from civicam.fleet.service import FleetService
from civicam.kernel.clock import Clock
from civicam.media.engine import MediaEngine
from civicam.observability.metrics import Metrics
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
    access: AccessService
    streams: Streams
    engine: MediaEngine
    health: Health
    metrics: Metrics
    clock: Clock
    settings: WebSettings
    ticket_ttl_s: float
    demo: bool


"""Made once by bootstrap; every route reads it from ``app.state.services``."""
