"""``/api/outages``: the ledger, one row a cause, with evidence, channels, people's answers, exports."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from civicam.fleet.views import Text
from civicam.outages.export import as_csv, as_json, as_xlsx, totals
from civicam.outages.facts import Attribution, CauseKind, OutageId, Overruled
from civicam.outages.ledger import Affected, Line, RowState, Span, Verdict
from civicam.outages.ports import OutageFilter, OutageRow
from civicam.outages.words import EVIDENCE, Language
from civicam.web.auth import Inside, Who
from civicam.web.ports import Services

router = APIRouter(tags=["outages"])

OutageKey = Annotated[str, Path(min_length=1, max_length=32)]
EXPORTED = 2_000
"""Rows in one export over HTTP; the command ``civicam outages export`` has no limit."""


class OutageQuery(BaseModel):
    """Which rows. ``from`` and ``to`` have a zone: rows that were open at any moment between them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    state: RowState | None = None
    kind: CauseKind | None = None
    attribution: Attribution | None = None
    place: Annotated[str, Field(max_length=64)] = ""
    channel: Annotated[str, Field(max_length=64)] = ""
    since: Annotated[AwareDatetime | None, Field(alias="from")] = None
    until: Annotated[AwareDatetime | None, Field(alias="to")] = None
    after: Annotated[str, Field(max_length=200)] = ""
    limit: Annotated[int, Field(ge=1, le=500)] = 100

    def chosen(self) -> OutageFilter:
        """As the room reads it."""
        return OutageFilter(
            self.state, self.kind, self.attribution, self.place, self.channel, self.since, self.until
        )


class ExportQuery(OutageQuery):
    """Which rows, and in which language the headers are."""

    language: Language = "zh-CN"


@dataclass(frozen=True, slots=True)
class OutageOut:
    """A cause. ``kind``, ``place`` and ``attribution`` are the person's where one has spoken; ``machine`` is
    what the rules say. Times of the beginning: the likeliest, and the bounds."""

    id: str
    state: RowState
    kind: CauseKind
    place: str
    place_name: str
    attribution: Attribution
    confidence: float
    started_at: datetime
    earliest: datetime
    latest: datetime
    opened_at: datetime
    ended_at: datetime | None
    closed_at: datetime | None
    sites: int
    devices: int
    channels: int
    work_id: str
    merged_into: str
    machine: Verdict
    overruled: Overruled | None


@dataclass(frozen=True, slots=True)
class OutagesOut:
    """A page, newest first; ``next`` goes back as ``after``."""

    outages: list[OutageOut]
    next: str | None


@dataclass(frozen=True, slots=True)
class LineOut:
    """One thing that a person can check, in words, with the name of what it is about."""

    line: Line
    text: Text
    name: str


@dataclass(frozen=True, slots=True)
class OutageDetail:
    """One cause with what speaks for it, what was thought before, and what people said. ``names`` are
    those of the places that are spoken of."""

    outage: OutageOut
    evidence: list[LineOut]
    history: list[Verdict]
    words: list[Overruled]
    unusable_minutes: float
    unknown_minutes: float
    names: dict[str, str]


@dataclass(frozen=True, slots=True)
class ChannelOut:
    """One channel of a cause with its own minutes, what is open counted to now. A name is empty where the
    channel or device is no longer there."""

    channel: Affected
    name: str
    device_name: str
    unusable_minutes: float
    unknown_minutes: float


@dataclass(frozen=True, slots=True)
class ChannelsOut:
    """A page of channels by id; ``next`` goes back as ``after``."""

    channels: list[ChannelOut]
    next: str | None


class OverruleIn(BaseModel):
    """A person's answer; ``kind`` null takes the last one back."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: CauseKind | None
    place: Annotated[str, Field(max_length=64)] = ""
    attribution: Attribution = Attribution.NOBODY
    reason: Annotated[str, Field(min_length=1, max_length=1000)]


@dataclass(frozen=True, slots=True)
class TakenOut:
    """A cause and when it took one channel away; the minutes are this channel's."""

    outage: OutageOut
    spans: list[Span]
    unusable_minutes: float
    unknown_minutes: float


@dataclass(frozen=True, slots=True)
class TakenAll:
    """The causes of a channel, newest first; ``more`` when there are more than were asked for."""

    causes: list[TakenOut]
    more: bool


@router.get("/outages")
async def outages(inside: Inside, wanted: Annotated[OutageQuery, Query()]) -> OutagesOut:
    """A page of causes."""
    page = await inside.outages.page(wanted.chosen(), wanted.after, wanted.limit)
    return OutagesOut([outage_out(row, inside) for row in page.rows], page.next)


@router.get("/outages.xlsx")
async def export_xlsx(inside: Inside, wanted: Annotated[ExportQuery, Query()]) -> Response:
    """What is filtered, with channels and evidence, as a workbook."""
    rows, names = await _whole(inside, wanted)
    body = as_xlsx(rows, inside.clock.now(), wanted.language, names)
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    return _file(body, kind, "outages.xlsx")


@router.get("/outages.csv")
async def export_csv(inside: Inside, wanted: Annotated[ExportQuery, Query()]) -> Response:
    """What is filtered, one line a cause."""
    rows, names = await _whole(inside, wanted)
    return _file(
        as_csv(rows, inside.clock.now(), wanted.language, names), "text/csv; charset=utf-8", "outages.csv"
    )


