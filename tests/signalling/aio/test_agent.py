"""The shell on loopback: two agents talk over real sockets; what fails, fails with a code."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from civicam.kernel.errors import Operational
from civicam.signalling.aio import SipAgent
from civicam.signalling.sip.build import IdSource, Origin, new_request, new_response
from civicam.signalling.sip.dialog import Dialog
from civicam.signalling.sip.endpoint import SipEndpoint
from civicam.signalling.sip.events import AckReceived, ConnectionDropped, RequestReceived, SipEvent
from civicam.signalling.sip.limits import Limits
from civicam.signalling.sip.message import Request
from civicam.signalling.sip.peer import Peer, Transport

pytestmark = pytest.mark.anyio

HOST = "127.0.0.1"
CAMERA, PLATFORM = "sip:34020000001310000001@3402000000", "sip:34020000002000000001@3402000000"
IDS = IdSource(os.urandom)


class Side:
    """One agent, what it heard, and how it answers: by status for each method, or not at all."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.agent = SipAgent(SipEndpoint(IDS, limits=limits), self.take, on_other=self.note)
        self.port = 0
        self.answers: dict[str, list[int]] = {}
        self.requests: asyncio.Queue[RequestReceived] = asyncio.Queue()
        self.others: asyncio.Queue[SipEvent] = asyncio.Queue()

    def take(self, event: RequestReceived) -> None:
        """Answer with what is written down for the method, 200 otherwise."""
        self.requests.put_nowait(event)
        contact = [("Contact", f"<{CAMERA.partition('@')[0]}@{HOST}:{self.port}>")]
        for status in self.answers.get(event.request.method, [200]):
            self.agent.respond(event.key, new_response(event.request, status, headers=contact))

    def note(self, event: SipEvent) -> None:
        """Keep what is no request."""
        self.others.put_nowait(event)

    def request(self, method: str, transport: Transport = "udp") -> Request:
        """A request of this side."""
        origin = Origin(HOST, self.port, transport, IDS)
        return new_request(method, CAMERA, origin, from_uri=PLATFORM, to_uri=CAMERA)

    async def other(self, kind: type[SipEvent]) -> SipEvent:
        """The next event of ``kind``."""
        while not isinstance(event := await asyncio.wait_for(self.others.get(), 10), kind):
            pass
        return event


Pair = tuple[Side, Side]
MakeSide = Callable[..., Awaitable[Side]]


@pytest.fixture
async def make_side() -> AsyncIterator[MakeSide]:
    """``await make_side(limits=…)``: an agent that listens; closed at the end."""
    sides: list[Side] = []

    async def make(limits: Limits | None = None) -> Side:
        side = Side(limits)
        side.port = await side.agent.listen(HOST, 0)
        sides.append(side)
        return side

    yield make
    for side in sides:
        await side.agent.aclose()


@pytest.fixture
async def pair(make_side: MakeSide) -> Pair:
    """A platform and a device."""
    return await make_side(), await make_side()


async def peer_of(platform: Side, device: Side, transport: Transport) -> Peer:
    """The device as the platform's peer."""
    if transport == "tcp":
        return await platform.agent.connect_tcp(HOST, device.port)
    return Peer("udp", HOST, device.port)


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_a_request_and_its_answer(pair: Pair, transport: Transport) -> None:
    """Any final status is an answer, not an error."""
    platform, device = pair
    peer = await peer_of(platform, device, transport)
    device.answers = {"MESSAGE": [100, 200], "INFO": [481]}
    assert (await platform.agent.request(platform.request("MESSAGE", transport), peer)).status == 200
    assert (await platform.agent.request(platform.request("INFO", transport), peer)).status == 481
    source = (await device.requests.get()).source
    assert source.transport == transport
    assert platform.agent.counters["received"] == 3


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_a_call_from_ringing_to_bye(pair: Pair, transport: Transport) -> None:
    """1xx one by one, the 2xx, our ACK, BYE."""
    platform, device = pair
    peer = await peer_of(platform, device, transport)
    device.answers = {"INVITE": [100, 183, 200]}
    invitation = platform.agent.invite(platform.request("INVITE", transport), peer)
    early = [response.status async for response in invitation.provisional()]
    final = await invitation.final()
    assert (early, final.status) == ([100, 183], 200)
    dialog = Dialog.from_uac(invitation.request, final, Origin(HOST, platform.port, transport, IDS))
    platform.agent.send_ack(dialog.ack(), peer)
    assert isinstance(await device.other(AckReceived), AckReceived)
    assert (await platform.agent.request(dialog.request("BYE"), peer)).status == 200


