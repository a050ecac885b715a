"""A city at once: what a thousand devices say in one second, and what happens when the store is too slow."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, text
from tests.schema import migrated

from civicam.db.engine import Database
from civicam.db.faults import translate
from civicam.db.migrate import current, demand_current, head, migrate
from civicam.db.outbox import Dispatcher, append
from civicam.db.unit import UnitOfWork
from civicam.fleet.facts import DeviceId, DeviceRegistered, Heartbeat, Presence, PresenceChanged
from civicam.fleet.queries import FleetQueries
from civicam.fleet.service import FleetService
from civicam.fleet.settings import FleetSettings
from civicam.fleet.store import FleetStore
from civicam.fleet.vault import KeyFileVault
from civicam.kernel.clock import ManualClock
from civicam.kernel.errors import CivicamError, Operational, Refused

DEVICES = 1000
_HA1_OF_NOBODY = "0" * 32


def city() -> str:
    """A thousand cameras on one pole."""
    ids = [f"340200000013200{n:05d}" for n in range(DEVICES)]
    return json.dumps(
        {
            "format": "civicam-city/1",
            "name": {"zh": "样例市", "en": "Sample City"},
            "realm": "3402000000",
            "platform": "34020000002000000001",
            "center": [118.4, 31.3],
            "districts": [{"code": "340202", "name": {"zh": "东区", "en": "East"}, "streets": []}],
            "sites": [
                {
                    "id": "S1",
                    "name": "点位",
                    "district": "340202",
                    "lon": 118.4,
                    "lat": 31.3,
                    "kind": "camera",
                }
            ],
            "devices": [
                {
                    "gb_id": each,
                    "kind": "camera",
                    "site": "S1",
                    "name": "相机",
                    "secret": "s",
                    "heartbeat_s": 60,
                }
                for each in ids
            ],
            "channels": [],
        }
    )


class City:
    """The fleet of a thousand, and the writer's counters."""

    def __init__(self, database: Database, key: Path, settings: FleetSettings) -> None:
        self.database = database
        self.clock = ManualClock()
        self.fleet = FleetService(
            UnitOfWork(database, FleetStore),
            UnitOfWork(database, FleetQueries),
            KeyFileVault(key),
            self.clock,
            settings,
        )
        self.ids: list[DeviceId] = []

    def beat(self, device: DeviceId) -> Heartbeat:
        return Heartbeat(device, self.clock.now(), "192.0.2.1:5060")

    def registration(self, device: DeviceId) -> DeviceRegistered:
        return DeviceRegistered(device, self.clock.now(), "192.0.2.1:5060", "udp", 3600, "Cam", "")


def inside(url: str, key: Path, test: Callable[[City], Awaitable[None]], waiting: int = 20_000) -> None:
    async def main() -> None:
        async with asyncio.timeout(100):
            there = City(Database(url), key, FleetSettings(registrations_waiting=waiting))
            try:
                assert (await there.fleet.import_city(city()))[1] == []
                there.ids = [each.device_id for each in await there.fleet.devices()]
                assert len(there.ids) == DEVICES
                await test(there)
            finally:
                await there.database.aclose()

    asyncio.run(main())


def test_a_thousand_heartbeats_are_one_commit(url: str, tmp_path: Path) -> None:
    async def test(c: City) -> None:
        c.clock.advance(60)
        units, groups = c.database.counters.units, c.database.counters.groups
        for each in c.ids:
            c.fleet.heard(c.beat(each))
        await asyncio.gather(c.fleet.flush(), c.fleet.flush())
        assert (c.database.counters.units - units, c.database.counters.groups - groups) == (1, 1)
        assert c.fleet.beats_written == DEVICES
        assert {each.last_seen for each in await c.fleet.devices()} == {c.clock.now()}

    inside(url, tmp_path / "key", test)


def test_heartbeats_that_come_while_others_are_written_are_not_mixed_up(url: str, tmp_path: Path) -> None:
    async def test(c: City) -> None:
        first, second = c.ids[0], c.ids[1]
        c.fleet.heard(c.beat(first))
        old = c.clock.now()
        writing = asyncio.create_task(c.fleet.flush())
        await asyncio.sleep(0)  # the write has begun
        c.clock.advance(1)
        c.fleet.heard(c.beat(second))
        await writing
        seen = {each.device_id: each.last_seen for each in await c.fleet.devices()}
        assert (seen[first], seen[second]) == (old, None)
        await c.fleet.flush()
        seen = {each.device_id: each.last_seen for each in await c.fleet.devices()}
        assert (seen[first], seen[second]) == (old, c.clock.now())

    inside(url, tmp_path / "key", test)


