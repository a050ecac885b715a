"""Catalogue notices: what changed in a device's list since it was read (目录订阅; 2016 Annex P, 2022 N).

Changes of one device are applied in their order, and never while its list is being read: the list was written
before them and would undo them. What is told of an unknown channel leads to the list being read again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from civicam.fleet.facts import ChangeKind, ChannelChange, DeviceId
from civicam.gateway import habits
from civicam.gateway.catalogue import channel, is_channel
from civicam.gateway.desk import Desk
from civicam.gateway.resync import Resync
from civicam.gateway.roster import Entry
from civicam.kernel.errors import Operational, Refused
from civicam.signalling.gb28181.manscdp import Message
from civicam.signalling.gb28181.manscdp.catalog_notify import CatalogEvent, CatalogNotify

_KINDS: dict[CatalogEvent, ChangeKind] = {
    CatalogEvent.ON: "on",
    CatalogEvent.OFF: "off",
    CatalogEvent.VLOST: "lost",
    CatalogEvent.DEFECT: "defect",
    CatalogEvent.ADD: "add",
    CatalogEvent.DEL: "delete",
    CatalogEvent.UPDATE: "update",
}
_STATES = frozenset({CatalogEvent.ON, CatalogEvent.OFF, CatalogEvent.VLOST, CatalogEvent.DEFECT})
_WAITING = 20_000
"""Changes of one device that may wait for the store or its list; beyond it the list is read again."""
_ASKED = 1_000
"""Unknown channels of one device that its list was read for; they are not asked for twice in a row."""


class CatalogueNotices:
    """The use case."""

    def __init__(self, desk: Desk, resync: Resync) -> None:
        self._desk = desk
        self._resync = resync
        self._waiting: dict[DeviceId, deque[ChannelChange]] = {}
        self._asked: dict[DeviceId, set[str]] = {}

    def take(self, entry: Entry, notice: Message) -> None:
        """A notice came in."""
        if not isinstance(notice, CatalogNotify):
            return
        self._desk.counters["catalogue_change_unreadable"] += notice.rejected
        changes = list(self._changes(entry, notice))
        waiting = self._waiting.get(entry.device_id)
        if waiting is None and changes:
            self._waiting[entry.device_id] = deque(changes)
            self._desk.tasks.spawn(self._apply(entry), "catalogue-notify")
        elif waiting is not None and len(waiting) + len(changes) <= _WAITING:
            waiting.extend(changes)
        elif waiting is not None:
            self._desk.counters["catalogue_change_dropped"] += len(changes)
            self._resync.soon(entry.device_id)

    def gone(self, device_id: DeviceId) -> None:
        """The device went away: when it comes back its list is read anyhow."""
        self._asked.pop(device_id, None)

    def _changes(self, entry: Entry, notice: CatalogNotify) -> Iterator[ChannelChange]:
        settings = self._desk.settings
        believed = habits.believes(settings, entry)
        for change in notice.changes:
            gb_id = change.item.device_id
            if not is_channel(gb_id, settings.gb_id):
                continue
            if not believed and change.event in _STATES:
                self._desk.counters["catalogue_state_not_believed"] += 1
                continue
            item = channel(change.item, unsaid="") if change.event.carries_fields else None
            yield ChannelChange(_KINDS[change.event], gb_id, item)

    async def _apply(self, entry: Entry) -> None:
        desk, waiting = self._desk, self._waiting[entry.device_id]
        try:
            while waiting:
                async with self._resync.catalogue.turn(entry.gb_id):
                    changes = list(waiting)
                    waiting.clear()
                    done = await desk.fleet.catalogue_changes(entry.device_id, changes, desk.clock.now())
                desk.counters["catalogue_changes"] += len(changes)
                self._look_for(entry.device_id, done.unknown)
        except Operational as error:  # the list tells it all once the store works again
            desk.faults.note(error.code, "store", desk.clock.monotonic())
            self._resync.soon(entry.device_id)
        except Refused:  # the device was removed
            pass
        finally:
            del self._waiting[entry.device_id]

    def _look_for(self, device_id: DeviceId, unknown: tuple[str, ...]) -> None:
        """Read the list for channels nobody knows, once for each: some are never listed."""
        asked = self._asked.setdefault(device_id, set())
        new = set(unknown) - asked
        if new and len(asked) < _ASKED:
            asked |= set(list(new)[: _ASKED - len(asked)])
            self._desk.counters["catalogue_change_unknown"] += len(new)
            self._resync.soon(device_id)
        if not asked:
            del self._asked[device_id]
