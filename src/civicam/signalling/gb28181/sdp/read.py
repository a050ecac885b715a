"""Reading offers and answers: lines as they come; nothing is too odd, everything is bounded."""

from __future__ import annotations

import re
from collections.abc import Iterator

from civicam.signalling.gb28181.sdp.model import Direction, Payload, Sdp, Setup
from civicam.signalling.gb28181.xml import Malformed, decode

MAX_SIZE = 64 * 1024
MAX_LINES = 400
_NTP_ERA = 2_208_988_800
_HOST = re.compile(r"[0-9A-Za-z:.\-]{1,255}")


def parse(body: bytes, wanted: str = "") -> Sdp:
    """Read an offer or answer leniently: its first media of the kind ``wanted`` (``video``, ``audio``), else
    the first of all. Raises `Malformed` ``signalling.bad-sdp`` with the reason.
    """
    if len(body) > MAX_SIZE:
        raise _bad("size")
    reader = _Reader(wanted)
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
    """Collects the lines of the session and of one media; other media lines are not ours."""

    def __init__(self, wanted: str) -> None:
        self._wanted = wanted
        self._session: dict[str, str] = {}
        self._hosts: list[str] = []
        self._media: list[str] | None = None
        self._maps: dict[int, tuple[str, int]] = {}
        self._attributes: dict[str, str] = {}
        self._closed = False
        self._above: tuple[list[str], dict[str, str]] = ([], {})
        """Addresses and attributes of the session itself."""

    def line(self, letter: str, value: str) -> None:
        if letter == "m":
            self._begin(value.split())
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

    def _begin(self, media: list[str]) -> None:
        """A media line: the first, or the first of the wanted kind after others."""
        kind, have = "".join(media[:1]).lower(), "".join((self._media or [])[:1]).lower()
        if self._media is None:
            self._above = (list(self._hosts), dict(self._attributes))
        elif self._wanted and have != self._wanted == kind:
            self._hosts, self._attributes = list(self._above[0]), dict(self._above[1])
            self._maps = {}
        else:
            self._closed = True
            return
        self._media, self._closed = media, False

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
            speed=_number(self._attributes.get("downloadspeed", ""), 1, 64),
            filesize=_number(self._attributes.get("filesize", ""), 1, 2**50),
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
