"""The record of messages: whose they are, what is kept, what goes first, what a reader gets."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from civicam.signalling.sip.build import new_response
from civicam.signalling.sip.message import Request
from civicam.signalling.sip.parse import parse_message
from civicam.signalling.sip.peer import Peer
from civicam.signalling.sip.trace import Trace

if TYPE_CHECKING:
    from tests.signalling.sip.conftest import Wire

DeviceSays = Callable[..., bytes]

CAMERA = "34020000001180000001"
SOURCE = Peer("udp", "192.0.2.64", 5060)
BEAT = "<Notify><CmdType>Keepalive</CmdType></Notify>"


def by_id(user: str, _peer: Peer) -> str:
    """The far side's id is the key; who has none is a stranger."""
    return user


def answer_to(data: bytes, status: int = 200) -> bytes:
    """Our answer."""
    request = parse_message(data)
    assert isinstance(request, Request)
    return new_response(request, status, to_tag="t1").to_bytes()


def test_both_directions_go_to_the_device(wire: Wire, device_says: DeviceSays) -> None:
    """Its requests and our answers by From, our requests and its answers by To."""
    trace = Trace(by_id)
    wire.endpoint.on_wire = trace.record
    wire.receive(device_says("OPTIONS"), SOURCE)
    wire.raw()
    ours = device_says("MESSAGE", to=f"<sip:{CAMERA}@x>").replace(
        b"From: <sip:" + CAMERA.encode(), b"From: <sip:1"
    )
    trace.record(False, ours, SOURCE, 5.0)
    trace.record(True, answer_to(ours), SOURCE, 5.1)
    entries = trace.read(CAMERA)
    assert [(each.number, each.incoming, each.method, each.status) for each in entries] == [
        (1, True, "OPTIONS", 0),
        (2, False, "OPTIONS", 200),
        (3, False, "MESSAGE", 0),
        (4, True, "MESSAGE", 200),
    ]
    first = entries[0]
    assert (first.from_id, first.to_id, first.cseq) == (CAMERA, "34020000002000000001", 20)
    assert (first.call_id, first.branch, first.peer) == ("c1@192.0.2.64", "z9hG4bKa1", SOURCE)
    assert trace.read(CAMERA, after=2) == entries[2:]
    assert trace.read("nobody") == []
    assert trace.counters == {"recorded": 4}


@pytest.mark.parametrize("data", [b"", b"\xff" * 40, b"SIP/2.0 200 OK\r\nCSeq: x\r\nVia: ,\r\nTo: <\r\n\r\n"])
def test_what_cannot_be_read_is_shown_all_the_same(data: bytes) -> None:
    trace = Trace(by_id)
    trace.record(True, data, SOURCE, 1.0)
    (entry,) = trace.read("")
    assert (entry.message, entry.method, entry.cseq, entry.branch, entry.from_id) == (data, "", 0, "", "")
    assert bool(entry.text) is bool(data)


def test_the_device_decides_by_id_and_address() -> None:
    """A channel's id belongs to the device that packets come from: the caller says so."""
    told: list[tuple[str, Peer]] = []

    def key_of(user: str, peer: Peer) -> str:
        told.append((user, peer))
        return "d1"

    trace = Trace(key_of)
    trace.record(
        True, b'INVITE sip:x SIP/2.0\r\nt: <sip:2@h>\r\nf : "A" <sips:1@h>;tag=1\r\n\r\n', SOURCE, 1.0
    )
    trace.record(False, b"INVITE sip:x SIP/2.0\r\nt: sip:2@h\r\nf: <sips:1@h>\r\n\r\n", SOURCE, 1.0)
    for user in (b"a.b", b"", b"x" * 65):
        trace.record(True, b"BYE sip:x SIP/2.0\r\nFrom: <sip:" + user + b"@h>\r\n\r\n", SOURCE, 1.0)
    assert [user for user, _ in told] == ["1", "2", "a.b", "", ""]
    assert {peer for _, peer in told} == {SOURCE}
    assert len(trace.read("d1")) == 5


