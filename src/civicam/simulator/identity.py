"""What a simulated device is, and what it says of itself: catalogue items and DeviceInfo."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from civicam.signalling.gb28181.manscdp import (
    CatalogItem,
    CatalogResponse,
    DeviceInfoResponse,
    ItemStatus,
    in_parts,
)
from civicam.simulator.description import Channel, Device, DeviceKind
from civicam.simulator.manners import Manners

MAKER = "SimCam"
_MODELS: dict[DeviceKind, str] = {"camera": "IPC-1", "recorder": "NVR-8", "encoder": "ENC-1"}
_DOME = 1
PART_SIZE = 4
"""Catalog items a message, as the largest maker sends them."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What a device is configured with: itself, its channels, the platform it belongs to.

    ``places`` gives longitude and latitude by site id.
    """

    device: Device
    channels: tuple[Channel, ...]
    realm: str
    platform: str
    places: dict[str, tuple[float, float]] = field(repr=False)
    signalling_only: bool = False


def inventory(identity: Identity, dark: frozenset[str] = frozenset()) -> tuple[CatalogItem, ...]:
    """The catalogue: one item a channel; those in ``dark`` are off."""
    found = []
    for channel in identity.channels:
        lon, lat = identity.places.get(channel.site, (None, None))
        found.append(
            CatalogItem(
                device_id=channel.gb_id,
                name=channel.name,
                manufacturer=MAKER,
                model="DOME-2" if channel.ptz_type == _DOME else "IPC-1",
                civil_code=channel.gb_id[:6],
                address=channel.name.partition(" ")[0],
                parent_id=identity.device.gb_id,
                status=ItemStatus.OFF if channel.gb_id in dark else ItemStatus.ON,
                longitude=lon,
                latitude=lat,
                ptz_type=channel.ptz_type,
                streams=(0, 1),
            )
        )
    return tuple(found)


def catalogue(
    identity: Identity, sn: int, asked: str, dark: frozenset[str], manners: Manners
) -> list[CatalogResponse]:
    """The answer to a Catalog query in its parts, as wrong as the device's manners have it."""
    parts = in_parts(sn, asked, inventory(identity, dark), PART_SIZE)
    if manners.catalogue_more:
        total = len(identity.channels) + manners.catalogue_more
        parts = [replace(part, sum_num=total) for part in parts]
    if manners.catalogue_twice:
        parts = [part for part in parts for _ in range(2)]
    return parts[:-1] if manners.catalogue_hole else parts


def unasked(identity: Identity, sn: int) -> CatalogResponse:
    """A Catalog answer nobody asked for: the first channel, as if it were all."""
    gb_id = identity.device.gb_id
    return CatalogResponse(sn, gb_id, sum_num=1, items=inventory(identity)[:1])


def description(identity: Identity, sn: int, asked: str, firmware: str) -> DeviceInfoResponse:
    """The answer to DeviceInfo."""
    device = identity.device
    return DeviceInfoResponse(
        sn,
        asked,
        device_name=device.name,
        manufacturer=MAKER,
        model=_MODELS[device.kind],
        firmware=firmware,
        channels=len(identity.channels),
    )
