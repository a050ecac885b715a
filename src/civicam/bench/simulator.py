"""``civicam bench simulator``: whether the cameras of one simulator keep their rate, and at what cost.

    [civicam simulate]──SIP, PS over RTP──[civicam serve]──WebSocket──[readers, this process]

Everything is on one machine, as in a demonstration: the platform receives every stream and hands each to a
reader, who counts. docs/reference/benchmarks.md tells how to read the figures.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from civicam.bench.report import Goal, Report
from civicam.bench.simulator_floor import coding_us
from civicam.demo.client import Client, Json
from civicam.demo.district import District
from civicam.demo.doors import LOOPBACK
from civicam.demo.report import Viewing
from civicam.demo.stage import Stage
from civicam.demo.viewer import FAULTS, Viewer
from civicam.kernel.errors import Operational
from civicam.simulator.control import ask
from civicam.simulator.picture import RATE

STEADY = 0.995
"""A stream with this share of 25 pictures a second keeps its rate: one picture in 8 s may be on its way."""
USED_MOST = 0.75
"""Of the machine's cores, by everything that takes part: what is left is the margin."""
FLOORS_MOST = 2.0

_PATIENCE_S = 90.0
_POLL_S = 0.5
_AT_ONCE = 4
_TRIES = 4
_STAGES = ("drawing", "writing", "coding", "sending")


@dataclass(frozen=True, slots=True)
class Size:
    """How much to measure: ``settle_s`` after the last stream was opened, then ``seconds``."""

    streams: int = 40
    seconds: float = 30.0
    settle_s: float = 40.0
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Sample:
    """Counts at one moment; ``cpu_s`` by process, ``stats`` the simulator's own."""

    at: float
    frames: tuple[int, ...]
    cpu_s: Mapping[str, float]
    stats: Mapping[str, Any]


def run(size: Size) -> Report:
    """One whole measurement: two minutes at the usual size.

    Raises:
        Operational: ``demo.*``, ``bench.too-few-channels``; `FAULTS` when a stream cannot be opened.
    """
    report = Report(
        "simulator",
        {
            "streams": size.streams,
            "seconds": size.seconds,
            "settle_s": size.settle_s,
            "profile": "640x360p25",
        },
    )
    with tempfile.TemporaryDirectory(prefix="civicam-bench-") as folder:
        samples, channels = asyncio.run(_play(Path(folder), size))
        judge(report, samples)
        floor = coding_us(Path(folder) / "district.json", channels, size.seed)
    report.floors["coding_alone_us_a_picture"] = floor
    report.floors["coding_alone"] = (
        "libx264 ultrafast at the same quantiser, the same pictures drawn beforehand"
    )
    ratio = float(report.figures["simulator_us_a_picture"] or 0) / floor
    report.ratios["simulator_to_coding_alone"] = ratio
    report.goals["simulator_to_coding_alone"] = Goal(FLOORS_MOST, ratio, "times the floor")
    return report


async def _play(folder: Path, size: Size) -> tuple[list[Sample], list[str]]:
    """A city with its platform; the samples, one a second, and the channels that were watched."""
    stage = Stage(folder, LOOPBACK, size.seed, lambda _zh, _en: None, usual=False)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(stage.stop)
        district, client = await stage.start()
        _, token = await stage.link()
        await client.log_in(token)
        channels = await _channels(client, district, size.streams)
        viewers = [Viewer(client, each, Viewing(str(each["id"]), "gb28181")) for each in channels]
        await _open(viewers)
        watching = [asyncio.create_task(viewer.watch()) for viewer in viewers]
        for task in watching:
            stack.callback(task.cancel)
        await asyncio.sleep(size.settle_s)
        samples = await _samples(viewers, stage.processes, folder / "faults.sock", size.seconds)
        return samples, [str(each["gb_id"]) for each in channels]


