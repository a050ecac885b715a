"""The processes of the endurance run: ``civicam serve`` on SQLite, ``civicam simulate`` with the city.

Both as operators start them, on what `civicam simulate describe` invents; nothing of theirs outlives `city`.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psutil
from sqlalchemy import create_engine, select

from civicam.bench.endurance_figures import read_metrics
from civicam.bench.signalling_platform import end_group, free_port
from civicam.fleet.tables import device, transition
from civicam.kernel.errors import Operational

_MIB = 2**20
_START_S = 120.0
_ORDER_S = 10.0
_DEVICES_A_SECOND = 80.0
"""So many begin to register."""
_SERVED: Mapping[str, str] = {
    "CIVICAM_WEB__PORT": "0",
    "CIVICAM_WEB__HOST": "127.0.0.1",
    "CIVICAM_MEDIA__WORKERS": "1",
    "CIVICAM_MEDIA__VIEWER_PORT": "0",
    "CIVICAM_MEDIA__VIEWER_HOST": "127.0.0.1",
    "CIVICAM_MEDIA__RTP_HOST": "127.0.0.1",
    "CIVICAM_GATEWAY__HOST": "127.0.0.1",
    "CIVICAM_GATEWAY__ADVERTISE": "127.0.0.1",
    "CIVICAM_GATEWAY__LIVE__MEDIA_S": "25",
}
"""The patience for a first picture is for the simulator, which draws new scenes on the same cores."""


@dataclass(frozen=True, slots=True)
class Lost:
    """A device that was called offline."""

    gb_id: str
    at: datetime
    reason: str


class City:
    """The running platform and its simulated devices, seen from outside."""

    def __init__(self, folder: Path, ready: Mapping[str, Any], processes: tuple[int, int]) -> None:
        self.port = int(ready["port"])
        self.token = str(ready["link"]).partition("token=")[2]
        self._control = folder / "control"
        self._folder = folder
        self._platform, self._simulator = (psutil.Process(pid) for pid in processes)
        self._cpu_before: tuple[float, float] | None = None

    def sample(self, metrics: str) -> dict[str, float]:
        """Every figure that is watched, of this moment; ``cpu_percent`` since the call before."""
        told = read_metrics(metrics)
        workers = [each for each in self._platform.children(recursive=True) if each.is_running()]
        simulators = [self._simulator, *self._simulator.children(recursive=True)]
        figures = {
            "platform_rss": self._platform.memory_info().rss / _MIB,
            "workers_rss": sum(each.memory_info().rss for each in workers) / _MIB,
            "simulator_rss": sum(each.memory_info().rss for each in simulators) / _MIB,
            "platform_fds": self._platform.num_fds(),
            "workers_fds": sum(each.num_fds() for each in workers),
            "platform_threads": self._platform.num_threads(),
            "cpu_percent": self._cpu_percent(workers),
            "db_mib": sum(each.stat().st_size for each in self._folder.glob("civicam.db*")) / _MIB,
            "load_average": os.getloadavg()[0],
        }
        names = {
            "trace_mib": "gateway/trace_bytes",
            "platform_tasks": "tasks",
            "workers_tasks": "worker/tasks",
            "sessions": "gateway/sessions",
            "ssrcs": "gateway/ssrcs",
            "ports": "worker/ports",
            "ports_resting": "worker/ports_resting",
            "viewers": "worker/viewers",
            "tickets": "worker/tickets",
            "viewings": "viewings",
            "consoles": "consoles",
            "transactions": "sip/transactions",
            "timers": "sip/timers",
            "timer_entries": "sip/timer_entries",
            "sip_connections": "sip/connections",
            "subscriptions": "gateway/subscriptions",
            "commands": "gateway/commands_under_way",
            "online": "gateway/devices_online",
        }
        figures |= {name: told.get(source, 0.0) for name, source in names.items()}
        figures["trace_mib"] /= _MIB
        figures["platform_rss_besides_trace"] = figures["platform_rss"] - figures["trace_mib"]
        return figures

    def tables(self) -> dict[str, float]:
        """MiB of each table, its indexes added to it: what it is that grows."""
        engine = create_engine(f"sqlite:///{self._folder}/civicam.db")
        try:
            with engine.connect() as connection:
                rows = connection.exec_driver_sql(
                    "SELECT s.tbl_name, sum(d.pgsize) FROM dbstat d JOIN sqlite_master s ON s.name = d.name "
                    "GROUP BY s.tbl_name"
                ).all()
        finally:
            engine.dispose()
        return {name: size / _MIB for name, size in rows}

    def _cpu_percent(self, workers: list[psutil.Process]) -> float:
        """Of one core, platform and workers, since the call before."""
        spent = 0.0
        for each in (self._platform, *workers):
            with suppress(psutil.Error):
                times = each.cpu_times()
                spent += times.user + times.system
        now = time.monotonic()
        before, self._cpu_before = self._cpu_before, (now, spent)
        return 0.0 if before is None else 100 * (spent - before[1]) / max(now - before[0], 1e-3)

    def order(self, request: Mapping[str, object]) -> bool:
        """Tell the simulator something by its control socket; whether it was done."""
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(_ORDER_S)
            try:
                line.connect(str(self._control))
                line.sendall(json.dumps(request).encode() + b"\n")
                answer = json.loads(line.makefile("rb").readline())
            except (OSError, ValueError):
                return False
        return isinstance(answer, dict) and bool(answer.get("ok"))

    def lost(self) -> list[Lost]:
        """Every device that was called offline, in order."""
        engine = create_engine(f"sqlite:///{self._folder}/civicam.db")
        try:
            with engine.connect() as connection:
                rows = connection.execute(
                    select(device.c.gb_id, transition.c.at, transition.c.reason)
                    .join(device, device.c.device_id == transition.c.device_id)
                    .where(transition.c.after == "offline")
                    .order_by(transition.c.id)
                ).all()
        finally:
            engine.dispose()
        return [Lost(*row) for row in rows]


@contextmanager
def city(channels: int, seed: int) -> Iterator[City]:
    """A platform that has taken over the first ``channels`` channels of a city, and the city's devices.

    Raises `Operational` ``bench.no-city`` with the last words of the part that failed.
    """
    with TemporaryDirectory(prefix="civicam-bench-") as name, ExitStack() as stack:
        folder = Path(name)
        described = _finish(folder, {}, "simulate", "describe", "--scale", "city", "--seed", str(seed))
        whole = first(json.loads(described), channels)
        plan = folder / "city.json"
        plan.touch(mode=0o600)
        plan.write_text(json.dumps(whole, ensure_ascii=False), encoding="utf-8")
        port = free_port()
        identity = {"GB_ID": whole["platform"], "REALM": whole["realm"], "PORT": str(port)}
        settings = {**_SERVED, **{f"CIVICAM_GATEWAY__{key}": value for key, value in identity.items()}}
        _finish(folder, settings, "import", str(plan), "--data", name)
        server = stack.enter_context(_running(folder, settings, "serve", "--data", name, "--json"))
        assert server.stdout is not None
        ready = json.loads(server.stdout.readline() or "null")
        if not ready:
            raise _failed(folder, "serve")
        # a light by the clock would change what drawing costs in the middle of the run
        words = ["--city", str(plan), "--server", f"127.0.0.1:{port}", "--address", "127.0.0.1"]
        spread_s = len(whole["devices"]) / _DEVICES_A_SECOND
        words += ["--control", str(folder / "control"), "--spread", f"{spread_s:.1f}", "--light", "day"]
        simulator = stack.enter_context(_running(folder, {}, "simulate", *words, "--workshops", "1"))
        yield City(folder, ready, (server.pid, simulator.pid))


def first(whole: Mapping[str, Any], channels: int) -> dict[str, Any]:
    """The first channels of a description and the devices they belong to."""
    kept = whole["channels"][:channels]
    owners = {channel["device"] for channel in kept}
    devices = [each for each in whole["devices"] if each["gb_id"] in owners]
    if len(kept) == len(whole["channels"]):
        return dict(whole)
    # the graph of power and fibre names every device of the whole
    return {**whole, "channels": kept, "devices": devices, "feeds": [], "fibres": [], "graph": {}}


def _finish(folder: Path, settings: Mapping[str, str], *words: str) -> str:
    """Run ``civicam`` to its end and give what it wrote."""
    with (folder / f"{words[0]}.log").open("w") as log:
        done = subprocess.run(  # noqa: S603 — our own words
            _civicam(*words), env=_environment(settings), stdout=subprocess.PIPE, stderr=log, check=False
        )
    if done.returncode:
        raise _failed(folder, words[0])
    return done.stdout.decode()


@contextmanager
def _running(folder: Path, settings: Mapping[str, str], *words: str) -> Iterator[subprocess.Popen[str]]:
    """``civicam`` in a process group of its own, which is ended with the context."""
    with (folder / f"{words[0]}.log").open("w") as log:
        process = subprocess.Popen(  # noqa: S603 — our own words
            _civicam(*words),
            env=_environment(settings),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if words[0] == "serve" else log,
            stderr=log,
            text=True,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        end_group(process)


def _civicam(*words: str) -> list[str]:
    return [sys.executable, "-m", "civicam", *words]


def _environment(settings: Mapping[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CIVICAM_")}
    return {**kept, **settings}


def _failed(folder: Path, name: str) -> Operational:
    words = (folder / f"{name}.log").read_text(encoding="utf-8", errors="replace")[-600:]
    return Operational("bench.no-city", name=name, words=words)
