"""Runs a city: puts the parts together, reports, and ends cleanly on a signal."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
import threading
import time
from concurrent.futures import CancelledError
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

from civicam.kernel.clock import BEIJING
from civicam.simulator.casting import SceneStore, cast
from civicam.simulator.control import Control
from civicam.simulator.description import Channel, City
from civicam.simulator.encoder import MAIN, SUB, Encoder, Profile
from civicam.simulator.ensemble import Ensemble
from civicam.simulator.faults import Faults
from civicam.simulator.footage import Footage, recordings
from civicam.simulator.options import Options
from civicam.simulator.osd import Osd
from civicam.simulator.painter import Painters
from civicam.simulator.rtsp_server import RtspServer
from civicam.simulator.scene.scene import Mood
from civicam.simulator.studio import Feed, Source, Studio, codec_of
from civicam.simulator.yuv import Bytes

_DEFAULT_RTSP_PORT = 8554
_REHEARSED = 20
"""Scenes drawn ahead; no more than are kept."""


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
        self._channels: dict[str, Channel] = {channel.gb_id: channel for channel in city.channels}
        self.faults = Faults(city)
        for index, condition in enumerate(self.faults.conditions.values()):
            condition.drift = (index * 37 % 41 - 20) / 10  # a cheap clock, until the platform sets it
        self._stage = None if options.signalling_only else _Stage(city, options)
        threads = options.threads or max(os.cpu_count() or 1, 2)
        self.studio = None if self._stage is None else Studio(threads, self._feed)
        self.ensemble = Ensemble(city, options, self.faults, self.studio)
        self.rtsp = None if self.studio is None else RtspServer(city, self.faults, self.studio)
        self.rtsp_port = 0
        self._control = Control(self.faults, changed=self._changed, reboot=self._reboot, stats=self.stats)

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
        await self.ensemble.start()
        if self._stage is not None:
            self._stage.rehearse()

    async def stop(self) -> None:
        """End everything."""
        await self.ensemble.stop()
        if self.rtsp is not None:
            await self.rtsp.aclose()
        await self._control.aclose()
        if self._stage is not None:
            self._stage.close()
        if self.studio is not None:
            await asyncio.get_running_loop().run_in_executor(None, self.studio.stop)

    def stats(self) -> dict[str, object]:
        """What a report says."""
        tallies = [self.ensemble.tally] + ([self.rtsp.tally] if self.rtsp is not None else [])
        rtsp_streams = self.rtsp.streams if self.rtsp is not None else 0
        studio = self.studio
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
            "skipped": studio.skipped if studio is not None else 0,
            "faults": len(self.faults.active),
            "cpu_s": round(time.process_time(), 2),
            "sip": self.ensemble.counters(),
        }

    def _feed(self, channel_id: str, profile: Profile) -> Feed:
        """A feed for the studio; called on its builder thread."""
        channel = self._channels[channel_id]
        if self._stage is None:
            raise RuntimeError("signalling only")
        return Feed(
            key=(channel_id, profile),
            encoder=Encoder(codec_of(channel.codec if profile == MAIN else channel.sub_codec), profile),
            source=self._stage.source(channel_id, profile),
            osd=Osd(channel.name, channel_id, profile.width, profile.height),
            condition=self.faults.conditions[channel.device],
        )

    def _changed(self, gb_id: str) -> None:
        self.ensemble.condition_changed(gb_id)
        if self.rtsp is not None:
            self.rtsp.condition_changed(gb_id)

    def _reboot(self, gb_id: str) -> None:
        self.ensemble.reboot(gb_id)


class _Stage:
    """Where pictures come from: drawn scenes, or recordings."""

    def __init__(self, city: City, options: Options) -> None:
        self._moods: dict[str, Mood] = cast(city, options, datetime.now(UTC).astimezone(BEIJING).hour)
        self._painters = Painters()
        self._understudy = Painters(1, nice=10)
        self._scenes = SceneStore(paint=self._painters.paint)
        self._files = recordings(options.footage) if options.footage is not None else []
        self._order = {channel.gb_id: index for index, channel in enumerate(city.channels)}

    def rehearse(self) -> None:
        """Draw the scenes of the sub streams ahead of who asks for them, one after the other."""
        if not self._files:
            threading.Thread(target=self._rehearse, name="rehearsal", daemon=True).start()

    def _rehearse(self) -> None:
        with contextlib.suppress(CancelledError):
            for mood in list(dict.fromkeys(self._moods.values()))[:_REHEARSED]:
                self._scenes.get(mood, SUB.width, SUB.height, self._understudy.paint)

    def close(self) -> None:
        """End the painters and the rehearsal."""
        self._painters.close()
        self._understudy.close()

    def source(self, channel_id: str, profile: Profile) -> Source:
        """The pictures of a channel at a size."""
        if self._files:
            path = self._files[self._order[channel_id] % len(self._files)]
            return Footage(path, profile.width, profile.height).draw
        scene, lock = self._scenes.get(self._moods[channel_id], profile.width, profile.height)
        return _locked(scene.draw, lock)


def _locked(draw: Source, lock: threading.Lock) -> Source:
    def locked(tick: int) -> Bytes:
        with lock:
            return draw(tick)

    return locked
