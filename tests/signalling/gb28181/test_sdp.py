"""Offers, answers, and what devices call an answer."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from civicam.signalling.gb28181.fline import G711A, FLine
from civicam.signalling.gb28181.sdp import (
    Answer,
    HistoryUri,
    Offer,
    Payload,
    Sdp,
    SessionName,
    Setup,
    StreamForm,
    Subject,
    Voice,
    build_answer,
    build_offer,
    build_voice,
    opposite,
    parse,
)
from civicam.signalling.gb28181.xml import Malformed

OWN = "34020000002000000001"
NVR = "34020000001180000001"


def test_the_offer_line_by_line() -> None:
    assert build_offer(Offer(OWN, "192.0.2.10", 30000, 200000017)).decode().split("\r\n") == [
        "v=0",
        f"o={OWN} 0 0 IN IP4 192.0.2.10",
        "s=Play",
        "c=IN IP4 192.0.2.10",
        "t=0 0",
        "m=video 30000 RTP/AVP 96 98 100",
        "a=recvonly",
        "a=rtpmap:96 PS/90000",
        "a=rtpmap:98 H264/90000",
        "a=rtpmap:100 H265/90000",
        "a=streamnumber:0",
        "y=0200000017",
        "",
    ]


def test_the_offer_of_a_download_line_by_line() -> None:
    uri = str(HistoryUri("34020000001310000001"))
    offer = Offer(
        OWN, "192.0.2.10", 30000, 1200000017, tcp=True, stream_form="none", setup="active",
        session="Download", uri=uri, start=1772414400, stop=1772418000, speed=4,
    )  # fmt: skip
    assert build_offer(offer).decode().split("\r\n") == [
        "v=0",
        f"o={OWN} 0 0 IN IP4 192.0.2.10",
        "s=Download",
        "u=34020000001310000001:0",
        "c=IN IP4 192.0.2.10",
        "t=1772414400 1772418000",
        "m=video 30000 TCP/RTP/AVP 96 98 100",
        "a=recvonly",
        "a=rtpmap:96 PS/90000",
        "a=rtpmap:98 H264/90000",
        "a=rtpmap:100 H265/90000",
        "a=setup:active",
        "a=connection:new",
        "a=downloadspeed:4",
        "y=1200000017",
        "",
    ]


@pytest.mark.parametrize("session", ["Playback", "Download"])
@pytest.mark.parametrize("setup", ["active", "passive"])
def test_an_offer_of_history_is_read_back(session: SessionName, setup: Setup) -> None:
    uri = HistoryUri("34020000001310000001", 2)
    offer = Offer(
        OWN, "192.0.2.10", 30000, 1200000017, tcp=True, setup=setup, session=session, uri=str(uri),
        start=1772414400, stop=1772418000, speed=2 if session == "Download" else 0,
    )  # fmt: skip
    found = parse(build_offer(offer))
    assert (found.session, found.history(), found.setup) == (session, uri, setup)
    assert (found.start, found.stop) == (1772414400, 1772418000)
    assert found.speed == (2 if session == "Download" else None)


def test_an_answer_of_history_is_read_back() -> None:
    answer = Answer(
        NVR, "192.0.2.64", 15060, 1200000017, tcp=True, session="Download", setup="passive",
        start=1772414400, stop=1772418000, payload=(100, "H265"),
        parameters=FLine(5, "6", 25, 2, 4096, 1, 8, 1), filesize=123456789,
    )  # fmt: skip
    found = parse(build_answer(answer))
    assert (found.session, found.start, found.stop) == ("Download", 1772414400, 1772418000)
    assert (found.setup, found.filesize, found.payload("H265")) == ("passive", 123456789, 100)
    assert found.codec() == answer.parameters
    assert not found.is_ps()
    assert found.payload("PS") is None


def test_the_composed_live_exchange_over_tcp() -> None:
    """Offer and answer as a platform and a recorder of 2022 write them."""
    offer = (
        "v=0|o=34020000002000000001 0 0 IN IP4 192.0.2.10|s=Play|c=IN IP4 192.0.2.10|t=0 0|"
        "m=video 30016 TCP/RTP/AVP 96 98 100|a=recvonly|a=rtpmap:96 PS/90000|a=rtpmap:98 H264/90000|"
        "a=rtpmap:100 H265/90000|a=setup:passive|a=connection:new|a=streamnumber:0|y=0200000017|f=v/////a///|"
    ).replace("|", "\r\n")
    assert len(offer) == 288
    ours = build_offer(Offer(OWN, "192.0.2.10", 30016, 0x0BEBC211, tcp=True))
    assert ours.decode() == offer.replace("f=v/////a///\r\n", "")  # f= may be left out, and is
    answer = parse(
        (
            "v=0|o=34020000001180000001 0 0 IN IP4 192.0.2.64|s=Play|c=IN IP4 192.0.2.64|t=0 0|"
            "m=video 15060 TCP/RTP/AVP 96|a=sendonly|a=rtpmap:96 PS/90000|a=setup:active|"
            "a=connection:new|y=0200000017|f=v/5/6/25/2/4096a/1/8/1|"
        )
        .replace("|", "\r\n")
        .encode()
    )
    assert (answer.host, answer.port, answer.ssrc) == ("192.0.2.64", 15060, 0x0BEBC211)
    assert answer.sender_setup("passive") == "active"
    assert answer.codec() == FLine(5, "6", 25, 2, 4096, 1, 8, 1)


def test_an_answer_may_leave_the_ssrc_out() -> None:
    body = build_answer(Answer(NVR, "192.0.2.64", 15060, None))
    assert b"y=" not in body
    assert parse(body).ssrc is None


@pytest.mark.parametrize("tcp", [False, True])
def test_voice_both_ways(tcp: bool) -> None:
    asked = parse(build_voice(Voice(NVR, "192.0.2.64", 20000, 200000018, "recvonly", tcp, "active")))
    assert (asked.media, asked.tcp, asked.direction, asked.ssrc) == ("audio", tcp, "recvonly", 200000018)
    assert asked.takes_pcma()
    assert asked.codec() == G711A
    assert asked.setup == ("active" if tcp else None)
    answer = build_voice(Voice(OWN, "192.0.2.10", 30000, 200000018, "sendonly", tcp, "passive"))
    assert answer.decode().split("\r\n") == [
        "v=0",
        f"o={OWN} 0 0 IN IP4 192.0.2.10",
        "s=Play",
        "c=IN IP4 192.0.2.10",
        "t=0 0",
        f"m=audio 30000 {'TCP/' if tcp else ''}RTP/AVP 8",
        "a=sendonly",
        "a=rtpmap:8 PCMA/8000",
        *(["a=setup:passive", "a=connection:new"] if tcp else []),
        "y=0200000018",
        "f=v/////a/1/8/1",
        "",
    ]


@pytest.mark.parametrize(
    ("line", "takes"),
    [
        ("m=audio 9 RTP/AVP 8 96\r\na=rtpmap:8 PCMA/8000/1\r\na=rtpmap:96 PS/90000", True),
        ("m=audio 9 RTP/AVP 8", True),
        ("m=audio 9 RTP/AVP 96\r\na=rtpmap:96 pcma/8000", True),
        ("m=audio 9 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000", False),
        ("m=audio 9 RTP/AVP 8\r\na=rtpmap:8 G726/8000", False),
    ],
)
def test_whether_a_loudspeaker_takes_g711a(line: str, takes: bool) -> None:
    assert parse(f"c=IN IP4 192.0.2.64\r\n{line}\r\n".encode()).takes_pcma() is takes


def test_a_missing_role_is_the_opposite_of_the_offer() -> None:
    silent = parse(BASE.encode())
    assert silent.sender_setup("passive") == "active"
    assert silent.sender_setup("active") == "passive"
    assert parse((BASE + "a=setup:passive\r\n").encode()).sender_setup("passive") == "passive"
    assert opposite(opposite("active")) == "active"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("34020000001310000001:3", HistoryUri("34020000001310000001", 3)),
        (" 34020000001310000001 ", HistoryUri("34020000001310000001")),
        ("34020000001310000001:", HistoryUri("34020000001310000001")),
        ("http://34020000002100000001/a/b", None),
        ("", None),
        ("3402000000131000000１:0", None),
    ],
)
def test_what_a_recording_is_asked_by(text: str, found: HistoryUri | None) -> None:
    assert parse((BASE + f"u={text}\r\n").encode()).history() == found


@pytest.mark.parametrize("tcp", [False, True])
@pytest.mark.parametrize("stream", [0, 1])
def test_an_offer_is_read_back(tcp: bool, stream: int) -> None:
    found = parse(build_offer(Offer(OWN, "192.0.2.10", 30000, 200000017, tcp, stream)))
    assert (found.host, found.port, found.tcp, found.ssrc) == ("192.0.2.10", 30000, tcp, 200000017)
    assert (found.setup, found.direction, found.stream) == ("passive" if tcp else None, "recvonly", stream)
    assert found.is_ps()


@pytest.mark.parametrize("tcp", [False, True])
def test_an_answer_is_read_back(tcp: bool) -> None:
    found = parse(build_answer(Answer(NVR, "2001:db8::1", 15060, 17, tcp)))
    assert found == Sdp(
        host="2001:db8::1",
        port=15060,
        tcp=tcp,
        owner=NVR,
        payloads=(Payload(96, "PS", 90000),),
        direction="sendonly",
        setup="active" if tcp else None,
        ssrc=17,
        parameters="v/////a///",
    )


@pytest.mark.parametrize(
    ("form", "stream", "line"),
    [
        ("streamnumber", 1, "a=streamnumber:1"),
        ("streamprofile", 1, "a=streamprofile:1"),
        ("stream", 0, "a=stream:main"),
        ("streamMode", 1, "a=streamMode:SUB"),
    ],
)
def test_main_and_sub_in_the_devices_own_words(form: StreamForm, stream: int, line: str) -> None:
    body = build_offer(Offer(OWN, "192.0.2.10", 30000, 1, stream=stream, stream_form=form))
    assert f"\r\n{line}\r\n" in body.decode()
    assert parse(body).stream == stream


def test_a_device_that_knows_no_streams_is_told_none() -> None:
    body = build_offer(Offer(OWN, "192.0.2.10", 30000, 1, stream_form="none"))
    assert b"stream" not in body
    assert parse(body).stream is None


BASE = "v=0\r\no=x 0 0 IN IP4 192.0.2.64\r\nc=IN IP4 192.0.2.64\r\nm=video 15060 RTP/AVP 96\r\n"


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        (BASE + "y=0200000017\r\n", "ssrc", 200000017),
        (BASE + "y=17\r\n", "ssrc", 17),
        (BASE + "y = 0200000017 \r\n", "ssrc", 200000017),
        (BASE + "y=4294967296\r\n", "ssrc", None),
        (BASE + "y=\r\n", "ssrc", None),
        (BASE, "ssrc", None),
        (BASE.replace("\r\n", "\n"), "port", 15060),
        (BASE.replace("\r\n", "\r"), "port", 15060),
        (BASE + "f=v/0/0/0/0/0a/1/8/1\r\n", "parameters", "v/0/0/0/0/0a/1/8/1"),
        (BASE + "s=Embedded Net DVR\r\n", "session", "Embedded Net DVR"),
        (BASE + "t=1772414400 1772418000\r\n", "start", 1772414400),
        (BASE + "t=3981403200 3981406800\r\n", "stop", 1772418000),
        (BASE + "t=x\r\n", "start", 0),
        (BASE + "u=34020000001310000001:0\r\n", "uri", "34020000001310000001:0"),
        (BASE + "a=setup:ACTIVE\r\n", "setup", "active"),
        (BASE + "a=setup:actpass\r\n", "setup", None),
        (BASE + "c=IN IP4 192.0.2.65\r\n", "host", "192.0.2.65"),
        (BASE + "c=IN IP4 224.2.1.1/127\r\n", "host", "224.2.1.1"),
        (BASE + "c=\r\n", "host", "192.0.2.64"),
        (BASE.replace("c=IN IP4 192.0.2.64\r\n", ""), "host", "192.0.2.64"),
        (BASE + "m=audio 20000 RTP/AVP 8\r\na=sendrecv\r\nc=IN IP4 192.0.2.99\r\ny=5\r\n", "ssrc", 5),
        (BASE + "m=audio 20000 RTP/AVP 8\r\na=sendrecv\r\nc=IN IP4 192.0.2.99\r\n", "host", "192.0.2.64"),
        (BASE + "m=audio 20000 RTP/AVP 8\r\na=sendrecv\r\n", "direction", None),
        (BASE + "a=streamMode:SUB\r\n", "stream", 1),
        (BASE + "a=downloadspeed:4\r\n", "speed", 4),
        (BASE + "a=downloadspeed:0\r\n", "speed", None),
        (BASE + "a=filesize:0\r\n", "filesize", None),
        (BASE + "a=FileSize: 1048576 \r\n", "filesize", 1048576),
        (BASE.replace("\r\n", "\r\r\n") + "y=5\r\r\n", "ssrc", 5),
        (BASE + "a=stream:third\r\n", "stream", None),
        (BASE + "a=rtpmap:zz PS/90000\r\na=rtpmap:96\r\n", "payloads", (Payload(96),)),
        (BASE.replace("RTP/AVP 96", "tcp/rtp/avp 96"), "tcp", True),
        (BASE.replace(" RTP/AVP 96", ""), "payloads", ()),
        (BASE.replace("15060", "15060/2"), "port", 15060),
        ("no line\r\nfoo=bar\r\n" + BASE, "port", 15060),
    ],
)
def test_answers_as_they_come(text: str, field: str, value: object) -> None:
    assert getattr(parse(text.encode()), field) == value


def test_an_answer_without_parameters_has_no_codec() -> None:
    assert parse(BASE.encode()).codec() is None
    assert parse((BASE + "f=nonsense\r\n").encode()).codec() is None


def test_makers_formats_are_recognised() -> None:
    assert parse((BASE + "a=rtpmap:96 HIKVISION/90000\r\n").encode()).private_encoding() == "HIKVISION"
    assert parse((BASE + "a=rtpmap:96 dahua/90000\r\n").encode()).private_encoding() == "DAHUA"
    good = parse(BASE.encode())
    assert good.private_encoding() is None
    assert good.is_ps()
    assert not parse((BASE + "a=rtpmap:96 H264/90000\r\n").encode()).is_ps()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "v=0",
        "m=video",
        BASE.replace("15060", "70000"),
        BASE.replace("15060", "-1"),
        BASE.replace("192.0.2.64", "a b;rm"),
        BASE.replace("192.0.2.64", "x" * 300),
        "m=video 1 RTP/AVP 96",
        "a=b\r\n" * 1000 + BASE,
        BASE + "a=" + "x" * 70_000,
    ],
)
def test_what_cannot_be_used(text: str) -> None:
    with pytest.raises(Malformed) as caught:
        parse(text.encode())
    assert caught.value.code == "signalling.bad-sdp"


@given(st.binary(max_size=300))
def test_no_bytes_do_anything_but_parse_or_be_refused(body: bytes) -> None:
    with contextlib.suppress(Malformed):
        assert 0 <= parse(BASE.encode() + body).port <= 65535


def test_subject() -> None:
    subject = Subject("34020000001310000001", "0200000017", OWN)
    assert str(subject) == f"34020000001310000001:0200000017,{OWN}:0"
    assert Subject.parse(f" {subject} ") == subject
    for wrong in ("", "a:b", "a:b,c", "a:b,c:d,e:f", "a b:c,d:e", "x" * 50 + ":1,a:0"):
        with pytest.raises(Malformed):
            Subject.parse(wrong)


BOTH = (
    b"v=0\r\nc=IN IP4 192.0.2.1\r\na=sendrecv\r\n"
    b"m=audio 4000 RTP/AVP 8\r\nc=IN IP4 192.0.2.2\r\na=rtpmap:8 PCMA/8000\r\na=recvonly\r\n"
    b"m=video 5000 TCP/RTP/AVP 96\r\na=rtpmap:96 PS/90000\r\na=setup:active\r\n"
    b"m=video 6000 RTP/AVP 98\r\na=rtpmap:98 H264/90000\r\ny=0200000017\r\n"
)


def test_the_media_that_is_wanted_is_read_wherever_it_stands() -> None:
    """With the session's own address and attributes, not those of the media before it."""
    found = parse(BOTH, "video")
    assert (found.media, found.host, found.port, found.tcp) == ("video", "192.0.2.1", 5000, True)
    assert (found.payloads, found.setup, found.direction) == (
        (Payload(96, "PS", 90000),),
        "active",
        "sendrecv",
    )
    assert found.ssrc == 200_000_017


@pytest.mark.parametrize("wanted", ["", "audio", "text"])
def test_else_the_first_media_is_read(wanted: str) -> None:
    found = parse(BOTH, wanted)
    assert (found.media, found.host, found.port, found.tcp) == ("audio", "192.0.2.2", 4000, False)
    assert (found.payloads, found.setup) == ((Payload(8, "PCMA", 8000),), None)
