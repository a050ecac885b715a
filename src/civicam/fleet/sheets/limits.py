"""How much of a workbook is taken; the figures of `civicam.fleet.settings.ImportSettings`. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bytes as uploaded and unpacked, rows and tabs in a workbook, seconds and bytes of memory to read it."""

    file_bytes: int = 20 * 1024 * 1024
    unpacked_bytes: int = 256 * 1024 * 1024
    rows: int = 100_000
    tabs: int = 20
    seconds: float = 60.0
    memory_bytes: int = 2 * 1024 * 1024 * 1024
