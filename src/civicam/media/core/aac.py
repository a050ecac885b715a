"""AAC: ADTS headers (ISO/IEC 13818-7 §6.2) and AudioSpecificConfig (ISO/IEC 14496-3 §1.6)."""

from __future__ import annotations

from typing import NamedTuple

RATES = (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350)


class AacHeader(NamedTuple):
    """``object_type`` as in AudioSpecificConfig (2 is AAC LC)."""

    object_type: int
    rate: int
    channels: int

    def config(self) -> bytes:
        """AudioSpecificConfig, two bytes."""
        value = self.object_type << 11 | RATES.index(self.rate) << 7 | self.channels << 3
        return value.to_bytes(2, "big")

    def adts(self, payload: bytes) -> bytes:
        """``payload`` (one raw AAC frame, at most 8,184 bytes) behind an ADTS header without CRC."""
        size = len(payload) + 7
        index = RATES.index(self.rate)
        head = bytes(
            (
                0xFF,
                0xF1,
                (self.object_type - 1) << 6 | index << 2 | self.channels >> 2,
                (self.channels & 3) << 6 | size >> 11,
                size >> 3 & 0xFF,
                (size & 7) << 5 | 0x1F,
                0xFC,
            )
        )
        return head + payload


def read_config(config: bytes) -> AacHeader | None:
    """The first two bytes of an AudioSpecificConfig; None for what ADTS cannot say."""
    if len(config) < 2:
        return None
    value = int.from_bytes(config[:2], "big")
    kind, index, channels = value >> 11, value >> 7 & 15, value >> 3 & 15
    if not 1 <= kind <= 4 or index >= len(RATES) or channels > 7:
        return None
    return AacHeader(kind, RATES[index], channels)


def adts_frames(data: bytes) -> list[tuple[AacHeader, bytes]]:
    """(header, raw frame) of each whole ADTS frame; ends at the first thing that is none."""
    found = []
    position = 0
    while position + 7 <= len(data) and data[position] == 0xFF and data[position + 1] & 0xF6 == 0xF0:
        second, third = data[position + 2], data[position + 3]
        index = second >> 2 & 15
        size = (third & 3) << 11 | data[position + 4] << 3 | data[position + 5] >> 5
        start = position + (7 if data[position + 1] & 1 else 9)
        end = position + size
        if index >= len(RATES) or start > end or end > len(data):
            break
        header = AacHeader((second >> 6) + 1, RATES[index], (second & 1) << 2 | third >> 6)
        found.append((header, data[start:end]))
        position = end
    return found
