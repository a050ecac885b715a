"""What a shape reads, the expression for any order reads as well, and finds the same in it."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.signalling.sip.test_plain import LINES, SOURCE, _message, messages

from civicam.signalling.gb28181.manscdp import keepalive
from civicam.signalling.sip.limits import Limits
from civicam.signalling.sip.plain import read_plain
from civicam.signalling.sip.shapes import Shapes

USUAL = _message(list(LINES))
BEAT_BODY = (
    '<?xml version="1.0" encoding="GB2312"?>\r\n<Notify>\r\n<CmdType>Keepalive</CmdType>\r\n<SN>43</SN>\r\n'
    "<DeviceID>34020000001320000001</DeviceID>\r\n<Status>OK</Status>\r\n<Info>\r\n</Info>\r\n</Notify>\r\n"
)


def beat(body: str = BEAT_BODY, length: int | None = None) -> str:
    """A heartbeat in its usual spelling."""
    lines = [*LINES[:-1], f"Content-Length: {len(body) if length is None else length}"]
    return _message(lines, body).decode()


def taught(data: bytes, shapes: Shapes | None = None) -> Shapes:
    """Shapes that learnt the order of one message."""
    known = shapes or Shapes("MESSAGE", r"<a/>")
    known.learn(data.decode("utf-8", "replace"))
    return known


@given(teacher=messages(), data=messages())
@example(teacher=USUAL, data=USUAL)
def test_a_shape_reads_what_the_other_reads(teacher: bytes, data: bytes) -> None:
    for shapes in (Shapes("MESSAGE", r"(?s:.*)"), Shapes("REGISTER", "(?s:.*)", without=["Authorization"])):
        shapes.learn(teacher.decode("latin-1"))
        text = data.decode("latin-1")
        found = shapes.read(text) if data.isascii() else None
        if found is None:
            continue
        plain = read_plain(data, Limits(), SOURCE)
        assert plain is not None
        before, after, from_, from_user, to, to_user, call_id, cseq, length = found
        first = plain.headers.first
        assert f"{before};rport={SOURCE.port}{after};received={SOURCE.host}" == first("via")
        assert [from_, to, call_id, cseq, length] == [
            first(key) for key in ("from", "to", "call-id", "cseq", "content-length")
        ]
        assert (from_user, to_user) == (plain.from_user, plain.to_user)
        assert first("authorization") is None or plain.method == "MESSAGE"


@given(seed=st.permutations(LINES[1:]), after=st.booleans())
def test_every_order_of_the_usual_fields_can_be_learnt(seed: list[str], after: bool) -> None:
    lines = [
        line.replace(";rport;branch=z9hG4bK776a", ";branch=z9hG4bK776a;rport") if after else line
        for line in seed
    ]
    data = _message([LINES[0], *lines])
    other = data.replace(b"z9hG4bK776a", b"z9hG4bK9").replace(b"20 MESSAGE", b"21 MESSAGE")
    found = taught(data).read(other.decode())
    assert found is not None
    assert found[7] == "21 MESSAGE"


@pytest.mark.parametrize(
    "line",
    [
        "Require: x",  # no field of these
        LINES[1],  # twice
        "Via: SIP/2.0/TCP 192.0.2.64:5060;rport;branch=z9hG4bK1",
        "User-Agent: ",
    ],
)
def test_what_is_not_in_its_usual_spelling_is_not_learnt(line: str) -> None:
    lines = [each for each in LINES if each.partition(":")[0] != line.partition(":")[0]]
    if line == LINES[1]:
        lines.append(line)
    assert not Shapes("MESSAGE", "<a/>").learn(_message([*lines, line]).decode())


def test_a_request_without_a_needed_field_or_with_one_too_much_is_none() -> None:
    assert not Shapes("MESSAGE", "<a/>").learn(_message(list(LINES[:4] + LINES[5:])).decode())
    assert not Shapes("MESSAGE", "<a/>", without=["User-Agent"]).learn(USUAL.decode())
    assert not Shapes("REGISTER", "<a/>").learn(USUAL.decode())


def test_what_must_not_be_there_sends_the_request_the_other_way() -> None:
    shapes = Shapes("MESSAGE", "<a/>", without=["Authorization"])
    assert shapes.learn(USUAL.decode())
    assert shapes.read(USUAL.decode()) is not None
    assert shapes.read(_message([*LINES, "Authorization: Digest x"]).decode()) is None


def test_only_so_many_orders_are_kept_and_the_common_one_comes_first() -> None:
    shapes = Shapes("MESSAGE", "<a/>", most=2)
    orders = [_message([LINES[0], *LINES[turn:], *LINES[1:turn]]).decode() for turn in (1, 4, 7)]
    for text in orders:
        assert shapes.learn(text)
    assert len(shapes) == 2
    assert shapes.read(orders[0]) is None
    for text in (orders[1], orders[1], orders[2], orders[1]):
        assert shapes.read(text) is not None


def test_a_body_is_what_content_length_says() -> None:
    shapes = Shapes("MESSAGE", keepalive.USUAL)
    assert shapes.learn(beat())
    assert shapes.read(beat()) is not None
    assert shapes.read(beat(BEAT_BODY.replace(">43<", ">4412<"))) is not None
    assert shapes.read(beat(length=len(BEAT_BODY) - 1)) is None
    assert shapes.read(beat(BEAT_BODY.replace("Keepalive", "Catalog"))) is None


@given(
    body=st.builds(
        lambda at, piece: BEAT_BODY[:at] + piece + BEAT_BODY[at:],
        st.integers(0, len(BEAT_BODY)),
        st.sampled_from(["", " ", "\r\n", "0", "<", "x", "</Notify>", "<Info/>", "ERROR"]),
    )
)
def test_a_usual_heartbeat_is_one_that_says_nothing_more(body: str) -> None:
    """What the lane takes for a heartbeat, the reader of bodies takes for one, and it names no channel."""
    if re.fullmatch(keepalive.USUAL, body) is None:
        assert keepalive.read_plain(body.encode()) is None
        return
    found = keepalive.read_plain(body.encode())
    assert found is not None
    assert found.faulty == ()


@pytest.mark.parametrize(
    ("kind", "taken"),
    [("Application/MANSCDP+xml", True), ("APPLICATION/XML", True), ("text/plain", False)],
)
def test_of_some_types_of_body_only(kind: str, taken: bool) -> None:
    shapes = Shapes("MESSAGE", "<a/>", types=["application/manscdp+xml", "application/xml"])
    assert shapes.learn(USUAL.decode())
    assert (shapes.read(USUAL.decode().replace("Application/MANSCDP+xml", kind)) is not None) is taken
