"""A small town for tests: one feed a street, one branch of fibre across the streets, and a pen for symptoms.

[T]──[FEED a]──[CAB a1] [CAB a2] [CAB a3]        each cabinet: [ONU]──[SWITCH]──[CAM 0] [CAM 1]
  ╰──[FEED b]──[CAB b1] [CAB b2] [CAB b3]
[OLT]──[FIBRE 1]──[ONU a1] [ONU b1]   [FIBRE 2]──[ONU a2] [ONU b2]   [FIBRE 3]──[ONU a3] [ONU b3]
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from civicam.fleet.graph import Edge, Medium, Node, NodeId, NodeKind
from civicam.outages.engine import Engine, Outcome
from civicam.outages.facts import (
    CameBack,
    Evidence,
    EvidenceKind,
    Fact,
    LastHeard,
    WentDark,
)
from civicam.outages.ledger import Outage
from civicam.outages.plant import Plant, Register
from civicam.outages.rules import Rules

P, F = Medium.POWER, Medium.FIBRE
BEGAN = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
SITES = [f"{street}{number}" for street in "ab" for number in (1, 2, 3)]
TELLS = frozenset({EvidenceKind.LAST_GASP, EvidenceKind.SIGNAL_LOST, EvidenceKind.FRAME_LOST})


def at(seconds: float) -> datetime:
    """So many seconds after the beginning."""
    return BEGAN + timedelta(seconds=seconds)


def cameras(*sites: str) -> list[NodeId]:
    """The two cameras of each site."""
    return [NodeId(f"cam-{site}-{number}") for site in sites for number in (0, 1)]


def register(ups: Iterable[str] = ()) -> Register:
    """The town; sites in ``ups`` have a battery."""
    nodes = [Node(NodeId("T"), NodeKind.TRANSFORMER, "T"), Node(NodeId("OLT"), NodeKind.OLT, "OLT")]
    edges: list[Edge] = []
    for street in "ab":
        nodes.append(Node(NodeId(f"feed-{street}"), NodeKind.FEED, street))
        edges.append(Edge(NodeId("T"), NodeId(f"feed-{street}"), P))
    for number in (1, 2, 3):
        nodes.append(Node(NodeId(f"fibre-{number}"), NodeKind.FIBRE, str(number)))
        edges.append(Edge(NodeId("OLT"), NodeId(f"fibre-{number}"), F))
    channels: dict[NodeId, tuple[str, ...]] = {}
    for site in SITES:
        cab, onu, switch = (NodeId(f"{kind}-{site}") for kind in ("cab", "onu", "sw"))
        nodes += [Node(cab, NodeKind.CABINET, site, site), Node(onu, NodeKind.ONU, site, site)]
        nodes.append(Node(switch, NodeKind.SWITCH, site, site))
        edges.append(Edge(NodeId(f"feed-{site[0]}"), cab, P))
        supply = cab
        if site in ups:
            supply = NodeId(f"ups-{site}")
            nodes.append(Node(supply, NodeKind.UPS, site, site, 60))
            edges.append(Edge(cab, supply, P))
        edges += [Edge(supply, onu, P), Edge(supply, switch, P)]
        edges += [Edge(NodeId(f"fibre-{site[1]}"), onu, F), Edge(onu, switch, F)]
        for camera in cameras(site):
            nodes.append(Node(camera, NodeKind.DEVICE, camera, site))
            edges += [Edge(switch, camera, F), Edge(supply, camera, P)]
            channels[camera] = (f"{camera}-ch",)
    watch = {node.node_id: TELLS for node in nodes if node.kind is NodeKind.ONU}
    return Register(tuple(nodes), tuple(edges), channels, watch)


def dark(*devices: NodeId, since: float, beat: float = 60.0) -> list[WentDark]:
    """They fell silent at ``since``: each was heard at its own time before that, and is lost 182 s later."""
    found = []
    for number, device in enumerate(devices):
        heard = since - beat * ((number * 0.37) % 1) - 0.5
        found.append(WentDark(device, at(heard + 3 * beat + 2), at(heard), beat, "fleet.heartbeat-lost"))
    return found


def gasps(*sites: str, since: float) -> list[Evidence]:
    """Their ONUs lost the supply and could say so."""
    return [Evidence(NodeId(f"onu-{s}"), EvidenceKind.LAST_GASP, at(since + 0.4), 0.0, "OLT") for s in sites]


def no_light(*sites: str, since: float) -> list[Evidence]:
    """The OLT lost their light."""
    return [
        Evidence(NodeId(f"onu-{s}"), EvidenceKind.SIGNAL_LOST, at(since + 0.4), 0.0, "OLT") for s in sites
    ]


def answers(*nodes: NodeId, when: float, source: str = "icmp") -> list[Evidence]:
    """They answered a question."""
    return [Evidence(node, EvidenceKind.ANSWERED, at(when), 0.0, source) for node in nodes]


def silence(*nodes: NodeId, when: float) -> list[Evidence]:
    """They did not."""
    return [Evidence(node, EvidenceKind.SILENT, at(when), 0.0, "icmp") for node in nodes]


def heard(*devices: NodeId, when: float, told: float) -> list[LastHeard]:
    """When devices that count as there were heard last."""
    return [LastHeard(device, at(when), at(told), 60.0) for device in devices]


def back(*devices: NodeId, when: float) -> list[CameBack]:
    """They are heard again."""
    return [CameBack(device, at(when)) for device in devices]


def moment_of(fact: Fact) -> datetime:
    """When a fact can have arrived at the earliest."""
    for name in ("told_at", "at", "said_at", "ended", "began"):
        found = getattr(fact, name, None)
        if isinstance(found, datetime):
            return found
    return BEGAN


@dataclass
class Town:
    """An engine on a virtual clock: facts arrive at their own time, the clock runs in steps of 5 s."""

    plant: Plant = field(default_factory=lambda: Plant(register()))
    rules: Rules = field(default_factory=Rules)
    rows: dict[str, Outage] = field(default_factory=dict)
    told: list[Outcome] = field(default_factory=list)
    now: float = 0.0

    def __post_init__(self) -> None:
        self.engine = Engine(self.plant, self.rules)

    def run(self, facts: Iterable[Fact], until: float) -> None:
        """Let everything arrive and time pass."""
        waiting = sorted(facts, key=lambda fact: (moment_of(fact), repr(fact)))
        while self.now < until:
            self.now += self.rules.step_s
            moment = BEGAN.timestamp() + self.now
            arrived = [fact for fact in waiting if moment_of(fact).timestamp() <= moment]
            waiting = [fact for fact in waiting if moment_of(fact).timestamp() > moment]
            timer = self.engine.get_timer()
            if arrived or (timer is not None and timer <= moment):
                self.keep(self.engine.step(moment, arrived))

    def keep(self, outcome: Outcome) -> None:
        """Keep what came out."""
        self.told.append(outcome)
        self.rows.update((row.outage_id, row) for row in outcome.changed)

    @property
    def open(self) -> list[Outage]:
        """Rows that say that something is dark."""
        return [row for row in self.rows.values() if row.state == "open"]

    def causes(self) -> list[tuple[str, str]]:
        """(kind, place) of every row that is not part of another, by place."""
        found = [row for row in self.rows.values() if row.state != "merged"]
        return sorted((row.verdict.kind.value, row.verdict.place) for row in found)
