"""``civicam serve``: the platform until SIGTERM or Ctrl-C."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import time
from typing import Annotated, Any

import typer

from civicam.bootstrap.platform import Platform
from civicam.cli.options import Config, Data, address, welcome
from civicam.config import Settings, load
from civicam.kernel.errors import CivicamError
from civicam.observability.logs import configure


def command(
    data: Data = None,
    config: Config = None,
    host: Annotated[str | None, typer.Option(help="Address of the console (web.host).")] = None,
    port: Annotated[int | None, typer.Option(help="Port of the console (web.port); 0: any free one.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON line on stdout when ready.")] = False,
    demo: Annotated[
        bool, typer.Option("--demo", help="The console says that this is a demonstration.")
    ] = False,
) -> None:
    """Run the platform: console, API, SIP and media workers."""
    web: dict[str, Any] = {
        name: value for name, value in (("host", host), ("port", port)) if value is not None
    }
    above: dict[str, Any] = ({"web": web} if web else {}) | ({"demo": True} if demo else {})
    settings = load(data=data, file=config, override=above)
    try:
        import uvloop

        runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)
    except ImportError:
        runner = asyncio.Runner()
    with runner:
        raise typer.Exit(runner.run(_serve(settings, as_json)))


async def _serve(settings: Settings, as_json: bool) -> int:
    """Until a signal; the exit status."""
    began = time.monotonic()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    platform = Platform(settings, configure(settings.log))
    starting = asyncio.create_task(platform.start())
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
    if not starting.done():
        starting.cancel()
        await asyncio.gather(starting, return_exceptions=True)
        return 0
    try:
        starting.result()
    except CivicamError as error:
        stopping.cancel()
        print(f"civicam: {error.text('zh-CN')}\ncivicam: {error}", file=sys.stderr)
        return 1
    await _announce(platform, as_json, time.monotonic() - began)
    await stop.wait()
    print("civicam: 正在停止 · stopping", file=sys.stderr, flush=True)
    await platform.stop()
    return 0


async def _announce(platform: Platform, as_json: bool, seconds: float) -> None:
    """Where the console is; with a log-in link while there is no administrator with a password."""
    settings, rooms = platform.settings, platform.rooms
    assert rooms is not None
    url = address(settings, platform.port)
    link = None
    if not settings.demo and await rooms.access.needs_administrator():
        link = welcome(url, await rooms.access.make_link())
    if as_json:
        line = {
            "ready": True,
            "url": url,
            "port": platform.port,
            "sip_port": platform.sip_port,
            "link": link,
            "seconds": round(seconds, 2),
        }
        print(json.dumps(line), flush=True)
        return
    print(f"civicam: {url}  ({seconds:.1f} s)", flush=True)
    if link is not None:
        print(f"civicam: 一次性登录链接 · one-time log-in link:\n\n    {link}\n", flush=True)
