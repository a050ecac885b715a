"""Writes a checked city file into the tables: adds and changes, never takes away, keeps what was observed."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from civicam.db.upsert import upsert
from civicam.fleet import graph_rows, register_rows
from civicam.fleet.cityfile import Channel, CityFile, Device
from civicam.fleet.facts import Presence
from civicam.fleet.model import NOT_SEEN, channel_id_for, device_id_for
from civicam.fleet.ports import Enrolment, Imported
from civicam.fleet.tables import channel, city, device, district, site, street

_OBSERVED = frozenset(
    {"presence", "reason", "since", "last_seen", "source", "registered_at", "expires_s", "user_agent"}
    | {"gb_version", "manufacturer", "model", "firmware", "enabled"}
)
"""Device columns that a file does not overwrite."""
_REPORTED = frozenset(
    {"reported_name", "reported", "missing", "faulty", "status", "ptz_type", "lon", "lat", "item"}
    | {"state", "reason", "since", "enrolled_at"}
)
_SETTLED = frozenset({"lon", "lat", "placed"})
"""Site columns that follow from the statements about it."""


def enrol(connection: Connection, enrolment: Enrolment) -> Imported:
    """Upsert places, devices and channels; counts what the file names, and how much of it was new."""
    found = enrolment.city
    before = _size(connection)
    _places(connection, found, enrolment.at)
    upsert(connection, device, [_device(enrolment, each) for each in found.devices], _OBSERVED)
    rows = [_channel(each, enrolment.at) for each in found.channels]
    upsert(connection, channel, rows, _REPORTED)
    records = {str(row["channel_id"]): each.camera for row, each in zip(rows, found.channels, strict=True)}
    kept = {key: record for key, record in records.items() if record is not None}
    register_rows.put_records(connection, kept, enrolment.at, "")
    graph_rows.take_over(connection, found.nodes, found.edges)
    return Imported(len(found.sites), len(found.devices), len(found.channels), _size(connection) - before)


def _size(connection: Connection) -> int:
    return sum(
        int(connection.execute(select(func.count()).select_from(table)).scalar_one())
        for table in (site, device, channel)
    )


def _places(connection: Connection, found: CityFile, at: datetime) -> None:
    upsert(
        connection,
        city,
        [
            {
                "id": 1,
                "name_zh": found.name.zh,
                "name_en": found.name.en,
                "lon": found.center[0],
                "lat": found.center[1],
                "realm": found.realm,
                "platform": found.platform,
                "outline": json.dumps(found.outline) if found.outline else "",
            }
        ],
    )
    names = [(place, {"name_zh": place.name.zh, "name_en": place.name.en}) for place in found.districts]
    upsert(connection, district, [{"code": place.code, **name} for place, name in names])
    upsert(
        connection,
        street,
        [
            {"code": p.code, "district": p.district, "name_zh": p.name.zh, "name_en": p.name.en}
            for p in found.streets
        ],
    )
    upsert(
        connection,
        site,
        [
            {
                "site_id": s.site_id,
                "name_zh": s.name.zh,
                "name_en": s.name.en,
                "district": s.district,
                "street": s.street,
                "lon": 0.0,
                "lat": 0.0,
                "placed": False,
                "kind": s.kind,
                "lanes": s.lanes,
            }
            for s in found.sites
        ],
        _SETTLED,
    )
    said = [(s.site_id, replace(s.stated, at=at)) for s in found.sites if s.stated is not None]
    register_rows.state(connection, "site", said)
    register_rows.put_parties(connection, found.parties)
    register_rows.put_site_parties(connection, {s.site_id: s.parties for s in found.sites})


def _device(enrolment: Enrolment, each: Device) -> dict[str, Any]:
    return {
        "device_id": each.device_id,
        "gb_id": each.gb_id,
        "protocol": each.protocol,
        "kind": each.kind,
        "name": each.name,
        "site_id": each.site_id,
        "enabled": True,
        "heartbeat_s": each.heartbeat_s or enrolment.heartbeat_s,
        "misses": enrolment.misses,
        "realm": enrolment.city.realm,
        "ha1_md5": enrolment.ha1.get(each.device_id, ("", ""))[0],
        "ha1_sha256": enrolment.ha1.get(each.device_id, ("", ""))[1],
        "rtsp_url": each.url,
        "username": each.username,
        "sealed": enrolment.sealed.get(each.device_id),
        "presence": Presence.UNKNOWN.value,
        "reason": NOT_SEEN,
        "since": None,
        "last_seen": None,
        "source": "",
        "transport": each.transport,
        "registered_at": None,
        "expires_s": 0,
        "user_agent": "",
        "gb_version": "",
        "manufacturer": "",
        "model": "",
        "firmware": "",
    }


def _channel(each: Channel, at: datetime) -> dict[str, Any]:
    return {
        "channel_id": channel_id_for(each.device_gb_id, each.gb_id),
        "device_id": device_id_for(each.device_gb_id),
        "gb_id": each.gb_id,
        "name": each.name,
        "reported_name": "",
        "site_id": each.site_id,
        "imported": True,
        "reported": False,
        "missing": False,
        "faulty": False,
        "status": "",
        "ptz_type": each.ptz_type,
        "lon": None,
        "lat": None,
        "item": "",
        "state": Presence.UNKNOWN.value,
        "reason": NOT_SEEN,
        "since": None,
        "enrolled_at": at,
    }
