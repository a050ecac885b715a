"""Other people's programs and their oddities: video, or the operator hears why not; nothing hangs."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from tests.gateway.camera import Camera
from tests.gateway.recorder import CAM1, NVR, online, refused_with
from tests.gateway.wire import GATE_HOST, PLATFORM, later, run, until
from tests.gateway.world import World

from civicam.kernel.errors import Operational
from civicam.signalling.sip.peer import Peer

Change = Callable[[bytes], bytes]


def speaks(camera: Camera, change: Change) -> None:
    """Everything the camera sends goes through ``change``."""
    put = camera.agent._put
    camera.agent._put = lambda data, peer: put(change(data), peer)  # type: ignore[method-assign]


def answer_to_invite(change: Change) -> Change:
    """Only its 200 to INVITE, with Content-Length counted anew."""

    def changed(data: bytes) -> bytes:
        if not data.startswith(b"SIP/2.0 200") or b" INVITE\r\n" not in data:
            return data
        data = change(data)
        length = len(data.partition(b"\r\n\r\n")[2])
        return re.sub(rb"Content-Length: \d+", b"Content-Length: %d" % length, data)

    return changed


def head(pattern: bytes, new: bytes) -> Change:
    """One header line."""
    return lambda data: re.sub(pattern, new, data, count=1)


def body(change: Change) -> Change:
    """The SDP."""

    def changed(data: bytes) -> bytes:
        first, gap, rest = data.partition(b"\r\n\r\n")
        return first + gap + change(rest)

    return changed


ANSWERS: dict[str, Change] = {
    "no To tag": head(rb"(\r\nTo: [^;\r]*);tag=[^\r]*", rb"\1"),
    "no Contact": head(rb"\r\nContact: [^\r]*", b""),
    "our own Contact": head(
        rb"\r\nContact: [^\r]*", f"\r\nContact: <sip:{PLATFORM}@{GATE_HOST}:5060>".encode()
    ),
    "a Contact without user": head(rb"\r\nContact: [^\r]*", b"\r\nContact: <sip:192.168.1.64:5060>"),
    "a Contact nobody can read": head(rb"\r\nContact: [^\r]*", b"\r\nContact: <sip:"),
    "lines with two returns": body(lambda sdp: sdp.replace(b"\r\n", b"\r\r\n")),
    "lines with line feeds": body(lambda sdp: sdp.replace(b"\r\n", b"\n")),
    "a session name in UTF-8": body(lambda sdp: sdp.replace(b"s=Play", "s=实时视频".encode())),
    "a length in characters": body(lambda sdp: sdp.replace(b"s=Play", "s=实时视频".encode())),
}


@pytest.mark.parametrize("oddity", ANSWERS)
def test_an_odd_answer_to_invite_gives_video_and_ends_well(oddity: str) -> None:
    """Pictures, one ACK for the answer, one BYE that arrives, nothing left behind."""

    async def story() -> None:
        world = World()
        camera = await online(world)
        change = answer_to_invite(ANSWERS[oddity])
        if oddity == "a length in characters":
            counted = change
            change = lambda data: _in_characters(counted(data)) if b" INVITE\r\n" in data else data  # noqa: E731
        speaks(camera, change)
        stream = await world.gateway.open_live(world.fleet.channel(NVR, CAM1), "main")
        assert camera.acked == 1
        await world.gateway.release(stream)
        await until(lambda: not world.gateway.sessions())
        assert camera.count("BYE") == 1
        bye = next(each for each in camera.heard if each.method == "BYE")
        assert GATE_HOST not in bye.uri
        assert stream in world.engine.closed

    run(story())


def _in_characters(data: bytes) -> bytes:
    sdp = data.partition(b"\r\n\r\n")[2]
    return re.sub(rb"Content-Length: \d+", b"Content-Length: %d" % len(sdp.decode()), data)


def test_an_answer_without_sdp_and_no_pictures_is_told_and_ended() -> None:
    """200 without a body, and nothing comes: acknowledged, BYE, a plain word to whoever wanted video."""

    async def story() -> None:
        world = World()
        camera = await online(world)
        camera.sends_pictures = False
        speaks(camera, answer_to_invite(body(lambda _sdp: b"")))
        assert await refused_with(world) == "gateway.bad-answer"
        await until(lambda: not world.gateway.sessions())
        assert (camera.acked, camera.count("BYE")) == (1, 1)
        assert world.engine.open == {}

    run(story())


@pytest.mark.parametrize("cseq", [b"CSeq: 1 BYE", b"CSeq: 1 INVITE"])
def test_a_bye_with_the_cseq_of_the_invite_ends_the_session(cseq: bytes) -> None:
    async def story() -> None:
        world = World()
        camera = await online(world)
        await world.gateway.open_live(world.fleet.channel(NVR, CAM1), "main")
        speaks(camera, head(rb"CSeq: \d+ BYE", cseq))
        request = camera.dialogs[-1].request("BYE")
        request.headers.set("CSeq", cseq.decode().partition(": ")[2])
        camera.agent.endpoint.send(request, _gate(), 0.0)
        camera.agent._pump()
        await until(lambda: not world.gateway.sessions())
        assert camera.count("BYE") == 0  # it ended itself; nobody ends it again
        answers = [data for _, target, data in world.network.log if target == camera.agent.address]
        assert any(each.startswith(b"SIP/2.0 200") and cseq in each for each in answers)

    run(story())


def _gate() -> Peer:
    return Peer("udp", GATE_HOST, 5060)


def test_vias_that_grow_by_one_a_request_are_echoed_as_they_are() -> None:
    """One field, values joined by commas: a hundred heartbeats, each answered to the packet source."""

    async def story() -> None:
        world = World()
        camera = await online(world)
        below: list[bytes] = []

        def grow(data: bytes) -> bytes:
            if not data.startswith(b"MESSAGE"):
                return data
            below.append(b"SIP/2.0/UDP 10.9.9.9:5060;branch=z9hG4bKold%d" % len(below))
            return re.sub(rb"(Via: [^\r]*)", rb"\1, " + b", ".join(below), data, count=1)

        def cut(data: bytes, address: tuple[str, int]) -> None:
            take(re.sub(rb"(Via: [^,\r]*),[^\r]*", rb"\1", data, count=1), address)  # it reads its own only

        take = camera.agent.datagram
        camera.agent.datagram = cut  # type: ignore[method-assign]
        speaks(camera, grow)
        for _ in range(100):
            assert await camera.beat() == 200
        assert world.gateway.counters()["keepalive"] == 100
        longest = max((data for *_, data in world.network.log if data.startswith(b"SIP/2.0 200")), key=len)
        assert longest.count(b"z9hG4bKold") == 100

    run(story())


def test_vias_that_grew_too_long_are_dropped_and_named() -> None:
    """Past 8 KiB in a line there is no Via left to answer by: counted with its code and source."""

    async def story() -> None:
        world = World()
        camera = await online(world)
        other = world.camera("34020000001320000077")
        await world.gateway.devices_changed()
        assert (await other.register()).status == 200
        tail = b", ".join(b"SIP/2.0/UDP 10.9.9.9:5060;branch=z9hG4bKold%d" % each for each in range(400))
        speaks(camera, head(rb"(Via: [^\r]*)", rb"\1, " + tail))
        with pytest.raises(Operational, match="timeout"):
            await camera.beat()
        assert await other.beat() == 200
        assert world.gateway.counters()["signalling.too-large"] >= 1

    run(story())


@pytest.mark.parametrize("uri", [b"sip:10.0.0.1:5060", b"sip:3402000000", b"SIP:10.0.0.1"])
def test_a_request_uri_without_user_is_enough(uri: bytes) -> None:
    async def story() -> None:
        world = World()
        camera = await online(world)
        speaks(camera, head(rb"^([A-Z]+) sip:[^ ]* SIP/2.0", rb"\1 " + uri + b" SIP/2.0"))
        assert (await camera.register()).status == 200
        assert await camera.beat() == 200

    run(story())


@pytest.mark.parametrize("declared", [b"GB2312", b"GB18030", b"UTF-8", b"utf-16"])
def test_names_in_utf8_whatever_is_declared(declared: bytes) -> None:
    """The catalogue's names arrive whole."""

    async def story() -> None:
        world = World()
        await world.start()
        camera = world.camera(NVR, "example-9", CAM1)

        def relabel(data: bytes) -> bytes:
            if not data.startswith(b"MESSAGE") or b"<Response>" not in data:
                return data
            first, gap, rest = data.partition(b"\r\n\r\n")
            xml = rest.decode("gb18030").encode()
            return first + gap + re.sub(rb'encoding="[^"]*"', b'encoding="%s"' % declared, xml)

        speaks(camera, relabel)
        assert (await camera.register()).status == 200
        await until(lambda: len(world.fleet.catalogues) == 1)
        ((_, items, complete),) = world.fleet.catalogues
        assert (items[0].name, complete) == (f"通道 {CAM1[-2:]}", True)
        await later(1)

    run(story())
