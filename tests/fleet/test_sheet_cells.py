"""Single cells: what a person may type, and what is said of what cannot be taken."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from civicam.fleet.register import Lists
from civicam.fleet.sheets.cells import Day, FaultyCell, Raw, read
from civicam.fleet.sheets.columns import sheets
from civicam.fleet.sheets.schema import Column, Kind, SheetName, Value
from civicam.kernel.messages import MESSAGES, message

SCHEMA = {sheet.name: sheet for sheet in sheets(Lists())}
GB = SCHEMA[SheetName.DEVICES].column("id")
PLACE = SCHEMA[SheetName.CHANNELS].column("place")
LANES = SCHEMA[SheetName.SITES].column("lanes")
LON = SCHEMA[SheetName.SITES].column("lon")
NODE_LON = SCHEMA[SheetName.NODES].column("lon")
HEARTBEAT = SCHEMA[SheetName.DEVICES].column("heartbeat_s")
FILED = SCHEMA[SheetName.CHANNELS].column("filed_on")
BACKUP = SCHEMA[SheetName.EDGES].column("backup")
SECRET = SCHEMA[SheetName.DEVICES].column("secret")
PARTY_ID = SCHEMA[SheetName.PARTIES].column("id")
NAME = SCHEMA[SheetName.SITES].column("name")
DEVICE_KIND = SCHEMA[SheetName.DEVICES].column("kind")
CODE = "34020000001180000001"
WIDE = "".join(chr(ord(digit) + 0xFEE0) for digit in CODE)
"""In full-width digits, as an input method writes them."""

GOOD: list[tuple[Column, Raw, Value]] = [
    (GB, CODE, CODE),
    (GB, f"  {CODE} ", CODE),
    (PLACE, "道路交叉口", "junction"),
    (PLACE, "Road Junction", "junction"),
    (PLACE, "junction", "junction"),
    (PLACE, None, None),
    (LANES, 4.0, "4"),
    (LON, 118.41, "118.41"),
    (LON, "118.40", "118.40"),
    (NODE_LON, "118.40", "118.4"),
    (HEARTBEAT, 30.0, 30),
    (HEARTBEAT, "30", 30),
    (FILED, Day("2026-03-02"), "2026-03-02"),
    (FILED, "2026/3/2", "2026-03-02"),
    (FILED, "2026年3月2日", "2026-03-02"),
    (BACKUP, "是", True),
    (BACKUP, "no", False),
    (BACKUP, True, True),
    (SECRET, "0123", "0123"),
    (PARTY_ID, 340202.0, "340202"),
    (NAME, "中山路＝口", "中山路＝口"),
    (DEVICE_KIND, "录像机", "recorder"),
    (DEVICE_KIND, "box", "box"),
]


@pytest.mark.parametrize(("column", "raw", "value"), GOOD)
def test_what_is_taken(column: Column, raw: Raw, value: Value) -> None:
    assert read(column, raw) == value


BAD: list[tuple[Column, Raw, str]] = [
    (GB, None, "fleet.cell-required"),
    (GB, "   ", "fleet.cell-required"),
    (GB, 3.4020000001180e19, "fleet.cell-id-number"),
    (GB, CODE[:-1], "fleet.cell-gb-id-length"),
    (GB, CODE + "1", "fleet.cell-gb-id-length"),
    (GB, WIDE, "fleet.cell-full-width"),
    (GB, "3402000000118000000A", "fleet.cell-gb-id"),
    (GB, "34020000 001180000001", "fleet.cell-gb-id"),
    (PARTY_ID, "ａ１", "fleet.cell-full-width"),
    (PARTY_ID, "a 1", "fleet.cell-id"),
    (PARTY_ID, 1.5, "fleet.cell-type"),
    (PLACE, "更衣室、试衣间", "fleet.place-forbidden"),
    (PLACE, "somewhere", "fleet.cell-choice"),
    (LANES, 3.0, "fleet.cell-choice"),
    (LON, "abc", "fleet.cell-number"),
    (LON, "１１８.４", "fleet.cell-number"),
    (LON, 181.0, "fleet.cell-number"),
    (LON, "nan", "fleet.cell-number"),
    (LON, True, "fleet.cell-number"),
    (HEARTBEAT, 4.0, "fleet.cell-whole"),
    (HEARTBEAT, 30.5, "fleet.cell-whole"),
    (HEARTBEAT, "三十", "fleet.cell-whole"),
    (FILED, 46000.0, "fleet.cell-date"),
    (FILED, "2026-02-30", "fleet.cell-date"),
    (FILED, "next year", "fleet.cell-date"),
    (FILED, "0001-01-01", "fleet.cell-date"),
    (BACKUP, "maybe", "fleet.cell-choice"),
    (SECRET, 123.0, "fleet.cell-secret-number"),
    (SECRET, "x" * 300, "fleet.cell-long"),
    (NAME, "x" * 201, "fleet.cell-long"),
    (NAME, "a\u200bb", "fleet.cell-control"),
    (NAME, "a\nb", "fleet.cell-control"),
    (NAME, "#REF!", "fleet.cell-error"),
    (NAME, "#N/A", "fleet.cell-error"),
    (NAME, True, "fleet.cell-type"),
    (DEVICE_KIND, "x" * 21, "fleet.cell-choice"),
]


@pytest.mark.parametrize(("column", "raw", "code"), BAD)
def test_what_is_refused_and_how(column: Column, raw: Raw, code: str) -> None:
    with pytest.raises(FaultyCell) as caught:
        read(column, raw)
    fault = caught.value.fault
    assert fault.code == code
    for language in ("zh-CN", "en"):
        assert "{" not in message(code, language, fault.data)


def test_a_code_in_full_width_digits_is_shown_as_it_should_be() -> None:
    with pytest.raises(FaultyCell) as caught:
        read(GB, WIDE)
    assert caught.value.fault.data["plain"] == CODE


RAWS = st.one_of(
    st.none(),
    st.booleans(),
    st.floats(allow_nan=True),
    st.text(max_size=40),
    st.from_regex(r"[0-9]{18,21}", fullmatch=True),
    st.dates().map(lambda day: Day(day.isoformat())),
)
COLUMNS = st.sampled_from([column for sheet in SCHEMA.values() for column in sheet.columns])


def outcome(column: Column, raw: Raw) -> tuple[Value, str]:
    """The value, or the code of what is wrong."""
    try:
        return read(column, raw), ""
    except FaultyCell as error:
        return None, error.fault.code


@given(COLUMNS, RAWS)
def test_any_cell_is_a_value_or_a_fault_with_words(column: Column, raw: Raw) -> None:
    value, code = outcome(column, raw)
    assert code in MESSAGES or not code
    if value is None:
        return
    if column.kind is Kind.WHOLE:
        assert isinstance(value, int)
    elif column.kind is not Kind.YES_NO:
        assert isinstance(value, str)
        assert read(column, value) == value
