"""``civicam bench``: each subject is loaded only when it is asked for."""

from __future__ import annotations

from typing import Annotated

import typer

from civicam.bench.live import command as live
from civicam.bench.media import command as media
from civicam.bench.media import lines

app = typer.Typer(help="Measure signalling, media and live view.", no_args_is_help=True)
app.command("media")(media)
app.command("live")(live)


@app.command()
def signalling(
    seconds: Annotated[float, typer.Option(min=0.5, help="Length of each measurement.")] = 4.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Measure registrations and heartbeats over UDP and TCP against a bare loop."""
    from civicam.bench.signalling import run  # its processes need none of the media plane

    report = run(seconds)
    typer.echo(report.to_json() if as_json else lines(report))
    raise typer.Exit(0 if report.met else 1)
