"""Nothing of the machines that this was written on: no absolute paths, no registry addresses, no keys."""

from __future__ import annotations

import re
from pathlib import Path

TEXT = {
    ".py",
    ".ts",
    ".vue",
    ".md",
    ".toml",
    ".json",
    ".yml",
    ".yaml",
    ".sh",
    ".css",
    ".html",
    ".cfg",
    ".ini",
    "",
}
LOCK = "uv.lock"
"""uv writes each package's public address into its lock file; the only place that may hold one."""

PATHS = re.compile(
    r"(?<![\w.~-])/(?:root|work|home/(?!civicam\b)[a-z]+|Users|opt/pypi\w*|opt/wheels)(?:/|\b)"
)
HOSTS = re.compile(
    r"(?:pypi|pythonhosted|npmjs|npmmirror|yarnpkg|deb\.debian|tuna\.tsinghua|aliyun(?:cs)?)\.(?:org|com|cn|edu\.cn)\b"
)
KEYS = re.compile("-----BEGIN " + r"(?:RSA |EC |OPENSSH )?PRIVATE KEY-----")


def texts(tracked: list[Path]) -> list[tuple[Path, str]]:
    """Every tracked text file but the lock."""
    found = []
    for path in tracked:
        if path.suffix in TEXT and path.name not in (LOCK, Path(__file__).name):
            try:
                found.append((path, path.read_text(encoding="utf-8")))
            except UnicodeDecodeError:
                continue
    return found


def test_no_path_of_a_machine(tracked: list[Path]) -> None:
    """A path below somebody's home works on one machine only."""
    assert [
        f"{path.name}: {found.group()}" for path, text in texts(tracked) for found in PATHS.finditer(text)
    ] == []


def test_no_registry_address(tracked: list[Path]) -> None:
    """Packages are named, never where they are fetched from: readers have mirrors of their own."""
    assert [
        f"{path.name}: {found.group()}" for path, text in texts(tracked) for found in HOSTS.finditer(text)
    ] == []


def test_no_private_key(tracked: list[Path]) -> None:
    """Keys are made at first start."""
    assert [path.name for path, text in texts(tracked) if KEYS.search(text)] == []
