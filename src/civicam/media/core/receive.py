"""From packets to frames: one `RtpReceiver` a stream ties SSRC, statistics, reordering and demuxing together.

`feed` runs for every packet of every stream, so the expected packet is handled in one straight line; whatever
is unusual (another SSRC, a gap, a header extension, a held packet) takes the long way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from struct import Struct

from civicam.media.core.depacketiser import Depacketiser, TakesRuns
from civicam.media.core.jitter import ReorderWindow
from civicam.media.core.rtcp import ReportBlock
from civicam.media.core.rtp import HEADER, PLAIN, is_rtcp, payload_span
from civicam.media.core.strides import FEWEST, alike
from civicam.media.core.unit import Frame

NOTHING: tuple[Frame, ...] = ()

MAX_DROPOUT = 3000
"""RFC 3550 Appendix A.1: a gap larger than this is a restart, not loss."""
MAX_MISORDER = 100
HOLD_LIMIT = 256
TAKE_OVER_S = 0.5
"""Another SSRC is followed when the present one has been silent this long ..."""
TAKE_OVER_PACKETS = 50
"""... or has sent nothing while the other sent this many."""

_unpack = HEADER.unpack_from
_FRAMED = Struct("!HBBHIII")
"""A length (RFC 4571), the header, and the first four bytes of the payload."""
_unpack_framed = _FRAMED.unpack_from
_unpack_more = Struct("!BBHIII").unpack_from


PushRun = Callable[[list[bytes], int, int, bool, float], Sequence[Frame]]
_Held = tuple[bytes, int, bool]


class RtpReceiver:
    """One stream of RTP packets, from the socket to `Frame`.

    ``ssrc`` is the one agreed in SDP, preferred but not demanded: GB/T 28181 devices use others. ``window_s``
    bounds the wait for a packet out of order; 0 for TCP, where none is.
    """

    def __init__(
        self, depacketiser: Depacketiser, *, ssrc: int | None = None, window_s: float = 0.035
    ) -> None:
        self.strict = False
        """Take the agreed SSRC and no other: before the device has answered nobody else can be meant."""
        self.ssrc: int | None = None
        self.agreed_ssrc = ssrc
        self.octets = 0
        self.malformed = 0
        self.duplicates = 0
        self.late = 0
        self.reordered = 0
        self.foreign = 0
        self.last_packet: float | None = None
        self.timed = True
        """Whether ``now`` tells when packets came; where it does not, jitter is not measured."""
        self.adopt(depacketiser)
        self._window: ReorderWindow[_Held] = ReorderWindow(window_s, HOLD_LIMIT)
        self._next = -1
        """The extended sequence number due next; -1 sends every packet the long way."""
        self._base = 0
        self._lost = 0
        self._before = 0
        self._jitter = 0.0
        self._transit = 0.0
        self._when = 0.0
        self._held = self._window.held
        self._restart_at = -1
        self._foreign_run = 0
        self._interval = (0, 0)
        self._last_sr = (0, 0.0)
        self._warnings: dict[str, None] = {}

    def adopt(self, depacketiser: Depacketiser) -> None:
        """Give the payloads to this one from now on; what the last one still held is gone."""
        self.depacketiser = depacketiser
        self._push = depacketiser.push
        self._push_run: PushRun = self._one_by_one
        self._opening = -1
        if isinstance(depacketiser, TakesRuns):
            self._push_run, self._opening = depacketiser.push_run, depacketiser.opening
        self._rate = float(depacketiser.clock_rate)

    def feed(self, data: bytes, now: float) -> Sequence[Frame]:
        """One RTP packet as it came. Never raises on bad bytes (counted in ``malformed``)."""
        if len(data) < 12:
            self.malformed += 1
            return NOTHING
        first, second, sequence, timestamp, ssrc = _unpack(data)
        if sequence != self._next & 0xFFFF or ssrc != self.ssrc or first != PLAIN or self._held:
            return self._long_way(data, now)
        self._next += 1
        self.octets += len(data)
        self.last_packet = now
        self._measure(timestamp, now, 1)
        return self._push(data[12:], timestamp, second > 127, now)

    def feed_all(self, batch: Sequence[bytes], now: float) -> list[Frame]:
        """Packets that were read together: `feed` for each; neighbours of one picture go down in one run."""
        out: list[Frame] = []
        run: list[bytes] = []
        stamp, ssrc, opening, due = -1, self.ssrc, self._opening, self._due()
        for data in batch:
            if len(data) > 15:
                first, second, sequence, timestamp, source, begins = _unpack_more(data)
                if sequence == due and source == ssrc and first == PLAIN:
                    due += 1  # 65,536 is never due: the wrap takes the long way
                    if timestamp != stamp or begins == opening:
                        if run:
                            self._take(run, stamp, False, now, out)
                            run = []
                        stamp = timestamp
                    run.append(data[12:])
                    if second > 127:
                        self._take(run, stamp, True, now, out)
                        run = []
                    continue
            if run:
                self._take(run, stamp, False, now, out)
                run = []
            out += self.feed(data, now)
            ssrc, due = self.ssrc, self._due()
        if run:
            self._take(run, stamp, False, now, out)
        return out

    def feed_framed(self, data: bytes, position: int, now: float, out: list[Frame]) -> int:
        """`feed_all` for packets that stand in ``data`` one behind the other, each after its length.

        Takes what is plain from ``position`` on and appends the frames to ``out``; the offset of the first
        packet that is not: unusual, out of order, or not whole.
        """
        run: list[bytes] = []
        stamp, ssrc, opening, due = -1, self.ssrc, self._opening, self._due()
        size = len(data)
        last = size - _FRAMED.size
        while position <= last:
            length, first, second, sequence, timestamp, source, begins = _unpack_framed(data, position)
            end = position + 2 + length
            if sequence != due or source != ssrc or first != PLAIN or end > size or length < 16:
                break
            due += 1
            if timestamp != stamp or begins == opening:
                if run:
                    self._take(run, stamp, False, now, out)
                    run = []
                stamp = timestamp
            run.append(data[position + 14 : end])
            position = end
            if second > 127:
                self._take(run, stamp, True, now, out)
                run = []
            elif size - position >= (length + 2) * FEWEST:
                more = alike(data, position, length + 2, due, opening)
                run += more
                due += len(more)
                position += len(more) * (length + 2)
        if run:
            self._take(run, stamp, False, now, out)
        return position

    def _due(self) -> int:
        """The 16-bit number of the next packet that may go the short way; -1 when none may."""
        return -1 if self._held or self._next < 0 else self._next & 0xFFFF

    def _take(self, run: list[bytes], stamp: int, marker: bool, now: float, out: list[Frame]) -> None:
        """A run of plain payloads of one picture."""
        count = len(run)
        size = sum(map(len, run))
        self._next += count
        self.octets += size + 12 * count
        self.last_packet = now
        self._measure(stamp, now, count)
        frames = self._push_run(run, size, stamp, marker, now)
        if frames:
            out += frames

    def _one_by_one(self, run: list[bytes], _size: int, stamp: int, marker: bool, now: float) -> list[Frame]:
        """A run for a depacketiser that takes single payloads only."""
        out: list[Frame] = []
        for payload in run[:-1]:
            out += self._push(payload, stamp, False, now)
        out += self._push(run[-1], stamp, marker, now)
        return out

    def poll(self, now: float) -> Sequence[Frame]:
        """Let go of packets that waited for a missing one longer than the window. Call at `deadline`."""
        return self._release(now) if self._held else NOTHING

    @property
    def waiting(self) -> bool:
        """Whether a packet waits for a missing one, so that `deadline` is set."""
        return bool(self._window.held)

    @property
    def deadline(self) -> float | None:
        """When to call `poll` next; None while nothing waits."""
        return self._window.deadline

    def flush(self, now: float) -> Sequence[Frame]:
        """The stream is over: the frames that were pending."""
        out = self._drain(now)
        out.extend(self.depacketiser.flush(now))
        return out

    def reconnected(self, now: float) -> Sequence[Frame]:
        """The sender comes over another connection: its next packet begins a new run, whatever SSRC and
        number it bears. The frames that were pending."""
        if self.ssrc is None:
            return NOTHING
        out = self._drain(now)
        out.extend(self.depacketiser.restart(now))
        self._before, self._next, self.ssrc = self.expected, -1, None
        return out

    # -- figures ---------------------------------------------------------------------------------------

    @property
    def expected(self) -> int:
        """Packets the sender has sent, by the sequence numbers seen."""
        return self._before + self._next - self._base if self._next >= 0 else self._before

    @property
    def lost(self) -> int:
        """Packets expected and not received in time."""
        return self._lost

    @property
    def packets(self) -> int:
        """Packets received in time, without duplicates."""
        return self.expected - self._lost + len(self._held)

    @property
    def jitter_ms(self) -> float:
        """Interarrival jitter, RFC 3550 §6.4.1."""
        return self._jitter / self._rate * 1000.0

    def report(self, now: float) -> ReportBlock | None:
        """The block for a receiver report; starts the next interval. None before the first packet."""
        if self.ssrc is None:
            return None
        expected, lost = self.expected, self._lost
        sent, gone = expected - self._interval[0], lost - self._interval[1]
        self._interval = (expected, lost)
        fraction = min(255, gone * 256 // sent) if sent > 0 and gone > 0 else 0
        last_sr, at = self._last_sr
        delay = int((now - at) * 65536) & 0xFFFFFFFF if last_sr else 0
        return ReportBlock(self.ssrc, fraction, lost, self._next - 1, int(self._jitter), last_sr, delay)

    def sender_report(self, ntp: int, now: float) -> None:
        """Note an SR, for the LSR and DLSR fields. ``ntp`` is its 64-bit time stamp."""
        self._last_sr = (ntp >> 16 & 0xFFFFFFFF, now)

    def warnings(self) -> tuple[str, ...]:
        """Stable codes of what was odd so far, of this stage and of the demuxer."""
        return (*self._warnings, *self.depacketiser.warnings())

    # -- the long way ----------------------------------------------------------------------------------

    def _long_way(self, data: bytes, now: float) -> Sequence[Frame]:
        span = payload_span(data)
        if span is None:
            self.malformed += 1
            return NOTHING
        if is_rtcp(data):
            return NOTHING
        _, second, sequence, timestamp, ssrc = _unpack(data)
        out: list[Frame] = []
        if ssrc != self.ssrc and not self._follow(ssrc, sequence, now, out):
            return out
        self.last_packet = now
        self._foreign_run = 0
        delta = ((sequence - self._next + 0x8000) & 0xFFFF) - 0x8000
        if not -MAX_MISORDER <= delta < MAX_DROPOUT and not self._begin_again(sequence, now, out):
            return out
        if delta < 0 and sequence != self._next & 0xFFFF:
            self._behind()
            return out
        self.octets += len(data)
        self._measure(timestamp, now, 1)
        extended = self._next + ((sequence - self._next) & 0xFFFF)
        if not self._window.hold(extended, (data[span[0] : span[1]], timestamp, second > 127), now):
            self.duplicates += 1
            return out
        if extended != self._next:
            self.reordered += 1
        out.extend(self._release(now))
        return out

    def _release(self, now: float) -> list[Frame]:
        out: list[Frame] = []
        for extended, (payload, timestamp, marker) in self._window.release(self._next, now):
            self._deliver(extended, now, out)
            out.extend(self._push(payload, timestamp, marker, now))
        return out

    def _drain(self, now: float) -> list[Frame]:
        out: list[Frame] = []
        for extended, (payload, timestamp, marker) in self._window.drain():
            self._deliver(extended, now, out)
            out.extend(self._push(payload, timestamp, marker, now))
        return out

    def _deliver(self, extended: int, now: float, out: list[Frame]) -> None:
        """``extended`` goes out now: what lies between is lost."""
        if extended != self._next:
            self._lost += extended - self._next
            self._warnings["media.loss"] = None
            out.extend(self.depacketiser.lost(now))
        self._next = extended + 1

    def _behind(self) -> None:
        """A packet from before the one due: sent twice, or so late that it was given up."""
        if self._lost:
            self.late += 1
        else:
            self.duplicates += 1

    def _follow(self, ssrc: int, sequence: int, now: float, out: list[Frame]) -> bool:
        """Whether to go over to this SSRC: the first, the agreed one, one in place of a silent one."""
        if self.strict and ssrc != self.agreed_ssrc:
            self.foreign += 1
            self._warnings["media.early-sender"] = None
            return False
        if self.ssrc is not None and ssrc != self.agreed_ssrc:
            self._foreign_run += 1
            silent = self.last_packet is None or now - self.last_packet >= TAKE_OVER_S
            if not silent and self._foreign_run < TAKE_OVER_PACKETS:
                self.foreign += 1
                self._warnings["media.second-sender"] = None
                return False
        if self.ssrc is not None:
            out.extend(self._drain(now))
            out.extend(self.depacketiser.restart(now))
            self._warnings["media.ssrc-changed"] = None
        self.ssrc = ssrc
        self._new_sequence(sequence)
        if self.agreed_ssrc is not None and ssrc != self.agreed_ssrc:
            self._warnings["media.ssrc-mismatch"] = None
        else:
            self._warnings.pop("media.ssrc-mismatch", None)
        return True

    def _begin_again(self, sequence: int, now: float, out: list[Frame]) -> bool:
        """Far from the number due: two in a row mean that the sender began anew (RFC 3550 A.1)."""
        if sequence != self._restart_at:
            self._restart_at = (sequence + 1) & 0xFFFF
            return False
        out.extend(self._drain(now))
        out.extend(self.depacketiser.lost(now))
        self._warnings["media.sequence-restart"] = None
        self._new_sequence(sequence)
        return True

    def _new_sequence(self, sequence: int) -> None:
        self._before = self.expected
        self._base = self._next = sequence + 0x10000
        self._restart_at = -1

    def _measure(self, timestamp: int, now: float, count: int) -> None:
        """Jitter by ``count`` packets of one picture that arrived at one moment: the first is measured, for
        the others the mean only decays, which is what measuring each gives. Of several pictures that were
        read together only the first counts: when the others came nobody knows."""
        transit = now * self._rate - timestamp
        difference = transit - self._transit
        if not self.timed or (now == self._when and difference):
            return
        self._transit = transit
        self._when = now
        jitter = self._jitter
        if -450_000.0 < difference < 450_000.0:  # not where the stamp wraps or jumps
            jitter += ((difference if difference > 0.0 else -difference) - jitter) * 0.0625
        self._jitter = jitter * 0.9375 ** (count - 1) if count > 1 else jitter
