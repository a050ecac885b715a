"""Media of live sessions: ports, connections, and who sends into them from the studio."""

from __future__ import annotations

import asyncio
import random
import socket
from collections.abc import Callable
from dataclasses import replace

from civicam.simulator.device import GbDevice
from civicam.simulator.faults import Condition
from civicam.simulator.outputs import Session
from civicam.simulator.picture import MAIN, SUB, Profile, codec_of
from civicam.simulator.studio import Studio
from civicam.simulator.transmit import Stream, Tally, Transmitter, media_socket

_CONNECT_S = 5.0
_PRIVATE_SSRCS = 10_000


class MediaSessions:
    """All sessions of a process by Call-ID. ``hang_up`` is called in the loop when a session's media breaks.

    Without a studio nothing is ever sent.
    """

    def __init__(self, studio: Studio | None, hang_up: Callable[[str], None], rng: random.Random) -> None:
        self._studio = studio
        self._hang_up = hang_up
        self._rng = rng
        self._sockets: dict[str, socket.socket] = {}
        self._sending: dict[str, tuple[Transmitter, Profile, str]] = {}
        self.tally = Tally()

    @property
    def streams(self) -> int:
        """Sessions that send."""
        return len(self._sending)

    def prepare(self, device: GbDevice, session: Session) -> bool:
        """Open the media port and let the device answer; False when there is no port."""
        host = device.origin.host
        try:
            sock = _stream_socket(host) if session.offer.tcp else media_socket(host)
        except OSError:
            device.refuse(session, 500)
            return False
        self._sockets[session.call_id] = sock
        ssrc = session.offer.ssrc
        if ssrc is None:
            ssrc = self._rng.randrange(1, _PRIVATE_SSRCS)
        session.offer = replace(session.offer, ssrc=ssrc)
        device.accept(session, sock.getsockname()[1], ssrc)
        return True

    async def play(self, device: GbDevice, session: Session, condition: Condition) -> None:
        """Connect to the offered address and send."""
        sock = self._sockets.pop(session.call_id, None)
        if sock is None or self._studio is None:
            return
        loop = asyncio.get_running_loop()
        sock.setblocking(False)
        try:
            await asyncio.wait_for(
                loop.sock_connect(sock, (session.offer.host, session.offer.port)), _CONNECT_S
            )
        except (OSError, TimeoutError):
            sock.close()
            self._hang_up(session.call_id)
            return
        if session.call_id not in device.sessions:
            sock.close()  # hung up meanwhile
            return
        channel = session.channel
        word = channel.codec if session.main else channel.sub_codec
        sender = Transmitter(
            sock, Stream(codec_of(word), channel.audio, session.offer.ssrc or 0), condition, self.tally,
            seed=self._rng.randrange(1 << 30), broken=lambda: self._broken(loop, session.call_id),
        )  # fmt: skip
        profile = MAIN if session.main else SUB
        self._sending[session.call_id] = (sender, profile, channel.gb_id)
        self._studio.open(channel.gb_id, profile, sender)

    def _broken(self, loop: asyncio.AbstractEventLoop, call_id: str) -> None:
        """While a picture is handed round: hang up after it."""
        loop.call_soon(self._hang_up, call_id)

    def silence(self, call_id: str) -> None:
        """Stop sending and close the port; fine for a session that never sent."""
        waiting = self._sockets.pop(call_id, None)
        if waiting is not None:
            waiting.close()
        found = self._sending.pop(call_id, None)
        if found is not None:
            sender, profile, channel = found
            if self._studio is not None:
                self._studio.close(channel, profile, sender)
            sender.close()

    def close(self) -> None:
        """Silence everything."""
        for call_id in [*self._sending, *self._sockets]:
            self.silence(call_id)


def _stream_socket(host: str) -> socket.socket:
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    sock.bind((host, 0))
    return sock
