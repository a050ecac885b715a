"""All legs of all channels: takes findings in, says what has changed. Pure; one timer for the whole city.

Each call that can change something returns the changes, oldest first in each channel.
"""

from __future__ import annotations

import heapq
import itertools
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from civicam.fleet.facts import ChannelId
from civicam.usability.debounce import Believed, Holds, LegTrack
from civicam.usability.facts import Leg, LegChanged, Reading, State, UsableChanged
from civicam.usability.model import LEGS, NOTHING, USABLE, Vector, hindering, with_leg

_PLACE = {leg: place for place, leg in enumerate(LEGS)}


@dataclass(frozen=True, slots=True)
class Change:
    """A leg has changed, and perhaps the channel: ``vector`` are its legs from ``leg.at`` on."""

    leg: LegChanged
    usable: UsableChanged | None
    vector: Vector


@dataclass(frozen=True, slots=True)
class Standing:
    """What is believed of a channel now."""

    channel_id: ChannelId
    vector: Vector
    since: datetime
    """Since when it has been usable, unusable …"""
    legs: Mapping[Leg, Believed]

    @property
    def usable(self) -> State:
        """The state of the channel."""
        return USABLE[self.vector]

    def state_of(self, leg: Leg | None) -> State:
        """The state of one leg, or of the channel."""
        if leg is None:
            return self.usable
        believed = self.legs.get(leg)
        return State.NOT_CONFIGURED if believed is None else believed.state


@dataclass(slots=True)
class _Watch:
    vector: Vector
    since: datetime
    legs: dict[Leg, LegTrack]
    last: datetime
    """Of the last change: history never goes back, whatever a clock does."""
    in_heap: datetime | None = None


