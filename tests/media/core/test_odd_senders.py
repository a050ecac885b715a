"""Strangers' senders: what they do to PS and RTP, and that the pictures come all the same.

Thirty pictures, a key frame in ten, made by our muxer and changed by the case; then the way a live stream
goes: the receiver of a session that agreed PS.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Callable, Iterator

import pytest

from civicam.media.aio.receivers import make_receiver
from civicam.media.core.packetise import NalPacketiser, RtpPacketiser
from civicam.media.core.ps_mux import (
    AUDIO_ID,
    VIDEO_ID,
    pack_header,
    pes,
    program_stream_map,
    system_header,
)
from civicam.media.core.rtp import RtpPacket, build, parse
from civicam.media.core.sniff import elementary
from civicam.media.core.unit import Codec, Frame
from civicam.media.engine import ReceiveSpec, StreamKind, Transport

SSRC = 200_000_017
PICTURES, GOP = 30, 10
H264_SPS = bytes.fromhex("67640028acd940780227e5c044000003000400000300c83c60c658")
H265_SPS = bytes.fromhex("42010101600000030090000003000003003ca00a080f165ba4a4c2e68080000003008000000c84")
Picture = Callable[..., bytes]
Pack = Callable[[bytes, int, bool], bytes]
"""A picture (Annex B), its 90 kHz stamp, whether it is a key frame → the PS of it."""
Rework = Callable[[list[bytes]], list[bytes]]
"""The RTP packets of one picture, reworked."""


def whole(data: bytes, pts: int, key: bool, video: Codec = Codec.H264, audio: Codec | None = None) -> bytes:
    """As Annex C asks."""
    tables = system_header(audio is not None) + program_stream_map(video, audio) if key else b""
    return pack_header(pts) + tables + pes(VIDEO_ID, data, pts)


def nals(data: bytes) -> list[bytes]:
    return [b"\0\0\0\1" + each for each in data.split(b"\0\0\0\1")[1:]]


def each_nal_in_a_pes(data: bytes, pts: int, key: bool) -> bytes:
    head, tables = pack_header(pts), system_header(False) + program_stream_map(Codec.H264, None)
    return head + (tables if key else b"") + b"".join(pes(VIDEO_ID, each, pts) for each in nals(data))


def each_nal_in_a_pack(data: bytes, pts: int, key: bool) -> bytes:
    return b"".join(whole(each, pts, key and at == 0) for at, each in enumerate(nals(data)))


def stuffed(data: bytes, pts: int, key: bool) -> bytes:
    """Seven bytes of stuffing in the pack header, three in the PES header."""
    ps = whole(data, pts, key)
    ps = ps[:13] + b"\xff" + b"\xff" * 7 + ps[14:]
    at = ps.index(b"\0\0\1\xe0")
    length, held = struct.unpack_from("!H", ps, at + 4)[0] + 3, ps[at + 8] + 3
    head = ps[at : at + 4] + struct.pack("!H", length) + ps[at + 6 : at + 8] + bytes((held,))
    return ps[:at] + head + ps[at + 9 : at + 14] + b"\xff" * 3 + ps[at + 14 :]


def without_length(data: bytes, pts: int, key: bool) -> bytes:
    """PES of length 0: up to the next start code of the system."""
    ps = whole(data, pts, key)
    at = ps.index(b"\0\0\1\xe0")
    return ps[: at + 4] + b"\0\0" + ps[at + 6 :]


def in_small_pes(data: bytes, pts: int, key: bool) -> bytes:
    """A PES every kilobyte, the stamp on the first."""
    pieces = [data[at : at + 1000] for at in range(0, len(data), 1000)]
    rest = b"".join(pes(VIDEO_ID, piece, None) for piece in pieces[1:])
    return whole(pieces[0], pts, key) + rest


def private(data: bytes, pts: int, key: bool) -> bytes:
    """A maker's own packet before each picture, with a start code inside."""
    return pack_header(pts) + pes(0xBD, b"\0\0\1\xe0\0\1secret" * 9, pts) + whole(data, pts, key)


