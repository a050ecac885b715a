"""The shell around all devices: a few sockets, one timer, sessions, and power or fibre that comes and goes.

Thousands of devices share some `SipAgent`s; whoever a request is for is told by its Request-URI. Devices
on TCP have a connection each.
"""

from __future__ import annotations

import asyncio
import heapq
import os
import random
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from functools import partial

from civicam.kernel.errors import CivicamError
from civicam.signalling.aio.agent import SipAgent
from civicam.signalling.gb28181.registration import RegistrationState, RegistrationTimes
from civicam.signalling.sip.build import IdSource, Origin, new_response
from civicam.signalling.sip.endpoint import SipEndpoint
from civicam.signalling.sip.events import (
    AckReceived,
    ConnectionDropped,
    RequestCancelled,
    RequestReceived,
    RequestTimedOut,
    SipEvent,
)
from civicam.signalling.sip.limits import Limits
from civicam.signalling.sip.peer import Peer
from civicam.simulator.calls import Calls
from civicam.simulator.conduct import Deed, FetchFirmware, Restart, TakePictures
from civicam.simulator.description import City, Device
from civicam.simulator.device import GbDevice
from civicam.simulator.errands import Errands
from civicam.simulator.faults import Faults
from civicam.simulator.identity import Identity
from civicam.simulator.member import Lines, Member, route_to
from civicam.simulator.notices import How, Raised
from civicam.simulator.options import Options
from civicam.simulator.outputs import (
    Ask,
    Carry,
    Output,
    Play,
    Prepare,
    Reply,
    SetClock,
    Stop,
)
from civicam.simulator.sessions import MediaSessions
from civicam.simulator.studio import Studio
from civicam.simulator.transmit import Tally
from civicam.simulator.voices import Voices

_DEVICES_A_SOCKET = 64
_MAX_SOCKETS = 48
_SILENCE_S = 32.0
"""How long a request into a cut fibre waits before it counts as unanswered: 64 T1."""
_BOOT_S = (2.0, 6.0)
_CONNECT_S = 5.0


