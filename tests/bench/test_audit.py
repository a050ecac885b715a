"""The benchmark of the audit log on a small load: its figures are there and its export is whole."""

from __future__ import annotations

from civicam.audit.verifier import Verifier
from civicam.bench.audit import Wish, export_of, run


def test_a_short_run_tells_every_figure() -> None:
    report = run(Wish(seconds=0.2, appenders=10, entries=1_000, postgres=""))
    assert {"sqlite_ratio", "sqlite_rate", "sqlite_paced_p99"} == set(report.goals)
    assert report.figures["verified_entries"] == 1_000
    assert {"sqlite_appends_per_s", "sqlite_bytes_per_entry", "verified_per_s"} <= set(report.figures)


def test_what_is_verified_is_a_whole_log() -> None:
    verifier = Verifier()
    for piece in export_of(500):
        verifier.export(piece)
    verdict = verifier.finish()
    assert (verdict.findings, verdict.covered) == ([], 500)
