"""The sheets operators fill in, as data: columns with their headers, types, choices, notes. Pure.

One definition serves the template, the export and the reading (`civicam.fleet.sheets.columns`). A header
stands in Chinese or in English; an operator may leave out columns and whole sheets, which leaves them as they
are.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from civicam.fleet.crs import System

Language = Literal["zh-CN", "en"]
Value = str | int | bool | None
"""A cell as it is compared and kept: dates as ISO text, choices as codes, nothing as None."""
Row = Mapping[str, Value]


class SheetName(enum.StrEnum):
    """The sheets, in the order in which they depend on each other."""

    PARTIES = "parties"
    AREAS = "areas"
    SITES = "sites"
    DEVICES = "devices"
    CHANNELS = "channels"
    NODES = "nodes"
    EDGES = "edges"


class Kind(enum.StrEnum):
    """How a cell is read."""

    TEXT = "text"
    ID = "id"
    GB_ID = "gb-id"
    CHOICE = "choice"
    WHOLE = "whole"
    DATE = "date"
    YES_NO = "yes-no"
    NUMBER = "number"
    """A coordinate: kept as it was written."""
    SECRET = "secret"  # noqa: S105 -- the kind of a cell, no secret


@dataclass(frozen=True, slots=True)
class Option:
    """One entry of a drop-down."""

    code: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Column:
    """A column. ``most`` and ``least`` bound a number, ``most`` the length of a text.

    Attributes:
        is_key: part of what a row is known by.
        required: no empty cell.
        open: other texts than the choices are taken too.
        refused: choices that the law forbids; named, so that the refusal can say so.
        to: the sheet whose rows it refers to.
        system: of a coordinate, the reference system its header states.
        normal: a number whose spelling does not count.
        hidden: stands in no sheet; what is read and compared beside the sheet's own columns.
    """

    key: str
    zh: str
    en: str
    kind: Kind = Kind.TEXT
    note_zh: str = ""
    note_en: str = ""
    most: int = 200
    least: int = 0
    is_key: bool = False
    required: bool = False
    choices: tuple[Option, ...] = ()
    refused: tuple[Option, ...] = ()
    open: bool = False
    to: SheetName | None = None
    system: System | None = None
    normal: bool = False
    hidden: bool = False
    width: int = 16

    def header(self, language: Language) -> str:
        """As it stands in the first row."""
        return self.zh if language == "zh-CN" else self.en

    def note(self, language: Language) -> str:
        """What the comment at the header says."""
        return self.note_zh if language == "zh-CN" else self.note_en

    def shown(self, value: Value, language: Language) -> str:
        """A value in words: choices by their label, nothing as nothing."""
        if value is None or value == "":
            return ""
        if isinstance(value, bool):
            return ("是", "yes")[language == "en"] if value else ("否", "no")[language == "en"]
        for option in self.choices:
            if option.code == value:
                return option.zh if language == "zh-CN" else option.en
        return str(value)


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet."""

    name: SheetName
    zh: str
    en: str
    columns: tuple[Column, ...]

    def title(self, language: Language) -> str:
        """The tab's."""
        return self.zh if language == "zh-CN" else self.en

    @property
    def keys(self) -> tuple[str, ...]:
        """The columns a row is known by."""
        return tuple(dict.fromkeys(each.key for each in self.columns if each.is_key))

    def column(self, key: str) -> Column:
        """The first of that key; coordinates share one over several systems."""
        return next(each for each in self.columns if each.key == key)

    def headers(self) -> Mapping[str, Column]:
        """Columns by header, of both languages."""
        return {tidy(text): each for each in self.columns if not each.hidden for text in (each.zh, each.en)}


def tidy(header: str) -> str:
    """A header without what people add to it: spaces, the star of a required column, wide brackets."""
    text = header.translate({ord("（"): "(", ord("）"): ")", ord("＊"): "*", ord("\u3000"): " "})
    return "".join(text.replace("*", "").split()).casefold()
