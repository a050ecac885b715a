"""A recorder that takes pictures, and what is asked of it."""

from __future__ import annotations

import io
import itertools
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from tests.gateway.camera import Camera
from tests.gateway.recorder import CAM1, NVR, online
from tests.gateway.wire import GATE_HOST, PLATFORM, REALM, run
from tests.gateway.world import World

from civicam.fleet.facts import ChannelId
from civicam.fleet.orders import Snapshot
from civicam.gateway.settings import GatewaySettings, SnapshotSettings
from civicam.gateway.snapshots import Snapshots
from civicam.kernel.errors import CivicamError
from civicam.signalling.gb28181.ids import GbId
from civicam.signalling.gb28181.manscdp import Message
from civicam.signalling.gb28181.manscdp.config import DeviceConfig, DeviceConfigResponse
from civicam.signalling.gb28181.manscdp.config_types import SnapShotConfig
from civicam.signalling.gb28181.manscdp.snapshot_finished import SnapshotFinished

HOST = "10.0.1.2"
Tale = Callable[["Place"], Any]
Story = Callable[..., None]
"""``story(tale, settings, door)``."""
_sns = itertools.count(500)


def jpeg(number: int, size: int = 64) -> bytes:
    """A picture unlike the others."""
    out = io.BytesIO()
    Image.new("RGB", (size, size), (number * 20 % 256, 80, 120)).save(out, "JPEG")
    return out.getvalue()


class Place:
    """A recorder that is online, and what is asked of it."""

    def __init__(self, world: World, camera: Camera) -> None:
        self.world = world
        self.camera = camera
        self.channel: ChannelId = world.fleet.channel(NVR, CAM1)
        self.configs: list[SnapShotConfig] = []
        self.says: Callable[[Message], Iterable[Message]] = lambda command: [
            DeviceConfigResponse(command.sn, command.device_id, ok=True)
        ]
        camera.reply = self._reply

    def _reply(self, command: Message) -> Iterable[Message]:
        if not isinstance(command, DeviceConfig):
            return []
        self.configs += [each for each in command.items if isinstance(each, SnapShotConfig)]
        return self.says(command)

    @property
    def desk(self) -> Snapshots:
        found: Snapshots = self.world.gateway.operations.snapshots
        return found

    async def ask(self, wanted: int = 1, channel: ChannelId | None = None) -> Snapshot:
        return await self.desk.ask(channel or self.channel, wanted, 1, owner="u-1", purpose="duty")

    @property
    def token(self) -> str:
        return self.configs[-1].upload_url.rpartition("/")[2]

    async def upload(
        self, data: bytes, name: str = "", *, session: str = "", host: str = HOST, token: str = ""
    ) -> None:
        async with self.desk.admit(token or self.token, host) as intake:
            intake.arrived(len(data))
            await intake.begin(name)
            for at in range(0, len(data), 100):
                await intake.write(data[at : at + 100])
            await intake.end()
            await intake.keep(session)

    async def refused(self, data: bytes = b"", **how: Any) -> str:
        with pytest.raises(CivicamError) as caught:
            await self.upload(data or jpeg(1), **how)
        return caught.value.code

    async def tell(self, *files: str, session: str = "") -> None:
        notice = SnapshotFinished(
            next(_sns), GbId(CAM1), session or self.configs[-1].session_id, tuple(files)
        )
        assert (await self.camera.say(notice)).status == 200

    @property
    def job(self) -> Snapshot:
        return self.desk.all()[0]

    @property
    def stage(self) -> str:
        return self.job.stage

    def files(self) -> list[str]:
        return sorted(path.name for path in self.world.snapshots.rglob("*") if path.is_file())


def teller(folder: Path) -> Story:
    """Tells a tale about a `Place` whose pictures lie under ``folder``."""

    def tell(what: Tale, settings: SnapshotSettings | None = None, door: str = "0.0.0.0") -> None:
        async def main() -> None:
            world = World(
                GatewaySettings(
                    gb_id=PLATFORM,
                    realm=REALM,
                    advertise=GATE_HOST,
                    snapshot=settings or SnapshotSettings(free_bytes=0),
                )
            )
            world.snapshots, world.door = folder / "snapshots", (door, 8080)
            await what(Place(world, await online(world)))

        run(main())

    return tell
