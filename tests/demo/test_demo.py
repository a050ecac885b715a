"""The whole of it: `civicam demo` as a person or a pipeline runs it, on real ports, with real processes.

[test] ── SIGINT, SIGKILL ──▶ [civicam demo] ─┬─ [civicam serve] ── [civicam worker]
                                              └─ [civicam simulate]
"""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

pytestmark = [pytest.mark.serial, pytest.mark.slow, pytest.mark.timeout(300)]

LINK = re.compile(r"(http://127\.0\.0\.1:\d+)/\S*token=\S+")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One data directory for the file: the later starts are second starts."""
    return tmp_path_factory.mktemp("demo")


@pytest.fixture
def taken() -> Iterator[list[int]]:
    """The usual ports in somebody else's hands; those that were taken already stay so."""
    sockets = []
    for port in (8080, 5060, 8081, 8554):
        other = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            other.bind(("127.0.0.1", port))
            other.listen()
        except OSError:
            other.close()
            continue
        sockets.append(other)
    yield [8080, 5060, 8081, 8554]
    for other in sockets:
        other.close()


def _start(data: Path, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "civicam", "demo", "--data", str(data), *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def _until_link(running: subprocess.Popen[str]) -> str:
    """Read what it says up to the link; the console's address. Fails with its words when it ends before."""
    said = []
    assert running.stdout is not None
    for line in running.stdout:
        said.append(line)
        if found := LINK.search(line):
            return found.group(1)
    assert running.stderr is not None
    raise AssertionError("".join(said) + running.stderr.read())


def _family(running: subprocess.Popen[str]) -> list[psutil.Process]:
    """The processes below the demonstration's."""
    return psutil.Process(running.pid).children(recursive=True)


KINDS = (
    "gb28181/tcp/h264",
    "gb28181/tcp/h265",
    "gb28181/udp/h264",
    "gb28181/udp/h265",
    "rtsp/tcp/h264",
)
"""Every kind of channel in the district."""


def _names(family: list[psutil.Process]) -> set[str]:
    """Which civicam commands these processes are."""
    words = {word for process in family for word in process.cmdline()}
    return words & {"serve", "simulate", "worker"}


def test_the_headless_form_keeps_every_promise(data: Path, taken: list[int]) -> None:
    """Log in, watch one stream of each kind, report; on other ports than the usual ones, and it says so."""
    running = _start(data, "--headless", "--for", "15", "--streams", "5", "--json")
    out, err = running.communicate(timeout=240)
    assert running.returncode == 0, out + err
    report = json.loads(out)
    assert report["problems"] == []
    assert report["devices_registered"] == report["devices_expected"] > 60
    assert report["channels"] == report["channels_expected"] == 150
    assert report["streams_opened"] == 5
    assert set(report["by_protocol"]) == {"gb28181", "rtsp"}
    assert report["by_kind"] == dict.fromkeys(KINDS, 1)
    assert report["frames"] > 5 * 15
    assert report["losses"]["packets"] > 0
    assert all(str(port) in err for port in taken)


def test_ctrl_c_ends_all_of_it(data: Path) -> None:
    """The server answers, then SIGINT: exit status 0, no process left, the port free again."""
    running = _start(data)
    address = _until_link(running)
    with urllib.request.urlopen(f"{address}/healthz", timeout=10) as answer:
        assert answer.status == 200
    family = _family(running)
    assert _names(family) == {"serve", "simulate", "worker"}
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=60)
    assert running.returncode == 0, out + err
    _, alive = psutil.wait_procs(family, timeout=5)
    assert alive == []
    with pytest.raises(OSError, match="refused"), socket.create_connection(_door(address), timeout=5):
        pass


def test_a_killed_demonstration_leaves_no_orphans(data: Path) -> None:
    """SIGKILL leaves no time to clean up: the kernel tells the children, workers see their channel close."""
    running = _start(data)
    _until_link(running)
    family = _family(running)
    assert _names(family) == {"serve", "simulate", "worker"}
    os.kill(running.pid, signal.SIGKILL)
    running.communicate(timeout=30)
    _, alive = psutil.wait_procs(family, timeout=30)
    assert alive == []


def test_a_server_that_cannot_start_says_why(data: Path, tmp_path: Path) -> None:
    """A data directory that is a file: a line in both languages, status 1, nothing left running."""
    target = tmp_path / "file"
    target.write_text("not a directory")
    running = _start(target)
    _, err = running.communicate(timeout=60)
    assert running.returncode == 1
    assert "Traceback" not in err
    assert str(target) in err


def _door(address: str) -> tuple[str, int]:
    host, _, port = address.removeprefix("http://").partition(":")
    return host, int(port)
