"""The ledger as xlsx, CSV and JSON: one line a cause, its channels with their minutes, its evidence."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson
import xlsxwriter

from civicam.kernel.clock import BEIJING
from civicam.outages.ledger import Outage
from civicam.outages.ports import OutageRow
from civicam.outages.words import EVIDENCE, KINDS, PARTIES, STATES, Language, say

_CAUSES = (
    ("编号", "id"),
    ("状态", "state"),
    ("原因", "cause"),
    ("位置", "place"),
    ("责任方", "attributed to"),
    ("开始", "start"),
    ("结束", "end"),
    ("点位", "sites"),
    ("图像", "channels"),
    ("不可用分钟", "unusable minutes"),
    ("未知分钟", "unknown minutes"),
    ("置信度", "confidence"),
    ("系统判定", "machine's cause"),
    ("改判人", "overruled by"),
    ("改判理由", "reason"),
    ("规则版本", "rules"),
)
_CHANNELS = (
    ("编号", "id"),
    ("图像", "channel"),
    ("名称", "name"),
    ("设备", "device"),
    ("点位", "site"),
    ("不可用分钟", "unusable minutes"),
    ("未知分钟", "unknown minutes"),
)
_EVIDENCE = (
    ("编号", "id"),
    ("证据", "evidence"),
    ("节点", "node"),
    ("时间", "at"),
    ("至", "until"),
    ("数量", "number"),
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
Cell = str | int | float
Names = Mapping[str, str]


def as_json(rows: Sequence[OutageRow], now: datetime) -> bytes:
    """Everything, with totals counted to ``now``."""
    return orjson.dumps(
        {"format": "civicam-outages/1", "at": now, "outages": [_plain(row, now) for row in rows]},
        option=orjson.OPT_INDENT_2,
    )


def _plain(row: OutageRow, now: datetime) -> dict[str, Any]:
    unusable, unknown = totals(row.outage, now)
    return {
        "outage": row.outage,
        "overruled": row.overruled,
        "unusable_minutes": round(unusable / 60, 2),
        "unknown_minutes": round(unknown / 60, 2),
    }


def as_csv(rows: Sequence[OutageRow], now: datetime, language: Language, names: Names) -> bytes:
    """One line a cause, in UTF-8 with a mark, which spreadsheets need for Chinese."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_head(_CAUSES, language))
    for row in rows:
        writer.writerow([_harmless(cell) for cell in _cause(row, now, language, names)])
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def as_xlsx(rows: Sequence[OutageRow], now: datetime, language: Language, names: Names) -> bytes:
    """Three sheets: causes, channels, evidence."""
    target = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(target, options) as book:
        chinese = language == "zh-CN"
        bold = book.add_format({"bold": True})
        for title, head, lines in (
            ("故障" if chinese else "causes", _CAUSES, (_cause(row, now, language, names) for row in rows)),
            ("图像" if chinese else "channels", _CHANNELS, _channels(rows, now, names)),
            ("证据" if chinese else "evidence", _EVIDENCE, _evidence(rows, language, names)),
        ):
            sheet = book.add_worksheet(title)
            sheet.freeze_panes(1, 0)
            sheet.write_row(0, 0, _head(head, language), bold)
            sheet.set_column(0, len(head) - 1, 18)
            for number, line in enumerate(lines, 1):
                sheet.write_row(number, 0, line)
    return target.getvalue()


def totals(outage: Outage, now: datetime) -> tuple[float, float]:
    """(unusable, unknown) channel seconds of a row, what is open counted to ``now``."""
    if outage.gap_id:
        end = outage.ended_at or now
        return 0.0, outage.channels * (end - outage.started_at).total_seconds()
    found = [each.seconds(now) for each in outage.affected]
    return sum(pair[0] for pair in found), sum(pair[1] for pair in found)


def _head(columns: Iterable[tuple[str, str]], language: Language) -> list[str]:
    return [pair[0 if language == "zh-CN" else 1] for pair in columns]


def _cause(row: OutageRow, now: datetime, language: Language, names: Names) -> list[Cell]:
    outage, verdict = row.outage, row.outage.verdict
    unusable, unknown = totals(outage, now)
    word = row.overruled
    return [
        outage.outage_id,
        say(STATES, outage.state, language),
        say(KINDS, row.kind, language),
        names.get(row.place, row.place),
        say(PARTIES, row.attribution, language),
        _time(outage.started_at),
        _time(outage.ended_at),
        outage.sites,
        outage.channels,
        round(unusable / 60, 1),
        round(unknown / 60, 1),
        verdict.confidence,
        say(KINDS, verdict.kind, language),
        "" if word is None else word.by,
        "" if word is None else word.reason,
        verdict.rule,
    ]


def _channels(rows: Sequence[OutageRow], now: datetime, names: Names) -> Iterator[list[Cell]]:
    for row in rows:
        for each in row.outage.affected:
            unusable, unknown = each.seconds(now)
            yield [
                row.outage.outage_id,
                each.channel_id,
                names.get(each.channel_id, ""),
                names.get(each.device_id, each.device_id),
                names.get(each.site_id, each.site_id),
                round(unusable / 60, 1),
                round(unknown / 60, 1),
            ]


def _evidence(rows: Sequence[OutageRow], language: Language, names: Names) -> Iterator[list[Cell]]:
    for row in rows:
        for line in row.outage.evidence:
            yield [
                row.outage.outage_id,
                say(EVIDENCE, line.code, language),
                names.get(line.node, line.node),
                _time(line.at),
                _time(line.until),
                "" if line.number is None else line.number,
            ]


def _time(moment: datetime | None) -> str:
    return "" if moment is None else moment.astimezone(BEIJING).strftime("%Y-%m-%d %H:%M:%S")


def _harmless(cell: Cell) -> Cell:
    """A text that a spreadsheet would take for a formula is kept from it."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell
