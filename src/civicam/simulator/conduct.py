"""How a simulated device answers questions and orders: everything of Annex A but Catalog and DeviceInfo.

Sans-I/O: a command and the time go in, the answers come out, each to be sent as a MESSAGE of its own. What
real devices do wrong is switched on by `civicam.simulator.manners`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from civicam.signalling.gb28181.ids import GbId
from civicam.signalling.gb28181.manscdp import Message
from civicam.signalling.gb28181.manscdp import control_actions as actions
from civicam.signalling.gb28181.manscdp.config import (
    ConfigDownloadQuery,
    ConfigDownloadResponse,
    DeviceConfig,
    DeviceConfigResponse,
)
from civicam.signalling.gb28181.manscdp.config_types import (
    BasicParam,
    Config,
    ConfigType,
    FrameMirror,
    SnapShotConfig,
    VideoParamOpt,
)
from civicam.signalling.gb28181.manscdp.cruise import (
    CruisePoint,
    CruiseTrack,
    CruiseTrackListQuery,
    CruiseTrackListResponse,
    CruiseTrackQuery,
    CruiseTrackResponse,
)
from civicam.signalling.gb28181.manscdp.device_control import DeviceControl, DeviceControlResponse
from civicam.signalling.gb28181.manscdp.device_status import (
    AlarmInput,
    DeviceStatusQuery,
    DeviceStatusResponse,
    Duty,
)
from civicam.signalling.gb28181.manscdp.home_position import HomePositionQuery, HomePositionResponse
from civicam.signalling.gb28181.manscdp.preset import Preset, PresetQuery, PresetResponse
from civicam.signalling.gb28181.manscdp.ptz_position import (
    PtzPosition,
    PtzPositionQuery,
    PtzPositionResponse,
)
from civicam.signalling.gb28181.manscdp.record_info import RecordInfoQuery, RecordInfoResponse
from civicam.signalling.gb28181.manscdp.sd_card import (
    CardStatus,
    SdCard,
    SdCardStatusQuery,
    SdCardStatusResponse,
)
from civicam.simulator.head import Head, Look
from civicam.simulator.manners import Manners
from civicam.simulator.tape import pieces


@dataclass(frozen=True, slots=True)
class Restart:
    """The device goes away and comes back."""


@dataclass(frozen=True, slots=True)
class TakePictures:
    """SnapShotConfig: send ``count`` pictures, ``interval`` seconds apart, to ``url``."""

    channel: str
    count: int
    interval: int
    url: str
    session_id: str


@dataclass(frozen=True, slots=True)
class FetchFirmware:
    """DeviceUpgrade."""

    firmware: str
    url: str
    session_id: str


Deed = Restart | TakePictures | FetchFirmware
Answers = tuple[list[Message], list[Deed]]


@dataclass(slots=True)
class Conduct:
    """One device's state beyond its registration. ``clock`` tells what its own clock shows."""

    gb_id: str
    channels: tuple[str, ...]
    clock: Callable[[], datetime]
    manners: Manners = field(default_factory=Manners)
    armed: bool = False
    recording: bool = False
    alarm: bool = False
    """A device alarm was sent and not reset."""
    firmware: str = "1.0"
    basic: BasicParam = field(
        default_factory=lambda: BasicParam(
            name="SimCam", expiration=3600, heartbeat_interval=60, heartbeat_count=3
        )
    )
    mirror: FrameMirror = field(default_factory=FrameMirror)
    card: SdCard = field(
        default_factory=lambda: SdCard(
            1, name="SD1", status=CardStatus.OK, capacity_mb=131_072, free_mb=90_000
        )
    )
    heads: dict[str, Head] = field(default_factory=dict)

    def answer(self, command: Message, now: float) -> Answers:
        """What it says and does; nothing for what it does not know."""
        handler = _HANDLERS.get(type(command))
        if handler is None or (type(command) in _OF_2022 and not self.manners.knows_2022):
            return [], []
        return handler(self, command, now)

    def head(self, channel: str) -> Head:
        """A channel's head; orders to the device itself move its first channel."""
        name = channel if channel in self.channels else (self.channels or (self.gb_id,))[0]
        return self.heads.setdefault(name, Head())

    # -- questions

    def _status(self, query: Message, _now: float) -> Answers:
        duty = Duty.ALARM if self.alarm else Duty.ARMED if self.armed else Duty.DISARMED
        return [
            DeviceStatusResponse(
                query.sn,
                query.device_id,
                online=True,
                working=True,
                encoding=True,
                recording=self.recording,
                device_time=self.clock(),
                alarm_inputs=(AlarmInput(GbId(self.gb_id), duty),),
            )
        ], []

    def _presets(self, query: Message, _now: float) -> Answers:
        head = self.head(query.device_id)
        items = tuple(Preset(number, name) for number, (name, _) in sorted(head.presets.items()))
        parts = [items[start : start + 16] for start in range(0, len(items), 16)] or [()]
        return [
            PresetResponse(query.sn, query.device_id, sum_num=len(items), items=part) for part in parts
        ], []

    def _home(self, query: Message, _now: float) -> Answers:
        enabled, reset, preset = self.head(query.device_id).home
        place = actions.HomePosition(enabled, reset, preset)
        return [HomePositionResponse(query.sn, query.device_id, position=place)], []

    def _position(self, query: Message, now: float) -> Answers:
        look = self.head(query.device_id).at(now)
        return [PtzPositionResponse(query.sn, query.device_id, position=_place(look))], []

    def _tracks(self, query: Message, _now: float) -> Answers:
        items = tuple(CruiseTrack(n, f"巡航{n}") for n in sorted(self.head(query.device_id).cruises))
        return [CruiseTrackListResponse(query.sn, query.device_id, sum_num=len(items), items=items)], []

    def _track(self, query: Any, _now: float) -> Answers:
        points = self.head(query.device_id).cruises.get(query.number, [])
        return [
            CruiseTrackResponse(
                query.sn,
                query.device_id,
                number=query.number,
                name=f"巡航{query.number}",
                points=tuple(CruisePoint(each, 10, 8) for each in points),
                sum_num=len(points),
            )
        ], []

    def _cards(self, query: Message, _now: float) -> Answers:
        return [SdCardStatusResponse(query.sn, query.device_id, sum_num=1, items=(self.card,))], []

    def _config(self, query: Any, _now: float) -> Answers:
        known: dict[ConfigType, Config] = {
            ConfigType.BASIC: self.basic,
            ConfigType.VIDEO_OPT: VideoParamOpt(("1", "2", "4"), ("5", "6")),
        }
        if self.manners.knows_2022:
            known[ConfigType.FRAME_MIRROR] = self.mirror
        items = tuple(known[kind] for kind in query.types if kind in known)
        return [ConfigDownloadResponse(query.sn, query.device_id, items=items)], []

    def _recordings(self, query: Any, _now: float) -> Answers:
        items = pieces(query, self.clock())
        parts = [tuple(items[start : start + 4]) for start in range(0, len(items), 4)] or [()]
        total = len(items) + self.manners.announces_more
        return [
            RecordInfoResponse(query.sn, query.device_id, sum_num=total, items=part, name=self.basic.name)
            for part in parts
        ], []

    # -- orders

    def _set_config(self, order: Any, _now: float) -> Answers:
        if self.manners.restarts_on_config:
            return [], [Restart()]
        deeds: list[Deed] = []
        for item in order.items:
            match item:
                case BasicParam():
                    self.basic = _merged(self.basic, item)
                case FrameMirror():
                    self.mirror = item
                case SnapShotConfig():
                    deeds.append(
                        TakePictures(
                            order.device_id, item.count, item.interval, item.upload_url, item.session_id
                        )
                    )
                case _:
                    pass
        return [DeviceConfigResponse(order.sn, order.device_id, True, "")], deeds

    def _control(self, order: Any, now: float) -> Answers:
        deeds = list(self._obey(order, now))
        silent = not order.answered or not self.manners.answers_orders
        return ([] if silent else [DeviceControlResponse(order.sn, order.device_id, True, "")]), deeds

    def _obey(self, order: DeviceControl, now: float) -> Iterable[Deed]:
        head = self.head(order.device_id)
        match order.action:
            case actions.Ptz() as ptz if ptz.decoded.sound:
                head.obey(ptz.decoded.command, ptz.preset_name, now)  # type: ignore[arg-type]
            case actions.PrecisePtz(pan, tilt, zoom) if not self.manners.ignores_precise:
                head.point(pan, tilt, zoom, now)
            case actions.HomePosition(enabled, reset, preset):
                head.home = (enabled, reset or 0, preset or 0)
            case actions.Guard(armed):
                self.armed = armed
            case actions.AlarmReset():
                self.alarm = False
            case actions.Record(start):
                self.recording = start
            case actions.FormatSdCard(card) if card in (0, 1):
                self.card = replace(self.card, free_mb=self.card.capacity_mb)
            case actions.Reboot():
                yield Restart()
            case actions.Upgrade(firmware=firmware, url=url, session_id=session_id):
                yield FetchFirmware(firmware, url, session_id)
            case _:
                pass


