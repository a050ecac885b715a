"""Builds the console (``ui/``) into ``src/civicam/web/static``: for the set-up and the wheel's hook."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from tools.steps import Failed, Steps, fingerprint

OLDEST_NODE = (20, 19)
"""Vite 7 asks for Node 20.19 (or 22.12)."""

_LEFT_OUT = {"node_modules", "dist", "coverage", "test-results", "__screenshots__"}


def sources(root: Path) -> list[Path]:
    """Every file the built console depends on."""
    found: list[Path] = []
    for folder, below, names in os.walk(root / "ui"):
        below[:] = [name for name in below if name not in _LEFT_OUT and not name.startswith(".")]
        found += [Path(folder, name) for name in names if not name.endswith((".log", ".tsbuildinfo"))]
    return found


def build(steps: Steps, root: Path) -> None:
    """Install what ``package-lock.json`` pins and build, each only when its inputs changed."""
    install(steps, root)
    static = root / "src" / "civicam" / "web" / "static"
    inputs = fingerprint("console", files=sources(root))
    if (static / "index.html").is_file() and steps.done("console", inputs):
        return
    steps.headline(4, "编译操作台", "building the console")
    steps.run("console", ["npm", "run", "build"], cwd=root / "ui", env=_environment())
    if not (static / "index.html").is_file():
        raise Failed(f"npm run build: {static}/index.html is missing")
    steps.stamp("console", inputs)


def install(steps: Steps, root: Path) -> None:
    """``npm ci`` when ``package-lock.json`` changed."""
    ui = root / "ui"
    inputs = fingerprint("npm", files=[ui / "package-lock.json"])
    if (ui / "node_modules" / ".package-lock.json").is_file() and steps.done("npm", inputs):
        return
    require_node()
    steps.headline(3, "操作台的依赖 (npm ci)", "the console's packages (npm ci)")
    # The lock file carries checksums and no addresses, so that a mirror of the reader's own serves as well.
    steps.run("npm", ["npm", "ci", "--no-audit", "--no-fund", "--prefer-offline"], cwd=ui, env=_environment())
    steps.stamp("npm", inputs)


def require_node() -> None:
    """Raises `Failed` with what to install when Node.js is absent or too old."""
    node = shutil.which("node")
    wanted = ".".join(map(str, OLDEST_NODE))
    if node is None or shutil.which("npm") is None:
        raise Failed(
            f"找不到 Node.js (node 和 npm): 编译操作台需要 {wanted} 或更高版本。\n"
            f"Node.js with npm was not found: building the console needs {wanted} or newer."
        )
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout.strip()
    numbers = re.match(r"v(\d+)\.(\d+)", said)
    if numbers is None or tuple(map(int, numbers.groups())) < OLDEST_NODE:
        raise Failed(
            f"Node.js {said or '?'} 太旧, 编译操作台需要 {wanted} 或更高版本。\n"
            f"Node.js {said or '?'} is too old: building the console needs {wanted} or newer."
        )


def _environment() -> dict[str, str]:
    """npm without colours, update notices and browser downloads."""
    quiet = {
        "NO_COLOR": "1",
        "npm_config_update_notifier": "false",
        "PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD": "1",
        "CI": "1",
    }
    return {**os.environ, **quiet}
