"""Wireshark reads every kind of message that platform and simulator send, and finds nothing malformed.

[CAMERA, UDP][CAMERA, TCP]──SIP──[civicam serve]──HTTP──(this test)──trace──[text2pcap]──[tshark]
"""

from __future__ import annotations

import contextlib
import functools
import json
import re
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.web.stack import Pane, Stack, two_cameras, until
from tests.web.test_device_stack import channel_of, devices, get, period, post

from civicam.simulator.control import ask

pytestmark = [pytest.mark.interop, pytest.mark.slow, pytest.mark.serial, pytest.mark.long]

MALFORMED = re.compile(
    r'"_ws\.malformed[^}]*|"_ws\.expert\.message": "[^"]*", "_ws\.expert\.severity": "8388608"'
)
"""8388608: an error, not a warning or a note."""
PLATFORM = {
    "MESSAGE DeviceInfo", "MESSAGE Catalog", "MESSAGE DeviceStatus", "MESSAGE RecordInfo",
    "MESSAGE PresetQuery", "MESSAGE ConfigDownload", "MESSAGE DeviceConfig", "MESSAGE DeviceControl",
    "MESSAGE PTZPosition", "MESSAGE HomePositionQuery", "MESSAGE CruiseTrackListQuery",
    "MESSAGE SDCardStatus", "MESSAGE Broadcast",
    "SUBSCRIBE Catalog", "SUBSCRIBE Alarm", "INVITE Play", "INVITE Playback", "INVITE Download",
    "INFO PAUSE", "INFO PLAY", "ACK", "BYE",
    "401 REGISTER", "200 REGISTER", "200 MESSAGE", "200 NOTIFY",
}  # fmt: skip
DEVICES = {
    "REGISTER", "MESSAGE Keepalive", "MESSAGE DeviceInfo", "MESSAGE Catalog", "MESSAGE DeviceStatus",
    "MESSAGE RecordInfo", "MESSAGE PresetQuery", "MESSAGE ConfigDownload", "MESSAGE DeviceConfig",
    "MESSAGE DeviceControl", "MESSAGE PTZPosition", "MESSAGE MediaStatus",
    "NOTIFY Alarm", "200 SUBSCRIBE", "200 INVITE", "200 INFO", "200 BYE", "200 MESSAGE",
}  # fmt: skip


@pytest.fixture
def stack(tmp_path: Path, program: Callable[[str, str], str]) -> Iterator[Stack]:
    """Two cameras, whose simulator can be told to raise an alarm."""
    program("tshark", "tshark")
    program("text2pcap", "tshark")
    made = two_cameras(tmp_path, "--control", str(tmp_path / "control"), "--heartbeat", "5")
    yield made
    made.stop()


def quietly(stack: Stack, method: str, path: str, body: Any = None) -> None:
    """An order whose messages are wanted, whatever comes of it."""
    answer = stack.http.request(method, f"/api/{path}", json=body)
    assert answer.status_code < 500 or answer.status_code in {503, 504}, answer.text


def ask_everything(stack: Stack, device: dict[str, Any], channel: str) -> None:
    """Each question and order that goes by MESSAGE."""
    for path in ("status", "cards", "config"):
        quietly(stack, "GET", f"devices/{device['id']}/{path}")
    for path in ("presets", "cruises", "home-position", "ptz/position"):
        quietly(stack, "GET", f"channels/{channel}/{path}")
    quietly(stack, "PUT", f"channels/{channel}/presets/3", {"name": "东门"})
    quietly(stack, "POST", f"channels/{channel}/presets/3/call")
    quietly(stack, "POST", f"channels/{channel}/ptz", {"pan": 1, "tilt": -1, "speed": 40})
    quietly(stack, "POST", f"channels/{channel}/ptz/stop")
    quietly(stack, "PUT", f"channels/{channel}/home-position", {"enabled": True, "reset_s": 30, "preset": 3})
    quietly(stack, "POST", f"channels/{channel}/key-frame")
    quietly(stack, "POST", f"devices/{device['id']}/guard", {"on": True})
    basic = {"name": "东门枪机", "heartbeat_s": 5, "misses": 3}
    quietly(stack, "PUT", f"devices/{device['id']}/config/basic", basic)


