"""What really happens to the seeded city: faults whose cause, place and time are known. Only the wire and the
score may read this; the inference never does.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Literal

from civicam.bench.outages_city import City
from civicam.fleet.graph import NodeId, NodeKind
from civicam.outages.facts import CauseKind
from civicam.outages.model import kind_of

Class = Literal[
    "transformer",
    "feed",
    "cabinet",
    "double power",
    "fibre trunk",
    "fibre branch",
    "fibre drop",
    "double fibre",
    "power and fibre",
    "onu",
    "switch",
    "device",
    "flapping",
    "late heartbeats",
    "collector",
    "planned",
]
CLASSES: tuple[Class, ...] = Class.__args__  # type: ignore[attr-defined]

SPACING_S = 2_400.0
"""Mean time between incidents: several are open at once."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One element failed from ``begin`` to ``end``. ``work`` names the planned work that did it."""

    incident: int
    of: Class
    place: NodeId
    kind: CauseKind
    begin: float
    end: float
    work: str = ""


@dataclass(frozen=True, slots=True)
class Blind:
    """The platform did not listen."""

    incident: int
    begin: float
    end: float


@dataclass(frozen=True, slots=True)
class Delay:
    """Heartbeats of everything below an element come late."""

    incident: int
    place: NodeId
    begin: float
    end: float
    late_s: float


@dataclass(frozen=True, slots=True)
class Plan:
    """Announced work."""

    work_id: str
    place: NodeId
    begin: float
    end: float
    said_at: float


@dataclass(slots=True)
class Truth:
    """Everything that is done to the city."""

    begin: float
    end: float
    faults: list[Fault] = field(default_factory=list)
    blind: list[Blind] = field(default_factory=list)
    delays: list[Delay] = field(default_factory=list)
    plans: list[Plan] = field(default_factory=list)
    classes: dict[int, Class] = field(default_factory=dict)


_PLACES: dict[str, tuple[NodeKind, str]] = {
    "transformer": (NodeKind.TRANSFORMER, "P-t"),
    "feed": (NodeKind.FEED, "P-f"),
    "cabinet": (NodeKind.CABINET, ""),
    "fibre trunk": (NodeKind.FIBRE, "F-trunk"),
    "fibre branch": (NodeKind.FIBRE, "F-branch"),
    "fibre drop": (NodeKind.FIBRE, "S"),
    "onu": (NodeKind.ONU, ""),
    "switch": (NodeKind.SWITCH, ""),
    "device": (NodeKind.DEVICE, ""),
}


class Director:
    """Draws incidents, one after the other, for a city."""

    def __init__(self, city: City, seed: int, begin: float) -> None:
        self._city = city
        self._rng = random.Random(f"faults/{seed}")
        self._truth = Truth(begin, begin)
        self._at = begin + 3_600.0
        self._number = 0

    def direct(self, each: int, classes: tuple[Class, ...] = CLASSES) -> Truth:
        """``each`` incidents of every class, shuffled over time."""
        order = [name for name in classes for _ in range(each)]
        self._rng.shuffle(order)
        for name in order:
            self._at += self._rng.expovariate(1 / SPACING_S)
            self._number += 1
            self._truth.classes[self._number] = name
            self._incident(name)
        last = [f.end for f in self._truth.faults] + [b.end for b in self._truth.blind] + [self._at]
        self._truth.end = max(last) + 7_200.0
        return self._truth

    def _incident(self, name: Class) -> None:
        match name:
            case "double power":
                self._pair(("feed", "transformer", "cabinet"), ("feed", "transformer"), name)
            case "double fibre":
                self._pair(("fibre branch", "fibre trunk"), ("fibre branch", "fibre drop"), name)
            case "power and fibre":
                self._pair(("feed", "transformer"), ("fibre branch", "fibre trunk"), name)
            case "flapping":
                self._flapping()
            case "late heartbeats":
                place = self._rng.choice(self._city.by_kind[NodeKind.OLT])
                end = self._at + self._rng.uniform(600, 3_600)
                self._truth.delays.append(
                    Delay(self._number, place, self._at, end, self._rng.uniform(60, 150))
                )
            case "collector":
                self._collector()
            case "planned":
                self._planned()
            case _:
                self._fault(name, name, self._at)

    def _place(self, name: str) -> NodeId:
        kind, prefix = _PLACES[name]
        return self._rng.choice([each for each in self._city.by_kind[kind] if each.startswith(prefix)])

    def _fault(self, name: str, of: Class, begin: float, place: NodeId | None = None) -> Fault:
        where = place or self._place(name)
        end = begin + self._rng.uniform(1_200, 14_400)
        made = Fault(self._number, of, where, kind_of(_PLACES[name][0]), begin, end)
        self._truth.faults.append(made)
        return made

    def _pair(self, first: tuple[str, ...], second: tuple[str, ...], of: Class) -> None:
        """Two causes at once or shortly after each other, at different places."""
        one = self._fault(self._rng.choice(first), of, self._at)
        for _ in range(20):
            name = self._rng.choice(second)
            place = self._place(name)
            if place not in self._city.real.descendants(one.place) | {one.place}:
                self._fault(name, of, self._at + self._rng.uniform(0, 600), place)
                return

    def _flapping(self) -> None:
        place, at = self._place("fibre drop"), self._at
        for _ in range(self._rng.randint(3, 6)):
            down = self._rng.uniform(240, 600)
            self._truth.faults.append(Fault(self._number, "flapping", place, CauseKind.FIBRE, at, at + down))
            at += down + self._rng.uniform(90, 240)

    def _collector(self) -> None:
        """The platform stands still; in half of the cases something breaks meanwhile."""
        end = self._at + self._rng.uniform(600, 2_400)
        self._truth.blind.append(Blind(self._number, self._at, end))
        if self._rng.random() < 0.5:
            name = self._rng.choice(("feed", "fibre branch", "onu"))
            self._fault(name, "collector", self._rng.uniform(self._at + 60, end - 60))

    def _planned(self) -> None:
        """Work at an element; it is taken down, or a part of what is below it. One in four runs late."""
        name = self._rng.choice(("feed", "fibre branch", "fibre trunk"))
        place, work = self._place(name), f"w{self._number}"
        length = self._rng.uniform(3_600, 10_800)
        begin, end = self._at, self._at + length
        self._truth.plans.append(Plan(work, place, begin - 600, end, begin - 86_400))
        until = end + (self._rng.uniform(1_800, 3_600) if self._rng.random() < 0.25 else -300.0)
        self._truth.faults.append(
            Fault(self._number, "planned", place, kind_of(_PLACES[name][0]), begin, until, work)
        )
