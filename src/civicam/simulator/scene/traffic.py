"""Who moves where: a pure function of time, so that a scene looks the same in every process.

Everything repeats after `PERIOD_S`. Vehicles of all lanes pass the crossing in the first part of the
period and figures cross in the rest, so nobody is ever run over.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from civicam.simulator.scene.backdrop import Layout
from civicam.simulator.scene.palette import Colour
from civicam.simulator.scene.sprites import CLOTHES, COATS, MODELS, Look

PERIOD_S = 36.0
_DRIVING = 0.62
"""Share of the period in which vehicles pass the crossing."""

_LOOKS_A_LANE = 3
"""Few, because each is drawn at every distance and kept."""


@dataclass(frozen=True, slots=True)
class Vehicle:
    """Drives along its lane and passes ``z`` = 0 metres at ``passes`` seconds into each period."""

    look: Look
    x: float
    speed: float
    passes: float


@dataclass(frozen=True, slots=True)
class Walker:
    """Walks from ``start`` to ``end`` (x, z) between two moments of each period; None of it outside them."""

    cloth: Colour
    start: tuple[float, float]
    end: tuple[float, float]
    between: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Traffic:
    """Everything that moves in one scene."""

    vehicles: tuple[Vehicle, ...]
    walkers: tuple[Walker, ...]
    crossing_z: float


def traffic(seed: int, plan: Layout) -> Traffic:
    """Invent the traffic of a scene; less of it at night and in bad weather."""
    rng = np.random.default_rng([seed, 37])
    busy = (0.55 if plan.light == "night" else 1.0) * (0.75 if plan.weather != "clear" else 1.0)
    vehicles: list[Vehicle] = []
    slow = 0.75 if plan.weather in ("snow", "fog") else 1.0
    for lanes, away in ((plan.away, True), (plan.near, False)):
        for x in lanes:
            speed = float(rng.uniform(9.5, 13.0)) * slow
            at = float(rng.uniform(0.5, 3.0))
            fleet = [
                Look(MODELS[int(rng.integers(len(MODELS)))], COATS[int(rng.integers(len(COATS)))], away)
                for _ in range(_LOOKS_A_LANE)
            ]
            while at < PERIOD_S * _DRIVING - 1.5:
                look = fleet[int(rng.integers(_LOOKS_A_LANE))]
                vehicles.append(Vehicle(look, x, speed, at))
                at += look.model.length / speed + float(rng.uniform(1.3, 5.0)) / busy
    return Traffic(
        tuple(vehicles), tuple(_walkers(rng, plan, busy)), {"highpoint": 66.0}.get(plan.place, 21.0)
    )


def _walkers(rng: np.random.Generator, plan: Layout, busy: float) -> Iterator[Walker]:
    for x in plan.walks:
        for _ in range(int(rng.integers(2, 5) * busy) + 1):
            line = x + float(rng.uniform(-0.9, 0.9))
            near = float(rng.uniform(7, 22))
            far = near + PERIOD_S * float(rng.uniform(1.1, 1.5))
            ends = ((line, near), (line, far)) if rng.random() < 0.5 else ((line, far), (line, near))
            yield Walker(_cloth(rng), ends[0], ends[1], (0.0, PERIOD_S))
    if plan.place == "road" and plan.away:
        reach = plan.half_road + 2.2
        for _ in range(int(rng.integers(2, 6) * busy)):
            z = 21.0 + float(rng.uniform(-1.6, 1.6))
            begin = PERIOD_S * float(rng.uniform(_DRIVING + 0.04, _DRIVING + 0.09))
            side = 1 if rng.random() < 0.5 else -1
            yield Walker(_cloth(rng), (-side * reach, z), (side * reach, z), (begin, PERIOD_S * 0.98))


def _cloth(rng: np.random.Generator) -> Colour:
    return CLOTHES[int(rng.integers(len(CLOTHES)))]


def vehicle_z(vehicle: Vehicle, crossing_z: float, at: float) -> float:
    """Metres ahead of the camera at ``at`` seconds; the lane is a loop of one period."""
    loop = vehicle.speed * PERIOD_S
    run = vehicle.speed * (at - vehicle.passes)
    ahead = crossing_z + (run if vehicle.look.away else -run)
    behind = 14.0  # out of sight under the camera
    return (ahead + behind) % loop - behind


def walker_place(walker: Walker, at: float) -> tuple[float, float] | None:
    """Where a figure is at ``at`` seconds, None while it is not in the picture."""
    begin, end = walker.between
    moment = at % PERIOD_S
    if not begin <= moment < end:
        return None
    share = (moment - begin) / (end - begin)
    (x0, z0), (x1, z1) = walker.start, walker.end
    return x0 + share * (x1 - x0), z0 + share * (z1 - z0)
