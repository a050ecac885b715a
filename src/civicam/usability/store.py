"""Usability's SQL: one instance lives inside one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from civicam.db.outbox import append
from civicam.db.upsert import upsert
from civicam.fleet.facts import ChannelId
from civicam.usability.board import Standing
from civicam.usability.facts import CollectorGap, Leg, UsabilityFact
from civicam.usability.history import DAY_S, Gap, Row, Seconds, moment, second
from civicam.usability.model import LEGS, NOTHING, STATES, USABLE, Vector, leg_state
from civicam.usability.ports import Entry, LegAt, Life
from civicam.usability.rows import changes_of, legs_of, legs_text, line_of
from civicam.usability.tables import COUNTED, SUBJECTS, change, channel, day, gap, life, rolled

_H, _C = change.c, channel.c


def _latest(at: str, *, included: bool) -> Any:
    """A channel's vector at a moment: one step into the index."""
    moment_of: Any = bindparam(at)
    older = _H.at <= moment_of if included else _H.at < moment_of
    return (
        select(_H.vector)
        .where(_H.channel == _C.no, older)
        .order_by(_H.at.desc())
        .limit(1)
        .correlate(channel)
        .scalar_subquery()
    )


_BEFORE = select(_C.no, _C.channel_id, _latest("at", included=False).label("vector"))
_VECTORS = select(_C.channel_id, _latest("at", included=True).label("vector"))
_ROWS = (
    select(_C.no, _H.at, _H.vector)
    .join(change, _H.channel == _C.no)
    .where(_H.at >= bindparam("start"), _H.at < bindparam("end"))
    .order_by(_C.no, _H.at)
)


