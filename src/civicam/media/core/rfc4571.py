"""RTP over TCP: the 16-bit length framing of RFC 4571, and what devices send instead.

Three things are seen in the field: plain frames; RTSP interleaved framing (``$``, channel, length: RFC 2326
§10.12); and a vendor header in front of the first frame. What does not look like the next frame (RTP version
2 and the stream's payload type behind a believable length) starts a search: for an SSRC in its place that was
seen before, or, where none is, for two frames in a row that have the same one.

A length whose first byte is ``$`` (0x24xx = 9,216 to 9,471 bytes) is told from interleaving by where the RTP
header then stands.
"""

from __future__ import annotations

MAX_PACKET = 0xFFFF
HOPELESS_BYTES = 1 << 20
"""This much without one good packet ends the connection: it is not RTP."""

_MIN_PACKET = 8
"""The shortest RTCP packet; RTP starts at twelve."""
_MIN_RTP = 12
_HEAD = 16
"""The longest framing and the RTP header up to its SSRC."""
_LOOK = 6
"""Bytes needed to judge a frame: the longest framing and two bytes of RTP."""
_DOLLAR = 0x24
_SOURCES = 4
"""SSRCs a search looks for at most."""


def frame(packet: bytes) -> bytes:
    """``packet`` (at most 65,535 bytes) behind its length, RFC 4571 §2."""
    return len(packet).to_bytes(2, "big") + packet


def interleave(packet: bytes, channel: int) -> bytes:
    """``packet`` as RTSP interleaved data."""
    return bytes((_DOLLAR, channel)) + len(packet).to_bytes(2, "big") + packet


class StreamFramer:
    """Bytes of a TCP connection in, RTP packets out. Holds less than one frame; never raises on bad bytes."""

    def __init__(self) -> None:
        self.rest = b""
        """What came of a packet that is not whole yet, or of bytes that are still searched."""
        self._known: list[bytes] = []
        """SSRCs of the stream, the newest last: one stray packet must not hide the others from a search."""
        self._type = -1
        self._bad_run = 0
        self._searching = False
        self.skipped_bytes = 0
        self.resyncs = 0

    @property
    def hopeless(self) -> bool:
        """More garbage in a row than any resynchronisation deserves: close the connection."""
        return self._bad_run >= HOPELESS_BYTES

    def feed(self, data: bytes) -> list[bytes]:
        """The packets completed by ``data``."""
        packets: list[bytes] = []
        position = 0
        first = self.completed(data)
        if first:
            packets.append(first[2:])
            position = len(first) - len(self.rest)
        elif self.rest:
            data = self.rest + data
        last = len(data) - _LOOK
        while position <= last:
            if self._searching:
                position = self._search(data, position)
                if self._searching:
                    break
            start, length = _candidate(data, position)
            if not start or not self._expected(data[start + 1]):
                for packet in packets:
                    self._learn(packet)
                self._searching = True
                self.resyncs += 1
                continue
            end = start + length
            if end > len(data):
                break
            packets.append(data[start:end])
            position = end
        self.rest = data[position:]
        if packets:
            self._bad_run = 0
            self._learn(packets[-1])
        return packets

    def _learn(self, packet: bytes) -> None:
        if not 192 <= packet[1] <= 223:
            self._type = packet[1] & 0x7F
            self._remember(packet[8:12])

    def _remember(self, ssrc: bytes) -> None:
        known = self._known
        if not known or known[-1] != ssrc:
            self._known = [*[each for each in known if each != ssrc][1 - _SOURCES :], ssrc]

    def completed(self, data: bytes) -> bytes:
        """The packet in `rest`, with its length, if it is a plain one that ``data`` completes; else empty.

        Copies that packet alone, where putting the rest in front of ``data`` would copy everything. Changes
        nothing: who uses it calls `done`, or `feed`, which looks again.
        """
        rest = self.rest
        if self._searching or len(rest) < _LOOK:
            return b""
        length = rest[0] << 8 | rest[1]
        missing = 2 + length - len(rest)
        if length < _MIN_PACKET or rest[2] >> 6 != 2 or rest[3] & 0x7F != self._type or missing > len(data):
            return b""
        return rest + data[:missing]

    def begun(self, data: bytes, position: int) -> bool:
        """Whether ``data`` ends, from ``position`` on, in the beginning of one more plain packet; kept then.

        The end of nearly every read is like that, and `feed` would come to the same by more steps.
        """
        left = len(data) - position
        if self._searching or self.rest or left < _LOOK:
            return False
        length = data[position] << 8 | data[position + 1]
        plain = length >= _MIN_PACKET and data[position + 2] >> 6 == 2
        if not plain or data[position + 3] & 0x7F != self._type or 2 + length <= left:
            return False
        self.rest = data[position:]
        return True

    def done(self) -> None:
        """Somebody else took the completed packet, and it was a good one."""
        self.rest = b""
        self._bad_run = 0

    def follow(self, ssrc: int) -> None:
        """Somebody else took good packets of ``ssrc``: that is what a search looks for from now on."""
        self._remember(ssrc.to_bytes(4, "big"))

    def _expected(self, second: int) -> bool:
        """Whether this second byte fits the stream: its payload type, or RTCP."""
        return self._type < 0 or second & 0x7F == self._type or 192 <= second <= 223

    def _search(self, data: bytes, first: int) -> int:
        """Where a frame begins that is surely one; else where to go on searching."""
        position = self._by_ssrc(data, first)
        if position < 0:
            position = self._by_agreement(data, first)
        self.skipped_bytes += position - first
        self._bad_run += position - first
        return position

    def _by_ssrc(self, data: bytes, first: int) -> int:
        """The stream is known: a frame has one of its SSRCs in the right place; -1 when none has."""
        starts = [start for ssrc in self._known if (start := _of(ssrc, data, first)) >= 0]
        if not starts:
            return -1
        position = min(starts)
        self._searching = False
        self._type = data[_candidate(data, position)[0] + 1] & 0x7F  # a camera may change its payload type
        return position

    def _by_agreement(self, data: bytes, first: int) -> int:
        """Nothing known is there (a vendor header comes first): two frames in a row must have one SSRC."""
        for position in range(first, len(data) - _HEAD):
            start, length = _candidate(data, position)
            if not start or length < _MIN_RTP:
                continue
            following = start + length
            if following + _HEAD > len(data):
                if self._known:
                    continue  # the known one may follow: what waits would be searched again and again
                return position  # the proof has not arrived: wait for it
            after = _candidate(data, following)[0]
            if after and data[after + 8 : after + 12] == data[start + 8 : start + 12]:
                self._searching = False
                return position
        return max(first, len(data) - _HEAD)


def _of(ssrc: bytes, data: bytes, first: int) -> int:
    """Where the first frame with this SSRC begins; -1 when there is none."""
    found = data.find(ssrc, first)
    while found >= 0:
        for position in (found - 10, found - 12):
            if position >= first and _candidate(data, position)[0] == found - 8:
                return position
        found = data.find(ssrc, found + 1)
    return -1


def _candidate(data: bytes, position: int) -> tuple[int, int]:
    """(packet start, length) of a frame that could begin at ``position``; start 0 when none could."""
    length = data[position] << 8 | data[position + 1]
    if length >= _MIN_PACKET and data[position + 2] >> 6 == 2:
        return position + 2, length
    if data[position] == _DOLLAR:
        length = data[position + 2] << 8 | data[position + 3]
        if length >= _MIN_PACKET and data[position + 4] >> 6 == 2:
            return position + 4, length
    return 0, 0
