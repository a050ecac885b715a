"""Fields every MANSCDP command shares (Annex A): reading them leniently, writing them exactly.

A message is one root (`Root`) whose first children are CmdType, SN and DeviceID. Readers do not
depend on order and ignore what they do not know; writers keep the order of the standard.
"""

from __future__ import annotations

import enum
import math
from datetime import UTC, datetime
from typing import TypeVar
from xml.sax.saxutils import escape

from civicam.signalling.gb28181.clock import format_time, parse_date
from civicam.signalling.gb28181.ids import GbId
from civicam.signalling.gb28181.xml import Element, Malformed, text_of

MAX_SN = 2**63 - 1
"""We write up to 2^31-1; devices were met that write milliseconds since 1970."""

# What can be written again as Beijing time: four digits of year, and no day after the last one there is.
_EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
_LATEST = datetime(9999, 12, 31, 15, 59, 59, tzinfo=UTC)

_FLAGS = {
    **dict.fromkeys(("1", "ON", "TRUE", "YES"), True),
    **dict.fromkeys(("0", "OFF", "FALSE", "NO"), False),
}

E = TypeVar("E", bound=enum.StrEnum)


class Root(enum.StrEnum):
    """The four kinds of command."""

    CONTROL = "Control"
    QUERY = "Query"
    NOTIFY = "Notify"
    RESPONSE = "Response"


def read_sn(root: Element) -> int:
    """SN, an integer 0..2^63-1 (the standard begins with 1, some devices with 0). Raises `Malformed`
    ``signalling.bad-field``.
    """
    value = read_int(root, "SN", 0, MAX_SN)
    if value is None:
        raise bad_field("SN", text_of(root, "SN"))
    return value


def read_id(root: Element, name: str = "DeviceID") -> GbId:
    """A mandatory 20-digit id. Raises ``signalling.bad-field`` (absent) or ``signalling.bad-id``."""
    text = text_of(root, name)
    if text is None:
        raise bad_field(name, None)
    return GbId.parse(text)


def read_int(element: Element, name: str, low: int, high: int) -> int | None:
    """A whole number within bounds, else None: a wild number is as good as none."""
    text = text_of(element, name)
    if text is None or not text.isascii() or not text.isdigit() or len(text) > 20:
        return None
    value = int(text)
    return value if low <= value <= high else None


def read_float(element: Element, name: str, low: float, high: float) -> float | None:
    """A finite number within bounds, else None (NaN, 1e999 and empty text occur)."""
    text = text_of(element, name)
    if not text or len(text) > 40:
        return None
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and low <= value <= high else None


def read_time(element: Element, name: str) -> datetime | None:
    """An aware UTC moment to the second, else None: a device's clock never fails a message."""
    text = text_of(element, name, 64)
    moment = parse_date(text) if text else None
    if moment is None or not _EARLIEST <= moment <= _LATEST:
        return None
    return moment.replace(microsecond=0)


def read_text(element: Element | None, name: str, limit: int = 256) -> str:
    """Text of at most ``limit`` characters; empty when there is none."""
    return text_of(element, name, limit) or ""


def read_flag(element: Element, name: str) -> bool | None:
    """1/0, ON/OFF and the other words devices use; else None."""
    return _FLAGS.get(read_text(element, name).upper())


def read_word(element: Element, name: str, words: type[E]) -> E | None:
    """A member of ``words`` by its value, without case; else None."""
    text = read_text(element, name).lower()
    return next((each for each in words if each.lower() == text), None)


def need_int(element: Element, name: str, low: int, high: int, missing: int | None = None) -> int:
    """A whole number that must be right; ``missing`` stands for an absent or empty one.

    Raises ``signalling.bad-field``. For what is written back to a device: a guess there would be a setting.
    """
    value = read_int(element, name, low, high)
    if value is None and not text_of(element, name):
        value = missing
    if value is None:
        raise bad_field(name, text_of(element, name))
    return value


def read_ok(root: Element) -> bool:
    """Result: ERROR in any case and FAIL… are no; OK, nothing and unknown words are yes."""
    return not read_text(root, "Result").upper().startswith(("ERR", "FAIL"))


def bad_field(name: str, value: str | None) -> Malformed:
    """The refusal of a mandatory field that is missing or wrong."""
    return Malformed("signalling.bad-field", field=name, value=ascii((value or "")[:40]))


def element(name: str, value: object) -> str:
    """``<name>value</name>`` with the text escaped; nothing for None."""
    return "" if value is None else f"<{name}>{escape(str(value))}</{name}>"


def flag(value: bool | None) -> str | None:
    """1 or 0; None stays None."""
    return None if value is None else str(int(value))


def number(value: float | None) -> str | None:
    """A decimal number without exponent, seven places at most; None stays None."""
    return None if value is None else f"{value:.7f}".rstrip("0").rstrip(".")


def group(name: str, *rows: tuple[str, object], num: int | None = None) -> str:
    """``<name>`` around elements in this order, on one line; None is left out."""
    head = name if num is None else f'{name} Num="{num}"'
    return f"<{head}>" + "".join(element(each, value) for each, value in rows) + f"</{name}>"


def lines(*rows: tuple[str, object]) -> str:
    """Elements one a line, in this order. None and empty text are left out, a moment is a MANSCDP time."""
    return "".join(
        element(name, format_time(value) if isinstance(value, datetime) else value) + "\r\n"
        for name, value in rows
        if value not in (None, "")
    )


def document(root: Root, cmd_type: str, sn: int, content: str, encoding: str) -> bytes:
    """A whole body: declaration, root, CmdType, SN, then ``content``.

    ``encoding`` is what is declared and used: GB2312 towards 2016 peers, GB18030 towards 2022 ones,
    UTF-8 for devices that want it. Text outside GB2312 is written in GB18030, its superset,
    so no name is ever lost to the declaration.
    """
    text = (
        f'<?xml version="1.0" encoding="{encoding}"?>\r\n'
        f"<{root}>\r\n{element('CmdType', cmd_type)}\r\n{element('SN', sn)}\r\n{content}</{root}>\r\n"
    )
    codec = "gb18030" if encoding.upper() in {"GB2312", "GBK", "GB18030"} else encoding
    return text.encode(codec)
