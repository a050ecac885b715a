"""The serving side of RTSP (RFC 2326) for one connection, sans I/O: TCP interleaved only, Digest log-in.

    client: OPTIONS, DESCRIBE (401, then 200 with SDP), SETUP (interleaved), PLAY, GET_PARAMETER, TEARDOWN

A path is ``/<device id>/main`` or ``/<device id>/sub``. UDP transport gets 461, so clients come back by TCP.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from civicam.signalling.sip.digest import challenge, ha1, parse_authorization, verify
from civicam.signalling.sip.errors import BadMessage
from civicam.simulator.description import Device

REALM = "SimCam"
MAX_HEAD = 8_192
MAX_BODY = 65_536
_METHODS = "OPTIONS, DESCRIBE, SETUP, PLAY, PAUSE, GET_PARAMETER, SET_PARAMETER, TEARDOWN"
_REASONS = {200: "OK", 400: "Bad Request", 401: "Unauthorized", 404: "Not Found", 405: "Method Not Allowed",
            454: "Session Not Found", 455: "Method Not Valid in This State",
            461: "Unsupported Transport", 503: "Service Unavailable"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Start:
    """Send the pictures of a stream on an interleaved channel."""

    device: Device
    main: bool
    channel: int


@dataclass(frozen=True, slots=True)
class Halt:
    """Stop sending; with ``close``, close the connection too."""

    close: bool


RtspOutput = bytes | Start | Halt


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    url: str
    headers: Mapping[str, str]

    @property
    def cseq(self) -> str:
        return self.headers.get("cseq", "0")


class RtspConnection:
    """Bytes in, bytes and orders out. ``token`` gives random hex for nonces and session ids."""

    def __init__(
        self, devices: Mapping[str, Device], available: Callable[[str], bool], token: Callable[[], str]
    ) -> None:
        self._devices = devices
        self._available = available
        self._nonce = token()
        self._session = token()
        self._buffer = b""
        self._channel: int | None = None
        self._stream: tuple[Device, bool] | None = None
        self._playing = False

    def receive(self, data: bytes) -> list[RtspOutput]:
        """Take bytes of the connection; never raises on bad ones."""
        self._buffer += data
        out: list[RtspOutput] = []
        while (taken := self._next(out)) > 0:
            self._buffer = self._buffer[taken:]
        return out

    def _next(self, out: list[RtspOutput]) -> int:
        """Act on what stands first in the buffer; its length, 0 while it is not whole."""
        buffer = self._buffer
        if buffer[:1] == b"$":  # the client's RTCP
            size = 4 + int.from_bytes(buffer[2:4], "big")
            return size if len(buffer) >= size else 0
        end = buffer.find(b"\r\n\r\n")
        if end < 0 and len(buffer) <= MAX_HEAD:
            return 0
        request = _parse(buffer[:end]) if end >= 0 else None
        length = _below(request.headers.get("content-length", "0"), MAX_BODY) if request else None
        if request is None or length is None:
            out += [_plain(400, "0"), Halt(close=True)]
            return len(buffer)
        size = end + 4 + length
        if len(buffer) < size:
            return 0
        out += self._answer(request)
        return size

    def _answer(self, request: _Request) -> list[RtspOutput]:
        if request.method == "OPTIONS":
            return [_plain(200, request.cseq, [("Public", _METHODS)])]
        target = self._target(request.url)
        if target is None:
            return [_plain(404, request.cseq)]
        if not self._allowed(request, target[0]):
            question = challenge(REALM, self._nonce, qop="auth")
            return [_plain(401, request.cseq, [("WWW-Authenticate", question)])]
        if not self._available(target[0].gb_id):
            return [_plain(503, request.cseq), Halt(close=True)]
        act = {
            "DESCRIBE": self._describe,
            "SETUP": self._setup,
            "PLAY": self._play,
            "PAUSE": self._pause,
            "TEARDOWN": self._teardown,
        }.get(request.method)
        if act is not None:
            return act(request, target)
        if request.method in ("GET_PARAMETER", "SET_PARAMETER"):
            return [_plain(200, request.cseq, [("Session", self._session)])]
        return [_plain(405, request.cseq, [("Allow", _METHODS)])]

    def _target(self, url: str) -> tuple[Device, bool] | None:
        parts = [part for part in urlsplit(url).path.split("/") if part]
        device = self._devices.get(parts[0]) if parts else None
        if device is None:
            return None
        return device, not (len(parts) > 1 and parts[1] == "sub")

    def _allowed(self, request: _Request, device: Device) -> bool:
        try:
            proof = parse_authorization(request.headers.get("authorization"))
        except BadMessage:
            return False
        if proof is None or proof.nonce != self._nonce or proof.username != device.username:
            return False
        return verify(ha1(device.username, REALM, device.secret, proof.algorithm), request.method, proof)

    def _describe(self, request: _Request, target: tuple[Device, bool]) -> list[RtspOutput]:
        body = "\r\n".join(
            (
                "v=0", "o=- 1 1 IN IP4 0.0.0.0", "s=SimCam", "c=IN IP4 0.0.0.0", "t=0 0", "a=control:*",
                "m=video 0 RTP/AVP 96", "a=rtpmap:96 H264/90000", "a=fmtp:96 packetization-mode=1",
                "a=framerate:25", "a=control:trackID=0", "",
            )
        ).encode()  # fmt: skip
        base = request.url.rstrip("/") + "/"
        return [
            _plain(200, request.cseq, [("Content-Base", base), ("Content-Type", "application/sdp")], body)
        ]

    def _setup(self, request: _Request, target: tuple[Device, bool]) -> list[RtspOutput]:
        transport = request.headers.get("transport", "")
        if "RTP/AVP/TCP" not in transport.upper():
            return [_plain(461, request.cseq)]
        fields = dict(part.strip().partition("=")[::2] for part in transport.split(";"))
        first = fields.get("interleaved", "0-1").partition("-")[0]
        self._channel = _below(first, 255) or 0
        self._stream = target
        answer = f"RTP/AVP/TCP;unicast;interleaved={self._channel}-{self._channel + 1}"
        return [
            _plain(200, request.cseq, [("Transport", answer), ("Session", f"{self._session};timeout=60")])
        ]

    def _play(self, request: _Request, target: tuple[Device, bool]) -> list[RtspOutput]:
        if self._channel is None or self._stream is None:
            return [_plain(455, request.cseq)]
        if request.headers.get("session", "").partition(";")[0] != self._session:
            return [_plain(454, request.cseq)]
        out: list[RtspOutput] = [
            _plain(200, request.cseq, [("Session", self._session), ("Range", "npt=0.000-")])
        ]
        if not self._playing:
            self._playing = True
            out.append(Start(self._stream[0], self._stream[1], self._channel))
        return out

    def _pause(self, request: _Request, target: tuple[Device, bool]) -> list[RtspOutput]:
        self._playing = False
        return [Halt(close=False), _plain(200, request.cseq, [("Session", self._session)])]

    def _teardown(self, request: _Request, target: tuple[Device, bool]) -> list[RtspOutput]:
        self._playing = False
        return [_plain(200, request.cseq), Halt(close=True)]


def _parse(head: bytes) -> _Request | None:
    lines = head.decode("utf-8", "replace").lstrip("\r\n").split("\r\n")
    words = lines[0].split(" ")
    if len(words) != 3 or not words[2].startswith("RTSP/"):
        return None
    headers = {}
    for line in lines[1:]:
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    return _Request(words[0].upper(), words[1], headers)


def _below(text: str, limit: int) -> int | None:
    """A number from 0 to below ``limit``; None for anything else."""
    if not (text.isascii() and text.isdigit()) or len(text) > 9 or int(text) >= limit:
        return None
    return int(text)


def _plain(status: int, cseq: str, headers: list[tuple[str, str]] | None = None, body: bytes = b"") -> bytes:
    """An RTSP response."""
    lines = [f"RTSP/1.0 {status} {_REASONS[status]}", f"CSeq: {cseq}", "Server: SimCam/1.0"]
    lines += [f"{name}: {value}" for name, value in headers or ()]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join((*lines, "", "")).encode() + body
