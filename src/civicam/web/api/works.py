"""``/api/works``: planned work, which takes channels away on purpose: announced, changed, taken back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from civicam.fleet.graph import NodeId
from civicam.kernel.errors import Refused
from civicam.outages.facts import Attribution, WorkId, WorkPlanned
from civicam.web.auth import Inside, Who
from civicam.web.ports import Services

router = APIRouter(prefix="/works", tags=["works"])

WorkKey = Annotated[str, Path(min_length=1, max_length=32)]
Key = Annotated[str, Field(min_length=1, max_length=64)]
MOST = 200
"""Nodes and sites in one announcement."""


class TermsIn(BaseModel):
    """When, why, whose, and whom to call: ``contact`` is a firm and its duty desk, not a private number."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    begin: AwareDatetime
    end: AwareDatetime
    reason: Annotated[str, Field(min_length=1, max_length=1000)]
    attribution: Attribution = Attribution.CONTRACTOR
    contact: Annotated[str, Field(max_length=200)] = ""


class WorksIn(TermsIn):
    """Work at some nodes, and at all there is at some sites; each node becomes a work of its own."""

    nodes: Annotated[list[Key], Field(max_length=MOST)] = []
    sites: Annotated[list[Key], Field(max_length=MOST)] = []


class WorkIn(TermsIn):
    """Work at a node and everything below it."""

    node: Key


@dataclass(frozen=True, slots=True)
class WorkOut:
    """One work; ``node_name`` is its id where the graph does not know it (any more)."""

    work_id: str
    node: str
    node_name: str
    begin: datetime
    end: datetime
    reason: str
    attribution: Attribution
    contact: str
    by: str
    said_at: datetime


@dataclass(frozen=True, slots=True)
class WorksOut:
    """Works that are not over, by their end."""

    works: list[WorkOut]


@dataclass(frozen=True, slots=True)
class PastOut:
    """Works that are over, what ended last first; ``next`` goes back as ``after``."""

    works: list[WorkOut]
    next: str | None


@router.get("")
async def works(inside: Inside) -> WorksOut:
    """Planned work that runs or comes."""
    return WorksOut([_out(each, inside) for each in await inside.outages.works()])


@router.get("/past")
async def past(
    inside: Inside,
    after: Annotated[str, Query(max_length=200)] = "",
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> PastOut:
    """Planned work that is over."""
    page = await inside.outages.past_works(after, limit)
    return PastOut([_out(each, inside) for each in page.works], page.next)


@router.post("", status_code=201)
async def plan(work: WorksIn, inside: Inside, who: Who) -> WorksOut:
    """Announce work: at all the places or at none."""
    nodes = [NodeId(each) for each in work.nodes]
    for site in work.sites:
        nodes += await inside.graph.heads(site)
    if not nodes:
        raise Refused("outages.work-nowhere")
    wanted = [_work(WorkId(""), node, work, who.name, inside) for node in dict.fromkeys(nodes)]
    return WorksOut([_out(each, inside) for each in await inside.outages.plan_all(wanted)])


@router.put("/{work_id}")
async def plan_anew(work_id: WorkKey, work: WorkIn, inside: Inside, who: Who) -> WorkOut:
    """Say announced work anew: it ends earlier or later, or is about something else."""
    said = _work(WorkId(work_id), NodeId(work.node), work, who.name, inside)
    return _out(await inside.outages.plan(said), inside)


@router.delete("/{work_id}", status_code=204)
async def cancel(work_id: WorkKey, inside: Inside, who: Who) -> None:
    """Take announced work back."""
    await inside.outages.cancel(work_id, who.name)


def _work(work_id: WorkId, node: NodeId, terms: TermsIn, by: str, inside: Services) -> WorkPlanned:
    return WorkPlanned(
        work_id,
        node,
        terms.begin,
        terms.end,
        terms.reason.strip(),
        by,
        inside.clock.now(),
        terms.attribution,
        contact=terms.contact.strip(),
    )


def _out(work: WorkPlanned, inside: Services) -> WorkOut:
    return WorkOut(
        work.work_id,
        work.node,
        inside.outages.name_of(work.node),
        work.begin,
        work.end,
        work.reason,
        work.attribution,
        work.contact,
        work.by,
        work.said_at,
    )
