"""Reads a ``civicam-city/1`` description into rows, and says of every fault in which row it is. Pure.

A file with any fault is not taken over at all: half a city is worse than the old one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from civicam.fleet import cityparts
from civicam.fleet.crs import Point
from civicam.fleet.facts import DeviceId
from civicam.fleet.fields import Fault, check_url, degrees, gb_id, interval, known, label, one_of, text
from civicam.fleet.graph import Edge, Node, NodeId, NodeKind
from civicam.fleet.model import device_id_for
from civicam.fleet.placing import Statement
from civicam.fleet.register import CameraRecord, Lists, Party, Role
from civicam.fleet.topology import Topology
from civicam.fleet.views import Text
from civicam.kernel.errors import Refused

FORMAT = "civicam-city/1"
SITE_KINDS = frozenset({"camera", "dome", "checkpoint", "highpoint", "third-party"})
MOST_PROBLEMS = 200
"""More are counted, not listed."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A fault of the file: ``row`` like ``devices[3]``, counted from 0."""

    code: str
    row: str
    field: str
    value: str = ""
    more: tuple[tuple[str, str], ...] = ()
    """Further data of its text."""

    def error(self) -> Refused:
        """The problem as an error, for its text in both languages."""
        more: dict[str, Any] = dict(self.more)
        return Refused(self.code, row=self.row, field=self.field, value=self.value, **more)


@dataclass(frozen=True, slots=True)
class Place:
    """A district, or with ``district`` a street."""

    code: str
    name: Text
    district: str = ""


