"""``civicam demo``: a server and a simulated district on one command, until Ctrl-C."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from civicam.demo.client import Answer, Client
from civicam.demo.district import District
from civicam.demo.doors import LOOPBACK
from civicam.demo.headless import Visit, visit
from civicam.demo.report import summary
from civicam.demo.stage import Stage, ended
from civicam.demo.status import line
from civicam.kernel.errors import CivicamError, Operational

_STATUS_S = 2.0


@dataclass(frozen=True, slots=True)
class Wish:
    """What the command line asks for."""

    data: Path
    host: str
    seed: int
    headless: bool
    seconds: float
    streams: int
    as_json: bool
    usual_ports: bool


def command(  # noqa: PLR0913 - Typer reads one parameter an option
    data: Annotated[Path, typer.Option(help="Directory of the demonstration's store and logs.")] = Path(
        ".demo"
    ),
    host: Annotated[str, typer.Option(help="Its address; 0.0.0.0 lets others in.")] = LOOPBACK,
    seed: Annotated[int, typer.Option(help="Same seed, same district and scenes.")] = 1,
    headless: Annotated[bool, typer.Option("--headless", help="Watch by program, report, end.")] = False,
    seconds: Annotated[float, typer.Option("--for", min=1, help="Seconds a headless run watches.")] = 60.0,
    streams: Annotated[int, typer.Option(min=1, help="Streams a headless run opens.")] = 9,
    as_json: Annotated[bool, typer.Option("--json", help="Print the headless report as JSON.")] = False,
    any_ports: Annotated[bool, typer.Option("--any-ports", help="Free ports instead of the usual.")] = False,
) -> None:
    """Start a server with a simulated district of 60 sites; print the address with a one-time log-in link."""
    wish = Wish(data.absolute(), host, seed, headless, seconds, streams, as_json, not any_ports)
    raise typer.Exit(asyncio.run(_until_signalled(wish)))


class _Voice:
    """Progress for people: both languages, seconds since the start; on stderr when stdout is for JSON."""

    def __init__(self, *, quiet_stdout: bool) -> None:
        self._out = sys.stderr if quiet_stdout else sys.stdout
        self._started = time.monotonic()

    def say(self, zh: str, en: str) -> None:
        """One line."""
        print(f"  {time.monotonic() - self._started:5.1f} s  {zh}  ·  {en}", file=self._out, flush=True)


async def _until_signalled(wish: Wish) -> int:
    """Run the wish; Ctrl-C, SIGTERM or a closed terminal end it in order. The exit status."""
    loop = asyncio.get_running_loop()
    work = asyncio.create_task(_run(wish))
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, work.cancel)
    try:
        return await work
    except asyncio.CancelledError:
        return 130 if wish.headless else 0
    except CivicamError as error:
        print(f"\n{error.text('zh-CN')}\n{error.text('en')}", file=sys.stderr)
        return 1
    except Answer as answer:
        print(f"\ncivicam demo: {answer}", file=sys.stderr)
        return 1


async def _run(wish: Wish) -> int:
    voice = _Voice(quiet_stdout=wish.as_json)
    stage = Stage(wish.data, wish.host, wish.seed, voice.say, usual=wish.usual_ports)
    try:
        voice.say("启动服务", "starting the server")
        district, client = await stage.start()
        voice.say("模拟设备开始注册", "simulated devices are registering")
        address, token = await stage.link()
        if wish.headless:
            return await _headless(wish, stage, (district, client, token), voice)
        await _attended(stage, client, address)
        return 0
    finally:
        # Shielded: a second Ctrl-C must not leave processes behind.
        await asyncio.shield(asyncio.create_task(stage.stop()))


async def _headless(wish: Wish, stage: Stage, cast: tuple[District, Client, str], voice: _Voice) -> int:
    """Watch, report; 0 when every promise was kept."""
    district, client, token = cast
    wanted = Visit(
        wish.seconds,
        wish.streams,
        district.devices,
        district.channels,
        stage.simulating_since,
        district.kinds,
    )
    watching = asyncio.create_task(visit(client, token, wanted, voice.say))
    breaking = asyncio.create_task(stage.broken())
    try:
        await asyncio.wait({watching, breaking}, return_when=asyncio.FIRST_COMPLETED)
        if not watching.done():
            raise ended(breaking.result())
        report = summary(await watching)
    finally:
        for task in (watching, breaking):
            task.cancel()
        await asyncio.gather(watching, breaking, return_exceptions=True)
    print(json.dumps(report, ensure_ascii=False, indent=None if wish.as_json else 2))
    return 0 if report["ok"] else 1


async def _attended(stage: Stage, client: Client, address: str) -> None:
    """Print the link, then a line that tells how the district is, until somebody ends it."""
    print(f"\n  打开操作台 (一次性登录链接)  ·  open the console (one-time link):\n\n    {address}\n")
    print("  Ctrl-C 结束  ·  Ctrl-C ends it\n", flush=True)
    breaking = asyncio.create_task(stage.broken())
    try:
        while True:
            with contextlib.suppress(Operational, Answer):
                text = line(await client.text("/metrics"))
                print(f"\r\033[K  {text}" if sys.stdout.isatty() else f"  {text}", end="", flush=True)
                if not sys.stdout.isatty():
                    print(flush=True)
            done, _ = await asyncio.wait({breaking}, timeout=_STATUS_S if sys.stdout.isatty() else 30.0)
            if done:
                raise ended(breaking.result())
    finally:
        breaking.cancel()
        print("\n  正在结束  ·  ending", flush=True)
