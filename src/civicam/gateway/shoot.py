"""One ask for pictures (图像抓拍, GB/T 28181-2022): what has come of it, pure. Times are monotonic seconds.

    asked ──picture──▶ arriving ──all pictures──▶ done
      │                   │
      └── refused, time over, the device says that it is finished ──▶ failed (with the pictures that came)

What lies on our disk decides. The device's notice that it is finished only ends the waiting: some send it
before their last upload has arrived, some never do. A picture that comes twice, because our answer was lost,
is one picture; two pictures of one name, as of firmwares that call every picture alike, are two.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from civicam.kernel.errors import Refused

OVER = "gateway.snapshot-over"
NONE_CAME = "gateway.snapshot-none"
FEWER_CAME = "gateway.snapshot-fewer"

Stage = Literal["asked", "arriving", "done", "failed"]
Offer = Literal["new", "copy", "beyond"]


@dataclass(frozen=True, slots=True)
class Kept:
    """A picture on our disk. ``name`` is the device's own, for comparing only; ``digest`` SHA-256, hex."""

    digest: str
    name: str
    bytes: int
    width: int
    height: int


class Shoot:
    """``wanted`` pictures until ``deadline``; ``tail_s``: how long stragglers have after the notice."""

    def __init__(self, wanted: int, deadline: float, tail_s: float, most_bytes: int) -> None:
        self.wanted = wanted
        self.stage: Stage = "asked"
        self.code = ""
        self.pictures: list[Kept] = []
        self.told: int | None = None
        """How many pictures the device says it has sent; None before it says anything."""
        self._deadline = deadline
        self._tail_s = tail_s
        self._bytes_left = most_bytes
        self._calls_left = 3 * wanted + 8

    @property
    def over(self) -> bool:
        """Whether it has ended."""
        return self.stage in {"done", "failed"}

    def admit(self, now: float) -> None:
        """Somebody calls with the right address. Raises `Refused` ``gateway.snapshot-over``.

        A little after the end calls are still heard, so that a device whose last answer was lost gets it.
        """
        self._calls_left -= 1
        if self._calls_left < 0 or now >= self._deadline or self.stage == "failed":
            raise Refused(OVER)

    def spend(self, size: int) -> bool:
        """Count ``size`` bytes that came in, whatever becomes of them; False when it was too much."""
        self._bytes_left -= size
        return self._bytes_left >= 0

    def offer(self, digest: str, name: str) -> Offer:
        """What a whole picture is: one more, a copy of one that is there, or one too many."""
        for each in self.pictures:
            if each.digest == digest and (not name or not each.name or each.name == name):
                return "copy"
        return "beyond" if self.over or len(self.pictures) >= self.wanted else "new"

    def keep(self, picture: Kept, now: float) -> None:
        """A new picture is on the disk."""
        self.pictures.append(picture)
        self.stage = "arriving"
        if len(self.pictures) >= self.wanted:
            self._end("done", "", now)

    def finished(self, told: int, now: float) -> None:
        """The device says it is finished."""
        if not self.over:
            self.told = told
            self._deadline = min(self._deadline, now + self._tail_s)

    def fail(self, code: str, now: float) -> None:
        """It comes to nothing."""
        if not self.over:
            self._end("failed", code, now)

    def get_timer(self) -> float:
        """When to call `handle_timer`: at the deadline, then once more to close the address."""
        return self._deadline

    def handle_timer(self, now: float) -> bool:
        """Time may be over; False once the address is to be closed."""
        if now < self._deadline:
            return True
        if self.over:
            return False
        self.fail(FEWER_CAME if self.pictures else NONE_CAME, now)
        return True

    def _end(self, stage: Stage, code: str, now: float) -> None:
        self.stage, self.code = stage, code
        self._deadline = now + self._tail_s
