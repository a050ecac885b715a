"""What requests leave in the audit log: before, afterwards, refused; and nothing is done without a line."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from civicam.audit.facts import Part, Stamped, Wanted
from civicam.kernel.errors import Refused
from civicam.web.app import api
from civicam.web.audited import EXPLICIT, READS, WRITTEN
from civicam.web.damper import Damper

OpenHouse = Callable[[], AbstractAsyncContextManager[Any]]
HANDED_OUT = (
    ".jsonl",
    "/audit/entries",
    "/entries/{seq}",
    ".xlsx",
    ".csv",
    ".json",
    ".txt",
    "/file",
    "/snapshot",
    "/pictures/{number}",
)
"""How a GET ends that hands something out."""
BLANK = {"template.xlsx", "errors.xlsx"}
"""Workbooks with nothing of the city in them, or what the asker has just sent."""


def test_every_route_that_does_something_is_audited() -> None:
    """From the API's own description: a route somebody adds tomorrow is a fault until it has its words."""
    found = set()
    for path, methods in api().openapi()["paths"].items():
        for method in methods:
            does = method != "get" or path.endswith(HANDED_OUT)
            if does and path.rsplit("/", 1)[-1] not in BLANK:
                found.add((method.upper(), path.removeprefix("/api")))
    known = WRITTEN.keys() | EXPLICIT.keys() | READS
    assert found - known == set()
    assert known - found == set()
    assert not WRITTEN.keys() & EXPLICIT.keys()


def run(house: OpenHouse, story: Callable[[Any], Any]) -> None:
    async def life() -> None:
        async with house() as h:
            await h.log_in()
            await story(h)

    asyncio.run(life())


async def newest(h: Any, **wanted: Any) -> list[Stamped]:
    found: list[Stamped] = await h.audit.search(Wanted(**wanted))
    return found


def part(entry: Stamped, name: Part) -> Any:
    return json.loads(entry.parts[name].text)


def test_moving_a_camera_is_written_before_the_camera_hears_of_it(house: OpenHouse) -> None:
    async def story(h: Any) -> None:
        channel = await h.channel_id()
        body = {"pan": 1, "tilt": 0, "zoom": 0, "speed": 0.5}
        answer = await h.http.post(f"/api/channels/{channel}/ptz", json=body)
        (entry, *_) = await newest(h, action="ptz.")
        lines = await newest(h, action="ptz.")
        record = json.loads(lines[-1].record)
        assert (lines[-1].action, lines[-1].result, record["kind"]) == ("ptz.move", "allowed", "channel")
        assert record["request"] == answer.headers["X-Request-Id"]
        assert part(entry, Part.WHAT) == {"id": channel, "text": "通道1"}
        who = part(entry, Part.WHO)
        assert (who["name"], who["client"]) == ("admin", "192.0.2.7")
        assert part(lines[-1], Part.CHANGE)["after"] == {"asked": {**body, "speed": "0.5"}}
        if answer.status_code >= 400:
            assert (lines[0].result, json.loads(lines[0].record)["code"]) == (
                "refused",
                answer.json()["error"]["code"],
            )

    run(house, story)


def test_watching_is_on_record_with_the_request_and_its_end(house: OpenHouse) -> None:
    async def story(h: Any) -> None:
        answer = await h.http.post("/api/live", json={"channel_id": await h.channel_id()})
        assert answer.status_code == 200, answer.text
        (began,) = await newest(h, action="view.sub")
        record = json.loads(began.record)
        assert (record["purpose"], record["request"]) == ("duty", answer.headers["X-Request-Id"])
        await h.http.delete(f"/api/live/{answer.json()['session_id']}")
        (ended,) = await newest(h, action="view.end")
        assert json.loads(ended.record)["facts"] == record["facts"]

    run(house, story)


