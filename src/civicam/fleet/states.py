"""The states of channels that follow from their devices', written and told for many devices at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select, update

from civicam.db.outbox import append
from civicam.fleet.facts import CatalogueItem, ChannelId, ChannelsChanged, ChannelState, DeviceId, Presence
from civicam.fleet.model import Channel, DeviceState, channel_state
from civicam.fleet.tables import channel, device

_TOGETHER = 500
"""Devices asked for in one statement; SQLite bounds the values of one."""
_FOUND = (
    select(
        channel.c.channel_id,
        channel.c.device_id,
        channel.c.gb_id,
        channel.c.missing,
        channel.c.status,
        channel.c.faulty,
        channel.c.state,
        channel.c.reason,
        channel.c.since,
        device.c.presence.label("device_presence"),
        device.c.reason.label("device_reason"),
        device.c.enabled.label("device_enabled"),
    )
    .join(device, device.c.device_id == channel.c.device_id)
    .where(channel.c.device_id.in_(bindparam("devices", expanding=True)))
)
_STATE = (
    update(channel)
    .where(channel.c.channel_id == bindparam("key"))
    .values(state=bindparam("new_state"), reason=bindparam("new_reason"), since=bindparam("new_since"))
)


def restate(connection: Connection, moments: Mapping[DeviceId, datetime]) -> None:
    """Bring the states of some devices' channels in line, and tell of it; those that stay keep their
    ``since``.

    ``moments``: when each device changed, which is since when its channels are what they are now.
    """
    changed: list[dict[str, Any]] = []
    told: dict[DeviceId, list[ChannelState]] = {}
    for ids in _chunks(moments):
        for device_id, row in _changed(connection.execute(_FOUND, {"devices": ids}), moments):
            changed.append(row)
            state = ChannelState(ChannelId(row["key"]), Presence(row["new_state"]), row["new_reason"])
            told.setdefault(device_id, []).append(state)
    if not changed:
        return
    connection.execute(_STATE, changed)
    facts = [ChannelsChanged(key, moments[key], tuple(states)) for key, states in told.items()]
    append(connection, [("fleet.channels-changed", fact) for fact in facts], facts[-1].at)


def _chunks(moments: Mapping[DeviceId, datetime]) -> Iterator[list[DeviceId]]:
    ids = iter(moments)
    while chunk := list(islice(ids, _TOGETHER)):
        yield chunk


def _changed(rows: Any, moments: Mapping[DeviceId, datetime]) -> Iterator[tuple[DeviceId, dict[str, Any]]]:
    for row in rows:
        state, reason = channel_state(
            DeviceState(Presence(row.device_presence), row.device_reason, row.device_enabled), _channel(row)
        )
        if (state.value, reason) == (row.state, row.reason):
            continue
        stays = state.value == row.state and row.since is not None
        device_id = DeviceId(row.device_id)
        since = row.since if stays else moments[device_id]
        values = {"key": row.channel_id, "new_state": state.value, "new_reason": reason, "new_since": since}
        yield device_id, values


def _channel(row: Row[Any]) -> Channel:
    """As much of a channel as its state depends on."""
    item = CatalogueItem(gb_id=row.gb_id, name="", status=row.status)
    return Channel(ChannelId(row.channel_id), item, missing=row.missing, faulty=row.faulty)
