"""Invents the papers of an invented city: owners, legal grounds, purposes, and its power and fibre.

Everything follows from the sites, devices and groups, so the same city has the same papers. The graph says
what the simulator does: a cut feed kills the devices below it at once, so no battery stands between them and
it; the batteries here keep only a site's network up, which has no device of ours in it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from civicam.simulator.description import Channel, Device, Group, Site, SiteKind
from civicam.simulator.papers import Camera, CameraKind, Edge, Graph, Node, Party, SiteParties

OWNER, CONTRACTOR, POWER = "bureau", "contractor", "power"
CARRIERS = ("carrier-1", "carrier-2")
THIRD_PARTIES = ("mall", "car-park", "campus", "estate")
FILED_ON = "2026-03-20"

PARTIES: tuple[Party, ...] = (
    Party(OWNER, "government", "样例市城市运行中心", "0553-0000001"),
    Party(CONTRACTOR, "contractor", "样例安防运维公司", "0553-0000002"),
    Party(POWER, "power-company", "样例供电公司", "0553-0000003"),
    Party(CARRIERS[0], "carrier", "样例通信公司一", "0553-0000004"),
    Party(CARRIERS[1], "carrier", "样例通信公司二", "0553-0000005"),
    Party(THIRD_PARTIES[0], "third-party", "样例商业管理公司"),
    Party(THIRD_PARTIES[1], "third-party", "样例停车管理公司"),
    Party(THIRD_PARTIES[2], "third-party", "样例教育集团"),
    Party(THIRD_PARTIES[3], "third-party", "样例物业公司"),
)
"""Nobody real."""

_PLACES: dict[SiteKind, tuple[CameraKind, str, str, str]] = {
    "camera": ("fixed", "main-road", "799-7-government", "public-order"),
    "dome": ("hd-sdi", "junction", "799-7-government", "traffic-safety"),
    "checkpoint": ("checkpoint", "checkpoint", "799-7-government", "traffic-safety"),
    "highpoint": ("highpoint", "high-point", "799-7-government", "emergency"),
    "third-party": ("third-party", "commerce", "799-9-duty", "crowd-safety"),
}
_THIRD_PLACES = ("commerce", "parking", "school", "residential-entrance")
_FEEDS_A_TRANSFORMER, _FIBRES_AN_OLT = 3, 10
_BATTERY = 30
"""Minutes that a site's network lives on its battery, where it has one: high points and checkpoints."""
_OUTLINE_MARGIN = 0.01
"""Degrees around the outermost sites."""


def outline(sites: Sequence[Site]) -> tuple[tuple[float, float], ...]:
    """A box around all sites."""
    west, east = min(s.lon for s in sites) - _OUTLINE_MARGIN, max(s.lon for s in sites) + _OUTLINE_MARGIN
    south, north = min(s.lat for s in sites) - _OUTLINE_MARGIN, max(s.lat for s in sites) + _OUTLINE_MARGIN
    corners = ((west, south), (east, south), (east, north), (west, north))
    return tuple((round(lon, 6), round(lat, 6)) for lon, lat in corners)


