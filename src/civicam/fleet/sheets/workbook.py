"""Workbooks that are written: the template, an export, an upload with its faulty cells marked. Pure.

Everything that is no number or date is written as text into cells formatted as text, so that Excel keeps
codes of 20 digits and makes no formula of anything. Drop-downs take their choices from a hidden tab.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import xlsxwriter

from civicam.fleet.crs import System
from civicam.fleet.sheets.cells import CellFault
from civicam.fleet.sheets.grid import cell
from civicam.fleet.sheets.schema import Column, Kind, Language, Row, Sheet, SheetName, Value
from civicam.kernel.messages import message

LAST = 1_048_575
"""The last row of a sheet, from 0."""
DROP_DOWNS = 20_000
"""Rows that have drop-downs."""
_TAB = {"notes": ("说明", "Notes"), "options": ("选项", "Options"), "errors": ("错误", "Errors")}


@dataclass(frozen=True, slots=True)
class Line:
    """A row to write; ``raw`` and ``faults`` by column, of cells that could not be taken."""

    values: Row
    raw: Mapping[str, str] = field(default_factory=dict)
    faults: Mapping[str, CellFault] = field(default_factory=dict)


def template(schema: Sequence[Sheet], language: Language, system: System) -> bytes:
    """Empty sheets with headers, notes and drop-downs; coordinates in one reference system."""
    return _Book(language).written(schema, {}, frozenset({system}))


def export(schema: Sequence[Sheet], rows: Mapping[SheetName, Sequence[Row]], language: Language) -> bytes:
    """Rows of the register; reading them in again changes nothing. Only sheets that ``rows`` names."""
    wanted = [sheet for sheet in schema if sheet.name in rows]
    used = {System(str(row["system"])) for row in rows.get(SheetName.SITES, ()) if row.get("system")}
    lines = {name: [Line(row) for row in each] for name, each in rows.items()}
    return _Book(language).written(wanted, lines, frozenset(used or {System.WGS84}))


def marked(schema: Sequence[Sheet], lines: Mapping[SheetName, Sequence[Line]], language: Language) -> bytes:
    """An upload with what is wrong marked at each cell and listed in a tab of its own."""
    wanted = [sheet for sheet in schema if sheet.name in lines]
    used = {System(str(e.values["system"])) for e in lines.get(SheetName.SITES, ()) if e.values.get("system")}
    book = _Book(language, errors=True)
    return book.written(wanted, lines, frozenset(used or {System.WGS84}))


class _Book:
    """One workbook on its way."""

    def __init__(self, language: Language, *, errors: bool = False) -> None:
        self._language = language
        self._errors = errors
        self._target = io.BytesIO()
        options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
        self._book = xlsxwriter.Workbook(self._target, options)
        self._formats = {name: self._book.add_format(look) for name, look in _LOOKS.items()}
        self._lists: dict[tuple[str, ...], str] = {}
        self._wrong: list[tuple[str, int, str, str, str]] = []

    def written(
        self,
        schema: Sequence[Sheet],
        lines: Mapping[SheetName, Sequence[Line]],
        systems: frozenset[System],
    ) -> bytes:
        """The bytes."""
        pages = [(sheet, self._book.add_worksheet(sheet.title(self._language))) for sheet in schema]
        notes = self._book.add_worksheet(self._title("notes"))
        options = self._book.add_worksheet(self._title("options"))
        options.hide()
        for sheet, page in pages:
            columns = [e for e in sheet.columns if not e.hidden and (e.system is None or e.system in systems)]
            self._sheet(page, sheet, columns, lines.get(sheet.name, ()))
        self._fill_options(options)
        self._fill_notes(notes, schema)
        if self._errors:
            self._fill_errors(self._book.add_worksheet(self._title("errors")))
        self._book.close()
        return self._target.getvalue()

    def _title(self, tab: str) -> str:
        return _TAB[tab][self._language == "en"]

    def _sheet(self, page: Any, sheet: Sheet, columns: Sequence[Column], lines: Sequence[Line]) -> None:
        page.freeze_panes(1, len(sheet.keys) + 1 if len(sheet.keys) == 1 else len(sheet.keys))
        page.set_row(0, 22)
        for place, column in enumerate(columns):
            head = column.header(self._language) + ("*" if column.required else "")
            page.write_string(0, place, head, self._formats["needed" if column.required else "head"])
            page.set_column(place, place, column.width, self._formats[_look(column)])
            if column.note(self._language):
                page.write_comment(0, place, column.note(self._language), {"x_scale": 1.6})
            self._drop_down(page, place, column)
        for number, line in enumerate(lines, 1):
            self._line(page, sheet, number, columns, line)
        if lines:
            page.autofilter(0, 0, len(lines), len(columns) - 1)

    def _drop_down(self, page: Any, place: int, column: Column) -> None:
        words = tuple(column.shown(each.code, self._language) for each in column.choices)
        if column.kind is Kind.YES_NO:
            words = (column.shown(True, self._language), column.shown(False, self._language))
        if not words:
            return
        source = self._lists.setdefault(
            words, f"={self._title('options')}!{_range(len(self._lists), len(words))}"
        )
        rule = {"validate": "list", "source": source, "ignore_blank": True}
        if column.open:
            rule["error_type"] = "information"
        page.data_validation(1, place, DROP_DOWNS, place, rule)

    def _line(self, page: Any, sheet: Sheet, number: int, columns: Sequence[Column], line: Line) -> None:
        for place, column in enumerate(columns):
            if column.system is not None and line.values.get("system") not in (column.system.value, None):
                continue
            fault = line.faults.get(column.key)
            value = line.values.get(column.key)
            if fault is None:
                self._cell(page, number, place, column, value)
                continue
            text = line.raw.get(column.key)
            said = message(fault.code, self._language, fault.data)
            shown = column.shown(value, self._language) if text is None else text
            page.write_string(number, place, shown, self._formats["fault"])
            page.write_comment(number, place, said, {"x_scale": 2.0})
            header = column.header(self._language)
            self._wrong.append((sheet.title(self._language), number, cell(number, place), header, said))

    def _cell(self, page: Any, row: int, place: int, column: Column, value: Value) -> None:
        if value is None or value == "":
            return
        if column.kind is Kind.DATE:
            day = datetime.combine(date.fromisoformat(str(value)), datetime.min.time())
            page.write_datetime(row, place, day, self._formats["date"])
        elif column.kind is Kind.WHOLE:
            page.write_number(row, place, int(value), self._formats["plain"])
        elif column.kind is Kind.NUMBER and _exact(str(value)):
            page.write_number(row, place, float(value), self._formats["plain"])
        else:
            page.write_string(row, place, column.shown(value, self._language), self._formats["text"])

    def _fill_options(self, page: Any) -> None:
        for place, words in enumerate(self._lists):
            for row, word in enumerate(words):
                page.write_string(row, place, word)

    def _fill_notes(self, page: Any, schema: Sequence[Sheet]) -> None:
        english = self._language == "en"
        page.set_column(0, 1, 26)
        page.set_column(2, 2, 90)
        for place, head in enumerate(_NOTE_HEAD[english]):
            page.write_string(0, place, head, self._formats["head"])
        row = 1
        for text in _NOTES[english]:
            page.write_string(row, 2, text, self._formats["wrap"])
            row += 1
        for sheet in schema:
            for column in sheet.columns:
                if column.hidden:
                    continue
                words = [column.note(self._language)]
                words += ["、".join(column.shown(e.code, self._language) for e in column.choices)]
                page.write_string(row, 0, sheet.title(self._language))
                page.write_string(row, 1, column.header(self._language) + ("*" if column.required else ""))
                page.write_string(row, 2, "  ".join(filter(None, words)), self._formats["wrap"])
                row += 1

    def _fill_errors(self, page: Any) -> None:
        for place, (head, width) in enumerate(zip(_ERROR_HEAD[self._language == "en"], _WIDTHS, strict=True)):
            page.write_string(0, place, head, self._formats["head"])
            page.set_column(place, place, width)
        page.freeze_panes(1, 0)
        for row, (title, _, where, header, said) in enumerate(self._wrong, 1):
            for place, text in enumerate((title, where, header, said)):
                page.write_string(row, place, text)
        page.activate()


_LOOKS: Mapping[str, Mapping[str, Any]] = {
    "head": {
        "bold": True,
        "bg_color": "#E8EDF3",
        "border": 1,
        "border_color": "#BCC7D3",
        "valign": "vcenter",
    },
    "needed": {
        "bold": True,
        "bg_color": "#CFE2F9",
        "border": 1,
        "border_color": "#BCC7D3",
        "valign": "vcenter",
    },
    "text": {"num_format": "@"},
    "plain": {},
    "date": {"num_format": "yyyy-mm-dd"},
    "fault": {"num_format": "@", "bg_color": "#FDEAEA", "font_color": "#CF2222", "border": 1},
    "wrap": {"text_wrap": True, "valign": "top"},
}
_NOTE_HEAD = (("表", "列", "说明"), ("Sheet", "Column", "Note"))
_NOTES = (
    (
        "带 * 的列必填。表可以只填一部分：没有的表和列不会改动；单元格留空即清空该项（密码除外）。",
        "编码一律按文本填写。不要合并单元格，不要用公式。表头不要改。",
        "导入前会先预览：新增、变化、不变、有误，确认后才写入；可按批次撤销。",
    ),
    (
        "Columns with * are needed. Fill in as few sheets as you like: what is not here is not touched; an"
        " empty cell empties the field, passwords excepted.",
        "Codes are text. No merged cells, no formulas. Leave the headers as they are.",
        "An import shows first what is new, changed, unchanged and faulty; nothing is written before you"
        " confirm, and a batch can be undone.",
    ),
)
_ERROR_HEAD = (("表", "单元格", "列", "原因"), ("Sheet", "Cell", "Column", "Reason"))
_WIDTHS = (22, 12, 24, 100)


def _look(column: Column) -> str:
    if column.kind is Kind.DATE:
        return "date"
    return "plain" if column.kind in (Kind.WHOLE, Kind.NUMBER) else "text"


def _range(place: int, rows: int) -> str:
    letters = cell(0, place)[:-1]
    return f"${letters}$1:${letters}${rows}"


def _exact(text: str) -> bool:
    """Whether a workbook, which keeps 16 digits, gives exactly this text back."""
    try:
        number = float(text)
    except ValueError:
        return False
    return repr(number) == text and float(f"{number:.16G}") == number
