"""A few simulated devices on real sockets against a small platform made of our own SIP agent."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from civicam.kernel.errors import Operational
from civicam.media.core.rfc4571 import StreamFramer
from civicam.media.core.rtp import parse as parse_rtp
from civicam.signalling.aio.agent import SipAgent
from civicam.signalling.gb28181 import manscdp
from civicam.signalling.gb28181.sdp import Offer, build_offer
from civicam.signalling.sip.build import IdSource, Origin, new_request, new_response
from civicam.signalling.sip.dialog import Dialog
from civicam.signalling.sip.digest import challenge
from civicam.signalling.sip.endpoint import SipEndpoint
from civicam.signalling.sip.events import RequestReceived
from civicam.signalling.sip.peer import Peer
from civicam.simulator.control import ask
from civicam.simulator.description import City
from civicam.simulator.options import Options
from civicam.simulator.run import Simulation

WAIT_S = 30.0
PLATFORM = "34020000002000000001"


@dataclass
class Platform:
    """Accepts every registration after a challenge and remembers where devices are."""

    ids: IdSource = field(default_factory=lambda: IdSource(os.urandom))
    where: dict[str, Peer] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    byes: int = 0
    heartbeats: int = 0
    port: int = 0

    def __post_init__(self) -> None:
        self.agent = SipAgent(SipEndpoint(self.ids), self.take)

    def take(self, event: RequestReceived) -> None:
        request = event.request
        user = request.from_.uri.user or ""
        if request.method == "REGISTER" and request.headers.get("Authorization") is None:
            question = [("WWW-Authenticate", challenge("3402000000", os.urandom(4).hex()))]
            self.agent.respond(event.key, new_response(request, 401, headers=question))
            return
        if request.method == "REGISTER":
            if request.expires == 0:
                self.gone.add(user)
            self.where[user] = event.source
        self.heartbeats += request.method == "MESSAGE"
        self.byes += request.method == "BYE"
        self.agent.respond(event.key, new_response(request, 200))

    def origin(self, peer: Peer) -> Origin:
        return Origin("127.0.0.1", self.port, peer.transport, self.ids)

    async def play(self, device: str, channel: str, port: int, *, tcp: bool) -> Dialog:
        peer = self.where[device]
        invite = new_request(
            "INVITE", f"sip:{channel}@127.0.0.1", self.origin(peer),
            from_uri=f"sip:{PLATFORM}@3402000000", to_uri=f"sip:{channel}@3402000000",
        )  # fmt: skip
        offer = Offer(PLATFORM, "127.0.0.1", port, 200000017, tcp=tcp, stream=1)
        invite.set_body("application/sdp", build_offer(offer))
        response = await self.agent.invite(invite, peer).outcome
        assert response.status == 200
        dialog = Dialog.from_uac(invite, response, self.origin(peer))
        self.agent.send_ack(dialog.ack(), peer)
        return dialog


async def until(true: Callable[[], bool]) -> None:
    """Wait for a condition, with a limit."""
    async with asyncio.timeout(WAIT_S):
        while not true():
            with suppress(TimeoutError):  # the condition may be another thread's: look again soon
                await asyncio.wait_for(asyncio.Event().wait(), 0.01)


@pytest.fixture
def small(city: City) -> City:
    """One device on UDP and one on TCP."""
    devices = [d for d in city.devices if d.protocol == "gb28181"]
    pair = [next(d for d in devices if d.transport == transport) for transport in ("udp", "tcp")]
    kept = {device.gb_id for device in pair}
    return replace(city, devices=tuple(pair), channels=tuple(c for c in city.channels if c.device in kept))


@asynccontextmanager
async def running(city: City, **options: object) -> AsyncIterator[tuple[Platform, Simulation]]:
    platform = Platform()
    platform.port = await platform.agent.listen("127.0.0.1", 0)
    chosen = replace(Options(server=("127.0.0.1", platform.port), spread_s=0.0, workshops=1), **options)  # type: ignore[arg-type]
    simulation = Simulation(city, chosen)
    await simulation.start()
    try:
        await until(lambda: len(platform.where) == len(city.devices))
        yield platform, simulation
    finally:
        await simulation.stop()
        await platform.agent.aclose()


def test_devices_register_beat_and_unregister(small: City) -> None:
    async def story() -> None:
        async with running(small, signalling_only=True, heartbeat_s=1, unregister=True) as (
            platform,
            simulation,
        ):
            await until(lambda: platform.heartbeats >= 2)
            assert simulation.stats()["registered"] == 2
        assert platform.gone == {device.gb_id for device in small.devices}

    asyncio.run(story())


@pytest.mark.parametrize("tcp", [False, True])
def test_a_picture_comes_after_the_ack_and_stops_at_bye(small: City, tcp: bool) -> None:
    async def story() -> None:
        loop = asyncio.get_running_loop()
        device = small.devices[0].gb_id
        channel = small.by_device[device][0].gb_id
        async with running(small) as (platform, simulation):
            with socket.socket(socket.AF_INET, socket.SOCK_STREAM if tcp else socket.SOCK_DGRAM) as sock:
                sock.bind(("127.0.0.1", 0))
                sock.setblocking(False)
                if tcp:
                    sock.listen()
                dialog = await platform.play(device, channel, sock.getsockname()[1], tcp=tcp)
                async with asyncio.timeout(WAIT_S):
                    if tcp:
                        media, _ = await loop.sock_accept(sock)
                        with media:
                            packet = StreamFramer().feed(await loop.sock_recv(media, 1 << 16))[0]
                    else:
                        packet = await loop.sock_recv(sock, 1 << 16)
                rtp = parse_rtp(packet)
                assert rtp is not None
                assert (rtp.ssrc, rtp.payload_type, rtp.payload[:4]) == (200000017, 96, b"\0\0\1\xba")
                assert simulation.stats()["streams"] == 1
                if not tcp:
                    bye = await platform.agent.request(dialog.request("BYE"), platform.where[device])
                    assert bye.status == 200
                    assert platform.byes == 0
                else:
                    await until(lambda: platform.byes == 1)  # our end closed: the device hangs up itself
                await until(lambda: simulation.stats()["streams"] == 0)

    asyncio.run(story())


def test_power_goes_and_comes_back_over_the_control_socket(small: City, tmp_path: Path) -> None:
    async def story() -> None:
        path = tmp_path / "control"
        loop = asyncio.get_running_loop()

        async def tell(**request: object) -> dict[str, object]:
            return await loop.run_in_executor(None, ask, path, request)

        async with running(small, signalling_only=True, control=path) as (platform, simulation):
            device = small.devices[0].gb_id
            assert (await tell(do="fault", kind="device", target=device))["ok"] is True
            assert simulation.stats()["registered"] == 1
            query = new_request(
                "MESSAGE", f"sip:{device}@127.0.0.1", platform.origin(platform.where[device]),
                from_uri=f"sip:{PLATFORM}@3402000000", to_uri=f"sip:{device}@3402000000",
            )  # fmt: skip
            query.set_body(manscdp.CONTENT_TYPE, manscdp.CatalogQuery(1, device).to_xml())
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(platform.agent.request(query, platform.where[device]), 0.3)
            platform.where.clear()
            await tell(do="clear")
            await until(lambda: device in platform.where)
        assert not path.exists()

    asyncio.run(story())


def test_devices_on_tcp_come_back_whichever_socket_is_theirs(city: City) -> None:
    """[CAM A, first agent]──┬──[PLATFORM]: each agent numbers its connections from 1, and so their names are
    [CAM B, second agent]────┘   the same; a restart of the one must not be taken for the other's loss.
    """
    devices = [device for device in city.devices if device.protocol == "gb28181"]
    pair = tuple(replace(device, transport="tcp") for device in devices[:2])
    kept = {device.gb_id for device in pair}
    two = replace(city, devices=pair, channels=tuple(c for c in city.channels if c.device in kept))

    async def story() -> None:
        async with running(two, signalling_only=True, sockets=2) as (platform, simulation):
            for device in pair:
                before = platform.where[device.gb_id]
                others = {each: peer for each, peer in platform.where.items() if each != device.gb_id}
                simulation.ensemble.reboot(device.gb_id)
                await until(lambda gb_id=device.gb_id, was=before: platform.where[gb_id] != was)  # type: ignore[misc]
                assert all(platform.where[each] == peer for each, peer in others.items())

    asyncio.run(story())


def test_a_second_simulator_does_not_take_the_socket(small: City, tmp_path: Path) -> None:
    async def story() -> None:
        path = tmp_path / "control"
        async with running(small, signalling_only=True, control=path):
            other = Simulation(small, Options(control=path, signalling_only=True))
            with pytest.raises(Operational) as caught:
                await other.start()
            assert caught.value.code == "simulator.control-in-use"
            await other.stop()
            assert path.exists()

    asyncio.run(story())


def test_nobody_at_the_control_socket(tmp_path: Path) -> None:
    with pytest.raises(Operational) as caught:
        ask(tmp_path / "none", {"do": "list"})
    assert caught.value.code == "simulator.no-control"
