"""From the bytes of one access unit to a `Frame`: codec, key frames, parameter sets, damage, time.

Shared by every source of video. Three rules stand behind it:

* parameter sets tell the codec; what a PSM or SDP says is a hint until they come;
* a key frame carries its parameter sets: when the camera sends them once, they are put before each key frame;
* after loss nothing is held back: frames go on, flagged, until a clean key frame ends the damage.
"""

from __future__ import annotations

from civicam.media.core import h264, h265
from civicam.media.core.annexb import CODE, START_CODE, normalise
from civicam.media.core.codecs import identify
from civicam.media.core.timeline import Timeline, signed
from civicam.media.core.unit import Codec, Frame

_MAX_PREFIX = 64 * 1024
_ONE = (0,)
_FILLER_END = b"\xff\x80"
_NEVER = -1
_ALL = 1 << 62
_LONGEST_CUT = 0xFFFF
"""Encoders that cut slices by size do it for packets: nobody makes longer slices and yet limits them."""


class VideoAssembler:
    """Makes frames of one video stream. ``bits`` is the width of its stamps (33 PTS, 32 RTP)."""

    def __init__(self, codec: Codec | None = None, *, bits: int = 33, clock_rate: int = 90_000) -> None:
        self.codec = codec
        self.hint: Codec | None = codec
        self.timeline = Timeline(bits, clock_rate)
        self.contradicted = False
        """The parameter sets were of another codec than announced."""
        self._bits = bits
        self._proved = 0
        """The size up to which pictures since the last key frame are one slice, as far as was searched."""
        self._key_slice = 0
        """The size of that key frame's slice, if it has only one."""
        self._broken = False
        self._fresh = False
        self._sets: dict[int, bytes] = {}
        self._prefix = b""
        self._prefix_damaged = False

    def lose(self) -> None:
        """Something this stream's next frames depend on is lost."""
        self._broken = True

    def restart(self) -> None:
        """Another source: nothing of the old one may be mixed with it, except that time goes on."""
        self.timeline.cut()
        self._sets.clear()
        self._prefix = b""
        self._broken = True
        self._proved = 0

    def learn(self, nals: list[bytes]) -> None:
        """Parameter sets from outside the stream (SDP)."""
        for nal in nals:
            if nal and self.codec is not None:
                kind = h264.nal_type(nal[0]) if self.codec is Codec.H264 else h265.nal_type(nal[0])
                self._sets[kind] = self._sets.get(kind, b"") + START_CODE + nal

    def picture(self, data: bytes, pts: int, dts: int, arrival: float, damaged: bool) -> Frame | None:
        """The frame of one access unit (any Annex B form); ``pts`` and ``dts`` are raw stamps.

        None when there is no picture in it (parameter sets alone wait for theirs) or the codec is not known.
        """
        if not self._prefix and self._one_slice(data):
            return self._frame(data, _ONE, (pts, dts), arrival, False, damaged)
        if self._prefix:
            data = self._prefix + data
            damaged = damaged or self._prefix_damaged
            self._prefix = b""
        data, nals = normalise(data)
        if not nals or not self._know(data, nals):
            self._broken = self._broken or damaged
            return None
        if self.codec is Codec.H264:
            types = [data[offset + 4] & 0x1F for offset in nals]
            coded, key = any(0 < kind < h264.SEI for kind in types), h264.IDR in types
            wanted: tuple[int, ...] = (h264.SPS, h264.PPS)
        else:
            types = [data[offset + 4] >> 1 & 0x3F for offset in nals]
            coded, key = min(types) < h265.FIRST_NON_VCL, any(16 <= kind < 24 for kind in types)
            wanted = (h265.VPS, h265.SPS, h265.PPS)
        if len(nals) > 1 and types.count(types[-1]) > 1:
            self._proved = _NEVER
        elif key and self._proved != _NEVER:
            self._proved = 0
            self._key_slice = len(data) - nals[-1]
        if len(nals) > 1 or not coded:
            self._keep_sets(data, nals, types, wanted)
        if not coded:
            self._prefix = data if len(data) <= _MAX_PREFIX else b""
            self._prefix_damaged = damaged
            return None
        if key:
            data, nals, key = self._complete(data, nals, types, wanted)
        return self._frame(data, nals, (pts, dts), arrival, key, damaged)

    def _one_slice(self, data: bytes) -> bool:
        """Whether ``data`` is one slice of a picture that is no key frame, behind a 4-byte start code.

        Nearly every picture of nearly every camera is. The search for a second one costs as much as all other
        work on a picture, so it is made for the first one after each key frame; the others are taken for the
        same if they are not larger than it or than the key frame's only slice: how an encoder cuts slices is
        settled by its setting or by their size. Larger ones are searched, until one of 64 KB shows that size
        does not matter. A camera that once sent several slices, or whose picture ends
        like filler data, is searched always.
        """
        if len(data) < 6 or not data.startswith(START_CODE) or not data[-1]:
            return False
        if self.codec is Codec.H264:
            plain = data[4] & 0x1F == 1
        else:
            plain = self.codec is Codec.H265 and data[4] >> 1 & 0x3F < 10
        if not plain:
            return False
        size = len(data)
        if size > self._proved or data.endswith(_FILLER_END):
            if CODE.search(data, 4) is not None:
                self._proved = _NEVER
                return False
            if self._proved != _NEVER:
                proved = max(size, self._proved, self._key_slice)
                self._proved = _ALL if proved > _LONGEST_CUT else proved
        return True

    def _frame(
        self,
        data: bytes,
        nals: tuple[int, ...],
        stamps: tuple[int, int],
        arrival: float,
        key: bool,
        damaged: bool,
    ) -> Frame:
        if damaged:
            self._broken = True
        elif key:
            self._broken = False
        ticks, cut = self.timeline.map(stamps[1], arrival)
        difference = stamps[0] - stamps[1]
        pts = ticks
        if difference:
            pts = max(0, ticks + signed(difference, self._bits))
        assert self.codec is not None
        return Frame(self.codec, pts, ticks, key, data, arrival, self._broken, cut, nals)

    def _know(self, data: bytes, nals: tuple[int, ...]) -> bool:
        """Settle which codec this is; False while nothing tells."""
        found = identify(data, nals) if len(nals) > 1 or self.codec is None or data[4] & 0x1F != 1 else None
        if found is not None and found is not self.codec:
            self.contradicted = self.contradicted or self.hint not in (None, found)
            if self.codec is not None:
                self._sets.clear()
            self.codec = found
        elif self.codec is None:
            self.codec = self.hint
        return self.codec is not None

    def _keep_sets(
        self, data: bytes, nals: tuple[int, ...], types: list[int], wanted: tuple[int, ...]
    ) -> None:
        if wanted[0] not in types and wanted[-1] not in types:
            return
        fresh: dict[int, bytes] = {}
        for index, kind in enumerate(types):
            if kind in wanted:
                end = nals[index + 1] if index + 1 < len(nals) else len(data)
                fresh[kind] = fresh.get(kind, b"") + data[nals[index] : end]
        self._sets.update(fresh)

    def _complete(
        self, data: bytes, nals: tuple[int, ...], types: list[int], wanted: tuple[int, ...]
    ) -> tuple[bytes, tuple[int, ...], bool]:
        """A key frame with the parameter sets it lacks; not a key frame when nobody ever sent them."""
        lacking = [kind for kind in wanted if kind not in types]
        if not lacking:
            return data, nals, True
        if any(kind not in self._sets for kind in lacking):
            return data, nals, False
        data, nals = normalise(b"".join([self._sets[kind] for kind in lacking]) + data)
        return data, nals, True
