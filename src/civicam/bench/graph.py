"""``civicam bench graph``: how fast the power and fibre graph of a city says who goes dark.

The city is that of `civicam.bench.outages_city`, 2,343 sites and 5,892 channels, with feeds, fibres,
batteries and backups. Asked are the worst question there is (everything below the core), a feed and an OLT;
the floor is a walk over the same edges that weighs nothing.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from statistics import median

from civicam.bench.outages_city import Scale, build
from civicam.bench.report import Goal, Report
from civicam.fleet.graph import NodeId, NodeKind
from civicam.fleet.topology import Topology

ANSWER_MS = 50.0


def run(seed: int = 1, scale: Scale = "city", repetitions: int = 20) -> Report:
    """Ask each question ``repetitions`` times; medians of CPU milliseconds."""
    city = build(seed, scale)
    graph = city.real
    questions = {
        "core": _first(graph, NodeKind.CORE),
        "feed": _first(graph, NodeKind.FEED),
        "olt": _first(graph, NodeKind.OLT),
    }
    report = Report("graph", load={"nodes": len(graph), "edges": sum(1 for _ in graph.edges), "seed": seed})
    worst = 0.0
    for name, node in questions.items():
        dark = graph.dark_if((node,))
        took = _median_ms(lambda node=node: graph.dark_if((node,)), repetitions)  # type: ignore[misc]
        floor = _median_ms(lambda node=node: _walk(graph, node), repetitions)  # type: ignore[misc]
        report.figures[f"{name}_dark"] = len(dark)
        report.figures[f"{name}_ms"] = took
        report.floors[f"{name}_walk_ms"] = floor
        report.ratios[f"{name}_to_walk"] = took / floor if floor else 0.0
        worst = max(worst, took)
    report.goals["worst_question"] = Goal(ANSWER_MS, worst, "ms of CPU")
    return report


def _first(graph: Topology, kind: NodeKind) -> NodeId:
    """The first node of a kind; where there is none, one at the top."""
    found = sorted(node.node_id for node in graph.nodes.values() if node.kind is kind)
    return found[0] if found else min(node for node in graph.nodes if not graph.edges_above(node))


def _walk(graph: Topology, node: NodeId) -> int:
    """Everything below ``node``, backups and batteries disregarded."""
    seen, waiting = {node}, deque([node])
    while waiting:
        for edge in graph.edges_below(waiting.popleft()):
            if edge.lower not in seen:
                seen.add(edge.lower)
                waiting.append(edge.lower)
    return len(seen)


def _median_ms(ask: Callable[[], object], repetitions: int) -> float:
    took = []
    for _ in range(repetitions):
        start = time.process_time()
        ask()
        took.append(1000 * (time.process_time() - start))
    return median(took)
