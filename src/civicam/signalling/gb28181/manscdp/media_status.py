"""Notify/MediaStatus (媒体通知; GB/T 28181-2022 §9.8, A.2.5): a recording was sent to its end.

It should come inside the INVITE's dialog; some recorders use a Call-ID of their own or the device's id, so
the receiver looks for the Call-ID first, then for the only playback of the device (plugin-gb28181#111).
"""

from __future__ import annotations

from dataclasses import dataclass

from civicam.signalling.gb28181.manscdp.fields import Root, lines, read_id, read_int, read_sn
from civicam.signalling.gb28181.manscdp.message import Message, Readers
from civicam.signalling.gb28181.xml import Element

END_OF_FILE = 121


@dataclass(frozen=True, slots=True)
class MediaStatus(Message):
    """``notify_type`` 121 is the end of the file; no other number is in the standard, 0 stands for none."""

    ROOT = Root.NOTIFY
    CMD_TYPE = "MediaStatus"

    notify_type: int = END_OF_FILE

    @property
    def finished(self) -> bool:
        """Whether everything was sent."""
        return self.notify_type == END_OF_FILE

    @classmethod
    def from_xml(cls, root: Element) -> MediaStatus:
        """Read; raises `Refused` when SN or DeviceID is wrong."""
        return cls(read_sn(root), read_id(root), read_int(root, "NotifyType", 0, 9999) or 0)

    def content(self) -> str:
        """The children after DeviceID."""
        return lines(("NotifyType", self.notify_type))


READERS: Readers = {(Root.NOTIFY, "mediastatus"): MediaStatus.from_xml}
