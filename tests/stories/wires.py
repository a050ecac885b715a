"""The city's wires in memory: datagrams that are late or lost, TCP connections that break or die silently.

Everything is drawn from one seeded source, on the loop's virtual time (`tests.gateway.wire.run`).
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Callable
from typing import Any

from tests.gateway.wire import later

from civicam.kernel.errors import Operational
from civicam.signalling.aio.agent import SipAgent
from civicam.signalling.aio.tcp import TcpConnection
from civicam.signalling.sip.build import IdSource
from civicam.signalling.sip.endpoint import SipEndpoint
from civicam.signalling.sip.events import RequestReceived, SipEvent
from civicam.signalling.sip.peer import Peer

Address = tuple[str, int]
_ONE_WAY_S = (0.002, 0.030)
_UNREACHABLE_S = 3.0


class Wires:
    """Who is where, what is cut, and what share of the datagrams is lost."""

    def __init__(self, rng: random.Random, loss: float) -> None:
        self.loss = loss
        self.agents: dict[Address, TownAgent] = {}
        self.dark: set[str] = set()
        """Hosts that nothing reaches and nothing leaves."""
        self.lines: dict[Line, None] = {}
        """In the order they were made: a set's order would differ from run to run."""
        self.carried = 0
        self.lost = 0
        self._rng = rng
        self._ports = 20_000

    def delay(self) -> float:
        """One way, in seconds."""
        return self._rng.uniform(*_ONE_WAY_S)

    def carry(self, data: bytes, source: Address, target: Address) -> None:
        """One datagram."""
        self.carried += 1
        if source[0] in self.dark or target[0] in self.dark or self._rng.random() < self.loss:
            self.lost += 1
            return
        asyncio.get_running_loop().call_later(self.delay(), self._deliver, data, source, target)

    def _deliver(self, data: bytes, source: Address, target: Address) -> None:
        agent = self.agents.get(target)
        if agent is not None:
            agent.datagram(data, source)

    async def connect(self, caller: TownAgent, target: Address) -> TcpConnection:
        """A TCP connection from ``caller``; fails after a while where nobody is."""
        called = self.agents.get(target)
        if called is None or caller.address[0] in self.dark or target[0] in self.dark:
            await later(_UNREACHABLE_S)
            raise Operational(
                "signalling.unreachable", peer=f"tcp:{target[0]}:{target[1]}", reason="timed out"
            )
        await later(self.delay())
        self._ports = 20_000 + (self._ports + 1) % 40_000
        ours, theirs = TcpConnection(caller, outgoing=True), TcpConnection(called)
        line = Line(self, caller.address[0], (ours, theirs))
        self.lines[line] = None
        ours.connection_made(line.ends[0].facing(target))
        theirs.connection_made(line.ends[1].facing((caller.address[0], self._ports)))
        return ours


class Line:
    """One TCP connection: two ends and what lies between them."""

    def __init__(self, wires: Wires, host: str, connections: tuple[TcpConnection, TcpConnection]) -> None:
        self.host = host
        self.dead = False
        """Nothing is carried any more, and nobody was told."""
        self.ends = (End(self, wires, connections[0]), End(self, wires, connections[1]))
        self.ends[0].other, self.ends[1].other = self.ends[1], self.ends[0]
        self._wires = wires

    def snap(self) -> None:
        """Both ends hear of it at once."""
        for end in self.ends:
            end.lose(ConnectionResetError("reset"))

    def forgotten(self) -> None:
        """The device's end is gone, and the platform was not told."""
        self.dead = True
        self.ends[0].lose(None)

    def ended(self) -> None:
        """An end is gone; nothing is left when both are."""
        if all(end.gone for end in self.ends):
            self._wires.lines.pop(self, None)


class End(asyncio.Transport):
    """What a connection writes to. Bytes arrive in order, each write after the way's time."""

    def __init__(self, line: Line, wires: Wires, connection: TcpConnection) -> None:
        super().__init__()
        self.other: End
        self.gone = False
        self._line = line
        self._wires = wires
        self._connection = connection
        self._coming: deque[bytes | None] = deque()
        self._facing: Address = ("", 0)

    def facing(self, address: Address) -> End:
        """Let it say that ``address`` is at the other end."""
        self._facing = address
        return self

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._facing if name == "peername" else default

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if not self.gone:
            self._send(bytes(data))

    def get_write_buffer_size(self) -> int:
        return 0

    def is_closing(self) -> bool:
        return self.gone

    def close(self) -> None:
        if not self.gone:
            self._send(None)
            self.lose(None)

    def abort(self) -> None:
        self.close()

    def lose(self, error: Exception | None) -> None:
        """This end is closed."""
        if not self.gone:
            self.gone = True
            asyncio.get_running_loop().call_soon(self._connection.connection_lost, error)
            self._line.ended()

    def _send(self, data: bytes | None) -> None:
        if self._line.dead or self._line.host in self._wires.dark:
            self._line.dead = True  # what was not acknowledged in time ends a connection; nobody is told
            return
        self.other._coming.append(data)
        asyncio.get_running_loop().call_later(self._wires.delay(), self.other._arrive)

    def _arrive(self) -> None:
        data = self._coming.popleft()
        if self.gone:
            return
        if data is None:
            self.lose(None)
        else:
            self._connection.data_received(data)


class TownAgent(SipAgent):
    """The real agent; only its sockets are replaced."""

    def __init__(
        self,
        wires: Wires,
        address: Address,
        ids: IdSource,
        on_request: Callable[[RequestReceived], None],
        on_other: Callable[[SipEvent], None] | None = None,
    ) -> None:
        super().__init__(SipEndpoint(ids, secret=b"a day in the town"), on_request, on_other=on_other)
        self._wires = wires
        self.address = address
        self.plug()

    def plug(self) -> None:
        """Packets reach it."""
        self._wires.agents[self.address] = self

    def unplug(self) -> None:
        """No packet reaches it any more."""
        self._wires.agents.pop(self.address, None)

    def move(self, address: Address) -> None:
        """A NAT gave another address or port."""
        self.unplug()
        self.address = address
        self.plug()

    async def connect_tcp(self, host: str, port: int) -> Peer:
        connection = await self._wires.connect(self, (host, port))
        try:
            return connection.peer
        except ConnectionError as error:
            raise Operational(
                "signalling.unreachable", peer=f"tcp:{host}:{port}", reason="refused"
            ) from error

    def _put(self, data: bytes, peer: Peer) -> None:
        if peer.transport == "tcp":
            super()._put(data, peer)
        elif self._wires.agents.get(self.address) is self:
            self._wires.carry(data, self.address, (peer.host, peer.port))
