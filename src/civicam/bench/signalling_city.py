"""The whole way of a message through the running platform, beside Kamailio under the same load.

For each size of city one platform is started, its cameras register, beat and register again; then it is
killed without notice and its database is asked whether it kept what it had promised.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from civicam.bench.report import Goal, Number, Report
from civicam.bench.signalling_devices import cameras
from civicam.bench.signalling_kamailio import installed, kamailio
from civicam.bench.signalling_platform import Platform, platform
from civicam.bench.signalling_work import Done, Work, percentile

SIZES = (1_000, 5_892, 25_000)
BEATS = 417.0
"""Heartbeats a second of 25,000 cameras that beat once a minute."""
CHURN = 25_000 * 0.01 / 60
"""Cameras that leave and come back a second: 1 % a minute."""
_OPEN = {
    "CIVICAM_GATEWAY__REGISTRATION__RATE": "1000000",
    "CIVICAM_GATEWAY__REGISTRATION__BURST": "1000000",
    "CIVICAM_GATEWAY__RESYNC__PER_SECOND": "5",
}
"""Admission control would hide what a registration costs; the questions after it are held to what churn
makes.
"""


class _Peer(Protocol):
    """What is under load."""

    port: int

    def cpu_s(self) -> float: ...


@dataclass(slots=True)
class _Costs:
    """CPU of one exchange in microseconds, by kind and size of city."""

    keepalive: dict[int, float] = field(default_factory=dict)
    pair: dict[int, float] = field(default_factory=dict)


def cores() -> tuple[int | None, int | None]:
    """One core for what is measured, another for the cameras; none where they cannot be chosen."""
    if not hasattr(os, "sched_getaffinity"):
        return None, None
    mine = sorted(os.sched_getaffinity(0))
    return (mine[0], mine[1]) if len(mine) > 1 else (None, None)


def run(report: Report, seconds: float, sizes: tuple[int, ...] = SIZES, city_s: float = 60.0) -> None:
    """Measure each size, and Kamailio; put figures, ratios and goals into ``report``.

    ``seconds`` each closed loop lasts, ``city_s`` the paced one. Raises `Operational` ``bench.no-answer``.
    """
    ours, theirs = _Costs(), _Costs()
    resident: dict[int, int] = {}
    for size in sizes:
        _measure_size(report, size, seconds, city_s, ours, resident)
        if installed():
            with kamailio(cores()[0]) as peer, cameras(peer.port, size, cores()[1]) as work:
                work(Work("register"))
                _costs(peer, work, size, seconds, theirs)
            report.floors[f"kamailio_{size}_keepalive_us"] = theirs.keepalive[size]
            report.floors[f"kamailio_{size}_register_pair_us"] = theirs.pair[size]
    _judge(report, ours, theirs)
    first, last = min(sizes), max(sizes)
    if last > first:
        per_device = (resident[last] - resident[first]) / (last - first) / 1024
        report.figures["memory_per_device_kib"] = per_device
        report.goals["memory_per_device"] = Goal(4.0, per_device, "KiB")


def _measure_size(
    report: Report, size: int, seconds: float, city_s: float, ours: _Costs, resident: dict[int, int]
) -> None:
    """One platform from its first registration to its sudden end."""
    name = f"city_{size}"
    with platform(size, cores()[0], settings=_OPEN) as peer, cameras(peer.port, size, cores()[1]) as work:
        before = peer.cpu_s()
        first = work(Work("register"))
        report.figures[f"{name}_first_registration_us"] = 1e6 * (peer.cpu_s() - before) / first.exchanges
        before = peer.cpu_s()
        city = work(Work("city", city_s, rate=BEATS, churn=CHURN))
        report.figures[f"{name}_at_417_beats_core_percent"] = 100 * (peer.cpu_s() - before) / city.seconds
        for percent in (50, 99):
            report.figures[f"{name}_at_417_beats_p{percent}_ms"] = 1000 * percentile(city.latency_s, percent)
        resident[size] = peer.rss_bytes()
        report.figures[f"{name}_resident_mib"] = resident[size] / 2**20
        loops = _costs(peer, work, size, seconds, ours)
        report.figures[f"{name}_keepalive_us"] = ours.keepalive[size]
        report.figures[f"{name}_register_pair_us"] = ours.pair[size]
        peer.kill()
        _kept(report, peer, size, [first, city, *loops])
    if size == 25_000:
        report.goals["p99_at_417_beats"] = Goal(100.0, 1000 * percentile(city.latency_s, 99), "ms")


def _costs(peer: _Peer, work: Callable[[Work], Done], size: int, seconds: float, costs: _Costs) -> list[Done]:
    """CPU of a heartbeat and of a registration with its challenge, of cameras that are registered."""
    found = []
    for kind, cost in (("keepalive", costs.keepalive), ("refresh", costs.pair)):
        before = peer.cpu_s()
        done = work(Work(kind, seconds))
        cost[size] = 1e6 * (peer.cpu_s() - before) / max(1, done.exchanges)
        found.append(done)
    return found


def _kept(report: Report, peer: Platform, size: int, done: list[Done]) -> None:
    """After kill -9: every camera that had its 200 is in the database, and nobody was called lost."""
    kept = peer.kept()
    failed = sum(each.failed + each.unanswered for each in done)
    report.figures[f"city_{size}_failed"] = failed
    report.figures[f"city_{size}_kept_registrations"] = kept["registered"]
    report.goals[f"city_{size}_failed"] = Goal(0, failed, "exchanges")
    report.goals[f"city_{size}_kept"] = Goal(size, kept["registered"], "registrations", at_most=False)


def _judge(report: Report, ours: _Costs, theirs: _Costs) -> None:
    worst: dict[str, Number] = {}
    for name, mine, peers, limit in (
        ("keepalive", ours.keepalive, theirs.keepalive, 3.0),
        ("register_pair", ours.pair, theirs.pair, 2.0),
    ):
        for size, cost in mine.items():
            if size in peers:
                report.ratios[f"{name}_{size}_to_kamailio"] = cost / peers[size]
        if peers:
            worst[name] = max(cost / peers[size] for size, cost in mine.items())
            report.goals[f"{name}_to_kamailio"] = Goal(limit, worst[name], "× Kamailio's CPU")
        first, last = min(mine), max(mine)
        if last > first:
            report.ratios[f"{name}_{last}_to_{first}"] = mine[last] / mine[first]
            report.goals[f"{name}_flat"] = Goal(1.25, mine[last] / mine[first], f"× of {first} cameras")
    slowest = max(ours.pair.values())
    report.figures["register_pairs_per_core"] = 1e6 / slowest
    report.goals["register_pairs_per_core"] = Goal(5_000, 1e6 / slowest, "pairs/s", at_most=False)
