"""What the ledger reasons with is the fleet's own graph, as an import left it."""

from __future__ import annotations

from pathlib import Path

from tests.stores.registered import ENCODER_ID, RECORDER_ID, Registered, channel_id, city, inside

from civicam.bootstrap.outages import FleetRegisters
from civicam.fleet.graph import NodeId, NodeKind
from civicam.outages.facts import Attribution
from civicam.outages.plant import Plant


def test_a_failed_feed_takes_both_sites_away_and_is_the_power_companys(url: str, tmp_path: Path) -> None:
    async def test(h: Registered) -> None:
        register = await FleetRegisters(h.database).register()
        plant = Plant(register)
        dark = plant.topology.dark_if([NodeId("FEED1")])
        assert {NodeId(RECORDER_ID), NodeId(ENCODER_ID)} <= dark
        assert register.parties[NodeId("FEED1")] is Attribution.POWER_COMPANY
        assert register.parties[NodeId("FIBRE1")] is Attribution.CARRIER
        assert NodeId("CAB1") not in register.parties
        assert {channel_id(1), channel_id(2)} <= set(register.channels[NodeId(RECORDER_ID)])
        assert plant.kind(NodeId("UPS1")) is NodeKind.UPS

    inside(url, tmp_path, test)


def test_a_device_on_a_third_partys_site_is_its_owners(url: str, tmp_path: Path) -> None:
    async def test(h: Registered) -> None:
        found = city()
        found["parties"].append({"id": "shop", "kind": "third-party", "name": "商场"})
        found["sites"][1]["parties"] = {"owner": "shop"}
        await h.take(found)
        register = await FleetRegisters(h.database).register()
        assert register.parties[NodeId(ENCODER_ID)] is Attribution.OWNER
        assert NodeId(RECORDER_ID) not in register.parties

    inside(url, tmp_path, test)


def test_the_same_register_has_the_same_bytes(url: str, tmp_path: Path) -> None:
    async def test(h: Registered) -> None:
        registers = FleetRegisters(h.database)
        first = (await registers.register()).document()
        await h.take(city())
        assert (await registers.register()).document() == first

    inside(url, tmp_path, test)
