"""What came of asking a device for something: shared by the gateway, which asks, and the web, which shows it.

Frozen values, no behaviour. Degrees, seconds and sizes are as their docstrings say; times are aware UTC.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime
from typing import Literal


class Result(enum.StrEnum):
    """What is known of an order."""

    DONE = "done"
    """The device answered OK."""
    TAKEN = "taken"
    """The device took the message; no answer is due for this order."""
    UNCONFIRMED = "unconfirmed"
    """The device took the message, and the answer that is due did not come."""
    REFUSED = "refused"
    """The device answered ERROR, or refused the message."""
    UNSUPPORTED = "unsupported"
    """The device does not know such orders."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """``status``: the SIP status when it was no 200; ``reason``: the device's own words, when it gave any."""

    result: Result
    status: int = 0
    reason: str = ""


Way = Literal[-1, 0, 1]
"""A direction on one axis; 0 leaves the axis alone."""


@dataclass(frozen=True, slots=True)
class Drive:
    """Move a camera until stopped: ``pan`` 1 right, ``tilt`` 1 up, ``zoom`` 1 in, ``focus`` 1 far,
    ``aperture`` 1 open. Head (pan, tilt, zoom) or lens (focus, aperture), not both. ``speed`` 1..100 percent.
    """

    pan: Way = 0
    tilt: Way = 0
    zoom: Way = 0
    focus: Way = 0
    aperture: Way = 0
    speed: int = 50


@dataclass(frozen=True, slots=True)
class PresetRow:
    """A preset as the device names it."""

    number: int
    name: str = ""


@dataclass(frozen=True, slots=True)
class Presets:
    """``complete`` False: the device announced more than it sent."""

    presets: tuple[PresetRow, ...]
    complete: bool


@dataclass(frozen=True, slots=True)
class CruiseStop:
    """One point of a cruise: seconds it stays, speed 1..15."""

    preset: int
    stay_s: int | None = None
    speed: int | None = None


@dataclass(frozen=True, slots=True)
class CruiseRow:
    """A cruise track; ``stops`` only when one track was asked for."""

    number: int
    name: str = ""
    stops: tuple[CruiseStop, ...] = ()


@dataclass(frozen=True, slots=True)
class HomePlace:
    """看守位: where a camera returns to after ``reset_s`` seconds without control."""

    enabled: bool
    reset_s: int | None = None
    preset: int | None = None


@dataclass(frozen=True, slots=True)
class PtzPlace:
    """Degrees; ``zoom`` a factor; None where the device does not say."""

    pan: float | None = None
    tilt: float | None = None
    zoom: float | None = None
    horizontal_angle: float | None = None
    vertical_angle: float | None = None
    max_view_m: float | None = None


@dataclass(frozen=True, slots=True)
class PtzNews:
    """The newest a device told of where a camera looks, and when we heard it; None: nothing yet.
    ``subscription``: how our subscription to it stands, empty when there is none.
    """

    place: PtzPlace | None = None
    received_at: datetime | None = None
    subscription: str = ""


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle drawn in a window, for drag zoom; pixels from the top left."""

    window_width: int
    window_height: int
    mid_x: int
    mid_y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class AlarmInputRow:
    """``duty``: ``onduty`` armed, ``offduty``, ``alarm``."""

    gb_id: str
    duty: str


@dataclass(frozen=True, slots=True)
class DeviceStatusRow:
    """What a device says of its state; None where it says nothing. ``clock_off_s``: its clock minus ours."""

    online: bool | None
    working: bool | None
    encoding: bool | None
    recording: bool | None
    device_time: datetime | None
    clock_off_s: float | None
    reason: str
    alarm_inputs: tuple[AlarmInputRow, ...] = ()


@dataclass(frozen=True, slots=True)
class CardRow:
    """A memory card. ``state`` ok, formatting, unformatted, idle, error; sizes in MB; progress in percent."""

    number: int
    name: str
    state: str
    progress: int | None
    capacity_mb: int | None
    free_mb: int | None


@dataclass(frozen=True, slots=True)
class ConfigBlock:
    """One kind of configuration: its standard name and its fields as text. ``supported`` False: the device
    did not answer for it.
    """

    name: str
    supported: bool
    fields: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class UpgradeState:
    """A firmware upgrade: ``state`` ordered, refused, done, failed; ``reason`` the device's code."""

    session_id: str
    device_id: str
    firmware: str
    state: Literal["ordered", "refused", "done", "failed"]
    reason: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Recording:
    """A piece the device has recorded. ``kind`` time, alarm, manual or empty; ``size`` bytes, if it says."""

    start: datetime
    end: datetime
    name: str = ""
    kind: str = ""
    size: int | None = None


@dataclass(frozen=True, slots=True)
class Recordings:
    """``complete`` False: the device announced ``announced`` pieces and stopped before all had come."""

    recordings: tuple[Recording, ...]
    complete: bool
    announced: int | None


DownloadStage = Literal["waiting", "receiving", "done", "failed", "cancelled"]


@dataclass(frozen=True, slots=True)
class Download:
    """A recording fetched from a device as a file. ``progress`` 0..1 of the period, by what was written;
    ``code`` says why it failed; ``sha256`` and ``bytes`` are of the finished file.
    """

    download_id: str
    channel_id: str
    channel: str
    owner: str
    start: datetime
    end: datetime
    asked_at: datetime
    stage: DownloadStage
    progress: float = 0.0
    bytes: int = 0
    code: str = ""
    sha256: str = ""
    sound: bool = False
    until: datetime | None = None
    """When the file is removed."""


SnapshotStage = Literal["asked", "arriving", "done", "failed"]


@dataclass(frozen=True, slots=True)
class SnapshotPicture:
    """One picture a device uploaded: ``number`` from 1, as it came; ``sha256`` of what is kept."""

    number: int
    bytes: int
    width: int
    height: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Pictures asked of a device (图像抓拍). ``purpose`` is what the ask is on record with; ``code`` says why
    it failed, ``detail`` what the device said to that; ``told``: how many it says it has sent, None when it
    never said.
    """

    snapshot_id: str
    channel_id: str
    channel: str
    owner: str
    purpose: str
    wanted: int
    interval_s: int
    asked_at: datetime
    stage: SnapshotStage
    code: str = ""
    detail: str = ""
    told: int | None = None
    pictures: tuple[SnapshotPicture, ...] = ()
    ended_at: datetime | None = None
    until: datetime | None = None
    """When everything of it is removed."""
