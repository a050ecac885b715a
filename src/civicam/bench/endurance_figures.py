"""What a long run is judged by: pure, samples in, goals out.

Each figure that could leak is read again and again. After a warm-up its growth an hour is the median of the
slopes between all pairs of samples (Theil-Sen): a single burst does not move it. And once the load has ended,
what is left of each is compared with what stood before the load began: what leaks by the piece shows there
even in a short run.
"""

from __future__ import annotations

import re
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from civicam.bench.report import Goal, Report

Sample = Mapping[str, float]
"""Figures by name; ``seconds`` since the load began is one of them."""

JUDGED_S = 1_800.0
"""Slopes of a shorter measurement are shown and not judged: noise times sixty."""
SHARE = 0.05
"""Growth of this share of the mean an hour is within what chance does."""


@dataclass(frozen=True, slots=True)
class Watched:
    """A figure, the growth an hour that is still called flat, and how much more may be left after the load.

    The limit is ``flat`` or `SHARE` of the mean, whichever is more. ``left`` None: not compared.
    """

    name: str
    unit: str
    flat: float
    left: float | None = None


POOLS = 20.0
"""Connections to the store and threads are kept for the next who needs one, up to so many; they are made when
they are first needed, so a load may leave them behind once.
"""

WATCHED = (
    Watched("platform_rss_besides_trace", "MiB", 6.0),
    Watched("workers_rss", "MiB", 6.0),
    Watched("platform_fds", "descriptors", 3.0, POOLS),
    Watched("workers_fds", "descriptors", 6.0, 2.0),
    Watched("platform_threads", "threads", 1.0, POOLS),
    Watched("platform_tasks", "tasks", 6.0, 6.0),
    Watched("workers_tasks", "tasks", 3.0, 0.0),
    Watched("sessions", "sessions", 3.0, 0.0),
    Watched("ssrcs", "SSRCs", 3.0, 0.0),
    Watched("ports", "ports", 3.0, 0.0),
    Watched("viewers", "connections", 3.0, 0.0),
    Watched("tickets", "tickets", 3.0, 0.0),
    Watched("viewings", "viewings", 3.0, 0.0),
    Watched("consoles", "consoles", 3.0, 0.0),
    Watched("transactions", "transactions", 60.0),
    Watched("timers", "timers", 30.0, 30.0),
    Watched("timer_entries", "heap entries", 60.0),
    Watched("sip_connections", "connections", 6.0, 2.0),
    Watched("subscriptions", "subscriptions", 6.0),
    Watched("commands", "commands", 3.0, 2.0),
    Watched("cpu_percent", "% of a core", 3.0),
    Watched("db_mib", "MiB", 16.0),
)
"""Whatever the platform holds that comes and goes. The database keeps records and has to grow."""

_LINE = re.compile(r"^civicam_(\w+?)(?:\{([^}]*)\})? ([0-9.eE+-]+)$", re.MULTILINE)
_LABEL = re.compile(r'(\w+)="([^"]*)"')


def read_metrics(text: str) -> dict[str, float]:
    """``/metrics`` as ``name/label`` → value; the workers' figures added up under ``worker/…``."""
    found: dict[str, float] = {}
    for name, labels, value in _LINE.findall(text):
        marks = dict(_LABEL.findall(labels))
        what = marks.get("what") or marks.get("event") or marks.get("state") or ""
        key = f"{name}/{what}" if what else name
        found[key] = found.get(key, 0.0) + float(value)
    return found


def slope_per_hour(samples: Sequence[Sample], name: str) -> float:
    """Growth an hour; 0 for fewer than two samples."""
    points = [(each["seconds"], each[name]) for each in samples]
    slopes = [
        (later[1] - earlier[1]) / (later[0] - earlier[0])
        for index, earlier in enumerate(points)
        for later in points[index + 1 :]
        if later[0] > earlier[0]
    ]
    return statistics.median(slopes) * 3_600 if slopes else 0.0


def judge(report: Report, before: Sample, samples: Sequence[Sample], after: Sample) -> None:
    """Put figures and goals of every `Watched` into ``report``.

    ``before``: with the city online and nobody watching; ``samples``: under load, warm; ``after``: when the
    load had ended and the platform had its time to close what nobody uses.
    """
    span = samples[-1]["seconds"] - samples[0]["seconds"] if samples else 0.0
    for each in WATCHED:
        values = [sample[each.name] for sample in samples]
        slope = slope_per_hour(samples, each.name)
        mean = statistics.fmean(values) if values else 0.0
        report.figures[f"{each.name}_first"] = values[0] if values else None
        report.figures[f"{each.name}_mean"] = mean
        report.figures[f"{each.name}_last"] = values[-1] if values else None
        report.figures[f"{each.name}_an_hour"] = slope
        report.figures[f"{each.name}_left"] = after[each.name] - before[each.name]
        if span >= JUDGED_S:
            limit = max(each.flat, SHARE * mean)
            report.goals[f"{each.name}_flat"] = Goal(round(limit, 2), slope, f"{each.unit}/h")
        if each.left is not None:
            report.goals[f"{each.name}_left"] = Goal(each.left, _more(before, after, each.name), each.unit)


def _more(before: Sample, after: Sample, name: str) -> float:
    return after[name] - before[name]


def remaining(before: Sample, now: Sample) -> list[str]:
    """What the load brought and is not gone yet, by name."""
    return [
        each.name for each in WATCHED if each.left is not None and _more(before, now, each.name) > each.left
    ]


def growth(before: Mapping[str, float], after: Mapping[str, float], seconds: float, most: int = 8) -> str:
    """The tables that grew most, in words: MiB an hour."""
    grown = {name: (size - before.get(name, 0.0)) * 3_600 / seconds for name, size in after.items()}
    first = sorted(grown.items(), key=lambda each: -each[1])[:most]
    return "; ".join(f"{name} {more:.2f}" for name, more in first if more > 0)
