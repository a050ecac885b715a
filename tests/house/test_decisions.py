"""Decision records: one page each, the same four headings, numbered, listed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

HEADINGS = ["Context", "Decision", "Consequences", "Reconsider when"]
FOLDER = Path(__file__).resolve().parents[2] / "docs" / "decisions"
RECORDS = sorted(path for path in FOLDER.glob("[0-9]*.md"))


@pytest.mark.parametrize("record", RECORDS, ids=lambda path: str(path.stem))
def test_a_record_is_one_page(record: Path) -> None:
    """At most 60 lines and 450 words, the date in its second line, the four headings in order."""
    text = record.read_text(encoding="utf-8")
    assert text.count("\n") <= 60
    assert len(text.split()) <= 450
    assert re.match(r"# \d{4}\. .+\n\n\d{4}-\d{2}-\d{2} · (accepted|superseded by \d{4})\n", text)
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == HEADINGS


def test_records_are_numbered_without_a_gap() -> None:
    """0001 to the last; the number in the name is the number in the title."""
    numbers = [int(path.name[:4]) for path in RECORDS]
    assert numbers == list(range(1, len(RECORDS) + 1))
    assert len(numbers) >= 8
    for path in RECORDS:
        assert path.read_text(encoding="utf-8").startswith(f"# {path.name[:4]}. ")


def test_the_index_lists_every_record() -> None:
    """`docs/decisions/index.md` names each by its file."""
    index = (FOLDER / "index.md").read_text(encoding="utf-8")
    assert [path.name for path in RECORDS if path.name not in index] == []
