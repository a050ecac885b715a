"""Offers, answers, and what devices call an answer."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from civicam.signalling.gb28181.sdp import (
    Answer,
    Offer,
    Payload,
    Sdp,
    StreamForm,
    Subject,
    build_answer,
    build_offer,
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
        "m=video 30000 RTP/AVP 96 98 97",
        "a=recvonly",
        "a=rtpmap:96 PS/90000",
        "a=rtpmap:98 H264/90000",
        "a=rtpmap:97 MPEG4/90000",
        "a=streamnumber:0",
        "y=0200000017",
        "",
    ]


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
