"""The ledger again, from stored facts and steps alone. The live service starts by it, and anybody may check.

A step says up to which fact the engine had read, and at what time it stepped. The same steps with the same
facts give the same rows, byte for byte.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from civicam.kernel.errors import Bug
from civicam.outages.codec import read_state
from civicam.outages.engine import Engine, Outcome
from civicam.outages.facts import Fact, GraphSeen
from civicam.outages.ledger import Outage
from civicam.outages.plant import Plant, Register
from civicam.outages.ports import OutageStore, Step
from civicam.outages.rules import Rules

BATCH = 500
NOTHING = Register()


@dataclass(slots=True)
class Player:
    """An engine and how far it has come."""

    engine: Engine
    step: Step | None = None
    rows: dict[str, Outage] = field(default_factory=dict)
    """Only where they are wanted: a long history has many."""

    @property
    def upto(self) -> int:
        """The last fact that the engine has read."""
        return 0 if self.step is None else self.step.upto

    def take(self, step: Step, facts: list[Fact], store: OutageStore) -> Outcome:
        """One step."""
        for fact in facts:
            if isinstance(fact, GraphSeen):
                self.engine.plant = plant_of(store, fact.digest)
        outcome = self.engine.step(step.at.timestamp(), facts)
        self.step = step
        return outcome


def plant_of(store: OutageStore, digest: str) -> Plant:
    """The graph of a digest."""
    document = store.register(digest)
    if document is None:
        raise Bug("outages.no-register", digest=digest)
    plant = Plant(Register.read(document))
    plant.warm()
    return plant


def start(store: OutageStore, rules: Rules | None = None) -> Player:
    """The engine as it was after the last step: from the newest checkpoint on."""
    kept = store.checkpoint()
    state = None if kept is None else read_state(kept.state)
    if kept is None or state is None:
        player = Player(Engine(Plant(NOTHING), rules))
    else:
        player = Player(Engine(_plant_at(store, kept.step.upto), rules, state), kept.step)
    for _ in play(store, player):
        pass
    return player


def recompute(store: OutageStore, rules: Rules | None = None) -> Player:
    """Everything from the first fact on, with all rows."""
    player = Player(Engine(Plant(NOTHING), rules))
    for outcome in play(store, player):
        player.rows.update((row.outage_id, row) for row in outcome.changed)
    return player


def play(store: OutageStore, player: Player) -> Iterator[Outcome]:
    """Every step that is in the store and not yet in the player."""
    while True:
        steps = store.steps(0 if player.step is None else player.step.number, BATCH)
        for step in steps:
            facts: list[Fact] = []
            after = player.upto
            while after < step.upto:
                kept = store.facts(after, BATCH, step.upto)
                if not kept:
                    break
                facts += [each.fact for each in kept]
                after = kept[-1].seq
            yield player.take(step, facts, store)
        if len(steps) < BATCH:
            return


def _plant_at(store: OutageStore, upto: int) -> Plant:
    """The graph that was in use when this fact had been read."""
    digest = store.graph_at(upto)
    return Plant(NOTHING) if digest is None else plant_of(store, digest)
