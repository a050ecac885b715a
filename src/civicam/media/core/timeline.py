"""One stream's time: 33-bit PTS or 32-bit RTP stamps in, ticks of 90 kHz from 0 that never wrap out.

PTS wrap after 26.5 hours, RTP stamps after 13.3; some devices write a 32-bit counter into the 33-bit field,
so both wraps are tried. A stamp more than five seconds off what the arrival says is first taken for a
stray; when three in a row agree it is a new timeline (seek, time synchronisation, re-INVITE), which goes on
where the old one stopped, since players and recordings need time to grow.

Two things are told from outside: that a jump was asked for (a seek; then the first step of more than a second
is taken for it), and at what speed a recording is sent (then steps are longer, or each group is a jump back).
"""

from __future__ import annotations

TICKS = 90_000
JUMP = 5 * TICKS
BACKWARD = -TICKS
"""Further back than pictures are ever reordered."""
_PROOF = 3
_ASKED_STEP = TICKS
_ASKED_BACK = -TICKS // 2
"""While a jump is due: steps that pictures, reordered or not, take without one."""


def signed(delta: int, bits: int) -> int:
    """``delta`` modulo 2**bits, as the number nearest to zero."""
    half = 1 << (bits - 1)
    return ((delta + half) & ((1 << bits) - 1)) - half


class Timeline:
    """Maps stamps of ``bits`` width at ``clock_rate`` to ticks of 90 kHz."""

    def __init__(self, bits: int = 33, clock_rate: int = TICKS) -> None:
        self._bits = bits
        self._rate = clock_rate
        self._plain = clock_rate == TICKS
        self._raw: int | None = None
        self._at = 0.0
        self._out = 0
        self._last = -1
        self._stray: int | None = None
        self._strays = 0
        self._cut = False
        self._usual = JUMP
        self._reach = JUMP
        """How far the next stamp may be ahead without a second look."""
        self._asked_until = 0.0
        self._backwards = False
        self.jumps = 0

    def cut(self) -> None:
        """The source starts anew: the next stamp begins a new timeline after the old one."""
        self._cut = self._raw is not None

    def expect_jump(self, until: float) -> None:
        """A seek was asked for: a jump that comes before ``until`` begins a new timeline at once."""
        self._asked_until = until
        self._reach = _ASKED_STEP

    def pace(self, scale: float) -> None:
        """The source sends at ``scale`` times its speed: fast, it may leave pictures out; backwards
        (negative), each group of pictures begins before the last one did."""
        self._usual = int(JUMP * max(1.0, abs(scale)))
        self._backwards = scale < 0
        self._asked_until = 0.0
        self._reach = _ASKED_STEP if self._backwards else self._usual

    def map(self, raw: int, now: float) -> tuple[int, bool]:
        """(ticks, whether a new timeline begins) of the stamp of a picture that arrived at ``now``.

        Ticks follow the stamps and may step back a little where pictures are reordered.
        """
        last = self._raw
        if last is None:
            self._raw, self._at, self._last = raw, now, 0
            return 0, False
        if self._plain and 0 <= raw - last <= self._reach and not self._cut:  # the usual next stamp
            self._stray = None
            self._raw, self._at = raw, now
            self._out += raw - last
            if self._out > self._last:
                self._last = self._out
            return self._out, False
        elapsed = max(0, int((now - self._at) * TICKS))
        if self._cut:
            return self._begin(raw, elapsed, now)
        delta = self._delta(raw)
        if (self._asked_until or self._backwards) and self._is_asked_for(delta, now):
            return self._begin(raw, elapsed, now)
        floor = max(0, self._last + BACKWARD)  # small steps back must not add up
        if not self._odd(delta, elapsed) and (delta >= 0 or self._out + delta >= floor):
            self._stray = None
            self._raw, self._at = raw, now
            self._out += delta
            self._last = max(self._last, self._out)
            return self._out, False
        if (
            self._stray is not None
            and abs(signed(raw - self._stray, self._bits)) * TICKS <= JUMP * self._rate
        ):
            self._strays += 1
        else:
            self._strays = 1
        self._stray = raw
        if self._strays >= _PROOF:
            self.jumps += 1
            return self._begin(raw, elapsed, now)
        self._last = max(self._last + 1, self._out + elapsed)
        return self._last, False

    def near(self, raw: int) -> int | None:
        """Ticks of a stamp of the same clock (sound beside pictures); None when it is of another."""
        if self._raw is None:
            return None
        delta = self._delta(raw)
        return max(0, self._out + delta) if abs(delta) <= JUMP else None

    def _begin(self, raw: int, elapsed: int, now: float) -> tuple[int, bool]:
        self._cut = False
        self._stray = None
        self._out = self._last = max(self._last + 1, self._out + elapsed)
        self._raw, self._at = raw, now
        return self._out, True

    def _delta(self, raw: int) -> int:
        difference = raw - (self._raw or 0)
        delta = signed(difference, self._bits)
        if abs(delta) > JUMP and self._bits == 33:
            narrow = signed(difference, 32)
            if abs(narrow) < abs(delta):
                delta = narrow
        return delta if self._rate == TICKS else delta * TICKS // self._rate

    def _is_asked_for(self, delta: int, now: float) -> bool:
        """Whether a step is the jump that is due; it is looked for until it came or its time is over."""
        jumped = not _ASKED_BACK <= delta <= _ASKED_STEP
        if self._backwards:
            return jumped
        late = now > self._asked_until
        if jumped or late:
            self._asked_until = 0.0
            self._reach = self._usual
        return jumped and not late

    def _odd(self, delta: int, elapsed: int) -> bool:
        """Off both the last stamp and what the wait since then explains."""
        if BACKWARD <= delta <= self._usual:
            return False
        return abs(delta - elapsed) > self._usual or delta < 0
