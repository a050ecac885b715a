"""The real server process on real sockets, for the tests that start it, kill it, and talk to it."""

from __future__ import annotations

import atexit
import contextlib
import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
from websockets.sync.client import connect
from websockets.typing import Origin, Subprotocol

CIVICAM = [sys.executable, "-m", "civicam"]
PATIENCE_S = 60.0
NOTHING = threading.Event()


def until(wanted: Callable[[], Any], what: str) -> Any:
    """Ask again and again until the answer is true."""
    limit = time.monotonic() + PATIENCE_S
    while time.monotonic() < limit:
        found = wanted()
        if found:
            return found
        NOTHING.wait(0.1)  # another process changes it: there is no event here to wait for
    raise AssertionError(f"never happened: {what}")


_DESCRIBED: list[str] = []
"""The simulator's small city, once it was described: the same for every test of this process."""

_IMPORTED: dict[str, Path] = {}
"""A data directory with a city imported and nothing started, by the digest of the city and the settings."""


def _kept() -> Path:
    """A folder for what is made once in this process; gone with it."""
    folder = Path(tempfile.mkdtemp(prefix="civicam-imported-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


class Stack:
    """One data directory, one server at a time, one simulator."""

    def __init__(self, folder: Path, **settings: str) -> None:
        """``settings``: more environment, without its ``CIVICAM_``."""
        self.settings = {f"CIVICAM_{name}": value for name, value in settings.items()}
        self.folder = folder
        self.ports = {"CIVICAM_GATEWAY__PORT": "0", "CIVICAM_WEB__PORT": "0"}
        self.running: list[subprocess.Popen[str]] = []
        self.server: subprocess.Popen[str] | None = None
        self.http = httpx.Client()

    def environment(self) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith("CIVICAM_")}
        loopback = ("CIVICAM_WEB__HOST", "CIVICAM_GATEWAY__HOST", "CIVICAM_MEDIA__RTP_HOST")
        return {
            **kept,
            **dict.fromkeys((*loopback, "CIVICAM_MEDIA__VIEWER_HOST"), "127.0.0.1"),
            "CIVICAM_DATA": str(self.folder / "data"),
            "CIVICAM_MEDIA__VIEWER_PORT": "0",
            "CIVICAM_MEDIA__WORKERS": "1",
            **self.settings,
            **self.ports,
        }

    def command(self, *arguments: str) -> str:
        done = subprocess.run(
            [*CIVICAM, *arguments],
            env=self.environment(),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def described(self) -> dict[str, Any]:
        """The city that the simulator describes, without RTSP, with fixed secrets."""
        if not _DESCRIBED:
            _DESCRIBED.append(self.command("simulate", "describe", "--no-rtsp", "--fixed-secrets"))
        city: dict[str, Any] = json.loads(_DESCRIBED[0])
        return city

    def take_over(self, city: dict[str, Any]) -> Path:
        """Write the city's file and import it; one imported before in this process is only copied."""
        text = json.dumps(city, ensure_ascii=False)
        path = self.folder / "city.json"
        path.write_text(text)
        key = hashlib.sha256(f"{sorted(self.settings.items())}{text}".encode()).hexdigest()
        if (imported := _IMPORTED.get(key)) is None:
            self.command("import", str(path))
            imported = _IMPORTED[key] = _kept() / "data"
            shutil.copytree(self.folder / "data", imported)
        else:
            shutil.copytree(imported, self.folder / "data")
        return path

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        with (self.folder / f"{arguments[0]}.log").open("a") as log:
            process = subprocess.Popen(
                [*CIVICAM, *arguments], env=self.environment(), stdout=subprocess.PIPE, stderr=log, text=True
            )
        self.running.append(process)
        return process

    def serve(self) -> dict[str, Any]:
        """Start the server; log in when it gives a link. Later servers take the same ports."""
        self.server = self.start("serve", "--json")
        assert self.server.stdout is not None
        line = self.server.stdout.readline()
        assert line, (self.folder / "serve.log").read_text()
        ready: dict[str, Any] = json.loads(line)
        self.ports = {
            "CIVICAM_GATEWAY__PORT": str(ready["sip_port"]),
            "CIVICAM_WEB__PORT": str(ready["port"]),
        }
        if not self.http.cookies:
            self.http = httpx.Client(base_url=ready["url"], timeout=30)
            token = ready["link"].partition("token=")[2]
            assert self.http.post("/api/session/link", json={"token": token}).status_code == 200
        return ready

    def simulate(self, ready: dict[str, Any], city: Path, *more: str) -> subprocess.Popen[str]:
        """Let the devices of a city file register at the server."""
        server = f"127.0.0.1:{ready['sip_port']}"
        return self.start(
            *("simulate", "--city", str(city), "--server", server, "--address", "127.0.0.1"), *more
        )

    def log(self) -> str:
        """What the server wrote."""
        return (self.folder / "serve.log").read_text()

    def situation(self) -> dict[str, Any]:
        found: dict[str, Any] = self.http.get("/api/situation").json()
        return found

    def transitions(self) -> list[tuple[str, str]]:
        """Every change of presence in the store: state and reason."""
        return self.rows("after, reason", "fleet_transition", "true")

    def rows(self, columns: str, table: str, condition: str) -> list[Any]:
        """From the store's file, beside the server."""
        with contextlib.closing(sqlite3.connect(self.folder / "data" / "civicam.db")) as store:
            found = store.execute(f"SELECT {columns} FROM {table} WHERE {condition}")
            return found.fetchall()

    def all_online(self) -> bool:
        devices = self.situation()["devices"]
        return bool(devices["online"] == devices["total"] > 0)

    def stop(self) -> None:
        self.http.close()
        for process in reversed(self.running):
            if process.poll() is None:
                process.terminate()
                try:
                    process.wait(20)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
            if process.stdout is not None:
                process.stdout.close()


def two_cameras(folder: Path, *simulated: str) -> Stack:
    """A server, and from the simulator one dome on UDP and one camera on TCP, both registered."""
    made = Stack(folder)
    described = made.described()
    channels = {each["device"]: each for each in described["channels"]}
    cameras = [each for each in described["devices"] if each["kind"] == "camera"]
    domes = [each for each in cameras if channels[each["gb_id"]]["ptz_type"] == 1]
    dome = next(each for each in domes if each["transport"] == "udp")
    other = next(each for each in cameras if each["transport"] == "tcp")
    kept = {dome["gb_id"], other["gb_id"]}
    described |= {"devices": [dome, other], "feeds": [], "fibres": [], "graph": {}}
    described["channels"] = [c for c in described["channels"] if c["device"] in kept]
    made.take_over(described)
    ready = made.serve()
    made.simulate(ready, folder / "city.json", *simulated)
    until(made.all_online, "both devices online")
    return made


class Pane:
    """One viewer: a ticket from the API, then messages from the media door, read when asked for."""

    def __init__(self, stack: Stack, channel_id: str, **history: str) -> None:
        """``history``: ``start`` and ``end`` of a recording; live without."""
        wish = {"channel_id": channel_id, "format": "annexb", "purpose": "duty"}
        wish |= history or {"stream": "sub"}
        answer = stack.http.post("/api/playback" if history else "/api/live", json=wish)
        assert answer.status_code == 200, answer.text
        self.live: dict[str, Any] = answer.json()
        door = self.live["door"]
        origin = str(stack.http.base_url).rstrip("/")
        tickets = (Subprotocol("civicam.media.v1"), Subprotocol(f"ticket.{self.live['ticket']}"))
        self._exit = contextlib.ExitStack()
        door_of_worker = connect(
            f"ws://127.0.0.1:{door['port']}{door['path']}",
            subprotocols=tickets,
            origin=Origin(origin),
            max_size=None,
            max_queue=None,  # else reading pauses while nobody takes frames, and the closing handshake waits
            compression=None,
        )
        self.socket = self._exit.enter_context(door_of_worker)

    def pictures(self, count: int) -> None:
        """Read so many frames."""
        while count:
            count -= isinstance(self.socket.recv(PATIENCE_S), bytes)

    def until_said(self, kind: str, **fields: object) -> dict[str, Any]:
        """Read up to a text message of this kind with these members."""
        limit = time.monotonic() + PATIENCE_S
        while time.monotonic() < limit:
            message = self.socket.recv(PATIENCE_S)
            if isinstance(message, str):
                said: dict[str, Any] = json.loads(message)
                if said["type"] == kind and said.items() >= fields.items():
                    return said
        raise AssertionError(f"never said: {kind} {fields}")

    def close(self) -> None:
        """Leave the door; the session stays."""
        self._exit.close()
