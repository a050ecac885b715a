"""Spreadsheets over HTTP: upload, preview, confirm, follow, undo, download."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import xlsxwriter
from python_calamine import CalamineWorkbook

OpenHouse = Callable[[], AbstractAsyncContextManager[Any]]
HEAD = ["单位编号", "名称", "类型", "值班电话"]


def parties(*rows: list[str]) -> bytes:
    """A workbook of parties."""
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True}) as book:
        sheet = book.add_worksheet("单位")
        for number, row in enumerate([HEAD, *rows]):
            sheet.write_row(number, 0, row)
    return target.getvalue()


GOOD = parties(["clinic", "卫生服务中心", "其他", "0553-8"])
BAD = parties(["clinic", "卫生服务中心", "诊所", "0553-8"])


def inside(house: OpenHouse, test: Callable[[Any], Awaitable[None]]) -> None:
    async def main() -> None:
        async with asyncio.timeout(60), house() as opened:
            await opened.log_in()
            await test(opened)

    asyncio.run(main())


async def upload(h: Any, body: bytes, name: str = "单位.xlsx") -> Any:
    return await h.http.post("/api/fleet/imports", params={"name": name}, content=body)


async def settled(h: Any, import_id: str) -> Any:
    """The batch once nothing is under way."""
    await asyncio.gather(*h.app.state.services.imports._jobs)
    return (await h.http.get(f"/api/fleet/imports/{import_id}")).json()


def test_upload_preview_confirm_and_undo(house: OpenHouse) -> None:
    async def test(h: Any) -> None:
        made = await upload(h, GOOD)
        assert made.status_code == 201
        batch = made.json()
        assert (batch["state"], batch["by"], batch["file_name"]) == ("ready", "admin", "单位.xlsx")
        assert batch["counts"]["parties"]["new"] == 1
        path = f"/api/fleet/imports/{batch['id']}"
        page = (await h.http.get(f"{path}/rows", params={"state": "new"})).json()
        (row,) = page["rows"]
        assert (row["sheet"], row["number"], row["key"], row["name"]) == (
            "parties",
            2,
            "clinic",
            "卫生服务中心",
        )
        kind = next(each for each in row["changes"] if each["column"] == "kind")
        assert (kind["label"], kind["old"], kind["new"]) == (
            {"zh": "类型", "en": "kind"},
            None,
            {"zh": "其他", "en": "other"},
        )
        console = h.app.state.hub.join()
        assert (await h.http.post(f"{path}/confirm")).status_code == 202
        assert (await settled(h, batch["id"]))["state"] == "applied"
        told = [await console.next(1) for _ in range(3)]
        assert all('"type":"import"' in each and batch["id"] in each for each in told)
        names = {
            each["party"]["party_id"]
            for each in (await h.http.get("/api/register/parties")).json()["parties"]
        }
        assert "clinic" in names
        assert (await h.http.get(f"{path}/conflicts")).json() == {"conflicts": [], "total": 0}
        undone = (await h.http.post(f"{path}/undo")).json()
        assert (undone["state"], undone["undone_by"]) == ("undone", "admin")
        listed = (await h.http.get("/api/fleet/imports")).json()
        assert [each["id"] for each in listed["imports"]] == [batch["id"]]
        assert listed["file_mb"] == 1

    inside(house, test)


def test_faults_say_why_in_both_languages_and_come_as_a_workbook(house: OpenHouse) -> None:
    async def test(h: Any) -> None:
        batch = (await upload(h, BAD)).json()
        assert batch["state"] == "faulty"
        path = f"/api/fleet/imports/{batch['id']}"
        (row,) = (await h.http.get(f"{path}/rows", params={"state": "faulty"})).json()["rows"]
        (fault,) = row["faults"]
        assert fault["code"] == "fleet.cell-choice"
        assert "诊所" in fault["reason"]["zh"]
        assert "none of the choices" in fault["reason"]["en"]
        refused = await h.http.post(f"{path}/confirm")
        assert (refused.status_code, refused.json()["error"]["code"]) == (409, "fleet.import-faulty")
        book = await h.http.get(f"{path}/errors.xlsx")
        assert "filename*=UTF-8''" in book.headers["content-disposition"]
        read = CalamineWorkbook.from_filelike(io.BytesIO(book.content))
        assert read.get_sheet_by_name("单位").to_python()[1][2] == "诊所"
        assert read.get_sheet_by_name("错误").to_python()[1][:3] == ["单位", "C2", "类型"]
        assert (await h.http.delete(path)).json()["state"] == "discarded"
        assert (await h.http.get(f"{path}/rows")).status_code == 409

    inside(house, test)


def test_what_is_refused_at_the_door(house: OpenHouse) -> None:
    async def test(h: Any) -> None:
        for body, status, code in (
            (b"", 422, "fleet.sheet-nothing"),
            ("编号,名称\n1,一\n".encode("gbk"), 415, "fleet.sheet-csv"),
            (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(99), 415, "fleet.sheet-old"),
            (b"PK\x03\x04" + bytes(2 << 20), 413, "fleet.sheet-too-large"),
        ):
            answer = await upload(h, body)
            error = answer.json()["error"]
            assert (answer.status_code, error["code"]) == (status, code)
            assert error["message"]["zh-CN"] != error["message"]["en"]
        assert (await h.http.get("/api/fleet/imports")).json()["imports"] == []
        assert (await h.http.get("/api/fleet/imports/00ff")).status_code == 404

    inside(house, test)


def test_a_large_upload_without_a_length_is_refused_on_the_way(house: OpenHouse) -> None:
    async def test(h: Any) -> None:
        sent = 0

        async def pieces() -> AsyncIterator[bytes]:
            nonlocal sent
            for _ in range(50):
                sent += 1
                yield b"PK\x03\x04" + bytes((1 << 18) - 4)

        answer = await h.http.post("/api/fleet/imports", content=pieces())
        assert answer.json()["error"]["code"] == "fleet.sheet-too-large"
        assert answer.status_code == 413

    inside(house, test)


def test_nobody_without_a_session_imports_or_exports(house: OpenHouse) -> None:
    async def test(h: Any) -> None:
        h.http.cookies.clear()
        for method, path in (
            ("POST", "/api/fleet/imports"),
            ("GET", "/api/fleet/imports"),
            ("GET", "/api/fleet/imports/template.xlsx"),
            ("GET", "/api/fleet/export.xlsx"),
        ):
            assert (await h.http.request(method, path)).status_code == 401

    inside(house, test)


def test_the_template_and_an_export_read_back(house: OpenHouse) -> None:
    async def test(h: Any) -> None:
        asked = {"sheet": ["sites", "devices"], "system": "gcj02", "language": "en"}
        book = await h.http.get("/api/fleet/imports/template.xlsx", params=asked)
        read = CalamineWorkbook.from_filelike(io.BytesIO(book.content))
        assert read.sheet_names == ["sites", "devices", "Notes", "Options"]
        head = read.get_sheet_by_name("sites").to_python()[0]
        assert "longitude (GCJ-02)" in head
        assert "longitude (WGS-84)" not in head
        found = await h.http.get("/api/fleet/export.xlsx", params={"sheet": "channels", "protocol": ""})
        assert found.headers["content-type"].startswith("application/vnd.openxmlformats")
        again = (await upload(h, found.content)).json()
        counts = again["counts"]["channels"]
        assert counts["unchanged"] == sum(counts.values()) > 0
        titles = (await h.http.get("/api/fleet/imports/sheets")).json()["sheets"]
        assert titles[2] == {"name": "sites", "title": {"zh": "点位", "en": "sites"}}
        assert (await h.http.get("/api/fleet/export.xlsx", params={"gap": "nose"})).status_code == 422

    inside(house, test)