def test_when_the_queue_is_full_everybody_is_told_and_counted(url: str, tmp_path: Path) -> None:
    """A thousand registrations at once, room for a hundred: each is either durable or refused aloud."""

    async def test(c: City) -> None:
        async def register(device: DeviceId) -> str:
            try:
                await c.fleet.registered(c.registration(device))
            except Operational as error:
                return error.code
            return ""

        told = await asyncio.gather(*map(register, c.ids))
        outcome = Counter(told)
        assert set(outcome) <= {"", "db.busy"}
        assert outcome[""] >= 100
        assert outcome["db.busy"] > 0
        kept = {each.device_id for each in await c.fleet.devices() if each.source}
        assert kept == {device for device, code in zip(c.ids, told, strict=True) if not code}

        def facts(connection: Connection) -> int:
            query = text("SELECT count(*) FROM db_outbox WHERE name = 'fleet.registered'")
            return int(connection.execute(query).scalar_one())

        assert await c.database.read(facts) == outcome[""], "a fact for each, and for no other"

    inside(url, tmp_path / "key", test, waiting=100)


@dataclass(frozen=True)
class Happened:
    """A fact."""

    number: int


Step = tuple[str, int]
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("tell"), st.integers(1, 5)),
        st.tuples(st.just("kill"), st.just(0)),
        st.tuples(st.just("fail at"), st.integers(1, 4)),
    ),
    max_size=8,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_every_fact_is_applied_exactly_once_whatever_is_killed(
    tmp_path_factory: pytest.TempPathFactory, steps: list[Step]
) -> None:
    """Any mixture of new facts, handlers that fail inside a batch, and dispatchers that are stopped."""
    url = migrated(tmp_path_factory.mktemp("outbox") / "store.db")

    async def main() -> None:
        database = Database(url)
        told, fail_at, calls = 0, 0, 0

        def keep(connection: Connection, fact_id: str, fact: Happened) -> None:
            nonlocal calls, fail_at
            calls += 1
            connection.execute(text("INSERT INTO kept VALUES (:i, :n)"), {"i": fact_id, "n": fact.number})
            if fail_at and calls >= fail_at:
                fail_at = 0
                raise RuntimeError("in the middle")

        def kept(connection: Connection) -> list[int]:
            return [row.n for row in connection.execute(text("SELECT n FROM kept ORDER BY n"))]

        async def dispatcher() -> Dispatcher:
            made = Dispatcher(database, ManualClock(), {"test.happened": Happened})
            made.handle("keeper", keep)
            await made.start()
            return made

        await database.write(
            lambda c: c.execute(
                text("CREATE TABLE kept (fact_id VARCHAR(32) PRIMARY KEY, n INTEGER)")
            ).close()
        )
        running = await dispatcher()
        try:
            for act, amount in steps:
                if act == "tell":
                    facts = [("test.happened", Happened(told + n)) for n in range(amount)]
                    told += amount
                    await database.write(lambda c, facts=facts: append(c, facts, ManualClock().now()))  # type: ignore[misc]
                elif act == "kill":
                    await running.aclose()
                    running = await dispatcher()
                else:
                    calls, fail_at = 0, amount
            fail_at = 0
            await running.aclose()
            running = await dispatcher()
            async with asyncio.timeout(30):
                while len(await database.read(kept)) < told:
                    pass
            assert await database.read(kept) == list(range(told))
        finally:
            await running.aclose()
            await database.aclose()

    asyncio.run(main())


def test_a_store_that_was_never_made_or_is_of_another_version(empty_url: str) -> None:
    assert current(empty_url) is None
    with pytest.raises(Refused) as caught:
        demand_current(empty_url)
    assert caught.value.code == "db.schema-old"
    assert migrate(empty_url) == (None, head())
    assert migrate(empty_url) == (head(), head())
    demand_current(empty_url)


def test_what_is_not_the_stores_fault_is_left_alone() -> None:
    assert translate(ValueError("ours")) is None
    known = Operational("db.busy", reason="queue")
    assert translate(known) is known


@pytest.mark.parametrize(("url", "code"), [("sqlite://", "db.needs-file"), ("mysql://h/x", "db.unsupported")])
def test_addresses_of_stores_we_cannot_use(url: str, code: str) -> None:
    with pytest.raises(CivicamError) as caught:
        migrate(url)
    assert caught.value.code == code


