"""The whole way of a picture: asked for over HTTP, ordered by SIP, brought by the simulator to the door.

[CAMERA]──SIP, HTTP POST or PUT──[civicam serve]──HTTP──(this test)
"""

from __future__ import annotations

import functools
import hashlib
import io
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from tests.web.stack import Stack, until

from civicam.simulator.control import ask

pytestmark = [pytest.mark.slow, pytest.mark.serial]


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    """One camera on UDP and one on TCP, registered."""
    made = Stack(tmp_path, GATEWAY__SNAPSHOT__PATIENCE_S="5", GATEWAY__SNAPSHOT__TAIL_S="1")
    described = made.described()
    cameras = [each for each in described["devices"] if each["kind"] == "camera"]
    kept = [next(each for each in cameras if each["transport"] == how) for how in ("udp", "tcp")]
    described |= {"devices": kept, "feeds": [], "fibres": [], "graph": {}}
    ids = {each["gb_id"] for each in kept}
    described["channels"] = [each for each in described["channels"] if each["device"] in ids]
    made.take_over(described)
    ready = made.serve()
    made.simulate(ready, tmp_path / "city.json", "--signalling-only", "--control", str(tmp_path / "control"))
    until(made.all_online, "both devices online")
    yield made
    made.stop()


def order(stack: Stack, **request: object) -> None:
    answer = ask(stack.folder / "control", dict(request))
    assert answer["ok"], answer


def channels(stack: Stack) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = stack.http.get("/api/channels").json()["channels"]
    return found


def asked(stack: Stack, channel: str, count: int = 2) -> str:
    body = {"count": count, "interval_s": 1, "purpose": "maintenance"}
    answer = stack.http.post(f"/api/channels/{channel}/snapshots", json=body)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["snapshot"]["snapshot_id"])


def job(stack: Stack, snapshot_id: str) -> dict[str, Any]:
    rows = stack.http.get("/api/snapshots").json()["snapshots"]
    found: dict[str, Any] = next(row for row in rows if row["snapshot"]["snapshot_id"] == snapshot_id)
    return found


def over(stack: Stack, snapshot_id: str) -> bool:
    return job(stack, snapshot_id)["snapshot"]["ended_at"] is not None


def test_pictures_are_asked_for_brought_and_shown(stack: Stack) -> None:
    first, second = channels(stack)
    order(stack, do="fault", kind="uploads-put", target=second["gb_id"])
    for channel in (first, second):
        made = asked(stack, channel["id"])
        until(functools.partial(over, stack, made), "the pictures")
        found = job(stack, made)["snapshot"]
        assert (found["stage"], found["code"], len(found["pictures"])) == ("done", "", 2)
        for row in found["pictures"]:
            answer = stack.http.get(f"/api/snapshots/{made}/pictures/{row['number']}")
            assert hashlib.sha256(answer.content).hexdigest() == row["sha256"]
            picture = Image.open(io.BytesIO(answer.content))
            picture.load()
            assert (picture.format, picture.size) == ("JPEG", (640, 360))
    lines = stack.rows("stream, purpose", "access_viewing", "ended_at IS NOT NULL")
    assert sorted(lines) == [("device-picture", "maintenance")] * 4 + [("snapshot-ask", "maintenance")] * 2


def test_a_device_that_restarts_instead_brings_nothing_and_is_not_waited_for(stack: Stack) -> None:
    channel = channels(stack)[0]
    order(stack, do="fault", kind="restarts-on-config", target=channel["gb_id"])
    made = asked(stack, channel["id"])
    assert job(stack, made)["snapshot"]["stage"] == "asked"
    until(functools.partial(over, stack, made), "the end")
    found = job(stack, made)
    assert (found["snapshot"]["stage"], found["snapshot"]["code"]) == ("failed", "gateway.snapshot-none")
    assert found["why"]["zh"]


def test_strangers_and_broken_uploads_leave_nothing(stack: Stack) -> None:
    """Wrong addresses, a half upload, and a form that names a path: the folder holds what it held."""
    folder = stack.folder / "data" / "snapshots"
    made = asked(stack, channels(stack)[0]["id"], 1)
    until(functools.partial(over, stack, made), "the pictures")
    before = sorted(folder.rglob("*"))
    host, port = str(stack.http.base_url.host), stack.http.base_url.port
    assert port is not None
    for token in ("0" * 40, "..%2f..%2fetc", "x" * 5000):
        answer = stack.http.post(f"/upload/{token}", content=b"\xff\xd8\xff\xd9")
        assert answer.status_code in {404, 405}
    with socket.create_connection((host, port)) as half:
        half.sendall(b"POST /upload/abc HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n\xff\xd8\xff")
    assert sorted(folder.rglob("*")) == before
    assert stack.http.get("/api/system").status_code == 200
