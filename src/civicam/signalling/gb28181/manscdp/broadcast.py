"""Broadcast to a loudspeaker (语音广播; 2022 §9.12.1, A.2.5): Notify, Response, then the device INVITEs."""

from __future__ import annotations

from dataclasses import dataclass

from civicam.signalling.gb28181.ids import GbId
from civicam.signalling.gb28181.manscdp.fields import Root, bad_field, document, lines, read_id, read_sn
from civicam.signalling.gb28181.manscdp.message import Message, Readers
from civicam.signalling.gb28181.manscdp.result import ResultResponse
from civicam.signalling.gb28181.xml import Element, text_of


@dataclass(frozen=True, slots=True)
class Broadcast(Message):
    """``device_id`` is the TargetID: an audio output (137), a channel or a main device. ``source_id``
    speaks: a voice input or the platform itself. This command has no DeviceID of its own.
    """

    ROOT = Root.NOTIFY
    CMD_TYPE = "Broadcast"

    source_id: str

    @classmethod
    def from_xml(cls, root: Element) -> Broadcast:
        """Read; raises `Refused` when SN, SourceID or TargetID is wrong. DeviceID stands in for TargetID."""
        target = text_of(root, "TargetID") or text_of(root, "DeviceID")
        if target is None:
            raise bad_field("TargetID", None)
        return cls(read_sn(root), GbId.parse(target), read_id(root, "SourceID"))

    def content(self) -> str:
        """The children after SN."""
        return lines(("SourceID", self.source_id), ("TargetID", self.device_id))

    def to_xml(self, encoding: str = "GB18030") -> bytes:
        """The body, without a DeviceID."""
        return document(self.ROOT, self.CMD_TYPE, self.sn, self.content(), encoding)


class BroadcastResponse(ResultResponse):
    """The device's answer; its INVITE follows an OK."""

    __slots__ = ()
    CMD_TYPE = "Broadcast"


READERS: Readers = {
    (Root.NOTIFY, "broadcast"): Broadcast.from_xml,
    (Root.RESPONSE, "broadcast"): BroadcastResponse.from_xml,
}
