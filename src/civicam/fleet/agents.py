"""Whom probes ask, and how: switches, OLTs, ONUs, UPSs. Pure values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Version = Literal["none", "2c", "3"]
AuthProtocol = Literal["none", "md5", "sha", "sha256"]
PrivProtocol = Literal["none", "aes"]


@dataclass(frozen=True, slots=True)
class Secrets:
    """What an SNMP agent is asked with: a community (2c), or a user with passphrases (3)."""

    community: str = field(default="", repr=False)
    user: str = ""
    auth: AuthProtocol = "none"
    auth_key: str = field(default="", repr=False)
    priv: PrivProtocol = "none"
    priv_key: str = field(default="", repr=False)
    engine_id: str = ""
    """Of the agent, hex: version-3 traps name it, and are not understood without."""


NO_SECRETS = Secrets()


@dataclass(frozen=True, slots=True)
class Agent:
    """A switch, OLT, ONU, UPS or device that can be asked. ``node_id`` is its node in the graph.

    ``version`` ``none``: ICMP alone. ``ports``: (index, node) for each interface whose state tells something
    about another node: the index as it stands behind ``ifOperStatus``, the node that hangs on it.
    """

    node_id: str
    host: str
    port: int = 161
    version: Version = "none"
    icmp: bool = True
    ups: bool = False
    ports: tuple[tuple[str, str], ...] = ()
    secrets: Secrets = NO_SECRETS
