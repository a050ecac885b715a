"""Tests wait for what they wait for, with a limit; they never wait for a while."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from pathlib import Path


def pauses(tree: ast.Module) -> list[int]:
    """Lines that pause: ``sleep`` with anything but a literal 0 (which only hands the loop to others).

    A loop that asks for a condition again and again may rest between two questions: it waits for the
    condition, and the suite's time limit is its end.
    """
    asking = {
        id(inner)
        for loop in ast.walk(tree)
        if isinstance(loop, ast.While) and not isinstance(loop.test, ast.Constant)
        for inner in ast.walk(loop)
    }
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and "sleep" in (getattr(node.func, "attr", None), getattr(node.func, "id", None))
        and not (node.args and isinstance(node.args[0], ast.Constant) and node.args[0].value == 0)
        and id(node) not in asking
    ]


def test_no_test_sleeps(test_trees: Mapping[Path, ast.Module]) -> None:
    """Loss, retransmission and expiry are tested by moving the clock, events by waiting on them."""
    assert {path.name: lines for path, tree in test_trees.items() if (lines := pauses(tree))} == {}


def test_the_rule_sees_a_sleep() -> None:
    """The rule itself: a pause is found, also in an endless loop; handing over and asking again are none."""
    tree = ast.parse(
        "time.sleep(1)\nasyncio.sleep(0.1)\nasyncio.sleep(0)\n"
        "while not seen():\n    sleep(0.1)\n"
        "while True:\n    sleep(0.1)\n"
    )
    assert pauses(tree) == [1, 2, 7]
