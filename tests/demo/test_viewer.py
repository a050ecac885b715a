"""The headless viewer reads the media wire by its page, counts what comes and what is missing."""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.typing import Subprotocol

from civicam.demo.client import Client, Json
from civicam.demo.headless import choose
from civicam.demo.report import Viewing
from civicam.demo.viewer import Unit, Viewer, unit
from civicam.kernel.errors import Operational


def frame(sequence: int, *, kind: int = 1, flags: int = 0) -> bytes:
    """A binary message with a two-byte payload."""
    return (
        struct.pack(">BBHIQQ", kind, flags, 1, sequence, 40_000 * sequence, 1_700_000_000_000_000) + b"\0\1"
    )


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (frame(7, flags=1), Unit(video=True, key=True, damaged=False, sequence=7)),
        (frame(8, flags=2), Unit(video=True, key=False, damaged=True, sequence=8)),
        (frame(9, kind=2), Unit(video=False, key=False, damaged=False, sequence=9)),
        (frame(9)[:23], None),
        (b"", None),
    ],
)
def test_headers_are_read_as_the_page_says(message: bytes, expected: Unit | None) -> None:
    """Audio is no video, and a stump is nothing."""
    assert unit(message) == expected


class Platform(Client):
    """The API's side of one viewing; what was asked is kept."""

    def __init__(self, port: int) -> None:
        super().__init__("127.0.0.1", port)
        self.closed: list[str] = []

    async def post(self, path: str, body: Json) -> Json:
        assert path == "/api/live"
        door = {"port": self.port, "path": "/media"}
        return {"session_id": "s1", "stream_id": "x", "door": door, "ticket": "T-1"}

    async def delete(self, path: str) -> None:
        self.closed.append(path)


async def _play(messages: Sequence[bytes | str], offered: list[Any]) -> tuple[Viewing, Platform, float]:
    """Open and watch a stream of these messages to its end."""

    async def door(socket: ServerConnection) -> None:
        offered.append(socket.request.headers["Sec-WebSocket-Protocol"] if socket.request else "")
        for message in messages:
            await socket.send(message)

    async with serve(door, "127.0.0.1", 0, subprotocols=[Subprotocol("civicam.media.v1")]) as server:
        platform = Platform(next(iter(server.sockets)).getsockname()[1])
        viewing = Viewing("c1", "gb28181")
        viewer = Viewer(platform, {"id": "c1"}, viewing)
        try:
            took = await viewer.open()
            await viewer.watch()
        finally:
            await viewer.close()
    return viewing, platform, took


@pytest.mark.anyio
async def test_a_viewing_is_counted() -> None:
    """Frames, key frames, damage, gaps by sequence number, packets from the server's own statistics."""
    stats = json.dumps({"type": "stats", "packets": 900, "lost": 3})
    offered: list[Any] = []
    sent: list[bytes | str] = [
        json.dumps({"type": "init"}),
        frame(1, flags=1),
        frame(2),
        frame(5, flags=2),
        frame(6, kind=2),
        stats,
    ]
    viewing, platform, took = await _play(sent, offered)
    assert (viewing.frames, viewing.key_frames, viewing.damaged, viewing.gaps) == (3, 1, 1, 2)
    assert (viewing.packets, viewing.packets_lost) == (900, 3)
    assert took > 0
    assert platform.closed == ["/api/live/s1"]
    assert offered == ["civicam.media.v1, ticket.T-1"]


@pytest.mark.anyio
async def test_a_stream_without_a_key_frame_is_no_picture() -> None:
    """It ends before one came: that is an error, and the session is closed all the same."""
    with pytest.raises(Operational, match=r"demo\.no-picture"):
        await _play([frame(1), frame(2)], [])


@pytest.mark.anyio
async def test_the_servers_reason_is_kept() -> None:
    """An ``end`` message says why."""
    end = json.dumps({"type": "end", "code": "media.stream-timeout"})
    messages: list[bytes | str] = [frame(1, flags=1), end]
    viewing, _, _ = await _play(messages, [])
    assert viewing.error == "media.stream-timeout"


def _channel(number: int, protocol: str, state: str = "online") -> Json:
    return {
        "id": f"{protocol}{number}",
        "gb_id": f"{protocol}-{number}",
        "protocol": protocol,
        "state": state,
    }


def test_one_of_each_kind_is_watched_and_the_rest_is_spread() -> None:
    """Rare kinds are not missed by a small choice; never one that is offline."""
    channels = [_channel(n, "gb28181") for n in range(90)] + [_channel(n, "rtsp") for n in range(10)]
    channels += [_channel(n, "gb28181", "offline") for n in range(90, 100)]
    kinds = {f"gb28181-{n}": "gb28181/udp/h264" for n in range(100)}
    kinds |= {"gb28181-3": "gb28181/tcp/h265", "gb28181-80": "gb28181/udp/h265"}
    for count in (4, 9):
        chosen = choose(channels, count, kinds)
        assert len(chosen) == count
        assert len({channel["id"] for channel in chosen}) == count
        assert all(channel["state"] == "online" for channel in chosen)
        assert {"gb28181-3", "gb28181-80"} <= {channel["gb_id"] for channel in chosen}
        assert {kinds.get(channel["gb_id"], "rtsp") for channel in chosen} == {*kinds.values(), "rtsp"}


@pytest.mark.parametrize("count", [1, 3, 50])
def test_never_more_channels_than_asked_or_there(count: int) -> None:
    """A small district is watched whole."""
    assert len(choose([_channel(n, "gb28181") for n in range(3)], count, {})) == min(count, 3)
