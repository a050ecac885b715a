"""MESSAGE: what devices tell us (GB/T 28181-2022 §9.6, Annex A).

The 200 goes out at once, the work is done after it. Who speaks is decided by the From id, else by the
DeviceID in the body, else by the packet source, and only a host that registered may speak for a device.

What a command leads to stands in a table: `Inbox.on` gives a kind of message its handler. Answers to
questions of ours that have no handler go to whoever asked (`Inbox.answers`); notices nobody handles are
taken and counted.
"""

from __future__ import annotations

from collections.abc import Callable

from civicam.fleet.facts import Heartbeat
from civicam.gateway.desk import Desk
from civicam.gateway.resync import Resync
from civicam.gateway.roster import Entry, source_text
from civicam.kernel.errors import Refused
from civicam.signalling.gb28181.ids import GbId
from civicam.signalling.gb28181.manscdp import (
    CatalogResponse,
    Command,
    DeviceInfoResponse,
    Keepalive,
    Message,
    Root,
    UnknownCommand,
    parse_message,
)
from civicam.signalling.sip.events import RequestReceived
from civicam.signalling.sip.lane import Decision

CONTENT_TYPES = frozenset(
    {"application/manscdp+xml", "application/manscdp", "application/xml", "text/xml", ""}
)

Handler = Callable[[Entry, RequestReceived, Message], None]
"""Called after the 200 is on its way; must not block or raise."""


