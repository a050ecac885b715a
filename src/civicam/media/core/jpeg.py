"""A JPEG that somebody else made, read piece by piece: what is picture goes on, everything else stays behind.

ITU-T T.81 Annex B. Kept are the tables, the frame and its scans, a plain JFIF head, Adobe's note on colours.
Left out are all other application segments and comments (Exif, thumbnails, what makers write beside the
picture) and whatever follows the end: none of that is looked at, and none of it is kept.
"""

from __future__ import annotations

import re

from civicam.kernel.errors import Refused

NOT_JPEG = "media.not-jpeg"
CUT_SHORT = "media.picture-cut"

LARGEST = 16_384
"""Pixels a side."""
_SOI, _EOI, _SOS = 0xD8, 0xD9, 0xDA
_ALONE = frozenset({0x01, *range(0xD0, 0xD8)})
"""Markers without a length: TEM, RST0 to RST7."""
_FRAMES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
_TABLES = frozenset({0xC4, 0xCC, 0xDB, 0xDC, 0xDD})
_APP0, _APP14 = 0xE0, 0xEE
_JFIF = 14
"""Bytes of a JFIF head without a thumbnail."""
_IN_SCAN = re.compile(rb"\xff(?![\x00\xff\xd0-\xd7])", re.DOTALL)


class JpegStrainer:
    """Feed it, take what it gives, `finish` at the end. ``width`` and ``height`` are known by then."""

    def __init__(self) -> None:
        self.width = self.height = 0
        self._held = b""
        self._begun = self._scans = self._over = False
        self._in_scan = False

    @property
    def over(self) -> bool:
        """Whether the picture has ended; what is fed after that is left out."""
        return self._over

    def feed(self, data: bytes) -> bytes:
        """What of it is picture. Raises `Refused` ``media.not-jpeg``. Holds back at most 64 KiB."""
        self._held += data
        out = bytearray()
        while not self._over:
            taken = self._scan() if self._in_scan else self._segment()
            if taken is None:
                return bytes(out)
            out += taken
        self._held = b""
        return bytes(out)

    def finish(self) -> tuple[int, int]:
        """Width and height. Raises `Refused` ``media.picture-cut``, ``media.not-jpeg`` for what is none."""
        if not self._begun:
            raise Refused(NOT_JPEG)
        if not (self._over and self._scans):
            raise Refused(CUT_SHORT)
        return self.width, self.height

    def _segment(self) -> bytes | None:
        """The next marker with what belongs to it; empty when it is left out, None when more must come."""
        held = self._held
        if len(held) < 2:
            self._expect(not held or held[0] == 0xFF)
            return None
        self._expect(held[0] == 0xFF)
        marker = held[1]
        if marker == 0xFF:  # fill bytes
            self._held = held[1:]
            return b""
        if not self._begun:
            self._expect(marker == _SOI)
            self._begun = True
            return self._take(2)
        if marker == _EOI:
            self._over = True
            return self._take(2)
        if marker in _ALONE:
            return self._take(2)
        self._expect(marker not in {0x00, _SOI})
        if len(held) < 4:
            return None
        size = int.from_bytes(held[2:4], "big") + 2
        self._expect(size >= 4)
        if len(held) < size:
            return None
        return self._whole(marker, self._take(size))

    def _whole(self, marker: int, segment: bytes) -> bytes:
        """One segment of known kind and size."""
        if marker in _FRAMES:
            self._expect(len(segment) >= 10)
            self.height, self.width = (int.from_bytes(segment[at : at + 2], "big") for at in (5, 7))
            self._expect(1 <= self.width <= LARGEST and 1 <= self.height <= LARGEST)
        elif marker == _SOS:
            self._expect(self.width > 0)
            self._in_scan = self._scans = True
        elif marker == _APP0:
            return segment if segment[4:9] == b"JFIF\0" and len(segment) == _JFIF + 4 else b""
        elif marker == _APP14:
            return segment if segment[4:9] == b"Adobe" and len(segment) == 16 else b""
        elif marker not in _TABLES:
            return b""
        return segment

    def _scan(self) -> bytes | None:
        """Coded data up to the next marker that is none of its own."""
        found = _IN_SCAN.search(self._held)
        if found is None:
            taken, self._held = self._held, b""
            return taken or None
        if found.end() == len(self._held):  # what follows 0xFF decides
            taken = self._take(found.start())
            return taken or None
        self._in_scan = False
        return self._take(found.start())

    def _take(self, size: int) -> bytes:
        taken, self._held = self._held[:size], self._held[size:]
        return taken

    @staticmethod
    def _expect(holds: bool) -> None:
        if not holds:
            raise Refused(NOT_JPEG)
