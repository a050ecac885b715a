"""``make test`` and ``make long``: the Python suite, then the console's unit tests; the verdict of both.

``all``    everything but what is marked ``long``. Three of xdist's workers share two cores: many tests wait.
           What starts whole process trees or drives a browser comes after the rest, one file beside another.
``long``   whole benchmarks in small, and whole days of the city: one at a time, since they measure.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = ROOT / ".venv" / "bin"
_TREES = "browser or serial"

# a worker that dies of a hung test is replaced once; xdist would hand it the same test for ever
_THREE = ("-q", "-n", "3", "--max-worker-restart", "1")

_NO_TESTS = 5
"""pytest's status for 'nothing was selected'; the other half of the suite has the tests then."""


def pytest(*arguments: str) -> int:
    """Run pytest here with these arguments; its exit status."""
    return subprocess.call([str(BIN / "python"), "-m", "pytest", *arguments], cwd=ROOT)


def npm(script: str) -> int:
    """Run one of the console's npm scripts; its exit status."""
    environment = {**os.environ, "CI": "1", "NO_COLOR": "1", "npm_config_update_notifier": "false"}
    return subprocess.call(["npm", "run", "--silent", script], cwd=ROOT / "ui", env=environment)


def runs(name: str, extra: list[str]) -> dict[str, Callable[[], int]]:
    """What a set of tests consists of, by the name its verdict has; ``extra`` goes to pytest."""
    if name == "long":
        return {"pytest (long)": lambda: pytest("-q", "--durations=12", "-m", "long", *extra)}
    return {
        "pytest": lambda: pytest(*_THREE, "--dist", "loadgroup", "-m", f"not ({_TREES} or long)", *extra),
        "pytest (process trees)": lambda: pytest(
            *_THREE, "--dist", "loadfile", "--durations=12", "-m", f"({_TREES}) and not long", *extra
        ),
        "console (vitest)": lambda: npm("test"),
    }


def main(arguments: list[str]) -> int:
    """One set of tests; further arguments go to pytest (``python -m tools.tests all -k sip``)."""
    started = time.monotonic()
    parts = runs(arguments[0] if arguments else "all", arguments[1:])
    verdicts = {what: part() for what, part in parts.items()}
    print(f"\n{time.monotonic() - started:.0f} s")
    failed = [name for name, status in verdicts.items() if status not in (0, _NO_TESTS)]
    for name in failed:
        print(f"失败 · failed: {name}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
