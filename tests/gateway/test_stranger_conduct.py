"""What strangers' programs do rather than how they spell it: video, or a code, and nothing is left behind."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable

import pytest
from tests.gateway.camera import Camera
from tests.gateway.oddities import catalogue, head, speaks
from tests.gateway.recorder import CAM1, CAM2, CAM3, NVR, online, refused_with
from tests.gateway.wire import GATE, PLATFORM, REALM, later, run, until
from tests.gateway.world import World

from civicam.fleet.facts import DeviceId
from civicam.gateway.refusals import DEVICE_ENDED
from civicam.signalling.gb28181.manscdp import CatalogItem, CatalogResponse, Message
from civicam.signalling.sip.build import new_request, new_response
from civicam.signalling.sip.events import RequestReceived
from civicam.signalling.sip.message import Request

Sent = list[bytes]


def told(world: World, camera: Camera) -> Sent:
    """Every packet that went to the camera."""
    return [data for _, target, data in world.network.log if target == camera.agent.address]


async def playing(world: World) -> tuple[Camera, str]:
    """A recorder that shows a channel."""
    camera = await online(world)
    return camera, await world.gateway.open_live(world.fleet.channel(NVR, CAM1), "main")


def a_request(camera: Camera, method: str, headers: tuple[tuple[str, str], ...] = ()) -> Request:
    uri, platform = f"sip:{NVR}@{REALM}", f"sip:{PLATFORM}@{REALM}"
    return new_request(method, platform, camera.origin(), from_uri=uri, to_uri=platform, headers=headers)


@pytest.mark.parametrize("swapped", [False, True], ids=["its own way round", "as in our INVITE"])
def test_a_bye_ends_the_session_whichever_way_round_its_tags_stand(swapped: bool) -> None:
    async def story() -> None:
        world = World()
        camera, stream = await playing(world)
        bye = camera.dialogs[-1].request("BYE")
        if swapped:
            sender, target = bye.headers.get("From") or "", bye.headers.get("To") or ""
            bye.headers.set("From", target)
            bye.headers.set("To", sender)
        assert (await camera.agent.request(bye, GATE)).status == 200
        await until(lambda: not world.gateway.sessions())
        assert (camera.count("BYE"), stream in world.engine.closed) == (0, True)

    run(story())


def test_a_bye_of_nobody_is_481_and_ends_nothing() -> None:
    async def story() -> None:
        world = World()
        camera, _ = await playing(world)
        assert (await camera.agent.request(a_request(camera, "BYE"), GATE)).status == 481
        assert [each.state for each in world.gateway.sessions()] == ["streaming"]

    run(story())


@pytest.mark.parametrize(
    ("method", "status"), [("UPDATE", 405), ("PRACK", 405), ("INFO", 481), ("REFER", 405), ("invite", 501)]
)
def test_what_is_not_taken_in_a_dialog_is_answered_and_ends_nothing(method: str, status: int) -> None:
    """Telephones refresh their sessions; we offered no extension, and say so."""

    async def story() -> None:
        world = World()
        camera, _ = await playing(world)
        request = camera.dialogs[-1].request(method)
        assert (await camera.agent.request(request, GATE)).status == status
        assert [each.state for each in world.gateway.sessions()] == ["streaming"]

    run(story())


def test_an_invite_inside_our_dialog_is_refused_and_the_video_stays() -> None:
    async def story() -> None:
        world = World()
        camera, _ = await playing(world)
        again = camera.dialogs[-1].request(
            "INVITE", headers=[("Contact", camera.origin().contact(NVR))], body=b"v=0\r\n",
            content_type="application/sdp",
        )  # fmt: skip
        answer = await camera.agent.invite(again, GATE).final()
        assert answer.status >= 400
        assert [each.state for each in world.gateway.sessions()] == ["streaming"]

    run(story())


def test_ringing_three_times_before_the_answer() -> None:
    """180, 183 with an SDP, 180: none of them is the answer."""

    async def story() -> None:
        world = World()
        camera = await online(world)
        invited = camera._invited

        async def ring(event: RequestReceived) -> None:
            for status in (180, 183, 180):
                early = new_response(event.request, status, to_tag=f"early{status}", body=b"v=0\r\n")
                camera.agent.respond(event.key, early)
                await later(2.0)
            await invited(event)

        camera._invited = ring  # type: ignore[method-assign]
        await world.gateway.open_live(world.fleet.channel(NVR, CAM1), "main")
        assert camera.acked == 1

    run(story())


def test_a_200_that_comes_again_is_acknowledged_again() -> None:
    """Its ACK was lost: one session, and as many ACKs as answers."""

    async def story() -> None:
        world = World()
        camera = await online(world)
        lost = [True, True]

        def drop(data: bytes, source: tuple[str, int], _target: tuple[str, int]) -> bool:
            return data.startswith(b"ACK") and source == (GATE.host, GATE.port) and bool(lost and lost.pop())

        world.network.drop = drop
        await world.gateway.open_live(world.fleet.channel(NVR, CAM1), "main")
        await later(8.0)
        acks = [data for data in told(world, camera) if data.startswith(b"ACK")]
        assert (len(acks), len(set(acks)), camera.acked) == (3, 1, 1)
        assert len(world.gateway.sessions()) == 1

    run(story())


def test_the_end_of_our_patience_crosses_the_answer() -> None:
    """CANCEL and 200 pass each other: the answer is acknowledged and ended, the camera sends nothing on."""

    async def story() -> None:
        world = World()
        camera = await online(world)
        camera.ring_first, camera.answer_delay = True, 15.0 + world.settings.live.invite_s / 10
        assert await refused_with(world) == "gateway.play-timeout"
        await until(lambda: not world.gateway.sessions())
        assert (camera.cancelled, camera.acked in (0, 1), camera.count("BYE") in (0, 1)) == (1, True, True)
        assert world.engine.open == {}

    run(story())


def test_a_heartbeat_before_any_registration_says_register() -> None:
    """403 to a device that is known, 404 to one that is not: both make it register."""

    async def story() -> None:
        world = World()
        await world.start()
        camera = world.camera(NVR, "example-9", CAM1)
        await world.gateway.devices_changed()
        assert await camera.beat() == 403
        del world.fleet.secrets[NVR]
        stranger = world.camera("34020000001320000099")
        world.fleet.records.pop(DeviceId("d-34020000001320000099"))
        await world.gateway.devices_changed()
        assert await stranger.beat() == 404

    run(story())


def test_a_new_port_in_the_middle_of_a_dialog_is_where_our_bye_goes() -> None:
    """The NAT forgot the mapping; the next heartbeat tells."""

    async def story() -> None:
        world = World()
        camera, stream = await playing(world)
        camera.agent.move((camera.agent.address[0], 40_404))
        assert await camera.beat() == 200
        await world.gateway.release(stream)
        await until(lambda: not world.gateway.sessions())
        assert camera.count("BYE") == 1

    run(story())


def itself(data: bytes) -> bytes:
    """Lists the recorder instead of a camera, under the platform."""
    data = data.replace(CAM1.encode(), NVR.encode())
    return re.sub(rb"<ParentID>\d+<", b"<ParentID>%s<" % PLATFORM.encode(), data)


def test_a_device_that_lists_only_itself_is_its_own_channel() -> None:
    """Registered with a recorder's id, its one item is that id: shown, or it could never be watched."""

    async def story() -> None:
        world = World()
        await world.start()
        camera = world.camera(NVR, "example-9", CAM1)
        speaks(camera, catalogue(itself))
        assert (await camera.register()).status == 200
        await until(lambda: len(world.fleet.catalogues) == 1)
        ((_, items, complete),) = world.fleet.catalogues
        assert ([each.gb_id for each in items], complete) == ([NVR], True)
        await world.gateway.open_live(world.fleet.channel(NVR, NVR), "main")

    run(story())


