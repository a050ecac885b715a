"""What ships is Apache-2.0: no GPL package among the runtime dependencies of either language."""

from __future__ import annotations

import json
import re
from importlib import metadata
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

STRONG = re.compile(r"\b(A?GPL|GNU (Affero )?General Public)", re.IGNORECASE)
WEAK = re.compile(r"LGPL|Lesser General Public|linking exception", re.IGNORECASE)
CHOICE = re.compile(r"\bOR\b|dual licen[cs]e", re.IGNORECASE)


def licence(name: str) -> str:
    """What a package's metadata says of its licence: expression and classifiers before free text."""
    about: Any = metadata.metadata(name)  # a mapping of e-mail headers; its protocol names no `get`
    stated = [about.get("License-Expression") or "", *(about.get_all("Classifier") or [])]
    text = " | ".join(line for line in stated if line and ("License" in line or "::" not in line))
    return text or str(about.get("License") or "")[:200]


def runtime_packages() -> set[str]:
    """civicam's dependencies and theirs, as installed here, without extras nobody asked for."""
    seen: set[str] = set()
    waiting = [("civicam", frozenset[str]())]
    while waiting:
        name, extras = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        for line in metadata.requires(name) or []:
            wanted = Requirement(line)
            asked = [{"extra": extra} for extra in extras or {""}]
            if wanted.marker is None or any(wanted.marker.evaluate(environment) for environment in asked):
                waiting.append((wanted.name, frozenset(wanted.extras)))
    return seen - {"civicam"}


def test_no_gpl_package_is_a_runtime_dependency() -> None:
    """LGPL may be linked, GPL and AGPL may not."""
    packages = runtime_packages()
    assert {"sqlalchemy", "lxml", "fastapi"} <= {name.lower() for name in packages}
    strong = {
        name: text
        for name in packages
        if STRONG.search(text := WEAK.sub("", licence(name))) and not CHOICE.search(text)
    }
    assert strong == {}


def test_no_gpl_package_is_built_into_the_console(repository: Path) -> None:
    """npm writes each package's licence into its lock file; development tools are not shipped."""
    lock = json.loads((repository / "ui" / "package-lock.json").read_text(encoding="utf-8"))
    shipped = {path: about for path, about in lock["packages"].items() if path and not about.get("dev")}
    assert shipped
    strong = {
        path: text for path, about in shipped.items() if STRONG.search(text := str(about.get("license", "")))
    }
    assert strong == {}


def test_the_licence_and_the_notice_are_there(repository: Path) -> None:
    """Apache-2.0 asks for both to travel with the work."""
    assert "Apache License" in (repository / "LICENSE").read_text(encoding="utf-8")[:400]
    notice = (repository / "NOTICE").read_text(encoding="utf-8")
    assert "FFmpeg" in notice
    assert "psycopg" in notice