class Board:
    """One for the process."""

    def __init__(self, holds: Holds) -> None:
        self._holds = holds
        self._watches: dict[ChannelId, _Watch] = {}
        self._heap: list[tuple[datetime, int, ChannelId]] = []
        self._order = itertools.count()
        self._renewed: set[ChannelId] = set()
        self.counters: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._watches)

    def __contains__(self, channel_id: object) -> bool:
        return channel_id in self._watches

    def channels(self) -> Iterable[ChannelId]:
        """Everything that is watched."""
        return self._watches.keys()

    def restore(self, standing: Standing, now: datetime) -> None:
        """Go on with what was believed when we went down. What grew old meanwhile does so now: the time in
        between is a gap of ours."""
        tracks = {leg: LegTrack(_not_before(believed, now)) for leg, believed in standing.legs.items()}
        last = max((each.since for each in standing.legs.values()), default=standing.since)
        watch = _Watch(standing.vector, standing.since, tracks, max(last, standing.since))
        self._watches[standing.channel_id] = watch
        self._arm(standing.channel_id, watch)

    def standing(self, channel_id: ChannelId) -> Standing | None:
        """What is believed now; None for a channel nobody has told of."""
        watch = self._watches.get(channel_id)
        if watch is None:
            return None
        legs = {leg: track.believed for leg, track in watch.legs.items()}
        return Standing(channel_id, watch.vector, watch.since, legs)

    def changing(self, channel_id: ChannelId) -> dict[Leg, Believed]:
        """What may follow: states that have not lasted long enough to be believed."""
        watch = self._watches.get(channel_id)
        if watch is None:
            return {}
        return {leg: track.candidate for leg, track in watch.legs.items() if track.candidate is not None}

    def count(self) -> dict[State, int]:
        """How many channels are in each state."""
        found = dict.fromkeys(State, 0)
        for watch in self._watches.values():
            found[USABLE[watch.vector]] += 1
        return found

    def take(self, reading: Reading, now: datetime) -> None:
        """A finding; what it changes comes out of `handle_timer`, once nothing older can still come."""
        watch = self._watches.get(reading.channel_id)
        if watch is None:
            watch = _Watch(NOTHING, reading.at, {}, datetime.min.replace(tzinfo=reading.at.tzinfo))
            self._watches[reading.channel_id] = watch
        track = watch.legs.get(reading.leg)
        if track is None:
            start = min(reading.at, now)
            track = watch.legs[reading.leg] = LegTrack(Believed(State.NOT_CONFIGURED, start, start))
        if reading.at > now:
            self.counters["from_the_future"] += 1
            return
        if not track.take(reading, now - self._holds.late):
            self.counters["too_late"] += 1
            return
        self._arm(reading.channel_id, watch)

    @property
    def renewing(self) -> int:
        """How many `take_renewed` would give."""
        return len(self._renewed)

    def take_renewed(self) -> set[ChannelId]:
        """Channels whose findings were renewed by so much that what was kept of them is too old."""
        found, self._renewed = self._renewed, set()
        return found

    def renew_later(self, channels: Iterable[ChannelId]) -> None:
        """Those that could not be written: they come again with the next `take_renewed`."""
        self._renewed.update(channels)

    def set_back(self) -> None:
        """The wall clock was set back: what waits for a time that comes a second time is given up. The caller
        tells everything anew."""
        for watch in self._watches.values():
            for track in watch.legs.values():
                track.candidate, track.newest = None, None
                track.waiting.clear()

    def get_timer(self) -> datetime | None:
        """When to call `handle_timer`; may be early, never late."""
        return self._heap[0][0] if self._heap else None

    def handle_timer(self, now: datetime) -> list[Change]:
        """Everything that is believed by now."""
        found: list[Change] = []
        watermark = now - self._holds.late
        while self._heap and self._heap[0][0] <= now:
            at, _, channel_id = heapq.heappop(self._heap)
            watch = self._watches[channel_id]
            if watch.in_heap != at:
                continue
            watch.in_heap = None
            found += self._advance(channel_id, watch, watermark)
            self._arm(channel_id, watch)
        return found

    def _advance(self, channel_id: ChannelId, watch: _Watch, watermark: datetime) -> list[Change]:
        moves = [
            (after.since + self._holds.of(after.state), _PLACE[leg], leg, before.state, after)
            for leg, track in watch.legs.items()
            for before, after in track.advance(watermark, self._holds)
        ]
        for track in watch.legs.values():
            if track.renewed():
                self._renewed.add(channel_id)
        moves.sort(key=lambda move: move[:2])  # as they came to be believed, however late this runs
        return [
            self._moved(channel_id, watch, leg, (before, after))
            for _, _, leg, before, after in moves
            if before is not after.state
        ]

    def _moved(self, channel_id: ChannelId, watch: _Watch, leg: Leg, move: tuple[State, Believed]) -> Change:
        """A change is never dated before the channel's last one: a good state that is believed after a
        younger bad one would otherwise split what has been written. The two are less than a hold apart."""
        before, after = move
        at = max(after.since, watch.last)
        watch.last = at
        old, watch.vector = watch.vector, with_leg(watch.vector, leg, after.state)
        usable = None
        if USABLE[old] is not USABLE[watch.vector]:
            watch.since = at
            usable = UsableChanged(channel_id, USABLE[old], USABLE[watch.vector], at, hindering(watch.vector))
        changed = LegChanged(channel_id, leg, before, after.state, at, after.proof)
        return Change(changed, usable, watch.vector)

    def _arm(self, channel_id: ChannelId, watch: _Watch) -> None:
        """One live heap entry a channel, at the earliest of its legs' times."""
        dues = [due for track in watch.legs.values() if (due := track.due(self._holds)) is not None]
        if not dues:
            return
        due = min(dues) + self._holds.late
        if watch.in_heap is not None and watch.in_heap <= due:
            return
        watch.in_heap = due
        heapq.heappush(self._heap, (due, next(self._order), channel_id))


def _not_before(believed: Believed, now: datetime) -> Believed:
    if believed.until is None or believed.until >= now:
        return believed
    return replace(believed, until=now)
