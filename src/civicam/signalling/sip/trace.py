"""What went over the wire lately, for each device: the record behind the SIP ladder operators see.

`Trace.record` is a `civicam.signalling.sip.endpoint.Tap`. It runs for every message of the city, so it only
finds whose ring the bytes belong to and keeps them; they are parsed and their secrets masked
(`civicam.signalling.sip.masking`) when somebody reads. Nothing is written anywhere.

Bounded three ways: so many messages a device, so many bytes of each message, so many bytes in all. When the
last is reached, the oldest message of one of the largest rings goes. Heartbeats have a short ring of their
own beside each device's: a day of them must not push out the registration somebody looks for.
"""

from __future__ import annotations

import codecs
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from civicam.signalling.sip.errors import BadMessage
from civicam.signalling.sip.headers import CSeq, NameAddr, Via, parse_list
from civicam.signalling.sip.limits import Limits
from civicam.signalling.sip.masking import masked
from civicam.signalling.sip.parse import Draft, read_head
from civicam.signalling.sip.peer import Peer

KeyOf = Callable[[str, Peer], str]
"""Whose message it is: the other side's user part (``""`` when it cannot be read) and its address → a key of
ours. Strangers share one key, or anybody could fill the memory.
"""

_OVERHEAD = 256
"""What one record costs beside its bytes, about."""
_BEATS = 2
"""The last heartbeat and its answer."""
_FROM = re.compile(rb"\r\n(?:From|f)[ \t]*:[^\r\n]*?sips?:([^@;>\s]{1,64})@", re.IGNORECASE)
_TO = re.compile(rb"\r\n(?:To|t)[ \t]*:[^\r\n]*?sips?:([^@;>\s]{1,64})@", re.IGNORECASE)
_COMMAND = re.compile(rb"<CmdType>\s*(\w{1,40})\s*</")
_LIMITS = Limits()

_REGISTER = ord("R")
_PULSE = 224
"""What the last heartbeat and its answer cost beside their bytes, about."""
_Pulse = tuple[int, float, Peer, bytes, bytes]
"""Number of the answer, monotonic seconds, other side, heartbeat, answer."""
_Record = tuple[int, float, bool, Peer, int, bytes]
"""Number, monotonic seconds, came in, other side, size on the wire, bytes kept."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One message as it is shown. What could not be read is ``""`` or 0; ``status`` is 0 for a request.

    ``number`` grows over all devices and never repeats. ``message`` is masked, and cut when ``size`` (bytes
    on the wire) is more than a trace keeps. ``method`` of a response is that of its CSeq. ``command`` is the
    CmdType of a MANSCDP body.
    """

    number: int
    at: float
    incoming: bool
    peer: Peer
    size: int
    message: bytes
    method: str = ""
    status: int = 0
    reason: str = ""
    cseq: int = 0
    call_id: str = ""
    branch: str = ""
    from_id: str = ""
    to_id: str = ""
    command: str = ""
    cut: bool = False

    @property
    def text(self) -> str:
        """The message for people: a body in UTF-8 or GB18030, whatever it says of itself."""
        head, gap, body = self.message.partition(b"\r\n\r\n")
        return (head + gap).decode("utf-8", "replace") + _decoded(body)


class _Ring:
    """One key's records. Lists, for a deque of its own costs every device half a KiB before its first."""

    __slots__ = ("beat", "beats", "held", "least", "rest")

    def __init__(self) -> None:
        self.rest: list[_Record] = []
        self.beats: list[_Record] = []
        self.held = 0
        """Bytes, overhead included."""
        self.least = 0
        """The power of two its size class begins with; 0: in none."""
        self.beat: bool | None = None
        """The direction of the heartbeat whose answer is next; ``None`` when none is awaited."""

    def rows_for(self, incoming: bool, data: bytes) -> list[_Record]:
        """Where a message belongs: heartbeats and their answers to themselves."""
        if data.startswith(b"SIP/"):
            if self.beat is None or self.beat is incoming:
                return self.rest
            self.beat = None
            return self.beats
        if b">Keepalive<" in data:
            self.beat = incoming
            return self.beats
        self.beat = None
        return self.rest

    def pop(self, rows: list[_Record] | None = None) -> int:
        """Lose the oldest record, of ``rows`` or of all; gives its bytes."""
        if rows is None:
            older = not self.rest or (self.beats and self.beats[0] < self.rest[0])
            rows = self.beats if older else self.rest
        lost = len(rows.pop(0)[5]) + _OVERHEAD
        self.held -= lost
        return lost

    def __bool__(self) -> bool:
        return bool(self.rest or self.beats)


