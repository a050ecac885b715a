"""Runs the set-up's steps: visible progress, a log per step, and what to do when one fails."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

_QUIET_S = 10.0
"""Without a terminal, a step that takes longer says so this often."""

_ADVICE: tuple[tuple[str, str, str], ...] = (
    (
        r"ENOSPC|No space left|os error 28",
        "磁盘已满: 请清理空间后重试。",
        "The disk is full: free some space and run it again.",
    ),
    (
        r"CERTIFICATE_VERIFY|UnknownIssuer|SELF_SIGNED|invalid peer certificate|local issuer",
        "无法验证证书: 请安装 ca-certificates; 若经代理, 请把其根证书加入系统信任库。",
        "A certificate cannot be verified: install ca-certificates; behind a proxy, trust its root.",
    ),
    (
        r"(?i)ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|dns error|Temporary failure"
        r"|Name or service|connection refused|error sending request|timed out|Network is unreachable",
        "网络不通: 首次安装要访问 Python 和 npm 的软件源。需要代理时请设置 HTTPS_PROXY, 再运行一次。",
        "No network: the first set-up reads the Python and npm registries. Set HTTPS_PROXY and run again.",
    ),
    (
        r"EACCES|Permission denied|os error 13",
        "没有写权限: 请用目录的所有者运行。",
        "No right to write here: run it as the owner of this folder.",
    ),
    (
        r"No interpreter found|requires-python",
        "需要 Python 3.11 或更高版本。",
        "Python 3.11 or newer is needed.",
    ),
    (
        r"EBADENGINE|Unsupported engine",
        "Node.js 版本不合适, 需要 20.19 或更高。",
        "This Node.js does not fit: 20.19 or newer is needed.",
    ),
)


class Failed(Exception):
    """A step failed; the message is for people and says what to do."""


def say(zh: str, en: str) -> None:
    """One line in both languages."""
    print(f"  {zh}  ·  {en}", flush=True)


def advice(output: str) -> str:
    """What to do about a failure, read from what the program said; empty when it is not known."""
    for pattern, zh, en in _ADVICE:
        if re.search(pattern, output):
            return f"{zh}\n{en}"
    return ""


def fingerprint(*parts: str, files: Iterable[Path] = ()) -> str:
    """A hash of words and of files' names and contents: the same inputs need no second run."""
    digest = hashlib.sha256("\0".join(parts).encode())
    for path in sorted(files):
        digest.update(b"\0" + str(path).encode() + b"\0")
        digest.update(path.read_bytes() if path.is_file() else b"absent")
    return digest.hexdigest()


class Steps:
    """The steps of one set-up below ``root/.tools``: stamps of what is done, logs of what was said."""

    def __init__(self, root: Path, total: int) -> None:
        self._home = root / ".tools"
        self._root = root
        self._total = total
        self.ran = 0

    def done(self, name: str, inputs: str) -> bool:
        """Whether the step ran to its end with the same inputs."""
        stamp = self._home / "stamps" / name
        return stamp.is_file() and stamp.read_text() == inputs

    def stamp(self, name: str, inputs: str) -> None:
        """Remember that the step ran to its end."""
        stamp = self._home / "stamps" / name
        stamp.parent.mkdir(parents=True, exist_ok=True)
        stamp.write_text(inputs)

    def headline(self, number: int, zh: str, en: str) -> None:
        """Announce a step that has something to do."""
        print(f"[{number}/{self._total}] {zh} · {en}", flush=True)

    def run(self, name: str, command: list[str], env: Mapping[str, str], cwd: Path | None = None) -> None:
        """Run one program; its output goes to a log. Raises `Failed` with the last lines and an advice."""
        log = self._home / "logs" / f"{name}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        started = time.monotonic()
        self.ran += 1
        try:
            with log.open("wb") as out:
                child = subprocess.Popen(
                    command,
                    cwd=cwd or self._root,
                    env=env,
                    stdout=out,
                    stderr=subprocess.STDOUT,
                    stdin=subprocess.DEVNULL,
                )
                code = self._follow(child, log, started)
        except OSError as problem:
            raise Failed(f"{command[0]}: {problem}\n{advice(str(problem))}") from problem
        took = time.monotonic() - started
        if code == 0:
            print(f"      {took:.1f} s", flush=True)
            return
        said = log.read_text(errors="replace")
        tail = "\n".join("      | " + line for line in said.splitlines()[-15:])
        raise Failed(f"{' '.join(command[:4])} … → {code}\n{tail}\n{advice(said)}\n      {log}")

    def _follow(self, child: subprocess.Popen[bytes], log: Path, started: float) -> int:
        """Wait for the program, showing its last line (terminal) or a sign of life (elsewhere)."""
        live = sys.stdout.isatty()
        try:
            while True:
                try:
                    return child.wait(0.25 if live else _QUIET_S)
                except subprocess.TimeoutExpired:
                    _show(log, time.monotonic() - started, live=live)
        except BaseException:
            child.terminate()
            child.wait()
            raise
        finally:
            if live:
                print("\r\033[K", end="", flush=True)


def _show(log: Path, seconds: float, *, live: bool) -> None:
    """One sign of life of a running step."""
    if not live:
        print(f"      … {seconds:.0f} s", flush=True)
        return
    lines = log.read_bytes()[-400:].decode(errors="replace").split("\n")
    last = next((line.strip() for line in reversed(lines) if line.strip()), "")
    width = max(20, shutil.get_terminal_size().columns - 16)
    print(f"\r\033[K      {seconds:5.1f} s  {last[:width]}", end="", flush=True)
