"""The deciding code of the fleet: identities, the state of a channel, what a catalogue changes. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from civicam.fleet.facts import CatalogueItem, ChannelId, DeviceId, Presence

RESTARTED = "fleet.restarted"
REPORTED_OFF = "fleet.reported-off"
REPORTED_FAULTY = "fleet.reported-faulty"
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
    if channel.item.status.strip().upper() in {"OFF", "OFFLINE"}:
        return Presence.OFFLINE, REPORTED_OFF
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
