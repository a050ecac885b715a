"""Days on which devices come, go and lie about who they are."""

from __future__ import annotations

import asyncio

from tests.gateway.camera import Camera
from tests.gateway.wire import PLATFORM, REALM, later, run, until
from tests.gateway.world import World

from civicam.fleet.facts import DeviceRegistered, Presence, PresenceChanged
from civicam.fleet.presence import HEARTBEAT_LOST, RESTARTED
from civicam.gateway.settings import GatewaySettings, RegistrationSettings, ResyncSettings

CAMERAS = [f"340200000013200000{number:02}" for number in range(1, 41)]
CHANNEL = "34020000001310000001"


def test_restart_without_a_false_offline() -> None:
    """At 09:30 the platform is killed and comes back ten seconds later.

        [CAM01]──┐
        [CAM02]──┼──[SWITCH]──[PLATFORM ✝ 09:30:00, back 09:30:10]
         ...     │
        [CAM40]──┘   CAM40 lost its power while nobody was there to see it

    39 cameras keep beating once a minute and never register again, for in their own eyes nothing happened.
    Not one of them is called lost, not even for a moment; CAM40 is, but not before its own three minutes
    have passed since the platform could listen again.
    """

    async def story() -> None:
        world = World()
        await world.start()
        cameras = [world.camera(gb_id) for gb_id in CAMERAS]
        await world.gateway.devices_changed()
        for camera in cameras:
            assert (await camera.register(86_400)).status == 200
            asyncio.get_running_loop().create_task(camera.beat_for_ever())
            await later(1.5)
        await later(1800)
        lost_before = [fact for fact in world.fleet.of(PresenceChanged) if fact.after is Presence.OFFLINE]
        assert lost_before == []

        await world.crash()
        cameras[-1].alive = False
        await later(10)
        await world.start()
        back = asyncio.get_running_loop().time()
        world.fleet.facts.clear()
        await later(1)
        assert world.gateway.gauges()["devices_offline"] == 0
        await until(lambda: world.gateway.gauges()["devices_online"] == 39, 70)

        dead = world.fleet.secrets[CAMERAS[-1]].device_id
        assert world.gateway.presence(dead) is Presence.UNKNOWN
        await until(lambda: world.gateway.presence(dead) is Presence.OFFLINE, 200)
        assert asyncio.get_running_loop().time() - back >= 180
        await later(600)
        lost = [fact for fact in world.fleet.of(PresenceChanged) if fact.after is Presence.OFFLINE]
        assert [(fact.device_id, fact.reason_code) for fact in lost] == [(dead, HEARTBEAT_LOST)]
        assert world.fleet.of(DeviceRegistered) == []  # nobody had to register again

    run(story())


def test_restart_and_devices_that_wait_before_they_come_back() -> None:
    """The platform is killed; its devices beat every ten seconds, but their connections broke with it.

        [CAM01]──✂──┐
         ...        ├──[PLATFORM ✝, back at once]
        [CAM20]──✂──┘   each registers again only after the 60 s of the standard, one after the other

    Thirty seconds of silence would be an outage on any other day. On this one nobody is called lost.
    """

    async def story() -> None:
        world = World()
        for gb_id in CAMERAS[:20]:
            world.fleet.enter(gb_id, "example-9", heartbeat_s=10)
        await world.start()
        cameras = [world.camera(gb_id) for gb_id in CAMERAS[:20]]
        for camera in cameras:
            assert (await camera.register()).status == 200
        await world.crash()
        world.fleet.facts.clear()
        await world.start()
        await later(60)
        for camera in cameras:
            assert (await camera.register()).status == 200
            asyncio.get_running_loop().create_task(camera.beat_for_ever(10))
            await later(0.5)
        await later(120)
        assert [fact for fact in world.fleet.of(PresenceChanged) if fact.after is Presence.OFFLINE] == []
        assert world.gateway.gauges()["devices_online"] == 20

    run(story())


