"""Strangers' clients: whatever they do to a message, the operator gets video or a clear word; nothing hangs.

Each case changes what a behaving camera sends, on the bytes. Where the way is rare and against the letter the
outcome may be a refusal, but then it has its code and comes soon.
"""

from __future__ import annotations

import asyncio
import re

import pytest
from tests.gateway.camera import Camera
from tests.gateway.oddities import (
    COMPACT,
    Change,
    answer_to_invite,
    backwards,
    body,
    catalogue,
    everything_with_line_feeds,
    first,
    folded,
    head,
    lines,
    names,
    speaks,
    with_line_feeds,
)
from tests.gateway.recorder import CAM1, NVR, online, refused_with
from tests.gateway.wire import GATE_HOST, run, until
from tests.gateway.world import World

_ID = rb"[0-9]{20}"

SPELLINGS: dict[str, Change] = {
    "field names in lower case": names(str.lower),
    "field names in capitals": names(str.upper),
    "compact forms": names(lambda name: COMPACT.get(name, name)),
    "blanks before the colon": names(lambda name: name + " "),
    "no blank after the colon": lines(lambda line: line.replace(b": ", b":", 1)),
    "many blanks after the colon": lines(lambda line: line.replace(b": ", b":   \t", 1)),
    "blanks at the end of lines": lines(lambda line: line + b"  "),
    "folded lines": folded,
    "fields backwards": backwards,
    "line feeds alone in the head": with_line_feeds,
    "line feeds alone everywhere": everything_with_line_feeds,
    "empty lines before": lambda data: b"\r\n\r\n" + data,
    "zeros after": lambda data: data + b"\0\0\0\0" if data.endswith(b"\r\n\r\n") else data,
    "no Max-Forwards": head(rb"\r\nMax-Forwards: \d+", b""),
    "Max-Forwards 0": head(rb"\r\nMax-Forwards: \d+", b"\r\nMax-Forwards: 0"),
    "no Content-Length": head(rb"\r\nContent-Length: \d+", b""),
    "no User-Agent": head(rb"\r\n(User-Agent|Server): [^\r]*", b""),
    "a User-Agent in GB2312": head(
        rb"\r\nUser-Agent: [^\r]*", b"\r\nUser-Agent: " + "摄像机".encode("gb18030")
    ),
    "a reason in GB2312": head(rb"^SIP/2.0 200 OK", b"SIP/2.0 200 " + "成功".encode("gb18030")),
    "no reason": head(rb"^SIP/2.0 200 OK", b"SIP/2.0 200"),
    "a version in lower case": lines(lambda line: re.sub(rb"SIP/2\.0( [1-6]|$)", rb"sip/2.0\1", line)),
    "a content type with charset": head(
        rb"Content-Type: [^\r]*xml", b"Content-Type: Application/MANSCDP+xml; charset=gb2312"
    ),
    "a content type in lower case": head(
        rb"Content-Type: [^\r]*xml", b"content-type: application/manscdp+xml"
    ),
    "a content type in capitals": head(rb"Content-Type: [^\r]*xml", b"Content-Type: APPLICATION/MANSCDP+XML"),
    "a content type without +xml": head(rb"Content-Type: [^\r]*xml", b"Content-Type: Application/MANSCDP"),
    "no content type": head(rb"\r\nContent-Type: [^\r]*", b""),
    "display names": head(rb"\r\nFrom: <", '\r\nFrom: "东门 "'.encode() + b" <"),
    "a display name without quotes": head(rb"\r\nFrom: <", b"\r\nFrom: Camera 1 <"),
    "addresses at an address with a port": head(
        rb"\r\nFrom: <sip:(" + _ID + rb")@[^>]*>", rb"\r\nFrom: <sip:\1@192.168.1.64:5060>"
    ),
    "parameters in From": head(rb"\r\nFrom: <([^>]*)>", rb"\r\nFrom: <\1;transport=udp;user=phone>"),
    "addresses without brackets": head(rb"\r\n(From|To): <([^>]*)>", rb"\r\n\1: \2"),
    "no tag in From": head(rb"(\r\nFrom: [^;\r]*);tag=[^\r]*", rb"\1"),
    "a tag in To of requests": lambda data: (
        data if data.startswith(b"SIP/2.0") else re.sub(rb"(\r\nTo: <[^>]*>)\r", rb"\1;tag=12345\r", data)
    ),
    "a request to an address": head(rb"^(\w+) sip:[^ ]* SIP", rb"\1 sip:10.0.0.1:5060 SIP"),
    "a request to a name": head(rb"^(\w+) sip:[^ ]* SIP", rb"\1 sip:platform.example:5060;transport=udp SIP"),
    "no Contact": head(rb"\r\nContact: [^\r]*", b""),
    "two Contacts": head(rb"\r\nContact: ([^\r]*)", rb"\r\nContact: \1, <sip:other@192.0.2.9>;q=0.1"),
    "Contacts on two lines": head(
        rb"\r\nContact: ([^\r]*)", rb"\r\nContact: \1\r\nContact: <sip:o@192.0.2.9>"
    ),
    "Via at a private address": head(rb"Via: SIP/2.0/UDP [^;]*", rb"Via: SIP/2.0/UDP 192.168.1.64:5060"),
    "Via at 0.0.0.0": head(rb"Via: SIP/2.0/UDP 10.0.1[^;]*", rb"Via: SIP/2.0/UDP 0.0.0.0:5060"),
    "Via without rport": head(rb"^(?!SIP)([^\0]*?)Via: ([^\r]*);rport", rb"\1Via: \2"),
    "Via that says TCP": head(rb"^(?!SIP)([^\0]*?)Via: SIP/2.0/UDP", rb"\1Via: SIP/2.0/TCP"),
    "Via with blanks": head(rb"^(?!SIP)([^\0]*?)Via: SIP/2.0/UDP ", rb"\1Via: SIP / 2.0 / UDP   "),
    "Expires only in Contact": head(
        rb"\r\nContact: ([^\r]*)(\r\n[^\0]*?)\r\nExpires: (\d+)", rb"\r\nContact: \1;expires=\3\2"
    ),
    "no Expires": head(rb"\r\nExpires: \d+", b""),
    "fields of telephones": head(
        rb"\r\nCall-ID",
        b"\r\nAllow: INVITE\r\nSupported: 100rel, timer, path\r\nSession-Expires: 1800\r\nCall-ID",
    ),
    "a digest with a bare realm": head(rb'realm="([^"]*)"', rb"realm=\1"),
    "a digest with everything quoted": head(rb"algorithm=MD5, qop=auth", rb'algorithm="md5", qop="auth"'),
    "a digest without algorithm": head(rb", algorithm=MD5", b""),
    "a digest without blanks": lambda data: re.sub(
        rb"\r\nAuthorization: [^\r]*", lambda found: found[0].replace(b", ", b","), data
    ),
    "a digest in capitals": lambda data: re.sub(
        rb'response="([0-9a-f]+)"', lambda found: b'response="' + found[1].upper() + b'"', data
    ),
    "the digest scheme in lower case": head(rb"Authorization: Digest", b"Authorization: digest"),
    "a digest with an empty opaque": head(rb", algorithm=MD5", rb', opaque="", algorithm=MD5'),
}


