"""Control/DeviceControl and its answer (设备控制; GB/T 28181-2022 §9.3, A.2.3.1, A.2.6.2)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from civicam.signalling.gb28181.manscdp import control_actions as actions
from civicam.signalling.gb28181.manscdp.control_actions import ControlAction
from civicam.signalling.gb28181.manscdp.fields import Root, read_id, read_sn
from civicam.signalling.gb28181.manscdp.message import Message, Readers
from civicam.signalling.gb28181.manscdp.result import ResultResponse
from civicam.signalling.gb28181.xml import Element, local_name

_ACTIONS: dict[str, Callable[[Element], ControlAction]] = {
    "ptzcmd": actions.Ptz.from_xml,
    "teleboot": actions.Reboot.from_xml,
    "recordcmd": actions.Record.from_xml,
    "guardcmd": actions.Guard.from_xml,
    "alarmcmd": actions.AlarmReset.from_xml,
    "ifamecmd": actions.KeyFrame.from_xml,
    "iframecmd": actions.KeyFrame.from_xml,
    "dragzoomin": actions.DragZoom.from_xml,
    "dragzoomout": actions.DragZoom.from_xml,
    "homeposition": actions.HomePosition.from_xml,
    "ptzprecisectrl": actions.PrecisePtz.from_xml,
    "deviceupgrade": actions.Upgrade.from_xml,
    "formatsdcard": actions.FormatSdCard.from_xml,
    "snapshotconfig": actions.Snapshot.from_xml,
    "snapshot": actions.Snapshot.from_xml,
}
_FRAME = frozenset({"cmdtype", "sn", "deviceid"})
_MAX_NAMES = 8


@dataclass(frozen=True, slots=True)
class DeviceControl(Message):
    """One order to a device or channel; the first element that is known counts."""

    ROOT = Root.CONTROL
    CMD_TYPE = "DeviceControl"

    action: ControlAction

    @property
    def answered(self) -> bool:
        """Whether the standard has the device answer with `DeviceControlResponse`."""
        return actions.ANSWERED[type(self.action)]

    @classmethod
    def from_xml(cls, root: Element) -> DeviceControl:
        """Read; raises `Refused` when SN, DeviceID or the order's own field is wrong."""
        return cls(read_sn(root), read_id(root), _action(root))

    def content(self) -> str:
        """The order."""
        return self.action.content()


class DeviceControlResponse(ResultResponse):
    """What the device says to an order that is answered."""

    __slots__ = ()
    CMD_TYPE = "DeviceControl"


def _action(root: Element) -> ControlAction:
    names: list[str] = []
    for each in root:
        name = local_name(each)
        reader = _ACTIONS.get(name.lower())
        if reader is not None:
            return reader(root)
        if name.lower() not in _FRAME and len(names) < _MAX_NAMES:
            names.append(name[:64])
    return actions.UnknownControl(tuple(names))


READERS: Readers = {
    (Root.CONTROL, "devicecontrol"): DeviceControl.from_xml,
    (Root.RESPONSE, "devicecontrol"): DeviceControlResponse.from_xml,
}