def _place(look: Look) -> PtzPosition:
    return PtzPosition(
        pan=round(look.pan, 2), tilt=round(look.tilt, 2), zoom=round(look.zoom, 2), horizontal_angle=60.0
    )


def _merged(before: BasicParam, wanted: BasicParam) -> BasicParam:
    """What was set; what the order leaves out stays."""
    return replace(
        before,
        name=wanted.name or before.name,
        expiration=wanted.expiration or before.expiration,
        heartbeat_interval=wanted.heartbeat_interval or before.heartbeat_interval,
        heartbeat_count=wanted.heartbeat_count or before.heartbeat_count,
    )


_HANDLERS: dict[type[Message], Callable[[Conduct, Any, float], Answers]] = {
    DeviceStatusQuery: Conduct._status,
    PresetQuery: Conduct._presets,
    HomePositionQuery: Conduct._home,
    PtzPositionQuery: Conduct._position,
    CruiseTrackListQuery: Conduct._tracks,
    CruiseTrackQuery: Conduct._track,
    SdCardStatusQuery: Conduct._cards,
    ConfigDownloadQuery: Conduct._config,
    RecordInfoQuery: Conduct._recordings,
    DeviceConfig: Conduct._set_config,
    DeviceControl: Conduct._control,
}
_OF_2022 = frozenset(
    {HomePositionQuery, PtzPositionQuery, CruiseTrackListQuery, CruiseTrackQuery, SdCardStatusQuery}
)
