"""A small city in memory: one gateway, its rooms, its devices, its wire."""

from __future__ import annotations

import itertools
from pathlib import Path

from tests.gateway.camera import Camera, item
from tests.gateway.dialogs import MemoryDialogs
from tests.gateway.rooms import MemoryAlarms, MemoryEngine, MemoryFleet, MemoryProber
from tests.gateway.wire import (
    GATE,
    GATE_HOST,
    PLATFORM,
    REALM,
    LoopClock,
    MemoryAgent,
    Network,
    ids,
    next_seed,
)

from civicam.gateway.ports import GatewayPorts, Usability
from civicam.gateway.service import Gateway
from civicam.gateway.settings import GatewaySettings
from civicam.signalling.gb28181.manscdp import (
    CatalogResponse,
)


class World:
    """One gateway, its rooms, its wire. `crash`, then `start` again, is kill -9 and a new process."""

    def __init__(self, settings: GatewaySettings | None = None) -> None:
        self.settings = settings or GatewaySettings(gb_id=PLATFORM, realm=REALM, advertise=GATE_HOST)
        self.network = Network()
        self.fleet = MemoryFleet()
        self.alarms = MemoryAlarms()
        self.engine = MemoryEngine()
        self.prober = MemoryProber()
        self.dialogs = MemoryDialogs()
        self.snapshots = Path("civicam-data/snapshots")
        self.door = ("0.0.0.0", 8080)
        self.usability: Usability | None = None
        self.lane = True
        """Whether what a city says all day has a lane of its own."""
        self._hosts = itertools.count(2)

    async def start(self) -> Gateway:
        self.agent = MemoryAgent(self.network, (GATE.host, GATE.port), lambda event: None)
        ports = GatewayPorts(
            self.fleet,
            self.alarms,
            self.engine,
            self.prober,
            LoopClock(),
            ids("gate"),
            lambda host: GATE_HOST,
            snapshots=self.snapshots,
            door=self.door,
            dialogs=self.dialogs,
            lane=self.agent.endpoint.lane if self.lane else None,
            usability=self.usability,
        )
        self.gateway = Gateway(self.settings, ports, b"0123456789abcdef" + bytes([next_seed() % 256]))
        self.agent.on_request, self.agent.on_other = self.gateway.on_request, self.gateway.on_other
        self.agent.endpoint.spared.known = self.gateway.spares
        await self.gateway.start(self.agent, GATE.port)
        return self.gateway

    async def crash(self) -> None:
        """kill -9: nothing is said to anybody, what is in memory is gone."""
        self.agent.unplug()
        await self.gateway._tasks.cancel_all()
        self.gateway._liveness.stop()
        for source in self.gateway._sessions._by_stream.values():
            timer = getattr(source, "_timer", None)
            if timer is not None:
                timer.cancel()
        if self.gateway._running is not None:
            self.gateway._running.ghosts.stop()
        self.engine.open.clear()

    def camera(self, gb_id: str, password: str = "example-9", *channels: str) -> Camera:
        """A device on the wire, entered in the fleet unless that was done before."""
        if gb_id not in self.fleet.secrets:
            self.fleet.enter(gb_id, password)
        agent = MemoryAgent(self.network, (f"10.0.1.{next(self._hosts)}", 5060), lambda event: None)
        camera = Camera(agent, gb_id, password, self.engine, channels)
        agent.on_request = camera.on_request
        agent.on_other = camera.on_other
        return camera

    def part(self, sn: int, device: str, *gb_ids: str, total: int | None = None) -> CatalogResponse:
        """A catalogue part out of nowhere."""
        items = tuple(item(each, device) for each in gb_ids)
        return CatalogResponse(sn, device, len(items) if total is None else total, items)
