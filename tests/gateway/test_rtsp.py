"""RTSP sources: watched by probes, pulled once."""

from __future__ import annotations

import asyncio

import pytest
from tests.gateway.wire import later, run, until
from tests.gateway.world import World

from civicam.fleet.facts import Presence
from civicam.kernel.errors import CivicamError
from civicam.media.engine import Probe


def test_rtsp_source_is_watched_and_pulled_once() -> None:
    async def story() -> None:
        world = World()
        channel = world.fleet.enter_rtsp("dome", "rtsp://10.0.2.2/one")
        world.prober.answers["rtsp://10.0.2.2/one"] = Probe(True)
        await world.start()
        device_id = world.fleet.routes[channel].device_id
        await until(lambda: world.gateway.presence(device_id) is Presence.ONLINE)
        first = asyncio.create_task(world.gateway.open_live(channel, "main"))
        second = asyncio.create_task(world.gateway.open_live(channel, "sub"))
        await until(lambda: len(world.engine.open) == 1)
        (stream,) = world.engine.open
        world.engine.picture(stream)
        assert await first == await second == stream
        world.engine.idle(stream)
        await until(lambda: not world.gateway.sessions())
        assert world.engine.open == {}

    run(story())


def test_rtsp_source_that_stops_answering_is_offline_after_its_misses() -> None:
    async def story() -> None:
        world = World()
        channel = world.fleet.enter_rtsp("dome", "rtsp://10.0.2.2/one")
        world.prober.answers["rtsp://10.0.2.2/one"] = Probe(True)
        await world.start()
        device_id = world.fleet.routes[channel].device_id
        await until(lambda: world.gateway.presence(device_id) is Presence.ONLINE)
        world.prober.answers["rtsp://10.0.2.2/one"] = Probe(False, "media.rtsp-unauthorized")
        await until(lambda: world.gateway.presence(device_id) is Presence.OFFLINE)
        assert world.fleet.transitions(device_id)[-1] == (Presence.OFFLINE, "media.rtsp-unauthorized")
        with pytest.raises(CivicamError, match=r"gateway\.device-offline"):
            await world.gateway.open_live(channel, "main")

    run(story())


def test_rtsp_source_that_delivers_is_not_probed() -> None:
    """A camera that serves one session refuses the probe while we watch it; that is no outage."""

    async def story() -> None:
        world = World()
        url = "rtsp://10.0.2.2/one"
        channel = world.fleet.enter_rtsp("dome", url)
        world.prober.answers[url] = Probe(True)
        await world.start()
        device_id = world.fleet.routes[channel].device_id
        await until(lambda: world.gateway.presence(device_id) is Presence.ONLINE)
        opening = asyncio.create_task(world.gateway.open_live(channel, "main"))
        await until(lambda: len(world.engine.open) == 1)
        (stream,) = world.engine.open
        world.engine.picture(stream)
        assert await opening == stream
        world.prober.answers[url] = Probe(False, "media.rtsp-unreachable")
        asked = world.prober.asked[url]
        await until(lambda: world.gateway.counters().get("probe_spared", 0) >= 5)
        assert world.prober.asked[url] == asked
        assert world.gateway.presence(device_id) is Presence.ONLINE
        world.engine.stall(stream)
        await until(lambda: world.gateway.presence(device_id) is Presence.OFFLINE)

    run(story())


@pytest.mark.parametrize(
    ("end", "code"), [("silent", "gateway.no-media"), ("media.rtsp-not-found", "gateway.source-failed")]
)
def test_rtsp_source_that_cannot_be_pulled(end: str, code: str) -> None:
    async def story() -> None:
        world = World()
        channel = world.fleet.enter_rtsp("dome", "rtsp://10.0.2.2/one")
        await world.start()
        opening = asyncio.create_task(world.gateway.open_live(channel, "main"))
        await until(lambda: len(world.engine.open) == 1)
        if end != "silent":
            world.engine.lost(next(iter(world.engine.open)), end)
        with pytest.raises(CivicamError) as caught:
            await opening
        assert caught.value.code == code
        await until(lambda: not world.gateway.sessions())

    run(story())


def test_many_sources_are_probed_a_few_at_a_time() -> None:
    async def story() -> None:
        world = World()
        for number in range(100):
            world.fleet.enter_rtsp(f"dome{number}", f"rtsp://10.0.2.2/{number}")
        await world.start()
        await later(300)
        assert world.prober.most_at_once == world.settings.probe.concurrent
        assert min(world.prober.asked.values()) >= 8

    run(story())