async def _channels(client: Client, district: District, count: int) -> list[Json]:
    """So many channels that speak GB/T 28181, spread over those that are online."""
    until = time.monotonic() + _PATIENCE_S
    while True:
        found: list[Json] = []
        page: Json = {"next": ""}
        while page["next"] is not None and (page["next"] or not found):
            after = f"&after={page['next']}" if page["next"] else ""
            page = await client.get(f"/api/channels?limit=200{after}")
            page["next"] = page.get("next") or None
            found += page["channels"]
        online = [each for each in found if _of_gb28181(each, district) and each["state"] == "online"]
        if len(online) >= count:
            return [online[number * len(online) // count] for number in range(count)]
        if time.monotonic() > until:
            raise Operational("bench.too-few-channels", count=len(online), wanted=count)
        await asyncio.sleep(_POLL_S)


def _of_gb28181(channel: Json, district: District) -> bool:
    return district.kinds.get(str(channel.get("gb_id")), "").startswith("gb28181/")


async def _open(viewers: Sequence[Viewer]) -> None:
    turn = asyncio.Semaphore(_AT_ONCE)

    async def one(viewer: Viewer) -> None:
        """A first picture may be late while scenes are drawn for the first time; then it is asked again."""
        async with turn:
            for tries_left in reversed(range(_TRIES)):
                try:
                    await viewer.open()
                    return
                except FAULTS as fault:
                    words = str(fault) or type(fault).__name__
                    if not tries_left:
                        raise Operational(
                            "bench.no-picture", way=viewer.viewing.channel, state=words
                        ) from fault

    await asyncio.gather(*(one(viewer) for viewer in viewers))


async def _samples(
    viewers: Sequence[Viewer], processes: Mapping[str, int], control: Path, seconds: float
) -> list[Sample]:
    """One a second, the first at once."""
    begun = time.monotonic()
    found: list[Sample] = []
    while not found or found[-1].at - begun < seconds:
        if found:
            await asyncio.sleep(max(begun + len(found) - time.monotonic(), 0.0))
        answer = await asyncio.to_thread(ask, control, {"do": "stats"})
        cpu = {name: _cpu_s(pid) for name, pid in {**processes, "readers": os.getpid()}.items()}
        now = time.monotonic()
        found.append(Sample(now, tuple(each.viewing.frames for each in viewers), cpu, answer["stats"]))
    return found


def _cpu_s(pid: int) -> float:
    """Processor time of a process and of what it started, also of what has ended since; of our own, that of
    this process alone."""
    process = psutil.Process(pid)
    family = [process] if pid == os.getpid() else [process, *process.children(recursive=True)]
    total = 0.0
    for each in family:
        try:
            times = each.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
        if pid != os.getpid():
            total += times.children_user + times.children_system
    return total


def judge(report: Report, samples: Sequence[Sample]) -> None:
    """Figures and goals of a run. Pure."""
    first, last = samples[0], samples[-1]
    seconds = last.at - first.at
    rates = [(b - a) / seconds for a, b in zip(first.frames, last.frames, strict=True)]
    made = max(last.stats["drawn"] - first.stats["drawn"], 1)
    skipped = last.stats["skipped"] - first.stats["skipped"]
    report.figures["pictures_a_second"] = sum(rates)
    report.figures["slowest_stream_pictures_a_second"] = min(rates)
    report.figures["slowest_second_pictures"] = _slowest_second(samples)
    report.figures["skipped"] = skipped
    for stage in _STAGES:
        spent = last.stats["cpu"][stage] - first.stats["cpu"][stage]
        report.figures[f"{stage}_us_a_picture"] = 1e6 * spent / made
    cores = {name: (last.cpu_s[name] - first.cpu_s[name]) / seconds for name in first.cpu_s}
    report.figures["simulator_us_a_picture"] = 1e6 * cores["simulate"] * seconds / made
    for name, share in cores.items():
        report.figures[f"{name}_cores"] = share
    used = sum(cores.values()) / (os.cpu_count() or 1)
    report.goals["slowest_stream"] = Goal(RATE * STEADY, min(rates), "pictures/s", at_most=False)
    report.goals["skipped"] = Goal(0, skipped, "pictures")
    report.goals["machine_used"] = Goal(USED_MOST, used, "of its cores")


def _slowest_second(samples: Sequence[Sample]) -> float:
    """The fewest pictures any stream had in any second between two samples."""
    return min(
        (b - a) / (after.at - before.at)
        for before, after in itertools.pairwise(samples)
        for a, b in zip(before.frames, after.frames, strict=True)
    )
