"""What the console reads: situation, tree, sites, channels, search, sources."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from civicam.fleet.facts import Presence, PresenceChanged
from civicam.kernel.errors import Refused

OpenHouse = Callable[[], AbstractAsyncContextManager[Any]]

RECORD = {
    "kind": "third-party",
    "place": "commerce",
    "ground": "799-9-duty",
    "purpose": "crowd-safety",
    "owner_id": "bureau",
}


def inside(house: OpenHouse, test: Callable[[Any], Awaitable[None]]) -> None:
    async def main() -> None:
        async with asyncio.timeout(60), house() as opened:
            await opened.log_in()
            await test(opened)

    asyncio.run(main())


async def goes(h: Any, number: int, after: Presence, reason: str) -> None:
    """Device ``number`` changes its presence."""
    device = (await h.fleet.devices())[number - 1]
    change = PresenceChanged(device.device_id, device.last_presence, after, reason, h.clock.now())
    await h.fleet.presence(change)


def test_the_situation_counts_what_is_known(house: OpenHouse) -> None:
    async def test(h: Any) -> None:
        seen = (await h.http.get("/api/situation")).json()
        assert seen["sites"] == 2
        assert seen["devices"] == {"total": 2, "online": 0, "offline": 0, "unknown": 2}
        await goes(h, 1, Presence.ONLINE, "fleet.registered")
        await goes(h, 2, Presence.OFFLINE, "fleet.heartbeat-lost")
        h.engine.stream("x", viewers=3)
        seen = (await h.http.get("/api/situation")).json()
        assert seen["devices"] == {"total": 2, "online": 1, "offline": 1, "unknown": 0}
        assert seen["channels"] == {"total": 2, "online": 1, "offline": 1, "unknown": 0}
        assert seen["streams"] == {"open": 1, "viewers": 3, "kbps": 1500.0}
        newest = seen["recent"][0]
        assert (newest["name"], newest["before"], newest["after"], newest["reason"]) == (
            "相机2",
            "unknown",
            "offline",
            "fleet.heartbeat-lost",
        )

    inside(house, test)


def test_the_tree_goes_from_district_to_channel(house: OpenHouse) -> None:
    async def test(h: Any) -> None:
        await goes(h, 1, Presence.ONLINE, "fleet.registered")

        async def children(parent: str) -> list[dict[str, Any]]:
            nodes: list[dict[str, Any]] = (await h.http.get("/api/tree", params={"parent": parent})).json()[
                "nodes"
            ]
            return nodes

        [district] = await children("")
        assert (district["kind"], district["online"], district["total"]) == ("district", 1, 2)
        assert district["state"] == "partial"
        [street] = await children(district["id"])
        sites = await children(street["id"])
        assert [(s["name"]["en"], s["state"]) for s in sites] == [("Site 1", "online"), ("Site 2", "unknown")]
        [channel] = await children(sites[0]["id"])
        assert (channel["kind"], channel["has_children"]) == ("channel", False)
        assert channel["id"] == await h.channel_id(1)
        assert await children("nothing") == []

    inside(house, test)


def test_a_site_shows_its_channels(house: OpenHouse) -> None:
    async def test(h: Any) -> None:
        sites = (await h.http.get("/api/sites")).json()["sites"]
        assert [s["id"] for s in sites] == ["S0001", "S0002"]
        found = (await h.http.get("/api/sites/S0001")).json()
        assert found["site"]["name"] == {"zh": "点位1", "en": "Site 1"}
        [channel] = found["channels"]
        assert channel["ptz"] is True  # type 1, a dome
        assert channel["streams"] == ["main", "sub"]
        assert channel["state"] == "unknown"
        assert channel["reason"] == "fleet.not-seen-yet"
        missing = await h.http.get("/api/sites/S9999")
        assert (missing.status_code, missing.json()["error"]["code"]) == (404, "fleet.unknown-site")

    inside(house, test)


def test_channels_are_paged_and_filtered(house: OpenHouse) -> None:
    async def test(h: Any) -> None:
        async def page(**wanted: Any) -> dict[str, Any]:
            found: dict[str, Any] = (await h.http.get("/api/channels", params=wanted)).json()
            return found

        first = await page(limit=1)
        assert first["total"] == 2
        second = await page(limit=1, after=first["next"])
        assert [c["name"] for c in first["channels"] + second["channels"]] == ["通道1", "通道2"]
        assert second["next"] is None
        await goes(h, 2, Presence.ONLINE, "fleet.registered")
        assert [c["name"] for c in (await page(state="online"))["channels"]] == ["通道2"]
        assert (await page(q="Site 1"))["total"] == 1
        assert (await page(q="%"))["total"] == 0
        assert (await page(district="999999"))["total"] == 0
        bad = await h.http.get("/api/channels", params={"after": "Ä"})
        assert (bad.status_code, bad.json()["error"]["code"]) == (422, "fleet.bad-cursor")
        unknown = await h.http.get("/api/channels/nothing")
        assert unknown.status_code == 404

    inside(house, test)


def test_search_finds_places_devices_and_channels(house: OpenHouse) -> None:
    async def test(h: Any) -> None:
        async def kinds(q: str) -> list[str]:
            return [hit["kind"] for hit in (await h.http.get("/api/search", params={"q": q})).json()["hits"]]

        assert await kinds("east") == ["district"]
        assert await kinds("点位1") == ["site"]
        assert await kinds("34020000001320000001") == ["device"]
        assert await kinds("34020000001310000002") == ["channel"]
        assert await kinds("   ") == []

    inside(house, test)


def test_a_source_without_a_record_is_enrolled_and_stays_dark(house: OpenHouse) -> None:
    async def test(h: Any) -> None:
        await h.http.post("/api/sources", json={"name": "门口", "url": "rtsp://192.0.2.50:554/main"})
        [source] = (await h.http.get("/api/sources")).json()["sources"]
        with pytest.raises(Refused, match=r"fleet\.no-owner"):
            await h.fleet.route(source["channel_id"])

    inside(house, test)


def test_a_source_is_enrolled_and_its_password_never_comes_back(house: OpenHouse) -> None:
    async def test(h: Any) -> None:
        told: list[int] = []
        h.fleet.changed.append(lambda: told.append(1))
        body = {
            "name": "商场门口",
            "url": "rtsp://192.0.2.50:554/main",
            "username": "viewer",
            "password": "s3cret-pass",
            "site_id": "S0001",
            "camera": RECORD,
        }
        made = await h.http.post("/api/sources", json=body)
        assert made.status_code == 201
        listed = await h.http.get("/api/sources")
        [source] = listed.json()["sources"]
        assert source["id"] == made.json()["id"]
        assert "s3cret-pass" not in listed.text
        route = await h.fleet.route(source["channel_id"])
        assert (route.rtsp_url, route.username, route.password) == (body["url"], "viewer", "s3cret-pass")
        raw = await h.database.read(lambda c: str(c.exec_driver_sql("SELECT * FROM fleet_device").all()))
        assert "s3cret-pass" not in raw
        assert "secret-1" not in raw
        assert (await h.http.delete(f"/api/sources/{source['id']}")).status_code == 204
        assert (await h.http.get("/api/sources")).json()["sources"] == []
        assert (await h.http.delete(f"/api/sources/{source['id']}")).status_code == 404
        assert told == [1, 1]

    inside(house, test)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"url": "http://192.0.2.50/main"}, "fleet.bad-url"),
        ({"url": "rtsp://user:pass@192.0.2.50/main"}, "fleet.bad-url"),
        ({"url": "rtsp://"}, "web.bad-request"),
        ({"site_id": "S9999"}, "fleet.unknown-site"),
        ({"camera": RECORD | {"place": "changing-room"}}, "fleet.place-forbidden"),
        ({"camera": RECORD | {"purpose": "attendance"}}, "fleet.unknown-choice"),
        ({"camera": RECORD | {"owner_id": "nobody"}}, "fleet.unknown-party"),
        ({"name": ""}, "web.bad-request"),
    ],
)
def test_a_source_that_cannot_work_is_refused(house: OpenHouse, change: dict[str, Any], code: str) -> None:
    async def test(h: Any) -> None:
        answer = await h.http.post(
            "/api/sources", json={"name": "x", "url": "rtsp://192.0.2.50/main", **change}
        )
        assert answer.json()["error"]["code"] == code
        assert "pass@" not in answer.text
        assert (await h.http.get("/api/sources")).json()["sources"] == []

    inside(house, test)


def test_the_system_page_names_parts_and_workers(house: OpenHouse) -> None:
    async def test(h: Any) -> None:
        h.clock.advance(12)
        seen = (await h.http.get("/api/system")).json()
        assert seen["components"] == [{"name": "store", "state": "ok", "detail": "sqlite"}]
        assert seen["workers"][0]["viewer_port"] == 8081
        assert seen["uptime_s"] == 12.0

    inside(house, test)
