"""The register's SQL: one instance lives inside one transaction."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, func, or_, select

from civicam.db.upsert import upsert
from civicam.fleet import register_rows
from civicam.fleet.crs import Point, System
from civicam.fleet.cursor import mark, place
from civicam.fleet.placing import Doubt, Outline, Source, Stated, Statement, chosen, derive
from civicam.fleet.register import CameraKind, CameraRecord, Party, Role
from civicam.fleet.register_ports import Accepted, CameraFilter, Lost, StoredCamera, SubjectKind
from civicam.fleet.register_rows import RECORD, record_of
from civicam.fleet.register_views import PartyUse
from civicam.fleet.tables import accepted, camera, channel, city, node, party, site, site_party
from civicam.kernel.errors import Refused

_GAPS: dict[str, ColumnElement[bool]] = {
    "owner": camera.c.owner_id.is_(None),
    "ground": func.coalesce(camera.c.ground, "") == "",
    "purpose": func.coalesce(camera.c.purpose, "") == "",
    "place": func.coalesce(camera.c.place, "") == "",
    "filing": camera.c.filed_on.is_(None),
}
_GAPS["any"] = or_(*(_GAPS[each] for each in ("owner", "ground", "purpose", "place")))


class RegisterStore:
    """Fills `civicam.fleet.register_ports.RegisterStore`."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def since(self) -> datetime | None:
        return register_rows.since(self._db)

    # -- parties

    def parties(self) -> list[PartyUse]:
        counts = [
            self._count(camera.c.owner_id),
            self._count(site_party.c.party_id),
            self._count(node.c.party_id),
        ]
        return [
            PartyUse(each, *(count.get(each.party_id, 0) for count in counts))
            for each in register_rows.parties(self._db)
        ]

    def _count(self, column: ColumnElement[Any]) -> dict[str, int]:
        rows = self._db.execute(select(column, func.count()).where(column.is_not(None)).group_by(column))
        return {key: int(number) for key, number in rows}

    def put_party(self, party: Party) -> None:
        register_rows.put_parties(self._db, [party])

    def drop_party(self, party_id: str) -> None:
        register_rows.demand_parties(self._db, [party_id])
        for column in (camera.c.owner_id, site_party.c.party_id, node.c.party_id):
            used = self._db.execute(select(func.count()).where(column == party_id)).scalar_one()
            if used:
                raise Refused("fleet.party-in-use", party_id=party_id)
        self._db.execute(delete(party).where(party.c.party_id == party_id))

    # -- cameras

    def cameras(
        self, wanted: CameraFilter, after: str, limit: int
    ) -> tuple[list[StoredCamera], str | None, int]:
        where: list[ColumnElement[bool]] = [_GAPS[wanted.gap]] if wanted.gap else []
        if wanted.q:
            names = (channel.c.name, channel.c.gb_id)
            where.append(or_(*(each.icontains(wanted.q, autoescape=True) for each in names)))
        joined = channel.outerjoin(camera, camera.c.channel_id == channel.c.channel_id)
        total = self._db.execute(select(func.count()).select_from(joined).where(*where)).scalar_one()
        if after:
            name, key = place(after)
            where.append(or_(channel.c.name > name, and_(channel.c.name == name, channel.c.channel_id > key)))
        query = select(channel, *RECORD).select_from(joined).where(*where)
        ordered = query.order_by(channel.c.name, channel.c.channel_id).limit(limit + 1)
        rows = [_camera(row) for row in self._db.execute(ordered)]
        more = len(rows) > limit
        rows = rows[:limit]
        return rows, mark(rows[-1].name, rows[-1].channel_id) if more else None, int(total)

    def camera(self, channel_id: str) -> StoredCamera | None:
        joined = channel.outerjoin(camera, camera.c.channel_id == channel.c.channel_id)
        query = select(channel, *RECORD).select_from(joined).where(channel.c.channel_id == channel_id)
        row = self._db.execute(query).one_or_none()
        return None if row is None else _camera(row)

    def put_records(self, channel_ids: Sequence[str], record: CameraRecord, at: datetime, by: str) -> None:
        lanes = select(channel.c.channel_id, site.c.lanes).outerjoin(
            site, site.c.site_id == channel.c.site_id
        )
        found = self._db.execute(lanes.where(channel.c.channel_id.in_(channel_ids)))
        known = {row.channel_id: row.lanes for row in found}
        for channel_id in channel_ids:
            if channel_id not in known:
                raise Refused("fleet.unknown-channel", channel_id=channel_id)
            most = known[channel_id]
            if record.kind is CameraKind.CHECKPOINT and most is not None and record.lane > most:
                raise Refused("fleet.wrong-lane", lane=record.lane)
        register_rows.demand_parties(self._db, [record.owner_id])
        register_rows.put_records(self._db, dict.fromkeys(channel_ids, record), at, by)

    # -- sites

    def site_parties(self, site_id: str) -> dict[Role, str]:
        self._demand("site", site_id)
        return register_rows.site_parties(self._db, site_id)

    def put_site_parties(self, site_id: str, roles: Mapping[Role, str]) -> None:
        self._demand("site", site_id)
        register_rows.demand_parties(self._db, roles.values())
        register_rows.put_site_parties(self._db, {site_id: roles})

    # -- places

    def statements(self, kind: SubjectKind, subject: str) -> list[Statement]:
        self._demand(kind, subject)
        return register_rows.statements_of(self._db, kind, subject)

    def state(self, kind: SubjectKind, subject: str, said: Statement) -> None:
        self._demand(kind, subject)
        register_rows.state(self._db, kind, [(subject, said)])

    def unstate(self, kind: SubjectKind, subject: str, source: Source) -> bool:
        self._demand(kind, subject)
        return register_rows.unstate(self._db, kind, subject, source)

    def stated(self, catalogue: System) -> list[Stated]:
        sites = register_rows.statements(self._db, "site")
        channels = register_rows.statements(self._db, "channel")
        homes: dict[str, str] = {}
        for row in self._reported():
            homes[row.channel_id] = row.site_id or ""
            channels.setdefault(row.channel_id, []).append(_report(row, catalogue))
        found = [Stated("site", subject, tuple(said)) for subject, said in sites.items()]
        best = {subject: chosen(said) for subject, said in sites.items()}
        for subject, said in channels.items():
            home = best.get(homes.get(subject, ""))
            found.append(Stated("channel", subject, tuple(said), () if home is None else (home[1],)))
        return found

    def _reported(self) -> list[Row[Any]]:
        columns = (channel.c.channel_id, channel.c.site_id, channel.c.lon, channel.c.lat)
        said = or_(channel.c.lon.is_not(None), channel.c.lat.is_not(None))
        return list(self._db.execute(select(*columns).where(said)))

    def accepted(self) -> set[Accepted]:
        return {
            Accepted(
                "site" if row.kind == "site" else "channel",
                row.subject,
                Source(row.source),
                Doubt(row.doubt),
                (row.raw_lon, row.raw_lat),
            )
            for row in self._db.execute(select(accepted))
        }

    def accept(self, said: Accepted, at: datetime, by: str) -> None:
        self._demand(said.kind, said.subject)
        value = {
            "kind": said.kind,
            "subject": said.subject,
            "source": said.source.value,
            "doubt": said.doubt.value,
            "raw_lon": said.raw[0][:40],
            "raw_lat": said.raw[1][:40],
            "at": at,
            "by": by[:200],
        }
        upsert(self._db, accepted, [value])

    def outline(self, radius_m: float) -> Outline | None:
        row = self._db.execute(select(city)).one_or_none()
        if row is None:
            return None
        ring = tuple((float(lon), float(lat)) for lon, lat in json.loads(row.outline or "[]"))
        return Outline((row.lon, row.lat), radius_m, ring)

    def unplaced(self, catalogue: System) -> list[Lost]:
        points: dict[str, list[Point]] = {}
        for row in self._reported():
            said = _report(row, catalogue)
            spot = derive(said.raw, said.system)
            if spot is not None and row.site_id:
                points.setdefault(row.site_id, []).append(spot)
        query = (
            select(site, func.count(channel.c.channel_id).label("channels"))
            .outerjoin(channel, channel.c.site_id == site.c.site_id)
            .where(~site.c.placed)
            .group_by(site.c.site_id)
            .order_by(site.c.site_id)
        )
        return [
            Lost(row.site_id, row.name_zh, row.name_en, int(row.channels), points.get(row.site_id, []))
            for row in self._db.execute(query)
        ]

    def _demand(self, kind: SubjectKind, subject: str) -> None:
        if kind == "site":
            found = self._db.execute(select(site.c.site_id).where(site.c.site_id == subject))
            if found.one_or_none() is None:
                raise Refused("fleet.unknown-site", site_id=subject)
        else:
            known = self._db.execute(select(channel.c.channel_id).where(channel.c.channel_id == subject))
            if known.one_or_none() is None:
                raise Refused("fleet.unknown-channel", channel_id=subject)


def _camera(row: Row[Any]) -> StoredCamera:
    return StoredCamera(row.channel_id, row.gb_id, row.name, row.site_id, record_of(row), row.enrolled_at)


def _report(row: Row[Any], catalogue: System) -> Statement:
    """What a device's catalogue says of a channel; a half is as good as nothing."""
    raw = tuple("" if value is None else repr(value) for value in (row.lon, row.lat))
    return Statement(Source.CATALOGUE, (raw[0], raw[1]), catalogue)
