"""sipp as devices on a busy day at the whole server: refresh, loss, a storm, a list in parts.

[sipp]──SIP, UDP and TCP──[civicam serve]──HTTP──(this test)
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.interop.test_sipp import DEVICE, PASSWORD, SCENARIOS, TRANSPORTS, run_sipp
from tests.interop.test_sipp_server import CITY
from tests.web.stack import Stack, until

pytestmark = [pytest.mark.interop, pytest.mark.slow]

CROWD = 300
"""Devices in the storm."""


def crowd_id(number: int) -> str:
    return f"3402000000132{number:07d}"


@pytest.fixture
def stack(tmp_path: Path, program: Callable[[str, str], str]) -> Iterator[Stack]:
    """A server that knows one recorder and a crowd of cameras."""
    program("sipp", "sip-tester")
    made = Stack(tmp_path, GATEWAY__RESYNC__PAUSE_S="0.05")
    known: list[dict[str, object]] = CITY["devices"]  # type: ignore[assignment]
    crowd = [{**known[0], "gb_id": crowd_id(each), "name": str(each)} for each in range(CROWD)]
    city = {**CITY, "devices": [*known, *crowd], "channels": []}
    made.take_over(city)
    yield made
    made.stop()


def play(scenario: str, ready: dict[str, Any], transport: str, *more: str) -> None:
    """One scenario, which has to go as written."""
    address = ("127.0.0.1", int(ready["sip_port"]))
    status, output = asyncio.run(run_sipp("sipp", scenario, address, transport, PASSWORD, *more))
    assert status == 0, output


def metric(stack: Stack, event: str) -> float:
    """A counter of the gateway."""
    name = f'civicam_gateway_events_total{{event="{event}"}} '
    lines = stack.http.get("/metrics").text.splitlines()
    return next((float(line[len(name) :]) for line in lines if line.startswith(name)), 0.0)


@pytest.mark.parametrize("transport", list(TRANSPORTS))
def test_a_registration_is_refreshed_and_ended(stack: Stack, transport: str) -> None:
    """One device comes once, stays through its refresh, and goes with Expires 0."""
    ready = stack.serve()
    play("refresh.xml", ready, transport)
    until(lambda: ("offline", "fleet.unregistered") in stack.transitions(), "it has gone")
    assert [each for each in stack.transitions() if each[0] == "online"] == [("online", "fleet.registered")]
    assert (metric(stack, "registered"), metric(stack, "unregistered")) == (2.0, 1.0)


@pytest.mark.long
def test_one_packet_in_five_lost_both_ways_is_borne(stack: Stack) -> None:
    """Every device comes in by its retransmissions and our repeated answers, and each request counts once."""
    ready = stack.serve()
    play("storm.xml", ready, "udp", *crowd(stack, 20), "-lost", "20", "-r", "20", "-l", "20")
    assert len(stack.rows("source", "fleet_device", "source <> ''")) == 20
    assert (metric(stack, "registered"), metric(stack, "keepalive")) == (20.0, 20.0)
    assert 'event="replayed"' in stack.http.get("/metrics").text


@pytest.mark.long
@pytest.mark.parametrize("transport", list(TRANSPORTS))
def test_a_storm_comes_in_whole(stack: Stack, transport: str) -> None:
    """All at once after a power cut; nobody is turned away for good."""
    ready = stack.serve()
    play("storm.xml", ready, transport, *crowd(stack, CROWD), "-r", "600", "-l", str(CROWD))
    until(lambda: stack.transitions().count(("online", "fleet.registered")) == CROWD, "all came online")
    assert metric(stack, "keepalive") == CROWD


def crowd(stack: Stack, count: int) -> tuple[str, ...]:
    """What sipp needs to be so many devices."""
    ids = [crowd_id(each) for each in range(count)]
    proofs = [f"[authentication username={each} password={PASSWORD}]" for each in ids]
    rows = ["SEQUENTIAL", *(";".join(each) for each in zip(ids, proofs, strict=True))]
    table = stack.folder / "crowd.csv"
    table.write_text("\n".join(rows) + "\n")
    return ("-inf", str(table), "-m", str(count))


@pytest.mark.parametrize("transport", list(TRANSPORTS))
def test_a_list_in_parts_is_read(stack: Stack, transport: str) -> None:
    """What the platform asks reaches sipp, and both parts of its catalogue reach the store."""
    ready = stack.serve()
    play("stay.xml", ready, transport, "-oocsf", str(SCENARIOS / "answers.xml"))
    listed = stack.http.get("/api/channels").json()["channels"]
    assert sorted(each["name"] for each in listed) == ["East gate", "West gate", "Yard"]
    (made,) = stack.rows("manufacturer, model, firmware", "fleet_device", f"gb_id = '{DEVICE}'")
    assert made == ("sipp", "M1", "F1")
