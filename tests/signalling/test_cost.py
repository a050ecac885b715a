"""What a stranger's 64 KiB may cost: at most 100 ms of a core in any parser here, whatever the bytes.

Work is measured as CPU time of this process, the best of three, so a busy machine changes nothing. Every
input is a frame that leads to one parser with one short pattern repeated to the limit: the inputs that
make a backtracking expression or a loop inside a loop quadratic.
"""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable

import pytest

from civicam.kernel.errors import Refused
from civicam.signalling.gb28181 import manscdp, sdp
from civicam.signalling.sip.digest import parse_authorization
from civicam.signalling.sip.limits import Limits
from civicam.signalling.sip.parse import parse_message
from civicam.signalling.sip.stream import StreamBuffer

MOST_S = 0.1 if sys.gettrace() is None else 1.0  # counting lines for coverage costs several times the work
SIZE = 64 * 1024
HEAD = (
    b"REGISTER sip:34020000002000000001@3402000000 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.64;branch=z9hG4bKa\r\n"
    b"From: <sip:34020000001180000001@3402000000>;tag=1\r\nTo: <sip:34020000001180000001@3402000000>\r\n"
    b"Call-ID: 1\r\nCSeq: 1 REGISTER\r\n"
)
FIELDS = HEAD.partition(b"\n")[2]
END = b"\r\n\r\n"
XML = b"<Notify><CmdType>Keepalive</CmdType><SN>1</SN><DeviceID>34020000001180000001</DeviceID>"
PATTERNS = [
    *(bytes([each]) for each in b' \t;,"\\<>&=\r\na0%:@?[/-$\0\xff'),
    *(b"\r\n", b"\r\n ", b"\n\r", b'",', b'\\"', b"<>", b"<a", b"<a>", b"</", b"<!", b"&<", b"&#", b"]]>"),
    *(b"a=", b"m=", b"=;", b'="', b"a ", b" a", b"@:", b"\xff ", b"\x80<"),
]


def take_datagram(data: bytes) -> None:
    """One message, and the field the registrar reads of it."""
    parse_authorization(parse_message(data).headers.get("Authorization"))


def take_stream(data: bytes) -> None:
    """A TCP connection that dribbles."""
    buffer = StreamBuffer(Limits())
    for start in range(0, len(data), 100):
        buffer.feed(data[start : start + 100])
        while buffer.next_message() is not None:
            pass


Frame = tuple[Callable[[bytes], object], bytes, bytes, int]
FRAMES: dict[str, Frame] = {
    "a field of no meaning": (take_datagram, HEAD + b"X: ", END, 8_100),
    "Contact": (take_datagram, HEAD + b"Contact: ", END, 8_100),
    "Contact's URI": (take_datagram, HEAD + b"Contact: <sip:", b">" + END, 8_100),
    "Contact's parameters": (take_datagram, HEAD + b"Contact: <sip:a@b>;", END, 8_100),
    "a second Via": (take_datagram, HEAD + b"Via: ", END, 8_100),
    "Authorization": (take_datagram, HEAD + b"Authorization: Digest ", END, 8_100),
    "the request line": (
        take_datagram,
        b"REGISTER ",
        b" SIP/2.0\r\n" + HEAD.partition(b"\n")[2] + END,
        8_100,
    ),
    "a head of many lines": (take_datagram, HEAD, END, 16_300),
    "a connection": (take_stream, HEAD, END, SIZE),
    "a connection of blanks": (take_stream, b"", END, SIZE),
    "an SDP": (sdp.parse, b"c=IN IP4 192.0.2.1\r\nm=video 6000 RTP/AVP 96\r\na=", b"\r\n", SIZE),
    "an SDP's media line": (sdp.parse, b"c=IN IP4 192.0.2.1\r\nm=video 6000 RTP/AVP ", b"\r\n", SIZE),
    "a Subject": (lambda data: sdp.Subject.parse(data.decode("latin-1")), b"", b"", 8_100),
    "a MANSCDP body": (manscdp.parse_message, b"", b"", SIZE),
    "an XML declaration": (manscdp.parse_message, b"<?xml ", b"?>" + XML + b"</Notify>", SIZE),
    "an element": (manscdp.parse_message, XML + b"<Status>", b"</Status></Notify>", SIZE),
    "an attribute": (manscdp.parse_message, b'<Notify a="', b'"/>', SIZE),
    "attributes": (manscdp.parse_message, b"<Notify ", b"/>", SIZE),
}


def cost(take: Callable[[bytes], object], data: bytes) -> float:
    """CPU seconds of one parse, the best of three; a refusal is a fine end."""
    spent: list[float] = []
    while len(spent) < 3 and (not spent or spent[-1] > MOST_S / 2):
        before = time.process_time()
        with contextlib.suppress(Refused):
            take(data)
        spent.append(time.process_time() - before)
    return min(spent)


@pytest.mark.parametrize("name", FRAMES)
def test_no_pattern_makes_a_parser_slow(name: str) -> None:
    """Every pattern, filled up to what the limits let through."""
    take, before, after, size = FRAMES[name]
    room = size - len(before) - len(after)
    dear = {
        pattern: spent
        for pattern in PATTERNS
        if (spent := cost(take, before + (pattern * room)[:room] + after)) > MOST_S
    }
    assert not dear


@pytest.mark.parametrize(
    "head",
    [
        HEAD + b"X: " + b" " * 8_000 + b"x\r\n " + b"y\r\nY: " + b" " * 7_900 + b"x" + END,
        HEAD + b"X: x" + b"\r\n " * 5_000 + END,
        HEAD + (b"Contact: " + b"<" * 8_000 + b"\r\n") + END,
        HEAD + (b"Via: " + b"<" * 7_900 + b"\r\n") * 2 + END,
    ],
    ids=["long blanks beside a fold", "folds", "brackets in Contact", "brackets in Via"],
)
def test_what_was_once_quadratic_stays_cheap(head: bytes) -> None:
    """A fifth of the budget for a quarter of the bytes."""
    assert cost(take_datagram, head) < MOST_S / 5
