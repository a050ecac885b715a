"""Answers and orders: what a device says and does, and what it does wrong when it is told to."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from civicam.signalling.gb28181.ids import GbId
from civicam.signalling.gb28181.manscdp import Message
from civicam.signalling.gb28181.manscdp import control_actions as actions
from civicam.signalling.gb28181.manscdp.config import ConfigDownloadQuery, DeviceConfig
from civicam.signalling.gb28181.manscdp.config_types import BasicParam, ConfigType, SnapShotConfig
from civicam.signalling.gb28181.manscdp.cruise import CruiseTrackListQuery, CruiseTrackQuery
from civicam.signalling.gb28181.manscdp.device_control import DeviceControl, DeviceControlResponse
from civicam.signalling.gb28181.manscdp.device_status import DeviceStatusQuery, Duty
from civicam.signalling.gb28181.manscdp.home_position import HomePositionQuery
from civicam.signalling.gb28181.manscdp.preset import PresetQuery
from civicam.signalling.gb28181.manscdp.ptz_position import PtzPositionQuery
from civicam.signalling.gb28181.manscdp.sd_card import SdCardStatusQuery
from civicam.signalling.gb28181.ptz import Cruise, CruiseAction, Move, Preset, PresetAction, Stop
from civicam.simulator.conduct import Conduct, Restart, TakePictures
from civicam.simulator.manners import Manners

DEVICE = GbId("34020000001320000001")
CHANNEL = GbId("34020000001310000001")
NOW = datetime(2026, 3, 2, 1, tzinfo=UTC)


def device(**manners: Any) -> Conduct:
    return Conduct(DEVICE, (CHANNEL,), lambda: NOW, Manners(**manners))


def ask(conduct: Conduct, question: Message, now: float = 0.0) -> Any:
    (answer,), deeds = conduct.answer(question, now)
    assert deeds == []
    return answer


def order(conduct: Conduct, action: actions.ControlAction, now: float = 0.0) -> Any:
    return conduct.answer(DeviceControl(7, CHANNEL, action), now)


def test_a_dome_turns_until_it_is_stopped() -> None:
    conduct = device()
    order(conduct, actions.Ptz.of(Move(pan=1, pan_speed=255)), 10.0)
    assert ask(conduct, PtzPositionQuery(1, CHANNEL), 11.0).position.pan == 60.0
    order(conduct, actions.Ptz.of(Stop()), 12.0)
    assert ask(conduct, PtzPositionQuery(1, CHANNEL), 99.0).position.pan == 120.0
    assert not conduct.head(CHANNEL).moving


def test_tilt_and_zoom_end_at_their_limits_and_up_is_less() -> None:
    conduct = device()
    order(conduct, actions.Ptz.of(Move(tilt=1, zoom=1, tilt_speed=255, zoom_speed=15)), 0.0)
    look = conduct.head(CHANNEL).at(100.0)
    assert (look.tilt, look.zoom) == (-30.0, 30.0)


def test_presets_and_cruises() -> None:
    conduct = device()
    order(conduct, actions.PrecisePtz(pan=90.0), 0.0)
    order(conduct, actions.Ptz.of(Preset(PresetAction.SET, 3), "大门"), 0.0)
    order(conduct, actions.PrecisePtz(pan=180.0), 0.0)
    order(conduct, actions.Ptz.of(Preset(PresetAction.CALL, 3)), 0.0)
    assert conduct.head(CHANNEL).at(0.0).pan == 90.0
    answer = ask(conduct, PresetQuery(1, CHANNEL))
    assert [(each.preset_id, each.name) for each in answer.items] == [(3, "大门")]
    order(conduct, actions.Ptz.of(Cruise(CruiseAction.ADD, 1, 3)))
    assert [each.number for each in ask(conduct, CruiseTrackListQuery(1, CHANNEL)).items] == [1]
    track = ask(conduct, CruiseTrackQuery(1, CHANNEL, number=1))
    assert [each.preset for each in track.points] == [3]
    order(conduct, actions.Ptz.of(Cruise(CruiseAction.START, 1)), 5.0)
    assert conduct.head(CHANNEL).moving
    assert conduct.head(CHANNEL).at(6.0).pan == 90.0
    order(conduct, actions.Ptz.of(Preset(PresetAction.DELETE, 3)))
    assert ask(conduct, PresetQuery(1, CHANNEL)).sum_num == 0


def test_a_code_with_a_wrong_sum_moves_nothing() -> None:
    conduct = device()
    order(conduct, actions.Ptz("A50F0101320000E9"))
    assert conduct.head(CHANNEL).orders == 0


def test_status_arming_and_the_clock() -> None:
    conduct = device()
    assert order(conduct, actions.Guard(True)) == ([DeviceControlResponse(7, CHANNEL, True, "")], [])
    status = ask(conduct, DeviceStatusQuery(1, DEVICE))
    assert (status.device_time, status.alarm_inputs[0].duty) == (NOW, Duty.ARMED)
    conduct.alarm = True
    assert ask(conduct, DeviceStatusQuery(1, DEVICE)).alarm_inputs[0].duty is Duty.ALARM
    order(conduct, actions.AlarmReset())
    order(conduct, actions.Record(True))
    status = ask(conduct, DeviceStatusQuery(1, DEVICE))
    assert (status.recording, status.alarm_inputs[0].duty) == (True, Duty.ARMED)


def test_configuration_is_kept_and_what_is_left_out_stays() -> None:
    conduct = device()
    answers, deeds = conduct.answer(DeviceConfig(2, DEVICE, items=(BasicParam(heartbeat_interval=30),)), 0.0)
    assert (len(answers), deeds) == (1, [])
    answer = ask(conduct, ConfigDownloadQuery(3, DEVICE, types=(ConfigType.BASIC, ConfigType.OSD)))
    (basic,) = answer.items
    assert (basic.heartbeat_interval, basic.heartbeat_count, basic.name) == (30, 3, "SimCam")


def test_pictures_are_ordered_by_configuration() -> None:
    wanted = SnapShotConfig(2, 1, "http://192.0.2.1/uploads/t", "s" * 32)
    answers, deeds = device().answer(DeviceConfig(2, CHANNEL, items=(wanted,)), 0.0)
    assert len(answers) == 1
    assert deeds == [TakePictures(CHANNEL, 2, 1, "http://192.0.2.1/uploads/t", "s" * 32)]


def test_home_position_and_cards() -> None:
    conduct = device()
    order(conduct, actions.HomePosition(True, 60, 3))
    assert ask(conduct, HomePositionQuery(1, CHANNEL)).position == actions.HomePosition(True, 60, 3)
    before = ask(conduct, SdCardStatusQuery(1, DEVICE)).items[0]
    order(conduct, actions.FormatSdCard(1))
    after = ask(conduct, SdCardStatusQuery(1, DEVICE)).items[0]
    assert before.free_mb < after.free_mb == after.capacity_mb


def test_a_restart_is_carried_out_by_the_shell() -> None:
    assert order(device(), actions.Reboot()) == ([], [Restart()])


@pytest.mark.parametrize(
    ("manners", "question"),
    [
        ({"knows_2022": False}, PtzPositionQuery(1, CHANNEL)),
        ({"knows_2022": False}, CruiseTrackListQuery(1, CHANNEL)),
        ({"answers_orders": False}, DeviceControl(1, CHANNEL, actions.Guard(True))),
    ],
)
def test_some_devices_stay_silent(manners: dict[str, bool], question: Message) -> None:
    assert device(**manners).answer(question, 0.0) == ([], [])


def test_some_restart_instead_of_answering_and_some_ignore_exact_positions() -> None:
    changed = DeviceConfig(2, DEVICE, items=(BasicParam(heartbeat_interval=30),))
    assert device(restarts_on_config=True).answer(changed, 0.0) == ([], [Restart()])
    conduct = device(ignores_precise=True)
    order(conduct, actions.PrecisePtz(pan=90.0))
    assert conduct.head(CHANNEL).at(0.0).pan == 0.0
