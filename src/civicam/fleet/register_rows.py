"""The register in the tables: parties, who does what for a site, camera records, statements of places."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, select, update

from civicam.db.upsert import upsert
from civicam.fleet.crs import Point, System
from civicam.fleet.placing import Source, Statement, chosen, newer
from civicam.fleet.register import CameraKind, CameraRecord, Party, PartyId, PartyKind, Role
from civicam.fleet.tables import camera, coordinate, party, register, site, site_party
from civicam.kernel.errors import Refused

_PLACE = (
    update(site)
    .where(site.c.site_id == bindparam("key"))
    .values(lon=bindparam("new_lon"), lat=bindparam("new_lat"), placed=bindparam("new_placed"))
)


def since(connection: Connection) -> datetime | None:
    """When the register came, where cameras ran before it."""
    return connection.execute(select(register.c.since)).scalar_one_or_none()


# -- parties ----------------------------------------------------------------------------------------


def put_parties(connection: Connection, parties: Sequence[Party]) -> None:
    """Add or change."""
    rows = [
        {
            "party_id": each.party_id,
            "kind": each.kind.value,
            "name": each.name[:200],
            "contact": each.contact[:200],
        }
        for each in parties
    ]
    upsert(connection, party, rows)


def parties(connection: Connection) -> list[Party]:
    """All, by kind and name."""
    rows = connection.execute(select(party).order_by(party.c.kind, party.c.name, party.c.party_id))
    return [Party(PartyId(row.party_id), PartyKind(row.kind), row.name, row.contact) for row in rows]


def demand_parties(connection: Connection, wanted: Iterable[str]) -> None:
    """Raises `Refused` ``fleet.unknown-party`` when one of them is not entered."""
    missing = {each for each in wanted if each}
    if missing:
        missing -= set(
            connection.execute(select(party.c.party_id).where(party.c.party_id.in_(missing))).scalars()
        )
    if missing:
        raise Refused("fleet.unknown-party", party_id=min(missing))


def put_site_parties(connection: Connection, wanted: Mapping[str, Mapping[Role, str]]) -> None:
    """Who does what, by site and role; an empty party takes the role away, one not named stays."""
    rows = []
    for site_id, roles in wanted.items():
        for role, party_id in roles.items():
            if party_id:
                rows.append({"site_id": site_id, "role": role.value, "party_id": party_id})
            else:
                mine = (site_party.c.site_id == site_id, site_party.c.role == role.value)
                connection.execute(delete(site_party).where(*mine))
    upsert(connection, site_party, rows)


def site_parties(connection: Connection, site_id: str) -> dict[Role, str]:
    """Who does what for a site."""
    rows = connection.execute(select(site_party).where(site_party.c.site_id == site_id))
    return {Role(row.role): row.party_id for row in rows}


# -- camera records ---------------------------------------------------------------------------------


def put_records(connection: Connection, records: Mapping[str, CameraRecord], at: datetime, by: str) -> None:
    """Enter or replace, by channel."""
    upsert(
        connection,
        camera,
        [
            {
                "channel_id": channel_id,
                "kind": each.kind.value,
                "lane": each.lane,
                "place": each.place,
                "ground": each.ground,
                "purpose": each.purpose,
                "owner_id": each.owner_id or None,
                "filed_on": each.filed_on,
                "filing_no": each.filing_no,
                "ground_note": each.ground_note,
                "changed_at": at,
                "changed_by": by[:200],
            }
            for channel_id, each in records.items()
        ],
    )


def record_of(row: Row[Any]) -> CameraRecord | None:
    """The record in a row that has the columns of ``fleet_camera`` under names that begin with ``record_``;
    None where a left join found nothing."""
    if row.record_kind is None:
        return None
    return CameraRecord(
        CameraKind(row.record_kind),
        row.record_place,
        row.record_ground,
        row.record_purpose,
        row.record_owner_id or "",
        row.record_filed_on,
        row.record_filing_no,
        row.record_ground_note,
        row.record_lane,
    )


RECORD = tuple(column.label(f"record_{column.name}") for column in camera.columns)
"""The columns `record_of` reads."""


# -- places -----------------------------------------------------------------------------------------


def statements(connection: Connection, kind: str) -> dict[str, list[Statement]]:
    """Everything said about all subjects of a kind."""
    found: dict[str, list[Statement]] = {}
    query = select(coordinate).where(coordinate.c.kind == kind).order_by(coordinate.c.subject)
    for row in connection.execute(query):
        found.setdefault(row.subject, []).append(_statement(row))
    return found


def statements_of(connection: Connection, kind: str, subject: str) -> list[Statement]:
    """Everything said about one."""
    query = select(coordinate).where(coordinate.c.kind == kind, coordinate.c.subject == subject)
    return [_statement(row) for row in connection.execute(query)]


def _statement(row: Row[Any]) -> Statement:
    return Statement(
        Source(row.source), (row.raw_lon, row.raw_lat), System(row.system), row.surveyed_on, row.at, row.by
    )


def state(connection: Connection, kind: str, said: Sequence[tuple[str, Statement]]) -> None:
    """Take statements down, each on its source's own line, an older survey never over a newer one; sites get
    the place of the statement that counts."""
    before = statements(connection, kind)
    after: dict[str, dict[Source, Statement]] = {}
    rows: dict[tuple[str, Source], dict[str, Any]] = {}
    for subject, new in said:
        mine = after.setdefault(subject, {each.source: each for each in before.get(subject, ())})
        if not newer(mine.get(new.source), new):
            continue
        mine[new.source] = new
        rows[subject, new.source] = {
            "kind": kind,
            "subject": subject,
            "source": new.source.value,
            "raw_lon": new.raw[0][:40],
            "raw_lat": new.raw[1][:40],
            "system": new.system.value,
            "surveyed_on": new.surveyed_on,
            "at": new.at,
            "by": new.by[:200],
        }
    upsert(connection, coordinate, list(rows.values()))
    if kind == "site":
        settle(connection, {subject: list(mine.values()) for subject, mine in after.items()})


def unstate(connection: Connection, kind: str, subject: str, source: Source) -> bool:
    """Take a statement back; False when there is none."""
    mine = (
        coordinate.c.kind == kind,
        coordinate.c.subject == subject,
        coordinate.c.source == source.value,
    )
    if not connection.execute(delete(coordinate).where(*mine)).rowcount:
        return False
    if kind == "site":
        settle(connection, {subject: statements_of(connection, kind, subject)})
    return True


def settle(connection: Connection, said: Mapping[str, Iterable[Statement]]) -> None:
    """Give sites the place of the statement that counts, or none."""
    rows = []
    for site_id, each in said.items():
        best = chosen(each)
        point: Point = (0.0, 0.0) if best is None else best[1]
        rows.append(
            {"key": site_id, "new_lon": point[0], "new_lat": point[1], "new_placed": best is not None}
        )
    if rows:
        connection.execute(_PLACE, rows)