def noting(change: Change, changed: list[bytes]) -> Change:
    """``change``, and a note of each message it changed: a case that changes nothing tests nothing."""

    def noted(data: bytes) -> bytes:
        after = change(data)
        if after != data:
            changed.append(after)
        return after

    return noted


async def video_and_away(world: World, camera: Camera) -> None:
    """Pictures, one ACK, and a BYE that arrives; nothing is left."""
    stream = await world.gateway.open_live(world.fleet.channel(NVR, CAM1), "main")
    await world.gateway.release(stream)
    await until(lambda: not world.gateway.sessions())
    assert (camera.acked, camera.count("BYE")) == (1, 1)
    assert stream in world.engine.closed


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_stranger_registers_beats_lists_and_shows(spelling: str) -> None:
    """Everything it sends is spelt its way, from the first REGISTER to the answer to our BYE."""

    async def story() -> None:
        world = World()
        await world.start()
        camera = world.camera(NVR, "example-9", CAM1)
        changed: list[bytes] = []
        speaks(camera, noting(SPELLINGS[spelling], changed))
        assert (await camera.register()).status == 200
        await until(lambda: len(world.fleet.catalogues) == 1)
        ((_, items, complete),) = world.fleet.catalogues
        assert ([each.name for each in items], complete) == ([f"通道 {CAM1[-2:]}"], True)
        assert await camera.beat() == 200
        await video_and_away(world, camera)
        assert changed

    run(story())


