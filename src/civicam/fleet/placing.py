"""Where things are: which of several statements counts, which are suspicious, what is not placed. Pure.

A site or channel keeps one statement a source: the raw numbers, the system they claim to be in, who said so
and when. The place that is shown is derived from the best of them, so a device's catalogue can never move
what was surveyed: it writes on a line of its own.
"""

from __future__ import annotations

import enum
import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from civicam.fleet.crs import Point, System, from_wgs84, metres, to_wgs84

SHARED_BY = 4
"""So many sites on one point are suspicious."""
SHIFT_FITS_M = 60.0
"""How near to the bend of GCJ-02 or BD-09 a difference must be to be called that."""
SHIFT_LEAST_M = 150.0
"""Nearer statements agree."""
SAME_PLACE_M = 300.0
"""Channels of one site whose statements lie within it may propose a place for the site."""


class Source(enum.StrEnum):
    """Who says where something is, the best first."""

    SURVEY = "survey"
    MANUAL = "manual"
    IMPORT = "import"
    CATALOGUE = "catalogue"


_RANK = {source: rank for rank, source in enumerate(Source)}


@dataclass(frozen=True, slots=True)
class Statement:
    """What one source says. ``raw`` is as it was written, longitude's column first."""

    source: Source
    raw: tuple[str, str]
    system: System = System.WGS84
    surveyed_on: date | None = None
    at: datetime | None = None
    by: str = ""


def derive(raw: tuple[str, str], system: System) -> Point | None:
    """The WGS-84 place of raw numbers; None for what is no place: unreadable, 0 or −1, off the globe."""
    try:
        lon, lat = (float(text) for text in raw)
    except ValueError:
        return None
    if not (math.isfinite(lon) and math.isfinite(lat)) or _blank(lon) or _blank(lat):
        return None
    if abs(lon) > 180 or abs(lat) > 90:
        return None
    return to_wgs84((lon, lat), system)


def _blank(value: float) -> bool:
    """What devices say when they do not know."""
    return value in (0.0, -1.0)


def chosen(statements: Iterable[Statement]) -> tuple[Statement, Point] | None:
    """The statement that counts and its place: by rank of the source, among those that are a place."""
    for statement in sorted(statements, key=lambda each: _RANK[each.source]):
        place = derive(statement.raw, statement.system)
        if place is not None:
            return statement, place
    return None


def newer(known: Statement | None, said: Statement) -> bool:
    """Whether a statement takes the place of what its source said before: a survey gives way only to one that
    was not made earlier."""
    if known is None or said.source is not Source.SURVEY or known.surveyed_on is None:
        return True
    return said.surveyed_on is not None and said.surveyed_on >= known.surveyed_on


# -- the city's edge --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Outline:
    """Where the city is: a ring of points where one is entered, else a circle."""

    center: Point
    radius_m: float
    ring: tuple[Point, ...] = ()

    def holds(self, point: Point) -> bool:
        """Whether a point lies inside (even-odd rule)."""
        if not self.ring:
            return metres(point, self.center) <= self.radius_m
        inside = False
        for (ax, ay), (bx, by) in zip(self.ring, (*self.ring[1:], self.ring[0]), strict=True):
            if (ay > point[1]) != (by > point[1]):
                inside ^= point[0] < ax + (point[1] - ay) / (by - ay) * (bx - ax)
        return inside


# -- suspicion --------------------------------------------------------------------------------------


class Doubt(enum.StrEnum):
    """Why a statement is listed."""

    BLANK = "blank"
    UNREADABLE = "unreadable"
    SWAPPED = "swapped"
    OUTSIDE = "outside"
    GCJ_SHIFT = "gcj02-shift"
    BD_SHIFT = "bd09-shift"
    SHARED = "shared"


