"""Speaking the whole way: a page's WebSocket, server process, simulator process, and what was heard there.

(this test)──WebSocket──[civicam serve]──SIP, RTP──[CAMERA's loudspeaker]──control socket──(this test)
"""

from __future__ import annotations

import contextlib
import json
import math
import struct
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.web.stack import CIVICAM, Stack, until
from websockets.sync.client import connect
from websockets.typing import Origin, Subprotocol

from civicam.simulator.control import ask

pytestmark = [pytest.mark.slow, pytest.mark.serial]

TONE_DB = -23.0
PIECE = 160
TICK = threading.Event()


def tone(start: int) -> bytes:
    """20 ms of 400 Hz at a tenth of full scale, as a page sends it."""
    wave = (math.sin(2 * math.pi * 400 * (start + n) / 8000) * 32_768 / 10 for n in range(PIECE))
    return struct.pack(f"<{PIECE}h", *map(int, wave))


class Street:
    """One camera on UDP and one on TCP, registered."""

    def __init__(self, folder: Path) -> None:
        self.stack = Stack(folder)
        self.control = folder / "sim.sock"
        described = self.stack.described()
        cameras = [each for each in described["devices"] if each["kind"] == "camera"]
        chosen = [next(c for c in cameras if c["transport"] == each) for each in ("udp", "tcp")]
        kept = {each["gb_id"] for each in chosen}
        described |= {"devices": chosen, "feeds": [], "fibres": []}
        described.pop("graph", None)
        described["channels"] = [c for c in described["channels"] if c["device"] in kept]
        self.channels = {c["transport"]: self._channel(described, c) for c in chosen}
        self.devices = {c["transport"]: str(c["gb_id"]) for c in chosen}
        self.stack.take_over(described)
        ready = self.stack.serve()
        self.simulator = self.stack.simulate(ready, folder / "city.json", "--control", str(self.control))
        until(self.stack.all_online, "both devices online")

    @staticmethod
    def _channel(described: dict[str, Any], device: dict[str, Any]) -> str:
        return next(str(c["gb_id"]) for c in described["channels"] if c["device"] == device["gb_id"])

    def platform_id(self, gb_id: str) -> str:
        rows = self.stack.http.get("/api/channels").json()["channels"]
        return next(str(row["id"]) for row in rows if row["gb_id"] == gb_id)

    def speak(self, gb_id: str) -> Speech:
        return Speech(self, f"/api/channels/{self.platform_id(gb_id)}/broadcast")

    def speak_to_device(self, gb_id: str) -> Speech:
        rows = self.stack.http.get("/api/devices").json()["devices"]
        device = next(str(row["id"]) for row in rows if row["gb_id"] == gb_id)
        return Speech(self, f"/api/devices/{device}/broadcast")

    def heard(self) -> list[dict[str, Any]]:
        answer = ask(self.control, {"do": "heard"})
        assert answer["ok"]
        found: list[dict[str, Any]] = answer["heard"]
        return found

    def latest(self) -> dict[str, Any]:
        return self.heard()[-1]

    def habit(self, name: str, value: float = 0) -> None:
        assert ask(self.control, {"do": "fault", "kind": name, "target": "all", "value": value})["ok"]


class Speech:
    """Somebody who speaks."""

    def __init__(self, street: Street, path: str) -> None:
        self._stack, self.path = street.stack, path
        answer = self._stack.http.post(path, json={"purpose": "duty"})
        assert answer.status_code == 200, answer.text
        ticket = answer.json()
        offered = [Subprotocol("civicam.media.v1"), Subprotocol(f"ticket.{ticket['ticket']}")]
        self._exit = contextlib.ExitStack()
        door = connect(
            f"ws://127.0.0.1:{ticket['door']['port']}{ticket['door']['path']}",
            subprotocols=offered,
            origin=Origin(str(self._stack.http.base_url).rstrip("/")),
            compression=None,
        )
        self.socket = self._exit.enter_context(door)

    def say(self, seconds: float) -> None:
        for number in range(round(seconds * 50)):
            self.socket.send(tone(number * PIECE))
            TICK.wait(0.02)  # a voice comes in its own time

    def end(self) -> None:
        self._exit.close()
        assert self._stack.http.delete(self.path).status_code == 204


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Street]:
    made = Street(tmp_path_factory.mktemp("street"))
    yield made
    made.stack.stop()


@pytest.fixture
def street(shared: Street) -> Iterator[Street]:
    """Everybody behaves again afterwards."""
    yield shared
    assert ask(shared.control, {"do": "clear"})["ok"]


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_what_is_said_is_heard_and_the_call_ends_with_the_speaker(street: Street, transport: str) -> None:
    channel, before = street.channels[transport], len(street.heard())
    speech = street.speak(channel)
    speech.say(3.0)
    said = until(lambda: street.latest()["seconds"] >= 2.0 and street.latest(), "two seconds of sound")
    assert (said["target"], said["transport"], said["ended"]) == (channel, transport, "")
    assert (said["lost"], said["foreign"], said["unheard"]) == (0, 0, 0)
    assert TONE_DB - 6 < said["level_db"] < TONE_DB + 1, "the tone, and the silence around it"
    speech.end()
    until(lambda: street.latest()["ended"], "the end of the call")
    assert street.latest()["ended"] == "the platform hung up"
    whole = street.devices[transport]
    again = street.speak_to_device(whole)
    again.say(0.5)
    until(
        lambda: len(street.heard()) == before + 2 and street.latest()["packets"] > 10,
        "a call of the device itself",
    )
    done = subprocess.run(
        [*CIVICAM, "simulate", "fault", str(street.control), "heard"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert [each["target"] for each in json.loads(done.stdout)["heard"]][before:] == [channel, whole]
    again.end()


def test_what_devices_do_wrong_is_borne(street: Street) -> None:
    for habit in ("broadcast-nat", "broadcast-ack-other", "broadcast-from-channel", "loudspeaker-codecs"):
        street.habit(habit)
    street.habit("broadcast-passive")
    before = len(street.heard())
    for transport, channel in street.channels.items():
        speech = street.speak(channel)
        speech.say(1.0)
        until(lambda: street.heard()[before:][-1]["seconds"] > 0.5, f"sound by {transport}")
        speech.end()
    assert [each["transport"] for each in street.heard()[before:]] == list(street.channels)


@pytest.mark.long
def test_a_device_that_says_no_or_never_calls_is_told_of(street: Street) -> None:
    path, before = f"/api/channels/{street.platform_id(street.channels['udp'])}/broadcast", street.heard()
    for habit, code in (
        ("broadcast-refused", "gateway.device-refused"),
        ("broadcast-uncalled", "gateway.broadcast-no-invite"),
    ):
        street.habit(habit)
        answer = street.stack.http.post(path, json={"purpose": "duty"})
        assert answer.json()["error"]["code"] == code
        assert ask(street.control, {"do": "clear"})["ok"]
    assert len(street.heard()) == len(before)


@pytest.mark.long
def test_a_simulator_that_is_killed_leaves_no_ghost(shared: Street) -> None:
    speech = shared.speak(shared.channels["tcp"])
    speech.say(0.5)
    shared.simulator.kill()
    shared.simulator.wait()

    def ended() -> bool:
        while True:
            message = speech.socket.recv(30)
            if isinstance(message, str) and json.loads(message)["type"] == "end":
                return True

    assert ended()