def test_facts_may_be_none(url: str) -> None:
    async def main() -> Any:
        database = Database(url)
        try:
            await database.write(lambda c: append(c, [], ManualClock().now()))
            return await database.read(
                lambda c: c.execute(text("SELECT count(*) FROM db_outbox")).scalar_one()
            )
        finally:
            await database.aclose()

    assert asyncio.run(main()) == 0


def test_a_thousand_registrations_are_few_commits(url: str, tmp_path: Path) -> None:
    """What comes while a group is written is the next group."""

    async def test(c: City) -> None:
        units = c.database.counters.units
        await asyncio.gather(*(c.fleet.registered(c.registration(each)) for each in c.ids))
        assert c.database.counters.units - units <= 2
        assert {each.expires_s for each in await c.fleet.devices()} == {3600}

    inside(url, tmp_path / "key", test)


def test_a_registration_is_kept_only_while_its_proof_holds(url: str, tmp_path: Path) -> None:
    """An HA1 that was changed meanwhile, by whatever process, lets nobody in; a refresh tells nobody."""

    async def test(c: City) -> None:
        gb_id = (await c.fleet.devices())[0].gb_id
        known = c.fleet.known(gb_id)
        assert known is not None
        assert known == await c.fleet.credentials(gb_id)
        outcomes: list[Exception | None] = []
        fact = c.registration(known.device_id)
        c.fleet.register(fact, known.ha1_md5, outcomes.append)
        c.fleet.register(replace(c.registration(c.ids[1]), refresh=True), _HA1_OF_NOBODY, outcomes.append)
        await c.fleet.registered(replace(c.registration(c.ids[2]), refresh=True))
        assert outcomes[0] is None
        assert isinstance(outcomes[1], Refused)
        assert outcomes[1].code == "fleet.unknown-device"
        kept = [each.device_id for each in await c.fleet.devices() if each.source]
        assert kept == [c.ids[0], c.ids[2]]
        query = text("SELECT body FROM db_outbox WHERE name = 'fleet.registered'")
        told = await c.database.read(lambda connection: connection.execute(query).scalars().all())
        assert [json.loads(each)["device_id"] for each in told] == [c.ids[0]]

        def change(connection: Connection) -> None:
            connection.execute(text("UPDATE fleet_device SET enabled = NOT enabled"))

        await c.database.write(change)
        c.fleet.register(fact, known.ha1_md5, outcomes.append)
        await c.fleet.registered(fact)  # in the same group or after it
        assert isinstance(outcomes[2], Refused)
        assert c.fleet.known("34020000001320999999") is None

    inside(url, tmp_path / "key", test)


def test_a_city_that_comes_online_is_a_few_writes(url: str, tmp_path: Path) -> None:
    """Each transition is awaited by itself; those of one moment share a unit, and a stranger spoils none."""

    async def test(c: City) -> None:
        def came(device: DeviceId) -> PresenceChanged:
            return PresenceChanged(device, Presence.UNKNOWN, Presence.ONLINE, "fleet.heard", c.clock.now())

        units = c.database.counters.units
        facts = [came(each) for each in (*c.ids, DeviceId("nobody"))]
        outcomes = await asyncio.gather(*map(c.fleet.presence, facts), return_exceptions=True)
        assert outcomes[:-1] == [None] * DEVICES
        assert isinstance(outcomes[-1], Refused)
        assert c.database.counters.units - units <= 3
        assert {each.last_presence for each in await c.fleet.devices()} == {Presence.ONLINE}

    inside(url, tmp_path / "key", test)


def test_many_transitions_are_one_write_in_their_order(url: str, tmp_path: Path) -> None:
    """The last state of a device wins; every transition is on record; who is not there is left out."""

    async def test(c: City) -> None:
        def went(device: DeviceId, after: Presence) -> PresenceChanged:
            return PresenceChanged(device, Presence.UNKNOWN, after, "fleet.heard", c.clock.now())

        facts = [went(each, Presence.ONLINE) for each in c.ids]
        facts += [went(c.ids[0], Presence.OFFLINE), went(DeviceId("nobody"), Presence.ONLINE)]
        units = c.database.counters.units
        assert await c.fleet.presences(facts) == set(c.ids)
        assert c.database.counters.units - units == 1
        states = {each.device_id: each.last_presence for each in await c.fleet.devices()}
        assert states.pop(c.ids[0]) is Presence.OFFLINE
        assert set(states.values()) == {Presence.ONLINE}
        counted = text("SELECT count(*) FROM fleet_transition")
        assert await c.database.read(lambda n: n.execute(counted).scalar_one()) == len(c.ids) + 1

    inside(url, tmp_path / "key", test)
