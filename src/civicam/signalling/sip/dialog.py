"""Dialogs: the requests that belong to one INVITE or SUBSCRIBE (RFC 3261 §12).

A dialog is plain state: no timers, no I/O. The Request-URI is the peer's Contact; the packets go to the
stored packet source, because that Contact is often a private address (gb28181.md §2.10). Record-Route is
ignored: no proxies here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from civicam.signalling.sip.build import Origin, with_tag
from civicam.signalling.sip.errors import BadMessage
from civicam.signalling.sip.message import Headers, Request, Response

DialogId = tuple[str, str, str]
"""Call-ID, local tag, remote tag."""


@dataclass(slots=True)
class Dialog:
    """One side of a dialog. ``local`` and ``remote`` are From/To values with their tags, as we send them."""

    call_id: str
    local: str
    remote: str
    target: str
    origin: Origin
    local_cseq: int
    invite_cseq: int
    remote_cseq: int | None = None
    local_tag: str = ""
    remote_tag: str = ""

    @classmethod
    def from_uac(cls, invite: Request, response: Response, origin: Origin) -> Dialog:
        """We sent ``invite``; ``response`` (1xx with To tag, or 2xx) founds the dialog. A missing To tag is
        borne, and a Contact that is missing, broken or our own: then the INVITE's Request-URI is the target.
        """
        number = invite.cseq.number
        try:
            contact = response.contact
        except BadMessage:
            contact = None  # a call that stands is not given up for a Contact nobody can read
        if contact is not None and (contact.uri.host, contact.uri.port or 5060) == (origin.host, origin.port):
            contact = None  # programs copy ours: a BYE that names ourselves would be nobody's
        return cls(
            call_id=invite.call_id,
            local=invite.headers.first("from") or "",
            remote=response.headers.first("to") or "",
            target=invite.uri if contact is None else str(contact.uri),
            origin=origin,
            local_cseq=number,
            invite_cseq=number,
            local_tag=invite.from_.tag or "",
            remote_tag=response.to.tag or "",
        )

    @classmethod
    def from_uas(cls, request: Request, response: Response, origin: Origin) -> Dialog:
        """We received ``request`` and answered it with ``response``, whose To tag is ours."""
        contact = request.contact
        number = request.cseq.number
        return cls(
            call_id=request.call_id,
            local=with_tag(request.headers.first("to") or "", response.to.tag or ""),
            remote=request.headers.first("from") or "",
            target=str(request.from_.uri if contact is None else contact.uri),
            origin=origin,
            local_cseq=0,
            invite_cseq=number,
            remote_cseq=number,
            local_tag=response.to.tag or "",
            remote_tag=request.from_.tag or "",
        )

    @property
    def id(self) -> DialogId:
        """Call-ID, local tag, remote tag."""
        return self.call_id, self.local_tag, self.remote_tag

    def matches(self, request: Request) -> bool:
        """True when ``request`` came inside this dialog. Tags decide only where the peer sends them; programs
        that repeat From and To of our INVITE send them the wrong way round.
        """
        if request.call_id != self.call_id:
            return False
        to_tag, from_tag = request.to.tag, request.from_.tag
        if (to_tag, from_tag) == (self.remote_tag, self.local_tag):
            return True
        return to_tag in (None, self.local_tag) and from_tag in (None, self.remote_tag)

    def request(
        self,
        method: str,
        *,
        headers: Iterable[tuple[str, str]] = (),
        body: bytes = b"",
        content_type: str = "",
    ) -> Request:
        """The next request inside the dialog: CSeq + 1, both tags, Request-URI from the peer's Contact."""
        self.local_cseq += 1
        request = self._compose(method, self.local_cseq)
        for name, value in headers:
            request.headers.set(name, value)
        if content_type:
            request.set_body(content_type, body)
        return request

    def ack(self) -> Request:
        """The ACK to the 2xx (RFC 3261 §13.2.2.4): the INVITE's CSeq number, a branch of its own.

        The endpoint repeats it by itself for every retransmitted 2xx once it was given to ``send_ack``.
        """
        return self._compose("ACK", self.invite_cseq)

    def _compose(self, method: str, number: int) -> Request:
        rows = [
            ("Via", self.origin.via()),
            ("From", self.local),
            ("To", self.remote),
            ("Call-ID", self.call_id),
            ("CSeq", f"{number} {method}"),
            ("Max-Forwards", "70"),
        ]
        if self.origin.user_agent:
            rows.append(("User-Agent", self.origin.user_agent))
        return Request(method, self.target, Headers(rows))
