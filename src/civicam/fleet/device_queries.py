"""What the console reads of devices, as SQL: a page of the list, and one device with what is stored of it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, case, func, or_, select

from civicam.fleet.cursor import mark, place
from civicam.fleet.facts import Presence
from civicam.fleet.tables import channel, device, site, transition
from civicam.fleet.views import DeviceFilter, DevicePage, DeviceRow, Text, TransitionRow

_ONLINE = func.coalesce(func.sum(case((channel.c.state == Presence.ONLINE.value, 1), else_=0)), 0)


def page(db: Connection, wanted: DeviceFilter, after: str, limit: int) -> DevicePage:
    """Devices in order of name, then id; `Refused` ``fleet.bad-cursor``."""
    where = _where(wanted)
    total = db.execute(select(func.count()).select_from(_places()).where(*where)).scalar_one()
    if after:
        name, key = place(after)
        where.append(or_(device.c.name > name, and_(device.c.name == name, device.c.device_id > key)))
    rows = _rows(db, where, limit + 1)
    more = len(rows) > limit
    rows = rows[:limit]
    return DevicePage(rows, mark(rows[-1].name, rows[-1].id) if more else None, int(total))


def one(db: Connection, device_id: str) -> tuple[DeviceRow, Row[Any]] | None:
    """The device as lists show it, and its whole row."""
    rows = _rows(db, [device.c.device_id == device_id], 1)
    if not rows:
        return None
    return rows[0], db.execute(select(device).where(device.c.device_id == device_id)).one()


def device_ids_of(db: Connection, wanted: DeviceFilter) -> set[str]:
    """Every device that a filter lets through."""
    query = select(device.c.device_id).select_from(_places()).where(*_where(wanted))
    return set(db.execute(query).scalars())


def transitions(db: Connection, device_id: str, name: str, limit: int) -> list[TransitionRow]:
    """The newest changes of one device's presence."""
    query = (
        select(transition)
        .where(transition.c.device_id == device_id)
        .order_by(transition.c.id.desc())
        .limit(limit)
    )
    return [
        TransitionRow(r.at, r.device_id, name, Presence(r.before), Presence(r.after), r.reason or None)
        for r in db.execute(query)
    ]


def _places() -> Any:
    return device.outerjoin(site, site.c.site_id == device.c.site_id)


def _rows(db: Connection, where: list[ColumnElement[bool]], limit: int) -> list[DeviceRow]:
    """The devices first, their channels counted after: the page is cut before anything is grouped."""
    wanted = (
        select(device, site.c.name_zh, site.c.name_en)
        .select_from(_places())
        .where(*where)
        .order_by(device.c.name, device.c.device_id)
        .limit(limit)
    )
    found = db.execute(wanted).all()
    counted = (
        select(channel.c.device_id, _ONLINE.label("online"), func.count().label("total"))
        .where(channel.c.device_id.in_([row.device_id for row in found]))
        .group_by(channel.c.device_id)
    )
    counts = {row.device_id: (int(row.online), int(row.total)) for row in db.execute(counted)}
    return [_device(row, *counts.get(row.device_id, (0, 0))) for row in found]


def _device(row: Row[Any], online: int, total: int) -> DeviceRow:
    return DeviceRow(
        id=row.device_id,
        gb_id=row.gb_id or "",
        name=row.name,
        kind=row.kind,
        protocol=row.protocol,
        enabled=bool(row.enabled),
        state=Presence(row.presence),
        reason=row.reason or None,
        since=row.since,
        last_seen=row.last_seen,
        site_id=row.site_id,
        site_name=None if row.site_id is None else Text(row.name_zh, row.name_en),
        manufacturer=row.manufacturer,
        model=row.model,
        version=row.gb_version,
        online=online,
        total=total,
    )


def _where(wanted: DeviceFilter) -> list[ColumnElement[bool]]:
    where: list[ColumnElement[bool]] = []
    if wanted.q:
        names = (device.c.name, device.c.gb_id, device.c.manufacturer, device.c.model)
        places = (site.c.name_zh, site.c.name_en)
        where.append(or_(*(each.icontains(wanted.q, autoescape=True) for each in (*names, *places))))
    if wanted.state:
        where.append(device.c.presence == wanted.state)
    if wanted.protocol:
        where.append(device.c.protocol == wanted.protocol)
    return where
