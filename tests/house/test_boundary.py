"""The boundary: nothing here identifies, recognises or follows people or their vehicles, nor gets ready to.

Looked at are the names by which it would enter: packages of both languages, modules, functions,
classes, tables, columns, routes, settings, metrics, error codes, the console's files and texts. A name
is split into words, so that *interface*, *surface* and *template* are not mistaken for what they contain.
The lists are in `boundary.toml`.
"""

from __future__ import annotations

import ast
import itertools
import json
import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

RULES = tomllib.loads(Path(__file__).with_name("boundary.toml").read_text(encoding="utf-8"))
WORDS = frozenset(RULES["words"])
PAIRS = frozenset(tuple(pair) for pair in RULES["pairs"])
PACKAGES = frozenset(RULES["packages"])
CHINESE = re.compile("|".join(RULES["chinese"]))


def words(name: str) -> list[str]:
    """A snake, kebab or camel-case name as lower-case words."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name)
    return [word for word in re.split(r"[^a-z]+", spaced.lower()) if word]


def crossings(names: Iterable[str]) -> list[str]:
    """The names that step over the boundary."""
    found = []
    for name in names:
        parts = words(name)
        if WORDS & set(parts) or PAIRS & set(itertools.pairwise(parts)):
            found.append(name)
    return sorted(set(found))


@pytest.mark.parametrize(
    "name", ["face_id", "PlateNumber", "reId", "person-search", "watch_list", "faceEmbedding"]
)
def test_the_rule_sees_what_it_forbids(name: str) -> None:
    """The rule itself, on names that must be caught."""
    assert crossings([name]) == [name]


@pytest.mark.parametrize("name", ["interface", "Surface", "template", "fleet_place", "recording", "typeface"])
def test_the_rule_lets_ordinary_words_pass(name: str) -> None:
    """The rule itself, on names that only contain such a word."""
    assert crossings([name]) == []


def test_no_python_package_brings_it(repository: Path) -> None:
    """Neither wanted nor pulled in by another: the lock names everything."""
    lock = tomllib.loads((repository / "uv.lock").read_text(encoding="utf-8"))
    assert sorted({package["name"] for package in lock["package"]} & PACKAGES) == []


def test_no_npm_package_brings_it(repository: Path) -> None:
    """The same for the console."""
    lock = json.loads((repository / "ui" / "package-lock.json").read_text(encoding="utf-8"))
    installed = {path.rpartition("node_modules/")[2] for path in lock["packages"]}
    assert sorted(installed & PACKAGES) == []


def test_no_name_in_the_source_prepares_for_it(sources: Mapping[Path, ast.Module]) -> None:
    """Modules, classes, functions, arguments, attributes, variables, keywords of calls."""
    names: set[str] = set()
    for path, tree in sources.items():
        names.add(path.stem)
        for node in ast.walk(tree):
            match node:
                case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                    names.add(name)
                case (
                    ast.arg(arg=name)
                    | ast.Attribute(attr=name)
                    | ast.Name(id=name)
                    | ast.keyword(arg=str(name))
                ):
                    names.add(name)
    assert crossings(names) == []


def test_no_column_or_route_prepares_for_it(sources: Mapping[Path, ast.Module]) -> None:
    """Strings that are names: tables, columns, routes, JSON keys, metrics, error codes."""
    shape = re.compile(r"^[/{}A-Za-z][A-Za-z0-9_./{}:-]{1,60}$")
    strings = {
        node.value
        for tree in sources.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and shape.match(node.value)
    }
    assert crossings(strings) == []


def test_the_console_offers_none_of_it(repository: Path) -> None:
    """Files, identifiers and visible texts of the console, in both languages."""
    files = [
        path for path in (repository / "ui" / "src").rglob("*") if path.suffix in {".ts", ".vue", ".json"}
    ]
    assert files
    code = re.compile(r"(//[^\n]*|/\*.*?\*/|<!--.*?-->)", re.DOTALL)
    names: set[str] = {path.stem for path in files}
    chinese: list[str] = []
    for path in files:
        text = code.sub("", path.read_text(encoding="utf-8"))
        names |= set(re.findall(r"\b[A-Za-z_][A-Za-z0-9_]{2,60}\b", text))
        chinese += [f"{path.name}: {found.group()}" for found in CHINESE.finditer(text)]
    assert crossings(names) == []
    assert chinese == []
