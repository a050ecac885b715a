"""PTZCmd: eight bytes as 16 hex digits (前端设备控制协议; GB/T 28181-2016 and -2022 Annex A.3).

    B1 A5 · B2 version and its check nibble · B3 address, low byte · B4 command · B5, B6 data 1, 2
    B7 high nibble data 3, low nibble the address' high bits · B8 sum of B1..B7 modulo 256

The address is an old serial bus's: the XML DeviceID decides who is meant, so the field carries 1.
Directions are those of the picture. A motion goes on until `Stop` (or `LensStop`) comes: whoever starts
one owes the stop, see `stop_of`. The lens iris (光圈) is called aperture here.
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from typing import Literal

from civicam.signalling.gb28181.xml import Malformed

Way = Literal[-1, 0, 1]
"""A direction on one axis; 0 leaves the axis alone. Opposites cannot both be said."""

_HEX = re.compile(r"[0-9A-Fa-f]{16}", re.ASCII)
_START = 0xA5
_FIELD_ADDRESS = 1
MAX_BYTE = 255
MAX_ZOOM_SPEED = 15
MAX_LONG = 4095
"""Cruise speed and dwell, scan speed: 12 bits."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Stop pan, tilt and zoom, a running cruise and a running scan."""


@dataclass(frozen=True, slots=True)
class Move:
    """Move until stopped. ``pan`` 1 right, -1 left; ``tilt`` 1 up, -1 down; ``zoom`` 1 in, -1 out.

    Pan and tilt speeds 0..255, zoom speed 0..15; some devices take 0 for "do not move".
    """

    pan: Way = 0
    tilt: Way = 0
    zoom: Way = 0
    pan_speed: int = 0
    tilt_speed: int = 0
    zoom_speed: int = 0

    def __post_init__(self) -> None:
        _within("pan_speed", self.pan_speed, 0, MAX_BYTE)
        _within("tilt_speed", self.tilt_speed, 0, MAX_BYTE)
        _within("zoom_speed", self.zoom_speed, 0, MAX_ZOOM_SPEED)
        if not (self.pan or self.tilt or self.zoom):
            raise _bad("PTZCmd", "no direction")


@dataclass(frozen=True, slots=True)
class LensStop:
    """Stop focus and aperture."""


@dataclass(frozen=True, slots=True)
class Lens:
    """Drive the lens until stopped: ``focus`` 1 far, -1 near; ``aperture`` 1 open, -1 close.

    Speeds 0..255.
    """

    focus: Way = 0
    aperture: Way = 0
    focus_speed: int = 0
    aperture_speed: int = 0

    def __post_init__(self) -> None:
        _within("focus_speed", self.focus_speed, 0, MAX_BYTE)
        _within("aperture_speed", self.aperture_speed, 0, MAX_BYTE)
        if not (self.focus or self.aperture):
            raise _bad("PTZCmd", "no direction")


class PresetAction(enum.Enum):
    """What is done with a preset; the value is B4."""

    SET = 0x81
    CALL = 0x82
    DELETE = 0x83


@dataclass(frozen=True, slots=True)
class Preset:
    """``number`` 1..255; 0 is reserved."""

    action: PresetAction
    number: int

    def __post_init__(self) -> None:
        _within("preset", self.number, 1, MAX_BYTE)


class CruiseAction(enum.Enum):
    """What is done with a cruise (巡航); DELETE_ALL travels as deletion of point 0."""

    ADD = "add"
    DELETE = "delete"
    DELETE_ALL = "delete-all"
    SPEED = "speed"
    DWELL = "dwell"
    START = "start"


