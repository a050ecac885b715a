"""Sets the demonstration up and takes it down: the district's data, the server, the simulator."""

from __future__ import annotations

import asyncio
import os
import re
import time
from collections.abc import Callable
from pathlib import Path

from civicam.demo import children, district
from civicam.demo.children import Child
from civicam.demo.client import Client
from civicam.demo.district import District
from civicam.demo.doors import LOOPBACK, Doors, choose
from civicam.kernel.errors import Operational

CONTROL = "faults.sock"
HEARTBEAT_S = 10
"""Of the demonstration's devices: what breaks is noticed within half a minute, not within three."""

_READY_S = 60.0
_POLL_S = 0.1
_LINK = re.compile(r"https?://\S+?token=(?P<token>[A-Za-z0-9_.~-]+)\S*")

Say = Callable[[str, str], None]


class Stage:
    """One demonstration in one data directory; `start`, then `stop` whatever happened."""

    def __init__(self, data: Path, host: str, seed: int, say: Say, *, usual: bool = True) -> None:
        self._data = data
        self._host = host
        self._seed = seed
        self._say = say
        self._usual = usual
        self._children: list[Child] = []
        self._environment: dict[str, str] = {}
        self._linking: asyncio.Task[str] | None = None
        self.simulating_since = 0.0

    async def start(self) -> tuple[District, Client]:
        """Everything up and the simulator on its way to register.

        Raises:
            Operational: ``demo.*``, with what the failed part said last.
        """
        try:
            self._data.mkdir(parents=True, exist_ok=True, mode=0o700)  # it holds the devices' secrets
        except OSError as error:
            raise Operational("demo.bad-district", path=str(self._data), reason=str(error)) from error
        doors = self._choose()
        for moved in doors.moved if self._usual else ():
            self._say(f"端口已被占用, 改用其他端口: {moved}", f"a port is taken, using another: {moved}")
        data = await self._district(doors)
        self._environment = {
            "CIVICAM_DATA": str(self._data),
            "CIVICAM_DEMO": "true",
            "CIVICAM_DEMO_CONTROL": str(self._data / CONTROL),
            "CIVICAM_OUTAGES__REGISTER_S": "5",  # the district is new
            "CIVICAM_GATEWAY__PROBE__EVERY_S": "5",  # RTSP sources start later than the server
            **data.identity(),
            **doors.environment(),
        }
        if not district.taken_over(data.path):
            await self._take_over(data)
        server = await self._launch("serve", ["serve"], self._environment)
        self._linking = asyncio.create_task(self._make_link())
        client = Client(LOOPBACK, doors.web)
        await self._until_ready(server, client)
        await self._simulate(doors, data)
        return data, client

    def _choose(self) -> Doors:
        """The usual ports, or free ones throughout where demonstrations run side by side."""
        viewers = max(1, (os.cpu_count() or 2) - 1)
        if self._usual:
            return choose(self._host, viewers=viewers)
        return choose(self._host, viewers=viewers, free=lambda _host, _port: False)

    async def link(self) -> tuple[str, str]:
        """A new one-time log-in link and its token.

        It was asked for while the server started; asked again when that came too early for the store.
        """
        if self._linking is None:
            raise Operational("demo.not-ready", reason="not started")
        try:
            said = await self._linking
        except Operational:
            said = await self._make_link()
        found = _LINK.search(said)
        if found is None:
            raise Operational("demo.step-failed", name="user link", status=0, words=said[-300:])
        return found.group(), found["token"]

    async def _make_link(self) -> str:
        said = await children.finish("user", ["user", "link"], self._environment, self._log("user"))
        self._log("user").unlink()  # a link is a key until it is used
        return said

    @property
    def processes(self) -> dict[str, int]:
        """Ids of what was started, by name: ``serve`` and ``simulate``; each may have started others."""
        return {child.name: child.pid for child in self._children}

    async def broken(self) -> Child:
        """Returns when one of the processes ended that should not have."""
        waiting = {asyncio.create_task(child.ended()): child for child in self._children}
        try:
            done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waiting:
                task.cancel()
        return waiting[done.pop()]

    async def stop(self) -> None:
        """End every process: the simulator first, so that the server sees no storm of lost streams."""
        if self._linking is not None:
            self._linking.cancel()
            await asyncio.gather(self._linking, return_exceptions=True)
        for child in reversed(self._children):
            await child.stop()
        self._children.clear()

    async def _district(self, doors: Doors) -> District:
        """The district's description, invented at the first start."""
        path = self._data / "district.json"
        if not path.is_file():
            self._say("生成样例城区", "inventing a sample district")
            arguments = ["simulate", "describe", "--seed", str(self._seed)]
            said = await children.finish("describe", arguments, {}, self._log("describe"))
            district.write(path, district.beating(said, HEARTBEAT_S))
            self._log("describe").unlink()  # the description holds the devices' secrets
        district.move_rtsp(path, doors.rtsp)
        return district.read(path)

    async def _take_over(self, data: District) -> None:
        """Import the district, which also makes the store."""
        self._say(
            f"导入 {data.sites} 个点位, {data.devices} 台设备, {data.channels} 路图像",
            f"importing {data.sites} sites, {data.devices} devices, {data.channels} channels",
        )
        await children.finish("import", ["import", str(data.path)], self._environment, self._log("import"))
        district.mark_taken_over(data.path)

    async def _simulate(self, doors: Doors, data: District) -> None:
        """The devices of the district, in a process of their own."""
        arguments = ["simulate", "--city", str(data.path), "--server", f"{LOOPBACK}:{doors.sip}"]
        arguments += ["--address", LOOPBACK, "--rtsp", f"{LOOPBACK}:{doors.rtsp}", "--seed", str(self._seed)]
        arguments += ["--control", str(self._data / CONTROL), "--unregister"]
        self.simulating_since = time.monotonic()
        await self._launch("simulate", arguments, {})

    async def _launch(self, name: str, arguments: list[str], environment: dict[str, str]) -> Child:
        child = await children.start(name, arguments, environment, self._log(name))
        self._children.append(child)
        return child

    async def _until_ready(self, server: Child, client: Client) -> None:
        """Wait for ``/readyz``; a server that ended instead says why in its log."""
        limit = time.monotonic() + _READY_S
        while not await client.ready():
            if not server.running():
                raise ended(server)
            if time.monotonic() > limit:
                raise Operational("demo.not-ready", reason=server.last_words())
            await asyncio.sleep(_POLL_S)

    def _log(self, name: str) -> Path:
        return self._data / "logs" / f"{name}.log"


def ended(child: Child) -> Operational:
    """A process that should be running is not."""
    return Operational("demo.ended", name=child.name, words=child.last_words(), log=str(child.log))
