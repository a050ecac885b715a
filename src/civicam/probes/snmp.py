"""SNMP by pysnmp: one GET at a time of many agents, and a door for traps.

Each set of version-3 credentials has an engine of its own: an engine knows a user by name, and two agents may
have two users of one name. Version 2c shares one. What comes to the trap door is judged by its address before
a byte of it is parsed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pysnmp.carrier.asyncio.dgram import udp
from pysnmp.entity import config
from pysnmp.entity.rfc3413 import ntfrcv
from pysnmp.error import PySnmpError
from pysnmp.hlapi.v3arch.asyncio import (
    CommunityData,
    ContextData,
    ObjectIdentity,
    ObjectType,
    SnmpEngine,
    UdpTransportTarget,
    UsmUserData,
    get_cmd,
    usmAesCfb128Protocol,
    usmHMAC192SHA256AuthProtocol,
    usmHMACMD5AuthProtocol,
    usmHMACSHAAuthProtocol,
    usmNoAuthProtocol,
    usmNoPrivProtocol,
)
from pysnmp.proto.rfc1902 import OctetString
from pysnmp.proto.rfc1905 import EndOfMibView, NoSuchInstance, NoSuchObject

from civicam.fleet.agents import Agent, Secrets
from civicam.kernel.errors import Operational

NO_ANSWER, REFUSED = "probes.no-answer", "probes.refused"
_AUTH = {
    "none": usmNoAuthProtocol,
    "md5": usmHMACMD5AuthProtocol,
    "sha": usmHMACSHAAuthProtocol,
    "sha256": usmHMAC192SHA256AuthProtocol,
}
_PRIV = {"none": usmNoPrivProtocol, "aes": usmAesCfb128Protocol}
_SNMP_TRAP = "1.3.6.1.6.3.1.1.4.1.0"
_MISSING = (NoSuchObject, NoSuchInstance, EndOfMibView)

Trap = tuple[str, str, list[tuple[str, str]]]
"""Sender's host, the trap's OID, and its other varbinds."""


class Asker:
    """Asks agents. `change` forgets what was kept of agents that are gone or different."""

    def __init__(self, timeout_s: float) -> None:
        self._timeout = timeout_s
        self._plain = SnmpEngine()
        self._engines: dict[Secrets, Any] = {}
        self._ways: dict[str, tuple[Agent, Any, Any, Any]] = {}

    def change(self, agents: Sequence[Agent]) -> None:
        """Who may still be asked."""
        there = {agent.node_id: agent for agent in agents}
        for node_id, (agent, *_) in list(self._ways.items()):
            if there.get(node_id) != agent:
                del self._ways[node_id]
        used = {agent.secrets for agent in agents if agent.version == "3"}
        for secrets in self._engines.keys() - used:
            self._engines.pop(secrets).close_dispatcher()

    async def get(self, agent: Agent, oids: Sequence[str]) -> dict[str, object]:
        """Values by OID: int, or str for the rest; what the agent does not have is left out.

        Raises `Operational` ``probes.no-answer`` or ``probes.refused``.
        """
        engine, auth, target = await self._way(agent)
        objects = [ObjectType(ObjectIdentity(oid)) for oid in oids]
        try:
            silent, status, _, found = await get_cmd(
                engine, auth, target, ContextData(), *objects, lookupMib=False
            )
        except PySnmpError as error:
            raise Operational(REFUSED, host=agent.host, reason=str(error)[:200]) from error
        if silent:
            text = str(silent)
            code = NO_ANSWER if "No SNMP response" in text or "timed out" in text.lower() else REFUSED
            raise Operational(code, host=agent.host, reason=text[:200])
        if int(status):
            raise Operational(REFUSED, host=agent.host, reason=str(status.prettyPrint()))
        return {str(name): _plain(value) for name, value in found if not isinstance(value, _MISSING)}

    async def _way(self, agent: Agent) -> tuple[Any, Any, Any]:
        known = self._ways.get(agent.node_id)
        if known is None or known[0] != agent:
            engine = self._plain
            if agent.version == "3":
                engine = self._engines.setdefault(agent.secrets, None) or SnmpEngine()
                self._engines[agent.secrets] = engine
            target = await UdpTransportTarget.create((agent.host, agent.port), self._timeout, retries=0)
            known = self._ways[agent.node_id] = (agent, engine, credentials(agent), target)
        return known[1], known[2], known[3]

    def close(self) -> None:
        """Close the sockets."""
        for engine in (self._plain, *self._engines.values()):
            engine.close_dispatcher()


def credentials(agent: Agent) -> Any:
    """As pysnmp wants them."""
    secrets = agent.secrets
    if agent.version == "3":
        return UsmUserData(
            secrets.user,
            authKey=secrets.auth_key or None,
            privKey=secrets.priv_key or None,
            authProtocol=_AUTH[secrets.auth],
            privProtocol=_PRIV[secrets.priv],
        )
    # One name a community: an answer is told apart by it, and two names of one community would be mixed up.
    return CommunityData(_security_name(agent), secrets.community, mpModel=1)  # noqa: S508 -- spoken by many


class _Door(udp.UdpAsyncioTransport):  # type: ignore[misc]  # pysnmp ships no types
    """A transport that asks before it lets anything in."""

    def __init__(self, admits: Callable[[str, int], bool]) -> None:
        super().__init__()
        self._admits = admits

    def datagram_received(self, datagram: bytes, address: Any) -> None:
        if self._admits(address[0], len(datagram)):
            super().datagram_received(datagram, address)


class TrapReceiver:
    """Listens for traps and informs. ``admits(host, bytes)`` decides before anything is parsed.

    ``heard`` gets each trap whose community or user is that of the agent it came from, ``wrong`` the host of
    any other that could be read.
    """

    def __init__(
        self, admits: Callable[[str, int], bool], heard: Callable[[Trap], None], wrong: Callable[[str], None]
    ) -> None:
        self._admits = admits
        self._heard = heard
        self._wrong = wrong
        self._engine: Any = None
        self._by_host: Mapping[str, Agent] = {}
        self._names: set[tuple[str, str]] = set()

    async def listen(self, host: str, port: int, agents: Sequence[Agent]) -> int:
        """Open the door; the port it has. Raises `Operational` ``probes.trap-port``."""
        engine = self._engine = SnmpEngine()
        door = _Door(self._admits).open_server_mode((host, port))
        try:
            await door._lport
        except OSError as error:
            raise Operational("probes.trap-port", port=port, reason=error.strerror or str(error)) from error
        config.add_transport(engine, udp.DOMAIN_NAME, door)
        self.change(agents)
        ntfrcv.NotificationReceiver(engine, self._take)
        engine.transport_dispatcher.job_started(1)
        return int(door.transport.get_extra_info("sockname")[1])

    def change(self, agents: Sequence[Agent]) -> None:
        """Whose traps are understood: a user by name and engine, a community by itself."""
        self._by_host = {agent.host: agent for agent in agents if agent.version != "none"}
        for agent in self._by_host.values():
            name, secrets = _security_name(agent), agent.secrets
            if (name, secrets.engine_id) in self._names:
                continue
            self._names.add((name, secrets.engine_id))
            if agent.version == "3":
                config.add_v3_user(
                    self._engine,
                    secrets.user,
                    _AUTH[secrets.auth],
                    secrets.auth_key or None,
                    _PRIV[secrets.priv],
                    secrets.priv_key or None,
                    securityEngineId=_engine(secrets.engine_id),
                )
            else:
                config.add_v1_system(self._engine, name, secrets.community, securityName=name)

    def _take(
        self, engine: Any, reference: Any, _engine_id: Any, _context: Any, varbinds: Any, _extra: Any
    ) -> None:
        _, (host, *_) = engine.message_dispatcher.get_transport_info(reference)
        plain = [(str(name), str(_plain(value))) for name, value in varbinds]
        trap = next((value for name, value in plain if name == _SNMP_TRAP), "")
        agent = self._by_host.get(host)
        heard = engine.observer.get_execution_context("rfc3412.receiveMessage:request")["securityName"]
        if not trap or agent is None or str(heard) != _security_name(agent):
            self._wrong(host)
            return
        self._heard((host, trap, [pair for pair in plain if pair[0] != _SNMP_TRAP]))

    def close(self) -> None:
        """Close the door."""
        if self._engine is not None:
            self._engine.close_dispatcher()


def _engine(engine_id: str) -> Any:
    return OctetString(hexValue=engine_id) if engine_id else None


def _security_name(agent: Agent) -> str:
    secrets = agent.secrets
    return secrets.user if agent.version == "3" else f"c{secrets.community}"


def _plain(value: Any) -> object:
    """An SNMP value as int where it is a number, else as text."""
    try:
        return int(value)
    except (TypeError, ValueError):
        return str(value.prettyPrint())
