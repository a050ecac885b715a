"""Which heartbeats are written when: news at once, the rest a slice of the city at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from civicam.fleet.facts import DeviceId, Heartbeat
from civicam.fleet.hearing import Hearing
from civicam.kernel.errors import Operational

START = datetime(2026, 3, 2, tzinfo=UTC)
IDS = [DeviceId(f"d{n:02d}") for n in range(10)]


class Rows:
    """The store: what was written, in writes."""

    def __init__(self) -> None:
        self.writes: list[list[Heartbeat]] = []
        self.faults: dict[DeviceId, frozenset[str]] = {}
        self.broken = False

    def heartbeats(self, beats: Sequence[Heartbeat]) -> None:
        self.writes.append(list(beats))

    def faulty(self) -> dict[DeviceId, frozenset[str]]:
        return {key: codes for key, codes in self.faults.items() if codes}

    def set_faulty(self, device_id: DeviceId, codes: frozenset[str], at: datetime) -> None:
        self.faults[device_id] = codes

    async def write(self, work: Callable[[Any], Any]) -> Any:
        if self.broken:
            raise Operational("db.full")
        return work(self)

    async def read(self, work: Callable[[Any], Any]) -> Any:
        return work(self)


def beat(
    device_id: DeviceId, after_s: float = 0, source: str = "a:1", faulty: tuple[str, ...] = ()
) -> Heartbeat:
    return Heartbeat(device_id, START + timedelta(seconds=after_s), source, faulty)


async def turn(hearing: Hearing) -> None:
    """One slice's time."""
    await hearing._write(hearing._due())


def city(rows: Rows, period_s: float = 5.0) -> Hearing:
    """Ten devices the store has at a:1, in five slices of two."""
    hearing = Hearing(rows, period_s)
    hearing.know([(each, "a:1") for each in IDS])
    return hearing


def test_what_says_nothing_new_waits_for_its_slice() -> None:
    async def main() -> None:
        rows = Rows()
        hearing = city(rows)
        hearing.heard(beat(IDS[9]))
        await hearing.flush()  # reads which channels are faulty
        for each in IDS:
            hearing.heard(beat(each, 1))
        rows.writes.clear()
        for _ in range(5):
            await turn(hearing)
        assert [[b.device_id for b in write] for write in rows.writes] == [
            IDS[n : n + 2] for n in (0, 2, 4, 6, 8)
        ]
        assert hearing.written == 11

    asyncio.run(main())


def test_news_are_written_with_the_next_slice() -> None:
    async def main() -> None:
        rows = Rows()
        hearing = city(rows)
        await turn(hearing)
        assert rows.writes == []
        hearing.heard(beat(IDS[7]))
        await hearing.flush()
        moved, ill = beat(IDS[8], 1, source="a:2"), beat(IDS[9], 1, faulty=("c1",))
        hearing.heard(moved)
        hearing.heard(ill)
        hearing.heard(beat(IDS[6], 1))
        rows.writes.clear()
        await turn(hearing)
        assert sorted(rows.writes[0], key=lambda each: each.device_id) == [moved, ill]
        assert rows.faults == {IDS[9]: frozenset({"c1"})}
        # the same once more is no news; sound again is
        hearing.heard(beat(IDS[8], 2, source="a:2"))
        hearing.heard(beat(IDS[9], 2, faulty=("c1",)))
        assert not hearing._news
        hearing.heard(beat(IDS[9], 3))
        assert hearing._news == {IDS[9]}
        await hearing.flush()
        assert rows.faults == {IDS[9]: frozenset()}
        hearing.moved(IDS[8], "a:3")
        hearing.heard(beat(IDS[8], 4, source="a:3"))
        assert not hearing._news

    asyncio.run(main())


