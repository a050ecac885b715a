"""The description of a city, ``civicam-city/1``: what `civicam simulate` plays and `civicam import` reads.

One JSON object; `docs/reference/simulator.md` lists its members. This module holds the types, the writer
and the reader; `civicam.simulator.city` invents such cities. A reader checks references, so a device on an
unknown site is refused here and not discovered as a silent camera.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from civicam.kernel.errors import Refused
from civicam.simulator.papers import (
    Camera,
    Graph,
    Party,
    SiteParties,
    graph_json,
    read_camera,
    read_graph,
    read_parties,
)

FORMAT = "civicam-city/1"

SiteKind = Literal["camera", "dome", "checkpoint", "highpoint", "third-party"]
DeviceKind = Literal["camera", "recorder", "encoder"]
Protocol = Literal["gb28181", "rtsp"]
Transport = Literal["udp", "tcp"]
VideoCodec = Literal["h264", "h265"]
Audio = Literal["none", "pcma", "announced"]
"""``announced``: the PSM lists G.711A, and not one sample ever comes."""


@dataclass(frozen=True, slots=True)
class Name:
    """A name in both languages; all of them are invented."""

    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Street:
    """A street office (街道): ``code`` has nine digits, the district's six and three more."""

    code: str
    name: Name


@dataclass(frozen=True, slots=True)
class District:
    """A district (区): six digits, and its streets."""

    code: str
    name: Name
    streets: tuple[Street, ...]


@dataclass(frozen=True, slots=True)
class Road:
    """A line of (lon, lat) points, WGS-84: sites stand where roads cross."""

    name: Name
    rank: Literal["avenue", "street"]
    line: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Site:
    """A pole or cabinet (点位), WGS-84 degrees."""

    id: str
    name: Name
    district: str
    street: str
    lon: float
    lat: float
    kind: SiteKind
    lanes: int | None = None
    parties: SiteParties | None = None


@dataclass(frozen=True, slots=True)
class Device:
    """Something with an address and a secret: a camera, a recorder, an encoder.

    ``url`` and ``username`` are set for ``rtsp`` only, ``heartbeat_s`` and ``transport`` matter for
    ``gb28181`` only.
    """

    gb_id: str
    kind: DeviceKind
    site: str
    name: str
    secret: str
    protocol: Protocol = "gb28181"
    transport: Transport = "udp"
    heartbeat_s: int = 60
    url: str = ""
    username: str = ""


