"""What the alarms room needs: a store inside a transaction. Protocols and their values only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from civicam.alarms.facts import Alarm, AlarmFact, AlarmId, AlarmReset, AlarmSeen


@dataclass(frozen=True, slots=True)
class AlarmFilter:
    """Which alarms; None and empty mean all. ``since`` is included, ``until`` is not; both received times."""

    device_id: str = ""
    priority: int | None = None
    method: int | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class AlarmPage:
    """Newest first; ``next`` goes back as ``after``, None at the end."""

    alarms: list[Alarm]
    next: str | None


class AlarmStore(Protocol):
    """The table inside one transaction; synchronous."""

    def add(self, alarms: Sequence[tuple[AlarmId, AlarmSeen]]) -> set[AlarmId]:
        """Keep those that are not there yet; gives their ids. Ids differ from each other."""
        ...

    def reset(self, fact: AlarmReset) -> bool:
        """Keep what came of a reset; False for an alarm that is not there."""
        ...

    def alarm(self, alarm_id: str) -> Alarm | None:
        """One alarm."""
        ...

    def alarms(self, alarm_ids: Sequence[AlarmId]) -> list[Alarm]:
        """Those of some alarms that are there, newest first."""
        ...

    def page(self, wanted: AlarmFilter, after: str, limit: int) -> AlarmPage:
        """Newest first. `Refused` ``alarms.bad-cursor``."""
        ...

    def sweep(self, before: datetime, most: int) -> int:
        """Delete at most ``most`` alarms received before a moment; how many there were."""
        ...

    def publish(self, facts: Sequence[tuple[str, AlarmFact]], at: datetime) -> None:
        """Into the outbox, in this transaction."""
        ...