LISTS: dict[str, Change] = {
    "no declaration": lambda xml: re.sub(rb"<\?xml[^>]*\?>", b"", xml),
    "a byte order mark": lambda xml: b"\xef\xbb\xbf" + xml.decode("gb18030").encode(),
    "a declaration in apostrophes": lambda xml: re.sub(
        rb'"1.0" encoding="[^"]*"', b"'1.0' encoding='gb2312'", xml
    ),
    "blank lines first": lambda xml: b"\r\n\r\n  " + xml,
    "rubbish after the end": lambda xml: xml + b"\0\0\r\n",
    "Num too large": lambda xml: re.sub(rb'Num="\d+"', b'Num="40"', xml),
    "Num 0": lambda xml: re.sub(rb'Num="\d+"', b'Num="0"', xml),
    "no Num": lambda xml: re.sub(rb' Num="\d+"', b"", xml),
    "SumNum at the end": lambda xml: re.sub(
        rb"(<SumNum>\d+</SumNum>\s*)([^\0]*)(</Response>)", rb"\2\1\3", xml
    ),
    "names in lower case": lambda xml: re.sub(rb"</?\w+", lambda found: found[0].lower(), xml),
    "SN 0": lambda xml: re.sub(rb"<SN>\d+</SN>", b"<SN>0</SN>", xml),
    "no SN": lambda xml: re.sub(rb"<SN>\d+</SN>\s*", b"", xml),
    "SN with zeros before": lambda xml: re.sub(rb"<SN>(\d+)</SN>", rb"<SN>000\1</SN>", xml),
    "the channel's id at the root": lambda xml: re.sub(
        rb"<DeviceID>\d+</DeviceID>", b"<DeviceID>%s</DeviceID>" % CAM1.encode(), xml, count=1
    ),
    "fields nobody knows": lambda xml: xml.replace(b"<Item>", b"<Item><Info2><A>1</A></Info2><Zoom/>"),
    "only id and name": lambda xml: re.sub(rb"<(ParentID|Status|Parental)>[^<]*</\1>\s*", b"", xml),
    "a state in words": lambda xml: xml.replace(b"<Status>ON<", b"<Status>online<"),
}


@pytest.mark.parametrize("oddity", LISTS)
def test_an_odd_list_of_channels_is_read(oddity: str) -> None:
    """One channel, by its name, and shown."""

    async def story() -> None:
        world = World()
        await world.start()
        camera = world.camera(NVR, "example-9", CAM1)
        changed: list[bytes] = []
        speaks(camera, noting(catalogue(LISTS[oddity]), changed))
        assert (await camera.register()).status == 200
        await until(lambda: len(world.fleet.catalogues) == 1)
        ((_, items, _),) = world.fleet.catalogues
        assert [(each.gb_id, each.name, each.status) for each in items] == [(CAM1, f"通道 {CAM1[-2:]}", "ON")]
        assert changed
        await video_and_away(world, camera)

    run(story())


def sdp(change: Change) -> Change:
    """The SDP of the answer."""
    return answer_to_invite(body(change))


