"""The store of open dialogs in memory."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from tests.gateway.wire import later

from civicam.gateway.kept import KeptDialog, LeftDialog
from civicam.kernel.errors import Operational


class MemoryDialogs:
    """Open dialogs; outlives the gateway as a disk does. ``broken`` makes the store fail."""

    def __init__(self) -> None:
        self.rows: dict[str, KeptDialog] = {}
        self.history: list[KeptDialog] = []
        self.found_at: dict[str, datetime] = {}
        self.broken = False
        self.slow_s = 0.0

    async def keep(self, dialog: KeptDialog) -> None:
        if self.slow_s:
            await later(self.slow_s)
        self._check()
        self.rows[dialog.stream_id] = dialog
        self.history.append(dialog)

    async def forget(self, stream_ids: Sequence[str]) -> None:
        self._check()
        for each in stream_ids:
            self.rows.pop(each, None)

    async def left(self, now: datetime) -> Sequence[LeftDialog]:
        self._check()
        return [LeftDialog(row, self.found_at.setdefault(name, now)) for name, row in self.rows.items()]

    def _check(self) -> None:
        if self.broken:
            raise Operational("db.full")