PS: dict[str, Pack] = {
    "as it should be": whole,
    "no system header": lambda d, t, k: whole(d, t, k).replace(system_header(False), b""),
    "no map": lambda d, t, k: whole(d, t, k).replace(program_stream_map(Codec.H264, None), b""),
    "neither": lambda d, t, k: pack_header(t) + pes(VIDEO_ID, d, t),
    "the map before every picture": lambda d, t, k: whole(d, t, True),
    "a map that says H.265": lambda d, t, k: whole(d, t, k, Codec.H265),
    "a pack header on key frames only": lambda d, t, k: whole(d, t, k) if k else pes(VIDEO_ID, d, t),
    "every NAL unit in a PES of its own": each_nal_in_a_pes,
    "every NAL unit in a pack of its own": each_nal_in_a_pack,
    "PES of a kilobyte": in_small_pes,
    "PES without length": without_length,
    "stuffing": stuffed,
    "a private packet before each picture": private,
    "the end code after each picture": lambda d, t, k: whole(d, t, k) + b"\0\0\1\xb9",
    "no stamps but on key frames": lambda d, t, k: pack_header(t) + pes(VIDEO_ID, d, t if k else None),
    "another stream number": lambda d, t, k: pack_header(t) + pes(0xE3, d, t),
    "an access unit delimiter first": lambda d, t, k: whole(b"\0\0\0\1\x09\xf0" + d, t, k),
    "SEI first": lambda d, t, k: whole(b"\0\0\0\1\x06\x05\x03abc\x80" + d, t, k),
    "start codes of three bytes": lambda d, t, k: whole(d.replace(b"\0\0\0\1", b"\0\0\1"), t, k),
    "zeros after each picture": lambda d, t, k: whole(d + b"\0\0\0", t, k),
    "sound between the pictures": lambda d, t, k: (
        whole(d, t, k, audio=Codec.PCMA) + pack_header(t) + pes(AUDIO_ID, b"\xd5" * 320, t)
    ),
    "sound announced that never comes": lambda d, t, k: whole(d, t, k, audio=Codec.AAC),
}


def reworked(change: Callable[[RtpPacket, int], RtpPacket]) -> Rework:
    """Each packet's fields; the second argument is its place in the picture."""

    def rework(packets: list[bytes]) -> list[bytes]:
        found = [parse(each) for each in packets]
        return [build(change(each, at)) for at, each in enumerate(found) if each is not None]

    return rework


def with_padding(packets: list[bytes]) -> list[bytes]:
    return [bytes((each[0] | 0x20,)) + each[1:] + b"\0\0\0\4" for each in packets]


def with_extension(packets: list[bytes]) -> list[bytes]:
    return [
        bytes((each[0] | 0x10,)) + each[1:12] + b"\xbe\xde\0\1\x10\xaa\0\0" + each[12:] for each in packets
    ]


def with_contributors(packets: list[bytes]) -> list[bytes]:
    return [bytes((each[0] | 2,)) + each[1:12] + b"12345678" + each[12:] for each in packets]


def twice(packets: list[bytes]) -> list[bytes]:
    return [each for packet in packets for each in (packet, packet)]


def swapped(packets: list[bytes]) -> list[bytes]:
    """Each two in the wrong order, but for the first: what is before it in a stream nobody knows."""
    pairs = [packets[at : at + 2] for at in range(1, len(packets), 2)]
    return [packets[0], *(each for pair in pairs for each in reversed(pair))]


