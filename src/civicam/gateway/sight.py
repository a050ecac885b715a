"""What an operator is shown of a device now: how it is heard, what was asked of it, what was said.

The store knows what was; this knows what is: deadlines, the place requests go to, the catalogue under way,
and the SIP ladder (`civicam.signalling.sip.trace`).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from civicam.fleet.facts import DeviceId
from civicam.fleet.sight import CatalogueProgress, DeviceSight, SubscriptionSight, TraceRow
from civicam.gateway.desk import Desk
from civicam.gateway.resync import Resync
from civicam.gateway.roster import Entry, source_text
from civicam.kernel.errors import Refused
from civicam.signalling.gb28181.quirks import Profile
from civicam.signalling.sip.capture import as_text
from civicam.signalling.sip.ladder import Rung, ladder
from civicam.signalling.sip.peer import Peer
from civicam.signalling.sip.trace import Trace

STRANGERS = ""
"""The trace's key of everybody who is no device of ours."""


class Sights:
    """One for the gateway. ``sessions``: how many streams a device sends now."""

    def __init__(self, desk: Desk, resync: Resync, trace: Trace, sessions: Callable[[DeviceId], int]) -> None:
        self._desk = desk
        self._resync = resync
        self._trace = trace
        self._sessions = sessions
        self.subscriptions: Callable[[DeviceId], tuple[SubscriptionSight, ...]] = lambda _device: ()
        """Filled by whoever subscribes."""

    def sight(self, device_id: DeviceId) -> DeviceSight:
        """Raises `Refused` ``fleet.unknown-device`` for what is no GB/T 28181 device of ours."""
        entry = self._entry(device_id)
        book = self._desk.liveness.book
        return DeviceSight(
            presence=book.presence(device_id),
            missed=book.overdue(device_id, self._desk.clock.monotonic()),
            heard_by=self._wall(book.heard_by(device_id)),
            expires_at=self._wall(book.expires_at(device_id)),
            address="" if entry.peer is None else source_text(entry.peer),
            transport="" if entry.peer is None else entry.peer.transport,
            host=entry.host,
            catalogue=self._catalogue(entry),
            subscriptions=self.subscriptions(device_id),
            faults=tuple(entry.flags),
            habits=_habits(entry.profile),
            sessions=self._sessions(device_id),
        )

    def ladder(self, device_id: DeviceId, after: int = 0) -> list[TraceRow]:
        """The last messages between the device and us, those numbered above ``after``."""
        entry = self._entry(device_id)
        return [self._row(rung) for rung in ladder(self._trace.read(entry.gb_id)) if rung.number > after]

    def strangers(self, after: int = 0) -> list[TraceRow]:
        """The last messages of those who are no devices of ours."""
        return [self._row(rung) for rung in ladder(self._trace.read(STRANGERS)) if rung.number > after]

    def trace_text(self, device_id: DeviceId) -> str:
        """The ladder as text for people and for Wireshark (text2pcap)."""
        entry = self._entry(device_id)
        line = self._desk.line
        here = (line.local_host(entry.peer) if entry.peer else "0.0.0.0", line.port)  # noqa: S104 — shown
        return as_text(self._trace.read(entry.gb_id), here, self._moment)

    # -- inside

    def _entry(self, device_id: DeviceId) -> Entry:
        entry = self._desk.roster.by_device(device_id)
        if entry is None:
            raise Refused("fleet.unknown-device", device_id=device_id)
        return entry

    def _catalogue(self, entry: Entry) -> CatalogueProgress:
        found = self._resync.catalogue.progress(entry.gb_id)
        if found is None:
            waits = self._resync.plan.wants(entry.device_id)
            return CatalogueProgress("waiting" if waits else "never")
        return CatalogueProgress(found.state, found.received, found.announced, self._wall(found.at))

    def _row(self, rung: Rung) -> TraceRow:
        entry = rung.entry
        return TraceRow(
            number=rung.number,
            at=self._moment(rung.at),
            incoming=rung.incoming,
            label=rung.label,
            peer=source_text(entry.peer),
            transport=entry.peer.transport,
            size=entry.size,
            text=entry.text,
            gap_ms=rung.gap_ms,
            took_ms=rung.took_ms,
            answers=rung.answers,
            copy_of=rung.copies_of,
            cut=entry.cut,
        )

    def _moment(self, at: float) -> datetime:
        """The wall time of a monotonic moment, by the clocks of now."""
        clock = self._desk.clock
        return clock.now() - timedelta(seconds=clock.monotonic() - at)

    def _wall(self, at: float | None) -> datetime | None:
        return None if at is None else self._moment(at)


def key_of(known: Callable[[str], bool], owner: Callable[[Peer], str]) -> Callable[[str, Peer], str]:
    """Whose ring a message belongs to: the device named, else the one at that address, else `STRANGERS`.

    ``owner`` gives the id of the only device that sends from an address, empty when there is none.
    """

    def find(far_id: str, peer: Peer) -> str:
        return far_id if far_id and known(far_id) else owner(peer) or STRANGERS

    return find


def _habits(profile: Profile) -> tuple[str, ...]:
    usual = Profile()
    found = []
    for name in ("stream_form", "encoding", "media_tcp", "arm", "trust_status"):
        value = getattr(profile, name)
        if value != getattr(usual, name):
            found.append(f"{name}={str(value).lower()}")
    return tuple(found)
