"""The SIP ladder: a device's messages as rows that say which answers which, what came twice, and how late.

The rows are for a page; `civicam.signalling.sip.capture` writes the same entries for Wireshark.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from civicam.signalling.sip.trace import Entry


@dataclass(frozen=True, slots=True)
class Rung:
    """One row. ``at`` is monotonic seconds, as in its entry; milliseconds are measured here, at our socket.

    ``answers`` is the number of the request this answers, ``took_ms`` the time since that request was first
    seen. ``copies_of`` is the number of the message this one repeats. ``gap_ms`` is the time since the row
    before.
    """

    number: int
    at: float
    incoming: bool
    label: str
    entry: Entry
    gap_ms: float | None = None
    copies_of: int | None = None
    answers: int | None = None
    took_ms: float | None = None


_Exchange = tuple[str, str, int, str, bool]
"""Branch, Call-ID, CSeq number and method, and whether the request came in."""


def ladder(entries: Iterable[Entry]) -> list[Rung]:
    """Rows in the order of ``entries``, which are those of one device."""
    rungs: list[Rung] = []
    asked: dict[_Exchange, Entry] = {}
    seen: dict[tuple[_Exchange, int], int] = {}
    before: float | None = None
    for entry in entries:
        exchange = _exchange(entry)
        copies_of = seen.setdefault((exchange, entry.status), entry.number)
        request = asked.setdefault(exchange, entry) if not entry.status else asked.get(exchange)
        answers = request if entry.status else None
        rungs.append(
            Rung(
                number=entry.number,
                at=entry.at,
                incoming=entry.incoming,
                label=label(entry),
                entry=entry,
                gap_ms=None if before is None else _ms(entry.at - before),
                copies_of=None if copies_of == entry.number else copies_of,
                answers=None if answers is None else answers.number,
                took_ms=None if answers is None else _ms(entry.at - answers.at),
            )
        )
        before = entry.at
    return rungs


def label(entry: Entry) -> str:
    """``REGISTER``, ``MESSAGE Catalog``, ``200 OK (MESSAGE)``; ``?`` for what is no SIP."""
    if entry.status:
        return f"{entry.status} {entry.reason} ({entry.method})"
    return f"{entry.method} {entry.command}".strip() or "?"


def _exchange(entry: Entry) -> _Exchange:
    asked_by_them = entry.incoming != bool(entry.status)
    return entry.branch, entry.call_id, entry.cseq, entry.method, asked_by_them


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)
