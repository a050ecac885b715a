"""Figures for Prometheus (text format 0.0.4 and OpenMetrics), read when they are asked for.

A part of the platform that counts gives a callable; nothing here polls.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure: ``name`` without the prefix, its one-line meaning, its labels and value."""

    name: str
    meaning: str
    value: float
    kind: Literal["counter", "gauge"] = "gauge"
    labels: Mapping[str, str] = field(default_factory=dict)


Source = Callable[[], Iterable[Figure]]


class _Figures(Collector):
    def __init__(self) -> None:
        self.sources: list[Source] = []

    def collect(self) -> Iterator[Metric]:
        families: dict[str, Metric] = {}
        for source in self.sources:
            for figure in source():
                name = f"civicam_{figure.name}"
                family = families.get(name)
                if family is None:
                    make = CounterMetricFamily if figure.kind == "counter" else GaugeMetricFamily
                    family = families[name] = make(name, figure.meaning)
                suffix = "_total" if figure.kind == "counter" else ""
                family.add_sample(name.removesuffix("_total") + suffix, dict(figure.labels), figure.value)
        yield from families.values()


class Metrics:
    """The platform's figures: requests are counted here, the rest is asked of ``sources``."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._figures = _Figures()
        self._registry.register(self._figures)
        self._seconds = Histogram(
            "civicam_http_seconds",
            "Time to answer a request, by route",
            ("route", "method"),
            buckets=BUCKETS,
            registry=self._registry,
        )
        self._answers = Counter(
            "civicam_http_answers",
            "Answers by route and status",
            ("route", "status"),
            registry=self._registry,
        )

    def add(self, source: Source) -> None:
        """Ask ``source`` at every scrape."""
        self._figures.sources.append(source)

    def answered(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count a request. ``route`` is the pattern, never the address: few labels, no ids."""
        self._seconds.labels(route, method).observe(seconds)
        self._answers.labels(route, str(status)).inc()

    def text(self) -> bytes:
        """Everything in the text format."""
        return generate_latest(self._registry)
