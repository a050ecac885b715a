"""What people may ask of devices, bundled for the web: each use case is a file, this names them.

Made with the gateway's start (`civicam.gateway.running`); before it, and after the stop, there is none.
"""

from __future__ import annotations

from dataclasses import dataclass

from civicam.gateway.addresses import Addresses
from civicam.gateway.alarms import AlarmDesk
from civicam.gateway.broadcast import Broadcasts
from civicam.gateway.checkup import Checkups
from civicam.gateway.commands import Commands
from civicam.gateway.configuration import Configuration
from civicam.gateway.download import Downloads
from civicam.gateway.maintenance import Maintenance
from civicam.gateway.playback import Playbacks
from civicam.gateway.positions import Positions
from civicam.gateway.ptz import PtzDesk
from civicam.gateway.ptz_places import PtzPlaces
from civicam.gateway.ptz_positions import PtzPositions
from civicam.gateway.sight import Sights
from civicam.gateway.snapshots import Snapshots


@dataclass(slots=True)
class Operations:
    """Use cases by name."""

    addresses: Addresses
    commands: Commands
    sights: Sights
    ptz: PtzDesk
    places: PtzPlaces
    looks: PtzPositions
    maintenance: Maintenance
    configuration: Configuration
    alarms: AlarmDesk
    positions: Positions
    playbacks: Playbacks
    downloads: Downloads
    broadcasts: Broadcasts
    snapshots: Snapshots
    checkups: Checkups
