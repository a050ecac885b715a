"""The whole way: server process, simulator process, real SIP and RTP; what people do with a device.

[CAMERA]──SIP, RTP──[civicam serve]──HTTP──(this test)
"""

from __future__ import annotations

import contextlib
import functools
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.web.stack import Pane, Stack, two_cameras, until

pytestmark = [pytest.mark.slow, pytest.mark.serial]


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    """One dome on UDP and one camera on TCP, registered."""
    made = two_cameras(tmp_path)
    yield made
    made.stop()


def post(stack: Stack, path: str, body: Any = None) -> Any:
    answer = stack.http.post(f"/api/{path}", json=body)
    assert answer.status_code < 300, answer.text
    return answer.json()


def get(stack: Stack, path: str, **query: Any) -> Any:
    answer = stack.http.get(f"/api/{path}", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def devices(stack: Stack) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = get(stack, "devices")["devices"]
    return found


def channel_of(stack: Stack, device: dict[str, Any]) -> str:
    return str(get(stack, f"devices/{device['id']}")["stored"]["channels"][0]["id"])


def period(minutes_ago: float, seconds: float) -> dict[str, str]:
    start = datetime.now(UTC) - timedelta(minutes=minutes_ago)
    return {"start": start.isoformat(), "end": (start + timedelta(seconds=seconds)).isoformat()}


def finished(stack: Stack, path: str) -> bool:
    return get(stack, path)["checkup"]["finished"] is not None


def test_every_step_of_the_test_of_a_device_is_passed(stack: Stack) -> None:
    for device in devices(stack):
        post(stack, f"devices/{device['id']}/checkup")
        path = f"devices/{device['id']}/checkup"
        until(functools.partial(finished, stack, path), "the test's end")
        steps = get(stack, path)["checkup"]["steps"]
        failed = {step["name"]: step["code"] for step in steps if step["state"] == "failed"}
        # a busy machine may be late; it must not be wrong
        assert set(failed.values()) <= {"gateway.checkup-late"}, failed
        assert {step["name"] for step in steps if step["state"] == "skipped"} == set()
        rows = get(stack, f"devices/{device['id']}/trace")["rows"]
        assert {"REGISTER", "200 OK (REGISTER)", "MESSAGE Catalog"} <= {row["label"] for row in rows}


def test_a_dome_turns_and_is_found_where_it_turned_to(stack: Stack) -> None:
    channel = next(c for c in get(stack, "channels")["channels"] if c["ptz"])["id"]
    before = get(stack, f"channels/{channel}/ptz/position")["pan"]
    assert post(stack, f"channels/{channel}/ptz", {"pan": 1, "speed": 100})["result"] == "taken"
    kept = stack.http.put(f"/api/channels/{channel}/presets/5", json={"name": "路口"})
    assert kept.json()["result"] == "taken"
    assert post(stack, f"channels/{channel}/ptz/stop")["result"] == "taken"
    after = get(stack, f"channels/{channel}/ptz/position")["pan"]
    assert after != before
    assert get(stack, f"channels/{channel}/ptz/position")["pan"] == after  # it stands still
    assert get(stack, f"channels/{channel}/presets")["presets"] == [{"number": 5, "name": "路口"}]


def test_a_recording_is_found_played_sought_and_ended(stack: Stack) -> None:
    for device in devices(stack):
        channel = channel_of(stack, device)
        found = get(stack, f"channels/{channel}/recordings", **period(60, 1800))
        assert found["complete"]
        assert 3 <= len(found["recordings"]) <= 4
        pane = Pane(stack, channel, **period(60, 600))
        with contextlib.closing(pane):
            pane.pictures(25)
            path = f"playback/{pane.live['session_id']}/control"
            assert post(stack, path, {"action": "pause"})["result"] == "done"
            assert post(stack, path, {"action": "resume"})["result"] == "done"
            at = datetime.now(UTC) - timedelta(minutes=55)
            assert post(stack, path, {"action": "seek", "at": at.isoformat()})["result"] == "done"
            pane.pictures(25)
        until(lambda: not get(stack, "live")["streams"], "the session's end with its viewer")


def test_a_download_is_a_file_that_plays(
    stack: Stack, program: Callable[[str, str], str], tmp_path: Path
) -> None:
    ffprobe = program("ffprobe", "ffmpeg")
    device = devices(stack)[0]
    body = {"channel_id": channel_of(stack, device), "speed": 4, **period(30, 20)}
    job = post(stack, "downloads", body)

    def done() -> bool:
        (row,) = get(stack, "downloads")["downloads"]
        assert row["stage"] in {"waiting", "receiving", "done"}, row
        return bool(row["stage"] == "done")

    until(done, "the download's end")
    answer = stack.http.get(f"/api/downloads/{job['download_id']}/file")
    (tmp_path / "got.mp4").write_bytes(answer.content)
    probed = subprocess.run(
        [
            ffprobe,
            *["-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0"],
            str(tmp_path / "got.mp4"),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert 14 <= float(probed.stdout) <= 24
    lines = stack.rows("stream, purpose", "access_viewing", "stream LIKE 'download%'")
    assert sorted(lines) == [("download", "duty"), ("download-file", "duty")]
