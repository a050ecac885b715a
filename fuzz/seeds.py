"""What the fuzzer starts from: for each target a few sound inputs, by our own writers and from captures.

``seeds(target)`` gives them; ``words(target)`` the names worth inserting, as a libFuzzer dictionary.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterable
from pathlib import Path

from PIL import Image

from civicam.media.core.packetise import NalPacketiser, RtpPacketiser
from civicam.media.core.ps_mux import PsMuxer
from civicam.media.core.rfc4571 import frame, interleave
from civicam.media.core.unit import Codec
from civicam.signalling.gb28181 import manscdp, ptz, sdp

ROOT = Path(__file__).resolve().parents[1]
CAPTURES = ROOT / "tests" / "wire"
DEVICE, PLATFORM = "34020000001180000001", "34020000002000000001"
S = b"\0\0\0\1"
H264 = tuple(map(bytes.fromhex, ("67640028acd940780227e5c044000003000400000300c83c60c658", "68ebe3cb22c0")))
H265 = tuple(
    map(
        bytes.fromhex,
        (
            "40010c01ffff01600000030090000003000003003cba0240",
            "42010101600000030090000003000003003ca00a080f165ba4a4c2e68080000003008000000c84",
            "4401c0718312",
        ),
    )
)
BODY = bytes(range(1, 200))
KEY264 = b"".join(S + nal for nal in (*H264, b"\x65\x88" + BODY))
KEY265 = b"".join(S + nal for nal in (*H265, b"\x26\x01" + BODY))
KEEPALIVE = (
    b'<?xml version="1.0" encoding="GB18030"?>\r\n<Notify><CmdType>Keepalive</CmdType><SN>412</SN>'
    b"<DeviceID>34020000001180000001</DeviceID><Status>OK</Status></Notify>\r\n"
)
DIGEST = (
    f'Digest username="{DEVICE}", realm="3402000000", nonce="5f1c9d3e7b2a4c60", '
    f'uri="sip:{PLATFORM}@3402000000", response="6f59e09a47e10d4b77509478df9ba57d", '
    'algorithm=MD5, qop=auth, nc=00000001, cnonce="0a4f113b"'
)


def _message(method: str, extra: Iterable[str] = (), kind: str = "", body: bytes = b"") -> bytes:
    rows = [
        f"{method} sip:{PLATFORM}@3402000000 SIP/2.0",
        "Via: SIP/2.0/UDP 192.0.2.64:5060;rport;branch=z9hG4bKa1",
        f"From: <sip:{DEVICE}@3402000000>;tag=dev7001",
        f"To: <sip:{PLATFORM if kind else DEVICE}@3402000000>",
        "Call-ID: 61a0b2@192.0.2.64",
        f"CSeq: 20 {method}",
        "Max-Forwards: 70",
        *extra,
        *([f"Content-Type: {kind}"] if kind else []),
        f"Content-Length: {len(body)}",
    ]
    return "\r\n".join(rows).encode() + b"\r\n\r\n" + body


def _sip() -> list[bytes]:
    contact = f"Contact: <sip:{DEVICE}@192.0.2.64:5060>"
    offer = sdp.build_offer(sdp.Offer(PLATFORM, "192.0.2.10", 30_016, 200_000_017))
    found = [
        _message("REGISTER", [contact, "Expires: 86400", "X-GB-Ver: 3.0"]),
        _message("REGISTER", [contact, f"Authorization: {DIGEST}", "Expires: 0"]),
        _message("MESSAGE", (), "Application/MANSCDP+xml", KEEPALIVE),
        _message("NOTIFY", ["Event: Catalog;id=1", "Subscription-State: active"], "text/xml", KEEPALIVE),
        _message("INVITE", [contact, f"Subject: {DEVICE}:0200000017,{PLATFORM}:0"], "application/sdp", offer),
        _message("INFO", (), "Application/MANSRTSP", b"PAUSE RTSP/1.0\r\nCSeq: 1\r\n\r\n"),
        *(_message(method) for method in ("ACK", "BYE", "CANCEL", "OPTIONS", "SUBSCRIBE", "REFER")),
    ]
    folded = found[0].replace(b"Via: SIP/2.0/UDP", b"v: SIP / 2.0 / TCP a.example.com, \r\n SIP/2.0/UDP")
    answer = found[4].replace(found[4].partition(b"\r\n")[0], b"SIP/2.0 200 OK")
    return [b"\x20" + each for each in (*found, folded, answer, b"".join(found[:3]))]


def usual_heartbeat() -> bytes:
    """A heartbeat as the lane of the endpoint takes it."""
    return _message("MESSAGE", (), "Application/MANSCDP+xml", KEEPALIVE)


def _fields() -> list[bytes]:
    texts = [
        f'"J \\"x\\" R" <sip:{DEVICE}:pw@[2001:db8::1]:5061;transport=tcp?a=b>;tag=1;x="y;z"',
        f"sip:{DEVICE}@3402000000;tag=1",
        "SIP/2.0/UDP 192.0.2.64:5060;rport;branch=z9hG4bKa1;received=192.0.2.1",
        "20 MESSAGE",
        "http://example.com/x",
        DIGEST,
    ]
    return [each.encode() for each in texts]


def _sdp() -> list[bytes]:
    offers = [
        sdp.build_offer(sdp.Offer(PLATFORM, "192.0.2.10", 30_016, 200_000_017, tcp=tcp))
        for tcp in (False, True)
    ]
    answers = [
        sdp.build_answer(sdp.Answer(DEVICE, "2001:db8::1", 15_060, 200_000_017, tcp=tcp))
        for tcp in (False, True)
    ]
    odd = (
        b"v=0\r\r\no=- 0 0 IN IP4 192.0.2.1\r\r\ns=Playback\nu=34020000001310000001:0\n"
        b"t=3981283200 3981286800\nc=IN IP4 192.0.2.1/127\nm=audio 8 TCP/RTP/AVP 8 96\n"
        b"a=rtpmap:96 DAHUA/90000\na=downloadspeed:4\n"
        b"a=filesize:9\na=streamprofile:1\na=setup:active\ny= 10 \nf= v/5/6/25/2/4096 a/1/8/1\n"
    )
    return [*offers, *answers, odd]


def _manscdp() -> list[bytes]:
    found = [KEEPALIVE]
    for root, kind in manscdp.READERS:
        text = (
            f"<{root.value}><CmdType>{kind}</CmdType><SN>1</SN><DeviceID>{DEVICE}</DeviceID>"
            '<Result>OK</Result><SumNum>1</SumNum><DeviceList Num="1">'
            f"<Item><DeviceID>{DEVICE}</DeviceID><Name>东门</Name></Item></DeviceList><Time>2026-03-02T09:15:31</Time></{root.value}>"
        )
        found += [text.encode(), text.encode("gb18030")]
    return found


def _ptz() -> list[bytes]:
    commands = [
        ptz.Stop(),
        ptz.Move(pan=1, tilt=-1, zoom=1, pan_speed=50, tilt_speed=50, zoom_speed=8),
        ptz.Lens(focus=1, focus_speed=50),
        ptz.LensStop(),
    ]
    codes = [
        "A50F01870 11E005B",
        "A50F018601 2C1078",
        "A50F0189010 0003F",
        "A50F018C01000042",
        "A50F018100020038",
    ]
    return [
        *(ptz.encode(each).encode() for each in commands),
        *(each.replace(" ", "").encode() for each in codes),
    ]


def _mansrtsp() -> list[bytes]:
    return [
        b"PLAY RTSP/1.0\r\nCSeq: 2\r\nRange: npt=100-\r\n\r\n",
        b"PLAY MANSRTSP/1.0\nCSeq: 4\nScale: -0.5\nrange:smpte=0:10:20-\n\n",
        b"PAUSE RTSP/1.0\r\nCSeq: 1\r\nPauseTime: now\r\n\r\n",
        b"TEARDOWN RTSP/1.0\r\nCSeq: 9\r\n\r\n",
        b"RTSP/1.0 200 OK\r\nCSeq: 4\r\nRange: npt=600-120\r\nRTP-Info: seq=18139;rtptime=3119600838\r\n\r\n",
    ]


def piece(first: int, payload: bytes) -> bytes:
    """One packet as `fuzz_media.pieces` reads it."""
    return bytes([first]) + len(payload).to_bytes(2, "big") + payload


def _ps() -> list[bytes]:
    found = []
    for codec, key in ((Codec.H264, KEY264), (Codec.H265, KEY265)):
        muxer = PsMuxer(codec, Codec.PCMA)
        packs = [muxer.video(key, 9000, key=True), muxer.audio(b"\xd5" * 160, 9000)]
        packs.append(muxer.video(S + b"\x41\x9a" + BODY, 12_600, key=False, dts=12_600))
        found.append(b"".join(piece(index << 2 | 1, pack) for index, pack in enumerate(packs)))
    for path in sorted((CAPTURES / "media").glob("ps-*.json")):
        packets = json.loads(path.read_text(encoding="utf-8"))["packets"]
        found.append(
            b"".join(
                piece(
                    (each["stamp"] & 63) << 2 | each["marker"], bytes.fromhex("".join(each["payload"]))[:1400]
                )
                for each in packets
            )
        )
    return found


def _packets() -> list[bytes]:
    packetiser = RtpPacketiser(ssrc=0x0BEBC211, payload_size=600, sequence=65_534)
    muxer = PsMuxer(Codec.H264)
    return [
        packet
        for index in range(3)
        for packet in packetiser.packets(muxer.video(KEY264, 9000 + index * 3600, key=True), index * 3600)
    ]


def _nals(codec: Codec, key: bytes) -> list[bytes]:
    packetiser = NalPacketiser(codec, ssrc=1, payload_size=100)
    return [b"".join(piece(packet[1] >> 7, packet[12:]) for packet in packetiser.packets(key, 3600))]


def _sniff() -> list[bytes]:
    """PS as agreed; bare pictures of both codecs; bytes that begin like MPEG-TS."""
    found = [b"".join(piece(4, each) for each in _packets())]
    for codec, key in ((Codec.H264, KEY264), (Codec.H265, KEY265)):
        bare = NalPacketiser(codec, ssrc=1, payload_size=100).packets(key, 3600)
        found.append(b"".join(piece(4, each) for each in bare))
    cell = b"\x47\x40\x00\x10" + bytes(184)
    head = b"\x80\x21\x00\x01" + bytes(8)
    return [*found, piece(4, head + cell * 7) * 2]


def _jpeg() -> list[bytes]:
    """Two small pictures of Pillow's, one with Exif and a comment, cut in different places."""
    found = []
    for extra in ({}, {"comment": b"made by", "exif": b"Exif\0\0MM\0*\0\0\0\x08\0\0", "progressive": True}):
        out = io.BytesIO()
        Image.new("RGB", (24, 16), (90, 120, 60)).save(out, "JPEG", **extra)
        found += [b"\xff" + out.getvalue(), b"\x06" + out.getvalue() + b"after the end"]
    return found