def test_without_a_line_there_is_no_video_and_no_movement(house: OpenHouse) -> None:
    """The log cannot be written: what is asked is refused, with the reason, and the gateway hears nothing."""

    async def story(h: Any) -> None:
        channel = await h.channel_id()

        async def full(entry: object) -> int:
            raise Refused("audit.no-entry", reason="db.full")

        h.audit.append = full
        asked: list[tuple[str, dict[str, Any], str]] = [
            ("/api/live", {"channel_id": channel}, "access.no-record"),
            (f"/api/channels/{channel}/ptz", {"pan": 1, "tilt": 0, "zoom": 0}, "audit.no-entry"),
            (f"/api/channels/{channel}/key-frame", {}, "audit.no-entry"),
        ]
        for path, body, code in asked:
            answer = await h.http.post(path, json=body)
            error = answer.json()["error"]
            assert (answer.status_code, error["code"], error["data"]["reason"]) == (503, code, "db.full")
            assert "db.full" in error["message"]["zh-CN"]
        answer = await h.http.get(f"/api/channels/{channel}/snapshot")
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "access.no-record")
        link = await h.http.post("/api/session/link", json={"token": await h.access.make_link()})
        assert (link.status_code, link.json()["error"]["code"]) == (503, "audit.no-entry")
        assert "set-cookie" not in link.headers

    run(house, story)


def test_what_is_refused_is_on_record_too(house: OpenHouse) -> None:
    async def story(h: Any) -> None:
        answer = await h.http.delete("/api/register/parties/nobody")
        assert answer.status_code == 404
        refused, asked = await newest(h, action="party.remove")
        assert (asked.result, refused.result) == ("allowed", "refused")
        assert json.loads(refused.record)["code"] == "fleet.unknown-party"
        assert json.loads(refused.record)["request"] == json.loads(asked.record)["request"]

    run(house, story)


def test_log_ins_and_failures_to(house: OpenHouse) -> None:
    """A name that is no user's is not kept: people type their password there."""

    async def story(h: Any) -> None:
        for name in ("admin", "my secret password"):
            await h.http.post("/api/session", json={"name": name, "password": "wrong wrong wrong"})
        await h.http.delete("/api/session")
        ended, unknown, wrong, began = await newest(h, action="session.")
        assert [each.action for each in (began, ended)] == ["session.begin", "session.end"]
        assert [json.loads(each.record)["code"] for each in (wrong, unknown)] == ["access.bad-password"] * 2
        assert [part(each, Part.WHO)["name"] for each in (began, wrong, unknown)] == ["admin", "admin", ""]
        kept = "".join(each.text for entry in await newest(h) for each in entry.parts.values())
        assert "wrong wrong" not in kept
        assert "secret password" not in kept

    run(house, story)


def test_whoever_is_not_let_in_is_written_once_a_minute(house: OpenHouse) -> None:
    async def story(h: Any) -> None:
        await h.http.delete("/api/session")
        for _ in range(5):
            assert (await h.http.get("/api/devices")).status_code == 401
        (first,) = await newest(h, action="access.refused")
        assert json.loads(first.record)["code"] == "access.no-session"
        assert part(first, Part.WHAT)["text"] == "GET /api/devices"
        h.clock.advance(61)
        await h.http.get("/api/devices")
        assert json.loads((await newest(h, action="access.refused"))[0].record)["facts"] == {"more": 4}

    run(house, story)


def test_secrets_that_are_sent_are_not_kept(house: OpenHouse) -> None:
    async def story(h: Any) -> None:
        canary = "Zq7canary9Xv2"
        node = "S0001"
        secrets = {"community": canary, "user": "u", "auth": "none", "auth_key": canary, "priv_key": canary}
        for path, body in (
            (f"/api/agents/{node}", {"host": "192.0.2.9", "version": "2c", "secrets": secrets}),
            ("/api/account/password", {"password": canary}),
            ("/api/sources", {"name": "x", "url": f"rtsp://u:{canary}@192.0.2.4/1", "password": canary}),
        ):
            await h.http.request("PUT" if "agents" in path else "POST", path, json=body)
        entries = await newest(h)
        assert {"agent.set", "account.password", "source.add"} <= {each.action for each in entries}
        kept = "".join(e.record.decode() + "".join(k.text for k in e.parts.values()) for e in entries)
        assert canary not in kept

    run(house, story)


@pytest.mark.parametrize("keys", [2])
def test_a_damper_forgets_the_oldest(keys: int) -> None:
    damper = Damper(10.0, keys)
    assert [damper.due(key, 0.0) for key in ("a", "a", "b", "c", "a")] == [0, None, 0, 0, 0]
    assert damper.due("c", 9.9) is None
    assert damper.due("c", 10.0) == 1
