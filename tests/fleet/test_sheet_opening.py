"""Files that are no workbook, or a hostile one: refused by name, at bounded cost."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
import xlsxwriter

from civicam.fleet.register import Lists
from civicam.fleet.sheets.cells import Day
from civicam.fleet.sheets.child import answer, heard, question
from civicam.fleet.sheets.limits import Limits
from civicam.fleet.sheets.opening import open_workbook
from civicam.fleet.sheets.schema import SheetName
from civicam.kernel.errors import Refused

HEAD = ["单位编号", "名称", "类型", "值班电话"]
ROW = ["bureau", "城市运行中心", "政府单位", "0553-1"]


def book(fill: Callable[[Any, Any], None] | None = None, title: str = "单位") -> bytes:
    """A workbook with one sheet of parties; ``fill`` gets the workbook and the sheet."""
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True}) as made:
        sheet = made.add_worksheet(title)
        sheet.write_row(0, 0, HEAD)
        sheet.write_row(1, 0, ROW)
        if fill is not None:
            fill(made, sheet)
    return target.getvalue()


def refused(body: bytes, limits: Limits | None = None) -> Refused:
    with pytest.raises(Refused) as caught:
        open_workbook(body, limits or Limits())
    return caught.value


def told(body: bytes, tmp_path: Path) -> Any:
    """What the reading process would answer."""
    path = tmp_path / "upload.xlsx"
    path.write_bytes(body)
    return orjson.loads(answer(path, question(Limits(), Lists())))


def repacked(body: bytes, change: Callable[[str, bytes], bytes]) -> bytes:
    """The same package with changed parts."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(body)) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, change(name, old.read(name)))
    return target.getvalue()


def test_a_workbook_comes_with_its_types() -> None:
    def fill(made: Any, sheet: Any) -> None:
        sheet.write_number(2, 0, 5.5)
        sheet.write_boolean(2, 1, True)
        sheet.write_datetime(
            2, 2, __import__("datetime").datetime(2026, 3, 2), made.add_format({"num_format": "yyyy-mm-dd"})
        )

    (grid,) = open_workbook(book(fill), Limits())
    assert grid.title == "单位"
    assert list(grid.rows[1]) == ROW
    assert list(grid.rows[2])[:3] == [5.5, True, Day("2026-03-02")]


NO_WORKBOOK = [
    (b"", "fleet.sheet-nothing"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512), "fleet.sheet-old"),
    ("点位编号,名称\nS1,一\n".encode("gbk"), "fleet.sheet-csv"),
    ("点位编号\t名称\nS1\t一\n".encode(), "fleet.sheet-csv"),
    (b"%PDF-1.7 a, b", "fleet.sheet-no-workbook"),
    (bytes(100), "fleet.sheet-no-workbook"),
    (b"PK\x03\x04 and then nothing", "fleet.sheet-broken"),
    (book()[:900], "fleet.sheet-broken"),
    (book()[:-30], "fleet.sheet-broken"),
]


@pytest.mark.parametrize(("body", "code"), NO_WORKBOOK)
def test_what_is_no_workbook(body: bytes, code: str) -> None:
    assert refused(body).code == code


def test_another_zip_is_no_workbook() -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as package:
        package.writestr("letter.txt", "hello")
    assert refused(target.getvalue()).code == "fleet.sheet-no-workbook"


def test_a_bomb_is_not_unpacked() -> None:
    huge = bytes(8 << 20)
    bomb = repacked(book(), lambda name, data: huge if name == "docProps/app.xml" else data)
    assert len(bomb) < 1 << 20
    assert refused(bomb, Limits(unpacked_bytes=4 << 20)).code == "fleet.sheet-unpacks"


def test_a_bomb_that_lies_about_its_size_is_not_unpacked() -> None:
    huge = bytes(8 << 20)
    bomb = bytearray(repacked(book(), lambda name, data: huge if name == "docProps/app.xml" else data))
    size = (8 << 20).to_bytes(4, "little")
    while (at := bomb.find(size)) >= 0:
        bomb[at : at + 4] = (100).to_bytes(4, "little")
    assert refused(bytes(bomb), Limits(unpacked_bytes=4 << 20)).code == "fleet.sheet-unpacks"


