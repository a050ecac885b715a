"""Device time (校时, GB/T 28181-2022 §9.10): Beijing local time, without a zone.

The 200 to REGISTER carries ``Date: 2026-03-02T09:15:31.482``; MANSCDP times have no milliseconds.
Readers also meet ``Z``, ``+08:00``, a blank instead of T, one-digit fields and RFC 1123 dates.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

from civicam.kernel.clock import BEIJING

_TIME = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})[Tt ]\s*(\d{1,2}):(\d{1,2}):(\d{1,2})"
    r"(?:[.,](\d{1,9}))?\s*(Z|z|[+-]\d{2}:?\d{2})?",
    re.ASCII,
)
_RFC1123 = re.compile(
    r"[A-Za-z]{3},? (\d{1,2}) ([A-Za-z]{3}) (\d{4}) (\d{2}):(\d{2}):(\d{2}) (?:GMT|UTC)", re.ASCII
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def format_date(moment: datetime) -> str:
    """The ``Date`` header: Beijing time with milliseconds and no zone. ``moment`` must be aware."""
    return moment.astimezone(BEIJING).isoformat("T", "milliseconds")[:23]


def format_time(moment: datetime) -> str:
    """A MANSCDP dateTime: Beijing time to the second."""
    return f"{moment.astimezone(BEIJING):%Y-%m-%dT%H:%M:%S}"


def parse_date(text: str) -> datetime | None:
    """An aware UTC moment, or None when the text is no date: a device's clock never fails a message."""
    text = text.strip()
    try:
        if (match := _TIME.fullmatch(text)) is not None:
            return _from_iso(match)
        if (match := _RFC1123.fullmatch(text)) is not None:
            day, month, year, hour, minute, second = match.groups()
            number = _MONTHS.index(month.lower()) + 1
            return datetime(int(year), number, int(day), int(hour), int(minute), int(second), tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
    return None


def _from_iso(match: re.Match[str]) -> datetime:
    year, month, day, hour, minute, second = (int(each) for each in match.groups()[:6])
    microsecond = int((match[7] or "0").ljust(6, "0")[:6])
    local = datetime(year, month, day, hour, minute, second, microsecond, tzinfo=_zone(match[8]))
    return local.astimezone(UTC)


def _zone(text: str | None) -> timezone:
    if not text:
        return BEIJING
    if text in "Zz":
        return UTC
    sign = -1 if text[0] == "-" else 1
    return timezone(sign * timedelta(hours=int(text[1:3]), minutes=int(text[-2:])))
