"""The shell around loudspeakers, on loopback: what is heard by UDP and TCP, and how a line ends."""

from __future__ import annotations

import asyncio
import random
import socket
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, cast

import pytest

from civicam.kernel.errors import Operational
from civicam.media.core import rtp
from civicam.media.core.rfc4571 import frame
from civicam.signalling.gb28181 import sdp
from civicam.signalling.gb28181.manscdp.broadcast import Broadcast
from civicam.signalling.sip.build import new_response
from civicam.signalling.sip.message import Request, Response
from civicam.signalling.sip.peer import Peer
from civicam.simulator import voices as voices_module
from civicam.simulator.device import GbDevice
from civicam.simulator.faults import Condition
from civicam.simulator.member import Member
from civicam.simulator.outputs import Ask, Hear, Voice
from civicam.simulator.voices import Voices

PLATFORM = "34020000002000000001"
HOST = "127.0.0.1"


class Agent:
    """A platform that answers every call with ``port``, or does not."""

    def __init__(self) -> None:
        self.port: int | None = None
        self.calls: list[Request] = []
        self.acks: list[Request] = []

    def invite(self, request: Request, peer: Peer) -> Agent:
        self.calls.append(request)
        return self

    async def final(self) -> Response:
        if self.port is None:
            raise Operational("signalling.timeout", peer="x", method="INVITE")
        offer = sdp.parse(self.calls[-1].body)
        response = new_response(self.calls[-1], 200, to_tag="t")
        setup: Any = "active" if offer.setup == "passive" else "passive"
        body = sdp.build_voice(
            sdp.Voice(PLATFORM, HOST, self.port, offer.ssrc or 0, "sendonly", offer.tcp, setup)
        )
        response.set_body(sdp.CONTENT_TYPE, body)
        return response

    def send_ack(self, request: Request, peer: Peer) -> None:
        self.acks.append(request)


class Rig:
    """One device with its voices."""

    def __init__(self, device: GbDevice, tcp: bool) -> None:
        device.origin = replace(device.origin, host=HOST)
        identity = replace(device.identity.device, transport="tcp" if tcp else "udp")
        device.identity = replace(device.identity, device=identity)
        device.speakers._identity = device.identity
        self.agent, self.condition = Agent(), Condition()
        self.member = Member(device, cast("Any", self.agent), self.condition, tcp)
        self.voices = Voices(self.serve, self.peer, random.Random(1))
        self.told: list[str] = []
        self.heard_once = asyncio.Event()

    async def peer(self, member: Member) -> Peer:
        return Peer("udp", HOST, 5060)

    def serve(self, member: Member) -> None:
        while (output := member.device.next_output()) is not None:
            if isinstance(output, Ask):
                self.told.append(output.request.method)
            elif isinstance(output, Voice):
                self.voices.do(member, output)
                if isinstance(output, Hear):
                    self.heard_once.set()

    def ask(self) -> None:
        target = self.member.device.identity.channels[0].gb_id
        self.member.device.speakers.wanted(Broadcast(1, cast("Any", target), PLATFORM))
        self.serve(self.member)

    def offer(self) -> sdp.Sdp:
        return sdp.parse(self.agent.calls[-1].body)

    def packet(self, sequence: int) -> bytes:
        ssrc = self.offer().ssrc or 0
        return rtp.build(rtp.RtpPacket(8, False, sequence, 160 * sequence, ssrc, b"\xd5" * 160))

    def said(self) -> dict[str, object]:
        (found,) = self.voices.heard()
        return found

    async def until(self, wanted: Callable[[], object]) -> None:
        async with asyncio.timeout(20):
            while not wanted():  # noqa: ASYNC110 -- sockets of the kernel: no event here to wait for
                await asyncio.sleep(0.005)


Story = Callable[[Rig], Awaitable[None]]


@pytest.fixture
def play(make_device: Callable[..., GbDevice]) -> Callable[..., None]:
    """``play(story)``: run it with a device on UDP, or TCP."""

    def run(story: Story, *, tcp: bool = False) -> None:
        async def main() -> None:
            rig = Rig(make_device(), tcp)
            try:
                await story(rig)
            finally:
                await rig.voices.aclose()
            assert all(each["ended"] for each in rig.voices.heard())

        asyncio.run(main())

    return run


def test_datagrams_from_where_the_answer_says_are_heard(play: Any) -> None:
    async def story(rig: Rig) -> None:
        with (
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as mouth,
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger,
        ):
            mouth.bind((HOST, 0))
            rig.agent.port = mouth.getsockname()[1]
            rig.ask()
            await rig.heard_once.wait()
            ear = (HOST, rig.offer().port)
            stranger.sendto(rig.packet(1), ear)
            for sequence in (1, 2, 4):
                mouth.sendto(rig.packet(sequence), ear)
            await rig.until(lambda: rig.said()["packets"] == 3)
            assert (rig.said()["lost"], rig.said()["foreign"]) == (1, 1)
            rig.condition.linked = False
            mouth.sendto(rig.packet(5), ear)
            (line,) = rig.voices._lines.values()
            rig.voices._datagrams(line)  # it lies in the socket
            assert rig.said()["packets"] == 3, "nothing arrives through a cut fibre"
        assert len(rig.agent.acks) == 1
        assert rig.told == ["MESSAGE"]

    play(story)


@pytest.mark.parametrize("passive", [False, True])
def test_a_connection_is_heard_and_its_end_ends_the_call(
    play: Any, passive: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(voices_module, "_GRACE_S", 0.0)

    async def story(rig: Rig) -> None:
        rig.member.device.conduct.manners.broadcast_passive = passive
        with socket.create_server((HOST, 0)) as door:
            door.setblocking(False)
            rig.agent.port = door.getsockname()[1]
            rig.ask()
            await rig.heard_once.wait()
            loop = asyncio.get_running_loop()
            if passive:
                line = socket.create_connection((HOST, rig.offer().port))
            else:
                line, _ = await loop.sock_accept(door)
            stream = b"".join(frame(rig.packet(sequence)) for sequence in range(4))
            line.sendall(stream[:100])
            line.sendall(stream[100:])
            await rig.until(lambda: rig.said()["packets"] == 4)
            line.close()
            await rig.until(lambda: rig.said()["ended"])
        assert rig.said()["ended"] == "the line broke"
        assert rig.told == ["MESSAGE", "BYE"]

    play(story, tcp=True)


def test_a_platform_that_does_not_answer(play: Any) -> None:
    async def story(rig: Rig) -> None:
        rig.ask()
        await rig.until(lambda: rig.said()["ended"])
        assert rig.said()["ended"] == "not answered"

    play(story)


def test_silence_ends_a_call(play: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(voices_module, "_LOOK_S", 0.01)
    monkeypatch.setattr(voices_module, "_SILENT_S", 0.03)

    async def story(rig: Rig) -> None:
        rig.agent.port = 9
        rig.ask()
        await rig.until(lambda: rig.said()["ended"])
        assert rig.said()["ended"] == "silence"
        assert rig.told == ["MESSAGE", "BYE"]

    play(story)


def test_no_port_left(play: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def none_left(host: str) -> socket.socket:
        raise OSError

    monkeypatch.setattr(voices_module, "media_socket", none_left)

    async def story(rig: Rig) -> None:
        rig.ask()
        assert (rig.voices.heard(), rig.agent.calls) == ([], [])
        assert len(rig.member.device.speakers) == 0

    play(story)
