"""The ``sipmessage`` package reads what we read: every message of a day of platform and device, and odd ones.

It takes no host of digits alone, so the domain is a name here; and it is strict, so what it refuses of the
odd spellings proves nothing. What both read has to be the same.
"""

from __future__ import annotations

import asyncio
import contextlib

import pytest
import sipmessage
from tests.gateway.oddities import speaks
from tests.gateway.recorder import CAM1, NVR, online
from tests.gateway.test_strangers import SPELLINGS
from tests.gateway.wire import REALM, later, run, until
from tests.gateway.world import World

from civicam.kernel.errors import CivicamError
from civicam.signalling.sip.headers import NameAddr
from civicam.signalling.sip.message import Request
from civicam.signalling.sip.parse import parse_message

pytestmark = pytest.mark.interop

NAMED = b"domain.example"
OURS_ALONE = {
    "blanks before the colon",  # RFC 3261 §7.3.1 allows them; they stay in its name of the field
    "folded lines",  # §7.3.1 again: it reads the first line alone
    "zeros after",  # against the letter: it counts them to the body, whatever Content-Length says
}
"""What the package reads and misreads."""


def a_day(change: str = "") -> list[bytes]:
    """Registration and its end, a heartbeat, a list, subscriptions, live video, a refused call."""
    said: list[bytes] = []

    async def story() -> None:
        world = World()
        camera = await online(world)
        if change:
            speaks(camera, SPELLINGS[change])
        await camera.beat()
        stream = await world.gateway.open_live(world.fleet.channel(NVR, CAM1), "main")
        await world.gateway.release(stream)
        await until(lambda: not world.gateway.sessions())
        camera.invite_status = 486
        with contextlib.suppress(CivicamError):
            await world.gateway.open_live(world.fleet.channel(NVR, CAM1), "sub")
        await later(5.0)
        await camera.register(0)
        await asyncio.wait_for(world.gateway.stop(), 60)
        said.extend(data for *_, data in world.network.log)

    run(story())
    return said


def named(data: bytes) -> bytes:
    """With a name for the domain."""
    realm = REALM.encode()
    return data.replace(b"@" + realm, b"@" + NAMED).replace(b'"%s"' % realm, b'"%s"' % NAMED)


def agree(data: bytes) -> bool:
    """Whether both read it; what both read has to be the same."""
    ours = parse_message(data)
    try:
        theirs = sipmessage.Message.parse(data)
    except ValueError:
        return False
    if isinstance(ours, Request):
        assert isinstance(theirs, sipmessage.Request)
        assert (theirs.method, str(theirs.uri)) == (ours.method, ours.uri)
    else:
        assert isinstance(theirs, sipmessage.Response)
        assert theirs.code == ours.status
    assert theirs.call_id == ours.call_id
    assert theirs.cseq == sipmessage.CSeq(ours.cseq.number, ours.cseq.method)
    assert [(each.transport, each.host, each.port) for each in theirs.via] == [
        (each.transport, each.host, each.port) for each in ours.vias
    ]
    assert [each.parameters.get("branch") for each in theirs.via] == [each.branch for each in ours.vias]
    for mine, their in ((ours.from_, theirs.from_address), (ours.to, theirs.to_address)):
        assert their is not None
        assert_same(mine, their)
    assert len(ours.contacts) == len(theirs.contact)
    for mine, their in zip(ours.contacts, theirs.contact, strict=True):
        assert_same(mine, their)
    assert theirs.body == ours.body
    hops = ours.headers.get("Max-Forwards")
    assert theirs.max_forwards == (None if hops is None else int(hops))
    return True


def assert_same(mine: NameAddr, their: sipmessage.Address) -> None:
    assert (mine.display, mine.uri.user, mine.uri.host, mine.uri.port) == (
        their.name, their.uri.user, their.uri.host, their.uri.port,
    )  # fmt: skip
    assert (mine.tag or None) == their.parameters.get("tag")


def test_every_message_of_a_day_is_read_the_same() -> None:
    said = [named(data) for data in a_day()]
    kinds = {data.split(b" ")[0] if not data.startswith(b"SIP") else data[8:11] for data in said}
    assert kinds >= {b"REGISTER", b"MESSAGE", b"INVITE", b"ACK", b"BYE", b"SUBSCRIBE", b"200", b"401", b"486"}
    assert [data for data in said if not agree(data)] == []


@pytest.mark.parametrize("spelling", [each for each in SPELLINGS if each not in OURS_ALONE])
def test_what_both_read_of_an_odd_spelling_is_the_same(spelling: str) -> None:
    """Compact forms, folded lines, display names …"""
    for data in a_day(spelling):
        agree(named(data).lstrip(b"\r\n"))
