"""What has to hold beyond a single cell: references, lanes, passwords, surveys, a sound graph. Pure.

Each rule looks at one draft in the world as it would be afterwards, and puts what is wrong at a cell.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from civicam.fleet.fields import Fault, check_url
from civicam.fleet.graph import GIVES, TAKES, Medium, NodeKind
from civicam.fleet.register import CameraKind
from civicam.fleet.sheets.cells import GB_ID, CellFault
from civicam.fleet.sheets.compare import Draft, World
from civicam.fleet.sheets.loops import looping
from civicam.fleet.sheets.schema import SheetName, Value


def check(world: World) -> None:
    """Add what is wrong to the drafts."""
    for name, drafts in world.drafts.items():
        rule = _RULES.get(name)
        for draft in drafts:
            if draft.key is not None:
                _references(world, draft)
                if rule is not None:
                    rule(world, draft)
    _fit(world)
    _circles(world)


def _put(draft: Draft, column: str, fault: CellFault) -> None:
    """The first thing said of a cell stays."""
    draft.faults.setdefault(column, fault)


def _references(world: World, draft: Draft) -> None:
    for column in world.schema[draft.sheet].columns:
        value = draft.new.get(column.key)
        if column.to is None or not isinstance(value, str):
            continue
        if (value,) not in world.after[column.to]:
            _put(draft, column.key, CellFault("fleet.cell-reference", {"value": value[:60]}))


# -- places -----------------------------------------------------------------------------------------


def _area(world: World, draft: Draft) -> None:
    """A district stays one, a street too; a street lies in a district, not in a street."""
    if draft.old is not None and bool(draft.old.get("district")) != bool(draft.new["district"]):
        _put(draft, "district", CellFault("fleet.cell-area-kind"))
    _is_district(world, draft, "district")


def _is_district(world: World, draft: Draft, column: str) -> None:
    value = draft.new.get(column)
    area = world.after[SheetName.AREAS].get((str(value),))
    if value and area is not None and area.get("district"):
        _put(draft, column, CellFault("fleet.cell-not-district", {"value": str(value)}))


def _site(world: World, draft: Draft) -> None:
    new = draft.new
    _is_district(world, draft, "district")
    street = world.after[SheetName.AREAS].get((str(new.get("street")),))
    known = "district" not in draft.faults and street is not None
    if new["street"] and known and street and street.get("district") != new["district"]:
        _put(draft, "street", CellFault("fleet.cell-street", {"value": str(new["street"])}))
    if new["lanes"] and new["kind"] != "checkpoint":
        _put(draft, "lanes", CellFault("fleet.cell-lanes"))
    _half_place(draft)
    if new["source"] == "survey" and draft.old is not None:
        before, now = draft.old.get("surveyed_on"), new["surveyed_on"]
        said = any(draft.old.get(each) != new[each] for each in ("lon", "lat", "system", "surveyed_on"))
        if said and before is not None and (now is None or str(now) < str(before)):
            _put(draft, "surveyed_on", CellFault("fleet.cell-older-survey", {"known": str(before)}))


def _half_place(draft: Draft) -> None:
    for one, other in (("lon", "lat"), ("lat", "lon")):
        if draft.new[one] is None and draft.new[other] is not None:
            _put(draft, one, CellFault("fleet.cell-half-place"))


# -- devices and channels ---------------------------------------------------------------------------


def _device(world: World, draft: Draft) -> None:
    new, old = draft.new, draft.old
    assert draft.key is not None
    if new["protocol"] == "rtsp":
        try:
            check_url(str(new["url"] or ""))
        except Fault as fault:
            _put(draft, "url", CellFault("fleet.cell-url", {"value": fault.value}))
    elif not GB_ID.fullmatch(draft.key[0]):
        _put(draft, "protocol", CellFault("fleet.cell-no-code"))
    signs = new["protocol"] == "gb28181"
    moved = old is None or any(old.get(each) != new[each] for each in ("protocol", "username"))
    if signs and moved and new["secret"] is None:
        _put(draft, "secret", CellFault("fleet.cell-secret-needed"))
    if new["secret"] is not None and old is not None and world.standing.same_secret(draft.key[0], new):
        new["secret"] = None


def _channel(world: World, draft: Draft) -> None:
    new = draft.new
    on_lane = new["kind"] == CameraKind.CHECKPOINT.value
    site = world.after[SheetName.SITES].get((str(new["site"]),), {})
    lanes = site.get("lanes")
    lane = new["lane"]
    if isinstance(lane, int) and (not on_lane or (lanes is not None and lane > int(str(lanes)))):
        _put(draft, "lane", CellFault("fleet.cell-lane", {"lane": lane}))


# -- power and fibre --------------------------------------------------------------------------------


def _node(world: World, draft: Draft) -> None:
    assert draft.key is not None
    if draft.new["battery_minutes"] and draft.new["kind"] != NodeKind.UPS.value:
        _put(draft, "battery_minutes", CellFault("fleet.cell-battery"))
    if draft.key in world.after[SheetName.DEVICES] or draft.key[0] in world.standing.alias:
        _put(draft, "id", CellFault("fleet.cell-taken", {"value": draft.key[0]}))
    _half_place(draft)


def _edge(world: World, draft: Draft) -> None:
    for column in ("upper", "lower"):
        if _kind(world, draft.new[column]) is None:
            value = str(draft.new[column])[:60]
            _put(draft, column, CellFault("fleet.cell-no-node", {"value": value}))
    if draft.new["upper"] == draft.new["lower"]:
        _put(draft, "lower", CellFault("fleet.cell-self-loop"))


def _kind(world: World, end: Value) -> NodeKind | None:
    """What stands at the end of a link; None for nothing."""
    key = (str(end),)
    if key in world.after[SheetName.DEVICES]:
        return NodeKind.DEVICE
    found = world.after[SheetName.NODES].get(key, {}).get("kind")
    return None if found is None else NodeKind(str(found))


def _fit(world: World) -> None:
    """Each link carries what its ends give and take: a fault of the link where it is in the file, else of the
    node whose kind the file changes."""
    links = {draft.key: draft for draft in world.drafts.get(SheetName.EDGES, ())}
    nodes = {draft.key: draft for draft in world.drafts.get(SheetName.NODES, ())}
    if not links and not nodes:
        return
    for key, row in world.after[SheetName.EDGES].items():
        if row.get("medium") is None:
            continue
        medium = Medium(str(row["medium"]))
        for end, table in (("upper", GIVES), ("lower", TAKES)):
            kind = _kind(world, row[end])
            if kind is None or medium in table[kind]:
                continue
            data: Mapping[str, str] = {"node": str(row[end]), "kind": kind.value, "medium": medium.value}
            fault = CellFault("fleet.graph-wrong-medium", dict(data))
            if key in links:
                _put(links[key], "medium", fault)
            elif (str(row[end]),) in nodes:
                _put(nodes[str(row[end]),], "kind", fault)


def _circles(world: World) -> None:
    """A link that is part of a circle says which."""
    drafts = world.drafts.get(SheetName.EDGES, ())
    if not drafts:
        return
    ends = [(key[0], key[1]) for key in world.after[SheetName.EDGES]]
    on_circle = looping(ends)
    for draft in drafts:
        if draft.key is not None and draft.key[0] != draft.key[1]:
            ring = on_circle.get((draft.key[0], draft.key[1]))
            if ring is not None:
                _put(draft, "lower", CellFault("fleet.cell-cycle", {"nodes": ring}))


_RULES: Mapping[SheetName, Callable[[World, Draft], None]] = {
    SheetName.AREAS: _area,
    SheetName.SITES: _site,
    SheetName.DEVICES: _device,
    SheetName.CHANNELS: _channel,
    SheetName.NODES: _node,
    SheetName.EDGES: _edge,
}
