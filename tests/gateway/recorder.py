"""The recorder that the gateway's tests talk to: three channels, registered and read."""

from __future__ import annotations

import pytest
from tests.gateway.camera import Camera
from tests.gateway.wire import until
from tests.gateway.world import World

from civicam.kernel.errors import CivicamError

NVR = "34020000001180000001"
CAM1 = "34020000001310000001"
CAM2 = "34020000001310000002"
CAM3 = "34020000001310000003"


async def online(world: World) -> Camera:
    """A recorder with three channels that is registered and read."""
    await world.start()
    camera = world.camera(NVR, "example-9", CAM1, CAM2, CAM3)
    await world.gateway.devices_changed()
    assert (await camera.register()).status == 200
    await until(lambda: len(world.fleet.catalogues) == 1)
    return camera


async def refused_with(world: World, channel: str = CAM1) -> str:
    """The code with which opening fails."""
    channel_id = world.fleet.channel(NVR, channel)
    with pytest.raises(CivicamError) as caught:
        await world.gateway.open_live(channel_id, "main")
    return caught.value.code
