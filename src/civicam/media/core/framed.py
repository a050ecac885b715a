"""RTP over TCP from the bytes of a connection to frames, in one pass where the stream is plain.

What is unusual (other framing, garbage, another SSRC, a gap, RTCP) goes through `StreamFramer`, packet by
packet; both ways give the same.
"""

from __future__ import annotations

from collections.abc import Sequence

from civicam.media.core.receive import RtpReceiver
from civicam.media.core.rfc4571 import StreamFramer
from civicam.media.core.unit import Frame


class FramedReceiver:
    """One connection that feeds ``receiver``; holds less than one packet."""

    def __init__(self, receiver: RtpReceiver) -> None:
        self._receiver = receiver
        self._framer = StreamFramer()
        self._ahead = False
        """Packets were taken that the framer has not seen."""

    @property
    def hopeless(self) -> bool:
        """See `StreamFramer.hopeless`."""
        return self._framer.hopeless

    def feed(self, data: bytes, now: float) -> Sequence[Frame]:
        """The next bytes of the connection; the frames they complete. Never raises on bad bytes."""
        out: list[Frame] = []
        framer, receiver = self._framer, self._receiver
        position = 0
        if framer.rest:
            first = framer.completed(data)
            if not first or not receiver.feed_framed(first, 0, now, out):
                return self._slowly(data, now, out)
            position = len(first) - len(framer.rest)
            framer.done()
        position = receiver.feed_framed(data, position, now, out)
        if position:
            self._ahead = True
        if position < len(data) and not framer.begun(data, position):
            return self._slowly(data[position:] if position else data, now, out)
        return out

    def _slowly(self, data: bytes, now: float, out: list[Frame]) -> list[Frame]:
        if self._ahead and self._receiver.ssrc is not None:
            self._framer.follow(self._receiver.ssrc)
            self._ahead = False
        packets = self._framer.feed(data)
        if packets:
            out += self._receiver.feed_all(packets, now)
        return out