def test_what_was_offline_before_the_restart_is_unknown_after_it() -> None:
    """[CAM01 ✝]──[PLATFORM]: an old "offline" is no knowledge of a new process; it finds out."""

    async def story() -> None:
        world = World()
        await world.start()
        camera = world.camera(CAMERAS[0])
        await camera.register()
        camera.alive = False
        device = world.fleet.secrets[CAMERAS[0]].device_id
        await until(lambda: world.fleet.transitions(device)[-1:] == [(Presence.OFFLINE, HEARTBEAT_LOST)])
        await world.crash()
        await world.start()
        await until(lambda: world.fleet.transitions(device)[-1] == (Presence.UNKNOWN, RESTARTED), 1)
        await until(lambda: world.fleet.transitions(device)[-1] == (Presence.OFFLINE, HEARTBEAT_LOST), 190)

    run(story())


def test_wrong_password_is_counted_not_shouted() -> None:
    """A camera was replaced and the new one has another password.

        [CAM01 with a wrong password]──[PLATFORM]

    It tries for an hour. It never comes in, after five tries it is refused unchecked, the log gets a line a
    minute at most, and the operator finds it among those who were turned away. With the right password it is
    in at once, from its second address too, which was never locked out.
    """

    async def story() -> None:
        world = World()
        await world.start()
        camera = world.camera(CAMERAS[0], "the-right-one")
        camera.password = "the-wrong-one"
        statuses = [(await camera.register()).status for _ in range(50)]
        assert set(statuses) == {403}
        counters = world.gateway.counters()
        assert counters["gateway.wrong-password"] == 5
        assert counters["gateway.too-many-failures"] == 45
        (stranger,) = world.gateway.strangers()
        assert (stranger.gb_id, stranger.count) == (CAMERAS[0], 50)
        assert world.fleet.of(DeviceRegistered) == []

        camera.password = "the-right-one"
        assert (await camera.register()).status == 403
        camera.agent.move(("10.0.7.7", 5060))
        assert (await camera.register()).status == 200
        camera.agent.move(("10.0.1.2", 5060))
        await later(61)
        assert (await camera.register()).status == 200

    run(story())


def test_unknown_device_knocks() -> None:
    """[a device nobody entered]──[PLATFORM]: refused by REGISTER and by Keepalive; entered, it is in."""

    async def story() -> None:
        world = World()
        await world.start()
        camera = world.camera(CAMERAS[0], "example-9")
        secret = world.fleet.secrets.pop(CAMERAS[0])
        record = world.fleet.records.pop(secret.device_id)
        assert (await camera.register()).status == 403
        assert await camera.beat() == 404
        (stranger,) = world.gateway.strangers()
        assert (stranger.gb_id, stranger.code) == (CAMERAS[0], "gateway.unknown-device")

        world.fleet.secrets[CAMERAS[0]] = secret
        world.fleet.records[record.device_id] = record
        assert (await camera.register()).status == 200
        assert await camera.beat() == 200
        assert world.gateway.strangers() == []

    run(story())


def test_power_returns_to_the_whole_city() -> None:
    """One feeder comes back and forty cameras register in the same second.

        [FEEDER]──[40 × CAM]──[PLATFORM, admits 10 at once and 2 a second]

    Those sent away get 503 with different times to come back, and within a few minutes all are in. Their
    lists are read a few at a time: the budget is the city's, not the device's.
    """

    async def story() -> None:
        world = World(
            GatewaySettings(
                gb_id=PLATFORM,
                realm=REALM,
                advertise="10.0.0.1",
                registration=RegistrationSettings(rate=2, burst=10),
                resync=ResyncSettings(concurrent=4, per_second=2),
            )
        )
        await world.start()
        cameras = [world.camera(gb_id, "example-9", CHANNEL) for gb_id in CAMERAS]
        await world.gateway.devices_changed()
        waits: list[int] = []
        most: list[int] = []

        async def come(camera: Camera) -> None:
            while (response := await camera.register()).status == 503:
                wait = int(response.headers.get("Retry-After") or 0)
                waits.append(wait)
                await later(wait)
            assert response.status == 200

        async def watch() -> None:
            while len(world.fleet.catalogues) < 40:
                most.append(world.gateway.gauges()["resync_running"])
                await later(0.05)

        await asyncio.gather(watch(), *(come(camera) for camera in cameras))
        assert world.gateway.gauges()["devices_online"] == 40
        assert len(set(waits)) > 5
        assert max(most) <= 4

    run(story())
