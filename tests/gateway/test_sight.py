"""What an operator is shown of a device: deadlines, address, catalogue, ladder; never a secret."""

from __future__ import annotations

import re

import pytest
from tests.gateway.recorder import CAM1, CAM2, CAM3, NVR, online
from tests.gateway.wire import later, run
from tests.gateway.world import World

from civicam.fleet.facts import DeviceId, Presence
from civicam.gateway.operations import Operations
from civicam.kernel.errors import Refused


def device_of(world: World, gb_id: str = NVR) -> DeviceId:
    return world.fleet.secrets[gb_id].device_id


async def operations(world: World) -> Operations:
    world.agent.endpoint.on_wire = world.gateway.trace.record
    return world.gateway.operations


def test_a_device_that_is_well() -> None:
    async def story() -> None:
        world = World()
        camera = await online(world)
        found = (await operations(world)).sights.sight(device_of(world))
        assert (found.presence, found.missed, found.sessions) == (Presence.ONLINE, 0, 0)
        assert (found.address, found.transport) == ("10.0.1.2:5060", "udp")
        assert found.heard_by is not None
        assert found.expires_at is not None
        assert found.expires_at > found.heard_by
        assert (found.catalogue.state, found.catalogue.received, found.catalogue.announced) == (
            "complete",
            3,
            3,
        )
        await later(125)
        assert (await operations(world)).sights.sight(device_of(world)).missed == 2
        assert await camera.beat() == 200
        assert (await operations(world)).sights.sight(device_of(world)).missed == 0

    run(story())


def test_a_catalogue_that_stops_half_way_says_how_far_it_came() -> None:
    async def story() -> None:
        world = World()
        camera = world.camera(NVR, "example-9", CAM1, CAM2, CAM3)
        await world.start()
        sights = (await operations(world)).sights
        assert sights.sight(device_of(world)).catalogue.state == "never"
        camera.parts_sent = 1
        await camera.register()
        await later(1)
        found = sights.sight(device_of(world)).catalogue
        assert (found.state, found.received, found.announced) == ("collecting", 2, 3)
        await later(20)
        assert sights.sight(device_of(world)).catalogue.state == "incomplete"

    run(story())


def test_the_ladder_shows_what_was_said_and_no_secret() -> None:
    async def story() -> None:
        world = World()
        camera = world.camera(NVR, "example-9", CAM1)
        await world.start()
        sights = (await operations(world)).sights
        await camera.register()
        await later(2)
        rows = sights.ladder(device_of(world))
        labels = [row.label for row in rows]
        assert labels[:4] == ["REGISTER", "401 Unauthorized (REGISTER)", "REGISTER", "200 OK (REGISTER)"]
        assert "MESSAGE Catalog" in labels
        assert [row.incoming for row in rows[:4]] == [True, False, True, False]
        assert rows[3].answers == rows[2].number
        assert "Digest" in rows[2].text
        assert not re.search(r'response="?[0-9a-f]{32}', rows[2].text)
        assert sights.ladder(device_of(world), rows[-1].number) == []
        assert "REGISTER sip:" in sights.trace_text(device_of(world))

    run(story())


def test_a_stranger_has_a_ladder_of_its_own() -> None:
    async def story() -> None:
        world = World()
        camera = await online(world)
        sights = (await operations(world)).sights
        stranger = world.camera("34020000001320009999")
        del world.fleet.records[world.fleet.secrets.pop("34020000001320009999").device_id]
        await world.gateway.devices_changed()
        assert (await stranger.register()).status in {403, 404}
        assert [row.label for row in sights.strangers()][:1] == ["REGISTER"]
        assert await camera.beat() == 200
        with pytest.raises(Refused, match=r"fleet\.unknown-device"):
            sights.ladder(DeviceId("nobody"))

    run(story())
