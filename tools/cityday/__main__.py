"""Stages the day, unless the directory holds one, and serves it."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import dataclasses
import signal
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from civicam.bootstrap import Rooms
from civicam.bootstrap.platform import Platform
from civicam.cli.options import address, welcome
from civicam.config import Settings
from civicam.fleet.facts import DeviceRecord
from tools.cityday.stage import settings_for, stage


class _Unheard:
    """A fleet in which the gateway finds no device: whoever is online stays so."""

    def __init__(self, fleet: Any) -> None:
        self._fleet = fleet

    def __getattr__(self, name: str) -> Any:
        return getattr(self._fleet, name)

    async def devices(self) -> list[DeviceRecord]:
        return []


class StagedPlatform(Platform):
    """The platform, deaf."""

    async def _signalling(self, found: Rooms) -> None:
        unheard: Any = _Unheard(found.fleet)
        await super()._signalling(dataclasses.replace(found, fleet=unheard))


async def serve(settings: Settings) -> None:
    """Until a signal."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    platform = StagedPlatform(settings)
    await platform.start()
    assert platform.rooms is not None
    url = address(settings, platform.port)
    sys.stdout.write(f"{welcome(url, await platform.rooms.access.make_link())}\n")
    sys.stdout.flush()
    await stop.wait()
    await platform.stop()


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse the command line and do it."""
    parser = argparse.ArgumentParser(prog="python -m tools.cityday", description=__doc__)
    parser.add_argument("data", type=Path, help="an empty directory, or one staged before")
    parser.add_argument("--scale", choices=("city", "district"), default="city")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--port", type=int, default=0, help="of the console; 0: any free one")
    parser.add_argument("--only-stage", action="store_true", help="do not serve")
    wish = parser.parse_args(arguments)
    settings = settings_for(wish.data, wish.port)
    if not (wish.data / "civicam.db").exists():
        began = time.monotonic()
        asyncio.run(stage(settings, wish.scale, wish.seed, datetime.now(UTC)))
        sys.stdout.write(f"staged in {time.monotonic() - began:.0f} s\n")
        sys.stdout.flush()
    if not wish.only_stage:
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(serve(settings))


if __name__ == "__main__":
    main()