async def test_a_cancelled_call_ends_with_487(pair: Pair) -> None:
    """The device had only said 180."""
    platform, device = pair
    device.answers = {"INVITE": [180]}
    invitation = platform.agent.invite(platform.request("INVITE"), Peer("udp", HOST, device.port))
    invitation.cancel()
    assert (await invitation.final()).status == 487


@pytest.mark.parametrize("late", [True, False], ids=["after the 200", "before the 200"])
async def test_an_abandoned_call_that_is_accepted_is_ended_with_bye(pair: Pair, late: bool) -> None:
    """No device is left sending to nobody."""
    platform, device = pair
    device.answers = {"INVITE": [200] if late else []}
    invitation = platform.agent.invite(platform.request("INVITE"), Peer("udp", HOST, device.port))
    if late:
        await invitation.final()
    invitation.abandon()
    invitation.abandon()
    invite = await asyncio.wait_for(device.requests.get(), 10)
    if not late:
        accepted = new_response(invite.request, 200, headers=[("Contact", f"<sip:a@{HOST}:{device.port}>")])
        assert device.agent.respond(invite.key, accepted)
    bye = await asyncio.wait_for(device.requests.get(), 10)
    assert bye.request.method == "BYE"
    assert isinstance(await device.other(AckReceived), AckReceived)


async def test_nobody_there_on_tcp(pair: Pair) -> None:
    """A connection refused says so at once."""
    platform, _ = pair
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        with pytest.raises(Operational) as failed:
            await platform.agent.connect_tcp(HOST, taken.getsockname()[1])
    assert failed.value.code == "signalling.unreachable"


async def test_a_connection_that_breaks_fails_what_waits(pair: Pair) -> None:
    """Requests and calls get ``signalling.unreachable``; the other side is told of the end."""
    platform, device = pair
    device.answers = {"MESSAGE": [], "INVITE": [180]}
    peer = await platform.agent.connect_tcp(HOST, device.port)
    waiting = asyncio.ensure_future(platform.agent.request(platform.request("MESSAGE", "tcp"), peer))
    call = platform.agent.invite(platform.request("INVITE", "tcp"), peer)
    await device.requests.get()
    await device.requests.get()
    held = platform.agent.gauges()
    assert (held["transactions"], held["connections"]) == (2, 1)
    assert (held["requests_waiting"], held["invitations"]) == (1, 1)
    await platform.agent.disconnect(peer)
    for failed in (waiting, call.final()):
        with pytest.raises(Operational) as raised:
            await failed
        assert raised.value.code == "signalling.unreachable"
    left = platform.agent.gauges()
    names = ("transactions", "timers", "connections", "requests_waiting", "invitations")
    assert {name: left[name] for name in names} == dict.fromkeys(names, 0)
    assert isinstance(await device.other(ConnectionDropped), ConnectionDropped)
    with pytest.raises(Operational):
        await platform.agent.request(platform.request("MESSAGE", "tcp"), peer)
    await platform.agent.disconnect(peer)


async def test_a_host_that_is_no_address_fails_at_once(pair: Pair) -> None:
    """The socket refuses; waiting 32 s would help nobody."""
    platform, _ = pair
    with pytest.raises(Operational) as failed:
        await platform.agent.request(platform.request("MESSAGE"), Peer("udp", "no address", 5060))
    assert failed.value.code == "signalling.unreachable"
    assert platform.agent.counters["send-failed"] == 1