class UsabilityStore:
    """Fills `civicam.usability.ports.UsabilityStore`."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection

    # -- the collector's life

    def life(self) -> Life | None:
        row = self._db.execute(select(life).order_by(life.c.number.desc()).limit(1)).one_or_none()
        return None if row is None else Life(row.number, row.started_at, row.last_at, row.stopped_at)

    def begin(self, at: datetime) -> int:
        done = self._db.execute(insert(life).values(started_at=at, last_at=at).returning(life.c.number))
        return int(done.scalar_one())

    def sign(self, number: int, at: datetime, stopped: bool = False) -> None:
        values = {"last_at": at, "stopped_at": at if stopped else None}
        self._db.execute(update(life).where(life.c.number == number).values(**values))

    def add_gap(self, gap_found: CollectorGap) -> None:
        row = {"start": second(gap_found.start), "end": second(gap_found.end), "kind": gap_found.kind}
        self._db.execute(insert(gap).values(**row))

    def gaps(self, start: int, end: int) -> list[CollectorGap]:
        touching = select(gap).where(gap.c.end > start, gap.c.start < end).order_by(gap.c.start, gap.c.number)
        return [
            CollectorGap(moment(row.start), moment(row.end), row.kind) for row in self._db.execute(touching)
        ]

    # -- what is believed, and how it came

    def standings(self) -> list[Standing]:
        return [
            Standing(ChannelId(row.channel_id), Vector(row.vector), row.since, legs_of(row.legs))
            for row in self._db.execute(select(channel).order_by(_C.no))
        ]

    def save(self, entries: Sequence[Entry], standings: Sequence[Standing]) -> None:
        numbers = self._stand(standings)
        rows: dict[tuple[int, int], dict[str, Any]] = {}
        for entry in entries:
            key = numbers[entry.channel_id], second(entry.at)
            line = line_of(entry.leg)
            found = rows.setdefault(key, {"channel": key[0], "at": key[1], "vector": 0, "legs": ""})
            found["vector"] = entry.vector
            found["legs"] = "\n".join(each for each in (found["legs"], line) if each)
        if not rows:
            return
        statement = self._insert(change)
        merged = _H.legs + "\n" + statement.excluded["legs"]
        self._db.execute(
            statement.on_conflict_do_update(
                index_elements=["channel", "at"],
                set_={"vector": statement.excluded["vector"], "legs": merged},
            ),
            list(rows.values()),
        )

    def _stand(self, standings: Sequence[Standing]) -> dict[str, int]:
        if not standings:
            return {}
        values = [
            {
                "channel_id": each.channel_id,
                "vector": each.vector,
                "since": each.since,
                "legs": legs_text(each.legs),
            }
            for each in standings
        ]
        statement = self._insert(channel)
        given = {name: statement.excluded[name] for name in ("vector", "since", "legs")}
        done = self._db.execute(
            statement.on_conflict_do_update(index_elements=["channel_id"], set_=given).returning(
                _C.channel_id, _C.no
            ),
            values,
        )
        return {row.channel_id: int(row.no) for row in done}

    def _insert(self, table: Any) -> Any:
        dialect: Any = sqlite if self._db.dialect.name == "sqlite" else postgresql
        return dialect.insert(table)

    # -- history

    def rows(self, channel_id: str, start: int, end: int) -> tuple[Vector, list[Row]] | None:
        number = self._db.execute(select(_C.no).where(_C.channel_id == channel_id)).scalar_one_or_none()
        if number is None:
            return None
        mine = _H.channel == number
        before = self._db.execute(
            select(_H.vector).where(mine, _H.at < start).order_by(_H.at.desc()).limit(1)
        ).scalar_one_or_none()
        within = select(_H.at, _H.vector).where(mine, _H.at >= start, _H.at < end).order_by(_H.at)
        found = [(int(row.at), Vector(row.vector)) for row in self._db.execute(within)]
        return (NOTHING if before is None else Vector(before)), found

    def legs_at(self, channel_id: str, at: int) -> list[LegAt]:
        newest = (
            select(_H.legs)
            .join(channel, _C.no == _H.channel)
            .where(_C.channel_id == channel_id, _H.at <= at, _H.legs != "")
            .order_by(_H.at.desc())
        )
        found: dict[Leg, LegAt] = {}
        for legs in self._db.execute(newest).scalars():
            for changed in reversed(changes_of(ChannelId(channel_id), legs)):
                found.setdefault(changed.leg, LegAt(changed.leg, changed))
            if len(found) == len(LEGS):
                break
        return [found.get(leg, LegAt(leg, None)) for leg in LEGS]

    def all_rows(self, start: int, end: int) -> dict[str, tuple[Vector, list[Row]]]:
        found: dict[str, tuple[Vector, list[Row]]] = {}
        rows: dict[int, list[Row]] = {}
        for number, key, vector in self._db.execute(_BEFORE, {"at": start}):
            mine = rows[number] = []
            found[key] = (NOTHING if vector is None else Vector(vector), mine)
        for number, at, vector in self._db.execute(_ROWS, {"start": start, "end": end}):
            rows[number].append((at, vector))
        return found

    def vectors(self, at: int) -> dict[str, Vector]:
        return {
            key: NOTHING if vector is None else Vector(vector)
            for key, vector in self._db.execute(_VECTORS, {"at": at})
        }

    # -- days

    def rolled(self) -> set[int]:
        return set(self._db.execute(select(rolled.c.day)).scalars())

    def first_row(self) -> int | None:
        found = self._db.execute(select(func.min(_H.at))).scalar_one_or_none()
        return None if found is None else int(found)

    def roll(self, number: int, sums: Mapping[str, Mapping[Vector, int]]) -> None:
        numbers = {row.channel_id: row.no for row in self._db.execute(select(_C.channel_id, _C.no))}
        rows = [
            {"channel": numbers[key], "day": number, **_counted(vectors)} for key, vectors in sums.items()
        ]
        upsert(self._db, day, rows)
        upsert(self._db, rolled, [{"day": number}])

    def sums(self, days: Gap, leg: Leg | None) -> dict[str, Seconds]:
        first, last = days
        what = "usable" if leg is None else leg.value
        columns = [func.sum(day.c[f"{what}_{state}"]) for state in COUNTED]
        query = (
            select(_C.channel_id, *columns)
            .join(day, day.c.channel == _C.no)
            .where(day.c.day >= first, day.c.day < last)
            .group_by(_C.no, _C.channel_id)
        )
        whole = (last - first) * DAY_S
        return {
            key: (int(unknown), int(good), int(bad), whole - int(unknown) - int(good) - int(bad))
            for key, unknown, good, bad in self._db.execute(query)
        }

    def sweep(self, before: int) -> None:
        newer = change.alias()
        kept = (
            select(func.max(newer.c.at))
            .where(newer.c.channel == _H.channel, newer.c.at <= before)
            .correlate(change)
            .scalar_subquery()
        )
        self._db.execute(delete(change).where(_H.at < kept))
        day_before = before // DAY_S
        self._db.execute(delete(day).where(day.c.day < day_before))
        self._db.execute(delete(rolled).where(rolled.c.day < day_before))
        self._db.execute(delete(gap).where(gap.c.end < before))

    def publish(self, facts: Sequence[tuple[str, UsabilityFact]], at: datetime) -> None:
        append(self._db, facts, at)


def _counted(vectors: Mapping[Vector, int]) -> dict[str, int]:
    """The columns of a day: seconds by what is counted and state; not configured is what is left."""
    found = {f"{what}_{state}": 0 for what in SUBJECTS for state in COUNTED}
    for vector, seconds in vectors.items():
        states: Iterable[tuple[str, Any]] = (
            ("usable", USABLE[vector]),
            *((leg.value, leg_state(vector, leg)) for leg in LEGS),
        )
        for what, state in states:
            if state is not STATES[3]:
                found[f"{what}_{state.value}"] += seconds
    return found