def test_a_device_out_of_order_is_written_all_the_same() -> None:
    async def main() -> None:
        rows = Rows()
        hearing = city(rows)
        await turn(hearing)
        hearing.moved(DeviceId("new"), "a:1")
        hearing._faulty = {}
        hearing.heard(beat(DeviceId("new")))
        for _ in range(4):
            await turn(hearing)
        assert [[b.device_id for b in write] for write in rows.writes] == [["new"]]

    asyncio.run(main())


def test_what_could_not_be_written_stays_unless_something_newer_came() -> None:
    async def main() -> None:
        rows = Rows()
        hearing = city(rows)
        hearing.heard(beat(IDS[0]))
        rows.broken = True
        with pytest.raises(Operational):
            await hearing.flush()
        hearing.heard(beat(IDS[0], 7))
        rows.broken = False
        await hearing.aclose()
        assert rows.writes == [[beat(IDS[0], 7)]]

    asyncio.run(main())


@given(steps=st.lists(st.one_of(st.none(), st.tuples(st.sampled_from(IDS), st.sampled_from(["a:1", "a:2"])))))
def test_every_device_is_in_the_store_within_a_period(
    steps: list[tuple[DeviceId, str] | None],
) -> None:
    """Whatever beats when: after five more turns the store has the newest of each."""

    async def main() -> None:
        rows = Rows()
        hearing = city(rows)
        newest: dict[DeviceId, Heartbeat] = {}
        for at, step in enumerate(steps):
            if step is None:
                await turn(hearing)
            else:
                newest[step[0]] = beat(step[0], at, step[1])
                pulse = hearing.pulse(step[0])
                if pulse.source == step[1] and at % 2:  # as the lane does
                    pulse.at = newest[step[0]].at
                else:
                    hearing.heard(newest[step[0]])
        for _ in range(5):
            await turn(hearing)
        stored = {each.device_id: each for write in rows.writes for each in write}
        assert stored == newest

    asyncio.run(main())


def test_a_pulse_says_from_where_a_heartbeat_is_no_news() -> None:
    """Where the store has the device, while nothing else of it waits and no channel of it is faulty."""

    async def main() -> None:
        rows = Rows()
        rows.faults = {IDS[1]: frozenset({"c1"})}
        hearing = city(rows)
        calm, faulty = hearing.pulse(IDS[0]), hearing.pulse(IDS[1])
        assert (calm.source, faulty.source) == ("", "")  # nobody knows yet what is faulty
        await hearing.start()
        assert (calm.source, faulty.source) == ("a:1", "")
        hearing.heard(beat(IDS[0], 1, source="a:2"))
        assert calm.source == ""
        await hearing.flush()
        assert calm.source == "a:2"
        calm.at = START + timedelta(seconds=2)
        hearing.heard(beat(IDS[0], 3, source="a:2", faulty=("c9",)))  # the newer one tells more
        assert [calm.at, calm.source] == [None, ""]
        await hearing.flush()
        assert (calm.source, rows.writes[-1]) == ("", [beat(IDS[0], 3, source="a:2", faulty=("c9",))])
        hearing.moved(IDS[2], "b:1")
        assert hearing.pulse(IDS[2]).source == "b:1"
        hearing.know([(IDS[2], "b:1"), (IDS[3], "a:1")])
        assert hearing.pulse(IDS[2]).source == "b:1"
        assert calm.source == ""  # the device was removed, whoever still holds its pulse
        await hearing.aclose()

    asyncio.run(main())


def test_a_quiet_heartbeat_that_could_not_be_written_stays() -> None:
    async def main() -> None:
        rows = Rows()
        hearing = city(rows)
        await hearing.start()
        pulse = hearing.pulse(IDS[0])
        pulse.at, rows.broken = START + timedelta(seconds=1), True
        with pytest.raises(Operational):
            await hearing.flush()
        rows.broken = False
        pulse.at = START + timedelta(seconds=5)
        await hearing.aclose()
        assert rows.writes == [[beat(IDS[0], 5)]]

    asyncio.run(main())
