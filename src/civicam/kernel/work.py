"""The unit of work, as rooms see it: one callable, one transaction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

Store = TypeVar("Store", covariant=True)
Result = TypeVar("Result")


class Work(Protocol[Store]):
    """Runs a callable against a room's store inside one transaction; bootstrap plugs in the database.

    The callable is synchronous, runs on another thread and may run only once; what it raises rolls back
    everything it did and comes out of the ``await``.
    """

    async def write(self, work: Callable[[Store], Result]) -> Result:
        """Read and change; durable when this returns.

        Raises `Operational` with ``db.busy``, ``db.full`` or ``db.unreachable``."""
        ...

    async def read(self, work: Callable[[Store], Result]) -> Result:
        """Read one consistent picture."""
        ...