@dataclass(frozen=True, slots=True)
class Stated:
    """Everything said about one site or channel. ``near``: better-known points close by, to compare with: a
    channel's site."""

    kind: str
    subject: str
    statements: tuple[Statement, ...]
    near: tuple[Point, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Suspicion:
    """One statement that looks wrong; ``off_m`` how far it lies from ``other``, what it was compared with."""

    kind: str
    subject: str
    doubt: Doubt
    statement: Statement
    place: Point | None
    off_m: float | None = None
    other: Point | None = None


@dataclass(frozen=True, slots=True)
class Remedy:
    """How a statement would make sense: the same numbers, turned or in another system."""

    raw: tuple[str, str]
    system: System
    place: Point


def remedy(found: Suspicion) -> Remedy | None:
    """What the statement was likely meant to say; None where nothing can be guessed."""
    raw, system = found.statement.raw, found.statement.system
    if found.doubt is Doubt.SWAPPED:
        turned = (raw[1], raw[0])
        place = derive(turned, system)
        return None if place is None else Remedy(turned, system, place)
    if found.other is None:
        return None
    read = {each: derive(raw, each) for each in System if each is not system}
    near = [
        (metres(place, found.other), each, place)
        for each, place in read.items()
        if place is not None and metres(place, found.other) <= SHIFT_FITS_M
    ]
    if not near:
        return None
    _, best, place = min(near, key=lambda each: each[0])
    return Remedy(raw, best, place)


def suspicious(everything: Sequence[Stated], outline: Outline) -> list[Suspicion]:
    """What to look at, each statement at most once for itself, and once more when many share its point."""
    found: list[Suspicion] = []
    points: dict[tuple[str, Point], list[tuple[Stated, Statement]]] = defaultdict(list)
    for stated in everything:
        best = chosen(stated.statements)
        for statement in stated.statements:
            doubt = _doubt(stated, statement, best, outline)
            if doubt is not None:
                found.append(doubt)
        if best is not None:
            lon, lat = best[1]
            points[stated.kind, (round(lon, 6), round(lat, 6))].append((stated, best[0]))
    for (kind, point), sharing in points.items():
        if kind == "site" and len(sharing) >= SHARED_BY:
            found += [Suspicion(kind, s.subject, Doubt.SHARED, each, point) for s, each in sharing]
    return found


def _doubt(
    stated: Stated, statement: Statement, best: tuple[Statement, Point] | None, outline: Outline
) -> Suspicion | None:
    place = derive(statement.raw, statement.system)

    def say(doubt: Doubt, off_m: float | None = None, other: Point | None = None) -> Suspicion:
        return Suspicion(stated.kind, stated.subject, doubt, statement, place, off_m, other)

    if place is None:
        return say(_nothing(statement, outline))
    if not outline.holds(place):
        turned = derive((statement.raw[1], statement.raw[0]), statement.system)
        return say(Doubt.SWAPPED if turned and outline.holds(turned) else Doubt.OUTSIDE)
    others = list(stated.near)
    if best is not None and best[0] is not statement:
        others.append(best[1])
    for other in others:
        shift = _shift(place, other)
        if shift is not None:
            return say(shift, metres(place, other), other)
    return None


def _nothing(statement: Statement, outline: Outline) -> Doubt:
    """What a statement that is no place is called."""
    turned = derive((statement.raw[1], statement.raw[0]), statement.system)
    if turned is not None and outline.holds(turned):
        return Doubt.SWAPPED  # a longitude of 118 is no latitude
    try:
        return Doubt.BLANK if any(_blank(float(text)) for text in statement.raw) else Doubt.UNREADABLE
    except ValueError:
        return Doubt.UNREADABLE


def _shift(place: Point, truth: Point) -> Doubt | None:
    """Whether ``place`` is where ``truth`` would be drawn in a bent system, or the other way round."""
    if metres(place, truth) < SHIFT_LEAST_M:
        return None
    for doubt, system in ((Doubt.GCJ_SHIFT, System.GCJ02), (Doubt.BD_SHIFT, System.BD09)):
        if (
            min(metres(place, from_wgs84(truth, system)), metres(place, to_wgs84(truth, system)))
            <= SHIFT_FITS_M
        ):
            return doubt
    return None


def propose(points: Sequence[Point]) -> Point | None:
    """A place for a site that has none: the middle of what its channels say, when they agree."""
    if not points:
        return None
    middle = (sum(p[0] for p in points) / len(points), sum(p[1] for p in points) / len(points))
    return middle if all(metres(middle, each) <= SAME_PLACE_M for each in points) else None
