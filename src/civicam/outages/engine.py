"""Windows and the life of rows: facts in, changes of the ledger and wishes out. Pure; the caller owns time.

Symptoms are held from the first one for `Rules.hold_s`. Then the window closes: they are entered in the order
of their own times, what is newly dark is explained, and rows are opened, joined, changed or ended. So the
order of arrival inside a window means nothing, and the same steps with the same facts give the same rows.

    symptoms ──window──▶ book ──▶ fits an open row? ──yes──▶ joins it
                                     │ no
                                     ▼
                  explained anew, together with young rows of the same moment ──▶ rows

    open ──all back──▶ recovering ──settled──▶ closed        open ──part of another──▶ merged
      ▲                    │ dark again
      └────────────────────┘
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from civicam.fleet.graph import NodeId
from civicam.outages.book import Clerk, Episode, News, forget
from civicam.outages.facts import (
    CollectorGap,
    Fact,
    GraphSeen,
    Order,
    OutageId,
    Overruled,
    Symptom,
    WentDark,
    Wish,
    WorkPlanned,
)
from civicam.outages.judge import Judge
from civicam.outages.ledger import Outage
from civicam.outages.plant import Plant
from civicam.outages.rows import Gap, Row, evidence_of, outage_of
from civicam.outages.rules import Rules
from civicam.outages.scene import Work
from civicam.outages.state import State
from civicam.outages.wishes import asked_for, confirming


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a step led to: rows that are new or changed, whole, and nodes to ask."""

    changed: tuple[Outage, ...] = ()
    wishes: tuple[Wish, ...] = ()


