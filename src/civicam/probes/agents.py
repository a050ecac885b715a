"""The register of whom probes ask. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from civicam.fleet.agents import Agent


class Agents(Protocol):
    """The register of agents: the fleet."""

    async def agents(self) -> Sequence[Agent]:
        """All of them, secrets opened; what cannot be opened is left out and told."""
        ...
