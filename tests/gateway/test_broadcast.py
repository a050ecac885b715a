"""Speaking through a loudspeaker: the device calls back, sound goes to it alone, and every call ends."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.gateway.loudspeaker import Loudspeaker, Room, room
from tests.gateway.recorder import CAM1, CAM2, NVR, online
from tests.gateway.wire import GATE_HOST, PLATFORM, REALM, later, run
from tests.gateway.world import World

from civicam.fleet.facts import DeviceId
from civicam.gateway.settings import BroadcastSettings, GatewaySettings
from civicam.kernel.errors import CivicamError
from civicam.media.engine import Transport

SSRC = 200_000_017


def test_the_device_is_told_calls_back_and_hears() -> None:
    async def story() -> None:
        r = await room()
        stream = await r.open()
        (notice,) = r.box.heard
        assert (notice.device_id, notice.source_id) == (CAM1, PLATFORM)
        answer = r.box.answer()
        assert (answer.media, answer.direction, answer.ssrc, answer.tcp) == ("audio", "sendonly", SSRC, False)
        assert (answer.host, answer.payload("PCMA"), answer.owner) == (GATE_HOST, 8, PLATFORM)
        spec = r.sender()
        assert (spec.ssrc, spec.transport, spec.payload_type) == (SSRC, Transport.UDP, 8)
        assert r.world.engine.connected[stream] == (r.box.host, 9000)
        r.broadcasts.close(stream)
        r.broadcasts.close(stream)
        await later(1)
        assert (r.byes(), r.left()) == (1, (0, 0))

    run(story())


def test_a_device_itself_is_asked_in_its_own_name() -> None:
    async def story() -> None:
        r = await room()
        device_id = r.world.fleet.secrets[NVR].device_id
        stream = await r.broadcasts.open_device(device_id)
        (notice,) = r.box.heard
        assert (notice.device_id, notice.source_id) == (NVR, PLATFORM)
        with pytest.raises(CivicamError, match=r"gateway\.broadcast-busy"):
            await r.broadcasts.open_device(device_id)
        r.broadcasts.close(stream)
        await later(1)
        assert (r.byes(), r.left()) == (1, (0, 0))
        with pytest.raises(CivicamError, match=r"fleet\.unknown-device"):
            await r.broadcasts.open_device(DeviceId("d-nobody"))

    run(story())


def test_our_bye_is_the_devices_invite_the_other_way_round() -> None:
    async def story() -> None:
        r = await room()
        r.broadcasts.close(await r.open())
        await later(1)
        (bye,) = [each for each in r.box.camera.heard if each.method == "BYE"]
        assert r.box.dialog is not None
        assert bye.from_.tag == r.box.dialog.remote_tag
        assert bye.to.tag == r.box.dialog.local_tag
        assert bye.call_id == r.box.dialog.call_id

    run(story())


@pytest.mark.parametrize("away", ["192.168.1.64", "203.0.113.9"])
def test_sound_goes_to_where_the_device_is_and_to_no_third_party(away: str) -> None:
    """W#44: behind NAT the offer's address is private; anybody else's must not be shouted at."""

    async def story() -> None:
        r = await room()
        r.box.offer = r.box.voice(away)
        stream = await r.open()
        assert r.world.engine.connected[stream] == (r.box.host, 9000)
        assert r.sender().source_host == r.box.host

    run(story())


@pytest.mark.parametrize("ack", ["other", "none"])
def test_an_ack_of_another_call_is_not_waited_for(ack: str) -> None:
    async def story() -> None:
        r = await room(ack=ack)
        began = asyncio.get_running_loop().time()
        stream = await r.open()
        assert asyncio.get_running_loop().time() - began < 2
        assert r.world.engine.connected[stream] == (r.box.host, 9000)
        for _ in range(3):
            await later(20)  # past timer L: nobody acknowledges any more, and the call stands
            await r.box.camera.beat()
        assert r.left() == (1, 1)

    run(story())


@pytest.mark.parametrize(
    ("role", "answered", "transport"),
    [("active", "passive", Transport.TCP_PASSIVE), ("passive", "active", Transport.TCP_ACTIVE)],
)
def test_sound_over_tcp_in_the_role_the_device_leaves_us(
    role: str, answered: str, transport: Transport
) -> None:
    async def story() -> None:
        r = await room()
        r.box.offer = r.box.voice(tcp=True, setup=role)
        stream = await r.open()
        assert (r.box.answer().tcp, r.box.answer().setup) == (True, answered)
        assert (r.sender().transport, r.sender().source_host) == (transport, r.box.host)
        assert (stream in r.world.engine.connected) is (transport is Transport.TCP_ACTIVE)

    run(story())


def test_a_loudspeaker_that_connects_after_twenty_seconds() -> None:
    """W#1515: body cameras connect late, and the engine's lack of a speaker means nothing meanwhile."""

    async def story() -> None:
        r = await room(opens_after=20.0)
        r.box.offer = r.box.voice(tcp=True, setup="active")
        asking = asyncio.create_task(r.open())
        await later(15)
        (stream,) = r.world.engine.open
        r.world.engine.idle(stream)
        assert await asking == stream
        assert r.left() == (1, 1)

    run(story())


