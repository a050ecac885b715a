"""The page tells every parameter, and the engine's figures are those of the page."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

from civicam.fleet.graph import NodeKind
from civicam.outages.model import answers_for, kind_of
from civicam.outages.rules import VERSION, Rules
from civicam.outages.words import EVIDENCE, KINDS, PARTIES, say


def test_every_parameter_stands_on_the_page_with_its_value(repository: Path) -> None:
    page = (repository / "docs" / "reference" / "outages.md").read_text(encoding="utf-8")
    told = dict(re.findall(r"^\| `([a-z_]+)` \| ([0-9.e+-]+) \|", page, re.MULTILINE))
    ours = {each.name: f"{each.default:g}" for each in fields(Rules) if each.name != "per_year"}
    assert told == ours
    assert f"`{VERSION}`" in page


def test_every_element_has_a_rate_a_kind_and_somebody_who_answers() -> None:
    rules = Rules()
    for kind in NodeKind:
        assert rules.rate(kind) > 0
        assert kind_of(kind) in KINDS
        assert answers_for(kind) in PARTIES


def test_words_in_both_languages() -> None:
    assert say(KINDS, "mains", "zh-CN") == "市电"
    assert say(EVIDENCE, "last_gasp", "en") == "last gasp"
    assert say(EVIDENCE, "no such code", "en") == "no such code"
