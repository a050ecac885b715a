"""The register over HTTP: parties, records, and where things are."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
from sqlalchemy import update

from civicam.fleet.crs import System, from_wgs84
from civicam.fleet.facts import ChannelId
from civicam.fleet.tables import channel
from civicam.kernel.errors import Refused

OpenHouse = Callable[[], AbstractAsyncContextManager[Any]]
RECORD = {
    "kind": "dome",
    "place": "junction",
    "ground": "799-7-government",
    "purpose": "traffic-safety",
    "owner_id": "bureau",
    "filed_on": "2026-02-01",
    "filing_no": "备2026-1",
}


def inside(house: OpenHouse, test: Callable[[Any], Awaitable[None]]) -> None:
    async def main() -> None:
        async with asyncio.timeout(60), house() as opened:
            await opened.log_in()
            await test(opened)

    asyncio.run(main())


async def put_record(h: Any, record: dict[str, Any], *numbers: int) -> Any:
    channels = [await h.channel_id(number) for number in numbers]
    return await h.http.put("/api/register/cameras", json={"channels": channels, "record": record})


# -- records ----------------------------------------------------------------------------------------


def test_lists_say_what_is_forbidden(house: OpenHouse) -> None:
    async def test(h: Any) -> None:
        lists = (await h.http.get("/api/register/lists")).json()
        places = {each["code"]: each for each in lists["places"]}
        assert places["changing-room"]["forbidden"]
        assert not places["junction"]["forbidden"]
        assert {"zh", "en", "basis"} <= places["junction"].keys()
        assert "799-7-government" in {each["code"] for each in lists["grounds"]}
        assert "public-order" in {each["code"] for each in lists["purposes"]}

    inside(house, test)


def test_a_camera_goes_dark_with_a_gap_and_back(house: OpenHouse) -> None:
    async def test(h: Any) -> None:
        one = ChannelId(await h.channel_id(1))
        assert (await put_record(h, RECORD | {"purpose": ""}, 1)).status_code == 204
        found = (await h.http.get(f"/api/register/cameras/{one}")).json()
        assert (found["gaps"], found["dark"]) == (["fleet.no-purpose"], "fleet.no-purpose")
        with pytest.raises(Refused, match=r"fleet\.no-purpose"):
            await h.fleet.route(one)
        page = (await h.http.get("/api/register/cameras", params={"gap": "any"})).json()
        assert [each["channel_id"] for each in page["cameras"]] == [one]
        assert (await put_record(h, RECORD, 1, 2)).status_code == 204
        await h.fleet.route(one)
        page = (await h.http.get("/api/register/cameras", params={"gap": "any"})).json()
        assert (page["cameras"], page["total"]) == ([], 0)
        found = (await h.http.get(f"/api/register/cameras/{one}")).json()
        assert found["record"]["filing_no"] == "备2026-1"
        assert found["filing_due"] is None

    inside(house, test)


def test_a_camera_that_is_not_filed_has_a_day_to_be(house: OpenHouse) -> None:
    async def test(h: Any) -> None:
        page = (await h.http.get("/api/register/cameras", params={"gap": "filing"})).json()
        assert page["total"] == 2
        assert all(each["filing_due"] is not None for each in page["cameras"])

    inside(house, test)


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"place": "toilet"}, 422, "fleet.place-forbidden"),
        ({"place": "moon"}, 422, "fleet.unknown-choice"),
        ({"ground": "because"}, 422, "fleet.unknown-choice"),
        ({"purpose": "attendance"}, 422, "fleet.unknown-choice"),
        ({"owner_id": "nobody"}, 404, "fleet.unknown-party"),
        ({"lane": 3}, 422, "fleet.wrong-lane"),
        ({"kind": "drone"}, 422, "web.bad-request"),
    ],
)
def test_a_record_that_is_refused_changes_nothing(
    house: OpenHouse, change: dict[str, Any], status: int, code: str
) -> None:
    async def test(h: Any) -> None:
        path = f"/api/register/cameras/{await h.channel_id(1)}"
        before = (await h.http.get(path)).json()
        answer = await put_record(h, RECORD | change, 1, 2)
        assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
        assert (await h.http.get(path)).json() == before

    inside(house, test)


def test_one_unknown_channel_refuses_all(house: OpenHouse) -> None:
    async def test(h: Any) -> None:
        body = {"channels": [await h.channel_id(1), "nobody"], "record": RECORD | {"purpose": "flood"}}
        answer = await h.http.put("/api/register/cameras", json=body)
        assert answer.json()["error"]["code"] == "fleet.unknown-channel"
        found = (await h.http.get(f"/api/register/cameras/{await h.channel_id(1)}")).json()
        assert found["record"]["purpose"] == "traffic-safety"

    inside(house, test)


# -- parties ----------------------------------------------------------------------------------------


def test_parties_are_kept_while_they_are_named(house: OpenHouse) -> None:
    async def test(h: Any) -> None:
        power = {"kind": "power-company", "name": "供电公司", "contact": "95598"}
        assert (await h.http.put("/api/register/parties/power", json=power)).status_code == 204
        roles = await h.http.put("/api/register/sites/S0001/parties", json={"power": "power"})
        assert roles.json()["parties"] == {"power": "power"}
        listed = (await h.http.get("/api/register/parties")).json()["parties"]
        uses = {each["party"]["party_id"]: (each["cameras"], each["sites"], each["nodes"]) for each in listed}
        assert uses == {"bureau": (2, 0, 0), "power": (0, 1, 0)}
        answer = await h.http.delete("/api/register/parties/power")
        assert (answer.status_code, answer.json()["error"]["code"]) == (409, "fleet.party-in-use")
        await h.http.put("/api/register/sites/S0001/parties", json={"power": ""})
        assert (await h.http.delete("/api/register/parties/power")).status_code == 204
        assert (await h.http.delete("/api/register/parties/power")).status_code == 404
        wrong = await h.http.put("/api/register/sites/S9/parties", json={"power": "bureau"})
        assert wrong.json()["error"]["code"] == "fleet.unknown-site"

    inside(house, test)


# -- places -----------------------------------------------------------------------------------------


def test_what_is_said_of_a_place(house: OpenHouse) -> None:
    async def test(h: Any) -> None:
        path = "/api/register/places/site/S0001"
        lon, lat = from_wgs84((118.42, 31.32), System.BD09)
        body = {"lon": f"{lon:.7f}", "lat": f"{lat:.7f}", "system": "bd09", "surveyed_on": "2026-02-03"}
        said = (await h.http.put(f"{path}/survey", json=body)).json()["statements"]
        by_source = {each["source"]: each for each in said}
        survey = by_source["survey"]
        assert (survey["raw_lon"], survey["system"], survey["by"]) == (body["lon"], "bd09", "admin")
        assert (survey["lon"], survey["lat"]) == pytest.approx((118.42, 31.32), abs=1e-6)
        assert (survey["counts"], by_source["import"]["counts"]) == (True, False)
        site = (await h.http.get("/api/sites/S0001")).json()["site"]
        assert (site["lon"], site["lat"]) == pytest.approx((118.42, 31.32), abs=1e-6)
        assert (await h.http.delete(f"{path}/survey")).status_code == 204
        site = (await h.http.get("/api/sites/S0001")).json()["site"]
        assert (site["lon"], site["lat"]) == pytest.approx((118.41, 31.3))
        assert (await h.http.delete(f"{path}/survey")).json()["error"]["code"] == "fleet.unknown-statement"
        refused = await h.http.put(f"{path}/catalogue", json=body)
        assert refused.json()["error"]["code"] == "fleet.catalogue-says"
        assert (await h.http.get("/api/register/places/site/S9")).status_code == 404

    inside(house, test)


def test_suspicious_and_unplaced(house: OpenHouse) -> None:
    """S0001 is nowhere, and its camera says where; S0002 is right, and its camera tells GCJ-02 as WGS-84."""

    async def test(h: Any) -> None:
        nothing: dict[str, Any] = {"suspicious": [], "next": None, "counts": {}, "accepted": 0}
        assert (await h.http.get("/api/register/places/suspicious")).json() == nothing
        await h.http.delete("/api/register/places/site/S0001/import")
        bent = from_wgs84((118.42, 31.3), System.GCJ02)
        reports = {await h.channel_id(1): (118.4123, 31.3012), await h.channel_id(2): bent}
        for channel_id, (lon, lat) in reports.items():
            work = update(channel).where(channel.c.channel_id == channel_id).values(lon=lon, lat=lat)
            await h.database.write(lambda c, work=work: c.execute(work).rowcount)
        (lost,) = (await h.http.get("/api/register/places/unplaced")).json()["unplaced"]
        assert (lost["site_id"], lost["channels"], lost["lon"], lost["lat"]) == (
            "S0001",
            1,
            118.4123,
            31.3012,
        )
        site = (await h.http.get("/api/sites/S0001")).json()["site"]
        assert (site["lon"], site["lat"]) == (None, None)
        (listed,) = (await h.http.get("/api/register/places/suspicious")).json()["suspicious"]
        found = listed["row"]
        assert listed["name"]["zh"].endswith("通道2")
        assert found["remedy"]["system"] == "gcj02"
        assert abs(found["remedy"]["lon"] - 118.42) < 1e-6
        assert (found["kind"], found["doubt"], found["source"]) == ("channel", "gcj02-shift", "catalogue")
        assert 300 < found["off_m"] < 700
        zero = {"lon": "0", "lat": "0"}
        await h.http.put("/api/register/places/site/S0001/manual", json=zero)
        page = (await h.http.get("/api/register/places/suspicious")).json()
        found = [each["row"] for each in page["suspicious"]]
        assert page["counts"] == {"blank": 1, "gcj02-shift": 1}
        assert {(each["subject"], each["doubt"]) for each in found if each["kind"] == "site"} == {
            ("S0001", "blank")
        }
        said = {
            key: listed["row"][key] for key in ("kind", "subject", "source", "doubt", "raw_lon", "raw_lat")
        }
        assert (await h.http.post("/api/register/places/accept", json=said)).status_code == 204
        page = (await h.http.get("/api/register/places/suspicious")).json()
        assert ([each["row"]["doubt"] for each in page["suspicious"]], page["accepted"]) == (["blank"], 1)
        one = {"doubt": "gcj02-shift"}
        assert (await h.http.get("/api/register/places/suspicious", params=one)).json()["suspicious"] == []
        other = from_wgs84((118.4202, 31.3002), System.GCJ02)  # the device says something else: listed again
        work = update(channel).where(channel.c.channel_id == said["subject"])
        await h.database.write(lambda c: c.execute(work.values(lon=other[0], lat=other[1])).rowcount)
        page = (await h.http.get("/api/register/places/suspicious", params=one)).json()
        assert [each["row"]["subject"] for each in page["suspicious"]] == [said["subject"]]

    inside(house, test)


def test_a_site_is_edited(house: OpenHouse) -> None:
    async def test(h: Any) -> None:
        areas = (await h.http.get("/api/register/areas")).json()["places"]
        district = next(each["code"] for each in areas if not each["district"])
        sheet = (await h.http.get("/api/register/sites/S0001")).json()
        form = {
            "name_zh": " 新名字 ",
            "district": sheet["form"]["district"],
            "kind": "checkpoint",
            "lanes": 4,
        }
        answer = await h.http.put("/api/register/sites/S0001", json=form)
        assert answer.status_code == 200, answer.text
        assert answer.json()["form"]["name"] == {"zh": "新名字", "en": "新名字"}
        assert (await h.http.get("/api/sites/S0001")).json()["site"]["name"]["zh"] == "新名字"
        for wrong, code in (
            ({"district": "999999"}, "fleet.unknown-place"),
            ({"street": district}, "fleet.unknown-place"),
            ({"lanes": 3}, "fleet.wrong-site-kind"),
            ({"kind": "camera"}, "fleet.wrong-site-kind"),
            ({"name_zh": "  "}, "web.bad-request"),
        ):
            answer = await h.http.put("/api/register/sites/S0001", json=form | wrong)
            assert (answer.status_code, answer.json()["error"]["code"]) == (422, code)
        assert (await h.http.put("/api/register/sites/S9", json=form)).status_code == 404
        assert (await h.http.get("/api/register/sites/S9")).status_code == 404

    inside(house, test)


def test_which_system_a_list_is_in(house: OpenHouse) -> None:
    async def test(h: Any) -> None:
        known = []
        for truth in ((118.41, 31.33), (118.43, 31.35), (118.46, 31.34)):
            lon, lat = from_wgs84(truth, System.GCJ02)
            known.append({"first": lat, "second": lon, "lon": truth[0], "lat": truth[1]})
        found = (await h.http.post("/api/register/places/calibrate", json={"known": known})).json()
        assert found["decided"]
        best = found["fits"][0]
        assert (best["system"], best["swapped"], best["residuals"]) == ("gcj02", True, [0, 0, 0])
        few = await h.http.post("/api/register/places/calibrate", json={"known": known[:2]})
        assert few.json()["error"]["code"] == "fleet.calibrate-few"

    inside(house, test)
