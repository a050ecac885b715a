"""RTP packetisers: PS (or any byte string) in slices, H.264 (RFC 6184), H.265 (RFC 7798).

The sequence number runs on from unit to unit in ``sequence``; all packets of a unit share its time stamp and
the marker is on the last.
"""

from __future__ import annotations

from civicam.media.core.annexb import nal_spans
from civicam.media.core.rtp import HEADER, PLAIN
from civicam.media.core.unit import Codec

FU_A, FU = 28, 49


class RtpPacketiser:
    """Slices a byte string into RTP packets."""

    def __init__(
        self, *, ssrc: int, payload_type: int = 96, payload_size: int = 1400, sequence: int = 0
    ) -> None:
        self.ssrc = ssrc
        self.sequence = sequence
        self.packet_count = 0
        self.octet_count = 0
        self._type = payload_type
        self._size = payload_size

    def packets(self, unit: bytes, timestamp: int) -> list[bytes]:
        """A PS pack or a run of sound → packets. ``timestamp`` is taken modulo 2**32."""
        size = self._size
        return self._wrap([unit[start : start + size] for start in range(0, len(unit), size)], timestamp)

    def _wrap(self, payloads: list[bytes], timestamp: int) -> list[bytes]:
        pack, kind, ssrc, timestamp = HEADER.pack, self._type, self.ssrc, timestamp & 0xFFFFFFFF
        sequence = self.sequence
        out = []
        last = len(payloads) - 1
        for index, payload in enumerate(payloads):
            second = kind | 0x80 if index == last else kind
            out.append(pack(PLAIN, second, sequence, timestamp, ssrc) + payload)
            sequence = (sequence + 1) & 0xFFFF
            self.octet_count += len(payload)
        self.sequence = sequence
        self.packet_count += len(out)
        return out


class NalPacketiser(RtpPacketiser):
    """H.264 or H.265 access units as single NAL units and fragmentation units."""

    def __init__(
        self, codec: Codec, *, ssrc: int, payload_type: int = 96, payload_size: int = 1400, sequence: int = 0
    ) -> None:
        super().__init__(ssrc=ssrc, payload_type=payload_type, payload_size=payload_size, sequence=sequence)
        self._split = _split_h264 if codec is Codec.H264 else _split_h265

    def packets(self, unit: bytes, timestamp: int) -> list[bytes]:
        """An access unit in Annex B → packets."""
        payloads: list[bytes] = []
        for start, end in nal_spans(unit):
            if end - start <= self._size:
                payloads.append(unit[start:end])
            else:
                payloads.extend(self._split(unit[start:end], self._size))
        return self._wrap(payloads, timestamp)


def _split_h264(nal: bytes, size: int) -> list[bytes]:
    """FU-A, RFC 6184 §5.8."""
    indicator, kind = nal[0] & 0xE0 | FU_A, nal[0] & 0x1F
    pieces = [nal[start : start + size - 2] for start in range(1, len(nal), size - 2)]
    last = len(pieces) - 1
    return [
        bytes((indicator, kind | (0x80 if index == 0 else 0) | (0x40 if index == last else 0))) + piece
        for index, piece in enumerate(pieces)
    ]


def _split_h265(nal: bytes, size: int) -> list[bytes]:
    """FU, RFC 7798 §4.4.3."""
    first, second, kind = nal[0] & 0x81 | FU << 1, nal[1], nal[0] >> 1 & 0x3F
    pieces = [nal[start : start + size - 3] for start in range(2, len(nal), size - 3)]
    last = len(pieces) - 1
    return [
        bytes((first, second, kind | (0x80 if index == 0 else 0) | (0x40 if index == last else 0))) + piece
        for index, piece in enumerate(pieces)
    ]
