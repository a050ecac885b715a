"""What an SDP says, once read, and the words it is said in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from civicam.signalling.gb28181.fline import FLine

Setup = Literal["active", "passive"]
Direction = Literal["recvonly", "sendonly", "sendrecv", "inactive"]
SessionName = Literal["Play", "Playback", "Download", "Talk"]
StreamForm = Literal["none", "streamnumber", "streamprofile", "stream", "streamMode"]
"""How a device wants to be told main or sub: 2022 ``streamnumber``, older vendor forms, or not at all."""
_PCMA = 8


def opposite(setup: Setup) -> Setup:
    """The role of the other side of a TCP connection (RFC 4145)."""
    return "passive" if setup == "active" else "active"


@dataclass(frozen=True, slots=True)
class HistoryUri:
    """``u=<channel>:<type>``: type 0 all, 1 manual, 2 alarm, 3 time. Also seen on live offers."""

    channel: str
    record_type: int = 0

    def __str__(self) -> str:
        return f"{self.channel}:{self.record_type}"

    @classmethod
    def parse(cls, text: str) -> HistoryUri | None:
        """Read; a missing or unknown type is 0. None when there is no 20-digit channel."""
        match = re.fullmatch(r"([0-9]{20})(?::([0-9]{1,3})?)?", text.strip())
        return None if match is None else cls(match[1], int(match[2] or 0))


@dataclass(frozen=True, slots=True)
class Payload:
    """One payload type: number, encoding name in capitals, clock rate in Hz (0 when not said)."""

    number: int
    encoding: str = ""
    clock: int = 0


@dataclass(frozen=True, slots=True)
class Sdp:
    """What an offer or answer says about its first media line.

    ``ssrc`` is None when there is no readable ``y=``. ``start`` and ``stop`` are Unix seconds (0 for live).
    ``speed`` is what a download asks for, ``filesize`` what its answer promises, in bytes.
    """

    host: str
    port: int
    media: str = "video"
    tcp: bool = False
    owner: str = ""
    session: str = "Play"
    payloads: tuple[Payload, ...] = ()
    direction: Direction | None = None
    setup: Setup | None = None
    ssrc: int | None = None
    parameters: str = ""
    start: int = 0
    stop: int = 0
    uri: str = ""
    stream: int | None = None
    speed: int | None = None
    filesize: int | None = None

    def sender_setup(self, offered: Setup) -> Setup:
        """The TCP role of an answer's sender; a missing one is the opposite of what was ``offered``."""
        return self.setup or opposite(offered)

    def history(self) -> HistoryUri | None:
        """The recording an offer asks for, when ``u=`` names a channel; None for addresses of files."""
        return HistoryUri.parse(self.uri)

    def codec(self) -> FLine | None:
        """What ``f=`` says; None when it says nothing."""
        return FLine.parse(self.parameters) if self.parameters else None

    def payload(self, encoding: str) -> int | None:
        """The number of a payload by its encoding name in capitals: numbers alone mean nothing."""
        return next((each.number for each in self.payloads if each.encoding == encoding), None)

    def takes_pcma(self) -> bool:
        """Whether G.711A can be used: named, or the static number 8 without a name (RFC 3551)."""
        return any(
            each.encoding == "PCMA" or (each.number == _PCMA and not each.encoding) for each in self.payloads
        )

    def is_ps(self) -> bool:
        """Whether PS is among the payloads; a bare payload 96 without rtpmap counts as PS."""
        return any(
            each.encoding == "PS" or (each.number == 96 and not each.encoding) for each in self.payloads
        )

    def private_encoding(self) -> str | None:
        """A vendor's own format announced by its name (``96 HIKVISION/90000``), else None."""
        for each in self.payloads:
            if each.encoding in {"HIKVISION", "DAHUA"}:
                return each.encoding
        return None
