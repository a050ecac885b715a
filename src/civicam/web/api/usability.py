"""``/api/usability``: which channels are usable, now, then and on the whole, with the proofs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from civicam.fleet.facts import ChannelId
from civicam.fleet.views import Text
from civicam.kernel.messages import message
from civicam.usability.debounce import Believed
from civicam.usability.facts import Leg, Proof, State
from civicam.usability.history import moment
from civicam.usability.minutes import MINUTE_S
from civicam.usability.model import LEGS, STATES, USABLE, hindering, leg_state
from civicam.usability.rates import GroupKey, Rate, Wanted
from civicam.usability.service import ChannelAt
from civicam.web.auth import Inside

router = APIRouter(tags=["usability"])

ChannelKey = Annotated[str, Path(min_length=1, max_length=32)]
Moment = Annotated[AwareDatetime, Query()]


@dataclass(frozen=True, slots=True)
class ProofOut:
    """What was measured against what limit, by whom; ``why`` is ``code`` in words."""

    code: str
    why: Text | None
    source: str
    measured: float | None
    limit: float | None
    unit: str


@dataclass(frozen=True, slots=True)
class LegOut:
    """One leg. ``since``: its state began; ``seen``: the newest finding; both None when nobody ever looked.
    ``changing_to``: what it becomes if that lasts, since ``changing_since``."""

    leg: Leg
    state: State
    since: datetime | None
    seen: datetime | None
    until: datetime | None
    proof: ProofOut
    changing_to: State | None = None
    changing_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class ChannelOut:
    """A channel's five legs. ``gap`` is why everything is unknown, when it is: nobody collected."""

    channel_id: str
    state: State
    since: datetime | None
    at: datetime | None
    legs: list[LegOut]
    gap: str | None = None


@dataclass(frozen=True, slots=True)
class SpanOut:
    """Part of a strip: ``legs`` keep the channel from being usable; ``gap`` while nobody collected."""

    start: datetime
    end: datetime
    state: State
    legs: list[Leg]
    gap: bool


@dataclass(frozen=True, slots=True)
class StripOut:
    """A channel over a period; the seconds by state add up to it."""

    channel_id: str
    start: datetime
    end: datetime
    spans: list[SpanOut]
    seconds: dict[State, int]


@dataclass(frozen=True, slots=True)
class StatesOut:
    """Every channel's state; ``at`` None means now."""

    at: datetime | None
    states: dict[str, State]


@dataclass(frozen=True, slots=True)
class TurnOut:
    """At ``step`` the channels with these places in `DayOut.channels` become ``states``, a letter each."""

    step: int
    channels: list[int]
    states: str


@dataclass(frozen=True, slots=True)
class DayOut:
    """Every channel at every step, the last at ``start`` + ``steps`` × ``step_s``: states at the start, then
    changes by rising steps. A state is a letter: ``g`` good, ``b`` bad, ``u`` unknown, ``n`` not configured.
    ``site`` is each channel's place in ``sites``, -1 for a channel without one."""

    start: datetime
    step_s: int
    steps: int
    channels: list[str]
    sites: list[str]
    site: list[int]
    first: str
    turns: list[TurnOut]


@dataclass(frozen=True, slots=True)
class GroupOut:
    """One group's rate; ``name`` None where the key has none."""

    key: str
    name: Text | None
    channels: int
    rate: Rate


@dataclass(frozen=True, slots=True)
class RatesOut:
    """Rates of groups; ``end`` is never later than the question."""

    start: datetime
    end: datetime
    leg: Leg | None
    groups: list[GroupOut]