class Engine:
    """One for the process. ``plant`` is replaced by whoever answers for the graph (`GraphSeen`)."""

    def __init__(self, plant: Plant, rules: Rules | None = None, state: State | None = None) -> None:
        self.plant = plant
        self.rules = rules or Rules()
        self.state = state or State()
        self._touched: dict[OutageId, Row] = {}
        self._gap_rows: list[Outage] = []

    def get_timer(self) -> float | None:
        """When `step` is to be called even if no fact comes; seconds since 1970."""
        state, rules = self.state, self.rules
        times = [] if state.window is None else [state.window + rules.hold_s]
        for row in state.rows.values():
            if not row.open_episodes():
                times.append(row.last_end() + rules.settle_s)
            elif row.first_back is not None:
                times.append(row.first_back + rules.leftover_s - (0.0 if row.left_asked else rules.ask_s))
            if row.work in state.works and row.open_episodes():
                over = state.works[row.work].end + rules.work_late_s
                times.append(over - (0.0 if row.left_asked else rules.ask_s))
            if not row.looked:
                times.append(row.opened + rules.look_s)
            if row.asked < row.opened + 3 * rules.confirm_s:
                times.append(row.asked + rules.confirm_s)
        return min(times, default=None)

    def step(self, now: float, facts: Iterable[Fact]) -> Outcome:
        """Take facts and let time pass; `now` never goes back."""
        state = self.state
        self._touched, self._gap_rows = {}, []
        wishes: list[NodeId] = []
        symptoms: list[Symptom] = []
        orders: list[Order] = []
        for fact in facts:
            if isinstance(fact, CollectorGap | WorkPlanned | Overruled | GraphSeen):
                orders.append(fact)
            else:
                symptoms.append(fact)
        for order in sorted(orders, key=repr):
            self._order(order, now)
        if symptoms:
            state.held += symptoms
            state.window = now if state.window is None else state.window
            fresh = sorted({each.device for each in symptoms if isinstance(each, WentDark)})
            for device in fresh:
                state.asked.pop(device, None)
            wishes += asked_for(fresh, state.book, self.plant, self.rules)
        self._look(now)
        if state.window is not None and now >= state.window + self.rules.hold_s:
            self._close(now)
        self._pass_time(now)
        wishes += self._outlasting(now)
        wishes += confirming(state.rows.values(), state.book, self.plant, self.rules, now)
        return Outcome(self._changes(), self._unasked(wishes, now))

    # -- orders

    def _order(self, fact: Order, now: float) -> None:
        match fact:
            case CollectorGap():
                self._gap(fact, now)
            case WorkPlanned():
                self._work(fact, now)
            case _:
                pass  # a person's answer stands beside the rows; the graph is the caller's

    def _gap(self, fact: CollectorGap, now: float) -> None:
        scope: set[NodeId] = set()
        for node in fact.scope:
            scope |= self.plant.hard(node) | self.plant.soft(node)
        until = math.inf if fact.ended is None else fact.ended.timestamp()
        gap = Gap(fact.began.timestamp(), until, frozenset(scope))
        self.state.gaps[fact.gap_id] = gap
        self._gap_rows.append(Judge(self.state, self.plant, self.rules, now).gap_row(fact, gap))
        if until < math.inf and self.state.waiting:
            self.state.window = now if self.state.window is None else self.state.window
        for row in self.state.rows.values():
            if any(each.began < until and (each.ended or math.inf) > gap.since for each in row.episodes):
                self._touched[row.outage_id] = row

    def _work(self, fact: WorkPlanned, now: float) -> None:
        state = self.state
        known = state.works.pop(fact.work_id, None)
        state.whose[fact.work_id] = fact.attribution
        if not fact.cancelled:
            known = state.works[fact.work_id] = Work(
                fact.work_id, fact.node, fact.begin.timestamp(), fact.end.timestamp()
            )
        for row in state.rows.values():
            mine = row.work == fact.work_id
            if mine or (known is not None and self._may_be_work(row, known)):
                state.again.add(row.outage_id)
                state.window = now if state.window is None else state.window

    def _may_be_work(self, row: Row, work: Work) -> bool:
        if row.work or not row.whole or not row.open_episodes():
            return False
        in_time = work.begin - self.rules.work_early_s <= row.hi and row.lo <= work.end
        return in_time and any(work.place in self.plant.above(each.device) for each in row.open_episodes())

    def _look(self, now: float) -> None:
        """What opened together is explained again together when the last heartbeats have failed to come."""
        state = self.state
        judge = Judge(state, self.plant, self.rules, now)
        for row in state.rows.values():
            if not row.looked and now >= row.opened + self.rules.look_s:
                row.looked = True
                company = judge.company(row)
                if company:
                    state.again |= {row.outage_id, *company}
                    state.window = now if state.window is None else state.window

    # -- windows

    def _close(self, now: float) -> None:
        state = self.state
        held, state.held, state.window = state.held, [], None
        forget(state.book, now, self.rules)
        news = Clerk(state.book, self.plant, self.rules).enter(held)
        judge = Judge(state, self.plant, self.rules, now)
        self._ended(news)
        fresh = [*state.waiting, *news.fresh]
        late = [self._blind(each) or self._too_new(each, now) for each in fresh]
        state.waiting = [each for each, waits in zip(fresh, late, strict=True) if waits]
        fresh = [each for each, waits in zip(fresh, late, strict=True) if not waits]
        if any(not self._blind(each) for each in state.waiting):
            state.window = now
        for each in fresh:
            self._widen(each)
        again, state.again = state.again & state.rows.keys(), set()
        judge.judge(fresh, news, again)
        self._touched.update(judge.touched)

    def _ended(self, news: News) -> None:
        for each in news.ended:
            row = self.state.rows.get(OutageId(each.row))
            if row is not None and each.ended is not None:
                row.first_back = each.ended if row.first_back is None else min(row.first_back, each.ended)
                self._touched[row.outage_id] = row
        for row in self.state.rows.values():
            self._revived(row, news)

    def _revived(self, row: Row, news: News) -> None:
        """What was known as dead with a row and works again is no contradiction: the row is ending."""
        if not news.revived or not row.whole or not row.open_episodes():
            return
        reach = self.plant.reach(row.place)
        back = [at for node, at in news.revived.items() if node in reach and at > row.hi + self.rules.slack_s]
        if back:
            row.first_back = min(back if row.first_back is None else [*back, row.first_back])

    def _blind(self, episode: Episode) -> bool:
        """Whether a gap that is not over, or was just over, keeps us from knowing that it is dark."""
        return episode.ended is None and any(
            gap.until == math.inf
            and gap.since < episode.at
            and (not gap.scope or episode.device in gap.scope)
            for gap in self.state.gaps.values()
        )

    def _too_new(self, episode: Episode, now: float) -> bool:
        return episode.ended is None and episode.at > now - self.rules.answer_s

    def _widen(self, episode: Episode) -> None:
        """What was not heard in a gap of ours may have been sent: it can have gone dark until after it."""
        for gap in self.state.gaps.values():
            seen = not gap.scope or episode.device in gap.scope
            if seen and gap.since < episode.hi and gap.until > episode.lo and gap.until < math.inf:
                episode.hi = max(episode.hi, min(gap.until + episode.beat_s, episode.at))

    # -- time

    def _pass_time(self, now: float) -> None:
        judge = Judge(self.state, self.plant, self.rules, now)
        for row in sorted(self.state.rows.values(), key=lambda each: each.outage_id):
            if not row.open_episodes():
                if now >= row.last_end() + self.rules.settle_s:
                    row.closed = now
                    self._touched[row.outage_id] = row
            else:
                self._leave(judge, row, now)
        self._touched.update(judge.touched)
        for row in list(self._touched.values()):
            if row.closed is not None:
                self.state.rows.pop(row.outage_id, None)
        self._drop_old(now)

    def _leave(self, judge: Judge, row: Row, now: float) -> None:
        """What outlasts its row has a cause of its own."""
        work = self.state.works.get(row.work)
        if work is not None and now >= work.end + self.rules.work_late_s:
            judge.leave(row, max(work.end, row.at), planned=True)
        elif row.first_back is not None and now >= row.first_back + self.rules.leftover_s:
            judge.leave(row, row.first_back)

    def _outlasting(self, now: float) -> list[NodeId]:
        """What to ask because it does not come back with its row."""
        found: list[NodeId] = []
        for row in self.state.rows.values():
            work = self.state.works.get(row.work)
            ends = [] if work is None else [work.end + self.rules.work_late_s]
            ends += [] if row.first_back is None else [row.first_back + self.rules.leftover_s]
            due = bool(ends) and now >= min(ends) - self.rules.ask_s
            if due and not row.left_asked:
                row.left_asked = True
                devices = sorted({each.device for each in row.open_episodes()})
                found += asked_for(devices, self.state.book, self.plant, self.rules)
        return found

    def _drop_old(self, now: float) -> None:
        state = self.state
        since = min((row.lo for row in state.rows.values()), default=now) - 86_400.0
        state.gaps = {key: gap for key, gap in state.gaps.items() if gap.until >= since}
        state.works = {key: work for key, work in state.works.items() if work.end >= since}
        state.whose = {key: whose for key, whose in state.whose.items() if key in state.works}
        state.asked = {node: at for node, at in state.asked.items() if at > now - self.rules.confirm_s}

    # -- what comes out

    def _changes(self) -> tuple[Outage, ...]:
        rows = [self._touched[key] for key in sorted(self._touched)]
        for row in rows:
            if not row.told:
                row.evidence = evidence_of(row, self.state.book, self.plant, self.rules)
                row.told = True
        found = [outage_of(row, self.plant, self.state.gaps) for row in rows]
        return (*self._gap_rows, *found)

    def _unasked(self, wishes: Sequence[NodeId], now: float) -> tuple[Wish, ...]:
        found: list[Wish] = []
        for node in dict.fromkeys(wishes):
            if len(found) < self.rules.wishes and node not in self.state.asked:
                self.state.asked[node] = now
                found.append(Wish(node))
        return tuple(found)
