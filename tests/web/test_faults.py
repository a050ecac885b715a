"""What goes wrong in the street, seen through the whole server: real devices' faults, real sockets.

[CAM1 loses power]────┐
[CAM2 stops mid-frame]┤
[CAM3 sends garbage]──┼──SIP, RTP──[civicam serve]──HTTP, WebSocket──(this test)
[CAM4 ignores BYE]────┘
"""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.web.stack import Pane, Stack, until

pytestmark = [pytest.mark.slow, pytest.mark.serial]


class Street:
    """A server, four cameras, and the switch for their faults."""

    def __init__(self, folder: Path) -> None:
        self.stack = Stack(
            folder,
            GATEWAY__GRACE_S="0",
            GATEWAY__LIVE__MEDIA_S="4",
            GATEWAY__LIVE__CLOSE_S="1",
            MEDIA__NO_PACKETS_S="1",
            MEDIA__NO_PICTURES_S="1",
            MEDIA__LINGER_S="1",
        )
        self._control = folder / "faults.sock"

    def open(self) -> None:
        """Import four cameras and let them register."""
        stack = self.stack
        described = stack.described()
        usual = [each for each in described["channels"] if each["sub_codec"] == "h264"]
        udp = {each["gb_id"] for each in described["devices"] if each["transport"] == "udp"}
        chosen = {each["device"]: each for each in usual if each["device"] in udp}
        kept = list(chosen)[:4]
        described["devices"] = [each for each in described["devices"] if each["gb_id"] in kept]
        for device in described["devices"]:
            device["heartbeat_s"] = 5
        described |= {"channels": [chosen[each] for each in kept], "feeds": [], "fibres": [], "graph": {}}
        city = stack.take_over(described)
        stack.simulate(stack.serve(), city, "--control", str(self._control))
        until(stack.all_online, "all cameras online")
        self.cameras: list[dict[str, Any]] = stack.http.get("/api/channels").json()["channels"]

    def fault(self, kind: str, camera: dict[str, Any]) -> int:
        """Let a fault happen; gives its number."""
        return int(self._say(do="fault", kind=kind, target=camera["device_gb_id"])["fault"])

    def mend(self, fault: int) -> None:
        """Take it back."""
        self._say(do="clear", fault=fault)

    def _say(self, **order: object) -> dict[str, Any]:
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(20)
            line.connect(str(self._control))
            line.sendall(json.dumps(order).encode() + b"\n")
            answer: dict[str, Any] = json.loads(line.makefile().readline())
        assert answer["ok"], answer
        return answer

    def gauge(self, what: str) -> float:
        """One of the gateway's figures."""
        text = self.stack.http.get("/metrics").text
        (line,) = [each for each in text.splitlines() if each.startswith(f'civicam_gateway{{what="{what}"}}')]
        return float(line.split()[-1])


@pytest.fixture
def street(tmp_path: Path) -> Iterator[Street]:
    made = Street(tmp_path)
    try:
        made.open()
        yield made
    finally:
        made.stack.stop()


def viewing_now(stack: Stack) -> list[Any]:
    """Viewings on record that have not ended."""
    return stack.rows("channel_id", "access_viewing", "ended_at IS NULL")


def test_every_fault_has_its_name_and_the_others_go_on(street: Street) -> None:
    dark, cut, babbling, deaf = street.cameras
    stack = street.stack
    others = Pane(stack, deaf["id"])
    others.pictures(5)

    # Power gone: its heartbeats are missed, and the console says so. Looked at again at the end.
    street.fault("power", dark)

    # It stops in the middle of a picture: the pane says that nothing comes, then plays on.
    pane = Pane(stack, cut["id"])
    pane.pictures(10)
    stopped = street.fault("stop-mid-frame", cut)
    pane.until_said("state", state="stalled", reason="media.no-packets")
    street.mend(stopped)
    pane.until_said("state", state="playing")
    pane.pictures(10)
    pane.close()

    # Garbage instead of PS: packets and no pictures, in a running stream and from the start.
    pane = Pane(stack, babbling["id"])
    pane.pictures(10)
    garbage = street.fault("garbage", babbling)
    pane.until_said("state", state="stalled", reason="media.no-pictures")
    pane.close()
    until(lambda: street.gauge("sessions") == 1, "the streams nobody watches are closed")
    answer = stack.http.post("/api/live", json={"channel_id": babbling["id"]})
    assert answer.status_code == 503
    assert answer.json()["error"]["code"] == "gateway.no-pictures"
    street.mend(garbage)
    pane = Pane(stack, babbling["id"])
    pane.pictures(5)
    pane.close()

    # No answer to BYE: the session is dropped all the same, its port is free, and it can be opened again.
    others.pictures(25)  # who watched another camera noticed nothing
    leaving = Pane(stack, deaf["id"])
    leaving.close()
    until(lambda: len(viewing_now(stack)) == 1, "the viewing of who left is over, the other's is not")
    unheard = street.fault("no-bye-answer", deaf)
    others.close()
    stack.http.delete(f"/api/live/{others.live['session_id']}")
    until(lambda: street.gauge("sessions") == 0, "the session is dropped")
    until(lambda: street.gauge("ssrcs") == 0, "its SSRC is free")
    assert stack.http.get("/api/live").json()["streams"] == []
    street.mend(unheard)
    pane = Pane(stack, deaf["id"])
    pane.pictures(5)
    pane.close()
    until(lambda: viewing_now(stack) == [], "nobody is on record as watching")

    lost = until(
        lambda: next(
            (
                each
                for each in stack.http.get("/api/channels", params={"state": "offline"}).json()["channels"]
                if each["id"] == dark["id"]
            ),
            None,
        ),
        "the dark camera is offline",
    )
    assert lost["reason"] == "fleet.heartbeat-lost"
    refused = stack.http.post("/api/live", json={"channel_id": dark["id"]})
    assert refused.status_code == 409
    assert refused.json()["error"]["code"] == "gateway.device-offline"
    assert {after for after, reason in stack.transitions() if reason == "fleet.heartbeat-lost"} == {"offline"}
    assert stack.situation()["devices"]["offline"] == 1
    assert "Traceback" not in stack.log()
