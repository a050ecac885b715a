"""A seeded city as rows of the sheets: 2,343 sites, 5,892 channels, power and fibre, papers in order.

The graph is that of `civicam.bench.outages_city`; each device gets a GB id, each site a place in one of three
districts, each camera its record, in the mix of the domain: checkpoints, high points, third parties.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from civicam.bench.outages_city import Scale, build
from civicam.fleet.graph import Node, NodeId, NodeKind
from civicam.fleet.sheets.schema import Row, SheetName, Value

DISTRICTS = ("340202", "340207", "340208")
_STREETS = 12
"""In each district."""
_PARTIES = (
    ("bureau", "城市运行中心", "government", "0553-1000001"),
    ("contractor", "承建运维单位", "contractor", "0553-1000002"),
    ("power", "市供电公司", "power-company", "0553-1000003"),
    ("carrier", "通信运营商", "carrier", "0553-1000004"),
    ("mall", "沿街商户", "third-party", ""),
)
_KINDS: tuple[tuple[str, str, str, str], ...] = (
    ("camera", "fixed", "main-road", "public-order"),
    ("camera", "fixed", "junction", "public-order"),
    ("dome", "hd-sdi", "junction", "traffic-safety"),
    ("highpoint", "highpoint", "high-point", "emergency"),
    ("third-party", "third-party", "commerce", "public-order"),
)
_WEIGHTS = (60, 30, 4, 1, 5)

Rows = dict[SheetName, list[Row]]


def rows(seed: int, scale: Scale = "city") -> Rows:
    """The rows by sheet; devices carry a password."""
    rng = random.Random(f"import/{seed}/{scale}")
    city = build(seed, scale)
    nodes = {node.node_id: node for node in city.real.nodes.values()}
    codes = {device: _code(number, "118") for number, device in enumerate(city.devices, 1)}
    sites = sorted({node.site_id for node in nodes.values() if node.site_id})
    kinds = {site: rng.choices(_KINDS, _WEIGHTS)[0] for site in sites}
    found: Rows = {name: [] for name in SheetName}
    found[SheetName.PARTIES] = [
        {"id": key, "name": name, "kind": kind, "contact": contact or None}
        for key, name, kind, contact in _PARTIES
    ]
    found[SheetName.AREAS] = list(_areas())
    found[SheetName.SITES] = [_site(rng, site, number, kinds[site][0]) for number, site in enumerate(sites)]
    found[SheetName.DEVICES] = [_device(rng, nodes[key], code) for key, code in codes.items()]
    number = 0
    for device, channels in city.register.channels.items():
        site = nodes[device].site_id
        for _ in channels:
            number += 1
            found[SheetName.CHANNELS].append(_channel(codes[device], site, number, kinds[site]))
    found[SheetName.NODES] = [_node(node) for node in nodes.values() if node.kind is not NodeKind.DEVICE]
    found[SheetName.EDGES] = [
        {
            "upper": _end(edge.upper, codes),
            "lower": _end(edge.lower, codes),
            "medium": edge.medium.value,
            "backup": edge.backup,
        }
        for edge in city.real.edges
    ]
    return found


def _code(number: int, kind: str) -> str:
    return f"3402000000{kind}{number:07}"


def _end(node: NodeId, codes: dict[NodeId, str]) -> str:
    return codes.get(node, str(node))


def _areas() -> Iterator[Row]:
    for place, code in enumerate(DISTRICTS, 1):
        yield {"id": code, "name": f"第{place}区", "name_en": f"District {place}", "district": None}
        for street in range(1, _STREETS + 1):
            name = (f"第{place}区第{street}街道", f"Street {place}-{street}")
            yield {"id": f"{code}{street:03}", "name": name[0], "name_en": name[1], "district": code}


def _site(rng: random.Random, site: str, number: int, kind: str) -> Row:
    district = DISTRICTS[number % len(DISTRICTS)]
    place: dict[str, Value] = {
        "lon": repr(round(118.30 + rng.random() * 0.15, 6)),
        "lat": repr(round(31.25 + rng.random() * 0.10, 6)),
        "system": "gcj02" if number % 10 == 0 else "wgs84",
        "source": "survey" if number % 4 == 0 else "import",
        "surveyed_on": "2026-02-11" if number % 4 == 0 else None,
    }
    owner = "mall" if kind == "third-party" else "bureau"
    return {
        "id": site,
        "name": f"点位{site}",
        "name_en": f"Site {site}",
        "district": district,
        "street": f"{district}{number % _STREETS + 1:03}",
        "kind": kind,
        "lanes": None,
        **place,
        "owner": owner,
        "maintainer": "contractor",
        "power": "power",
        "carrier": "carrier",
    }


def _device(rng: random.Random, node: Node, code: str) -> Row:
    return {
        "id": code,
        "name": f"设备{node.node_id}",
        "kind": rng.choice(("camera", "recorder")),
        "site": node.site_id,
        "protocol": "gb28181",
        "heartbeat_s": 60,
        "url": None,
        "username": None,
        "secret": f"{rng.getrandbits(48):012x}",
    }


def _channel(device: str, site: str, number: int, kind: tuple[str, str, str, str]) -> Row:
    _, camera, place, purpose = kind
    third = camera == "third-party"
    return {
        "device": device,
        "id": _code(number, "131"),
        "name": f"图像{number:05}",
        "site": site,
        "kind": camera,
        "lane": None,
        "place": place,
        "ground": "799-7-operator" if third else "799-7-government",
        "ground_note": None,
        "purpose": purpose,
        "owner": "mall" if third else "bureau",
        "filed_on": "2026-01-15",
        "filing_no": f"皖公视备{number:06}",
    }


_WHOSE = {
    NodeKind.TRANSFORMER: "power",
    NodeKind.FEED: "power",
    NodeKind.FIBRE: "carrier",
    NodeKind.OLT: "carrier",
}


def _node(node: Node) -> Row:
    return {
        "id": str(node.node_id),
        "name": node.name,
        "kind": node.kind.value,
        "site": node.site_id or None,
        "battery_minutes": node.battery_minutes or None,
        "party": _WHOSE.get(node.kind),
        "lon": None,
        "lat": None,
    }
