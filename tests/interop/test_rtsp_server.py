"""A third-party RTSP source through the whole server: entered, watched, lost, found again.

[GStreamer, Digest]──RTSP──[civicam serve]──HTTP, WebSocket──(this test)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.interop.test_rtsp_gstreamer import PASSWORD, Server, start_server
from tests.web.stack import Pane, Stack, until

pytestmark = [pytest.mark.interop, pytest.mark.slow]


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    """An empty server that looks after its sources twice a second."""
    made = Stack(
        tmp_path,
        GATEWAY__PROBE__EVERY_S="0.5",
        GATEWAY__PROBE__TIMEOUT_S="2",
        MEDIA__NO_PACKETS_S="1",
        MEDIA__RTSP_RETRY_FIRST_S="0.2",
        MEDIA__RTSP_RETRY_MOST_S="0.5",
    )
    yield made
    made.stop()


@pytest.fixture
def gstreamer() -> Iterator[Callable[[int], Server]]:
    """``gstreamer(port)`` starts a server; 0: on a free port."""
    running: list[Server] = []

    def start(port: int) -> Server:
        running.append(start_server(port))
        return running[-1]

    yield start
    for server in running:
        server.stop()


def source(stack: Stack, channel_id: str) -> dict[str, Any]:
    """The source's channel as the console shows it."""
    found: dict[str, Any] = stack.http.get(f"/api/channels/{channel_id}").json()
    return found


def state(stack: Stack, channel_id: str, wanted: str) -> dict[str, Any]:
    """Wait for a state of the channel."""

    def look() -> dict[str, Any] | None:
        found = source(stack, channel_id)
        return found if found["state"] == wanted else None

    found: dict[str, Any] = until(look, f"{channel_id} is {wanted}")
    return found


def test_a_foreign_source_is_shown_lost_and_found_again(
    stack: Stack, gstreamer: Callable[[int], Server]
) -> None:
    server = gstreamer(0)
    stack.serve()
    wish = {
        "name": "Sample dome",
        "url": f"rtsp://127.0.0.1:{server.port}/dome",
        "username": "viewer",
        "password": PASSWORD,
        "site_id": None,
        "camera": {
            "kind": "third-party",
            "place": "commerce",
            "ground": "799-9-duty",
            "purpose": "crowd-safety",
            "owner_id": "mall",
        },
    }
    owner = {"kind": "third-party", "name": "商业管理公司"}
    assert stack.http.put("/api/register/parties/mall", json=owner).status_code == 204
    made = stack.http.post("/api/sources", json=wish)
    assert made.status_code == 201, made.text
    (channel,) = stack.http.get("/api/channels").json()["channels"]
    assert channel["protocol"] == "rtsp"
    state(stack, channel["id"], "online")

    pane = Pane(stack, channel["id"])
    assert pane.until_said("init")["codec"].startswith("avc1.")
    pane.pictures(25)

    server.stop()
    lost = state(stack, channel["id"], "offline")
    assert lost["reason"] == "media.rtsp-unreachable"
    pane.until_said("end", code="media.closed")  # an offline device's streams are released
    pane.close()
    refused = stack.http.post("/api/live", json={"channel_id": channel["id"]})
    assert refused.json()["error"]["code"] == "gateway.device-offline"

    gstreamer(server.port)
    state(stack, channel["id"], "online")
    again = Pane(stack, channel["id"])
    again.pictures(25)
    again.close()
    assert PASSWORD not in stack.log()
    assert "viewer:" not in stack.log()
