"""Reference systems of coordinates in China: conversion both ways, and which one a list is in. Pure.

Degrees, longitude first; metres. GCJ-02 is WGS-84 bent by a published polynomial on the ellipsoid of
Krasovsky 1940; BD-09 bends GCJ-02 once more. Both are defined forwards only: the way back is iterated until
it comes out again to a hundredth of a millimetre. CGCS2000 and WGS-84 differ by centimetres and are taken
as one. Outside of China's bounding box nothing is bent.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from civicam.kernel.errors import Refused

Point = tuple[float, float]
"""(longitude, latitude) in degrees."""


class System(enum.StrEnum):
    """A reference system that a list of coordinates may claim to be in."""

    WGS84 = "wgs84"
    CGCS2000 = "cgcs2000"
    GCJ02 = "gcj02"
    BD09 = "bd09"


_AXIS = 6378245.0
_ECCENTRICITY2 = 0.00669342162296594323
_CENTRE = (105.0, 35.0)
_BD_TURN = math.pi * 3000.0 / 180.0
_BD_SHIFT = (0.0065, 0.006)
_CHINA = (72.004, 0.8293, 137.8347, 55.8271)
_EXACT = 1e-10
"""Degrees: a hundredth of a millimetre."""
_ROUNDS = 30
_EARTH = 6371008.8
"""Mean radius of the earth in metres (IUGG)."""


def bent(point: Point) -> bool:
    """Whether a point lies in the box in which GCJ-02 differs from WGS-84."""
    west, south, east, north = _CHINA
    return west <= point[0] <= east and south <= point[1] <= north


def wgs84_to_gcj02(point: Point) -> Point:
    """The published forward transform."""
    if not bent(point):
        return point
    lon, lat = point
    x, y = lon - _CENTRE[0], lat - _CENTRE[1]
    root = math.sqrt(abs(x))
    ripple = 20.0 * math.sin(6.0 * x * math.pi) + 20.0 * math.sin(2.0 * x * math.pi)
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root
    east += (ripple + _waves(x, (20.0, 40.0, 150.0, 300.0), (1.0, 3.0, 12.0, 30.0))) * 2.0 / 3.0
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root
    north += (ripple + _waves(y, (20.0, 40.0, 160.0, 320.0), (1.0, 3.0, 12.0, 30.0))) * 2.0 / 3.0
    phi = math.radians(lat)
    bulge = 1.0 - _ECCENTRICITY2 * math.sin(phi) ** 2
    meridian = _AXIS * (1.0 - _ECCENTRICITY2) / (bulge * math.sqrt(bulge))
    parallel = _AXIS / math.sqrt(bulge) * math.cos(phi)
    return lon + math.degrees(east / parallel), lat + math.degrees(north / meridian)


def _waves(at: float, sizes: Sequence[float], lengths: Sequence[float]) -> float:
    return sum(size * math.sin(at * math.pi / length) for size, length in zip(sizes, lengths, strict=True))


def gcj02_to_wgs84(point: Point) -> Point:
    """The way back, iterated."""
    return _undo(wgs84_to_gcj02, point)


def gcj02_to_bd09(point: Point) -> Point:
    """The published forward transform."""
    if not bent(point):
        return point
    lon, lat = point
    radius = math.hypot(lon, lat) + 0.00002 * math.sin(lat * _BD_TURN)
    angle = math.atan2(lat, lon) + 0.000003 * math.cos(lon * _BD_TURN)
    return radius * math.cos(angle) + _BD_SHIFT[0], radius * math.sin(angle) + _BD_SHIFT[1]


def bd09_to_gcj02(point: Point) -> Point:
    """The way back, iterated."""
    return _undo(gcj02_to_bd09, point)


def _undo(forward: Callable[[Point], Point], wanted: Point) -> Point:
    """The point that ``forward`` takes to ``wanted``: its step changes slowly, so correcting by what is left
    over converges by a factor of about a hundred a round."""
    lon, lat = wanted
    for _ in range(_ROUNDS):
        found = forward((lon, lat))
        off = (found[0] - wanted[0], found[1] - wanted[1])
        lon, lat = lon - off[0], lat - off[1]
        if max(abs(off[0]), abs(off[1])) < _EXACT:
            break
    return lon, lat


def to_wgs84(point: Point, system: System) -> Point:
    """A point of ``system`` in WGS-84."""
    if system is System.BD09:
        point = bd09_to_gcj02(point)
    if system in (System.BD09, System.GCJ02):
        point = gcj02_to_wgs84(point)
    return point


def from_wgs84(point: Point, system: System) -> Point:
    """A WGS-84 point in ``system``."""
    if system in (System.BD09, System.GCJ02):
        point = wgs84_to_gcj02(point)
    return gcj02_to_bd09(point) if system is System.BD09 else point


def metres(one: Point, other: Point) -> float:
    """Distance on a sphere."""
    phi, psi = math.radians(one[1]), math.radians(other[1])
    across = math.radians(other[0] - one[0])
    chord = math.sin((psi - phi) / 2) ** 2 + math.cos(phi) * math.cos(psi) * math.sin(across / 2) ** 2
    return 2 * _EARTH * math.asin(min(1.0, math.sqrt(chord)))


# -- which system is it? ----------------------------------------------------------------------------

KNOWN_NEEDED = 3
FITS_M = 30.0
"""A system fits when every known site comes out so near to where it is."""
CLEARLY = 3.0
"""How many times farther off the next system must be."""


@dataclass(frozen=True, slots=True)
class Fit:
    """How one system explains the known sites: distance in metres of each, in their order. ``swapped``:
    latitude was written before longitude."""

    system: System
    swapped: bool
    residuals: tuple[float, ...]

    @property
    def worst(self) -> float:
        """The largest residual."""
        return max(self.residuals)


@dataclass(frozen=True, slots=True)
class Calibration:
    """What three known sites say of a list. ``fits`` has the best first; ``decided`` only when it fits and
    the next one clearly does not."""

    fits: tuple[Fit, ...]
    decided: bool

    @property
    def best(self) -> Fit:
        """The system that explains the sites best."""
        return self.fits[0]


def calibrate(known: Sequence[tuple[Point, Point]]) -> Calibration:
    """Find the system of a list from sites whose true place is known.

    ``known``: pairs of the numbers in the list, in the order in which they stand there, and the WGS-84 point.
    Raises `Refused` ``fleet.calibrate-few`` for fewer than three different sites.
    """
    if len({truth for _, truth in known}) < KNOWN_NEEDED:
        raise Refused("fleet.calibrate-few", needed=KNOWN_NEEDED)
    fits = []
    for system in (System.WGS84, System.GCJ02, System.BD09):
        for swapped in (False, True):
            raw = [(y, x) if swapped else (x, y) for (x, y), _ in known]
            found = [
                metres(to_wgs84(each, system), truth) for each, (_, truth) in zip(raw, known, strict=True)
            ]
            fits.append(Fit(system, swapped, tuple(found)))
    fits.sort(key=lambda fit: fit.worst)
    clear = fits[1].worst > max(CLEARLY * fits[0].worst, FITS_M)
    return Calibration(tuple(fits), fits[0].worst <= FITS_M and clear)
