"""The rows of the ledger and their bytes. Pure.

A row is written as canonical JSON: keys sorted, no spaces, times in UTC to the millisecond. The digest of the
ledger is taken over its rows in the order of their ids, so whoever recomputes it compares one line.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Literal

from civicam.outages.facts import Attribution, CauseKind, OutageId

RowState = Literal["open", "recovering", "closed", "merged"]
"""``recovering``: everything is back, not yet for long enough; ``merged``: it was part of another."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the rules said, and when. ``others`` are places that it could be as well, with probabilities."""

    at: datetime
    kind: CauseKind
    place: str
    attribution: Attribution
    confidence: float
    rule: str
    others: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """One thing a person can check. ``code`` has its text in `civicam.outages.words`; ``node`` is what it is
    about, ``at`` and ``until`` when it was, ``number`` what was counted."""

    code: str
    node: str = ""
    at: datetime | None = None
    until: datetime | None = None
    number: int | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """A channel was unusable from ``began`` to ``ended`` (None: still is). ``unknown``: nobody looked."""

    began: datetime
    ended: datetime | None
    unknown: bool = False


@dataclass(frozen=True, slots=True)
class Affected:
    """One channel of a row with its own minutes."""

    channel_id: str
    device_id: str
    site_id: str
    spans: tuple[Span, ...]

    def seconds(self, until: datetime) -> tuple[float, float]:
        """(unusable, unknown), what is still open counted to ``until``."""
        found = {False: 0.0, True: 0.0}
        for span in self.spans:
            found[span.unknown] += max(0.0, ((span.ended or until) - span.began).total_seconds())
        return found[False], found[True]


@dataclass(frozen=True, slots=True)
class Outage:
    """One row: one cause. It began between ``earliest`` and ``latest``, most likely at ``started_at``;
    ``ended_at`` is when the last of its channels came back. ``history``: earlier verdicts, oldest first."""

    outage_id: OutageId
    state: RowState
    verdict: Verdict
    opened_at: datetime
    started_at: datetime
    earliest: datetime
    latest: datetime
    ended_at: datetime | None
    closed_at: datetime | None
    devices: int
    sites: int
    channels: int
    affected: tuple[Affected, ...]
    evidence: tuple[Line, ...]
    history: tuple[Verdict, ...] = ()
    merged_into: str = ""
    work_id: str = ""
    gap_id: str = ""


def head(outage: Outage) -> bytes:
    """The row's bytes without its channels."""
    return _canonical(asdict(replace(outage, affected=())))


def channel_line(affected: Affected) -> bytes:
    """The bytes of one channel of a row."""
    return _canonical(asdict(affected))


def pieces(outage: Outage) -> Iterator[tuple[str, bytes]]:
    """(key, bytes) of a row and of each of its channels: what the digest is taken over."""
    yield outage.outage_id, head(outage)
    for each in outage.affected:
        yield f"{outage.outage_id}/{each.channel_id}/{each.device_id}", channel_line(each)


def _canonical(value: object) -> bytes:
    return json.dumps(
        value, default=_plain, sort_keys=True, ensure_ascii=False, separators=(",", ":")
    ).encode()


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds")
    raise TypeError(type(value))


def digest(found: Iterable[tuple[str, bytes]]) -> str:
    """The ledger's digest: 64 hex digits over the `pieces` of all rows in the order of their keys."""
    total = hashlib.sha256()
    for key, body in sorted(found):
        total.update(key.encode() + b"\n" + body + b"\n")
    return total.hexdigest()
