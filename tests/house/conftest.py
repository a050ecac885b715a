"""What the house tests look at: the tracked files and the source's syntax trees."""

from __future__ import annotations

import ast
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

_LEFT_OUT = {"node_modules", "static", "__pycache__", "dist", "site"}


@pytest.fixture(scope="session")
def tracked(repository: Path) -> list[Path]:
    """Every file of the repository: git's list, also what is new; a plain walk in an unpacked sdist."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=repository,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode == 0:
        return [path for name in listed.stdout.splitlines() if (path := repository / name).is_file()]
    found: list[Path] = []
    for folder, below, names in os.walk(repository):
        below[:] = [name for name in below if name not in _LEFT_OUT and not name.startswith(".")]
        found += [Path(folder, name) for name in names]
    return found


@pytest.fixture(scope="session")
def sources(repository: Path) -> Mapping[Path, ast.Module]:
    """Each Python file under ``src``, parsed."""
    return {
        path: ast.parse(path.read_text(encoding="utf-8"))
        for path in sorted((repository / "src").rglob("*.py"))
    }


@pytest.fixture(scope="session")
def test_trees(repository: Path) -> Mapping[Path, ast.Module]:
    """Each Python file under ``tests``, parsed."""
    return {
        path: ast.parse(path.read_text(encoding="utf-8"))
        for path in sorted((repository / "tests").rglob("*.py"))
    }
