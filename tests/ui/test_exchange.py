"""A spreadsheet goes out, is changed in Excel, comes in with a mistake, is mended, is taken over and taken back.

[civicam demo]──HTTP, WebSocket──[Chromium]
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import xlsxwriter
from python_calamine import CalamineWorkbook

expect = pytest.importorskip("playwright.sync_api", reason="uv sync --group dev").expect

if TYPE_CHECKING:
    from tests.ui.conftest import District

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]
TAB = "点位"


def changed(body: bytes, changes: dict[str, str]) -> bytes:
    """The exported sites with other texts in the first row, by header."""
    rows = CalamineWorkbook.from_filelike(io.BytesIO(body)).get_sheet_by_name(TAB).to_python()
    for header, value in changes.items():
        rows[1][rows[0].index(header)] = value
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True}) as book:
        sheet = book.add_worksheet(TAB)
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
    return target.getvalue()


def drop(page: Any, name: str, body: bytes) -> None:
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    page.locator("[data-test=upload]").set_input_files({"name": name, "mimeType": kind, "buffer": body})


def downloaded(page: Any, what: str) -> bytes:
    with page.expect_download() as waiting:
        page.locator(f"[data-test={what}]").click()
    return Path(waiting.value.path()).read_bytes()


def test_a_sheet_out_and_in_again(page: Any, district: District) -> None:
    district.log_in(page)
    page.goto(f"{district.origin}/exchange")
    expect(page.locator("[data-test=export]")).to_be_visible()
    whole = downloaded(page, "export")
    template = CalamineWorkbook.from_filelike(io.BytesIO(downloaded(page, "template")))
    assert TAB in template.sheet_names

    drop(page, "说明.csv", "编号,名称\n".encode("gbk"))
    expect(page.locator("[data-test=upload-refused]")).to_contain_text("CSV")

    drop(page, "全部.xlsx", whole)
    expect(page.locator("[data-test=batch-state]")).to_have_text("待确认")
    expect(page.locator("[data-test=confirm]")).to_be_disabled()  # nothing has changed
    page.locator("[data-test=discard]").click()
    page.locator("[data-test=preview]").wait_for(state="detached")

    drop(page, "点位.xlsx", changed(whole, {"名称*": "改名的点位", "区县编码*": "９９"}))
    expect(page.locator("[data-test=batch-state]")).to_have_text("有误")
    expect(page.locator("[data-test=preview-row]")).to_contain_text("全角")
    marked = CalamineWorkbook.from_filelike(io.BytesIO(downloaded(page, "error-book")))
    assert "错误" in marked.sheet_names

    drop(page, "点位改正.xlsx", changed(whole, {"名称*": "改名的点位"}))
    expect(page.locator("[data-test=batch-state]")).to_have_text("待确认")
    row = page.locator("[data-test=preview-row]")
    expect(row).to_have_count(1)
    expect(row).to_contain_text("改名的点位")
    page.locator("[data-test=confirm]").click()
    expect(page.locator("[data-test=result]")).to_contain_text("已写入 1 行", timeout=30_000)
    assert named(page) == 1

    page.locator("[data-test=undo]").first.click()
    page.locator("[data-test=undo-sure]:enabled").click()
    expect(page.locator("[data-test=batch-row] .mark.undone")).to_have_count(1)
    assert named(page) == 0


def named(page: Any) -> int:
    """Sites of the new name."""
    ask = "async () => (await (await fetch('/api/sites')).json()).sites.filter((s) => s.name.zh === '改名的点位').length"
    return int(page.evaluate(ask))
