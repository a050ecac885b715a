"""Every fault is counted, few are written."""

from __future__ import annotations

from civicam.gateway.faults import FaultLog


def test_one_line_an_interval_tells_how_many_were_held_back() -> None:
    lines: list[tuple[str, dict[str, object]]] = []
    log = FaultLog(lambda code, fields: lines.append((code, fields)), every_s=60)
    for second in range(121):
        log.note("gateway.wrong-password", "cam", float(second), source="10.0.0.9:5060")
    assert [fields["more"] for _, fields in lines] == [0, 59, 59]
    assert lines[0][1]["source"] == "10.0.0.9:5060"
    assert log.counters["gateway.wrong-password"] == 121


def test_kinds_and_sources_are_told_apart() -> None:
    lines: list[str] = []
    log = FaultLog(lambda code, fields: lines.append(f"{code} {fields['who']}"))
    for code, who in (("a.b", "x"), ("a.b", "y"), ("a.c", "x"), ("a.b", "x")):
        log.note(code, who, 0.0)
    assert lines == ["a.b x", "a.b y", "a.c x"]


def test_memory_is_bounded() -> None:
    log = FaultLog(lambda code, fields: None, remembered=5)
    for number in range(50):
        log.note("a.b", str(number), 0.0)
    assert len(log._seen) == 5
    assert log.counters["a.b"] == 50
