"""What the console reads, as SQL. Sized for 5,892 channels: one grouped scan a page, no query in a loop."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, case, func, or_, select

from civicam.fleet import device_queries, place_queries
from civicam.fleet.cursor import mark, place
from civicam.fleet.facts import ChannelId, DeviceId, Presence
from civicam.fleet.model import MOVES
from civicam.fleet.tables import channel, city, device, district, site, street, transition
from civicam.fleet.views import (
    ChannelCard,
    ChannelFilter,
    ChannelPage,
    ChannelRow,
    City,
    Counts,
    DeviceDetail,
    DeviceFilter,
    DevicePage,
    FleetSituation,
    Hit,
    Node,
    SiteRow,
    SourceRow,
    Text,
    TransitionRow,
    site_state,
)

_ONLINE = func.coalesce(func.sum(case((channel.c.state == Presence.ONLINE.value, 1), else_=0)), 0)
_OFFLINE = func.coalesce(func.sum(case((channel.c.state == Presence.OFFLINE.value, 1), else_=0)), 0)
_TOTAL = func.count(channel.c.channel_id)
_COUNTS = (_TOTAL.label("total"), _ONLINE.label("online"), _OFFLINE.label("offline"))

Kind = Literal["district", "street", "site", "device", "channel"]


class FleetQueries:
    """Fills `civicam.fleet.ports.FleetQueries`."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def city(self) -> City | None:
        row = self._db.execute(select(city)).one_or_none()
        return None if row is None else City(Text(row.name_zh, row.name_en), (row.lon, row.lat))

    def situation(self, recent: int) -> FleetSituation:
        sites = self._db.execute(select(func.count()).select_from(site)).scalar_one()
        newest = (
            select(transition, device.c.name)
            .join(device, device.c.device_id == transition.c.device_id)
            .order_by(transition.c.id.desc())
            .limit(recent)
        )
        rows = [
            TransitionRow(r.at, r.device_id, r.name, Presence(r.before), Presence(r.after), r.reason or None)
            for r in self._db.execute(newest)
        ]
        return FleetSituation(
            int(sites),
            self._counts(select(device.c.presence, func.count()).group_by(device.c.presence)),
            self._counts(select(channel.c.state, func.count()).group_by(channel.c.state)),
            rows,
        )

    def _counts(self, query: Select[Any]) -> Counts:
        found = {Presence(state): int(number) for state, number in self._db.execute(query)}
        each = {state: found.get(state, 0) for state in Presence}
        return Counts(
            sum(each.values()), each[Presence.ONLINE], each[Presence.OFFLINE], each[Presence.UNKNOWN]
        )

    # -- places

    def tree(self, parent: str) -> list[Node]:
        if not parent:
            return self._districts()
        for children in (self._streets, self._sites_of, self._devices_of, self._channels_of):
            nodes = children(parent)
            if nodes:
                return nodes
        return []

    def _districts(self) -> list[Node]:
        query = (
            select(district, *_COUNTS)
            .outerjoin(site, site.c.district == district.c.code)
            .outerjoin(channel, channel.c.site_id == site.c.site_id)
            .group_by(district.c.code)
            .order_by(district.c.code)
        )
        return [_node(row, "district", row.code, _text(row)) for row in self._db.execute(query)]

    def _streets(self, parent: str) -> list[Node]:
        query = (
            select(street, *_COUNTS)
            .outerjoin(site, site.c.street == street.c.code)
            .outerjoin(channel, channel.c.site_id == site.c.site_id)
            .where(street.c.district == parent)
            .group_by(street.c.code)
            .order_by(street.c.code)
        )
        nodes = [_node(row, "street", row.code, _text(row)) for row in self._db.execute(query)]
        return nodes + self._sites_where(and_(site.c.district == parent, site.c.street.is_(None)))

    def _sites_of(self, parent: str) -> list[Node]:
        return self._sites_where(site.c.street == parent)

    def _sites_where(self, wanted: ColumnElement[bool]) -> list[Node]:
        query = (
            select(site, *_COUNTS)
            .outerjoin(channel, channel.c.site_id == site.c.site_id)
            .where(wanted)
            .group_by(site.c.site_id)
            .order_by(site.c.name_zh, site.c.site_id)
        )
        return [_node(row, "site", row.site_id, _text(row)) for row in self._db.execute(query)]

    def _devices_of(self, parent: str) -> list[Node]:
        """Devices of a site; one with a single channel is shown as that channel, a click less."""
        query = (
            select(device.c.device_id, device.c.gb_id, device.c.name, device.c.presence, *_COUNTS)
            .join(channel, and_(channel.c.device_id == device.c.device_id, channel.c.site_id == parent))
            .group_by(device.c.device_id)
            .order_by(device.c.name, device.c.device_id)
        )
        rows = self._db.execute(query).all()
        alone = [row.device_id for row in rows if row.total == 1]
        wanted = and_(channel.c.device_id.in_(alone), channel.c.site_id == parent)
        nodes = {row.device_id: self._channel_nodes(row) for row in self._rows(wanted)} if alone else {}
        return [
            nodes.get(row.device_id)
            or _node(row, "device", row.device_id, Text(row.name, row.name), row.gb_id or "")
            for row in rows
        ]

    def _channels_of(self, parent: str) -> list[Node]:
        return [self._channel_nodes(row) for row in self._rows(channel.c.device_id == parent)]

    @staticmethod
    def _channel_nodes(row: ChannelRow) -> Node:
        online = int(row.state is Presence.ONLINE)
        state = site_state(1, online, int(row.state is Presence.OFFLINE))
        return Node(row.id, "channel", Text(row.name, row.name), online, 1, state, row.gb_id, False)

    def sites(self) -> list[SiteRow]:
        query = (
            select(site, *_COUNTS)
            .outerjoin(channel, channel.c.site_id == site.c.site_id)
            .group_by(site.c.site_id)
            .order_by(site.c.site_id)
        )
        return [_site(row) for row in self._db.execute(query)]

    def site(self, site_id: str) -> tuple[SiteRow, list[ChannelRow]] | None:
        query = (
            select(site, *_COUNTS)
            .outerjoin(channel, channel.c.site_id == site.c.site_id)
            .where(site.c.site_id == site_id)
            .group_by(site.c.site_id)
        )
        row = self._db.execute(query).one_or_none()
        return None if row is None else (_site(row), self._rows(channel.c.site_id == site_id))

    # -- channels

    def channels(self, wanted: ChannelFilter, after: str, limit: int) -> ChannelPage:
        where = _where(wanted)
        joined = channel.join(device, device.c.device_id == channel.c.device_id).outerjoin(
            site, site.c.site_id == channel.c.site_id
        )
        total = self._db.execute(select(func.count()).select_from(joined).where(*where)).scalar_one()
        if after:
            name, key = place(after)
            where.append(or_(channel.c.name > name, and_(channel.c.name == name, channel.c.channel_id > key)))
        rows = self._rows(*where, limit=limit + 1)
        more = len(rows) > limit
        rows = rows[:limit]
        return ChannelPage(rows, mark(rows[-1].name, rows[-1].id) if more else None, int(total))

    def channel(self, channel_id: str) -> ChannelRow | None:
        rows = self._rows(channel.c.channel_id == channel_id)
        return rows[0] if rows else None

    def channel_ids(self, device_ids: Sequence[DeviceId]) -> dict[DeviceId, list[ChannelId]]:
        query = select(channel.c.device_id, channel.c.channel_id).where(channel.c.device_id.in_(device_ids))
        found: dict[DeviceId, list[ChannelId]] = {key: [] for key in device_ids}
        for row in self._db.execute(query):
            found[DeviceId(row.device_id)].append(ChannelId(row.channel_id))
        return found

    def channel_names(self, channel_ids: Sequence[str]) -> dict[str, str]:
        query = select(channel.c.channel_id, channel.c.name).where(channel.c.channel_id.in_(channel_ids))
        return {row.channel_id: row.name for row in self._db.execute(query)}

    def cards(self, device_ids: Sequence[DeviceId] | None) -> list[ChannelCard]:
        return place_queries.cards(self._db, device_ids)

    def place_names(self) -> dict[str, Text]:
        return place_queries.names(self._db)

    def device_names(self, device_ids: Sequence[str]) -> dict[str, str]:
        query = select(device.c.device_id, device.c.name).where(device.c.device_id.in_(device_ids))
        return {row.device_id: row.name for row in self._db.execute(query)}

    def _rows(self, *where: ColumnElement[bool], limit: int | None = None) -> list[ChannelRow]:
        query = (
            select(
                channel,
                device.c.name.label("device_name"),
                device.c.gb_id.label("device_gb_id"),
                device.c.protocol,
                device.c.last_seen,
                site.c.name_zh,
                site.c.name_en,
                site.c.district,
            )
            .join(device, device.c.device_id == channel.c.device_id)
            .outerjoin(site, site.c.site_id == channel.c.site_id)
            .where(*where)
            .order_by(channel.c.name, channel.c.channel_id)
            .limit(limit)
        )
        return [_channel_row(row) for row in self._db.execute(query)]

    # -- devices

    def devices(self, wanted: DeviceFilter, after: str, limit: int) -> DevicePage:
        return device_queries.page(self._db, wanted, after, limit)

    def device(self, device_id: str, recent: int) -> DeviceDetail | None:
        found = device_queries.one(self._db, device_id)
        if found is None:
            return None
        short, row = found
        return DeviceDetail(
            device=short,
            source=row.source,
            transport=row.transport,
            registered_at=row.registered_at,
            expires_s=row.expires_s,
            heartbeat_s=row.heartbeat_s,
            misses=row.misses,
            user_agent=row.user_agent,
            firmware=row.firmware,
            channels=self._rows(channel.c.device_id == device_id),
            recent=device_queries.transitions(self._db, device_id, short.name, recent),
        )

    # -- search and sources

    def search(self, q: str, limit: int) -> list[Hit]:
        if not q:
            return []
        hits = list(self._place_hits(q, limit))
        devices = select(device).where(or_(_has(device.c.name, q), _has(device.c.gb_id, q))).limit(limit)
        hits.extend(
            Hit("device", row.device_id, Text(row.name, row.name), row.gb_id, None)
            for row in self._db.execute(devices.order_by(device.c.name))
        )
        found = or_(_has(channel.c.name, q), _has(channel.c.gb_id, q), _has(channel.c.reported_name, q))
        for channel_row in self._rows(found, limit=limit):
            name = Text(channel_row.name, channel_row.name)
            hits.append(Hit("channel", channel_row.id, name, channel_row.gb_id, channel_row.site_name))
        return hits[:limit]

    def _place_hits(self, q: str, limit: int) -> Iterable[Hit]:
        kinds: tuple[tuple[Literal["district", "site"], Any, Any], ...] = (
            ("district", district, district.c.code),
            ("site", site, site.c.site_id),
        )
        for kind, table, key in kinds:
            found = or_(_has(table.c.name_zh, q), _has(table.c.name_en, q), _has(key, q))
            query = select(table, key.label("key")).where(found).order_by(key).limit(limit)
            for row in self._db.execute(query):
                yield Hit(kind, row.key, _text(row), None, None)

    def sources(self) -> list[SourceRow]:
        query = (
            select(device, channel.c.channel_id)
            .join(channel, channel.c.device_id == device.c.device_id)
            .where(device.c.protocol == "rtsp")
            .order_by(device.c.name, device.c.device_id)
        )
        return [
            SourceRow(
                row.device_id,
                row.channel_id,
                row.name,
                row.rtsp_url,
                row.username or None,
                row.site_id,
                Presence(row.presence),
                row.reason or None,
            )
            for row in self._db.execute(query)
        ]


