"""The log over HTTP: searched, proved, exported; the verifier has the last word."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

from civicam.audit.facts import Entry, Part
from civicam.audit.tree import is_consistent, is_included
from civicam.audit.verifier import Verifier

OpenHouse = Callable[[], AbstractAsyncContextManager[Any]]


def run(house: OpenHouse, story: Callable[[Any], Any]) -> None:
    async def life() -> None:
        async with house() as h:
            await h.log_in()
            await story(h)

    asyncio.run(life())


def test_an_entry_is_proved_against_the_newest_checkpoint(house: OpenHouse) -> None:
    async def story(h: Any) -> None:
        seq = await h.audit.append(Entry("x"))
        loose = (await h.http.get(f"/api/audit/entries/{seq}")).json()
        assert loose["checkpoint"] is None
        checkpoint = await h.audit.keeper.checkpoint()
        found = (await h.http.get(f"/api/audit/entries/{seq}")).json()
        proof = found["proof"]
        assert found["checkpoint"]["root"] == proof["root"] == checkpoint.root.hex()
        assert found["checkpoint"]["note"] == checkpoint.note
        hashes = [bytes.fromhex(each) for each in proof["hashes"]]
        assert is_included(bytes.fromhex(found["leaf"]), seq, proof["size"], hashes, checkpoint.root)
        await h.audit.append(Entry("y"))
        later = (await h.http.get("/api/audit/consistency", params={"old": checkpoint.size})).json()
        steps = [bytes.fromhex(each) for each in later["hashes"]]
        root = bytes.fromhex(later["root"])
        assert is_consistent(checkpoint.size, later["size"], checkpoint.root, root, steps)
        for path in ("entries/99999", "consistency?old=99999"):
            assert (await h.http.get(f"/api/audit/{path}")).status_code == 404

    run(house, story)


def test_a_search_is_an_entry_too(house: OpenHouse) -> None:
    async def story(h: Any) -> None:
        page: dict[str, Any] = {}
        for _ in range(2):
            page = (
                await h.http.get("/api/audit/entries", params={"action": "audit.search", "limit": 1})
            ).json()
        (entry,) = page["entries"]
        assert (entry["action"], entry["who"]["name"], entry["role"]) == (
            *("audit.search", "admin"),
            "administrator",
        )
        assert entry["change"]["after"]["query"] == {"action": "audit.search", "limit": "1"}
        assert page["next"] == entry["seq"]
        filters = {
            "user": h.user_id,
            "result": "allowed",
            "before": page["next"],
            "end": "2100-01-01T00:00:00Z",
        }
        older = (await h.http.get("/api/audit/entries", params=filters)).json()
        assert [each["action"] for each in older["entries"]] == ["audit.search"]
        assert older["next"] is None
        assert (await h.http.get("/api/audit/entries", params={"result": "nothing"})).status_code == 422

    run(house, story)


def test_an_export_satisfies_the_verifier(house: OpenHouse) -> None:
    async def story(h: Any) -> None:
        seq = await h.audit.append(Entry("x", note="somebody"))
        await h.audit.erase(seq, [Part.CHANGE], Entry("", note="asked for"))
        assert (await h.http.get(f"/api/audit/entries/{seq}")).json()["entry"]["erased"] == ["change"]
        export = await h.http.get("/api/audit/export.jsonl")
        verifier = Verifier()
        verifier.export(export.text.splitlines())
        verdict = verifier.finish()
        assert verdict.findings == []
        assert (verdict.covered, verdict.erased) == (verdict.entries, 1)
        last = json.loads(export.text.splitlines()[verdict.entries])
        assert json.loads(last["record"])["action"] == "audit.export"
        state = (await h.http.get("/api/audit")).json()
        assert (state["size"], state["failing"], state["log"]) == (verdict.entries, "", verdict.log_id)
        assert state["checkpoint"]["size"] == verdict.entries
        known = (await h.http.get("/api/audit/checkpoints")).json()["checkpoints"]
        assert known[-1] == state["checkpoint"]

    run(house, story)
