"""Media of live sessions: ports, connections, and who sends into them from the studio."""

from __future__ import annotations

import asyncio
import random
import socket
import time
from collections.abc import Callable
from dataclasses import replace

from civicam.signalling.gb28181.sdp import Sdp
from civicam.simulator.device import GbDevice
from civicam.simulator.faults import Condition
from civicam.simulator.outputs import Session
from civicam.simulator.picture import MAIN, SUB, Coded, Profile, codec_of
from civicam.simulator.studio import Sink, Studio
from civicam.simulator.tape import Tape
from civicam.simulator.transmit import Stream, Tally, Transmitter, media_socket

_CONNECT_S = 5.0
_PRIVATE_SSRCS = 10_000


class MediaSessions:
    """All sessions of a process by Call-ID. ``hang_up`` is called in the loop when a session's media breaks,
    ``played`` when its recording is at its end.

    Without a studio nothing is ever sent.
    """

    def __init__(
        self,
        studio: Studio | None,
        hang_up: Callable[[str], None],
        played: Callable[[str], None],
        rng: random.Random,
    ) -> None:
        self._studio = studio
        self._played = played
        self._hang_up = hang_up
        self._rng = rng
        self._sockets: dict[str, socket.socket] = {}
        self._sending: dict[str, tuple[Transmitter, Sink, Profile, str]] = {}
        self.tally = Tally()

    @property
    def streams(self) -> int:
        """Sessions that send."""
        return len(self._sending)

    def prepare(self, device: GbDevice, session: Session) -> bool:
        """Open the media port and let the device answer; False when there is no port."""
        host = device.origin.host
        try:
            sock = _stream_socket(host, session.offer) if session.offer.tcp else media_socket(host)
        except OSError:
            device.calls.refuse(session, 500)
            return False
        self._sockets[session.call_id] = sock
        ssrc = session.offer.ssrc
        if ssrc is None:
            ssrc = self._rng.randrange(1, _PRIVATE_SSRCS)
        session.offer = replace(session.offer, ssrc=ssrc)
        device.calls.accept(session, sock.getsockname()[1], ssrc)
        return True

    async def play(self, device: GbDevice, session: Session, condition: Condition) -> None:
        """Connect to the offered address and send."""
        sock = self._sockets.pop(session.call_id, None)
        if sock is None or self._studio is None:
            return
        loop = asyncio.get_running_loop()
        sock.setblocking(False)
        try:
            sock = await asyncio.wait_for(_connected(loop, sock, session.offer), _CONNECT_S)
        except (OSError, TimeoutError):
            sock.close()
            self._hang_up(session.call_id)
            return
        if session.call_id not in device.calls.sessions:
            sock.close()  # hung up meanwhile
            return
        channel = session.channel
        word = channel.codec if session.main else channel.sub_codec
        sender = Transmitter(
            sock, Stream(codec_of(word), channel.audio, session.offer.ssrc or 0), condition, self.tally,
            seed=self._rng.randrange(1 << 30), broken=lambda: self._broken(loop, session.call_id),
        )  # fmt: skip
        profile = MAIN if session.main else SUB
        if session.tape is None:
            self._sending[session.call_id] = (sender, sender, profile, channel.gb_id)
            self._studio.open(channel.gb_id, profile, sender)
            return
        player = Player(sender, session.tape, lambda: loop.call_soon(self._played, session.call_id))
        name = f"{channel.gb_id}@{session.call_id}"
        self._sending[session.call_id] = (sender, player, profile, name)
        self._studio.open(name, profile, player, player.condition)

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
            sender, sink, profile, channel = found
            if self._studio is not None:
                self._studio.close(channel, profile, sink)
            sender.close()

    def close(self) -> None:
        """Silence everything."""
        for call_id in [*self._sending, *self._sockets]:
            self.silence(call_id)


class Player:
    """A sink that shows a tape: its clock tells the time of the recording, its PTS are the recording's."""

    def __init__(self, sender: Transmitter, tape: Tape, ended: Callable[[], object]) -> None:
        self._sender = sender
        self._tape = tape
        self._ended = ended
        self._told = False
        self.condition = Condition(clock=tape.place - time.time())

    def __call__(self, coded: Coded, number: int) -> None:
        """One picture of the studio."""
        place = self._tape.step(time.monotonic())
        if place is not None:
            self.condition.clock = place - time.time()
            pts = round((place - self._tape.start) * 90_000)
            self._sender(replace(coded, pts=pts), number)
        elif self._tape.finished and not self._told:
            self._told = True
            self._ended()


async def _connected(loop: asyncio.AbstractEventLoop, sock: socket.socket, offer: Sdp) -> socket.socket:
    """The connection the media goes over: made by us, or (the platform is active) awaited."""
    if not offer.tcp or offer.setup != "active":
        await loop.sock_connect(sock, (offer.host, offer.port))
        return sock
    try:
        accepted, _ = await loop.sock_accept(sock)
    finally:
        sock.close()
    accepted.setblocking(False)
    return accepted


def _stream_socket(host: str, offer: Sdp) -> socket.socket:
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    sock.bind((host, 0))
    if offer.setup == "active":
        sock.listen(1)
    return sock
