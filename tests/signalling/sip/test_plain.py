"""The short way of reading a request reads what the careful way reads, or nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from civicam.signalling.sip.answers import stamp_top_via
from civicam.signalling.sip.build import new_response
from civicam.signalling.sip.errors import BadMessage
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


ASKED: tuple[Callable[[Request], object], ...] = (
    lambda request: request.from_user,
    lambda request: request.to_user,
    lambda request: request.content_type,
    lambda request: request.call_id,
    lambda request: request.cseq,
    lambda request: request.expires,
    lambda request: request.contacts,
    lambda request: request.headers.get_all("Authorization"),
    lambda request: request.headers.get("Contact"),
    lambda request: request.headers.get("Require", "none"),
    lambda request: "Expires" in request.headers,
    lambda request: len(request.headers),
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
    ours = plain
    assert (ours.method, ours.uri, ours.body) == (request.method, request.uri, request.body)
    assert sorted(ours.headers.keyed()) == sorted(request.headers.keyed())
    assert plain.key == key
    for each in {name for name, _, _ in request.headers.keyed()}:
        assert ours.headers.first(each) == request.headers.first(each)


@given(data=messages(), status=st.sampled_from([200, 401, 403, 503]))
@example(data=_message(list(LINES)), status=200)
def test_what_is_asked_of_it_is_the_same_before_any_row_was_made(data: bytes, status: int) -> None:
    """The answer in bytes, and everything the layers above ask, of a request just read."""
    plain = read_plain(data, Limits(), SOURCE)
    if plain is None:
        return
    request, _ = _careful(data)
    more = [("Date", "2026-03-02T09:15:31.482"), ("X-GB-Ver", "3.0")]
    careful = new_response(request, status, to_tag="t1", headers=more).to_bytes()
    assert sorted(plain.answer(status, "t1", more).split(b"\r\n")) == sorted(careful.split(b"\r\n"))
    for ask in ASKED:
        assert ask(read_plain(data, Limits(), SOURCE) or plain) == ask(request)


def test_a_line_break_in_what_we_add_is_refused() -> None:
    plain = read_plain(_message(list(LINES)), Limits(), SOURCE)
    assert plain is not None
    for name, value in (("X", "a\r\nY: b"), ("X", "a\nb"), ("", "a")):
        with pytest.raises(BadMessage):
            plain.answer(200, "t1", [(name, value)])


def test_its_fields_can_be_changed_like_any_others() -> None:
    plain = read_plain(_message(list(LINES)), Limits(), SOURCE)
    assert plain is not None
    assert plain.headers.first("x-none") is None
    assert plain.headers.only("via")
    plain.headers.set("Subject", "x")
    plain.headers.add("Via", "SIP/2.0/UDP a")
    assert plain.headers.first("subject") == "x"
    assert plain.headers.get_all("Subject") == ["x"]
    assert not plain.headers.only("via")
    assert b"Subject: x\r\n" in plain.to_bytes()
    with pytest.raises(AttributeError):
        _ = plain.headers.nothing


@pytest.mark.parametrize("order", [LINES[1:], LINES[:0:-1]])
def test_the_usual_message_goes_the_short_way_in_any_order(order: tuple[str, ...]) -> None:
    plain = read_plain(_message([LINES[0], *order]), Limits(), SOURCE)
    assert plain is not None
    assert plain.headers.first("via") == (
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
