"""The fleet's SQL: one instance lives inside one transaction."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from civicam.db.outbox import append
from civicam.fleet import graph_rows
from civicam.fleet.bulk import HEARD, PRESENCE, REGISTERED, newest, stamp
from civicam.fleet.facts import (
    CatalogueItem,
    ChannelId,
    DeviceCredentials,
    DeviceId,
    DeviceInfo,
    DeviceRecord,
    DeviceRegistered,
    DeviceUnregistered,
    FleetFact,
    Heartbeat,
    Presence,
    PresenceChanged,
)
from civicam.fleet.model import (
    NOT_SEEN,
    CatalogueChange,
    Channel,
    DeviceState,
)
from civicam.fleet.ports import Enrolment, Imported, NewSource, Registration, StoredDevice, StoredRoute
from civicam.fleet.register_rows import RECORD, demand_parties, put_records, record_of, since
from civicam.fleet.rows import enrol
from civicam.fleet.states import restate
from civicam.fleet.tables import camera, channel, device, site, transition


class FleetStore:
    """Fills `civicam.fleet.ports.FleetStore`."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def credentials(self, gb_id: str) -> DeviceCredentials | None:
        row = self._db.execute(
            select(device).where(device.c.gb_id == gb_id, device.c.protocol == "gb28181")
        ).one_or_none()
        if row is None:
            return None
        return _credentials(row)

    def devices(self) -> list[StoredDevice]:
        rows = self._db.execute(select(device).order_by(device.c.gb_id, device.c.device_id))
        return [_stored(row) for row in rows]

    def route(self, channel_id: ChannelId) -> StoredRoute | None:
        query = (
            select(device, channel.c.gb_id.label("channel_gb_id"), channel.c.enrolled_at, *RECORD)
            .join(channel, channel.c.device_id == device.c.device_id)
            .outerjoin(camera, camera.c.channel_id == channel.c.channel_id)
        )
        row = self._db.execute(query.where(channel.c.channel_id == channel_id)).one_or_none()
        if row is None:
            return None
        return StoredRoute(_stored(row), row.channel_gb_id, record_of(row), row.enrolled_at, since(self._db))

    def registrations(self, wanted: Sequence[Registration]) -> list[bool]:
        rows = [
            (
                fact.device_id,
                proof,
                stamp(fact.at),
                fact.source[:80],
                fact.transport,
                fact.expires_s,
                fact.user_agent[:200],
                fact.version[:20],
            )
            for fact, proof in wanted
        ]
        known = REGISTERED.run(self._db, newest(rows))
        proofs = {fact.device_id: proof for fact, proof in wanted}
        kept = [fact.device_id in known and proofs[fact.device_id] == proof for fact, proof in wanted]
        pairs = zip(wanted, kept, strict=True)
        self._tell("fleet.registered", [each.fact for each, good in pairs if good and not each.fact.refresh])
        return kept

    def unregistered(self, fact: DeviceUnregistered) -> bool:
        return self._set(fact.device_id, registered_at=None, expires_s=0, last_seen=fact.at)

    def heartbeats(self, beats: Sequence[Heartbeat]) -> None:
        HEARD.run(self._db, [(beat.device_id, stamp(beat.at), beat.source[:80]) for beat in beats])

    def faulty(self) -> dict[DeviceId, frozenset[str]]:
        found: dict[DeviceId, set[str]] = {}
        for row in self._db.execute(select(channel.c.device_id, channel.c.gb_id).where(channel.c.faulty)):
            found.setdefault(DeviceId(row.device_id), set()).add(row.gb_id)
        return {key: frozenset(codes) for key, codes in found.items()}

    def set_faulty(self, device_id: DeviceId, codes: frozenset[str], at: datetime) -> None:
        mine = channel.c.device_id == device_id
        self._db.execute(update(channel).where(mine).values(faulty=False))
        if codes:
            self._db.execute(update(channel).where(mine, channel.c.gb_id.in_(codes)).values(faulty=True))
        restate(self._db, {device_id: at})

    def transitions(self, facts: Sequence[PresenceChanged]) -> set[str]:
        rows = [(each.device_id, each.after.value, each.reason_code[:80], stamp(each.at)) for each in facts]
        known = PRESENCE.run(self._db, newest(rows))
        kept = [each for each in facts if each.device_id in known]
        if kept:
            self._db.execute(
                insert(transition),
                [
                    {
                        "at": each.at,
                        "device_id": each.device_id,
                        "before": each.before.value,
                        "after": each.after.value,
                        "reason": each.reason_code[:80],
                    }
                    for each in kept
                ],
            )
            restate(self._db, {each.device_id: each.at for each in kept})
            self._tell("fleet.presence-changed", kept)
        return known

    def key_and_state(self, device_id: DeviceId) -> tuple[str, DeviceState] | None:
        row = self._db.execute(select(device).where(device.c.device_id == device_id)).one_or_none()
        if row is None:
            return None
        return row.gb_id or row.device_id, DeviceState(Presence(row.presence), row.reason, row.enabled)

    def channels_of(self, device_id: DeviceId) -> list[Channel]:
        rows = self._db.execute(select(channel).where(channel.c.device_id == device_id))
        return [_channel(row) for row in rows]

    def save_catalogue(self, device_id: DeviceId, change: CatalogueChange, at: datetime) -> None:
        home = self._db.execute(
            select(device.c.site_id).where(device.c.device_id == device_id)
        ).scalar_one_or_none()
        if change.added:
            rows = [
                {
                    **_reported(added),
                    "channel_id": added.channel_id,
                    "device_id": device_id,
                    "gb_id": added.item.gb_id,
                    "name": (added.item.name or added.item.gb_id)[:200],
                    "site_id": home,
                    "imported": False,
                    "state": Presence.UNKNOWN.value,
                    "reason": NOT_SEEN,
                    "since": at,
                    "enrolled_at": at,
                }
                for added in change.added
            ]
            self._db.execute(insert(channel), rows)
        for changed in (*change.updated, *change.missing):
            self._rename(changed)
            self._db.execute(
                update(channel).where(channel.c.channel_id == changed.channel_id).values(**_reported(changed))
            )
        restate(self._db, {device_id: at})

    def _rename(self, changed: Channel) -> None:
        """A name the operator did not give follows the device's."""
        if changed.imported or not changed.item.name:
            return
        mine = channel.c.channel_id == changed.channel_id
        self._db.execute(update(channel).where(mine).values(name=changed.item.name[:200]))

    def device_info(self, device_id: DeviceId, info: DeviceInfo) -> None:
        given = {"manufacturer": info.manufacturer, "model": info.model, "firmware": info.firmware}
        values = {key: value[:200] for key, value in given.items() if value}
        if values:
            self._set(device_id, **values)

    def enrol(self, enrolment: Enrolment) -> Imported:
        done = enrol(self._db, enrolment)
        restate(self._db, {each.device_id: enrolment.at for each in enrolment.city.devices})
        return done

    def add_source(self, source: NewSource, at: datetime) -> bool:
        if source.site_id is not None:
            known = self._db.execute(select(site.c.site_id).where(site.c.site_id == source.site_id))
            if known.one_or_none() is None:
                return False
        demand_parties(self._db, [source.camera.owner_id] if source.camera else ())
        row = {column.name: None for column in device.columns} | {
            "device_id": source.device_id,
            "protocol": "rtsp",
            "kind": "encoder",
            "name": source.name,
            "site_id": source.site_id,
            "enabled": True,
            "heartbeat_s": 60,
            "misses": 3,
            "presence": Presence.UNKNOWN.value,
            "reason": NOT_SEEN,
            "since": at,
            "rtsp_url": source.url,
            "username": source.username,
            "sealed": source.sealed,
            "transport": "tcp",
            "expires_s": 0,
        }
        texts = (
            "realm",
            "ha1_md5",
            "ha1_sha256",
            "source",
            "user_agent",
            "gb_version",
            "manufacturer",
            "model",
            "firmware",
        )
        self._db.execute(insert(device).values(row | dict.fromkeys(texts, "")))
        item = CatalogueItem(gb_id="", name=source.name, ptz_type=3)
        made = Channel(source.channel_id, item, imported=True)
        self._db.execute(
            insert(channel).values(
                **_reported(made),
                channel_id=source.channel_id,
                device_id=source.device_id,
                gb_id="",
                name=source.name,
                site_id=source.site_id,
                imported=True,
                state=Presence.UNKNOWN.value,
                reason=NOT_SEEN,
                since=at,
                enrolled_at=at,
            )
        )
        if source.camera is not None:
            put_records(self._db, {source.channel_id: source.camera}, at, "")
        graph_rows.bump(self._db)
        return True

    def remove_source(self, device_id: DeviceId) -> bool:
        found = select(device.c.device_id).where(device.c.device_id == device_id, device.c.protocol == "rtsp")
        if self._db.execute(found).one_or_none() is None:
            return False
        graph_rows.drop_device(self._db, device_id)
        mine = select(channel.c.channel_id).where(channel.c.device_id == device_id)
        self._db.execute(delete(camera).where(camera.c.channel_id.in_(mine)))
        for table in (transition, channel, device):
            self._db.execute(delete(table).where(table.c.device_id == device_id))
        return True

    def publish(self, name: str, fact: FleetFact, at: datetime) -> None:
        append(self._db, [(name, fact)], at)

    def _tell(self, name: str, facts: Sequence[DeviceRegistered | PresenceChanged]) -> None:
        """Each with its own time, into the outbox."""
        if facts:
            append(self._db, [(name, fact) for fact in facts], facts[-1].at)

    def _set(self, device_id: DeviceId, **values: Any) -> bool:
        done = self._db.execute(update(device).where(device.c.device_id == device_id).values(**values))
        return done.rowcount > 0


