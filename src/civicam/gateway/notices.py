"""NOTIFY: what devices tell inside our subscriptions (RFC 6665; GB/T 28181-2022 §9.11).

The 200 goes out at once, the work is done after it. Many devices notify under a Call-ID we never gave: a
device that is registered is heard all the same. What is in the body decides, not the token of ``Event``.
"""

from __future__ import annotations

from collections.abc import Callable

from civicam.gateway.desk import Desk
from civicam.gateway.inbox import CONTENT_TYPES, Inbox
from civicam.gateway.roster import Entry
from civicam.gateway.subscriptions import Subscription, Subscriptions
from civicam.kernel.errors import Refused
from civicam.signalling.gb28181.events import kind_of
from civicam.signalling.gb28181.manscdp import Command, Message, UnknownCommand, parse_message
from civicam.signalling.sip.events import RequestReceived

Handler = Callable[[Entry, Message], None]
"""Called after the 200 is on its way; must not block or raise."""

_PACKAGES = [("Allow-Events", "Catalog, presence")]


class Notices:
    """The use case."""

    def __init__(self, desk: Desk, inbox: Inbox, subscriptions: Subscriptions) -> None:
        self._desk = desk
        self._inbox = inbox
        self._subscriptions = subscriptions
        self._handlers: dict[type[Message], Handler] = {}

    def on(self, kind: type[Message], handler: Handler) -> None:
        """``handler`` is called with every notice of this kind."""
        self._handlers[kind] = handler

    def handle(self, event: RequestReceived) -> None:
        """Answer one NOTIFY and do what follows from it."""
        desk, body = self._desk, event.request.body
        if body and event.request.content_type not in CONTENT_TYPES:
            desk.refuse(event, 415, "gateway.content-type")
            return
        try:
            command = parse_message(body) if body else None
        except Refused as error:
            desk.refuse(event, 400, error.code)
            return
        found = self._subscriptions.of(event.request)
        entry = found.entry if found is not None else self._inbox.speaker(event, command)
        if entry is None or (found is None and command is None):
            desk.refuse(event, 481, "gateway.no-dialog")
        elif self._inbox.may_speak(entry, event):
            desk.roster.heard(entry, event.source)
            self._take(event, entry, found, command)

    def _take(
        self, event: RequestReceived, entry: Entry, found: Subscription | None, command: Command | None
    ) -> None:
        desk, headers = self._desk, event.request.headers
        if command is not None and not self._known(command, headers.get("Event") or ""):
            desk.refuse(event, 489, "gateway.unknown-event", who=entry.gb_id, headers=_PACKAGES)
            return
        desk.answer(event, 200)
        if found is None:
            desk.counters["notice_outside"] += 1
        else:
            self._subscriptions.notified(found, headers.get("Subscription-State"))
        if isinstance(command, Message):
            desk.counters[f"notice_{command.CMD_TYPE.lower()}"] += 1
            self._handlers[type(command)](entry, command)

    def _known(self, command: Command, event: str) -> bool:
        """Whether somebody here handles it."""
        if isinstance(command, UnknownCommand):
            return False
        return type(command) in self._handlers and kind_of(event, command.CMD_TYPE) is not None
