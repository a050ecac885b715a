"""What the fleet needs: a store inside a transaction, a vault for secrets. Protocols only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol

from civicam.fleet.cityfile import CityFile
from civicam.fleet.facts import (
    ChannelId,
    DeviceCredentials,
    DeviceId,
    DeviceInfo,
    DeviceRecord,
    DeviceRegistered,
    DeviceUnregistered,
    FleetFact,
    Heartbeat,
    PresenceChanged,
)
from civicam.fleet.model import CatalogueChange, Channel, DeviceState
from civicam.fleet.register import CameraRecord
from civicam.fleet.views import (
    ChannelCard,
    ChannelFilter,
    ChannelPage,
    ChannelRow,
    City,
    DeviceDetail,
    DeviceFilter,
    DevicePage,
    FleetSituation,
    Hit,
    Node,
    SiteRow,
    SourceRow,
    Text,
)


class Vault(Protocol):
    """Keeps secrets unreadable in the database."""

    def seal(self, secret: str) -> bytes:
        """Encrypt."""
        ...

    def open(self, sealed: bytes) -> str:
        """Decrypt. `Operational` ``fleet.wrong-key``."""
        ...


@dataclass(frozen=True, slots=True)
class StoredDevice:
    """A device record whose secret is still sealed."""

    record: DeviceRecord
    sealed: bytes | None
    credentials: DeviceCredentials | None = None
    """Of a GB/T 28181 device."""


class Registration(NamedTuple):
    """A registration to keep. ``proof`` is the HA1 it was checked against: it is kept only while the device
    has that one and is enabled; None: it need only exist.
    """

    fact: DeviceRegistered
    proof: str | None


@dataclass(frozen=True, slots=True)
class StoredRoute:
    """What a route is made of."""

    device: StoredDevice
    channel_gb_id: str
    camera: CameraRecord | None = None
    enrolled_at: datetime | None = None
    """None: the channel was there before the register was."""
    register_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class NewSource:
    """A third-party RTSP source to enrol: one device with one channel."""

    device_id: DeviceId
    channel_id: ChannelId
    name: str
    url: str
    username: str
    sealed: bytes | None
    site_id: str | None
    camera: CameraRecord | None = None


@dataclass(frozen=True, slots=True)
class Imported:
    """What taking a file over did."""

    sites: int
    devices: int
    channels: int
    added: int


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A checked file with its secrets made fit for the store, by device."""

    city: CityFile
    ha1: Mapping[DeviceId, tuple[str, str]]
    """By MD5 and by SHA-256."""
    sealed: Mapping[DeviceId, bytes]
    heartbeat_s: int
    misses: int
    at: datetime


class FleetStore(Protocol):
    """The tables inside one transaction; synchronous."""

    def credentials(self, gb_id: str) -> DeviceCredentials | None:
        """By 20-digit code."""
        ...

    def devices(self) -> list[StoredDevice]:
        """All devices, by code."""
        ...

    def route(self, channel_id: ChannelId) -> StoredRoute | None:
        """The channel's device and code."""
        ...

    def registrations(self, wanted: Sequence[Registration]) -> list[bool]:
        """Keep registrations and tell of those that are no refresh. Of each whether it was kept; of several
        of one device the last is, and says for the others with the same proof.
        """
        ...

    def unregistered(self, fact: DeviceUnregistered) -> bool:
        """Forget the registration."""
        ...

    def heartbeats(self, beats: Sequence[Heartbeat]) -> None:
        """Keep when and from where each device was last heard."""
        ...

    def faulty(self) -> dict[DeviceId, frozenset[str]]:
        """Channel codes that devices called abnormal."""
        ...

    def set_faulty(self, device_id: DeviceId, codes: frozenset[str], at: datetime) -> None:
        """Replace them, and the states that follow."""
        ...

    def transitions(self, facts: Sequence[PresenceChanged]) -> set[str]:
        """Keep changes in their order, the devices' states and their channels', and tell of them; gives the
        ids of devices it knew.
        """
        ...

    def key_and_state(self, device_id: DeviceId) -> tuple[str, DeviceState] | None:
        """The device's stable key and what its channels inherit."""
        ...

    def channels_of(self, device_id: DeviceId) -> list[Channel]:
        """As far as a catalogue may change them."""
        ...

    def save_catalogue(self, device_id: DeviceId, change: CatalogueChange, at: datetime) -> None:
        """Keep added, updated and missing channels and the states that follow."""
        ...

    def device_info(self, device_id: DeviceId, info: DeviceInfo) -> None:
        """Keep maker, model and firmware."""
        ...

    def enrol(self, enrolment: Enrolment) -> Imported:
        """Add or change what a file names; takes nothing away."""
        ...

    def add_source(self, source: NewSource, at: datetime) -> bool:
        """False when its site is unknown."""
        ...

    def remove_source(self, device_id: DeviceId) -> bool:
        """Remove an RTSP source with its channel and transitions; False when there is none."""
        ...

    def publish(self, name: str, fact: FleetFact, at: datetime) -> None:
        """Into the outbox, in this transaction."""
        ...


class FleetQueries(Protocol):
    """What the console reads; synchronous, one consistent picture."""

    def city(self) -> City | None:
        """None before anything was imported."""
        ...

    def situation(self, recent: int) -> FleetSituation:
        """Counts and the newest transitions."""
        ...

    def tree(self, parent: str) -> list[Node]:
        """Children of a node; districts for the empty parent."""
        ...

    def sites(self) -> list[SiteRow]:
        """All sites with the state of their channels."""
        ...

    def site(self, site_id: str) -> tuple[SiteRow, list[ChannelRow]] | None:
        """One site and its channels."""
        ...

    def channels(self, wanted: ChannelFilter, after: str, limit: int) -> ChannelPage:
        """A page in order of name."""
        ...

    def channel(self, channel_id: str) -> ChannelRow | None:
        """One channel."""
        ...

    def channel_ids(self, device_ids: Sequence[DeviceId]) -> dict[DeviceId, list[ChannelId]]:
        """The channels of some devices."""
        ...

    def cards(self, device_ids: Sequence[DeviceId] | None) -> list[ChannelCard]:
        """State and place of the channels of some devices, or all."""
        ...

    def place_names(self) -> dict[str, Text]:
        """Districts, streets and sites by code or id."""
        ...

    def device_names(self, device_ids: Sequence[str]) -> dict[str, str]:
        """Names of some devices."""
        ...

    def channel_names(self, channel_ids: Sequence[str]) -> dict[str, str]:
        """Names of some channels."""
        ...

    def devices(self, wanted: DeviceFilter, after: str, limit: int) -> DevicePage:
        """A page in order of name."""
        ...

    def device(self, device_id: str, recent: int) -> DeviceDetail | None:
        """One device with its channels and its newest ``recent`` transitions."""
        ...

    def search(self, q: str, limit: int) -> list[Hit]:
        """Places, devices and channels whose name or code contains ``q``."""
        ...

    def sources(self) -> list[SourceRow]:
        """All RTSP sources."""
        ...
