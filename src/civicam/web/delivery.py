"""The body of a picture upload, as devices write it: pure, in pieces, with bounded memory.

The standard leaves the form open. What the bytes are decides, never what the headers call them: a JPEG as it
is, or a multipart form whose border is its own first line (RFC 7578), with line ends of either kind and with
or without its closing border. A form may hold several pictures and the session's id, before or after them.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator
from dataclasses import dataclass

from civicam.kernel.errors import Refused

FORMAT = "web.upload-format"

_JPEG = b"\xff\xd8"
_BORDER_MOST = 200
_HEAD_MOST = 8 * 1024
_FIELD_MOST = 16 * 1024
_FIELDS_MOST = 32
_NAME = re.compile(rb"\bname\s*=\s*\"?([^\";\r\n]*)", re.IGNORECASE)
_FILE = re.compile(rb"\bfilename\*?\s*=\s*(?:\"([^\"\r\n]*)\"|([^;\r\n]*))", re.IGNORECASE)
_BLANK = re.compile(rb"\r?\n\r?\n")


@dataclass(frozen=True, slots=True)
class PictureBegins:
    """``name`` is what the device calls it: for comparing, never for a path."""

    name: str


@dataclass(frozen=True, slots=True)
class PictureData:
    """The next bytes of it."""

    data: bytes


@dataclass(frozen=True, slots=True)
class PictureEnds:
    """It was sent whole, as far as the form tells."""


Step = PictureBegins | PictureData | PictureEnds


class _State(enum.Enum):
    SNIFF = enum.auto()
    RAW = enum.auto()
    HEAD = enum.auto()
    PART = enum.auto()
    """The first bytes of a part: a picture or a field?"""
    PICTURE = enum.auto()
    FIELD = enum.auto()
    BORDER = enum.auto()
    OVER = enum.auto()


class DeliveryReader:
    """`feed` what comes, `end` when nothing more does; both give steps. ``session_id``: the form's."""

    def __init__(self) -> None:
        self.session_id = ""
        self.pictures = 0
        self._state = _State.SNIFF
        self._held = b""
        self._border = b""
        self._name = b""
        self._file = ""
        self._fields = 0

    def feed(self, data: bytes) -> Iterator[Step]:
        """Raises `Refused` ``web.upload-format``."""
        self._held += data
        while (steps := self._step(last=False)) is not None:
            yield from steps

    def end(self) -> Iterator[Step]:
        """The body is over. A form without its closing border ends here."""
        while (steps := self._step(last=True)) is not None:
            yield from steps
        if self._state in {_State.RAW, _State.PICTURE}:
            yield PictureEnds()
        if not self.pictures:
            raise Refused(FORMAT)

    def _step(self, *, last: bool) -> list[Step] | None:
        """One step forward; None when more must come."""
        match self._state:
            case _State.SNIFF:
                return self._sniff()
            case _State.RAW:
                return self._data(len(self._held))
            case _State.HEAD:
                return self._head()
            case _State.PART:
                return self._part(last)
            case _State.PICTURE | _State.FIELD:
                return self._inside(last)
            case _State.BORDER:
                return self._after_border()
            case _State.OVER:
                self._held = b""
                return None

    def _sniff(self) -> list[Step] | None:
        held = self._held.lstrip(b"\r\n\t ")
        if held.startswith(_JPEG):
            self._held, self._state = held, _State.RAW
            self.pictures += 1
            return [PictureBegins("")]
        if held.startswith(b"--") and (end := held.find(b"\n")) >= 0:
            line, self._held = held[:end], held[end + 1 :]
            self._border = (b"\r\n" if line.endswith(b"\r") else b"\n") + line.strip()
            self._state = _State.HEAD
            if len(self._border) < 5:
                raise Refused(FORMAT)
            return []
        if len(held) >= _BORDER_MOST or (len(held) >= 2 and not held.startswith(b"--")):
            raise Refused(FORMAT)
        return None

    def _head(self) -> list[Step] | None:
        found = _BLANK.search(self._held)
        if found is None or found.end() > _HEAD_MOST:
            if len(self._held) > _HEAD_MOST:
                raise Refused(FORMAT)
            return None
        head, self._held = self._held[: found.start()], self._held[found.end() :]
        name, file = _NAME.search(head), _FILE.search(head)
        self._name = b"" if name is None else name[1].strip().lower()
        self._file = "" if file is None else _text(file[1] or file[2] or b"")
        self._fields += 1
        if self._fields > _FIELDS_MOST:
            raise Refused(FORMAT)
        self._state = _State.PART
        return []

    def _part(self, last: bool) -> list[Step] | None:
        if len(self._held) < len(_JPEG) and not last:
            return None
        if self._held.startswith(_JPEG):
            self._state = _State.PICTURE
            self.pictures += 1
            return [PictureBegins(self._file)]
        if self._file:
            raise Refused("media.not-jpeg")
        self._state = _State.FIELD
        return []

    def _inside(self, last: bool) -> list[Step] | None:
        end = self._held.find(self._border)
        if end >= 0:
            steps = self._part_data(end)
            steps += [PictureEnds()] if self._state is _State.PICTURE else []
            self._held = self._held[len(self._border) :]
            self._state = _State.BORDER
            return steps
        if self._state is _State.FIELD:
            if len(self._held) > _FIELD_MOST:
                raise Refused(FORMAT)
            if last:
                self._part_data(len(self._held))
            return None
        safe = len(self._held) if last else len(self._held) - len(self._border) + 1
        return self._data(safe)

    def _part_data(self, end: int) -> list[Step]:
        """What is left of a part."""
        if self._state is _State.PICTURE:
            return self._data(end) or []
        data, self._held = self._held[:end], self._held[end:]
        if self._name.replace(b"_", b"") == b"sessionid":
            self.session_id = _text(data.strip())
        return []

    def _data(self, size: int) -> list[Step] | None:
        if size <= 0:
            return None
        data, self._held = self._held[:size], self._held[size:]
        return [PictureData(data)]

    def _after_border(self) -> list[Step] | None:
        if self._held.startswith(b"--"):
            self._state = _State.OVER
            return []
        end = self._held.find(b"\n")
        if end < 0:
            if len(self._held) > _BORDER_MOST:
                raise Refused(FORMAT)
            return None
        self._held, self._state = self._held[end + 1 :], _State.HEAD
        return []


def _text(data: bytes) -> str:
    """Short text for comparing."""
    return data.decode("utf-8", "replace").strip()[:128]
