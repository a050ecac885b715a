"""Between the simulator and its workshops: orders down as lines of JSON, pictures up behind a short head.

Both directions share one socket. What comes up, big-endian:

    kind (1)  feed (4)  number (4)  pts (8)  skipped (4)  cpu, drawing, writing, coding (4 each)  length (4)
    bytes (length)

``kind`` is 0 for a picture, 1 for a key picture, 2 for a feed that is over, with the reason as its bytes.
``skipped`` and the times (milliseconds of processor time) are the whole workshop's, since it began.
"""

from __future__ import annotations

import json
import struct
from dataclasses import asdict, dataclass, field

from civicam.simulator.picture import Coded, Profile
from civicam.simulator.scene.mood import Mood

_HEAD = struct.Struct(">BIIqIIIIII")
_U32 = 0xFFFFFFFF
_PICTURE, _KEY, _GONE = range(3)
MAX_LENGTH = 16 << 20
"""No picture is that large; a head that says so is not one of ours."""


@dataclass(frozen=True, slots=True)
class Part:
    """What a feed shows and how it is coded: a recording (``footage``, its path) or a drawn ``mood``."""

    channel: str
    name: str
    codec: str
    profile: Profile
    mood: Mood | None = None
    footage: str = ""


@dataclass(frozen=True, slots=True)
class Look:
    """What is wrong with the pictures; ``ahead`` is how many seconds their clock is."""

    frozen: bool = False
    black: bool = False
    ahead: float = 0.0


@dataclass(frozen=True, slots=True)
class Open:
    """Draw a feed from now on; its next picture has ``number`` and ``pts``."""

    feed: int
    part: Part
    look: Look = field(default_factory=Look)
    number: int = 1
    pts: int = 0


@dataclass(frozen=True, slots=True)
class Key:
    """Let the next picture be a key picture."""

    feed: int


@dataclass(frozen=True, slots=True)
class Change:
    """The look of a feed changed."""

    feed: int
    look: Look


@dataclass(frozen=True, slots=True)
class Close:
    """Nobody looks any more."""

    feed: int


@dataclass(frozen=True, slots=True)
class Rehearse:
    """Draw these scenes ahead of who asks for them."""

    moods: tuple[Mood, ...]


Order = Open | Key | Change | Close | Rehearse


def write_order(order: Order) -> bytes:
    """An order as a line."""
    return json.dumps({"do": type(order).__name__, **asdict(order)}).encode() + b"\n"


def read_order(line: bytes) -> Order:
    """The order of a line, from `write_order`."""
    body = json.loads(line)
    match body.pop("do"):
        case "Open":
            part = body.pop("part")
            profile, mood = Profile(**part.pop("profile")), part.pop("mood")
            whole = Part(**part, profile=profile, mood=None if mood is None else Mood(**mood))
            return Open(**{**body, "part": whole, "look": Look(**body["look"])})
        case "Key":
            return Key(body["feed"])
        case "Change":
            return Change(body["feed"], Look(**body["look"]))
        case "Close":
            return Close(body["feed"])
        case "Rehearse":
            return Rehearse(tuple(Mood(**mood) for mood in body["moods"]))
        case other:
            raise ValueError(other)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One picture of a feed."""

    feed: int
    number: int
    coded: Coded


@dataclass(frozen=True, slots=True)
class Gone:
    """A feed is over: its pictures cannot be had."""

    feed: int
    reason: str


@dataclass(frozen=True, slots=True)
class Labour:
    """What a workshop did since it began: pictures left out; seconds of processor time, all and by stage."""

    skipped: int = 0
    cpu_s: float = 0.0
    drawing_s: float = 0.0
    writing_s: float = 0.0
    coding_s: float = 0.0

    def __add__(self, other: Labour) -> Labour:
        return Labour(
            self.skipped + other.skipped,
            self.cpu_s + other.cpu_s,
            self.drawing_s + other.drawing_s,
            self.writing_s + other.writing_s,
            self.coding_s + other.coding_s,
        )


def write_news(news: Delivery | Gone, done: Labour) -> bytes:
    """What goes up."""
    if isinstance(news, Gone):
        kind, number, pts, data = _GONE, 0, 0, news.reason.encode()
    else:
        coded = news.coded
        kind, number, pts, data = _KEY if coded.key else _PICTURE, news.number, coded.pts, coded.data
    times = (int(each * 1000) & _U32 for each in (done.cpu_s, done.drawing_s, done.writing_s, done.coding_s))
    return _HEAD.pack(kind, news.feed, number & _U32, pts, done.skipped & _U32, *times, len(data)) + data


@dataclass(slots=True)
class NewsReader:
    """Bytes of the socket in, news out. ``done`` is what was told last."""

    done: Labour = field(default_factory=Labour)
    _rest: bytes = field(default=b"", repr=False)

    def feed(self, data: bytes) -> list[Delivery | Gone]:
        """The news completed by ``data``.

        Raises:
            ValueError: no workshop wrote this.
        """
        if self._rest:
            data = self._rest + data
        news: list[Delivery | Gone] = []
        position = 0
        told: tuple[int, ...] | None = None
        while len(data) - position >= _HEAD.size:
            kind, feed, number, pts, skipped, *times, length = _HEAD.unpack_from(data, position)
            if kind > _GONE or length > MAX_LENGTH:
                raise ValueError(kind)
            start = position + _HEAD.size
            if len(data) < start + length:
                break
            position = start + length
            told = (skipped, *times)
            body = data[start:position]
            if kind == _GONE:
                news.append(Gone(feed, body.decode(errors="replace")))
            else:
                news.append(Delivery(feed, number, Coded(body, pts, kind == _KEY)))
        self._rest = data[position:]
        if told is not None:
            self.done = Labour(told[0], *(each / 1000 for each in told[1:]))
        return news
