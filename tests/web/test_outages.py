"""The outage ledger and planned work over HTTP."""

from __future__ import annotations

import asyncio
import io
import zipfile
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest
from tests.web.conftest import BASE, House, OpenHouse
from tests.web.pretend_outages import CAMERAS

from civicam.outages.facts import CameBack, WentDark

BEGAN = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
ORIGIN = {"Origin": BASE}


def ask(house: OpenHouse, test: Callable[[House], Awaitable[None]]) -> None:
    async def main() -> None:
        async with house() as h:
            await h.log_in()
            await test(h)

    asyncio.run(main())


async def pass_time(h: House, seconds: float) -> None:
    for _ in range(int(seconds / 5)):
        h.clock.advance(5)
        await h.outages.step()


async def cut(h: House) -> str:
    """Both cameras of the cabinet fall silent; the row's id."""
    await h.outages.step()
    heard = [BEGAN - timedelta(seconds=second) for second in (3, 31)]
    lost = [at + timedelta(seconds=182) for at in heard]
    h.clock.advance(185)
    facts = [WentDark(camera, gone, at, 60.0) for camera, at, gone in zip(CAMERAS, heard, lost, strict=True)]
    await h.outages.take(facts)
    await pass_time(h, 60)
    (row,) = (await h.http.get("/api/outages")).json()["outages"]
    return str(row["id"])


def test_a_cause_with_its_evidence_and_channels(house: OpenHouse) -> None:
    async def test(h: House) -> None:
        outage_id = await cut(h)
        detail = (await h.http.get(f"/api/outages/{outage_id}")).json()
        assert (detail["outage"]["state"], detail["outage"]["channels"]) == ("open", 2)
        assert detail["outage"]["machine"]["rule"] == "outages-2"
        assert {"window", "share", "heard"} <= {each["line"]["code"] for each in detail["evidence"]}
        assert detail["unusable_minutes"] > 5
        first = (await h.http.get(f"/api/outages/{outage_id}/channels", params={"limit": 1})).json()
        assert [each["channel"]["channel_id"] for each in first["channels"]] == ["cam1-c0"]
        second = await h.http.get(f"/api/outages/{outage_id}/channels", params={"after": first["next"]})
        assert second.json()["next"] is None

    ask(house, test)


def test_the_causes_of_one_channel(house: OpenHouse) -> None:
    async def test(h: House) -> None:
        outage_id = await cut(h)
        found = (await h.http.get("/api/outages-of/cam1-c0")).json()
        (taken,) = found["causes"]
        assert (taken["outage"]["id"], taken["outage"]["channels"], found["more"]) == (outage_id, 2, False)
        assert [(each["ended"], each["unknown"]) for each in taken["spans"]] == [(None, False)]
        assert taken["unusable_minutes"] > 3
        before = {"to": (BEGAN - timedelta(hours=1)).isoformat()}
        assert (await h.http.get("/api/outages-of/cam1-c0", params=before)).json()["causes"] == []
        assert (await h.http.get("/api/outages-of/nobody")).json() == {"causes": [], "more": False}

    ask(house, test)


def test_back_is_recovering_and_then_closed(house: OpenHouse) -> None:
    async def test(h: House) -> None:
        outage_id = await cut(h)
        await h.outages.take([CameBack(camera, h.clock.now()) for camera in CAMERAS])
        await pass_time(h, 30)
        state = (await h.http.get(f"/api/outages/{outage_id}")).json()["outage"]["state"]
        assert state == "recovering"
        await pass_time(h, 700)
        assert (await h.http.get("/api/outages", params={"state": "open"})).json()["outages"] == []
        (row,) = (await h.http.get("/api/outages", params={"state": "closed"})).json()["outages"]
        assert row["ended_at"] is not None

    ask(house, test)


def test_a_person_overrules_with_a_reason(house: OpenHouse) -> None:
    async def test(h: House) -> None:
        outage_id = await cut(h)
        word = {"kind": "fibre", "place": "x", "attribution": "third_party", "reason": "road works"}
        h.clock.advance(5)
        said = (await h.http.post(f"/api/outages/{outage_id}/overrule", json=word, headers=ORIGIN)).json()
        assert (said["kind"], said["attribution"], said["overruled"]["reason"]) == (
            "fibre",
            "third_party",
            "road works",
        )
        assert said["machine"]["kind"] != "fibre"
        silent = word | {"reason": ""}
        answer = await h.http.post(f"/api/outages/{outage_id}/overrule", json=silent, headers=ORIGIN)
        assert answer.status_code == 422
        answer = await h.http.post("/api/outages/o0/overrule", json=word, headers=ORIGIN)
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "outages.unknown-outage")

    ask(house, test)


