"""Pictures uploaded and firmware fetched, against a small HTTP server."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from civicam.simulator.conduct import FetchFirmware, TakePictures
from civicam.simulator.errands import Errands, picture_name

CHANNEL = "34020000001310000001"
TAKEN = datetime(2026, 3, 2, 1, 2, 3, 456_000, tzinfo=UTC)


@dataclass
class Door:
    """What arrived: method, path, type, body. ``status`` answers uploads."""

    url: str = ""
    status: int = 200
    seen: list[tuple[str, str, str, bytes]] = field(default_factory=list)


@pytest.fixture
def door() -> Iterator[Door]:
    made = Door()

    class Handler(BaseHTTPRequestHandler):
        def upload(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            made.seen.append((self.command, self.path, self.headers["Content-Type"], body))
            self.answer(made.status, b"")

        do_POST = do_PUT = upload  # noqa: N815 - http.server looks for these names

        def do_GET(self) -> None:
            made.seen.append(("GET", self.path, "", b""))
            found = self.path == "/fw.bin"
            self.answer(200 if found else 404, b"firmware" if found else b"")

        def answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield made
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_picture_has_the_name_of_the_standard() -> None:
    name = picture_name(CHANNEL, TAKEN, 1)
    assert name == f"{CHANNEL}022026030209020345601"
    assert len(name) == 41


@pytest.mark.parametrize("put", [False, True])
def test_pictures_reach_the_door(door: Door, put: bool) -> None:
    deed = TakePictures(CHANNEL, 1, 1, f"{door.url}/uploads/abc?x=1", "S" * 32)
    told = asyncio.run(Errands().pictures(deed, TAKEN, put=put))
    name = picture_name(CHANNEL, TAKEN, 1)
    assert (told.device_id, told.session_id, told.files) == (CHANNEL, "S" * 32, (name,))
    ((method, path, kind, body),) = door.seen
    assert path == "/uploads/abc?x=1"
    if put:
        assert (method, kind) == ("PUT", "image/jpeg")
        assert body.startswith(b"\xff\xd8\xff")
        assert body.endswith(b"\xff\xd9")
    else:
        assert (method, kind.partition(";")[0]) == ("POST", "multipart/form-data")
        assert b"S" * 32 in body
        assert f'filename="{name}.jpg"'.encode() in body
        assert b"\r\n\r\n\xff\xd8\xff" in body


@pytest.mark.parametrize("url", ["", "ftp://127.0.0.1/x", "file:///etc/hostname", "http://127.0.0.1:1/x"])
def test_what_cannot_be_uploaded_is_not_told_as_done(url: str) -> None:
    told = asyncio.run(Errands().pictures(TakePictures(CHANNEL, 1, 1, url, "s"), TAKEN, put=False))
    assert told.files == ()


def test_a_door_that_refuses(door: Door) -> None:
    door.status = 403
    deed = TakePictures(CHANNEL, 1, 1, door.url, "s")
    assert asyncio.run(Errands().pictures(deed, TAKEN, put=True)).files == ()


@pytest.mark.parametrize(("path", "ok", "reason"), [("/fw.bin", True, ""), ("/none.bin", False, "99")])
def test_firmware_is_fetched_or_the_failure_told(door: Door, path: str, ok: bool, reason: str) -> None:
    told = asyncio.run(Errands().firmware(CHANNEL, FetchFirmware("2.0", door.url + path, "s1")))
    assert (told.ok, told.firmware, told.session_id, told.reason) == (ok, "2.0", "s1", reason)
    assert door.seen[0][:2] == ("GET", path)
