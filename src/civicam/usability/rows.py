"""How legs and their changes stand in a text column: JSON, a change a line. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

import orjson

from civicam.fleet.facts import ChannelId
from civicam.usability.debounce import Believed
from civicam.usability.facts import Leg, LegChanged, Proof, State


def line_of(changed: LegChanged | None) -> str:
    """A change as one line; empty for none."""
    if changed is None:
        return ""
    found = {
        "leg": changed.leg,
        "before": changed.before,
        "after": changed.after,
        "at": changed.at,
        "proof": _proof(changed.proof),
    }
    return orjson.dumps(found).decode()


def changes_of(channel_id: ChannelId, lines: str) -> list[LegChanged]:
    """The changes of one second, in their order."""
    return [_changed(channel_id, orjson.loads(line)) for line in lines.splitlines() if line]


def _changed(channel_id: ChannelId, found: Mapping[str, Any]) -> LegChanged:
    return LegChanged(
        channel_id,
        Leg(found["leg"]),
        State(found["before"]),
        State(found["after"]),
        datetime.fromisoformat(found["at"]),
        Proof(**found["proof"]),
    )


def legs_text(legs: Mapping[Leg, Believed]) -> str:
    """What is believed of each leg."""
    return orjson.dumps(
        {
            leg.value: {
                "state": each.state,
                "since": each.since,
                "seen": each.seen,
                "proof": _proof(each.proof),
                "until": each.until,
                "then": each.then,
            }
            for leg, each in legs.items()
        }
    ).decode()


def legs_of(text: str) -> dict[Leg, Believed]:
    """Back again."""
    return {
        Leg(name): Believed(
            State(each["state"]),
            datetime.fromisoformat(each["since"]),
            datetime.fromisoformat(each["seen"]),
            Proof(**each["proof"]),
            None if each["until"] is None else datetime.fromisoformat(each["until"]),
            State(each["then"]),
        )
        for name, each in orjson.loads(text).items()
    }


def _proof(proof: Proof) -> dict[str, Any]:
    """Only what is said."""
    return {name: value for name, value in asdict(proof).items() if value not in ("", None)}
