"""Cameras for the signalling benchmark: tens of thousands in one process, each with an address of its own.

One socket sends for all: the source address of each datagram is chosen by ``IP_PKTINFO`` (ip(7)), and what
is sent to any of these addresses arrives at the same socket. A plain loop over ``poll`` is used, for this
process must be cheaper than what it measures.
"""

from __future__ import annotations

import contextlib
import heapq
import multiprocessing
import os
import random
import select
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from civicam.bench.signalling_messages import Camera, alarm_taken
from civicam.bench.signalling_work import Done, Raised, Work
from civicam.kernel.errors import Operational

_PATIENCE_S = 120.0
_BUFFER_BYTES = 16 * 1024 * 1024
_EXPIRES_S = 3600
_T1, _T2, _TIMEOUT = 0.5, 4.0, 32.0
"""RFC 3261 §17.1.2, as a device on UDP has it."""
_RETRY_S = 60.0
"""A device whose registration failed waits at least so long (GB/T 28181-2022 §9.1.1)."""
_AWAY_S = 5.0
"""How long a camera that said goodbye stays away."""
_IP_PKTINFO = getattr(socket, "IP_PKTINFO", 8)


@dataclass(slots=True)
class _Asked:
    """A request that waits for its answer."""

    kind: str
    data: bytes
    serial: int
    at: float
    begun: float
    """When the exchange began that this is a part of: the first REGISTER of a registration."""
    interval: float = _T1


