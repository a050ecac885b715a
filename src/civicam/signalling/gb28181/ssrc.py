"""The SSRC of media sessions (GB/T 28181 §4.3 of 2016 Annex F, 2022 Annex G ``y=``).

Ten decimal digits: 0 live or 1 history; digits 4-8 of the domain's 20-digit id; four digits unique
among the streams of the domain. As a number it goes into the RTP header.
"""

from __future__ import annotations

from civicam.kernel.errors import Operational
from civicam.signalling.gb28181.ids import GbId

SPAN = 10_000
HISTORY = 10**9
"""The first of the ten digits."""


def format_ssrc(ssrc: int) -> str:
    """``y=`` text: ten digits, padded with zeros (200000017 → ``0200000017``)."""
    return f"{ssrc:010d}"


def is_history(ssrc: int) -> bool:
    """Whether the number says playback or download: first of its ten digits 1."""
    return ssrc // HISTORY == 1


class SsrcPool:
    """Gives out SSRCs of one kind: live, or with ``history`` playback and download.

    Devices go on sending with an old SSRC after a BYE or our restart, so a value rests
    ``quarantine`` seconds before it is used again, and ``start`` (0..9999, from the caller's random
    source) differs between runs.
    """

    def __init__(
        self, domain_id: GbId, *, history: bool = False, start: int = 0, quarantine: float = 30.0
    ) -> None:
        self._base = (HISTORY if history else 0) + int(domain_id[3:8]) * SPAN
        self._next = start % SPAN
        self._quarantine = quarantine
        self._used: set[int] = set()
        self._resting: dict[int, float] = {}
        """Serial → when it is free again; in that order, because all rest equally long."""

    def __len__(self) -> int:
        """Values in use, not counting those at rest."""
        return len(self._used) - len(self._resting)

    def allocate(self, now: float) -> int:
        """The next free value. Raises `Operational` ``signalling.no-ssrc`` when all 10 000 are taken."""
        while self._resting and self._resting[first := next(iter(self._resting))] <= now:
            del self._resting[first]
            self._used.discard(first)
        if len(self._used) >= SPAN:
            raise Operational("signalling.no-ssrc", used=len(self._used))
        while self._next in self._used:
            self._next = (self._next + 1) % SPAN
        serial = self._next
        self._next = (serial + 1) % SPAN
        self._used.add(serial)
        return self._base + serial

    def hold(self, ssrc: int) -> None:
        """A device may still send with a value that somebody before us gave out: it is in use until it is
        released. Fine for a value that is none of this pool.
        """
        serial = ssrc - self._base
        if 0 <= serial < SPAN and serial not in self._resting:
            self._used.add(serial)

    def release(self, ssrc: int, now: float) -> None:
        """Put a value to rest; a value that is not in use is ignored, so releasing twice is harmless."""
        serial = ssrc - self._base
        if serial in self._used and serial not in self._resting:
            self._resting[serial] = now + self._quarantine
