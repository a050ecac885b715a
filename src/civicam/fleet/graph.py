"""What the power and fibre graph is made of: nodes, edges and which of them fit together. Pure.

An edge runs from the upper node, which gives, to the lower, which takes. ``fibre`` is the way of the data,
whatever carries it: a copper patch cable or a radio bridge is an edge of it too. ``logical`` is a dependence
that is neither: a camera head behind a recorder.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import NewType

NodeId = NewType("NodeId", str)
"""Ours and stable. The node of a device has the device's `DeviceId`, that of a channel its `ChannelId`."""


class NodeKind(enum.StrEnum):
    """What stands there. Power: 变压器 电表箱 馈线 机柜 不间断电源; fibre: 光配线架 光缆段 分光器 光线路终端
    光网络单元 交换机, and the core at the platform's end; then 设备 and 通道."""

    TRANSFORMER = "transformer"
    METER_BOX = "meter_box"
    FEED = "feed"
    CABINET = "cabinet"
    UPS = "ups"
    ODF = "odf"
    FIBRE = "fibre"
    SPLITTER = "splitter"
    OLT = "olt"
    ONU = "onu"
    SWITCH = "switch"
    CORE = "core"
    DEVICE = "device"
    CHANNEL = "channel"
    """A camera head with a way of its own, behind a recorder that stands elsewhere. Other channels need no
    node: they follow their device."""


class Medium(enum.StrEnum):
    """What an edge carries."""

    POWER = "power"
    FIBRE = "fibre"
    LOGICAL = "logical"


_P, _F, _L = Medium.POWER, Medium.FIBRE, Medium.LOGICAL
_POWER = frozenset({_P})
_FIBRE = frozenset({_F})
_DATA = frozenset({_F, _L})
_ALL = frozenset({_P, _F, _L})

GIVES: Mapping[NodeKind, frozenset[Medium]] = MappingProxyType(
    {
        NodeKind.TRANSFORMER: _POWER,
        NodeKind.METER_BOX: _POWER,
        NodeKind.FEED: _POWER,
        NodeKind.CABINET: _POWER,
        NodeKind.UPS: _POWER,
        NodeKind.ODF: _FIBRE,
        NodeKind.FIBRE: _FIBRE,
        NodeKind.SPLITTER: _FIBRE,
        NodeKind.OLT: _DATA,
        NodeKind.ONU: _ALL,  # power: PoE, as of switches and of recorders with ports of their own
        NodeKind.SWITCH: _ALL,
        NodeKind.CORE: _DATA,
        NodeKind.DEVICE: _ALL,
        NodeKind.CHANNEL: frozenset(),
    }
)
"""The media in which a node of a kind may be the upper end."""

TAKES: Mapping[NodeKind, frozenset[Medium]] = MappingProxyType(
    {
        NodeKind.TRANSFORMER: _POWER,
        NodeKind.METER_BOX: _POWER,
        NodeKind.FEED: _POWER,
        NodeKind.CABINET: _POWER,
        NodeKind.UPS: _POWER,
        NodeKind.ODF: _FIBRE,
        NodeKind.FIBRE: _FIBRE,
        NodeKind.SPLITTER: _FIBRE,
        NodeKind.OLT: _ALL,
        NodeKind.ONU: _ALL,
        NodeKind.SWITCH: _ALL,
        NodeKind.CORE: _ALL,
        NodeKind.DEVICE: _ALL,
        NodeKind.CHANNEL: _ALL,
    }
)
"""The media in which a node of a kind may be the lower end."""


@dataclass(frozen=True, slots=True)
class Node:
    """A thing that can fail.

    Attributes:
        site_id: where it stands, empty for what serves many sites.
        battery_minutes: of a UPS, how long it feeds what is below it when its own supply is gone; 0 without.
        party_id: who answers for it (power company, carrier, contractor), empty when nobody is entered.
        lon, lat: WGS-84 degrees, where it has a place of its own.
    """

    node_id: NodeId
    kind: NodeKind
    name: str
    site_id: str = ""
    battery_minutes: int = 0
    party_id: str = ""
    lon: float | None = None
    lat: float | None = None


@dataclass(frozen=True, slots=True)
class Edge:
    """``lower`` depends on ``upper``; with ``backup`` it takes from it only when the primary one is gone."""

    upper: NodeId
    lower: NodeId
    medium: Medium
    backup: bool = False


@dataclass(frozen=True, slots=True)
class Path:
    """One way from a source down to a node, along one medium. ``nodes`` has the source first, the node last;
    ``backup`` says that an edge of it is one."""

    medium: Medium
    nodes: tuple[NodeId, ...]
    backup: bool = False
