"""``civicam bench``: each subject is loaded only when it is asked for."""

from __future__ import annotations

from typing import Annotated

import typer

from civicam.bench.live import command as live
from civicam.bench.media import command as media
from civicam.bench.media import lines
from civicam.bench.report import Report

app = typer.Typer(help="Measure signalling, media and live view.", no_args_is_help=True)
app.command("media")(media)
app.command("live")(live)


@app.command()
def signalling(
    seconds: Annotated[float, typer.Option(min=0.5, help="Length of each measurement.")] = 4.0,
    quick: Annotated[bool, typer.Option("--quick", help="One small city only; not to be quoted.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Measure registrations and heartbeats against bare loops, and Kamailio where it is installed."""
    from civicam.bench.signalling import run  # its processes need none of the media plane

    report = run(1.0 if quick else seconds, quick=quick)
    _tell(report, as_json)


@app.command()
def blackout(
    cameras: Annotated[int, typer.Option(min=1, max=65_000, help="How many come back.")] = 5_892,
    seconds: Annotated[float, typer.Option(min=15, help="How long it is watched.")] = 120.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Measure how a city comes back after a power cut: all within 10 s, 5 % of the datagrams lost."""
    from civicam.bench.signalling_blackout import run

    _tell(run(cameras, seconds), as_json)


def _tell(report: Report, as_json: bool) -> None:
    """Print it; the exit status says whether every goal was met."""
    typer.echo(report.to_json() if as_json else lines(report))
    raise typer.Exit(0 if report.met else 1)
