"""``/api/agents``: switches, OLTs, ONUs, UPSs that are asked by SNMP and ICMP. Secrets go in, never out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field

from civicam.fleet.agents import Agent, AuthProtocol, PrivProtocol, Secrets, Version
from civicam.fleet.views import Text
from civicam.kernel.errors import Refused
from civicam.probes.evidence import Source, What
from civicam.probes.watch import Seen
from civicam.web.auth import Inside
from civicam.web.ports import Services

router = APIRouter(tags=["agents"])

NodeKey = Annotated[str, Path(min_length=1, max_length=64)]
Key = Annotated[str, Field(max_length=200)]


class PortIn(BaseModel):
    """An interface (its index behind ifOperStatus) and the node that hangs on it."""

    model_config = ConfigDict(extra="forbid")

    index: Annotated[str, Field(pattern=r"^[0-9]+(\.[0-9]+)*$", max_length=64)]
    node_id: Annotated[str, Field(min_length=1, max_length=64)]


class SecretsIn(BaseModel):
    """A community, or a user with passphrases; ``engine_id`` in hex for traps of version 3."""

    model_config = ConfigDict(extra="forbid")

    community: Key = ""
    user: Key = ""
    auth: AuthProtocol = "none"
    auth_key: Key = ""
    priv: PrivProtocol = "none"
    priv_key: Key = ""
    engine_id: Annotated[str, Field(max_length=64)] = ""


class AgentIn(BaseModel):
    """How a node is asked. Without ``secrets`` those that are kept stay."""

    model_config = ConfigDict(extra="forbid")

    host: Annotated[str, Field(min_length=2, max_length=64)]
    port: Annotated[int, Field(ge=1, le=65535)] = 161
    version: Version = "none"
    icmp: bool = True
    ups: bool = False
    ports: Annotated[list[PortIn], Field(max_length=4096)] = []
    secrets: SecretsIn | None = None


@dataclass(frozen=True, slots=True)
class PortOut:
    """An interface and its node."""

    index: str
    node_id: str


@dataclass(frozen=True, slots=True)
class AgentOut:
    """How a node is asked, without the secrets."""

    node_id: str
    host: str
    port: int
    version: Version
    icmp: bool
    ups: bool
    ports: list[PortOut]


@dataclass(frozen=True, slots=True)
class FindingOut:
    """What an agent said of a node, newest of its kind: ``what`` is plain, ``detail`` a port or value."""

    node_id: str
    node_name: str
    what: What
    at: datetime
    source: Source
    detail: str


@dataclass(frozen=True, slots=True)
class AnswerOut:
    """How an agent answers. ``icmp``, ``snmp`` None: not asked so, or not known yet. ``why``: ``code`` of the
    newest SNMP question that failed, in words."""

    icmp: bool | None
    snmp: bool | None
    answered_at: datetime | None
    code: str
    why: Text | None
    findings: list[FindingOut]


@dataclass(frozen=True, slots=True)
class AgentRow:
    """An agent, what its node is called, and how it answers; None while probes do not know it."""

    agent: AgentOut
    node_name: str
    answer: AnswerOut | None


@dataclass(frozen=True, slots=True)
class AgentsOut:
    """All of them."""

    agents: list[AgentRow]


@dataclass(frozen=True, slots=True)
class TestOut:
    """``answered`` by any way; None: nobody can ask it."""

    answered: bool | None
    answer: AnswerOut | None


@router.get("/agents")
async def agents(inside: Inside) -> AgentsOut:
    """Whom probes ask, and how each answers."""
    seen = inside.probes.seen()
    return AgentsOut(
        [
            AgentRow(
                _out(each), inside.outages.name_of(each.node_id), _answer(seen.get(each.node_id), inside)
            )
            for each in await inside.agents.listed()
        ]
    )


@router.post("/agents/{node_id}/test")
async def test(node_id: NodeKey, inside: Inside) -> TestOut:
    """Ask it now, by every way it is asked by."""
    if node_id not in {each.node_id for each in await inside.agents.listed()}:
        raise Refused("fleet.unknown-agent", node_id=node_id)
    found = await inside.probes.probe([node_id])
    return TestOut(found.get(node_id), _answer(inside.probes.seen().get(node_id), inside))


@router.put("/agents/{node_id}")
async def put(node_id: NodeKey, body: AgentIn, inside: Inside) -> AgentOut:
    """Enter an agent, or change it; it is asked from now on."""
    agent = Agent(
        node_id,
        body.host,
        body.port,
        body.version,
        body.icmp,
        body.ups,
        tuple((each.index, each.node_id) for each in body.ports),
        Secrets() if body.secrets is None else Secrets(**body.secrets.model_dump()),
    )
    await inside.agents.put(agent)
    return _out(agent)


@router.delete("/agents/{node_id}", status_code=204)
async def remove(node_id: NodeKey, inside: Inside) -> None:
    """Ask it no more."""
    await inside.agents.remove(node_id)


def _answer(seen: Seen | None, inside: Services) -> AnswerOut | None:
    if seen is None:
        return None
    code, why = "", None
    if seen.why is not None:
        code, why = seen.why.code, Text(seen.why.text("zh-CN"), seen.why.text("en"))
    findings = [
        FindingOut(
            each.node_id, inside.outages.name_of(each.node_id), each.what, each.at, each.source, each.detail
        )
        for each in seen.said
    ]
    return AnswerOut(seen.icmp, seen.snmp, seen.answered_at, code, why, findings)


def _out(agent: Agent) -> AgentOut:
    ports = [PortOut(index, node) for index, node in agent.ports]
    return AgentOut(agent.node_id, agent.host, agent.port, agent.version, agent.icmp, agent.ups, ports)
