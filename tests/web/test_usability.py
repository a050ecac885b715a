"""Usability over HTTP and on the consoles' line."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

from tests.web.conftest import House, OpenHouse
from tests.web.test_alarms import ask
from tests.web.test_events import inside, until

from civicam.fleet.facts import ChannelId, Presence, PresenceChanged
from civicam.usability.judging import StreamMeasured


async def go(h: Any, seconds: float) -> None:
    """Time goes by, and what is believed is written."""
    for _ in range(int(seconds // 10)):
        h.clock.advance(10)
        h.usability.collector.tick()
    await h.usability.collector.flush()


async def turn(h: Any, presence: Presence, reason: str, *names: str) -> None:
    """Devices come or go, the way the gateway tells it, and the news has arrived."""
    h.clock.advance(1)
    for record in await h.fleet.devices():
        if record.name in names:
            fact = PresenceChanged(record.device_id, Presence.UNKNOWN, presence, reason, h.clock.now())
            await h.fleet.presence(fact)
    await h.usability.sync()


async def get(h: House, path: str, **query: Any) -> Any:
    answer = await h.http.get(f"/api/usability/{path}", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_the_five_legs_of_a_channel_with_their_proofs(house: OpenHouse) -> None:
    async def test(h: House) -> None:
        channel = await h.channel_id(1)
        await turn(h, Presence.ONLINE, "fleet.registered", "相机1")
        h.usability.stream(ChannelId(channel), StreamMeasured(4000, 0.02, 3, 25))
        await go(h, 60)
        found = await get(h, f"channels/{channel}")
        assert found["state"] == "bad"
        legs = {each["leg"]: each for each in found["legs"]}
        assert {leg: each["state"] for leg, each in legs.items()} == {
            "signalling": "good",
            "media": "bad",
            "picture": "not configured",
            "recording": "not configured",
            "clock": "not configured",
        }
        proof = legs["media"]["proof"]
        assert (proof["code"], proof["measured"], proof["limit"]) == ("usability.loss", 0.02, 0.001)
        assert "0.02" in proof["why"]["zh"]
        assert (await h.http.get("/api/usability/channels/nobody")).status_code == 404

    ask(house, test)


def test_a_channel_at_a_moment_and_its_strip(house: OpenHouse) -> None:
    async def test(h: House) -> None:
        channel, began = await h.channel_id(1), h.clock.now()
        await turn(h, Presence.ONLINE, "fleet.registered", "相机1", "相机2")
        await go(h, 600)
        await turn(h, Presence.OFFLINE, "fleet.heartbeat-lost", "相机1")
        lost = h.clock.now()
        await go(h, 600)
        then = await get(h, f"channels/{channel}/at", time=(began + timedelta(seconds=700)).isoformat())
        assert (then["state"], then["legs"][0]["proof"]["code"]) == ("bad", "fleet.heartbeat-lost")
        assert then["legs"][0]["since"] == lost.isoformat().replace("+00:00", "Z")
        strip = await get(h, f"channels/{channel}/strip", days=1)
        assert [each["state"] for each in strip["spans"][-2:]] == ["good", "bad"]
        assert strip["spans"][-1]["legs"] == ["signalling"]
        assert sum(strip["seconds"].values()) == 86_400
        states = (await get(h, "states"))["states"]
        assert states == {channel: "bad", await h.channel_id(2): "good"}
        earlier = await get(h, "states", time=(began + timedelta(seconds=300)).isoformat())
        assert set(earlier["states"].values()) == {"good"}
        future = await h.http.get(
            f"/api/usability/channels/{channel}/at",
            params={"time": (h.clock.now() + timedelta(1)).isoformat()},
        )
        assert (future.status_code, future.json()["error"]["code"]) == (422, "usability.bad-period")

    ask(house, test)


def test_rates_say_what_they_are_made_of(house: OpenHouse) -> None:
    async def test(h: House) -> None:
        await turn(h, Presence.ONLINE, "fleet.registered", "相机1")
        await turn(h, Presence.OFFLINE, "fleet.heartbeat-lost", "相机2")
        began = h.clock.now()
        await go(h, 3600)
        period = {"from": began.isoformat(), "to": h.clock.now().isoformat()}
        (whole,) = (await get(h, "rates", **period))["groups"]
        rate = whole["rate"]
        assert (whole["channels"], rate["value"]) == (2, 0.5)
        assert (rate["numerator"], rate["denominator"], rate["coverage"]) == (60.0, 120.0, 1.0)
        assert "÷" in rate["definition"]["zh"]
        assert [each["code"] for each in rate["exclusions"]] == [
            "usability.excluded-unknown",
            "usability.excluded-not-configured",
        ]
        sites = (await get(h, "rates", by="site", **period))["groups"]
        assert [(each["name"]["en"], each["rate"]["value"]) for each in sites] == [
            ("Site 1", 1.0),
            ("Site 2", 0.0),
        ]
        (clock,) = (await get(h, "rates", leg="clock", **period))["groups"]
        assert clock["rate"]["value"] is None
        assert clock["rate"]["code"] == "usability.nothing-known"
        one = await h.channel_id(1)
        (listed,) = (await get(h, "rates", channels=[one], **period))["groups"]
        assert (listed["channels"], listed["rate"]["value"]) == (1, 1.0)
        for wrong in (
            {"by": "colour"},
            {"from": "yesterday"},
            {"to": began.isoformat(), "from": began.isoformat()},
        ):
            assert (await h.http.get("/api/usability/rates", params=wrong)).status_code == 422

    ask(house, test)


def test_consoles_hear_at_once_what_became_of_a_channel(house: OpenHouse) -> None:
    async def test(h: Any, connect: Any) -> None:
        async with connect() as line:
            await turn(h, Presence.ONLINE, "fleet.registered", "相机1")
            at = h.clock.now()
            asking = asyncio.create_task(until(line, lambda message: message["type"] == "usable"))
            await go(h, 60)
            (told,) = await asking
            assert {
                "channel_id": await h.channel_id(1),
                "state": "good",
                "at": at.isoformat(),
                "legs": [],
            } in told["events"]

    inside(house, test)


def test_what_the_fleet_says_of_channels_arrives_by_itself(house: OpenHouse) -> None:
    """No sync: the fact of the outbox alone."""

    async def test(h: House) -> None:
        device = next(each for each in await h.fleet.devices() if each.name == "相机1")
        h.clock.advance(1)
        fact = PresenceChanged(
            device.device_id, Presence.UNKNOWN, Presence.ONLINE, "fleet.registered", h.clock.now()
        )
        before = h.usability.collector.counters["readings_signalling"]
        await h.fleet.presence(fact)
        async with asyncio.timeout(10):
            while h.usability.collector.counters["readings_signalling"] == before:  # noqa: ASYNC110 -- the outbox offers no event
                await asyncio.sleep(0)
        await go(h, 60)
        assert (await get(h, f"channels/{await h.channel_id(1)}"))["state"] == "good"

    ask(house, test)
