"""The house keeps its shape: rooms with the same files, nothing too long, imports pointing down."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOMS = ("alarms", "outages", "usability", "fleet", "access", "audit")
ROOM_FILES = (
    "__init__.py",
    "README.md",
    "facts.py",
    "model.py",
    "ports.py",
    "service.py",
    "store.py",
    "settings.py",
)
LONGEST = 400
CODE = {".py", ".ts", ".vue", ".sh", ".mjs", ".js", ".css"}
EMPTY_NAMES = re.compile(r"^(utils?|common|helpers?|managers?)$", re.IGNORECASE)
HOUSE = Path(__file__).resolve().parents[2]


def test_imports_follow_the_contracts(repository: Path) -> None:
    """Every import contract of pyproject.toml holds; the tool's own report says which import breaks one."""
    linter = Path(sys.executable).with_name("lint-imports")
    report = subprocess.run(
        [linter, "--no-cache"], cwd=repository, capture_output=True, text=True, check=False
    )
    assert report.returncode == 0, report.stdout[-4000:] + report.stderr[-2000:]


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_has_its_files(repository: Path, room: str) -> None:
    """A name in brackets is optional in a contract, so a typo is silent: the files are demanded here."""
    folder = repository / "src" / "civicam" / room
    missing = [name for name in ROOM_FILES if not (folder / name).is_file()]
    assert not missing, f"{room} lacks {missing}"


@pytest.mark.parametrize("room", ROOMS)
def test_a_rooms_readme_fits_ten_lines(repository: Path, room: str) -> None:
    """What it owns, what it never does; short enough to be read."""
    text = (repository / "src" / "civicam" / room / "README.md").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.strip()]
    assert 3 <= len(lines) <= 10
    assert "never" in text.lower() or "从不" in text


def test_every_room_is_named_here_and_in_the_contracts(repository: Path) -> None:
    """A new package with a ``model`` or a ``service`` is a room and gets the same rules as the others."""
    source = repository / "src" / "civicam"
    found = {folder.name for folder in source.iterdir() if (folder / "model.py").is_file()}
    assert found == set(ROOMS)
    linter = tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))["tool"][
        "importlinter"
    ]
    inside = next(
        contract for contract in linter["contracts"] if contract["name"].startswith("Inside a room")
    )
    assert set(inside["containers"]) == {f"civicam.{room}" for room in ROOMS}


def test_no_file_is_longer_than_one_sitting(tracked: list[Path]) -> None:
    """400 lines at most, in every language of the house."""
    long = {
        str(path.relative_to(HOUSE)): count
        for path in tracked
        if path.suffix in CODE and (count := path.read_text(encoding="utf-8").count("\n")) > LONGEST
    }
    assert not long


def test_names_say_something(tracked: list[Path]) -> None:
    """No module, folder or component that is called after nothing it does."""
    empty = [
        str(path.relative_to(HOUSE))
        for path in tracked
        if path.suffix in CODE
        and any(EMPTY_NAMES.match(part.removesuffix(path.suffix)) for part in path.relative_to(HOUSE).parts)
    ]
    assert not empty


def test_test_folders_have_no_init(tracked: list[Path]) -> None:
    """``--import-mode=importlib``: a package marker there would make two tests of one name collide."""
    assert [path for path in tracked if path.name == "__init__.py" and HOUSE / "tests" in path.parents] == []
