"""``python -m civicam.fleet.sheets.child``: reads one workbook and says what stands in it, then ends.

stdin: JSON with the limits and the lists that cells choose from; the file's path is the argument. stdout:
JSON, the rows as `civicam.fleet.sheets.grid` reads them, or the code and data of a refusal.
"""

from __future__ import annotations

import gc
import resource
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import orjson

from civicam.fleet.law import Choice
from civicam.fleet.register import Lists
from civicam.fleet.sheets.cells import CellFault
from civicam.fleet.sheets.columns import sheets
from civicam.fleet.sheets.grid import ReadRow, ReadSheet, read_all
from civicam.fleet.sheets.limits import Limits
from civicam.fleet.sheets.opening import open_workbook
from civicam.fleet.sheets.schema import SheetName
from civicam.kernel.errors import Refused


def question(limits: Limits, lists: Lists) -> bytes:
    """What the process is told."""
    named = {name: list(getattr(lists, name).values()) for name in ("places", "grounds", "purposes")}
    return orjson.dumps({"limits": asdict(limits), "lists": named})


def answer(path: Path, asked: bytes) -> bytes:
    """What it answers."""
    told = orjson.loads(asked)
    limits = Limits(**told["limits"])
    lists = Lists(
        **{
            name: {each["code"]: Choice(**each) for each in choices}
            for name, choices in told["lists"].items()
        }
    )
    try:
        found = read_all(open_workbook(path.read_bytes(), limits), sheets(lists))
    except Refused as error:
        return orjson.dumps({"refused": error.code, "data": error.data})
    return orjson.dumps({"sheets": [_told(each) for each in found]})


def _told(sheet: ReadSheet) -> dict[str, Any]:
    return {
        "name": sheet.name,
        "columns": sorted(sheet.columns),
        "rows": [
            [row.number, row.values, _faults(row.faults), _faults(row.weak), row.raw] for row in sheet.rows
        ],
    }


def _faults(faults: dict[str, CellFault]) -> dict[str, Any]:
    return {name: [fault.code, dict(fault.data)] for name, fault in faults.items()}


def heard(text: bytes) -> tuple[ReadSheet, ...]:
    """What an answer says. Raises the `Refused` in it."""
    told = orjson.loads(text)
    if "refused" in told:
        raise Refused(told["refused"], **told["data"])
    return tuple(
        ReadSheet(
            SheetName(sheet["name"]),
            frozenset(sheet["columns"]),
            tuple(
                ReadRow(number, values, _faulty(faults), _faulty(weak), raw)
                for number, values, faults, weak, raw in sheet["rows"]
            ),
        )
        for sheet in told["sheets"]
    )


def _faulty(told: dict[str, Any]) -> dict[str, CellFault]:
    return {name: CellFault(code, data) for name, (code, data) in told.items()}


def main() -> None:
    """Read, answer, end."""
    gc.disable()  # nothing here is a cycle, and the process lives for seconds
    asked = sys.stdin.buffer.read()
    limits = Limits(**orjson.loads(asked)["limits"])
    resource.setrlimit(resource.RLIMIT_AS, (limits.memory_bytes, limits.memory_bytes))
    seconds = int(limits.seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    sys.stdout.buffer.write(answer(Path(sys.argv[1]), asked))


if __name__ == "__main__":
    main()
