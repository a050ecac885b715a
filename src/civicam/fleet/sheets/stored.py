"""The register in the words of the sheets, read whole from the tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection, select

from civicam.fleet.placing import Source, Statement
from civicam.fleet.register import Role
from civicam.fleet.register_rows import statements
from civicam.fleet.sheets.compare import Key, Standing
from civicam.fleet.sheets.schema import Row, SheetName, Value
from civicam.fleet.tables import (
    camera,
    channel,
    device,
    district,
    edge,
    node,
    party,
    site,
    site_party,
    street,
)

Kept = Mapping[str, Any]
"""What a device's password is compared with: its row."""
_SHOWN = (Source.SURVEY, Source.MANUAL, Source.IMPORT)
"""Whose statement of a site's place an export shows, the best first; the catalogue's is the devices'."""


def standing(db: Connection, same: Callable[[Kept, Row], bool] = lambda _kept, _row: False) -> Standing:
    """Everything. ``same``: whether a device's row has a sheet's user name and password."""
    devices = {row.device_id: row._asdict() for row in db.execute(select(device))}
    alias = {key: row["gb_id"] or key for key, row in devices.items()}
    said = {subject: _by_source(each) for subject, each in statements(db, "site").items()}
    channels = _channels(db, alias)
    rows: dict[SheetName, dict[Key, Row]] = {
        SheetName.PARTIES: _parties(db),
        SheetName.AREAS: _areas(db),
        SheetName.SITES: _sites(db, said),
        SheetName.DEVICES: {(alias[key],): _device(alias[key], row) for key, row in devices.items()},
        SheetName.CHANNELS: {key: row for key, (_, row) in channels.items()},
        SheetName.NODES: _nodes(db),
        SheetName.EDGES: _edges(db, alias),
    }
    keys = {alias[key]: row for key, row in devices.items()}
    names = {key: channel_id for key, (channel_id, _) in channels.items()}
    return Standing(rows, said, alias, names, lambda key, row: same(keys[key], row))


def _parties(db: Connection) -> dict[Key, Row]:
    return {
        (row.party_id,): {
            "id": row.party_id,
            "name": row.name,
            "kind": row.kind,
            "contact": row.contact or None,
        }
        for row in db.execute(select(party))
    }


def _areas(db: Connection) -> dict[Key, Row]:
    found: dict[Key, Row] = {}
    for row in db.execute(select(district)):
        found[row.code,] = {"id": row.code, "name": row.name_zh, "name_en": row.name_en, "district": None}
    for row in db.execute(select(street)):
        found[row.code,] = {
            "id": row.code,
            "name": row.name_zh,
            "name_en": row.name_en,
            "district": row.district,
        }
    return found


def _by_source(said: list[Statement]) -> dict[str, Row]:
    return {each.source.value: _statement(each) for each in said}


def _statement(said: Statement) -> Row:
    return {
        "lon": said.raw[0],
        "lat": said.raw[1],
        "system": said.system.value,
        "source": said.source.value,
        "surveyed_on": None if said.surveyed_on is None else said.surveyed_on.isoformat(),
    }


_NOWHERE: Row = dict.fromkeys(("lon", "lat", "system", "source", "surveyed_on"))


def _sites(db: Connection, said: Mapping[str, Mapping[str, Row]]) -> dict[Key, Row]:
    roles: dict[str, dict[str, Value]] = {}
    for row in db.execute(select(site_party)):
        roles.setdefault(row.site_id, {})[row.role] = row.party_id
    found: dict[Key, Row] = {}
    for row in db.execute(select(site)):
        mine = said.get(row.site_id, {})
        place = next((mine[each.value] for each in _SHOWN if each.value in mine), _NOWHERE)
        theirs = roles.get(row.site_id, {})
        found[row.site_id,] = {
            "id": row.site_id,
            "name": row.name_zh,
            "name_en": row.name_en,
            "district": row.district,
            "street": row.street,
            "kind": row.kind,
            "lanes": None if row.lanes is None else str(row.lanes),
            **place,
            **{role.value: theirs.get(role.value) for role in Role},
        }
    return found


def _device(key: str, row: Kept) -> Row:
    return {
        "id": key,
        "name": row["name"],
        "kind": row["kind"],
        "site": row["site_id"],
        "protocol": row["protocol"],
        "heartbeat_s": row["heartbeat_s"],
        "url": row["rtsp_url"] or None,
        "username": row["username"] or None,
        "secret": None,
    }


NO_CODE = "-"
"""How a sheet writes the channel of a source that has no code."""


def _channels(db: Connection, alias: Mapping[str, str]) -> dict[Key, tuple[str, Row]]:
    """Our id and the row of each."""
    joined = channel.outerjoin(camera, camera.c.channel_id == channel.c.channel_id)
    columns = (
        channel.c.channel_id,
        channel.c.device_id,
        channel.c.gb_id,
        channel.c.name,
        channel.c.site_id,
        *(each.label(f"r_{each.name}") for each in camera.columns if each.name != "channel_id"),
    )
    found: dict[Key, tuple[str, Row]] = {}
    for row in db.execute(select(*columns).select_from(joined)):
        key = (alias[row.device_id], row.gb_id or NO_CODE)
        said: Row = {
            "device": key[0],
            "id": key[1],
            "name": row.name,
            "site": row.site_id,
            "kind": row.r_kind,
            "lane": row.r_lane or None,
            "place": row.r_place or None,
            "ground": row.r_ground or None,
            "ground_note": row.r_ground_note or None,
            "purpose": row.r_purpose or None,
            "owner": row.r_owner_id,
            "filed_on": None if row.r_filed_on is None else row.r_filed_on.isoformat(),
            "filing_no": row.r_filing_no or None,
        }
        found[key] = (row.channel_id, said)
    return found


def _nodes(db: Connection) -> dict[Key, Row]:
    return {
        (row.node_id,): {
            "id": row.node_id,
            "name": row.name,
            "kind": row.kind,
            "site": row.site_id,
            "battery_minutes": row.battery_minutes or None,
            "party": row.party_id,
            "lon": None if row.lon is None else repr(row.lon),
            "lat": None if row.lat is None else repr(row.lat),
        }
        for row in db.execute(select(node))
    }


def _edges(db: Connection, alias: Mapping[str, str]) -> dict[Key, Row]:
    found: dict[Key, Row] = {}
    for row in db.execute(select(edge)):
        upper, lower = alias.get(row.upper, row.upper), alias.get(row.lower, row.lower)
        found[upper, lower, row.medium] = {
            "upper": upper,
            "lower": lower,
            "medium": row.medium,
            "backup": bool(row.backup),
        }
    return found
