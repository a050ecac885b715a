"""MPEG-2 transport stream (ISO/IEC 13818-1 §2.4) over RTP (RFC 2250), from devices that agreed to send PS.

The first program's video is read, and its sound where civicam carries that. Packets of 188 bytes; tables that
fit one packet, as a single program's do. A picture ends with its PES length or with the next PES.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from civicam.media.core.assemble import VideoAssembler
from civicam.media.core.ps_audio import AudioAssembler
from civicam.media.core.ps_elements import AUDIO_TYPES, PREFIX, VIDEO_TYPES, pes_header
from civicam.media.core.unit import Codec, Frame

PACKET: Final = 188
SYNC: Final = 0x47
_PAT, _PMT = 0, 2
"""Table ids (§2.4.4.3, §2.4.4.8)."""
_DEFAULT_STEP = 3600


def looks_like_ts(payload: bytes) -> bool:
    """Whether this is whole packets of a transport stream, as RFC 2250 §2 demands of an RTP payload."""
    return bool(payload) and len(payload) % PACKET == 0 and all(byte == SYNC for byte in payload[::PACKET])


class _Pes:
    """The PES of one PID that is being gathered."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self.size = 0
        self.due = 0
        """Bytes it has by its length; 0 when that is not told."""
        self.counter = -1
        self.damaged = False
        self.open = False

    def begin(self) -> None:
        self.parts.clear()
        self.size = self.due = 0
        self.damaged = False
        self.open = True