def _rtsp() -> list[bytes]:
    description = (
        b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=x\r\na=control:*\r\nm=video 0 RTP/AVP 96\r\n"
        b"a=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1;"
        b"sprop-parameter-sets=Z2QAKKzZQHgCJ+XARAAAAwAEAAADAMg8YMZY,aOvjyyLA\r\n"
        b"a=control:trackID=1\r\nm=audio 0 RTP/AVP 97\r\na=rtpmap:97 MPEG4-GENERIC/16000/1\r\n"
        b"a=fmtp:97 mode=AAC-hbr;sizeLength=13;indexLength=3;indexDeltaLength=3;config=1408\r\n"
    )
    head = b"RTSP/1.0 200 OK\r\nCSeq: %d\r\n"
    refused = (
        b'RTSP/1.0 401 No\r\nCSeq: 1\r\nWWW-Authenticate: Digest realm="a", nonce="b", qop="auth"\r\n\r\n'
    )
    asked = b"OPTIONS rtsp://192.0.2.1/ RTSP/1.0\r\nCSeq: 7\r\n\r\n"
    whole = (
        (head % 1 + b"Public: OPTIONS, GET_PARAMETER\r\n\r\n")
        + (head % 2 + b"Content-Base: rtsp://192.0.2.1/a/\r\nContent-Length: %d\r\n\r\n" % len(description))
        + description
        + (head % 3 + b"Session: 1;timeout=60\r\nTransport: RTP/AVP/TCP;interleaved=0-1\r\n\r\n")
        + (head % 4 + b"Session: 1\r\n\r\n")
        + interleave(_packets()[0], 0)
    )
    return [b"\xff" + whole, b"\x40" + refused + asked, b"\xff" + asked + whole]


