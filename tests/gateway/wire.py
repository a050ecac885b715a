"""Time that jumps, and a wire without sockets: real endpoints and agents, the same order each time.

`run` drives a coroutine on a loop whose time moves to the next timer whenever nothing else is left to do, so
a day passes in milliseconds.
"""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import selectors
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any

from civicam.signalling.aio.agent import SipAgent
from civicam.signalling.sip.build import IdSource
from civicam.signalling.sip.endpoint import SipEndpoint
from civicam.signalling.sip.events import RequestReceived, SipEvent
from civicam.signalling.sip.peer import Peer

PLATFORM = "34020000002000000001"
REALM = "3402000000"
GATE_HOST = "10.0.0.1"
GATE = Peer("udp", GATE_HOST, 5060)
START = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


class _JumpingSelector(selectors.DefaultSelector):
    """Instead of waiting, moves the loop's clock."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> Any:
        ready = super().select(0)
        if not ready and timeout is None:
            raise AssertionError(
                "nothing will ever happen again: the test waits for something that cannot come"
            )
        if not ready and timeout:
            self.now += timeout
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """Time passes only when nobody has anything left to do."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> Any:  # type: ignore[override]
        """What would run in a thread is done at once: else time would jump while it works."""
        done = self.create_future()
        try:
            done.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 — whoever waits for it gets it
            done.set_exception(error)
        return done


class LoopClock:
    """The kernel's Clock on the loop's time."""

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()

    def now(self) -> datetime:
        return START + timedelta(seconds=self.monotonic())


def run(story: Coroutine[Any, Any, None]) -> None:
    """Run on a virtual clock; whatever is still running afterwards is ended."""
    loop = VirtualLoop()
    try:
        loop.run_until_complete(story)
    finally:
        loop.run_until_complete(_end_the_rest())
        loop.close()


async def _end_the_rest() -> None:
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)


async def later(seconds: float) -> None:
    """Let virtual time pass."""
    passed = asyncio.Event()
    asyncio.get_running_loop().call_later(seconds, passed.set)
    await passed.wait()


async def until(holds: Callable[[], bool], limit: float = 300.0) -> None:
    """Let virtual time pass in small steps until something holds."""
    end = asyncio.get_running_loop().time() + limit
    while not holds():
        assert asyncio.get_running_loop().time() < end, "it did not come to pass"
        await later(0.01)


class Network:
    """Datagrams between addresses; ``drop`` decides what is lost."""

    def __init__(self) -> None:
        self.agents: dict[tuple[str, int], MemoryAgent] = {}
        self.drop: Callable[[bytes, tuple[str, int], tuple[str, int]], bool] = lambda *_: False
        self.log: list[tuple[tuple[str, int], tuple[str, int], bytes]] = []

    def carry(self, data: bytes, source: tuple[str, int], target: tuple[str, int]) -> None:
        self.log.append((source, target, data))
        if not self.drop(data, source, target):
            asyncio.get_running_loop().call_later(0.001, self._deliver, data, source, target)

    def _deliver(self, data: bytes, source: tuple[str, int], target: tuple[str, int]) -> None:
        agent = self.agents.get(target)
        if agent is not None:
            agent.datagram(data, source)

    def sent(self, method: str, source: str) -> int:
        """How many datagrams with this start left a host (retransmissions too)."""
        return sum(
            1 for origin, _, data in self.log if origin[0] == source and data.startswith(method.encode())
        )


class MemoryAgent(SipAgent):
    """The real agent; only the socket is replaced."""

    def __init__(
        self,
        network: Network,
        address: tuple[str, int],
        on_request: Callable[[RequestReceived], None],
        on_other: Callable[[SipEvent], None] | None = None,
    ) -> None:
        super().__init__(SipEndpoint(ids(address[0])), on_request, on_other=on_other)
        self._network = network
        self.address = address
        self._unplugged = False
        network.agents[address] = self

    def move(self, address: tuple[str, int]) -> None:
        """A NAT gave another address or port."""
        del self._network.agents[self.address]
        self.address = address
        self._network.agents[address] = self

    def unplug(self) -> None:
        """No packet reaches it any more, none leaves it."""
        self._network.agents.pop(self.address, None)
        self._unplugged = True

    def plug(self) -> None:
        """After `unplug`: the line is whole again."""
        self._network.agents[self.address] = self
        self._unplugged = False

    def _answer(self, data: bytes, address: tuple[str, int]) -> None:
        self._network.carry(data, self.address, address)

    def _put(self, data: bytes, peer: Peer) -> None:
        if not self._unplugged:
            self._network.carry(data, self.address, (peer.host, peer.port))


_seeds = itertools.count()


def next_seed() -> int:
    """A number no other agent or process of this run has."""
    return next(_seeds)


def ids(name: str) -> IdSource:
    """Different, repeatable bytes for each agent."""
    prefix, count = f"{name}/{next(_seeds)}", itertools.count()

    def draw(size: int) -> bytes:
        return hashlib.sha256(f"{prefix}/{next(count)}".encode()).digest()[:size]

    return IdSource(draw)
