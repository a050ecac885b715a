"""Speaking through a device's loudspeaker (语音广播; GB/T 28181-2022 §9.12.1).

We tell the device that somebody wants to speak, it answers OK, then **it** sends the INVITE, and we answer
with where the sound comes from:

    ask ─Broadcast─▶ OK ─▶ its INVITE ─▶ 200 ─▶ ACK or a short while ─▶ connected ─▶ speaking ─▶ BYE
         taken_s  answer_s   invite_s             ack_s                  connect_s

Every step has a time after which it fails. The ACK is waited for, but not insisted on: some devices send it
with a Call-ID of its own. However a call ends, the sender in the engine is closed, the device is owed and
given a BYE (an unanswered one is dropped after timer F), and the loudspeaker is free for the next person.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any, TypeVar

from civicam.fleet.facts import ChannelId, DeviceId
from civicam.gateway import loudspeaker, refusals
from civicam.gateway.addresses import Addresses, Target
from civicam.gateway.commands import Commands
from civicam.gateway.desk import Desk
from civicam.gateway.keeping import Keeping
from civicam.gateway.kept import Session, of_answer
from civicam.gateway.roster import Entry
from civicam.kernel.errors import CivicamError, Operational, Refused, Side
from civicam.media.engine import (
    EngineEvent,
    EngineRestarted,
    Idle,
    MediaEngine,
    SendSpec,
    SpeechStarted,
    StreamEnded,
    Transport,
)
from civicam.signalling.gb28181 import sdp
from civicam.signalling.gb28181.ids import GbId
from civicam.signalling.gb28181.manscdp.broadcast import Broadcast, BroadcastResponse
from civicam.signalling.gb28181.ssrc import SsrcPool
from civicam.signalling.sip.build import new_response
from civicam.signalling.sip.dialog import Dialog
from civicam.signalling.sip.events import AckReceived, RequestCancelled, RequestReceived, SipEvent
from civicam.signalling.sip.message import Request

BUSY = "gateway.broadcast-busy"
ENDED = "gateway.broadcast-ended"
NO_INVITE = "gateway.broadcast-no-invite"
NOT_CONNECTED = "gateway.broadcast-not-connected"
TOO_MANY = "gateway.too-many-broadcasts"

T = TypeVar("T")
Speaker = Callable[[RequestReceived], Entry | None]
"""Whose request it is (`civicam.gateway.inbox.Inbox.speaker`)."""


class _Call:
    """One way to one loudspeaker."""

    def __init__(self, target: Target, stream_id: str, keeping: Keeping) -> None:
        loop = asyncio.get_running_loop()
        self.target = target
        self.keeping = keeping
        self.stream_id = stream_id
        self.invited: asyncio.Future[RequestReceived] = loop.create_future()
        self.acked: asyncio.Future[None] = loop.create_future()
        self.started: asyncio.Future[None] = loop.create_future()
        self.over: asyncio.Future[str] = loop.create_future()
        """Why it ends, once it ends."""
        self.dialog: Dialog | None = None
        self.own_ssrc: int | None = None
        self.hung_up = False
        """The device knows that it is over: no BYE is due."""
        self.closed = asyncio.Event()

    def owns(self, request: Request) -> bool:
        if self.dialog is not None:
            return self.dialog.matches(request)
        return self.invited.done() and self.invited.result().request.call_id == request.call_id


class Broadcasts:
    """The use case. ``ssrcs``: for devices whose offer names none."""

    def __init__(
        self, desk: Desk, engine: MediaEngine, ssrcs: SsrcPool, commands: Commands, speaker: Speaker
    ) -> None:
        self._desk = desk
        self._engine = engine
        self._ssrcs = ssrcs
        self._commands = commands
        self._speaker = speaker
        self._addresses = Addresses(desk)
        self._calls: dict[str, _Call] = {}

    def __len__(self) -> int:
        return len(self._calls)

    # -- people

    async def open(self, channel_id: ChannelId) -> str:
        """The stream id of a way to a channel's loudspeaker, once the device takes sound.

        Raises `Refused` ``gateway.broadcast-busy`` (somebody speaks there, or is about to),
        ``gateway.broadcast-format``, ``gateway.device-refused``, ``gateway.too-many-broadcasts``, as
        `Addresses.channel` does, and `Operational` ``gateway.broadcast-…``, ``gateway.no-answer``.
        """
        return await self._open(await self._addresses.channel(channel_id))

    async def open_device(self, device_id: DeviceId) -> str:
        """The same for the loudspeaker of a device itself, not of a channel of it."""
        entry = self._addresses.device(device_id)
        return await self._open(Target(entry, ChannelId(""), entry.gb_id))

    async def _open(self, target: Target) -> str:
        self._check(target)
        call = _Call(target, f"b{self._desk.line.new_id()}", Keeping(self._desk))
        self._calls[call.stream_id] = call
        self._desk.counters["broadcast_asked"] += 1
        try:
            await self._bring_up(call)
        except BaseException as error:
            self._end(call, error.code if isinstance(error, CivicamError) else refusals.NO_VIEWER)
            raise
        self._desk.counters["broadcast_opened"] += 1
        return call.stream_id

    def close(self, stream_id: str) -> None:
        """Nobody speaks any more. Idempotent."""
        call = self._calls.get(stream_id)
        if call is not None:
            self._end(call, refusals.NO_VIEWER)

    def _check(self, target: Target) -> None:
        """One person a loudspeaker; and one INVITE at a time is awaited of a device, to tell whose it is."""
        if len(self._calls) >= self._desk.settings.broadcast.most:
            raise Refused(TOO_MANY, most=self._desk.settings.broadcast.most)
        for call in self._of(target.entry.device_id):
            if call.target.channel == target.channel or not call.invited.done():
                raise Refused(BUSY, channel=target.channel)

    # -- the way up

    async def _bring_up(self, call: _Call) -> None:
        times = self._desk.settings.broadcast
        await self._ask(call)
        event = await self._step(call, call.invited, times.invite_s, NO_INVITE)
        try:
            found = loudspeaker.read(event)
        except Refused as error:
            self._desk.refuse(event, 488, error.code, who=call.target.entry.gb_id)
            call.hung_up = True
            raise Refused(loudspeaker.BAD_OFFER, device=_name(call), channel=call.target.channel) from error
        await self._answer(call, event, found)
        with contextlib.suppress(TimeoutError):
            await self._unless_over(call, call.acked, times.ack_s)
        if found.transport is not Transport.TCP_PASSIVE:
            await self._engine.connect(call.stream_id, found.host, found.port)
        await self._step(call, call.started, times.connect_s, NOT_CONNECTED)

    async def _ask(self, call: _Call) -> None:
        """Tell the device, and take its OK; its INVITE is as good, and may come first."""
        target = call.target
        asking = asyncio.ensure_future(
            self._commands.ask(
                target.entry,
                lambda sn: Broadcast(sn, GbId.parse(target.channel), self._desk.settings.gb_id),
                BroadcastResponse,
            )
        )
        try:
            any_of: set[asyncio.Future[Any]] = {asking, call.invited, call.over}
            await asyncio.wait(any_of, return_when=asyncio.FIRST_COMPLETED)
            if call.over.done():
                raise self._failure(call, call.over.result())
            if not call.invited.done():
                await asking
        finally:
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)

    async def _answer(self, call: _Call, event: RequestReceived, found: loudspeaker.Loudspeaker) -> None:
        """Open the sender, then say so; a call that ended meanwhile is taken down by whoever ended it."""
        desk, ssrc = self._desk, found.ssrc
        if ssrc is None:
            ssrc = call.own_ssrc = self._ssrcs.allocate(desk.clock.monotonic())
        try:
            port = await self._engine.open_sender(
                SendSpec(call.stream_id, found.transport, ssrc, source_host=found.host)
            )
        except Operational:
            desk.refuse(event, 500, refusals.ENGINE, who=call.target.entry.gb_id)
            call.hung_up = True
            raise
        origin = desk.line.origin(event.source)
        host = origin.host if port.host in refusals.WILDCARDS else port.host
        response = new_response(
            event.request,
            200,
            to_tag=desk.line.new_id(),
            headers=[("Contact", origin.contact(desk.settings.gb_id)), ("Content-Type", sdp.CONTENT_TYPE)],
            body=found.answer(desk.settings.gb_id, (host, port.port), ssrc),
        )
        dialog = Dialog.from_uas(event.request, response, origin)
        if not call.over.done():
            session: Session = (call.stream_id, call.target.entry.device_id, "talk")
            kept = of_answer(dialog, session, (call.own_ssrc or 0, port.port), event.source, desk.clock.now())
            await call.keeping.begins(kept)
        if call.over.done():
            desk.answer(event, 480)
            call.keeping.over()
            await self._close_sender(call)
            raise self._failure(call, call.over.result())
        call.dialog = dialog
        desk.counters["answered_200"] += 1
        if not desk.agent.respond(event.key, response):
            call.hung_up = True  # cancelled, or its connection is gone
            raise self._failure(call, ENDED)

    async def _step(self, call: _Call, awaited: asyncio.Future[T], patience_s: float, late: str) -> T:
        try:
            return await self._unless_over(call, awaited, patience_s)
        except TimeoutError:
            raise self._failure(call, late) from None

    async def _unless_over(self, call: _Call, awaited: asyncio.Future[T], patience_s: float) -> T:
        """The result of ``awaited``. Raises `TimeoutError`, or why the call ended."""
        any_of: set[asyncio.Future[Any]] = {awaited, call.over}
        await asyncio.wait(any_of, timeout=patience_s, return_when=asyncio.FIRST_COMPLETED)
        if call.over.done():
            raise self._failure(call, call.over.result())
        if not awaited.done():
            raise TimeoutError
        return awaited.result()

    @staticmethod
    def _failure(call: _Call, code: str) -> CivicamError:
        if code in {refusals.DEVICE_OFFLINE, refusals.STOPPING, refusals.NO_VIEWER}:
            return Refused(code, device=_name(call), channel=call.target.channel)
        return Operational(code, side=Side.REMOTE, device=_name(call), channel=call.target.channel)

    # -- the way down

    def _end(self, call: _Call, code: str) -> None:
        """End a call, whoever wants it; the first reason stands."""
        if call.over.done():
            return
        call.over.set_result(code)
        self._desk.counters[f"broadcast_ended_{code}"] += 1
        self._desk.tasks.spawn(self._take_down(call), "broadcast-end")

    async def _take_down(self, call: _Call) -> None:
        owed = False
        try:
            await self._close_sender(call)
            if call.dialog is not None and not call.hung_up:
                owed = not await self._told(call, call.dialog) and call.keeping.owed()
            elif call.dialog is None and call.invited.done() and not call.hung_up:
                # its INVITE was never answered; when it was refused meanwhile, this does nothing
                event = call.invited.result()
                self._desk.agent.respond(event.key, new_response(event.request, 480))
            call.keeping.over()
        finally:
            if call.own_ssrc is not None and not owed:  # else whoever tells the device gives it back
                self._ssrcs.release(call.own_ssrc, self._desk.clock.monotonic())
            self._calls.pop(call.stream_id, None)
            call.closed.set()

    async def _told(self, call: _Call, dialog: Dialog) -> bool:
        """BYE; whether the device answered it."""
        peer = call.target.entry.peer
        if peer is None:
            return False
        try:
            dialog.origin = self._desk.line.origin(peer)  # the device may have come back another way
            await self._desk.agent.request(dialog.request("BYE"), peer)
        except Operational:
            self._desk.counters["bye_unanswered"] += 1
            return False
        return True

    async def _close_sender(self, call: _Call) -> None:
        try:
            await self._engine.close(call.stream_id)
        except Operational as error:
            self._desk.faults.note(error.code, "engine", self._desk.clock.monotonic())

    async def aclose(self, patience_s: float) -> None:
        """At stop: BYE to all, and wait for the answers, but not for ever."""
        calls = list(self._calls.values())
        for call in calls:
            self._end(call, refusals.STOPPING)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience_s):
                for call in calls:
                    await call.closed.wait()

    # -- the wire, the engine and the rooms speak

    def invited(self, event: RequestReceived) -> None:
        """An INVITE: 488, unless it is that of a device we asked; from another host than its own: 403."""
        entry = self._speaker(event)
        call = next((each for each in self._calls.values() if self._awaits(each, event, entry)), None)
        if call is None:
            self._desk.refuse(event, 488, "gateway.invite-refused")
        elif not call.target.entry.trusts(event.source):
            self._desk.refuse(event, 403, "gateway.register-first", who=call.target.entry.gb_id)
        else:
            call.invited.set_result(event)

    @staticmethod
    def _awaits(call: _Call, event: RequestReceived, entry: Entry | None) -> bool:
        """Devices call in their own name or in that of their channel."""
        if call.invited.done() or call.over.done():
            return False
        return entry is call.target.entry or event.request.from_user == call.target.channel

    def bye(self, event: RequestReceived) -> bool:
        """The device hangs up; False when the dialog is none of ours."""
        call = next((each for each in self._calls.values() if each.owns(event.request)), None)
        if call is None:
            return False
        self._desk.answer(event, 200)
        call.hung_up = True
        self._end(call, ENDED)
        return True

    def wire(self, event: SipEvent) -> None:
        """What the wire tells besides requests."""
        if not isinstance(event, AckReceived | RequestCancelled):
            return
        for call in self._calls.values():
            if call.owns(event.request):
                if isinstance(event, RequestCancelled):
                    call.hung_up = True
                    self._end(call, ENDED)
                elif not call.acked.done():
                    call.acked.set_result(None)
                return

    def engine_event(self, event: EngineEvent) -> None:
        """The engine's view of a sender."""
        streams = event.stream_ids if isinstance(event, EngineRestarted) else (event.stream_id,)
        for call in [self._calls[each] for each in streams if each in self._calls]:
            match event:
                case SpeechStarted() if not call.started.done():
                    call.started.set_result(None)
                case Idle() if call.started.done():  # before that, nobody can speak
                    self._end(call, refusals.NO_VIEWER)
                case StreamEnded() | EngineRestarted():
                    self._end(call, refusals.STREAM_LOST if call.started.done() else NOT_CONNECTED)
                case _:
                    pass

    def gone(self, device_id: DeviceId) -> None:
        """The device is offline."""
        for call in self._of(device_id):
            self._end(call, refusals.DEVICE_OFFLINE)

    def _of(self, device_id: DeviceId) -> list[_Call]:
        """Calls of a device that are not on their way down."""
        calls = self._calls.values()
        return [each for each in calls if each.target.entry.device_id == device_id and not each.over.done()]


def _name(call: _Call) -> str:
    return call.target.entry.record.name or call.target.entry.gb_id
