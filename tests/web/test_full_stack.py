"""The real server process on real sockets, with the simulator's devices: start, kill -9, restart, stop.

[RECORDER]──SIP──┐
[CAMERA]───SIP───┴──[civicam serve]──HTTP──(this test)
"""

from __future__ import annotations

import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from tests.web.stack import CIVICAM, Stack, until

pytestmark = [pytest.mark.slow, pytest.mark.serial]

HEARTBEAT_S = 5
RETRY_S = 16
"""More than three heartbeats; 60 s where the standard is kept."""


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    """A small city imported, nothing running yet."""
    made = Stack(tmp_path, GATEWAY__GRACE_S="0")
    described = made.described()
    devices = [
        device
        for transport in ("udp", "tcp")
        for device in [each for each in described["devices"] if each["transport"] == transport][:4]
    ]
    kept = {device["gb_id"] for device in devices}
    for device in devices:
        device["heartbeat_s"] = HEARTBEAT_S
    described |= {"devices": devices, "feeds": [], "fibres": [], "graph": {}}
    described["channels"] = [c for c in described["channels"] if c["device"] in kept]
    made.take_over(described)
    yield made
    made.stop()


def states(stack: Stack) -> set[str]:
    """Of the usability of all channels."""
    return set(stack.http.get("/api/usability/states").json()["states"].values())


def test_after_kill_minus_nine_the_state_is_rebuilt_without_a_false_offline(stack: Stack) -> None:
    """Four devices on UDP just go on; four on TCP lost their connection with us and wait before they
    register again, longer than their heartbeats would allow on any other day.
    """
    ready = stack.serve()
    stack.simulate(ready, stack.folder / "city.json", "--signalling-only", "--retry", str(RETRY_S))
    until(stack.all_online, "all devices online")
    until(lambda: "not configured" not in states(stack), "every channel judged")
    channels = stack.http.get("/api/channels", params={"limit": 1000}).json()["channels"]
    assert {channel["state"] for channel in channels} == {"online"}
    assert stack.server is not None
    stack.server.kill()
    stack.server.wait()
    assert stack.serve()["url"] == ready["url"]
    assert stack.situation()["devices"]["offline"] == 0
    assert stack.http.get("/api/session").status_code == 200  # the session outlived the process
    until(stack.all_online, "all devices online again")
    again = stack.http.get("/api/channels", params={"limit": 1000}).json()["channels"]
    assert [c["id"] for c in again] == [c["id"] for c in channels]
    gaps = stack.rows('kind, "end" - start', "usability_gap", "true")
    assert [kind for kind, _ in gaps] == ["crashed"]
    found = stack.http.get("/api/usability/states").json()["states"]
    assert set(found.values()) <= {"good", "unknown"}  # our gap and its aftermath are nobody's outage
    assert len(found) == len(channels)
    stack.server.terminate()  # we hang up on the devices on TCP: that is no outage of theirs either
    assert stack.server.wait(30) == 0
    changes = stack.transitions()
    assert {after for after, _ in changes} == {"online", "unknown"}
    assert {reason for after, reason in changes if after == "unknown"} == {"fleet.restarted"}


def test_sigterm_ends_everything_in_order(stack: Stack) -> None:
    stack.serve()
    workers = [worker["pid"] for worker in stack.http.get("/api/system").json()["workers"]]
    assert stack.server is not None
    stack.server.send_signal(signal.SIGTERM)
    assert stack.server.wait(30) == 0
    log = stack.log()
    assert "stop.timeout" not in log
    assert "Traceback" not in log
    for pid in workers:
        until(lambda pid=pid: not Path(f"/proc/{pid}").exists(), f"worker {pid} gone")  # type: ignore[misc]
    # Everything is committed and the directory is free: it starts again.
    stack.serve()
    assert stack.http.get("/readyz").json()["ready"] is True


def family(process: subprocess.Popen[str]) -> list[psutil.Process]:
    """The processes it started."""
    try:
        return psutil.Process(process.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


@pytest.mark.parametrize("moment", ["store", "worker"])
def test_sigterm_while_starting_leaves_nothing_behind(stack: Stack, moment: str) -> None:
    """While the store is opened, and while the media worker starts."""
    process = stack.start("serve", "--json")
    database = stack.folder / "data" / "civicam.db-wal"

    def begun() -> bool:
        return database.exists() if moment == "store" else bool(family(process))

    until(lambda: begun() or process.poll() is not None, f"{moment} begun")
    workers = family(process)
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) in {0, -signal.SIGTERM}
    assert psutil.wait_procs(workers, timeout=20)[1] == []
    assert "Traceback" not in stack.log()


def test_workers_end_with_a_server_that_was_killed(stack: Stack) -> None:
    stack.serve()
    assert stack.server is not None
    workers = family(stack.server)
    assert workers
    stack.server.kill()
    assert psutil.wait_procs(workers, timeout=20)[1] == []


@pytest.mark.parametrize(
    ("setting", "kind", "says"),
    [
        ("CIVICAM_WEB__PORT", socket.SOCK_STREAM, "web.port-in-use"),
        ("CIVICAM_GATEWAY__PORT", socket.SOCK_DGRAM, "signalling.port-in-use"),
        ("CIVICAM_MEDIA__VIEWER_PORT", socket.SOCK_STREAM, "media.door-taken"),
    ],
)
def test_a_port_in_use_is_named_with_what_to_change(
    stack: Stack, setting: str, kind: socket.SocketKind, says: str
) -> None:
    with socket.socket(socket.AF_INET, kind) as taken:
        taken.bind(("127.0.0.1", 0))
        if kind == socket.SOCK_STREAM:
            taken.listen()
        port = taken.getsockname()[1]
        stack.ports[setting] = str(port)
        process = stack.start("serve")
        assert process.wait(60) == 1
        log = stack.log()
        assert says in log
        assert str(port) in log
        assert "Traceback" not in log
        checked = subprocess.run(
            [*CIVICAM, "check"],
            env=stack.environment(),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert checked.returncode == 1
        assert setting in checked.stdout
