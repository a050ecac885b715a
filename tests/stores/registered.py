"""A small city with papers: two sites on one feed, a recorder and an encoder.

[TR1]──[FEED1]──┬─[CAB1]──┬─[UPS1]──[SW1]      [CORE]──[OLT1]──[FIBRE1]──[ONU1]──[SW1]──RECORDER
                │         └─ RECORDER
                └─[CAB2]──── ENCODER           [FIBRE1]──[ONU2]──ENCODER   (FIBRE2 ┄ backup of ONU2)
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from civicam.db.engine import Database
from civicam.db.unit import UnitOfWork
from civicam.fleet.facts import ChannelId
from civicam.fleet.model import channel_id_for, device_id_for
from civicam.fleet.queries import FleetQueries
from civicam.fleet.service import FleetService
from civicam.fleet.settings import FleetSettings
from civicam.fleet.store import FleetStore
from civicam.fleet.vault import KeyFileVault
from civicam.kernel.clock import ManualClock

RECORDER, ENCODER = "34020000001180000001", "34020000001130000001"
CHANNELS = ("34020000001310000001", "34020000001310000002")
RECORD = {"place": "junction", "ground": "799-7-government", "purpose": "public-order", "owner": "bureau"}
RECORDER_ID, ENCODER_ID = device_id_for(RECORDER), device_id_for(ENCODER)


def channel_id(number: int) -> ChannelId:
    """Of the recorder's channel 1 or 2."""
    return channel_id_for(RECORDER, CHANNELS[number - 1])


def city(**changes: Any) -> dict[str, Any]:
    """The description; ``changes`` replace members of it."""

    def site(number: int, **more: Any) -> dict[str, Any]:
        return {
            "id": f"S{number}",
            "name": f"点位{number}",
            "district": "340202",
            "lon": round(118.40 + number / 100, 2),
            "lat": 31.3,
            "kind": "camera",
            **more,
        }

    nodes: list[tuple[str, str, Mapping[str, Any]]] = [
        ("TR1", "transformer", {"party": "power"}),
        ("FEED1", "feed", {"party": "power", "lon": 118.41, "lat": 31.31}),
        ("CAB1", "cabinet", {"site": "S1"}),
        ("CAB2", "cabinet", {"site": "S2"}),
        ("UPS1", "ups", {"site": "S1", "battery_minutes": 30}),
        ("CORE", "core", {}),
        ("OLT1", "olt", {}),
        ("FIBRE1", "fibre", {"party": "carrier"}),
        ("FIBRE2", "fibre", {"party": "carrier"}),
        ("ONU1", "onu", {"site": "S1"}),
        ("ONU2", "onu", {"site": "S2"}),
        ("SW1", "switch", {"site": "S1"}),
    ]
    edges = [
        *(("TR1", "FEED1", "power"), ("FEED1", "CAB1", "power"), ("FEED1", "CAB2", "power")),
        *(("CAB1", "UPS1", "power"), ("UPS1", "ONU1", "power"), ("UPS1", "SW1", "power")),
        *(("CAB1", RECORDER, "power"), ("CAB2", "ONU2", "power"), ("CAB2", ENCODER, "power")),
        *(("CORE", "OLT1", "fibre"), ("OLT1", "FIBRE1", "fibre"), ("OLT1", "FIBRE2", "fibre")),
        *(("FIBRE1", "ONU1", "fibre"), ("FIBRE1", "ONU2", "fibre"), ("ONU1", "SW1", "fibre")),
        *(("SW1", RECORDER, "fibre"), ("ONU2", ENCODER, "fibre")),
    ]
    backup = {"from": "FIBRE2", "to": "ONU2", "medium": "fibre", "backup": True}
    return {
        "format": "civicam-city/1",
        "name": {"zh": "样例市", "en": "Sample City"},
        "realm": "3402000000",
        "platform": "34020000002000000001",
        "center": [118.41, 31.3],
        "outline": [[118.3, 31.2], [118.5, 31.2], [118.5, 31.4], [118.3, 31.4]],
        "districts": [{"code": "340202", "name": "东区", "streets": []}],
        "parties": [
            {"id": "bureau", "kind": "government", "name": "城市运行中心", "contact": "0553-1"},
            {"id": "power", "kind": "power-company", "name": "供电公司"},
            {"id": "carrier", "kind": "carrier", "name": "通信公司"},
        ],
        "sites": [site(1, parties={"owner": "bureau", "power": "power"}), site(2)],
        "devices": [
            {"gb_id": RECORDER, "kind": "recorder", "site": "S1", "name": "录像机", "secret": "s"},
            {
                "gb_id": ENCODER,
                "kind": "encoder",
                "protocol": "rtsp",
                "site": "S2",
                "name": "编码器",
                "url": "rtsp://192.0.2.9:554/live",
            },
        ],
        "channels": [
            *(
                {"gb_id": code, "device": RECORDER, "site": "S1", "name": f"通道{code[-1]}", "camera": RECORD}
                for code in CHANNELS
            ),
            {"gb_id": ENCODER, "device": ENCODER, "site": "S2", "name": "球机", "camera": RECORD},
        ],
        "graph": {
            "nodes": [{"id": key, "kind": kind, "name": key, **more} for key, kind, more in nodes],
            "edges": [{"from": f, "to": t, "medium": m} for f, t, m in edges] + [backup],
        },
        **changes,
    }


class Registered:
    """A fleet with papers on a store."""

    def __init__(self, database: Database, key: Path, settings: FleetSettings | None = None) -> None:
        self.database = database
        self.clock = ManualClock()
        self.fleet = FleetService(
            UnitOfWork(database, FleetStore),
            UnitOfWork(database, FleetQueries),
            KeyFileVault(key),
            self.clock,
            settings or FleetSettings(),
        )

    async def take(self, description: dict[str, Any]) -> None:
        """Import; it has no faults."""
        imported, problems = await self.fleet.import_city(json.dumps(description))
        assert problems == []
        assert imported is not None


def inside(
    url: str,
    tmp_path: Path,
    test: Callable[[Registered], Awaitable[None]],
    settings: FleetSettings | None = None,
) -> None:
    """Run a test in the city."""

    async def main() -> None:
        async with asyncio.timeout(60):
            house = Registered(Database(url), tmp_path / "key", settings)
            try:
                await house.take(city())
                await test(house)
            finally:
                await house.database.aclose()

    asyncio.run(main())
