"""``make test`` and ``make quick``: the Python suite, then the console's unit tests; the verdict of both.

The two cores are shared by xdist's two workers. Tests that measure, start whole process trees or drive a
browser run after them, alone, so that they do not wait for each other.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = ROOT / ".venv" / "bin"
_ALONE = "browser or serial"

_NO_TESTS = 5
"""pytest's status for 'nothing was selected'; the other half of the suite has the tests then."""


def pytest(*arguments: str) -> int:
    """Run pytest here with these arguments; its exit status."""
    return subprocess.call([str(BIN / "python"), "-m", "pytest", *arguments], cwd=ROOT)


def npm(script: str) -> int:
    """Run one of the console's npm scripts; its exit status."""
    environment = {**os.environ, "CI": "1", "NO_COLOR": "1", "npm_config_update_notifier": "false"}
    return subprocess.call(["npm", "run", "--silent", script], cwd=ROOT / "ui", env=environment)


def main(arguments: list[str]) -> int:
    """All tests; further arguments go to pytest (``python -m tools.tests all -k sip``)."""
    extra = arguments[1:]
    started = time.monotonic()
    verdicts = {
        "pytest (two workers)": pytest(
            # a worker that dies of a hung test is replaced once; xdist would hand it the same test for ever
            *("-q", "-n", "2", "--dist", "loadgroup", "--max-worker-restart", "1"),
            *("-m", f"not ({_ALONE})", *extra),
        ),
        "pytest (one at a time)": pytest("-q", "--durations=12", "-m", _ALONE, *extra),
        "console (vitest)": npm("test"),
    }
    print(f"\n{time.monotonic() - started:.0f} s")
    failed = [name for name, status in verdicts.items() if status not in (0, _NO_TESTS)]
    for name in failed:
        print(f"失败 · failed: {name}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