async def test_a_taken_port_is_told(pair: Pair) -> None:
    """With the address and what the system said; whether UDP or TCP holds it."""
    platform, _ = pair
    for udp, tcp in ((True, True), (True, False), (False, True)):
        other = Side()
        with pytest.raises(Operational) as failed:
            await other.agent.listen(HOST, platform.port, udp=udp, tcp=tcp)
        assert failed.value.code == "signalling.port-in-use"
        assert failed.value.data["port"] == platform.port


async def test_udp_alone_and_tcp_alone(make_side: MakeSide) -> None:
    """Either may be left out."""
    device = await make_side()
    for udp, tcp in ((True, False), (False, True)):
        side = Side()
        side.port = await side.agent.listen(HOST, 0, udp=udp, tcp=tcp)
        peer = await peer_of(side, device, "udp" if udp else "tcp")
        assert (await side.agent.request(side.request("MESSAGE", peer.transport), peer)).status == 200
        await side.agent.aclose()


async def test_closing_ends_what_waits(make_side: MakeSide) -> None:
    """Each request and call with ``signalling.closed``; afterwards nothing new starts."""
    platform, device = await make_side(), await make_side()
    device.answers = {"MESSAGE": [], "INVITE": [180]}
    peer = Peer("udp", HOST, device.port)
    waiting = asyncio.ensure_future(platform.agent.request(platform.request("MESSAGE"), peer))
    call = platform.agent.invite(platform.request("INVITE"), peer)
    await device.requests.get()
    await device.requests.get()
    await platform.agent.connect_tcp(HOST, device.port)
    await platform.agent.aclose()
    for failed in (waiting, call.final()):
        with pytest.raises(Operational) as raised:
            await failed
        assert raised.value.code == "signalling.closed"
    with pytest.raises(Operational):
        platform.agent.invite(platform.request("INVITE"), peer)
    with pytest.raises(Operational):
        await platform.agent.request(platform.request("MESSAGE"), peer)


async def test_too_many_connections_are_closed(make_side: MakeSide) -> None:
    """The second one from this host ends at once; the first goes on."""
    platform = await make_side(limits=Limits(connections_per_host=1))
    first_reader, first_writer = await asyncio.open_connection(HOST, platform.port)
    reader, writer = await asyncio.open_connection(HOST, platform.port)
    with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
        await asyncio.wait_for(reader.readexactly(1), 10)
    first_writer.write(platform.request("OPTIONS", "tcp").to_bytes())
    assert (await asyncio.wait_for(first_reader.readline(), 10)).startswith(b"SIP/2.0 200 ")
    for one in (writer, first_writer):
        one.close()


async def test_a_stream_that_is_no_sip_is_closed(pair: Pair) -> None:
    """After the frame is lost there is no way back."""
    platform, _ = pair
    reader, writer = await asyncio.open_connection(HOST, platform.port)
    writer.write(b"\x16\x03\x01\x02\x00\r\n\r\n")
    assert await asyncio.wait_for(reader.read(), 10) == b""
    writer.close()
    assert platform.agent.counters["drop-broken-stream"] == 1


async def test_a_lost_datagram_is_sent_again(make_side: MakeSide) -> None:
    """The timer of the shell rings by itself: the first answer comes after a retransmission."""
    platform = await make_side()
    heard: asyncio.Queue[tuple[bytes, tuple[str, int]]] = asyncio.Queue()

    class Deaf(asyncio.DatagramProtocol):
        def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
            heard.put_nowait((data, addr))

    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(Deaf, local_addr=(HOST, 0))
    request = platform.request("MESSAGE")
    port = transport.get_extra_info("sockname")[1]
    waiting = asyncio.ensure_future(platform.agent.request(request, Peer("udp", HOST, port)))
    first, source = await asyncio.wait_for(heard.get(), 10)
    second, _ = await asyncio.wait_for(heard.get(), 10)
    assert first == second
    transport.sendto(new_response(request, 200, to_tag="x").to_bytes(), source)
    assert (await waiting).status == 200
    transport.close()
