"""``civicam bench``: each subject is loaded only when it is asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from civicam.bench.live import command as live
from civicam.bench.media import command as media
from civicam.bench.media import lines
from civicam.bench.outages import command as outages
from civicam.bench.report import Report

app = typer.Typer(help="Measure signalling, media, live view and the truth of outages.", no_args_is_help=True)
app.command("media")(media)
app.command("live")(live)
app.command("outages")(outages)


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


@app.command()
def endurance(
    minutes: Annotated[float, typer.Option(min=0.1, help="How long it is kept up.")] = 60.0,
    channels: Annotated[int, typer.Option(min=1, max=5_892, help="Size of the city.")] = 5_892,
    every: Annotated[float, typer.Option(min=0.5, help="Seconds between two samples.")] = 60.0,
    viewers: Annotated[int, typer.Option(min=1, max=50, help="Panes that open and close streams.")] = 4,
    samples: Annotated[Path | None, typer.Option(help="Write each sample to this file, a line each.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Run the platform at city size under a load that comes and goes, and look for what is not given back."""
    from civicam.bench.endurance import Wish, run
    from civicam.bench.endurance_load import Pace

    wish = Wish(minutes * 60, channels, min(every, minutes * 10), pace=Pace(viewers=viewers), samples=samples)
    _tell(run(wish), as_json)


@app.command()
def probes(
    agents: Annotated[int, typer.Option(min=1, max=20_000, help="Agents asked by SNMP, and pinged.")] = 2_343,
    seconds: Annotated[float, typer.Option(min=5, help="How long they are asked.")] = 60.0,
    every: Annotated[float, typer.Option(min=1, help="Each once in so many seconds.")] = 30.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Measure what asking a city's agents costs, against Debian's snmpd and a bare loop of datagrams."""
    from civicam.bench.probes import run

    _tell(run(agents, seconds, every), as_json)


@app.command()
def usability(
    days: Annotated[int, typer.Option(min=1, max=400, help="Days of history.")] = 30,
    seed: Annotated[int, typer.Option(help="Another city, another history.")] = 1,
    repetitions: Annotated[int, typer.Option(min=1, help="Answers a question; the median counts.")] = 9,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Measure what the history of 5,892 channels costs to write and to ask, on SQLite."""
    from civicam.bench.usability import run

    _tell(run(days, seed, repetitions), as_json)


@app.command()
def simulator(
    streams: Annotated[int, typer.Option(min=1, help="Cameras that are watched at once.")] = 40,
    seconds: Annotated[float, typer.Option(min=1, help="How long it is measured.")] = 30.0,
    settle: Annotated[float, typer.Option(min=0, help="Seconds before, with every stream open.")] = 40.0,
    seed: Annotated[int, typer.Option(help="Same seed, same district and scenes.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Measure whether simulated cameras keep 25 pictures a second beside the platform, and at what cost."""
    from civicam.bench.simulator import Size, run

    _tell(run(Size(streams, seconds, settle, seed)), as_json)


@app.command()
def graph(
    seed: Annotated[int, typer.Option(help="Another city.")] = 1,
    repetitions: Annotated[int, typer.Option(min=1, help="Answers a question; the median counts.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Measure how fast the power and fibre graph of a city says who goes dark."""
    from civicam.bench.graph import run

    _tell(run(seed, repetitions=repetitions), as_json)


@app.command("import")
def importing(
    seed: Annotated[int, typer.Option(help="Another city.")] = 1,
    postgres: Annotated[
        str, typer.Option(help="URL of a server where a database may be made; empty: SQLite alone.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Measure how long a city's workbook takes from upload to the register."""
    from civicam.bench.importing import run
    from civicam.observability.logs import configure
    from civicam.observability.settings import LogSettings

    configure(LogSettings())  # to stderr: what is printed is the report
    _tell(run(seed, postgres=postgres), as_json)


@app.command("dead-peers")
def dead_peers(
    cameras: Annotated[
        int, typer.Option(min=1, max=60_000, help="How many live, on each of two platforms.")
    ] = 2_000,
    seconds: Annotated[float, typer.Option(min=2, help="Load on each of them.")] = 20.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Measure what 500 cameras that never answer and 200 half-open connections cost all others."""
    from civicam.bench.signalling_dead_peers import run

    _tell(run(cameras, seconds), as_json)


@app.command()
def audit(
    seconds: Annotated[float, typer.Option(min=0.5, help="Length of each measurement.")] = 5.0,
    appenders: Annotated[int, typer.Option(min=1, max=5_000, help="Who append at once.")] = 200,
    entries: Annotated[int, typer.Option(min=1_000, help="Entries that are verified.")] = 1_000_000,
    postgres: Annotated[
        str, typer.Option(help="URL of an empty PostgreSQL database; none: SQLite alone.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Measure durable entries of the audit log against bare inserts in groups; verify a long log."""
    from civicam.bench.audit import Wish, run

    _tell(run(Wish(seconds, appenders, entries, postgres)), as_json)


def _tell(report: Report, as_json: bool) -> None:
    """Print it; the exit status says whether every goal was met."""
    typer.echo(report.to_json() if as_json else lines(report))
    raise typer.Exit(0 if report.met else 1)
