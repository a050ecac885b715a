"""The situation page's figures: read once for all consoles, told when they changed."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from civicam.fleet.service import FleetService
from civicam.fleet.views import Counts, TransitionRow
from civicam.media.engine import MediaEngine, StreamStats
from civicam.web.live import LiveDesk

CAUSES_NOTE = "situation.causes-not-computed"
"""Causes need the power and fibre graph, which is not there yet: a figure that cannot be computed says so."""


@dataclass(frozen=True, slots=True)
class StreamsNow:
    """Streams open, people watching them, and what comes in."""

    open: int
    viewers: int
    kbps: float


@dataclass(frozen=True, slots=True)
class Situation:
    """Counts by state and the newest transitions."""

    sites: int
    devices: Counts
    channels: Counts
    streams: StreamsNow
    recent: list[TransitionRow]
    causes_note: str


@dataclass(frozen=True, slots=True)
class LiveStream:
    """One open stream with its measurements over the last seconds; ``loss`` 0..1."""

    stream_id: str
    channel_id: str | None
    name: str
    codec: str | None
    width: int
    height: int
    kbps: float
    fps: float
    packets: int
    lost: int
    loss: float
    jitter_ms: float
    gop_frames: int
    key_age_s: float | None
    viewers: int
    viewer_drops: int
    source: str
    warnings: list[str]


@dataclass(frozen=True, slots=True)
class Changed:
    """What is new since the last look."""

    situation: Situation | None
    streams: list[LiveStream] | None


class SituationDesk:
    """One for the process."""

    def __init__(self, fleet: FleetService, engine: MediaEngine, desk: LiveDesk) -> None:
        self._fleet = fleet
        self._engine = engine
        self._desk = desk
        self._last: Situation | None = None
        self._open: frozenset[tuple[str, int]] = frozenset()
        self.last_stats: list[StreamStats] = []

    async def now(self) -> Situation:
        """The figures of this moment."""
        stats = await self._engine.stats()
        self.last_stats = stats
        fleet = await self._fleet.situation()
        streams = StreamsNow(
            len(stats), sum(each.viewers for each in stats), round(sum(each.kbps for each in stats), 1)
        )
        return Situation(fleet.sites, fleet.devices, fleet.channels, streams, fleet.recent, CAUSES_NOTE)

    async def refresh(self) -> Changed:
        """Look again; also ends viewings whose stream has gone."""
        found = await self.now()
        await self._desk.reconcile(self.last_stats)
        changed = found if self._last is None or asdict(found) != asdict(self._last) else None
        self._last = found
        opened = frozenset((each.stream_id, each.viewers) for each in self.last_stats)
        streams = await self.streams() if opened != self._open else None
        self._open = opened
        return Changed(changed, streams)

    @property
    def last(self) -> Situation | None:
        """What the last look saw; None before the first."""
        return self._last

    async def streams(self) -> list[LiveStream]:
        """Every open stream with the channel it shows."""
        stats = await self._engine.stats()
        channels = {each.stream_id: self._desk.channel_of(each.stream_id) for each in stats}
        names = await self._fleet.channel_names([key for key in channels.values() if key is not None])
        return [_live(each, channels[each.stream_id], names) for each in stats]


def _live(stats: StreamStats, channel_id: str | None, names: dict[str, str]) -> LiveStream:
    return LiveStream(
        stream_id=stats.stream_id,
        channel_id=channel_id,
        name=names.get(channel_id or "", stats.stream_id),
        codec=None if stats.codec is None else str(getattr(stats.codec, "value", stats.codec)),
        width=stats.width,
        height=stats.height,
        kbps=stats.kbps,
        fps=stats.fps,
        packets=stats.packets,
        lost=stats.lost,
        loss=stats.loss,
        jitter_ms=stats.jitter_ms,
        gop_frames=stats.gop_frames,
        key_age_s=stats.key_age_s,
        viewers=stats.viewers,
        viewer_drops=stats.viewer_drops,
        source=stats.source,
        warnings=list(stats.warnings),
    )
