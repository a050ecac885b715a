"""Commands that do one thing to the store: migrate, user, import; and openapi, which needs none."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from civicam.audit.facts import Actor, Entry, Result, Target
from civicam.bootstrap import open_rooms
from civicam.cli.options import Config, Data, address, welcome
from civicam.config import Settings, load
from civicam.db.migrate import migrate as migrate_database
from civicam.fleet.cityfile import Problem
from civicam.kernel.errors import Refused

users = typer.Typer(no_args_is_help=True, help="Make log-in links and set passwords.")
ADMIN = "admin"
MOST_SHOWN = 20


def migrate(data: Data = None, config: Config = None) -> None:
    """Bring the database schema up to date."""
    settings = load(data=data, file=config)
    settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    before, after = migrate_database(settings.database_url())
    typer.echo(f"{before or '-'} → {after}")


def import_city(
    file: Annotated[Path, typer.Argument(help="A civicam-city/1 file; - reads stdin.")],
    data: Data = None,
    config: Config = None,
) -> None:
    """Take over sites, devices and channels from a city file; a faulty file changes nothing."""
    settings = load(data=data, file=config)
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Refused("config.unreadable", file=str(file), reason=str(error)) from error
    problems = asyncio.run(_import(settings, text))
    for problem in problems[:MOST_SHOWN]:
        said = problem.error()
        typer.echo(f"{said.code}  {said.text('zh-CN')}  ·  {said.text('en')}", err=True)
    if problems:
        typer.echo(
            f"{len(problems)} 处错误, 未导入任何内容  ·  {len(problems)} faults, nothing imported", err=True
        )
        raise typer.Exit(2)


async def _import(settings: Settings, text: str) -> list[Problem]:
    async with open_rooms(settings) as rooms:
        imported, problems = await rooms.fleet.import_city(text)
    if imported is not None:
        counts = f"{imported.sites} / {imported.devices} / {imported.channels}"
        typer.echo(f"点位 sites / 设备 devices / 图像 channels: {counts} (+{imported.added})")
    return problems


OPERATOR = Actor("", "command line", "system")
"""Whoever has a shell on the server: the log cannot know more."""


@users.command()
def link(
    name: Annotated[str, typer.Argument(help="Whose link; the first administrator is made by it.")] = ADMIN,
    data: Data = None,
    config: Config = None,
) -> None:
    """Print a one-time log-in link; an older unused one stops working."""
    settings = load(data=data, file=config)

    async def make() -> str:
        async with open_rooms(settings) as rooms:
            await rooms.audit.append(Entry("user.link", OPERATOR, Target("user", "", name), Result.ALLOWED))
            return await rooms.access.make_link(name)

    typer.echo(welcome(address(settings), asyncio.run(make())))


@users.command()
def password(
    name: Annotated[str, typer.Argument(help="Whose password.")] = ADMIN,
    data: Data = None,
    config: Config = None,
) -> None:
    """Set a password (asked for, or read from stdin); all sessions of the user end."""
    settings = load(data=data, file=config)
    if sys.stdin.isatty():
        chosen = typer.prompt("密码 · password", hide_input=True, confirmation_prompt=True)
    else:
        chosen = sys.stdin.readline().rstrip("\n")

    async def change() -> None:
        async with open_rooms(settings) as rooms:
            await rooms.audit.append(
                Entry("user.password", OPERATOR, Target("user", "", name), Result.ALLOWED)
            )
            await rooms.access.set_password(await rooms.access.user(name), chosen)

    asyncio.run(change())


@users.command("list")
def list_users(data: Data = None, config: Config = None) -> None:
    """All users."""
    settings = load(data=data, file=config)

    async def read() -> list[str]:
        async with open_rooms(settings) as rooms:
            return [
                f"{u.name}\t{u.role}\t{'*' if u.has_password else '-'}" for u in await rooms.access.users()
            ]

    for line in asyncio.run(read()):
        typer.echo(line)


def openapi() -> None:
    """Print the OpenAPI description of the API."""
    from civicam.web.app import api  # the web framework is for this command alone

    typer.echo(json.dumps(api().openapi(), ensure_ascii=False, indent=1))
