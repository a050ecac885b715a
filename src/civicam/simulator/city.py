"""Invents a city: roads, sites where they cross, devices with secrets, channels, feeds and fibres.

Deterministic: the same `Plan` and the same secrets give the same text, byte for byte. The two scales are
the demonstration district (60 sites, 150 channels) and the city of `docs` (2,343 sites, 5,892 channels,
of them 24 checkpoints with 96 lanes, 100 junction domes, 20 high points).
"""

from __future__ import annotations

import math
import random
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from civicam.simulator.city_papers import (
    PARTIES,
    channels_with_papers,
    graph,
    outline,
    sites_with_papers,
)
from civicam.simulator.description import (
    Audio,
    Channel,
    City,
    Device,
    DeviceKind,
    District,
    Group,
    Name,
    Road,
    Site,
    SiteKind,
    Street,
    VideoCodec,
)
from civicam.simulator.names import CITY, DISTRICTS, STREET_OFFICES, THIRD_PARTY, road_name

Scale = Literal["district", "city"]
Grouping = Literal["mixed", "site", "channel"]

CENTER = (118.43, 31.35)
REALM = "3402000000"
PLATFORM = "34020000002000000001"
_DEGREES_PER_METRE = (1 / (111_320 * math.cos(math.radians(CENTER[1]))), 1 / 110_870)

_TYPE_CODES: dict[DeviceKind, str] = {"camera": "132", "recorder": "118", "encoder": "113"}
"""GB/T 28181 Annex D: 132 network camera, 118 NVR, 113 encoder; channels are 131."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to invent.

    Attributes:
        seed: same seed, same city (its secrets apart, see `generate`).
        scale: the district of the demonstration or the whole city.
        grouping: ``mixed`` recorders and single cameras side by side; ``site`` one device a site;
            ``channel`` one device a channel.
        rtsp: junction domes and some third-party cameras come as RTSP sources instead of GB/T 28181.
        rtsp_base: where the simulator's RTSP server will listen, without a trailing slash.
        heartbeat_s: interval the devices are configured with.
    """

    seed: int = 1
    scale: Scale = "district"
    grouping: Grouping = "mixed"
    rtsp: bool = True
    rtsp_base: str = "rtsp://127.0.0.1:8554"
    heartbeat_s: int = 60


@dataclass(frozen=True, slots=True)
class _Shape:
    """Counts of one scale; ``sites`` and ``channels`` are totals, camera sites take what is left."""

    sites: int
    channels: int
    columns: int
    rows: int
    block_m: float
    districts: int
    offices: int
    lanes: tuple[int, ...]
    highpoints: int
    domes: int
    third_party: tuple[int, ...]


_SHAPES: dict[Scale, _Shape] = {
    "district": _Shape(60, 150, 9, 8, 205, 1, 4, (2, 2, 4, 4), 2, 6, (1, 1, 4, 4, 4, 4, 4, 4)),
    "city": _Shape(2343, 5892, 50, 50, 220, 3, 6, (2,) * 12 + (4,) * 6 + (8,) * 6, 20, 100, (3,) * 322),
}


def fixed_secrets(seed: int) -> Callable[[], str]:
    """Secrets that follow the seed: for tests and benches, where nothing has to be kept from anybody."""
    draw = random.Random(f"secrets:{seed}")
    return lambda: f"{draw.getrandbits(64):016x}"


def generate(plan: Plan, make_secret: Callable[[], str] | None = None) -> City:
    """Invent the city of ``plan``. ``make_secret`` defaults to 72 random bits a device."""
    return _Builder(plan, make_secret or (lambda: secrets.token_urlsafe(9))).build()


