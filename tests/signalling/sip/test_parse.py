"""Where Content-Length and bytes disagree, how much is too much, and seeded rubbish."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from civicam.signalling.sip.errors import BadMessage
from civicam.signalling.sip.events import MessageRejected, RequestReceived
from civicam.signalling.sip.limits import Limits
from civicam.signalling.sip.message import Request
from civicam.signalling.sip.parse import finish, parse_datagram, parse_message
from civicam.signalling.sip.peer import Peer
from civicam.signalling.sip.stream import StreamBuffer

if TYPE_CHECKING:
    from tests.signalling.sip.conftest import Wire

DeviceSays = Callable[..., bytes]
XML = "Content-Type: Application/MANSCDP+xml\r\n"
SDP = "Content-Type: application/sdp\r\n"


@pytest.mark.parametrize(
    ("method", "extra", "length", "body"),
    [
        ("MESSAGE", XML, "4", b"<a/>"),
        ("MESSAGE", XML, "  4  ", b"<a/>"),
        ("MESSAGE", XML, "2", b"<a/>"),
        ("MESSAGE", XML, "0", b"<a/>"),
        ("NOTIFY", XML, "400", b"<a/>"),
        ("INVITE", SDP, "4", b"<a/>"),
        ("INVITE", SDP, "2", b"<a"),
        ("INVITE", SDP, "0", b"<a/>"),
        ("REGISTER", "", "0", b""),
    ],
)
def test_what_a_datagram_holds(
    device_says: DeviceSays, method: str, extra: str, length: str, body: bytes
) -> None:
    """Devices count characters, forget, or write 0: a command keeps its body (gb28181.md §2.11)."""
    request = parse_message(device_says(method, extra=extra, body="<a/>", length=length))
    assert request.body == body


def test_without_a_length_a_datagram_is_the_rest(device_says: DeviceSays) -> None:
    """RFC 3261 §18.3."""
    data = device_says("MESSAGE", extra=XML, body="<a/>").replace(b"Content-Length: 4\r\n", b"")
    assert parse_message(data).body == b"<a/>"


@pytest.mark.parametrize(
    ("method", "length"), [("INVITE", "5"), ("MESSAGE", "-1"), ("MESSAGE", "four"), ("MESSAGE", "9" * 20)]
)
def test_half_an_offer_and_no_number_are_refused(device_says: DeviceSays, method: str, length: str) -> None:
    """A truncated SDP would open a session nobody described."""
    with pytest.raises(BadMessage, match=r"signalling\.bad-length"):
        parse_message(device_says(method, extra=SDP, body="v=0\n", length=length))


def test_a_datagram_may_end_after_its_last_field(device_says: DeviceSays) -> None:
    """Without the empty line."""
    assert isinstance(parse_message(device_says("OPTIONS")[:-2]), Request)


@pytest.mark.parametrize(
    ("limits", "extra", "what"),
    [
        (Limits(head_bytes=200), "", "bytes in the head"),
        (Limits(line_bytes=80), "X: " + "y" * 80 + "\r\n", "bytes in a line"),
        (Limits(header_fields=8), "X: y\r\n" * 8, "header fields"),
    ],
)
def test_too_much_is_513(device_says: DeviceSays, limits: Limits, extra: str, what: str) -> None:
    """Each bound by its own name; and the bound itself is still taken."""
    with pytest.raises(BadMessage) as refused:
        parse_message(device_says("OPTIONS", extra=extra), limits)
    assert (refused.value.status, refused.value.data["what"]) == (513, what)


@pytest.mark.parametrize(
    "change",
    [
        (b"From:", b"From"),
        (b"From: <", b"From: \n<"),
        (b"From: <", b"From: \r<"),
        (b"From:", b"Fr om:"),
        (b"OPTIONS sip", b"OPT(IONS sip"),
        (b" SIP/2.0\r\nVia", b"\r\nVia"),
        (b"SIP/2.0\r\nVia", b"HTTP/1.1\r\nVia"),
        (b"Via: SIP/2.0/UDP 192.0.2.64:5060;rport;branch=z9hG4bKa1", b"Via: ,"),
        (b"Via: SIP/2.0/UDP 192.0.2.64:5060;rport;branch=z9hG4bKa1", b"Via:"),
        (b"Call-ID: c1@192.0.2.64", b"Call-ID:"),
        (b"CSeq: 20 OPTIONS\r\n", b""),
        (b"CSeq: 20 OPTIONS\r\n", b"CSeq: 20 OPTIONS\r\nCSeq: 20 OPTIONS\r\n"),
        (b"OPTIONS sip:34020000002000000001@3402000000", b"OPTIONS sip:"),
        (b"From:", b"Via: nonsense\r\nFrom:"),
    ],
)
def test_what_is_refused(device_says: DeviceSays, change: tuple[bytes, bytes]) -> None:
    """A line break alone, a field without colon, a start line of another protocol …"""
    data = device_says("OPTIONS")
    assert change[0] in data
    with pytest.raises(BadMessage):
        parse_message(data.replace(*change, 1))


@pytest.mark.parametrize(
    ("method", "other", "sound"), [("BYE", "INVITE", True), ("INVITE", "BYE", False), ("BYE", "ACK", False)]
)
def test_a_bye_may_name_its_invite_in_cseq(
    device_says: DeviceSays, method: str, other: str, sound: bool
) -> None:
    """Programs repeat the INVITE's CSeq whole; nothing else is let through."""
    data = device_says(method).replace(f"CSeq: 20 {method}".encode(), f"CSeq: 20 {other}".encode())
    if sound:
        assert parse_message(data).cseq.method == other
    else:
        with pytest.raises(BadMessage):
            parse_message(data)


