"""sipp, a SIP program that is not ours, registers at the whole server: what the server answers, stores, says.

[sipp]──SIP, UDP and TCP──[civicam serve]──HTTP──(this test)
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.interop.test_sipp import DEVICE, PASSWORD, PLATFORM, REALM, TRANSPORTS, run_sipp
from tests.web.stack import Stack, until

pytestmark = [pytest.mark.interop, pytest.mark.slow]

CITY = {
    "format": "civicam-city/1",
    "name": {"zh": "样例市", "en": "Sample City"},
    "realm": REALM,
    "platform": PLATFORM,
    "center": [118.43, 31.35],
    "districts": [{"code": "340200", "name": {"zh": "样例区", "en": "Sample District"}, "streets": []}],
    "sites": [
        {
            "id": "S1",
            "name": {"zh": "样例点", "en": "Sample Site"},
            "district": "340200",
            "street": "",
            "lon": 118.4,
            "lat": 31.3,
            "kind": "camera",
        }
    ],
    "devices": [
        {
            "gb_id": DEVICE,
            "kind": "recorder",
            "site": "S1",
            "name": "sipp",
            "secret": PASSWORD,
            "heartbeat_s": 60,
            "protocol": "gb28181",
            "transport": "udp",
        }
    ],
    "channels": [{"gb_id": "34020000001310000001", "device": DEVICE, "site": "S1", "name": "sipp 1"}],
}


@pytest.fixture
def stack(tmp_path: Path, program: Callable[[str, str], str]) -> Iterator[Stack]:
    """A server that knows one device."""
    program("sipp", "sip-tester")
    made = Stack(tmp_path)
    made.take_over(CITY)
    yield made
    made.stop()


def call(sipp: str, scenario: str, ready: dict[str, Any], transport: str, password: str) -> None:
    """One scenario, which has to go as written."""
    address = ("127.0.0.1", int(ready["sip_port"]))
    status, output = asyncio.run(run_sipp(sipp, scenario, address, transport, password))
    assert status == 0, output


def lines(stack: Stack, event: str) -> list[dict[str, Any]]:
    """What the server's log says under one code."""
    found = [json.loads(line) for line in stack.log().splitlines() if line.startswith("{")]
    return [each for each in found if each["event"] == event]


def channel(stack: Stack) -> dict[str, Any]:
    """The device's channel as the API shows it."""
    (found,) = stack.http.get("/api/channels").json()["channels"]
    assert isinstance(found, dict)
    return found


def test_a_foreign_device_is_let_in_and_shown(stack: Stack, program: Callable[[str, str], str]) -> None:
    """On both transports: online in the API, with where it came from in the store."""
    sipp = program("sipp", "sip-tester")
    ready = stack.serve()
    assert channel(stack)["state"] != "online"
    for transport in TRANSPORTS:
        call(sipp, "register.xml", ready, transport, PASSWORD)
        source, kept, agent = until(
            lambda kept=transport: next(  # type: ignore[misc]
                iter(stack.rows("source, transport, user_agent", "fleet_device", f"transport = '{kept}'")),
                None,
            ),
            f"{transport} is stored",
        )
        assert (source.partition(":")[0], kept, agent) == ("127.0.0.1", transport, "sipp")
    assert ("online", "fleet.registered") in stack.transitions()
    assert lines(stack, "gateway.wrong-password") == []
    assert {(each["device_name"]) for each in [channel(stack)]} == {"sipp"}


def test_a_wrong_password_is_refused_and_said_once(stack: Stack, program: Callable[[str, str], str]) -> None:
    """403; the device stays out, the log names it in one line however often it tries."""
    sipp = program("sipp", "sip-tester")
    ready = stack.serve()
    for transport in ("udp", "tcp", "udp"):
        call(sipp, "register_wrong.xml", ready, transport, "wrong")
    (line,) = lines(stack, "gateway.wrong-password")
    assert line["level"] == "warning"
    assert line["who"].startswith(DEVICE)
    assert 'event="gateway.wrong-password"} 3.0' in stack.http.get("/metrics").text
    assert stack.transitions() == []
    assert stack.rows("source", "fleet_device", "source <> ''") == []
    assert channel(stack)["state"] == "unknown"
    assert PASSWORD not in stack.log()
