"""The shell around loudspeakers: ports to hear on, calls to the platform, what was heard.

Sound that does not come for a minute ends a call, as devices do: the platform may be gone.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass

from civicam.kernel.errors import CivicamError
from civicam.media.core.rfc4571 import StreamFramer
from civicam.signalling.sip.message import Request
from civicam.signalling.sip.peer import Peer
from civicam.simulator.heard import Heard
from civicam.simulator.member import Member
from civicam.simulator.outputs import Acknowledge, Dial, Hear, Hush, Listen, Voice, VoiceCall
from civicam.simulator.transmit import media_socket

_SILENT_S = 60.0
_LOOK_S = 5.0
_CONNECT_S = 10.0
_GRACE_S = 2.0
"""A BYE may come behind the end of its connection."""
_KEPT = 64
"""Calls that are over and still told of."""
_SSRCS = 100_000_000


@dataclass(eq=False, slots=True)
class _Line:
    """The port of one call, and what came."""

    member: Member
    sock: socket.socket
    heard: Heard
    source: tuple[str, int] | None = None
    watch: asyncio.TimerHandle | None = None
    task: asyncio.Task[None] | None = None


class Voices:
    """All voice calls of a process. ``serve`` looks at a device's outputs, ``peer`` says where they go."""

    def __init__(
        self,
        serve: Callable[[Member], None],
        peer: Callable[[Member], Coroutine[None, None, Peer]],
        rng: random.Random,
    ) -> None:
        self._serve = serve
        self._peer = peer
        self._rng = rng
        self._lines: dict[VoiceCall, _Line] = {}
        self._past: deque[Heard] = deque(maxlen=_KEPT)
        self._tasks: set[asyncio.Task[None]] = set()

    def heard(self) -> list[dict[str, object]]:
        """What was heard, the oldest call first; at most 64 that are over."""
        return [each.report() for each in [*self._past, *(line.heard for line in self._lines.values())]]

    def do(self, member: Member, output: Voice) -> None:
        """What a device asks for."""
        match output:
            case Listen(call=call):
                self._listen(member, call)
            case Dial(call=call):
                self._start(self._dial(member, call))
            case Acknowledge(request=request):
                self._start(self._acknowledge(member, request))
            case Hear():
                self._hear(output)
            case Hush(call=call, why=why):
                self._hush(call, why)

    async def aclose(self) -> None:
        """Close every port."""
        for call in list(self._lines):
            self._hush(call, "the end")
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # -- the way up

    def _listen(self, member: Member, call: VoiceCall) -> None:
        speakers, host = member.device.speakers, member.device.origin.host
        try:
            sock = _stream_socket(host, call.passive) if call.tcp else media_socket(host)
        except OSError:
            speakers.no_port(call)
            return
        sock.setblocking(False)
        ssrc = self._rng.randrange(1, _SSRCS)
        now = asyncio.get_running_loop().time()
        heard = Heard(call.device, call.target, call.source, call.tcp, ssrc, now)
        self._lines[call] = _Line(member, sock, heard)
        speakers.call(call, sock.getsockname()[1], ssrc)

    async def _dial(self, member: Member, call: VoiceCall) -> None:
        response = None
        if member.condition.linked and call.invite is not None:
            with contextlib.suppress(CivicamError):
                response = await member.agent.invite(call.invite, await self._peer(member)).final()
        member.device.speakers.answered(call, response)
        self._serve(member)

    async def _acknowledge(self, member: Member, request: Request) -> None:
        with contextlib.suppress(CivicamError):
            member.agent.send_ack(request, await self._peer(member))

    def _hear(self, output: Hear) -> None:
        line = self._lines.get(output.call)
        if line is None:
            return
        loop = asyncio.get_running_loop()
        line.source = (output.host, output.port)
        line.watch = loop.call_later(_LOOK_S, self._look, output.call)
        if output.call.tcp:
            line.task = self._start(self._stream(output, line))
        else:
            loop.add_reader(line.sock.fileno(), self._datagrams, line)

    # -- what comes

    def _datagrams(self, line: _Line) -> None:
        now = asyncio.get_running_loop().time()
        with contextlib.suppress(BlockingIOError, ConnectionRefusedError):
            while True:
                data, source = line.sock.recvfrom(2048)
                if not _reached(line.member):
                    continue
                if source[:2] != line.source:
                    line.heard.foreign += 1
                else:
                    line.heard.take(data, now)

    async def _stream(self, output: Hear, line: _Line) -> None:
        loop, framer = asyncio.get_running_loop(), StreamFramer()
        try:
            await asyncio.sleep(output.late_s)
            await asyncio.wait_for(_joined(line, output), _CONNECT_S)
            while data := await loop.sock_recv(line.sock, 1 << 16):
                for packet in framer.feed(data) if _reached(line.member) else ():
                    line.heard.take(packet, loop.time())
        except (OSError, TimeoutError):
            pass
        await asyncio.sleep(_GRACE_S)
        self._hang_up(output.call, "the line broke")

    def _look(self, call: VoiceCall) -> None:
        line, loop = self._lines[call], asyncio.get_running_loop()
        since = line.heard.began if line.heard.last is None else line.heard.last
        if loop.time() - since > _SILENT_S:
            self._hang_up(call, "silence")
        else:
            line.watch = loop.call_later(_LOOK_S, self._look, call)

    # -- the way down

    def _hang_up(self, call: VoiceCall, why: str) -> None:
        line = self._lines.get(call)
        if line is not None:
            line.member.device.speakers.ended(call, why, tell=True)
            self._serve(line.member)

    def _hush(self, call: VoiceCall, why: str) -> None:
        line = self._lines.pop(call, None)
        if line is None:
            return
        line.heard.ended = why
        self._past.append(line.heard)
        if line.watch is not None:
            line.watch.cancel()
        if line.task is not None and line.task is not asyncio.current_task():
            line.task.cancel()
        asyncio.get_running_loop().remove_reader(line.sock.fileno())
        line.sock.close()

    def _start(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def _reached(member: Member) -> bool:
    return member.condition.powered and member.condition.linked


async def _joined(line: _Line, output: Hear) -> None:
    """Connect, or be connected to."""
    loop = asyncio.get_running_loop()
    if not output.call.passive:
        await loop.sock_connect(line.sock, (output.host, output.port))
        return
    listening = line.sock
    line.sock, _ = await loop.sock_accept(listening)
    line.sock.setblocking(False)
    listening.close()


def _stream_socket(host: str, passive: bool) -> socket.socket:
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    sock.bind((host, 0))
    if passive:
        sock.listen(1)
    return sock
