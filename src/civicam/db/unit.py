"""A room's store inside one transaction: what fills `civicam.kernel.work.Work`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from sqlalchemy import Connection

from civicam.db.engine import Database

S = TypeVar("S")
T = TypeVar("T")


class UnitOfWork(Generic[S]):
    """Builds the room's store on the transaction's connection and hands it to the callable."""

    def __init__(self, database: Database, store: Callable[[Connection], S], *, urgent: bool = False) -> None:
        self._database = database
        self._urgent = urgent
        self._store = store

    async def write(self, work: Callable[[S], T]) -> T:
        """One unit; see `Database.write`."""
        return await self._database.write(
            lambda connection: work(self._store(connection)), urgent=self._urgent
        )

    async def read(self, work: Callable[[S], T]) -> T:
        """One consistent picture; see `Database.read`."""
        return await self._database.read(lambda connection: work(self._store(connection)))
