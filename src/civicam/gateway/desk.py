"""What every use case of the gateway shares: who is known, how to answer, where faults are counted."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from civicam.fleet.facts import DeviceId
from civicam.gateway.faults import FaultLog
from civicam.gateway.kept import Dialogs, KeptDialog
from civicam.gateway.line import Line
from civicam.gateway.liveness import Liveness
from civicam.gateway.ports import Agent, Fleet
from civicam.gateway.roster import Entry, Roster, source_text
from civicam.gateway.settings import GatewaySettings
from civicam.gateway.tasks import Tasks
from civicam.kernel.clock import Clock
from civicam.signalling.gb28181.manscdp import Message
from civicam.signalling.sip.events import RequestReceived
from civicam.signalling.sip.lane import Lane
from civicam.signalling.sip.message import Response
from civicam.signalling.sip.peer import Peer

SAME_ID_TWICE = "gateway.same-id-twice"
AS_PLATFORM = "gateway.platform-as-device"


@dataclass(frozen=True, slots=True)
class Stranger:
    """Somebody who was turned away: what an operator needs to enter a device, or to find a wrong password."""

    gb_id: str
    source: str
    code: str
    count: int
    at: datetime


class Strangers:
    """The newest of them; bounded, since anybody can knock."""

    def __init__(self, remembered: int = 256) -> None:
        self._remembered = remembered
        self._seen: OrderedDict[str, Stranger] = OrderedDict()

    def note(self, gb_id: str, source: Peer, code: str, at: datetime) -> None:
        """One more knock."""
        before = self._seen.pop(gb_id, None)
        count = before.count + 1 if before is not None else 1
        self._seen[gb_id] = Stranger(gb_id, source_text(source), str(code), count, at)
        while len(self._seen) > self._remembered:
            self._seen.popitem(last=False)

    def forget(self, gb_id: str) -> None:
        """It came in."""
        self._seen.pop(gb_id, None)

    def all(self) -> list[Stranger]:
        """Newest first."""
        return list(reversed(self._seen.values()))


@dataclass(slots=True)
class Desk:
    """Plain wiring; made once by `civicam.gateway.service`."""

    settings: GatewaySettings
    fleet: Fleet
    clock: Clock
    agent: Agent
    line: Line
    roster: Roster
    liveness: Liveness
    faults: FaultLog
    tasks: Tasks
    unknown: Strangers
    counters: Counter[str]
    reload: Callable[[], Awaitable[None]]
    dialogs: Dialogs | None = None
    """Where open dialogs are kept for who comes after us."""
    ghost: Callable[[KeptDialog], bool] = lambda _kept: False
    """Takes a dialog whose BYE nobody heard; False when that is its end. Filled by `Ghosts`."""
    lane: Lane | None = None
    """Of the endpoint, for what a city says all day."""
    anew: Callable[[DeviceId], None] = lambda _device: None
    """Told of a device that registers anew while it is registered; filled by whoever subscribes."""
    in_the_200: Callable[[Entry, bytes], None] = lambda _entry, _body: None
    """Takes what a device put into its 200 to a command of ours; filled by the inbox."""

    async def send(self, entry: Entry, peer: Peer, command: Message) -> Response:
        """A command by MESSAGE and its SIP answer; some firmwares put their MANSCDP answer inside it.

        Raises `Operational` when no answer comes.
        """
        response = await self.agent.request(self.line.message(entry, peer, command), peer)
        if response.ok and response.body:
            self.in_the_200(entry, response.body)
        return response

    def answer(self, event: RequestReceived, status: int, *, headers: Iterable[tuple[str, str]] = ()) -> None:
        """Send an answer without a body."""
        self.counters[f"answered_{status}"] += 1
        self.agent.reply(event, status, headers)

    def refuse(
        self,
        event: RequestReceived,
        status: int,
        code: str,
        *,
        who: str = "",
        headers: Iterable[tuple[str, str]] = (),
    ) -> None:
        """Turn a request away, and count why."""
        source = source_text(event.source)
        now = self.clock.monotonic()
        self.faults.note(code, who or source, now, method=event.request.method, source=source, status=status)
        self.answer(event, status, headers=headers)

    def same_id_twice(self, entry: Entry, source: Peer, other: Peer) -> None:
        """Two devices speak with one id: the newest is served, and an operator is told."""
        now = self.clock.monotonic()
        entry.flags[SAME_ID_TWICE] = now
        self.faults.note(
            SAME_ID_TWICE, entry.gb_id, now, source=source_text(source), other=source_text(other)
        )
