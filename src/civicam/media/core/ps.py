"""MPEG-2 program stream over RTP (GB/T 28181 Annex C; ISO/IEC 13818-1 §2.5), as devices really send it.

Packets are gathered until something says that a picture is whole, and then read in one go:

* the RTP time stamp changes, or
* the marker is set and the last PES has the length it promised (some devices set markers at random; one
  that is caught cutting a picture in two is not believed again), or
* a new pack begins: what came before is read, and the next PTS ends the picture (some devices never change
  the time stamp; others begin a pack for every 64 KB of one picture).

After loss the broken PES is given up at the gap and reading goes on at the next NAL unit or element. Nothing
is held back: the picture goes out flagged.
"""

from __future__ import annotations

from collections.abc import Sequence

from civicam.media.core.assemble import VideoAssembler
from civicam.media.core.ps_audio import AudioAssembler
from civicam.media.core.ps_elements import (
    END,
    FIRST_CODE,
    PACK,
    PACK_CODE,
    PREFIX,
    PSM,
    RESUME,
    SLACK,
    PesHeader,
    at_boundary,
    looks_like_ts,
    mended_end,
    next_code,
    pack_length,
    pes_header,
    plain_pack,
    stream_map,
)
from civicam.media.core.timeline import signed
from civicam.media.core.unit import Codec, Frame

NOTHING: tuple[Frame, ...] = ()

_INCOMPLETE = -1


