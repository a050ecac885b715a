"""What the console is shown of the fleet: frozen rows, ready to be written as JSON. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from civicam.fleet.facts import ChannelId, DeviceId, Presence

SiteState = Literal["online", "offline", "partial", "unknown"]


@dataclass(frozen=True, slots=True)
class Text:
    """A name in both languages."""

    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Counts:
    """How many are in which state; the three add up to ``total``."""

    total: int
    online: int
    offline: int
    unknown: int


@dataclass(frozen=True, slots=True)
class TransitionRow:
    """One change of a device's presence."""

    at: datetime
    device_id: str
    name: str
    before: Presence
    after: Presence
    reason: str | None


@dataclass(frozen=True, slots=True)
class FleetSituation:
    """The fleet's part of the situation page."""

    sites: int
    devices: Counts
    channels: Counts
    recent: list[TransitionRow]


@dataclass(frozen=True, slots=True)
class Node:
    """A node of the tree. ``id`` is ``kind:key`` and is what a request for its children names as parent."""

    id: str
    kind: Literal["district", "street", "site", "device", "channel"]
    name: Text
    online: int
    total: int
    state: SiteState
    gb_id: str | None
    has_children: bool


@dataclass(frozen=True, slots=True)
class SiteRow:
    """A site on the map; counts are of its channels. WGS-84 degrees, None while it has no place."""

    id: str
    name: Text
    district: str
    lon: float | None
    lat: float | None
    kind: str
    online: int
    total: int
    state: SiteState


@dataclass(frozen=True, slots=True)
class ChannelRow:
    """A channel as lists and panes show it."""

    id: str
    gb_id: str
    name: str
    device_id: str
    device_name: str
    device_gb_id: str
    site_id: str | None
    site_name: Text | None
    district: str | None
    protocol: Literal["gb28181", "rtsp"]
    state: Presence
    reason: str | None
    since: datetime | None
    ptz: bool
    streams: list[Literal["main", "sub"]]
    last_seen: datetime | None


@dataclass(frozen=True, slots=True)
class ChannelCard:
    """A channel's state and what it can be grouped by; ``kind`` is its device's."""

    channel_id: ChannelId
    device_id: DeviceId
    state: Presence
    reason: str
    since: datetime | None
    kind: str
    protocol: Literal["gb28181", "rtsp"]
    site_id: str | None
    district: str | None
    street: str | None


@dataclass(frozen=True, slots=True)
class ChannelPage:
    """A page of channels; ``next`` is what to send as ``after`` for the next one, None at the end."""

    channels: list[ChannelRow]
    next: str | None
    total: int


@dataclass(frozen=True, slots=True)
class ChannelFilter:
    """Which channels: ``q`` is found in names and codes; empty strings do not filter. ``among``: only these
    ids, None means all."""

    q: str = ""
    state: str = ""
    district: str = ""
    among: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class DeviceFilter:
    """Which devices: ``q`` is found in names, codes and makers; empty strings do not filter."""

    q: str = ""
    state: str = ""
    protocol: str = ""


@dataclass(frozen=True, slots=True)
class DeviceRow:
    """A device as lists show it; ``online`` of its ``total`` channels are online."""

    id: str
    gb_id: str
    name: str
    kind: str
    protocol: Literal["gb28181", "rtsp"]
    enabled: bool
    state: Presence
    reason: str | None
    since: datetime | None
    last_seen: datetime | None
    site_id: str | None
    site_name: Text | None
    manufacturer: str
    model: str
    version: str
    """X-GB-Ver of the 2022 edition, empty when the device sends none."""
    online: int
    total: int


@dataclass(frozen=True, slots=True)
class DevicePage:
    """A page of devices; ``next`` is what to send as ``after`` for the next one, None at the end."""

    devices: list[DeviceRow]
    next: str | None
    total: int


@dataclass(frozen=True, slots=True)
class DeviceDetail:
    """Everything stored of one device; secrets are not."""

    device: DeviceRow
    source: str
    """``host:port`` it was last heard from, empty before the first time."""
    transport: str
    registered_at: datetime | None
    expires_s: int
    heartbeat_s: int
    misses: int
    user_agent: str
    firmware: str
    channels: list[ChannelRow]
    recent: list[TransitionRow]


@dataclass(frozen=True, slots=True)
class Hit:
    """One result of a search."""

    kind: Literal["district", "site", "device", "channel"]
    id: str
    name: Text
    gb_id: str | None
    detail: Text | None


@dataclass(frozen=True, slots=True)
class SourceRow:
    """A third-party RTSP source; its password never leaves the store."""

    id: str
    channel_id: str
    name: str
    url: str
    username: str | None
    site_id: str | None
    state: Presence
    reason: str | None


@dataclass(frozen=True, slots=True)
class City:
    """The city the platform runs: ``center`` is (longitude, latitude), WGS-84 degrees."""

    name: Text
    center: tuple[float, float]


def site_state(total: int, online: int, offline: int) -> SiteState:
    """The state of a group of channels; what is partly unknown and partly online is partial, never online."""
    if total == 0 or online + offline == 0:
        return "unknown"
    if online == total:
        return "online"
    if online == 0 and offline == total:
        return "offline"
    return "partial"
