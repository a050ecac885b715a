"""The register of agents that probes ask: entered by people, secrets sealed, told to whoever asks them."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from typing import Protocol

import structlog

from civicam.fleet.agents import NO_SECRETS, Agent, Secrets
from civicam.fleet.ports import Vault
from civicam.kernel.errors import CivicamError, Refused
from civicam.kernel.work import Work

log = structlog.get_logger("civicam.fleet")

SHORTEST_KEY = 8
"""Characters of a passphrase (RFC 3414 §11.2)."""


class AgentStore(Protocol):
    """The table inside one transaction."""

    def all(self) -> list[tuple[Agent, bytes]]:
        """Each without its secrets, and those sealed."""
        ...

    def sealed(self, node_id: str) -> bytes | None:
        """The sealed secrets of one; None for an unknown one."""
        ...

    def put(self, agents: Sequence[tuple[Agent, bytes]]) -> None:
        """Add or replace."""
        ...

    def remove(self, node_id: str) -> bool:
        """False for an unknown one."""
        ...


class AgentRegister:
    """One for the process."""

    def __init__(self, work: Work[AgentStore], vault: Vault) -> None:
        self._work = work
        self._vault = vault
        self.changed: list[Callable[[], None]] = []
        """Called after an agent was entered or removed."""

    async def agents(self) -> list[Agent]:
        """All, secrets opened. One whose secrets cannot be opened is told and comes without SNMP."""
        return [self._opened(*each) for each in await self._work.read(lambda store: store.all())]

    async def listed(self) -> list[Agent]:
        """All, without secrets: for people."""
        return [agent for agent, _ in await self._work.read(lambda store: store.all())]

    async def put(self, agent: Agent) -> None:
        """Enter or replace one. Without secrets the ones that are there stay.

        Raises `Refused` ``fleet.bad-agent``.
        """
        refuse_bad_agent(agent)
        sealed = self._vault.seal(json.dumps(asdict(agent.secrets)))
        keep = agent.secrets == NO_SECRETS

        def work(store: AgentStore) -> None:
            before = store.sealed(agent.node_id) if keep else None
            if keep and before is None and agent.version != "none":
                raise Refused("fleet.bad-agent", field="secrets")
            store.put([(agent, before or sealed)])

        await self._work.write(work)
        self._tell()

    async def remove(self, node_id: str) -> None:
        """Ask it no more; `Refused` ``fleet.unknown-agent``."""
        if not await self._work.write(lambda store: store.remove(node_id)):
            raise Refused("fleet.unknown-agent", node_id=node_id)
        self._tell()

    def _opened(self, agent: Agent, sealed: bytes) -> Agent:
        try:
            return replace(agent, secrets=Secrets(**json.loads(self._vault.open(sealed))))
        except CivicamError as error:
            log.error("fleet.secret-unreadable", node_id=agent.node_id, code=error.code)
            return replace(agent, version="none")

    def _tell(self) -> None:
        for callback in self.changed:
            callback()


def refuse_bad_agent(agent: Agent) -> None:
    """`Refused` ``fleet.bad-agent`` with the field that is wrong. A host is an address: who answers must not
    depend on a name server that may be part of the outage."""
    try:
        ipaddress.ip_address(agent.host)
    except ValueError:
        raise Refused("fleet.bad-agent", field="host") from None
    secrets = agent.secrets
    if secrets == NO_SECRETS:
        return
    wrong = {
        "community": agent.version == "2c" and not secrets.community,
        "user": agent.version == "3" and not secrets.user,
        "auth_key": agent.version == "3" and secrets.auth != "none" and len(secrets.auth_key) < SHORTEST_KEY,
        "priv": secrets.priv != "none" and secrets.auth == "none",
        "priv_key": agent.version == "3" and secrets.priv != "none" and len(secrets.priv_key) < SHORTEST_KEY,
        "engine_id": not _hex(secrets.engine_id),
    }
    for field, is_wrong in wrong.items():
        if is_wrong:
            raise Refused("fleet.bad-agent", field=field)


def _hex(text: str) -> bool:
    try:
        return len(bytes.fromhex(text)) <= 32
    except ValueError:
        return False