class Trace:
    """The rings of all devices.

    ``messages`` each device keeps beside its heartbeats, ``message_bytes`` of one message, ``total_bytes`` of
    all together. ``counters``: ``recorded``, ``aged`` (its ring was full), ``evicted`` (the memory was).
    """

    def __init__(
        self,
        key_of: KeyOf,
        *,
        messages: int = 200,
        message_bytes: int = 8_192,
        total_bytes: int = 32 * 1024 * 1024,
    ) -> None:
        self.counters: Counter[str] = Counter()
        self.held = 0
        """Bytes held now."""
        self._key_of = key_of
        self._messages = messages
        self._message_bytes = message_bytes
        self._total = total_bytes
        self._number = 0
        self._rings: dict[str, _Ring] = {}
        self._pulses: dict[str, _Pulse] = {}
        """The last heartbeat of each device that the lane answered."""
        self._sizes: list[dict[str, _Ring]] = [{} for _ in range(64)]
        """Rings by the bit length of what they hold: one of the largest is found without a search."""
        self._top = 0
        """No ring is of a longer bit length."""

    def record(self, incoming: bool, data: bytes, peer: Peer, now: float, who: str = "") -> None:
        """Keep one message. ``who``: the user part of the other side where it was read already."""
        self._number += 1
        ring = self._rings.get(who) if who else None
        key = who
        if ring is None:
            key = self._key_of(who or _far_id(incoming, data), peer)
            ring = self._rings.get(key)
            if ring is None:
                ring = self._rings[key] = _Ring()
        size = len(data)
        kept = data if size <= self._message_bytes else data[: self._message_bytes]
        rows = ring.rows_for(incoming, data)
        if rows is ring.beats:
            self._drop(key)
        rows.append((self._number, now, incoming, peer, size, kept))
        cost = len(kept) + _OVERHEAD
        ring.held += cost
        self.counters["recorded"] += 1
        if len(rows) > (_BEATS if rows is ring.beats else self._messages):
            cost -= ring.pop(rows)
            self.counters["aged"] += 1
        self.held += cost
        if not ring.least <= ring.held < 2 * ring.least:
            self._classify(key, ring)
        while self.held > self._total:
            self._evict()

    def beat(self, who: str, asked: bytes, answer: bytes, peer: Peer, now: float) -> None:
        """Keep what the lane answered (`civicam.signalling.sip.lane`); of heartbeats the last."""
        if asked[0] == _REGISTER:
            self.record(True, asked, peer, now, who)
            self.record(False, answer, peer, now, who)
            return
        before = self._pulses.get(who)
        self._number += 2
        self._pulses[who] = self._number, now, peer, asked, answer
        self.held += len(asked) + len(answer)
        if before is not None:
            self.held -= len(before[3]) + len(before[4])
        else:
            self.held += _PULSE
            ring = self._rings.get(who)
            while ring is not None and ring.beats:
                self._lose(who, ring, ring.beats)
        self.counters["recorded"] += 2
        while self.held > self._total:
            self._evict()

    def read(self, key: str, after: int = 0) -> list[Entry]:
        """The messages of ``key`` in order, those numbered above ``after``, parsed and masked."""
        ring, pulse = self._rings.get(key), self._pulses.get(key)
        records = [] if ring is None else [*ring.rest, *ring.beats]
        if pulse is not None:
            number, now, peer, asked, answer = pulse
            records.append((number - 1, now, True, peer, len(asked), asked))
            records.append((number, now, False, peer, len(answer), answer))
        return [_entry(record) for record in sorted(records, key=_number) if record[0] > after]

    def forget(self, key: str) -> None:
        """Drop what is held of ``key``: the device was removed."""
        ring = self._rings.pop(key, None)
        if ring is not None:
            del self._sizes[ring.least.bit_length()][key]
            self.held -= ring.held
        self._drop(key)

    def _drop(self, key: str) -> None:
        pulse = self._pulses.pop(key, None)
        if pulse is not None:
            self.held -= len(pulse[3]) + len(pulse[4]) + _PULSE

    def __len__(self) -> int:
        """How many keys have something."""
        return len(self._rings.keys() | self._pulses.keys())

    def _classify(self, key: str, ring: _Ring) -> None:
        """Put a ring among those of its size."""
        self._sizes[ring.least.bit_length()].pop(key, None)
        level = ring.held.bit_length()
        ring.least = 1 << (level - 1)
        self._sizes[level][key] = ring
        self._top = max(self._top, level)

    def _evict(self) -> None:
        while self._top and not self._sizes[self._top]:
            self._top -= 1
        if not self._top:
            self._drop(next(iter(self._pulses)))
            self.counters["evicted"] += 2
            return
        key, ring = next(reversed(self._sizes[self._top].items()))
        self._lose(key, ring)
        self.counters["evicted"] += 1

    def _lose(self, key: str, ring: _Ring, rows: list[_Record] | None = None) -> None:
        """Drop the oldest record of a ring, and the ring with its last."""
        self.held -= ring.pop(rows)
        if not ring:
            del self._sizes[ring.least.bit_length()][key], self._rings[key]
        elif ring.held < ring.least:
            self._classify(key, ring)


