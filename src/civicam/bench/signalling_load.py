"""The three parties of the signalling benchmark, each for a process of its own.

* `serve_agent`: the real `SipAgent` with a registrar of a dozen lines: challenge, verify, 200.
* `serve_floor`: a bare uvloop protocol that answers every message with the same bytes; nothing is read.
* `send_load`: devices in a closed loop: so many messages under way, each answer lets the next one go.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import sys
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any, Literal, cast

from civicam.signalling.aio import SipAgent
from civicam.signalling.sip.build import IdSource, Origin, new_request, new_response
from civicam.signalling.sip.digest import (
    Challenge,
    Password,
    answer,
    challenge,
    ha1,
    parse_authorization,
    verify,
)
from civicam.signalling.sip.endpoint import SipEndpoint
from civicam.signalling.sip.events import RequestReceived
from civicam.signalling.sip.limits import Limits
from civicam.signalling.sip.nonce import NonceBook, NonceState
from civicam.signalling.sip.peer import Transport

Kind = Literal["keepalive", "register"]

_HOST = "127.0.0.1"
_REALM = "3402000000"
_PLATFORM = f"sip:34020000002000000001@{_REALM}"
_BODY = (
    b'<?xml version="1.0" encoding="GB18030"?>\r\n<Notify><CmdType>Keepalive</CmdType><SN>412</SN>'
    b"<DeviceID>34020000001180000001</DeviceID><Status>OK</Status></Notify>\r\n"
)
_FRESH = (b"@BRANCH@@@", b"@CALL@@@@@")
"""What is replaced in each message; ten bytes, so that every message has the same length."""


@dataclass(frozen=True, slots=True)
class Load:
    """One measurement: what is sent, how, how many at a time, for how long (seconds, after the warm-up)."""

    kind: Kind
    transport: Transport
    port: int
    window: int
    warm_up_s: float
    seconds: float
    message_bytes: int = 0
    """For the floor on TCP, which finds messages by their length."""


def run_loop(main: Coroutine[Any, Any, None], *, plain: bool = False) -> None:
    """Run on uvloop where it exists, as the server does; ``plain``: on asyncio's own loop."""
    factory: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop
    if sys.platform != "win32" and not plain:
        import uvloop

        factory = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(main)


# -- ours


class Registrar:
    """Challenges, verifies, accepts: what every registration costs at least."""

    def __init__(self) -> None:
        self._nonces = NonceBook(os.urandom(32))
        self._ha1: dict[str, str] = {}
        ids = IdSource(os.urandom)
        bounds = Limits(source_rate=1e9, source_burst=1e9, transactions=10_000_000)
        self.agent = SipAgent(SipEndpoint(ids, limits=bounds), self.take)

    def take(self, event: RequestReceived) -> None:
        """One request of a device."""
        request, now = event.request, time.monotonic()
        if request.method != "REGISTER":
            self.agent.respond(event.key, new_response(request, 200))
            return
        device = request.from_.uri.user or ""
        auth = parse_authorization(request.headers.get("Authorization"))
        if auth is not None and self._nonces.check(device, auth.nonce, auth.nc, now) is NonceState.FRESH:
            stored = self._ha1.get(device) or self._ha1.setdefault(
                device, ha1(device, _REALM, _password(device))
            )
            if verify(stored, "REGISTER", auth):
                self._nonces.use(auth.nonce, auth.nc, now)
                headers = [("Expires", "3600"), ("Date", "2026-03-02T09:15:31.482"), ("X-GB-Ver", "3.0")]
                self.agent.respond(event.key, new_response(request, 200, headers=headers))
                return
        question = challenge(_REALM, self._nonces.issue(device, now), qop="")
        self.agent.respond(event.key, new_response(request, 401, headers=[("WWW-Authenticate", question)]))


def serve_agent(pipe: Connection) -> None:
    """Serve until killed; the port goes through ``pipe``."""

    async def main() -> None:
        registrar = Registrar()
        pipe.send(await registrar.agent.listen(_HOST, 0))
        await asyncio.Event().wait()

    run_loop(main())


# -- the floor


class _EchoDatagram(asyncio.DatagramProtocol):
    def __init__(self, canned: bytes) -> None:
        self._canned = canned

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._send = cast("asyncio.DatagramTransport", transport).sendto

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._send(self._canned, addr)


class _EchoStream(asyncio.Protocol):
    def __init__(self, canned: bytes, message_bytes: int) -> None:
        self._canned = canned
        self._length = message_bytes
        self._bytes = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._write = cast("asyncio.Transport", transport).write

    def data_received(self, data: bytes) -> None:
        whole, self._bytes = divmod(self._bytes + len(data), self._length)
        if whole:
            self._write(self._canned * whole)