@dataclass(frozen=True, slots=True)
class Site:
    """A site (点位)."""

    site_id: str
    name: Text
    district: str
    street: str | None
    kind: str
    stated: Statement | None = None
    """Where it says it is; nothing for a site that is not placed yet."""
    lanes: int | None = None
    parties: Mapping[Role, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Device:
    """A device to enrol. ``secret`` is in clear here and nowhere later."""

    device_id: DeviceId
    gb_id: str
    protocol: str
    kind: str
    name: str
    site_id: str
    heartbeat_s: int | None
    transport: str
    url: str
    username: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel to enrol."""

    gb_id: str
    device_gb_id: str
    site_id: str
    name: str
    ptz_type: int
    camera: CameraRecord | None = None


@dataclass(slots=True)
class CityFile:
    """A whole description; usable when ``problems`` is empty."""

    name: Text = field(default_factory=lambda: Text("", ""))
    realm: str = ""
    platform: str = ""
    center: tuple[float, float] = (0.0, 0.0)
    districts: list[Place] = field(default_factory=list)
    streets: list[Place] = field(default_factory=list)
    sites: list[Site] = field(default_factory=list)
    devices: list[Device] = field(default_factory=list)
    channels: list[Channel] = field(default_factory=list)
    outline: tuple[Point, ...] = ()
    parties: list[Party] = field(default_factory=list)
    nodes: list[Node] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def read(document: object, lists: Lists | None = None) -> CityFile:
    """Parse and check. Never raises for what the document says; `CityFile.problems` tells. ``lists``: what
    records may choose from, the law's without."""
    found = CityFile()
    if not isinstance(document, Mapping) or document.get("format") != FORMAT:
        found.problems.append(Problem("fleet.import-format", "", "format", FORMAT))
        return found
    _Reader(document, found, lists or Lists()).run()
    return found


class _Reader:
    """One pass over one document."""

    def __init__(self, document: Mapping[str, Any], found: CityFile, lists: Lists) -> None:
        self._doc = document
        self._found = found
        self._lists = lists

    def run(self) -> None:
        self._each("", [self._doc], self._head)
        self._each("districts", self._list("districts"), self._district)
        self._codes = {place.code for place in self._found.districts}
        self._streets = {place.code for place in self._found.streets}
        self._each("parties", self._list("parties"), self._party)
        self._parties = {str(party.party_id) for party in self._found.parties}
        self._each("sites", self._list("sites"), self._site)
        self._sites = {site.site_id for site in self._found.sites}
        self._each("devices", self._list("devices"), self._device)
        self._devices = {device.gb_id for device in self._found.devices}
        self._each("channels", self._list("channels"), self._channel)
        self._unique("parties", (str(party.party_id) for party in self._found.parties))
        self._unique("sites", (site.site_id for site in self._found.sites))
        self._unique("devices", (device.gb_id for device in self._found.devices))
        self._unique("channels", (f"{c.device_gb_id}/{c.gb_id}" for c in self._found.channels))
        self._graph()

    def _graph(self) -> None:
        """Nodes and edges, and whether they are a graph: that is asked only of sound ones."""
        graph = self._doc.get("graph") or {}
        if not isinstance(graph, Mapping):
            self._found.problems.append(Problem("fleet.import-field", "graph", "graph", str(graph)[:80]))
            return
        self._each("graph.nodes", self._list("nodes", graph), self._node)
        self._nodes = {str(node.node_id) for node in self._found.nodes}
        self._each("graph.edges", self._list("edges", graph), self._edge)
        if self._found.problems:
            return
        devices = [Node(NodeId(each.device_id), NodeKind.DEVICE, "") for each in self._found.devices]
        try:
            Topology.of([*self._found.nodes, *devices], self._found.edges)
        except Refused as refusal:
            more = tuple((name, str(value)) for name, value in refusal.data.items())
            self._found.problems.append(Problem(refusal.code, "graph", "edges", "", more))

    def _node(self, row: Mapping[str, Any]) -> None:
        self._found.nodes.append(cityparts.node(row, self._sites, self._parties))

    def _edge(self, row: Mapping[str, Any]) -> None:
        self._found.edges.append(cityparts.edge(row, self._nodes, self._devices))

    def _party(self, row: Mapping[str, Any]) -> None:
        self._found.parties.append(cityparts.party(row))

    def _list(self, name: str, inside: Mapping[str, Any] | None = None) -> list[Any]:
        value = (self._doc if inside is None else inside).get(name, [])
        if isinstance(value, list):
            return value
        self._found.problems.append(Problem("fleet.import-field", name, name, type(value).__name__))
        return []

    def _each(self, name: str, rows: list[Any], take: Callable[[Mapping[str, Any]], None]) -> None:
        for number, row in enumerate(rows):
            try:
                if not isinstance(row, Mapping):
                    raise Fault("fleet.import-field", name, type(row).__name__)
                take(row)
            except Fault as fault:
                if len(self._found.problems) < MOST_PROBLEMS:
                    where = f"{name}[{number}]" if name else ""
                    found = Problem(fault.code, where, fault.field, fault.value, fault.more)
                    self._found.problems.append(found)

    def _unique(self, name: str, keys: Iterator[str]) -> None:
        seen: set[str] = set()
        for key in keys:
            if key in seen and len(self._found.problems) < MOST_PROBLEMS:
                self._found.problems.append(Problem("fleet.import-twice", name, "id", key))
            seen.add(key)

    def _head(self, row: Mapping[str, Any]) -> None:
        center = row.get("center")
        if not isinstance(center, list) or len(center) != 2:
            raise Fault("fleet.import-field", "center", center)
        self._found.name = label(row)
        self._found.realm = text(row, "realm", 64)
        self._found.platform = gb_id(row, "platform")
        self._found.center = (degrees(center[0], "center", 180), degrees(center[1], "center", 90))
        self._found.outline = cityparts.outline(row)

    def _district(self, row: Mapping[str, Any]) -> None:
        code = text(row, "code", 12)
        self._found.districts.append(Place(code, label(row)))
        streets = row.get("streets", [])
        if not isinstance(streets, list):
            raise Fault("fleet.import-field", "streets", type(streets).__name__)
        for street in streets:
            if not isinstance(street, Mapping):
                raise Fault("fleet.import-field", "streets", type(street).__name__)
            self._found.streets.append(Place(text(street, "code", 12), label(street), code))

    def _site(self, row: Mapping[str, Any]) -> None:
        street = text(row, "street", 12) if row.get("street") else None
        if street is not None and street not in self._streets:
            raise Fault("fleet.import-reference", "street", street)
        self._found.sites.append(
            Site(
                text(row, "id", 64),
                label(row),
                known(row, "district", self._codes),
                street,
                one_of(row, "kind", SITE_KINDS),
                cityparts.statement(row),
                cityparts.lanes(row),
                cityparts.site_parties(row, self._parties),
            )
        )

    def _device(self, row: Mapping[str, Any]) -> None:
        protocol = one_of({"protocol": "gb28181", **row}, "protocol", frozenset({"gb28181", "rtsp"}))
        url = str(row.get("url", ""))
        if protocol == "rtsp":
            check_url(url)
        code = gb_id(row, "gb_id")
        self._found.devices.append(
            Device(
                device_id_for(code),
                code,
                protocol,
                text(row, "kind", 20),
                text(row, "name", 200),
                known(row, "site", self._sites),
                interval(row.get("heartbeat_s")),
                one_of({"transport": "udp", **row}, "transport", frozenset({"udp", "tcp"})),
                url,
                str(row.get("username", ""))[:200],
                text(row, "secret", 200) if protocol == "gb28181" else str(row.get("secret", ""))[:200],
            )
        )

    def _channel(self, row: Mapping[str, Any]) -> None:
        self._found.channels.append(
            Channel(
                gb_id(row, "gb_id"),
                known(row, "device", self._devices),
                known(row, "site", self._sites),
                text(row, "name", 200),
                row["ptz_type"] if isinstance(row.get("ptz_type"), int) else 0,
                cityparts.camera(row, self._parties, self._lists),
            )
        )
