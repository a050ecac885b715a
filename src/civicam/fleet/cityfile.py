"""Reads a ``civicam-city/1`` description into rows, and says of every fault in which row it is. Pure.

A file with any fault is not taken over at all: half a city is worse than the old one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from civicam.fleet.facts import DeviceId
from civicam.fleet.model import device_id_for
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

    def error(self) -> Refused:
        """The problem as an error, for its text in both languages."""
        return Refused(self.code, row=self.row, field=self.field, value=self.value)


@dataclass(frozen=True, slots=True)
class Place:
    """A district, or with ``district`` a street."""

    code: str
    name: Text
    district: str = ""


@dataclass(frozen=True, slots=True)
class Site:
    """A site (点位); WGS-84 degrees."""

    site_id: str
    name: Text
    district: str
    street: str | None
    lon: float
    lat: float
    kind: str


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
    problems: list[Problem] = field(default_factory=list)


class _Fault(Exception):
    def __init__(self, code: str, name: str, value: object = "") -> None:
        super().__init__(code)
        self.code, self.field, self.value = code, name, str(value)[:80]


def read(document: object) -> CityFile:
    """Parse and check. Never raises for what the document says; `CityFile.problems` tells."""
    found = CityFile()
    if not isinstance(document, Mapping) or document.get("format") != FORMAT:
        found.problems.append(Problem("fleet.import-format", "", "format", FORMAT))
        return found
    _Reader(document, found).run()
    return found


class _Reader:
    """One pass over one document."""

    def __init__(self, document: Mapping[str, Any], found: CityFile) -> None:
        self._doc = document
        self._found = found

    def run(self) -> None:
        self._each("", [self._doc], self._head)
        self._each("districts", self._list("districts"), self._district)
        self._codes = {place.code for place in self._found.districts}
        self._streets = {place.code for place in self._found.streets}
        self._each("sites", self._list("sites"), self._site)
        self._sites = {site.site_id for site in self._found.sites}
        self._each("devices", self._list("devices"), self._device)
        self._devices = {device.gb_id for device in self._found.devices}
        self._each("channels", self._list("channels"), self._channel)
        self._unique("sites", (site.site_id for site in self._found.sites))
        self._unique("devices", (device.gb_id for device in self._found.devices))
        self._unique("channels", (f"{c.device_gb_id}/{c.gb_id}" for c in self._found.channels))

    def _list(self, name: str) -> list[Any]:
        value = self._doc.get(name, [])
        if isinstance(value, list):
            return value
        self._found.problems.append(Problem("fleet.import-field", name, name, type(value).__name__))
        return []

    def _each(self, name: str, rows: list[Any], take: Callable[[Mapping[str, Any]], None]) -> None:
        for number, row in enumerate(rows):
            try:
                if not isinstance(row, Mapping):
                    raise _Fault("fleet.import-field", name, type(row).__name__)
                take(row)
            except _Fault as fault:
                if len(self._found.problems) < MOST_PROBLEMS:
                    where = f"{name}[{number}]" if name else ""
                    self._found.problems.append(Problem(fault.code, where, fault.field, fault.value))

    def _unique(self, name: str, keys: Iterator[str]) -> None:
        seen: set[str] = set()
        for key in keys:
            if key in seen and len(self._found.problems) < MOST_PROBLEMS:
                self._found.problems.append(Problem("fleet.import-twice", name, "id", key))
            seen.add(key)

    def _head(self, row: Mapping[str, Any]) -> None:
        center = row.get("center")
        if not isinstance(center, list) or len(center) != 2:
            raise _Fault("fleet.import-field", "center", center)
        self._found.name = _name(row)
        self._found.realm = _text(row, "realm", 64)
        self._found.platform = _gb_id(row, "platform")
        self._found.center = (_degrees(center[0], "center", 180), _degrees(center[1], "center", 90))

    def _district(self, row: Mapping[str, Any]) -> None:
        code = _text(row, "code", 12)
        self._found.districts.append(Place(code, _name(row)))
        streets = row.get("streets", [])
        if not isinstance(streets, list):
            raise _Fault("fleet.import-field", "streets", type(streets).__name__)
        for street in streets:
            if not isinstance(street, Mapping):
                raise _Fault("fleet.import-field", "streets", type(street).__name__)
            self._found.streets.append(Place(_text(street, "code", 12), _name(street), code))

    def _site(self, row: Mapping[str, Any]) -> None:
        street = _text(row, "street", 12) if row.get("street") else None
        if street is not None and street not in self._streets:
            raise _Fault("fleet.import-reference", "street", street)
        self._found.sites.append(
            Site(
                _text(row, "id", 64),
                _name(row),
                _known(row, "district", self._codes),
                street,
                _degrees(row.get("lon"), "lon", 180),
                _degrees(row.get("lat"), "lat", 90),
                _one_of(row, "kind", SITE_KINDS),
            )
        )

    def _device(self, row: Mapping[str, Any]) -> None:
        protocol = _one_of({"protocol": "gb28181", **row}, "protocol", frozenset({"gb28181", "rtsp"}))
        url = str(row.get("url", ""))
        if protocol == "rtsp":
            check_url(url)
        gb_id = _gb_id(row, "gb_id")
        self._found.devices.append(
            Device(
                device_id_for(gb_id),
                gb_id,
                protocol,
                _text(row, "kind", 20),
                _text(row, "name", 200),
                _known(row, "site", self._sites),
                _interval(row.get("heartbeat_s")),
                _one_of({"transport": "udp", **row}, "transport", frozenset({"udp", "tcp"})),
                url,
                str(row.get("username", ""))[:200],
                _text(row, "secret", 200) if protocol == "gb28181" else str(row.get("secret", ""))[:200],
            )
        )

    def _channel(self, row: Mapping[str, Any]) -> None:
        self._found.channels.append(
            Channel(
                _gb_id(row, "gb_id"),
                _known(row, "device", self._devices),
                _known(row, "site", self._sites),
                _text(row, "name", 200),
                row["ptz_type"] if isinstance(row.get("ptz_type"), int) else 0,
            )
        )


def check_url(url: str) -> None:
    """An RTSP address without credentials inside; `_Fault` otherwise (turned into a problem or a refusal)."""
    scheme, _, rest = url.partition("://")
    host = rest.split("/", 1)[0]
    if (
        scheme.lower() != "rtsp"
        or not host
        or "@" in host
        or any(c.isspace() for c in url)
        or len(url) > 1000
    ):
        raise _Fault("fleet.bad-url", "url", url if "@" not in host else "rtsp://…@…")


def refuse_bad_url(url: str) -> None:
    """`check_url` for a form: raises `Refused` ``fleet.bad-url``."""
    try:
        check_url(url)
    except _Fault as fault:
        raise Refused(fault.code, row="", field=fault.field, value=fault.value) from None


def _text(row: Mapping[str, Any], name: str, most: int) -> str:
    value = row.get(name)
    if not isinstance(value, str) or not value.strip() or len(value) > most:
        raise _Fault("fleet.import-field", name, "" if name == "secret" else value)
    return value


def _name(row: Mapping[str, Any]) -> Text:
    value = row.get("name")
    if isinstance(value, str) and value.strip():
        return Text(value[:200], value[:200])
    if not isinstance(value, Mapping):
        raise _Fault("fleet.import-field", "name", value)
    zh, en = (str(value.get(key, "")).strip()[:200] for key in ("zh", "en"))
    if not zh and not en:
        raise _Fault("fleet.import-field", "name", "")
    return Text(zh or en, en or zh)


def _gb_id(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name)
    if not isinstance(value, str) or len(value) != 20 or not (value.isascii() and value.isdigit()):
        raise _Fault("fleet.import-gb-id", name, value)
    return value


def _known(row: Mapping[str, Any], name: str, known: set[str]) -> str:
    value = row.get(name)
    if value not in known:
        raise _Fault("fleet.import-reference", name, value)
    return str(value)


def _one_of(row: Mapping[str, Any], name: str, allowed: frozenset[str]) -> str:
    value = row.get(name)
    if value not in allowed:
        raise _Fault("fleet.import-field", name, value)
    return str(value)


def _degrees(value: object, name: str, most: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not -most <= value <= most:
        raise _Fault("fleet.import-field", name, value)
    return float(value)


def _interval(value: object) -> int | None:
    """5..255 s; what is outside is a typing mistake, not a wish (GB/T 28181 devices were seen to send 0)."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 5 <= value <= 255:
        raise _Fault("fleet.import-field", "heartbeat_s", value)
    return value
