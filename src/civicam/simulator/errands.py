"""What an order sends a device out for, over HTTP: pictures to upload, firmware to fetch.

Each call runs in a thread of its own with a time limit; how many run at once is bounded.
"""

from __future__ import annotations

import asyncio
import http.client
import io
import secrets
from datetime import datetime
from urllib.parse import SplitResult, urlsplit

from PIL import Image, ImageDraw

from civicam.kernel.clock import BEIJING
from civicam.signalling.gb28181.ids import GbId
from civicam.signalling.gb28181.manscdp.snapshot_finished import SnapshotFinished
from civicam.signalling.gb28181.manscdp.upgrade_result import UpgradeResult
from civicam.simulator.conduct import FetchFirmware, TakePictures

_TIMEOUT_S = 10.0
_FIRMWARE_LIMIT = 256 << 20
_CHUNK = 1 << 20
_AT_ONCE = 16
_MOST_PICTURES = 10
"""GB/T 28181-2022 A.2.3.2.9."""
_SIZE = (640, 360)
_OTHER_REASON = "99"
_FAILED = (OSError, http.client.HTTPException, ValueError)
"""``ValueError``: an address that is none."""


class Errands:
    """One for the process."""

    def __init__(self) -> None:
        self._gate = asyncio.Semaphore(_AT_ONCE)

    async def pictures(self, deed: TakePictures, taken: datetime, *, put: bool) -> SnapshotFinished:
        """Take and upload them; those that arrived are in what the device tells then."""
        done: list[str] = []
        for index in range(min(max(deed.count, 1), _MOST_PICTURES)):
            if index:
                await asyncio.sleep(max(deed.interval, 1))
            name = picture_name(deed.channel, taken, index + 1)
            async with self._gate:
                if await asyncio.to_thread(_upload, deed, name, draw(deed.channel, name), put):
                    done.append(name)
        return SnapshotFinished(0, GbId(deed.channel), deed.session_id, tuple(done))

    async def firmware(self, gb_id: str, deed: FetchFirmware) -> UpgradeResult:
        """Fetch it; gives what the device tells once it is back."""
        async with self._gate:
            fetched = await asyncio.to_thread(_fetch, deed.url)
        reason = "" if fetched else _OTHER_REASON
        return UpgradeResult(0, GbId(gb_id), deed.session_id, fetched, deed.firmware, reason)


def picture_name(channel: str, taken: datetime, index: int) -> str:
    """The 41 characters of the standard: id, 02, time to the millisecond, number of the picture."""
    stamp = taken.astimezone(BEIJING).strftime("%Y%m%d%H%M%S%f")[:17]
    return f"{channel}02{stamp}{index:02d}"


def draw(channel: str, name: str) -> bytes:
    """A JPEG that says what it is."""
    picture = Image.new("RGB", _SIZE, (58, 92, 116))
    pen = ImageDraw.Draw(picture)
    pen.rectangle((0, 220, *_SIZE), fill=(70, 74, 70))
    pen.text((16, 16), channel, fill="white")
    pen.text((16, 40), name, fill="white")
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=85)
    return out.getvalue()


def _upload(deed: TakePictures, name: str, jpeg: bytes, put: bool) -> bool:
    """POST as multipart with the session's id, as the largest maker does, or PUT the bare picture."""
    if put:
        return _call("PUT", deed.url, jpeg, "image/jpeg")
    border = secrets.token_hex(12)
    head = (
        f'--{border}\r\nContent-Disposition: form-data; name="SessionID"\r\n\r\n{deed.session_id}\r\n'
        f'--{border}\r\nContent-Disposition: form-data; name="file"; filename="{name}.jpg"\r\n'
        "Content-Type: image/jpeg\r\n\r\n"
    )
    body = head.encode() + jpeg + f"\r\n--{border}--\r\n".encode()
    return _call("POST", deed.url, body, f"multipart/form-data; boundary={border}")


def _call(method: str, url: str, body: bytes, kind: str) -> bool:
    try:
        parts = urlsplit(url)
        connection = _connection(parts)
        try:
            connection.request(method, _target(parts), body, {"Content-Type": kind})
            return 200 <= connection.getresponse().status < 300
        finally:
            connection.close()
    except _FAILED:
        return False


def _fetch(url: str) -> bool:
    """Whether it is there, whole, and no larger than a firmware can be."""
    try:
        parts = urlsplit(url)
        connection = _connection(parts)
        try:
            connection.request("GET", _target(parts))
            answer = connection.getresponse()
            size = 0
            while answer.status == http.client.OK and (chunk := answer.read(_CHUNK)):
                size += len(chunk)
                if size > _FIRMWARE_LIMIT:
                    return False
            return size > 0
        finally:
            connection.close()
    except _FAILED:
        return False


def _connection(parts: SplitResult) -> http.client.HTTPConnection:
    """To an address of http or https. Raises `ValueError` for any other."""
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(parts.scheme)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    return kind(parts.hostname, parts.port, timeout=_TIMEOUT_S)


def _target(parts: SplitResult) -> str:
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
