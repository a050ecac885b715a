"""Testing a device: each step is passed, failed or skipped for a reason that is true."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

import pytest
from tests.gateway.camera import Camera
from tests.gateway.recorder import CAM1, NVR, online
from tests.gateway.wire import later, run
from tests.gateway.world import World

from civicam.fleet.facts import ChannelId, DeviceId
from civicam.fleet.sight import Checkup
from civicam.gateway.checkup import NAMES
from civicam.kernel.errors import Refused
from civicam.signalling.gb28181.manscdp import Message
from civicam.signalling.gb28181.manscdp.control_actions import Ptz
from civicam.signalling.gb28181.manscdp.device_status import DeviceStatusQuery, DeviceStatusResponse
from civicam.signalling.gb28181.ptz import Stop


def well(world: World, off_s: float = 0.0, working: bool = True) -> object:
    """A device that tells its status and its clock."""

    def reply(command: Message) -> Iterable[Message]:
        if isinstance(command, DeviceStatusQuery):
            now = world.gateway._ports.clock.now() + timedelta(seconds=off_s)
            yield DeviceStatusResponse(
                command.sn, command.device_id, online=True, working=working, device_time=now
            )

    return reply


async def examine(world: World, camera: Camera, channel: ChannelId | None) -> Checkup:
    checkups = world.gateway.operations.checkups
    device_id = world.fleet.secrets[NVR].device_id
    begun = checkups.start(device_id, channel)
    assert [step.state for step in begun.steps] == ["pending"] * len(NAMES)
    with pytest.raises(Refused, match=r"gateway\.checkup-running"):
        checkups.start(device_id, channel)
    await later(90)
    found = checkups.last(device_id)
    assert found is not None
    assert found.finished is not None
    return found


def states(checkup: Checkup) -> dict[str, str]:
    return {step.name: f"{step.state} {step.code}".strip() for step in checkup.steps}


def test_a_device_that_is_well_passes_every_step() -> None:
    async def story() -> None:
        world = World()
        camera = await online(world)
        camera.reply = well(world)  # type: ignore[assignment]
        found = await examine(world, camera, world.fleet.channel(NVR, CAM1))
        assert set(states(found).values()) == {"passed"}
        assert found.passed is True
        assert all(step.source for step in found.steps)
        (order,) = camera.controls()
        assert isinstance(order.action, Ptz)
        assert order.action.decoded.command == Stop()  # a test never turns a camera
        assert camera.count("BYE") == 1  # and leaves no stream behind
        assert world.gateway.sessions() == []

    run(story())


def test_a_device_with_a_wrong_clock_and_half_a_list_fails_for_that() -> None:
    async def story() -> None:
        world = World()
        camera = await online(world)
        camera.reply = well(world, off_s=-95)  # type: ignore[assignment]
        camera.sum_extra = 4
        found = await examine(world, camera, None)
        steps = states(found)
        assert steps["clock"] == "failed gateway.checkup-clock"
        assert steps["catalogue"] == "failed gateway.checkup-catalogue"
        assert steps["live"] == "skipped gateway.checkup-no-channel"
        assert found.passed is False
        clock = next(step for step in found.steps if step.name == "clock")
        assert clock.measured == pytest.approx(95.0, abs=0.5)
        assert clock.limit == 1.0

    run(story())


def test_a_device_that_tells_nothing_fails_status_and_cannot_pass() -> None:
    async def story() -> None:
        world = World()
        camera = await online(world)
        found = await examine(world, camera, None)
        assert states(found)["status"] == "failed gateway.no-answer"
        assert found.passed is False

    run(story())


def test_a_device_that_is_gone_fails_step_by_step_and_the_test_ends() -> None:
    async def story() -> None:
        world = World()
        camera = await online(world)
        channel = world.fleet.channel(NVR, CAM1)
        await camera.register(0)
        await later(1)
        found = await examine(world, camera, channel)
        steps = states(found)
        assert steps["heartbeat"].startswith("failed")
        assert steps["status"] == "failed gateway.device-offline"
        assert steps["live"] == "failed gateway.device-offline"
        assert found.passed is False

    run(story())


def test_a_device_nobody_entered_is_not_tested() -> None:
    async def story() -> None:
        world = World()
        await world.start()
        with pytest.raises(Refused, match=r"fleet\.unknown-device"):
            world.gateway.operations.checkups.start(DeviceId("nobody"), None)

    run(story())
