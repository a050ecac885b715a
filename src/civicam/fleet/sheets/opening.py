"""Opens an uploaded file: is it a workbook, is it one of bearable size, and what stands in its cells.

Runs in a process of its own (`civicam.fleet.sheets.child`): a workbook that unpacks to gigabytes, or whose
one cell in the last corner makes a reader allocate a plane, ends that process and nothing else. What the
package says of its sizes is not believed: every part is unpacked once, counting, before a reader sees the
file.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from lxml import etree
from python_calamine import CalamineError, CalamineWorkbook

from civicam.fleet.sheets.cells import Day, Raw
from civicam.fleet.sheets.grid import Grid, Merge
from civicam.fleet.sheets.limits import Limits
from civicam.kernel.errors import Refused

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""Old workbooks (.xls), and new ones behind a password."""
_ZIP = b"PK\x03\x04"
_PIECE = 1 << 20
_PARTS = 2_000
"""Parts of a package; a workbook has some dozens."""
_SHEET_PART = re.compile(r"xl/worksheets/[^/]+\.xml", re.IGNORECASE)
_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_RELS = "{http://schemas.openxmlformats.org/package/2006/relationships}"
_RID = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_REF = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")


def demand_workbook(head: bytes) -> None:
    """From a file's first bytes. `Refused` ``fleet.sheet-old``, ``fleet.sheet-csv``,
    ``fleet.sheet-no-workbook``, ``fleet.sheet-nothing``."""
    if not head:
        raise Refused("fleet.sheet-nothing")
    if head.startswith(_ZIP):
        return
    if head.startswith(_OLE):
        raise Refused("fleet.sheet-old")
    if (
        b"\x00" not in head
        and (b"," in head or b"\t" in head or b";" in head)
        and not head.startswith(b"%PDF")
    ):
        raise Refused("fleet.sheet-csv")
    raise Refused("fleet.sheet-no-workbook")


def open_workbook(body: bytes, limits: Limits) -> list[Grid]:
    """Every tab.

    Raises `Refused`: as `demand_workbook`, and ``fleet.sheet-no-workbook``, ``fleet.sheet-unpacks``,
    ``fleet.sheet-tabs``, ``fleet.sheet-rows``, ``fleet.sheet-broken``.
    """
    demand_workbook(body[:4096])
    parts = _unpack(body, limits)
    formulas = _formulas(parts)
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(body))
        names = list(book.sheet_names)
        if len(names) > limits.tabs:
            raise Refused("fleet.sheet-tabs", tabs=len(names), most=limits.tabs)
        return list(_grids(book, names, formulas, limits))
    except CalamineError as error:
        raise Refused("fleet.sheet-broken", reason=str(error)[:200]) from None


def _grids(
    book: CalamineWorkbook,
    names: list[str],
    formulas: Mapping[str, frozenset[tuple[int, int]]],
    limits: Limits,
) -> Iterator[Grid]:
    rows = 0
    for name in names:
        sheet = book.get_sheet_by_name(name)
        rows += sheet.height
        if rows > limits.rows:
            raise Refused("fleet.sheet-rows", most=limits.rows)
        found = [[_raw(each) for each in row] for row in sheet.to_python(skip_empty_area=False)]
        merged = [
            Merge(top, left, bottom, right)
            for (top, left), (bottom, right) in getattr(sheet, "merged_cell_ranges", None) or ()
        ]
        yield Grid(name, found, formulas.get(name, frozenset()), merged)


def _raw(value: Any) -> Raw:
    """As `cells` takes it; times of day and spans are no fields of ours and come as text."""
    if isinstance(value, datetime):
        whole_day = value.time() == time()
        return Day(value.date().isoformat()) if whole_day else value.isoformat(" ", "seconds")
    if isinstance(value, date):
        return Day(value.isoformat())
    if isinstance(value, time | timedelta):
        return str(value)
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return float(value)
    return None if value is None else str(value)


# -- the package ------------------------------------------------------------------------------------


