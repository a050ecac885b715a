"""RTP over TCP, we connecting to the device (``a=setup:active`` in our offer)."""

from __future__ import annotations

from collections.abc import Callable

from civicam.media.aio.dial import PAUSE_S, Dialler
from civicam.media.aio.gather import Sockets
from civicam.media.aio.source import Push
from civicam.media.aio.tcp import Connection, TcpReceiver
from civicam.media.core.receive import RtpReceiver


class TcpCaller(TcpReceiver):
    """A `Source` that holds a port and calls from it once it knows whom. ``gave_up`` hears why it ends."""

    def __init__(
        self,
        sockets: Sockets,
        host: str,
        receiver: RtpReceiver,
        push: Push,
        gave_up: Callable[[str], None],
    ) -> None:
        super().__init__(sockets, host, receiver, push)
        self.pause_s = PAUSE_S
        self._gave_up = gave_up
        self._dialler: Dialler | None = None
        self._before = 0

    async def listen(self) -> None:
        """Hold a port, nothing more."""
        self._dialler = Dialler(self._pool, self._bind_host, self.connection, self._gave_up, self.pause_s)
        self.port = self._dialler.port

    def call(self, host: str, port: int) -> None:
        """Call there, and again when it hangs up. ``media.bad-address``."""
        assert self._dialler is not None
        self._host = host
        self._dialler.call(host, port)

    def accept(self, connection: Connection) -> bool:
        """Our own call is always the one we want."""
        self._before = self._receiver.packets
        return super().accept(connection)

    def lost(self, connection: Connection, *, hopeless: bool) -> None:
        super().lost(connection, hopeless=hopeless)
        if self._dialler is not None:
            self._dialler.hung_up(useful=self._receiver.packets > self._before)

    def close(self, now: float) -> None:
        if not self._closed and self._dialler is not None:
            self._dialler.close(now)
            self.port = 0  # it rests already
        super().close(now)
