"""Gets the `uv` that `uv.lock` pins, with the standard library alone.

Debian's python3 may lack pip, venv and ensurepip, so nothing of them is taken for granted. In this order:

1. a `uv` on the PATH (or ``$UV``) that is new enough;
2. the one fetched before into ``.tools/uv-VERSION``;
3. the wheel that ``uv.lock`` names for this machine: fetched with urllib, held against the lock's SHA-256;
4. ``python3 -m venv`` and its pip, which know a mirror set up in pip's own configuration.

Version, address and checksum are read from ``uv.lock`` (dependency group ``tools``): one place to change.
"""

from __future__ import annotations

import hashlib
import io
import os
import platform
import shutil
import subprocess
import sys
import tomllib
import urllib.error
import urllib.request
import zipfile
from pathlib import Path
from typing import Any

OLDEST = (0, 8)
"""`uv sync --frozen` of a version-1 lock works from here on."""

_TIMEOUT_S = 60


class Unavailable(Exception):
    """No way led to a uv; the message says what was tried and what to do."""


def find_or_fetch(root: Path) -> tuple[str, str]:
    """The path of a usable uv and a word on where it comes from. Raises `Unavailable`."""
    pinned = _pinned(root)
    version = str(pinned["version"])
    installed = os.environ.get("UV") or shutil.which("uv")
    if installed and _version(installed) >= OLDEST:
        return installed, "already installed"
    kept = root / ".tools" / f"uv-{version}" / "uv"
    if _version(str(kept)) >= OLDEST:
        return str(kept), "fetched before"
    tried: list[str] = []
    for way in (_from_wheel, _from_pip):
        try:
            way(pinned, kept)
        except (OSError, ValueError, subprocess.SubprocessError, zipfile.BadZipFile) as problem:
            tried.append(f"{way.__doc__}: {problem}")
            continue
        if _version(str(kept)) >= OLDEST:
            return str(kept), f"uv {version} fetched"
        tried.append(f"{way.__doc__}: the program does not run here")
    raise Unavailable("\n".join(tried))


def _pinned(root: Path) -> dict[str, Any]:
    """The package table of uv in ``uv.lock``."""
    lock = tomllib.loads((root / "uv.lock").read_text(encoding="utf-8"))
    for package in lock["package"]:
        if package["name"] == "uv":
            return dict(package)
    raise Unavailable("uv.lock names no uv: the dependency group 'tools' is missing.")


def _version(program: str) -> tuple[int, ...]:
    """(major, minor) of a uv, or () when it does not run."""
    try:
        said = subprocess.run(
            [program, "--version"], capture_output=True, text=True, timeout=20, check=True
        ).stdout
        return tuple(int(part) for part in said.split()[1].split(".")[:2])
    except (OSError, subprocess.SubprocessError, IndexError, ValueError):
        return ()


def _wheel_for(pinned: dict[str, Any], machine: str, libc: str) -> dict[str, Any]:
    """The lock's wheel for this processor and C library. Raises ValueError when there is none."""
    wanted = "musllinux" if libc != "glibc" else "manylinux"
    for wheel in pinned.get("wheels", ()):
        name = str(wheel["url"]).rsplit("/", 1)[-1]
        if wanted in name and name.endswith(f"_{machine}.whl"):
            return dict(wheel)
    raise ValueError(f"uv has no {wanted} wheel for {machine}")


def _from_wheel(pinned: dict[str, Any], target: Path) -> None:
    """direct download of the wheel in uv.lock"""
    wheel = _wheel_for(pinned, platform.machine(), platform.libc_ver()[0] or "musl")
    request = urllib.request.Request(wheel["url"], headers={"User-Agent": "civicam-bootstrap"})
    with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:
        data = answer.read()
    algorithm, _, expected = str(wheel["hash"]).partition(":")
    found = hashlib.new(algorithm, data).hexdigest()
    if found != expected:
        raise ValueError(f"checksum differs: expected {expected}, got {found}")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        member = next(name for name in archive.namelist() if name.endswith("/scripts/uv"))
        _place(archive.read(member), target)


def _from_pip(pinned: dict[str, Any], target: Path) -> None:
    """pip in a throw-away virtual environment"""
    room = target.parent / "pip"
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(room)], check=True, capture_output=True)
    wanted = f"uv=={pinned['version']}"
    subprocess.run([str(room / "bin" / "pip"), "install", "--quiet", wanted], check=True, capture_output=True)
    _place((room / "bin" / "uv").read_bytes(), target)
    shutil.rmtree(room)


def _place(program: bytes, target: Path) -> None:
    """Write the program beside its name, then rename: an interrupted set-up leaves no half file."""
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_suffix(".part")
    draft.write_bytes(program)
    draft.chmod(0o755)
    draft.replace(target)
