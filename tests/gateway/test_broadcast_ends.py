"""Every broadcast ends: by either side, by the engine, by whoever goes away; nothing is left behind."""

from __future__ import annotations

import asyncio

import pytest
from tests.gateway.loudspeaker import room
from tests.gateway.recorder import CAM2
from tests.gateway.wire import GATE, later, run

from civicam.media.engine import EngineRestarted

SSRC = 200_000_017


@pytest.mark.parametrize("ending", ["idle", "lost", "restart"])
def test_the_engine_ends_it(ending: str) -> None:
    async def story() -> None:
        r = await room()
        stream = await r.open()
        engine = r.world.engine
        match ending:
            case "idle":
                engine.idle(stream)
            case "lost":
                engine.lost(stream, "media.device-absent")
            case _:
                engine.events.put_nowait(EngineRestarted((stream,)))
        await later(1)
        assert (r.byes(), r.left()) == (1, (0, 0))

    run(story())


def test_the_device_hangs_up() -> None:
    async def story() -> None:
        r = await room()
        await r.open()
        assert await r.box.hang_up() == 200
        await later(1)
        assert (r.byes(), r.left()) == (0, (0, 0))
        assert await r.box.hang_up() == 481

    run(story())


def test_a_device_that_hangs_up_at_once_is_told_so() -> None:
    """W#1479: right after the 200, because of its codec."""

    async def story() -> None:
        r = await room(opens=False)
        asking = asyncio.create_task(r.refused())
        await later(2)
        assert await r.box.hang_up() == 200
        assert await asking == "gateway.broadcast-ended"
        await later(1)
        assert (r.byes(), r.left()) == (0, (0, 0))

    run(story())


def test_a_bye_nobody_answers() -> None:
    async def story() -> None:
        r = await room()
        r.box.camera.answers_bye = False
        r.broadcasts.close(await r.open())
        await later(1)
        assert r.world.engine.open == {}  # the port does not wait for the device
        assert await r.open(CAM2)  # nor does the next person
        await later(35)
        assert len(r.broadcasts) == 1
        assert r.world.gateway.counters()["bye_unanswered"] == 1

    run(story())


def test_a_device_that_goes_away() -> None:
    async def story() -> None:
        r = await room()
        await r.open()
        await r.box.camera.register(0)
        await later(40)
        assert r.left() == (0, 0)

    run(story())


def test_a_device_that_goes_away_while_it_is_awaited() -> None:
    async def story() -> None:
        r = await room(calls=False)
        asking = asyncio.create_task(r.refused())
        await later(1)
        await r.box.camera.register(0)
        assert await asking == "gateway.device-offline"
        assert r.left()[1] == 0

    run(story())


def test_the_person_goes_away_while_the_device_is_awaited() -> None:
    async def story() -> None:
        r = await room(call_after=3.0)
        asking = asyncio.create_task(r.open())
        await later(1)
        asking.cancel()
        await later(10)
        assert [each.status for each in r.box.answered] == [488]
        assert r.left() == (0, 0)

    run(story())


def test_a_device_that_takes_its_call_back() -> None:
    async def story() -> None:
        r = await room(calls=False)
        asking = asyncio.create_task(r.refused())
        await later(1)
        r.world.engine.send_slow_s = 2.0
        invitation = r.box.camera.agent.invite(r.box.invite(), GATE)
        await later(0.5)
        invitation.cancel()
        assert (await invitation.final()).status == 487
        assert await asking == "gateway.broadcast-ended"
        await later(5)
        assert (r.byes(), r.left()) == (0, (0, 0))

    run(story())


def test_no_port_is_left() -> None:
    async def story() -> None:
        r = await room()
        r.world.engine.full = True
        assert await r.refused() == "media.no-ports"
        await later(1)
        assert [each.status for each in r.box.answered] == [500]
        assert r.left() == (0, 0)

    run(story())


def test_at_stop_every_loudspeaker_is_told() -> None:
    async def story() -> None:
        r = await room()
        await r.open()
        broadcasts = r.broadcasts
        await r.world.gateway.stop()
        assert r.byes() == 1
        assert (len(broadcasts), r.world.engine.open) == (0, {})

    run(story())
