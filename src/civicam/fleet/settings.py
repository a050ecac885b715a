"""What an operator may set about devices and channels."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from civicam.fleet.crs import System
from civicam.fleet.law import Choice
from civicam.fleet.register import Lists
from civicam.fleet.sheets.settings import ImportSettings


class OwnChoice(BaseModel):
    """An entry of an installation's own in a list of the register."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$")]
    zh: Annotated[str, Field(min_length=1, max_length=100)]
    en: Annotated[str, Field(min_length=1, max_length=100)]
    forbidden: bool = False

    def choice(self) -> Choice:
        """As the register reads it."""
        return Choice(self.code, self.zh, self.en, "", self.forbidden)


class FleetSettings(BaseModel):
    """How devices are watched and how much is shown."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    heartbeat_s: Annotated[int, Field(ge=5, le=255)] = 60
    """Heartbeat interval of devices whose own is not set (GB/T 28181 §9.6.1)."""
    misses: Annotated[int, Field(ge=1, le=255)] = 3
    """Heartbeats missed in a row before a device counts as offline."""
    heartbeat_flush_s: Annotated[float, Field(gt=0)] = 60.0
    """A heartbeat that says nothing new is in the store so soon; all devices are spread over this time.

    A new address or a changed fault is written within a second. A crash loses at most this much of "last
    seen", and nothing else."""
    registrations_waiting: Annotated[int, Field(ge=1)] = 20_000
    """Registrations that may wait for the store; one more is refused with ``db.busy``."""
    recent: Annotated[int, Field(ge=1, le=500)] = 50
    """Transitions shown on the situation page."""
    places: tuple[OwnChoice, ...] = ()
    """Place classes beside the law's (`civicam.fleet.law`); ``forbidden`` ones are forbidden here.

    What the law forbids stays forbidden."""
    grounds: tuple[OwnChoice, ...] = ()
    """Legal grounds beside the law's. Purposes cannot be added to."""
    grace_days: Annotated[float, Field(ge=0)] = 90.0
    """Cameras that ran before there was a register may go live so long without a complete record.

    Counted from the upgrade; 0: not at all. A forbidden place has no grace."""
    catalogue_crs: System = System.WGS84
    """Reference system of the coordinates that devices report in their catalogues."""
    city_radius_km: Annotated[float, Field(gt=0)] = 40.0
    """A place farther from the city's middle is suspicious, where the city file gives no outline."""

    imports: ImportSettings = ImportSettings()

    def lists(self) -> Lists:
        """What camera records may choose from."""
        return Lists.of(
            tuple(each.choice() for each in self.places), tuple(each.choice() for each in self.grounds)
        )
