"""What is asked of a device: a channel live, or a piece of its recordings, and how that is put into SDP."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from civicam.fleet.facts import ChannelId
from civicam.gateway.kept import Purpose
from civicam.gateway.roster import Entry
from civicam.gateway.sessions import StreamName
from civicam.media.engine import StreamKind, Transport
from civicam.signalling.gb28181 import sdp


@dataclass(frozen=True, slots=True)
class History:
    """A piece of a device's recordings, aware UTC. ``speed``: times faster, for a download."""

    kind: Literal[StreamKind.PLAYBACK, StreamKind.DOWNLOAD]
    start: datetime
    end: datetime
    speed: int = 1


@dataclass(frozen=True, slots=True)
class Leg:
    """What is asked of whom; live without ``history``."""

    channel_id: ChannelId
    entry: Entry
    channel: str
    stream: StreamName
    history: History | None = None

    @property
    def purpose(self) -> Purpose:
        """What the session is for."""
        if self.history is None:
            return "live"
        return "download" if self.history.kind is StreamKind.DOWNLOAD else "playback"


def offer_of(leg: Leg, owner: str, place: tuple[str, int], ssrc: int, transport: Transport) -> sdp.Offer:
    """What a device is asked for. History is asked for in Unix seconds, whatever RFC 4566 says."""
    offer = sdp.Offer(
        owner=owner,
        host=place[0],
        port=place[1],
        ssrc=ssrc,
        tcp=transport is not Transport.UDP,
        setup="active" if transport is Transport.TCP_ACTIVE else "passive",
        stream=0 if leg.stream == "main" else 1,
        stream_form=leg.entry.profile.stream_form,
    )
    history = leg.history
    if history is None:
        return offer
    download = history.kind is StreamKind.DOWNLOAD
    return replace(
        offer,
        session="Download" if download else "Playback",
        uri=str(sdp.HistoryUri(leg.channel, 0)),
        start=int(history.start.timestamp()),
        stop=int(history.end.timestamp()),
        speed=history.speed if download else 0,
    )
