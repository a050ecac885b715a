"""Every error says the same in Chinese and in English, and every line is said by someone."""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from civicam.kernel.messages import MESSAGES

CODE = re.compile(
    r"^(access|alarms|audit|bench|config|db|demo|fleet|gateway|media|outages|probes|signalling|simulator|usability|web)\.[a-z0-9]+(-[a-z0-9]+)*$"
)
FAMILIES = {"Refused", "Operational", "Bug"}
CHINESE = re.compile(r"[一-鿿]")


def names(template: str) -> set[str]:
    """The data a message asks for."""
    return {field for _, field, _, _ in string.Formatter().parse(template) if field}


def raised(sources: Mapping[Path, ast.Module]) -> Iterator[tuple[str, set[str] | None, str]]:
    """(code, data given, None when not all is visible, place) for each error made with a literal code."""
    for path, tree in sources.items():
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            first = node.args[0]
            if name in FAMILIES and isinstance(first, ast.Constant) and isinstance(first.value, str):
                given = {keyword.arg for keyword in node.keywords}
                known = None if None in given else {word for word in given if word and word != "side"}
                yield first.value, known, f"{path.name}:{node.lineno}"


def literals(sources: Mapping[Path, ast.Module]) -> set[str]:
    """Every string constant in the source outside the message tables."""
    return {
        node.value
        for path, tree in sources.items()
        if path.parent.name != "messages"
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def test_every_code_that_is_raised_has_its_line(sources: Mapping[Path, ast.Module]) -> None:
    """A code without a text would reach people as a bare word."""
    missing = sorted({f"{code} ({place})" for code, _, place in raised(sources) if code not in MESSAGES})
    assert not missing


def test_codes_are_of_one_shape(sources: Mapping[Path, ast.Module]) -> None:
    """``room.what``, lower case with hyphens."""
    assert [code for code in MESSAGES if not CODE.match(code)] == []
    assert [f"{code} ({place})" for code, _, place in raised(sources) if not CODE.match(code)] == []


def test_no_line_is_left_over(sources: Mapping[Path, ast.Module]) -> None:
    """A line whose code appears nowhere in the source is removed with the code."""
    assert sorted(set(MESSAGES) - literals(sources)) == []


@pytest.mark.parametrize("code", sorted(MESSAGES))
def test_both_languages_say_the_same(code: str) -> None:
    """Both ask for the same data, the Chinese is Chinese and the English is not."""
    chinese, english = MESSAGES[code]
    assert names(chinese) == names(english)
    assert CHINESE.search(chinese)
    assert english
    assert not CHINESE.search(english)


def test_the_data_a_message_asks_for_is_given(sources: Mapping[Path, ast.Module]) -> None:
    """``{name}`` in a text that nobody fills would be shown as it stands."""
    unfilled = sorted(
        f"{code} ({place}): {sorted(names(MESSAGES[code][1]) - given)}"
        for code, given, place in raised(sources)
        if code in MESSAGES and given is not None and names(MESSAGES[code][1]) - given
    )
    assert not unfilled


def test_the_table_is_sorted() -> None:
    """By room, then by code, so that two people's lines do not end up twice."""
    rooms = [code.split(".")[0] for code in MESSAGES]
    assert rooms == sorted(rooms)
