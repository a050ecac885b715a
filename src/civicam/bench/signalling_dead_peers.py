"""Dead peers: what those who are half there cost the others.

Two platforms with the same living cameras, of which only one has, besides them,

* cameras that register and beat and never answer what the platform asks of them, not even with a 200,
* TCP peers that connect and stay: half of them silent, half in the middle of a message. When the platform
hangs up they come back at once.

The same load goes to both in turns of two seconds, so that what else the machine does falls on both alike.
The others must not feel the dead: p99 over all turns counts as unchanged when it is at most 1.5 times that of
the platform without them, or within 2 ms of it.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator

from civicam.bench.report import Goal, Report
from civicam.bench.signalling_city import BEATS, cores
from civicam.bench.signalling_devices import cameras
from civicam.bench.signalling_messages import Camera
from civicam.bench.signalling_platform import platform
from civicam.bench.signalling_work import Done, Work, percentile

SILENT = 500
HALF_OPEN = 200
REFRESHES = 20.0
"""Registrations of living cameras a second."""
RATIO, WITHIN_MS = 1.5, 2.0
_ASK_ALL = {
    "CIVICAM_GATEWAY__RESYNC__CONCURRENT": str(2 * SILENT),
    "CIVICAM_GATEWAY__RESYNC__PER_SECOND": str(SILENT),
}
"""So that questions to all the silent ones are under way at once; usually there are 32."""
_SETTLE_S = 3.0
_TURN_S = 2.0
_LOOK_S = 0.2


def run(count: int = 2_000, seconds: float = 20.0) -> Report:
    """``count`` living cameras on each platform, loaded for ``seconds`` each. Raises `Operational`
    ``bench.no-answer``.
    """
    load = {"cameras": count, "silent": SILENT, "half_open": HALF_OPEN, "seconds_each": seconds}
    report = Report("dead-peers", load=load | {"beats_per_s": BEATS, "registrations_per_s": REFRESHES})
    mine, theirs = cores()
    with (
        platform(count, mine, settings=_ASK_ALL) as alone,
        platform(count + SILENT, mine, settings=_ASK_ALL) as beside,
        cameras(alone.port, count, theirs) as to_alone,
        cameras(beside.port, count, theirs) as to_beside,
        cameras(beside.port, SILENT, theirs, first=count) as silent,
    ):
        for living in (to_alone, to_beside):
            living(Work("register", window=16))
        dead = Work("silent", 2 * _SETTLE_S + 2 * seconds, rate=SILENT / 60, window=4)
        told = threading.Thread(target=silent, args=(dead,), daemon=True)
        told.start()
        with _half_open(beside.port, HALF_OPEN) as held:
            told.join(_SETTLE_S)
            found = _take_turns(to_alone, to_beside, seconds)
            report.figures["half_open_standing"] = len(held)
        told.join()
    for name, done in found.items():
        _note(report, name, done)
    _judge(report, found["alone"], found["beside"])
    return report


def _take_turns(
    to_alone: Callable[[Work], Done], to_beside: Callable[[Work], Done], seconds: float
) -> dict[str, Done]:
    found = {"alone": Done(), "beside": Done()}
    turn = Work("city", _TURN_S, rate=BEATS, refreshes=REFRESHES)
    for _ in range(max(1, round(seconds / _TURN_S))):
        for name, living in (("alone", to_alone), ("beside", to_beside)):
            done = living(turn)
            found[name].latency_s += done.latency_s
            found[name].registration_s += done.registration_s
            found[name].failed += done.failed + done.unanswered
    return found


def _note(report: Report, name: str, done: Done) -> None:
    for kind, values in (("exchange", done.latency_s), ("registration", done.registration_s)):
        for percent in (50, 99):
            report.figures[f"{name}_{kind}_p{percent}_ms"] = 1000 * percentile(values, percent)
    report.figures[f"{name}_failed"] = done.failed


def _judge(report: Report, quiet: Done, beside: Done) -> None:
    for kind in ("latency_s", "registration_s"):
        before, after = (1000 * percentile(getattr(each, kind), 99) for each in (quiet, beside))
        name = "exchange" if kind == "latency_s" else "registration"
        report.ratios[f"{name}_p99"] = after / before if before else 0.0
        report.goals[f"{name}_p99_unchanged"] = Goal(max(RATIO * before, before + WITHIN_MS), after, "ms")
    report.goals["failed"] = Goal(0, beside.failed, "exchanges")


@contextlib.contextmanager
def _half_open(port: int, count: int) -> Iterator[list[socket.socket]]:
    """``count`` TCP peers that stay; whom the platform leaves comes back."""
    begun = Camera(0).register(1, 3600)[:200]
    held: list[socket.socket] = []
    ended = threading.Event()

    def hold() -> None:
        while not ended.wait(_LOOK_S):
            held[:] = [each for each in held if _stands(each)]
            while len(held) < count:
                peer = socket.create_connection(("127.0.0.1", port))
                peer.setblocking(False)
                if len(held) % 2:
                    peer.send(begun)
                held.append(peer)

    holder = threading.Thread(target=hold, daemon=True)
    holder.start()
    try:
        yield held
    finally:
        ended.set()
        holder.join()
        for each in held:
            each.close()


def _stands(peer: socket.socket) -> bool:
    try:
        there = peer.recv(1) != b""
    except BlockingIOError:
        return True
    except OSError:
        there = False
    if not there:
        peer.close()
    return there