def test_a_recorder_above_its_cameras_is_no_channel() -> None:
    async def story() -> None:
        world = World()
        await world.start()
        camera = world.camera(NVR, "example-9", NVR, CAM1, CAM2)
        assert (await camera.register()).status == 200
        await until(lambda: len(world.fleet.catalogues) == 1)
        assert [each.gb_id for each in world.fleet.catalogues[0][1]] == [CAM1, CAM2]

    run(story())


def test_answers_without_our_sn_are_read_and_prove_no_absence() -> None:
    """What came is taken; a list nobody asked for could look the same, so nothing is taken away."""

    async def story() -> None:
        world = World()
        await world.start()
        camera = world.camera(NVR, "example-9", CAM1, CAM2, CAM3)
        speaks(camera, catalogue(lambda xml: re.sub(rb"<SN>\d+</SN>", b"<SN>0</SN>", xml)))
        assert (await camera.register()).status == 200
        await until(lambda: len(world.fleet.catalogues) == 1)
        ((_, items, complete),) = world.fleet.catalogues
        assert ([each.gb_id for each in items], complete) == ([CAM1, CAM2, CAM3], False)

    run(story())


def test_an_answer_with_our_sn_takes_the_place_of_news_without() -> None:
    """A device that tells a state by itself while it is asked, with SN 0."""

    async def story() -> None:
        world = World()
        await world.start()
        camera = world.camera(NVR, "example-9", CAM1, CAM2)
        say = camera.say

        async def news_first(command: Message, from_id: str | None = None):  # type: ignore[no-untyped-def]
            if isinstance(command, CatalogResponse) and command.sn:
                await say(CatalogResponse(0, NVR, 1, (CatalogItem(CAM3, name="elsewhere"),)), from_id)
            return await say(command, from_id)

        camera.say = news_first  # type: ignore[method-assign]
        assert (await camera.register()).status == 200
        await until(lambda: len(world.fleet.catalogues) == 1)
        ((_, items, complete),) = world.fleet.catalogues
        assert ([each.gb_id for each in items], complete) == ([CAM1, CAM2], True)

    run(story())


