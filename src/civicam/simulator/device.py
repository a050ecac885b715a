"""One simulated GB/T 28181 device, sans I/O: it is told what came and when, and says what to do.

Registration, refresh, heartbeats and back-off are `RegistrationClient`'s; here are the messages around
it, the Catalog in parts (each waits for the 200 to the one before: Annex M), DeviceInfo, and sessions:

    INVITE ─▶ invited ─accept─▶ answered ──ACK──▶ streaming ──BYE, CANCEL, ACK never came──▶ gone
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from datetime import datetime

from civicam.kernel.errors import CivicamError, Refused
from civicam.signalling.gb28181 import manscdp, mansrtsp
from civicam.signalling.gb28181.clock import parse_date
from civicam.signalling.gb28181.ids import GbId
from civicam.signalling.gb28181.manscdp import CatalogResponse, in_parts
from civicam.signalling.gb28181.manscdp.media_status import MediaStatus
from civicam.signalling.gb28181.registration import (
    RegistrationClient,
    RegistrationTimes,
    SendKeepalive,
    SendRegister,
    WentOffline,
)
from civicam.signalling.gb28181.sdp import CONTENT_TYPE, Answer, Sdp, build_answer, opposite, parse
from civicam.signalling.sip.build import Origin, new_request, new_response
from civicam.signalling.sip.dialog import Dialog
from civicam.signalling.sip.digest import Password, answer, choose_challenge, parse_challenge
from civicam.signalling.sip.events import RequestReceived
from civicam.signalling.sip.message import Request, Response, delta_seconds
from civicam.simulator.conduct import Conduct
from civicam.simulator.identity import Identity, description, inventory
from civicam.simulator.outputs import (
    Ask,
    Carry,
    Output,
    Play,
    Prepare,
    Purpose,
    Reply,
    Session,
    SetClock,
    Stop,
)
from civicam.simulator.tape import MOST_TAPES, Tape

_SESSIONS = frozenset({"play", "playback", "download"})
PART_SIZE = 4
"""Catalog items a message, as the largest maker sends them."""


class GbDevice:
    """A camera or recorder. ``origin`` is where it sends from; ``jitter`` gives numbers in [0, 1);
    ``clock`` tells what its own clock shows.
    """

    def __init__(
        self,
        identity: Identity,
        origin: Origin,
        times: RegistrationTimes,
        *,
        jitter: Callable[[], float],
        clock: Callable[[], datetime],
    ) -> None:
        self.identity = identity
        self.origin = origin
        self._times = times
        self._jitter = jitter
        self._uri = f"sip:{identity.device.gb_id}@{identity.realm}"
        self._home = f"sip:{identity.platform}@{identity.realm}"
        self._password = Password(identity.device.gb_id, identity.device.secret)
        self._channels = {channel.gb_id: channel for channel in identity.channels}
        self.conduct = Conduct(identity.device.gb_id, tuple(self._channels), clock)
        self._out: deque[Output] = deque()
        self._parts: deque[CatalogResponse] = deque()
        self._part_under_way = False
        self._nonce_uses: tuple[str, int] = ("", 0)
        self.sessions: dict[str, Session] = {}
        self.no_bye_answer = False
        self._now = 0.0
        self._sn = 100_000
        self.registration = self._fresh()

    def _fresh(self) -> RegistrationClient:
        host = self.origin.host
        ids = self.origin.ids
        return RegistrationClient(self._times, new_id=lambda: ids.call_id(host), jitter=self._jitter)

    @property
    def _server(self) -> str:
        """Whom we speak to: the server we were redirected to, else the one we know."""
        return self.registration.server or self._home

    # -- life

    def boot(self, now: float) -> None:
        """Switch on: nothing is remembered from before."""
        self.crash()
        self.registration = self._fresh()
        self.registration.start(now)
        self._drain()

    def crash(self) -> None:
        """Lose power: sessions and what waited are gone, nobody is told."""
        self._out.clear()
        self._parts.clear()
        self._part_under_way = False
        self._end_sessions()
        self.registration = self._fresh()

    def leave(self, now: float) -> None:
        """Unregister (Expires 0) and hang up."""
        self.registration.stop(now)
        self._drain()
        self._end_sessions()

    def get_timer(self) -> float | None:
        """When `handle_timer` wants to be called."""
        return self.registration.get_timer()

    def handle_timer(self, now: float) -> None:
        """Heartbeat, refresh, retry."""
        self.registration.handle_timer(now)
        self._drain()

    def next_output(self) -> Output | None:
        """The oldest thing to do, None when there is nothing."""
        return self._out.popleft() if self._out else None

    # -- outcomes of what was asked

    def answered(self, purpose: Purpose, response: Response | None, now: float) -> None:
        """The final answer to an `Ask`; None when it never came."""
        if purpose == "register":
            self._registered(response, now)
        elif purpose == "keepalive":
            self.registration.keepalive_answered(None if response is None else response.status, now)
        elif purpose == "part":
            self._part_under_way = False
            if response is None:
                self._parts.clear()  # the platform is gone; it will ask again
            self._next_part()
        self._drain()

    def connection_lost(self, now: float) -> None:
        """The TCP connection to the platform ended."""
        self.registration.connection_lost(now)
        self._drain()

    def _registered(self, response: Response | None, now: float) -> None:
        if response is None:
            self.registration.register_timed_out(now)
            return
        headers = response.headers
        elsewhere = _contact(response) if response.status == 302 else ""
        if elsewhere:
            self.registration.redirected(elsewhere, now)
            return
        expires = delta_seconds(headers.get("Expires"))
        self.registration.register_answered(
            response.status,
            now,
            challenge=_challenge(response),
            expires=expires,
            retry_after=delta_seconds(headers.get("Retry-After")),
        )
        moment = parse_date(headers.get("Date") or "") if response.ok else None
        if moment is not None:
            self._out.append(SetClock(moment))

    def _drain(self) -> None:
        while (action := self.registration.next_action()) is not None:
            match action:
                case SendRegister():
                    self._out.append(Ask(self._register(action), "register"))
                case SendKeepalive(sn=sn):
                    body = manscdp.Keepalive(sn, GbId(self.identity.device.gb_id)).to_xml()
                    self._out.append(Ask(self._message(body), "keepalive"))
                case WentOffline():
                    self._parts.clear()
                    self._end_sessions()
                case _:
                    pass

    def _register(self, action: SendRegister) -> Request:
        headers = [
            ("Call-ID", action.call_id),
            ("CSeq", f"{action.cseq} REGISTER"),
            ("Expires", str(action.expires)),
            ("X-GB-Ver", "3.0"),
        ]
        question = parse_challenge(action.challenge) if action.challenge else None
        if question is not None:
            nonce, uses = self._nonce_uses
            uses = uses + 1 if nonce == question.nonce else 1
            self._nonce_uses = (question.nonce, uses)
            token = self.origin.ids.token()
            proof = answer(question, self._password, "REGISTER", self._server, token, uses)
            headers.append(("Authorization", proof))
        return new_request(
            "REGISTER", self._server, self.origin, from_uri=self._uri, to_uri=self._uri, headers=headers
        )

    def _message(self, body: bytes) -> Request:
        message = new_request("MESSAGE", self._server, self.origin, from_uri=self._uri, to_uri=self._server)
        message.set_body(manscdp.CONTENT_TYPE, body)
        return message

    # -- requests from the platform

    def take(self, event: RequestReceived, now: float) -> None:
        """A new request for this device or one of its channels."""
        self._now = now
        handler = {
            "MESSAGE": self._on_message,
            "INVITE": self._on_invite,
            "INFO": self._on_info,
            "BYE": self._on_bye,
        }.get(event.request.method)
        if handler is not None:
            handler(event)
        else:
            self._reply(event, 489 if event.request.method == "SUBSCRIBE" else 481)

    def _reply(self, event: RequestReceived, status: int) -> None:
        self._out.append(Reply(event.key, new_response(event.request, status)))

    def _on_message(self, event: RequestReceived) -> None:
        try:
            command = manscdp.parse_message(event.request.body)
        except CivicamError:
            self._reply(event, 400)
            return
        self._reply(event, 200)  # at once; the answer proper is a MESSAGE of our own
        match command:
            case manscdp.CatalogQuery(sn=sn, device_id=asked):
                self._parts.extend(in_parts(sn, str(asked), inventory(self.identity), PART_SIZE))
                self._next_part()
            case manscdp.DeviceInfoQuery(sn=sn, device_id=asked):
                self._out.append(Ask(self._message(description(self.identity, sn, asked)), "other"))
            case manscdp.Message():
                self._conducted(command)
            case _:
                pass

    def _conducted(self, command: manscdp.Message) -> None:
        answers, deeds = self.conduct.answer(command, self._now)
        self._out.extend(Ask(self._message(each.to_xml()), "other") for each in answers)
        self._out.extend(Carry(deed) for deed in deeds)

    def _next_part(self) -> None:
        if self._parts and not self._part_under_way:
            self._part_under_way = True
            self._out.append(Ask(self._message(self._parts.popleft().to_xml()), "part"))

    # -- sessions

    def _on_invite(self, event: RequestReceived) -> None:
        request = event.request
        channel = self._channels.get(request.uri.partition(":")[2].partition("@")[0])
        if channel is None:
            self._reply(event, 404)
            return
        try:
            offer = _offer(request.body)
        except CivicamError:
            self._reply(event, 400)
            return
        word = offer.session.lower()
        if self.identity.signalling_only or not offer.is_ps() or word not in _SESSIONS:
            self._reply(event, 488)
            return
        tape = None if word == "play" else Tape(offer.start, offer.stop, float(offer.speed or 1))
        if tape is not None and (tape.finished or len(self._tapes()) >= MOST_TAPES):
            self._reply(event, 486 if not tape.finished else 404)
            return
        session = Session(event.key, request, channel, offer, tape)
        self.sessions[session.call_id] = session
        self._out.append(Prepare(session))

    def _tapes(self) -> list[Session]:
        return [each for each in self.sessions.values() if each.tape is not None]

    def _on_info(self, event: RequestReceived) -> None:
        """Playback control (MANSRTSP): the 200 carries the RTSP reply."""
        session = self.sessions.get(event.request.call_id)
        if session is None or session.tape is None:
            self._reply(event, 481)
            return
        try:
            body = session.tape.answer(event.request.body)
        except CivicamError:
            self._reply(event, 400)
            return
        response = new_response(event.request, 200)
        response.set_body(mansrtsp.CONTENT_TYPE, body)
        self._out.append(Reply(event.key, response))

    def played(self, call_id: str) -> None:
        """A tape is at its end: MediaStatus 121, in the dialog; the platform says BYE."""
        session = self.sessions.get(call_id)
        if session is None or session.dialog is None:
            return
        notice = session.dialog.request("MESSAGE")
        self._sn += 1
        body = MediaStatus(self._sn, GbId(session.channel.gb_id)).to_xml()
        notice.set_body(manscdp.CONTENT_TYPE, body)
        self._out.append(Ask(notice, "other"))

    def accept(self, session: Session, port: int, ssrc: int) -> None:
        """The media port is open: answer 200. The endpoint repeats it until the ACK."""
        host = self.origin.host
        offer = session.offer
        body = build_answer(
            Answer(
                self.identity.device.gb_id,
                host,
                port,
                ssrc,
                tcp=offer.tcp,
                session=offer.session,
                setup=opposite(offer.setup or "passive"),
                start=offer.start,
                stop=offer.stop,
                filesize=_promised(session),
            )
        )
        response = new_response(session.invite, 200, to_tag=self.origin.ids.tag())
        response.headers.add("Contact", self.origin.contact(self.identity.device.gb_id))
        response.set_body(CONTENT_TYPE, body)
        session.dialog = Dialog.from_uas(session.invite, response, self.origin)
        self._out.append(Reply(session.key, response))

    def refuse(self, session: Session, status: int) -> None:
        """The media port cannot be had."""
        self.sessions.pop(session.call_id, None)
        self._out.append(Reply(session.key, new_response(session.invite, status)))

    def acknowledged(self, call_id: str) -> None:
        """The ACK to a 200."""
        session = self.sessions.get(call_id)
        if session is not None and not session.streaming:
            session.streaming = True
            self._out.append(Play(session))

    def ended(self, call_id: str, *, tell: bool = False) -> None:
        """A session is over: cancelled, never acknowledged, or its media broke (``tell``: say BYE)."""
        session = self.sessions.pop(call_id, None)
        if session is None:
            return
        self._out.append(Stop(session))
        if tell and session.dialog is not None:
            self._out.append(Ask(session.dialog.request("BYE"), "other"))

    def _on_bye(self, event: RequestReceived) -> None:
        session = self.sessions.get(event.request.call_id)
        if session is not None:
            self.ended(session.call_id)
        if not self.no_bye_answer:
            self._reply(event, 200 if session is not None else 481)

    def _end_sessions(self) -> None:
        for call_id in list(self.sessions):
            self.ended(call_id)


def _offer(body: bytes) -> Sdp:
    offer = parse(body)
    if offer.port == 0:
        raise Refused("signalling.bad-sdp", detail="port")
    return offer


def _contact(response: Response) -> str:
    """Where a 302 sends us; empty when it does not say it readably."""
    try:
        contact = response.contact
    except Refused:
        return ""
    return "" if contact is None else str(contact.uri)


def _challenge(response: Response) -> str | None:
    try:
        return choose_challenge(response.headers.get_all("WWW-Authenticate"))
    except Refused:
        return None


def _promised(session: Session) -> int:
    """The size of a download, which its answer tells."""
    download = session.tape is not None and session.offer.session.lower() == "download"
    return session.tape.size if session.tape is not None and download else 0
