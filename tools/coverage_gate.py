"""The coverage gate: the branches of the pure wire files and of the rooms that answer for people.

Runs the tests of those parts alone, in two workers, without those that start processes of their own, whose
lines are not counted anyway; holds each part against its own floor and lists the lines that fall short. The
goal is 100 everywhere; a floor below it is what is reached, and only rises.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = ROOT / ".venv" / "bin"

FLOORS: dict[str, tuple[int, str]] = {
    "signalling/sip": (99, "src/civicam/signalling/sip/*"),
    "signalling/gb28181": (100, "src/civicam/signalling/gb28181/*"),
    "media/core": (97, "src/civicam/media/core/*"),
    "access": (95, "src/civicam/access/*"),
    "audit": (100, "src/civicam/audit/*"),
    "kernel": (100, "src/civicam/kernel/*"),
    "alarms (pure)": (100, "src/civicam/alarms/model.py,src/civicam/alarms/facts.py"),
    "usability (pure)": (
        99,
        ",".join(
            f"src/civicam/usability/{name}.py"
            for name in ("model", "facts", "debounce", "board", "judging", "history", "rates", "rows")
        ),
    ),
    "fleet (pure)": (
        99,
        "src/civicam/fleet/model.py,src/civicam/fleet/facts.py,src/civicam/fleet/presence.py,src/civicam/fleet/cityfile.py",
    ),
}
TESTS = [
    "tests/signalling",
    "tests/media/core",
    "tests/wire",
    "tests/kernel",
    "tests/access",
    "tests/audit",
    "tests/alarms",
    "tests/outages",
    "tests/fleet",
    "tests/usability",
    "tests/stores",
    "tests/web",
    "tests/house",
]


def main() -> int:
    """Measure, then compare part by part; 1 when one is below its floor."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "coverage"
        present = [name for name in TESTS if (ROOT / name).is_dir()]
        measured = [
            f"{BIN}/python",
            "-m",
            "pytest",
            "-q",
            "-n",
            "2",
            "-m",
            "not (interop or browser or serial or long)",
            "--cov=civicam",
        ]
        measured += ["--cov-branch", "--cov-report=", *present]
        environment = {"COVERAGE_FILE": str(data), "PATH": f"{BIN}:/usr/bin:/bin", "HOME": folder}
        if subprocess.call(measured, cwd=ROOT, env=environment):
            return 1
        below = []
        for part, (floor, include) in FLOORS.items():
            report = [f"{BIN}/coverage", "report", f"--include={include}", "--skip-covered", "--show-missing"]
            print(f"-- {part}: at least {floor} %", flush=True)
            if subprocess.call([*report, f"--fail-under={floor}"], cwd=ROOT, env=environment):
                below.append(part)
    for part in below:
        print(f"below its floor: {part}", file=sys.stderr)
    return 1 if below else 0


if __name__ == "__main__":
    sys.exit(main())
