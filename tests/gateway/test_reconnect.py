"""A device on TCP whose connection breaks in the middle of a session, on real sockets.

[DEVICE]──SIP/TCP, breaks, comes back from another port──[gateway]     its pictures go on meanwhile
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from tests.gateway.rooms import MemoryAlarms, MemoryEngine, MemoryFleet, MemoryProber
from tests.gateway.test_sockets import SystemClock
from tests.gateway.wire import PLATFORM, REALM, until

from civicam.fleet.facts import Presence
from civicam.gateway.ports import GatewayPorts
from civicam.gateway.service import Gateway
from civicam.gateway.settings import GatewaySettings, LiveSettings
from civicam.media.engine import ReceiveSpec
from civicam.signalling.aio.agent import SipAgent
from civicam.signalling.aio.route import local_address
from civicam.signalling.gb28181 import sdp
from civicam.signalling.sip import digest
from civicam.signalling.sip.build import IdSource, Origin, new_request, new_response, next_request
from civicam.signalling.sip.dialog import Dialog
from civicam.signalling.sip.endpoint import SipEndpoint
from civicam.signalling.sip.events import RequestReceived
from civicam.signalling.sip.message import Request
from civicam.signalling.sip.peer import Peer

NVR = "34020000001180000001"
CAM = "34020000001310000001"


class Device:
    """A recorder that calls over TCP; `hang_up_line` and `register` again is a new connection."""

    def __init__(self, port: int, engine: MemoryEngine) -> None:
        self.ids = IdSource(os.urandom)
        self.engine = engine
        self.port = port
        self.agent = SipAgent(SipEndpoint(self.ids), self.heard)
        self.requests: list[tuple[Request, Peer]] = []
        self.dialogs: list[Dialog] = []

    async def register(self) -> None:
        self.gate = await self.agent.connect_tcp("127.0.0.1", self.port)
        self.origin = Origin("127.0.0.1", 5060, "tcp", self.ids)
        uri, target = f"sip:{NVR}@{REALM}", f"sip:{PLATFORM}@{REALM}"
        first = new_request("REGISTER", target, self.origin, from_uri=uri, to_uri=uri)
        question = digest.parse_challenge(
            (await self.agent.request(first, self.gate)).headers.get("WWW-Authenticate") or ""
        )
        assert question is not None
        proof = digest.answer(question, digest.Password(NVR, "example-9"), "REGISTER", target, "c0ffee")
        second = next_request(first, self.origin, [("Authorization", proof)])
        assert (await self.agent.request(second, self.gate)).status == 200

    async def hang_up_line(self) -> None:
        await self.agent.disconnect(self.gate)

    def heard(self, event: RequestReceived) -> None:
        self.requests.append((event.request, event.source))
        response = new_response(event.request, 200)
        if event.request.method == "INVITE":
            offer = sdp.parse(event.request.body)
            answer = sdp.build_answer(sdp.Answer(NVR, "127.0.0.1", 15060, offer.ssrc or 0, tcp=True))
            headers = [("Contact", self.origin.contact(NVR)), ("Content-Type", sdp.CONTENT_TYPE)]
            response = new_response(event.request, 200, to_tag="d1", headers=headers, body=answer)
            self.dialogs.append(Dialog.from_uas(event.request, response, self.origin))
            for stream_id, spec in self.engine.open.items():
                if isinstance(spec, ReceiveSpec) and spec.ssrc == offer.ssrc:
                    self.engine.picture(stream_id)
        self.agent.respond(event.key, response)

    def sources(self, method: str) -> list[Peer]:
        """The connections on which requests of this kind came."""
        return [source for request, source in self.requests if request.method == method]


class City:
    """One gateway on real sockets and a recorder that is online."""

    def __init__(self, gateway: Gateway, device: Device, fleet: MemoryFleet, engine: MemoryEngine) -> None:
        self.gateway = gateway
        self.device = device
        self.device_id = fleet.secrets[NVR].device_id
        self.channel = fleet.channel(NVR, CAM)
        self.engine = engine

    async def is_now(self, presence: Presence) -> None:
        await until(lambda: self.gateway.presence(self.device_id) is presence)

    def states(self) -> list[str]:
        return [each.state for each in self.gateway.sessions()]


@asynccontextmanager
async def city(reconnect_s: float = 75.0) -> AsyncIterator[City]:
    fleet, engine, ids = MemoryFleet(), MemoryEngine(), IdSource(os.urandom)
    fleet.enter(NVR, "example-9")
    ports = GatewayPorts(fleet, MemoryAlarms(), engine, MemoryProber(), SystemClock(), ids, local_address)
    settings = GatewaySettings(gb_id=PLATFORM, realm=REALM, live=LiveSettings(reconnect_s=reconnect_s))
    gateway = Gateway(settings, ports, os.urandom(16))
    agent = SipAgent(SipEndpoint(ids), gateway.on_request, on_other=gateway.on_other)
    port = await agent.listen("127.0.0.1", 0)
    await gateway.start(agent, port)
    device = Device(port, engine)
    await device.register()
    made = City(gateway, device, fleet, engine)
    await made.is_now(Presence.ONLINE)
    try:
        yield made
    finally:
        await device.agent.aclose()
        await gateway.stop()
        await agent.aclose()


def story(scene: Callable[[City], Awaitable[None]], reconnect_s: float = 75.0) -> None:
    async def whole() -> None:
        async with city(reconnect_s) as made:
            await scene(made)

    asyncio.run(whole())


def test_the_session_goes_on_and_its_bye_takes_the_new_connection() -> None:
    async def scene(made: City) -> None:
        device = made.device
        stream = await made.gateway.open_live(made.channel, "main")
        await device.hang_up_line()
        await made.is_now(Presence.OFFLINE)
        assert made.states() == ["streaming"]
        await device.register()
        await made.is_now(Presence.ONLINE)
        assert made.states() == ["streaming"]
        assert stream in made.engine.open
        made.engine.idle(stream)
        await until(lambda: not made.gateway.sessions())
        (invited,), (ended,) = device.sources("INVITE"), device.sources("BYE")
        assert invited.connection != ended.connection
        bye = next(request for request, _ in device.requests if request.method == "BYE")
        assert device.dialogs[0].matches(bye)
        assert bye.cseq.number == 2

    story(scene)


def test_a_persons_wish_takes_the_new_connection_too() -> None:
    async def scene(made: City) -> None:
        device = made.device
        now = SystemClock().now()
        playbacks = made.gateway.operations.playbacks
        stream = await playbacks.play(made.channel, now - timedelta(hours=2), now - timedelta(hours=1))
        await device.hang_up_line()
        await made.is_now(Presence.OFFLINE)
        await device.register()
        await made.is_now(Presence.ONLINE)
        await playbacks.seek(stream, now - timedelta(minutes=90))
        assert [each.connection for each in device.sources("INFO")] == [
            device.sources("INVITE")[0].connection + 1
        ]

    story(scene)


def test_who_does_not_come_back_in_time_is_let_go() -> None:
    async def scene(made: City) -> None:
        await made.gateway.open_live(made.channel, "main")
        await made.device.hang_up_line()
        await made.is_now(Presence.OFFLINE)
        await until(lambda: not made.gateway.sessions())
        assert made.gateway.counters()["live_ended_gateway.device-offline"] == 1
        await made.device.register()  # it may still send: it is told
        await until(lambda: bool(made.device.sources("BYE")))
        assert len(made.device.sources("INVITE")) == 1

    story(scene, reconnect_s=0.3)


@pytest.mark.parametrize("how", ["pictures end", "nobody watches"])
def test_meanwhile_it_ends_as_ever(how: str) -> None:
    async def scene(made: City) -> None:
        stream = await made.gateway.open_live(made.channel, "main")
        await made.device.hang_up_line()
        await made.is_now(Presence.OFFLINE)
        if how == "pictures end":
            made.engine.lost(stream)
        else:
            made.engine.idle(stream)
        await until(lambda: not made.gateway.sessions())
        await made.device.register()
        await until(lambda: bool(made.device.sources("BYE")))

    story(scene)
