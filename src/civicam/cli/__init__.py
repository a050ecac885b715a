"""``civicam``: one command with sub-commands, each loaded only when it is called.

A worker process must not pay for the web framework, nor the web server for the drawing of scenes: this file
knows where each command lives and imports none of them. An entry names a module, or ``module:attribute``;
without an attribute the module's ``app`` (a `typer.Typer` with sub-commands) is taken, else its ``command``
(a function with typer-style parameters).
"""

from __future__ import annotations

import gc
import importlib
import sys
from dataclasses import dataclass
from typing import Any

import typer
import typer.core
import typer.main

from civicam import __version__
from civicam.kernel.errors import CivicamError


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a command lives; ``hidden`` ones are started by civicam itself."""

    module: str
    help: str
    hidden: bool = False


COMMANDS: dict[str, Entry] = {
    "demo": Entry("civicam.demo.command", "Start a server with a simulated district; print a log-in link."),
    "serve": Entry("civicam.cli.serve", "Run the platform: console, API, SIP and media workers."),
    "simulate": Entry("civicam.simulator.command", "Run a simulated city on the real wire."),
    "migrate": Entry("civicam.cli.maintain:migrate", "Bring the database schema up to date."),
    "user": Entry("civicam.cli.maintain:users", "Make log-in links and set passwords."),
    "import": Entry(
        "civicam.cli.maintain:import_city", "Take over sites, devices, channels from a city file."
    ),
    "fleet": Entry("civicam.cli.fleet", "Take spreadsheets in, write them out, undo an import."),
    "check": Entry("civicam.cli.check", "Say what is missing on this machine and how to mend it."),
    "bench": Entry("civicam.bench.command", "Measure signalling, media, live view and the truth of outages."),
    "outages": Entry("civicam.cli.outages", "Check, list and export the outage ledger."),
    "audit": Entry("civicam.cli.audit", "Verify and export the audit log, change its key."),
    "openapi": Entry("civicam.cli.maintain:openapi", "Print the API's OpenAPI description.", hidden=True),
    "worker": Entry("civicam.media.aio.worker", "Media worker; started by `civicam serve`.", hidden=True),
}


class _Late(typer.core.TyperGroup):
    """A group whose commands are imported when one is run; the list of them imports nothing."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        entry = COMMANDS.get(cmd_name)
        return None if entry is None else _named(cmd_name, _listed(entry))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        name, _, rest = super().resolve_command(ctx, args)
        return name, _named(str(name), _load(COMMANDS[str(name)])), rest


def _named(name: str, app: typer.Typer) -> Any:
    """The app as one command called ``name``."""
    command = typer.main.get_command(app)
    command.name = name
    return command


def _listed(entry: Entry) -> typer.Typer:
    """A command that carries only its line in the list."""
    app = typer.Typer(add_completion=False)

    @app.command(help=entry.help, hidden=entry.hidden)
    def line() -> None:
        """Never called: `_Late` loads the real one first."""

    return app


def _load(entry: Entry) -> typer.Typer:
    """Import the command's module; from then on garbage is collected, and what is there is left alone."""
    name, _, attribute = entry.module.partition(":")
    module = importlib.import_module(name)
    gc.freeze()
    gc.enable()
    found = getattr(module, attribute) if attribute else getattr(module, "app", None) or module.command
    if isinstance(found, typer.Typer):
        return found
    app = typer.Typer(add_completion=False)
    app.command(help=found.__doc__ or entry.help)(found)
    return app


app = typer.Typer(
    cls=_Late,
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Runs a city's public camera network.",
)


@app.callback(invoke_without_command=True)
def _top(
    ctx: typer.Context,
    version: bool = typer.Option(False, "--version", help="Print the version and end."),
) -> None:
    if version:
        typer.echo(__version__)
        raise typer.Exit
    if ctx.invoked_subcommand is None:
        typer.echo(ctx.get_help())


def run() -> None:
    """Entry point: an error with a code is one line for people, not a traceback."""
    try:
        app()
    except CivicamError as error:
        typer.echo(f"civicam: {error}", err=True)
        sys.exit(2 if error.family == "refused" else 1)
