"""What the gateway has only between its start and its stop: every use case, made and joined once."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from civicam.fleet.facts import DeviceId
from civicam.gateway.addresses import Addresses
from civicam.gateway.commands import Commands
from civicam.gateway.configuration import Configuration
from civicam.gateway.desk import Desk
from civicam.gateway.inbox import Inbox
from civicam.gateway.maintenance import Maintenance
from civicam.gateway.operations import Operations
from civicam.gateway.ptz import PtzDesk
from civicam.gateway.ptz_places import PtzPlaces
from civicam.gateway.registrar import Registrar
from civicam.gateway.resync import Resync
from civicam.gateway.sight import Sights
from civicam.signalling.gb28181.manscdp.upgrade_result import UpgradeResult
from civicam.signalling.sip.trace import Trace


class Seeds(NamedTuple):
    """What is new in every process: random bytes for nonces, where serial numbers begin."""

    secret: bytes
    first_sn: int


class Running:
    """``streams_of``: how many sessions a device has now."""

    def __init__(self, desk: Desk, seeds: Seeds, trace: Trace, streams_of: Callable[[DeviceId], int]) -> None:
        self.desk = desk
        self.registrar = Registrar(desk, seeds.secret)
        self.resync = Resync(desk, seeds.first_sn)
        self.inbox = Inbox(desk, self.resync)
        self.commands = Commands(desk, seeds.first_sn)
        self.inbox.answers = self.commands.offer
        self.sights = Sights(desk, self.resync, trace, streams_of)
        addresses = Addresses(desk)
        self.ptz = PtzDesk(desk, addresses, self.commands)
        maintenance = Maintenance(desk, addresses, self.commands)
        self.inbox.on(UpgradeResult, lambda entry, _event, result: maintenance.upgraded(entry, result))
        self.operations = Operations(
            addresses,
            self.commands,
            self.sights,
            self.ptz,
            PtzPlaces(addresses, self.commands),
            maintenance,
            Configuration(addresses, self.commands),
        )