def _text(row: Row[Any]) -> Text:
    return Text(row.name_zh, row.name_en)


def _has(column: ColumnElement[Any], q: str) -> ColumnElement[bool]:
    return column.icontains(q, autoescape=True)


def _node(row: Row[Any], kind: Kind, key: str, name: Text, gb_id: str = "") -> Node:
    total, online = int(row.total), int(row.online)
    state = site_state(total, online, int(row.offline))
    return Node(key, kind, name, online, total, state, gb_id or None, total > 0)


def _site(row: Row[Any]) -> SiteRow:
    total, online = int(row.total), int(row.online)
    state = site_state(total, online, int(row.offline))
    lon, lat = (row.lon, row.lat) if row.placed else (None, None)
    return SiteRow(row.site_id, _text(row), row.district, lon, lat, row.kind, online, total, state)


def _channel_row(row: Row[Any]) -> ChannelRow:
    return ChannelRow(
        id=row.channel_id,
        gb_id=row.gb_id,
        name=row.name,
        device_id=row.device_id,
        device_name=row.device_name,
        device_gb_id=row.device_gb_id or "",
        site_id=row.site_id,
        site_name=None if row.site_id is None else _text(row),
        district=row.district,
        protocol=row.protocol,
        state=Presence(row.state),
        reason=row.reason or None,
        since=row.since,
        ptz=row.ptz_type in MOVES,
        streams=["main", "sub"] if row.protocol == "gb28181" else ["main"],
        last_seen=row.last_seen,
    )


def _where(wanted: ChannelFilter) -> list[ColumnElement[bool]]:
    where: list[ColumnElement[bool]] = []
    if wanted.q:
        names = (channel.c.name, channel.c.gb_id, site.c.name_zh, site.c.name_en, device.c.gb_id)
        where.append(or_(*(_has(column, wanted.q) for column in names)))
    if wanted.state:
        where.append(channel.c.state == wanted.state)
    if wanted.district:
        where.append(site.c.district == wanted.district)
    if wanted.among is not None:
        where.append(channel.c.channel_id.in_(wanted.among))
    return where


def channel_ids_of(db: Connection, wanted: ChannelFilter) -> set[str]:
    """Every channel that a filter lets through."""
    joined = channel.join(device, device.c.device_id == channel.c.device_id).outerjoin(
        site, site.c.site_id == channel.c.site_id
    )
    query = select(channel.c.channel_id).select_from(joined).where(*_where(wanted))
    return set(db.execute(query).scalars())
