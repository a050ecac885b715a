"""What probes find out about a place in the graph, and to whom they say it. Pure."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

Source = Literal["icmp", "snmp-poll", "snmp-trap"]


class What(enum.StrEnum):
    """Plain statements, free of any maker. Each second one takes the first back."""

    UNREACHABLE = "unreachable"
    REACHABLE = "reachable"
    PORT_DOWN = "port-down"
    PORT_UP = "port-up"
    SIGNAL_LOST = "signal-lost"
    SIGNAL_BACK = "signal-back"
    ON_BATTERY = "on-battery"
    MAINS_FAILED = "mains-failed"
    MAINS_BACK = "mains-back"
    LAST_GASP = "last-gasp"
    """It said that its power is going; nothing takes this back."""
    RESTARTED = "restarted"


@dataclass(frozen=True, slots=True)
class Evidence:
    """One finding. ``node_id``: whom it is about, a node of the graph; ``agent_id``: the node that said so.

    ``at`` is our clock. ``detail`` is for people: a port, a value.
    """

    node_id: str
    what: What
    at: datetime
    source: Source
    agent_id: str
    detail: str = ""


class EvidenceSink(Protocol):
    """Where evidence goes: `outages` fills it."""

    def take(self, evidence: Evidence) -> None:
        """One finding: cheap, never raises, never blocks. Polls tell changes only; traps may come twice."""
        ...


class Listeners:
    """An `EvidenceSink` that hands on to whoever wants to know: bootstrap adds them."""

    def __init__(self) -> None:
        self.all: list[EvidenceSink] = []

    def take(self, evidence: Evidence) -> None:
        """Tell each of them."""
        for each in self.all:
            each.take(evidence)
