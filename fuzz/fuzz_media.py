"""Atheris targets for the media parsers and for RTSP; see ``TARGETS`` for their names.

What crashes becomes a capture in tests/wire/media. The quick, seeded form of these runs in pytest.
"""

from __future__ import annotations

from collections.abc import Iterator

from harness import Target, instrumented, main

with instrumented("civicam.media.core"):
    from civicam.kernel.errors import Refused
    from civicam.media.core import aac, codecs, fmp4, h264, h265, mp4_boxes, rtcp, rtp, rtsp, rtsp_sdp
    from civicam.media.core.annexb import normalise
    from civicam.media.core.depacketise import depacketiser
    from civicam.media.core.depacketiser import Depacketiser
    from civicam.media.core.jpeg import JpegStrainer
    from civicam.media.core.ps import PsDemuxer
    from civicam.media.core.receive import RtpReceiver
    from civicam.media.core.rfc4571 import StreamFramer
    from civicam.media.core.sniff import FormatSniffer
    from civicam.media.core.unit import Codec, Frame


def pieces(data: bytes) -> Iterator[tuple[int, bytes]]:
    """A first byte for the target and so many bytes: how an input says where one packet ends."""
    at = 0
    while at + 3 <= len(data):
        size = int.from_bytes(data[at + 1 : at + 3], "big") % 1401
        yield data[at], data[at + 3 : at + 3 + size]
        at += 3 + size


def _payloads(parts: Depacketiser, data: bytes) -> None:
    """The first byte of each: 1 marker, 2 something was lost before, then the time stamp."""
    for first, payload in pieces(data):
        if first & 2:
            parts.lost(0.0)
        for frame in parts.push(payload, first >> 2, bool(first & 1), 0.0):
            _show(frame)
    for frame in parts.flush(1.0):
        _show(frame)


def _show(frame: Frame) -> None:
    """What is done with a frame on its way to a viewer and into a file."""
    if not frame.codec.is_video:
        mp4_boxes.read_audio_parameters(frame)
        return
    parameters = codecs.read_parameters(frame.codec, frame.data)
    if parameters is not None:
        codecs.sprop_fmtp(parameters)
        fmp4.mime_type(parameters)
        file = fmp4.Fragmenter(parameters)
        file.init_segment()
        file.fragment([frame._replace(pts=0, dts=0)])  # the time line has not been at it


def fuzz_ps(data: bytes) -> None:
    """Payloads of a program stream, with loss, markers and time stamps at will."""
    _payloads(PsDemuxer(max_frame=65_536), data)


def fuzz_h264(data: bytes) -> None:
    """RFC 6184 payloads."""
    _payloads(depacketiser(Codec.H264, clock_rate=90_000), data)


def fuzz_h265(data: bytes) -> None:
    """RFC 7798 payloads."""
    _payloads(depacketiser(Codec.H265, clock_rate=90_000), data)


def fuzz_aac(data: bytes) -> None:
    """RFC 3640 payloads; the first line is the fmtp. And ADTS."""
    fmtp, _, rest = data.partition(b"\n")
    _payloads(depacketiser(Codec.AAC, clock_rate=16_000, fmtp=fmtp.decode("utf-8", "replace")), rest)
    aac.adts_frames(data)


def fuzz_rtp(data: bytes) -> None:
    """Datagrams on an RTP port, through the reordering window; the first byte is 1/100 s between."""
    receiver = RtpReceiver(PsDemuxer(max_frame=65_536), window_s=0.1)
    now = 0.0
    for first, packet in pieces(data):
        now += first / 100
        rtp.parse(packet)
        receiver.feed(packet, now)
    receiver.flush(now + 9.0)


def fuzz_framer(data: bytes) -> None:
    """A TCP connection, through framing, RTP and PS."""
    framer, receiver = StreamFramer(), RtpReceiver(PsDemuxer(max_frame=65_536), window_s=0.0)
    for start in range(0, len(data), 700):
        for packet in framer.feed(data[start : start + 700]):
            receiver.feed(packet, start * 0.001)
    receiver.flush(99.0)


def fuzz_rtcp(data: bytes) -> None:
    """Compound RTCP."""
    rtcp.parse(data)


def fuzz_sps(data: bytes) -> None:
    """Sequence parameter sets, and an access unit that carries them."""
    h264.parse_sps(data)
    h265.parse_sps(data)
    unit, nals = normalise(data)
    codec = codecs.identify(unit, nals)
    if codec is not None:
        _show(Frame(codec, 0, 0, True, unit, 0.0, nals=nals))


def fuzz_rtsp(data: bytes) -> None:
    """A hostile RTSP server answers a client; the first byte cuts the connection."""
    access = rtsp.RtspAccess("rtsp://192.0.2.1/a", lambda: "0a4f113b", "admin", "Example-9-pass")
    client = rtsp.RtspClient(access)
    client.start(0.0)
    step, now = (data[0] + 1 if data else 1), 0.0
    for start in range(1, len(data), step):
        client.receive(data[start : start + step], now)
        client.data_to_send()
        while (event := client.next_event()) is not None:
            if isinstance(event, rtsp.Described):
                for track in event.tracks:
                    depacketiser(track.codec, clock_rate=track.clock_rate, fmtp=track.fmtp)
        now += 1.0
        if client.get_timer() is not None:
            client.handle_timer(now)
    client.teardown(now)


def fuzz_sniff(data: bytes) -> None:
    """Packets of a device that sends PS, MPEG-TS or bare H.264/H.265, whatever was agreed."""
    sniffer = FormatSniffer(PsDemuxer(max_frame=65_536))
    receiver = RtpReceiver(sniffer, window_s=0.0)
    sniffer.adopt = receiver.adopt
    now = 0.0
    for first, packet in pieces(data):
        now += first / 100
        for frame in receiver.feed(packet, now):
            _show(frame)
    receiver.flush(now + 9.0)


def fuzz_jpeg(data: bytes) -> None:
    """A picture a device uploads; the first byte cuts it. What is let through is a JPEG of itself."""
    step, picture = (data[0] + 1, data[1:]) if data else (1, data)
    try:
        kept, size = _strained(picture, step)
    except Refused:
        return
    again, same = _strained(kept, len(kept) or 1)
    if (again, same) != (kept, size) or len(kept) > len(picture):
        raise AssertionError("what was kept reads otherwise")


def _strained(picture: bytes, step: int) -> tuple[bytes, tuple[int, int]]:
    strainer = JpegStrainer()
    kept = b"".join(strainer.feed(picture[at : at + step]) for at in range(0, len(picture), step))
    return kept, strainer.finish()


def fuzz_rtspsdp(data: bytes) -> None:
    """What DESCRIBE brings."""
    for track in rtsp_sdp.tracks(data, "rtsp://192.0.2.1/a")[0]:
        depacketiser(track.codec, clock_rate=track.clock_rate, fmtp=track.fmtp)


TARGETS: dict[str, Target] = {
    "ps": fuzz_ps,
    "framer": fuzz_framer,
    "rtp": fuzz_rtp,
    "rtcp": fuzz_rtcp,
    "h264": fuzz_h264,
    "h265": fuzz_h265,
    "aac": fuzz_aac,
    "sps": fuzz_sps,
    "sniff": fuzz_sniff,
    "jpeg": fuzz_jpeg,
    "rtsp": fuzz_rtsp,
    "rtspsdp": fuzz_rtspsdp,
}

if __name__ == "__main__":
    main(TARGETS)
