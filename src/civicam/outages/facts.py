"""What the outages room takes and publishes: frozen facts, no behaviour. Times are aware UTC.

A node is named as in the fleet's graph; the node of a device has the device's id.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime
from typing import NewType

from civicam.fleet.graph import NodeId

OutageId = NewType("OutageId", str)
WorkId = NewType("WorkId", str)


class CauseKind(enum.StrEnum):
    """Why channels are dark; the words in both languages are in `civicam.outages.words`."""

    MAINS = "mains"
    SUPPLY = "supply"
    FIBRE = "fibre"
    NETWORK = "network"
    DEVICE = "device"
    STORAGE = "storage"
    PLATFORM = "platform"
    PLANNED = "planned"
    UNKNOWN = "unknown"


class Attribution(enum.StrEnum):
    """Whose it is. 供电公司, 运营商, 第三方 (如道路施工), 承建单位, 第三方相机业主, 平台运营方, 待定."""

    POWER_COMPANY = "power_company"
    CARRIER = "carrier"
    THIRD_PARTY = "third_party"
    CONTRACTOR = "contractor"
    OWNER = "owner"
    OPERATOR = "operator"
    NOBODY = "nobody"


class EvidenceKind(enum.StrEnum):
    """What was seen of a node by somebody who is not the node itself, except the last gasp.

    ``last_gasp``: its supply is going, it says so with its last charge. ``signal_lost``, ``frame_lost``: seen
    by the OLT, no light, or light and no sense in it. ``port_down``: the link to it, seen from the switch
    above. ``answered``, ``silent``: to a question of ours (ICMP, SNMP, a SIP query).
    """

    LAST_GASP = "last_gasp"
    SIGNAL_LOST = "signal_lost"
    SIGNAL_BACK = "signal_back"
    FRAME_LOST = "frame_lost"
    MAINS_FAIL = "mains_fail"
    ON_BATTERY = "on_battery"
    MAINS_BACK = "mains_back"
    PORT_DOWN = "port_down"
    PORT_UP = "port_up"
    ANSWERED = "answered"
    SILENT = "silent"


# -- what is taken -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class WentDark:
    """A device no longer signals: ``at`` is when it counted as lost, ``heard_at`` when it was heard last
    (None: never), ``interval_s`` how often it should be heard."""

    device: NodeId
    at: datetime
    heard_at: datetime | None
    interval_s: float
    reason: str = ""


@dataclass(frozen=True, slots=True)
class CameBack:
    """A device is heard again since ``at``."""

    device: NodeId
    at: datetime


@dataclass(frozen=True, slots=True)
class ChannelWentDark:
    """A channel is unusable though its device signals. ``legs`` are those that fail."""

    channel: str
    device: NodeId
    at: datetime
    legs: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ChannelCameBack:
    """The channel is good again since ``at``."""

    channel: str
    device: NodeId
    at: datetime


@dataclass(frozen=True, slots=True)
class Evidence:
    """Something seen of a node. It happened in the ``within_s`` seconds before ``at`` (the poll's interval; 0
    for a trap). ``source`` says who saw it, where possible the id of a node, which then worked at ``at``."""

    node: NodeId
    kind: EvidenceKind
    at: datetime
    within_s: float = 0.0
    source: str = ""


@dataclass(frozen=True, slots=True)
class LastHeard:
    """The answer to a wish about a device that does not count as lost: when it was heard last, as known at
    ``told_at``."""

    device: NodeId
    heard_at: datetime
    told_at: datetime
    interval_s: float


@dataclass(frozen=True, slots=True)
class CollectorGap:
    """From ``began`` to ``ended`` (None: not over) nobody of ours looked; what happened in it is unknown.
    With an empty ``scope`` that is so for the whole city, else for what hangs below these nodes."""

    gap_id: str
    began: datetime
    ended: datetime | None
    reason: str = ""
    scope: tuple[NodeId, ...] = ()


@dataclass(frozen=True, slots=True)
class WorkPlanned:
    """Work is announced at a node and everything below it. Said again with the same id it replaces what was
    said before; ``cancelled`` takes it back. ``contact``: who does it and the duty desk's number."""

    work_id: WorkId
    node: NodeId
    begin: datetime
    end: datetime
    reason: str
    by: str
    said_at: datetime
    attribution: Attribution = Attribution.CONTRACTOR
    cancelled: bool = False
    contact: str = ""


@dataclass(frozen=True, slots=True)
class Overruled:
    """A person's answer, beside the machine's. ``kind`` None takes it back."""

    outage_id: OutageId
    kind: CauseKind | None
    place: str
    attribution: Attribution
    reason: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class GraphSeen:
    """From here on the graph with this digest is the one to reason with."""

    digest: str
    at: datetime


Symptom = WentDark | CameBack | ChannelWentDark | ChannelCameBack | Evidence | LastHeard
"""Held until the window closes: their order of arrival means nothing."""
Order = CollectorGap | WorkPlanned | Overruled | GraphSeen
"""Acted on at once."""
Fact = Symptom | Order

# -- what is wished and published --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Wish:
    """A node to ask now, because the answer decides between causes. Asking is somebody else's work; an answer
    comes back as `Evidence` or `LastHeard`."""

    node: NodeId


@dataclass(frozen=True, slots=True)
class OutageOpened:
    """A new row."""

    outage_id: OutageId
    kind: CauseKind
    place: str
    started_at: datetime
    sites: int
    channels: int
    confidence: float
    at: datetime


@dataclass(frozen=True, slots=True)
class OutageChanged:
    """The row says something else than before: more or fewer channels, another cause, a person's answer."""

    outage_id: OutageId
    kind: CauseKind
    place: str
    sites: int
    channels: int
    confidence: float
    at: datetime


@dataclass(frozen=True, slots=True)
class OutageClosed:
    """Everything of the row is back, or the row went into another (``merged_into``)."""

    outage_id: OutageId
    kind: CauseKind
    place: str
    ended_at: datetime
    at: datetime
    merged_into: str = ""


OutageFact = OutageOpened | OutageChanged | OutageClosed
"""What goes to the outbox."""
