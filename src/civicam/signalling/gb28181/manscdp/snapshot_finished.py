"""Notify/UploadSnapShotFinished (2022, 图像抓拍): which pictures a device has uploaded for an order."""

from __future__ import annotations

from dataclasses import dataclass

from civicam.signalling.gb28181.manscdp.fields import Root, bad_field, lines, read_id, read_sn
from civicam.signalling.gb28181.manscdp.message import Message, Readers
from civicam.signalling.gb28181.xml import Element, child, local_name, text_of

MAX_FILES = 100


@dataclass(frozen=True, slots=True)
class SnapshotFinished(Message):
    """``files`` are the names of the pictures, at most 100; fewer than were ordered means failure."""

    ROOT = Root.NOTIFY
    CMD_TYPE = "UploadSnapShotFinished"

    session_id: str
    files: tuple[str, ...] = ()

    @classmethod
    def from_xml(cls, root: Element) -> SnapshotFinished:
        """Read; raises `Refused` when SN, DeviceID or SessionID is missing or wrong."""
        session = text_of(root, "SessionID", 128)
        if not session:
            raise bad_field("SessionID", session)
        return cls(read_sn(root), read_id(root), session, _files(child(root, "SnapShotList")))

    def content(self) -> str:
        """The children after DeviceID."""
        inner = lines(*(("SnapShotFileID", each) for each in self.files))
        return lines(("SessionID", self.session_id)) + f"<SnapShotList>\r\n{inner}</SnapShotList>\r\n"


def _files(listing: Element | None) -> tuple[str, ...]:
    found = [
        (each.text or "").strip()[:128]
        for each in (() if listing is None else listing)
        if local_name(each).lower() == "snapshotfileid"
    ]
    return tuple(name for name in found if name)[:MAX_FILES]


READERS: Readers = {(Root.NOTIFY, "uploadsnapshotfinished"): SnapshotFinished.from_xml}
