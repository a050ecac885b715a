"""``civicam check``: what is missing on this machine, and how to mend it."""

from __future__ import annotations

import json
import os
import resource
import shutil
import socket
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Literal

import typer

from civicam.cli.options import Config, Data
from civicam.config import Settings, load
from civicam.db.migrate import current, head
from civicam.kernel.errors import CivicamError

State = Literal["ok", "warning", "failed"]
MARK = {"ok": "✓", "warning": "!", "failed": "✗"}
SPACE_NEEDED = 1 << 30
RCVBUF_NEEDED = 2 * 1024 * 1024
FILES_NEEDED = 4096
RMEM = Path("/proc/sys/net/core/rmem_max")
STATIC = Path(__file__).parent.parent / "web" / "static" / "index.html"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. ``mend`` (zh, en) is empty when nothing has to be done."""

    name: str
    state: State
    detail: str
    mend: tuple[str, str] = ("", "")


def command(
    data: Data = None,
    config: Config = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Say what is missing on this machine and how to mend it; exit status 1 when something fails."""
    settings = load(data=data, file=config)
    findings = [finding for look in LOOKS for finding in look(settings)]
    if as_json:
        typer.echo(json.dumps([asdict(finding) for finding in findings], ensure_ascii=False))
    else:
        for finding in findings:
            typer.echo(f"{MARK[finding.state]} {finding.name:<12} {finding.detail}")
            if finding.state != "ok":
                typer.echo(f"    → {finding.mend[0]}\n    → {finding.mend[1]}")
    if any(finding.state == "failed" for finding in findings):
        raise typer.Exit(1)


def look_at_data(settings: Settings) -> Iterator[Finding]:
    """The data directory and its space."""
    folder = settings.data.absolute()
    there = next(path for path in (folder, *folder.parents) if path.exists())
    if os.access(there, os.W_OK | os.X_OK):
        yield Finding("data", "ok", str(folder))
    else:
        yield Finding(
            "data",
            "failed",
            f"{there}: not writable",
            (
                f"让运行用户可写 {there}, 或用 --data 另选目录",
                f"make {there} writable, or choose another by --data",
            ),
        )
    free = shutil.disk_usage(there).free
    enough = free >= SPACE_NEEDED
    mend = ("清理磁盘或换用更大的卷", "free some space or use a larger volume")
    yield Finding("disk", "ok" if enough else "warning", f"{free / (1 << 30):.1f} GiB", mend)


def look_at_database(settings: Settings) -> Iterator[Finding]:
    """Whether it can be reached, and its schema."""
    url = settings.database_url()
    path = url.removeprefix("sqlite:///")
    if url.startswith("sqlite:///") and not Path(path).exists():
        yield Finding("database", "ok", f"{path} (new)")
        return
    try:
        have = current(url)
    except CivicamError as error:
        mend = (
            "检查 db.url (CIVICAM_DB__URL) 与数据库服务",
            "check db.url (CIVICAM_DB__URL) and the database server",
        )
        yield Finding("database", "failed", str(error), mend)
        return
    if have == head():
        yield Finding("database", "ok", f"schema {have}")
        return
    mend = ("运行 civicam migrate", "run civicam migrate")
    yield Finding("database", "warning", f"schema {have or '-'}, wanted {head()}", mend)


def look_at_ports(settings: Settings) -> Iterator[Finding]:
    """Whether the ports can be taken: says which setting to change."""
    web, sip, media = settings.web, settings.gateway, settings.media
    yield _port("http", web.host, web.port, "tcp", "web.port (CIVICAM_WEB__PORT)")
    for kind in ("udp", "tcp"):
        yield _port(f"sip-{kind}", sip.host, sip.port, kind, "gateway.port (CIVICAM_GATEWAY__PORT)")
    for number in range(media.worker_count() if media.viewer_port else 0):
        setting = "media.viewer_port (CIVICAM_MEDIA__VIEWER_PORT)"
        yield _port(f"viewers-{number}", media.viewer_host, media.viewer_port + number, "tcp", setting)
    count = (media.rtp_port_last - media.rtp_port_first + 1) // 2
    mend = ("扩大 media.rtp_port_first … rtp_port_last", "widen media.rtp_port_first … rtp_port_last")
    yield Finding("rtp-ports", "ok" if count >= 100 else "warning", f"{count}", mend)


def _port(name: str, host: str, port: int, kind: str, setting: str) -> Finding:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM) as probe:
        if kind == "tcp":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            mend = (
                f"停止占用者 (ss -lnp | grep :{port}), 或修改 {setting}",
                f"stop who has it (ss -lnp | grep :{port}), or change {setting}",
            )
            return Finding(name, "failed", f"{host}:{port}/{kind} {error.strerror}", mend)
    return Finding(name, "ok", f"{host}:{port}/{kind}")


def look_at_system(_settings: Settings) -> Iterator[Finding]:
    """What the kernel grants: receive buffers and open files."""
    granted = int(RMEM.read_text()) if RMEM.exists() else 0
    mend = (
        f"sysctl -w net.core.rmem_max={2 * RCVBUF_NEEDED} (写入 /etc/sysctl.d/civicam.conf)",
        f"sysctl -w net.core.rmem_max={2 * RCVBUF_NEEDED} (keep it in /etc/sysctl.d/civicam.conf)",
    )
    yield Finding("rcvbuf", "ok" if granted >= RCVBUF_NEEDED else "warning", f"{granted} bytes", mend)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    mend = ("在服务单元中设置 LimitNOFILE=65536", "set LimitNOFILE=65536 in the service unit")
    yield Finding("files", "ok" if hard >= FILES_NEEDED else "warning", f"{soft} ({hard})", mend)


def look_at_console(_settings: Settings) -> Iterator[Finding]:
    """Whether the console is built."""
    built = STATIC.is_file()
    mend = ("运行 make ui, 或安装发布的 wheel", "run make ui, or install a released wheel")
    yield Finding("console", "ok" if built else "warning", "built" if built else "not built", mend)


LOOKS: tuple[Callable[[Settings], Iterator[Finding]], ...] = (
    look_at_data,
    look_at_database,
    look_at_ports,
    look_at_system,
    look_at_console,
)
