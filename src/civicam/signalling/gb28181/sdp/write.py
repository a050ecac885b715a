"""Writing offers and answers in the one order every device takes: a=recvonly right after m=, PS first."""

from __future__ import annotations

from dataclasses import dataclass

from civicam.signalling.gb28181.fline import G711A, NOTHING, FLine
from civicam.signalling.gb28181.sdp.model import Direction, SessionName, Setup, StreamForm
from civicam.signalling.gb28181.ssrc import format_ssrc

_OFFERED: tuple[tuple[int, str], ...] = ((96, "PS"), (98, "H264"), (100, "H265"))


@dataclass(frozen=True, slots=True)
class Offer:
    """A receiver's offer for video.

    ``owner`` is our own id, ``host`` and ``port`` where the media shall arrive. Over ``tcp``, ``setup`` is
    our role: passive listens on the port, active will connect to the answer's. ``stream`` 0 main, 1 sub,
    told in the device's ``stream_form``. Playback and Download need ``uri`` (`HistoryUri`) and the Unix
    seconds ``start`` and ``stop``; ``speed`` is for Download, a whole multiple.
    """

    owner: str
    host: str
    port: int
    ssrc: int
    tcp: bool = False
    stream: int = 0
    stream_form: StreamForm = "streamnumber"
    setup: Setup = "passive"
    session: SessionName = "Play"
    uri: str = ""
    start: int = 0
    stop: int = 0
    speed: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """A sender's answer: where the media comes from, in the times and the session that were asked for.

    ``payload`` is the number and name taken from the offer, ``parameters`` what is sent; ``filesize`` in
    bytes, for a download, 0 when not known. ``ssrc`` None leaves ``y=`` out, as some devices do.
    """

    owner: str
    host: str
    port: int
    ssrc: int | None
    tcp: bool = False
    session: str = "Play"
    setup: Setup = "active"
    start: int = 0
    stop: int = 0
    payload: tuple[int, str] = (96, "PS")
    parameters: FLine = NOTHING
    filesize: int = 0


@dataclass(frozen=True, slots=True)
class Voice:
    """Voice to a device (语音广播): its offer says ``recvonly``, our answer ``sendonly``; talk ``sendrecv``.

    G.711A both ways, because it is the only codec every loudspeaker plays.
    """

    owner: str
    host: str
    port: int
    ssrc: int
    direction: Direction
    tcp: bool = False
    setup: Setup = "active"
    session: SessionName = "Play"


def build_offer(offer: Offer) -> bytes:
    """The body of an INVITE for video: live, playback or download."""
    numbers = " ".join(str(number) for number, _ in _OFFERED)
    return _body(
        *_head(offer.owner, offer.host, offer.session, offer.uri, (offer.start, offer.stop)),
        f"m=video {offer.port} {_profile(offer.tcp)} {numbers}",
        "a=recvonly",
        *(f"a=rtpmap:{number} {encoding}/90000" for number, encoding in _OFFERED),
        *_roles(offer.tcp, offer.setup),
        *_stream_line(offer.stream_form, offer.stream),
        *((f"a=downloadspeed:{offer.speed}",) if offer.speed else ()),
        f"y={format_ssrc(offer.ssrc)}",
    )


def build_answer(answer: Answer) -> bytes:
    """The body of a device's 200 to an INVITE for video."""
    number, encoding = answer.payload
    return _body(
        *_head(answer.owner, answer.host, answer.session, "", (answer.start, answer.stop)),
        f"m=video {answer.port} {_profile(answer.tcp)} {number}",
        "a=sendonly",
        f"a=rtpmap:{number} {encoding}/90000",
        *_roles(answer.tcp, answer.setup),
        *((f"a=filesize:{answer.filesize}",) if answer.filesize else ()),
        *((f"y={format_ssrc(answer.ssrc)}",) if answer.ssrc is not None else ()),
        f"f={answer.parameters}",
    )


def build_voice(voice: Voice) -> bytes:
    """The body of a device's INVITE after a Broadcast, or of our 200 to it."""
    return _body(
        *_head(voice.owner, voice.host, voice.session, "", (0, 0)),
        f"m=audio {voice.port} {_profile(voice.tcp)} 8",
        f"a={voice.direction}",
        "a=rtpmap:8 PCMA/8000",
        *_roles(voice.tcp, voice.setup),
        f"y={format_ssrc(voice.ssrc)}",
        f"f={G711A}",
    )


def _head(owner: str, host: str, session: str, uri: str, times: tuple[int, int]) -> tuple[str, ...]:
    return (
        "v=0",
        f"o={owner} 0 0 IN {_family(host)} {host}",
        f"s={session}",
        *((f"u={uri}",) if uri else ()),
        f"c=IN {_family(host)} {host}",
        f"t={times[0]} {times[1]}",
    )


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


def _profile(tcp: bool) -> str:
    return "TCP/RTP/AVP" if tcp else "RTP/AVP"


def _roles(tcp: bool, setup: Setup) -> tuple[str, ...]:
    return (f"a=setup:{setup}", "a=connection:new") if tcp else ()


def _family(host: str) -> str:
    return "IP6" if ":" in host else "IP4"


def _body(*lines: str) -> bytes:
    return ("\r\n".join(lines) + "\r\n").encode()
