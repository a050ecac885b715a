"""The signalling benchmark measures what it says, in a short run of each kind."""

from __future__ import annotations

import pytest

from civicam.bench import signalling_blackout, signalling_city, signalling_dead_peers, signalling_kamailio
from civicam.bench.report import Goal, Report
from civicam.bench.signalling import measure
from civicam.bench.signalling_load import Kind, template
from civicam.bench.signalling_messages import PASSWORD, REALM, Camera, alarm_taken, device_id
from civicam.signalling.gb28181 import manscdp
from civicam.signalling.gb28181.manscdp.alarm import AlarmNotify, AlarmResponse
from civicam.signalling.sip.digest import ha1, parse_authorization, verify
from civicam.signalling.sip.message import Request
from civicam.signalling.sip.parse import parse_message
from civicam.signalling.sip.peer import Transport


@pytest.mark.parametrize(
    ("kind", "transport", "floor"),
    [("keepalive", "udp", False), ("register", "tcp", False), ("keepalive", "tcp", True)],
)
def test_a_short_run_answers_everything(kind: Kind, transport: Transport, floor: bool) -> None:
    """No exchange fails; CPU and count are there to divide."""
    measured = measure(kind, transport, 0.3, floor=floor)
    assert measured.exchanges > 0
    assert measured.failed == 0
    assert measured.per_core == pytest.approx(1000 / measured.cpu_s_per_1000)


@pytest.mark.parametrize("kind", ["keepalive", "register"])
def test_what_is_sent_is_sound(kind: Kind) -> None:
    """The load is made of whole messages of one length."""
    request = parse_message(template(kind, "udp"))
    assert isinstance(request, Request)
    assert request.method == ("MESSAGE" if kind == "keepalive" else "REGISTER")


def test_cameras_say_what_they_should() -> None:
    """Every message of the cameras is sound SIP; the answer to a challenge holds the device's digest."""
    camera = Camera(7)
    question = b'WWW-Authenticate: Digest realm="3402000000", nonce="n1", qop="auth"'
    challenged = b"SIP/2.0 401 Unauthorized\r\n" + question + b"\r\n\r\n"
    authorised = camera.register(3, 3600, challenged)
    for data in (camera.keepalive(1), camera.register(2, 3600), authorised):
        request = parse_message(data)
        assert isinstance(request, Request)
        assert request.from_.uri.user == device_id(7) == "34020000001320000007"
        assert len(request.body) == int(request.headers.get("Content-Length") or -1)
    auth = parse_authorization(parse_message(authorised).headers.get("Authorization"))
    assert auth is not None
    assert verify(ha1(device_id(7), REALM, PASSWORD), "REGISTER", auth)
    alarm = manscdp.parse_message(parse_message(camera.alarm(9)).body)
    assert isinstance(alarm, AlarmNotify)
    assert alarm.time is not None
    assert alarm_taken(AlarmResponse.to(alarm).to_xml()) == alarm.sn == 9
    assert alarm_taken(authorised) is None
    ok, body = camera.answer(
        b"MESSAGE sip:x SIP/2.0\r\nVia: v\r\nCall-ID: c\r\n\r\n<CmdType>Catalog</CmdType><SN>5</SN>"
    )
    assert ok == b"SIP/2.0 200 OK\r\nVia: v\r\nCall-ID: c\r\nContent-Length: 0\r\n\r\n"
    assert isinstance(manscdp.parse_message(body), manscdp.CatalogResponse)
    assert isinstance(manscdp.parse_message(parse_message(camera.keepalive(4)).body), manscdp.Keepalive)


@pytest.mark.long
def test_a_small_city_is_measured_and_found_in_its_database() -> None:
    """Forty cameras through a real server that is killed at the end: nothing fails, nothing is forgotten."""
    report = Report("signalling")
    signalling_city.run(report, 0.5, (40,), 1.0)
    assert report.figures["city_40_failed"] == 0
    assert report.figures["city_40_kept_registrations"] == 40
    assert report.goals["city_40_kept"].met
    cost = report.figures["city_40_keepalive_us"]
    assert isinstance(cost, float)
    assert cost > 0
    assert ("kamailio_40_keepalive_us" in report.floors) == signalling_kamailio.installed()


@pytest.mark.long
def test_a_blackout_ends() -> None:
    """Twenty cameras over a net that loses one in twenty are all online in the end."""
    report = signalling_blackout.run(20, 12.0)
    assert report.figures["online"] == 20
    assert report.goals["all_online"].met
    assert report.goals["false_offline"].met
    alarms = report.figures["alarms"]
    assert isinstance(alarms, int)
    assert alarms > 0
    assert report.figures["alarms_kept"] == alarms
    assert report.goals["alarms_unanswered"].met


@pytest.mark.long
def test_dead_peers_are_there_and_cost_no_exchange() -> None:
    """Forty living cameras beside those that never answer: connections stand, nothing of the others fails."""
    report = signalling_dead_peers.run(40, 3.0)
    assert report.figures["half_open_standing"] == signalling_dead_peers.HALF_OPEN
    assert report.goals["failed"].met
    for each in ("alone", "beside"):
        for kind in ("exchange", "registration"):
            latency = report.figures[f"{each}_{kind}_p99_ms"]
            assert isinstance(latency, float)
            assert latency > 0


def test_a_report_judges_itself() -> None:
    """Each goal by its own side."""
    goals = {"low": Goal(5, 4.0, "%"), "high": Goal(9, 9, "/s", at_most=False)}
    assert Report("signalling", goals=goals).met
    goals["bad"] = Goal(1, 2, "s")
    report = Report("signalling", figures={"a": 1.23456}, goals=goals)
    assert not report.met
    shown = report.as_dict()
    assert shown["goals"] == {
        "low": {"goal": 5, "value": 4.0, "unit": "%", "met": True},
        "high": {"goal": 9, "value": 9, "unit": "/s", "met": True},
        "bad": {"goal": 1, "value": 2, "unit": "s", "met": False},
    }
    assert shown["figures"] == {"a": 1.2346}
    assert '"subject": "signalling"' in report.to_json()
