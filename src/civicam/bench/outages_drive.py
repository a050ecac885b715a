"""Runs the inference on a seeded city's wire, on a virtual clock, and keeps the ledger it writes."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field

from civicam.bench.outages_score import Claim
from civicam.bench.outages_wire import Wire
from civicam.fleet.graph import NodeId
from civicam.outages.engine import Engine
from civicam.outages.facts import CauseKind
from civicam.outages.ledger import Outage
from civicam.outages.plant import Plant


@dataclass(slots=True)
class Driven:
    """The ledger at the end, and what it cost."""

    rows: dict[str, Outage] = field(default_factory=dict)
    opened: dict[str, float] = field(default_factory=dict)
    steps: int = 0
    facts: int = 0
    wishes: int = 0
    cpu_s: float = 0.0

    def claims(self, until: float) -> list[Claim]:
        """What the rows say of each device; merged rows and gaps of ours say nothing."""
        found = []
        for row in self.rows.values():
            if row.state == "merged" or row.verdict.kind is CauseKind.PLATFORM:
                continue
            devices = {each.device_id: each for each in row.affected}
            for device, affected in sorted(devices.items()):
                for span in affected.spans:
                    if not span.unknown:
                        end = until if span.ended is None else span.ended.timestamp()
                        found.append(
                            Claim(
                                NodeId(device),
                                span.began.timestamp(),
                                end,
                                row.verdict.kind,
                                row.verdict.place,
                                row.outage_id,
                            )
                        )
        return found

    def causes(self) -> list[str]:
        """Rows that say somebody's channels were out."""
        return [
            key
            for key, row in self.rows.items()
            if row.state != "merged" and row.verdict.kind is not CauseKind.PLATFORM
        ]


def drive(wire: Wire, plant: Plant, until: float) -> Driven:
    """Every step that has facts, or that the engine has asked for, on the grid of `Rules.step_s`."""
    engine, found = Engine(plant), Driven()
    grid = engine.rules.step_s
    while True:
        times = [wire.queue[0][0]] if wire.queue else []
        timer = engine.get_timer()
        if timer is not None:
            times.append(timer)
        if not times:
            break
        now = math.ceil(min(times) / grid) * grid
        if now > until:
            break
        facts = wire.until(now)
        began = time.process_time()
        outcome = engine.step(now, facts)
        found.cpu_s += time.process_time() - began
        found.steps += 1
        found.facts += len(facts)
        found.wishes += len(outcome.wishes)
        wire.ask(outcome.wishes, now)
        for row in outcome.changed:
            found.rows[row.outage_id] = row
            found.opened.setdefault(row.outage_id, now)
    return found
