"""What an operator may set about probes."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from civicam.probes.evidence import What

Seconds = Annotated[float, Field(gt=0)]
Oid = Annotated[str, Field(pattern=r"^[0-9]+(\.[0-9]+)+$", max_length=200)]


class TrapRuleSettings(BaseModel):
    """A maker's own trap: see `civicam.probes.mapping.TrapRule`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    oid: Oid
    what: What
    where: Oid | None = None
    equals: Annotated[str, Field(max_length=200)] = ""
    port: Oid | None = None
    port_in_index: bool = False


class ProbesSettings(BaseModel):
    """How switches, OLTs, ONUs, UPSs and devices are asked, and how their traps are taken."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    every_s: Seconds = 30.0
    """Each agent is asked once in this time, spread over it."""
    timeout_s: Annotated[float, Field(gt=0, le=30)] = 2.0
    misses: Annotated[int, Field(ge=1, le=20)] = 2
    """Questions unanswered in a row before an agent is called unreachable."""
    back_off_most_s: Seconds = 300.0
    """Who stays unreachable is asked less and less often, down to once in this time."""
    concurrent: Annotated[int, Field(ge=1, le=4096)] = 256
    """Questions under way at once, SNMP and ICMP each; one more skips its turn, and is counted."""
    trap_host: str = "0.0.0.0"  # noqa: S104 -- agents send from outside; the operator narrows it
    trap_port: Annotated[int, Field(ge=0, le=65535)] = 0
    """Where traps are taken (UDP; the standard's 162 needs a right of its own); 0: nowhere."""
    trap_rate: Annotated[float, Field(gt=0)] = 10.0
    """Traps a second that one agent may send for long; what is more is dropped and counted."""
    trap_burst: Annotated[int, Field(ge=1)] = 100
    trap_rules: tuple[TrapRuleSettings, ...] = ()
    """Traps that no standard defines; tried before those of the standards."""
