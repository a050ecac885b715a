"""Runs a city: puts the parts together, reports, and ends cleanly on a signal."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

from civicam.kernel.clock import BEIJING
from civicam.simulator.casting import cast, recordings
from civicam.simulator.control import Control
from civicam.simulator.description import Channel, City
from civicam.simulator.ensemble import Ensemble
from civicam.simulator.faults import Condition, Faults
from civicam.simulator.options import Options
from civicam.simulator.picture import MAIN, Profile
from civicam.simulator.rtsp_server import RtspServer
from civicam.simulator.scene.mood import Mood
from civicam.simulator.studio import Studio
from civicam.simulator.workshop_wire import Labour, Part

_DEFAULT_RTSP_PORT = 8554
_REHEARSED = 20
"""Scenes drawn ahead; no more than are kept."""
_MAX_WORKSHOPS = 8
"""More only when asked for: each is a process of some 150 MB."""


@dataclass(frozen=True, slots=True)
class Reporting:
    """``duration_s`` 0: until a signal; ``every_s`` 0: only at the end."""

    duration_s: float = 0.0
    every_s: float = 0.0
    as_json: bool = False


def main(city: City, options: Options, reporting: Reporting) -> int:
    """Play the city until the time is up or a signal comes; gives the exit status."""
    runner = asyncio.run
    try:
        import uvloop

        runner = uvloop.run
    except ImportError:
        pass
    runner(_main(city, options, reporting))
    return 0


async def _main(city: City, options: Options, reporting: Reporting) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    simulation = Simulation(city, options)
    try:
        await simulation.start()
        await _until(stop, simulation, reporting)
    finally:
        await simulation.stop()
    _report(simulation.stats(), as_json=reporting.as_json)


async def _until(stop: asyncio.Event, simulation: Simulation, reporting: Reporting) -> None:
    """Wait for the end, reporting on the way."""
    end = time.monotonic() + reporting.duration_s if reporting.duration_s else float("inf")
    while not stop.is_set() and time.monotonic() < end:
        wait = min(reporting.every_s or float("inf"), end - time.monotonic())
        try:
            await asyncio.wait_for(stop.wait(), None if wait == float("inf") else max(wait, 0.0))
        except TimeoutError:
            if reporting.every_s and time.monotonic() < end:
                _report(simulation.stats(), as_json=reporting.as_json)


def _report(stats: dict[str, object], *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps(stats) + "\n")
    else:
        sys.stdout.write(
            "{registered}/{devices} devices registered, {streams} streams, {frames} frames, "
            "{packets} packets, {bytes} bytes sent, {skipped} frames skipped\n".format(**stats)
        )
    sys.stdout.flush()


class Simulation:
    """A city that runs in this process and loop."""

    def __init__(self, city: City, options: Options) -> None:
        self._city = city
        self._options = options
        self._started = time.monotonic()
        self._channels = {channel.gb_id: channel for channel in city.channels}
        self.faults = Faults(city)
        for index, condition in enumerate(self.faults.conditions.values()):
            condition.drift = (index * 37 % 41 - 20) / 10  # a cheap clock, until the platform sets it
        self._casting = None if options.signalling_only else _Casting(city, options)
        workshops = options.workshops or min(max(os.cpu_count() or 1, 2), _MAX_WORKSHOPS)
        self.studio = None if self._casting is None else Studio(workshops, self._part)
        self.ensemble = Ensemble(city, options, self.faults, self.studio)
        self.rtsp = None if self.studio is None else RtspServer(city, self.faults, self.studio)
        self.rtsp_port = 0
        self._control = Control(
            self.faults,
            changed=self._changed,
            reboot=self._reboot,
            tells={"stats": self.stats, "heard": self.ensemble.voices.heard},
            alarm=self.ensemble.alarm,
        )

    async def start(self) -> None:
        """Open sockets and let the devices boot.

        Raises:
            Operational: ``simulator.port-in-use``, ``simulator.control-in-use``, ``simulator.no-control``.
        """
        if self._options.control is not None:
            await self._control.listen(self._options.control)
        urls = [device.url for device in self._city.devices if device.protocol == "rtsp"]
        if self.rtsp is not None and urls:
            host, port = self._options.rtsp
            self.rtsp_port = await self.rtsp.listen(
                host, port or urlsplit(urls[0]).port or _DEFAULT_RTSP_PORT
            )
        if self.studio is not None and self._casting is not None:
            await self.studio.start(self._casting.rehearsed())
        await self.ensemble.start()

    async def stop(self) -> None:
        """End everything."""
        await self.ensemble.stop()
        if self.rtsp is not None:
            await self.rtsp.aclose()
        await self._control.aclose()
        if self.studio is not None:
            await self.studio.stop()

    def stats(self) -> dict[str, object]:
        """What a report says."""
        tallies = [self.ensemble.tally] + ([self.rtsp.tally] if self.rtsp is not None else [])
        rtsp_streams = self.rtsp.streams if self.rtsp is not None else 0
        studio = self.studio
        done = studio.done if studio is not None else Labour()
        return {
            "uptime_s": round(time.monotonic() - self._started, 1),
            **self.ensemble.states(),
            "channels": len(self._city.channels),
            "streams": self.ensemble.streams + rtsp_streams,
            "frames": sum(tally.frames for tally in tallies),
            "packets": sum(tally.packets for tally in tallies),
            "bytes": sum(tally.octets for tally in tallies),
            "lost_on_purpose": sum(tally.lost_on_purpose for tally in tallies),
            "blocked": sum(tally.blocked for tally in tallies),
            "drawn": studio.drawn if studio is not None else 0,
            "skipped": done.skipped,
            "faults": len(self.faults.active),
            "cpu_s": round(time.process_time() + done.cpu_s, 2),
            "cpu": {
                "drawing": round(done.drawing_s, 3),
                "writing": round(done.writing_s, 3),
                "coding": round(done.coding_s, 3),
                "workshops": round(done.cpu_s, 3),
                "sending": round(studio.sending_s, 3) if studio is not None else 0.0,
                "simulator": round(time.process_time(), 3),
            },
            "sip": self.ensemble.counters(),
        }

    def _part(self, channel_id: str, profile: Profile) -> tuple[Part, Condition]:
        """What a feed of the studio shows."""
        if self._casting is None:
            raise RuntimeError("signalling only")
        part = self._casting.part(channel_id, profile)
        return part, self.faults.conditions[self._channels[channel_id].device]

    def _changed(self, gb_id: str) -> None:
        self.ensemble.condition_changed(gb_id)
        if self.rtsp is not None:
            self.rtsp.condition_changed(gb_id)

    def _reboot(self, gb_id: str) -> None:
        self.ensemble.reboot(gb_id)


class _Casting:
    """What each channel shows: a drawn scene, or a recording."""

    def __init__(self, city: City, options: Options) -> None:
        self._channels: dict[str, Channel] = {channel.gb_id: channel for channel in city.channels}
        self._moods = cast(city, options, datetime.now(UTC).astimezone(BEIJING).hour)
        self._files = recordings(options.footage) if options.footage is not None else []
        self._order = {channel.gb_id: index for index, channel in enumerate(city.channels)}

    def rehearsed(self) -> list[Mood]:
        """The scenes to draw before anybody asks for them."""
        return [] if self._files else list(dict.fromkeys(self._moods.values()))[:_REHEARSED]

    def part(self, channel_id: str, profile: Profile) -> Part:
        """The part of a channel at a profile."""
        channel = self._channels[channel_id]
        codec = channel.codec if profile == MAIN else channel.sub_codec
        if self._files:
            path = self._files[self._order[channel_id] % len(self._files)]
            return Part(channel_id, channel.name, codec, profile, footage=str(path))
        return Part(channel_id, channel.name, codec, profile, self._moods[channel_id])