def serve_floor(pipe: Connection, transport: Transport, message_bytes: int, plain: bool = False) -> None:
    """Echo a canned 200 until killed; the port goes through ``pipe``."""
    request = new_request("MESSAGE", _PLATFORM, _origin(transport), from_uri=_device(0), to_uri=_PLATFORM)
    canned = new_response(request, 200, to_tag="0123456789abcdef").to_bytes()

    async def main() -> None:
        loop = asyncio.get_running_loop()
        if transport == "udp":
            opened, _ = await loop.create_datagram_endpoint(
                lambda: _EchoDatagram(canned), local_addr=(_HOST, 0)
            )
            pipe.send(opened.get_extra_info("sockname")[1])
        else:
            server = await loop.create_server(lambda: _EchoStream(canned, message_bytes), _HOST, 0)
            pipe.send(server.sockets[0].getsockname()[1])
        await asyncio.Event().wait()

    run_loop(main(), plain=plain)


# -- the devices


def _origin(transport: Transport) -> Origin:
    return Origin("192.0.2.64", 5060, transport, IdSource(os.urandom), "civicam-bench")


def _device(number: int) -> str:
    return f"sip:{34020000001180000000 + number:020d}@{_REALM}"


def _password(device: str) -> str:
    return f"bench-{device}"


def template(kind: Kind, transport: Transport) -> bytes:
    """A message with the places for its branch and Call-ID left open."""
    method = "MESSAGE" if kind == "keepalive" else "REGISTER"
    request = new_request(method, _PLATFORM, _origin(transport), from_uri=_device(1), to_uri=_PLATFORM)
    branch, call = (mark.decode() for mark in _FRESH)
    request.headers.set("Via", f"SIP/2.0/{transport.upper()} 192.0.2.64:5060;rport;branch=z9hG4bK{branch}")
    request.headers.set("Call-ID", f"{call}@192.0.2.64")
    if kind == "keepalive":
        request.set_body("Application/MANSCDP+xml", _BODY)
    else:
        request.headers.set("Expires", "3600")
    return request.to_bytes()


class Sender:
    """The closed loop. ``done`` counts whole exchanges, ``failed`` answers that are no 200 (or 401 in its
    place).
    """

    def __init__(self, load: Load) -> None:
        self.done = 0
        self.failed = 0
        self._load = load
        self._template = template(load.kind, load.transport)
        self._numbers = itertools.count()
        self._secret = Password("34020000001180000001", _password("34020000001180000001"))

    def first(self) -> bytes:
        """A fresh message."""
        fresh = b"%010d" % next(self._numbers)
        return self._template.replace(_FRESH[0], fresh).replace(_FRESH[1], fresh)

    def next(self, response: bytes) -> bytes:
        """What follows an answer: the authorised REGISTER after a 401, else a fresh message."""
        status = response[8:11]
        if status == b"401" and self._load.kind == "register":
            return self._authorised(response)
        if status == b"200":
            self.done += 1
        else:
            self.failed += 1
        return self.first()

    def _authorised(self, response: bytes) -> bytes:
        start = response.index(b'nonce="') + 7
        nonce = response[start : response.index(b'"', start)].decode()
        value = answer(Challenge(_REALM, nonce), self._secret, "REGISTER", _PLATFORM, "")
        data = self.first()
        return data.replace(b"Expires:", b"Authorization: " + value.encode() + b"\r\nExpires:", 1)


class _DatagramDevices(asyncio.DatagramProtocol):
    def __init__(self, sender: Sender, window: int) -> None:
        self._sender = sender
        self._window = window

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)
        for _ in range(self._window):
            self._transport.sendto(self._sender.first())

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._transport.sendto(self._sender.next(data))


class _StreamDevices(asyncio.Protocol):
    def __init__(self, sender: Sender, window: int) -> None:
        self._sender = sender
        self._window = window
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(b"".join(self._sender.first() for _ in range(self._window)))

    def data_received(self, data: bytes) -> None:
        *whole, self._rest = (self._rest + data).split(b"\r\n\r\n")
        if whole:
            self._transport.write(b"".join(map(self._sender.next, whole)))


def send_load(pipe: Connection, load: Load) -> None:
    """Send; ``pipe`` gets ``None`` when the warm-up is over, then (exchanges, failures, seconds)."""

    async def main() -> None:
        sender = Sender(load)
        await _connect(sender, load)
        await asyncio.sleep(load.warm_up_s)
        pipe.send(None)
        begun, done, failed = time.monotonic(), sender.done, sender.failed
        await asyncio.sleep(load.seconds)
        pipe.send((sender.done - done, sender.failed - failed, time.monotonic() - begun))

    run_loop(main())


async def _connect(sender: Sender, load: Load) -> None:
    loop = asyncio.get_running_loop()
    if load.transport == "udp":
        await loop.create_datagram_endpoint(
            lambda: _DatagramDevices(sender, load.window), remote_addr=(_HOST, load.port)
        )
    else:
        await loop.create_connection(lambda: _StreamDevices(sender, load.window), _HOST, load.port)
