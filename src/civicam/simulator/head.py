"""A simulated dome's head: where it looks, how it moves, what it remembers. Pure; the caller brings the time.

Pan is degrees clockwise, 0..360; tilt -30 (up) .. 90 (down); zoom a factor 1..30. At speed 255 the head
turns 60° a second, at zoom speed 15 it zooms by 4 a second. A motion goes on until stop, as on a real one.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from civicam.signalling.gb28181.ptz import (
    Cruise,
    CruiseAction,
    Move,
    Preset,
    PresetAction,
    PtzCommand,
    Stop,
)

_DEGREES_A_SECOND = 60.0
_ZOOM_A_SECOND = 4.0
TILT = (-30.0, 90.0)
ZOOM = (1.0, 30.0)
_DWELL_S = 10.0


@dataclass(frozen=True, slots=True)
class Look:
    """Where it looks."""

    pan: float = 0.0
    tilt: float = 10.0
    zoom: float = 1.0


@dataclass(slots=True)
class Head:
    """One channel's. ``presets`` and ``cruises`` are what was set; both bounded by their byte."""

    look: Look = field(default_factory=Look)
    presets: dict[int, tuple[str, Look]] = field(default_factory=dict)
    cruises: dict[int, list[int]] = field(default_factory=dict)
    cruising: int | None = None
    home: tuple[bool, int, int] = (False, 0, 0)
    """Enabled, seconds until it returns, preset."""
    orders: int = 0
    _velocity: tuple[float, float, float] = (0.0, 0.0, 0.0)
    _since: float = 0.0

    def at(self, now: float) -> Look:
        """Where it looks at ``now``."""
        seconds = max(0.0, now - self._since)
        pan, tilt, zoom = self._velocity
        if self.cruising is not None and (points := self.cruises.get(self.cruising)):
            point = points[int(seconds / _DWELL_S) % len(points)]
            return self.presets.get(point, ("", self.look))[1]
        return Look(
            (self.look.pan + pan * seconds) % 360.0,
            _clamp(self.look.tilt + tilt * seconds, TILT),
            _clamp(self.look.zoom + zoom * seconds, ZOOM),
        )

    @property
    def moving(self) -> bool:
        """Whether a motion or a cruise is under way."""
        return any(self._velocity) or self.cruising is not None

    def obey(self, command: PtzCommand, name: str, now: float) -> None:
        """Do what a PTZCmd says; what a head does not know (lens, switches) changes nothing here."""
        self.orders += 1
        match command:
            case Stop():
                self._settle(now)
            case Move(pan=pan, tilt=tilt, zoom=zoom):
                self._settle(now)
                self._velocity = (
                    pan * command.pan_speed / 255 * _DEGREES_A_SECOND,
                    -tilt * command.tilt_speed / 255 * _DEGREES_A_SECOND,
                    zoom * command.zoom_speed / 15 * _ZOOM_A_SECOND,
                )
            case Preset(action=action, number=number):
                self._preset(action, number, name, now)
            case Cruise():
                self._cruise(command, now)
            case _:
                pass

    def point(self, pan: float | None, tilt: float | None, zoom: float | None, now: float) -> None:
        """PTZPreciseCtrl: what is None stays."""
        self._settle(now)
        look = self.look
        self.look = Look(
            look.pan if pan is None else pan % 360.0,
            look.tilt if tilt is None else _clamp(tilt, TILT),
            look.zoom if zoom is None else _clamp(zoom, ZOOM),
        )

    def _settle(self, now: float) -> None:
        self.look = self.at(now)
        self._velocity = (0.0, 0.0, 0.0)
        self.cruising = None
        self._since = now

    def _preset(self, action: PresetAction, number: int, name: str, now: float) -> None:
        self._settle(now)
        if action is PresetAction.SET:
            self.presets[number] = (name or f"预置位{number}", self.look)
        elif action is PresetAction.DELETE:
            self.presets.pop(number, None)
        elif number in self.presets:
            self.look = self.presets[number][1]

    def _cruise(self, command: Cruise, now: float) -> None:
        points = self.cruises.setdefault(command.group, [])
        match command.action:
            case CruiseAction.ADD:
                if command.value not in points:
                    points.append(command.value)
            case CruiseAction.DELETE:
                if command.value in points:
                    points.remove(command.value)
            case CruiseAction.DELETE_ALL:
                del self.cruises[command.group]
            case CruiseAction.START:
                self._settle(now)
                self.cruising = command.group
            case _:
                pass  # speed and dwell: this head has its own


def _clamp(value: float, limits: tuple[float, float]) -> float:
    return min(max(value, limits[0]), limits[1])
