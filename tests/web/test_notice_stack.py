"""The whole way of what devices tell by themselves: an order at the simulator's control socket, SIP, the API.

[CAMERA]──NOTIFY──[civicam serve]──HTTP──(this test)──control socket──[simulator]
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.web.stack import Stack, until

from civicam.simulator.control import ask

pytestmark = [pytest.mark.slow, pytest.mark.serial]

CHANNELS = 4


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    """A recorder on UDP with several channels and a camera on TCP, registered and subscribed to."""
    made = Stack(tmp_path, GATEWAY__GRACE_S="0")
    described = made.described()
    counts: dict[str, int] = {}
    for channel in described["channels"]:
        counts[channel["device"]] = counts.get(channel["device"], 0) + 1
    recorder = next(d for d in described["devices"] if counts[d["gb_id"]] >= CHANNELS)
    camera = next(d for d in described["devices"] if d["kind"] == "camera" and d["transport"] == "tcp")
    recorder["transport"] = "udp"
    kept = {recorder["gb_id"], camera["gb_id"]}
    described |= {"devices": [recorder, camera], "feeds": [], "fibres": [], "graph": {}}
    described["channels"] = [c for c in described["channels"] if c["device"] in kept]
    made.take_over(described)
    ready = made.serve()
    made.simulate(ready, tmp_path / "city.json", "--signalling-only", "--control", str(tmp_path / "control"))
    until(made.all_online, "both devices online")
    until(lambda: all(subscribed(made, each["id"]) for each in devices(made)), "all subscribed to")
    yield made
    made.stop()


def devices(stack: Stack) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = stack.http.get("/api/devices").json()["devices"]
    return found


def subscribed(stack: Stack, device_id: str) -> bool:
    """Both to the catalogue and to alarms."""
    told = json.dumps(stack.http.get(f"/api/devices/{device_id}").json())
    return told.count('"state": "active"') >= 2


def order(stack: Stack, **request: object) -> dict[str, Any]:
    answer = ask(stack.folder / "control", dict(request))
    assert answer["ok"], answer
    return answer


def alarms(stack: Stack) -> list[dict[str, Any]]:
    """Newest first."""
    found: list[dict[str, Any]] = stack.http.get("/api/alarms").json()["alarms"]
    return found


def channels(stack: Stack) -> dict[str, str]:
    """State of every channel by its id."""
    found = stack.http.get("/api/channels", params={"limit": 1000}).json()["channels"]
    return {each["gb_id"]: each["state"] for each in found}


def test_an_alarm_is_there_whichever_way_it_came(stack: Stack) -> None:
    """In the subscription; then outside it, as some devices send it though they are subscribed to.

    Two alarms of one kind in one second are one: the second is of another type.
    """
    target = next(iter(channels(stack)))
    for kind, how in enumerate(("notify", "message"), 1):
        answer = order(stack, do="alarm", target=target, method=5, type=kind, priority=kind)
        assert answer["sent"] == {how: 1}
        until(functools.partial(there, stack, kind), f"alarm {kind}")
        newest = alarms(stack)[0]
        assert (newest["source_id"], newest["how"]) == (target, how)
        assert (newest["method"], newest["type"], newest["priority"]) == (5, kind, kind)
        order(stack, do="fault", kind="alarms-as-message", target=target)


def there(stack: Stack, count: int) -> bool:
    return len(alarms(stack)) == count


def test_one_channel_goes_dark_and_comes_back(stack: Stack) -> None:
    before = channels(stack)
    assert set(before.values()) == {"online"}
    target = next(iter(before))
    order(stack, do="fault", kind="channel-off", target=target)
    until(lambda: channels(stack)[target] != "online", "the channel offline")
    assert {state for gb_id, state in channels(stack).items() if gb_id != target} == {"online"}
    order(stack, do="clear")
    until(lambda: channels(stack) == before, "the channel online again")
