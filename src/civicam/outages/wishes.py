"""Whom to ask before saying a cause: the suspects themselves, and some of what hangs below them. Pure.

Asked are the device, every element above it that can answer, and of each such element a few branches, always
the same ones. So the death of one camera in a city asks dozens of nodes, not thousands.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from civicam.fleet.graph import NodeId, NodeKind
from civicam.outages.book import Book
from civicam.outages.facts import EvidenceKind
from civicam.outages.plant import Plant
from civicam.outages.rows import Row
from civicam.outages.rules import Rules

_ANSWER = frozenset(
    {NodeKind.ONU, NodeKind.SWITCH, NodeKind.OLT, NodeKind.UPS, NodeKind.CORE, NodeKind.DEVICE}
)


def asked_for(fresh: Sequence[NodeId], book: Book, plant: Plant, rules: Rules) -> list[NodeId]:
    """What to ask because these devices went dark."""
    found: dict[NodeId, None] = {}
    places: dict[NodeId, None] = {}
    dark = book.dark.keys() | set(fresh)
    for device in fresh:
        found[device] = None
        places.update(dict.fromkeys(sorted(plant.above(device))))
    for place in places:
        if plant.kind(place) in _ANSWER:
            found[place] = None
        found.update(dict.fromkeys(_sample(place, dark, plant, rules)))
        batteries = plant.watching[EvidenceKind.ON_BATTERY] & plant.power(place)
        found.update(dict.fromkeys(sorted(batteries)[: rules.sample]))
    return list(found)


def confirming(rows: Iterable[Row], book: Book, plant: Plant, rules: Rules, now: float) -> list[NodeId]:
    """What to ask again about young rows; enters that it was asked."""
    found: dict[NodeId, None] = {}
    for row in sorted(rows, key=lambda each: each.outage_id):
        if row.asked + rules.confirm_s > now or row.asked >= row.opened + 3 * rules.confirm_s:
            continue
        row.asked = now
        found.update(dict.fromkeys(_sample(row.place, book.dark.keys(), plant, rules)))
        if plant.kind(row.place) in _ANSWER:
            found[row.place] = None
    return list(found)


def _sample(place: NodeId, dark: Iterable[NodeId], plant: Plant, rules: Rules) -> list[NodeId]:
    known = dark if isinstance(dark, set | frozenset) else set(dark)
    found: list[NodeId] = []
    for _, node in plant.branches(place):
        if node not in known:
            found.append(node)
        if len(found) == rules.sample:
            break
    return found
