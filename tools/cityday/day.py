"""What happens in the day: which elements fail when, and what is heard and seen of it. Pure."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from civicam.fleet.facts import DeviceId, Presence, PresenceChanged
from civicam.fleet.graph import Node, NodeId, NodeKind
from civicam.fleet.presence import HEARTBEAT_LOST, REGISTERED
from civicam.fleet.topology import Topology
from civicam.outages.facts import Evidence, EvidenceKind

HEARTBEAT_S = 60.0
_LOST_S = 3 * HEARTBEAT_S + 2.0
_MINS_BACK = (0.2, 2.5)
"""Minutes after the repair within which devices register again."""


@dataclass(frozen=True, slots=True)
class Failure:
    """An element fails ``ago`` hours before the day's end, and for ``lasts`` hours (None: it still does)."""

    kind: NodeKind
    ago: float
    lasts: float | None
    index: int
    """Which element of its kind, by id; wraps around."""


STORY = (
    Failure(NodeKind.FEED, 22.0, 1.6, 41),
    Failure(NodeKind.FIBRE, 20.5, 6.2, 77),
    Failure(NodeKind.TRANSFORMER, 18.2, 0.9, 29),
    Failure(NodeKind.ONU, 16.0, 3.0, 300),
    Failure(NodeKind.OLT, 13.4, 0.4, 3),
    Failure(NodeKind.SWITCH, 9.0, 2.0, 150),
    Failure(NodeKind.FEED, 7.1, 0.5, 300),
    Failure(NodeKind.OLT, 5.6, None, 9),
    Failure(NodeKind.FIBRE, 4.3, None, 200),
    Failure(NodeKind.TRANSFORMER, 3.2, None, 88),
    Failure(NodeKind.FIBRE, 2.4, 1.0, 20),
    Failure(NodeKind.FEED, 1.7, None, 402),
    Failure(NodeKind.ONU, 0.9, None, 1200),
    Failure(NodeKind.FEED, 0.25, None, 120),
)
"""Six shared elements are still down at the end, of four kinds."""
SINGLE_DEVICES, OF_THEM_OPEN, NEVER_SEEN = 46, 22, 31
"""Cameras and recorders that fail on their own, those still down, and those that never came in."""


@dataclass(frozen=True, slots=True)
class Event:
    """At ``at`` the platform learns something."""

    at: datetime
    what: PresenceChanged | Evidence
    heard: datetime | None = None
    """For who is lost: when it was heard last."""


def events(topology: Topology, end: datetime, seed: int) -> list[Event]:
    """Everything of the day in the order of its time."""
    chance = random.Random(f"day:{seed}")
    found: list[Event] = []
    by_kind = _by_kind(topology)
    devices = by_kind[NodeKind.DEVICE]
    absent = never_seen(topology, seed)
    for failure in STORY:
        nodes = by_kind.get(failure.kind, [])
        if nodes:
            found += _failure(topology, nodes[failure.index % len(nodes)], failure, end, chance, absent)
    alone = chance.sample([each for each in devices if each.node_id not in absent], _some(len(devices)))
    for number, node in enumerate(alone):
        open_ = number < len(alone) * OF_THEM_OPEN // SINGLE_DEVICES
        ago = chance.uniform(0.4, 23.0)
        lasts = None if open_ else chance.uniform(0.1, ago * 0.9)
        single = Failure(NodeKind.DEVICE, ago, lasts, 0)
        found += _failure(topology, node, single, end, chance, absent)
    found.sort(key=lambda event: event.at)
    return _sensible(found)


def never_seen(topology: Topology, seed: int) -> frozenset[NodeId]:
    """Devices that are in the register and never came in."""
    chance = random.Random(f"never:{seed}")
    devices = [node.node_id for node in _by_kind(topology)[NodeKind.DEVICE]]
    return frozenset(chance.sample(devices, min(NEVER_SEEN, len(devices) // 20)))


def _some(devices: int) -> int:
    return min(SINGLE_DEVICES, devices // 10)


def _by_kind(topology: Topology) -> dict[NodeKind, list[Node]]:
    found: dict[NodeKind, list[Node]] = {}
    for node in sorted(topology.nodes.values(), key=lambda node: node.node_id):
        found.setdefault(node.kind, []).append(node)
    return found


def _failure(
    topology: Topology,
    node: Node,
    failure: Failure,
    end: datetime,
    chance: random.Random,
    absent: frozenset[NodeId],
) -> Iterator[Event]:
    began = end - timedelta(hours=failure.ago)
    for seen, kind, source in _seen(topology, node, chance):
        at = began + timedelta(seconds=chance.uniform(0.5, 3))
        yield Event(at, Evidence(seen, kind, at, 0.0, source))
    fixed = None if failure.lasts is None else began + timedelta(hours=failure.lasts)
    for each in topology.impact([node.node_id]).dark:
        if topology.nodes[each].kind is not NodeKind.DEVICE or each in absent:
            continue
        heard = began - timedelta(seconds=chance.uniform(0.1, HEARTBEAT_S))
        lost = heard + timedelta(seconds=_LOST_S)
        yield Event(lost, _moved(each, Presence.ONLINE, Presence.OFFLINE, HEARTBEAT_LOST, lost), heard)
        if fixed is not None:
            back = max(fixed, lost) + timedelta(minutes=chance.uniform(*_MINS_BACK))
            yield Event(back, _moved(each, Presence.OFFLINE, Presence.ONLINE, REGISTERED, back))


def _seen(
    topology: Topology, node: Node, chance: random.Random
) -> Iterator[tuple[NodeId, EvidenceKind, NodeId]]:
    """What ONUs and OLTs tell: seven of ten last gasps arrive; a lost light is always seen."""
    power = node.kind in {NodeKind.TRANSFORMER, NodeKind.FEED, NodeKind.CABINET}
    dark = topology.impact([node.node_id]).dark
    onus = [each for each in dark if topology.nodes[each].kind is NodeKind.ONU]
    if node.kind is NodeKind.OLT:
        return
    for onu in onus:
        olt = next(
            (each for each in topology.ancestors(onu) if topology.nodes[each].kind is NodeKind.OLT), None
        )
        if power and dark[onu] == 0 and chance.random() < 0.7:
            yield onu, EvidenceKind.LAST_GASP, olt or onu
        elif not power and olt is not None:
            yield onu, EvidenceKind.SIGNAL_LOST, olt


def _moved(node: NodeId, before: Presence, after: Presence, reason: str, at: datetime) -> PresenceChanged:
    return PresenceChanged(DeviceId(node), before, after, reason, at)


def _sensible(found: Sequence[Event]) -> list[Event]:
    """Without what cannot be: who is down already is not lost again by a second cause, and is back once."""
    down: set[str] = set()
    kept: list[Event] = []
    for event in found:
        if isinstance(event.what, PresenceChanged):
            lost = event.what.after is Presence.OFFLINE
            if lost == (event.what.device_id in down):
                continue
            (down.add if lost else down.discard)(event.what.device_id)
        kept.append(event)
    return kept
