"""Questions and orders: answers find who asked, and nothing is claimed that is not known."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

import pytest
from tests.gateway.camera import Camera
from tests.gateway.recorder import CAM1, NVR, online
from tests.gateway.wire import later, run
from tests.gateway.world import World

from civicam.fleet.facts import DeviceId
from civicam.fleet.orders import Outcome, Result
from civicam.gateway.commands import Commands
from civicam.gateway.operations import Operations
from civicam.gateway.roster import Entry
from civicam.kernel.errors import CivicamError
from civicam.signalling.gb28181.collect import RECORD_TIMES
from civicam.signalling.gb28181.ids import GbId
from civicam.signalling.gb28181.manscdp import Message
from civicam.signalling.gb28181.manscdp.control_actions import Guard, Reboot
from civicam.signalling.gb28181.manscdp.device_control import DeviceControl, DeviceControlResponse
from civicam.signalling.gb28181.manscdp.device_status import DeviceStatusQuery, DeviceStatusResponse
from civicam.signalling.gb28181.manscdp.record_info import RecordInfoQuery, RecordInfoResponse, RecordItem

Answers = Callable[[Message], Iterable[Message]]
DAY = datetime(2026, 3, 1, tzinfo=UTC)


class Asked:
    """A recorder that is online, and the ways to ask it."""

    def __init__(self, world: World, camera: Camera) -> None:
        self.world = world
        self.camera = camera
        self.operations: Operations = world.gateway.operations
        self.commands: Commands = self.operations.commands
        self.device_id: DeviceId = world.fleet.secrets[NVR].device_id
        self.entry: Entry = self.operations.addresses.device(self.device_id)


async def asked(reply: Answers | None = None) -> Asked:
    world = World()
    camera = await online(world)
    if reply is not None:
        camera.reply = reply
    return Asked(world, camera)


def status_of(command: Message, ok: bool = True, reason: str = "") -> Message:
    return DeviceStatusResponse(command.sn, command.device_id, online=True, ok=ok, reason=reason)


def test_an_answer_finds_its_question_by_device_kind_and_sn() -> None:
    async def story() -> None:
        def reply(command: Message) -> list[Message]:
            stray = DeviceStatusResponse(command.sn + 7, command.device_id, online=False)
            return [stray, status_of(command), status_of(command)]

        a = await asked(reply)
        gb_id = GbId(NVR)
        found = await a.commands.ask(a.entry, lambda sn: DeviceStatusQuery(sn, gb_id), DeviceStatusResponse)
        assert found.online is True
        await later(1)
        assert a.world.gateway.counters()["answer_unsolicited"] == 2
        assert len(a.commands) == 0

    run(story())


@pytest.mark.parametrize(
    ("reply", "sip", "code"),
    [
        (lambda command: (), 200, "gateway.no-answer"),
        (lambda command: [status_of(command, ok=False, reason="busy")], 200, "gateway.device-refused"),
        (lambda command: (), 403, "gateway.command-not-taken"),
        (lambda command: (), 0, "gateway.no-answer"),
    ],
)
def test_why_there_is_no_answer(reply: Answers, sip: int, code: str) -> None:
    async def story() -> None:
        a = await asked(reply)
        a.camera.message_status = sip
        gb_id = GbId(NVR)
        began = asyncio.get_running_loop().time()
        question = a.commands.ask(a.entry, lambda sn: DeviceStatusQuery(sn, gb_id), DeviceStatusResponse)
        with pytest.raises(CivicamError) as caught:
            await question
        assert caught.value.code == code
        assert asyncio.get_running_loop().time() - began < 10  # nobody waits for timer F
        assert len(a.commands) == 0

    run(story())


@pytest.mark.parametrize(
    ("answer", "sip", "outcome"),
    [
        ([True], 200, Outcome(Result.DONE)),
        ([False], 200, Outcome(Result.REFUSED, 0, "no")),
        ([], 200, Outcome(Result.UNCONFIRMED)),
        ([], 405, Outcome(Result.UNSUPPORTED, 405)),
        ([], 403, Outcome(Result.REFUSED, 403)),
    ],
)
def test_an_order_that_is_answered_claims_no_more_than_is_known(
    answer: list[bool], sip: int, outcome: Outcome
) -> None:
    async def story() -> None:
        def reply(command: Message) -> list[Message]:
            return [
                DeviceControlResponse(command.sn, command.device_id, ok, "" if ok else "no") for ok in answer
            ]

        a = await asked(reply)
        a.camera.message_status = sip
        assert await a.commands.order(a.entry, NVR, Guard(True)) == outcome
        (order,) = a.camera.controls()
        assert order.action == Guard(True)

    run(story())


def test_an_order_without_an_answer_is_taken_and_its_answer_does_no_harm() -> None:
    async def story() -> None:
        a = await asked()
        assert await a.commands.order(a.entry, NVR, Reboot()) == Outcome(Result.TAKEN)
        (order,) = a.camera.controls()
        await a.camera.say(DeviceControlResponse(order.sn, order.device_id, True, ""))
        assert a.world.gateway.counters()["answer_unsolicited"] == 1

    run(story())


def test_an_answer_nobody_has_to_give_is_believed_when_it_comes_at_once() -> None:
    async def story() -> None:
        a = await asked(lambda command: [DeviceControlResponse(command.sn, command.device_id, True, "")])
        assert (await a.commands.order(a.entry, NVR, Reboot())).result in {Result.TAKEN, Result.DONE}

    run(story())


def test_two_searches_of_one_channel_wait_for_each_other() -> None:
    """W#768: devices mix the parts of two searches of one channel."""

    async def story() -> None:
        running: list[int] = []
        most: list[int] = []

        def item(number: int) -> RecordItem:
            return RecordItem(GbId(CAM1), f"r{number}", DAY, DAY)

        def reply(command: Message) -> list[Message]:
            if not isinstance(command, RecordInfoQuery):
                return []
            running.append(command.sn)
            return [
                RecordInfoResponse(command.sn, command.device_id, sum_num=2, items=(item(number),))
                for number in (1, 2)
            ]

        a = await asked(reply)

        async def search() -> int:
            most.append(len(running))
            found = await a.commands.collect(
                a.entry,
                lambda sn: RecordInfoQuery(sn, GbId(CAM1), start=DAY, end=DAY),
                RecordInfoResponse,
                RECORD_TIMES,
            )
            return len(found.items)

        counts = await asyncio.gather(*(search() for _ in range(3)))
        assert len(running) == 3
        assert len(set(running)) == 3
        assert set(counts) <= {1, 2}
        assert len(a.commands) == 0

    run(story())


def test_a_flood_of_questions_is_refused_and_leaves_nothing_behind() -> None:
    async def story() -> None:
        a = await asked()
        most = a.world.settings.command.queue
        questions = [
            a.commands.collect(
                a.entry,
                lambda sn: RecordInfoQuery(sn, GbId(CAM1), start=DAY, end=DAY),
                RecordInfoResponse,
                RECORD_TIMES,
            )
            for _ in range(most + 3)
        ]
        found = await asyncio.gather(*questions, return_exceptions=True)
        assert sum(isinstance(each, Exception) for each in found) == 3
        assert len(a.commands) == 0

    run(story())


def test_a_device_that_is_offline_or_unknown_is_not_asked() -> None:
    async def story() -> None:
        a = await asked()
        await a.camera.register(0)
        await later(1)
        with pytest.raises(Exception, match=r"gateway\.device-offline"):
            a.operations.addresses.device(a.device_id)
        with pytest.raises(Exception, match=r"fleet\.unknown-device"):
            a.operations.addresses.device(DeviceId("nobody"))
        assert not [each for each in a.camera.controls() if isinstance(each, DeviceControl)]

    run(story())
