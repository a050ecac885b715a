"""Open dialogs on both databases: kept until they are over, found by who comes after."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

from civicam.db.engine import Database
from civicam.db.unit import UnitOfWork
from civicam.fleet.facts import DeviceId
from civicam.gateway.kept import KeptDialog, LeftDialog
from civicam.gateway.store import DialogBook, DialogStore
from civicam.kernel.clock import ManualClock
from civicam.signalling.sip.peer import Peer

BEGAN = ManualClock().now()
INVITED = KeptDialog(
    stream_id="s0123456789abcdef",
    device_id=DeviceId("d1"),
    purpose="live",
    call_id="c0ffee@192.0.2.1",
    local="<sip:34020000002000000001@3402000000>;tag=a1",
    remote="<sip:34020000001310000001@3402000000>",
    target="sip:34020000001310000001@192.0.2.9:5060",
    via="SIP/2.0/UDP 192.0.2.1:5060;rport;branch=z9hG4bKx",
    invite_cseq=1,
    cseq=1,
    standing=False,
    peer=Peer("udp", "2001:db8::9", 5060),
    ssrc=1_999_999_999,
    media_port=30_000,
    opened_at=BEGAN,
)
STANDING = replace(INVITED, remote=f"{INVITED.remote};tag=b2", cseq=2**31 - 1, standing=True)


def book(url: str, story: Callable[[DialogBook], Awaitable[None]]) -> None:
    """One process on the store, from its start to its end."""

    async def life() -> None:
        database = Database(url)
        try:
            await story(DialogBook(UnitOfWork(database, DialogStore)))
        finally:
            await database.aclose()

    asyncio.run(life())


def test_the_next_process_finds_what_was_not_over(url: str) -> None:
    async def first(dialogs: DialogBook) -> None:
        await dialogs.keep(INVITED)
        await dialogs.keep(replace(INVITED, stream_id="s2", opened_at=BEGAN - timedelta(seconds=1)))
        await dialogs.keep(STANDING)
        await dialogs.keep(replace(INVITED, stream_id="s3"))
        await dialogs.forget(["s3", "never-there"])

    found: list[LeftDialog] = []

    async def second(dialogs: DialogBook) -> None:
        found.extend(await dialogs.left(BEGAN + timedelta(minutes=1)))

    book(url, first)
    book(url, second)
    assert [each.kept.stream_id for each in found] == ["s2", INVITED.stream_id]
    assert found[1] == LeftDialog(STANDING, BEGAN + timedelta(minutes=1))


def test_when_it_was_found_first_is_kept_over_starts(url: str) -> None:
    at: list[object] = []

    async def life(dialogs: DialogBook) -> None:
        await dialogs.keep(INVITED)
        at.append([each.left_at for each in await dialogs.left(BEGAN + timedelta(hours=len(at)))])

    book(url, life)
    book(url, life)
    assert at == [[BEGAN], [BEGAN]]
