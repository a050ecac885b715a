"""RTP over TCP: the 16-bit length framing of RFC 4571, and what devices send instead.

Three things are seen in the field: plain frames; RTSP interleaved framing (``$``, channel, length: RFC 2326
§10.12); and a vendor header in front of the first frame. What does not look like the next frame (RTP version
2 and the stream's payload type behind a believable length) starts a search: for the SSRC in its place, or,
before any is known, for two frames in a row that have the same one.

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
        self._ssrc = b""
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
            newest = packets[-1]
            if not 192 <= newest[1] <= 223:
                self._ssrc = newest[8:12]
                self._type = newest[1] & 0x7F
        return packets

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
        self._ssrc = ssrc.to_bytes(4, "big")

    def _expected(self, second: int) -> bool:
        """Whether this second byte fits the stream: its payload type, or RTCP."""
        return self._type < 0 or second & 0x7F == self._type or 192 <= second <= 223

    def _search(self, data: bytes, first: int) -> int:
        """Where a frame begins that is surely one; else where to go on searching."""
        position = self._by_ssrc(data, first) if self._ssrc else self._by_agreement(data, first)
        self.skipped_bytes += position - first
        self._bad_run += position - first
        return position

    def _by_ssrc(self, data: bytes, first: int) -> int:
        """The stream is known: a frame has its SSRC in the right place."""
        found = data.find(self._ssrc, first)
        while found >= 0:
            for position in (found - 10, found - 12):
                if position >= first and _candidate(data, position)[0] == found - 8:
                    self._searching = False
                    self._type = data[found - 7] & 0x7F  # a camera may change its payload type
                    return position
            found = data.find(self._ssrc, found + 1)
        return max(first, len(data) - _HEAD)

    def _by_agreement(self, data: bytes, first: int) -> int:
        """Nothing is known yet (a vendor header comes first): two frames in a row must have one SSRC."""
        for position in range(first, len(data) - _HEAD):
            start, length = _candidate(data, position)
            if not start or length < _MIN_RTP:
                continue
            following = start + length
            if following + _HEAD > len(data):
                return position  # the proof has not arrived: wait for it
            after = _candidate(data, following)[0]
            if after and data[after + 8 : after + 12] == data[start + 8 : start + 12]:
                self._searching = False
                return position
        return max(first, len(data) - _HEAD)


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
