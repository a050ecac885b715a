"""Sets this folder up: ``python3 -m tools.bootstrap runtime|dev``. Standard library only, nothing as root.

``runtime``  what ``make demo`` needs: Python packages and the built console
``dev``      the same with the tools that tests and checks need

A second run with nothing changed takes well under a second: each step keeps a hash of its inputs.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from pathlib import Path

if sys.version_info < (3, 11):  # noqa: UP036 - this file is what tells people with an older Python
    sys.exit(
        "需要 Python 3.11 或更高版本 (Debian 12 自带)。 · Python 3.11 or newer is needed (Debian 12 has it)."
    )

from tools import console, uv_tool
from tools.steps import Failed, Steps, fingerprint, say

ROOT = Path(__file__).resolve().parent.parent
_NEEDED_BYTES = 2_500_000_000
"""Packages, console sources and caches of a first set-up, with room to spare."""


def main(arguments: list[str]) -> int:
    """Run the set-up named by the one argument; the process's exit status."""
    what = arguments[0] if arguments else "dev"
    if what not in ("runtime", "dev"):
        print(__doc__)
        return 2
    started = time.monotonic()
    steps = Steps(ROOT, total=4)
    try:
        _python(steps, development=what != "runtime")
        console.build(steps, ROOT)
    except (Failed, uv_tool.Unavailable) as problem:
        print(f"\n安装没有完成 · the set-up did not finish:\n{problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(
            "\n已中断, 再次运行会从这里继续。 · Interrupted; run it again to go on from here.",
            file=sys.stderr,
        )
        return 130
    took = time.monotonic() - started
    if steps.ran:
        say(f"安装完成, 用时 {took:.0f} 秒", f"set up in {took:.0f} s")
    return 0


def _python(steps: Steps, *, development: bool) -> None:
    """uv, then the virtual environment with what ``uv.lock`` pins."""
    python = ROOT / ".venv" / "bin" / "python"
    inputs = fingerprint("python", sys.version, files=[ROOT / "uv.lock", ROOT / "pyproject.toml"])
    wanted = (
        ["dev"] if development else ["dev", "runtime"]
    )  # an environment with the tools has all the demo needs
    if python.exists() and any(steps.done(f"python-{name}", inputs) for name in wanted):
        return
    _require_space()
    steps.headline(1, "uv 包管理器", "uv, the package manager")
    uv, origin = uv_tool.find_or_fetch(ROOT)
    say(uv, origin)
    _link(ROOT / ".tools" / "uv", Path(uv))
    steps.headline(2, "Python 依赖 (uv sync)", "Python packages (uv sync)")
    command = [uv, "sync", "--frozen", "--inexact", "--no-progress", *([] if development else ["--no-dev"])]
    if not python.exists():
        command += ["--python", sys.executable]
    steps.run("python", command, env=_environment())
    steps.stamp("python-dev" if development else "python-runtime", inputs)


def _link(name: Path, target: Path) -> None:
    """``.tools/uv``: one name for whichever uv the set-up uses."""
    name.parent.mkdir(parents=True, exist_ok=True)
    name.unlink(missing_ok=True)
    name.symlink_to(target)


def _environment() -> dict[str, str]:
    """uv trusts the system's certificates (a company's proxy is known there) and downloads no interpreter."""
    chosen = {"UV_SYSTEM_CERTS": "1", "UV_NATIVE_TLS": "1", "UV_PYTHON_DOWNLOADS": "never", "NO_COLOR": "1"}
    kept = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    return {**chosen, **kept}


def _require_space() -> None:
    """Raises `Failed` before a half-done set-up fills the disk."""
    free = shutil.disk_usage(ROOT).free
    if free < _NEEDED_BYTES:
        have, need = free / 1e9, _NEEDED_BYTES / 1e9
        raise Failed(
            f"磁盘空间不足: 剩余 {have:.1f} GB, 需要 {need:.1f} GB。\n"
            f"Not enough disk space: {have:.1f} GB left, {need:.1f} GB needed."
        )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
