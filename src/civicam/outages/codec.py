"""Facts, rows and the engine's state as JSON and back. A fact's id is the digest of its bytes: the same fact,
told twice or by two ways, is one.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from pydantic import ConfigDict, TypeAdapter

from civicam.outages.book import Book
from civicam.outages.facts import (
    CameBack,
    ChannelCameBack,
    ChannelWentDark,
    CollectorGap,
    Evidence,
    Fact,
    GraphSeen,
    LastHeard,
    OutageId,
    Overruled,
    Symptom,
    WentDark,
    WorkPlanned,
)
from civicam.outages.ledger import Affected, Outage
from civicam.outages.rules import VERSION
from civicam.outages.state import State

KINDS: dict[str, type[Any]] = {
    "went-dark": WentDark,
    "came-back": CameBack,
    "channel-went-dark": ChannelWentDark,
    "channel-came-back": ChannelCameBack,
    "evidence": Evidence,
    "last-heard": LastHeard,
    "gap": CollectorGap,
    "work": WorkPlanned,
    "overruled": Overruled,
    "graph": GraphSeen,
}
"""Names of facts in the store."""
_NAMES = {kind: name for name, kind in KINDS.items()}
_ADAPTERS: dict[str, TypeAdapter[Any]] = {name: TypeAdapter(kind) for name, kind in KINDS.items()}
_OUTAGE: TypeAdapter[Outage] = TypeAdapter(Outage)
_AFFECTED: TypeAdapter[Affected] = TypeAdapter(Affected)


class _State(State):
    """The state with infinities kept as such."""

    __pydantic_config__ = ConfigDict(ser_json_inf_nan="constants")


_STATE: TypeAdapter[_State] = TypeAdapter(_State)


def write_fact(fact: Fact) -> tuple[str, str, str]:
    """(id, name, body)."""
    name = _NAMES[type(fact)]
    body = _ADAPTERS[name].dump_json(fact).decode()
    return hashlib.blake2s(f"{name}\n{body}".encode(), digest_size=16).hexdigest(), name, body


def read_fact(name: str, body: str) -> Fact:
    """The fact that `write_fact` wrote."""
    found: Fact = _ADAPTERS[name].validate_json(body)
    return found


def read_outage(head: str) -> Outage:
    """A row from its canonical bytes, as `civicam.outages.ledger.head` wrote them: without its channels."""
    return _OUTAGE.validate_json(head)


def read_affected(body: str) -> Affected:
    """One channel of a row."""
    return _AFFECTED.validate_json(body)


def write_state(state: State) -> bytes:
    """The engine's state, with the version of the rules it was made by."""
    held = [list(write_fact(fact)[1:]) for fact in state.held]
    plain = json.loads(_STATE.dump_json(state, exclude={"held": True}))  # type: ignore[arg-type]
    return json.dumps({"version": VERSION, "held": held, "state": plain}).encode()


def read_state(document: bytes) -> State | None:
    """The state, or None when other rules made it. What is dark is one object in the book and in its row."""
    found = json.loads(document)
    if found["version"] != VERSION:
        return None
    state = _STATE.validate_json(json.dumps(found["state"]))
    held: list[Symptom] = []
    for name, body in found["held"]:
        fact = read_fact(name, body)
        if not isinstance(fact, CollectorGap | WorkPlanned | Overruled | GraphSeen):
            held.append(fact)
    state.held = held
    _link(state.book, state)
    return state


def _link(book: Book, state: State) -> None:
    for each in [*state.waiting, *(e for row in state.rows.values() for e in row.episodes)]:
        if each.ended is not None:
            continue
        if each.channel:
            book.channels[each.channel] = each
        else:
            book.dark[each.device] = each


__all__ = [
    "KINDS",
    "OutageId",
    "read_affected",
    "read_fact",
    "read_outage",
    "read_state",
    "write_fact",
    "write_state",
]