def in_the_200(change: Callable[[bytes], bytes]) -> Callable[[Camera], None]:
    """DeviceInfo is answered in the 200, its bytes changed, and by nothing else."""

    def prepare(camera: Camera) -> None:
        camera.answers_info = False
        take = camera.on_request

        def answer(event: RequestReceived) -> None:
            if b"<CmdType>DeviceInfo<" not in event.request.body:
                take(event)
                return
            sn = re.search(rb"<SN>(\d+)<", event.request.body)
            assert sn is not None
            xml = b"<Response><CmdType>DeviceInfo</CmdType><SN>%s</SN><DeviceID>%s</DeviceID>" % (
                sn[1],
                NVR.encode(),
            )
            xml += "<Manufacturer>模拟</Manufacturer><Result>OK</Result></Response>".encode()
            headers = [("Content-Type", "Application/MANSCDP+xml")]
            camera.agent.respond(event.key, new_response(event.request, 200, headers=headers, body=xml))

        camera.agent.on_request = answer
        speaks(camera, lambda data: change(data) if b"<CmdType>DeviceInfo<" in data else data)

    return prepare


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data,
        lambda data: data.replace(b"\r\n\r\n", b"\r\n\r\n\r\n"),  # an empty line that is not counted
        head(rb"Content-Length: \d+", b"Content-Length: 20"),
        head(rb"Content-Length: \d+", b"Content-Length: 0"),
        head(rb"Content-Length: \d+", b"Content-Length: 4000"),
    ],
    ids=["right", "an empty line more", "too small", "zero", "too large"],
)
def test_an_answer_in_the_200_is_read_whatever_its_length_says(change: Callable[[bytes], bytes]) -> None:
    """And the list of channels does not wait for another."""

    async def story() -> None:
        world = World()
        await world.start()
        camera = world.camera(NVR, "example-9", CAM1)
        in_the_200(change)(camera)
        assert (await camera.register()).status == 200
        began = asyncio.get_running_loop().time()
        await until(lambda: len(world.fleet.catalogues) == 1)
        assert world.fleet.infos[DeviceId(f"d-{NVR}")].manufacturer == "模拟"
        assert asyncio.get_running_loop().time() - began < 2.0

    run(story())


def test_a_device_that_takes_no_question_about_itself_is_read_all_the_same() -> None:
    """It answers nothing to DeviceInfo, not even 200: the list is asked for within the time of one answer."""

    async def story() -> None:
        world = World()
        await world.start()
        camera = world.camera(NVR, "example-9", CAM1)
        take = camera.on_request
        camera.agent.on_request = lambda event: (
            None if b"<CmdType>DeviceInfo<" in event.request.body else take(event)
        )
        assert (await camera.register()).status == 200
        began = asyncio.get_running_loop().time()
        await until(lambda: len(world.fleet.catalogues) == 1)
        assert asyncio.get_running_loop().time() - began < world.settings.resync.answer_s + 1.0

    run(story())


def test_no_question_is_glued_to_the_answer_of_a_registration() -> None:
    """A program that reads one message from each TCP segment would lose it."""

    async def story() -> None:
        world = World()
        await world.start()
        camera = world.camera(NVR, "example-9", CAM1)
        at: dict[str, float] = {}
        carry = world.network.carry

        def timed(data: bytes, source: tuple[str, int], target: tuple[str, int]) -> None:
            if source == (GATE.host, GATE.port):
                at.setdefault(data.split(b"\r\n")[0].decode(), asyncio.get_running_loop().time())
            carry(data, source, target)

        world.network.carry = timed  # type: ignore[method-assign]
        assert (await camera.register()).status == 200
        await until(lambda: len(world.fleet.catalogues) == 1)
        question = next(time for line, time in at.items() if line.startswith("MESSAGE"))
        assert question - at["SIP/2.0 200 OK"] >= world.settings.resync.pause_s

    run(story())


def test_sessions_end_with_the_code_of_the_devices_own_bye() -> None:
    """The operator hears who ended it."""

    async def story() -> None:
        world = World()
        codes: list[str] = []
        camera, _ = await playing(world)
        world.gateway.listen_sessions(lambda info: codes.append(info.code))
        assert await camera.hang_up() == 200
        await until(lambda: not world.gateway.sessions())
        assert codes[-1] == DEVICE_ENDED

    run(story())
