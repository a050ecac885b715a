"""A third-party RTSP source to be: its ids are made here. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from civicam.fleet.model import channel_id_for, device_id_for
from civicam.fleet.ports import NewSource
from civicam.fleet.register import CameraRecord


@dataclass(frozen=True, slots=True)
class SourceHome:
    """Where a new source stands, and its record, as far as they are known."""

    site_id: str | None = None
    camera: CameraRecord | None = None


def new_source(key: str, name: str, url: str, username: str, home: SourceHome) -> NewSource:
    """A source with ids made from ``key``, which the caller draws at random."""
    device_id, channel_id = device_id_for(key), channel_id_for(key, "")
    return NewSource(device_id, channel_id, name, url, username, None, home.site_id, home.camera)