def _far_id(incoming: bool, data: bytes) -> str:
    """The user part of the other side: From of what it asks, To of what it answers."""
    answered = data.startswith(b"SIP/") is incoming
    # what nearly everybody writes, by plain search: a pattern takes four times as long
    at = data.find(b"\r\nTo: <sip:" if answered else b"\r\nFrom: <sip:")
    if at >= 0:
        start = at + (11 if answered else 13)
        stop = data.find(b"@", start, start + 65)
        user = data[start : max(start, stop)]
        if user.isalnum():
            return user.decode("ascii")
    found = (_TO if answered else _FROM).search(data)
    return "" if found is None else found[1].decode("ascii", "replace")


def _number(record: _Record) -> int:
    return record[0]


def _entry(record: _Record) -> Entry:
    number, at, incoming, peer, size, data = record
    head, _, body = data.partition(b"\r\n\r\n")
    draft = read_head(head, _LIMITS)
    cseq = _cseq(draft)
    command = _COMMAND.search(body)
    return Entry(
        number=number,
        at=at,
        incoming=incoming,
        peer=peer,
        size=size,
        message=masked(data),
        method=draft.method or (cseq.method if cseq else ""),
        status=draft.status,
        reason=draft.reason,
        cseq=cseq.number if cseq else 0,
        call_id=draft.headers.first("call-id") or "",
        branch=_branch(draft),
        from_id=_user(draft, "from"),
        to_id=_user(draft, "to"),
        command=command[1].decode() if command else "",
        cut=size > len(data),
    )


def _cseq(draft: Draft) -> CSeq | None:
    try:
        return CSeq.parse(draft.headers.first("cseq") or "")
    except BadMessage:
        return None


def _branch(draft: Draft) -> str:
    try:
        return Via.parse(parse_list(draft.headers.first("via") or "", "Via")[0]).branch
    except (BadMessage, IndexError):
        return ""


def _user(draft: Draft, key: str) -> str:
    try:
        return NameAddr.parse(draft.headers.first(key) or "").uri.user or ""
    except BadMessage:
        return ""


def _decoded(body: bytes) -> str:
    """UTF-8 when it is (a character cut in half at the end is borne), else GB18030."""
    try:
        return codecs.getincrementaldecoder("utf-8")().decode(body)
    except UnicodeDecodeError:
        return body.decode("gb18030", "replace")