class Ensemble:
    """All GB/T 28181 devices of a city."""

    def __init__(self, city: City, options: Options, faults: Faults, studio: Studio | None) -> None:
        self._city = city
        self._options = options
        self._faults = faults
        self._rng = random.Random(f"ensemble:{options.seed}")
        self._ids = IdSource(os.urandom)
        self._agents: list[SipAgent] = []
        self._members: dict[str, Member] = {}
        self._owners: dict[str, Member] = {}
        self._calls: dict[str, Member] = {}
        self._media = MediaSessions(studio, self._hang_up, self._played, self._rng)
        self._errands = Errands()
        self._heap: list[tuple[float, int, Member]] = []
        self._pushes = 0
        self._timer: asyncio.TimerHandle | None = None
        self._timer_due = 0.0
        self._tasks: set[asyncio.Task[None]] = set()
        self._lines: Lines = {}
        self.voices = Voices(self._serve, self._peer, self._rng)

    # -- start and end

    async def start(self) -> None:
        """Open the sockets and let the devices boot, spread over the configured time."""
        devices = [device for device in self._city.devices if device.protocol == "gb28181"]
        host = self._options.address or route_to(self._options.server)
        count = self._socket_count(len(devices))
        limits = Limits(source_rate=1e6, source_burst=1e6, connections_per_host=1 << 16, connections=1 << 16)
        for _ in range(count):
            endpoint = SipEndpoint(self._ids, limits=limits)
            agent = SipAgent(endpoint, self._on_request)
            agent.on_other = partial(self._on_other, agent)
            self._agents.append(agent)
            port = await agent.listen(host, 0, udp=True, tcp=False)
            self._enlist(agent, port, host, devices)
        loop = asyncio.get_running_loop()
        for index, member in enumerate(self._members.values()):
            wait = self._options.spread_s * index / max(len(self._members), 1)
            loop.call_later(wait, self._boot, member)

    def _socket_count(self, devices: int) -> int:
        return self._options.sockets or max(min(-(-devices // _DEVICES_A_SOCKET), _MAX_SOCKETS), 1)

    def _enlist(self, agent: SipAgent, port: int, host: str, devices: list[Device]) -> None:
        """Give this agent its share of the devices."""
        index = len(self._agents) - 1
        places = {site.id: (site.lon, site.lat) for site in self._city.sites}
        for device in devices[index :: self._socket_count(len(devices))]:
            origin = Origin(host, port, device.transport, self._ids, "SimCam/1.0")
            identity = Identity(
                device, self._city.by_device[device.gb_id], self._city.realm, self._city.platform, places,
                self._options.signalling_only,
            )  # fmt: skip
            times = RegistrationTimes(
                expires=self._options.expires_s,
                retry=self._options.retry_s,
                retry_limit=self._options.retry_s * 16,
                heartbeat=float(self._options.heartbeat_s or device.heartbeat_s),
            )
            condition = self._faults.conditions[device.gb_id]
            logic = GbDevice(identity, origin, times, jitter=self._rng.random, clock=condition.clock_time)
            member = Member(logic, agent, condition, device.transport == "tcp")
            self._members[device.gb_id] = member
            self._owners[device.gb_id] = member
            for channel in identity.channels:
                self._owners[channel.gb_id] = member

    async def stop(self) -> None:
        """End: say goodbye where asked for, close everything."""
        if self._options.unregister:
            await self._leave()
        self._media.close()
        await self.voices.aclose()
        if self._timer is not None:
            self._timer.cancel()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for agent in self._agents:
            await agent.aclose()

    async def _leave(self) -> None:
        now = asyncio.get_running_loop().time()
        before = set(self._tasks)
        for member in self._members.values():
            member.device.leave(now)
            self._serve(member)
        started = self._tasks - before
        if started:
            await asyncio.wait(started, timeout=_CONNECT_S)

    # -- what a report shows

    def states(self) -> dict[str, int]:
        """Devices by state."""
        online = sum(member.device.registration.online for member in self._members.values())
        waiting = sum(
            member.device.registration.state is RegistrationState.WAITING for member in self._members.values()
        )
        return {"devices": len(self._members), "registered": online, "waiting": waiting}

    @property
    def streams(self) -> int:
        """Sessions that send."""
        return self._media.streams

    @property
    def tally(self) -> Tally:
        """What the sessions sent."""
        return self._media.tally

    def counters(self) -> dict[str, int]:
        """SIP counters, added up over the sockets."""
        total: dict[str, int] = {}
        for agent in self._agents:
            for name, value in agent.counters.items():
                total[name] = total.get(name, 0) + value
        return total

    # -- faults

    def condition_changed(self, gb_id: str) -> None:
        """Look at a device's condition again: it may have lost or got back its power."""
        member = self._members.get(gb_id)
        if member is None:
            return
        member.device.calls.no_bye_answer = member.condition.no_bye_answer
        member.device.conduct.manners = member.condition.manners
        member.device.darken(member.condition.channels_off, asyncio.get_running_loop().time())
        self._serve(member)
        if member.running and not member.condition.powered:
            self._cut_power(member)
        elif not member.running and member.condition.powered:
            self._boot_later(member)

    def reboot(self, gb_id: str) -> None:
        """Switch a device off and on."""
        member = self._members.get(gb_id)
        if member is not None and member.running:
            self._cut_power(member)
            self._boot_later(member)

    def alarm(self, gb_id: str, raised: Raised) -> How:
        """Let a device send an alarm; says how it went."""
        member = self._members.get(gb_id)
        if member is None or not member.running:
            return "offline"
        how = member.device.alarm(raised, asyncio.get_running_loop().time())
        self._serve(member)
        return how

    def _cut_power(self, member: Member) -> None:
        member.running = False
        member.device.crash()
        self._serve(member)
        if member.peer is not None:
            self._start(member.agent.disconnect(member.peer))

    def _boot_later(self, member: Member) -> None:
        asyncio.get_running_loop().call_later(self._rng.uniform(*_BOOT_S), self._boot, member)

    def _boot(self, member: Member) -> None:
        if member.running or not member.condition.powered:
            return
        member.running = True
        member.device.boot(asyncio.get_running_loop().time())
        self._serve(member)

    # -- devices and their outputs

    def _serve(self, member: Member) -> None:
        """Do what a device asks for, then note when it wants to be woken."""
        while (output := member.device.next_output()) is not None:
            self._do(member, output)
        due = member.device.get_timer()
        if due is not None and (member.due is None or due < member.due):
            member.due = due
            self._pushes += 1
            heapq.heappush(self._heap, (due, self._pushes, member))
            self._arm()

    def _do(self, member: Member, output: Output) -> None:
        match output:
            case Ask():
                self._start(self._ask(member, output))
            case Reply(key=key, response=response):
                self._later(member, lambda: member.agent.respond(key, response))
            case Prepare(session=session):
                if self._media.prepare(member.device, session):
                    self._calls[session.call_id] = member
            case Play(session=session):
                self._start(self._media.play(member.device, session, member.condition))
            case Stop(session=session):
                self._calls.pop(session.call_id, None)
                self._media.silence(session.call_id)
            case SetClock(moment=moment):
                member.condition.drift = (moment - datetime.now(UTC)).total_seconds()
            case Carry(deed=deed):
                self._carry(member, deed)
            case voice:
                self.voices.do(member, voice)

    def _carry(self, member: Member, deed: Deed) -> None:
        """What an order leads to outside the device itself."""
        match deed:
            case Restart():
                self.reboot(member.gb_id)
            case TakePictures():
                self._start(self._pictures(member, deed))
            case FetchFirmware():
                self._start(self._firmware(member, deed))

    async def _pictures(self, member: Member, deed: TakePictures) -> None:
        put = member.condition.manners.uploads_put
        finished = await self._errands.pictures(deed, member.condition.clock_time(), put=put)
        member.device.tell(finished)
        self._serve(member)

    async def _firmware(self, member: Member, deed: FetchFirmware) -> None:
        result = await self._errands.firmware(member.gb_id, deed)
        if not result.ok:
            member.device.tell(result)
            self._serve(member)
            return
        member.device.conduct.firmware = deed.firmware
        member.device.tell(result, once_back=True)
        self.reboot(member.gb_id)

    def _later(self, member: Member, act: Callable[[], object]) -> None:
        if member.condition.delay:
            asyncio.get_running_loop().call_later(member.condition.delay, act)
        else:
            act()

    def _arm(self) -> None:
        due = self._heap[0][0]
        if self._timer is None or due < self._timer_due:
            if self._timer is not None:
                self._timer.cancel()
            # kept beside the handle: uvloop's handle of a moment that is past knows no when()
            self._timer_due = due
            self._timer = asyncio.get_running_loop().call_at(due, self._ring)

    def _ring(self) -> None:
        self._timer = None
        now = asyncio.get_running_loop().time()
        while self._heap and self._heap[0][0] <= now:
            _, _, member = heapq.heappop(self._heap)
            member.due = None
            if member.running:
                member.device.handle_timer(now)
                self._serve(member)
        if self._heap:
            self._arm()

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _peer(self, member: Member) -> Peer:
        """Where a device's requests go."""
        return await member.connect(self._options.server, self._lines)

    async def _ask(self, member: Member, ask: Ask) -> None:
        life = member.device.registration
        response = None
        if not member.condition.linked:
            await asyncio.sleep(_SILENCE_S)
        else:
            if member.condition.delay:
                await asyncio.sleep(member.condition.delay)
            try:
                response = await member.agent.request(ask.request, await self._peer(member))
            except CivicamError:
                response = None
        if member.device.registration is life:  # not rebooted meanwhile
            now = asyncio.get_running_loop().time()
            member.device.answered(ask.purpose, response, now, ask.request.call_id)
            self._serve(member)

    # -- what comes in

    def _on_request(self, event: RequestReceived) -> None:
        user = event.request.uri.partition(":")[2].partition("@")[0]
        member = self._calls.get(event.request.call_id) or self._owners.get(user)
        if member is None:
            self._any_agent(event)
        elif member.running and member.condition.linked:
            member.device.take(event, asyncio.get_running_loop().time())
            self._serve(member)

    def _any_agent(self, event: RequestReceived) -> None:
        for agent in self._agents:
            if agent.respond(event.key, new_response(event.request, 404)):
                return

    def _on_other(self, agent: SipAgent, event: SipEvent) -> None:
        match event:
            case AckReceived(request=request):
                self._with_call(request.call_id, lambda calls: calls.acknowledged(request.call_id))
            case RequestCancelled(request=request):
                self._with_call(request.call_id, lambda calls: calls.ended(request.call_id))
            case RequestTimedOut(request=request) if request.method == "INVITE":
                self._with_call(request.call_id, lambda calls: calls.ended(request.call_id, tell=True))
            case ConnectionDropped(peer=peer):
                member = self._lines.pop((agent, peer), None)
                if member is not None:
                    member.peer = None
                    if member.running:
                        member.device.connection_lost(asyncio.get_running_loop().time())
                        self._serve(member)
            case _:
                pass

    def _with_call(self, call_id: str, act: Callable[[Calls], None]) -> None:
        member = self._calls.get(call_id)
        if member is not None:
            act(member.device.calls)
            self._serve(member)

    def _played(self, call_id: str) -> None:
        self._with_call(call_id, lambda calls: calls.played(call_id))

    def _hang_up(self, call_id: str) -> None:
        """The media of a session broke: the device says BYE."""
        self._with_call(call_id, lambda calls: calls.ended(call_id, tell=True))
