"""``civicam bench media``: what receiving, recording and handing out cost, against a loop that only receives.

    [sender process] ──RTP──► [measured process] ──WebSocket──► [viewers process]

Everything is on the loopback of one machine; each load is a process of its own and its CPU time is taken from
the kernel over a fixed stretch of wall time. docs/reference/benchmarks.md tells how to read the figures.
"""

from __future__ import annotations

import multiprocessing
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from statistics import median
from typing import Annotated, Any

import typer

from civicam.bench.media_clip import BITRATE, FPS, Camera, Picture, Sender, Sent, encode, send
from civicam.bench.media_load import Figures, Load, serve, start_times
from civicam.bench.media_viewers import watch
from civicam.bench.report import Goal, Report
from civicam.kernel.errors import Operational
from civicam.media.core.unit import Codec

RECORD_RATIO = 1.8
FANOUT_SHARE = 5.0
START_SLACK_S = 0.06
"""A picture and a half: what a start may differ by without anything being waited for."""

KINDS = ("floor", "bare", "ingest", "null", "file", "watched")
FLOORS = {
    ("udp", "floor"): "uvloop reader callback, recv until the socket is empty, packets counted",
    ("udp", "bare"): "uvloop datagram transport and protocol, packets counted",
    ("tcp", "floor"): "uvloop transport and protocol, packets cut at their RFC 4571 lengths and counted",
    ("tcp", "bare"): "uvloop transport and protocol, bytes dropped, no packets looked for",
}
"""What each floor does; the goals are measured against ``floor``."""
SENDER = "one picture's packets back to back, one send each; cameras evenly spread over 40 ms"

_RUN_UP_S = 0.5
"""What a turn's first moments do is not counted."""
_PATIENCE_S = 120
_SPAWN = multiprocessing.get_context("spawn")


@dataclass(frozen=True, slots=True)
class Size:
    """How much to measure."""

    seconds: float
    turn_s: float = 2.0
    rounds: int = 5
    streams: int = 40
    many: int = 150
    viewers: int = 50


def run(size: Size) -> Report:
    """Measure everything; takes some four minutes."""
    clip = encode()
    report = Report(
        "media",
        {
            "streams": size.streams,
            "many": size.many,
            "viewers": size.viewers,
            "seconds": size.seconds,
            "fps": FPS,
            "kbps": round(sum(len(p.data) for p in clip) * 8 * FPS / len(clip) / 1000),
            "wanted_kbps": BITRATE // 1000,
            "sender": SENDER,
            "turn_s": size.turn_s,
            "rounds": size.rounds,
        },
    )
    with tempfile.TemporaryDirectory(prefix="civicam-bench-") as folder:
        for tcp in (False, True):
            _transport(report, clip, size, tcp, folder)
    _many(report, clip, size)
    _fan_out(report, clip, size)
    _start(report, clip)
    return report


def _transport(report: Report, clip: Sequence[Picture], size: Size, tcp: bool, folder: str) -> None:
    """Floors, ingest, and recording over one transport; figures are percent of a core for each stream."""
    name = "tcp" if tcp else "udp"
    share, lost = _in_turns(clip, [Load(kind, size.streams, tcp, folder) for kind in KINDS], size)
    for kind in ("floor", "bare"):
        report.floors[f"{name}_{kind}_cpu_percent_a_stream"] = share[kind]
        report.floors[f"{name}_{kind}"] = FLOORS[name, kind]
    for kind in ("ingest", "null", "file", "watched"):
        report.figures[f"{name}_{kind}_cpu_percent_a_stream"] = share[kind]
        report.figures[f"{name}_{kind}_streams_a_core"] = 100 / share[kind]
        report.figures[f"{name}_{kind}_lost"] = lost[kind]
        report.ratios[f"{name}_{kind}_to_floor"] = share[kind] / share["floor"]
        report.ratios[f"{name}_{kind}_to_bare"] = share[kind] / share["bare"]
    for kind in ("null", "file"):
        value = share[kind] / share["floor"]
        report.goals[f"{name}_record_{kind}"] = Goal(RECORD_RATIO, value, "times the floor")


