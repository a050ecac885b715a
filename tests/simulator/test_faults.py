"""Faults: what they hit, how they add up, what is refused, and the control socket's answers."""

from __future__ import annotations

import json

import pytest

from civicam.kernel.errors import Refused
from civicam.simulator.control import Control
from civicam.simulator.description import City
from civicam.simulator.faults import KINDS, Faults
from civicam.simulator.notices import How, Raised


@pytest.fixture
def faults(city: City) -> Faults:
    return Faults(city)


def test_a_power_feed_darkens_its_sites_and_nothing_else(city: City, faults: Faults) -> None:
    feed = city.feeds[2]
    _, hit = faults.add("power", feed.id)
    assert hit == {device.gb_id for device in city.devices if device.site in feed.sites}
    dark = {gb_id for gb_id, condition in faults.conditions.items() if not condition.powered}
    assert dark == hit


def test_a_cut_fibre_leaves_the_power_on(city: City, faults: Faults) -> None:
    _, hit = faults.add("fibre", city.fibres[0].id)
    assert all(faults.conditions[each].powered and not faults.conditions[each].linked for each in hit)


def test_faults_add_up_and_each_can_be_taken_back(city: City, faults: Faults) -> None:
    device = city.devices[0].gb_id
    condition = faults.conditions[device]
    condition.drift = 1.5
    first, _ = faults.add("clock", device, 60)
    second, _ = faults.add("clock", device, 3)
    faults.add("loss", city.channels[0].gb_id, 0.02)
    assert (condition.clock, condition.loss) == (63.0, 0.02)
    faults.clear(first.id)
    assert condition.clock == 3.0
    faults.clear()
    assert (condition.clock, condition.loss, condition.drift) == (0.0, 0.0, 1.5)
    with pytest.raises(Refused) as caught:
        faults.clear(second.id)
    assert caught.value.code == "simulator.no-such-fault"


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ("loss", "delay", "clock")])
def test_every_kind_changes_a_condition(city: City, faults: Faults, kind: str) -> None:
    before = str(faults.conditions[city.devices[0].gb_id])
    faults.add(kind, "all")
    assert str(faults.conditions[city.devices[0].gb_id]) != before


@pytest.mark.parametrize(
    ("kind", "target", "value", "code"),
    [
        ("flood", "all", 0, "simulator.unknown-fault"),
        ("power", "FEED999", 0, "simulator.unknown-target"),
        ("fibre", "FEED001", 0, "simulator.unknown-target"),
        ("loss", "all", 1.5, "simulator.bad-value"),
        ("delay", "all", -1, "simulator.bad-value"),
    ],
)
def test_what_cannot_be_done_is_refused(
    faults: Faults, kind: str, target: str, value: float, code: str
) -> None:
    with pytest.raises(Refused) as caught:
        faults.add(kind, target, value)
    assert caught.value.code == code
    assert faults.active == {}


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def control(faults: Faults, told: list[str]) -> Control:
    def alarm(device: str, raised: Raised) -> How:
        told.append(f"{device} {raised.source} {raised.method}/{raised.type} {raised.priority}")
        return "notify"

    return Control(
        faults, changed=told.append, reboot=told.append, tells={"stats": lambda: {"streams": 2}}, alarm=alarm
    )


def _ask(control: Control, **request: object) -> dict[str, object]:
    return control.answer(json.dumps(request).encode())


def test_the_control_socket_sets_lists_and_clears(control: Control, told: list[str], city: City) -> None:
    device = city.devices[0].gb_id
    assert _ask(control, do="fault", kind="frozen", target=device) == {"ok": True, "fault": 1, "devices": 1}
    assert told == [device]
    listed = _ask(control, do="list")["faults"]
    assert listed == [{"id": 1, "kind": "frozen", "target": device, "value": 0.0}]
    assert _ask(control, do="clear", fault=1) == {"ok": True, "devices": 1}
    assert _ask(control, do="reboot", target=device) == {"ok": True, "devices": 1}
    assert _ask(control, do="stats") == {"ok": True, "stats": {"streams": 2}}


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"{", "simulator.bad-request"),
        (b"[]", "simulator.bad-request"),
        (b'{"do": "dance"}', "simulator.bad-request"),
        (b'{"do": "fault", "kind": "loss", "target": "all", "value": "much"}', "simulator.bad-request"),
        (b'{"do": "fault"}', "simulator.unknown-fault"),
        (b'{"do": "clear", "fault": 9}', "simulator.no-such-fault"),
        (b"\xff\xfe", "simulator.bad-request"),
        (b'{"do": "clear", "fault": [1]}', "simulator.bad-request"),
        (b'{"do": "clear", "fault": 1e999}', "simulator.bad-request"),
        (b'{"do": "clear", "fault": "one"}', "simulator.bad-request"),
        (b'{"do": "fault", "kind": "frozen", "target": "all", "value": NaN}', "simulator.bad-request"),
        (
            b'{"do": "fault", "kind": "loss", "target": "all", "value": 1%s}' % (b"0" * 400),
            "simulator.bad-request",
        ),
        (b"[" * 60_000, "simulator.bad-request"),
    ],
)
def test_the_control_socket_says_what_is_wrong(control: Control, line: bytes, code: str) -> None:
    answer = control.answer(line)
    assert answer["ok"] is False
    assert answer["code"] == code
    assert answer["error"]


def test_one_channel_goes_dark_and_no_other(city: City, faults: Faults) -> None:
    device, mine = next((d, found) for d, found in city.by_device.items() if len(found) >= 4)
    faults.add("channel-off", mine[1].gb_id)
    assert faults.conditions[device].channels_off == {mine[1].gb_id}
    assert faults.conditions[device].powered
    faults.add("channel-off", device)
    assert faults.conditions[device].channels_off == {each.gb_id for each in mine}
    faults.clear()
    assert faults.conditions[device].channels_off == frozenset()


def test_an_alarm_is_raised_by_a_channel_or_by_devices(city: City, control: Control, told: list[str]) -> None:
    channel = city.channels[0]
    ask = {"do": "alarm", "target": channel.gb_id, "method": 5, "type": 6, "priority": 1}
    assert control.answer(json.dumps(ask).encode()) == {"ok": True, "sent": {"notify": 1}}
    assert told == [f"{channel.device} {channel.gb_id} 5/6 1"]
    told.clear()
    answer = control.answer(json.dumps({"do": "alarm", "target": channel.device, "method": 2}).encode())
    assert answer["ok"] is True
    assert told == [f"{channel.device} {channel.device} 2/2 3"]
    for wrong in ({"method": "x"}, {"type": -1}, {"priority": 9}, {"target": "nobody"}):
        assert control.answer(json.dumps(ask | wrong).encode())["ok"] is False
