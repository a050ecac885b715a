"""What a DeviceControl may ask for (GB/T 28181-2022 A.2.3.1): one class an element.

Each reads itself from its element (or refuses with ``signalling.bad-field``) and writes itself again.
There is no action to follow a target, and there will be none: that element is read as `UnknownControl`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from civicam.signalling.gb28181.manscdp.config_types import SnapShotConfig
from civicam.signalling.gb28181.manscdp.fields import bad_field, lines, read_float, read_int
from civicam.signalling.gb28181.ptz import Decoded, PtzCommand, decode, encode
from civicam.signalling.gb28181.xml import Element, child, text_of

MAX_WINDOW = 65_535
"""Pixels; the window of a drag zoom."""
PAN = (0.0, 360.0)
TILT = (-30.0, 90.0)
ZOOM = (1.0, 1000.0)
"""Limits of PTZPreciseCtrl in degrees and as a factor; what is beyond is moved to the limit."""
MAX_URL = 1024


@dataclass(frozen=True, slots=True)
class Ptz:
    """A PTZCmd. ``code`` is the 16 hex digits as they came, so that they can be passed on unchanged.

    ``priority`` is 2016's ControlPriority; the names are 2022's PTZCmdParams (cruise ≤ 32 bytes).
    """

    code: str
    priority: int | None = None
    preset_name: str = ""
    cruise_name: str = ""

    @classmethod
    def of(cls, command: PtzCommand, preset_name: str = "") -> Ptz:
        """The control that carries ``command``."""
        return cls(encode(command), preset_name=preset_name)

    @property
    def decoded(self) -> Decoded:
        """What the code says. Raises `Malformed` when it is none."""
        return decode(self.code)

    @classmethod
    def from_xml(cls, root: Element) -> Ptz:
        """Read from the whole command: the names and the priority stand beside the code."""
        params = child(root, "PTZCmdParams")
        return cls(
            code=text_of(root, "PTZCmd", 64) or "",
            priority=_first_int((child(root, "Info"), root), "ControlPriority", 0, 255),
            preset_name=text_of(params, "PresetName", 256) or "",
            cruise_name=text_of(params, "CruiseTrackName", 256) or "",
        )

    def content(self) -> str:
        """The code, then what belongs to it."""
        params = lines(("PresetName", self.preset_name), ("CruiseTrackName", self.cruise_name))
        info = lines(("ControlPriority", self.priority))
        return (
            lines(("PTZCmd", self.code))
            + (f"<Info>\r\n{info}</Info>\r\n" if info else "")
            + (f"<PTZCmdParams>\r\n{params}</PTZCmdParams>\r\n" if params else "")
        )


@dataclass(frozen=True, slots=True)
class Reboot:
    """TeleBoot: the device is gone before it can answer."""

    @classmethod
    def from_xml(cls, root: Element) -> Reboot:
        """``Boot`` is the only word."""
        _word(root, "TeleBoot", ("BOOT",))
        return cls()

    def content(self) -> str:
        """The element."""
        return lines(("TeleBoot", "Boot"))


@dataclass(frozen=True, slots=True)
class Record:
    """RecordCmd: start or stop recording on the device; ``stream`` 0 main, 1 sub (2022)."""

    start: bool
    stream: int | None = None

    @classmethod
    def from_xml(cls, root: Element) -> Record:
        """``Record`` or ``StopRecord``."""
        word = _word(root, "RecordCmd", ("RECORD", "STOPRECORD"))
        return cls(word == "RECORD", read_int(root, "StreamNumber", 0, 9))

    def content(self) -> str:
        """The element."""
        return lines(("RecordCmd", "Record" if self.start else "StopRecord"), ("StreamNumber", self.stream))


@dataclass(frozen=True, slots=True)
class Guard:
    """GuardCmd: arm (布防) or disarm; Hik sends alarms only when armed."""

    armed: bool

    @classmethod
    def from_xml(cls, root: Element) -> Guard:
        """``SetGuard`` or ``ResetGuard``."""
        return cls(_word(root, "GuardCmd", ("SETGUARD", "RESETGUARD")) == "SETGUARD")

    def content(self) -> str:
        """The element."""
        return lines(("GuardCmd", "SetGuard" if self.armed else "ResetGuard"))


@dataclass(frozen=True, slots=True)
class AlarmReset:
    """AlarmCmd ResetAlarm: after a device alarm nothing more comes until this. Both limits may be absent."""

    method: int | None = None
    alarm_type: int | None = None

    @classmethod
    def from_xml(cls, root: Element) -> AlarmReset:
        """``ResetAlarm`` with an optional Info."""
        _word(root, "AlarmCmd", ("RESETALARM",))
        places = (child(root, "Info"), root)
        return cls(_first_int(places, "AlarmMethod", 0, 99), _first_int(places, "AlarmType", 0, 999))

    def content(self) -> str:
        """The element, and Info when something is limited."""
        info = lines(("AlarmMethod", self.method), ("AlarmType", self.alarm_type))
        return lines(("AlarmCmd", "ResetAlarm")) + (f"<Info>\r\n{info}</Info>\r\n" if info else "")


@dataclass(frozen=True, slots=True)
class KeyFrame:
    """One IDR now. 2016 misspells the element, and its devices know only the misspelling."""

    spelling: Literal["IFameCmd", "IFrameCmd"] = "IFrameCmd"

    @classmethod
    def for_version(cls, version: str) -> KeyFrame:
        """By the peer's X-GB-Ver; absent means 2016."""
        return cls("IFrameCmd" if version.startswith("3") else "IFameCmd")

    @classmethod
    def from_xml(cls, root: Element) -> KeyFrame:
        """Either spelling; the word inside is not looked at."""
        return cls("IFrameCmd" if child(root, "IFrameCmd") is not None else "IFameCmd")

    def content(self) -> str:
        """The element."""
        return lines((self.spelling, "Send"))


