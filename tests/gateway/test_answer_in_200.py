"""Devices that put their MANSCDP answer into the 200 to our MESSAGE instead of sending one of their own."""

from __future__ import annotations

import pytest
from tests.gateway.camera import Camera, item
from tests.gateway.wire import later, run, until
from tests.gateway.world import World

from civicam.signalling.gb28181.ids import GbId
from civicam.signalling.gb28181.manscdp import (
    CatalogQuery,
    Command,
    DeviceInfoQuery,
    DeviceInfoResponse,
    Keepalive,
    in_parts,
    parse_message,
    to_xml,
)
from civicam.signalling.gb28181.manscdp.device_status import DeviceStatusQuery, DeviceStatusResponse
from civicam.signalling.sip.build import new_response
from civicam.signalling.sip.events import RequestReceived

NVR, CAM1 = "34020000001180000001", "34020000001310000001"


def answer(command: Command) -> bytes:
    """What such a device says to a question."""
    match command:
        case CatalogQuery(sn=sn, device_id=device_id):
            return to_xml(in_parts(sn, device_id, (item(CAM1, NVR),), 1)[0])
        case DeviceInfoQuery(sn=sn, device_id=device_id):
            return to_xml(DeviceInfoResponse(sn, device_id, manufacturer="SimCo"))
        case DeviceStatusQuery(sn=sn, device_id=device_id):
            return to_xml(DeviceStatusResponse(sn, device_id, online=True))
        case _:
            return b""


def answers_inside(camera: Camera, spoilt: bytes = b"") -> None:
    """Let a camera answer every MESSAGE by its 200 alone."""

    def on_request(event: RequestReceived) -> None:
        camera.heard.append(event.request)
        body = spoilt or answer(parse_message(event.request.body))
        headers = [("Content-Type", "Application/MANSCDP+xml")]
        camera.agent.respond(event.key, new_response(event.request, 200, headers=headers, body=body))

    camera.agent.on_request = on_request


def test_list_and_make_are_taken_from_the_200() -> None:
    """At once: nobody waits until the patience for an answer of its own has passed."""

    async def story() -> None:
        world = World()
        await world.start()
        camera = world.camera(NVR)
        answers_inside(camera)
        assert (await camera.register()).status == 200
        await until(lambda: len(world.fleet.catalogues) == 1, 2)
        device_id, items, complete = world.fleet.catalogues[0]
        assert ([each.gb_id for each in items], complete) == ([CAM1], True)
        assert world.fleet.infos[device_id].manufacturer == "SimCo"
        operations = world.gateway.operations
        found = await operations.commands.ask(
            operations.addresses.device(device_id),
            lambda sn: DeviceStatusQuery(sn, GbId(NVR)),
            DeviceStatusResponse,
        )
        assert found.online is True
        assert world.gateway.counters()["answer_in_200"] == 3

    run(story())


@pytest.mark.parametrize(
    "body",
    [b"<Response>", b"ok", to_xml(Keepalive(1, NVR)), to_xml(DeviceInfoResponse(99_999, NVR))],
    ids=["broken", "no XML", "a notice", "an answer to nothing"],
)
def test_what_does_not_answer_there_changes_nothing(body: bytes) -> None:
    """Counted; the device stays online and is waited for as ever."""

    async def story() -> None:
        world = World()
        gateway = await world.start()
        camera = world.camera(NVR)
        answers_inside(camera, body)
        assert (await camera.register()).status == 200
        await later(5)
        assert gateway.counters()["answer_in_200_unused"] >= 1
        assert world.fleet.catalogues == []
        assert world.fleet.infos == {}

    run(story())
