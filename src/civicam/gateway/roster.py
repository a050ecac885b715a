"""Who is known and where to reach whom: the gateway's memory of devices, rebuilt at every start.

A device is reached at the source of its packets, never at its Contact (NAT; GB/T 28181 §2.10 of our
notes). The host it registered from is trusted; a packet that claims its id from another host is not: its
sender has to register, or anybody could draw a camera's INVITE to himself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from civicam.fleet.facts import DeviceId, DeviceRecord
from civicam.fleet.presence import Watch
from civicam.fleet.pulse import Pulse
from civicam.gateway.sightings import Sightings
from civicam.signalling.gb28181.ids import Kind, kind_of
from civicam.signalling.gb28181.quirks import Profile
from civicam.signalling.sip.peer import Peer


@dataclass(slots=True)
class Entry:
    """One GB/T 28181 device. ``host`` is where it last proved itself, empty before the first time."""

    record: DeviceRecord
    host: str = ""
    peer: Peer | None = None
    """Where to send now; None before it is heard, and after its connection broke. `Roster.moved` sets it."""
    source: str = ""
    """``peer`` as facts carry it."""
    stream: Peer | None = None
    """A TCP connection of it that stands, wherever it is reached otherwise."""
    profile: Profile = Profile()  # noqa: RUF009 — frozen
    user_agent: str = ""
    version: str = ""
    manufacturer: str = ""
    sightings: Sightings = field(default_factory=Sightings)
    flags: dict[str, float] = field(default_factory=dict)
    """What an operator should know of it: code → when it was last seen, monotonic seconds."""
    watch: Watch | None = None
    pulse: Pulse | None = None
    """Where its signs of life go that are no news."""

    @property
    def device_id(self) -> DeviceId:
        """Our own id of it."""
        return self.record.device_id

    @property
    def kind(self) -> Kind:
        """What its id announces."""
        return kind_of(self.record.gb_id[10:13])

    @property
    def gb_id(self) -> str:
        """Its 20-digit id."""
        return self.record.gb_id

    def trusts(self, source: Peer) -> bool:
        """Whether a packet from ``source`` may speak for this device."""
        return bool(self.host) and source.host == self.host


class Roster:
    """All devices by id, by our id, and by where their packets come from."""

    def __init__(self) -> None:
        self._by_gb_id: dict[str, Entry] = {}
        self._by_device: dict[DeviceId, Entry] = {}
        self._by_peer: dict[Peer, tuple[Entry, ...]] = {}
        """Who is sent to there, or has that connection."""

    def __len__(self) -> int:
        return len(self._by_gb_id)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._by_gb_id.values())

    def put(self, record: DeviceRecord) -> Entry:
        """Take a device in, or its changed record; what is known of its address stays."""
        entry = self._by_device.get(record.device_id)
        if entry is None:
            entry = Entry(record)
            if record.source:
                entry.host, peer = stored_source(record)
                self.moved(entry, peer)
        elif entry.gb_id != record.gb_id:
            self._by_gb_id.pop(entry.gb_id, None)
        entry.record = record
        self._by_gb_id[record.gb_id] = entry
        self._by_device[record.device_id] = entry
        return entry

    def drop(self, device_id: DeviceId) -> None:
        """Forget a device."""
        entry = self._by_device.pop(device_id, None)
        if entry is not None:
            self._by_gb_id.pop(entry.gb_id, None)
            self._set(entry, None, None)

    def moved(self, entry: Entry, source: Peer | None) -> None:
        """Answer and ask at the newest source (a NAT gives new ports as it likes); ``None``: nowhere."""
        if source is not None and source == entry.peer and not source.reliable:
            return  # a heartbeat from where the last one came
        stream = source if source is not None and source.reliable else entry.stream
        self._set(entry, source, None if source is None else stream)

    def heard(self, entry: Entry, source: Peer) -> None:
        """A trusted message came from ``source``, which does not change where we ask."""
        if source.reliable:
            self._set(entry, entry.peer, source)

    def _set(self, entry: Entry, peer: Peer | None, stream: Peer | None) -> None:
        if (peer, stream) == (entry.peer, entry.stream):
            return
        for old in {entry.peer, entry.stream} - {None, peer, stream}:
            assert old is not None
            there = tuple(each for each in self._by_peer.pop(old) if each is not entry)
            if there:
                self._by_peer[old] = there
        for new in {peer, stream} - {None, entry.peer, entry.stream}:
            assert new is not None
            self._by_peer[new] = (*self._by_peer.get(new, ()), entry)
        entry.peer, entry.stream = peer, stream
        entry.source = "" if peer is None else source_text(peer)

    def by_gb_id(self, gb_id: str) -> Entry | None:
        """The device of a 20-digit id."""
        return self._by_gb_id.get(gb_id)

    def by_device(self, device_id: DeviceId) -> Entry | None:
        """The device of our own id."""
        return self._by_device.get(device_id)

    def knows(self, peer: Peer) -> bool:
        """Whether some device sends from exactly there."""
        return peer in self._by_peer

    def by_peer(self, peer: Peer) -> Entry | None:
        """The only device that sends from exactly there; None when nobody or several do."""
        found = self._by_peer.get(peer, ())
        return found[0] if len(found) == 1 else None

    def stream_to(self, peer: Peer) -> Peer | None:
        """The connection that stands of the device at ``peer``, for requests too large for UDP."""
        entry = self.by_peer(peer)
        return None if entry is None else entry.stream

    def connection_lost(self, peer: Peer) -> list[Entry]:
        """The devices that lived on this connection; they have no address any more."""
        there = self._by_peer.get(peer, ())
        lost = [entry for entry in there if entry.peer == peer]
        for entry in there:
            self._set(entry, None if entry.peer == peer else entry.peer, None)
        return lost


def stored_source(record: DeviceRecord) -> tuple[str, Peer | None]:
    """Host and peer from the record's ``host:port``; no peer for TCP, whose connection died with us."""
    host, _, port = record.source.rpartition(":")
    host = host.strip("[]")
    if not host or not port.isdigit():
        return "", None
    return host, Peer("udp", host, int(port)) if record.transport == "udp" else None


def source_text(peer: Peer) -> str:
    """``host:port`` as facts carry it, IPv6 in brackets."""
    return f"[{peer.host}]:{peer.port}" if ":" in peer.host else f"{peer.host}:{peer.port}"