class Devices:
    """The cameras numbered from ``first`` of one measurement."""

    def __init__(self, port: int, count: int, first: int = 0) -> None:
        self._first = first
        self._cameras = {number: Camera(number) for number in range(first, first + count)}
        self._to = ("127.0.0.1", port)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
            self._socket.setsockopt(socket.SOL_SOCKET, option, _BUFFER_BYTES)
        self._socket.bind(("0.0.0.0", 0))  # noqa: S104 — every address of the loopback network
        self._poll = select.poll()
        self._poll.register(self._socket, select.POLLIN)
        self._serial = 0
        self._asked: dict[int, _Asked] = {}
        self._due: list[tuple[float, int, int]] = []
        """Retransmissions and retries: when, camera, serial of the request (0: begin again)."""
        self._raised: dict[int, Raised] = {}
        """Alarms that are not over, by serial."""
        self._silent = False
        self._away: set[int] = set()
        """Who said goodbye and is not back."""
        self._random = random.Random(28181)
        self._loss = 0.0
        self._turn = 0
        self._done = Done()
        self._next: Callable[[int, str, float], None] = lambda number, kind, now: None

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def run(self, work: Work) -> Done:
        """Do it, and tell."""
        self._done = Done()
        self._asked.clear()
        self._due.clear()
        self._raised.clear()
        self._loss = work.loss
        self._silent = work.kind == "silent"
        begun = time.monotonic()
        getattr(self, "_silent_ones" if self._silent else f"_{work.kind}")(work, begun)
        self._done.seconds = time.monotonic() - begun
        self._done.unanswered = len(self._asked)
        return self._done

    # -- kinds of work

    def _register(self, work: Work, begun: float) -> None:
        waiting = iter(self._cameras)

        def following(_number: int, _kind: str, _now: float) -> None:
            number = next(waiting, None)
            if number is not None:
                self._ask(number, "register")

        self._next = following
        for _ in range(work.window):
            following(0, "", begun)
        while self._asked:
            self._listen(0.1)
            self._resend(time.monotonic())

    def _refresh(self, work: Work, begun: float) -> None:
        self._closed_loop("register", work, begun)

    def _keepalive(self, work: Work, begun: float) -> None:
        self._closed_loop("keepalive", work, begun)

    def _closed_loop(self, kind: str, work: Work, begun: float) -> None:
        end = begun + work.seconds

        def following(_number: int, _kind: str, now: float) -> None:
            if now < end:
                self._ask(self._whose(), kind)

        self._next = following
        for _ in range(min(work.window, len(self._cameras))):
            following(0, "", begun)
        while self._asked and time.monotonic() < end + _TIMEOUT:
            self._listen(0.1)
            self._resend(time.monotonic())

    def _city(self, work: Work, begun: float) -> None:
        end = begun + work.seconds

        def following(number: int, kind: str, now: float) -> None:
            if kind == "goodbye":
                heapq.heappush(self._due, (now + _AWAY_S, number, 0))

        self._next = following
        beats, leaves, refreshes = begun, begun, begun
        while (now := time.monotonic()) < end or (self._asked and now < end + _TIMEOUT):
            while beats <= now < end:
                self._ask(self._whose(), "keepalive")
                beats += 1 / work.rate
            while work.churn and leaves <= now < end - _AWAY_S:  # who leaves is back before the end
                self._ask(self._whose(), "goodbye")
                leaves += 1 / work.churn
            while work.refreshes and refreshes <= now < end:
                self._ask(self._whose(), "register")
                refreshes += 1 / work.refreshes
            self._resend(now)
            self._listen(max(0.0, min(beats, now + 0.05) - now))

    def _silent_ones(self, work: Work, begun: float) -> None:
        self._register(work, begun)
        self._done.seconds = 0.0
        self._city(work, time.monotonic())

    def _blackout(self, work: Work, begun: float) -> None:
        for number in self._cameras:
            at = begun + self._random.random() * work.spread_s
            heapq.heappush(self._due, (at, number, 0))
        back: list[int] = []

        def following(number: int, kind: str, now: float) -> None:
            if kind == "register":
                back.append(number)
                self._done.registered_after_s.append(now - begun)

        self._next = following
        beats, at, alarms = begun, 0, begun
        last_alarm = begun + work.seconds - _TIMEOUT / 4  # those after it could not be answered in time
        while (now := time.monotonic()) < begun + work.seconds:
            while beats <= now:
                beats += 1 / work.rate
                if back:  # each that is back beats in its turn, all in count / rate seconds
                    at = (at + 1) % len(self._cameras)
                    if at < len(back):
                        self._ask(back[at], "keepalive")
            while work.alarms and alarms <= now < last_alarm:
                alarms += 1 / work.alarms
                if back:
                    self._raise(self._random.choice(back))
            self._resend(now)
            self._listen(0.002)

    # -- asking and hearing

    def _whose(self) -> int:
        """The next camera that has nothing under way."""
        count = len(self._cameras)
        for _ in range(count):
            self._turn = (self._turn + 1) % count
            number = self._first + self._turn
            if number not in self._asked and number not in self._away:
                break
        return self._first + self._turn

    def _raise(self, number: int) -> None:
        """Send an alarm."""
        self._serial += 1
        now = time.monotonic()
        raised = Raised(number, self._cameras[number].alarm(self._serial), now, _T1)
        self._raised[self._serial] = raised
        self._done.alarms += 1
        heapq.heappush(self._due, (now + _T1, number, self._serial))
        self._send_alarm(raised)

    def _send_alarm(self, raised: Raised) -> None:
        if self._send(raised.data, self._cameras[raised.number]) and raised.left_at is None:
            raised.left_at = time.monotonic()

    def _said(self, data: bytes) -> None:
        """What the platform sent, before the net may lose it: the end of its own share of an alarm's time."""
        raised = None if data[:8] == b"SIP/2.0 " else self._raised.get(alarm_taken(data) or 0)
        if raised is not None and not raised.answered and raised.left_at is not None:
            raised.answered = True
            self._done.alarm_own_s.append(time.monotonic() - raised.left_at)

    def _ask(self, number: int, kind: str, challenge: bytes = b"", begun: float | None = None) -> None:
        self._serial += 1
        if kind == "goodbye":
            self._away.add(number)
        elif kind == "register":
            self._away.discard(number)
        camera = self._cameras[number]
        if kind == "keepalive":
            data = camera.keepalive(self._serial)
        else:
            data = camera.register(self._serial, 0 if kind == "goodbye" else _EXPIRES_S, challenge)
        now = time.monotonic()
        self._asked[number] = _Asked(kind, data, self._serial, now, now if begun is None else begun)
        heapq.heappush(self._due, (now + _T1, number, self._serial))
        self._send(data, camera)

    def _send(self, data: bytes, camera: Camera) -> bool:
        """Whether it left."""
        if self._loss and self._random.random() < self._loss:
            return False
        ancillary = [(socket.IPPROTO_IP, _IP_PKTINFO, camera.packet_info)]
        try:
            self._socket.sendmsg([data], ancillary, 0, self._to)
        except BlockingIOError:
            return False  # lost like any other datagram
        return True

    def _listen(self, timeout_s: float) -> None:
        """Take everything that is there."""
        if not self._poll.poll(timeout_s * 1000):
            return
        for data in self._arrived():
            if self._raised:
                self._said(data)
            if self._loss and self._random.random() < self._loss:
                continue
            if data[:8] == b"SIP/2.0 ":
                self._heard(data)
            else:
                self._questioned(data)

    def _arrived(self) -> Iterator[bytes]:
        with contextlib.suppress(BlockingIOError):
            while True:
                yield self._socket.recv(65536)

    def _heard(self, data: bytes) -> None:
        start = data.index(b"Call-ID: ") + 9
        number, serial = int(data[start : start + 8], 16), int(data[start + 8 : start + 18])
        raised = self._raised.get(serial)
        if raised is not None:
            raised.heard = raised.heard or data[8:11] == b"200"
            return
        asked = self._asked.get(number)
        if asked is None or asked.serial != serial or data[8:9] == b"1":
            return  # the answer to a retransmission, or to a MESSAGE with an answer of ours
        now, status = time.monotonic(), data[8:11]
        del self._asked[number]
        if status == b"401" and asked.kind != "keepalive" and b"Authorization:" not in asked.data:
            self._ask(number, asked.kind, data, asked.begun)
            return
        self._done.latency_s.append(now - asked.at)
        if status == b"200":
            self._done.exchanges += 1
            if asked.kind == "register":
                self._done.registration_s.append(now - asked.begun)
            self._next(number, asked.kind, now)
            return
        self._done.failed += 1
        if self._loss:
            heapq.heappush(self._due, (now + _RETRY_S, number, 0))
        self._next(number, "", now)

    def _questioned(self, data: bytes) -> None:
        """A MESSAGE of the platform: 200, then what it asked for."""
        if self._silent:
            return
        start = data.index(b"sip:") + 4
        number = int(data[start + 14 : start + 20])
        camera = self._cameras[number]
        ok, body = camera.answer(data)
        self._send(ok, camera)
        taken = self._raised.pop(alarm_taken(data) or 0, None)
        if taken is not None:
            self._done.alarm_s.append(time.monotonic() - taken.at)
        if body:
            self._serial += 1
            self._send(camera.message(self._serial, body), camera)

    def _resend(self, now: float) -> None:
        """What waits too long is sent again; what nobody answered is given up."""
        while self._due and self._due[0][0] <= now:
            _, number, serial = heapq.heappop(self._due)
            if serial == 0:
                if number not in self._asked:
                    self._ask(number, "register")
                continue
            raised = self._raised.get(serial)
            if raised is not None:
                self._repeat(raised, serial, now)
                continue
            asked = self._asked.get(number)
            if asked is None or asked.serial != serial:
                continue
            if now - asked.at >= _TIMEOUT:
                del self._asked[number]
                self._done.failed += 1
                if asked.kind != "keepalive":
                    heapq.heappush(self._due, (now + _RETRY_S, number, 0))
                continue
            asked.interval = min(asked.interval * 2, _T2)
            heapq.heappush(self._due, (now + asked.interval, number, serial))
            self._send(asked.data, self._cameras[number])

    def _repeat(self, raised: Raised, serial: int, now: float) -> None:
        """Send an alarm again that has no 200 yet."""
        if raised.heard or now - raised.at >= _TIMEOUT:
            return
        raised.interval = min(raised.interval * 2, _T2)
        heapq.heappush(self._due, (now + raised.interval, raised.number, serial))
        self._send_alarm(raised)


