"""A simulated device with its place in the shell, and the connection it speaks over."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import dataclass, field

from civicam.signalling.aio.agent import SipAgent
from civicam.signalling.sip.peer import Peer
from civicam.signalling.sip.uri import parse_uri
from civicam.simulator.device import GbDevice
from civicam.simulator.faults import Condition


@dataclass(eq=False, slots=True)
class Member:
    """One device. ``due``: when the ensemble's timer looks at it next."""

    device: GbDevice
    agent: SipAgent
    condition: Condition
    tcp: bool
    peer: Peer | None = None
    server: tuple[str, int] | None = None
    """What ``peer`` is connected to."""
    connecting: asyncio.Lock = field(default_factory=asyncio.Lock)
    due: float | None = None
    running: bool = False

    @property
    def gb_id(self) -> str:
        """The device's id."""
        return self.device.identity.device.gb_id

    async def connect(self, server: tuple[str, int], lines: Lines) -> Peer:
        """Where its requests go: the platform's address (or where that sent it), or its connection, made
        when there is none and noted in ``lines``.
        """
        elsewhere = self.device.registration.server
        uri = parse_uri(elsewhere) if elsewhere else None
        host, port = (uri.host.strip("[]"), uri.port or 5060) if uri is not None else server
        if not self.tcp:
            return Peer("udp", host, port)
        async with self.connecting:
            if self.peer is not None and self.server != (host, port):
                left, self.peer = self.peer, None
                lines.pop((self.agent, left), None)
                await self.agent.disconnect(left)
            if self.peer is None:
                self.server = (host, port)
                self.peer = await self.agent.connect_tcp(host, port)
                lines[self.agent, self.peer] = self
        return self.peer


Lines = dict[tuple[SipAgent, Peer], Member]
"""Whose a connection is. Each agent numbers its own: a `Peer` alone would name one of every agent's."""


def route_to(server: tuple[str, int]) -> str:
    """Own address on the way to ``server``; nothing is sent to find out."""
    family = socket.AF_INET6 if ":" in server[0] else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(server)
            return str(probe.getsockname()[0])
        except OSError:
            return "127.0.0.1"