def _unpack(body: bytes, limits: Limits) -> dict[str, bytes]:
    """The parts that are looked into; all are unpacked, to know how much there is."""
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as package:
            entries = package.infolist()
            if len(entries) > _PARTS:
                raise Refused("fleet.sheet-unpacks", most=limits.unpacked_bytes >> 20)
            found: dict[str, bytes] = {}
            left = limits.unpacked_bytes
            for entry in entries:
                data = _part(body, entry, left)
                left -= len(data)
                if left < 0:
                    raise Refused("fleet.sheet-unpacks", most=limits.unpacked_bytes >> 20)
                if entry.filename.endswith((".xml", ".rels")):
                    found[entry.filename.lstrip("/")] = data
    except (zipfile.BadZipFile, NotImplementedError, EOFError, zlib.error, ValueError) as error:
        raise Refused("fleet.sheet-broken", reason=str(error)[:200]) from None
    if "xl/workbook.xml" not in found:
        raise Refused("fleet.sheet-no-workbook")
    if any(b"<!DOCTYPE" in data[:4096] for data in found.values()):
        raise Refused("fleet.sheet-broken", reason="DOCTYPE")
    return found


def _part(body: bytes, entry: zipfile.ZipInfo, most: int) -> bytes:
    """One part, whatever its header says of its size; it ends a little after ``most`` bytes."""
    begin = entry.header_offset + 30
    head = body[entry.header_offset : begin]
    if len(head) < 30 or entry.flag_bits & 1:
        raise zipfile.BadZipFile("encrypted or cut")
    begin += int.from_bytes(head[26:28], "little") + int.from_bytes(head[28:30], "little")
    packed = memoryview(body)[begin : begin + entry.compress_size]
    if entry.compress_type == zipfile.ZIP_STORED:
        data = bytes(packed)
    elif entry.compress_type == zipfile.ZIP_DEFLATED:
        data = _inflate(packed, most)
    else:
        raise zipfile.BadZipFile("unknown compression")
    return data


def _inflate(packed: memoryview, most: int) -> bytes:
    out = bytearray()
    machine = zlib.decompressobj(-15)
    rest: bytes | memoryview = packed
    while not machine.eof:
        piece = machine.decompress(rest, _PIECE)
        out += piece
        if len(out) > most:
            break
        rest = machine.unconsumed_tail
        if not rest and not piece:
            break
    return bytes(out)


# -- formulas ---------------------------------------------------------------------------------------


def _formulas(parts: Mapping[str, bytes]) -> dict[str, frozenset[tuple[int, int]]]:
    """Cells that hold a formula, by the tab's name."""
    found = {}
    for name, part in _tabs(parts).items():
        data = parts.get(part, b"")
        if b"<f" in data or b":f" in data:
            found[name] = frozenset(_formula_cells(data))
    return found


def _tabs(parts: Mapping[str, bytes]) -> dict[str, str]:
    """The part of each tab."""
    book = _parsed(parts["xl/workbook.xml"])
    links = _parsed(parts.get("xl/_rels/workbook.xml.rels", b"<none/>"))
    targets = {each.get("Id"): each.get("Target", "") for each in links.iter(f"{_RELS}Relationship")}
    found = {}
    for tab in book.iter(f"{_MAIN}sheet"):
        target = targets.get(tab.get(_RID)) or ""
        found[tab.get("name", "")] = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
    return found


def _parsed(data: bytes) -> Any:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        return etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise Refused("fleet.sheet-broken", reason=str(error)[:200]) from None


def _formula_cells(data: bytes) -> Iterator[tuple[int, int]]:
    try:
        steps = etree.iterparse(
            io.BytesIO(data), tag=f"{_MAIN}c", resolve_entities=False, no_network=True, load_dtd=False
        )
        for _, element in steps:
            if element.find(f"{_MAIN}f") is not None:
                where = _REF.fullmatch(element.get("r") or "")
                if where is None:
                    raise Refused("fleet.sheet-broken", reason="a formula without a place")
                yield int(where[2]) - 1, _column(where[1])
            element.clear()
    except etree.XMLSyntaxError as error:
        raise Refused("fleet.sheet-broken", reason=str(error)[:200]) from None


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = 26 * number + ord(letter) - 64
    return number - 1
