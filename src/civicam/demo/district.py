"""The demonstration's data: an invented district, written once, taken over by the platform once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from civicam.kernel.errors import Operational


@dataclass(frozen=True, slots=True)
class District:
    """The description on disk (it holds the devices' secrets) and what it promises."""

    path: Path
    devices: int
    channels: int
    sites: int
    platform: str
    realm: str
    kinds: Mapping[str, str]
    """By channel: protocol, transport of signalling and codec of the sub stream, as ``gb28181/tcp/h265``."""

    def identity(self) -> dict[str, str]:
        """The platform's own id and realm as the devices of this district expect them."""
        return {"CIVICAM_GATEWAY__GB_ID": self.platform, "CIVICAM_GATEWAY__REALM": self.realm}


def beating(text: str, every_s: int) -> str:
    """The description with devices that beat so often: a visitor who breaks something wants to see it."""
    city: dict[str, Any] = json.loads(text)
    for device in city["devices"]:
        if device.get("heartbeat_s"):
            device["heartbeat_s"] = every_s
    return json.dumps(city, ensure_ascii=False, indent=1)


def write(path: Path, text: str) -> None:
    """Keep the description, readable by its owner alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text(text, encoding="utf-8")


def read(path: Path) -> District:
    """The district of a data directory.

    Raises:
        Operational: ``demo.bad-district`` when the file is not one.
    """
    try:
        city: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return District(
            path=path,
            devices=len(city["devices"]),
            channels=len(city["channels"]),
            sites=len(city["sites"]),
            platform=str(city["platform"]),
            realm=str(city["realm"]),
            kinds=_kinds(city),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Operational("demo.bad-district", path=str(path), reason=str(error)) from error


def _kinds(city: dict[str, Any]) -> dict[str, str]:
    devices = {each["gb_id"]: each for each in city["devices"]}
    found = {}
    for channel in city["channels"]:
        device = devices[channel["device"]]
        codec = channel.get("sub_codec", "h264")
        found[channel["gb_id"]] = f"{device['protocol']}/{device.get('transport', 'tcp')}/{codec}"
    return found


def move_rtsp(path: Path, port: int) -> None:
    """Point the district's RTSP addresses at this port; the file stays as it is when they do already."""
    city: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    for device in city["devices"]:
        if device.get("url"):
            scheme, _, rest = device["url"].partition("://")
            address, slash, tail = rest.partition("/")
            host = address.rpartition(":")[0] or address
            device["url"] = f"{scheme}://{host}:{port}{slash}{tail}"
    text = json.dumps(city, ensure_ascii=False, indent=1)
    if json.loads(path.read_text(encoding="utf-8")) != city:
        write(path, text)


def taken_over(path: Path) -> bool:
    """Whether the platform's store holds this very description."""
    mark = path.with_suffix(".imported")
    return mark.is_file() and mark.read_text() == _hash(path)


def mark_taken_over(path: Path) -> None:
    """Remember that it does."""
    path.with_suffix(".imported").write_text(_hash(path))


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
