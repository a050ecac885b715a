"""The platform under measurement: ``civicam serve`` as operators start it, on a store with N cameras entered.

It is a process of its own on one core. Its CPU and memory are read from outside; what it promised to keep is
looked for in its database after it was killed without notice.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psutil
from sqlalchemy import Connection, create_engine, func, insert, select

from civicam.alarms.tables import alarm_event
from civicam.bench.signalling_messages import PASSWORD, PLATFORM, REALM, device_id
from civicam.db.migrate import migrate
from civicam.fleet.model import NOT_SEEN, channel_id_for, device_id_for, ha1
from civicam.fleet.tables import channel, device, district, site, transition
from civicam.kernel.errors import Operational

_START_S = 60.0
_ROWS = 2_000
_QUIET: Mapping[str, str] = {
    "CIVICAM_WEB__PORT": "0",
    "CIVICAM_WEB__HOST": "127.0.0.1",
    "CIVICAM_MEDIA__WORKERS": "1",
    "CIVICAM_MEDIA__VIEWER_PORT": "0",
    "CIVICAM_GATEWAY__GB_ID": PLATFORM,
    "CIVICAM_GATEWAY__REALM": REALM,
    "CIVICAM_GATEWAY__HOST": "127.0.0.1",
    "CIVICAM_GATEWAY__ADVERTISE": "127.0.0.1",
}


def seed(url: str, count: int, heartbeat_s: int = 60) -> None:
    """Enter ``count`` cameras of one channel each, as an import would have left them."""
    migrate(url)
    engine = create_engine(url)
    try:
        with engine.begin() as connection:
            _enter(connection, count, heartbeat_s)
    finally:
        engine.dispose()


def _enter(connection: Connection, count: int, heartbeat_s: int) -> None:
    connection.execute(insert(district).values(code="340202", name_zh="东区", name_en="East"))
    place = {"site_id": "S1", "name_zh": "点位", "name_en": "Place", "district": "340202", "street": None}
    connection.execute(insert(site).values(**place, lon=118.4, lat=31.3, kind="camera"))
    for first in range(0, count, _ROWS):
        numbers = range(first, min(first + _ROWS, count))
        connection.execute(insert(device), [_device(device_id(n), heartbeat_s) for n in numbers])
        connection.execute(insert(channel), [_channel(device_id(n)) for n in numbers])


def _device(gb_id: str, heartbeat_s: int) -> dict[str, Any]:
    texts = (
        "rtsp_url",
        "username",
        "source",
        "user_agent",
        "gb_version",
        "manufacturer",
        "model",
        "firmware",
    )
    by_md5, by_sha256 = ha1(gb_id, REALM, PASSWORD)
    return dict.fromkeys(texts, "") | {
        "device_id": device_id_for(gb_id),
        "gb_id": gb_id,
        "protocol": "gb28181",
        "kind": "camera",
        "name": f"相机 {gb_id[-5:]}",
        "site_id": "S1",
        "enabled": True,
        "heartbeat_s": heartbeat_s,
        "misses": 3,
        "realm": REALM,
        "ha1_md5": by_md5,
        "ha1_sha256": by_sha256,
        "presence": "unknown",
        "reason": NOT_SEEN,
        "transport": "udp",
        "expires_s": 0,
    }


def _channel(gb_id: str) -> dict[str, Any]:
    flags = {"imported": True, "reported": False, "missing": False, "faulty": False}
    return flags | {
        "channel_id": channel_id_for(gb_id, gb_id),
        "device_id": device_id_for(gb_id),
        "gb_id": gb_id,
        "name": f"相机 {gb_id[-5:]}",
        "reported_name": "",
        "site_id": "S1",
        "status": "",
        "ptz_type": 3,
        "item": "",
        "state": "unknown",
        "reason": NOT_SEEN,
    }


class Platform:
    """A running ``civicam serve``; ``port`` is where it takes SIP."""

    def __init__(self, process: subprocess.Popen[str], port: int, url: str) -> None:
        self.port = port
        self._process = process
        self._watched = psutil.Process(process.pid)
        self._url = url

    def cpu_s(self) -> float:
        """Seconds of CPU so far, user and system, all threads; not those of the media workers."""
        times = self._watched.cpu_times()
        return float(times.user + times.system)

    def rss_bytes(self) -> int:
        """Resident memory."""
        return int(self._watched.memory_info().rss)

    def kill(self) -> None:
        """kill -9."""
        self._process.kill()
        self._process.wait()

    def kept(self) -> dict[str, int]:
        """What is in the database: ``registered``, ``heard``, ``online`` devices, ``lost`` transitions,
        ``alarms``.
        """
        counted = {
            "registered": select(func.count()).where(device.c.expires_s > 0),
            "heard": select(func.count()).where(device.c.last_seen.is_not(None)),
            "online": select(func.count()).where(device.c.presence == "online"),
            "lost": select(func.count()).where(transition.c.after == "offline"),
            "alarms": select(func.count()).select_from(alarm_event),
        }
        engine = create_engine(self._url)
        try:
            with engine.connect() as connection:
                return {name: connection.execute(query).scalar_one() for name, query in counted.items()}
        finally:
            engine.dispose()


@contextmanager
def platform(
    count: int, core: int | None, *, heartbeat_s: int = 60, settings: Mapping[str, str] | None = None
) -> Iterator[Platform]:
    """A platform with ``count`` cameras on core ``core``; everything it wrote is gone afterwards.

    Raises `Operational` ``bench.no-answer`` when it does not come up.
    """
    with TemporaryDirectory(prefix="civicam-bench-") as folder:
        url = f"sqlite:///{folder}/civicam.db"
        seed(url, count, heartbeat_s)
        port = free_port()
        kept = {name: value for name, value in os.environ.items() if not name.startswith("CIVICAM_")}
        environment = {**kept, **_QUIET, "CIVICAM_GATEWAY__PORT": str(port), **(settings or {})}
        process = subprocess.Popen(  # noqa: S603 — our own words
            [*pinned(core), sys.executable, "-m", "civicam", "serve", "--data", folder, "--json"],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=(Path(folder) / "log").open("w"),
            text=True,
            start_new_session=True,
        )
        try:
            assert process.stdout is not None
            if not json.loads(process.stdout.readline() or "null"):
                raise Operational("bench.no-answer", seconds=_START_S)
            yield Platform(process, port, url)
        finally:
            end_group(process)


def end_group(process: subprocess.Popen[Any]) -> None:
    """End a process we started and everything it started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if process.stdout is not None:
        process.stdout.close()


def pinned(core: int | None) -> list[str]:
    """The words before a command that keep it on one core; none where cores cannot be chosen."""
    if core is None:
        return []
    code = "import os,sys;os.sched_setaffinity(0,{int(sys.argv[1])});os.execvp(sys.argv[2],sys.argv[2:])"
    return [sys.executable, "-c", code, str(core)]


def free_port() -> int:
    """A UDP port nobody has at this moment."""
    import socket

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
