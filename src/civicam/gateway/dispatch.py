"""Which use case takes a request of the wire: by its method, and in dialogs by whose dialog it is."""

from __future__ import annotations

from collections.abc import Callable

from civicam.gateway.desk import Desk
from civicam.gateway.live import GbSource
from civicam.gateway.sessions import Sessions
from civicam.signalling.sip.build import ALLOW
from civicam.signalling.sip.events import RequestReceived

Handler = Callable[[RequestReceived], None]
"""Answers the request, now or later; must not block."""


class Dispatch:
    """One for the gateway; `Dispatch.on` gives a method its handler."""

    def __init__(self, desk: Desk, sessions: Sessions) -> None:
        self._desk = desk
        self._sessions = sessions
        self._handlers: dict[str, Handler] = {
            "BYE": self._bye,
            "OPTIONS": lambda event: desk.answer(event, 200, headers=[("Allow", ALLOW)]),
            "INFO": self._no_dialog,
            "SUBSCRIBE": self._no_dialog,
        }
        self.ended: tuple[Callable[[RequestReceived], bool], ...] = ()
        """Take a BYE of a dialog that is no session's: False when it is none of theirs."""

    def on(self, method: str, handler: Handler) -> None:
        """``handler`` is called with every request of this method."""
        self._handlers[method] = handler

    def handle(self, event: RequestReceived) -> None:
        """Give a request to whom it concerns."""
        handler = self._handlers.get(event.request.method)
        if handler is None:
            self._desk.refuse(event, 405, "gateway.unknown-method", headers=[("Allow", ALLOW)])
        else:
            handler(event)

    def _no_dialog(self, event: RequestReceived) -> None:
        self._desk.refuse(event, 481, "gateway.no-dialog")

    def _bye(self, event: RequestReceived) -> None:
        for info in self._sessions.all():
            source = self._sessions.get(info.stream_id)
            if isinstance(source, GbSource) and source.owns(event.request):
                self._desk.answer(event, 200)
                source.device_ended()
                return
        if not any(takes(event) for takes in self.ended):
            self._no_dialog(event)
