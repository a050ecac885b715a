"""Which receiver and which source a `ReceiveSpec` asks for."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Protocol

from civicam.media.aio.gather import Sockets
from civicam.media.aio.source import Push, Source
from civicam.media.aio.tcp import TcpReceiver
from civicam.media.aio.tcp_active import TcpCaller
from civicam.media.aio.udp import UdpReceiver, UdpSettings
from civicam.media.core.depacketise import depacketiser
from civicam.media.core.ps import PsDemuxer
from civicam.media.core.receive import RtpReceiver
from civicam.media.core.sniff import FormatSniffer
from civicam.media.core.unit import Codec
from civicam.media.engine import ReceiveSpec, Transport
from civicam.media.settings import MediaSettings

_ELEMENTARY = {"H264": Codec.H264, "H265": Codec.H265, "HEVC": Codec.H265}


class PortSource(Source, Protocol):
    """A source that has a port of ours."""

    port: int


def make_receiver(spec: ReceiveSpec, reorder_s: float) -> RtpReceiver:
    """A receiver that takes the offered SSRC only, until the answer is known."""
    window_s = reorder_s if spec.transport is Transport.UDP else 0.0
    sniffer = FormatSniffer(PsDemuxer())
    receiver = RtpReceiver(sniffer, ssrc=spec.ssrc, window_s=window_s)
    receiver.strict = True
    sniffer.adopt = receiver.adopt
    return receiver


def reads(receiver: RtpReceiver, encoding: str) -> None:
    """Let ``receiver`` read what the answer's rtpmap names, unless pictures have come already: PS and TS are
    told by their bytes, elementary streams (RFC 6184, RFC 7798) only by the SDP."""
    codec = _ELEMENTARY.get(encoding.upper())
    if codec is not None and receiver.depacketiser.codec is None:
        sniffer = FormatSniffer(depacketiser(codec, clock_rate=90_000))
        sniffer.adopt = receiver.adopt
        receiver.adopt(sniffer)


async def make_source(
    spec: ReceiveSpec,
    media: MediaSettings,
    sockets: Sockets,
    receiver: RtpReceiver,
    push: Push,
    gave_up: Callable[[str], None],
) -> PortSource:
    """The source, its port open. ``media.no-ports``, ``media.bind-failed``."""
    if spec.transport is Transport.UDP:
        udp = UdpSettings(
            media.rtp_host,
            media.rcvbuf_bytes,
            media.rcvbuf_enough_bytes,
            media.rtcp_interval_s,
            secrets.randbits(32),
        )
        return UdpReceiver(sockets, udp, receiver, push)
    source = (
        TcpReceiver(sockets, media.rtp_host, receiver, push)
        if spec.transport is Transport.TCP_PASSIVE
        else TcpCaller(sockets, media.rtp_host, receiver, push, gave_up)
    )
    await source.listen()
    return source
