"""One device's sign of life between the wire and the store (`civicam.fleet.hearing`)."""

from __future__ import annotations

from datetime import datetime


class Pulse:
    """Held by whoever hears the device: nothing is looked up for a heartbeat that says what the last one did.

    ``source`` is where the store has the device, while nothing else of it waits to be written and none of
    its channels is called faulty; else it is empty, and a heartbeat has to be told in full. A heartbeat from
    there that names no channel only needs its moment put into ``at``, which the next slice writes.
    """

    __slots__ = ("at", "source", "stored")

    def __init__(self, stored: str = "") -> None:
        self.at: datetime | None = None
        self.source = ""
        self.stored = stored
        """Where the store has it, whatever else is to be said."""