@router.get("/outages.json")
async def export_json(inside: Inside, wanted: Annotated[OutageQuery, Query()]) -> Response:
    """What is filtered, whole."""
    rows, _ = await _whole(inside, wanted)
    return _file(as_json(rows, inside.clock.now()), "application/json", "outages.json")


@router.get("/outages/{outage_id}")
async def outage(outage_id: OutageKey, inside: Inside) -> OutageDetail:
    """One cause."""
    row = await inside.outages.outage(outage_id, whole=True)
    unusable, unknown = totals(row.outage, inside.clock.now())
    words, history = await inside.outages.overrules(outage_id), list(row.outage.history)
    verdicts = [row.outage.verdict, *history]
    places = {each.place for each in verdicts} | {each.place for each in words} | {row.place}
    places |= {node for each in verdicts for node, _ in each.others}
    return OutageDetail(
        outage_out(row, inside),
        [_line(each, inside) for each in row.outage.evidence],
        history,
        words,
        round(unusable / 60, 1),
        round(unknown / 60, 1),
        {place: inside.outages.name_of(place) for place in sorted(places - {""})},
    )


@router.get("/outages/{outage_id}/channels")
async def channels(
    outage_id: OutageKey,
    inside: Inside,
    after: Annotated[str, Query(max_length=64)] = "",
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> ChannelsOut:
    """The channels that a cause took away."""
    page, now = await inside.outages.affected(outage_id, after, limit), inside.clock.now()
    names = await inside.fleet.channel_names([each.channel_id for each in page.affected])
    devices = await inside.fleet.device_names(sorted({each.device_id for each in page.affected}))
    found = []
    for each in page.affected:
        unusable, unknown = each.seconds(now)
        name, device = names.get(each.channel_id, ""), devices.get(each.device_id, "")
        found.append(ChannelOut(each, name, device, round(unusable / 60, 2), round(unknown / 60, 2)))
    return ChannelsOut(found, page.next)


@router.post("/outages/{outage_id}/overrule")
async def overrule(outage_id: OutageKey, word: OverruleIn, inside: Inside, who: Who) -> OutageOut:
    """Put an answer beside the machine's, with a reason; or take the last one back."""
    said = Overruled(
        OutageId(outage_id),
        word.kind,
        word.place,
        word.attribution,
        word.reason,
        who.name,
        inside.clock.now(),
    )
    return outage_out(await inside.outages.overrule(said), inside)


@router.get("/outages-of/{channel_id}")
async def of_channel(
    channel_id: Annotated[str, Path(min_length=1, max_length=64)],
    inside: Inside,
    since: Annotated[AwareDatetime | None, Query(alias="from")] = None,
    until: Annotated[AwareDatetime | None, Query(alias="to")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 500,
) -> TakenAll:
    """The causes that took one channel away, each with when it took this one."""
    now = inside.clock.now()
    found = await inside.outages.of_channel(channel_id, OutageFilter(since=since, until=until), limit + 1)
    causes = []
    for each in found[:limit]:
        unusable, unknown = each.channel.seconds(now)
        out = outage_out(each.row, inside)
        causes.append(
            TakenOut(out, list(each.channel.spans), round(unusable / 60, 2), round(unknown / 60, 2))
        )
    return TakenAll(causes, len(found) > limit)


def _line(line: Line, inside: Services) -> LineOut:
    chinese, english = EVIDENCE.get(line.code, (line.code, line.code))
    return LineOut(line, Text(chinese, english), inside.outages.name_of(line.node) if line.node else "")


def outage_out(row: OutageRow, inside: Services) -> OutageOut:
    """A cause as the console reads it."""
    outage = row.outage
    return OutageOut(
        id=outage.outage_id,
        state=outage.state,
        kind=row.kind,
        place=row.place,
        place_name=inside.outages.name_of(row.place) if row.place else "",
        attribution=row.attribution,
        confidence=outage.verdict.confidence,
        started_at=outage.started_at,
        earliest=outage.earliest,
        latest=outage.latest,
        opened_at=outage.opened_at,
        ended_at=outage.ended_at,
        closed_at=outage.closed_at,
        sites=outage.sites,
        devices=outage.devices,
        channels=outage.channels,
        work_id=outage.work_id,
        merged_into=outage.merged_into,
        machine=outage.verdict,
        overruled=row.overruled,
    )


async def _whole(inside: Services, wanted: OutageQuery) -> tuple[list[OutageRow], dict[str, str]]:
    """The filtered rows with their channels, and the names of what they speak of."""
    found: list[OutageRow] = []
    after: str | None = wanted.after
    while after is not None and len(found) < EXPORTED:
        page = await inside.outages.page(wanted.chosen(), after, 200)
        found += [await inside.outages.outage(row.outage.outage_id, whole=True) for row in page.rows]
        after = page.next
    affected = [each for row in found for each in row.outage.affected]
    names = await inside.fleet.channel_names(sorted({each.channel_id for each in affected}))
    names |= await inside.fleet.device_names(sorted({each.device_id for each in affected}))
    return found, names


def _file(body: bytes, kind: str, name: str) -> Response:
    return Response(body, media_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'})
