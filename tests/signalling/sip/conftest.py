"""An endpoint on a wire without a network: bytes in by hand, a clock that jumps to the next timer."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest

from civicam.signalling.sip.build import IdSource, Origin
from civicam.signalling.sip.endpoint import SipEndpoint
from civicam.signalling.sip.events import RequestReceived, SipEvent
from civicam.signalling.sip.limits import Limits
from civicam.signalling.sip.message import Request, Response
from civicam.signalling.sip.parse import parse_message
from civicam.signalling.sip.peer import Peer
from civicam.signalling.sip.policy import Policy

DEVICE = Peer("udp", "192.0.2.64", 5060)
CALLED = Peer("tcp", "192.0.2.64", 40001, 1)


def counting_ids() -> IdSource:
    """Ids that count, so that every run is the same."""
    numbers = itertools.count(1)
    return IdSource(lambda size: next(numbers).to_bytes(size, "big"))


class Wire:
    """One endpoint, what it sends, and a clock moved by hand."""

    def __init__(self, limits: Limits | None = None, policy: Policy | None = None) -> None:
        self.ids = counting_ids()
        self.endpoint = SipEndpoint(self.ids, limits=limits, policy=policy, secret=b"a secret of sixteen")
        self.now = 1000.0

    def origin(self, peer: Peer = DEVICE) -> Origin:
        """Our side, as a platform."""
        return Origin("192.0.2.10", 5060, peer.transport, self.ids)

    def connect(self, peer: Peer = CALLED) -> Peer:
        """Let a TCP connection stand."""
        assert self.endpoint.connection_made(peer, self.now)
        return peer

    def receive(self, message: bytes | Request | Response, source: Peer = DEVICE) -> None:
        """Bytes or a message come in from ``source``."""
        data = message if isinstance(message, bytes) else message.to_bytes()
        if source.reliable:
            self.endpoint.receive_stream(data, source, self.now)
        else:
            self.endpoint.receive_datagram(data, source, self.now)

    def raw(self) -> list[tuple[bytes, Peer]]:
        """What the endpoint has put on the wire since the last look."""
        return self.endpoint.datagrams_to_send(self.now)

    def sent(self) -> list[Request | Response]:
        """As `raw`, read back as messages."""
        return [parse_message(data) for data, _ in self.raw()]

    def statuses(self) -> list[int]:
        """The status codes sent since the last look."""
        return [message.status for message in self.sent() if isinstance(message, Response)]

    def statuses_raw(self) -> list[int]:
        """As `statuses`, for answers that echo a broken field and are no whole messages themselves."""
        return [int(data.split(b" ", 2)[1]) for data, _ in self.raw()]

    def methods(self) -> list[str]:
        """The methods sent since the last look."""
        return [message.method for message in self.sent() if isinstance(message, Request)]

    def events(self) -> list[SipEvent]:
        """Every event not yet taken."""
        found: list[SipEvent] = []
        while (event := self.endpoint.next_event()) is not None:
            found.append(event)
        return found

    def request(self) -> RequestReceived:
        """The one event that waits, which is a request."""
        (event,) = self.events()
        assert isinstance(event, RequestReceived)
        return event

    def jump(self) -> float:
        """Go to the next timer and let it ring; gives the moment, counted from 1000."""
        due = self.endpoint.get_timer()
        assert due is not None, "nothing waits"
        self.now = due
        self.endpoint.handle_timer(due)
        return round(due - 1000.0, 6)

    def send_times(self, until: float) -> list[float]:
        """Every moment up to ``until`` (from 1000) at which something was sent by a timer."""
        times: list[float] = []
        while (due := self.endpoint.get_timer()) is not None and due <= 1000.0 + until:
            when = self.jump()
            times += [when] * len(self.raw())
        return times


@pytest.fixture
def wire() -> Wire:
    """A platform's endpoint with the limits and policy it has by itself."""
    return Wire()


@pytest.fixture
def make_wire() -> Callable[..., Wire]:
    """``make_wire(limits=…, policy=…)``."""
    return Wire


def message(
    method: str, *, branch: str = "z9hG4bKa1", extra: str = "", body: str = "", **fields: str
) -> bytes:
    """A device's request to the platform; ``fields`` replace header values (``call_id``, ``cseq``, ``to``,
    ``tag``).
    """
    length = fields.get("length", str(len(body.encode())))
    return (
        f"{method} sip:34020000002000000001@3402000000 SIP/2.0\r\n"
        f"Via: SIP/2.0/{fields.get('transport', 'UDP')} 192.0.2.64:5060;rport;branch={branch}\r\n"
        f"From: <sip:34020000001180000001@3402000000>;tag={fields.get('tag', 'dev1')}\r\n"
        f"To: {fields.get('to', '<sip:34020000002000000001@3402000000>')}\r\n"
        f"Call-ID: {fields.get('call_id', 'c1@192.0.2.64')}\r\n"
        f"CSeq: {fields.get('cseq', '20')} {method}\r\n"
        f"{extra}"
        f"Content-Length: {length}\r\n\r\n{body}"
    ).encode()


@pytest.fixture
def device_says() -> Callable[..., bytes]:
    """``device_says("MESSAGE", branch=…)``: the bytes of a device's request."""
    return message