def _stored(row: Row[Any]) -> StoredDevice:
    record = DeviceRecord(
        device_id=DeviceId(row.device_id),
        gb_id=row.gb_id or "",
        protocol="rtsp" if row.protocol == "rtsp" else "gb28181",
        kind=sys.intern(row.kind),  # of words that a whole city shares there is one copy
        name=row.name,
        enabled=row.enabled,
        heartbeat_s=row.heartbeat_s,
        misses=row.misses,
        last_presence=Presence(row.presence),
        last_seen=row.last_seen,
        source=row.source,
        transport=sys.intern(row.transport),
        registered_at=row.registered_at,
        expires_s=row.expires_s,
        rtsp_url=row.rtsp_url,
        username=row.username,
    )
    return StoredDevice(record, row.sealed, _credentials(row) if row.protocol == "gb28181" else None)


def _credentials(row: Row[Any]) -> DeviceCredentials:
    return DeviceCredentials(
        DeviceId(row.device_id),
        row.gb_id,
        row.ha1_md5,
        row.enabled,
        sys.intern(row.realm),
        row.ha1_sha256,
        row.username,
    )


def _channel(row: Row[Any]) -> Channel:
    kept = json.loads(row.item) if row.item else {}
    kept["raw"] = tuple((str(name), str(value)) for name, value in kept.get("raw", ()))
    item = CatalogueItem(
        gb_id=row.gb_id,
        name=row.reported_name,
        status=row.status,
        ptz_type=row.ptz_type,
        lon=row.lon,
        lat=row.lat,
        **kept,
    )
    return Channel(ChannelId(row.channel_id), item, row.imported, row.reported, row.missing, row.faulty)


def _reported(made: Channel) -> dict[str, Any]:
    """The columns a catalogue decides."""
    item = made.item
    rest = {
        "parent": item.parent,
        "civil_code": item.civil_code,
        "manufacturer": item.manufacturer,
        "model": item.model,
        "raw": item.raw,
    }
    return {
        "reported": made.reported,
        "missing": made.missing,
        "faulty": made.faulty,
        "reported_name": item.name[:200],
        "status": item.status[:20],
        "ptz_type": item.ptz_type,
        "lon": item.lon,
        "lat": item.lat,
        "item": json.dumps(rest, ensure_ascii=False),
    }