_CRUISE_BYTE = {
    CruiseAction.ADD: 0x84,
    CruiseAction.DELETE: 0x85,
    CruiseAction.DELETE_ALL: 0x85,
    CruiseAction.SPEED: 0x86,
    CruiseAction.DWELL: 0x87,
    CruiseAction.START: 0x88,
}
_CRUISE_BOUNDS = {
    CruiseAction.ADD: (1, MAX_BYTE),
    CruiseAction.DELETE: (1, MAX_BYTE),
    CruiseAction.DELETE_ALL: (0, 0),
    CruiseAction.SPEED: (0, MAX_LONG),
    CruiseAction.DWELL: (0, MAX_LONG),
    CruiseAction.START: (0, 0),
}


@dataclass(frozen=True, slots=True)
class Cruise:
    """``group`` 0..255. ``value`` is the preset of a point, the speed 0..4095, or the dwell in seconds.

    A running cruise is ended by `Stop`.
    """

    action: CruiseAction
    group: int
    value: int = 0

    def __post_init__(self) -> None:
        _within("cruise", self.group, 0, MAX_BYTE)
        _within("value", self.value, *_CRUISE_BOUNDS[self.action])


class ScanAction(enum.Enum):
    """What is done with a scan (扫描) between two limits; the first three are B6 of command 89."""

    START = 0
    LEFT_LIMIT = 1
    RIGHT_LIMIT = 2
    SPEED = 3


@dataclass(frozen=True, slots=True)
class Scan:
    """``group`` 0..255, ``speed`` 0..4095 (with SPEED only). A running scan is ended by `Stop`."""

    action: ScanAction
    group: int
    speed: int = 0

    def __post_init__(self) -> None:
        _within("scan", self.group, 0, MAX_BYTE)
        _within("speed", self.speed, 0, MAX_LONG if self.action is ScanAction.SPEED else 0)


@dataclass(frozen=True, slots=True)
class Auxiliary:
    """A switch on the device, 0..255; 1 is the wiper (雨刷)."""

    switch: int
    on: bool

    def __post_init__(self) -> None:
        _within("switch", self.switch, 0, MAX_BYTE)


@dataclass(frozen=True, slots=True)
class Unrecognised:
    """A code that says nothing we know, or two opposites at once: B4, B5, B6 and data 3. Obey none."""

    command: int
    data1: int
    data2: int
    data3: int


PtzCommand = Stop | Move | LensStop | Lens | Preset | Cruise | Scan | Auxiliary


@dataclass(frozen=True, slots=True)
class Decoded:
    """A code that was read. ``sound`` is False when a check nibble or the sum is wrong: a device should
    ignore such a code, many obey it.
    """

    command: PtzCommand | Unrecognised
    address: int
    sound: bool


def stop_of(command: PtzCommand) -> Stop | LensStop | None:
    """What ends the motion that ``command`` starts; None when it ends by itself or is meant to go on."""
    if isinstance(command, Move):
        return Stop()
    return LensStop() if isinstance(command, Lens) else None


def encode(command: PtzCommand, address: int = _FIELD_ADDRESS) -> str:
    """The 16 upper-case hex digits of ``command``; ``address`` 0..4095, 0 is broadcast."""
    _within("address", address, 0, MAX_LONG)
    code, data1, data2, data3 = _bytes_of(command)
    head = [_START, _check_byte(0), address & 0xFF, code, data1, data2, data3 << 4 | address >> 8]
    return bytes([*head, sum(head) & 0xFF]).hex().upper()


def decode(text: str) -> Decoded:
    """Read a code, in any case. Raises `Malformed` ``signalling.bad-field`` when it is no PTZ code at all."""
    text = text.strip()
    raw = bytes.fromhex(text) if _HEX.fullmatch(text) else b"\0"
    if raw[0] != _START:
        raise _bad("PTZCmd", text)
    sound = raw[1] == _check_byte(raw[1] >> 4) and raw[7] == sum(raw[:7]) & 0xFF
    data3 = raw[6] >> 4
    address = raw[2] | (raw[6] & 0x0F) << 8
    command = _command_of(raw[3], raw[4], raw[5], data3)
    return Decoded(command or Unrecognised(raw[3], raw[4], raw[5], data3), address, sound)


