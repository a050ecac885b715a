"""A small city, a hand-moved clock and fixed random values for the simulator's tests."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from civicam.signalling.gb28181.registration import RegistrationTimes
from civicam.signalling.sip.build import IdSource, Origin
from civicam.simulator.city import Plan, fixed_secrets, generate
from civicam.simulator.description import City
from civicam.simulator.device import GbDevice
from civicam.simulator.identity import Identity

MOMENT = datetime(2026, 3, 2, 1, tzinfo=UTC)
"""What every device's clock shows."""


@pytest.fixture(scope="session")
def city() -> City:
    """The demonstration district with secrets that follow its seed."""
    return generate(Plan(seed=1), fixed_secrets(1))


@pytest.fixture
def ids() -> IdSource:
    """The same ids in every run."""
    return IdSource(random.Random(1).randbytes)


@pytest.fixture
def make_device(city: City, ids: IdSource) -> Callable[..., GbDevice]:
    """A recorder with several channels (the first of the city with at least five), switched off."""

    def make(*, signalling_only: bool = False) -> GbDevice:
        device = next(d for d in city.devices if d.kind == "recorder" and len(city.by_device[d.gb_id]) >= 4)
        places = {site.id: (site.lon, site.lat) for site in city.sites}
        identity = Identity(
            device, city.by_device[device.gb_id], city.realm, city.platform, places, signalling_only
        )
        times = RegistrationTimes(expires=3600, retry=60, heartbeat=60, misses=3)
        origin = Origin("192.0.2.64", 5060, "udp", ids, "SimCam/1.0")
        return GbDevice(identity, origin, times, jitter=lambda: 0.0, clock=lambda: MOMENT)

    return make
