"""A simulated device (`civicam.simulator.device`) at its post in the town: its wire, its power, its moods."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from tests.stories.studio import Studio
from tests.stories.wires import Address, Line, TownAgent, Wires

from civicam.fleet.presence import CONNECTION_LOST, HEARTBEAT_LOST, UNREGISTERED
from civicam.kernel.errors import CivicamError
from civicam.signalling.gb28181.manscdp import parse_message
from civicam.signalling.gb28181.manscdp.alarm import AlarmNotify
from civicam.signalling.gb28181.registration import RegistrationTimes
from civicam.signalling.sip.build import IdSource, Origin
from civicam.signalling.sip.events import (
    AckReceived,
    ConnectionDropped,
    RequestCancelled,
    RequestReceived,
    RequestTimedOut,
    SipEvent,
)
from civicam.signalling.sip.message import Response
from civicam.signalling.sip.peer import Peer
from civicam.simulator.device import GbDevice
from civicam.simulator.identity import Identity
from civicam.simulator.notices import Raised
from civicam.simulator.outputs import Ask, Output, Play, Prepare, Reply, Session, Stop

GATE: Address = ("10.0.0.1", 5060)
BREATH_S = 8.0
"""What the platform may take to hear of something, retransmissions included."""
AT_PEACE_S = 300.0
"""Longer than the slowest heartbeat: after it the platform has heard of a new address."""

Alarm = tuple[str, datetime | None, int | None]
"""Source, the device's time, method."""


class Surroundings(Protocol):
    """What a post needs of the town."""

    wires: Wires
    studio: Studio
    rng: random.Random

    def ids(self, name: str) -> IdSource: ...

    def wall(self) -> datetime: ...


@dataclass
class Promises:
    """What the platform said 200 to."""

    registered: datetime | None = None
    alarms: set[Alarm] = field(default_factory=set)


