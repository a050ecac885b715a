"""An RTSP client without I/O (RFC 2326): ask, describe, set up, play, keep alive. RTP comes over the same
connection, or (``ports``) over UDP to ports of ours.

    start ──OPTIONS──► ──DESCRIBE──► ──SETUP (each track)──► ──PLAY──► playing ──TEARDOWN──► over
                 (401 at any step: answer the challenge once, with a fresh nonce once more)

Feed bytes, drain events, send, re-arm one timer. Whatever goes wrong ends in one `Failed` with a stable code.
Credentials never leave this module but as an Authorization header.
"""

from __future__ import annotations

import enum
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from civicam.kernel.errors import Datum
from civicam.media.core import rtsp_message as wire
from civicam.media.core.rtsp_auth import Authenticator, challenges
from civicam.media.core.rtsp_message import Interleaved, RtspReader, RtspRequest, RtspResponse
from civicam.media.core.rtsp_sdp import Track, tracks

_SESSION_S = 60.0
"""RFC 2326 §12.37: the time-out of a session that does not name one."""


@dataclass(frozen=True, slots=True)
class Described:
    """The server answered DESCRIBE; ``server`` is its Server header."""

    tracks: tuple[Track, ...]
    server: str


@dataclass(frozen=True, slots=True)
class Playing:
    """Packets come: the RTP channel of each track, its RTCP on the channel above. Over UDP the channel is our
    port, and ``servers`` has the server's two ports for it, 0 where it does not say.
    """

    channels: dict[int, Track]
    servers: dict[int, tuple[int, int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Packet:
    """An interleaved RTP or RTCP packet."""

    channel: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Failed:
    """It is over: ``code`` and ``data`` for an `Operational`; ``retry``: trying again may help."""

    code: str
    data: dict[str, Datum] = field(default_factory=dict)
    retry: bool = True


RtspEvent = Described | Playing | Packet | Failed

_BY_STATUS = {404: "media.rtsp-not-found", 461: "media.rtsp-udp-only"}
"""461 to a SETUP over TCP: the server sends over UDP alone."""


class _Step(enum.Enum):
    IDLE = enum.auto()
    OPTIONS = enum.auto()
    DESCRIBE = enum.auto()
    SETUP = enum.auto()
    PLAY = enum.auto()
    PLAYING = enum.auto()
    OVER = enum.auto()


@dataclass(frozen=True, slots=True)
class RtspAccess:
    """How to get in. ``url`` without credentials; ``cnonce`` gives fresh random text."""

    url: str
    cnonce: Callable[[], str]
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    allow_basic: bool = False


class RtspClient:
    """One connection's conversation. ``probe``: stop after DESCRIBE. ``ports``: RTP ports for UDP, one a
    track; tracks beyond them are left out.
    """

    def __init__(
        self,
        access: RtspAccess,
        *,
        probe: bool = False,
        timeout_s: float = 8.0,
        ports: tuple[int, ...] = (),
    ) -> None:
        self._ports = ports
        self._servers: dict[int, tuple[int, int]] = {}
        self._access = access
        self._probe = probe
        self._timeout_s = timeout_s
        self._reader = RtspReader()
        self._events: deque[RtspEvent] = deque()
        self._out = bytearray()
        self._step = _Step.IDLE
        self._cseq = 0
        self._asked: tuple[int, str, str, list[tuple[str, str]]] | None = None
        self._asked_at = 0.0
        self._tried = 0
        self._keep_alive_at: float | None = None
        self._session = ""
        self._session_s = _SESSION_S
        self._public = ""
        self._play_url = access.url
        self._waiting: list[Track] = []
        self._channels: dict[int, Track] = {}
        self._auth: Authenticator | None = None
        if access.username is not None:
            self._auth = Authenticator(access.username, access.password or "", access.cnonce)

    # -- the shell's side

    def start(self, now: float) -> None:
        """The connection is there."""
        self._step = _Step.OPTIONS
        self._ask("OPTIONS", self._access.url, [], now)

    def receive(self, data: bytes, now: float) -> None:
        """Bytes from the server; never raises."""
        if self._step is _Step.OVER:
            return
        try:
            items = self._reader.feed(data)
        except wire.RtspSyntax as error:
            self._fail("media.rtsp-broken", reason=str(error))
            return
        for item in items:
            if isinstance(item, Interleaved):
                self._events.append(Packet(item.channel, item.data))
            elif isinstance(item, RtspRequest):
                self._out += wire.refusal(item)
            else:
                self._answered(item, now)

    def data_to_send(self) -> bytes:
        """What the shell must write now."""
        data = bytes(self._out)
        self._out.clear()
        return data

    def next_event(self) -> RtspEvent | None:
        """The next event; None when there is none."""
        return self._events.popleft() if self._events else None

    def get_timer(self) -> float | None:
        """When to call `handle_timer`."""
        if self._step is _Step.OVER:
            return None
        if self._asked is not None:
            return self._asked_at + self._timeout_s
        return self._keep_alive_at

    def handle_timer(self, now: float) -> None:
        """A time-out, or time for a sign of life."""
        due = self.get_timer()
        if due is None or now < due:
            return
        if self._asked is not None:
            self._fail("media.rtsp-timeout", step=self._asked[1])
            return
        method = "GET_PARAMETER" if "GET_PARAMETER" in self._public else "OPTIONS"
        self._ask(method, self._play_url, self._session_header(), now)

    def send_rtcp(self, channel: int, data: bytes) -> None:
        """Queue an RTCP packet on the connection."""
        if self._step is _Step.PLAYING and not self._ports:
            self._out += wire.interleave(channel, data)

    def teardown(self, now: float) -> None:
        """Say good-bye; no answer is waited for."""
        if self._session and self._step is not _Step.OVER:
            self._ask("TEARDOWN", self._play_url, self._session_header(), now)
        self._step = _Step.OVER

    # -- the conversation

    def _ask(self, method: str, url: str, headers: list[tuple[str, str]], now: float) -> None:
        self._tried = 0
        self._send(method, url, headers, now)

    def _send(self, method: str, url: str, headers: list[tuple[str, str]], now: float) -> None:
        self._cseq += 1
        self._asked = (self._cseq, method, url, headers)
        self._asked_at = now
        sent = [*headers, ("User-Agent", "civicam")]
        answer = self._auth.header(method, url) if self._auth is not None else None
        if answer is not None:
            sent.append(("Authorization", answer))
        self._out += wire.request(method, url, self._cseq, sent)

    def _session_header(self) -> list[tuple[str, str]]:
        return [("Session", self._session)] if self._session else []

    def _answered(self, response: RtspResponse, now: float) -> None:
        asked = self._asked
        if asked is None or response.cseq not in (None, asked[0]):
            return  # late answer to something we no longer wait for
        if response.status < 200:
            return
        self._asked = None
        if response.status == 401:
            self._challenged(response, asked, now)
        elif self._step is _Step.PLAYING:
            self._keep_alive_at = now + self._session_s / 2  # a server may dislike the method yet stay alive
            if response.status in (454, 404):
                self._fail("media.rtsp-refused", status=response.status, step=asked[1])
        elif response.status >= 300 and self._step is not _Step.OPTIONS:
            retry = response.status not in (400, 403, 404, 451, 461)
            code = _BY_STATUS.get(response.status, "media.rtsp-refused")
            if response.status == 461 and self._ports:
                code = "media.rtsp-refused"  # neither way, then
            self._fail(code, retry=retry, status=response.status, step=asked[1])
        else:
            self._proceed(response, now)

    def _challenged(
        self, response: RtspResponse, asked: tuple[int, str, str, list[tuple[str, str]]], now: float
    ) -> None:
        offered = challenges(response.headers.get("www-authenticate", ()))
        if not self._access.allow_basic:
            if offered and all(c.scheme == "basic" for c in offered):
                self._fail("media.rtsp-basic-only", retry=False)
                return
            offered = [c for c in offered if c.scheme != "basic"]
        tried, self._tried = self._tried, self._tried + 1
        # A kept nonce that went stale is answered once more; a fresh one refused means a wrong password.
        if self._auth is None or not offered or tried >= 2 or (tried == 1 and not offered[0].stale):
            self._fail("media.rtsp-unauthorized", retry=False)
            return
        self._auth.accept(offered[0])
        self._send(asked[1], asked[2], asked[3], now)

    def _proceed(self, response: RtspResponse, now: float) -> None:
        """A final answer that is no challenge and no refusal: take the next step."""
        if self._step is _Step.OPTIONS:
            self._public = response.get("public")
            self._step = _Step.DESCRIBE
            self._ask("DESCRIBE", self._access.url, [("Accept", "application/sdp")], now)
        elif self._step is _Step.DESCRIBE:
            self._described(response, now)
        elif self._step is _Step.SETUP:
            self._set_up(response, now)
        else:
            self._step = _Step.PLAYING
            self._keep_alive_at = now + self._session_s / 2
            self._events.append(Playing(dict(self._channels), dict(self._servers)))

    def _described(self, response: RtspResponse, now: float) -> None:
        base = response.get("content-base") or response.get("content-location") or self._access.url
        if not base.lower().startswith("rtsp://"):
            base = self._access.url
        found, self._play_url = tracks(response.body, base)
        if not any(track.codec.is_video for track in found):
            self._fail("media.rtsp-no-video", retry=False)
            return
        self._events.append(Described(tuple(found), response.get("server")))
        if self._probe:
            self._step = _Step.OVER
            return
        self._waiting = found[: len(self._ports)] if self._ports else found
        self._step = _Step.SETUP
        self._next_setup(now)

    def _next_setup(self, now: float) -> None:
        if not self._waiting:
            self._step = _Step.PLAY
            self._ask("PLAY", self._play_url, [*self._session_header(), ("Range", "npt=0.000-")], now)
            return
        if self._ports:
            port = self._ports[len(self._channels)]
            transport = f"RTP/AVP;unicast;client_port={port}-{port + 1}"
        else:
            channel = 2 * len(self._channels)
            transport = f"RTP/AVP/TCP;unicast;interleaved={channel}-{channel + 1}"
        headers = [("Transport", transport), *self._session_header()]
        self._ask("SETUP", self._waiting[0].control, headers, now)

    def _set_up(self, response: RtspResponse, now: float) -> None:
        track = self._waiting.pop(0)
        session, _, parameters = response.get("session").partition(";")
        self._session = session.strip() or self._session
        name, _, value = parameters.strip().partition("=")
        if name.strip().lower() == "timeout" and value.strip().isascii() and value.strip().isdigit():
            self._session_s = min(max(float(value.strip()[:6]), 4.0), 3600.0)
        transport = response.get("transport")
        if self._ports:
            port = self._ports[len(self._channels)]
            self._channels[port] = track
            self._servers[port] = _server_ports(transport)
        else:
            self._channels[_channel(transport, 2 * len(self._channels))] = track
        self._next_setup(now)

    def _fail(self, code: str, *, retry: bool = True, **data: Datum) -> None:
        self._step = _Step.OVER
        self._asked = None
        self._events.append(Failed(code, data, retry))


def _channel(transport: str, asked: int) -> int:
    """The RTP channel the server chose (§12.39); what we asked for when it does not say."""
    for part in transport.split(";"):
        name, _, value = part.strip().partition("=")
        first = value.partition("-")[0].strip()
        if name.lower() == "interleaved" and first.isascii() and first.isdigit() and len(first) < 4:
            return min(int(first), 254)
    return asked


def _server_ports(transport: str) -> tuple[int, int]:
    """The ports RTP and RTCP come from (§12.39), 0 and 0 when the server does not say."""
    for part in transport.split(";"):
        name, _, value = part.strip().partition("=")
        first, _, second = value.partition("-")
        if name.strip().lower() == "server_port" and (rtp := _port(first)):
            return rtp, _port(second) or min(rtp + 1, 65535)
    return 0, 0


def _port(text: str) -> int:
    text = text.strip()
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0
    return number if number < 65536 else 0
