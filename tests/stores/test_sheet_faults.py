"""What is wrong with a spreadsheet stands at its cell; what is too much is refused, at bounded cost."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from tests.stores.registered import CHANNELS, RECORDER
from tests.stores.sheeted import SCHEMA, Rows, Sheeted, inside, pieces

from civicam.fleet.sheets import workbook
from civicam.fleet.sheets.compare import State
from civicam.fleet.sheets.ports import BatchState
from civicam.fleet.sheets.schema import SheetName
from civicam.kernel.errors import Refused

P, A, S, D, C, N, E = SheetName


# -- faults -----------------------------------------------------------------------------------------


def spoil(rows: Rows, sheet: SheetName, index: int, **cells: Any) -> Rows:
    rows[sheet][index].update(cells)
    return rows


FAULTS: list[tuple[SheetName, dict[str, Any], str, str]] = [
    (S, {"district": "999"}, "district", "fleet.cell-reference"),
    (S, {"owner": "nobody"}, "owner", "fleet.cell-reference"),
    (S, {"lanes": "4"}, "lanes", "fleet.cell-lanes"),
    (S, {"lat": None}, "lat", "fleet.cell-half-place"),
    (D, {"username": "other"}, "secret", "fleet.cell-secret-needed"),
    (D, {"site": "S77"}, "site", "fleet.cell-reference"),
    (C, {"lane": 2}, "lane", "fleet.cell-lane"),
    (C, {"device": "34020000001180000077"}, "device", "fleet.cell-reference"),
    (C, {"device": RECORDER[:-1], "id": CHANNELS[0]}, "device", "fleet.cell-gb-id-length"),
    (C, {"id": CHANNELS[0][:-1]}, "id", "fleet.cell-gb-id-length"),
    (N, {"battery_minutes": 5, "kind": "cabinet"}, "battery_minutes", "fleet.cell-battery"),
    (N, {"id": RECORDER}, "id", "fleet.cell-taken"),
    (N, {"kind": "splitter"}, "kind", "fleet.graph-wrong-medium"),
    (E, {"upper": "NOWHERE"}, "upper", "fleet.cell-no-node"),
    (E, {"upper": "FEED1", "lower": "FEED1"}, "lower", "fleet.cell-self-loop"),
    (E, {"medium": "fibre", "upper": "FEED1", "lower": "CAB1"}, "medium", "fleet.graph-wrong-medium"),
]


@pytest.mark.parametrize(("sheet", "cells", "column", "code"), FAULTS)
def test_a_fault_stands_at_its_cell(
    tmp_path: Path, sheet: SheetName, cells: dict[str, Any], column: str, code: str
) -> None:
    from civicam.db.migrate import migrate

    url = f"sqlite:///{tmp_path}/store.db"
    migrate(url)

    async def test(h: Sheeted) -> None:
        rows = await h.rows()
        index = (
            next((i for i, row in enumerate(rows[sheet]) if row["id"] == RECORDER), 0) if sheet is D else 0
        )
        only = {sheet: [{**rows[sheet][index], **cells}]}
        batch = await h.bring(only)
        assert batch.state is BatchState.FAULTY
        (row,) = await h.outcome(batch, State.FAULTY)
        assert {name: fault.code for name, fault in row.faults.items()}[column] == code
        with pytest.raises(Refused, match=r"fleet\.import-faulty"):
            await h.imports.confirm(batch.import_id, "ops")

    inside(url, tmp_path, test)


def test_a_circle_is_refused_at_its_links(url: str, tmp_path: Path) -> None:
    async def test(h: Sheeted) -> None:
        rows = await h.rows(N, E)
        rows[E].append({"upper": "CAB1", "lower": "TR1", "medium": "power", "backup": False})
        batch = await h.bring(rows)
        found = {row.key: row.faults["lower"] for row in await h.outcome(batch, State.FAULTY)}
        assert set(found) == {("TR1", "FEED1", "power"), ("FEED1", "CAB1", "power"), ("CAB1", "TR1", "power")}
        assert {fault.code for fault in found.values()} == {"fleet.cell-cycle"}
        assert "TR1" in str(found["CAB1", "TR1", "power"].data["nodes"])

    inside(url, tmp_path, test)


def test_an_older_survey_does_not_replace_a_newer_one(url: str, tmp_path: Path) -> None:
    async def test(h: Sheeted) -> None:
        rows = await h.rows(S)
        await h.take_in({S: [{**rows[S][0], "source": "survey", "surveyed_on": "2026-02-01"}]})
        older = {**rows[S][0], "lon": "118.5", "source": "survey", "surveyed_on": "2026-01-01"}
        (row,) = await h.outcome(await h.bring({S: [older]}), State.FAULTY)
        assert row.faults["surveyed_on"].code == "fleet.cell-older-survey"
        imported = {**rows[S][0], "lon": "118.5", "source": "import"}
        batch = await h.take_in({S: [imported]})
        assert batch.state is BatchState.APPLIED
        assert (await h.rows(S))[S][0]["source"] == "survey"

    inside(url, tmp_path, test)


def test_two_rows_of_one_key_are_both_faulty(url: str, tmp_path: Path) -> None:
    async def test(h: Sheeted) -> None:
        rows = await h.rows(P)
        found = await h.outcome(await h.bring({P: [rows[P][0], rows[P][1], rows[P][0]]}), State.FAULTY)
        assert [row.faults["id"].data["row"] for row in found] == [4, 2]

    inside(url, tmp_path, test)


def test_the_error_workbook_can_be_mended_and_brought_again(url: str, tmp_path: Path) -> None:
    async def test(h: Sheeted) -> None:
        rows = spoil(await h.rows(), S, 0, owner="nobody")
        batch = await h.bring(rows)
        for language in ("zh-CN", "en"):
            body, name = await h.imports.error_book(batch.import_id, language)
            assert name.endswith(".xlsx")
            again = await h.upload(body)
            (row,) = await h.outcome(again, State.FAULTY)
            assert row.faults["owner"].code == "fleet.cell-reference"
            assert row.number == 2

    inside(url, tmp_path, test)


# -- limits -----------------------------------------------------------------------------------------


def test_an_upload_that_is_too_large_is_refused_on_the_way(url: str, tmp_path: Path) -> None:
    async def test(h: Sheeted) -> None:
        taken = 0

        async def endless() -> Any:
            nonlocal taken
            for _ in range(50):
                taken += 1
                yield b"PK\x03\x04" + bytes((1 << 20) - 4)

        with pytest.raises(Refused, match=r"fleet\.sheet-too-large"):
            await h.imports.upload(endless(), "big.xlsx", "ops")
        assert taken == 21
        assert not list(h.folder.iterdir())

    inside(url, tmp_path, test)


def test_a_cell_in_the_last_corner_ends_its_own_reader_only(url: str, tmp_path: Path) -> None:
    import io

    import xlsxwriter

    async def test(h: Sheeted) -> None:
        target = io.BytesIO()
        with xlsxwriter.Workbook(target) as book:
            sheet = book.add_worksheet("单位")
            sheet.write_row(0, 0, ["单位编号", "名称", "类型"])
            sheet.write_string(1_048_575, 16_383, "x")
        with pytest.raises(Refused) as caught:
            await h.upload(target.getvalue())
        assert caught.value.code in {"fleet.sheet-heavy", "fleet.sheet-rows", "fleet.sheet-broken"}

    inside(url, tmp_path, test)


def test_a_reader_that_takes_too_long_is_ended(url: str, tmp_path: Path) -> None:
    from dataclasses import replace

    async def test(h: Sheeted) -> None:
        h.imports._limits = replace(h.imports._limits, seconds=0.0)
        with pytest.raises(Refused, match=r"fleet\.sheet-slow"):
            await h.bring(await h.rows())

    inside(url, tmp_path, test)


def test_uploads_that_wait_have_a_limit(url: str, tmp_path: Path) -> None:
    async def test(h: Sheeted) -> None:
        body = workbook.export(SCHEMA, await h.rows(P), "en")
        h.imports._settings = h.imports._settings.model_copy(update={"waiting": 1})
        first = await h.upload(body)
        with pytest.raises(Refused, match=r"fleet\.import-crowded"):
            await h.imports.upload(pieces(body), "x.xlsx", "ops")
        await h.imports.discard(first.import_id, "ops")
        await h.upload(body)

    inside(url, tmp_path, test)


def test_two_at_once_are_applied_one_after_the_other(url: str, tmp_path: Path) -> None:
    async def test(h: Sheeted) -> None:
        one = await h.bring({P: [{"id": "one", "name": "一", "kind": "other"}]})
        two = await h.bring({P: [{"id": "two", "name": "二", "kind": "other"}]})
        await asyncio.gather(h.imports.confirm(one.import_id, "a"), h.imports.confirm(two.import_id, "b"))
        await asyncio.gather(*h.imports._jobs)
        states = {(await h.imports.batch(each.import_id)).state for each in (one, two)}
        assert states == {BatchState.APPLIED}

    inside(url, tmp_path, test)
