"""SQL of the register of agents: one instance lives inside one transaction."""

from __future__ import annotations

from collections.abc import Sequence

import orjson
from sqlalchemy import Connection, delete, select

from civicam.db.upsert import upsert
from civicam.fleet.agents import Agent
from civicam.fleet.tables import agent


class AgentStore:
    """Agents as they stand: without their secrets, which lie beside them sealed."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def all(self) -> list[tuple[Agent, bytes]]:
        """By node."""
        return [
            (
                Agent(
                    row.node_id,
                    row.host,
                    row.port,
                    row.version,
                    row.icmp,
                    row.ups,
                    tuple((index, node) for index, node in orjson.loads(row.ports)),
                ),
                row.sealed,
            )
            for row in self._db.execute(select(agent).order_by(agent.c.node_id))
        ]

    def sealed(self, node_id: str) -> bytes | None:
        """What lies sealed beside one; None for an unknown one."""
        query = select(agent.c.sealed).where(agent.c.node_id == node_id)
        found: bytes | None = self._db.execute(query).scalar_one_or_none()
        return found

    def put(self, agents: Sequence[tuple[Agent, bytes]]) -> None:
        """Add or replace."""
        rows = [
            {
                "node_id": each.node_id,
                "host": each.host,
                "port": each.port,
                "version": each.version,
                "icmp": each.icmp,
                "ups": each.ups,
                "ports": orjson.dumps(each.ports).decode(),
                "sealed": sealed,
            }
            for each, sealed in agents
        ]
        upsert(self._db, agent, rows)

    def remove(self, node_id: str) -> bool:
        """False for an unknown one."""
        return self._db.execute(delete(agent).where(agent.c.node_id == node_id)).rowcount > 0
