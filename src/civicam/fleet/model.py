"""The deciding code of the fleet: identities, the state of a channel, what a catalogue changes. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields, replace

from civicam.fleet.facts import CatalogueItem, ChangeKind, ChannelChange, ChannelId, DeviceId, Presence

RESTARTED = "fleet.restarted"
REPORTED_OFF = "fleet.reported-off"
REPORTED_FAULTY = "fleet.reported-faulty"
VIDEO_LOST = "fleet.video-lost"
MISSING = "fleet.missing-from-catalogue"
NOT_SEEN = "fleet.not-seen-yet"
DISABLED = "fleet.disabled"

MOVES = frozenset({1, 2, 4})
"""PTZ types that can move (GB/T 28181-2016 annex A: 1 dome, 2 half dome, 4 remote-controlled bullet)."""


def device_id_for(key: str) -> DeviceId:
    """Our id of a device: stable for its 20-digit code (or, for a source without one, its random key)."""
    return DeviceId("d" + hashlib.blake2s(key.encode(), digest_size=8).hexdigest())


def channel_id_for(device_key: str, channel_gb_id: str) -> ChannelId:
    """Our id of a channel, from the pair that is unique: codes of channels collide between vendors."""
    return ChannelId(
        "c" + hashlib.blake2s(f"{device_key}/{channel_gb_id}".encode(), digest_size=8).hexdigest()
    )


def ha1(username: str, realm: str, password: str) -> tuple[str, str]:
    """H(username:realm:password) in lower-case hex, RFC 7616 §3.4.2: by MD5, which devices speak, and by
    SHA-256 (RFC 8760)."""
    text = f"{username}:{realm}:{password}".encode()
    return hashlib.md5(text, usedforsecurity=False).hexdigest(), hashlib.sha256(text).hexdigest()


_REPORTED = {"OFF": REPORTED_OFF, "OFFLINE": REPORTED_OFF, "VLOST": VIDEO_LOST, "DEFECT": REPORTED_FAULTY}
"""States of its own that a channel may be reported in, and the reasons they stand for."""
_STATUS: dict[ChangeKind, str] = {"on": "ON", "off": "OFF", "lost": "VLOST", "defect": "DEFECT"}


@dataclass(frozen=True, slots=True)
class DeviceState:
    """What a channel inherits from its device."""

    presence: Presence
    reason: str
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel as the store holds it, as far as a catalogue may change it."""

    channel_id: ChannelId
    item: CatalogueItem
    imported: bool = False
    """Named by an operator's file: stays when no catalogue has ever named it."""
    reported: bool = False
    """A catalogue has named it."""
    missing: bool = False
    faulty: bool = False


@dataclass(frozen=True, slots=True)
class CatalogueChange:
    """What a catalogue changes: whole channels, as they are afterwards."""

    added: tuple[Channel, ...] = ()
    updated: tuple[Channel, ...] = ()
    missing: tuple[Channel, ...] = field(default=())


def channel_state(device: DeviceState, channel: Channel) -> tuple[Presence, str]:
    """State and reason code of a channel: its device's, unless that is online and the channel itself is not.

    A channel its own recorder no longer names, or reports OFF or faulty, is not usable.
    """
    if not device.enabled:
        return Presence.UNKNOWN, DISABLED
    if device.presence is not Presence.ONLINE:
        return device.presence, device.reason
    if channel.missing:
        return Presence.UNKNOWN, MISSING
    reported = _REPORTED.get(channel.item.status.strip().upper())
    if reported is not None:
        return Presence.OFFLINE, reported
    if channel.faulty:
        return Presence.OFFLINE, REPORTED_FAULTY
    return Presence.ONLINE, ""


def take_catalogue(
    device_key: str, known: Iterable[Channel], items: Sequence[CatalogueItem], complete: bool
) -> CatalogueChange:
    """Compare a catalogue with what is known. The last of several items with one code wins.

    A complete catalogue marks what it does not name as missing; an incomplete one (parts were lost) never
    does, and nothing is ever deleted: archive, recordings and bills hang on a channel.
    """
    before = {channel.item.gb_id: channel for channel in known}
    named = {item.gb_id: item for item in items}
    added, updated = [], []
    for gb_id, item in named.items():
        old = before.get(gb_id)
        if old is None:
            added.append(Channel(channel_id_for(device_key, gb_id), item, reported=True))
            continue
        new = replace(old, item=item, reported=True, missing=False)
        if new != old:
            updated.append(new)
    gone = [replace(c, missing=True) for g, c in before.items() if g not in named and not c.missing]
    return CatalogueChange(tuple(added), tuple(updated), tuple(gone) if complete else ())


def take_changes(
    device_key: str, known: Iterable[Channel], changes: Sequence[ChannelChange]
) -> tuple[CatalogueChange, tuple[str, ...]]:
    """Apply news of single channels in their order; also the ids that were spoken of but are not known.

    ``delete`` marks a channel missing, as a complete list without it does. A state of a channel that is not
    known, or missing, changes nothing: only a list, or its own ``add``, brings a channel in. The same news
    again changes nothing in channels that were known.
    """
    before = {channel.item.gb_id: channel for channel in known}
    after = dict(before)
    unknown: dict[str, None] = {}
    for change in changes:
        old = after.get(change.gb_id)
        if change.kind in _STATUS and (old is None or old.missing):
            unknown[change.gb_id] = None
        elif (new := _changed(device_key, old, change)) is not None:
            after[change.gb_id] = new
            unknown.pop(change.gb_id, None)
    touched = [channel for gb_id, channel in after.items() if channel != before.get(gb_id)]
    added = tuple(channel for channel in touched if channel.item.gb_id not in before)
    rest = [channel for channel in touched if channel.item.gb_id in before]
    return (
        CatalogueChange(
            added,
            tuple(channel for channel in rest if not channel.missing),
            tuple(channel for channel in rest if channel.missing),
        ),
        tuple(unknown),
    )


def _changed(device_key: str, old: Channel | None, change: ChannelChange) -> Channel | None:
    """The channel after ``change``; None when there is nothing to change."""
    if change.kind == "delete":
        return None if old is None else replace(old, missing=True)
    status = _STATUS.get(change.kind)
    if status is not None:
        return None if old is None else replace(old, item=replace(old.item, status=status))
    item = change.item or CatalogueItem(change.gb_id, "")
    if old is None:
        made = item if item.status else replace(item, status="ON")
        return Channel(channel_id_for(device_key, change.gb_id), made, reported=True)
    return replace(old, item=_merged(old.item, item), reported=True, missing=False)


def _merged(old: CatalogueItem, new: CatalogueItem) -> CatalogueItem:
    """``old`` with everything that ``new`` says; notices often carry only what changed."""
    said = {each.name: getattr(new, each.name) for each in fields(CatalogueItem)}
    return replace(old, **{name: value for name, value in said.items() if value not in ("", (), None, 0)})
