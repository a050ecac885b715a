"""What the outages room needs of the fleet: its graph, transitions as symptoms, heartbeats as answers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select

from civicam.db.engine import Database
from civicam.fleet import graph_rows
from civicam.fleet.facts import Presence, PresenceChanged
from civicam.fleet.graph import Node, NodeId, NodeKind
from civicam.fleet.presence import UNREGISTERED
from civicam.fleet.register import PartyKind, Role
from civicam.fleet.tables import channel, device, party, site_party
from civicam.kernel.clock import Clock
from civicam.outages.facts import (
    Attribution,
    CameBack,
    ChannelCameBack,
    ChannelWentDark,
    CollectorGap,
    Fact,
    LastHeard,
    WentDark,
    Wish,
)
from civicam.outages.plant import Register
from civicam.outages.store import OutageStore
from civicam.usability.facts import CollectorGap as UsabilityGap
from civicam.usability.facts import Leg, State, UsableChanged

_PART = 500


def take_symptoms(connection: Connection, facts: Sequence[tuple[str, Any]]) -> None:
    """A handler of the outbox: what the rooms below tell becomes symptoms, in the same transaction."""
    told = [(fact, found) for _, fact in facts if (found := _symptom(connection, fact)) is not None]
    if told:
        OutageStore(connection).append([found for _, found in told], _when(told[-1][0]))


def _symptom(connection: Connection, fact: Any) -> Fact | None:
    if isinstance(fact, PresenceChanged):
        return symptom_of(connection, fact)
    if isinstance(fact, UsableChanged):
        return channel_symptom_of(connection, fact)
    if isinstance(fact, UsabilityGap) and fact.kind == "stalled":  # after a restart the room knows by itself
        return CollectorGap(f"s{int(fact.start.timestamp())}", fact.start, fact.end, fact.kind)
    return None


def symptom_of(connection: Connection, fact: PresenceChanged) -> Fact | None:
    """What a transition means; nothing for one to unknown, nor for a device that was never heard."""
    node = NodeId(fact.device_id)
    if fact.after is Presence.ONLINE:
        return CameBack(node, fact.at)
    if fact.after is not Presence.OFFLINE:
        return None
    c = device.c
    row = connection.execute(
        select(c.last_seen, c.heartbeat_s).where(c.device_id == fact.device_id)
    ).one_or_none()
    if row is None or row.last_seen is None:
        return None
    if fact.reason_code == UNREGISTERED:
        return WentDark(node, fact.at, fact.at, 1.0, fact.reason_code)
    return WentDark(node, fact.at, min(row.last_seen, fact.at), float(row.heartbeat_s), fact.reason_code)


def channel_symptom_of(connection: Connection, fact: UsableChanged) -> Fact | None:
    """What it means that a channel became usable or not; where its device does not signal, nothing more."""
    if fact.after is not State.BAD and fact.before is not State.BAD:
        return None
    owner = connection.execute(
        select(channel.c.device_id).where(channel.c.channel_id == fact.channel_id)
    ).scalar_one_or_none()
    if owner is None:
        return None
    if fact.after is State.BAD:
        if Leg.SIGNALLING in fact.legs:
            return None
        return ChannelWentDark(fact.channel_id, NodeId(owner), fact.at, tuple(sorted(fact.legs)))
    return ChannelCameBack(fact.channel_id, NodeId(owner), fact.at) if fact.before is State.BAD else None


def _when(fact: PresenceChanged | UsableChanged | UsabilityGap) -> datetime:
    return fact.end if isinstance(fact, UsabilityGap) else fact.at


class FleetRegisters:
    """Fills `civicam.outages.ports.Registers` from the fleet's tables."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def register(self) -> Register:
        """The graph, the channels of its devices, and whose an element is where the register says so."""
        return await self._database.read(_register)


_WHOSE = {
    PartyKind.POWER_COMPANY: Attribution.POWER_COMPANY,
    PartyKind.CARRIER: Attribution.CARRIER,
    PartyKind.CONTRACTOR: Attribution.CONTRACTOR,
    PartyKind.GOVERNMENT: Attribution.OPERATOR,
    PartyKind.THIRD_PARTY: Attribution.THIRD_PARTY,
}
"""To whom an element's outage is attributed, by what its party is; of any other party nothing follows."""


def _register(connection: Connection) -> Register:
    topology = graph_rows.load(connection).topology
    nodes = [node for node in topology.nodes.values() if node.kind is not NodeKind.CHANNEL]
    known = {node.node_id for node in nodes}
    edges = [edge for edge in topology.edges if edge.upper in known and edge.lower in known]
    channels: dict[NodeId, list[str]] = {}
    for row in connection.execute(select(channel.c.channel_id, channel.c.device_id)):
        channels.setdefault(NodeId(row.device_id), []).append(row.channel_id)
    return Register(
        tuple(nodes),
        tuple(edges),
        {key: tuple(value) for key, value in channels.items()},
        parties=_parties(connection, nodes),
    )


def _parties(connection: Connection, nodes: Sequence[Node]) -> dict[NodeId, Attribution]:
    """Whose an element is: its own party; a device is its owner's where a third party owns the site."""
    kinds = {row.party_id: row.kind for row in connection.execute(select(party.c.party_id, party.c.kind))}
    owners = select(site_party.c.site_id, site_party.c.party_id).where(site_party.c.role == Role.OWNER)
    theirs = {
        row.site_id for row in connection.execute(owners) if kinds.get(row.party_id) == PartyKind.THIRD_PARTY
    }
    found: dict[NodeId, Attribution] = {}
    for node in nodes:
        if node.kind is NodeKind.DEVICE and node.site_id in theirs:
            found[node.node_id] = Attribution.OWNER
        elif (kind := kinds.get(node.party_id)) is not None and PartyKind(kind) in _WHOSE:
            found[node.node_id] = _WHOSE[PartyKind(kind)]
    return found


class StoredHeartbeats:
    """Fills `civicam.outages.ports.Prober`: when a device was heard last is known without asking it."""

    def __init__(self, database: Database, clock: Clock, flush_s: float) -> None:
        self._database = database
        self._clock = clock
        self._flush = timedelta(seconds=flush_s)

    async def ask(self, wishes: Sequence[Wish]) -> list[Fact]:
        """The last heartbeat of each device that counts as there; heartbeats are written a little late."""
        told = self._clock.now() - self._flush
        ids = [wish.node for wish in wishes]
        found: list[Fact] = []
        for begin in range(0, len(ids), _PART):
            part = ids[begin : begin + _PART]
            found += await self._database.read(lambda connection, part=part: _heard(connection, part, told))  # type: ignore[misc]
        return found


def _heard(connection: Connection, ids: Sequence[str], told: datetime) -> list[Fact]:
    c = device.c
    query = select(c.device_id, c.last_seen, c.heartbeat_s).where(
        c.device_id.in_(ids), c.presence == Presence.ONLINE, c.last_seen.is_not(None)
    )
    return [
        LastHeard(NodeId(row.device_id), row.last_seen, max(told, row.last_seen), float(row.heartbeat_s))
        for row in connection.execute(query)
    ]
