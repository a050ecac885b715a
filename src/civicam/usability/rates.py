"""Rates of groups over a period, each with what it is made of. Pure.

A rate is good minutes over known minutes. Unknown is in neither; how much was unknown stands beside it as
coverage and exclusions, together with what the rate would be if all of it had been bad, or good.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from civicam.fleet.views import ChannelCard, Text
from civicam.kernel.errors import Refused
from civicam.kernel.messages import message
from civicam.usability.facts import Leg
from civicam.usability.history import Seconds

GroupKey = Literal["", "district", "street", "site", "kind", "channel"]
"""What the channels are grouped by; empty: all together."""

NO_CHANNELS, NOTHING_KNOWN = "usability.no-channels", "usability.nothing-known"
_NAMES: dict[Leg | None, str] = {
    None: "usability.rate-of-channel",
    Leg.SIGNALLING: "usability.rate-of-signalling",
    Leg.MEDIA: "usability.rate-of-media",
    Leg.PICTURE: "usability.rate-of-picture",
    Leg.RECORDING: "usability.rate-of-recording",
    Leg.CLOCK: "usability.rate-of-clock",
}
_UNKNOWN, _NOT_CONFIGURED = "usability.excluded-unknown", "usability.excluded-not-configured"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which channels; empty means all. ``channels`` is a list somebody made."""

    district: str = ""
    street: str = ""
    site: str = ""
    kind: str = ""
    channels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Minutes that are in neither numerator nor denominator, and why."""

    code: str
    why: Text
    minutes: float


@dataclass(frozen=True, slots=True)
class Rate:
    """One percentage and everything that belongs beside it. ``value`` None: not computable, ``why`` says it.

    ``numerator``, ``denominator`` in channel-minutes. ``coverage``: known / configured minutes, None without
    any. ``at_least``, ``at_most``: the rate if all unknown minutes had been bad, or good.
    """

    value: float | None
    code: str
    why: Text | None
    definition: Text
    numerator: float
    denominator: float
    coverage: float | None
    at_least: float | None
    at_most: float | None
    exclusions: tuple[Exclusion, ...]


@dataclass(frozen=True, slots=True)
class GroupRate:
    """The rate of one group; ``key`` is a code or id, empty for channels that have none, and for all."""

    key: str
    channels: int
    rate: Rate


@dataclass(frozen=True, slots=True)
class Rates:
    """The answer: ``start`` included, ``end`` not; never in the future."""

    start: datetime
    end: datetime
    leg: Leg | None
    groups: list[GroupRate] = field(default_factory=list)


def chosen(cards: Iterable[ChannelCard], wanted: Wanted) -> list[ChannelCard]:
    """The channels of a group."""
    some = frozenset(wanted.channels)
    return [
        card
        for card in cards
        if wanted.district in {"", card.district}
        and wanted.street in {"", card.street}
        and wanted.site in {"", card.site_id}
        and wanted.kind in {"", card.kind}
        and (not some or card.channel_id in some)
    ]


def group_of(card: ChannelCard, by: GroupKey) -> str:
    """The group a channel belongs to."""
    match by:
        case "":
            return ""
        case "district":
            return card.district or ""
        case "street":
            return card.street or ""
        case "site":
            return card.site_id or ""
        case "kind":
            return card.kind
        case "channel":
            return card.channel_id


def grouped(
    cards: Sequence[ChannelCard],
    by: GroupKey,
    seconds: Mapping[str, Seconds],
    leg: Leg | None,
    length_s: int,
) -> list[GroupRate]:
    """A rate for each group, in the order of their keys; one empty group when there are no channels."""
    sums: dict[str, list[int]] = {} if by else {"": [0] * 5}
    outside: Seconds = (0, 0, 0, length_s)
    for card in cards:
        total = sums.setdefault(group_of(card, by), [0] * 5)
        for place, value in enumerate((*seconds.get(card.channel_id, outside), 1)):
            total[place] += value
    return [
        GroupRate(key, each[4], rate_of((each[0], each[1], each[2], each[3]), each[4], leg))
        for key, each in sorted(sums.items())
    ]


def rate_of(seconds: Seconds, channels: int, leg: Leg | None) -> Rate:
    """The rate of what is in each state."""
    unknown, good, bad, not_configured = seconds
    known, configured = good + bad, good + bad + unknown
    code = NO_CHANNELS if channels == 0 else NOTHING_KNOWN if known == 0 else ""
    exclusions = tuple(
        Exclusion(name, _text(name), _minutes(excluded))
        for name, excluded in ((_UNKNOWN, unknown), (_NOT_CONFIGURED, not_configured))
    )
    return Rate(
        value=good / known if known else None,
        code=code,
        why=_text(code) if code else None,
        definition=_text(_NAMES[leg]),
        numerator=_minutes(good),
        denominator=_minutes(known),
        coverage=known / configured if configured else None,
        at_least=good / configured if configured else None,
        at_most=(good + unknown) / configured if configured else None,
        exclusions=exclusions,
    )


def refuse_bad_period(start: datetime, end: datetime, now: datetime) -> tuple[datetime, datetime]:
    """The part of a period that has passed; `Refused` ``usability.bad-period``."""
    end = min(end, now)
    if start >= end:
        raise Refused("usability.bad-period")
    return start, end


def _minutes(seconds: int) -> float:
    return round(seconds / 60, 3)


def _text(code: str) -> Text:
    return Text(message(code, "zh-CN", {}), message(code, "en", {}))