class RatesQuery(BaseModel):
    """Which rates. ``from`` and ``to`` carry a zone; the last day when not given. ``leg``: of that alone."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    since: Annotated[AwareDatetime | None, Field(alias="from")] = None
    until: Annotated[AwareDatetime | None, Field(alias="to")] = None
    by: GroupKey = ""
    leg: Leg | None = None
    district: Annotated[str, Field(max_length=12)] = ""
    street: Annotated[str, Field(max_length=12)] = ""
    site: Annotated[str, Field(max_length=64)] = ""
    kind: Annotated[str, Field(max_length=20)] = ""
    channels: Annotated[list[Annotated[str, Field(max_length=32)]], Field(max_length=10_000)] = []


@router.get("/usability/channels/{channel_id}")
async def channel(channel_id: ChannelKey, inside: Inside) -> ChannelOut:
    """The five legs of a channel now."""
    found = await inside.usability.now(channel_id)
    legs = [_leg(leg, found.legs.get(leg), found.changing.get(leg)) for leg in LEGS]
    return ChannelOut(channel_id, found.state, found.since, None, legs)


@router.get("/usability/channels/{channel_id}/at")
async def channel_at(channel_id: ChannelKey, time: Moment, inside: Inside) -> ChannelOut:
    """The five legs of a channel at a moment that has passed."""
    return _at(await inside.usability.at(channel_id, time))


@router.get("/usability/channels/{channel_id}/strip")
async def strip(
    channel_id: ChannelKey,
    inside: Inside,
    days: Annotated[int, Query(ge=1, le=400)] = 30,
    to: AwareDatetime | None = None,
) -> StripOut:
    """A channel's states over its last days."""
    end = to or inside.clock.now()
    found = await inside.usability.strip(channel_id, end - timedelta(days=days), end)
    spans = [
        SpanOut(moment(each.start), moment(each.end), each.usable, list(hindering(each.vector)), each.dark)
        for each in found.spans
    ]
    seconds = dict(zip(STATES, found.seconds, strict=True))
    return StripOut(channel_id, found.start, found.end, spans, seconds)


@router.get("/usability/states")
async def states(inside: Inside, time: AwareDatetime | None = None) -> StatesOut:
    """Every channel's state now, or at a moment that has passed."""
    found = inside.usability.states() if time is None else await inside.usability.all_at(time)
    return StatesOut(time, found)


@router.get("/usability/day")
async def day(
    inside: Inside,
    steps: Annotated[int, Query(ge=1, le=1440)] = 1440,
    step_s: Annotated[int, Query(ge=60, le=3600)] = MINUTE_S,
) -> DayOut:
    """What every channel was at every minute of the last day, small enough to keep in a page."""
    found = await inside.usability.day(steps, step_s)
    at = {card.channel_id: card.site_id for card in await inside.directory.cards()}
    sites = sorted({each for each in at.values() if each})
    places = {each: place for place, each in enumerate(sites)}
    return DayOut(
        found.start,
        found.step_s,
        found.steps,
        found.channels,
        sites,
        [places.get(at.get(ChannelId(each)) or "", -1) for each in found.channels],
        _letters(found.first),
        [TurnOut(each.step, each.channels, _letters(each.states)) for each in found.turns],
    )


def _letters(states: Iterable[State]) -> str:
    return "".join(state[0] for state in states)


@router.get("/usability/rates")
async def rates(inside: Inside, wanted: Annotated[RatesQuery, Query()]) -> RatesOut:
    """Usable minutes of known minutes, by group, each with definition, coverage and exclusions."""
    end = wanted.until or inside.clock.now()
    start = wanted.since or end - timedelta(days=1)
    chosen = Wanted(wanted.district, wanted.street, wanted.site, wanted.kind, tuple(wanted.channels))
    found = await inside.usability.rates(chosen, wanted.by, start, end, wanted.leg)
    names = await inside.directory.place_names() if wanted.by in {"district", "street", "site"} else {}
    groups = [GroupOut(each.key, names.get(each.key), each.channels, each.rate) for each in found.groups]
    return RatesOut(found.start, found.end, found.leg, groups)


def _leg(leg: Leg, found: Believed | None, changing: Believed | None) -> LegOut:
    if found is None:
        return LegOut(leg, State.NOT_CONFIGURED, None, None, None, _proof(Proof()))
    return LegOut(
        leg,
        found.state,
        found.since,
        found.seen,
        found.until,
        _proof(found.proof),
        None if changing is None else changing.state,
        None if changing is None else changing.since,
    )


def _at(found: ChannelAt) -> ChannelOut:
    legs = []
    for each in found.legs:
        changed, state = each.changed, leg_state(found.vector, each.leg)
        since = None if changed is None else changed.at
        proof = Proof() if changed is None or changed.after is not state else changed.proof
        legs.append(LegOut(each.leg, state, since, since, None, _proof(proof)))
    gap = None if found.gap is None else found.gap.kind
    return ChannelOut(found.channel_id, USABLE[found.vector], None, found.at, legs, gap)


def _proof(proof: Proof) -> ProofOut:
    data = {"measured": proof.measured, "limit": proof.limit, "device": "", "channel": "", "status": ""}
    why = Text(message(proof.code, "zh-CN", data), message(proof.code, "en", data)) if proof.code else None
    return ProofOut(proof.code, why, proof.source, proof.measured, proof.limit, proof.unit)