@pytest.mark.parametrize(("method", "sound"), [("REGISTER", False), ("INVITE", False), ("MESSAGE", True)])
def test_a_contact_is_read_where_it_founds_something(
    device_says: DeviceSays, method: str, sound: bool
) -> None:
    """Who may rely on it must not be surprised by it; elsewhere nobody looks."""
    data = device_says(method, extra="Contact: <nothing>\r\n")
    if sound:
        assert parse_message(data).call_id == "c1@192.0.2.64"
    else:
        with pytest.raises(BadMessage):
            parse_message(data)


def test_every_fault_has_its_text_in_both_languages(device_says: DeviceSays) -> None:
    """People read it in the console."""
    with pytest.raises(BadMessage) as refused:
        parse_message(device_says("OPTIONS", cseq="x"))
    assert "CSeq" in refused.value.text("zh-CN")
    assert refused.value.text("zh-CN") != refused.value.text("en")


def stream_says(data: bytes, limits: Limits | None = None) -> tuple[StreamBuffer, list[bytes]]:
    """Feed a connection; gives the bodies of what came out."""
    stream = StreamBuffer(limits or Limits())
    stream.feed(data)
    bodies = []
    while (found := stream.next_message()) is not None:
        draft, body, _ = found
        if draft.fault is None:
            bodies.append(body)
    return stream, bodies