@dataclass(slots=True)
class _Builder:
    plan: Plan
    make_secret: Callable[[], str]
    rng: random.Random = field(init=False)
    shape: _Shape = field(init=False)
    devices: list[Device] = field(default_factory=list)
    channels: list[Channel] = field(default_factory=list)
    serials: dict[tuple[str, str], int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.rng = random.Random(f"city:{self.plan.seed}")
        self.shape = _SHAPES[self.plan.scale]

    def build(self) -> City:
        sites, sizes = self._sites()
        for site, size in zip(sites, sizes, strict=True):
            self._equip(site, size)
        feeds = _groups("FEED", sites, lambda site: (site.street, site.lat, site.lon), 5)
        fibres = _groups("FIBRE", sites, lambda site: (round(site.lon, 2), site.lon, site.lat), 7)
        sites = sites_with_papers(sites, self.channels, fibres)
        return City(
            name=CITY,
            realm=REALM,
            platform=PLATFORM,
            center=CENTER,
            districts=self._districts(),
            sites=tuple(sites),
            devices=tuple(self.devices),
            channels=tuple(channels_with_papers(self.channels, sites)),
            feeds=feeds,
            fibres=fibres,
            roads=tuple(self._roads()),
            outline=outline(sites),
            parties=PARTIES,
            graph=graph(sites, self.devices, feeds, fibres),
            seed=self.plan.seed,
        )

    # -- ground ---------------------------------------------------------------------------------

    def _districts(self) -> tuple[District, ...]:
        made = []
        for index, (code, name) in enumerate(DISTRICTS[: self.shape.districts]):
            offices = range(self.shape.offices)
            names = [STREET_OFFICES[(index * self.shape.offices + k) % len(STREET_OFFICES)] for k in offices]
            made.append(District(code, name, tuple(Street(f"{code}{k + 1:03d}", names[k]) for k in offices)))
        return tuple(made)

    def _point(self, column: float, row: float) -> tuple[float, float]:
        """Where two roads cross: a grid bent by slow waves, so that it looks grown and not ruled."""
        shape = self.shape
        x = (column - (shape.columns - 1) / 2) * shape.block_m
        y = (row - (shape.rows - 1) / 2) * shape.block_m
        phase = self.plan.seed * 0.7
        bend = shape.block_m * 0.38
        dx = bend * math.sin(row * 0.61 + phase) + 0.4 * bend * math.sin(column * 1.7 + phase)
        dy = bend * math.sin(column * 0.53 + phase * 1.3) + 0.4 * bend * math.cos(row * 1.3)
        lon = CENTER[0] + (x + dx) * _DEGREES_PER_METRE[0]
        lat = CENTER[1] + (y + dy) * _DEGREES_PER_METRE[1]
        return round(lon, 6), round(lat, 6)

    def _road(self, index: int, *, east_west: bool) -> Name:
        return road_name(index, east_west=east_west, avenue=index % 4 == 1)

    def _roads(self) -> Iterator[Road]:
        shape = self.shape
        for row in range(shape.rows):
            line = tuple(self._point(column / 2, row) for column in range(2 * shape.columns - 1))
            yield Road(self._road(row, east_west=True), "avenue" if row % 4 == 1 else "street", line)
        for column in range(shape.columns):
            line = tuple(self._point(column, row / 2) for row in range(2 * shape.rows - 1))
            yield Road(self._road(column, east_west=False), "avenue" if column % 4 == 1 else "street", line)

    # -- sites ----------------------------------------------------------------------------------

    def _sites(self) -> tuple[list[Site], list[int]]:
        """Sites in reading order (west to east, south to north) and the channels each carries."""
        shape = self.shape
        crossings = [(column, row) for row in range(shape.rows) for column in range(shape.columns)]
        self.rng.shuffle(crossings)
        avenues = [place for place in crossings if place[0] % 4 == 1 or place[1] % 4 == 1]
        avenues.sort(
            key=lambda place: -max(abs(place[0] - shape.columns / 2), abs(place[1] - shape.rows / 2))
        )
        gates = avenues[: len(shape.lanes)]
        rest = [place for place in crossings if place not in set(gates)]
        kinds: list[tuple[SiteKind, int]] = [
            *(("highpoint", 1) for _ in range(shape.highpoints)),
            *(("dome", 1) for _ in range(shape.domes)),
            *(("third-party", size) for size in shape.third_party),
        ]
        taken = sum(size for _, size in kinds) + sum(shape.lanes)
        plain = shape.sites - len(kinds) - len(gates)
        sizes = self._spread(shape.channels - taken, plain, 1, 5)
        kinds += [("camera", size) for size in sizes]
        placed: list[tuple[tuple[int, int], tuple[SiteKind, int]]] = [
            (place, ("checkpoint", lanes)) for place, lanes in zip(gates, shape.lanes, strict=True)
        ]
        placed += zip(rest, kinds, strict=False)  # more crossings than sites
        placed.sort(key=lambda entry: (entry[0][1], entry[0][0]))
        made = [self._site(number, place, kind) for number, (place, (kind, _)) in enumerate(placed, start=1)]
        return made, [size for _, (_, size) in placed]

    def _spread(self, total: int, count: int, low: int, high: int) -> list[int]:
        """``count`` sizes between ``low`` and ``high`` that add up to ``total``."""
        sizes = [low] * count
        left = total - low * count
        while left:
            index = self.rng.randrange(count)
            if sizes[index] < high:
                sizes[index] += 1
                left -= 1
        return sizes

    def _site(self, number: int, place: tuple[int, int], kind: SiteKind) -> Site:
        column, row = place
        shape = self.shape
        district = DISTRICTS[min(column * shape.districts // shape.columns, shape.districts - 1)][0]
        within = column * shape.districts % shape.columns * 2 // shape.columns
        office = within + 2 * min(row * (shape.offices // 2) // shape.rows, shape.offices // 2 - 1)
        lon, lat = self._point(column, row)
        return Site(
            id=f"S{number:04d}",
            name=self._site_name(number, place, kind),
            district=district,
            street=f"{district}{office + 1:03d}",
            lon=lon,
            lat=lat,
            kind=kind,
        )

    def _site_name(self, number: int, place: tuple[int, int], kind: SiteKind) -> Name:
        east_west = self._road(place[1], east_west=True)
        north_south = self._road(place[0], east_west=False)
        if kind == "third-party":
            what = THIRD_PARTY[number % len(THIRD_PARTY)]
            return Name(f"{east_west.zh}{what.zh}", f"{what.en}, {east_west.en}")
        suffix = {"checkpoint": ("卡口", " checkpoint"), "highpoint": ("高点", " high point")}.get(
            kind, ("路口", "")
        )
        return Name(
            f"{east_west.zh}{north_south.zh}{suffix[0]}", f"{east_west.en} / {north_south.en}{suffix[1]}"
        )

    # -- devices --------------------------------------------------------------------------------

    def _equip(self, site: Site, size: int) -> None:
        if site.kind == "dome" or (site.kind == "third-party" and size == 1):
            protocol: Literal["gb28181", "rtsp"] = "rtsp" if self.plan.rtsp else "gb28181"
            kind: DeviceKind = "encoder" if site.kind == "dome" else "camera"
            self._channel(site, self._device(site, kind, protocol, 1), 1)
        elif self.plan.grouping == "channel" or (size > 1 and self._apart(site)):
            for number in range(1, size + 1):
                self._channel(site, self._device(site, "camera", "gb28181", number), number)
        else:
            device = self._device(site, "recorder" if size > 1 else "camera", "gb28181", 1)
            for number in range(1, size + 1):
                self._channel(site, device, number)

    def _apart(self, site: Site) -> bool:
        """Whether a site's cameras register one by one; checkpoints and car parks always have a recorder."""
        return self.plan.grouping == "mixed" and site.kind == "camera" and self.rng.random() < 0.4

    def _device(
        self, site: Site, kind: DeviceKind, protocol: Literal["gb28181", "rtsp"], number: int
    ) -> Device:
        gb_id = self._gb_id(site.district, _TYPE_CODES[kind])
        label = {"camera": f"网络摄像机{number:02d}", "recorder": "录像机", "encoder": "编码器"}[kind]
        transport: Literal["udp", "tcp"] = "tcp" if self.rng.random() < 0.125 else "udp"
        over_rtsp = protocol == "rtsp"
        device = Device(
            gb_id=gb_id,
            kind=kind,
            site=site.id,
            name=f"{site.name.zh}{label}",
            secret=self.make_secret(),
            protocol=protocol,
            transport="tcp" if over_rtsp else transport,
            heartbeat_s=self.plan.heartbeat_s,
            url=f"{self.plan.rtsp_base}/{gb_id}/sub"
            if over_rtsp
            else "",  # eight HD ones would fill two cores
            username="viewer" if over_rtsp else "",
        )
        self.devices.append(device)
        return device

    def _channel(self, site: Site, device: Device, number: int) -> None:
        dome = site.kind in ("dome", "highpoint") or (site.kind == "camera" and number == 1)
        if site.kind == "checkpoint":
            label = f"车道{number}"
        else:
            label = f"{'球机' if dome else '枪机'}{number:02d}"
        roll = self.rng.random()
        codec: VideoCodec = "h265" if roll < 0.15 else "h264"
        sub: VideoCodec = "h265" if roll < 0.02 else "h264"
        sound = self.rng.random()
        audio: Audio = "none"
        if device.protocol == "gb28181":
            audio = "pcma" if sound < 0.12 else "announced" if sound < 0.24 else "none"
        else:
            codec = sub = "h264"
        self.channels.append(
            Channel(
                gb_id=self._gb_id(site.district, "131"),
                device=device.gb_id,
                site=site.id,
                name=f"{site.name.zh} {label}",
                codec=codec,
                sub_codec=sub,
                audio=audio,
                ptz_type=1 if dome else 3,
            )
        )

    def _gb_id(self, district: str, type_code: str) -> str:
        key = (district, type_code)
        self.serials[key] = self.serials.get(key, 0) + 1
        return f"{district}0000{type_code}0{self.serials[key]:06d}"


def _groups(
    prefix: str, sites: list[Site], order: Callable[[Site], tuple[str | float, ...]], size: int
) -> tuple[Group, ...]:
    """Neighbours by ``order``, ``size`` at a time."""
    ranked = [site.id for site in sorted(sites, key=order)]
    chunks = [ranked[start : start + size] for start in range(0, len(ranked), size)]
    return tuple(Group(f"{prefix}{number:03d}", tuple(chunk)) for number, chunk in enumerate(chunks, start=1))