def test_a_long_message_is_cut_and_secrets_never_leave(device_says: DeviceSays) -> None:
    trace = Trace(by_id, message_bytes=600)
    body = "<Response><CmdType> ConfigDownload </CmdType><Password>p1</Password>" + "<n>码</n>" * 100
    trace.record(True, device_says("MESSAGE", body=body), SOURCE, 1.0)
    (entry,) = trace.read(CAMERA)
    assert entry.cut
    assert entry.command == "ConfigDownload"
    assert (entry.size > 600, len(entry.message)) == (True, 601)  # two bytes of secret, three of mask
    assert "p1" not in entry.text
    assert "码" in entry.text


def test_the_body_is_read_in_the_charset_it_has(device_says: DeviceSays) -> None:
    """GB2312 announced or not, UTF-8 announced as GB2312, a character cut in half."""
    trace = Trace(by_id)
    for body in ("东门".encode("gb18030"), "东门".encode(), "东门".encode()[:-1]):
        trace.record(True, device_says("MESSAGE") + body, SOURCE, 1.0)
    assert [each.text.rpartition("\n")[2] for each in trace.read(CAMERA)] == ["东门", "东门", "东"]


def test_heartbeats_do_not_push_out_the_rest(device_says: DeviceSays) -> None:
    """The last heartbeat with its answer is kept beside the other messages, in order."""
    trace = Trace(lambda _user, _peer: CAMERA, messages=3)
    register = device_says("REGISTER")
    trace.record(True, register, SOURCE, 0.0)
    trace.record(False, answer_to(register, 401), SOURCE, 0.0)
    for number in range(50):
        beat = device_says("MESSAGE", body=BEAT, branch=f"z9hG4bK{number}")
        trace.record(True, beat, SOURCE, float(number))
        trace.record(True, answer_to(register, 486), SOURCE, float(number)) if number == 49 else None
        trace.record(False, answer_to(beat), SOURCE, float(number))
    shown = [(each.number, each.method, each.status) for each in trace.read(CAMERA)]
    assert shown == [
        (1, "REGISTER", 0),
        (2, "REGISTER", 401),
        (101, "MESSAGE", 0),
        (102, "REGISTER", 486),
        (103, "MESSAGE", 200),
    ]
    assert trace.counters["aged"] == 98


def test_the_ring_forgets_the_oldest(device_says: DeviceSays) -> None:
    trace = Trace(by_id, messages=2)
    for number in range(5):
        trace.record(True, device_says("OPTIONS", cseq=str(number)), SOURCE, 0.0)
    assert [each.cseq for each in trace.read(CAMERA)] == [3, 4]
    assert trace.counters["aged"] == 3


def test_the_largest_pays_when_memory_is_short(device_says: DeviceSays) -> None:
    """One device that floods loses its own oldest messages, not the few of the others."""
    trace = Trace(by_id, messages=10_000, total_bytes=50_000)
    quiet = [device_says("OPTIONS").replace(CAMERA.encode(), b"quiet%d" % each) for each in range(10)]
    for each in quiet:
        trace.record(True, each, SOURCE, 0.0)
    for number in range(1000):
        trace.record(True, device_says("OPTIONS", cseq=str(number)), SOURCE, 1.0)
        assert trace.held <= 50_000
    assert all(len(trace.read(f"quiet{each}")) == 1 for each in range(10))
    assert trace.read(CAMERA)[-1].cseq == 999
    assert trace.counters["evicted"] == 1010 - 10 - len(trace.read(CAMERA))


def test_what_is_forgotten_frees_its_memory(device_says: DeviceSays) -> None:
    trace = Trace(by_id, total_bytes=600)
    trace.forget(CAMERA)
    trace.record(True, device_says("MESSAGE", body=BEAT), SOURCE, 0.0)
    trace.record(True, b"x" * 9000, SOURCE, 0.0)  # more than there is room for in all
    assert (len(trace), trace.held) == (1, trace.held)
    trace.forget(CAMERA)
    trace.forget("")
    assert (len(trace), trace.held) == (0, 0)


