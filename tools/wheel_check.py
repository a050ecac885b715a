"""``python3 -m tools.wheel_check FOLDER``: install the wheel of ``FOLDER/dist`` as a user would, and look.

An empty virtual environment, a PATH without Node.js, a folder outside the checkout: the console is there, the
commands answer, and the source distribution carries the built console too.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from pathlib import Path

from tools import uv_tool

ROOT = Path(__file__).resolve().parent.parent
_LOOK = """
from importlib.resources import files
page = files("civicam.web") / "static" / "index.html"
assert "<script" in page.read_text(encoding="utf-8"), "the console is not in the wheel"
maps = list((files("civicam.web") / "static" / "map").iterdir())
assert maps, "the sample map is not in the wheel"
"""


def main(folder: Path) -> int:
    """Check the wheel and the sdist; the first failure ends it with an exception that says what is wrong."""
    wheel = next((folder / "dist").glob("*.whl"))
    with tarfile.open(next((folder / "dist").glob("*.tar.gz"))) as archive:
        names = archive.getnames()
    assert any(name.endswith("src/civicam/web/static/index.html") for name in names), (
        "sdist lacks the console"
    )
    assert not any("node_modules" in name for name in names), "sdist carries node_modules"
    uv, _ = uv_tool.find_or_fetch(ROOT)
    room = folder / "room"
    environment = {"PATH": f"{room / 'bin'}:/nowhere", "HOME": str(folder), "LANG": "C.UTF-8"}
    python = str(room / "bin" / "python")
    outside = {**os.environ, "UV_SYSTEM_CERTS": "1"}
    subprocess.run([uv, "venv", "-q", "--python", sys.executable, str(room)], check=True, env=outside)
    subprocess.run([uv, "pip", "install", "-q", "--python", python, str(wheel)], check=True, env=outside)
    subprocess.run([python, "-c", _LOOK], check=True, cwd=folder, env=environment)
    for arguments in (["--version"], ["--help"], ["check", "--data", str(folder / "data")]):
        subprocess.run([str(room / "bin" / "civicam"), *arguments], check=True, cwd=folder, env=environment)
    print(f"ok: {wheel.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve()))
