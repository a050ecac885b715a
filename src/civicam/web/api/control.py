"""Moving cameras and looking after devices: ``/api/channels/{id}/ptz`` …, ``/api/devices/{id}/reboot`` …

An order's answer says what is known of it (`civicam.fleet.orders.Result`); "taken" is no proof that a camera
moved. Every order leaves a line in the log with who gave it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import structlog
from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from civicam.access.facts import User
from civicam.fleet.facts import ChannelId, DeviceId
from civicam.fleet.orders import (
    Box,
    CardRow,
    ConfigBlock,
    CruiseRow,
    DeviceStatusRow,
    Drive,
    HomePlace,
    Outcome,
    Presets,
    PtzNews,
    PtzPlace,
    UpgradeState,
)
from civicam.kernel.errors import Refused
from civicam.web.auth import Inside, Who

router = APIRouter(tags=["control"])
log = structlog.get_logger("civicam.orders")

Way = Literal[-1, 0, 1]
Number = Annotated[int, Path(ge=1, le=255)]
Track = Annotated[int, Path(ge=0, le=255)]
Degrees = Annotated[float, Field(ge=-360, le=360)]
Pixels = Annotated[int, Field(ge=0, le=65_535)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DriveBody(_Body):
    """A direction on some axes; renewed every two seconds while the key is held."""

    pan: Way = 0
    tilt: Way = 0
    zoom: Way = 0
    focus: Way = 0
    aperture: Way = 0
    speed: Annotated[int, Field(ge=1, le=100)] = 50


class PresetBody(_Body):
    """2022 devices keep the name."""

    name: Annotated[str, Field(max_length=64)] = ""


class HomeBody(_Body):
    """看守位."""

    enabled: bool
    reset_s: Annotated[int, Field(ge=0, le=86_400)] | None = None
    preset: Annotated[int, Field(ge=0, le=255)] | None = None


class PlaceBody(_Body):
    """Degrees, and zoom as a factor; what is left out stays."""

    pan: Degrees | None = None
    tilt: Degrees | None = None
    zoom: Annotated[float, Field(ge=1, le=1000)] | None = None


class DragBody(_Body):
    """A box in a window, pixels from the top left."""

    zoom_in: bool = True
    window_width: Pixels
    window_height: Pixels
    mid_x: Pixels
    mid_y: Pixels
    width: Pixels
    height: Pixels


class SwitchBody(_Body):
    """An auxiliary switch; number 1 is the wiper."""

    number: Annotated[int, Field(ge=1, le=255)] = 1
    on: bool


class On(_Body):
    """Yes or no."""

    on: bool


class AlarmBody(_Body):
    """Which alarm to end; nothing: all."""

    method: Annotated[int, Field(ge=0, le=99)] | None = None
    type: Annotated[int, Field(ge=0, le=999)] | None = None


class CardBody(_Body):
    """Erases a card: ``confirm`` repeats its number."""

    card: Annotated[int, Field(ge=1, le=8)]
    confirm: int


class UpgradeBody(_Body):
    """The device fetches the file itself."""

    firmware: Annotated[str, Field(min_length=1, max_length=128)]
    url: Annotated[str, Field(pattern=r"^https?://[^\s]{1,900}$")]


class BasicBody(_Body):
    """BasicParam; what is left out stays."""

    name: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    heartbeat_s: int | None = None
    misses: int | None = None


@dataclass(frozen=True, slots=True)
class Cruises:
    """Cruise tracks."""

    cruises: tuple[CruiseRow, ...]


@dataclass(frozen=True, slots=True)
class Home:
    """``home`` None: the device has none."""

    home: HomePlace | None


@dataclass(frozen=True, slots=True)
class Cards:
    """Memory cards."""

    cards: tuple[CardRow, ...]


@dataclass(frozen=True, slots=True)
class Configs:
    """Kinds of configuration."""

    configs: tuple[ConfigBlock, ...]


@dataclass(frozen=True, slots=True)
class Upgrades:
    """Firmware upgrades, newest first."""

    upgrades: tuple[UpgradeState, ...]


def _told(user: User, what: str, subject: str, outcome: Outcome) -> Outcome:
    log.info("order", user=user.name, what=what, subject=subject, result=outcome.result.value)
    return outcome


# -- moving


@router.post("/channels/{channel_id}/ptz")
async def drive(channel_id: str, body: DriveBody, inside: Inside, user: Who) -> Outcome:
    """Begin, change or renew a motion; nobody renewing it, it ends by itself."""
    wish = Drive(body.pan, body.tilt, body.zoom, body.focus, body.aperture, body.speed)
    desk = inside.operator.operations.ptz
    return _told(user, "ptz", channel_id, await desk.drive(ChannelId(channel_id), user.user_id, wish))


@router.post("/channels/{channel_id}/ptz/stop")
async def stop(channel_id: str, inside: Inside, user: Who) -> Outcome:
    """Stop head, lens, cruise and scan."""
    outcome = await inside.operator.operations.ptz.stop(ChannelId(channel_id))
    return _told(user, "ptz-stop", channel_id, outcome)


@router.get("/channels/{channel_id}/presets")
async def presets(channel_id: str, inside: Inside) -> Presets:
    """What the device lists."""
    return await inside.operator.operations.places.presets(ChannelId(channel_id))


@router.put("/channels/{channel_id}/presets/{number}")
async def set_preset(channel_id: str, number: Number, body: PresetBody, inside: Inside, user: Who) -> Outcome:
    """Keep where the camera looks now."""
    places = inside.operator.operations.places
    outcome = await places.set_preset(ChannelId(channel_id), number, body.name)
    return _told(user, f"preset-set {number}", channel_id, outcome)


@router.post("/channels/{channel_id}/presets/{number}/call")
async def call_preset(channel_id: str, number: Number, inside: Inside, user: Who) -> Outcome:
    """Go there."""
    outcome = await inside.operator.operations.places.call_preset(ChannelId(channel_id), number)
    return _told(user, f"preset-call {number}", channel_id, outcome)


@router.delete("/channels/{channel_id}/presets/{number}")
async def delete_preset(channel_id: str, number: Number, inside: Inside, user: Who) -> Outcome:
    """Forget it."""
    outcome = await inside.operator.operations.places.delete_preset(ChannelId(channel_id), number)
    return _told(user, f"preset-delete {number}", channel_id, outcome)


@router.get("/channels/{channel_id}/cruises")
async def cruises(channel_id: str, inside: Inside) -> Cruises:
    """Cruise tracks (2022), without their points."""
    return Cruises(await inside.operator.operations.places.cruises(ChannelId(channel_id)))


@router.get("/channels/{channel_id}/cruises/{number}")
async def cruise(channel_id: str, number: Track, inside: Inside) -> CruiseRow:
    """One track with its points."""
    return await inside.operator.operations.places.cruise(ChannelId(channel_id), number)


@router.post("/channels/{channel_id}/cruises/{number}/start")
async def start_cruise(channel_id: str, number: Track, inside: Inside, user: Who) -> Outcome:
    """Begin; ``ptz/stop`` ends it."""
    outcome = await inside.operator.operations.places.start_cruise(ChannelId(channel_id), number)
    return _told(user, f"cruise {number}", channel_id, outcome)


@router.get("/channels/{channel_id}/home-position")
async def home(channel_id: str, inside: Inside) -> Home:
    """看守位."""
    return Home(await inside.operator.operations.places.home(ChannelId(channel_id)))


@router.put("/channels/{channel_id}/home-position")
async def set_home(channel_id: str, body: HomeBody, inside: Inside, user: Who) -> Outcome:
    """Keep it."""
    place = HomePlace(body.enabled, body.reset_s, body.preset)
    outcome = await inside.operator.operations.places.set_home(ChannelId(channel_id), place)
    return _told(user, "home-position", channel_id, outcome)


@router.get("/channels/{channel_id}/ptz/position")
async def position(channel_id: str, inside: Inside) -> PtzPlace:
    """Where the camera looks (2022)."""
    return await inside.operator.operations.places.position(ChannelId(channel_id))


@router.post("/channels/{channel_id}/ptz/watch")
async def watch(channel_id: str, inside: Inside) -> PtzNews:
    """Where the camera looks, as it tells by itself; said again and again while somebody controls it."""
    return await inside.operator.operations.looks.watch(ChannelId(channel_id))


@router.put("/channels/{channel_id}/ptz/position")
async def look(channel_id: str, body: PlaceBody, inside: Inside, user: Who) -> Outcome:
    """Go to an exact position (2022)."""
    place = PtzPlace(body.pan, body.tilt, body.zoom)
    outcome = await inside.operator.operations.places.look(ChannelId(channel_id), place)
    return _told(user, "ptz-precise", channel_id, outcome)


@router.post("/channels/{channel_id}/ptz/drag")
async def drag(channel_id: str, body: DragBody, inside: Inside, user: Who) -> Outcome:
    """Show the box, or zoom out by it."""
    box = Box(body.window_width, body.window_height, body.mid_x, body.mid_y, body.width, body.height)
    outcome = await inside.operator.operations.places.drag(ChannelId(channel_id), body.zoom_in, box)
    return _told(user, "ptz-drag", channel_id, outcome)


@router.post("/channels/{channel_id}/switch")
async def switch(channel_id: str, body: SwitchBody, inside: Inside, user: Who) -> Outcome:
    """An auxiliary switch, such as the wiper."""
    outcome = await inside.operator.operations.places.switch(ChannelId(channel_id), body.number, body.on)
    return _told(user, f"switch {body.number}", channel_id, outcome)


@router.post("/channels/{channel_id}/key-frame")
async def key_frame(channel_id: str, inside: Inside, user: Who) -> Outcome:
    """One IDR now."""
    outcome = await inside.operator.operations.places.key_frame(ChannelId(channel_id))
    return _told(user, "key-frame", channel_id, outcome)


# -- looking after devices


@router.get("/devices/{device_id}/status")
async def status(device_id: str, inside: Inside) -> DeviceStatusRow:
    """What the device says of its state, and its clock against ours."""
    return await inside.operator.operations.maintenance.status(DeviceId(device_id))


@router.get("/devices/{device_id}/cards")
async def cards(device_id: str, inside: Inside) -> Cards:
    """Memory cards (2022)."""
    return Cards(await inside.operator.operations.maintenance.cards(DeviceId(device_id)))


@router.post("/devices/{device_id}/cards/format")
async def format_card(device_id: str, body: CardBody, inside: Inside, user: Who) -> Outcome:
    """Erase a card."""
    if body.confirm != body.card:
        raise Refused("web.not-confirmed")
    outcome = await inside.operator.operations.maintenance.format_card(DeviceId(device_id), body.card)
    return _told(user, f"format-card {body.card}", device_id, outcome)


@router.post("/devices/{device_id}/reboot")
async def reboot(device_id: str, inside: Inside, user: Who) -> Outcome:
    """Restart the device."""
    outcome = await inside.operator.operations.maintenance.reboot(DeviceId(device_id))
    return _told(user, "reboot", device_id, outcome)


@router.post("/devices/{device_id}/guard")
async def guard(device_id: str, body: On, inside: Inside, user: Who) -> Outcome:
    """布防 or 撤防."""
    outcome = await inside.operator.operations.maintenance.arm(DeviceId(device_id), body.on)
    return _told(user, f"guard {body.on}", device_id, outcome)


@router.post("/devices/{device_id}/alarm-reset")
async def alarm_reset(device_id: str, body: AlarmBody, inside: Inside, user: Who) -> Outcome:
    """End an alarm at the device."""
    desk = inside.operator.operations.maintenance
    outcome = await desk.reset_alarm(DeviceId(device_id), body.method, body.type)
    return _told(user, "alarm-reset", device_id, outcome)


@router.post("/devices/{device_id}/record")
async def record(device_id: str, body: On, inside: Inside, user: Who) -> Outcome:
    """Let the device record to its own disk, or stop that."""
    outcome = await inside.operator.operations.maintenance.record(DeviceId(device_id), body.on)
    return _told(user, f"record {body.on}", device_id, outcome)


@router.post("/devices/{device_id}/upgrades", status_code=202)
async def upgrade(device_id: str, body: UpgradeBody, inside: Inside, user: Who) -> UpgradeState:
    """Have the device fetch new firmware; the end is told by the device after its restart."""
    state = await inside.operator.operations.maintenance.upgrade(DeviceId(device_id), body.firmware, body.url)
    log.info("order", user=user.name, what="upgrade", subject=device_id, result=state.state)
    return state


@router.get("/devices/{device_id}/upgrades")
async def upgrades(device_id: str, inside: Inside) -> Upgrades:
    """Upgrades since our start."""
    return Upgrades(inside.operator.operations.maintenance.upgrades(DeviceId(device_id)))


@router.get("/devices/{device_id}/config")
async def config(
    device_id: str, inside: Inside, types: Annotated[str, Query(max_length=300)] = ""
) -> Configs:
    """What the device is set to; ``types`` divided by ``/``, all of its edition for none."""
    names = [name for name in types.split("/") if name]
    return Configs(await inside.operator.operations.configuration.read(DeviceId(device_id), names))


@router.put("/devices/{device_id}/config/basic")
async def set_basic(device_id: str, body: BasicBody, inside: Inside, user: Who) -> Outcome:
    """Name, heartbeat interval and count. Read it back: "done" does not prove a change."""
    outcome = await inside.operator.operations.configuration.set_basic(
        DeviceId(device_id), name=body.name, heartbeat_s=body.heartbeat_s, misses=body.misses
    )
    return _told(user, "config-basic", device_id, outcome)
