"""The situation page's answer, a cause on the map, and a day in steps, over HTTP."""

from __future__ import annotations

from datetime import timedelta

from tests.web.conftest import House, OpenHouse
from tests.web.test_outages import ask, cut
from tests.web.test_usability import go, turn

from civicam.fleet.facts import ChannelId, Presence
from civicam.outages.facts import WorkId, WorkPlanned
from civicam.usability.judging import StreamMeasured


def test_each_figure_is_what_its_list_shows(house: OpenHouse) -> None:
    async def test(h: House) -> None:
        channel = await h.channel_id(1)
        await turn(h, Presence.ONLINE, "fleet.registered", "相机1")
        h.usability.stream(ChannelId(channel), StreamMeasured(4000, 0.02, 3, 25))
        await go(h, 60)
        found = (await h.http.get("/api/overview")).json()
        legs = {each["leg"]: each["counts"] for each in found["legs"]}
        assert found["channels"]["bad"] == 1
        assert legs["media"]["bad"] == 1
        for usable, leg, expected in (
            ("bad", "", found["channels"]["bad"]),
            ("bad", "media", legs["media"]["bad"]),
            ("unknown", "", found["channels"]["unknown"]),
            ("good", "signalling", legs["signalling"]["good"]),
        ):
            page = (await h.http.get("/api/channels", params={"usable": usable, "leg": leg})).json()
            assert page["total"] == expected

    ask(house, test)


def test_unknown_channels_are_all_told_why(house: OpenHouse) -> None:
    async def test(h: House) -> None:
        await go(h, 60)
        found = (await h.http.get("/api/overview")).json()
        assert found["channels"]["unknown"] > 0
        assert sum(each["channels"] for each in found["unknown"]) == found["channels"]["unknown"]
        assert found["day"]["value"] is None
        assert found["day"]["code"] == "usability.nothing-known"

    ask(house, test)


def test_open_causes_and_the_work_that_runs(house: OpenHouse) -> None:
    async def test(h: House) -> None:
        cause = await cut(h)
        now = h.clock.now()
        for begin in (now - timedelta(hours=1), now + timedelta(hours=5)):
            await h.outages.plan(
                WorkPlanned(WorkId(""), "feed", begin, begin + timedelta(hours=2), "why", "admin", now)  # type: ignore[arg-type]
            )
        found = (await h.http.get("/api/overview")).json()
        assert [each["id"] for each in found["top"]] == [cause]
        assert found["open"] == {"causes": 1, "sites": 1, "channels": 2}
        (kind,) = found["kinds"]
        page = (await h.http.get("/api/outages", params={"state": "open", "kind": kind["kind"]})).json()
        assert len(page["outages"]) == kind["counts"]["causes"] == 1
        assert [each["place_name"] for each in found["works"]] == ["馈线一"]

    ask(house, test)


def test_a_cause_on_the_map_names_the_sites_it_took(house: OpenHouse) -> None:
    async def test(h: House) -> None:
        cause = await cut(h)
        found = (await h.http.get(f"/api/outages/{cause}/map")).json()
        assert found["sites"] == [{"site_id": "S1", "channels": 2}]
        assert found["outage"]["id"] == cause
        assert found["nodes"] == []  # the fleet's own graph knows no such cabinet
        assert (await h.http.get("/api/outages/nothing/map")).status_code == 404

    ask(house, test)


def test_a_day_in_steps(house: OpenHouse) -> None:
    async def test(h: House) -> None:
        channel = await h.channel_id(1)
        await turn(h, Presence.ONLINE, "fleet.registered", "相机1")
        await go(h, 600)
        day = (await h.http.get("/api/usability/day", params={"steps": 5})).json()
        place = day["channels"].index(channel)
        assert day["first"][place] == "g"
        assert (
            day["sites"][day["site"][place]]
            == (await h.http.get(f"/api/channels/{channel}")).json()["site_id"]
        )
        assert (await h.http.get("/api/usability/day", params={"steps": 0})).status_code == 422

    ask(house, test)
