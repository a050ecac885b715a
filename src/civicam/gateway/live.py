"""Video of a GB/T 28181 channel, live or from its recordings: carries out what
`civicam.gateway.session` decides.

A playback or download is one person's: it is controlled by INFO in its dialog
(`GbSource.tell`) and never shared.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from civicam.gateway import refusals
from civicam.gateway.desk import Desk
from civicam.gateway.keeping import Keeping
from civicam.gateway.kept import Session, of_invite
from civicam.gateway.leg import Leg, offer_of
from civicam.gateway.ports import Invitation
from civicam.gateway.session import Action, Do, Failed, Finished, LiveSession, SessionTimes, State
from civicam.gateway.sessions import SessionInfo
from civicam.kernel.errors import Operational, Refused
from civicam.media.engine import (
    EngineEvent,
    EngineRestarted,
    Idle,
    MediaEngine,
    Port,
    ReceiveSpec,
    StreamEnded,
    StreamKind,
    StreamStalled,
    StreamStarted,
    Transport,
)
from civicam.signalling.gb28181 import sdp
from civicam.signalling.gb28181.ssrc import SsrcPool
from civicam.signalling.sip.dialog import Dialog
from civicam.signalling.sip.message import Request, Response
from civicam.signalling.sip.peer import Peer


class GbSource:
    """A `civicam.gateway.sessions.Source`."""

    def __init__(
        self, desk: Desk, engine: MediaEngine, ssrcs: SsrcPool, leg: Leg, changed: Callable[[GbSource], None]
    ) -> None:
        live = desk.settings.live
        self._desk = desk
        self._engine = engine
        self._ssrcs = ssrcs
        self._leg = leg
        self._changed = changed
        self._machine = LiveSession(
            SessionTimes(live.port_s, live.invite_s, live.early_s, live.media_s, live.check_s, live.close_s)
        )
        self._ssrc = ssrcs.allocate(desk.clock.monotonic())
        self._stream_id = f"s{desk.line.new_id()}"
        self._port: Port | None = None
        self._peer: Peer | None = leg.entry.peer
        self._invitation: Invitation | None = None
        self._call_id = ""
        self._dialog: Dialog | None = None
        self._keeping = Keeping(desk)
        self._owed = False
        """The device was not told of the end; somebody else will."""
        self._answer: sdp.Sdp | None = None
        self._timer: asyncio.TimerHandle | None = None
        self.record_to = ""
        """Write what comes to this file; set before `start`."""
        self.filesize = 0
        """Bytes the device announced for a download, 0 when it did not."""
        self.pictures: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.closed = asyncio.Event()

    # -- as others see it

    @property
    def info(self) -> SessionInfo:
        """State and reason."""
        leg, machine = self._leg, self._machine
        return SessionInfo(
            self._stream_id,
            leg.channel_id,
            leg.entry.device_id,
            leg.stream,
            machine.state.value,
            machine.code,
            machine.since,
        )

    @property
    def ending(self) -> bool:
        """CLOSING or CLOSED."""
        return self._machine.state in {State.CLOSING, State.CLOSED}

    def start(self) -> None:
        """Open the port, then invite."""
        self._run(self._machine.start(self._now()))

    def end(self, code: str) -> None:
        """BYE or CANCEL, whatever is due."""
        self._run(self._machine.end(code, self._now()))

    def engine_event(self, event: EngineEvent) -> None:
        """The engine's view of our stream."""
        match event:
            case StreamStarted():
                self._run(self._machine.picture(self._now()))
            case StreamStalled(code=code):
                self._machine.stalled(code)
            case Idle():
                # Before the first picture nobody can watch, but somebody waits; the engine tells it again.
                if self._machine.state is State.STREAMING:
                    self.end(refusals.NO_VIEWER)
            case StreamEnded() | EngineRestarted():
                self.end(refusals.STREAM_LOST)

    def owns(self, request: Request) -> bool:
        """Whether an in-dialog request is ours."""
        if self._dialog is not None:
            return self._dialog.matches(request)
        return self._call_id == request.call_id

    @property
    def call_id(self) -> str:
        """Of its dialog; empty before the INVITE."""
        return self._call_id

    @property
    def leg(self) -> Leg:
        """What was asked of whom."""
        return self._leg

    def device_ended(self) -> None:
        """The device sent BYE (and was answered)."""
        self._run(self._machine.device_ended(self._now()))

    async def tell(self, content_type: str, body: bytes) -> Response:
        """An INFO in the dialog, and the device's answer to it.

        Raises `Operational` ``signalling.…``, and `Refused` ``gateway.no-session`` before the dialog stands.
        """
        dialog, peer = self._dialog, self._leg.entry.peer or self._peer
        if dialog is None or peer is None or self.ending:
            raise Refused(refusals.NO_SESSION)
        dialog.origin = self._desk.line.origin(peer)  # the device may have come back another way
        request = dialog.request("INFO")
        self._keeping.used(dialog)
        request.set_body(content_type, body)
        return await self._desk.agent.request(request, peer)

    # -- carrying out

    def _now(self) -> float:
        return self._desk.clock.monotonic()

    def _run(self, actions: list[Action]) -> None:
        before = self._machine.state
        for action in actions:
            match action:
                case Failed(code, status):
                    self._fail(code, status)
                case Finished():
                    self._finish()
                case _:
                    self._do(action)
        self._arm()
        if actions or self._machine.state is not before:
            self._changed(self)

    def _do(self, action: Do) -> None:
        at_once = {
            Do.CANCEL: self._cancel,
            Do.ACK: self._ack,
            Do.STARTED: self._started,
        }
        in_background = {
            Do.OPEN_PORT: self._open_port,
            Do.INVITE: self._invite,
            Do.PIN: self._pin,
            Do.BYE: self._bye,
            Do.CLOSE_PORT: self._close_port,
            Do.CHECK: self._check,
        }
        if action in at_once:
            at_once[action]()
        else:
            self._desk.tasks.spawn(in_background[action](), f"live-{action}")

    def _cancel(self) -> None:
        if self._invitation is not None:
            self._invitation.cancel()

    def _started(self) -> None:
        if not self.pictures.done():
            self.pictures.set_result(self._stream_id)

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._machine.deadline is not None:
            delay = max(0.001, self._machine.deadline - self._now())
            self._timer = asyncio.get_running_loop().call_later(delay, self._on_timer)

    def _on_timer(self) -> None:
        self._run(self._machine.handle_timer(self._now()))

    async def _open_port(self) -> None:
        history = self._leg.history
        spec = ReceiveSpec(
            self._stream_id,
            self._transport(),
            self._ssrc,
            kind=StreamKind.LIVE if history is None else history.kind,
        )
        try:
            self._port = await self._engine.open_receiver(spec)
            if self.record_to:
                await self._engine.record(self._stream_id, Path(self.record_to))
        except Operational as error:
            self._desk.faults.note(error.code, "engine", self._now())
            self.end(refusals.ENGINE)
            return
        self._run(self._machine.port_opened(self._now()))

    def _transport(self) -> Transport:
        if not self._tcp_media():
            return Transport.UDP
        return Transport.TCP_ACTIVE if self._leg.entry.profile.media_active else Transport.TCP_PASSIVE

    def _tcp_media(self) -> bool:
        """A device that signals over TCP has a reason, mostly a NAT: its media come the same way."""
        peer = self._peer
        return self._leg.entry.profile.media_tcp or (peer is not None and peer.transport == "tcp")

    async def _invite(self) -> None:
        peer = self._peer = self._leg.entry.peer or self._peer
        port, leg = self._port, self._leg
        try:
            if peer is None or port is None:
                raise Operational("signalling.unreachable", peer=leg.entry.gb_id, reason="")
            host = self._desk.line.local_host(peer) if port.host in refusals.WILDCARDS else port.host
            offer = offer_of(leg, self._desk.settings.gb_id, (host, port.port), self._ssrc, self._transport())
            invite = self._desk.line.invite(leg.channel, peer, offer)
            session: Session = (self._stream_id, leg.entry.device_id, leg.purpose)
            media = (self._ssrc, port.port)
            await self._keeping.begins(of_invite(invite, session, media, peer, self._desk.clock.now()))
            if self._machine.state is not State.PORT_OPEN:
                return  # it ended meanwhile, and nobody was asked
            self._invitation = self._desk.agent.invite(invite, peer)
            self._call_id = invite.call_id
        except Operational:
            self._run(self._machine.invite_failed(refusals.UNREACHABLE, self._now()))
            return
        self._desk.counters["invite_sent"] += 1
        self._run(self._machine.invite_sent(self._now()))
        self._desk.tasks.spawn(self._follow(invite, self._invitation), "live-invite")

    async def _follow(self, invite: Request, invitation: Invitation) -> None:
        """Tell the machine every answer to one INVITE."""
        try:
            async for _ in invitation.provisional():
                self._run(self._machine.provisional(self._now()))
            response = await invitation.final()
        except Operational as error:
            code = refusals.PLAY_TIMEOUT if error.code == "signalling.timeout" else refusals.UNREACHABLE
            self._run(self._machine.invite_failed(code, self._now()))
            return
        self._desk.counters[f"invite_{response.status}"] += 1
        if not response.ok:
            self._run(self._machine.refused(response.status, self._now()))
            return
        fault = self._read_answer(invite, response)
        self._run(self._machine.accepted(fault, self._now(), sdp=self._answer is not None))

    def _read_answer(self, invite: Request, response: Response) -> str:
        """Found the dialog; returns the fault of the answer, empty when it can be used."""
        peer = self._peer
        if peer is None:
            return refusals.UNREACHABLE
        self._dialog = Dialog.from_uac(invite, response, self._desk.line.origin(peer))
        self._keeping.stands(self._dialog)
        active = self._transport() is Transport.TCP_ACTIVE  # then we need a port of theirs
        if not response.body.strip(b"\r\n\0 "):
            return refusals.BAD_ANSWER if active else ""
        try:
            answer = sdp.parse(response.body, "video")
        except Refused as error:
            self._desk.faults.note(error.code, self._leg.channel, self._now())
            return refusals.BAD_ANSWER
        if answer.private_encoding() is not None:
            return refusals.PRIVATE_FORMAT
        if answer.media != "video" or (active and answer.port == 0):
            return refusals.BAD_ANSWER
        self._answer = answer
        self.filesize = answer.filesize or 0
        return ""

    def _ack(self) -> None:
        if self._dialog is not None and self._peer is not None:
            self._desk.agent.send_ack(self._dialog.ack(), self._peer)

    async def _pin(self) -> None:
        """Prefer what the answer says; behind NAT its address is private and says nothing."""
        answer, peer = self._answer, self._peer
        if peer is None:
            return
        try:
            if answer is None:
                await self._engine.pin(self._stream_id, ssrc=None, source_host=None)
                return
            host = answer.host if answer.host == peer.host else None
            encoding = next((each.encoding for each in answer.payloads), "PS")
            await self._engine.pin(self._stream_id, ssrc=answer.ssrc, source_host=host, encoding=encoding)
            if self._transport() is Transport.TCP_ACTIVE:
                await self._engine.connect(self._stream_id, host or peer.host, answer.port)
        except Operational as error:
            self._desk.faults.note(error.code, "engine", self._now())

    async def _bye(self) -> None:
        """An answer of any kind ends it; an unanswered BYE is dropped after timer F, and tried again when the
        device can be reached.
        """
        dialog, peer = self._dialog, self._leg.entry.peer or self._peer
        if dialog is not None and peer is not None:
            try:
                dialog.origin = self._desk.line.origin(peer)
                await self._desk.agent.request(dialog.request("BYE"), peer)
            except Operational:
                self._desk.counters["bye_unanswered"] += 1
                self._owed = self._keeping.owed()
        self._run(self._machine.bye_done(self._now()))

    async def _close_port(self) -> None:
        try:
            await self._engine.close(self._stream_id)
        except Operational as error:
            self._desk.faults.note(error.code, "engine", self._now())

    async def _check(self) -> None:
        try:
            exists = any(each.stream_id == self._stream_id for each in await self._engine.stats())
        except Operational:
            exists = True  # no answer is no proof
        self._run(self._machine.checked(exists, self._now()))

    def _fail(self, code: str, status: int) -> None:
        if not self.pictures.done():
            name = self._leg.entry.record.name or self._leg.entry.gb_id
            self.pictures.set_exception(refusals.failure(code, name, self._leg.channel, status))
            self.pictures.exception()  # nobody may be waiting any more; that is no fault

    def _finish(self) -> None:
        if not self._owed:  # else whoever ends it gives the value back
            self._ssrcs.release(self._ssrc, self._now())
        self._keeping.over()
        self.closed.set()
