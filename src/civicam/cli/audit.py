"""``civicam audit``: verify the log, export it, change its key; beside a running server too."""

from __future__ import annotations

import asyncio
import base64
import sys
from pathlib import Path
from typing import Annotated

import typer

from civicam.audit.facts import Entry, Part
from civicam.audit.verifier import Verdict, Verifier, report
from civicam.bootstrap import open_rooms
from civicam.cli.maintain import OPERATOR
from civicam.cli.options import Config, Data
from civicam.config import Settings, load
from civicam.kernel.errors import Refused

app = typer.Typer(no_args_is_help=True, help="Verify and export the audit log, change its key.")


@app.command()
def verify(
    files: Annotated[
        list[Path] | None,
        typer.Argument(help="An export, then checkpoints of witnesses; none: the log of this server."),
    ] = None,
    key: Annotated[str, typer.Option(help="The log's first public key (base64), known from elsewhere.")] = "",
    data: Data = None,
    config: Config = None,
) -> None:
    """Say what is whole, missing, altered, reordered, cut off, forked or rolled back. Exit 1: not whole."""
    try:
        trusted = base64.b64decode(key, validate=True) if key else None
        if files:
            verdict = _of_files(files, trusted)
        else:
            verdict = asyncio.run(_of_server(load(data=data, file=config), trusted))
    except (OSError, ValueError) as error:
        raise Refused("config.unreadable", file=" ".join(map(str, files or [])), reason=str(error)) from error
    for line in report(verdict):
        typer.echo(line)
    if verdict.findings:
        raise typer.Exit(1)


def _of_files(files: list[Path], trusted: bytes | None) -> Verdict:
    verifier = Verifier(trusted)
    for place, path in enumerate(files):
        with path.open(encoding="utf-8") as file:
            (verifier.witness if place else verifier.export)(file, str(path))
    return verifier.finish()


async def _of_server(settings: Settings, trusted: bytes | None) -> Verdict:
    verifier = Verifier(trusted)
    async with open_rooms(settings) as rooms:
        async for line in rooms.audit.lines():
            verifier.export([line])
    witness = settings.audit.witness_file or settings.data / "audit-witness.jsonl"
    if witness.exists():
        verifier.witness(witness.read_text(encoding="utf-8").splitlines(), str(witness))
    return verifier.finish()


@app.command()
def export(
    file: Annotated[Path, typer.Argument(help="Where to write; - for stdout.")],
    data: Data = None,
    config: Config = None,
) -> None:
    """Write the whole log with its checkpoints as JSON lines; the export itself is an entry."""
    settings = load(data=data, file=config)

    async def work() -> int:
        count = 0
        out = sys.stdout if str(file) == "-" else file.open("w", encoding="utf-8")
        try:
            async with open_rooms(settings) as rooms:
                await rooms.audit.keeper.open(rooms.audit.append)
                await rooms.audit.append(Entry("audit.export", OPERATOR))
                await rooms.audit.keeper.checkpoint()
                async for line in rooms.audit.lines():
                    out.write(line + "\n")
                    count += 1
        finally:
            if out is not sys.stdout:
                out.close()
        return count

    written = asyncio.run(work())
    if str(file) != "-":
        typer.echo(f"{file}: {written}")


@app.command()
def rotate(
    reason: Annotated[str, typer.Option(help="Why; it is kept in the log.")],
    data: Data = None,
    config: Config = None,
) -> None:
    """Sign with another key from now on; the old key signs the new one. Stop the server first."""
    settings = load(data=data, file=config)

    async def work() -> str:
        async with open_rooms(settings) as rooms:
            await rooms.audit.keeper.open(rooms.audit.append)
            return (await rooms.audit.keeper.rotate(Entry("", OPERATOR, note=reason))).public

    typer.echo(asyncio.run(work()))


@app.command()
def erase(
    seq: Annotated[int, typer.Argument(min=0, help="The entry's place in the log.")],
    reason: Annotated[str, typer.Option(help="On what ground; it is kept in the log.")],
    parts: Annotated[
        list[Part] | None, typer.Option("--part", help="who, what or change; several times for several.")
    ] = None,
    data: Data = None,
    config: Config = None,
) -> None:
    """Erase what names somebody in an entry; the entry itself stays, and every proof with it."""
    settings = load(data=data, file=config)

    async def work() -> None:
        async with open_rooms(settings) as rooms:
            await rooms.audit.erase(seq, parts or [Part.WHO], Entry("", OPERATOR, note=reason))

    asyncio.run(work())
