"""Three-state liveness of devices, pure: the caller brings the time (monotonic seconds) and owns the timer.

A device is ONLINE while it is heard within interval × misses and its registration has not run out
(GB/T 28181-2022 §9.1, §9.6.1), OFFLINE when that has passed or it said goodbye, UNKNOWN when nobody can
know: after our own start nothing has been heard yet, which is our gap and no fault of the device. So a
device that was there before a restart is not reported lost until its own interval × misses has gone by,
and until a device whose connection broke with us has had the time to register again.

    UNKNOWN ──heard, registered──▶ ONLINE ──deadline, goodbye, misses──▶ OFFLINE
       └──────────── own patience after our start ─────────────────────────▲ │
                                       ONLINE ◀──────── heard, registered ───┘
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from dataclasses import dataclass

from civicam.fleet.facts import DeviceId, Presence

HEARD = "fleet.heard"
REGISTERED = "fleet.registered"
HEARTBEAT_LOST = "fleet.heartbeat-lost"
REGISTRATION_EXPIRED = "fleet.registration-expired"
UNREGISTERED = "fleet.unregistered"
CONNECTION_LOST = "fleet.connection-lost"
RESTARTED = "fleet.restarted"


@dataclass(frozen=True, slots=True)
class Rules:
    """How one device is judged; seconds, counts. Absurd values (a device configured 0) are clamped.

    ``heartbeats`` False: no deadline by heartbeat (devices that send none; sources that are probed).
    ``grace_s``: the last awaited heartbeat may be on its way when interval × misses is over.
    ``return_s``: least patience after our own start. A device whose TCP connection broke when we went down
    waits at least 60 s before it registers again (GB/T 28181-2022 §9.1.1), however short its heartbeat.
    """

    interval_s: float = 60.0
    misses: int = 3
    heartbeats: bool = True
    grace_s: float = 2.0
    return_s: float = 75.0

    @property
    def first_patience_s(self) -> float:
        """Silence after our own start that counts as lost."""
        return max(self.patience_s, self.return_s)

    @property
    def patience_s(self) -> float:
        """Silence after which a device counts as lost."""
        return min(max(self.interval_s, 5.0), 255.0) * self.allowed + self.grace_s

    @property
    def allowed(self) -> int:
        """Misses in a row, 1..255."""
        return min(max(self.misses, 1), 255)


@dataclass(frozen=True, slots=True)
class Transition:
    """A change worth a fact; ``reason_code`` is stable and has its text in `civicam.kernel.messages`."""

    device_id: DeviceId
    before: Presence
    after: Presence
    reason_code: str


@dataclass(slots=True)
class Watch:
    """What is known of one device. Only the book changes it, but for `beat`."""

    rules: Rules
    presence: Presence
    heard_by: float | None
    """Deadline of the next sign of life."""
    expires_at: float | None
    patience_s: float | None
    """What its rules give it; None when no heartbeat is awaited."""
    missed: int = 0
    in_heap: float | None = None
    """The time under which this device stands in the heap; entries with another time are stale."""

    def beat(self, now: float) -> bool:
        """A sign of life, where that changes nothing but the deadline, which is what a city's heartbeats do
        all day; False: say it to `PresenceBook.heard`.
        """
        patience, in_heap = self.patience_s, self.in_heap
        if (
            self.presence is not Presence.ONLINE
            or patience is None
            or in_heap is None
            or in_heap > now + patience
        ):
            return False
        self.missed = 0
        self.heard_by = now + patience
        return True

    def deadline(self) -> float | None:
        if self.presence is Presence.OFFLINE:
            return None
        heard_by, expires_at = self.heard_by, self.expires_at
        if heard_by is None or expires_at is None:
            return expires_at if heard_by is None else heard_by
        return heard_by if heard_by < expires_at else expires_at


class PresenceBook:
    """What is known of every device. Each call that can change it returns the transition, or None."""

    def __init__(self) -> None:
        self._watches: dict[DeviceId, Watch] = {}
        self._heap: list[tuple[float, DeviceId]] = []

    def __contains__(self, device_id: object) -> bool:
        return device_id in self._watches

    def __len__(self) -> int:
        return len(self._watches)

    def presence(self, device_id: DeviceId) -> Presence:
        """The state; UNKNOWN for a device not watched."""
        watch = self._watches.get(device_id)
        return Presence.UNKNOWN if watch is None else watch.presence

    def expires_at(self, device_id: DeviceId) -> float | None:
        """When the registration runs out; None when there is none or it has no end."""
        watch = self._watches.get(device_id)
        return None if watch is None else watch.expires_at

    def heard_by(self, device_id: DeviceId) -> float | None:
        """When the device counts as lost unless it is heard before; None when nothing is awaited."""
        watch = self._watches.get(device_id)
        return None if watch is None or watch.presence is Presence.OFFLINE else watch.heard_by

    def overdue(self, device_id: DeviceId, now: float) -> int:
        """Heartbeats that are overdue by now, as far as the deadline tells."""
        watch, by = self._watches.get(device_id), self.heard_by(device_id)
        if watch is None or by is None:
            return 0
        interval = min(max(watch.rules.interval_s, 5.0), 255.0)
        silence = now - (by - watch.rules.patience_s)
        return max(0, min(watch.rules.allowed, int((silence - watch.rules.grace_s) // interval)))

    def count(self) -> dict[Presence, int]:
        """How many devices are in each state."""
        found = dict.fromkeys(Presence, 0)
        for watch in self._watches.values():
            found[watch.presence] += 1
        return found

    def start(
        self, device_id: DeviceId, rules: Rules, last: Presence, now: float, expires_at: float | None = None
    ) -> Transition | None:
        """Begin to watch: always UNKNOWN, whatever was stored, because nothing was heard yet.

        ``expires_at`` is the stored registration's end; it is stretched to the device's first patience from
        now, since refreshes may have met a closed door while we were down.
        """
        patience = now + rules.first_patience_s
        watch = Watch(
            rules=rules,
            presence=Presence.UNKNOWN,
            heard_by=patience if rules.heartbeats else None,
            expires_at=None if expires_at is None else max(expires_at, patience),
            patience_s=rules.patience_s if rules.heartbeats else None,
        )
        self._watches[device_id] = watch
        self._arm(device_id, watch)
        if last is Presence.UNKNOWN:
            return None
        return Transition(device_id, last, Presence.UNKNOWN, RESTARTED)

    def change_rules(self, device_id: DeviceId, rules: Rules, now: float) -> None:
        """New interval or misses: the next deadline counts from now."""
        watch = self._watches.get(device_id)
        if watch is None or watch.rules == rules:
            return
        watch.rules = rules
        watch.patience_s = rules.patience_s if rules.heartbeats else None
        watch.heard_by = None if watch.patience_s is None else now + watch.patience_s
        self._arm(device_id, watch)

    def forget(self, device_id: DeviceId) -> None:
        """Stop watching (device removed or disabled)."""
        watch = self._watches.pop(device_id, None)
        if watch is not None:
            watch.presence = Presence.UNKNOWN  # whoever still holds it hears nothing of it

    def watch(self, device_id: DeviceId) -> Watch | None:
        """For who hears the device all day; None when it is not watched."""
        return self._watches.get(device_id)

    def beat(self, device_id: DeviceId, now: float) -> bool:
        """`Watch.beat` of a device; False for one that is not watched."""
        watch = self._watches.get(device_id)
        return watch is not None and watch.beat(now)

    def heard(self, device_id: DeviceId, now: float, reason: str = HEARD) -> Transition | None:
        """A sign of life."""
        watch = self._watches.get(device_id)
        if watch is None:
            return None
        watch.missed = 0
        watch.heard_by = None if watch.patience_s is None else now + watch.patience_s
        return self._enter(device_id, watch, Presence.ONLINE, reason)

    def registered(self, device_id: DeviceId, expires_s: float, now: float) -> Transition | None:
        """It proved itself; ``expires_s`` is what we granted."""
        watch = self._watches.get(device_id)
        if watch is None:
            return None
        watch.expires_at = now + expires_s + watch.rules.grace_s
        return self.heard(device_id, now, REGISTERED)

    def missed(self, device_id: DeviceId, reason: str) -> Transition | None:
        """A question of ours went unanswered (a probe): ``misses`` in a row end it."""
        watch = self._watches.get(device_id)
        if watch is None:
            return None
        watch.missed += 1
        if watch.missed < watch.rules.allowed:
            return None
        return self._enter(device_id, watch, Presence.OFFLINE, reason)

    def gone(self, device_id: DeviceId, reason: str) -> Transition | None:
        """It said goodbye, or its connection broke."""
        watch = self._watches.get(device_id)
        if watch is None:
            return None
        if reason == UNREGISTERED:
            watch.expires_at = None
        return self._enter(device_id, watch, Presence.OFFLINE, reason)

    def get_timer(self) -> float | None:
        """When to call `handle_timer`; may be early, never late."""
        return self._heap[0][0] if self._heap else None

    def handle_timer(self, now: float) -> list[Transition]:
        """Everything whose time is over."""
        found: list[Transition] = []
        while self._heap and self._heap[0][0] <= now:
            at, device_id = heapq.heappop(self._heap)
            watch = self._watches.get(device_id)
            if watch is None or watch.in_heap != at:
                continue
            watch.in_heap = None
            deadline = watch.deadline()
            if deadline is None:
                continue
            if deadline > now:
                self._arm(device_id, watch)
                continue
            expired = watch.expires_at is not None and watch.expires_at <= now
            reason = REGISTRATION_EXPIRED if expired else HEARTBEAT_LOST
            found.extend(_some(self._enter(device_id, watch, Presence.OFFLINE, reason)))
        return found

    def _enter(self, device_id: DeviceId, watch: Watch, presence: Presence, reason: str) -> Transition | None:
        before, watch.presence = watch.presence, presence
        self._arm(device_id, watch)
        return None if before is presence else Transition(device_id, before, presence, reason)

    def _arm(self, device_id: DeviceId, watch: Watch) -> None:
        """Keep one live heap entry a device: a later deadline waits until the earlier entry comes up."""
        deadline = watch.deadline()
        if deadline is None or (watch.in_heap is not None and watch.in_heap <= deadline):
            return
        watch.in_heap = deadline
        heapq.heappush(self._heap, (deadline, device_id))


def _some(transition: Transition | None) -> Iterable[Transition]:
    return () if transition is None else (transition,)
