"""``civicam fleet``: spreadsheets in and out, beside a running server too."""

from __future__ import annotations

import asyncio
import getpass
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from civicam.bootstrap import Rooms, open_rooms
from civicam.cli.options import Config, Data
from civicam.config import load
from civicam.fleet.crs import System
from civicam.fleet.sheets.compare import RowDiff, State
from civicam.fleet.sheets.ports import Batch, BatchState, ExportFilter
from civicam.fleet.sheets.schema import Language, SheetName
from civicam.kernel.errors import Refused
from civicam.kernel.messages import message
from civicam.observability.logs import configure

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Take spreadsheets in, write them out, undo an import."
)

T = TypeVar("T")
SHOWN = 30
"""Faulty rows that are listed; the error workbook has them all."""
PIECE = 1 << 20

Sheets = Annotated[list[SheetName] | None, typer.Option("--sheet", help="Only this sheet; several times.")]
FILTERS = tuple(each.name for each in fields(ExportFilter))


@dataclass(frozen=True, slots=True)
class Manner:
    """What holds for each command of the group."""

    by: str
    language: Language


@app.callback()
def _group(
    ctx: typer.Context,
    by: Annotated[str, typer.Option("--by", help="Who does it, for the record; default: your account.")] = "",
    english: Annotated[bool, typer.Option("--english", help="English headers instead of Chinese.")] = False,
) -> None:
    ctx.obj = Manner(by or f"cli/{getpass.getuser()}", "en" if english else "zh-CN")


def _run(data: Path | None, config: Path | None, work: Callable[[Rooms], Awaitable[T]]) -> T:
    settings = load(data=data, file=config)
    configure(settings.log)  # who did what is logged, beside what is printed

    async def inside() -> T:
        async with open_rooms(settings) as rooms:
            return await work(rooms)

    return asyncio.run(inside())


async def _pieces(file: Path) -> AsyncIterator[bytes]:
    try:
        with file.open("rb") as source:
            while piece := await asyncio.to_thread(source.read, PIECE):
                yield piece
    except OSError as error:
        raise Refused("config.unreadable", file=str(file), reason=str(error)) from error


@app.command("import")
def import_file(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="A workbook filled in from the template.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would change; write nothing.")
    ] = False,
    errors: Annotated[
        Path | None, typer.Option(help="Write the workbook with faulty cells marked here.")
    ] = None,
    data: Data = None,
    config: Config = None,
) -> None:
    """Take a workbook over, all of it or, with any faulty cell, nothing; exit status 2 when it has faults."""
    manner: Manner = ctx.obj

    async def work(rooms: Rooms) -> Batch:
        imports = rooms.imports
        batch = await imports.upload(_pieces(file), file.name, manner.by)
        _tell(batch)
        if batch.state is BatchState.FAULTY:
            page = await imports.preview(batch.import_id, [State.FAULTY], None, (0, SHOWN))
            for row in page.rows:
                _tell_faults(row, manner.language)
            if errors is not None:
                body, _ = await imports.error_book(batch.import_id, manner.language)
                errors.write_bytes(body)
        if dry_run or batch.state is BatchState.FAULTY:
            await imports.discard(batch.import_id, manner.by)
            return batch
        return await imports.apply(batch.import_id, manner.by)

    batch = _run(data, config, work)
    if batch.state is BatchState.FAULTY:
        typer.echo("有误, 未导入任何内容  ·  faulty, nothing imported", err=True)
        raise typer.Exit(2)
    if not dry_run:
        typer.echo(f"已导入, 批次 {batch.import_id}  ·  imported as batch {batch.import_id}")


def _tell(batch: Batch) -> None:
    for sheet, counts in batch.counts.items():
        words = "  ".join(f"{state} {number}" for state, number in counts.items() if number)
        typer.echo(f"{sheet:<9} {words}")


def _tell_faults(row: RowDiff, language: Language) -> None:
    for column, fault in row.faults.items():
        said = message(fault.code, language, fault.data)
        typer.echo(f"{row.sheet}:{row.number}  {column}  {fault.code}  {said}", err=True)


@app.command()
def undo(
    ctx: typer.Context,
    batch: Annotated[str, typer.Argument(help="The batch, as the import said.")],
    data: Data = None,
    config: Config = None,
) -> None:
    """Take an import back, every cell of it, unless one was changed since."""
    manner: Manner = ctx.obj
    _run(data, config, lambda rooms: rooms.imports.undo(batch, manner.by))
    typer.echo("已撤销  ·  undone")


@app.command()
def export(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="Where to write; - for stdout.")],
    sheet: Sheets = None,
    only: Annotated[
        list[str] | None, typer.Option(help=f"NAME=VALUE, several times; names: {', '.join(FILTERS)}.")
    ] = None,
    data: Data = None,
    config: Config = None,
) -> None:
    """Write the register as a workbook that imports again; passwords are never in it."""
    manner: Manner = ctx.obj
    chosen = _filter(only or [])
    _write(
        file,
        _run(data, config, lambda r: r.imports.export(sheet or [], chosen, manner.language, manner.by)),
    )


def _filter(only: list[str]) -> ExportFilter:
    pairs = dict(each.partition("=")[::2] for each in only)
    if unknown := sorted(pairs.keys() - set(FILTERS)):
        raise typer.BadParameter(f"{unknown[0]}: none of {', '.join(FILTERS)}")
    return ExportFilter(**pairs)


@app.command()
def template(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="Where to write; - for stdout.")],
    sheet: Sheets = None,
    system: Annotated[
        System, typer.Option(help="Reference system that coordinates will be entered in.")
    ] = System.WGS84,
    data: Data = None,
    config: Config = None,
) -> None:
    """Write empty sheets with headers, notes and drop-downs."""
    manner: Manner = ctx.obj
    _write(
        file, _run(data, config, lambda rooms: rooms.imports.template(sheet or [], manner.language, system))
    )


def _write(file: Path, body: bytes) -> None:
    if str(file) == "-":
        sys.stdout.buffer.write(body)
    else:
        file.write_bytes(body)
