"""The short way of reading a request reads what the careful way reads, or nothing."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from civicam.signalling.sip.answers import stamp_top_via
from civicam.signalling.sip.layer import server_key
from civicam.signalling.sip.limits import Limits
from civicam.signalling.sip.message import Request
from civicam.signalling.sip.parse import finish, parse_datagram
from civicam.signalling.sip.peer import Peer
from civicam.signalling.sip.plain import read_plain

SOURCE = Peer("udp", "192.0.2.64", 15060)
LINES = (
    "MESSAGE sip:34020000002000000001@3402000000 SIP/2.0",
    "Via: SIP/2.0/UDP 192.0.2.64:5060;rport;branch=z9hG4bK776a",
    "From: <sip:34020000001320000001@3402000000>;tag=17",
    "To: <sip:34020000002000000001@3402000000>",
    "Call-ID: 17@192.0.2.64",
    "CSeq: 20 MESSAGE",
    "Content-Type: Application/MANSCDP+xml",
    "Max-Forwards: 70",
    "User-Agent: IP Camera",
    "Content-Length: 4",
)
BODY = "<a/>"
OTHERS = (
    "",
    "REGISTER sip:34020000002000000001@192.0.2.1:5060 SIP/2.0",
    "MESSAGE sip:x SIP/2.0",
    "MESSAGE sip:a@b SIP/3.0",
    "message sip:a@b SIP/2.0",
    "Via: SIP/2.0/UDP 192.0.2.64:5060;branch=z9hG4bK776a;rport",
    "Via: SIP/2.0/UDP CAMERA;rport;branch=z9hG4bK1",
    "Via: SIP/2.0/UDP 192.0.2.64;branch=z9hG4bK1",
    "Via: SIP/2.0/UDP 192.0.2.64;rport;branch=z9hG4bK1;rport",
    "Via: SIP/2.0/UDP 192.0.2.64:70000;rport;branch=z9hG4bK1",
    "Via: SIP/2.0/UDP 192.0.2.64:05060;rport;branch=z9hG4bK1",
    "Via: SIP/2.0/TCP 192.0.2.64;rport;branch=z9hG4bK1",
    "Via: SIP/2.0/UDP a;rport;branch=1",
    "v: SIP/2.0/UDP 192.0.2.64;rport;branch=z9hG4bK1",
    "From: <sip:a@b>",
    'From: "x" <sip:a@b>;tag=1',
    "From: <sip:a%40@b:99999>;tag=1",
    "From: sip:a@b",
    "To: <sip:a@b>;tag=9",
    "To: <sips:a@b:5061>",
    "Call-ID: a b",
    "Call-ID: 17",
    "CSeq: 0020 MESSAGE",
    "CSeq: 21 REGISTER",
    "CSeq: 4294967296 MESSAGE",
    "Contact: <sip:a@192.0.2.64:5060>",
    "Contact: *",
    "Contact: <sip:a@b>, <sip:c@d>",
    "Expires: 3600",
    "Expires: 3600 ",
    'Authorization: Digest username="a", realm="b", nonce="c", uri="sip:a@b", response="d"',
    "X-GB-Ver: 3.0",
    "Require: x",
    "Content-Length: 4",
    "Content-Length: 04",
    "Content-Length: 5",
    "Max-Forwards: 7",
    "Max-Forwards: 700",
    "User-Agent:  two",
    "User-Agent: 相机",
    "User-Agent: a\tb",
    " folded",
    "nothing",
)


def _message(lines: list[str], body: str = BODY, end: str = "\r\n\r\n") -> bytes:
    return "\r\n".join(lines).encode() + end.encode() + body.encode()


def _careful(data: bytes) -> tuple[Request, tuple[str, ...]]:
    """As the endpoint reads what is not plain; raises where it would refuse."""
    draft, body = parse_datagram(data, Limits())
    request, via, cseq = finish(draft, body)
    assert isinstance(request, Request)
    key = server_key(request, via, cseq, SOURCE)
    stamp_top_via(request.headers, via, SOURCE)
    return request, key


@st.composite
def messages(draw: st.DrawFn) -> bytes:
    """The usual message with some lines changed, gone, twice, or elsewhere."""
    lines = list(LINES)
    if draw(st.booleans()):
        lines[0] = lines[0].replace("MESSAGE", "REGISTER")
        lines[5] = "CSeq: 20 REGISTER"
    for _ in range(draw(st.integers(0, 3))):
        act = draw(st.sampled_from(["replace", "insert", "drop", "twice", "swap"]))
        at = draw(st.integers(0, len(lines) - 1))
        other = draw(st.sampled_from(OTHERS))
        if act == "replace":
            lines[at] = other
        elif act == "insert":
            lines.insert(at + 1, other)
        elif act == "twice":
            lines.append(lines[at])
        elif act == "drop" and len(lines) > 1:
            del lines[at]
        elif at:
            lines[at], lines[-1] = lines[-1], lines[at]
    body = draw(st.sampled_from([BODY, "", "<a/>x", "中"]))
    return _message(lines, body, draw(st.sampled_from(["\r\n\r\n", "\r\n\r\n", "\r\n", "\n\n", ""])))


@given(data=messages())
@example(data=_message(list(LINES)))
def test_the_short_way_reads_the_same_or_nothing(data: bytes) -> None:
    plain = read_plain(data, Limits(), SOURCE)
    if plain is None:
        return
    request, key = _careful(data)
    ours = plain.request
    assert (ours.method, ours.uri, ours.body) == (request.method, request.uri, request.body)
    assert sorted(ours.headers.keyed()) == sorted(request.headers.keyed())
    assert plain.key == key
    for each in {name for name, _, _ in request.headers.keyed()}:
        assert ours.headers.first(each) == request.headers.first(each)


@pytest.mark.parametrize("order", [LINES[1:], LINES[:0:-1]])
def test_the_usual_message_goes_the_short_way_in_any_order(order: tuple[str, ...]) -> None:
    plain = read_plain(_message([LINES[0], *order]), Limits(), SOURCE)
    assert plain is not None
    assert plain.request.headers.first("via") == (
        "SIP/2.0/UDP 192.0.2.64:5060;rport=15060;branch=z9hG4bK776a;received=192.0.2.64"
    )


@pytest.mark.parametrize(
    ("limits", "source"),
    [
        (Limits(message_bytes=200), SOURCE),
        (Limits(line_bytes=100), SOURCE),
        (Limits(header_fields=5), SOURCE),
        (Limits(), Peer("udp", "2001:db8::1", 5060)),
    ],
)
def test_what_limits_or_addresses_ask_for_goes_the_careful_way(limits: Limits, source: Peer) -> None:
    assert read_plain(_message(list(LINES)), limits, source) is None