ANSWERS: dict[str, Change] = {
    "no SDP at all": sdp(lambda _sdp: b""),
    "no y": sdp(head(rb"y=[^\r]*\r\n", b"")),
    "y of nine digits": sdp(head(rb"y=0", b"y=")),
    "y in hexadecimal": sdp(head(rb"y=[^\r]*", b"y=0x0BEBC201")),
    "y is the device's id": sdp(head(rb"y=[^\r]*", b"y=" + NVR.encode())),
    "y is empty": sdp(head(rb"y=[^\r]*", b"y=")),
    "no f": sdp(head(rb"f=[^\r]*\r\n", b"")),
    "port 0": sdp(head(rb"m=video \d+", b"m=video 0")),
    "our own direction": sdp(head(rb"a=sendonly", b"a=recvonly")),
    "no direction": sdp(head(rb"a=sendonly\r\n", b"")),
    "no rtpmap": sdp(head(rb"a=rtpmap:[^\r]*\r\n", b"")),
    "all that we offered": sdp(
        head(rb"(m=video \d+ \S+) 96", rb"\1 96 98 100\r\na=rtpmap:98 H264/90000\r\na=rtpmap:100 H265/90000")
    ),
    "H.264 as payload 98": sdp(first(head(rb"(m=video \d+ \S+) 96", rb"\1 98"), head(rb"96 PS", b"98 H264"))),
    "no c": sdp(head(rb"c=[^\r]*\r\n", b"")),
    "c at 0.0.0.0": sdp(head(rb"c=[^\r]*", b"c=IN IP4 0.0.0.0")),
    "c is a name": sdp(head(rb"c=[^\r]*", b"c=IN IP4 camera.example")),
    "c is our address": sdp(head(rb"c=[^\r]*", b"c=IN IP4 " + GATE_HOST.encode())),
    "c after m": sdp(head(rb"(c=[^\r]*\r\n)(t=[^\r]*\r\n)(m=[^\r]*\r\n)", rb"\2\3\1")),
    "no o": sdp(head(rb"o=[^\r]*\r\n", b"")),
    "no v": sdp(head(rb"v=[^\r]*\r\n", b"")),
    "blanks about": sdp(lambda text: text.replace(b"=", b" = ").replace(b"\r\n", b"  \r\n")),
    "sound first": sdp(head(rb"m=video", b"m=audio 15062 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\nm=video")),
    "sound after": sdp(lambda text: text + b"m=audio 15062 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n"),
    "video in capitals": sdp(head(rb"m=video", b"m=VIDEO")),
    "a zero after it": sdp(lambda text: text + b"\0"),
    "no line end": sdp(lambda text: text.rstrip()),
    "a content type with charset": answer_to_invite(
        head(rb"application/sdp", b"APPLICATION/SDP; charset=utf-8")
    ),
    "no content type": answer_to_invite(head(rb"\r\nContent-Type: [^\r]*", b"")),
    "Record-Route": answer_to_invite(head(rb"\r\nTo:", b"\r\nRecord-Route: <sip:192.0.2.9;lr>\r\nTo:")),
    "202 instead of 200": answer_to_invite(head(rb"^SIP/2.0 200 OK", b"SIP/2.0 202 Accepted")),
}


@pytest.mark.parametrize("oddity", ANSWERS)
def test_an_odd_answer_gives_video_all_the_same(oddity: str) -> None:
    """Pictures come to the port that was offered, so whatever the answer says, they are shown."""

    async def story() -> None:
        world = World()
        camera = await online(world)
        changed: list[bytes] = []
        speaks(camera, noting(ANSWERS[oddity], changed))
        await video_and_away(world, camera)
        assert changed

    run(story())


USELESS: dict[str, tuple[Change, str]] = {
    "sound alone": (sdp(head(rb"m=video", b"m=audio")), "gateway.bad-answer"),
    "text that is no SDP": (sdp(lambda _sdp: b"hello"), "gateway.bad-answer"),
    "XML": (sdp(lambda _sdp: b"<Response><Result>OK</Result></Response>"), "gateway.bad-answer"),
    "moved": (answer_to_invite(head(rb"^SIP/2.0 200 OK", b"SIP/2.0 302 Moved")), "gateway.play-refused"),
    "wants a password": (
        answer_to_invite(head(rb"^SIP/2.0 200 OK", b"SIP/2.0 407 Proxy")), "gateway.play-refused",
    ),
    "a request is pending": (
        answer_to_invite(head(rb"^SIP/2.0 200 OK", b"SIP/2.0 491 Pending")), "gateway.play-refused",
    ),
    "a method it does not know": (
        answer_to_invite(head(rb"^SIP/2.0 200 OK", b"SIP/2.0 405 No")), "gateway.play-refused",
    ),
}  # fmt: skip


@pytest.mark.parametrize("oddity", USELESS)
def test_a_useless_answer_is_told_at_once(oddity: str) -> None:
    """A code within a second of the answer, and no session, port or dialog is left."""

    async def story() -> None:
        world = World()
        camera = await online(world)
        change, code = USELESS[oddity]
        speaks(camera, change)
        began = asyncio.get_running_loop().time()
        assert await refused_with(world) == code
        assert asyncio.get_running_loop().time() - began < 1.0
        await until(lambda: not world.gateway.sessions())
        assert world.engine.open == {}

    run(story())
