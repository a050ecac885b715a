"""The peer: Kamailio as a registrar with digest, one worker, locations in memory (``apt install kamailio``).

Its CPU is that of all its processes. It keeps nothing on disk and no transaction, so it does less than we do;
it is the measure because it is what people put in front of devices when they want speed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

from civicam.bench.signalling_messages import PASSWORD, REALM
from civicam.bench.signalling_platform import end_group, free_port, pinned
from civicam.kernel.errors import Operational

_START_S = 10.0
_CONFIGURATION = """\
debug=0
log_stderror=yes
children=1
disable_tcp=yes
auto_aliases=no
listen=udp:127.0.0.1:{port}
mpath="{modules}"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "auth.so"
modparam("usrloc", "db_mode", 0)
modparam("usrloc", "hash_size", 14)
modparam("auth", "nonce_expire", 300)
request_route {{
  if (is_method("MESSAGE")) {{
    sl_send_reply("200", "OK");
    exit;
  }}
  if (is_method("REGISTER")) {{
    if (!pv_www_authenticate("{realm}", "{password}", "0")) {{
      www_challenge("{realm}", "0");
      exit;
    }}
    save("location");
    exit;
  }}
  sl_send_reply("405", "Method Not Allowed");
}}
"""


class Kamailio:
    """A running one; ``port`` is where it takes SIP."""

    def __init__(self, port: int, leader: int) -> None:
        self.port = port
        self._leader = psutil.Process(leader)

    def cpu_s(self) -> float:
        """Seconds of CPU of all its processes so far."""
        every = [self._leader, *self._leader.children(recursive=True)]
        return sum(sum(process.cpu_times()[:2]) for process in every)


def installed() -> bool:
    """Whether there is one to measure."""
    return shutil.which("kamailio") is not None


@contextmanager
def kamailio(core: int | None) -> Iterator[Kamailio]:
    """Kamailio on one core. Raises `Operational` ``bench.no-answer`` when it does not come up."""
    with TemporaryDirectory(prefix="civicam-bench-") as folder:
        os.chmod(folder, 0o755)  # noqa: S103 — it may change to a user of its own
        port = free_port()
        file = Path(folder) / "kamailio.cfg"
        text = _CONFIGURATION.format(port=port, modules=_modules(), realm=REALM, password=PASSWORD)
        file.write_text(text, encoding="utf-8")
        words = ["kamailio", "-DD", "-E", "-m", "256", "-M", "16", "-Y", folder, "-f", str(file)]
        process = subprocess.Popen(  # noqa: S603 — our own words
            [*pinned(core), *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=(Path(folder) / "log").open("w"),
            start_new_session=True,
        )
        try:
            _await(process, port)
            yield Kamailio(port, process.pid)
        finally:
            end_group(process)


def _await(process: subprocess.Popen[bytes], port: int) -> None:
    """Until it listens."""
    end = time.monotonic() + _START_S
    wanted = f"0100007F:{port:04X}"
    while process.poll() is None and time.monotonic() < end:
        if wanted in Path("/proc/net/udp").read_text(encoding="ascii"):
            time.sleep(0.5)  # its processes start one after another
            return
        time.sleep(0.05)
    raise Operational("bench.no-answer", seconds=_START_S)


def _modules() -> str:
    """Where Debian keeps the modules on this architecture."""
    found = [str(path) for path in sorted(Path("/usr/lib").glob("*/kamailio/modules"))]
    return ":".join(found) or "/usr/lib/kamailio/modules"
