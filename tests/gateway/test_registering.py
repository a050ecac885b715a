"""Registration through the whole gateway: twins, redirects, versions, algorithms, odd nonces."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.gateway.camera import Camera
from tests.gateway.recorder import CAM1, NVR, online
from tests.gateway.wire import GATE, GATE_HOST, PLATFORM, REALM, later, run, until
from tests.gateway.world import World

from civicam.fleet.facts import DeviceRegistered, Presence
from civicam.gateway.settings import GatewaySettings, RegistrationSettings
from civicam.signalling.sip import digest
from civicam.signalling.sip.build import new_request
from civicam.signalling.sip.limits import SourceBuckets


def twin_of(world: World, camera: Camera) -> Camera:
    """Another device with the same id and password."""
    return world.camera(camera.gb_id, camera.password, *camera.channels)


def test_two_devices_with_one_id_are_told_and_nothing_flaps() -> None:
    """Each takes the registration from the other for half an hour: always online, and flagged."""

    async def story() -> None:
        world = World()
        one = await online(world)
        two = twin_of(world, one)
        device_id = world.fleet.secrets[NVR].device_id
        before = world.fleet.transitions(device_id)
        for _ in range(10):
            assert (await two.register()).status == 200
            await later(60)
            assert [await one.beat(), await two.beat()] == [403, 200]
            assert (await one.register()).status == 200
            await later(120)
            assert [await one.beat(), await two.beat()] == [200, 403]
        counters = world.gateway.counters()
        assert counters["gateway.same-id-twice"] >= 20
        assert world.fleet.transitions(device_id) == before
        entry = world.gateway._roster.by_gb_id(NVR)
        assert entry is not None
        assert "gateway.same-id-twice" in entry.flags
        assert entry.peer is not None
        assert entry.peer.host == one.agent.address[0]  # the newest
        assert (await two.register(0)).status == 200  # not the one we serve: the id stays
        await later(1)
        assert world.gateway.presence(device_id) is Presence.ONLINE
        assert world.gateway.counters()["unregistered_elsewhere"] == 1
        assert await one.beat() == 200

    run(story())


def test_a_device_that_moved_is_one_device() -> None:
    """A new address after a new lease: no flag."""

    async def story() -> None:
        world = World()
        camera = await online(world)
        camera.agent.move(("10.0.7.7", 5060))
        assert await camera.beat() == 403
        assert (await camera.register()).status == 200
        await later(60)
        assert await camera.beat() == 200
        assert world.gateway.counters().get("gateway.same-id-twice", 0) == 0

    run(story())


def test_a_device_that_registers_as_a_platform_is_let_in_and_flagged() -> None:
    """A recorder or a small platform with type code 200, entered as a device."""

    async def story() -> None:
        world = World()
        await world.start()
        platform = "34020000002000000077"
        camera = world.camera(platform, "example-9", CAM1)
        assert (await camera.register()).status == 200
        await until(lambda: len(world.fleet.catalogues) == 1)
        entry = world.gateway._roster.by_gb_id(platform)
        assert entry is not None
        assert list(entry.flags) == ["gateway.platform-as-device"]
        assert world.gateway.counters()["registered_as_platform"] == 1

    run(story())


def strict_world(registration: RegistrationSettings) -> World:
    """A city with rules of its own at the door."""
    return World(GatewaySettings(gb_id=PLATFORM, realm=REALM, advertise=GATE_HOST, registration=registration))


def test_a_device_with_its_place_elsewhere_is_sent_there() -> None:
    """After the challenge; it is not registered here, but may take an old registration back."""

    async def story() -> None:
        elsewhere = "sip:34020000002000000002@10.0.0.2:5060"
        registration = RegistrationSettings(redirects={NVR: elsewhere})
        world = World(
            GatewaySettings(gb_id=PLATFORM, realm=REALM, advertise=GATE_HOST, registration=registration)
        )
        await world.start()
        camera = world.camera(NVR)
        response = await camera.register(7200)
        assert (response.status, response.headers.get("Contact")) == (302, f"<{elsewhere}>")
        assert (response.headers.get("Expires"), response.headers.get("X-GB-Ver")) == ("7200", "3.0")
        assert world.fleet.of(DeviceRegistered) == []
        assert (await camera.register(0)).status == 200
        camera.password = "wrong"
        assert (await camera.register()).status == 403
        assert world.gateway.counters()["register_redirected"] == 1

    run(story())


@pytest.mark.parametrize(
    ("status", "gb_id", "broken"),
    [(400, "camera", False), (403, "34020000001320000099", False), (503, NVR, True)],
)
def test_a_refused_registration_names_our_version_too(status: int, gb_id: str, broken: bool) -> None:
    """X-GB-Ver on every answer to REGISTER (2022 annex I): bad id, unknown device, busy store."""

    async def story() -> None:
        world = World()
        await world.start()
        camera = world.camera(NVR)
        camera.gb_id = gb_id
        world.fleet.broken = broken
        response = await camera.register()
        assert (response.status, response.headers.get("X-GB-Ver")) == (status, "3.0")

    run(story())


def test_too_many_registrations_are_told_when_and_our_version() -> None:
    async def story() -> None:
        registration = RegistrationSettings(rate=0.001, burst=1)
        world = World(
            GatewaySettings(gb_id=PLATFORM, realm=REALM, advertise=GATE_HOST, registration=registration)
        )
        await world.start()
        camera = world.camera(NVR)
        assert (await camera.register()).status == 200
        response = await camera.register()
        assert (response.status, response.headers.get("X-GB-Ver")) == (503, "3.0")
        assert int(response.headers.get("Retry-After") or "0") >= 5

    run(story())


def test_sha256_is_offered_where_the_operator_wants_it() -> None:
    """Two challenges, the preferred one first, each with its algorithm; the camera takes the first."""

    async def story() -> None:
        world = strict_world(RegistrationSettings(algorithms=("SHA-256", "MD5")))
        await world.start()
        camera = world.camera(NVR)
        known = world.fleet.secrets[NVR]
        world.fleet.secrets[NVR] = replace(
            known, ha1_sha256=digest.ha1(NVR, REALM, camera.password, "SHA-256")
        )
        assert (await camera.register()).status == 200
        (challenged,) = (data for source, _, data in world.network.log if b" 401 " in data[:16])
        lines = [line for line in challenged.split(b"\r\n") if line.startswith(b"WWW-Authenticate")]
        assert [line.split(b"algorithm=")[1].split(b",")[0] for line in lines] == [b"SHA-256", b"MD5"]
        assert b"algorithm=SHA-256" in next(data for *_, data in world.network.log if b"response=" in data)

    run(story())


@pytest.mark.parametrize("password", ["example-9", "wrong"])
def test_a_nonce_of_the_clients_own_making_never_opens(password: str) -> None:
    """Challenged anew each time, the right password or not, and shown with the reason."""

    async def story() -> None:
        world = World()
        await world.start()
        camera = world.camera(NVR, "example-9")
        uri = f"sip:{NVR}@{REALM}"
        question = digest.Challenge(REALM, "made-up", qop="")
        proof = digest.answer(question, digest.Password(NVR, password), "REGISTER", uri, "c0")
        for _ in range(3):
            request = new_request(
                "REGISTER", uri, camera.origin(), from_uri=uri, to_uri=uri, headers=[("Authorization", proof)]
            )
            response = await camera.agent.request(request, GATE)
            assert response.status == 401
            assert "stale=true" in (response.headers.get("WWW-Authenticate") or "")
        assert world.gateway.counters()["gateway.foreign-nonce"] == 3
        assert [each.code for each in world.gateway.strangers()] == ["gateway.foreign-nonce"]
        assert world.fleet.of(DeviceRegistered) == []

    run(story())


def test_a_password_changed_in_the_store_counts_at_once() -> None:
    """Memory may be older than the store, which another process changes: the store has the last word."""

    async def story() -> None:
        world = World()
        await world.start()
        camera = world.camera(NVR)
        old = world.fleet.secrets[NVR]
        world.fleet.remembered[NVR] = old
        world.fleet.secrets[NVR] = replace(old, ha1_md5=digest.ha1(NVR, REALM, "changed"))
        assert (await camera.register()).status == 403
        camera.password = "changed"
        assert (await camera.register()).status == 200
        world.fleet.secrets[NVR] = replace(old, enabled=False)
        camera.password = "example-9"
        assert (await camera.register()).status == 403
        del world.fleet.secrets[NVR]
        assert (await camera.register()).status == 403

    run(story())


def test_a_refresh_is_told_apart() -> None:
    """The same device at the same place, still online: kept like the first time, and no news."""

    async def story() -> None:
        world = World()
        await world.start()
        camera = world.camera(NVR)
        for _ in range(2):
            assert (await camera.register()).status == 200
        assert (await camera.register(headers=[("X-GB-Ver", "2.0")])).status == 200
        facts = world.fleet.of(DeviceRegistered)
        assert [fact.refresh for fact in facts][:2] == [False, True]

    run(story())


def test_a_flood_from_its_own_address_does_not_make_a_device_offline() -> None:
    """Behind one NAT something sends thousands of messages a second; the camera there is heard."""

    async def story() -> None:
        world = World()
        await world.start()
        camera = world.camera(NVR)
        await world.gateway.devices_changed()
        assert (await camera.register()).status == 200
        endpoint = world.agent.endpoint
        endpoint._buckets = SourceBuckets(0.01, 10.0, 100)
        host, _ = camera.agent.address
        for _ in range(10):
            for number in range(50):
                world.network.carry(b"OPTIONS x", (host, 6000 + number), (GATE.host, GATE.port))
            assert await camera.beat() == 200
            await later(20)
        assert endpoint.counters["spared"] >= 9
        assert world.gateway.presence(world.fleet.secrets[NVR].device_id) is Presence.ONLINE

    run(story())
