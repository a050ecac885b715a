"""Channels by place, and what places are called: all of them at once, for who groups them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, select

from civicam.fleet.facts import ChannelId, DeviceId, Presence
from civicam.fleet.tables import channel, device, district, site, street
from civicam.fleet.views import ChannelCard, Text


def cards(connection: Connection, device_ids: Sequence[DeviceId] | None) -> list[ChannelCard]:
    """State and place of the channels of some devices, or all."""
    query = (
        select(
            channel.c.channel_id,
            channel.c.device_id,
            channel.c.state,
            channel.c.reason,
            channel.c.since,
            device.c.kind,
            device.c.protocol,
            channel.c.site_id,
            site.c.district,
            site.c.street,
        )
        .join(device, device.c.device_id == channel.c.device_id)
        .outerjoin(site, site.c.site_id == channel.c.site_id)
    )
    if device_ids is not None:
        query = query.where(channel.c.device_id.in_(device_ids))
    return [
        ChannelCard(
            ChannelId(channel_id),
            DeviceId(device_id),
            Presence(state),
            reason,
            since,
            kind,
            protocol,
            site_id,
            at_district,
            at_street,
        )
        for (
            channel_id,
            device_id,
            state,
            reason,
            since,
            kind,
            protocol,
            site_id,
            at_district,
            at_street,
        ) in connection.execute(query)
    ]


def names(connection: Connection) -> dict[str, Text]:
    """Districts, streets and sites by code or id."""
    found: dict[str, Text] = {}
    for table, key in ((district, district.c.code), (street, street.c.code), (site, site.c.site_id)):
        for row in connection.execute(select(key, table.c.name_zh, table.c.name_en)):
            found[row[0]] = Text(row[1], row[2])
    return found
