"""What the endpoint tells the layer above; frozen, for a ``match`` statement.

``key`` names a transaction: give it to `SipEndpoint.respond` or `SipEndpoint.cancel`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from civicam.signalling.sip.message import Request, Response
from civicam.signalling.sip.peer import Peer

TransactionKey = tuple[str, ...]


class RequestReceived(NamedTuple):
    """A new request (never a retransmission, ACK or CANCEL); answer it with ``respond(key, …)``."""

    key: TransactionKey
    request: Request
    source: Peer


@dataclass(frozen=True, slots=True)
class ResponseReceived:
    """An answer to ``request``: provisional, final, or again a 2xx to INVITE that wants its ACK."""

    key: TransactionKey
    request: Request
    response: Response
    source: Peer


@dataclass(frozen=True, slots=True)
class RequestTimedOut:
    """Nobody answered within 64·T1 (timers B, F); for an INVITE we accepted: the ACK never came (timer L)."""

    key: TransactionKey
    request: Request


@dataclass(frozen=True, slots=True)
class TransportFailed:
    """The connection broke or the socket refused; ``reason`` is a code or the system's text."""

    key: TransactionKey
    request: Request
    reason: str


@dataclass(frozen=True, slots=True)
class AckReceived:
    """The ACK to a 2xx we sent; the session stands."""

    request: Request
    source: Peer


@dataclass(frozen=True, slots=True)
class RequestCancelled:
    """The peer cancelled its INVITE before our final answer; the endpoint has answered 487 already."""

    key: TransactionKey
    request: Request


@dataclass(frozen=True, slots=True)
class MessageRejected:
    """Bytes that were no message we take; ``code`` says why, ``head`` is their beginning (≤ 200 bytes)."""

    source: Peer
    code: str
    head: bytes


@dataclass(frozen=True, slots=True)
class ConnectionDropped:
    """A TCP connection ended or was closed by us; what was registered over it is gone (gb28181.md §2.1)."""

    peer: Peer
    reason: str


SipEvent = (
    RequestReceived
    | ResponseReceived
    | RequestTimedOut
    | TransportFailed
    | AckReceived
    | RequestCancelled
    | MessageRejected
    | ConnectionDropped
)
