"""What a simulated recorder has recorded, and the playing of it: pure, the caller brings the time.

Everything of the last two days is there, in pieces of ten minutes. A tape has a place (Unix seconds of the
recording) that moves with the time and its scale; `Tape.step` is asked for every picture that goes out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from civicam.signalling.gb28181 import mansrtsp
from civicam.signalling.gb28181.ids import GbId
from civicam.signalling.gb28181.manscdp.record_info import RecordInfoQuery, RecordItem, RecordType

PIECE = timedelta(minutes=10)
KEPT = timedelta(days=2)
BYTES_A_SECOND = 500_000
_MOST = 2_000
MOST_TAPES = 4
"""Recordings one device plays at a time."""


def pieces(query: RecordInfoQuery, now: datetime) -> list[RecordItem]:
    """What was recorded in the period asked for, oldest first, at most 2,000 pieces."""
    return [
        RecordItem(
            GbId(query.device_id),
            name=f"{start:%Y%m%d%H%M%S}",
            start=start,
            end=end,
            type=RecordType.TIME,
            file_path=f"/mnt/rec/{start:%Y%m%d/%H%M%S}.ps",
            recorder_id=query.device_id,
            file_size=int((end - start).total_seconds()) * BYTES_A_SECOND,
        )
        for start, end in _periods(max(query.start, now - KEPT), min(query.end, now))
    ][:_MOST]


def _periods(start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    length = PIECE.total_seconds()
    begin = datetime.fromtimestamp(start.timestamp() // length * length, UTC)
    while begin < end and start < end:
        yield begin, min(begin + PIECE, end)
        begin += PIECE


@dataclass(slots=True)
class Tape:
    """One playback or download. ``place`` is where it is, ``end`` where it stops: Unix seconds."""

    start: float
    end: float
    scale: float = 1.0
    place: float = 0.0
    paused: bool = False
    _last: float | None = None

    def __post_init__(self) -> None:
        self.place = self.start

    @property
    def finished(self) -> bool:
        """Everything was sent."""
        return self.place >= self.end

    def step(self, now: float) -> float | None:
        """The place of the picture that goes out ``now`` (any clock that only goes on), None for none."""
        last, self._last = self._last, now
        if self.paused or self.finished:
            return None
        if last is not None:
            self.place = min(self.end, self.place + (now - last) * self.scale)
        return self.place

    def seek(self, seconds: float) -> bool:
        """Go on ``seconds`` after the start; False for a place that is not on the tape."""
        if not 0 <= seconds <= self.end - self.start:
            return False
        self.place = self.start + seconds
        return True

    @property
    def size(self) -> int:
        """Bytes of the whole."""
        return int((self.end - self.start) * BYTES_A_SECOND)

    def answer(self, body: bytes) -> bytes:
        """Do what a playback control says; the RTSP reply. Raises `Refused` for what is none."""
        asked = mansrtsp.parse(body)
        if not isinstance(asked, mansrtsp.RtspRequest):
            return mansrtsp.RtspReply(400, "Bad Request").to_bytes()
        if self._obey(asked):
            return mansrtsp.RtspReply(cseq=asked.cseq).to_bytes()
        return mansrtsp.RtspReply(457, "Invalid Range", asked.cseq).to_bytes()

    def _obey(self, asked: mansrtsp.RtspRequest) -> bool:
        match asked.method:
            case mansrtsp.Method.PAUSE:
                self.paused = True
            case mansrtsp.Method.TEARDOWN:
                self.place = self.end
            case _:
                start = None if asked.range is None else asked.range.start
                if start is not None and not self.seek(start):
                    return False
                self.scale = self.scale if asked.scale is None else asked.scale
                self.paused = False
        return True
