"""The SDP of an RTSP server (RFC 4566, RFC 2326 Appendix C): the tracks civicam can carry."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from civicam.media.core.unit import Codec

_NAMES = {
    "H264": Codec.H264,
    "H265": Codec.H265,
    "HEVC": Codec.H265,
    "PCMA": Codec.PCMA,
    "PCMU": Codec.PCMU,
    "MPEG4-GENERIC": Codec.AAC,
}
_STATIC = {0: ("PCMU", 8000), 8: ("PCMA", 8000)}


@dataclass(frozen=True, slots=True)
class Track:
    """One media description we can carry; ``control`` is absolute."""

    codec: Codec
    payload_type: int
    clock_rate: int
    fmtp: str
    control: str


@dataclass(slots=True)
class _Media:
    kind: str
    payload_type: int
    encoding: str = ""
    clock_rate: int = 90000
    fmtp: str = ""
    control: str = ""


def tracks(body: bytes, base: str) -> tuple[list[Track], str]:
    """The first video and the first audio track we can carry, and the URL for PLAY.

    ``base``: Content-Base, Content-Location or the request's URL, in that order of preference.
    """
    session, medias = _read(body)
    found: list[Track] = []
    for kind in ("video", "audio"):
        for media in medias:
            codec = _NAMES.get(media.encoding.upper())
            if media.kind == kind and codec is not None and codec.is_video == (kind == "video"):
                url = resolve(base, media.control)
                found.append(Track(codec, media.payload_type, media.clock_rate, media.fmtp, url))
                break
    return found, resolve(base, session)


def resolve(base: str, control: str) -> str:
    """A control attribute against the base. Servers mean "append a path segment", whatever RFC 3986 says of a
    base without a slash at its end; an address on another host is ignored and taken as ours, and what is no
    URL at all counts as not said."""
    if control in ("", "*"):
        return base
    try:
        if control.lower().startswith("rtsp://"):
            theirs, ours = urlsplit(control), urlsplit(base)
            return theirs._replace(scheme=ours.scheme, netloc=ours.netloc).geturl()
        if control.startswith("/"):
            return urljoin(base, "/" + control.lstrip("/"))
    except ValueError:  # "rtsp://[": urllib refuses half an IPv6 address
        return base
    return base + ("" if base.endswith("/") else "/") + control


def _read(body: bytes) -> tuple[str, list[_Media]]:
    session_control, medias = "", list[_Media]()
    for raw in body.decode("utf-8", "replace").splitlines():
        line = raw.strip()
        if line.startswith("m="):
            medias.append(_media(line[2:]))
        elif line.startswith("a=control:"):
            control = line[len("a=control:") :].strip()
            if medias:
                medias[-1].control = control
            else:
                session_control = control
        elif medias:
            _attribute(medias[-1], line)
    return session_control, medias


def _media(value: str) -> _Media:
    words = value.split()
    kind = words[0] if words else ""
    number = words[3] if len(words) > 3 else ""
    payload_type = int(number) if number.isascii() and number.isdigit() and len(number) < 4 else -1
    encoding, clock_rate = _STATIC.get(payload_type, ("", 90000))
    return _Media(kind, payload_type, encoding, clock_rate)


def _attribute(media: _Media, line: str) -> None:
    name, _, value = line.partition(":")
    number, _, rest = value.strip().partition(" ")
    if number != str(media.payload_type):
        return
    if name == "a=rtpmap":
        encoding, _, clock = rest.strip().partition("/")
        media.encoding = encoding
        rate = clock.partition("/")[0]
        if rate.isascii() and rate.isdigit() and 0 < len(rate) < 8 and int(rate):
            media.clock_rate = int(rate)
    elif name == "a=fmtp":
        media.fmtp = rest.strip()
