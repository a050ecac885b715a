"""The outages' SQL: one instance lives inside one transaction."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, func, insert, or_, select

from civicam.db.outbox import append
from civicam.db.upsert import insert_new, upsert
from civicam.kernel.errors import Operational
from civicam.outages import tables as t
from civicam.outages.codec import read_affected, read_fact, read_outage, write_fact
from civicam.outages.cursor import mark, place
from civicam.outages.facts import Fact, GraphSeen, OutageFact, Overruled, WorkPlanned
from civicam.outages.ledger import Outage, channel_line, head
from civicam.outages.ports import (
    AffectedPage,
    Checkpoint,
    Kept,
    OutageFilter,
    OutagePage,
    OutageRow,
    Step,
    Taken,
    WorksPage,
)

_PART = 500


class OutageStore:
    """Fills `civicam.outages.ports.OutageStore`."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection

    # -- what is only appended

    def append(self, facts: Sequence[Fact], at: datetime) -> int:
        new = 0
        for begin in range(0, len(facts), _PART):
            new += self._append(facts[begin : begin + _PART], at)
        return new

    def _append(self, facts: Sequence[Fact], at: datetime) -> int:
        written = {fact_id: (name, body) for fact_id, name, body in map(write_fact, facts)}
        there = select(t.fact.c.fact_id).where(t.fact.c.fact_id.in_(written))
        known = set(self._db.execute(there).scalars())
        rows = [
            {"fact_id": fact_id, "name": name, "body": body, "taken_at": at}
            for fact_id, (name, body) in written.items()
            if fact_id not in known
        ]
        if rows:
            self._db.execute(insert(t.fact), rows)
        return len(rows)

    def facts(self, after: int, most: int, upto: int | None = None) -> list[Kept]:
        query = select(t.fact.c.seq, t.fact.c.name, t.fact.c.body).where(t.fact.c.seq > after)
        if upto is not None:
            query = query.where(t.fact.c.seq <= upto)
        rows = self._db.execute(query.order_by(t.fact.c.seq).limit(most))
        return [Kept(row.seq, read_fact(row.name, row.body)) for row in rows]

    def last_seq(self) -> int:
        return int(self._db.execute(select(func.coalesce(func.max(t.fact.c.seq), 0))).scalar_one())

    def steps(self, after: int, most: int) -> list[Step]:
        query = select(t.step).where(t.step.c.number > after).order_by(t.step.c.number).limit(most)
        return [Step(row.number, row.at, row.upto) for row in self._db.execute(query)]

    def last_step(self) -> Step | None:
        row = self._db.execute(select(t.step).order_by(t.step.c.number.desc()).limit(1)).one_or_none()
        return None if row is None else Step(row.number, row.at, row.upto)

    def register(self, digest: str) -> bytes | None:
        body = self._db.execute(
            select(t.register.c.body).where(t.register.c.digest == digest)
        ).scalar_one_or_none()
        return None if body is None else zlib.decompress(body)

    def graph_at(self, upto: int) -> str | None:
        query = select(t.fact.c.body).where(t.fact.c.name == "graph", t.fact.c.seq <= upto)
        body = self._db.execute(query.order_by(t.fact.c.seq.desc()).limit(1)).scalar_one_or_none()
        fact = None if body is None else read_fact("graph", body)
        return fact.digest if isinstance(fact, GraphSeen) else None

    def keep_register(self, digest: str, document: bytes) -> None:
        insert_new(self._db, t.register, [{"digest": digest, "body": zlib.compress(document, 6)}])

    # -- how far we are

    def checkpoint(self) -> Checkpoint | None:
        row = self._db.execute(
            select(t.checkpoint).order_by(t.checkpoint.c.step.desc()).limit(1)
        ).one_or_none()
        if row is None:
            return None
        return Checkpoint(Step(row.step, row.at, row.upto), zlib.decompress(row.body))

    def keep_checkpoint(self, checkpoint: Checkpoint) -> None:
        step = checkpoint.step
        self._db.execute(delete(t.checkpoint))
        self._db.execute(
            insert(t.checkpoint).values(
                step=step.number, at=step.at, upto=step.upto, body=zlib.compress(checkpoint.state, 6)
            )
        )

    def alive(self) -> datetime | None:
        found: datetime | None = self._db.execute(select(t.alive.c.at)).scalar_one_or_none()
        return found

    def keep_alive(self, at: datetime) -> None:
        upsert(self._db, t.alive, [{"id": 1, "at": at}])

    # -- rows

    def record(self, step: Step, rows: Sequence[Outage]) -> None:
        there = select(t.step.c.number).where(t.step.c.number >= step.number).limit(1)
        if self._db.execute(there).one_or_none() is not None:
            raise Operational("outages.stepped-elsewhere", step=step.number)
        self._db.execute(insert(t.step).values(number=step.number, at=step.at, upto=step.upto))
        self._derive(step)
        for each in rows:
            self._write(each)

    def _derive(self, step: Step) -> None:
        """People's answers and planned work of the step's facts, kept where they are looked up."""
        before = self._db.execute(
            select(func.coalesce(func.max(t.step.c.upto), 0)).where(t.step.c.number < step.number)
        ).scalar_one()
        orders = select(t.fact).where(
            t.fact.c.seq > before, t.fact.c.seq <= step.upto, t.fact.c.name.in_(("overruled", "work"))
        )
        for row in self._db.execute(orders.order_by(t.fact.c.seq)).all():
            fact = read_fact(row.name, row.body)
            if isinstance(fact, Overruled):
                said = {"seq": row.seq, "outage_id": fact.outage_id, "body": row.body}
                upsert(self._db, t.overrule, [said])
            elif isinstance(fact, WorkPlanned):
                value = {
                    "work_id": fact.work_id,
                    "end": fact.end,
                    "cancelled": int(fact.cancelled),
                    "body": row.body,
                }
                upsert(self._db, t.work, [value])

    def _write(self, each: Outage) -> None:
        verdict = each.verdict
        value: dict[str, Any] = {
            "outage_id": each.outage_id,
            "state": each.state,
            "kind": verdict.kind,
            "place": verdict.place,
            "attribution": verdict.attribution,
            "confidence": verdict.confidence,
            "opened_at": each.opened_at,
            "started_at": each.started_at,
            "ended_at": each.ended_at,
            "devices": each.devices,
            "sites": each.sites,
            "channels": each.channels,
            "body": head(each).decode(),
        }
        upsert(self._db, t.row, [value])
        self._db.execute(delete(t.channel).where(t.channel.c.outage_id == each.outage_id))
        lines = [
            {
                "outage_id": each.outage_id,
                "channel_id": line.channel_id,
                "device_id": line.device_id,
                "site_id": line.site_id,
                "spans": channel_line(line).decode(),
            }
            for line in each.affected
        ]
        if lines:
            self._db.execute(insert(t.channel), lines)

    def bodies(self) -> list[tuple[str, bytes]]:
        rows = self._db.execute(select(t.row.c.outage_id, t.row.c.body))
        found = [(row.outage_id, row.body.encode()) for row in rows]
        lines = self._db.execute(
            select(t.channel.c.outage_id, t.channel.c.channel_id, t.channel.c.device_id, t.channel.c.spans)
        )
        found += [(f"{r.outage_id}/{r.channel_id}/{r.device_id}", r.spans.encode()) for r in lines]
        return found

    def replace_all(self, rows: Sequence[Outage]) -> None:
        self._db.execute(delete(t.channel))
        self._db.execute(delete(t.row))
        for each in rows:
            self._write(each)

    # -- what people ask

    def page(self, wanted: OutageFilter, after: str, limit: int) -> OutagePage:
        where = _where(wanted)
        if after:
            at, key = place(after)
            where.append(
                or_(t.row.c.started_at < at, and_(t.row.c.started_at == at, t.row.c.outage_id < key))
            )
        query = select(t.row).where(*where).order_by(t.row.c.started_at.desc(), t.row.c.outage_id.desc())
        rows = self._db.execute(query.limit(limit + 1)).all()
        found = self._with_words(rows[:limit])
        more = len(rows) > limit
        last = rows[limit - 1] if more else None
        return OutagePage(found, None if last is None else mark(last.started_at, last.outage_id))

    def _with_words(self, rows: Sequence[Row[Any]]) -> list[OutageRow]:
        ids = [row.outage_id for row in rows]
        said = select(t.overrule).where(t.overrule.c.outage_id.in_(ids)).order_by(t.overrule.c.seq)
        words: dict[str, Overruled] = {}
        for row in self._db.execute(said):
            fact = read_fact("overruled", row.body)
            assert isinstance(fact, Overruled)
            words[row.outage_id] = fact
        found = []
        for row in rows:
            word = words.get(row.outage_id)
            found.append(
                OutageRow(read_outage(row.body), None if word is None or word.kind is None else word)
            )
        return found

    def outage(self, outage_id: str, *, whole: bool = False) -> OutageRow | None:
        rows = self._db.execute(select(t.row).where(t.row.c.outage_id == outage_id)).all()
        if not rows:
            return None
        (found,) = self._with_words(rows)
        if not whole:
            return found
        lines = select(t.channel.c.spans).where(t.channel.c.outage_id == outage_id)
        order = (t.channel.c.channel_id, t.channel.c.device_id)
        affected = tuple(read_affected(each) for each in self._db.execute(lines.order_by(*order)).scalars())
        return OutageRow(replace(found.outage, affected=affected), found.overruled)

    def affected(self, outage_id: str, after: str, limit: int) -> AffectedPage:
        query = select(t.channel.c.channel_id, t.channel.c.spans).where(
            t.channel.c.outage_id == outage_id, t.channel.c.channel_id > after
        )
        rows = self._db.execute(query.order_by(t.channel.c.channel_id).limit(limit + 1)).all()
        found = [read_affected(row.spans) for row in rows[:limit]]
        return AffectedPage(found, rows[limit - 1].channel_id if len(rows) > limit else None)

    def of_channel(self, channel_id: str, wanted: OutageFilter, most: int) -> list[Taken]:
        where = [*_where(wanted), t.channel.c.channel_id == channel_id]
        query = select(t.row, t.channel.c.spans).join(t.channel, t.channel.c.outage_id == t.row.c.outage_id)
        order = (t.row.c.started_at.desc(), t.row.c.outage_id.desc())
        rows = self._db.execute(query.where(*where).order_by(*order).limit(most)).all()
        spans = [read_affected(row.spans) for row in rows]
        return [Taken(*each) for each in zip(self._with_words(rows), spans, strict=True)]

    def overrules(self, outage_id: str) -> list[Overruled]:
        query = select(t.overrule.c.body).where(t.overrule.c.outage_id == outage_id)
        found = [
            read_fact("overruled", body)
            for body in self._db.execute(query.order_by(t.overrule.c.seq)).scalars()
        ]
        return [each for each in found if isinstance(each, Overruled)]

    def works(self, since: datetime | None) -> list[WorkPlanned]:
        query = select(t.work.c.body).where(t.work.c.cancelled == 0)
        if since is not None:
            query = query.where(t.work.c.end > since)
        found = [read_fact("work", body) for body in self._db.execute(query.order_by(t.work.c.end)).scalars()]
        return [each for each in found if isinstance(each, WorkPlanned)]

    def past_works(self, before: datetime, after: str, limit: int) -> WorksPage:
        where: list[ColumnElement[bool]] = [t.work.c.cancelled == 0, t.work.c.end <= before]
        if after:
            at, key = place(after)
            where.append(or_(t.work.c.end < at, and_(t.work.c.end == at, t.work.c.work_id < key)))
        query = select(t.work).where(*where).order_by(t.work.c.end.desc(), t.work.c.work_id.desc())
        rows = self._db.execute(query.limit(limit + 1)).all()
        found = [read_fact("work", row.body) for row in rows[:limit]]
        last = rows[limit - 1] if len(rows) > limit else None
        return WorksPage(
            [each for each in found if isinstance(each, WorkPlanned)],
            None if last is None else mark(last.end, last.work_id),
        )

    def work(self, work_id: str) -> WorkPlanned | None:
        query = select(t.work.c.body).where(t.work.c.work_id == work_id, t.work.c.cancelled == 0)
        body = self._db.execute(query).scalar_one_or_none()
        found = None if body is None else read_fact("work", body)
        return found if isinstance(found, WorkPlanned) else None

    def publish(self, facts: Sequence[tuple[str, OutageFact]], at: datetime) -> None:
        append(self._db, facts, at)


def _where(wanted: OutageFilter) -> list[ColumnElement[bool]]:
    c = t.row.c
    where: list[ColumnElement[bool]] = [c.state == wanted.state if wanted.state else c.state != "merged"]
    if wanted.kind is not None:
        where.append(c.kind == wanted.kind)
    if wanted.attribution is not None:
        where.append(c.attribution == wanted.attribution)
    if wanted.place:
        where.append(c.place == wanted.place)
    if wanted.since is not None:
        where.append(or_(c.ended_at.is_(None), c.ended_at > wanted.since))
    if wanted.until is not None:
        where.append(c.started_at < wanted.until)
    if wanted.channel:
        mine = select(t.channel.c.outage_id).where(t.channel.c.channel_id == wanted.channel)
        where.append(c.outage_id.in_(mine))
    return where
