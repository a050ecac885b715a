"""SDP of media sessions (GB/T 28181-2016 Annex F, 2022 Annex G) and the Subject header (Annex L).

``y=`` (SSRC) and ``f=`` (media parameters) are not RFC 4566, so a strict parser fails on every answer;
this reader takes lines as they come and keeps what the gateway decides by. The line order of offers is
fixed, because some recorders answer 403 to any other: a=recvonly directly after m=, PS first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from civicam.signalling.gb28181.ssrc import format_ssrc
from civicam.signalling.gb28181.xml import Malformed, decode

CONTENT_TYPE = "application/sdp"
Setup = Literal["active", "passive"]
Direction = Literal["recvonly", "sendonly", "sendrecv", "inactive"]
StreamForm = Literal["none", "streamnumber", "streamprofile", "stream", "streamMode"]
"""How a device wants to be told main or sub: 2022 ``streamnumber``, older vendor forms, or not at all."""

MAX_SIZE = 64 * 1024
MAX_LINES = 400
_NTP_ERA = 2_208_988_800
_OFFERED: tuple[tuple[int, str], ...] = ((96, "PS"), (98, "H264"), (97, "MPEG4"))
_HOST = re.compile(r"[0-9A-Za-z:.\-]{1,255}")


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


@dataclass(frozen=True, slots=True)
class Offer:
    """A receiver's offer for live video.

    ``owner`` is our own id, ``host`` and ``port`` where the media shall arrive; ``tcp`` offers
    ``setup:passive`` (we listen). ``stream`` 0 main, 1 sub, told in the device's ``stream_form``.
    """

    owner: str
    host: str
    port: int
    ssrc: int
    tcp: bool = False
    stream: int = 0
    stream_form: StreamForm = "streamnumber"


@dataclass(frozen=True, slots=True)
class Answer:
    """A sender's answer: where the media comes from; ``tcp`` answers ``setup:active``."""

    owner: str
    host: str
    port: int
    ssrc: int
    tcp: bool = False
    session: str = "Play"


def _stream_line(form: StreamForm, stream: int) -> tuple[str, ...]:
    word = "main" if stream == 0 else "sub"
    lines: dict[StreamForm, tuple[str, ...]] = {
        "none": (),
        "streamnumber": (f"a=streamnumber:{stream}",),
        "streamprofile": (f"a=streamprofile:{stream}",),
        "stream": (f"a=stream:{word}",),
        "streamMode": (f"a=streamMode:{word.upper()}",),
    }
    return lines[form]


def build_offer(offer: Offer) -> bytes:
    """The body of a live INVITE."""
    profile = "TCP/RTP/AVP" if offer.tcp else "RTP/AVP"
    numbers = " ".join(str(number) for number, _ in _OFFERED)
    lines = [
        "v=0",
        f"o={offer.owner} 0 0 IN {_family(offer.host)} {offer.host}",
        "s=Play",
        f"c=IN {_family(offer.host)} {offer.host}",
        "t=0 0",
        f"m=video {offer.port} {profile} {numbers}",
        "a=recvonly",
        *(f"a=rtpmap:{number} {encoding}/90000" for number, encoding in _OFFERED),
        *(("a=setup:passive", "a=connection:new") if offer.tcp else ()),
        *_stream_line(offer.stream_form, offer.stream),
        f"y={format_ssrc(offer.ssrc)}",
    ]
    return ("\r\n".join(lines) + "\r\n").encode()


def build_answer(answer: Answer) -> bytes:
    """The body of a device's 200 to a live INVITE."""
    profile = "TCP/RTP/AVP" if answer.tcp else "RTP/AVP"
    lines = [
        "v=0",
        f"o={answer.owner} 0 0 IN {_family(answer.host)} {answer.host}",
        f"s={answer.session}",
        f"c=IN {_family(answer.host)} {answer.host}",
        "t=0 0",
        f"m=video {answer.port} {profile} 96",
        "a=sendonly",
        "a=rtpmap:96 PS/90000",
        *(("a=setup:active", "a=connection:new") if answer.tcp else ()),
        f"y={format_ssrc(answer.ssrc)}",
        "f=v/////a///",
    ]
    return ("\r\n".join(lines) + "\r\n").encode()


def _family(host: str) -> str:
    return "IP6" if ":" in host else "IP4"


def parse(body: bytes) -> Sdp:
    """Read an offer or answer leniently. Raises `Malformed` ``signalling.bad-sdp`` with the reason."""
    if len(body) > MAX_SIZE:
        raise _bad("size")
    reader = _Reader()
    for letter, value in _lines(decode(body)):
        reader.line(letter, value)
    return reader.result()


def _bad(detail: str) -> Malformed:
    return Malformed("signalling.bad-sdp", detail=detail)


def _lines(text: str) -> Iterator[tuple[str, str]]:
    for count, line in enumerate(text.replace("\r", "\n").split("\n")):
        if count > MAX_LINES * 2:
            raise _bad("lines")
        letter, separator, value = line.strip().partition("=")
        if separator and len(letter.strip()) == 1:
            yield letter.strip(), value.strip()