class PsDemuxer:
    """A `Depacketiser` for payload type 96 ``PS/90000``. Holds at most ``max_frame`` bytes; never raises."""

    clock_rate = 90_000
    opening = 0x1BA

    def __init__(self, *, max_frame: int = 4 * 1024 * 1024) -> None:
        self.garbage_bytes = 0
        self._max_frame = max_frame
        self._pictures = VideoAssembler()
        self.timeline = self._pictures.timeline
        self._sound = AudioAssembler(self.timeline)
        self._warnings: dict[str, None] = {}
        self._parts: list[bytes] = []
        self._stamp = self._marked = -1
        self._size = self._slack = 0
        self._now, self._trust_marker = 0.0, True
        self._gap = False
        """A packet of this group is missing: lengths prove nothing."""
        self._resuming = self._mapped = self._damaged = False
        self._chunks: list[bytes] = []
        self._chunk_bytes = self._chunk_stamp = self._last_stamp = 0
        self._pts: int | None = None
        self._dts: int | None = None
        self._last_pts: int | None = None

    @property
    def codec(self) -> Codec | None:
        """The video codec, once parameter sets or a PSM told."""
        return self._pictures.codec

    @property
    def audio(self) -> Codec | None:
        """The codec of the sound that came (a PSM's promise alone does not count)."""
        return self._sound.codec

    def warnings(self) -> tuple[str, ...]:
        """Stable codes of what was odd so far, in the order of their first appearance."""
        found = dict(self._warnings)
        if self._pictures.codec is not None and not self._mapped:
            found["media.no-psm"] = None
        if self._pictures.contradicted:
            found["media.codec-mismatch"] = None
        if self.timeline.jumps:
            found["media.timeline-jump"] = None
        return tuple(found)

    def push(self, payload: bytes, timestamp: int, marker: bool, now: float) -> Sequence[Frame]:
        """The next payload in order; the frames it completes."""
        if timestamp == self._stamp and not marker and not payload.startswith(PACK):
            size = self._size + len(payload)
            if size <= self._max_frame:
                self._size = size
                self._parts.append(payload)
                self._now = now
                return NOTHING
        return self._edge(payload, timestamp, marker, now)

    def push_run(
        self, run: list[bytes], size: int, timestamp: int, marker: bool, now: float
    ) -> Sequence[Frame]:
        """`push` of each payload of ``run``, in one go where that is the same: see `TakesRuns`."""
        known = timestamp == self._stamp
        if marker and not known and self._trust_marker and not (self._parts or self._chunks):
            plain = not (self._resuming or self._gap or self._damaged) and size <= self._max_frame
            found = plain_pack(run[0], size) if plain else None
            if found is not None and found[0].pts is not None:
                return self._whole(run, found, timestamp, now)
        if (
            self._size + size > self._max_frame
            or (not known and (self._parts or self._chunks))
            or (known and self._parts and run[0].startswith(PACK))
        ):
            return self._one_by_one(run, timestamp, marker, now)
        self._stamp, self._now = timestamp, now
        self._parts += run
        self._size += size
        out: list[Frame] = []
        if marker and self._trust_marker and self._read(False, out):
            self._finish(out)
            self._marked = timestamp
            self._gap = False
        return out

    def _whole(
        self, run: list[bytes], found: tuple[PesHeader, tuple[int, int] | None], timestamp: int, now: float
    ) -> Sequence[Frame]:
        """What nearly every run is, one PES with one picture: what `_read` and `_finish` would do with it."""
        (start, pts, dts), table = found
        assert pts is not None
        if table is not None:
            self._map(run[0], *table)
        run[0] = run[0][start:]
        self._stamp = self._marked = self._last_stamp = self._chunk_stamp = timestamp
        self._last_pts = self._pts = pts
        self._now, self._dts = now, dts
        frame = self._pictures.picture(b"".join(run), pts, pts if dts is None else dts, now, False)
        return NOTHING if frame is None else (frame,)

    def _one_by_one(self, run: list[bytes], timestamp: int, marker: bool, now: float) -> list[Frame]:
        out: list[Frame] = []
        for left, payload in enumerate(run, 1 - len(run)):
            out += self.push(payload, timestamp, marker and not left, now)
        return out

    def lost(self, now: float) -> Sequence[Frame]:
        """Packets are missing before the next `push`."""
        out: list[Frame] = []
        self._gap = True
        if self._parts:
            self._read(True, out)
        if self._chunks:
            self._damaged = True
        else:
            self._pictures.lose()
        self._resuming = True
        return out

    def restart(self, now: float) -> Sequence[Frame]:
        """A new source starts with the next `push`; gives out what was pending."""
        out = self.flush(now)
        self._pictures.restart()
        self._stamp = self._marked = -1
        self._slack, self._last_pts = 0, None
        self._trust_marker, self._resuming, self._mapped = True, False, False
        return out

    def flush(self, now: float) -> Sequence[Frame]:
        """The stream is over: give out what is pending."""
        out: list[Frame] = []
        self._read(True, out)
        self._finish(out)
        self._gap = False
        return out

    def _edge(self, payload: bytes, timestamp: int, marker: bool, now: float) -> Sequence[Frame]:
        """A payload at which something may end."""
        out: list[Frame] = []
        if timestamp != self._stamp:
            if self._parts or self._chunks:
                self._change(payload, out)
            self._stamp = timestamp
        elif self._parts and payload.startswith(PACK):
            self._read(True, out)
        if self._size + len(payload) > self._max_frame:
            self._warnings["media.frame-too-big"] = None
            self._damaged = True
            self._read(True, out)
            self._finish(out)
        self._parts.append(payload)
        self._size += len(payload)
        self._now = now
        if marker and self._trust_marker and self._read(False, out):
            self._finish(out)
            self._marked = timestamp
            self._gap = False
        return out

    def _change(self, payload: bytes, out: list[Frame]) -> None:
        """The time stamp changes before ``payload``: the picture ends, unless its PES plainly goes on."""
        whole = self._read(False, out)
        if not whole and not self._gap and not payload.startswith(PREFIX):
            self._warnings["media.timestamp-split"] = None
            return
        if not whole:
            self._read(True, out)
        self._finish(out)
        self._gap = False

    def _read(self, final: bool, out: list[Frame]) -> bool:
        """Read the gathered bytes; what is not whole stays, unless ``final``. True when none waits."""
        parts = self._parts
        if not parts or self._plain_picture(parts, out):
            return True
        data = parts[0] if len(parts) == 1 else b"".join(parts)
        position = self._walk(data, final, out)
        parts.clear()
        self._size = 0
        if position < len(data):
            rest = data[position:]
            parts.append(rest)
            self._size = len(rest)
            return not rest.strip(b"\0")  # stray zeros, or the first bytes of the next element
        return True

    def _plain_picture(self, parts: list[bytes], out: list[Frame]) -> bool:
        """The usual group, one pack with one video PES that ends where the group ends: read without joining
        it twice. False, and nothing done, when it is anything else."""
        head = parts[0]
        found = None if self._resuming else plain_pack(head, self._size)
        if found is None:
            return False
        header, table = found
        if table is not None:
            self._map(head, *table)
        parts[0] = head[header.start :]
        self._take(header, b"".join(parts), out)
        parts.clear()
        self._size = 0
        return True

    def _walk(self, data: bytes, final: bool, out: list[Frame]) -> int:
        """Read elements; the offset of the first byte that must wait for more."""
        size = len(data)
        position = self._resume(data) if self._resuming else 0
        while position + 4 <= size:
            code = data[position + 3]
            if code < FIRST_CODE or not data.startswith(PREFIX, position):
                position = self._resync(data, position)
                continue
            end = self._element(code, data, position, final, out)
            if end == _INCOMPLETE:
                return position
            position = end
        return size if final else position

    def _resume(self, data: bytes) -> int:
        """After loss: keep the picture from its next NAL unit on; the offset of the next element."""
        self._resuming = False
        match = RESUME.search(data)
        if match is None:
            self._resuming = True
            return len(data)
        start = match.start()
        if data[start + 3] >= FIRST_CODE:
            return start
        end = next_code(data, start)
        self._damaged = True
        self._add(data[start:end], None, None)
        return end

    def _resync(self, data: bytes, position: int) -> int:
        """Bytes that are no element: the offset of the next one. Zeros between elements are common."""
        end = next_code(data, position)
        if data[position:end].strip(b"\0"):
            self.garbage_bytes += end - position
            self._warnings["media.ts-not-ps" if looks_like_ts(data, position) else "media.not-ps"] = None
        return end

    def _element(self, code: int, data: bytes, position: int, final: bool, out: list[Frame]) -> int:
        """Read the element at ``position``; its end, or ``_INCOMPLETE``."""
        size = len(data)
        if code == PACK_CODE:
            end = position + pack_length(data, position)
            return end if end <= size else (size if final else _INCOMPLETE)
        if code == END:
            return position + 4
        if position + 6 > size:
            return size if final else _INCOMPLETE
        length = data[position + 4] << 8 | data[position + 5]
        end = position + 6 + length
        video = 0xE0 <= code <= 0xEF
        if end > size:
            short = end - size
            if not final and (short > self._slack or not video):
                return _INCOMPLETE
            end = self._cut_short(data, position, short, video)
        elif end < size and (not at_boundary(data, end) or (video and not length)):
            if not video or length:
                self._warnings["media.pes-length"] = None
            end = mended_end(data, position)
        elif video and not length:
            end = size
        self._use(code, data, (position, end), out)
        return end

    def _use(self, code: int, data: bytes, span: tuple[int, int], out: list[Frame]) -> None:
        """Read a whole element; those that carry nothing for us (system header, private data) are passed."""
        if 0xE0 <= code <= 0xEF:
            self._video(data, span[0], span[1], out)
        elif 0xC0 <= code <= 0xDF:
            self._audio(data, span[0], span[1], out)
        elif code == PSM:
            self._map(data, span[0], span[1])

    def _cut_short(self, data: bytes, position: int, short: int, video: bool) -> int:
        """The length points past what came: the true end, and whether that is harm or a wrong length."""
        end = next_code(data, position + 6)
        if video and end == len(data):
            if short <= SLACK and not self._gap:
                self._slack = max(self._slack, short)
                self._warnings["media.pes-length"] = None
            else:
                self._damaged = True
        return end

    def _map(self, data: bytes, position: int, end: int) -> None:
        found = stream_map(data, position, end)
        self._mapped = True
        if not found.sound:
            self._warnings["media.psm-broken"] = None
        if found.video is not None:
            self._pictures.hint = found.video
        if found.audio is not None:
            self._sound.hint = found.audio

    def _audio(self, data: bytes, position: int, end: int, out: list[Frame]) -> None:
        header = pes_header(data, position, end)
        if header is not None and header.start < end:
            out.append(self._sound.run(data[header.start : end], header.pts, self._now, self._gap))

    def _video(self, data: bytes, position: int, end: int, out: list[Frame]) -> None:
        header = pes_header(data, position, end)
        if header is None:
            self._damaged = True
            self._warnings["media.pes-header"] = None
            return
        self._take(header, data[header.start : end], out)

    def _take(self, header: PesHeader, chunk: bytes, out: list[Frame]) -> None:
        """The payload of a video PES: a picture, or a piece of one."""
        _, pts, dts = header
        if self._chunks:
            if pts is not None and self._pts is not None and pts != self._pts:
                self._finish(out)
        elif self._marked == self._stamp and (pts is None or pts == self._last_pts):
            self._trust_marker = False
            self._warnings["media.marker-untrusted"] = None
            self._damaged = True
        if self._chunk_bytes + len(chunk) > self._max_frame:
            self._warnings["media.frame-too-big"] = None
            self._damaged = True
            self._finish(out)
        self._add(chunk, pts, dts)

    def _add(self, chunk: bytes, pts: int | None, dts: int | None) -> None:
        if not self._chunks:
            self._pts = None
            self._chunk_stamp = self._stamp
        if self._pts is None:
            self._pts, self._dts = pts, dts
        self._chunks.append(chunk)
        self._chunk_bytes += len(chunk)

    def _finish(self, out: list[Frame]) -> None:
        """Give out the picture, if there is one."""
        chunks = self._chunks
        if not chunks:
            return
        data = chunks[0] if len(chunks) == 1 else b"".join(chunks)
        chunks.clear()
        self._chunk_bytes = 0
        pts = self._pts
        if pts is None:  # not told: go on from the last picture by the RTP clock
            pts = self._chunk_stamp
            if self._last_pts is not None:
                pts = self._last_pts + signed(self._chunk_stamp - self._last_stamp, 32)
        self._last_pts, self._last_stamp = pts, self._chunk_stamp
        damaged, self._damaged = self._damaged, False
        frame = self._pictures.picture(data, pts, pts if self._dts is None else self._dts, self._now, damaged)
        if frame is not None:
            out.append(frame)