@pytest.mark.parametrize(
    ("data", "limits"),
    [
        (b"x" * 300, Limits(head_bytes=200)),
        (b"OPTIONS sip:a SIP/2.0\r\nX: " + b"y" * 300 + b"\r\n\r\n", Limits(head_bytes=200)),
        (b"MESSAGE sip:a SIP/2.0\r\nContent-Length: 900\r\n\r\n", Limits(message_bytes=800)),
        (b"MESSAGE sip:a SIP/2.0\r\nContent-Length: -1\r\n\r\n", Limits()),
        (b"MESSAGE sip:a SIP/2.0\r\nContent-Length: 1\r\nl: 2\r\n\r\n", Limits()),
        (b"MESSAGE sip:a SIP/2.0\r\nContent-Type: text/xml\r\n\r\n<a/>", Limits()),
        (b"\x16\x03\x01 hello\r\n\r\n", Limits()),
        (b"SIP/2.0 9999 what\r\n\r\n", Limits()),
    ],
)
def test_a_stream_that_lost_its_place_is_broken_for_good(data: bytes, limits: Limits) -> None:
    """Nobody knows where the next message begins."""
    stream, bodies = stream_says(data, limits)
    assert stream.broken
    assert (bodies, stream.pending) == ([], 0)
    stream.feed(b"OPTIONS sip:a SIP/2.0\r\nContent-Length: 0\r\n\r\n")
    assert stream.next_message() is None


def counted_in_characters(device_says: DeviceSays, charset: str, ends: str = "</Notify>\r\n") -> bytes:
    """A notice whose length is that of its text, as some programs count."""
    text = f"<Notify><CmdType>Alarm</CmdType><Name>南门停车场入口</Name>{ends}"
    head = device_says("MESSAGE", length=str(len(text)), extra=XML)
    return head + text.encode(charset)


@pytest.mark.parametrize("charset", ["utf-8", "gb18030"])
@pytest.mark.parametrize("ends", ["</Notify>\r\n", "</Notify>", "</Notify>\r\n\r\n"])
def test_a_length_in_characters_is_understood_on_tcp(
    wire: Wire, device_says: DeviceSays, charset: str, ends: str
) -> None:
    """Cut anywhere, followed by anything: the body is whole and the next message is found."""
    peer = wire.connect()
    data = counted_in_characters(device_says, charset, ends)
    for at in range(0, len(data), 7):
        wire.receive(data[at : at + 7], peer)
    wire.receive(data.replace(b"branch=z9hG4bKa1", b"branch=z9hG4bKa2") + device_says("OPTIONS"), peer)
    bodies = [event.request.body for event in wire.events() if isinstance(event, RequestReceived)]
    assert len(bodies) == 2
    assert all(body.decode(charset).startswith("<Notify>") and body.endswith(b"</Notify>") for body in bodies)
    assert wire.statuses() == [200]
    assert wire.endpoint.counters["miscounted-length"] == 2
    assert wire.endpoint.connections_to_close() == []


def test_a_body_that_never_closes_is_given_up_in_time(wire: Wire, device_says: DeviceSays) -> None:
    """It may be the quirk or broken XML: the next message tells, or half a minute does."""
    peer = wire.connect()
    data = counted_in_characters(device_says, "utf-8", "")
    wire.receive(data[:-14], peer)
    assert wire.events() == []
    wire.receive(b"", peer)
    assert wire.jump() == 30.0
    assert wire.endpoint.counters["drop-half-open"] == 1


@pytest.mark.parametrize("length", [24, 40])
def test_a_body_that_never_closes_ends_before_the_next_message(device_says: DeviceSays, length: int) -> None:
    """Right length, broken XML: it costs only itself."""
    body = "<Notify><Name>南门".encode()
    body += b"x" * (length - len(body))
    head = device_says("MESSAGE", length=str(length), extra=XML)
    assert stream_says(head + body + device_says("OPTIONS"))[1] == [body, b""]
    assert stream_says(head + body + b" " * 300)[1] == [body]


@pytest.mark.parametrize("body", ["<Notify>broken", "南门", "<Other>南门", "<Notify>南</Notify><Notify>"])
def test_other_bodies_do_not_wait(device_says: DeviceSays, body: str) -> None:
    """Plain ASCII, no root we know, a root that closes: the length is believed at once."""
    data = device_says("MESSAGE", body=body, extra=XML)
    assert stream_says(data)[1] == [body.encode()]