SEEDS: dict[str, Callable[[], list[bytes]]] = {
    "endpoint": _sip,
    "fields": _fields,
    "lane": lambda: [usual_heartbeat()],
    "sdp": _sdp,
    "subject": lambda: [f"{DEVICE}:0200000017,{PLATFORM}:0".encode()],
    "manscdp": _manscdp,
    "ptz": _ptz,
    "mansrtsp": _mansrtsp,
    "ps": _ps,
    "framer": lambda: [
        b"".join(map(frame, _packets())),
        b"".join(interleave(each, 0) for each in _packets()),
    ],
    "rtp": lambda: [b"".join(piece(4, each) for each in _packets())],
    "rtcp": lambda: [
        bytes.fromhex("80c8000600000001aaaaaaaabbbbbbbb000000010000000a000003e881cb000100000001")
    ],
    "h264": lambda: _nals(Codec.H264, KEY264),
    "h265": lambda: _nals(Codec.H265, KEY265),
    "aac": lambda: [
        b"mode=AAC-hbr;sizeLength=13;indexLength=3;config=1408\n" + piece(1, b"\0\x10\x05\x00" + BODY)
    ],
    "sps": lambda: [KEY264, KEY265, *H264, *H265],
    "sniff": _sniff,
    "jpeg": _jpeg,
    "rtsp": _rtsp,
    "rtspsdp": lambda: [each[each.find(b"v=0") :] for each in _rtsp() if b"v=0" in each],
}

_NAME = re.compile(r'"([A-Z][A-Za-z0-9\-]{2,30})"')
_SOURCES = {
    "manscdp": "signalling/gb28181/manscdp",
    "endpoint": "signalling/sip",
    "fields": "signalling/sip",
    "lane": "signalling/sip",
    "rtsp": "media/core",
    "mansrtsp": "signalling/gb28181",
}


def words(target: str) -> list[str]:
    """Names that stand in the parser's own sources."""
    folder = _SOURCES.get(target)
    if folder is None:
        return []
    sources = sorted((ROOT / "src" / "civicam" / folder).rglob("*.py"))
    return sorted({word for path in sources for word in _NAME.findall(path.read_text(encoding="utf-8"))})
