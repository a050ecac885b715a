"""What the fleet room publishes and receives: frozen facts, no behaviour.

Times are aware UTC. Identities: a ``DeviceId`` and a ``ChannelId`` are ours, short and stable over
restarts and re-imports (see `civicam.fleet.model`); a ``gb_id`` is the 20-digit code of GB/T 28181
annex D, which is unique only together with the device that reports it.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, NamedTuple, NewType

DeviceId = NewType("DeviceId", str)
ChannelId = NewType("ChannelId", str)
SiteId = NewType("SiteId", str)

Protocol = Literal["gb28181", "rtsp"]


class Presence(enum.StrEnum):
    """What is known of a device or a channel; unknown is never counted as good or as bad."""

    UNKNOWN = "unknown"
    ONLINE = "online"
    OFFLINE = "offline"


@dataclass(frozen=True, slots=True)
class DeviceCredentials:
    """What a registration is checked against. ``ha1_md5`` is MD5(username:realm:password) in lower-case hex
    (RFC 7616 §3.4.2), ``ha1_sha256`` the same by SHA-256, empty for a device that was entered before there
    was one; the password itself is not kept. ``username`` is the device's SIP authentication id where it has
    another than its ``gb_id``, else empty."""

    device_id: DeviceId
    gb_id: str
    ha1_md5: str = field(repr=False)
    enabled: bool
    realm: str
    ha1_sha256: str = field(default="", repr=False)
    username: str = ""


@dataclass(frozen=True, slots=True)
class DeviceRecord:
    """A device as the gateway needs it when it starts: whom to expect, how often, and what was last known.

    For ``protocol == "rtsp"`` the ``rtsp_url`` (without credentials), ``username`` and ``password`` are set
    and ``gb_id`` may be empty.
    """

    device_id: DeviceId
    gb_id: str
    protocol: Protocol
    kind: str
    name: str
    enabled: bool
    heartbeat_s: int
    misses: int
    last_presence: Presence
    last_seen: datetime | None = None
    source: str = ""
    """``host:port`` of the last registration, empty before the first."""
    transport: str = "udp"
    registered_at: datetime | None = None
    expires_s: int = 0
    rtsp_url: str = ""
    username: str = ""
    password: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class DeviceRegistered:
    """A device has registered (or refreshed): it may be asked at ``source`` until ``at`` + ``expires_s``."""

    device_id: DeviceId
    at: datetime
    source: str
    transport: str
    expires_s: int
    user_agent: str = ""
    version: str = ""
    """X-GB-Ver of the 2022 edition, empty when the device sent none."""
    refresh: bool = False
    """It was registered from there already: kept like any other, but nobody is told."""


@dataclass(frozen=True, slots=True)
class DeviceUnregistered:
    """A device has taken its registration back (Expires: 0)."""

    device_id: DeviceId
    at: datetime
    source: str


@dataclass(frozen=True, slots=True)
class PresenceChanged:
    """A device has become known, lost or unknown; ``reason_code`` is stable and has a message for people."""

    device_id: DeviceId
    before: Presence
    after: Presence
    reason_code: str
    at: datetime


class Heartbeat(NamedTuple):
    """A device has reported itself. ``faulty`` are the channel gb ids it calls abnormal (Keepalive Info)."""

    device_id: DeviceId
    at: datetime
    source: str
    faulty: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CatalogueItem:
    """One video channel of a catalogue. Directories, regions and alarm inputs do not come here: the gateway
    filters by type code."""

    gb_id: str
    name: str
    status: str = "ON"
    parent: str = ""
    civil_code: str = ""
    manufacturer: str = ""
    model: str = ""
    ptz_type: int = 0
    """0 unknown, 1 dome, 2 half dome, 3 fixed, 4 remote-controlled (annex A of 2016); 1, 2 and 4 can move."""
    lon: float | None = None
    lat: float | None = None
    raw: tuple[tuple[str, str], ...] = ()
    """Everything else the device said, as (element, text)."""


ChangeKind = Literal["add", "update", "delete", "on", "off", "lost", "defect"]
"""What a device says happened to a channel; ``lost``: no picture arrives at its input."""


@dataclass(frozen=True, slots=True)
class ChannelChange:
    """News of one channel, as a device tells it between two catalogues. ``item`` is what it said of the
    channel, for ``add`` and ``update``; an empty ``status`` there means nothing was said of its state."""

    kind: ChangeKind
    gb_id: str
    item: CatalogueItem | None = None


@dataclass(frozen=True, slots=True)
class DeviceInfo:
    """The answer to a DeviceInfo query (annex A.2.6); empty where the device said nothing."""

    manufacturer: str = ""
    model: str = ""
    firmware: str = ""
    channels: int | None = None


@dataclass(frozen=True, slots=True)
class CatalogueApplied:
    """A catalogue has been taken over. ``missing`` counts channels that a complete catalogue no longer names;
    an incomplete one (``complete`` false) never takes anything away."""

    device_id: DeviceId
    added: int
    updated: int
    missing: int
    complete: bool


@dataclass(frozen=True, slots=True)
class ChannelState:
    """What a channel has become; ``reason`` as in `civicam.fleet.model.channel_state`."""

    channel_id: ChannelId
    state: Presence
    reason: str


@dataclass(frozen=True, slots=True)
class ChannelsChanged:
    """States of a device's channels have changed, for whatever reason; those that stayed are not named."""

    device_id: DeviceId
    at: datetime
    channels: tuple[ChannelState, ...]


@dataclass(frozen=True, slots=True)
class ChangesApplied:
    """What news of channels led to. ``unknown`` are channels that were spoken of and that no catalogue has
    named, or no longer: the device is to be asked for its list."""

    applied: CatalogueApplied
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ChannelRoute:
    """How to get the picture of a channel."""

    channel_id: ChannelId
    device_id: DeviceId
    protocol: Protocol
    device_gb_id: str
    channel_gb_id: str
    rtsp_url: str = ""
    username: str = ""
    password: str = field(default="", repr=False)
    transport: str = "udp"
    """How the device signals: ``udp`` or ``tcp``."""


FleetFact = DeviceRegistered | DeviceUnregistered | PresenceChanged | CatalogueApplied | ChannelsChanged
"""What goes to the outbox."""
