"""Where pictures from devices lie: a folder for each ask, files with names of our own, a description.

Everything here may block and may raise `OSError`; it is called in threads.
"""

from __future__ import annotations

import contextlib
import json
import shutil
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from civicam.fleet.orders import Snapshot, SnapshotPicture

_DESCRIPTION = "ask.json"
_TIMES = ("asked_at", "ended_at", "until")


def picture(folder: Path, number: int) -> Path:
    """The file of picture ``number``, counted from 1."""
    return folder / f"{number:02d}.jpg"


def describe(folder: Path, job: Snapshot) -> None:
    """Write down what is known of an ask."""
    rows = asdict(job)
    for name in _TIMES:
        rows[name] = None if rows[name] is None else rows[name].isoformat()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = folder / f"{_DESCRIPTION}.part"
    temporary.write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
    temporary.replace(folder / _DESCRIPTION)


def stored(root: Path) -> list[Snapshot]:
    """Every ask that is described, oldest first. What is half done, or cannot be read, is removed."""
    found: list[Snapshot] = []
    if not root.is_dir():
        return found
    for folder in root.iterdir():
        if not folder.is_dir():
            continue
        for half in folder.glob("*.part"):
            half.unlink(missing_ok=True)
        job = _read(folder)
        if job is None or job.snapshot_id != folder.name:
            remove(folder)
        else:
            found.append(job)
    return sorted(found, key=lambda job: job.asked_at)


def remove(folder: Path) -> None:
    """Everything of an ask."""
    shutil.rmtree(folder, ignore_errors=True)


def free(root: Path) -> int:
    """Bytes free where pictures would lie."""
    place = root
    while not place.exists() and place != place.parent:
        place = place.parent
    return shutil.disk_usage(place).free


def _read(folder: Path) -> Snapshot | None:
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        rows = json.loads((folder / _DESCRIPTION).read_text(encoding="utf-8"))
        pictures = tuple(SnapshotPicture(**each) for each in rows.pop("pictures"))
        rows |= {name: _time(rows[name]) for name in _TIMES}
        job = Snapshot(**rows, pictures=pictures)
        if all(picture(folder, each.number).is_file() for each in pictures):
            return job
    return None


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