@dataclass(frozen=True, slots=True)
class Channel:
    """One picture: ``codec`` is that of the main stream, ``sub_codec`` that of the sub stream."""

    gb_id: str
    device: str
    site: str
    name: str
    codec: VideoCodec = "h264"
    sub_codec: VideoCodec = "h264"
    audio: Audio = "none"
    ptz_type: int = 3
    camera: Camera | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """Sites that fail together: one power feed, or one fibre segment."""

    id: str
    sites: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class City:
    """A whole description; every reference in it has been checked."""

    name: Name
    realm: str
    platform: str
    center: tuple[float, float]
    districts: tuple[District, ...]
    sites: tuple[Site, ...]
    devices: tuple[Device, ...]
    channels: tuple[Channel, ...]
    feeds: tuple[Group, ...] = ()
    fibres: tuple[Group, ...] = ()
    roads: tuple[Road, ...] = ()
    outline: tuple[tuple[float, float], ...] = ()
    parties: tuple[Party, ...] = ()
    graph: Graph = field(default_factory=Graph)
    seed: int = 0
    by_device: Mapping[str, tuple[Channel, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        grouped: dict[str, list[Channel]] = {device.gb_id: [] for device in self.devices}
        for channel in self.channels:
            if channel.device in grouped:
                grouped[channel.device].append(channel)
        object.__setattr__(self, "by_device", {key: tuple(found) for key, found in grouped.items()})


def dump(city: City) -> str:
    """The description as JSON text: UTF-8, one line a device, so that two cities can be compared by diff."""
    data = asdict(city)
    del data["by_device"]
    lines = [f'{{"format":{json.dumps(FORMAT)}']
    for key, value in data.items():
        if key == "devices":
            value = [_device_json(device) for device in city.devices]
        if key == "graph":
            lines.append(f'"graph":{_graph_json(city.graph)}')
            continue
        if isinstance(value, (list, tuple)) and value and isinstance(value[0], dict):
            rows = ",\n".join("  " + _compact(row) for row in value)
            lines.append(f"{json.dumps(key)}:[\n{rows}\n]")
        else:
            lines.append(f"{json.dumps(key)}:{_compact(value)}")
    return ",\n".join(lines) + "}\n"


def _graph_json(graph: Graph) -> str:
    parts = []
    for name, rows in graph_json(graph).items():
        assert isinstance(rows, list)
        parts.append(f"{json.dumps(name)}:[\n" + ",\n".join("  " + _compact(row) for row in rows) + "\n]")
    return "{" + ",\n".join(parts) + "}"


def _compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _device_json(device: Device) -> dict[str, object]:
    row: dict[str, object] = asdict(device)
    for name in ("url", "username") if device.protocol == "gb28181" else ("transport", "heartbeat_s"):
        del row[name]
    return row


def load(text: str) -> City:
    """Read a description.

    Raises:
        Refused: ``simulator.bad-city`` with the reason, for anything that is not a sound ``civicam-city/1``.
    """
    try:
        data = json.loads(text)
    except ValueError as error:
        raise Refused("simulator.bad-city", reason=f"not JSON: {error}") from None
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise Refused("simulator.bad-city", reason=f'"format" is not "{FORMAT}"')
    try:
        city = _city(data)
    except (KeyError, TypeError, ValueError) as error:
        raise Refused("simulator.bad-city", reason=f"{type(error).__name__}: {error}") from None
    _check(city)
    return city


def _city(data: dict[str, Any]) -> City:
    lon, lat = data["center"]
    return City(
        name=Name(**data["name"]),
        realm=str(data["realm"]),
        platform=str(data["platform"]),
        center=(float(lon), float(lat)),
        districts=tuple(_district(row) for row in data["districts"]),
        sites=tuple(_site(row) for row in data["sites"]),
        devices=tuple(_device(row) for row in data["devices"]),
        channels=tuple(
            Channel(**{**row, "camera": read_camera(row.get("camera"))}) for row in data["channels"]
        ),
        feeds=_groups(data.get("feeds", ())),
        fibres=_groups(data.get("fibres", ())),
        roads=tuple(_road(row) for row in data.get("roads", ())),
        outline=tuple((float(lon), float(lat)) for lon, lat in data.get("outline", ())),
        parties=tuple(Party(**row) for row in data.get("parties", ())),
        graph=read_graph(data.get("graph", {})),
        seed=int(data.get("seed", 0)),
    )


def _channel(row: dict[str, Any]) -> Channel:
    return Channel(**{**row, "camera": read_camera(row.get("camera"))})


def _site(row: dict[str, Any]) -> Site:
    return Site(**{**row, "name": Name(**row["name"]), "parties": read_parties(row.get("parties"))})


def _device(row: dict[str, Any]) -> Device:
    # RTSP sources of this format are read over TCP, interleaved, and have no heartbeat of their own.
    return Device(**{"transport": "tcp", **row} if row.get("protocol") == "rtsp" else row)


def _district(row: dict[str, Any]) -> District:
    streets = tuple(Street(street["code"], Name(**street["name"])) for street in row["streets"])
    return District(row["code"], Name(**row["name"]), streets)


def _groups(rows: list[dict[str, Any]]) -> tuple[Group, ...]:
    return tuple(Group(row["id"], tuple(row["sites"])) for row in rows)


def _road(row: dict[str, Any]) -> Road:
    return Road(Name(**row["name"]), row["rank"], tuple((float(lon), float(lat)) for lon, lat in row["line"]))


def _check(city: City) -> None:
    """References and identities; the first fault found is the one reported."""
    sites = {site.id for site in city.sites}
    devices = {device.gb_id for device in city.devices}
    channels = {channel.gb_id for channel in city.channels}
    faults = (
        ("two sites share an id", len(sites) != len(city.sites)),
        ("two devices share an id", len(devices) != len(city.devices)),
        ("two channels share an id", len(channels) != len(city.channels)),
        ("a device stands on an unknown site", any(device.site not in sites for device in city.devices)),
        ("a channel stands on an unknown site", any(channel.site not in sites for channel in city.channels)),
        ("a channel belongs to an unknown device", any(c.device not in devices for c in city.channels)),
        ("a device id is not 20 digits", any(not _is_id(device.gb_id) for device in city.devices)),
        ("a channel id is not 20 digits", any(not _is_id(channel.gb_id) for channel in city.channels)),
        ("the platform id is not 20 digits", not _is_id(city.platform)),
        (
            "a feed or fibre names an unknown site",
            any(site not in sites for group in (*city.feeds, *city.fibres) for site in group.sites),
        ),
        (
            "an RTSP device has no URL",
            any(device.protocol == "rtsp" and not device.url for device in city.devices),
        ),
    )
    for reason, wrong in faults:
        if wrong:
            raise Refused("simulator.bad-city", reason=reason)


def _is_id(text: str) -> bool:
    return len(text) == 20 and text.isascii() and text.isdigit()
