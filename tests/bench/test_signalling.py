"""The signalling benchmark measures what it says, in a short run of each kind."""

from __future__ import annotations

import pytest

from civicam.bench.report import Goal, Report
from civicam.bench.signalling import measure
from civicam.bench.signalling_load import Kind, template
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
