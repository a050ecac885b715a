"""What a simulated loudspeaker heard: RTP packets of G.711A in, figures out. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from civicam.media.core import rtp
from civicam.simulator.sound import ALAW_POWER, SAMPLE_RATE

PCMA = 8
_FULL_SCALE = 32_768.0


@dataclass(slots=True)
class Heard:
    """One call. Times are monotonic seconds; ``ended`` says why it is over, empty while it is not.

    ``foreign`` are packets from elsewhere or of another SSRC, ``unheard`` those that are no G.711A.
    """

    device: str
    target: str
    source: str
    tcp: bool
    ssrc: int
    began: float
    packets: int = 0
    octets: int = 0
    foreign: int = 0
    unheard: int = 0
    ended: str = ""
    last: float | None = None
    longest_gap: float = 0.0
    _first: int | None = field(default=None, repr=False)
    _highest: int = field(default=0, repr=False)
    _power: float = field(default=0.0, repr=False)

    def take(self, data: bytes, now: float) -> None:
        """One packet."""
        if rtp.is_rtcp(data):
            return
        packet = rtp.parse(data)
        if packet is None or packet.payload_type != PCMA:
            self.unheard += 1
        elif packet.ssrc != self.ssrc:
            self.foreign += 1
        else:
            self._hear(packet, now)

    def _hear(self, packet: rtp.RtpPacket, now: float) -> None:
        if self._first is None:
            self._first = self._highest = packet.sequence
        else:
            ahead = (packet.sequence - self._highest) & 0xFFFF
            if ahead < 0x8000:
                self._highest += ahead
        if self.last is not None:
            self.longest_gap = max(self.longest_gap, now - self.last)
        self.last = now
        self.packets += 1
        self.octets += len(packet.payload)
        self._power += sum(map(ALAW_POWER.__getitem__, packet.payload))

    @property
    def lost(self) -> int:
        """Packets whose numbers are missing."""
        return 0 if self._first is None else max(self._highest - self._first + 1 - self.packets, 0)

    @property
    def level_db(self) -> float | None:
        """The mean level in dB of full scale; None when nothing was heard."""
        if not self.octets:
            return None
        return 10 * math.log10(max(self._power / self.octets, 1.0) / _FULL_SCALE**2)

    def report(self) -> dict[str, object]:
        """What the control socket says."""
        level = self.level_db
        return {
            "device": self.device,
            "target": self.target,
            "source": self.source,
            "transport": "tcp" if self.tcp else "udp",
            "packets": self.packets,
            "seconds": round(self.octets / SAMPLE_RATE, 2),
            "lost": self.lost,
            "longest_gap_ms": round(self.longest_gap * 1000),
            "level_db": None if level is None else round(level, 1),
            "foreign": self.foreign,
            "unheard": self.unheard,
            "ended": self.ended,
        }