def _in_turns(
    clip: Sequence[Picture], loads: Sequence[Load], size: Size
) -> tuple[dict[str, float], dict[str, int]]:
    """All loads run side by side, and get their packets by turns, so that what else the machine does falls
    on all of them. By kind: the median over the rounds of CPU for each stream (percent), and packets lost."""
    shares: dict[str, list[float]] = {load.kind: [] for load in loads}
    sent = dict.fromkeys(shares, 0)
    lost: dict[str, int] = {}
    with ExitStack() as stack:
        ours = [stack.enter_context(_process(serve, load)) for load in loads]
        ports = [_receive(pipe) for pipe in ours]
        sender = stack.enter_context(_process(_send_turns, clip, ports, loads[0].tcp))
        for number in range(size.rounds * len(loads)):
            # each round begins with another kind
            turn = (number + number // len(loads)) % len(loads)
            sender.send((turn, size.turn_s + _RUN_UP_S + 0.2))
            ours[turn].send(("measure", _RUN_UP_S + 0.2))
            _receive(ours[turn])
            ours[turn].send(("measure", size.turn_s))
            figures: Figures = _receive(ours[turn])
            kind = loads[turn].kind
            shares[kind].append(100 * figures.cpu_s / figures.wall_s / loads[turn].streams)
            sent[kind] += _receive(sender).packets
        sender.send(None)
        for load, pipe in zip(loads, ours, strict=True):
            pipe.send(("measure", 0.2))  # what is still in the sockets
            after: Figures = _receive(pipe)
            lost[load.kind] = max(after.lost, sent[load.kind] - after.packets)
            pipe.send(("stop", 0.0))
    return {kind: median(values) for kind, values in shares.items()}, lost


def _many(report: Report, clip: Sequence[Picture], size: Size) -> None:
    """Loss with many streams in one process: what was sent against what arrived, by our own count, too."""
    figures, sent = _measure(clip, Load("ingest", size.many), size.seconds)
    lost = max(figures.lost, sent.packets - figures.packets)
    report.figures["many_packets_sent"] = sent.packets
    report.figures["many_packets_lost"] = lost
    report.figures["many_cpu_percent_a_stream"] = 100 * figures.cpu_s / figures.wall_s / size.many
    report.figures["many_sender_late_s"] = sent.late_s
    report.goals["many_lost"] = Goal(0, lost, "packets")


def _fan_out(report: Report, clip: Sequence[Picture], size: Size) -> None:
    """One stream and many viewers: the share of a core, the stream's own ingest included."""
    load = Load("ingest", 1, viewers=size.viewers)
    with _process(serve, load) as ours:
        port, door = ours.recv()
        with (
            _process(send, clip, [port], size.seconds + 3, told=False) as _,
            _process(watch, door, "/media", size.viewers) as crowd,
        ):
            _receive(crowd)
            ours.send(("measure", size.seconds))
            figures: Figures = _receive(ours)
            crowd.send("stop")
            got: list[int] = _receive(crowd)
        ours.send(("stop", 0.0))
    share = 100 * figures.cpu_s / figures.wall_s
    report.figures["fanout_cpu_percent"] = share
    report.figures["fanout_drops"] = figures.drops
    report.figures["fanout_least_viewer_bytes"] = min(got)
    report.goals["fanout"] = Goal(FANOUT_SHARE, share, "% of a core")


def _start(report: Report, clip: Sequence[Picture]) -> None:
    """A PSM may announce sound that never comes; the picture must not wait for it."""
    pictures = {
        "video_only": [Camera(clip)],
        "audio_announced": [Camera(clip, Codec.PCMA)],
    }
    clips = {name: [cameras[0].picture() for _ in range(2 * FPS)] for name, cameras in pictures.items()}
    times = start_times(clips, 1 / FPS)
    for name, seconds in times.items():
        report.figures[f"start_{name}_s"] = seconds
    later = times["audio_announced"] - times["video_only"]
    report.goals["start_audio_announced"] = Goal(START_SLACK_S, later, "s later than without")


def _measure(clip: Sequence[Picture], load: Load, seconds: float) -> tuple[Figures, Sent]:
    """CPU over ``seconds`` in the middle of the sending; packets once all is over."""
    with _process(serve, load) as ours:
        ports: list[int] = _receive(ours)
        with _process(_send, clip, ports, seconds + 2.0, load.tcp) as sender:
            _receive(sender)
            ours.send(("measure", 1.0))  # what the first second does is not counted
            _receive(ours)
            ours.send(("measure", seconds))
            figures: Figures = _receive(ours)
            sent: Sent = _receive(sender)
        ours.send(("measure", 0.5))  # what is still in the sockets
        after: Figures = _receive(ours)
        ours.send(("stop", 0.0))
    return Figures(figures.cpu_s, figures.wall_s, after.packets, after.lost, 0, after.kbps, 0), sent


def _send(clip: Sequence[Picture], ports: Sequence[int], seconds: float, tcp: bool, pipe: Connection) -> None:
    pipe.send("sending")
    pipe.send(send(clip, ports, seconds, tcp=tcp))


def _send_turns(
    clip: Sequence[Picture], groups: Sequence[Sequence[int]], tcp: bool, pipe: Connection
) -> None:
    sender = Sender(clip, groups, tcp=tcp)
    while (turn := pipe.recv()) is not None:
        pipe.send(sender.send(*turn))
    sender.close()


@contextmanager
def _process(target: Any, *args: Any, told: bool = True) -> Iterator[Connection]:
    """A process with ``target(*args, pipe)``; ended with the block, by force if it must be."""
    ours, theirs = _SPAWN.Pipe()
    keywords = {} if told else {"tcp": False}
    process: SpawnProcess = _SPAWN.Process(
        target=target, args=(*args, theirs) if told else args, kwargs=keywords, daemon=True
    )
    process.start()
    theirs.close()
    try:
        yield ours
    finally:
        process.join(10)
        if process.is_alive():
            process.kill()
            process.join()
        ours.close()


def _receive(pipe: Connection) -> Any:
    """What a process sends within two minutes; its death or silence is an error, never a hang."""
    try:
        if pipe.poll(_PATIENCE_S):
            return pipe.recv()
    except EOFError:
        pass
    raise Operational("bench.no-answer", seconds=_PATIENCE_S)


def command(
    quick: Annotated[bool, typer.Option(help="One turn for each figure instead of five.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Measure ingest, recording and fan-out of the media plane."""
    report = run(Size(2.0, rounds=1) if quick else Size(8.0))
    typer.echo(report.to_json() if as_json else lines(report))
    raise typer.Exit(0 if report.met else 1)


def lines(report: Report) -> str:
    """The report for people."""
    told = [f"{name:44} {value}" for name, value in {**report.floors, **report.figures}.items()]
    told += [
        f"{name:44} {goal.value:.3f} (goal {goal.goal} {goal.unit}) {'met' if goal.met else 'NOT MET'}"
        for name, goal in report.goals.items()
    ]
    return "\n".join(told)
