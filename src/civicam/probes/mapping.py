"""What SNMP values and traps mean, as data: IF-MIB (RFC 2863), UPS-MIB (RFC 1628), DOT3-OAM-MIB (RFC 4878).

Pure.

Makers' own traps (loss of signal on a PON port, an ONU's dying gasp by another name) are rules that an
operator adds (`probes.trap_rules`): a trap's OID, what it means, where the index of the port stands.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from civicam.fleet.agents import Agent
from civicam.probes.evidence import What

SYS_UP_TIME = "1.3.6.1.2.1.1.3.0"
IF_OPER_STATUS = "1.3.6.1.2.1.2.2.1.8"
UPS_OUTPUT_SOURCE = "1.3.6.1.2.1.33.1.4.1.0"
_IF_INDEX = "1.3.6.1.2.1.2.2.1.1"
_OAM_TYPE = "1.3.6.1.2.1.158.1.6.1.4"
_UPS_ALARM = "1.3.6.1.2.1.33.1.6.2.1.2"
_UPS_KNOWN = "1.3.6.1.2.1.33.1.6.3"

_PORT = {1: What.PORT_UP, 2: What.PORT_DOWN, 7: What.PORT_DOWN}
"""ifOperStatus: up, down, lowerLayerDown; testing, unknown, dormant and notPresent say nothing."""
_OUTPUT = {3: What.MAINS_BACK, 4: What.MAINS_BACK, 5: What.ON_BATTERY, 6: What.MAINS_BACK, 7: What.MAINS_BACK}
"""upsOutputSource: normal, bypass, battery, booster, reducer; other and none say nothing."""


@dataclass(frozen=True, slots=True)
class TrapRule:
    """``oid``: of the trap. ``where``: the OID (without its index) of a varbind that must be there;
    ``equals``: its value, empty for any. ``port``: the varbind whose value is the port's index, or with
    ``port_in_index`` whose own index begins with it; empty: it is about the agent itself."""

    oid: str
    what: What
    where: str = ""
    equals: str = ""
    port: str = ""
    port_in_index: bool = False


STANDARD: tuple[TrapRule, ...] = (
    TrapRule("1.3.6.1.6.3.1.1.5.1", What.RESTARTED),
    TrapRule("1.3.6.1.6.3.1.1.5.2", What.RESTARTED),
    TrapRule("1.3.6.1.6.3.1.1.5.3", What.PORT_DOWN, port=_IF_INDEX),
    TrapRule("1.3.6.1.6.3.1.1.5.4", What.PORT_UP, port=_IF_INDEX),
    TrapRule("1.3.6.1.2.1.158.0.2", What.LAST_GASP, _OAM_TYPE, "257", _OAM_TYPE, port_in_index=True),
    TrapRule("1.3.6.1.2.1.158.0.2", What.SIGNAL_LOST, _OAM_TYPE, "256", _OAM_TYPE, port_in_index=True),
    TrapRule("1.3.6.1.2.1.33.2.1", What.ON_BATTERY),
    TrapRule("1.3.6.1.2.1.33.2.3", What.ON_BATTERY, _UPS_ALARM, f"{_UPS_KNOWN}.2"),
    TrapRule("1.3.6.1.2.1.33.2.3", What.MAINS_FAILED, _UPS_ALARM, f"{_UPS_KNOWN}.6"),
    TrapRule("1.3.6.1.2.1.33.2.4", What.MAINS_BACK, _UPS_ALARM, f"{_UPS_KNOWN}.2"),
    TrapRule("1.3.6.1.2.1.33.2.4", What.MAINS_BACK, _UPS_ALARM, f"{_UPS_KNOWN}.6"),
)


@dataclass(frozen=True, slots=True)
class Statement:
    """What somebody says about a node."""

    node_id: str
    what: What
    detail: str = ""


def wanted(agent: Agent) -> list[str]:
    """The OIDs to ask an agent for."""
    oids = [SYS_UP_TIME, *(f"{IF_OPER_STATUS}.{index}" for index, _ in agent.ports)]
    return [*oids, UPS_OUTPUT_SOURCE] if agent.ups else oids


def statements(agent: Agent, values: Mapping[str, object], uptime_before: int | None) -> Iterator[Statement]:
    """What an answer says. ``values``: by OID, without what the agent does not have; ``uptime_before`` in
    hundredths of a second, of the last answer. An uptime that went back is a restart, unless it ran over
    after 497 days."""
    uptime = values.get(SYS_UP_TIME)
    if isinstance(uptime, int) and uptime_before is not None and uptime < uptime_before < (1 << 32) - 360_000:
        yield Statement(agent.node_id, What.RESTARTED, f"sysUpTime {uptime / 100:.0f} s")
    for index, node_id in agent.ports:
        status = values.get(f"{IF_OPER_STATUS}.{index}")
        what = _PORT.get(status) if isinstance(status, int) else None
        if what is not None:
            yield Statement(node_id, what, f"ifOperStatus.{index} = {status}")
    source = values.get(UPS_OUTPUT_SOURCE)
    meant = _OUTPUT.get(source) if isinstance(source, int) else None
    if agent.ups and meant is not None:
        yield Statement(agent.node_id, meant, f"upsOutputSource = {source}")


def trap_statement(
    agent: Agent, trap: str, varbinds: Sequence[tuple[str, str]], rules: Sequence[TrapRule]
) -> Statement | None:
    """What a trap says by the first rule that fits; None when none does, or its port is nobody's."""
    for rule in rules:
        if rule.oid != trap or not _fits(rule, varbinds):
            continue
        if not rule.port:
            return Statement(agent.node_id, rule.what, trap)
        index = _port(rule, varbinds)
        for known, node_id in agent.ports:
            if index == known or (rule.port_in_index and index.startswith(f"{known}.")):
                return Statement(node_id, rule.what, f"{trap}, port {known}")
        return None
    return None


def _fits(rule: TrapRule, varbinds: Sequence[tuple[str, str]]) -> bool:
    return not rule.where or any(
        oid.startswith(f"{rule.where}.") and rule.equals in {"", value} for oid, value in varbinds
    )


def _port(rule: TrapRule, varbinds: Sequence[tuple[str, str]]) -> str:
    for oid, value in varbinds:
        if oid.startswith(f"{rule.port}."):
            return oid.removeprefix(f"{rule.port}.") if rule.port_in_index else value
    return ""
