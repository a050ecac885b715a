"""The parts of a city file for the register and the graph: parties, records, places, nodes, edges. Pure.

Each function reads one row and raises `civicam.fleet.fields.Fault`. Nothing is invented here: what a row does
not say stays a gap.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from civicam.fleet.crs import Point, System
from civicam.fleet.fields import (
    Fault,
    day,
    degrees,
    known,
    label,
    one_of,
    optional,
    part,
    reference,
    text,
    whole,
)
from civicam.fleet.graph import Edge, Medium, Node, NodeId, NodeKind
from civicam.fleet.model import device_id_for
from civicam.fleet.placing import Source, Statement
from civicam.fleet.register import (
    LANES,
    CameraKind,
    CameraRecord,
    Lists,
    Party,
    PartyId,
    PartyKind,
    Role,
    check_record,
)
from civicam.kernel.errors import Refused

LONGEST_BATTERY = 60 * 24 * 7
"""Minutes: a week."""
_FROM_FILE = (Source.IMPORT.value, Source.SURVEY.value)


def party(row: Mapping[str, Any]) -> Party:
    """``id``, ``kind``, ``name``, ``contact``."""
    return Party(
        PartyId(text(row, "id", 64)),
        PartyKind(one_of(row, "kind", list(PartyKind))),
        label(row).zh,
        optional(row, "contact", 200),
    )


def outline(document: Mapping[str, Any]) -> tuple[Point, ...]:
    """``outline``: a ring of at least three [lon, lat], or nothing."""
    rows = document.get("outline") or ()
    if not isinstance(rows, list | tuple) or 0 < len(rows) < 3:
        raise Fault("fleet.import-field", "outline", rows)
    ring = []
    for row in rows:
        if not isinstance(row, list | tuple) or len(row) != 2:
            raise Fault("fleet.import-field", "outline", row)
        ring.append((degrees(row[0], "outline", 180), degrees(row[1], "outline", 90)))
    return tuple(ring)


def statement(row: Mapping[str, Any]) -> Statement | None:
    """Where a site says it is: ``lon`` and ``lat`` in ``crs`` (WGS-84), from ``source`` (import, survey) and
    ``surveyed_on``; nothing where it names neither coordinate."""
    if row.get("lon") is None and row.get("lat") is None:
        return None
    raw = (
        degrees(row.get("lon"), "lon", 180),
        degrees(row.get("lat"), "lat", 180),
    )  # swapped ones are listed
    return Statement(
        Source(one_of({"source": Source.IMPORT.value, **_given(row)}, "source", _FROM_FILE)),
        (repr(raw[0]), repr(raw[1])),
        System(one_of({"crs": System.WGS84.value, **_given(row)}, "crs", list(System))),
        day(row, "surveyed_on"),
    )


def _given(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if value is not None}


def lanes(row: Mapping[str, Any]) -> int | None:
    """Of a checkpoint: 2, 4 or 8."""
    value = row.get("lanes")
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value not in LANES:
        raise Fault("fleet.import-field", "lanes", value)
    if row.get("kind") != "checkpoint":
        raise Fault("fleet.import-field", "lanes", value)
    return value


def site_parties(row: Mapping[str, Any], parties: Collection[str]) -> dict[Role, str]:
    """``parties``: who does what for a site, by role."""
    found = part(row, "parties") or {}
    for name in found:
        if name not in list(Role):
            raise Fault("fleet.import-field", "parties", name)
    roles = {role: reference(found, role.value, parties) for role in Role}
    return {role: each for role, each in roles.items() if each}


def camera(row: Mapping[str, Any], parties: Collection[str], lists: Lists) -> CameraRecord | None:
    """``camera``: the record of a channel, gaps and all; nothing where the file says nothing."""
    found = part(row, "camera")
    if found is None:
        return None
    made = CameraRecord(
        kind=CameraKind(one_of({"kind": CameraKind.FIXED.value, **_given(found)}, "kind", list(CameraKind))),
        place=optional(found, "place", 40),
        ground=optional(found, "ground", 40),
        purpose=optional(found, "purpose", 40),
        owner_id=reference(found, "owner", parties),
        filed_on=day(found, "filed_on"),
        filing_no=optional(found, "filing_no", 100),
        ground_note=optional(found, "ground_note", 200),
        lane=whole(found, "lane", max(LANES)),
    )
    try:
        check_record(made, lists)
    except Refused as refusal:
        data = dict(refusal.data)
        field, value = str(data.pop("field", "camera")), str(data.pop("value", ""))
        raise Fault(refusal.code, field, value, **data) from None
    return made


def node(row: Mapping[str, Any], sites: Collection[str], parties: Collection[str]) -> Node:
    """``id``, ``kind``, ``name``, ``site``, ``battery_minutes``, ``party``, ``lon``, ``lat`` (WGS-84)."""
    kinds = [kind for kind in NodeKind if kind is not NodeKind.DEVICE]
    located = row.get("lon") is not None
    return Node(
        NodeId(text(row, "id", 64)),
        NodeKind(one_of(row, "kind", kinds)),
        label(row).zh,
        reference(row, "site", sites),
        whole(row, "battery_minutes", LONGEST_BATTERY),
        reference(row, "party", parties),
        degrees(row.get("lon"), "lon", 180) if located else None,
        degrees(row.get("lat"), "lat", 90) if located else None,
    )


def edge(row: Mapping[str, Any], nodes: Collection[str], devices: Collection[str]) -> Edge:
    """``from``, ``to`` (a node's id or a device's code), ``medium``, ``backup``."""

    def end(name: str) -> NodeId:
        value = row.get(name)
        if isinstance(value, str) and value in devices:
            return NodeId(device_id_for(value))
        return NodeId(known(row, name, nodes))

    backup = row.get("backup", False)
    if not isinstance(backup, bool):
        raise Fault("fleet.import-field", "backup", backup)
    return Edge(end("from"), end("to"), Medium(one_of(row, "medium", list(Medium))), backup)