def _bad(field: str, value: str) -> Malformed:
    return Malformed("signalling.bad-field", field=field, value=ascii(value[:40]))


def _check_byte(version: int) -> int:
    return version << 4 | (0xA + 0x5 + version) & 0x0F


def _within(name: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise _bad(name, str(value))


def _bit(way: Way, plus: int, minus: int) -> int:
    return {1: plus, -1: minus}.get(way, 0)


def _way(code: int, plus: int, minus: int) -> Way | None:
    """The direction two bits say; None when they contradict each other."""
    if code & plus and code & minus:
        return None
    return 1 if code & plus else -1 if code & minus else 0


def _bytes_of(command: PtzCommand) -> tuple[int, int, int, int]:
    match command:
        case Stop():
            return 0x00, 0, 0, 0
        case Move():
            code = _bit(command.pan, 0x01, 0x02) | _bit(command.tilt, 0x08, 0x04)
            code |= _bit(command.zoom, 0x10, 0x20)
            return code, command.pan_speed, command.tilt_speed, command.zoom_speed
        case LensStop():
            return 0x40, 0, 0, 0
        case Lens():
            code = 0x40 | _bit(command.focus, 0x01, 0x02) | _bit(command.aperture, 0x04, 0x08)
            return code, command.focus_speed, command.aperture_speed, 0
        case Preset():
            return command.action.value, 0, command.number, 0
        case Cruise():
            return _CRUISE_BYTE[command.action], command.group, command.value & 0xFF, command.value >> 8
        case Scan(action=ScanAction.SPEED):
            return 0x8A, command.group, command.speed & 0xFF, command.speed >> 8
        case Scan():
            return 0x89, command.group, command.action.value, 0
        case _:
            return 0x8C if command.on else 0x8D, command.switch, 0, 0


def _command_of(code: int, data1: int, data2: int, data3: int) -> PtzCommand | None:
    if code < 0x40:
        return _move(code, data1, data2, data3)
    if code < 0x50:
        return _lens(code, data1, data2)
    if code in {0x81, 0x82, 0x83}:
        return Preset(PresetAction(code), data2) if data2 else None
    if 0x84 <= code <= 0x88:
        return _cruise(code, data1, data2, data3)
    if code == 0x89:
        return Scan(ScanAction(data2), data1) if data2 <= ScanAction.RIGHT_LIMIT.value else None
    if code == 0x8A:
        return Scan(ScanAction.SPEED, data1, data2 | data3 << 8)
    return Auxiliary(data1, code == 0x8C) if code in {0x8C, 0x8D} else None


def _move(code: int, data1: int, data2: int, data3: int) -> PtzCommand | None:
    if code == 0:
        return Stop()
    pan, tilt, zoom = _way(code, 0x01, 0x02), _way(code, 0x08, 0x04), _way(code, 0x10, 0x20)
    if pan is None or tilt is None or zoom is None:
        return None
    return Move(pan, tilt, zoom, data1, data2, data3)


def _lens(code: int, data1: int, data2: int) -> PtzCommand | None:
    if code == 0x40:
        return LensStop()
    focus, aperture = _way(code, 0x01, 0x02), _way(code, 0x04, 0x08)
    if focus is None or aperture is None:
        return None
    return Lens(focus, aperture, data1, data2)


def _cruise(code: int, group: int, data2: int, data3: int) -> PtzCommand | None:
    if code == 0x84:
        return Cruise(CruiseAction.ADD, group, data2) if data2 else None
    if code == 0x85:
        return Cruise(CruiseAction.DELETE if data2 else CruiseAction.DELETE_ALL, group, data2)
    if code == 0x88:
        return Cruise(CruiseAction.START, group)
    return Cruise(CruiseAction.SPEED if code == 0x86 else CruiseAction.DWELL, group, data2 | data3 << 8)
