"""The same gateway on real sockets: UDP and TCP on the loopback interface."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable
from datetime import UTC, datetime

import pytest
from tests.gateway.rooms import MemoryAlarms, MemoryEngine, MemoryFleet, MemoryProber
from tests.gateway.wire import PLATFORM, REALM, until

from civicam.fleet.facts import Presence
from civicam.gateway.ports import GatewayPorts
from civicam.gateway.service import Gateway
from civicam.gateway.settings import GatewaySettings
from civicam.signalling.aio.agent import SipAgent
from civicam.signalling.aio.route import local_address
from civicam.signalling.gb28181.ids import GbId
from civicam.signalling.gb28181.manscdp import CONTENT_TYPE, Keepalive, to_xml
from civicam.signalling.sip import digest
from civicam.signalling.sip.build import IdSource, Origin, new_request, new_response, next_request
from civicam.signalling.sip.endpoint import SipEndpoint
from civicam.signalling.sip.events import RequestReceived
from civicam.signalling.sip.peer import Peer

CAM = "34020000001320000001"


class SystemClock:
    """The real ones."""

    def monotonic(self) -> float:
        return time.monotonic()

    def now(self) -> datetime:
        return datetime.now(UTC)


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_a_camera_comes_beats_and_its_connection_ends(transport: str) -> None:
    async def story() -> None:
        fleet, ids = MemoryFleet(), IdSource(os.urandom)
        device = fleet.enter(CAM, "example-9")
        ports = GatewayPorts(
            fleet, MemoryAlarms(), MemoryEngine(), MemoryProber(), SystemClock(), ids, local_address
        )
        gateway = Gateway(GatewaySettings(gb_id=PLATFORM, realm=REALM), ports, os.urandom(16))
        agent = SipAgent(SipEndpoint(ids), gateway.on_request, on_other=gateway.on_other)
        port = await agent.listen("127.0.0.1", 0)
        await gateway.start(agent, port)

        asked: list[str] = []

        def answer(event: RequestReceived) -> None:
            asked.append(event.request.method)
            camera.respond(event.key, new_response(event.request, 200))

        camera = SipAgent(SipEndpoint(ids), answer)
        own = await camera.listen("127.0.0.1", 0)
        gate = Peer("udp", "127.0.0.1", port)
        if transport == "tcp":
            gate = await camera.connect_tcp("127.0.0.1", port)
        origin = Origin("127.0.0.1", own, gate.transport, ids)
        uri, target = f"sip:{CAM}@{REALM}", f"sip:{PLATFORM}@{REALM}"
        first = new_request("REGISTER", target, origin, from_uri=uri, to_uri=uri)
        question = digest.parse_challenge(
            (await camera.request(first, gate)).headers.get("WWW-Authenticate") or ""
        )
        assert question is not None
        proof = digest.answer(question, digest.Password(CAM, "example-9"), "REGISTER", target, "c0ffee")
        second = next_request(first, origin, [("Authorization", proof)])
        assert (await camera.request(second, gate)).status == 200
        await until(lambda: gateway.presence(device) is Presence.ONLINE)
        await until(lambda: "MESSAGE" in asked)  # DeviceInfo reached it where its packets came from

        beat = new_request("MESSAGE", target, origin, from_uri=uri, to_uri=target)
        beat.set_body(CONTENT_TYPE, to_xml(Keepalive(1, GbId(CAM))))
        assert (await camera.request(beat, gate)).status == 200

        await camera.aclose()
        if transport == "tcp":
            await until(lambda: gateway.presence(device) is Presence.OFFLINE)
            await until(lambda: fleet.transitions(device)[-1] == (Presence.OFFLINE, "fleet.connection-lost"))
        await gateway.stop()
        await agent.aclose()

    asyncio.run(story())


def test_port_in_use_is_said_plainly() -> None:
    async def story() -> None:
        ids = IdSource(os.urandom)
        one = SipAgent(SipEndpoint(ids), lambda event: None)
        port = await one.listen("127.0.0.1", 0)
        two = SipAgent(SipEndpoint(ids), lambda event: None)
        opening: Awaitable[int] = two.listen("127.0.0.1", port)
        with pytest.raises(Exception, match=r"signalling\.port-in-use"):
            await opening
        await one.aclose()
        await two.aclose()

    asyncio.run(story())
