"""Collecting an answer that comes in parts (GB/T 28181-2022 Annex M), as one pure state machine.

For Catalog, RecordInfo, presets, cruise tracks, SD cards and ConfigDownload. Rules, each bought dearly in
the field:

* only parts with the SN of the running query count, or, from a device that never repeats it, with none
  (SN 0), and those end no query and prove no absence; unsolicited parts (some vendors send SumNum 1 at
  any moment) are told apart by `Collector.offer` returning False, and must change nothing;
* items are counted by distinct identity, because parts are repeated and overlap;
* the end is SumNum distinct items, or a refusal, or the idle gap after the last part, or the total time;
* only an answer that counted up is ``complete``. What is missing from an incomplete one is not gone;
* an answer that tells no total (ConfigDownload) counts up to ``expected``, or ends by the gap.

Two queries of one kind on one channel at a time get mixed up by devices: whoever asks does so in turn.
"""

from __future__ import annotations

import enum
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar


class Item(Protocol):
    """What is counted."""

    @property
    def identity(self) -> Hashable:
        """The same for every copy of one item, and for no other."""
        ...


T = TypeVar("T", bound=Item)
T_co = TypeVar("T_co", bound=Item, covariant=True)


class Part(Protocol[T_co]):
    """One message of an answer; the responses in `civicam.signalling.gb28181.manscdp` are such."""

    @property
    def sn(self) -> int: ...

    @property
    def ok(self) -> bool:
        """False: a refusal, unless items stand in it all the same."""
        ...

    @property
    def sum_num(self) -> int | None:
        """Items in all parts together; None when the part does not say."""
        ...

    @property
    def items(self) -> tuple[T_co, ...]: ...

    @property
    def rejected(self) -> int:
        """Items of this part that could not be read."""
        ...


class CollectState(enum.StrEnum):
    """Where a collection stands."""

    WAITING = "waiting"
    """Asked; no part yet."""
    COLLECTING = "collecting"
    """At least one part came."""
    COMPLETE = "complete"
    """Every announced item arrived and could be read."""
    INCOMPLETE = "incomplete"
    """Ended by a gap, by time or at the item limit, or some items could not be read."""
    REFUSED = "refused"
    """The device answered ERROR."""
    SILENT = "silent"
    """No part came at all."""


ENDED = frozenset({CollectState.COMPLETE, CollectState.INCOMPLETE, CollectState.REFUSED, CollectState.SILENT})


@dataclass(frozen=True, slots=True)
class CollectTimes:
    """Seconds: until the first part, between parts, for everything."""

    first: float = 120.0
    gap: float = 5.0
    total: float = 300.0


RECORD_TIMES = CollectTimes(first=10.0, gap=10.0, total=120.0)
"""RecordInfo: a recorder searches its disks between parts."""
SHORT_TIMES = CollectTimes(first=4.0, gap=2.0, total=10.0)
"""Everything that is one message from most devices."""


class Collector(Generic[T]):
    """One query's answer. Feed it with `offer`, ask `get_timer`, call `handle_timer`.

    ``max_items`` bounds memory; what comes beyond it is dropped and the answer stays incomplete.
    """

    def __init__(
        self,
        sn: int,
        now: float,
        times: CollectTimes | None = None,
        max_items: int = 100_000,
        expected: int | None = None,
    ) -> None:
        self._times = times or CollectTimes()
        self._max_items = max_items
        self._items: dict[Hashable, T] = {}
        self._end = now + self._times.total
        self._deadline = min(now + self._times.first, self._end)
        self.sn = sn
        self.state = CollectState.WAITING
        self.rejected = 0
        """Items that could not be read."""
        self.announced = expected
        """SumNum of the newest part that told one; before the first, what was expected."""
        self._named: bool | None = None
        """Whether the parts had our SN; None before the first."""

    @property
    def items(self) -> tuple[T, ...]:
        """Distinct items in order of arrival; of one that came twice, the later copy."""
        return tuple(self._items.values())

    @property
    def complete(self) -> bool:
        """Whether absence of an item means anything."""
        return self.state is CollectState.COMPLETE

    @property
    def ended(self) -> bool:
        """Whether nothing more is awaited."""
        return self.state in ENDED

    def offer(self, part: Part[T], now: float) -> bool:
        """Take a part; False when it does not belong to this query or comes too late."""
        if self.ended or not self._ours(part):
            return False
        if not part.ok and not part.items:
            self.state = CollectState.INCOMPLETE if self._items else CollectState.REFUSED
            return True
        self.state = CollectState.COLLECTING
        self.announced = self.announced if part.sum_num is None else part.sum_num
        self.rejected += part.rejected
        for item in part.items:
            if len(self._items) < self._max_items or item.identity in self._items:
                self._items[item.identity] = item
        whole = self.announced is not None and len(self._items) + self.rejected >= self.announced
        if whole and self._named:
            self._finish()
        else:
            self._deadline = min(now + self._times.gap, self._end)
        return True

    def _ours(self, part: Part[T]) -> bool:
        """Whether a part answers this query; one with our SN takes the place of all that had none."""
        if part.sn == self.sn:
            if self._named is False:
                self._items.clear()
                self.rejected = 0
            self._named = True
            return True
        if part.sn == 0 and not self._named:
            self._named = False
            return True
        return False

    def _finish(self) -> None:
        counted = self.announced is not None and len(self._items) >= self.announced
        whole = counted and bool(self._named) and self.rejected == 0
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
