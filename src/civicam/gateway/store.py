"""Open dialogs in SQL, inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, select, update

from civicam.db.engine import Database
from civicam.db.unit import UnitOfWork
from civicam.db.upsert import upsert
from civicam.fleet.facts import DeviceId
from civicam.gateway.kept import KeptDialog, LeftDialog
from civicam.gateway.tables import open_dialog
from civicam.kernel.work import Work
from civicam.signalling.sip.peer import Peer

_PLAIN = [each.name for each in fields(KeptDialog) if each.name != "peer"]


class DialogStore:
    """The rows."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def keep(self, dialog: KeptDialog) -> None:
        """Insert or overwrite."""
        row = {name: getattr(dialog, name) for name in _PLAIN}
        row |= {"transport": dialog.peer.transport, "host": dialog.peer.host, "port": dialog.peer.port}
        upsert(self._connection, open_dialog, [row])

    def forget(self, stream_ids: Sequence[str]) -> None:
        """Delete; fine for those that are not there."""
        self._connection.execute(delete(open_dialog).where(open_dialog.c.stream_id.in_(stream_ids)))

    def left(self, now: datetime) -> list[LeftDialog]:
        """Every row, oldest first; those found for the first time are marked with ``now``."""
        table = open_dialog
        self._connection.execute(update(table).where(table.c.left_at.is_(None)).values(left_at=now))
        rows = self._connection.execute(select(table).order_by(table.c.opened_at, table.c.stream_id))
        return [LeftDialog(_kept(row), row.left_at) for row in rows]


class DialogBook:
    """`civicam.gateway.kept.Dialogs` on the store."""

    def __init__(self, work: Work[DialogStore]) -> None:
        self._work = work

    @classmethod
    def on(cls, database: Database) -> DialogBook:
        """On a database."""
        return cls(UnitOfWork(database, DialogStore))

    async def keep(self, dialog: KeptDialog) -> None:
        """See `Dialogs.keep`."""
        await self._work.write(lambda store: store.keep(dialog))

    async def forget(self, stream_ids: Sequence[str]) -> None:
        """See `Dialogs.forget`."""
        await self._work.write(lambda store: store.forget(stream_ids))

    async def left(self, now: datetime) -> list[LeftDialog]:
        """See `Dialogs.left`."""
        return await self._work.write(lambda store: store.left(now))


def _kept(row: Row[Any]) -> KeptDialog:
    values = {name: getattr(row, name) for name in _PLAIN}
    values["device_id"] = DeviceId(row.device_id)
    return KeptDialog(**values, peer=Peer(row.transport, row.host, row.port))
