"""Simulated devices register at a registrar that is not ours, and beat.

[RECORDER ×20]──SIP, UDP──[Kamailio]
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.interop.test_sipp_server import CITY
from tests.web.stack import Stack, until

from civicam.bench.signalling_kamailio import kamailio
from civicam.bench.signalling_messages import PASSWORD, REALM
from civicam.kernel.errors import Operational
from civicam.simulator.control import ask

pytestmark = [pytest.mark.interop, pytest.mark.slow]

DEVICES = 20


def test_a_foreign_registrar_takes_our_devices(tmp_path: Path, program: Callable[[str, str], str]) -> None:
    """Its challenge has neither qop nor algorithm; its 200 tells the expiry in Contact alone."""
    program("kamailio", "kamailio")
    stack = Stack(tmp_path)
    known: list[dict[str, object]] = CITY["devices"]  # type: ignore[assignment]
    ids = [f"3402000000118{each:07d}" for each in range(1, DEVICES + 1)]
    devices = [{**known[0], "gb_id": each, "secret": PASSWORD, "heartbeat_s": 5} for each in ids]
    city = {**CITY, "realm": REALM, "devices": devices, "channels": []}
    (tmp_path / "city.json").write_text(json.dumps(city, ensure_ascii=False))
    control = tmp_path / "control"

    def registered() -> int:
        try:
            return int(ask(control, {"do": "stats"})["stats"]["registered"])
        except Operational:  # it is not up yet
            return 0

    with kamailio(None) as registrar:
        try:
            ready = {"sip_port": registrar.port}
            stack.simulate(ready, tmp_path / "city.json", "--signalling-only", "--control", str(control))
            until(lambda: registered() == DEVICES, "all are registered")
        finally:
            stack.stop()