class TsDemuxer:
    """A `Depacketiser` for payload type 33, ``MP2T/90000``. Holds ``max_frame`` bytes; never raises."""

    clock_rate = 90_000

    def __init__(self, *, max_frame: int = 4 * 1024 * 1024) -> None:
        self.garbage_bytes = 0
        self._max_frame = max_frame
        self._pictures = VideoAssembler()
        self.timeline = self._pictures.timeline
        self._sound = AudioAssembler(self.timeline)
        self._warnings: dict[str, None] = {"media.ts-not-ps": None}
        self._rest = b""
        self._tables = -1
        self._video = -1
        self._audio = -1
        self._gathering: dict[int, _Pes] = {}
        self._last_pts = 0
        self._now = 0.0

    @property
    def codec(self) -> Codec | None:
        """The video codec, once parameter sets or a program map told."""
        return self._pictures.codec

    def warnings(self) -> tuple[str, ...]:
        """Stable codes of what was odd so far; always ``media.ts-not-ps``."""
        found = dict(self._warnings)
        if self._pictures.contradicted:
            found["media.codec-mismatch"] = None
        if self.timeline.jumps:
            found["media.timeline-jump"] = None
        return tuple(found)

    def push(self, payload: bytes, timestamp: int, marker: bool, now: float) -> Sequence[Frame]:
        """The next payload in order; the frames it completes."""
        out: list[Frame] = []
        data = self._rest + payload if self._rest else payload
        position = 0
        while position + PACKET <= len(data):
            if data[position] != SYNC:
                position = self._resync(data, position)
                continue
            self._packet(data[position : position + PACKET], out)
            position += PACKET
        self._rest = data[position:]
        self._now = now
        return out

    def lost(self, now: float) -> Sequence[Frame]:
        """Packets are missing before the next `push`."""
        self._rest = b""
        for pes in self._gathering.values():
            pes.damaged = True
        if not any(pes.open for pes in self._gathering.values()):
            self._pictures.lose()
        return ()

    def restart(self, now: float) -> Sequence[Frame]:
        """A new source starts with the next `push`; gives out what was pending."""
        out = self.flush(now)
        self._pictures.restart()
        self._tables = self._video = self._audio = -1
        self._gathering.clear()
        self._rest = b""
        return out

    def flush(self, now: float) -> Sequence[Frame]:
        """The stream is over: give out what is pending."""
        out: list[Frame] = []
        for pid, pes in self._gathering.items():
            self._finish(pid, pes, out)
        return out

    def _resync(self, data: bytes, position: int) -> int:
        """The next sync byte that has another one a packet later, or too near the end to tell."""
        start = position
        self._warnings["media.rtp-payload"] = None
        while position < len(data):
            position = data.find(SYNC, position)
            if position < 0:
                position = len(data)
                break
            if data[position + PACKET : position + PACKET + 1] in (b"", b"\x47"):
                break
            position += 1
        self.garbage_bytes += position - start
        return position

    def _packet(self, packet: bytes, out: list[Frame]) -> None:
        """§2.4.3.2."""
        pid = (packet[1] & 0x1F) << 8 | packet[2]
        begins, control = bool(packet[1] & 0x40), packet[3] >> 4
        at = 4 + (1 + packet[4] if control & 2 else 0)
        if packet[1] & 0x80 or control >> 2 or not control & 1 or at >= PACKET:
            return  # broken, scrambled, or without payload
        if pid == 0 and begins:
            self._read_programs(_section(packet, at, _PAT))
        elif pid == self._tables and begins:
            self._read_map(_section(packet, at, _PMT))
        elif pid in (self._video, self._audio):
            self._payload(pid, packet, at, begins, out)

    def _read_programs(self, section: bytes) -> None:
        """§2.4.4.3: where the first program's map is."""
        for at in range(8, len(section) - 7, 4):
            if section[at] or section[at + 1]:
                self._tables = (section[at + 2] & 0x1F) << 8 | section[at + 3]
                return

    def _read_map(self, section: bytes) -> None:
        """§2.4.4.8: the first video and the first sound that can be carried."""
        if len(section) < 16:
            return
        video, audio = -1, -1
        at = 12 + ((section[10] & 0x0F) << 8 | section[11])
        while at + 5 <= len(section) - 4:  # a CRC ends it
            kind, pid = section[at], (section[at + 1] & 0x1F) << 8 | section[at + 2]
            if kind in VIDEO_TYPES and video < 0:
                video, self._pictures.hint = pid, VIDEO_TYPES[kind]
            elif kind in AUDIO_TYPES and audio < 0:
                audio, self._sound.hint = pid, AUDIO_TYPES[kind]
            at += 5 + ((section[at + 3] & 0x0F) << 8 | section[at + 4])
        if (video, audio) != (self._video, self._audio):
            self._video, self._audio = video, audio
            self._gathering = {pid: _Pes() for pid in (video, audio) if pid >= 0}

    def _payload(self, pid: int, packet: bytes, at: int, begins: bool, out: list[Frame]) -> None:
        pes = self._gathering[pid]
        counter = packet[3] & 15
        if counter == pes.counter and not begins:
            return  # sent twice, §2.4.3.3
        gap = pes.counter >= 0 and counter != (pes.counter + 1) & 15
        pes.counter = counter
        if gap:
            pes.damaged = True
        if begins:
            self._finish(pid, pes, out)
            pes.begin()
            pes.damaged = gap and pid == self._video
            length = packet[at + 4] << 8 | packet[at + 5] if at + 6 <= PACKET else 0
            pes.due = length + 6 if length else 0
        if not pes.open:
            return
        pes.parts.append(packet[at:])
        pes.size += PACKET - at
        if pes.size > self._max_frame:
            self._warnings["media.frame-too-big"] = None
            pes.damaged = True
            self._finish(pid, pes, out)
        elif pes.due and pes.size >= pes.due:
            self._finish(pid, pes, out)

    def _finish(self, pid: int, pes: _Pes, out: list[Frame]) -> None:
        """Give out the unit gathered, if there is one."""
        if not pes.open:
            return
        pes.open = False
        data = b"".join(pes.parts)
        pes.parts.clear()
        header = pes_header(data, 0, len(data)) if data.startswith(PREFIX) else None
        if header is None:
            self._warnings["media.pes-header"] = None
            return
        payload = data[header.start : pes.due or len(data)]
        pes.damaged = pes.damaged or pes.size < pes.due
        if pid == self._audio:
            if payload:
                out.append(self._sound.run(payload, header.pts, self._now, pes.damaged))
            return
        pts = self._last_pts + _DEFAULT_STEP if header.pts is None else header.pts
        self._last_pts = pts
        dts = pts if header.dts is None else header.dts
        frame = self._pictures.picture(payload, pts, dts, self._now, pes.damaged)
        if frame is not None:
            out.append(frame)


def _section(packet: bytes, at: int, table: int) -> bytes:
    """The section of that table that begins in ``packet``; empty when there is none, or not whole."""
    start = at + 1 + packet[at]
    if start + 3 > PACKET or packet[start] != table:
        return b""
    end = start + 3 + ((packet[start + 1] & 0x0F) << 8 | packet[start + 2])
    return packet[start:end] if end <= PACKET else b""
