"""TCP active: we call the device, from the port that stands in our SDP (some devices check, gb28181 2016 L).

The port is held from the offer on. A call that fails or ends is made again after a pause; three in a row
without success are the end.
"""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import logging
import socket
import struct
from collections.abc import Callable

from civicam.kernel.errors import Operational, Refused
from civicam.media.aio.ports import PortPool

_log = logging.getLogger("civicam.media.dial")

TRIES = 3
PAUSE_S = 1.0
"""The least time between two calls (2022 D.2: three tries, a second apart or more)."""
_CONNECT_S = 5.0
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
"""SO_LINGER: no TIME_WAIT, which would keep us from calling the same device from the same port again."""


class Dialler:
    """Calls one address from one local port of the pool.

    ``make`` makes the protocol of a connection; ``gave_up`` hears ``media.connect-failed``. Whoever owns the
    connection says with `hung_up` that it ended and whether anything came of it.
    """

    def __init__(
        self,
        pool: PortPool,
        host: str,
        make: Callable[[], asyncio.Protocol],
        gave_up: Callable[[str], None],
        pause_s: float = PAUSE_S,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._pool = pool
        self._host = host
        self._make = make
        self._gave_up = gave_up
        self._pause_s = pause_s
        self._task: asyncio.Task[None] | None = None
        self._ended: asyncio.Future[bool] | None = None
        self.port, self._held = self._reserve()

    def call(self, host: str, port: int) -> None:
        """Call from now on; another address replaces the first. ``media.bad-address``: a name, or port 0."""
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            address = None
        if address is None or not 0 < port < 65536:
            raise Refused("media.bad-address", host=host, port=port)
        if self._task is not None:
            self._task.cancel()
        self._task = self._loop.create_task(self._keep_calling(host, port))

    def hung_up(self, *, useful: bool) -> None:
        """The connection ended; ``useful``: something had come over it."""
        if self._ended is not None and not self._ended.done():
            self._ended.set_result(useful)

    def close(self, now: float) -> None:
        """No more calls; the port rests."""
        if self._task is not None:
            self._task.cancel()
        self._held.close()
        self._pool.rest(self.port, now)

    def _reserve(self) -> tuple[int, socket.socket]:
        """A port of the pool, bound: nobody else gets it meanwhile."""
        while True:
            now = self._loop.time()
            port = self._pool.take(now)
            try:
                return port, self._bound(port)
            except OSError as error:
                self._pool.rest(port, now)
                if error.errno != errno.EADDRINUSE:
                    raise Operational(
                        "media.bind-failed", host=self._host, reason=error.strerror or ""
                    ) from error

    def _bound(self, port: int) -> socket.socket:
        sock = socket.socket(socket.AF_INET6 if ":" in self._host else socket.AF_INET, socket.SOCK_STREAM)
        try:
            sock.setblocking(False)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # beside the one that holds the port
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            sock.bind((self._host, port))
        except OSError:
            sock.close()
            raise
        return sock

    async def _keep_calling(self, host: str, port: int) -> None:
        failures = 0
        while failures < TRIES:
            since = self._loop.time()
            useful = await self._one_call(host, port)
            failures = 0 if useful else failures + 1
            if failures < TRIES:
                await asyncio.sleep(max(0.0, since + self._pause_s - self._loop.time()))
        self._gave_up("media.connect-failed")

    async def _one_call(self, host: str, port: int) -> bool:
        """Call and wait for the end; whether anything came of it."""
        self._ended = self._loop.create_future()
        try:
            sock = self._bound(self.port)
        except OSError as error:
            _log.warning("port %d: %s", self.port, error)
            return False
        try:
            async with asyncio.timeout(_CONNECT_S):
                await self._loop.sock_connect(sock, (host, port))
            await self._loop.create_connection(self._make, sock=sock)
        except (OSError, TimeoutError) as error:
            sock.close()
            _log.info("port %d: %s:%d does not answer: %s", self.port, host, port, error)
            return False
        except asyncio.CancelledError:
            sock.close()
            raise
        return await self._ended