class Inbox:
    """The use case."""

    def __init__(self, desk: Desk, resync: Resync) -> None:
        self._desk = desk
        self._resync = resync
        self._handlers: dict[type[Message], Handler] = {}
        self._at, self._moment = float("nan"), desk.clock.now()
        """What the lane took together was heard at one moment, by both clocks."""
        self.answers: Callable[[Entry, Message], bool] = lambda _entry, _answer: False
        """Takes an answer to a question of ours; False when none awaits it."""
        self.on(Keepalive, self._keepalive)
        self.on(CatalogResponse, self._catalogue)
        self.on(DeviceInfoResponse, self._device_info)
        desk.in_the_200 = self.in_the_200

    def on(self, kind: type[Message], handler: Handler) -> None:
        """``handler`` is called with every message of this kind."""
        self._handlers[kind] = handler

    def handle(self, event: RequestReceived) -> None:
        """Answer one MESSAGE and do what follows from it."""
        desk = self._desk
        if event.request.content_type not in CONTENT_TYPES:
            desk.refuse(event, 415, "gateway.content-type")
            return
        try:
            command = parse_message(event.request.body)
        except Refused as error:
            desk.refuse(event, 400, error.code)
            return
        entry = self.speaker(event, command)
        if entry is None:
            # 404 makes devices register that are registered only in their own memory
            desk.refuse(event, 404, "gateway.unknown-device", who=_id_of(event.request.from_user))
            return
        if not self.may_speak(entry, event):
            return
        desk.roster.heard(entry, event.source)
        if self._unanswerable(command):
            desk.refuse(event, 415, "gateway.unknown-command", who=entry.gb_id)
            return
        desk.answer(event, 200)
        self._take(entry, event, command)

    def beat(self, who: str, _to: str, address: tuple[str, int], now: float) -> Decision | None:
        """A heartbeat in its usual spelling that says what the device's last one said: it is there. ``None``
        for any that may lead to more (`handle` then): an unknown device, another address, not online,
        something else of it on its way to the store.
        """
        desk = self._desk
        entry = desk.roster.by_gb_id(who)
        if entry is None:
            return None
        peer, watch, pulse = entry.peer, entry.watch, entry.pulse
        if (
            peer is None
            or watch is None
            or pulse is None
            or (peer[1], peer[2]) != address
            or entry.host != address[0]
            or peer[0] != "udp"
            or pulse.source != entry.source
            or not watch.beat(now)
        ):
            return None
        if now != self._at:
            self._at, self._moment = now, desk.clock.now()
        pulse.at = self._moment
        desk.counters["keepalive"] += 1
        desk.counters["answered_200"] += 1
        return "SIP/2.0 200 OK", "", peer, True

    def speaker(self, event: RequestReceived, command: Command | None) -> Entry | None:
        """The device that says ``command``: by From, else by the body, else by the packet source."""
        roster = self._desk.roster
        user = event.request.from_user
        entry = roster.by_gb_id(user)  # as it stands there, which is how it is nearly always meant
        if entry is not None:
            return entry
        for gb_id in (_id_of(user), command.device_id if command else None):
            if gb_id and (entry := roster.by_gb_id(gb_id)) is not None:
                return entry
        return roster.by_peer(event.source)

    def may_speak(self, entry: Entry, event: RequestReceived) -> bool:
        """Whether the packet comes from where the device registered; else it is turned away here."""
        desk = self._desk
        if entry.trusts(event.source):
            return True
        other = entry.sightings.refused(event.source, desk.clock.monotonic())
        if other is not None:
            desk.same_id_twice(entry, event.source, other)
        desk.refuse(event, 403, "gateway.register-first", who=entry.gb_id)
        return False

    def _unanswerable(self, command: Command) -> bool:
        """A question or an order to us: this platform is nobody's device yet. Notices are taken anyway."""
        if type(command) in self._handlers:
            return False
        root = command.root if isinstance(command, UnknownCommand) else command.ROOT
        return root in {Root.QUERY, Root.CONTROL}

    def _take(self, entry: Entry, event: RequestReceived, command: Command) -> None:
        if isinstance(command, UnknownCommand):
            self._desk.counters["unhandled_notice"] += 1
        elif (handler := self._handlers.get(type(command))) is not None:
            handler(entry, event, command)
        elif command.ROOT is not Root.RESPONSE:
            self._desk.counters["unhandled_notice"] += 1
        elif not self.answers(entry, command):
            self._desk.counters["answer_unsolicited"] += 1

    def in_the_200(self, entry: Entry, body: bytes) -> None:
        """A device answered inside its 200 instead of by a MESSAGE of its own."""
        try:
            answer = parse_message(body)
        except Refused:
            answer = None
        match answer:
            case CatalogResponse():
                taken = self._resync.catalogue.offer(entry, answer)
            case DeviceInfoResponse():
                taken = self._resync.info.offer(entry, answer)
            case Message(ROOT=Root.RESPONSE):
                taken = self.answers(entry, answer)
            case _:
                taken = False
        self._desk.counters["answer_in_200" if taken else "answer_in_200_unused"] += 1

    def _catalogue(self, entry: Entry, _event: RequestReceived, part: Message) -> None:
        taken = isinstance(part, CatalogResponse) and self._resync.catalogue.offer(entry, part)
        self._desk.counters["catalogue_part" if taken else "catalogue_unsolicited"] += 1

    def _device_info(self, entry: Entry, _event: RequestReceived, answer: Message) -> None:
        if not (isinstance(answer, DeviceInfoResponse) and self._resync.info.offer(entry, answer)):
            self._desk.counters["device_info_unsolicited"] += 1

    def _keepalive(self, entry: Entry, event: RequestReceived, beat: Message) -> None:
        """Known and offline → online and resync, by way of the transition; the source may have a new port."""
        desk = self._desk
        faulty = beat.faulty if isinstance(beat, Keepalive) else ()
        desk.counters["keepalive"] += 1
        desk.roster.moved(entry, event.source)
        device_id = entry.record.device_id
        desk.liveness.heard(device_id)
        desk.fleet.heard(Heartbeat(device_id, desk.clock.now(), source_text(event.source), faulty))


def _id_of(user: str) -> str:
    """A From user when it is a 20-digit id, else empty."""
    try:
        return GbId.parse(user)
    except Refused:
        return ""
