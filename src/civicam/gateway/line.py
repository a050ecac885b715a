"""Requests from us to a device: who we are, which address it reaches us by, how its bodies are written."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from civicam.gateway.roster import Entry, source_text
from civicam.gateway.settings import GatewaySettings
from civicam.signalling.gb28181 import sdp
from civicam.signalling.gb28181.manscdp import CONTENT_TYPE, Message, to_xml
from civicam.signalling.gb28181.ssrc import format_ssrc
from civicam.signalling.sip.build import IdSource, Origin, new_request
from civicam.signalling.sip.dialog import Dialog
from civicam.signalling.sip.message import Request
from civicam.signalling.sip.peer import Peer


class Line:
    """Builds requests; ``port`` is the bound SIP port."""

    def __init__(
        self, settings: GatewaySettings, ids: IdSource, local_address: Callable[[str], str], port: int
    ) -> None:
        self._settings = settings
        self._ids = ids
        self._local_address = local_address
        self.port = port

    def new_id(self) -> str:
        """Sixteen hex digits nobody can guess: stream ids."""
        return self._ids.tag()

    def local_host(self, peer: Peer) -> str:
        """The address ``peer`` reaches us by. Raises `Operational` ``signalling.unreachable``."""
        return self._settings.advertise or self._local_address(peer.host)

    def origin(self, peer: Peer) -> Origin:
        """Our side towards ``peer``."""
        return Origin(self.local_host(peer), self.port, peer.transport, self._ids, self._settings.user_agent)

    def message(self, entry: Entry, peer: Peer, command: Message) -> Request:
        """A MESSAGE outside any dialog, in the device's encoding."""
        request = self._request("MESSAGE", entry.gb_id, peer)
        request.set_body(CONTENT_TYPE, to_xml(command, entry.profile.encoding))
        return request

    def invite(self, channel: str, peer: Peer, offer: sdp.Offer) -> Request:
        """A live INVITE for ``channel``; devices fail without a Subject."""
        request = self._request("INVITE", channel, peer)
        subject = sdp.Subject(channel, format_ssrc(offer.ssrc), self._settings.gb_id)
        request.headers.set("Subject", str(subject))
        request.set_body(sdp.CONTENT_TYPE, sdp.build_offer(offer))
        return request

    def subscribe(
        self, entry: Entry, peer: Peer, command: Message, headers: Iterable[tuple[str, str]]
    ) -> Request:
        """A SUBSCRIBE that begins a dialog; ``headers`` say to what and for how long."""
        request = self._request("SUBSCRIBE", entry.gb_id, peer)
        for name, value in headers:
            request.headers.set(name, value)
        request.set_body(CONTENT_TYPE, to_xml(command, entry.profile.encoding))
        return request

    def subscribe_again(
        self, dialog: Dialog, entry: Entry, command: Message, headers: Iterable[tuple[str, str]]
    ) -> Request:
        """The next SUBSCRIBE of a dialog: a refresh, or its end."""
        contact = ("Contact", dialog.origin.contact(self._settings.gb_id))
        body = to_xml(command, entry.profile.encoding)
        return dialog.request("SUBSCRIBE", headers=[contact, *headers], body=body, content_type=CONTENT_TYPE)

    def _request(self, method: str, target: str, peer: Peer) -> Request:
        return new_request(
            method,
            f"sip:{target}@{source_text(peer)}",
            self.origin(peer),
            from_uri=f"sip:{self._settings.gb_id}@{self._settings.realm}",
            to_uri=f"sip:{target}@{self._settings.realm}",
        )
