"""What every benchmark prints: one JSON object, the same for all subjects.

``figures`` is what was measured of ours, ``floors`` what the barest program doing the same I/O took in the
same run, ``ratios`` figure to floor: only ratios compare between machines. ``goals`` says which promises
were held. docs/reference/benchmarks.md tells how to read one.
"""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import orjson

Number = int | float
Scalar = int | float | str | bool | None


@dataclass(frozen=True, slots=True)
class Goal:
    """A promise: ``value`` against ``goal``; ``at_most`` tells which side is good."""

    goal: Number
    value: Number
    unit: str
    at_most: bool = True

    @property
    def met(self) -> bool:
        """True when the promise was held."""
        return self.value <= self.goal if self.at_most else self.value >= self.goal

    def as_dict(self) -> dict[str, Scalar]:
        """``goal, value, unit, met``."""
        return {"goal": self.goal, "value": round(self.value, 4), "unit": self.unit, "met": self.met}


@dataclass(slots=True)
class Report:
    """One benchmark run."""

    subject: str
    load: Mapping[str, Scalar] = field(default_factory=dict)
    figures: dict[str, Scalar] = field(default_factory=dict)
    floors: dict[str, Scalar] = field(default_factory=dict)
    ratios: dict[str, Number] = field(default_factory=dict)
    goals: dict[str, Goal] = field(default_factory=dict)

    @property
    def met(self) -> bool:
        """True when every goal was held."""
        return all(goal.met for goal in self.goals.values())

    def as_dict(self) -> dict[str, object]:
        """``subject, machine, load, figures, floors, ratios, goals``."""
        return {
            "subject": self.subject,
            "machine": machine(),
            "load": dict(self.load),
            "figures": {name: _short(value) for name, value in self.figures.items()},
            "floors": {name: _short(value) for name, value in self.floors.items()},
            "ratios": {name: round(value, 3) for name, value in self.ratios.items()},
            "goals": {name: goal.as_dict() for name, goal in self.goals.items()},
        }

    def to_json(self) -> str:
        """The report as indented JSON."""
        return orjson.dumps(self.as_dict(), option=orjson.OPT_INDENT_2).decode()


def machine() -> dict[str, Scalar]:
    """What the figures were taken on: processor, cores we may use, memory, kernel, Python. No host name."""
    return {
        "cpu": cpu_model(Path("/proc/cpuinfo")),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "loop": _loop_name(),
        "load_average": round(os.getloadavg()[0], 2),
    }


def cpu_model(cpuinfo: Path) -> str:
    """The processor's name, or its architecture where ``cpuinfo`` does not tell."""
    try:
        text = cpuinfo.read_text(encoding="utf-8", errors="replace")
    except OSError:
        text = ""
    for line in text.splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.machine()


def _loop_name() -> str:
    return "asyncio" if sys.platform == "win32" else "uvloop"


def _short(value: Scalar) -> Scalar:
    return round(value, 4) if isinstance(value, float) else value
