"""The whole gateway on an in-memory wire: who comes in, who is asked what, how it stops."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from tests.gateway.recorder import CAM1, CAM2, CAM3, NVR, online, refused_with
from tests.gateway.wire import later, run, until
from tests.gateway.world import World

from civicam.fleet.facts import DeviceRecord, DeviceRegistered, DeviceUnregistered, Heartbeat, Presence


def test_registration_brings_time_expiry_contact_and_version() -> None:
    async def story() -> None:
        world = World()
        await world.start()
        camera = world.camera(NVR)
        response = await camera.register(7200)
        assert response.status == 200
        assert (response.headers.get("Date") or "").startswith("2026-03-02T09:00:00.")
        assert response.headers.get("Expires") == "7200"
        assert response.headers.get("X-GB-Ver") == "3.0"
        contact = response.headers.get("Contact") or ""
        assert contact == f"<sip:{NVR}@10.0.1.2:5060>;expires=7200"
        (fact,) = world.fleet.of(DeviceRegistered)
        assert (fact.source, fact.expires_s, fact.version) == ("10.0.1.2:5060", 7200, "3.0")

    run(story())


def test_online_device_is_asked_who_it_is_and_what_it_has_once() -> None:
    async def story() -> None:
        world = World()
        camera = await online(world)
        (device_id, items, complete), *_ = world.fleet.catalogues
        assert [each.gb_id for each in items] == [CAM1, CAM2, CAM3]
        assert complete
        assert world.fleet.infos[device_id].manufacturer == "SimCo"
        assert (await camera.register()).status == 200  # a refresh is no transition
        assert await camera.beat() == 200
        await later(30)
        assert camera.count("MESSAGE") == 2

    run(story())


def test_unregistering_is_offline_at_once() -> None:
    async def story() -> None:
        world = World()
        camera = await online(world)
        assert (await camera.register(0)).status == 200
        await later(1)
        assert len(world.fleet.of(DeviceUnregistered)) == 1
        device_id = world.fleet.secrets[NVR].device_id
        assert world.fleet.transitions(device_id)[-1] == (Presence.OFFLINE, "fleet.unregistered")
        assert await camera.beat() == 403  # a heartbeat alone does not bring it back

    run(story())


def test_store_that_fails_is_told_as_503_and_the_device_comes_again() -> None:
    async def story() -> None:
        world = World()
        await world.start()
        camera = world.camera(NVR)
        world.fleet.broken = True
        response = await camera.register()
        assert (response.status, response.headers.get("Retry-After")) == (503, "10")
        world.fleet.broken = False
        assert (await camera.register()).status == 200

    run(story())


def test_transition_waits_for_a_store_that_is_busy() -> None:
    async def story() -> None:
        world = World()
        camera = await online(world)
        device_id = world.fleet.secrets[NVR].device_id
        camera.alive = False
        await later(100)
        world.fleet.broken = True
        await until(lambda: world.gateway.presence(device_id) is Presence.OFFLINE)
        await later(20)
        assert world.fleet.transitions(device_id)[-1][0] is Presence.ONLINE
        world.fleet.broken = False
        await until(lambda: world.fleet.transitions(device_id)[-1][0] is Presence.OFFLINE, 30)

    run(story())


def test_own_id_is_refused() -> None:
    async def story() -> None:
        world = World()
        await world.start()
        camera = world.camera("34020000002000000001")
        assert (await camera.register()).status == 403
        assert world.gateway.strangers()[0].code == "gateway.own-id"

    run(story())


def test_keepalive_from_a_new_port_moves_the_address() -> None:
    async def story() -> None:
        world = World()
        camera = await online(world)
        camera.agent.move((camera.agent.address[0], 61000))
        assert await camera.beat() == 200
        channel = world.fleet.channel(NVR, CAM1)
        assert await world.gateway.open_live(channel, "main")
        await until(lambda: len(world.fleet.of(Heartbeat)) == 1)
        assert world.fleet.of(Heartbeat)[0].source.endswith(":61000")

    run(story())


def test_keepalive_from_another_host_must_register_first() -> None:
    async def story() -> None:
        world = World()
        camera = await online(world)
        camera.agent.move(("10.9.9.9", 5060))
        assert await camera.beat() == 403
        assert (await camera.register()).status == 200
        assert await camera.beat() == 200

    run(story())


def test_catalogue_out_of_nowhere_changes_nothing() -> None:
    async def story() -> None:
        world = World()
        camera = await online(world)
        assert (await camera.say(world.part(777, NVR, CAM1))).status == 200
        await later(10)
        assert len(world.fleet.catalogues) == 1
        assert world.gateway.counters()["catalogue_unsolicited"] == 1

    run(story())


def test_silent_device_info_does_not_hold_the_catalogue_up_for_ever() -> None:
    async def story() -> None:
        world = World()
        await world.start()
        camera = world.camera(NVR, "example-9", CAM1)
        camera.answers_info = False
        await camera.register()
        await until(lambda: len(world.fleet.catalogues) == 1, 20)

    run(story())


def test_stop_says_bye_to_all_and_takes_nothing_new() -> None:
    async def story() -> None:
        world = World()
        camera = await online(world)
        for channel in (CAM1, CAM2):
            await world.gateway.open_live(world.fleet.channel(NVR, channel), "main")
        await world.gateway.stop()
        assert camera.count("BYE") == 2
        assert world.gateway.sessions() == []
        assert world.engine.open == {}
        assert await refused_with(world) == "gateway.stopping"

    run(story())


def test_what_is_said_while_the_devices_are_read_is_answered_after_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Right after a restart: not with 404, which would send a known device away, and not with silence."""

    async def story() -> None:
        world = World()
        camera = await online(world)
        await world.crash()
        may_read, read = asyncio.Event(), world.fleet.devices

        async def slowly() -> Sequence[DeviceRecord]:
            await may_read.wait()
            return await read()

        monkeypatch.setattr(world.fleet, "devices", slowly)
        starting = asyncio.create_task(world.start())
        await later(0.1)
        beat = asyncio.create_task(camera.beat())
        await later(1)
        assert not beat.done()
        may_read.set()
        await starting
        assert await beat == 200

    run(story())


def test_removed_device_is_forgotten() -> None:
    async def story() -> None:
        world = World()
        camera = await online(world)
        device_id = world.fleet.secrets[NVR].device_id
        await world.gateway.open_live(world.fleet.channel(NVR, CAM1), "main")
        del world.fleet.records[device_id]
        del world.fleet.secrets[NVR]
        await world.gateway.devices_changed()
        await until(lambda: not world.gateway.sessions())
        assert camera.count("BYE") == 1
        assert await camera.beat() == 404

    run(story())


def test_a_person_may_ask_for_the_list_anew() -> None:
    async def story() -> None:
        world = World()
        await online(world)
        device_id = world.fleet.secrets[NVR].device_id
        assert world.gateway.read_catalogue(device_id)
        assert not world.gateway.read_catalogue(device_id)
        await until(lambda: len(world.fleet.catalogues) == 2)

    run(story())
