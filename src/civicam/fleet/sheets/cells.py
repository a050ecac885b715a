"""One cell of a sheet: what stands there becomes a value, or a fault that says what to do. Pure.

A raw cell is what a workbook holds: text, a number, a truth value, a day. Excel keeps numbers to 15 digits,
so an id of 20 digits that it took for a number is lost: such a cell is refused, never guessed at.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from civicam.fleet.sheets.schema import Column, Kind, Option, Value
from civicam.kernel.errors import Datum


class Day(NamedTuple):
    """A cell that the workbook calls a date: ISO text."""

    iso: str


Raw = str | float | bool | Day | None

GB_ID = re.compile(r"[0-9]{20}")
OWN_ID = re.compile(r"d[0-9a-f]{16}")
"""Our id of a device that has no code: a source that was added by hand."""
_EXACT = 10**15
"""Whole numbers below it are what was typed."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u200b-\u200f\u202a-\u202e\ufeff]")
_DAYS = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?")
_YES = frozenset({"是", "yes", "y", "true", "1", "√"})
_NO = frozenset({"否", "no", "n", "false", "0", "×"})
_SHOWN = 60


@dataclass(frozen=True, slots=True)
class CellFault:
    """Why a cell cannot be taken: a code and the data of its text."""

    code: str
    data: Mapping[str, Datum] = field(default_factory=dict)


class FaultyCell(Exception):
    """Raised by `read`; ``weak``: the value may stand all the same where the register knows it already."""

    def __init__(self, code: str, weak: str | None = None, **data: Datum) -> None:
        super().__init__(code)
        self.fault = CellFault(code, data)
        self.weak = weak


def read(column: Column, raw: Raw) -> Value:
    """The value of a cell; None for an empty one. Raises `FaultyCell`."""
    if isinstance(raw, str):
        raw = raw.strip()
    if raw is None or raw == "":
        if column.required:
            raise FaultyCell("fleet.cell-required")
        return None
    if isinstance(raw, str):
        _sound(raw)
    return _READERS[column.kind](column, raw)


def _sound(raw: str) -> None:
    if _CONTROL.search(raw):
        raise FaultyCell("fleet.cell-control", value=show(_CONTROL.sub("�", raw)))
    if raw.startswith("#") and raw.rstrip("!?").upper() in _ERRORS:
        raise FaultyCell("fleet.cell-error", value=raw)


_ERRORS = frozenset({"#REF", "#VALUE", "#DIV/0", "#NAME", "#N/A", "#NULL", "#NUM"})


def show(raw: Raw, most: int = _SHOWN) -> str:
    """A raw cell in a message, shortened."""
    text = raw.iso if isinstance(raw, Day) else _plain(raw) if isinstance(raw, float) else str(raw)
    return text if len(text) <= most else text[:most] + "…"


def _plain(number: float) -> str:
    return str(int(number)) if number.is_integer() and abs(number) < 1e21 else repr(number)


def _text(column: Column, raw: Raw) -> str:
    """As text; a whole number that Excel kept exactly is one."""
    if isinstance(raw, bool | Day):
        raise FaultyCell("fleet.cell-type", value=show(raw))
    if isinstance(raw, float):
        if not raw.is_integer() or abs(raw) >= _EXACT:
            raise FaultyCell("fleet.cell-type", value=show(raw))
        raw = str(int(raw))
    text = str(raw)
    if len(text) > column.most:
        raise FaultyCell("fleet.cell-long", most=column.most, length=len(text))
    return text


def _identity(column: Column, raw: Raw) -> str:
    text = _text(column, raw)
    plain = unicodedata.normalize("NFKC", text)
    if plain != text and plain.isascii():
        raise FaultyCell("fleet.cell-full-width", value=show(text), plain=show(plain))
    if any(each.isspace() for each in text):
        raise FaultyCell("fleet.cell-id", value=show(text))
    return text


