"""Notify/VideoUploadNotify (2022, 设备实时视音频回传): a device offers live video, we INVITE."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from civicam.signalling.gb28181.manscdp.fields import (
    Root,
    lines,
    number,
    read_float,
    read_id,
    read_sn,
    read_time,
)
from civicam.signalling.gb28181.manscdp.message import Message, Readers
from civicam.signalling.gb28181.xml import Element


@dataclass(frozen=True, slots=True)
class VideoUpload(Message):
    """``time`` aware UTC; coordinates WGS-84 degrees, None when not said."""

    ROOT = Root.NOTIFY
    CMD_TYPE = "VideoUploadNotify"

    time: datetime | None = None
    longitude: float | None = None
    latitude: float | None = None

    @classmethod
    def from_xml(cls, root: Element) -> VideoUpload:
        """Read; raises `Refused` when SN or DeviceID is wrong."""
        return cls(
            read_sn(root),
            read_id(root),
            read_time(root, "Time"),
            read_float(root, "Longitude", -180.0, 180.0),
            read_float(root, "Latitude", -90.0, 90.0),
        )

    def content(self) -> str:
        """The children after DeviceID."""
        return lines(
            ("Time", self.time), ("Longitude", number(self.longitude)), ("Latitude", number(self.latitude))
        )


READERS: Readers = {(Root.NOTIFY, "videouploadnotify"): VideoUpload.from_xml}
