"""The day of the staged city is one that could have been, and what it leaves is what was meant."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest

from civicam.fleet import cityfile
from civicam.fleet.facts import Presence, PresenceChanged
from civicam.fleet.graph import Node, NodeId, NodeKind
from civicam.fleet.topology import Topology
from tools.cityday.day import Event, events, never_seen
from tools.cityday.stage import description, settings_for, stage

END = datetime(2026, 3, 2, 4, tzinfo=UTC)


@pytest.fixture(scope="module")
def topology() -> Topology:
    found = cityfile.read(json.loads(description("district", 1)))
    assert found.problems == []
    devices = [Node(NodeId(each.device_id), NodeKind.DEVICE, each.name) for each in found.devices]
    return Topology.of([*found.nodes, *devices], found.edges)


@pytest.fixture(scope="module")
def story(topology: Topology) -> list[Event]:
    return events(topology, END, 1)


def test_a_device_is_lost_and_comes_back_in_turn(story: list[Event]) -> None:
    state: dict[str, Presence] = {}
    for event in story:
        if isinstance(event.what, PresenceChanged):
            assert event.what.before is state.get(event.what.device_id, Presence.ONLINE)
            state[event.what.device_id] = event.what.after
    assert Presence.OFFLINE in state.values()


def test_the_day_is_in_order_and_over_at_its_end(story: list[Event]) -> None:
    assert [event.at for event in story] == sorted(event.at for event in story)
    assert story[-1].at <= END


def test_who_never_came_in_is_never_lost(topology: Topology, story: list[Event]) -> None:
    absent = never_seen(topology, 1)
    moved = {e.what.device_id for e in story if isinstance(e.what, PresenceChanged)}
    assert absent
    assert moved.isdisjoint(absent)


@pytest.mark.slow
def test_the_ledger_and_the_fleet_agree_on_who_is_dark(tmp_path: Path) -> None:
    settings = settings_for(tmp_path / "data", 0)
    asyncio.run(stage(settings, "district", 1, datetime.now(UTC)))
    store = sqlite3.connect(tmp_path / "data" / "civicam.db")
    dark = {row[0] for row in store.execute("SELECT channel_id FROM fleet_channel WHERE state = 'offline'")}
    of_causes = {
        row[0]
        for row in store.execute(
            "SELECT channel_id FROM outage_channel JOIN outage_row USING (outage_id) WHERE state = 'open'"
        )
    }
    store.close()
    assert len(dark) > 50
    assert dark <= of_causes