def test_a_loudspeaker_that_never_connects() -> None:
    async def story() -> None:
        r = await room(opens=False)
        r.box.offer = r.box.voice(tcp=True, setup="active")
        assert await r.refused() == "gateway.broadcast-not-connected"
        await later(1)
        assert (r.byes(), r.left()) == (1, (0, 0))

    run(story())


def test_an_engine_that_gives_up_on_the_device() -> None:
    async def story() -> None:
        r = await room(opens=False)
        asking = asyncio.create_task(r.refused())
        await later(3)
        (stream,) = r.world.engine.open
        r.world.engine.lost(stream, "media.device-absent")
        assert await asking == "gateway.broadcast-not-connected"
        await later(1)
        assert (r.byes(), r.left()) == (1, (0, 0))

    run(story())


@pytest.mark.parametrize(
    ("habits", "code"),
    [
        ({"ok": False}, "gateway.device-refused"),
        ({"answers": False, "calls": False}, "gateway.no-answer"),
        ({"calls": False}, "gateway.broadcast-no-invite"),
    ],
)
def test_why_nobody_hears_is_told(habits: dict[str, Any], code: str) -> None:
    async def story() -> None:
        r = await room(**habits)
        assert await r.refused() == code
        await later(1)
        assert (r.byes(), r.left()) == (0, (0, 0))
        r.box.ok = r.box.answers = r.box.calls = True
        assert await r.open()

    run(story())


def test_a_device_that_calls_without_saying_ok_first() -> None:
    async def story() -> None:
        r = await room(answers=False)
        assert await r.open()

    run(story())


def test_a_device_that_calls_too_late_is_refused() -> None:
    async def story() -> None:
        r = await room(call_after=25.0)
        assert await r.refused() == "gateway.broadcast-no-invite"
        await later(10)
        assert [each.status for each in r.box.answered] == [488]
        assert r.left() == (0, 0)

    run(story())


def test_an_invite_nobody_asked_for() -> None:
    async def story() -> None:
        r = await room()
        await r.box.call()
        assert [each.status for each in r.box.answered] == [488]
        assert r.left() == (0, 0)

    run(story())


def test_a_call_in_the_name_of_the_channel() -> None:
    async def story() -> None:
        r = await room(from_id=CAM1)
        assert await r.open()

    run(story())


def test_another_host_may_not_take_the_call() -> None:
    """Who knows the device's id and the moment still gets nothing from another address."""

    async def story() -> None:
        r = await room(calls=False)
        thief = r.world.camera("34020000001320000099")
        forged = Loudspeaker(r.world, thief)
        asking = asyncio.create_task(r.refused())
        await later(1)
        await forged.call()
        assert [each.status for each in forged.answered] == [403]
        assert await asking == "gateway.broadcast-no-invite"
        assert r.world.engine.connected == {}

    run(story())


@pytest.mark.parametrize(
    "change",
    [
        (b"m=audio", b"m=video"),
        (b"a=recvonly", b"a=sendonly"),
        (b"m=audio 9000", b"m=audio 0"),
        (b"RTP/AVP 8\r\na=recvonly\r\na=rtpmap:8 PCMA/8000", b"RTP/AVP 9\r\na=rtpmap:9 G722/8000"),
        (b"m=audio", b"x"),
    ],
)
def test_an_offer_that_cannot_be_used(change: tuple[bytes, bytes]) -> None:
    async def story() -> None:
        r = await room()
        r.box.offer = r.box.voice().replace(*change)
        assert change[1] in r.box.offer
        assert await r.refused() == "gateway.broadcast-format"
        await later(1)
        assert [each.status for each in r.box.answered] == [488]
        assert r.left() == (0, 0)

    run(story())


def test_a_device_that_names_no_ssrc_gets_one() -> None:
    async def story() -> None:
        r = await room()
        r.box.offer = b"\r\n".join(line for line in r.box.voice().split(b"\r\n") if line[:2] != b"y=")
        stream = await r.open()
        assert r.box.answer().ssrc == r.sender().ssrc
        assert f"{r.sender().ssrc:010d}"[0] == "0"
        assert r.world.gateway.gauges()["ssrcs"] == 1
        r.broadcasts.close(stream)
        await later(32)
        assert r.world.gateway.gauges()["broadcasts"] == 0

    run(story())


def test_one_person_a_loudspeaker() -> None:
    async def story() -> None:
        r = await room()
        stream = await r.open()
        assert await r.refused() == "gateway.broadcast-busy"
        other = await r.open(CAM2)
        assert other != stream
        assert r.left() == (2, 2)
        r.broadcasts.close(stream)
        assert await r.open() not in {stream, other}

    run(story())


def test_while_a_call_is_awaited_the_device_is_asked_for_no_other() -> None:
    async def story() -> None:
        r = await room(call_after=5.0)
        first = asyncio.create_task(r.open())
        await later(1)
        assert await r.refused(CAM2) == "gateway.broadcast-busy"
        assert await first

    run(story())


def test_there_is_an_end_to_how_many() -> None:
    async def story() -> None:
        limit = BroadcastSettings(most=1)
        world = World(GatewaySettings(gb_id=PLATFORM, realm=REALM, advertise=GATE_HOST, broadcast=limit))
        r = Room(world, Loudspeaker(world, await online(world)))
        await r.open()
        assert await r.refused(CAM2) == "gateway.too-many-broadcasts"

    run(story())
