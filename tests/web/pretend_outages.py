"""The fleet's side of outages, pretended: a feed, a cabinet and two cameras; nobody answers questions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from civicam.fleet.graph import Edge, Medium, Node, NodeId, NodeKind
from civicam.outages.facts import Fact, Wish
from civicam.outages.plant import Register
from civicam.probes.watch import Seen

FEED, CABINET = NodeId("feed"), NodeId("cabinet")
CAMERAS = (NodeId("cam1"), NodeId("cam2"))


def small_register() -> Register:
    """[feed]──[cabinet]──[cam1] [cam2]"""
    nodes = (
        Node(FEED, NodeKind.FEED, "馈线一"),
        Node(CABINET, NodeKind.CABINET, "机柜一", "S1"),
        *(Node(camera, NodeKind.DEVICE, camera, "S1") for camera in CAMERAS),
    )
    edges = (
        Edge(FEED, CABINET, Medium.POWER),
        *(Edge(CABINET, camera, Medium.POWER) for camera in CAMERAS),
    )
    return Register(nodes, edges, {camera: (f"{camera}-c0",) for camera in CAMERAS})


@dataclass
class PretendProbes:
    """What the test says was seen; a question is answered as it says."""

    found: dict[str, Seen] = field(default_factory=dict)
    answers: dict[str, bool] = field(default_factory=dict)

    def seen(self) -> dict[str, Seen]:
        return self.found

    async def probe(self, node_ids: Iterable[str]) -> dict[str, bool | None]:
        return {each: self.answers.get(each) for each in node_ids}


@dataclass
class PretendRegisters:
    """The graph a test may exchange."""

    found: Register = field(default_factory=small_register)

    async def register(self) -> Register:
        return self.found


@dataclass
class PretendProber:
    """Keeps the questions, gives the prepared answers."""

    asked: list[Wish] = field(default_factory=list)
    answers: list[Fact] = field(default_factory=list)

    async def ask(self, wishes: Sequence[Wish]) -> list[Fact]:
        self.asked += wishes
        return list(self.answers)
