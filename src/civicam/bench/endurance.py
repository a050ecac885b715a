"""``civicam bench endurance``: the platform for an hour at city size, and what is left of it afterwards.

A real ``civicam serve`` on SQLite, the city's devices by the simulator, people who open and leave streams all
the time. What could leak is read every minute and has to be flat; what the load brought has to be gone when
the load is; no device that had its power may be called offline, no stream that can start may fail to.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from pathlib import Path

import orjson

from civicam.bench.endurance_city import City, Lost, city
from civicam.bench.endurance_client import Api, Json
from civicam.bench.endurance_figures import Sample, growth, judge, remaining
from civicam.bench.endurance_load import Load, Pace, Told
from civicam.bench.report import Goal, Report
from civicam.fleet.presence import CONNECTION_LOST
from civicam.kernel.errors import Operational

_ONLINE_S = 300.0
_CALM_S = 40.0
"""After the last device came online: its list is read, answers are forgotten (64·T1)."""
_DRAIN_S = 120.0
"""What nobody uses may stand for so long: a lost device's stream 30 s, an unanswered BYE 33 s more."""
_REBOOT_S = 60.0
"""A device on TCP that was switched off is offline in truth, for a moment."""
_WARM = 0.25
"""Share of the run before the figures count."""


@dataclass(frozen=True, slots=True)
class Wish:
    """How long, how large, how lively."""

    seconds: float
    channels: int = 5_892
    every_s: float = 60.0
    seed: int = 1
    pace: Pace = field(default_factory=Pace)
    samples: Path | None = None
    """Where each sample is written as a line of JSON."""


@dataclass(slots=True)
class _Seen:
    """Samples of one run."""

    before: Sample
    samples: list[Sample]
    after: Sample
    online: int
    devices: int
    grown: str
    """The tables that grew most."""


def run(wish: Wish) -> Report:
    """One run. Raises `Operational` ``bench.no-city``, ``bench.no-answer`` or ``bench.too-few-channels``."""
    load = {"seconds": wish.seconds, "channels": wish.channels, "sampled_every_s": wish.every_s}
    pace = {name: value for name, value in asdict(wish.pace).items() if not isinstance(value, tuple)}
    report = Report("endurance", load={**load, **pace})
    with city(wish.channels, wish.seed) as running:
        told, seen = asyncio.run(_whole(wish, running))
        lost = running.lost()
    _tell(report, wish, told, seen)
    _judge_lost(report, lost, told)
    return report


async def _whole(wish: Wish, running: City) -> tuple[Told, _Seen]:
    api = Api(running.port)
    await api.log_in(running.token)
    devices, channels = await _online(api)
    await asyncio.sleep(min(_CALM_S, wish.seconds))
    running.sample(await api.metrics())
    await asyncio.sleep(1.0)
    before = running.sample(await api.metrics())
    tables = running.tables()
    load = Load(running, api, channels, wish.pace, wish.seed)
    samples: list[Sample] = []
    working = asyncio.create_task(load.run(wish.seconds))
    begun = time.monotonic()
    while not working.done():
        await asyncio.wait({working}, timeout=wish.every_s)
        if not working.done():
            seconds = time.monotonic() - begun
            samples.append({**running.sample(await api.metrics()), "seconds": seconds})
            _progress(samples[-1], load.told)
            _keep(wish.samples, samples[-1])
    await working
    grown = growth(tables, running.tables(), time.monotonic() - begun)
    after = await _drained(api, running, before)
    return load.told, _Seen(before, samples, after, int(after["online"]), devices, grown)


async def _online(api: Api) -> tuple[int, list[Json]]:
    """Wait until every device is; how many, and all channels."""
    until = time.monotonic() + _ONLINE_S
    while True:
        devices = (await api.ask("GET", "/api/situation"))["devices"]
        total = sum(int(devices[state]) for state in ("online", "offline", "unknown"))
        if int(devices["online"]) == total:
            break
        if time.monotonic() > until:
            raise Operational("bench.too-few-channels", count=devices["online"], wanted=total)
        await asyncio.sleep(1.0)
    found: list[Json] = []
    after = ""
    while True:
        page = await api.ask("GET", f"/api/channels?limit=1000{f'&after={after}' if after else ''}")
        found += page["channels"]
        after = str(page.get("next") or "")
        if not after:
            return total, found


async def _drained(api: Api, running: City, before: Sample) -> Sample:
    """The figures once all is gone that the load brought, or when the patience ends."""
    until = time.monotonic() + _DRAIN_S
    while True:
        await asyncio.sleep(2.0)
        now = running.sample(await api.metrics())
        left = remaining(before, now)
        if (not left and now["online"] >= before["online"]) or time.monotonic() > until:
            return now
        shown = "  ".join(f"{name} {now[name] - before[name]:+.0f}" for name in left)
        print(f"        online {now['online']:.0f}  left: {shown}", file=sys.stderr)


def _keep(path: Path | None, sample: Sample) -> None:
    if path is not None:
        with path.open("ab") as out:
            out.write(orjson.dumps(dict(sample)) + b"\n")


def _progress(sample: Sample, told: Told) -> None:
    shown = (
        "platform_rss",
        "workers_rss",
        "platform_fds",
        "sessions",
        "ports",
        "transactions",
        "cpu_percent",
    )
    figures = "  ".join(f"{name} {sample[name]:.0f}" for name in shown)
    counts = f"{told.counts['live_shown']} live, {told.counts['playback_shown']} played"
    print(f"{sample['seconds']:6.0f} s  {figures}  {counts}, {told.failures.total()} failed", file=sys.stderr)


def _tell(report: Report, wish: Wish, told: Told, seen: _Seen) -> None:
    report.figures |= {
        "devices": seen.devices,
        "online_at_the_end": seen.online,
        "samples": len(seen.samples),
        **dict(sorted(told.counts.items())),
        "failures": "; ".join(f"{count} × {name}" for name, count in sorted(told.failures.items())),
        "why": "; ".join(told.why),
        "tables_mib_an_hour": seen.grown,
        "first_picture_p50_s": _quantile(told.first_picture_s, 0.5),
        "first_picture_p95_s": _quantile(told.first_picture_s, 0.95),
    }
    starts = sum(count for name, count in told.failures.items() if not name.startswith("leaving"))
    report.goals["failed_starts"] = Goal(0, starts, "streams and consoles")
    report.goals["streams_shown"] = Goal(1, told.counts["live_shown"], "streams", at_most=False)
    report.goals["online_at_the_end"] = Goal(seen.devices, seen.online, "devices", at_most=False)
    warm = [each for each in seen.samples if each["seconds"] >= _WARM * wish.seconds]
    judge(report, seen.before, warm, seen.after)


def _quantile(values: Sequence[float], share: float) -> float | None:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else None


def falsely(lost: Sequence[Lost], told: Told) -> list[Lost]:
    """Of the devices called offline those that were not: only a broken connection of a device that was just
    switched off is the truth.
    """
    soon = timedelta(seconds=_REBOOT_S)
    return [
        each
        for each in lost
        if each.at >= told.began
        and (
            each.reason != CONNECTION_LOST
            or not any(gb_id == each.gb_id and at <= each.at <= at + soon for gb_id, at in told.restarted)
        )
    ]


def _judge_lost(report: Report, lost: Sequence[Lost], told: Told) -> None:
    wrong = falsely(lost, told)
    report.figures["called_offline"] = len(lost)
    report.figures["falsely_offline"] = "; ".join(
        f"{each.gb_id} {each.at:%H:%M:%S} {each.reason}" for each in wrong
    )
    report.goals["false_offline"] = Goal(0, len(wrong), "devices")
