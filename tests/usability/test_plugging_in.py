"""Rooms that judge pictures and recordings plug in by one call: what they find becomes their leg.

[judge]──report_to──[UsabilityService]──now──[console]
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TypeVar

import pytest

from civicam.fleet.facts import ChannelId, DeviceId, Presence
from civicam.fleet.views import ChannelCard
from civicam.kernel.clock import ManualClock
from civicam.usability.facts import Leg, Proof, Reading, State
from civicam.usability.ports import Findings, PictureJudge, RecordingJudge, UsabilityStore
from civicam.usability.service import UsabilityService
from civicam.usability.settings import UsabilitySettings

BEGAN = datetime(2026, 3, 2, tzinfo=UTC)
ONE = ChannelId("c1")
T = TypeVar("T")


class Judge:
    """A room to come, pretended: fills `PictureJudge` and `RecordingJudge`."""

    def __init__(self) -> None:
        self.findings: Findings | None = None

    def report_to(self, findings: Findings) -> None:
        self.findings = findings


class OneCamera:
    """The fleet: one camera that signals."""

    async def cards(self, device_ids: Sequence[DeviceId] | None = None) -> list[ChannelCard]:
        online = Presence.ONLINE
        return [
            ChannelCard(ONE, DeviceId("d1"), online, "", BEGAN, "camera", "gb28181", "s1", "340202", None)
        ]


class NoStore:
    """Nothing is written in this story."""

    async def read(self, work: Callable[[UsabilityStore], T]) -> T:
        raise AssertionError("not read")

    async def write(self, work: Callable[[UsabilityStore], T]) -> T:
        raise AssertionError("not written")


def plug(picture: PictureJudge, recording: RecordingJudge, service: UsabilityService) -> None:
    """What bootstrap will do: the service is the `Findings` of both."""
    picture.report_to(service)
    recording.report_to(service)


@pytest.mark.parametrize("leg", [Leg.PICTURE, Leg.RECORDING])
def test_a_leg_is_what_the_room_that_judges_it_says(leg: Leg) -> None:
    async def story() -> None:
        clock = ManualClock(BEGAN)
        service = UsabilityService(NoStore(), OneCamera(), clock, UsabilitySettings())
        judges = {Leg.PICTURE: Judge(), Leg.RECORDING: Judge()}
        plug(judges[Leg.PICTURE], judges[Leg.RECORDING], service)
        await service.sync()

        async def later(seconds: float) -> tuple[State, State]:
            for _ in range(int(seconds // 10)):
                clock.advance(10)
                service.collector.tick()
            found = await service.now(ONE)
            mine = found.legs.get(leg)
            return found.state, State.NOT_CONFIGURED if mine is None else mine.state

        def find(state: State, code: str = "") -> None:
            to = judges[leg].findings
            assert to is not None
            to.take(Reading(ONE, leg, state, clock.now(), Proof(code, "judge")))

        assert await later(120) == (State.GOOD, State.NOT_CONFIGURED)
        find(State.GOOD)
        assert await later(120) == (State.GOOD, State.GOOD)
        find(State.BAD, "usability.no-packets")
        assert await later(300) == (State.BAD, State.BAD)
        assert (await service.now(ONE)).legs[leg].proof == Proof("usability.no-packets", "judge")
        find(State.NOT_CONFIGURED)
        assert await later(300) == (State.GOOD, State.NOT_CONFIGURED)

    asyncio.run(story())
