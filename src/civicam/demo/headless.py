"""``civicam demo --headless``: what a person would do with a browser, done by a program that counts."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from civicam.demo.client import Client, Json
from civicam.demo.report import Seen, Viewing
from civicam.demo.viewer import FAULTS, Viewer

_REGISTER_S = 60.0
_AT_ONCE = 4
"""Streams opened at the same moment: as a person who fills a wall pane by pane."""
_ALIVE_S = 3.0

Say = Callable[[str, str], None]


@dataclass(frozen=True, slots=True)
class Visit:
    """What the run is asked to do and what the district holds."""

    seconds: float
    streams: int
    devices: int
    channels: int
    started: float
    """``time.monotonic()`` at the simulator's start."""
    kinds: Mapping[str, str] = field(default_factory=dict)
    """See `civicam.demo.district.District`."""


async def visit(client: Client, token: str, wanted: Visit, say: Say) -> Seen:
    """Log in by the link, wait for the district, watch streams for the asked time, tell what was seen."""
    seen = Seen(
        devices_expected=wanted.devices, channels_expected=wanted.channels, streams_wanted=wanted.streams
    )
    begun = time.monotonic()
    await client.log_in(token)
    await _registered(client, wanted, seen)
    say(f"{seen.devices_registered} 台设备在线", f"{seen.devices_registered} devices online")
    channels = await _channels(client)
    seen.channels = sum(channel["state"] == "online" for channel in channels)
    chosen = choose(channels, wanted.streams, wanted.kinds)
    viewers = [Viewer(client, channel, _viewing(channel, wanted.kinds)) for channel in chosen]
    seen.viewings = [viewer.viewing for viewer in viewers]
    await _open_all(viewers)
    watching = [asyncio.create_task(viewer.watch()) for viewer in viewers if viewer.viewing.opened]
    opened = [viewer for viewer in viewers if viewer.viewing.opened]
    say(f"{len(opened)} 路视频已打开", f"{len(opened)} streams open")
    for channel, viewer in zip(chosen, viewers, strict=True):
        if viewer.viewing.opened:
            await _again(client, channel, viewer.viewing)
    left = wanted.seconds - (time.monotonic() - begun)
    if left > 0:
        await asyncio.wait([asyncio.create_task(asyncio.sleep(left))])
    seen.alive_at_end = sum(time.monotonic() - viewer.viewing.last_frame_at < _ALIVE_S for viewer in opened)
    for task in watching:
        task.cancel()
    await asyncio.gather(*watching, return_exceptions=True)
    await _leave(viewers, seen)
    seen.seconds = time.monotonic() - begun
    return seen


def choose(channels: list[Json], count: int, kinds: Mapping[str, str]) -> list[Json]:
    """Channels to watch: one of each kind first, the rare before the common, then spread over the list."""
    online = [channel for channel in channels if channel["state"] == "online"]
    shelves: dict[str, list[Json]] = {}
    for channel in online:
        shelves.setdefault(_kind(channel, kinds), []).append(channel)
    rare_first = sorted(shelves.values(), key=len)
    chosen = [shelf[len(shelf) // 2] for shelf in rare_first[:count]]
    rest = [channel for channel in online if channel not in chosen]
    wanted = min(count - len(chosen), len(rest))
    return chosen + [rest[number * len(rest) // wanted] for number in range(wanted)]


def _kind(channel: Json, kinds: Mapping[str, str]) -> str:
    return kinds.get(str(channel.get("gb_id")), str(channel["protocol"]))


def _viewing(channel: Json, kinds: Mapping[str, str]) -> Viewing:
    return Viewing(channel=str(channel["id"]), protocol=str(channel["protocol"]), kind=_kind(channel, kinds))


async def _registered(client: Client, wanted: Visit, seen: Seen) -> None:
    """Wait until every device is online, or the patience ends; both are written down."""
    limit = time.monotonic() + _REGISTER_S
    while True:
        situation = await client.get("/api/situation")
        seen.devices_registered = int(situation["devices"]["online"])
        complete = int(situation["channels"]["online"]) >= wanted.channels
        if seen.devices_registered >= wanted.devices and complete:
            seen.registered_after_s = round(time.monotonic() - wanted.started, 1)
            return
        if time.monotonic() > limit:
            return
        await asyncio.sleep(0.5)


async def _channels(client: Client) -> list[Json]:
    """Every channel of the platform, page by page."""
    found: list[Json] = []
    after = ""
    while True:
        page = await client.get(f"/api/channels?limit=200{f'&after={after}' if after else ''}")
        found += page["channels"]
        after = str(page.get("next") or "")
        if not after:
            return found


async def _open_all(viewers: list[Viewer]) -> None:
    """Open every viewer's stream, a few at a time; a failure is written into its viewing."""
    turn = asyncio.Semaphore(_AT_ONCE)

    async def one(viewer: Viewer) -> None:
        async with turn:
            try:
                viewer.viewing.first_picture_ms = await viewer.open()
                viewer.viewing.opened = True
            except FAULTS as fault:
                viewer.viewing.error = str(fault) or type(fault).__name__

    await asyncio.gather(*(one(viewer) for viewer in viewers))


async def _again(client: Client, channel: Json, viewing: Viewing) -> None:
    """A second viewer of a running stream: only its first picture is timed."""
    second = Viewer(client, channel, _viewing(channel, {}))
    try:
        viewing.again_ms = await second.open()
        await second.close()
    except FAULTS as fault:
        viewing.error = viewing.error or f"second viewer: {fault!r}"


async def _leave(viewers: list[Viewer], seen: Seen) -> None:
    """Close every viewing; what does not close is an error."""
    for viewer in viewers:
        try:
            await viewer.close()
        except FAULTS as fault:
            seen.errors.append(f"close {viewer.viewing.channel}: {fault}")
