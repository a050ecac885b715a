"""Which rows new symptoms belong to: joins, explains, matches, splits and merges rows. Pure."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from civicam.fleet.graph import NodeId, NodeKind
from civicam.outages.book import Episode, News, proofs_of
from civicam.outages.explain import Cause, explain
from civicam.outages.facts import Attribution, CauseKind, CollectorGap, EvidenceKind, OutageId
from civicam.outages.ledger import Line, Outage, Verdict
from civicam.outages.model import moment
from civicam.outages.plant import Plant
from civicam.outages.rows import Gap, Row, row_id, same, verdict_of
from civicam.outages.rules import VERSION, Rules
from civicam.outages.scene import Dark, Scene, Standing
from civicam.outages.state import State
from civicam.outages.weighing import SUPPLY


class Judge:
    """Works on the engine's state during one step; ``touched`` are the rows that may have changed."""

    def __init__(self, state: State, plant: Plant, rules: Rules, now: float) -> None:
        self._state = state
        self._plant = plant
        self._rules = rules
        self._now = now
        self.touched: dict[OutageId, Row] = {}

    def judge(self, fresh: Sequence[Episode], news: News, again: Iterable[OutageId]) -> None:
        """New episodes, and rows that the news speak about."""
        devices = [each for each in fresh if not each.channel and self._was_dark(each)]
        self._channel_rows([each for each in fresh if each.channel])
        flapping = self._gone_before() if devices else {}
        left: list[Episode] = []
        joined: dict[OutageId, list[Episode]] = {}
        for each in devices:
            row = self._fitting(each, flapping.get(each.device, ()))
            if row is None:
                left.append(each)
            else:
                joined.setdefault(row.outage_id, []).append(each)
        for outage_id, episodes in joined.items():
            self._join(self._state.rows[outage_id], episodes)
        active = {row.outage_id: row for row in self._state.rows.values() if self._is_moved(row, news)}
        active |= {key: self._state.rows[key] for key in again}
        for row in self._rows():
            if row.outage_id not in active and any(self._one_moment(row, each) for each in left):
                active[row.outage_id] = row
        if left or active:
            self._explain(left, [active[key] for key in sorted(active)])

    def _was_dark(self, episode: Episode) -> bool:
        """Late or lost heartbeats are no outage: it answered, or was back before anybody knew more."""
        return not episode.answered and (episode.ended is None or episode.silent)

    def leave(self, row: Row, at: float, *, planned: bool = False) -> None:
        """The row ended ``at``; what is still dark is explained by itself, and may be the same again."""
        left: dict[NodeId, tuple[Episode, Episode]] = {}
        for each in row.open_episodes():
            rest = Episode(each.device, at, at, 0.0, max(each.at, at), each.channel, each.storage, left=True)
            left[each.device] = (each, rest)
        row.first_back, row.left_asked = None, False
        if not row.whole:
            return
        for cause in self._outlasting(row, [rest for _, rest in left.values()], planned=planned):
            if not planned and cause.place == row.place and not cause.row:
                continue
            mine = [left[device] for device in cause.devices]
            for before, rest in mine:
                before.ended = max(at, before.began)
                self._state.book.dark[rest.device] = rest
            self._place(replace(cause, lo=at, hi=at), [rest for _, rest in mine])
            self.touched[row.outage_id] = row

    def _outlasting(self, row: Row, rests: Sequence[Episode], *, planned: bool) -> tuple[Cause, ...]:
        """The causes of what is left. While its element is still one of them, so it is of what the row had
        adopted."""
        without = row.work if planned else ""
        strays = {each.device for each in rests}.intersection(row.adopted)
        own = [each for each in rests if each.device not in strays]
        if strays and own:
            causes = explain(self._scene(own, exclude=row, without=without), self._plant, self._rules)
            for number, cause in enumerate(causes):
                if cause.place == row.place and not cause.row and not cause.work:
                    more = tuple(sorted({*cause.devices, *strays}))
                    whole = replace(cause, devices=more, adopted=tuple(sorted({*cause.adopted, *strays})))
                    return (*causes[:number], whole, *causes[number + 1 :])
        return explain(self._scene(rests, exclude=row, without=without), self._plant, self._rules)

    def company(self, row: Row) -> list[OutageId]:
        """Other young rows of its moment."""
        late = self._rules.late_s
        return [
            each.outage_id
            for each in self._rows()
            if each is not row
            and self._is_young(each)
            and self._is_young(row)
            and each.lo - late <= row.hi
            and row.lo - late <= each.hi
        ]

    def gap_row(self, fact: CollectorGap, gap: Gap) -> Outage:
        """The row of a gap of our own: nothing is said to be up or down in it."""
        devices = [
            node for node in sorted(self._plant.register.channels) if not gap.scope or node in gap.scope
        ]
        over = gap.until < math.inf
        since = moment(gap.since)
        place = fact.scope[0] if fact.scope else ""
        verdict = Verdict(since, CauseKind.PLATFORM, place, Attribution.OPERATOR, 0.99, VERSION)
        return Outage(
            outage_id=OutageId(f"g{fact.gap_id}"),
            state="closed" if over else "open",
            verdict=verdict,
            opened_at=since,
            started_at=since,
            earliest=since,
            latest=since,
            ended_at=moment(gap.until) if over else None,
            closed_at=moment(gap.until) if over else None,
            devices=len(devices),
            sites=len({self._plant.site(node) for node in devices}),
            channels=sum(len(self._plant.channels(node)) for node in devices),
            affected=(),
            evidence=(Line("gap", place, since, moment(gap.until) if over else None),),
            gap_id=fact.gap_id,
        )

    # -- which rows are in question

    def _rows(self) -> list[Row]:
        return sorted(
            (row for row in self._state.rows.values() if row.whole),
            key=lambda each: (each.opened, each.outage_id),
        )

    def _gone_before(self) -> dict[NodeId, list[tuple[Row, float]]]:
        """device → the rows that it was dark with, and when it came back."""
        found: dict[NodeId, list[tuple[Row, float]]] = {}
        for row in self._rows():
            for each in row.episodes:
                if each.ended is not None:
                    found.setdefault(each.device, []).append((row, each.ended))
        return found

    def _join(self, row: Row, episodes: Sequence[Episode]) -> None:
        row.take(episodes)
        row.first_back = None
        self._tell(row)

    def _fitting(self, episode: Episode, before: Sequence[tuple[Row, float]]) -> Row | None:
        """The one open row that it fits: dark again there, or below its element at its moment."""
        fits = self._was_in(episode, before) or [
            row
            for row in self._rows()
            if not row.work and episode.device in self._plant.hard(row.place) and self._in_time(row, episode)
        ]
        if len(fits) != 1 or fits[0].verdict.kind is CauseKind.UNKNOWN:
            return None
        return fits[0]

    def _was_in(self, episode: Episode, before: Sequence[tuple[Row, float]]) -> list[Row]:
        """Rows that it was dark with and came back not long ago, their element covering it: flapping."""
        return [
            row
            for row, ended in before
            if ended <= episode.lo + self._rules.slack_s
            and episode.lo - ended < self._rules.settle_s
            and episode.device in self._plant.hard(row.place)
            and self._is_gone_again(row, episode)
        ][-1:]

    def _is_gone_again(self, row: Row, episode: Episode) -> bool:
        """Whether most of what hangs below its element, and not a part of it alone, can be dark again."""
        book, plant = self._state.book, self._plant
        hard, since = plant.hard(row.place), episode.hi + self._rules.slack_s
        name = plant.branch if not plant.site(row.place) else NodeId
        works = {name(node) for node, at in book.lit.items() if at > since and node in hard}
        gone = {name(each.device) for each in row.episodes if each.device in book.dark}
        return len(works - gone) < max(len(gone), 1)

    def _in_time(self, row: Row, episode: Episode) -> bool:
        slack = self._rules.slack_s
        return episode.lo - slack <= row.hi and row.lo <= episode.hi + slack

    def _one_moment(self, row: Row, episode: Episode) -> bool:
        """Young enough to be explained again, and possibly of one moment with the episode."""
        late = self._rules.late_s + 2 * episode.beat_s
        return self._is_young(row) and row.lo <= episode.hi + late and episode.lo - late <= row.hi

    def _is_young(self, row: Row) -> bool:
        """Opened not long ago, and nothing of it is back: then it may be explained anew."""
        return row.whole and row.first_back is None and self._now <= row.opened + self._rules.join_s

    def _is_moved(self, row: Row, news: News) -> bool:
        """Whether something new was said about a young row: evidence near it, or a sign of life below it."""
        if not self._is_young(row) or not row.open_episodes():
            return False
        hard = self._plant.hard(row.place)
        lit = self._state.book.lit
        if any(node in hard and lit[node] > row.hi + self._rules.slack_s for node in news.lit if node in lit):
            return True
        above, power = self._plant.above(row.open_episodes()[0].device), self._plant.power(row.place)
        return any(
            kind in SUPPLY and node not in power and node != row.place if node in hard else node in above
            for node, kind in sorted(news.told)
        )

    # -- explaining

    def _scene(self, episodes: Sequence[Episode], exclude: Row | None = None, without: str = "") -> Scene:
        dark: dict[NodeId, Dark] = {each.device: each.item() for each in sorted(episodes, key=_order)}
        book = self._state.book
        mine = {each.row for each in episodes}
        standing = tuple(
            Standing(row.outage_id, row.place, row.lo, row.hi, row.work, self._width(row))
            for row in self._rows()
            if self._stands(row) and row is not exclude and row.outage_id not in mine
        )
        return Scene(
            now=self._now,
            dark=dark,
            lit=self._lit(dark.values()),
            hush={n: book.hush[n] for n in sorted(book.hush) if n not in dark and n not in book.dark},
            proofs=proofs_of(book),
            works=tuple(
                work
                for key, work in sorted(self._state.works.items())
                if key != without and self._now < work.end + self._rules.work_late_s
            ),
            standing=standing,
            out=frozenset(
                up for node in sorted(book.dark.keys() - dark.keys()) for up in self._plant.above(node)
            ),
        )

    def _lit(self, dark: Collection[Dark]) -> dict[NodeId, float]:
        """Signs of life. Where a start long ago is in question, every device that does not count as lost is
        one: it was heard not long ago, unless nobody looked."""
        book, rules = self._state.book, self._rules
        found = {node: book.lit[node] for node in sorted(book.lit)}
        since = self._now - max(rules.leftover_s, 4 * max((each.beat_s for each in dark), default=0.0))
        gaps = [gap for gap in self._state.gaps.values() if gap.until > since - rules.leftover_s]
        if any(each.lo < since for each in dark):
            for node in sorted(self._plant.register.channels.keys() - book.dark.keys()):
                if found.get(node, -math.inf) < since and not any(_covers(gap, node) for gap in gaps):
                    found[node] = since
        return found

    def _stands(self, row: Row) -> bool:
        return bool(row.open_episodes()) and row.verdict.kind is not CauseKind.UNKNOWN

    def _width(self, row: Row) -> int:
        return len({self._plant.branch(each.device) for each in row.episodes})

    def _explain(self, fresh: Sequence[Episode], active: Sequence[Row]) -> None:
        old = [each for row in active for each in row.open_episodes()]
        causes = list(explain(self._scene([*old, *fresh]), self._plant, self._rules))
        of = {each.device: each for each in [*old, *fresh]}
        for row in active:
            mine = {each.device for each in row.open_episodes()}
            offers = sorted(
                (-len(mine.intersection(cause.devices)), number)
                for number, cause in enumerate(causes)
                if not cause.row
            )
            if offers and offers[0][0] < 0:
                cause = causes.pop(offers[0][1])
                self._again(row, cause, [of[node] for node in cause.devices])
        for cause in causes:
            members = [of[node] for node in cause.devices]
            self._place(cause, members)
        for row in active:
            if not row.episodes:
                self._merge(row, of)

    def _again(self, row: Row, cause: Cause, members: Sequence[Episode]) -> None:
        """A row is explained anew: it keeps its id, and its earlier verdict in its history."""
        self._move(members, row)
        mine = set(cause.devices)
        row.episodes = [each for each in row.episodes if each.ended is not None or each.device in mine]
        verdict = verdict_of(cause, self._plant, self._now, self._whose(cause))
        if not same(verdict, row.verdict):
            row.history.append(row.verdict)
            row.verdict = verdict
        else:
            verdict = row.verdict
        row.work, row.adopted = cause.work, cause.adopted
        row.shift(cause.lo, cause.hi)
        self._tell(row)

    def _place(self, cause: Cause, members: Sequence[Episode]) -> None:
        """Into the row it names, the row of the cut whose battery ran empty, or a new one."""
        target = self._state.rows.get(OutageId(cause.row)) if cause.row else self._cut_above(cause)
        if target is None:
            target = self._open(cause, members)
        self._move(members, target)
        target.adopted = tuple(sorted({*target.adopted, *cause.adopted}))
        self._tell(target)

    def _cut_above(self, cause: Cause) -> Row | None:
        """The row of the cut that a UPS has bridged until it ran empty."""
        if self._plant.kind(cause.place) is not NodeKind.UPS:
            return None
        told = self._state.book.proofs.get(cause.place, {})
        if not told.keys() & {EvidenceKind.ON_BATTERY, EvidenceKind.MAINS_FAIL}:
            return None
        cuts = [row for row in self._rows() if cause.place in self._plant.power(row.place)]
        return next((row for row in cuts if row.open_episodes() and row.lo < cause.lo), None)

    def _open(self, cause: Cause, members: Sequence[Episode]) -> Row:
        first = min(members, key=lambda each: (each.lo, each.device, each.channel))
        self._state.serial += 1
        verdict = verdict_of(cause, self._plant, self._now, self._whose(cause))
        made = Row(row_id(self._state.serial, first), self._now, cause.lo, cause.hi, verdict)
        made.work, made.asked = cause.work, self._now
        self._state.rows[made.outage_id] = made
        return made

    def _whose(self, cause: Cause) -> Attribution | None:
        return self._state.whose.get(cause.work) if cause.work else None

    def _move(self, members: Sequence[Episode], target: Row) -> None:
        gone = {id(each) for each in members}
        for outage_id in sorted({each.row for each in members}):
            before = self._state.rows.get(OutageId(outage_id))
            if before is not None:
                before.episodes = [each for each in before.episodes if id(each) not in gone]
                self.touched[before.outage_id] = before
        target.take(members)

    def _merge(self, row: Row, of: dict[NodeId, Episode]) -> None:
        """It had no cause of its own: it goes into the row that took its devices."""
        row.closed = self._now
        heirs = [each.row for each in of.values() if each.row and each.row != row.outage_id]
        row.merged_into = min(heirs, default="")
        self.touched[row.outage_id] = row

    def _channel_rows(self, fresh: Sequence[Episode]) -> None:
        """Channels that fail while their device works: a row a device."""
        for each in sorted(fresh, key=_order):
            if each.ended is not None or each.device in self._state.book.dark:
                continue
            open_ = [r for r in self._state.rows.values() if not r.whole and r.place == each.device]
            if open_:
                row = open_[0]
            else:
                kind = CauseKind.STORAGE if each.storage else CauseKind.DEVICE
                row = self._open(Cause(each.device, kind, each.lo, each.hi, (each.device,)), [each])
                row.whole = False
            row.take([each])
            self._tell(row)

    def _tell(self, row: Row) -> None:
        row.told = False
        self.touched[row.outage_id] = row


def _covers(gap: Gap, node: NodeId) -> bool:
    return not gap.scope or node in gap.scope


def _order(episode: Episode) -> tuple[str, str, float]:
    return (episode.device, episode.channel, episode.lo)