def test_an_entity_is_not_expanded() -> None:
    evil = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]><x/>'
    assert (
        refused(repacked(book(), lambda n, d: evil if n == "xl/workbook.xml" else d)).code
        == "fleet.sheet-broken"
    )


def test_rows_and_tabs_have_limits() -> None:
    def many(made: Any, _sheet: Any) -> None:
        for number in range(25):
            made.add_worksheet(f"T{number}")

    assert refused(book(many)).code == "fleet.sheet-tabs"

    def long(_made: Any, sheet: Any) -> None:
        sheet.write_string(5000, 0, "x")

    assert refused(book(long), Limits(rows=1000)).code == "fleet.sheet-rows"


def test_a_formula_is_found_at_its_cell(tmp_path: Path) -> None:
    def fill(_made: Any, sheet: Any) -> None:
        sheet.write_formula(1, 1, "=A1", None, "城市运行中心")

    answered = told(book(fill), tmp_path)
    ((_, _, faults, _, raw),) = answered["sheets"][0]["rows"]
    assert faults == {"name": ["fleet.cell-formula", {}]}
    assert raw == {"name": "城市运行中心"}


def test_merged_cells_are_found_at_each_cell(tmp_path: Path) -> None:
    def fill(_made: Any, sheet: Any) -> None:
        sheet.merge_range(1, 2, 2, 3, "政府单位")
        sheet.write_row(2, 0, ["other", "另一单位"])

    rows = told(book(fill), tmp_path)["sheets"][0]["rows"]
    assert [sorted(row[2]) for row in rows] == [["contact", "kind"], ["contact", "kind"]]
    assert rows[0][2]["kind"] == ["fleet.cell-merged", {"range": "C2:D3"}]


HEADERS: list[tuple[Callable[[Any, Any], None], str]] = [
    (lambda _m, s: s.write_string(0, 1, "姓名"), "fleet.sheet-header"),
    (lambda _m, s: s.write_string(0, 3, "名称"), "fleet.sheet-column-twice"),
    (lambda _m, s: s.write_string(0, 3, "Name"), "fleet.sheet-column-twice"),
    (lambda _m, s: s.write_string(0, 0, " "), "fleet.sheet-no-column"),
    (lambda _m, s: s.write_string(1, 6, "x"), "fleet.sheet-no-header"),
    (lambda _m, s: s.merge_range(0, 1, 0, 2, "名称"), "fleet.sheet-merged"),
    (lambda m, _s: m.add_worksheet("Sheet9").write_string(0, 0, "x"), "fleet.sheet-unknown"),
    (lambda m, _s: m.add_worksheet("parties").write_row(0, 0, HEAD), "fleet.sheet-twice"),
    (lambda _m, s: s.write_row(1, 0, [" ", " ", " ", " "]), "fleet.sheet-none"),
]


@pytest.mark.parametrize(("fill", "code"), HEADERS)
def test_what_refuses_a_whole_file(fill: Callable[[Any, Any], None], code: str, tmp_path: Path) -> None:
    assert told(book(fill), tmp_path)["refused"] == code


def test_headers_may_be_english_starred_and_spaced(tmp_path: Path) -> None:
    def fill(_made: Any, sheet: Any) -> None:
        sheet.write_row(0, 0, ["Party ID*", " name ", "KIND", "duty desk"])

    path = tmp_path / "upload.xlsx"
    path.write_bytes(book(fill))
    (sheet,) = heard(answer(path, question(Limits(), Lists())))
    assert sheet.name is SheetName.PARTIES
    assert sheet.rows[0].values == {
        "id": "bureau",
        "name": "城市运行中心",
        "kind": "government",
        "contact": "0553-1",
    }


def test_a_refusal_comes_back_whole() -> None:
    with pytest.raises(Refused) as caught:
        heard(b'{"refused": "fleet.sheet-rows", "data": {"most": 5}}')
    assert caught.value.text("en") == "More rows than the limit of 5"