def test_planned_work_is_announced_changed_and_taken_back(house: OpenHouse) -> None:
    async def test(h: House) -> None:
        await h.outages.step()
        h.clock.advance(5)
        terms = {
            "begin": BEGAN.isoformat(),
            "end": (BEGAN + timedelta(hours=2)).isoformat(),
            "reason": "换表",
            "contact": "供电值班 0555-0000",
        }
        work = terms | {"nodes": ["feed"]}
        made = await h.http.post("/api/works", json=work, headers=ORIGIN)
        assert made.status_code == 201, made.text
        (first,) = made.json()["works"]
        assert (first["node_name"], first["contact"]) == ("馈线一", terms["contact"])
        work_id = first["work_id"]
        h.clock.advance(5)
        later = terms | {"node": "feed", "end": (BEGAN + timedelta(hours=3)).isoformat()}
        assert (await h.http.put(f"/api/works/{work_id}", json=later, headers=ORIGIN)).status_code == 200
        (found,) = (await h.http.get("/api/works")).json()["works"]
        assert found["end"].startswith("2026-03-02T04:00")
        h.clock.advance(5)
        assert (await h.http.delete(f"/api/works/{work_id}", headers=ORIGIN)).status_code == 204
        assert (await h.http.get("/api/works")).json()["works"] == []
        for bad in (
            work | {"end": work["begin"]},
            work | {"nodes": ["feed", "nowhere"]},
            work | {"reason": ""},
            terms,
        ):
            assert (await h.http.post("/api/works", json=bad, headers=ORIGIN)).status_code == 422
        assert (await h.http.delete("/api/works/w0", headers=ORIGIN)).status_code == 404

    ask(house, test)


def test_work_that_is_over_is_paged_what_ended_last_first(house: OpenHouse) -> None:
    async def test(h: House) -> None:
        await h.outages.step()
        for hours in (1, 3, 2):
            h.clock.advance(5)
            until = (BEGAN + timedelta(hours=hours)).isoformat()
            work = {"nodes": ["feed"], "begin": BEGAN.isoformat(), "end": until, "reason": f"{hours}"}
            assert (await h.http.post("/api/works", json=work, headers=ORIGIN)).status_code == 201
        h.clock.advance(4 * 3600)
        assert (await h.http.get("/api/works")).json()["works"] == []
        first = (await h.http.get("/api/works/past", params={"limit": 2})).json()
        rest = (await h.http.get("/api/works/past", params={"limit": 2, "after": first["next"]})).json()
        assert [each["reason"] for each in first["works"] + rest["works"]] == ["3", "2", "1"]
        assert rest["next"] is None
        bad = await h.http.get("/api/works/past", params={"after": "x"})
        assert bad.json()["error"]["code"] == "outages.bad-cursor"

    ask(house, test)


def test_exports(house: OpenHouse) -> None:
    async def test(h: House) -> None:
        outage_id = await cut(h)
        book = await h.http.get("/api/outages.xlsx")
        with zipfile.ZipFile(io.BytesIO(book.content)) as parts:
            sheets = [name for name in parts.namelist() if name.startswith("xl/worksheets/sheet")]
            assert len(sheets) == 3
            assert outage_id in parts.read("xl/sharedStrings.xml").decode()
        text = (await h.http.get("/api/outages.csv", params={"language": "en"})).content.decode("utf-8-sig")
        head, line = text.splitlines()
        assert head.startswith("id,state,cause,place")
        assert line.startswith(f"{outage_id},open,")
        whole = (await h.http.get("/api/outages.json")).json()
        assert whole["outages"][0]["outage"]["evidence"]

    ask(house, test)


@pytest.mark.parametrize(
    "query", [{"state": "x"}, {"limit": "0"}, {"from": "2026-03-02T01:00:00"}, {"after": "!"}, {"plcae": "x"}]
)
def test_queries_that_make_no_sense_are_refused(house: OpenHouse, query: dict[str, str]) -> None:
    async def test(h: House) -> None:
        assert (await h.http.get("/api/outages", params=query)).status_code == 422

    ask(house, test)


@pytest.mark.parametrize("path", ["/api/outages", "/api/outages/o", "/api/outages.csv", "/api/works"])
def test_nobody_sees_it_without_a_session(house: OpenHouse, path: str) -> None:
    async def main() -> None:
        async with house() as h:
            assert (await h.http.get(path)).status_code == 401

    asyncio.run(main())
