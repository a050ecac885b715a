"""What a simulated device is, and what it says of itself: catalogue items and DeviceInfo."""

from __future__ import annotations

from dataclasses import dataclass, field

from civicam.signalling.gb28181.manscdp import CatalogItem, DeviceInfoResponse, ItemStatus
from civicam.simulator.description import Channel, Device, DeviceKind

MAKER = "SimCam"
_MODELS: dict[DeviceKind, str] = {"camera": "IPC-1", "recorder": "NVR-8", "encoder": "ENC-1"}
_DOME = 1


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


def inventory(identity: Identity) -> tuple[CatalogItem, ...]:
    """The catalogue: one item a channel."""
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
                status=ItemStatus.ON,
                longitude=lon,
                latitude=lat,
                ptz_type=channel.ptz_type,
                streams=(0, 1),
            )
        )
    return tuple(found)


def description(identity: Identity, sn: int, asked: str) -> bytes:
    """The body of a DeviceInfo answer."""
    device = identity.device
    return DeviceInfoResponse(
        sn,
        asked,
        device_name=device.name,
        manufacturer=MAKER,
        model=_MODELS[device.kind],
        firmware="1.0",
        channels=len(identity.channels),
    ).to_xml()
