"""Media ports that exist nowhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass
class NoPorts:
    """What a pretended engine has to say of ports, and whose tickets are gone."""

    revoked: list[str] = field(default_factory=list)

    async def avoid(self, ports: Sequence[int]) -> None:
        return None

    async def allow(self, ports: Sequence[int]) -> None:
        return None