def _number(text: str, low: int, high: int) -> int | None:
    text = text.strip()
    if not text.isascii() or not text.isdigit() or len(text) > 20:
        return None
    value = int(text)
    return value if low <= value <= high else None


class _Reader:
    """Collects the lines of the session and its first media; later media lines are not ours."""

    def __init__(self) -> None:
        self._session: dict[str, str] = {}
        self._hosts: list[str] = []
        self._media: list[str] | None = None
        self._maps: dict[int, tuple[str, int]] = {}
        self._attributes: dict[str, str] = {}
        self._closed = False

    def line(self, letter: str, value: str) -> None:
        if letter == "m":
            self._closed = self._media is not None
            if not self._closed:
                self._media = value.split()
        elif letter in {"y", "f"}:  # stand at the end, whatever media came before
            self._session.setdefault(letter, value)
        elif self._closed:
            return
        elif letter == "c":
            self._hosts.append(value.split()[-1].partition("/")[0] if value else "")
        elif letter == "a":
            self._attribute(value)
        else:
            self._session.setdefault(letter, value)

    def _attribute(self, value: str) -> None:
        name, _, rest = value.partition(":")
        name = name.strip().lower()
        if name != "rtpmap":
            self._attributes.setdefault(name, rest.strip())
            return
        number_text, _, mapping = rest.strip().partition(" ")
        encoding, _, clock = mapping.strip().partition("/")
        number = _number(number_text, 0, 127)
        if number is not None:
            self._maps.setdefault(number, (encoding.upper(), _number(clock.split("/")[0], 0, 10**7) or 0))

    def result(self) -> Sdp:
        if self._media is None or len(self._media) < 2:
            raise _bad("no media line")
        port = _number(self._media[1].partition("/")[0], 0, 65535)
        if port is None:
            raise _bad("port")
        host = next((each for each in reversed(self._hosts) if each), self._owner_host())
        if not _HOST.fullmatch(host):
            raise _bad("address")
        start, stop = self._times()
        return Sdp(
            host=host,
            port=port,
            media=self._media[0].lower(),
            tcp="TCP" in (self._media[2].upper() if len(self._media) > 2 else ""),
            owner=(self._session.get("o", "").split() or [""])[0],
            session=self._session.get("s", ""),
            payloads=self._payloads(self._media[3:]),
            direction=self._direction(),
            setup=self._setup(),
            ssrc=_number(self._session.get("y", ""), 0, 2**32 - 1),
            parameters=self._session.get("f", ""),
            start=start,
            stop=stop,
            uri=self._session.get("u", ""),
            stream=self._stream(),
        )

    def _owner_host(self) -> str:
        parts = self._session.get("o", "").split()
        return parts[-1] if len(parts) >= 6 else ""

    def _payloads(self, numbers: list[str]) -> tuple[Payload, ...]:
        found = [number for each in numbers[:32] if (number := _number(each, 0, 127)) is not None]
        return tuple(Payload(number, *self._maps.get(number, ("", 0))) for number in found)

    def _direction(self) -> Direction | None:
        names: tuple[Direction, ...] = ("recvonly", "sendonly", "sendrecv", "inactive")
        return next((each for each in names if each in self._attributes), None)

    def _setup(self) -> Setup | None:
        value = self._attributes.get("setup", "").lower()
        roles: tuple[Setup, ...] = ("active", "passive")
        return next((each for each in roles if each == value), None)

    def _times(self) -> tuple[int, int]:
        """``t=``: Unix seconds in the field, NTP seconds by RFC 4566; both are understood."""
        parts = [*self._session.get("t", "").split(), "0", "0"][:2]
        values = [_number(each, 0, 2**40) or 0 for each in parts]
        start, stop = (value - _NTP_ERA if value > _NTP_ERA + 10**9 else value for value in values)
        return start, stop

    def _stream(self) -> int | None:
        for name in ("streamnumber", "streamprofile"):
            if (number := _number(self._attributes.get(name, ""), 0, 9)) is not None:
                return number
        for name in ("stream", "streammode"):
            if (word := self._attributes.get(name, "").lower()) in {"main", "sub"}:
                return 0 if word == "main" else 1
        return None


@dataclass(frozen=True, slots=True)
class Subject:
    """``Subject: senderID:senderSeq,receiverID:receiverSeq`` (2022 Annex L).

    The sender is the channel, its sequence the SSRC text (first digit 0 live, 1 history).
    """

    sender: str
    sender_sequence: str
    receiver: str
    receiver_sequence: str = "0"

    def __str__(self) -> str:
        return f"{self.sender}:{self.sender_sequence},{self.receiver}:{self.receiver_sequence}"

    @classmethod
    def parse(cls, value: str) -> Subject:
        """Read the header. Raises `Malformed` ``signalling.bad-field``."""
        match = re.fullmatch(
            r"\s*([^:,\s]{1,40}):([^:,\s]{1,40})\s*,\s*([^:,\s]{1,40}):([^:,\s]{1,40})\s*", value
        )
        if match is None:
            raise Malformed("signalling.bad-field", field="Subject", value=ascii(value[:40]))
        return cls(*match.groups())
