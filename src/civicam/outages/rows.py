"""An open row while it lives: its episodes, its verdicts, and what it looks like in the ledger. Pure."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from civicam.fleet.graph import NodeId
from civicam.outages.book import Book, Episode, proofs_of
from civicam.outages.explain import Cause
from civicam.outages.facts import Attribution, CauseKind, OutageId
from civicam.outages.ledger import Affected, Line, Outage, RowState, Span, Verdict
from civicam.outages.model import answers_for, moment
from civicam.outages.plant import Plant
from civicam.outages.rules import VERSION, Rules

FIRST = 12
"""Dark devices and working branches named in the evidence; the counts stand beside them."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A gap of ours, in seconds; ``until`` is infinite while it lasts."""

    since: float
    until: float
    scope: frozenset[NodeId]
    """Nodes that were not looked at; empty: none was."""


@dataclass(slots=True)
class Row:
    """One open cause."""

    outage_id: OutageId
    opened: float
    lo: float
    hi: float
    verdict: Verdict
    adopted: tuple[NodeId, ...] = ()
    work: str = ""
    episodes: list[Episode] = field(default_factory=list)
    history: list[Verdict] = field(default_factory=list)
    evidence: tuple[Line, ...] = ()
    told: bool = True
    """Whether ``evidence`` says what is known now."""
    asked: float = 0.0
    closed: float | None = None
    merged_into: str = ""
    whole: bool = True
    """False for a row about single channels of a device that works."""
    first_back: float | None = None
    looked: bool = False
    """Whether it has been looked at again, once all that went dark with it was known."""
    left_asked: bool = False
    """What outlasts it has been asked about."""

    @property
    def place(self) -> NodeId:
        """The element."""
        return NodeId(self.verdict.place)

    @property
    def at(self) -> float:
        """The likeliest start."""
        return (self.lo + self.hi) / 2

    def open_episodes(self) -> list[Episode]:
        """What is still dark."""
        return [each for each in self.episodes if each.ended is None]

    def last_end(self) -> float:
        """When the last of it came back."""
        return max((each.ended for each in self.episodes if each.ended is not None), default=self.lo)

    def take(self, episodes: Iterable[Episode]) -> None:
        """Dark devices become part of this row, each with its own beginning."""
        for each in episodes:
            each.row = self.outage_id
            each.began = began(self.at, each)
            self.episodes.append(each)
        self.episodes.sort(key=lambda each: (each.device, each.channel, each.lo))

    def shift(self, lo: float, hi: float) -> None:
        """The cause began at another time than was thought."""
        self.lo, self.hi = lo, hi
        for each in self.episodes:
            each.began = began(self.at, each)


def began(at: float, episode: Episode) -> float:
    """When a device went dark with a cause that began ``at``: not before it was heard last.

    One that was heard well after the start went later, behind a battery: in the middle of what is possible.
    """
    if episode.lo <= at:
        return min(at, max(episode.hi, episode.lo))
    late = episode.lo - at > 30.0
    return min((episode.lo + episode.hi) / 2, episode.at) if late else episode.lo


def row_id(serial: int, episode: Episode) -> OutageId:
    """Ids come from what is known, so whoever recomputes gets the same."""
    text = f"{serial}/{episode.device}/{episode.channel}/{round(episode.lo * 1000)}"
    return OutageId("o" + hashlib.blake2s(text.encode(), digest_size=8).hexdigest())


def verdict_of(cause: Cause, plant: Plant, now: float, whose: Attribution | None = None) -> Verdict:
    """A cause as the ledger says it."""
    if cause.kind is CauseKind.UNKNOWN:
        whose = Attribution.NOBODY
    elif whose is None:
        whose = answers_for(plant.kind(cause.place), plant.register.parties.get(cause.place))
    return Verdict(moment(now), cause.kind, cause.place, whose, cause.confidence, VERSION, cause.others)


def same(one: Verdict, other: Verdict) -> bool:
    """Whether they name the same cause."""
    return (one.kind, one.place) == (other.kind, other.place)


# -- evidence ----------------------------------------------------------------------------------------