RTP: dict[str, Rework] = {
    "padding": with_padding,
    "a header extension": with_extension,
    "contributors": with_contributors,
    "every packet twice": twice,
    "neighbours swapped": swapped,
    "no marker": reworked(lambda packet, _: packet._replace(marker=False)),
    "a marker on each": reworked(lambda packet, _: packet._replace(marker=True)),
    "SSRC 0": reworked(lambda packet, _: packet._replace(ssrc=0)),
    "the SSRC in hexadecimal": reworked(lambda packet, _: packet._replace(ssrc=0x200000017 & 0xFFFFFFFF)),
    "payload type 33": reworked(lambda packet, _: packet._replace(payload_type=33)),
    "payload type 127": reworked(lambda packet, _: packet._replace(payload_type=127)),
    "one time stamp for all": reworked(lambda packet, _: packet._replace(timestamp=1)),
    "time stamps in milliseconds": reworked(
        lambda packet, _: packet._replace(timestamp=packet.timestamp // 90)
    ),
    "a time stamp for each packet": reworked(
        lambda packet, at: packet._replace(timestamp=packet.timestamp + at)
    ),
    "time stamps at random": reworked(
        lambda packet, _: packet._replace(timestamp=random.Random(packet.timestamp).randrange(2**32))
    ),
}


def received(packets: Iterator[tuple[bytes, float]], ssrc: int = SSRC) -> list[Frame]:
    """The way of a live session: until the answer only the offered SSRC counts, then all."""
    receiver = make_receiver(ReceiveSpec("s", Transport.UDP, ssrc, kind=StreamKind.LIVE), 0.035)
    receiver.strict = False
    frames: list[Frame] = []
    now = 0.0
    for data, now in packets:
        frames += receiver.feed(data, now)
        frames += receiver.poll(now)
    return [*frames, *receiver.poll(now + 1), *receiver.flush(now + 1)]


def sent(
    make_picture: Picture, pack: Pack, rework: Rework, size: int = 1400
) -> Iterator[tuple[bytes, float]]:
    rtp = RtpPacketiser(ssrc=SSRC, payload_size=size, sequence=65_500)
    for index in range(PICTURES):
        key = index % GOP == 0
        data = make_picture(index, key=key)
        for packet in rework(rtp.packets(pack(data, index * 3600 + 9000, key), index * 3600 + 500)):
            yield packet, index * 0.04


def assert_all_came(frames: list[Frame], make_picture: Picture, codec: Codec = Codec.H264) -> None:
    """Every picture in order, whole, the key frames known as such."""
    pictures = [each for each in frames if each.codec.is_video]
    assert len(pictures) >= PICTURES - 1  # the last may wait for an end that never comes
    assert {each.codec for each in pictures} == {codec}
    assert [at for at, each in enumerate(pictures) if each.key] == [0, 10, 20]
    assert not any(each.damaged for each in pictures)
    for index, each in enumerate(pictures):
        body = make_picture(index, key=index % GOP == 0, codec=codec)[-2500:]
        assert body in each.data


@pytest.mark.parametrize("oddity", PS)
def test_a_strangers_program_stream_gives_every_picture(make_picture: Picture, oddity: str) -> None:
    assert_all_came(received(sent(make_picture, PS[oddity], list)), make_picture)


@pytest.mark.parametrize("oddity", RTP)
def test_a_strangers_packets_give_every_picture(make_picture: Picture, oddity: str) -> None:
    assert_all_came(received(sent(make_picture, whole, RTP[oddity])), make_picture)


@pytest.mark.parametrize("size", [60, 188, 8_000, 60_000])
def test_packets_may_have_any_size(make_picture: Picture, size: int) -> None:
    assert_all_came(received(sent(make_picture, whole, list, size)), make_picture)


@pytest.mark.parametrize("codec", [Codec.H264, Codec.H265])
def test_an_elementary_stream_where_ps_was_agreed_gives_every_picture(
    make_picture: Picture, codec: Codec
) -> None:
    """Payload 98 or 100 of our offer, taken without a word in the answer."""

    def packets() -> Iterator[tuple[bytes, float]]:
        rtp = NalPacketiser(codec, ssrc=SSRC, payload_type=98)
        for index in range(PICTURES):
            data = make_picture(index, key=index % GOP == 0, codec=codec)
            for packet in rtp.packets(data, index * 3600):
                yield packet, index * 0.04

    assert_all_came(received(packets()), make_picture, codec)


def aggregated(kind: bytes, *nals_in_it: bytes) -> bytes:
    return kind + b"".join(struct.pack("!H", len(each)) + each for each in nals_in_it)


@pytest.mark.parametrize(
    ("payload", "codec"),
    [
        (H264_SPS, Codec.H264),
        (H265_SPS, Codec.H265),
        (aggregated(b"\x78", H264_SPS, b"\x68\xeb\xe3\xcb\x22\xc0"), Codec.H264),
        (aggregated(b"\x60\x01", b"\x40\x01" + bytes(12), H265_SPS), Codec.H265),
        (aggregated(b"\x78", b"\x06\x05\x01\x00\x80\x00\x00\x00\x00"), None),
        (aggregated(b"\x78", H264_SPS)[:-4], None),
        (H264_SPS + bytes(300), None),  # a slice of PS that begins so by chance
        (H264_SPS[:4], None),
        (b"\x67\x05" + H264_SPS[2:], None),  # no profile there is
        (b"\x67\x42\x00\x1e" + bytes(8), None),
        (b"\x42\x01" + bytes(40), None),
        (b"\0\0\1\xba" + bytes(20), None),
    ],
)
def test_only_a_parameter_set_tells_an_elementary_stream(payload: bytes, codec: Codec | None) -> None:
    assert elementary(payload) is codec
