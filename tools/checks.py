"""``make check``, ``quick``, ``docs`` and ``bench``: each check by name, its time, one verdict.

``all``    linters, types, contracts, house tests, console's types, documentation, coverage gate
``quick``  linters, types, contracts, house tests and the fast unit tests
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = ROOT / ".venv" / "bin"

Check = tuple[str, list[str]]

_LINTERS: list[Check] = [
    ("ruff check", [f"{BIN}/ruff", "check", "."]),
    ("ruff format", [f"{BIN}/ruff", "format", "--check", "."]),
    ("mypy", [f"{BIN}/mypy"]),
    ("import contracts", [f"{BIN}/lint-imports", "--no-cache"]),
]
_HOUSE: list[Check] = [("house tests", [f"{BIN}/python", "-m", "pytest", "-q", "tests/house"])]
_PURE = [
    "tests/kernel",
    "tests/signalling",
    "tests/media/core",
    "tests/access",
    "tests/alarms",
    "tests/outages",
    "tests/fleet",
    "tests/usability",
    "tests/probes",
]
_FAST: list[Check] = [
    (
        "unit tests",
        [
            f"{BIN}/python",
            "-m",
            "pytest",
            "-q",
            "-n",
            "2",
            "-m",
            "not (slow or interop or browser or serial or long)",
            *_PURE,
        ],
    )
]
_DOCS: list[Check] = [
    ("reference pages", [f"{BIN}/python", "-m", "tools.reference", "--check"]),
    ("documentation", [f"{BIN}/zensical", "build", "--clean", "--strict"]),
]
_WHOLE: list[Check] = [
    ("console: types and lint", ["npm", "--prefix", "ui", "run", "--silent", "check"]),
    *_DOCS,
    ("changelog", [f"{BIN}/towncrier", "build", "--draft", "--version", "next"]),
    ("coverage gate", [f"{BIN}/python", "-m", "tools.coverage_gate"]),
]
_BENCH: list[Check] = [
    ("bench signalling", [f"{BIN}/civicam", "bench", "signalling"]),
    ("bench media", [f"{BIN}/civicam", "bench", "media"]),
    ("bench live", [f"{BIN}/civicam", "bench", "live"]),
]
SETS: dict[str, list[Check]] = {
    "quick": [*_LINTERS, *_HOUSE, *_FAST],
    "all": [*_LINTERS, *_HOUSE, *_WHOLE],
    "docs": _DOCS,
    "bench": _BENCH,
}


def main(arguments: list[str]) -> int:
    """Run one set of checks to its end; 1 when any failed."""
    name = arguments[0] if arguments else "all"
    if name not in SETS:
        print(__doc__)
        return 2
    environment = {**os.environ, "NO_COLOR": "1", "PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}"}
    failed: list[str] = []
    for title, command in SETS[name]:
        started = time.monotonic()
        print(f"── {title}", flush=True)
        status = subprocess.call(command, cwd=ROOT, env=environment)
        print(f"   {'ok' if status == 0 else 'FAILED'}  {time.monotonic() - started:.1f} s", flush=True)
        if status:
            failed.append(title)
    for title in failed:
        print(f"失败 · failed: {title}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
