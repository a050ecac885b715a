"""Keeps the dialog of one session in the store, from its INVITE until the device knows that it is over.

Pictures do not wait for a store that is slow or full: then the dialog is not kept, and that is counted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import replace

from civicam.gateway.desk import Desk
from civicam.gateway.kept import AHEAD, Dialogs, KeptDialog
from civicam.kernel.errors import Operational
from civicam.signalling.sip.dialog import Dialog

KEPT = "dialog-kept"
"""The name of the tasks that write; a stop waits for them."""
_PATIENCE_S = 1.0
"""An INVITE waits so long for the disk."""


class Keeping:
    """One session's."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.kept: KeptDialog | None = None
        """As it was kept last; None before the INVITE, and once it is over or handed on."""

    async def begins(self, kept: KeptDialog) -> None:
        """An INVITE is about to leave, or to be answered: durable when this returns, or given up."""
        self.kept = kept
        dialogs = self._desk.dialogs
        if dialogs is None:
            return
        try:
            async with asyncio.timeout(_PATIENCE_S):
                await dialogs.keep(kept)
        except (TimeoutError, Operational):
            self._desk.counters["dialog_not_kept"] += 1

    def stands(self, dialog: Dialog) -> None:
        """The 200 came."""
        if self.kept is not None:
            self._keep(self.kept.stands(dialog))

    def used(self, dialog: Dialog) -> None:
        """A request was sent in the dialog."""
        if self.kept is not None and dialog.local_cseq >= self.kept.cseq - AHEAD // 2:
            self._keep(replace(self.kept, cseq=dialog.local_cseq + AHEAD))

    def over(self) -> None:
        """The device knows, or never began."""
        kept, self.kept = self.kept, None
        if kept is not None and self._desk.dialogs is not None:
            self._spawn(self._desk.dialogs.forget([kept.stream_id]))

    def owed(self) -> bool:
        """The device could not be told. Whether another will do it (`Desk.ghost`)."""
        kept, self.kept = self.kept, None
        return kept is not None and self._desk.ghost(kept)

    def _keep(self, kept: KeptDialog) -> None:
        self.kept = kept
        dialogs: Dialogs | None = self._desk.dialogs
        if dialogs is not None:
            self._spawn(dialogs.keep(kept))

    def _spawn(self, work: Awaitable[None]) -> None:
        self._desk.tasks.spawn(self._quietly(work), KEPT)

    async def _quietly(self, work: Awaitable[None]) -> None:
        try:
            await work
        except Operational as error:
            self._desk.counters["dialog_not_kept"] += 1
            self._desk.faults.note(error.code, "store", self._desk.clock.monotonic())
