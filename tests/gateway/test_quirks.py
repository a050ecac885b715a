"""Quirks that only the whole gateway shows; the table is `civicam.signalling.gb28181.quirks`."""

from __future__ import annotations

import pytest
from tests.gateway.camera import Camera
from tests.gateway.wire import GATE, PLATFORM, REALM, later, run, until
from tests.gateway.world import World

from civicam.signalling.gb28181.ids import GbId
from civicam.signalling.gb28181.manscdp import CONTENT_TYPE, Keepalive, to_xml
from civicam.signalling.sip.build import new_request

NVR = "34020000001180000001"
CAM1 = "34020000001310000001"


async def online(world: World) -> Camera:
    """A recorder with one channel that is registered and read."""
    await world.start()
    camera = world.camera(NVR, "example-9", CAM1)
    await camera.register()
    await until(lambda: len(world.fleet.catalogues) == 1)
    return camera


def test_every_message_with_the_same_cseq() -> None:
    async def story() -> None:
        world = World()
        camera = await online(world)
        for number in range(1, 4):
            request = new_request(
                "MESSAGE",
                f"sip:{PLATFORM}@{REALM}",
                camera.origin(),
                from_uri=f"sip:{NVR}@{REALM}",
                to_uri=f"sip:{PLATFORM}@{REALM}",
                headers=[("CSeq", "20 MESSAGE")],
            )
            request.set_body(CONTENT_TYPE, to_xml(Keepalive(number, GbId(NVR))))
            assert (await camera.agent.request(request, GATE)).status == 200
        assert world.gateway.counters()["keepalive"] == 3

    run(story())


@pytest.mark.parametrize("speaker", [CAM1, "34020000001310000099"])
def test_catalogue_sent_in_the_name_of_a_channel(speaker: str) -> None:
    async def story() -> None:
        world = World()
        camera = await online(world)
        assert (await camera.say(world.part(1, NVR, CAM1), from_id=speaker)).status == 200
        # not even the body names the device: its packet source does
        assert (await camera.say(world.part(1, CAM1, CAM1), from_id=speaker)).status == 200
        assert world.gateway.counters()["catalogue_unsolicited"] == 2

    run(story())


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        (CONTENT_TYPE, b"<Notify><CmdType>Keepalive", 400),
        (CONTENT_TYPE, b"", 400),
        (CONTENT_TYPE, b"<Notify><CmdType>Alarm</CmdType><SN>1</SN><DeviceID>x</DeviceID></Notify>", 400),
        (CONTENT_TYPE, b"<Notify><CmdType>Weather</CmdType><SN>1</SN><DeviceID>x</DeviceID></Notify>", 200),
        (CONTENT_TYPE, b"<Query><CmdType>Catalog</CmdType><SN>1</SN><DeviceID>34</DeviceID></Query>", 415),
        (CONTENT_TYPE, b"<Control><CmdType>DeviceControl</CmdType><SN>1</SN></Control>", 400),
        (CONTENT_TYPE, b"<Control><CmdType>Weather</CmdType><SN>1</SN></Control>", 415),
        ("text/plain", b"hello", 415),
    ],
)
def test_bodies_of_every_kind_are_answered(content_type: str, body: bytes, status: int) -> None:
    async def story() -> None:
        world = World()
        camera = await online(world)
        request = new_request(
            "MESSAGE",
            f"sip:{PLATFORM}@{REALM}",
            camera.origin(),
            from_uri=f"sip:{NVR}@{REALM}",
            to_uri=f"sip:{PLATFORM}@{REALM}",
        )
        request.set_body(content_type, body)
        assert (await camera.agent.request(request, GATE)).status == status

    run(story())


@pytest.mark.parametrize(
    ("method", "status"),
    [("OPTIONS", 200), ("BYE", 481), ("NOTIFY", 481), ("INFO", 481), ("SUBSCRIBE", 481), ("INVITE", 488)],
)
def test_other_methods_are_answered(method: str, status: int) -> None:
    async def story() -> None:
        world = World()
        camera = await online(world)
        request = new_request(
            method,
            f"sip:{PLATFORM}@{REALM}",
            camera.origin(),
            from_uri=f"sip:{NVR}@{REALM}",
            to_uri=f"sip:{PLATFORM}@{REALM}",
            headers=[("Event", "presence")],
        )
        assert (await camera.agent.request(request, GATE)).status == status
        await later(0.1)

    run(story())
