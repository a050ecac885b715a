"""What the gateway has only between its start and its stop: every use case, made and joined once."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from civicam.fleet.facts import DeviceId
from civicam.gateway.commands import Commands
from civicam.gateway.desk import Desk
from civicam.gateway.inbox import Inbox
from civicam.gateway.operations import Operations
from civicam.gateway.registrar import Registrar
from civicam.gateway.resync import Resync
from civicam.gateway.sight import Sights
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
        self.operations = Operations(desk, self.commands, self.sights)
