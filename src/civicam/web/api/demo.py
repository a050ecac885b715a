"""``/api/demo``: a visitor of the demonstration breaks something in the simulated city, and mends it.

There is no such thing outside a demonstration: everything here is ``web.no-demo`` then.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from civicam.fleet.graph import NodeKind
from civicam.kernel.errors import Refused
from civicam.web.auth import Inside
from civicam.web.demo_control import ask
from civicam.web.ports import Services

router = APIRouter(tags=["demo"])

BreakKind = Literal["power", "fibre", "device"]
"""What a visitor may do: cut a feed, cut a fibre segment, switch a device off."""
_breaking = asyncio.Lock()
"""Two clicks at once are one after the other: the second finds it broken."""
_TARGETS: dict[BreakKind, NodeKind] = {
    "power": NodeKind.FEED,
    "fibre": NodeKind.FIBRE,
    "device": NodeKind.DEVICE,
}


@dataclass(frozen=True, slots=True)
class Target:
    """Something that can be broken: ``id`` as the simulator knows it."""

    kind: BreakKind
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Broken:
    """What a visitor has broken."""

    fault: int
    kind: str
    target: str
    name: str


@dataclass(frozen=True, slots=True)
class DemoOut:
    """What can be broken, and what is."""

    targets: list[Target]
    broken: list[Broken]


class BreakIn(BaseModel):
    """An order."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: BreakKind
    target: Annotated[str, Field(min_length=1, max_length=64)]


@router.get("/demo/faults")
async def faults(inside: Inside) -> DemoOut:
    """What can be broken, and what is."""
    path = _control(inside)
    targets = await _targets(inside)
    names = {each.id: each.name for each in targets}
    answer = await ask(path, {"do": "list"})
    return DemoOut(targets, [_broken(each, names) for each in answer.get("faults", [])])


@router.post("/demo/faults", status_code=201)
async def break_something(order: BreakIn, inside: Inside) -> DemoOut:
    """Break it. 404 ``web.no-demo``, 409 ``web.demo-broken`` for what is broken already, 409
    ``web.demo-refused`` for what the simulator does not know."""
    path = _control(inside)
    async with _breaking:
        broken = (await ask(path, {"do": "list"})).get("faults", [])
        if any((each["kind"], each["target"]) == (order.kind, order.target) for each in broken):
            raise Refused("web.demo-broken", target=order.target)
        await ask(path, {"do": "fault", "kind": order.kind, "target": order.target})
    return await faults(inside)


@router.delete("/demo/faults")
async def mend(inside: Inside) -> DemoOut:
    """Mend everything."""
    await ask(_control(inside), {"do": "clear"})
    return await faults(inside)


def _control(inside: Services) -> Path:
    if not inside.demo or inside.demo_control is None:
        raise Refused("web.no-demo")
    return inside.demo_control


async def _targets(inside: Services) -> list[Target]:
    """Feeds and fibres by name; devices by the code that the simulator knows them by."""
    codes: dict[str, str] = {record.device_id: record.gb_id for record in await inside.fleet.devices()}
    found = []
    for kind, node_kind in _TARGETS.items():
        for node in inside.outages.elements({node_kind}):
            target = codes.get(node.node_id, "") if kind == "device" else node.node_id
            if target:
                found.append(Target(kind, target, node.name or target))
    return found


def _broken(fault: dict[str, Any], names: dict[str, str]) -> Broken:
    target = str(fault["target"])
    return Broken(int(fault["id"]), str(fault["kind"]), target, names.get(target, target))
