"""Sound for a loudspeaker: A-law in as it comes, RTP packets out by the clock (RFC 3551 §4.5.14).

A page sends when its sound card likes; a device plays 8,000 samples a second, and some hang up when nothing
comes. So packets go out evenly, with silence where nobody speaks; a voice starts a little late, so that an
uneven network does not chop it; and what waits is bounded: late words are worth nothing.
"""

from __future__ import annotations

from civicam.media.core import rtp
from civicam.media.core.g711 import RATE, SILENCE
from civicam.media.core.rtcp import SenderReport

_HEAD_START_S = 0.06
"""So much must wait before a voice is begun ..."""
_HEAD_START_MOST_S = 0.2
"""... unless it came so long ago: a word may be shorter."""
_BEHIND_MOST_S = 0.5
"""Later than this we do not catch up: a burst would only fill the device's buffer."""


class SpeechPacer:
    """``packet_ms`` a packet, at most ``most_s`` of sound waiting. ``start``: the first number and stamp."""

    def __init__(
        self, *, ssrc: int, payload_type: int, packet_ms: int, start: tuple[int, int], most_s: float = 1.0
    ) -> None:
        self.sent = 0
        self.silent = 0
        self.dropped = 0
        """Bytes (samples) that were thrown away because too much waited."""
        self.due: float | None = None
        """When the next packet goes out; None before `start`."""
        self._ssrc = ssrc
        self._type = payload_type
        self._size = RATE * packet_ms // 1000
        self._step = packet_ms / 1000
        self._sequence, self._timestamp = start
        self._most = int(most_s * RATE)
        self._waiting = bytearray()
        self._since: float | None = None
        self._talking = False
        self._octets = 0

    def put(self, sound: bytes, now: float) -> None:
        """More A-law; the oldest that waits is thrown away beyond the bound."""
        if not self._waiting:
            self._since = now
        self._waiting += sound
        over = len(self._waiting) - self._most
        if over > 0:
            del self._waiting[:over]
            self.dropped += over

    def start(self, now: float) -> None:
        """The first packet is due."""
        self.due = now

    def stop(self) -> None:
        """Nobody listens; what waits is thrown away."""
        self.due = None
        self.dropped += len(self._waiting)
        self._waiting.clear()
        self._talking = False

    def packets(self, now: float) -> list[bytes]:
        """What has become due by ``now``."""
        if self.due is None:
            return []
        if now - self.due > _BEHIND_MOST_S:
            missed = int((now - self.due) / self._step)
            self.due += missed * self._step
            self._timestamp += missed * self._size
        out = []
        while self.due <= now:
            out.append(self._packet(now))
            self.due += self._step
        return out

    @property
    def waiting_ms(self) -> int:
        """What is said next, in milliseconds."""
        return len(self._waiting) * 1000 // RATE

    def report(self, ntp: int) -> SenderReport:
        """What RTCP tells the device; ``ntp`` is the 64-bit time."""
        return SenderReport(
            self._ssrc, ntp, self._timestamp & 0xFFFFFFFF, self.sent, self._octets & 0xFFFFFFFF
        )

    def _packet(self, now: float) -> bytes:
        begins = self._may_talk(now) and not self._talking
        self._talking = self._talking or begins
        payload = b""
        if self._talking:
            payload = bytes(self._waiting[: self._size])
            del self._waiting[: self._size]
        if len(payload) < self._size:
            self._talking = False
            self.silent += not payload
            payload += SILENCE * (self._size - len(payload))
        packet = rtp.RtpPacket(self._type, begins, self._sequence, self._timestamp, self._ssrc, payload)
        self._sequence += 1
        self._timestamp += self._size
        self.sent += 1
        self._octets += len(payload)
        return rtp.build(packet)

    def _may_talk(self, now: float) -> bool:
        """Whether enough waits to begin, or what there is has waited long enough."""
        if not self._waiting or self._since is None:
            return False
        return len(self._waiting) >= _HEAD_START_S * RATE or now - self._since >= _HEAD_START_MOST_S