@dataclass(frozen=True, slots=True)
class DragZoom:
    """DragZoomIn and DragZoomOut: a box in a window, pixels from the top left; mid point and size."""

    zoom_in: bool
    length: int
    width: int
    mid_x: int
    mid_y: int
    length_x: int
    length_y: int

    @classmethod
    def from_xml(cls, root: Element) -> DragZoom:
        """All six numbers are needed."""
        found = child(root, "DragZoomIn")
        place = child(root, "DragZoomOut") if found is None else found
        return cls(found is not None, *(_pixels(place, name) for name in _DRAG))

    def content(self) -> str:
        """The element."""
        name = "DragZoomIn" if self.zoom_in else "DragZoomOut"
        values = (self.length, self.width, self.mid_x, self.mid_y, self.length_x, self.length_y)
        return _block(name, lines(*zip(_DRAG, values, strict=True)))


_DRAG = ("Length", "Width", "MidPointX", "MidPointY", "LengthX", "LengthY")


@dataclass(frozen=True, slots=True)
class HomePosition:
    """看守位: go to ``preset`` (0..255) after ``reset_s`` seconds without control."""

    enabled: bool
    reset_s: int | None = None
    preset: int | None = None

    @classmethod
    def from_xml(cls, root: Element) -> HomePosition:
        """Enabled is needed."""
        place = child(root, "HomePosition")
        enabled = text_of(place, "Enabled", 8)
        if enabled not in {"0", "1"}:
            raise bad_field("Enabled", enabled)
        return cls(
            enabled == "1",
            _first_int((place,), "ResetTime", 0, 86_400),
            _first_int((place,), "PresetIndex", 0, 255),
        )

    def content(self) -> str:
        """The element."""
        return _block(
            "HomePosition",
            lines(("Enabled", int(self.enabled)), ("ResetTime", self.reset_s), ("PresetIndex", self.preset)),
        )


@dataclass(frozen=True, slots=True)
class PrecisePtz:
    """PTZPreciseCtrl (2022): ``pan`` degrees clockwise from above, ``tilt`` degrees (down is larger),
    ``zoom`` a factor. What is beyond the limits is moved to the limit; None leaves the axis alone.
    """

    pan: float | None = None
    tilt: float | None = None
    zoom: float | None = None

    @classmethod
    def clamped(cls, pan: float | None, tilt: float | None, zoom: float | None) -> PrecisePtz:
        """Within the limits of the standard."""
        return cls(_clamp(pan, PAN), _clamp(tilt, TILT), _clamp(zoom, ZOOM))

    @classmethod
    def from_xml(cls, root: Element) -> PrecisePtz:
        """Every axis may be absent; a number that is none counts as absent."""
        place = child(root, "PTZPreciseCtrl")
        return cls.clamped(*(_number(place, name) for name in ("Pan", "Tilt", "Zoom")))

    def content(self) -> str:
        """The element, with two decimals."""
        rows = (("Pan", self.pan), ("Tilt", self.tilt), ("Zoom", self.zoom))
        return _block(
            "PTZPreciseCtrl",
            lines(*((name, None if value is None else f"{value:.2f}") for name, value in rows)),
        )


