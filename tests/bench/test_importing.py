"""The benchmark of spreadsheets: its shape, and that a second import finds nothing to do."""

from __future__ import annotations

from civicam.bench.importing import run


def test_preview_and_writing_stand_beside_their_floors() -> None:
    report = run(scale="block")
    assert report.figures["sqlite_changed_by_a_second_import"] == 0
    for name in ("sqlite_preview_s", "sqlite_apply_s", "sqlite_undo_s"):
        assert name in report.figures
    assert {"calamine_s", "executemany_s"} <= report.floors.keys()
    assert report.goals["sqlite_preview_and_apply"].goal == 60.0