def test_half_an_end_tag_waits_for_its_other_half(device_says: DeviceSays) -> None:
    data = counted_in_characters(device_says, "utf-8", "</Notify>")
    assert stream_says(data[:-1])[1] == []
    assert len(stream_says(data)[1]) == 1


def test_a_lost_place_is_named(wire: Wire, device_says: DeviceSays) -> None:
    """A length too short, in a body we cannot mend: the fault says what to look at; the connection closes."""
    peer = wire.connect()
    data = device_says("INFO", length="5", extra="Content-Type: Application/MANSRTSP\r\n") + b"PAUSE RTSP/1.0"
    wire.receive(data + b"\r\n\r\n", peer)
    rejected = [event for event in wire.events() if isinstance(event, MessageRejected)]
    assert [event.code for event in rejected] == ["signalling.lost-place"]
    assert wire.endpoint.connections_to_close() == [peer]


def test_a_broken_message_in_a_sound_frame_costs_only_itself(wire: Wire, device_says: DeviceSays) -> None:
    """400 to the first, 200 to the second, the connection stays."""
    peer = wire.connect()
    wire.receive(device_says("OPTIONS", cseq="no") + device_says("OPTIONS"), peer)
    assert wire.statuses_raw() == [400, 200]
    assert wire.endpoint.connections_to_close() == []


def test_no_length_and_no_type_means_no_body(device_says: DeviceSays) -> None:
    """The RFC asks for Content-Length on TCP; a message without a body is still plain."""
    data = device_says("OPTIONS").replace(b"Content-Length: 0\r\n", b"")
    assert stream_says(data + data)[1] == [b"", b""]


@pytest.mark.parametrize("seed", range(20))
def test_rubbish_neither_breaks_nor_amplifies(wire: Wire, device_says: DeviceSays, seed: int) -> None:
    """Sound messages with bytes changed, cut, doubled: no exception, no answer above twice the bytes."""
    chance = random.Random(seed)
    sound = [
        device_says("MESSAGE", extra=XML, body="<a/>"),
        device_says("INVITE", extra=SDP, body="v=0\n"),
        device_says("REGISTER", extra='Authorization: Digest username="a"\r\nExpires: 60\r\n'),
        device_says("CANCEL"),
        b"SIP/2.0 200 OK\r\n" + device_says("BYE").split(b"\r\n", 1)[1],
    ]
    peer = wire.connect()
    for number in range(150):
        data = bytearray(chance.choice(sound))
        for _ in range(chance.randrange(1, 8)):
            at = chance.randrange(len(data))
            match chance.randrange(4):
                case 0:
                    data[at] = chance.randrange(256)
                case 1:
                    del data[at : at + chance.randrange(1, 30)]
                case 2:
                    data[at:at] = data[at : at + chance.randrange(1, 30)]
                case _:
                    data[at:at] = chance.choice([b"\r\n", b'"', b"<", b";", b",", b"\0", b"\xff", b"%"])
            if not data:
                data = bytearray(b"\r")
        source = Peer("udp", f"198.51.100.{number}", 5060)
        wire.receive(bytes(data), source)
        spent = sum(len(answer) for answer, to in wire.raw() if to == source)
        assert spent <= 2 * len(data)
        wire.receive(bytes(data), peer)
        if wire.endpoint.connections_to_close():
            peer = wire.connect(Peer("tcp", "192.0.2.64", 40001, number + 2))
    while wire.endpoint.get_timer() is not None:
        wire.jump()
    wire.events()
    assert wire.endpoint.transactions == 0


@pytest.mark.parametrize("seed", range(10))
def test_any_bytes_give_a_message_or_a_fault(seed: int) -> None:
    """Nothing else may leave the parser."""
    chance = random.Random(seed)
    for _ in range(300):
        data = chance.randbytes(chance.randrange(200))
        draft, body = parse_datagram(b"MESSAGE sip:a SIP/2.0\r\n" + data, Limits())
        with pytest.raises(BadMessage):
            finish(draft, body)