def sites_with_papers(
    sites: Sequence[Site], channels: Sequence[Channel], fibres: Sequence[Group]
) -> list[Site]:
    """The sites with their parties, checkpoints with their lanes."""
    carrier = {
        site: CARRIERS[number // 20 % 2] for number, group in enumerate(fibres) for site in group.sites
    }
    lanes: dict[str, int] = defaultdict(int)
    for channel in channels:
        lanes[channel.site] += 1
    return [
        replace(
            site,
            lanes=lanes[site.id] if site.kind == "checkpoint" else None,
            parties=SiteParties(_owner(site), CONTRACTOR, POWER, carrier[site.id]),
        )
        for site in sites
    ]


def channels_with_papers(channels: Sequence[Channel], sites: Sequence[Site]) -> list[Channel]:
    """The channels with their records."""
    by_id = {site.id: site for site in sites}
    seen: dict[str, int] = defaultdict(int)
    made = []
    for channel in channels:
        site = by_id[channel.site]
        seen[site.id] += 1
        made.append(replace(channel, camera=_camera(site, channel, seen[site.id])))
    return made


def _owner(site: Site) -> str:
    if site.kind != "third-party":
        return OWNER
    return THIRD_PARTIES[int(site.id[1:]) % len(THIRD_PARTIES)]


def _camera(site: Site, channel: Channel, number: int) -> Camera:
    kind, place, ground, purpose = _PLACES[site.kind]
    if site.kind == "camera" and channel.ptz_type == 1:
        kind = "dome"
    if site.kind == "third-party":
        place = _THIRD_PLACES[int(site.id[1:]) % len(_THIRD_PLACES)]
    lane = number if site.kind == "checkpoint" else 0
    return Camera(kind, place, ground, purpose, _owner(site), FILED_ON, lane)


# -- power and fibre --------------------------------------------------------------------------------


def graph(
    sites: Sequence[Site], devices: Sequence[Device], feeds: Sequence[Group], fibres: Sequence[Group]
) -> Graph:
    """Transformer → feed → cabinet → devices and network; core → OLT → fibre → ONU → switch → devices."""
    here: dict[str, list[str]] = {site.id: [] for site in sites}
    for device in devices:
        here[device.site].append(device.gb_id)
    by_id = {site.id: site for site in sites}
    nodes: list[Node] = [Node("CORE", "core", "联网平台核心交换机", party=OWNER)]
    edges: list[Edge] = []
    for found_nodes, found_edges in (
        _mains(feeds, by_id),
        _light(fibres, by_id),
        *(_at_site(site, here[site.id]) for site in sites),
    ):
        nodes += found_nodes
        edges += found_edges
    edges += [Edge(group.id, _id(site, "CAB"), "power") for group in feeds for site in group.sites]
    edges += [Edge(group.id, _id(site, "ONU"), "fibre") for group in fibres for site in group.sites]
    return Graph(tuple(nodes), tuple(edges))


def _carrier(fibre: int) -> str:
    """Two OLTs' fibres are one carrier's, the next two the other's."""
    return CARRIERS[fibre // (2 * _FIBRES_AN_OLT) % 2]


def _id(site: str, what: str) -> str:
    return f"{site}-{what}"


def _middle(group: Sequence[str], sites: Mapping[str, Site]) -> tuple[float, float]:
    found = [sites[each] for each in group]
    count = len(found)
    return round(sum(s.lon for s in found) / count, 6), round(sum(s.lat for s in found) / count, 6)


def _mains(feeds: Sequence[Group], sites: Mapping[str, Site]) -> tuple[list[Node], list[Edge]]:
    nodes, edges = [], []
    for number, feed in enumerate(feeds):
        transformer = f"TR{number // _FEEDS_A_TRANSFORMER + 1:03d}"
        lon, lat = _middle(feed.sites, sites)
        if number % _FEEDS_A_TRANSFORMER == 0:
            name = f"{number // _FEEDS_A_TRANSFORMER + 1}号配电变压器"
            nodes.append(Node(transformer, "transformer", name, party=POWER, lon=lon, lat=lat))
        nodes.append(Node(feed.id, "feed", f"{number + 1}号供电馈线", party=POWER, lon=lon, lat=lat))
        edges.append(Edge(transformer, feed.id, "power"))
    return nodes, edges


def _light(fibres: Sequence[Group], sites: Mapping[str, Site]) -> tuple[list[Node], list[Edge]]:
    nodes, edges = [], []
    for number, fibre in enumerate(fibres):
        olt, carrier = f"OLT{number // _FIBRES_AN_OLT + 1:02d}", _carrier(number)
        if number % _FIBRES_AN_OLT == 0:
            nodes.append(Node(olt, "olt", f"{number // _FIBRES_AN_OLT + 1}号 OLT", party=carrier))
            edges.append(Edge("CORE", olt, "fibre"))
        lon, lat = _middle(fibre.sites, sites)
        nodes.append(Node(fibre.id, "fibre", f"{number + 1}号光缆段", party=carrier, lon=lon, lat=lat))
        edges.append(Edge(olt, fibre.id, "fibre"))
    return nodes, edges


def _at_site(site: Site, devices: Sequence[str]) -> tuple[list[Node], list[Edge]]:
    cabinet, onu, switch, ups = (_id(site.id, what) for what in ("CAB", "ONU", "SW", "UPS"))
    name = site.name.zh
    nodes = [
        Node(cabinet, "cabinet", f"{name}机箱", site.id, party=CONTRACTOR),
        Node(onu, "onu", f"{name} ONU", site.id, party=site.parties.carrier if site.parties else ""),
    ]
    edges = []
    supply, last = cabinet, onu
    if site.kind in ("highpoint", "checkpoint"):
        nodes.append(Node(ups, "ups", f"{name}不间断电源", site.id, _BATTERY, CONTRACTOR))
        edges.append(Edge(cabinet, ups, "power"))
        supply = ups
    edges.append(Edge(supply, onu, "power"))
    if len(devices) > 1:
        nodes.append(Node(switch, "switch", f"{name}交换机", site.id, party=CONTRACTOR))
        edges += [Edge(supply, switch, "power"), Edge(onu, switch, "fibre")]
        last = switch
    edges += _devices(cabinet, last, devices)
    return nodes, edges


def _devices(cabinet: str, last: str, devices: Sequence[str]) -> Iterator[Edge]:
    for device in devices:
        yield Edge(cabinet, device, "power")
        yield Edge(last, device, "fibre")