@contextmanager
def cameras(port: int, count: int, core: int | None, first: int = 0) -> Iterator[Callable[[Work], Done]]:
    """A process with ``count`` cameras that talk to ``port``; call it with what they are to do."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=play, args=(theirs, port, count, core, first), daemon=True)
    process.start()
    theirs.close()

    def work(wanted: Work) -> Done:
        ours.send(wanted)
        done: Done = receive(ours, wanted.seconds + _PATIENCE_S)
        return done

    try:
        receive(ours, _PATIENCE_S)
        yield work
    finally:
        process.terminate()
        process.join()
        ours.close()


def receive(pipe: Connection, patience_s: float) -> Any:
    """What a process of ours says; `Operational` ``bench.no-answer`` when it says nothing in time."""
    try:
        if pipe.poll(patience_s):
            return pipe.recv()
    except EOFError:
        pass
    raise Operational("bench.no-answer", seconds=patience_s)


def play(pipe: Connection, port: int, count: int, core: int | None, first: int = 0) -> None:
    """The process: takes `Work` from ``pipe`` and answers each with `Done`, until the pipe closes."""
    if core is not None:
        os.sched_setaffinity(0, {core})
    devices = Devices(port, count, first)
    try:
        pipe.send(None)
        while True:
            pipe.send(devices.run(pipe.recv()))
    except (EOFError, BrokenPipeError):
        devices.close()
