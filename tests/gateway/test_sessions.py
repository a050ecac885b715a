"""Single flight: joining, waiting for an ending one, refusing while stopping."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest
from tests.gateway.wire import later, run

from civicam.fleet.facts import ChannelId, DeviceId
from civicam.gateway.sessions import Key, SessionInfo, Sessions
from civicam.kernel.errors import Refused
from civicam.media.engine import EngineEvent

KEY: Key = (DeviceId("d1"), "c1", "main")


class Source:
    """A source that does what the test says."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.started = 0
        self.ended: list[str] = []
        self.ending = False
        self.pictures: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.closed = asyncio.Event()

    @property
    def info(self) -> SessionInfo:
        return SessionInfo(self.name, ChannelId("c1"), DeviceId("d1"), "main", "streaming", "x", 0.0)

    def start(self) -> None:
        self.started += 1
        self.pictures.set_result(self.name)

    def end(self, code: str) -> None:
        self.ended.append(code)
        self.ending = True

    def engine_event(self, event: EngineEvent) -> None:
        raise AssertionError("nothing comes from the engine here")


@pytest.mark.parametrize("closes_after", [0.5, 1000.0])
def test_new_one_waits_a_little_for_the_old_one(closes_after: float) -> None:
    """Two callers come while the first session ends: they share the next one."""

    async def story() -> None:
        sessions = Sessions(Counter())
        made: list[Source] = []

        def make() -> Source:
            made.append(Source(f"s{len(made)}"))
            return made[-1]

        assert await sessions.open(KEY, make) == "s0"
        sessions.device_offline(DeviceId("d1"))

        def close() -> None:
            made[0].closed.set()
            sessions.changed(made[0], KEY)

        asyncio.get_running_loop().call_later(closes_after, close)
        before = asyncio.get_running_loop().time()
        both = await asyncio.gather(sessions.open(KEY, make), sessions.open(KEY, make))
        assert list(both) == ["s1", "s1"]
        assert asyncio.get_running_loop().time() - before == pytest.approx(min(closes_after, 2.0))
        await later(2000)
        assert [info.stream_id for info in sessions.all()] == ["s1"]
        assert await sessions.open(KEY, make) == "s1"

    run(story())


def test_stop_ends_all_and_does_not_wait_for_ever() -> None:
    async def story() -> None:
        sessions = Sessions(Counter())
        source = Source("s0")
        await sessions.open(KEY, lambda: source)
        await sessions.end_all(5.0)
        assert source.ended == ["gateway.stopping"]
        with pytest.raises(Refused, match=r"gateway\.stopping"):
            await sessions.open((DeviceId("d2"), "c", "sub"), lambda: Source("s1"))

    run(story())


def test_listener_hears_of_changes() -> None:
    async def story() -> None:
        sessions = Sessions(Counter())
        heard: list[SessionInfo] = []
        sessions.on_change = heard.append
        source = Source("s0")
        await sessions.open(KEY, lambda: source)
        sessions.changed(source, KEY)
        source.closed.set()
        sessions.changed(source, KEY)
        assert len(heard) == 2
        assert sessions.all() == []
        assert sessions.get("s0") is None

    run(story())
