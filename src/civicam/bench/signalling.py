"""``civicam bench signalling``: registrations and heartbeats through the agent alone and through the whole
platform, floors and a peer beside them.

The figures that travel between machines are ratios: CPU of our server for a message to the CPU of a bare
uvloop loop that answers every message with the same bytes and reads none of them, and to Kamailio's. Sender
and server are processes of their own; only the server's CPU counts, so a busy machine changes the rate and
hardly the figure.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import Any

import psutil

from civicam.bench import signalling_city
from civicam.bench.report import Goal, Report
from civicam.bench.signalling_devices import receive
from civicam.bench.signalling_load import Kind, Load, send_load, serve_agent, serve_floor, template
from civicam.kernel.errors import Operational
from civicam.signalling.sip.peer import Transport

CITY_CHANNELS = 5_892
HEARTBEAT_S = 60
"""A city whose every channel is a camera of its own that registers and beats once a minute."""

_WINDOW = 64
_WARM_UP_S = 0.5
_PATIENCE_S = 30.0


@dataclass(frozen=True, slots=True)
class Measured:
    """One run: exchanges in ``seconds`` of wall clock, and the server's CPU for them."""

    exchanges: int
    failed: int
    seconds: float
    cpu_s: float

    @property
    def per_core(self) -> float:
        """Exchanges for one second of CPU."""
        return self.exchanges / self.cpu_s

    @property
    def cpu_s_per_1000(self) -> float:
        """CPU seconds for a thousand exchanges."""
        return 1000.0 * self.cpu_s / self.exchanges


def measure(
    kind: Kind, transport: Transport, seconds: float, *, floor: bool = False, plain: bool = False
) -> Measured:
    """Run one load against our agent, or against the floor (then each exchange is one message).

    ``plain``: the floor on asyncio's own loop instead of uvloop.

    Raises `Operational` ``bench.no-answer`` when a process did not do its part in time.
    """
    length = len(template(kind, transport))
    server: tuple[Callable[..., None], tuple[Any, ...]] = (
        (serve_floor, (transport, length, plain)) if floor else (serve_agent, ())
    )
    with _child(*server) as (process, pipe):
        port = receive(pipe, _PATIENCE_S)
        load = Load(kind, transport, port, _WINDOW, _WARM_UP_S, seconds)
        with _child(send_load, (load,)) as (_, results):
            receive(results, _PATIENCE_S)
            before = _cpu(process)
            exchanges, failed, took = receive(results, seconds + _PATIENCE_S)
            used = _cpu(process) - before
    if not exchanges or not used:
        raise Operational("bench.no-answer", seconds=seconds)
    return Measured(exchanges, failed, took, used)


def run(seconds: float = 4.0, *, quick: bool = False) -> Report:
    """The whole benchmark: floors, the signalling layer alone, the running platform, Kamailio.

    ``seconds`` each closed loop lasts; ``quick``: one size of city, and a short one. Raises `Operational`
    ``bench.no-answer``.
    """
    load = {
        "seconds_each": seconds,
        "window": _WINDOW,
        "city_channels": CITY_CHANNELS,
        "heartbeat_s": HEARTBEAT_S,
    }
    report = Report("signalling", load=load)
    cost: dict[str, float] = {}
    transports: tuple[Transport, ...] = ("udp", "tcp")
    for transport in transports:
        bare = measure("keepalive", transport, seconds, floor=True)
        report.floors[f"messages_{transport}_per_core"] = bare.per_core
        report.floors[f"messages_{transport}_us"] = 1000 * bare.cpu_s_per_1000
        kinds: tuple[Kind, ...] = ("keepalive", "register")
        for kind in kinds:
            name = f"{'keepalives' if kind == 'keepalive' else 'registrations'}_{transport}"
            ours = measure(kind, transport, seconds)
            report.figures[f"{name}_per_core"] = ours.per_core
            report.figures[f"{name}_us"] = 1000 * ours.cpu_s_per_1000
            report.figures[f"{name}_failed"] = ours.failed
            report.ratios[f"{name}_to_floor"] = ours.cpu_s_per_1000 / bare.cpu_s_per_1000
            cost[name] = ours.cpu_s_per_1000
    plain = measure("keepalive", "udp", seconds, floor=True, plain=True)
    report.floors["messages_udp_plain_asyncio_us"] = 1000 * plain.cpu_s_per_1000
    _judge(report, cost)
    if quick:
        signalling_city.run(report, seconds, (1_000,), 5.0)
    else:
        signalling_city.run(report, seconds)
    return report


def _judge(report: Report, cost: dict[str, float]) -> None:
    """What the layer alone promises; the platform's promises are judged in
    `civicam.bench.signalling_city`.
    """
    beats = CITY_CHANNELS / HEARTBEAT_S / 1000
    report.goals["city_heartbeats_udp"] = Goal(5.0, 100 * beats * cost["keepalives_udp"], "% of a core")
    report.goals["city_heartbeats_tcp"] = Goal(5.0, 100 * beats * cost["keepalives_tcp"], "% of a core")
    storm = CITY_CHANNELS / 1000 * cost["registrations_udp"]
    report.goals["city_registers_again_udp"] = Goal(10.0, storm, "s of one core")
    failed = sum(
        value for name, value in report.figures.items() if name.endswith("_failed") and isinstance(value, int)
    )
    report.goals["failed_exchanges"] = Goal(0, failed, "exchanges")


@contextmanager
def _child(
    target: Callable[..., None], arguments: tuple[Any, ...] = ()
) -> Iterator[tuple[SpawnProcess, Connection]]:
    """A process of its own with a pipe; ended when the block ends."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=target, args=(theirs, *arguments), daemon=True)
    process.start()
    theirs.close()
    try:
        yield process, ours
    finally:
        process.terminate()
        process.join()
        ours.close()


def _cpu(process: SpawnProcess) -> float:
    times = psutil.Process(process.pid).cpu_times()
    return float(times.user + times.system)