@given(
    st.lists(st.tuples(st.sampled_from("abcdef"), st.booleans(), st.integers(0, 3000)), max_size=80),
    st.integers(1000, 20_000),
)
def test_memory_is_counted_right(messages: list[tuple[str, bool, int]], total: int) -> None:
    """Whatever comes: never more than the bound, nothing lost from the books, order kept."""
    trace = Trace(by_id, messages=5, message_bytes=2000, total_bytes=total)
    for user, beat, size in messages:
        body = BEAT if beat else ""
        data = f"X sip:x SIP/2.0\r\nFrom: <sip:{user}@h>\r\n\r\n{body}".encode() + b"x" * size
        trace.record(True, data, SOURCE, 0.0)
        assert trace.held <= total
    held = 0
    for user in "abcdef":
        entries = trace.read(user)
        held += sum(len(each.message) + 256 for each in entries)
        assert [each.number for each in entries] == sorted(each.number for each in entries)
        trace.forget(user)
    assert trace.counters["recorded"] == len(messages)
    assert (held >= 0, trace.held, len(trace)) == (True, 0, 0)


def test_whose_name_was_read_already_is_found_by_it_or_by_where_the_message_belongs() -> None:
    """A stranger who was read has no ring of his own, however often he comes."""
    trace = Trace(lambda far_id, _peer: far_id if far_id == "known" else "")
    here = Peer("udp", "192.0.2.1", 5060)
    for who in ("known", "known", "stranger", "stranger", "other"):
        trace.record(True, b"MESSAGE sip:a SIP/2.0\r\n\r\n", here, 1.0, who)
    assert (len(trace.read("known")), len(trace.read(""))) == (2, 3)
    assert trace.read("stranger") == []


def test_of_heartbeats_in_the_lane_the_last_is_kept(device_says: DeviceSays) -> None:
    """Beside all else, in its place in time; one that goes the whole way takes its place, and the reverse."""
    trace = Trace(by_id)
    beat = device_says("MESSAGE", body=BEAT)
    register = device_says("REGISTER")
    trace.beat(CAMERA, register, answer_to(register, 401), SOURCE, 0.0)
    for number in range(3):
        trace.beat(CAMERA, beat, answer_to(beat), SOURCE, 1.0 + number)
    shown = [(each.at, each.incoming, each.method, each.status) for each in trace.read(CAMERA)]
    registered = [(0.0, True, "REGISTER", 0), (0.0, False, "REGISTER", 401)]
    assert shown == [*registered, (3.0, True, "MESSAGE", 0), (3.0, False, "MESSAGE", 200)]
    trace.record(True, beat, SOURCE, 4.0)
    trace.record(False, answer_to(beat), SOURCE, 4.0)
    assert [each.at for each in trace.read(CAMERA)] == [0.0, 0.0, 4.0, 4.0]
    trace.beat(CAMERA, beat, answer_to(beat), SOURCE, 5.0)
    assert [each.at for each in trace.read(CAMERA)] == [0.0, 0.0, 5.0, 5.0]
    assert [each.at for each in trace.read(CAMERA, after=8)] == [5.0, 5.0]
    trace.forget(CAMERA)
    assert (trace.read(CAMERA), trace.held, len(trace)) == ([], 0, 0)


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("lwr"), st.integers(0, 900)), max_size=80),
    st.integers(1000, 6_000),
)
def test_the_lane_is_in_the_books(messages: list[tuple[str, str, int]], total: int) -> None:
    trace = Trace(by_id, messages=5, message_bytes=2000, total_bytes=total)
    for user, way, size in messages:
        data = f"X sip:x SIP/2.0\r\nFrom: <sip:{user}@h>\r\n\r\n{BEAT if way == 'w' else ''}".encode()
        data += b"x" * size
        if way == "l":
            trace.beat(user, data, b"SIP/2.0 200 OK\r\n\r\n", SOURCE, 0.0)
        else:
            trace.record(True, data, SOURCE, 0.0)
        assert trace.held <= total
    for user in "abc":
        numbers = [each.number for each in trace.read(user)]
        assert numbers == sorted(set(numbers))
        trace.forget(user)
    assert (trace.held, len(trace)) == (0, 0)
