"""The alarms' SQL: one instance lives inside one transaction."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, or_, select, update

from civicam.alarms.facts import Alarm, AlarmFact, AlarmId, AlarmReset, AlarmSeen
from civicam.alarms.ports import AlarmFilter, AlarmPage
from civicam.alarms.tables import alarm_event
from civicam.db.outbox import append
from civicam.db.upsert import insert_new
from civicam.kernel.errors import Refused

_SEEN = tuple(each.name for each in fields(AlarmSeen))
_C = alarm_event.c
_NEWEST = (_C.received_at.desc(), _C.alarm_id.desc())


class AlarmStore:
    """Fills `civicam.alarms.ports.AlarmStore`."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def add(self, alarms: Sequence[tuple[AlarmId, AlarmSeen]]) -> set[AlarmId]:
        rows = [
            {
                "alarm_id": alarm_id,
                **{name: getattr(seen, name) for name in _SEEN},
                "reset": "open",
                "reset_by": "",
                "reset_at": None,
            }
            for alarm_id, seen in alarms
        ]
        return {AlarmId(key) for key in insert_new(self._db, alarm_event, rows)}

    def reset(self, fact: AlarmReset) -> bool:
        done = self._db.execute(
            update(alarm_event)
            .where(_C.alarm_id == fact.alarm_id)
            .values(reset=fact.state, reset_by=fact.by[:64], reset_at=fact.at)
        )
        return done.rowcount > 0

    def alarm(self, alarm_id: str) -> Alarm | None:
        row = self._db.execute(select(alarm_event).where(_C.alarm_id == alarm_id)).one_or_none()
        return None if row is None else _alarm(row)

    def alarms(self, alarm_ids: Sequence[AlarmId]) -> list[Alarm]:
        query = select(alarm_event).where(_C.alarm_id.in_(alarm_ids))
        return [_alarm(row) for row in self._db.execute(query.order_by(*_NEWEST))]

    def page(self, wanted: AlarmFilter, after: str, limit: int) -> AlarmPage:
        where = _where(wanted)
        if after:
            at, key = _place(after)
            where.append(or_(_C.received_at < at, and_(_C.received_at == at, _C.alarm_id < key)))
        query = select(alarm_event).where(*where).order_by(*_NEWEST)
        rows = self._db.execute(query.limit(limit + 1)).all()
        found = [_alarm(row) for row in rows[:limit]]
        return AlarmPage(found, _mark(found[-1]) if len(rows) > limit else None)

    def sweep(self, before: datetime, most: int) -> int:
        old = select(_C.alarm_id).where(_C.received_at < before).order_by(_C.received_at).limit(most)
        return self._db.execute(delete(alarm_event).where(_C.alarm_id.in_(old))).rowcount

    def publish(self, facts: Sequence[tuple[str, AlarmFact]], at: datetime) -> None:
        append(self._db, facts, at)


def _where(wanted: AlarmFilter) -> list[ColumnElement[bool]]:
    where: list[ColumnElement[bool]] = []
    if wanted.device_id:
        where.append(_C.device_id == wanted.device_id)
    if wanted.priority is not None:
        where.append(_C.priority == wanted.priority)
    if wanted.method is not None:
        where.append(_C.method == wanted.method)
    if wanted.since is not None:
        where.append(_C.received_at >= wanted.since)
    if wanted.until is not None:
        where.append(_C.received_at < wanted.until)
    return where


def _alarm(row: Row[Any]) -> Alarm:
    seen = AlarmSeen(**{name: getattr(row, name) for name in _SEEN})
    return Alarm(AlarmId(row.alarm_id), seen, row.reset, row.reset_by, row.reset_at)


def _mark(alarm: Alarm) -> str:
    text = f"{alarm.alarm_id}\n{alarm.seen.received_at.isoformat()}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _place(text: str) -> tuple[datetime, str]:
    try:
        decoded = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True).decode()
        key, _, at = decoded.partition("\n")
        moment = datetime.fromisoformat(at)
    except (binascii.Error, UnicodeDecodeError, ValueError):
        raise Refused("alarms.bad-cursor") from None
    if moment.tzinfo is None:
        raise Refused("alarms.bad-cursor")
    return moment, key