def watch_everything(stack: Stack, channel: str, look: Callable[[], None]) -> None:
    """Live, a recording with all its controls to its end, a download, a word through the loudspeaker; the
    trace is looked at between them, since it keeps only the last messages.
    """
    with contextlib.closing(Pane(stack, channel)) as pane:
        pane.pictures(5)
    with contextlib.closing(Pane(stack, channel, **period(60, 6))) as pane:
        pane.pictures(5)
        path = f"playback/{pane.live['session_id']}/control"
        at = (datetime.now(UTC) - timedelta(minutes=60) + timedelta(seconds=3)).isoformat()
        for wish in ({"action": "pause"}, {"action": "resume"}, {"action": "seek", "at": at},
                     {"action": "scale", "value": 2.0}):  # fmt: skip
            quietly(stack, "POST", path, wish)
        pane.until_said("end")
    look()
    job = post(stack, "downloads", {"channel_id": channel, "speed": 8, **period(30, 8)})
    until(functools.partial(downloaded, stack, job["download_id"]), "the download's end")
    look()
    quietly(stack, "POST", f"channels/{channel}/broadcast", {"format": "pcma"})
    look()
    quietly(stack, "DELETE", f"channels/{channel}/broadcast")


def downloaded(stack: Stack, job: str) -> bool:
    rows = {row["download_id"]: row["stage"] for row in get(stack, "downloads")["downloads"]}
    return rows[job] in {"done", "failed"}


def decoded(trace: str, folder: Path, port: int) -> list[dict[str, Any]]:
    """Every frame as tshark takes it apart."""
    (folder / "trace.txt").write_text(trace, encoding="utf-8")
    subprocess.run(
        ["text2pcap", "-q", "-l", "101", "-t", "%Y-%m-%dT%H:%M:%S.%f", "trace.txt", "trace.pcap"],
        cwd=folder, check=True, capture_output=True, timeout=60,
    )  # fmt: skip
    shown = subprocess.run(
        ["tshark", "-r", "trace.pcap", "-T", "json", "-d", f"udp.port=={port},sip", "-d",
         f"tcp.port=={port},sip"],
        cwd=folder, check=True, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    return [frame["_source"]["layers"] for frame in json.loads(shown.stdout)]


def kind(sip: dict[str, Any]) -> str:
    """What a message is called here: method and command, session or order; status and method."""
    whole = json.dumps(sip, ensure_ascii=False)
    if "sip.Status-Line" in sip:
        method = re.search(r'"sip.CSeq.method": "(\w+)"', whole)
        return f"{sip['sip.Status-Line'].split()[1]} {method[1] if method else ''}"
    method_name = str(sip["sip.Request-Line"]).split()[0]
    for pattern in (r"<CmdType>(\w+)", r'"sdp.session_name": "(\w+)"', r"(PAUSE|PLAY|TEARDOWN) RTSP"):
        if method_name not in {"ACK", "BYE", "REGISTER"} and (found := re.search(pattern, whole)):
            return f"{method_name} {found[1]}"
    return method_name


def test_wireshark_finds_nothing_malformed_in_all_we_send(stack: Stack, tmp_path: Path) -> None:
    port = int(stack.ports["CIVICAM_GATEWAY__PORT"])
    seen: dict[bool, set[str]] = {True: set(), False: set()}
    faults: list[str] = []

    def look(device: dict[str, Any]) -> None:
        text = stack.http.get(f"/api/devices/{device['id']}/trace.txt").text
        for frame in decoded(text, tmp_path, port):
            assert "sip" in frame, json.dumps(frame)[:2000]
            carrier = "udp" if "udp" in frame else "tcp"
            seen[int(frame[carrier][f"{carrier}.srcport"]) == port].add(kind(frame["sip"]))
            faults.extend(MALFORMED.findall(json.dumps(frame)))

    for device in devices(stack):
        channel = channel_of(stack, device)
        look(device)
        ask_everything(stack, device, channel)
        look(device)
        get(stack, f"channels/{channel}/recordings", **period(60, 1800))
        watch_everything(stack, channel, functools.partial(look, device))
        look(device)
        raised = {"do": "alarm", "target": device["gb_id"], "method": 5, "type": 2, "priority": 1}
        assert ask(tmp_path / "control", raised)["ok"]
        until(lambda device=device: "NOTIFY" in trace_labels(stack, device), "an alarm by NOTIFY")  # type: ignore[misc]
        look(device)
    assert faults == []
    assert (PLATFORM - seen[True], DEVICES - seen[False]) == (set(), set())


def trace_labels(stack: Stack, device: dict[str, Any]) -> str:
    rows = get(stack, f"devices/{device['id']}/trace")["rows"]
    return " ".join(str(row["label"]) for row in rows)
