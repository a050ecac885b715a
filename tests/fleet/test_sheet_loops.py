"""Circles among links: found exactly, whatever the size."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from civicam.fleet.sheets.loops import looping

NAMES = st.sampled_from("ABCDEFG")
LINKS = st.lists(st.tuples(NAMES, NAMES), max_size=14, unique=True)


def reaches(links: list[tuple[str, str]], start: str, end: str) -> bool:
    """The slow way to know."""
    seen, waiting = {start}, [start]
    while waiting:
        node = waiting.pop()
        if node == end:
            return True
        for upper, lower in links:
            if upper == node and lower not in seen:
                seen.add(lower)
                waiting.append(lower)
    return False


@given(LINKS)
def test_a_link_is_on_a_circle_when_its_end_leads_back(links: list[tuple[str, str]]) -> None:
    wanted = {(upper, lower) for upper, lower in links if upper != lower and reaches(links, lower, upper)}
    assert set(looping(links)) == wanted


def test_the_circle_is_named() -> None:
    found = looping([("A", "B"), ("B", "C"), ("C", "A"), ("C", "D")])
    assert set(found) == {("A", "B"), ("B", "C"), ("C", "A")}
    assert found["A", "B"] == "A → B → C → A"


def test_a_long_circle_is_named_in_short_and_costs_no_recursion() -> None:
    names = [f"N{number}" for number in range(20_000)]
    found = looping(list(zip(names, [*names[1:], names[0]], strict=True)))
    assert len(found) == len(names)
    assert "…" in found["N0", "N1"]
