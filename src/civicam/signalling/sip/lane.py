"""A lane of its own for what a city says all day: read whole, decided in one call, answered at once.

A heartbeat or the first REGISTER of a registration differs from the last one in its branch, tags, Call-ID,
numbers. `Lane.answer` takes a datagram only when it is of a shape met before
(`civicam.signalling.sip.shapes`) and the layer above decides it without a second look; for everything else it
gives ``None``, and the request goes the whole way through transaction and events.

What is answered here is answered as a stateless server does (RFC 3261 §8.2.7): nothing is kept for a
retransmission, which is decided anew. So only requests may come here that may be done twice: a sign of life,
and a REGISTER that only gets its challenge, for which §26.3.2.4 wants no state. The To tag is computed from
the request, as on the whole way, so both give the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable

from civicam.signalling.sip.answers import MAX_GAIN, to_tag
from civicam.signalling.sip.limits import Counters, Limits, Spared
from civicam.signalling.sip.peer import Peer
from civicam.signalling.sip.plain import FIELDS, read_plain
from civicam.signalling.sip.shapes import MOST_BYTES, Shapes

_LEARN_S = 1.0
"""Who is known may teach an order so often."""


Decision = tuple[str, str, Peer, bool]
"""The status line; header fields, each with its line end; who asked; whether it is known that it is who he
says, else he gets at most twice what he sent.
"""
Decide = Callable[[str, str, tuple[str, int], float], Decision | None]
"""User parts of From and To, host and port, monotonic seconds → what becomes of it; ``None``: the whole way.
"""
Tap = Callable[[str, bytes, bytes, Peer, float], None]
"""Hears what was answered here: the user part of who asked, the request, the answer, its address, seconds."""


class Lane:
    """One for each endpoint; the orders of ``spared`` devices are learnt."""

    def __init__(self, limits: Limits, counters: Counters, secret: bytes, spared: Spared) -> None:
        self._counters = counters
        self._secret = secret
        self._spared = spared
        self._limits = limits
        least = min(MOST_BYTES, limits.message_bytes, limits.line_bytes)
        self._most = least if limits.header_fields >= len(FIELDS) else 0
        self._ways: dict[int, tuple[Shapes, Decide]] = {}
        self._learn_at = float("-inf")
        self.tap: Tap | None = None

    def open(self, first: bytes, shapes: Shapes, decide: Decide) -> None:
        """Take requests that begin with the byte ``first``."""
        self._ways[first[0]] = shapes, decide

    def close(self) -> None:
        """Everything goes the whole way from now on."""
        self._ways.clear()

    def answer(self, data: bytes, address: tuple[str, int], now: float) -> bytes | None:
        """The answer to a datagram, not yet sent; ``None``: nothing was done, it goes the whole way."""
        way = self._ways.get(data[0]) if data else None
        if way is None or len(data) > self._most or not data.isascii():
            return None
        shapes, decide = way
        text = data.decode("ascii")
        short = shapes.read(text)
        if short is None:
            if now >= self._learn_at:
                self._learn(shapes, data, address, now)
            return None
        host, port = address
        if ":" in host:
            return None
        before, after, from_, from_user, to, to_user, call_id, cseq, _ = short
        decision = decide(from_user, to_user, address, now)
        if decision is None:
            return None
        start, more, peer, trusted = decision
        via = f"{before};rport={port}{after};received={host}"
        tag = to_tag(self._secret, call_id, via, cseq)
        answer = (
            f"{start}\r\nVia: {via}\r\nFrom: {from_}\r\nTo: {to};tag={tag}\r\n"
            f"Call-ID: {call_id}\r\nCSeq: {cseq}\r\n{more}Content-Length: 0\r\n\r\n"
        ).encode("utf-8", "surrogateescape")
        if not trusted and len(answer) > MAX_GAIN * len(data):
            self._counters["held-amplification"] += 1
            return b""
        self._counters["sent"] += 1
        if self.tap is not None:
            self.tap(from_user, data, answer, peer, now)
        return answer

    def _learn(self, shapes: Shapes, data: bytes, address: tuple[str, int], now: float) -> None:
        """Take the order of a request in its usual spelling, from somebody known."""
        source = Peer("udp", *address)
        if self._spared.known(source):
            self._learn_at = now + _LEARN_S
            if read_plain(data, self._limits, source) is not None:
                shapes.learn(data.decode("ascii"))
