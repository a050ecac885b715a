"""Collecting a catalogue that comes in parts (GB/T 28181-2022 Annex M), as one pure state machine.

Rules, each bought dearly in the field:

* only parts with the SN of the running query count; unsolicited parts (some vendors send SumNum 1 at
  any moment) are told apart by `CatalogueCollector.offer` returning False, and must change nothing;
* items are counted by distinct id, because parts are repeated and overlap;
* the end is SumNum distinct items, or the idle gap after the last part, or the total time;
* only a catalogue that counted up is ``complete``. What is missing from an incomplete one is not gone.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from civicam.signalling.gb28181.manscdp.catalog import CatalogItem, CatalogResponse


class CollectState(enum.StrEnum):
    """Where a collection stands."""

    WAITING = "waiting"
    """Asked; no part yet."""
    COLLECTING = "collecting"
    """At least one part came."""
    COMPLETE = "complete"
    """Every announced item arrived and could be read."""
    INCOMPLETE = "incomplete"
    """Ended by a gap or by time, or some items could not be read."""
    SILENT = "silent"
    """No part came at all."""


ENDED = frozenset({CollectState.COMPLETE, CollectState.INCOMPLETE, CollectState.SILENT})


@dataclass(frozen=True, slots=True)
class CollectTimes:
    """Seconds: until the first part, between parts, for everything."""

    first: float = 120.0
    gap: float = 5.0
    total: float = 300.0


class CatalogueCollector:
    """One query's answer. Feed it with `offer`, ask `get_timer`, call `handle_timer`."""

    def __init__(
        self, sn: int, now: float, times: CollectTimes | None = None, max_items: int = 100_000
    ) -> None:
        self._times = times or CollectTimes()
        self._max_items = max_items
        self._items: dict[str, CatalogItem] = {}
        self._rejected = 0
        self._end = now + self._times.total
        self._deadline = min(now + self._times.first, self._end)
        self.sn = sn
        self.state = CollectState.WAITING
        self.announced: int | None = None
        """SumNum of the newest part; None before the first."""

    @property
    def items(self) -> tuple[CatalogItem, ...]:
        """Distinct items in order of arrival; of one that came twice, the later copy."""
        return tuple(self._items.values())

    @property
    def complete(self) -> bool:
        """Whether absence of a channel means anything."""
        return self.state is CollectState.COMPLETE

    @property
    def ended(self) -> bool:
        """Whether nothing more is awaited."""
        return self.state in ENDED

    def offer(self, part: CatalogResponse, now: float) -> bool:
        """Take a part; False when it does not belong to this query or comes too late."""
        if part.sn != self.sn or self.ended:
            return False
        self.state = CollectState.COLLECTING
        self.announced = part.sum_num
        self._rejected += part.rejected
        for item in part.items:
            if len(self._items) < self._max_items or item.device_id in self._items:
                self._items[item.device_id] = item
        if len(self._items) + self._rejected >= part.sum_num:
            self._finish()
        else:
            self._deadline = min(now + self._times.gap, self._end)
        return True

    def _finish(self) -> None:
        whole = self._rejected == 0 and self.announced is not None and len(self._items) >= self.announced
        self.state = CollectState.COMPLETE if whole else CollectState.INCOMPLETE

    def get_timer(self) -> float | None:
        """When `handle_timer` wants to be called; None once ended."""
        return None if self.ended else self._deadline

    def handle_timer(self, now: float) -> None:
        """End the collection when its time is over; early calls do nothing."""
        if self.ended or now < self._deadline:
            return
        if self.state is CollectState.WAITING:
            self.state = CollectState.SILENT
        else:
            self._finish()
