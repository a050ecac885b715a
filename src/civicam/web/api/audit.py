"""``/api/audit``: the log searched, read with proofs, exported; each of these is an entry itself."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from fastapi.responses import StreamingResponse
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from civicam.audit.facts import Checkpoint, Proof, Result, Stamped, Wanted, WitnessState
from civicam.audit.tree import leaf_hash
from civicam.web.auth import Inside

router = APIRouter(prefix="/audit", tags=["audit"])

Seq = Annotated[int, Path(ge=0, le=2**53)]
Size = Annotated[int | None, Query(ge=0, le=2**53)]


class AuditQuery(BaseModel):
    """What is searched: newest first; ``before`` is a place in the log, ``next`` of the page before."""

    model_config = ConfigDict(extra="forbid")

    user: Annotated[str, Field(max_length=64)] = ""
    target: Annotated[str, Field(max_length=64)] = ""
    action: Annotated[str, Field(max_length=80)] = ""
    result: Result | None = None
    begin: AwareDatetime | None = None
    end: AwareDatetime | None = None
    before: Annotated[int | None, Field(ge=0, le=2**53)] = None
    limit: Annotated[int, Field(ge=1, le=500)] = 100


@dataclass(frozen=True, slots=True)
class WhoOut:
    """Who did it, as it was then."""

    id: str
    name: str
    unit: str
    client: str


@dataclass(frozen=True, slots=True)
class WhatOut:
    """On what, in words that outlive it."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class EntryOut:
    """An entry; ``who``, ``what`` and ``change`` are null when erased (``erased``) or never there."""

    seq: int
    at: datetime
    action: str
    result: Result
    code: str
    role: str
    purpose: str
    permit: str
    request: str
    kind: str
    facts: dict[str, Any]
    who: WhoOut | None
    what: WhatOut | None
    change: dict[str, Any] | None
    erased: list[str]


@dataclass(frozen=True, slots=True)
class EntriesOut:
    """A page; ``next`` goes back as ``before``."""

    entries: list[EntryOut]
    next: int | None


@dataclass(frozen=True, slots=True)
class ProofOut:
    """Hashes in hex, from the leaf (or the older tree) up."""

    size: int
    root: str
    hashes: list[str]


@dataclass(frozen=True, slots=True)
class CheckpointOut:
    """The tree at one size; ``note`` is the whole signed text."""

    size: int
    root: str
    at: datetime
    key_id: str
    note: str


@dataclass(frozen=True, slots=True)
class ProvenOut:
    """An entry, its exact record, and that it is in the tree of the newest checkpoint that covers it."""

    entry: EntryOut
    record: str
    leaf: str
    proof: ProofOut
    checkpoint: CheckpointOut | None


@dataclass(frozen=True, slots=True)
class AuditState:
    """How the log is: ``failing`` is empty, or why entries cannot be written."""

    log: str
    key: str
    size: int
    failing: str
    checkpoint: CheckpointOut | None
    witnesses: list[WitnessState]


@dataclass(frozen=True, slots=True)
class CheckpointsOut:
    """Oldest first."""

    checkpoints: list[CheckpointOut]


@router.get("")
async def state(inside: Inside) -> AuditState:
    """Size, newest checkpoint, what witnesses have."""
    keeper, keys = inside.audit.keeper, await inside.audit.keys()
    last = None if keeper.last is None else _checkpoint(keeper.last)
    size = await inside.audit.size()
    key = keys[0].public if keys else ""
    return AuditState(keeper.log_id, key, size, inside.audit.failing, last, keeper.witnesses())


@router.get("/entries")
async def search(inside: Inside, wanted: Annotated[AuditQuery, Query()]) -> EntriesOut:
    """A page of the log; the search is an entry too, with what was searched for."""
    result = "" if wanted.result is None else wanted.result.value
    plain = wanted.model_dump(exclude={"user", "target", "result"})
    found = await inside.audit.search(
        Wanted(user_id=wanted.user, target_id=wanted.target, result=result, **plain)
    )
    more = found[-1].seq if len(found) == wanted.limit and found[-1].seq else None
    return EntriesOut([_entry(each) for each in found], more)


@router.get("/entries/{seq}")
async def entry(seq: Seq, inside: Inside) -> ProvenOut:
    """One entry with its proof against the newest checkpoint, or against the whole log."""
    found = await inside.audit.entry(seq)
    last = inside.audit.keeper.last
    covering = last if last is not None and seq < last.size else None
    proof = await inside.audit.inclusion(seq, None if covering is None else covering.size)
    return ProvenOut(
        _entry(found),
        found.record.decode(),
        leaf_hash(found.record).hex(),
        _proof(proof),
        None if covering is None else _checkpoint(covering),
    )


@router.get("/consistency")
async def consistency(
    inside: Inside, old: Annotated[int, Query(ge=1, le=2**53)], size: Size = None
) -> ProofOut:
    """That the log of ``size`` entries begins with the log of ``old``: nothing before was changed."""
    return _proof(await inside.audit.consistency(old, size))


@router.get("/checkpoints")
async def checkpoints(inside: Inside, limit: Annotated[int, Query(ge=1, le=1000)] = 50) -> CheckpointsOut:
    """The newest checkpoints."""
    return CheckpointsOut([_checkpoint(each) for each in await inside.audit.checkpoints(limit)])


@router.get("/export.jsonl", response_class=StreamingResponse)
async def export(inside: Inside) -> StreamingResponse:
    """The whole log as JSON lines, signed up to this very export."""
    await inside.audit.keeper.checkpoint()

    async def lines() -> AsyncIterator[str]:
        async for line in inside.audit.lines():
            yield line + "\n"

    headers = {"Content-Disposition": 'attachment; filename="civicam-audit.jsonl"'}
    return StreamingResponse(lines(), media_type="application/jsonl", headers=headers)


def _proof(proof: Proof) -> ProofOut:
    return ProofOut(proof.size, proof.root.hex(), [each.hex() for each in proof.hashes])


def _checkpoint(each: Checkpoint) -> CheckpointOut:
    return CheckpointOut(each.size, each.root.hex(), each.at, each.key_id, each.note)


def _entry(each: Stamped) -> EntryOut:
    record = json.loads(each.record)
    parts = {part.value: json.loads(kept.text) for part, kept in each.parts.items()}
    erased = [name for name in ("who", "what", "change") if record[name] is not None and name not in parts]
    said = {name: record[name] for name in ("code", "role", "purpose", "permit", "request", "kind", "facts")}
    return EntryOut(
        seq=each.seq,
        at=each.at,
        action=each.action,
        result=each.result,
        who=WhoOut(**parts["who"]) if "who" in parts else None,
        what=WhatOut(**parts["what"]) if "what" in parts else None,
        change=parts.get("change"),
        erased=erased,
        **said,
    )