@dataclass(frozen=True, slots=True)
class Upgrade:
    """DeviceUpgrade (2022): fetch ``url``, restart, then tell the result for ``session_id``."""

    firmware: str
    url: str = field(repr=False)
    manufacturer: str
    session_id: str = field(repr=False)

    @classmethod
    def from_xml(cls, root: Element) -> Upgrade:
        """URL and session are needed."""
        place = child(root, "DeviceUpgrade")
        url, session = text_of(place, "FileURL", MAX_URL), text_of(place, "SessionID", 128)
        if not url or not session:
            raise bad_field("DeviceUpgrade", url)
        firmware, maker = text_of(place, "Firmware", 256), text_of(place, "Manufacturer", 256)
        return cls(firmware or "", url, maker or "", session)

    def content(self) -> str:
        """The element."""
        return _block(
            "DeviceUpgrade",
            lines(
                ("Firmware", self.firmware),
                ("FileURL", self.url),
                ("Manufacturer", self.manufacturer),
                ("SessionID", self.session_id),
            ),
        )


@dataclass(frozen=True, slots=True)
class FormatSdCard:
    """FormatSDCard (2022): erase card ``card``, counted from 1; 0 erases all of them."""

    card: int

    @classmethod
    def from_xml(cls, root: Element) -> FormatSdCard:
        """A number that is none must not become "all"."""
        card = read_int(root, "FormatSDCard", 0, 64)
        if card is None:
            raise bad_field("FormatSDCard", text_of(root, "FormatSDCard"))
        return cls(card)

    def content(self) -> str:
        """The element."""
        return lines(("FormatSDCard", self.card))


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Pictures ordered as a control, as some platforms do; the standard orders them by DeviceConfig."""

    config: SnapShotConfig

    @classmethod
    def from_xml(cls, root: Element) -> Snapshot:
        """Read; raises ``signalling.bad-field`` as the configuration does."""
        places = (child(root, "SnapShotConfig"), child(root, "SnapShot"))
        return cls(SnapShotConfig.from_xml(next(each for each in places if each is not None)))

    def content(self) -> str:
        """The element."""
        return self.config.to_xml() + "\r\n"


@dataclass(frozen=True, slots=True)
class UnknownControl:
    """A control we do not know or do not do; ``names`` are its elements, at most eight. Never written."""

    names: tuple[str, ...] = ()

    def content(self) -> str:
        """Nothing."""
        return ""


ControlAction = (
    Ptz | Reboot | Record | Guard | AlarmReset | KeyFrame | DragZoom | HomePosition | PrecisePtz | Upgrade
    | FormatSdCard | Snapshot | UnknownControl
)  # fmt: skip

ANSWERED: Mapping[type, bool] = MappingProxyType(
    {
        Ptz: False,
        Reboot: False,
        Record: True,
        Guard: True,
        AlarmReset: True,
        KeyFrame: False,
        DragZoom: False,
        HomePosition: True,
        PrecisePtz: False,
        Upgrade: True,
        FormatSdCard: False,
        Snapshot: True,
        UnknownControl: False,
    }
)
"""Whether a ``Response DeviceControl`` follows (2022 §9.3.1). Devices may answer or be silent against it."""


def _word(root: Element, name: str, allowed: tuple[str, ...]) -> str:
    word = text_of(root, name, 32)
    if word is None or word.upper() not in allowed:
        raise bad_field(name, word)
    return word.upper()


def _first_int(places: tuple[Element | None, ...], name: str, low: int, high: int) -> int | None:
    for place in places:
        if place is not None and (value := read_int(place, name, low, high)) is not None:
            return value
    return None


def _pixels(place: Element | None, name: str) -> int:
    value = _first_int((place,), name, 0, MAX_WINDOW)
    if value is None:
        raise bad_field(name, text_of(place, name))
    return value


def _number(place: Element | None, name: str) -> float | None:
    return None if place is None else read_float(place, name, -1e6, 1e6)


def _clamp(value: float | None, limits: tuple[float, float]) -> float | None:
    return None if value is None else min(max(value, limits[0]), limits[1])


def _block(name: str, content: str) -> str:
    return f"<{name}>\r\n{content}</{name}>\r\n"