def evidence_of(row: Row, book: Book, plant: Plant, rules: Rules) -> tuple[Line, ...]:
    """What a person can check, the strongest first."""
    hard = plant.hard(row.place)
    lines = [Line("window", row.place, moment(row.lo), moment(row.hi))]
    if row.work:
        lines.append(Line("work", row.work))
    reach = plant.reach(row.place)
    devices = {each.device for each in row.episodes}
    reach |= {node for device in row.adopted for node in plant.above(device)}
    for node, proofs in proofs_of(book, reach).items():
        if len(lines) < rules.lines:
            lines += [
                Line(each.kind, node, moment(each.lo), moment(each.hi))
                for each in proofs
                if _near(row, each.hi)
            ]
    below = [node for node in sorted(hard) if node in plant.register.channels]
    lines.append(Line("share", row.place, number=len(devices.intersection(below))))
    lines.append(Line("below", row.place, number=len(below)))
    lines += [Line("not-below", node) for node in row.adopted[:FIRST]]
    works = [
        n for n in sorted(hard) if book.lit.get(n, -math.inf) > row.hi + rules.slack_s and n not in devices
    ]
    lines += [Line("works", node, moment(book.lit[node])) for node in works[:FIRST]]
    hushed = [node for node in sorted(hard) if node in book.hush and node not in devices]
    lines += [Line("silent", node, moment(book.hush[node].hi)) for node in hushed[:FIRST]]
    dark = sorted(row.episodes, key=lambda each: (each.lo, each.device))
    lines += [Line("heard", each.device, moment(each.lo), moment(each.hi)) for each in dark[:FIRST]]
    kept = lines[: rules.lines]
    left = len(lines) - len(kept) + max(0, len(dark) - FIRST)
    return (*kept, Line("more", number=left)) if left else tuple(kept)


def _near(row: Row, told: float) -> bool:
    return row.lo - 60.0 <= told <= row.hi + 300.0


# -- the ledger's row --------------------------------------------------------------------------------


def outage_of(row: Row, plant: Plant, gaps: Mapping[str, Gap]) -> Outage:
    """The row as it is kept."""
    affected = _affected(row, plant, tuple(gaps.values()))
    open_ = bool(row.open_episodes())
    ended = None if open_ or not row.episodes else moment(row.last_end())
    state: RowState = "open" if open_ else "recovering"
    if row.merged_into:
        state = "merged"
    elif row.closed is not None:
        state = "closed"
    return Outage(
        outage_id=row.outage_id,
        state=state,
        verdict=row.verdict,
        opened_at=moment(row.opened),
        started_at=min((each.spans[0].began for each in affected if each.spans), default=moment(row.at)),
        earliest=moment(row.lo),
        latest=moment(row.hi),
        ended_at=moment(row.closed) if row.merged_into and row.closed is not None else ended,
        closed_at=None if row.closed is None else moment(row.closed),
        devices=len({each.device_id for each in affected}),
        sites=len({each.site_id for each in affected}),
        channels=len(affected),
        affected=affected,
        evidence=row.evidence,
        history=tuple(row.history),
        merged_into=row.merged_into,
        work_id=row.work,
    )


def _affected(row: Row, plant: Plant, gaps: Sequence[Gap]) -> tuple[Affected, ...]:
    spans: dict[tuple[str, NodeId], list[Span]] = {}
    for each in row.episodes:
        mine = _spans(each, gaps)
        for channel in (each.channel,) if each.channel else plant.channels(each.device) or ("",):
            spans.setdefault((channel, each.device), []).extend(mine)
    return tuple(
        Affected(channel, device, plant.site(device), tuple(sorted(found, key=lambda s: s.began)))
        for (channel, device), found in sorted(spans.items())
    )


def _spans(episode: Episode, gaps: Sequence[Gap]) -> list[Span]:
    """The episode's time, cut where nobody looked."""
    until = math.inf if episode.ended is None else max(episode.ended, episode.began)
    blind = sorted(
        (max(gap.since, episode.began), min(gap.until, until))
        for gap in gaps
        if gap.since < until and gap.until > episode.began and (not gap.scope or episode.device in gap.scope)
    )
    found: list[Span] = []
    since = episode.began
    for first, last in blind:
        if first > since:
            found.append(Span(moment(since), moment(first)))
        if last > max(since, first):
            found.append(Span(moment(max(since, first)), _end(last), unknown=True))
        since = max(since, last)
    if since < until or not found:
        found.append(Span(moment(since), _end(until)))
    return found


def _end(moment_s: float) -> datetime | None:
    return None if moment_s == math.inf else moment(moment_s)
