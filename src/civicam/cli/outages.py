"""``civicam outages``: check, list and export the ledger, beside a running server too."""

from __future__ import annotations

import asyncio
import enum
import sys
from pathlib import Path
from typing import Annotated, Protocol

import typer

from civicam.bootstrap import open_rooms
from civicam.cli.options import Config, Data
from civicam.config import load
from civicam.outages.export import as_csv, as_json, as_xlsx
from civicam.outages.ports import OutageFilter, OutagePage, OutageRow, Recomputed

app = typer.Typer(no_args_is_help=True, help="Check, list and export the outage ledger.")
PAGE = 200


class Form(enum.StrEnum):
    """How an export is written."""

    XLSX = "xlsx"
    CSV = "csv"
    JSON = "json"


@app.command()
def recompute(
    data: Data = None,
    config: Config = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Put the computed rows in the place of those that are kept.")
    ] = False,
) -> None:
    """Compute the ledger again from its facts; exit status 1 when a byte differs from what is kept."""
    settings = load(data=data, file=config)

    async def work() -> Recomputed:
        async with open_rooms(settings) as rooms:
            return await rooms.outages.recompute(replace_rows=replace)

    found = asyncio.run(work())
    typer.echo(f"kept      {found.kept}")
    typer.echo(f"computed  {found.computed}  ({found.rows} rows, {found.steps} steps)")
    if not found.same:
        typer.echo("不一致 · they differ" + (" · replaced" if replace else ""), err=True)
        raise typer.Exit(0 if replace else 1)


@app.command("list")
def list_rows(
    data: Data = None,
    config: Config = None,
    all_rows: Annotated[bool, typer.Option("--all", help="Closed ones too.")] = False,
) -> None:
    """Open causes, newest first."""
    settings = load(data=data, file=config)

    async def work() -> list[OutageRow]:
        async with open_rooms(settings) as rooms:
            states = (OutageFilter(),) if all_rows else (OutageFilter(state="open"),)
            return [row for wanted in states for row in await every(rooms.outages, wanted)]

    for row in asyncio.run(work()):
        outage = row.outage
        ended = "-" if outage.ended_at is None else outage.ended_at.isoformat(timespec="seconds")
        cells = (
            outage.outage_id,
            outage.state,
            row.kind,
            row.place,
            f"{outage.sites}/{outage.channels}",
            outage.started_at.isoformat(timespec="seconds"),
            ended,
            f"{outage.verdict.confidence:.2f}",
        )
        typer.echo("\t".join(cells))


@app.command()
def export(
    file: Annotated[Path, typer.Argument(help="Where to write; - for stdout.")],
    form: Annotated[Form, typer.Option("--format", help="xlsx, csv or json.")] = Form.XLSX,
    english: Annotated[bool, typer.Option("--english", help="English headers instead of Chinese.")] = False,
    data: Data = None,
    config: Config = None,
) -> None:
    """Write the ledger with its evidence to a file."""
    settings = load(data=data, file=config)

    async def work() -> bytes:
        async with open_rooms(settings) as rooms:
            found = [
                await rooms.outages.outage(row.outage.outage_id, whole=True)
                for row in await every(rooms.outages, OutageFilter())
            ]
            now = rooms.clock.now()
            if form is Form.JSON:
                return as_json(found, now)
            write = as_xlsx if form is Form.XLSX else as_csv
            return write(found, now, "en" if english else "zh-CN", {})

    body = asyncio.run(work())
    if str(file) == "-":
        sys.stdout.buffer.write(body)
    else:
        file.write_bytes(body)


class Pages(Protocol):
    """Whoever gives the ledger page by page."""

    async def page(self, wanted: OutageFilter, after: str = "", limit: int = 100) -> OutagePage:
        """One page."""
        ...


async def every(outages: Pages, wanted: OutageFilter) -> list[OutageRow]:
    """All rows that a filter lets through."""
    found: list[OutageRow] = []
    after: str | None = ""
    while after is not None:
        page = await outages.page(wanted, after, PAGE)
        found += page.rows
        after = page.next
    return found
