"""``civicam bench live``: latency and first picture, read back from the page of a real browser.

Starts `civicam demo` (server and simulated district in processes of their own) and headless Chromium on the
same machine, so that both ends share one clock. Latency is the age of the strip burned into each picture
when the screen first shows it: drawing, encoding, RTP, the gateway, the hub, the WebSocket, decoding and the
wait for the next frame of the screen are all in it.
"""

from __future__ import annotations

import contextlib
import json
import math
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from civicam.bench.live_floor import echo_server
from civicam.bench.live_page import LivePage, Seen, Way, console
from civicam.bench.report import Goal, Report
from civicam.kernel.errors import Operational

_LINK = re.compile(r"https?://\S+#token=\S+")
_START_S = 120.0
_POLL_S = 0.5
# The stream that is measured: 1080p25 of about 4 Mbit/s is 20 kB a picture.
_FRAME_BYTES = 20_000
_FRAME_S = 0.04
GOALS_MS = {"webcodecs_latency_p50": 100, "mse_latency_p50": 400, "running_p95": 500, "cold_p95": 2000}


@dataclass(frozen=True, slots=True)
class Wish:
    """How much to measure."""

    repetitions: int
    seconds: float
    seed: int


@dataclass(frozen=True, slots=True)
class Pick:
    """A channel that this browser can decode: GB/T 28181, H.264 on its main stream."""

    channel_id: str
    name: str


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which ``share`` of the sorted values lie (nearest rank); NaN for none."""
    if not values:
        return float("nan")
    ranked = sorted(values)
    return ranked[max(0, math.ceil(share * len(ranked) - 1e-9) - 1)]


def picks(city: Path) -> list[Pick]:
    """Channels of the district that can be measured; their ids are still those of GB/T 28181."""
    found = json.loads(city.read_text(encoding="utf-8"))
    devices = {device["gb_id"] for device in found["devices"] if device["protocol"] == "gb28181"}
    return [
        Pick(channel["gb_id"], channel["name"])
        for channel in found["channels"]
        if channel["device"] in devices and channel.get("codec", "h264") == "h264"
    ]


@contextlib.contextmanager
def demo(folder: Path, seed: int) -> Iterator[str]:
    """A running demonstration; yields its one-time link.

    Raises:
        Operational: ``bench.no-demo`` with what it said last.
    """
    command = [sys.executable, "-m", "civicam", "demo", "--any-ports"]
    command += ["--data", str(folder), "--seed", str(seed)]
    log = folder.with_suffix(".log")
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)  # noqa: S603
    try:
        yield _await_link(process, log)
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _await_link(process: subprocess.Popen[bytes], log: Path) -> str:
    until = time.monotonic() + _START_S
    while time.monotonic() < until:
        said = log.read_text(encoding="utf-8", errors="replace")
        found = _LINK.search(said)
        if found is not None:
            return found.group()
        if process.poll() is not None:
            break
        time.sleep(_POLL_S)
    raise Operational("bench.no-demo", words=log.read_text(encoding="utf-8", errors="replace")[-600:])


def await_online(page: LivePage, wanted: list[Pick], count: int) -> list[Pick]:
    """The wanted channels that are online under the platform's ids, once there are ``count`` of them.

    Raises:
        Operational: ``bench.too-few-channels``.
    """
    until = time.monotonic() + _START_S
    while True:
        online = page.online()
        found = [Pick(online[pick.channel_id], pick.name) for pick in wanted if pick.channel_id in online]
        if len(found) >= count:
            return found
        if time.monotonic() > until:
            raise Operational("bench.too-few-channels", count=len(found), wanted=count)
        time.sleep(_POLL_S)


def measure_cold(page: LivePage, channels: Sequence[Pick]) -> tuple[list[float], int]:
    """Milliseconds from the click to the first picture of channels nobody watched; and how many failed."""
    times: list[float] = []
    for pick in channels:
        page.offer(pick.channel_id, pick.name)
        state, ms = page.play(pick.channel_id)
        if state == "playing":
            times.append(ms)
        page.close_pane(pick.channel_id)
    return times, len(channels) - len(times)


def measure_running(page: LivePage, pick: Pick, count: int) -> tuple[list[float], int]:
    """The same from a stream that runs already, because somebody else watches it; and how many failed."""
    somebody = page.beside()
    somebody.open()
    somebody.offer(pick.channel_id, pick.name)
    somebody.play(pick.channel_id)
    page.offer(pick.channel_id, pick.name)
    times: list[float] = []
    for _ in range(count):
        state, ms = page.play(pick.channel_id)
        if state == "playing" and pick.channel_id in page.streams():
            times.append(ms)
        page.close_pane(pick.channel_id)
    somebody.close_pane(pick.channel_id)
    return times, count - len(times)


def measure_latency(page: LivePage, pick: Pick, way: Way, seconds: float) -> list[Seen]:
    """Pictures seen on the screen by one way, the first second left out.

    Raises:
        Operational: ``bench.no-picture``.
    """
    page.open(way)
    page.offer(pick.channel_id, pick.name)
    state, _ = page.play(pick.channel_id)
    if state != "playing" or page.way(pick.channel_id) != way:
        raise Operational("bench.no-picture", way=way, state=state)
    page.watch(pick.channel_id, 3.0)  # the cached pictures and the start of the live edge
    seen = page.watch(pick.channel_id, seconds)
    page.close_pane(pick.channel_id)
    return seen


def run(wish: Wish) -> Report:
    """One whole measurement."""
    report = Report("live", load={"repetitions": wish.repetitions, "seconds": wish.seconds, "stream": "main"})
    with tempfile.TemporaryDirectory(prefix="civicam-bench-") as folder:
        data = Path(folder) / "demo"
        with demo(data, wish.seed) as link, console(link) as page:
            page.open()
            wanted = await_online(page, picks(data / "district.json"), wish.repetitions + 1)
            _floors(report, page)
            _latency(report, page, wanted[0], wish.seconds)
            page.open()
            _first_pictures(report, page, wanted, wish.repetitions)
    return report


def _floors(report: Report, page: LivePage) -> None:
    with echo_server(_FRAME_BYTES, _FRAME_S) as url:
        echo = page.echo(url, 100)
    cadence = page.cadence(120)
    report.floors["websocket_p50_ms"] = statistics.median(echo)
    report.floors["websocket_p95_ms"] = quantile(echo, 0.95)
    report.floors["screen_frame_p50_ms"] = statistics.median(cadence)


def _latency(report: Report, page: LivePage, pick: Pick, seconds: float) -> None:
    ways: tuple[Way, Way] = ("webcodecs", "mse")
    for way in ways:
        ages = [seen.age_ms for seen in measure_latency(page, pick, way, seconds)]
        middle = quantile(ages, 0.5)
        report.figures[f"{way}_latency_p50_ms"] = middle
        report.figures[f"{way}_latency_p95_ms"] = quantile(ages, 0.95)
        report.figures[f"{way}_pictures"] = len(ages)
        name = f"{way}_latency_p50"
        report.goals[name] = Goal(GOALS_MS[name], middle, "ms")
        floor = float(report.floors["websocket_p50_ms"] or 0) + float(
            report.floors["screen_frame_p50_ms"] or 0
        )
        report.ratios[f"{way}_latency_to_floor"] = middle / max(floor, 1.0)


def _first_pictures(report: Report, page: LivePage, channels: list[Pick], count: int) -> None:
    cold, cold_failed = measure_cold(page, channels[1 : count + 1])
    running, running_failed = measure_running(page, channels[0], count)
    for name, times, failed in (("cold", cold, cold_failed), ("running", running, running_failed)):
        report.figures[f"first_picture_{name}_p50_ms"] = quantile(times, 0.5)
        report.figures[f"first_picture_{name}_p95_ms"] = quantile(times, 0.95)
        report.figures[f"first_picture_{name}_count"] = len(times)
        report.figures[f"first_picture_{name}_failed"] = failed
        report.goals[f"{name}_p95"] = Goal(GOALS_MS[f"{name}_p95"], quantile(times, 0.95), "ms")


def command(
    repetitions: Annotated[int, typer.Option(min=1, help="First pictures of each kind.")] = 20,
    seconds: Annotated[float, typer.Option(min=1, help="Seconds of latency for each way.")] = 15.0,
    seed: Annotated[int, typer.Option(help="Same seed, same district and scenes.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON only.")] = False,
) -> None:
    """Measure latency and first picture in a headless browser, from the console's own pages."""
    report = run(Wish(repetitions, seconds, seed))
    if not as_json:
        for name, goal in report.goals.items():
            typer.echo(
                f"{name:24} {goal.value:8.1f} {goal.unit}  (<= {goal.goal})  {'ok' if goal.met else 'MISSED'}"
            )
    typer.echo(report.to_json())
    raise typer.Exit(0 if report.met else 1)