class Post:
    """One device. What befalls it is written down, for whoever calls it offline needs a reason."""

    def __init__(self, town: Surroundings, identity: Identity, host: str) -> None:
        self.town = town
        self.gb_id = identity.device.gb_id
        self.identity = identity
        self.promises = Promises()
        ids = town.ids(host)
        self.agent = TownAgent(town.wires, (host, 5060), ids, self._asked, self._other)
        self.heartbeat_s = identity.device.heartbeat_s
        times = RegistrationTimes(expires=3600, heartbeat=float(self.heartbeat_s))
        self.tcp = identity.device.transport == "tcp"
        origin = Origin(host, 5060, "tcp" if self.tcp else "udp", ids, "SimCam/1.0")
        self.device = GbDevice(identity, origin, times, jitter=town.rng.random, clock=town.wall)
        self.powered = False
        self.deaf = False
        """Answers nothing it is asked; its own heartbeats go on."""
        self.answers_after = 0.05
        self.unheard_since: float | None = 0.0
        """When the platform last can have heard it, while it cannot."""
        self.cut_at = self.left_at = float("-inf")
        self.troubled_at = 0.0
        """When the last trouble of any kind began or ended."""
        self._peer: Peer | None = None
        self._way = asyncio.Lock()
        self._timer: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    # -- what befalls it

    def boot(self) -> None:
        """Power comes."""
        if not self.powered:
            self.powered = True
            self.agent.plug()
            self._trouble(unheard=self.agent.address[0] in self.town.wires.dark)
            self.device.boot(self._now())
            self.serve()

    def lose_power(self) -> None:
        """At once, and nobody is told; a TCP connection is reset by whoever stands between."""
        if self.powered:
            self.powered = False
            self._trouble(unheard=True)
            self.device.crash()
            self.serve()
            self.break_line()
            for line in self._lines(dead=True):
                line.forgotten()
            self.agent.unplug()

    def cut_fibre(self, cut: bool) -> None:
        """No packet either way; or the splice is done."""
        (self.town.wires.dark.add if cut else self.town.wires.dark.discard)(self.agent.address[0])
        self._trouble(unheard=cut or not self.powered)

    def break_line(self) -> None:
        """The TCP connection is reset."""
        for line in self._lines():
            self.cut_at = self.troubled_at = self._now()
            line.snap()

    def line_dies(self) -> None:
        """The TCP connection carries nothing any more, and neither end is told."""
        for line in self._lines():
            line.dead = True
            self._trouble(unheard=True)

    def move(self, port: int) -> None:
        """The NAT gives another port."""
        self.troubled_at = self._now()
        self.agent.move((self.agent.address[0], port))

    def leave(self) -> None:
        """Unregisters."""
        self.left_at = self.troubled_at = self._now()
        self.device.leave(self._now())
        self.serve()

    def register_anew(self) -> None:
        """Forgets everything and begins as after a start, without having lost power."""
        self.troubled_at = self._now()
        self.device.boot(self._now())
        self.serve()

    def mood(self, *, deaf: bool = False, answers_after: float = 0.05, loses_byes: bool = False) -> None:
        """How it treats what it is asked."""
        self.troubled_at = self._now()
        self.deaf, self.answers_after = deaf, answers_after
        self.device.calls.no_bye_answer = loses_byes

    def darken(self, channels: frozenset[str]) -> None:
        """These channels are off."""
        self.device.darken(channels, self._now())
        self.serve()

    def raise_alarm(self, source: str) -> None:
        """Motion."""
        if self.powered and self.device.registration.online:
            self.device.alarm(Raised(source), self._now())
            self.serve()

    # -- what is true of it

    def excuses(self, reason: str) -> bool:
        """Whether calling it offline now, for this reason, is the truth."""
        now = self._now()
        if reason == HEARTBEAT_LOST:
            silent = 0.0 if self.unheard_since is None else now - self.unheard_since
            return silent >= 2 * self.heartbeat_s
        if reason == CONNECTION_LOST:
            return now - self.cut_at <= BREATH_S
        return reason == UNREGISTERED and now - self.left_at <= 2 * BREATH_S

    @property
    def at_peace(self) -> bool:
        """Nothing is wrong with it and nothing was lately: whatever is asked of it has to work."""
        well = self.powered and self.device.registration.online and self.unheard_since is None
        willing = not self.deaf and self.answers_after < 1
        return well and willing and self._now() - self.troubled_at > AT_PEACE_S

    # -- its own work

    def serve(self) -> None:
        """Do what the device asks for and note when it wants to be woken."""
        while (output := self.device.next_output()) is not None:
            self._do(output)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        due = self.device.get_timer()
        if due is not None and self.powered:
            self._timer = asyncio.get_running_loop().call_at(max(due, self._now() + 0.001), self._ring)

    def _ring(self) -> None:
        self._timer = None
        self.device.handle_timer(self._now())
        self.serve()

    def _do(self, output: Output) -> None:
        match output:
            case Ask():
                self._start(self._ask(output))
            case Reply(key=key, response=response):
                self.agent.respond(key, response)
            case Prepare(session=session):
                self._after(self.answers_after, lambda: self._accept(session))
            case Play(session=session):
                self._after(0.2, lambda: self._play(session))
            case Stop(session=session):
                self.town.studio.ceases(session.offer.ssrc or 0)
            case _:
                pass

    def _accept(self, session: Session) -> None:
        if session.call_id in self.device.calls.sessions:
            self.device.calls.accept(session, 15_060, session.offer.ssrc or 0)
            self.serve()

    def _play(self, session: Session) -> None:
        if session.call_id not in self.device.calls.sessions:
            return
        self.town.studio.arrives(session.offer.ssrc or 0)
        if session.tape is not None:
            self._after(session.tape.end - session.tape.start, lambda: self._played(session.call_id))

    def _played(self, call_id: str) -> None:
        if call_id in self.device.calls.sessions:
            self.device.calls.played(call_id)
            self.serve()

    async def _ask(self, ask: Ask) -> None:
        life = self.device.registration
        response: Response | None = None
        try:
            response = await self.agent.request(ask.request, await self._to_the_gate())
        except CivicamError:
            response = None
        if not self.powered or self.device.registration is not life:
            return
        if response is not None and response.ok:
            self._promised(ask)
        if response is None and ask.purpose == "register":
            await self._hang_up()
        self.device.answered(ask.purpose, response, self._now(), ask.request.call_id)
        self.serve()

    def _promised(self, ask: Ask) -> None:
        """The platform said 200: it hears us, and has taken what we said."""
        if self.powered and self.agent.address[0] not in self.town.wires.dark:
            if self.unheard_since is not None:
                self.troubled_at = self._now()
            self.unheard_since = None
        if ask.purpose == "register" and ask.request.expires != 0:
            self.promises.registered = self.town.wall()
        elif ask.purpose in ("notify", "other") and b"<CmdType>Alarm<" in ask.request.body:
            notice = parse_message(ask.request.body)
            assert isinstance(notice, AlarmNotify)
            self.promises.alarms.add((str(notice.device_id), notice.time, notice.method))

    async def _to_the_gate(self) -> Peer:
        if not self.tcp:
            return Peer("udp", *GATE)
        async with self._way:
            if self._peer is None:
                self._peer = await self.agent.connect_tcp(*GATE)
            return self._peer

    async def _hang_up(self) -> None:
        """Nothing came back: the next try is over a new connection."""
        peer, self._peer = self._peer, None
        if peer is not None:
            await self.agent.disconnect(peer)

    # -- what it hears

    def _asked(self, event: RequestReceived) -> None:
        if self.powered and not self.deaf:
            self.device.take(event, self._now())
            self.serve()

    def _other(self, event: SipEvent) -> None:
        calls = self.device.calls
        match event:
            case AckReceived(request=request):
                calls.acknowledged(request.call_id)
            case RequestCancelled(request=request):
                calls.ended(request.call_id)
            case RequestTimedOut(request=request) if request.method == "INVITE":
                calls.ended(request.call_id, tell=True)
            case ConnectionDropped(peer=peer) if peer == self._peer:
                self._peer = None
                self.cut_at = self.troubled_at = self._now()
                if self.powered:
                    self.device.connection_lost(self._now())
            case _:
                pass
        self.serve()

    # -- inside

    def _trouble(self, *, unheard: bool) -> None:
        self.troubled_at = self._now()
        if unheard and self.unheard_since is None:
            self.unheard_since = self._now()

    def _lines(self, *, dead: bool = False) -> list[Line]:
        host = self.agent.address[0]
        return [line for line in self.town.wires.lines if line.host == host and line.dead is dead]

    def _after(self, seconds: float, work: Callable[[], None]) -> None:
        asyncio.get_running_loop().call_later(seconds, work)

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()
