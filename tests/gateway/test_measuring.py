"""What is measured in passing: streams that flow, streams that did not come, clocks of devices."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from tests.gateway.camera import Camera
from tests.gateway.recorder import CAM1, NVR, online, refused_with
from tests.gateway.wire import later, run
from tests.gateway.world import World

from civicam.fleet.facts import ChannelId, DeviceId
from civicam.signalling.gb28181.manscdp import Message
from civicam.signalling.gb28181.manscdp.device_status import DeviceStatusQuery, DeviceStatusResponse
from civicam.usability.judging import StreamMeasured


@dataclass
class Notebook:
    """The usability room as the gateway sees it."""

    stream_every_s: float = 10.0
    clock_every_s: float = 3600.0
    streams: list[tuple[ChannelId, StreamMeasured]] = field(default_factory=list)
    failed: list[tuple[ChannelId, str]] = field(default_factory=list)
    clocks: list[tuple[DeviceId, float | None, float]] = field(default_factory=list)

    def stream(self, channel_id: ChannelId, found: StreamMeasured) -> None:
        self.streams.append((channel_id, found))

    def open_failed(self, channel_id: ChannelId, code: str) -> None:
        self.failed.append((channel_id, code))

    def clock_told(self, device_id: DeviceId, off_s: float | None, resolution_s: float) -> None:
        self.clocks.append((device_id, off_s, resolution_s))


async def watched() -> tuple[World, Camera, Notebook]:
    """A recorder that is online, and a room that takes notes."""
    world = World()
    notes = world.usability = Notebook()
    camera = await online(world)
    return world, camera, notes


def test_streams_that_flow_are_measured_from_their_second_look_on() -> None:
    async def story() -> None:
        world, _, notes = await watched()
        channel = world.fleet.channel(NVR, CAM1)
        stream = await world.gateway.open_live(channel, "main")
        world.engine.viewers[stream] = 1
        await later(11)
        assert notes.streams == []
        world.engine.packets[stream] += 4000
        await later(10)
        assert notes.streams == [(channel, StreamMeasured(4000.0, 0.0, 1.0, 25.0, main=True, silent=False))]
        await later(10)
        assert notes.streams[-1][1].silent
        assert notes.failed == []

    run(story())


def test_what_is_sent_for_a_sub_stream_is_no_main_stream() -> None:
    async def story() -> None:
        world, _, notes = await watched()
        stream = await world.gateway.open_live(world.fleet.channel(NVR, CAM1), "sub")
        world.engine.viewers[stream] = 1
        await later(25)
        assert not notes.streams[0][1].main

    run(story())


@pytest.mark.parametrize(
    ("status", "code"),
    [(404, "gateway.play-no-channel"), (486, None), (503, None), (488, "gateway.play-no-codec")],
)
def test_a_stream_that_does_not_come_is_a_finding_unless_the_device_is_busy(
    status: int, code: str | None
) -> None:
    async def story() -> None:
        world, camera, notes = await watched()
        camera.invite_status = status
        await refused_with(world)
        channel = world.fleet.channel(NVR, CAM1)
        assert notes.failed == ([] if code is None else [(channel, code)])

    run(story())


def test_each_device_is_asked_for_its_time_in_its_turn() -> None:
    async def story() -> None:
        world, camera, notes = await watched()
        device = world.fleet.secrets[NVR].device_id
        off = [12.0]

        def reply(command: Message) -> Iterable[Message]:
            if isinstance(command, DeviceStatusQuery):
                now = world.gateway._ports.clock.now() + timedelta(seconds=off[0])
                yield DeviceStatusResponse(command.sn, command.device_id, online=True, device_time=now)

        camera.reply = reply
        assert (await camera.register(86_400)).status == 200  # not gone before its second turn
        beating = asyncio.create_task(camera.beat_for_ever())
        await later(700)
        assert [each[0] for each in notes.clocks] == [device]
        told = notes.clocks[0]
        assert told[1] == pytest.approx(12.0, abs=1.0)
        assert told[2] == 1.0
        await later(3600)
        assert len(notes.clocks) == 2
        beating.cancel()

    run(story())


def test_a_device_that_does_not_answer_is_asked_again_later_and_tells_nothing() -> None:
    async def story() -> None:
        world, camera, notes = await watched()
        beating = asyncio.create_task(camera.beat_for_ever())
        await later(1300)
        assert notes.clocks == []
        assert world.gateway.counters()["clock_unanswered"] == 3
        beating.cancel()

    run(story())