def _gb_id(column: Column, raw: Raw) -> str:
    """20 digits. What is none is a weak fault: catalogues name channels as they like."""
    if isinstance(raw, float):
        raise FaultyCell("fleet.cell-id-number", value=show(raw))
    text = _text(Column("", "", "", most=64), raw)
    if GB_ID.fullmatch(text):
        return text
    plain = unicodedata.normalize("NFKC", text)
    if plain != text and plain.isascii():
        raise FaultyCell("fleet.cell-full-width", value=show(text), plain=show(plain))
    if text.isascii() and text.isdigit():
        raise FaultyCell("fleet.cell-gb-id-length", text, value=text, length=len(text))
    raise FaultyCell("fleet.cell-gb-id", text, value=show(text))


def _choice(column: Column, raw: Raw) -> str:
    if isinstance(raw, float) and raw.is_integer():
        raw = str(int(raw))
    if not isinstance(raw, str):
        raise FaultyCell("fleet.cell-choice", value=show(raw))
    word = raw.casefold()
    for option in column.choices:
        if word in _words(option):
            return option.code
    if any(word in _words(option) for option in column.refused):
        raise FaultyCell("fleet.place-forbidden", place=raw)
    if column.open and len(raw) <= column.most:
        return raw
    raise FaultyCell("fleet.cell-choice", value=show(raw))


def _words(option: Option) -> tuple[str, ...]:
    return option.code.casefold(), option.zh.casefold(), option.en.casefold()


def _whole(column: Column, raw: Raw) -> int | None:
    number: int | None = None
    if (isinstance(raw, float) and raw.is_integer()) or (
        isinstance(raw, str) and raw.isascii() and raw.isdigit() and len(raw) <= 9
    ):
        number = int(raw)
    if number is None or not column.least <= number <= column.most:
        raise FaultyCell("fleet.cell-whole", value=show(raw), least=column.least, most=column.most)
    return number or None


def _date(_column: Column, raw: Raw) -> str:
    if isinstance(raw, Day):
        raw = raw.iso
    found = _DAYS.fullmatch(raw) if isinstance(raw, str) else None
    if found is None:
        raise FaultyCell("fleet.cell-date", value=show(raw))
    try:
        day = date(*(int(part) for part in found.groups()))
    except ValueError:
        raise FaultyCell("fleet.cell-date", value=show(raw)) from None
    if not 1980 <= day.year <= 2100:
        raise FaultyCell("fleet.cell-date", value=show(raw))
    return day.isoformat()


def _yes_no(_column: Column, raw: Raw) -> bool:
    if isinstance(raw, bool):
        return raw
    word = show(raw).casefold()
    if word in _YES or word in _NO:
        return word in _YES
    raise FaultyCell("fleet.cell-choice", value=show(raw))


def _number(column: Column, raw: Raw) -> str:
    """A coordinate as it was written."""
    if isinstance(raw, bool | Day) or raw is None:
        raise FaultyCell("fleet.cell-number", value=show(raw))
    try:
        number = float(raw)
    except ValueError:
        number = math.nan
    if isinstance(raw, str) and not raw.isascii():
        number = math.nan
    if not abs(number) <= 180:
        raise FaultyCell("fleet.cell-number", value=show(raw))
    if isinstance(raw, float) or column.normal:
        return repr(number)
    return raw[: column.most]


def _secret(column: Column, raw: Raw) -> str:
    if not isinstance(raw, str):  # a number has lost its leading zeros
        raise FaultyCell("fleet.cell-secret-number")
    if len(raw) > column.most:
        raise FaultyCell("fleet.cell-long", most=column.most, length=len(raw))
    return raw


_READERS = {
    Kind.TEXT: _text,
    Kind.ID: _identity,
    Kind.GB_ID: _gb_id,
    Kind.CHOICE: _choice,
    Kind.WHOLE: _whole,
    Kind.DATE: _date,
    Kind.YES_NO: _yes_no,
    Kind.NUMBER: _number,
    Kind.SECRET: _secret,
}
