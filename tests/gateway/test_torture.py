"""Hostile input at the whole gateway, on real sockets: after each piece a device registers all the same.

What each message of RFC 4475 is answered with stands in tests/signalling/sip/test_torture.py; here it is that
none of it disturbs anybody, and that nothing goes to a third party because a message asked for it.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from tests.gateway.rooms import MemoryAlarms, MemoryEngine, MemoryFleet, MemoryProber
from tests.gateway.test_sockets import SystemClock
from tests.gateway.wire import PLATFORM, REALM
from tests.signalling.gb28181.test_manscdp import PASSES
from tests.signalling.sip.test_torture import OUTCOMES

from civicam.fleet.facts import Heartbeat
from civicam.gateway.ports import GatewayPorts
from civicam.gateway.service import Gateway
from civicam.gateway.settings import GatewaySettings
from civicam.signalling.aio.agent import SipAgent
from civicam.signalling.aio.route import local_address
from civicam.signalling.gb28181.manscdp import CONTENT_TYPE
from civicam.signalling.sip import digest
from civicam.signalling.sip.build import IdSource, Origin, new_request, new_response, next_request
from civicam.signalling.sip.endpoint import SipEndpoint
from civicam.signalling.sip.events import RequestReceived
from civicam.signalling.sip.peer import Peer, Transport

CAM = "34020000001320000001"
HOST = "127.0.0.1"
DATAGRAM = 64_000
"""What of a body fits into one."""
TRANSPORTS: tuple[Transport, ...] = ("udp", "tcp")


class Ground:
    """A gateway that listens, and a camera of its own on both transports."""

    def __init__(self) -> None:
        self.fleet, self.ids = MemoryFleet(), IdSource(os.urandom)
        self.device = self.fleet.enter(CAM, "example-9")
        ports = GatewayPorts(
            self.fleet, MemoryAlarms(), MemoryEngine(), MemoryProber(), SystemClock(), self.ids, local_address
        )
        self.gateway = Gateway(GatewaySettings(gb_id=PLATFORM, realm=REALM), ports, os.urandom(16))
        self.agent = SipAgent(SipEndpoint(self.ids), self.gateway.on_request, on_other=self.gateway.on_other)
        self.agent.endpoint.on_wire = self._saw
        self.camera = SipAgent(SipEndpoint(self.ids), self._answer)
        self.port = self.own = 0
        self.heard_from: set[Peer] = set()
        self.sent_to: set[Peer] = set()

    def _saw(self, incoming: bool, _data: bytes, peer: Peer, _now: float, _whose: str) -> None:
        (self.heard_from if incoming else self.sent_to).add(peer)

    def _answer(self, event: RequestReceived) -> None:
        self.camera.respond(event.key, new_response(event.request, 200))

    def origin(self, transport: Transport) -> Origin:
        return Origin(HOST, self.own, transport, self.ids)

    async def register(self, transport: Transport) -> int:
        """REGISTER, the challenge, the answer to it; the last status."""
        gate = Peer("udp", HOST, self.port)
        if transport == "tcp":
            gate = await self.camera.connect_tcp(HOST, self.port)
        origin, uri, target = self.origin(transport), f"sip:{CAM}@{REALM}", f"sip:{PLATFORM}@{REALM}"
        asked = new_request("REGISTER", target, origin, from_uri=uri, to_uri=uri)
        refused = await self.camera.request(asked, gate)
        question = digest.parse_challenge(refused.headers.get("WWW-Authenticate") or "")
        assert question is not None, refused.status
        proof = digest.answer(question, digest.Password(CAM, "example-9"), "REGISTER", target, "c0ffee")
        again = next_request(asked, origin, [("Authorization", proof)])
        status = (await self.camera.request(again, gate)).status
        if transport == "tcp":
            await self.camera.disconnect(gate)
        return status

    async def throw(self, data: bytes, transport: Transport) -> None:
        """From an address of its own; on TCP cut in three. Whatever comes back is read and dropped."""
        before = self.agent.counters["received"]
        if transport == "udp":
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as thrown:
                thrown.sendto(data, (HOST, self.port))
            while self.agent.counters["received"] == before:  # noqa: ASYNC110 -- a datagram tells nobody
                await asyncio.sleep(0)
            return
        reader, writer = await asyncio.open_connection(HOST, self.port)
        third = len(data) // 3 + 1
        for at in range(0, len(data), third):
            writer.write(data[at : at + third])
            await writer.drain()
        writer.write_eof()
        with suppress(OSError):  # who sends rubbish may be reset
            await reader.read()
        writer.close()

    async def say(self, body: bytes, transport: Transport) -> int:
        """A MESSAGE of the camera with this body; the status of the answer."""
        gate = Peer("udp", HOST, self.port)
        if transport == "tcp":
            gate = await self.camera.connect_tcp(HOST, self.port)
        uri, target = f"sip:{CAM}@{REALM}", f"sip:{PLATFORM}@{REALM}"
        message = new_request("MESSAGE", target, self.origin(transport), from_uri=uri, to_uri=target)
        message.set_body(CONTENT_TYPE, body)
        return (await self.camera.request(message, gate)).status


@asynccontextmanager
async def ground() -> AsyncIterator[Ground]:
    """Set up and cleared away; no packet went to anybody we had not heard from."""
    made = Ground()
    made.port = await made.agent.listen(HOST, 0)
    made.own = await made.camera.listen(HOST, 0)
    await made.gateway.start(made.agent, made.port)
    try:
        yield made
        assert made.sent_to <= made.heard_from
        assert made.gateway.counters().get("task_failed", 0) == 0
    finally:
        await made.gateway.stop()
        await made.camera.aclose()
        await made.agent.aclose()


def limited(story: Callable[[], object]) -> None:
    """Run it, at most 60 seconds."""

    async def run() -> None:
        async with asyncio.timeout(60):
            await story()  # type: ignore[misc]

    asyncio.run(run())


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_after_every_torture_message_a_device_registers(torture: Path, transport: Transport) -> None:
    """RFC 4475, each over UDP and TCP, and a REGISTER with its challenge over UDP and TCP after each."""
    files = sorted((torture / "rfc4475").glob("*.dat"))
    assert {each.stem for each in files} == set(OUTCOMES)

    async def story() -> None:
        async with ground() as here:
            for file in files:
                await here.throw(file.read_bytes(), transport)
                for way in TRANSPORTS:
                    assert await here.register(way) == 200, (file.stem, way)

    limited(story)


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_after_every_hostile_body_a_device_registers(torture: Path, transport: Transport) -> None:
    """MANSCDP: a heartbeat counts where it is one; anything else is answered, and nothing is kept of it."""
    files = sorted((torture / "manscdp").glob("*.xml"))
    assert len(files) >= 24

    async def story() -> None:
        async with ground() as here:
            assert await here.register(transport) == 200
            for file in files:
                before = len(here.fleet.of(Heartbeat))
                body = file.read_bytes()[: DATAGRAM if transport == "udp" else None]
                status = await here.say(body, transport)
                beat = len(here.fleet.of(Heartbeat)) > before
                assert status in (200, 400, 413, 415, 513), (file.stem, status)
                assert beat == (file.stem in PASSES), file.stem
                for way in TRANSPORTS:
                    assert await here.register(way) == 200, (file.stem, way)
            assert here.fleet.catalogues == [] or all(not items for _, items, _ in here.fleet.catalogues)

    limited(story)
