"""The sessions of a simulated device, sans I/O: live, recorded, downloaded.

INVITE ─▶ invited ─accept─▶ answered ──ACK──▶ streaming ──BYE, CANCEL, ACK never came──▶ gone
"""

from __future__ import annotations

import re
from collections.abc import Callable

from civicam.kernel.errors import CivicamError, Refused
from civicam.signalling.gb28181 import manscdp, mansrtsp
from civicam.signalling.gb28181.ids import GbId
from civicam.signalling.gb28181.manscdp.media_status import MediaStatus
from civicam.signalling.gb28181.sdp import CONTENT_TYPE, Answer, Sdp, build_answer, opposite, parse
from civicam.signalling.sip.build import Origin, new_response
from civicam.signalling.sip.dialog import Dialog
from civicam.signalling.sip.events import RequestReceived
from civicam.signalling.sip.message import Request
from civicam.simulator.conduct import Conduct
from civicam.simulator.description import Channel
from civicam.simulator.identity import Identity
from civicam.simulator.outputs import Ask, Output, Play, Prepare, Reply, Session, Stop
from civicam.simulator.tape import MOST_TAPES, Tape

_SESSIONS = frozenset({"play", "playback", "download"})
_Y = re.compile(rb"y=[^\r\n]*\r?\n")


class Calls:
    """All sessions of one device by Call-ID. ``emit`` takes what is to be done."""

    def __init__(
        self, identity: Identity, origin: Origin, conduct: Conduct, emit: Callable[[Output], None]
    ) -> None:
        self._identity = identity
        self._origin = origin
        self._conduct = conduct
        self._emit = emit
        self._channels = {channel.gb_id: channel for channel in identity.channels}
        self._sn = 100_000
        self.sessions: dict[str, Session] = {}
        self.no_bye_answer = False
        self.dark: frozenset[str] = frozenset()
        """Channels that are off."""

    def darken(self, channels: frozenset[str]) -> None:
        """These channels are off, the others on; what they send ends."""
        self.dark = channels
        for session in [each for each in self.sessions.values() if each.channel.gb_id in channels]:
            self.ended(session.call_id, tell=True)

    def invite(self, event: RequestReceived) -> None:
        """An INVITE for one of the channels."""
        request = event.request
        channel = self._meant(request)
        if channel is None or channel.gb_id in self.dark:
            self._reply(event, 404 if channel is None else 480)
            return
        try:
            offer = _offer(request.body)
        except CivicamError:
            self._reply(event, 400)
            return
        word = offer.session.lower()
        if word not in _SESSIONS and not offer.start and not offer.stop:
            word = "play"  # some platforms name their sessions as they like
        if self._identity.signalling_only or not offer.is_ps() or word not in _SESSIONS:
            self._reply(event, 488)
            return
        tape = None if word == "play" else Tape(offer.start, offer.stop, float(offer.speed or 1))
        if tape is not None and (tape.finished or len(self._tapes()) >= MOST_TAPES):
            self._reply(event, 486 if not tape.finished else 404)
            return
        session = Session(event.key, request, channel, offer, tape)
        self.sessions[session.call_id] = session
        self._emit(Prepare(session))

    def _meant(self, request: Request) -> Channel | None:
        """The channel in the Request-URI, else in To or Subject: some platforms call the device itself."""
        named = (
            request.uri.partition(":")[2].partition("@")[0],
            request.to_user,
            (request.headers.get("Subject") or "").partition(":")[0].strip(),
        )
        return next((self._channels[each] for each in named if each in self._channels), None)

    def info(self, event: RequestReceived) -> None:
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
        self._emit(Reply(event.key, response))

    def bye(self, event: RequestReceived) -> None:
        """The platform hangs up."""
        session = self.sessions.get(event.request.call_id)
        if session is not None:
            self.ended(session.call_id)
        if not self.no_bye_answer:
            self._reply(event, 200 if session is not None else 481)

    def played(self, call_id: str) -> None:
        """A tape is at its end: MediaStatus 121, in the dialog; the platform says BYE."""
        session = self.sessions.get(call_id)
        if session is None or session.dialog is None:
            return
        notice = session.dialog.request("MESSAGE")
        self._sn += 1
        body = MediaStatus(self._sn, GbId(session.channel.gb_id)).to_xml()
        notice.set_body(manscdp.CONTENT_TYPE, body)
        self._emit(Ask(notice, "other"))

    def accept(self, session: Session, port: int, ssrc: int) -> None:
        """The media port is open: answer 200. The endpoint repeats it until the ACK."""
        gb_id, host, offer = self._identity.device.gb_id, self._origin.host, session.offer
        if self._conduct.manners.answer_bare:
            self._emit(Reply(session.key, new_response(session.invite, 200)))
            return
        body = build_answer(
            Answer(
                gb_id,
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
        if self._conduct.manners.no_y:
            body = _Y.sub(b"", body)
        response = new_response(session.invite, 200, to_tag=self._origin.ids.tag())
        response.headers.add("Contact", self._origin.contact(gb_id))
        response.set_body(CONTENT_TYPE, body)
        session.dialog = Dialog.from_uas(session.invite, response, self._origin)
        self._emit(Reply(session.key, response))

    def refuse(self, session: Session, status: int) -> None:
        """The media port cannot be had."""
        self.sessions.pop(session.call_id, None)
        self._emit(Reply(session.key, new_response(session.invite, status)))

    def acknowledged(self, call_id: str) -> None:
        """The ACK to a 200."""
        session = self.sessions.get(call_id)
        if session is not None and not session.streaming:
            session.streaming = True
            self._emit(Play(session))

    def ended(self, call_id: str, *, tell: bool = False) -> None:
        """A session is over: cancelled, never acknowledged, or its media broke (``tell``: say BYE)."""
        session = self.sessions.pop(call_id, None)
        if session is None:
            return
        self._emit(Stop(session))
        if tell and session.dialog is not None:
            self._emit(Ask(session.dialog.request("BYE"), "other"))

    def end_all(self) -> None:
        """Nothing is sent any more; nobody is told."""
        for call_id in list(self.sessions):
            self.ended(call_id)

    def _tapes(self) -> list[Session]:
        return [each for each in self.sessions.values() if each.tape is not None]

    def _reply(self, event: RequestReceived, status: int) -> None:
        self._emit(Reply(event.key, new_response(event.request, status)))


def _offer(body: bytes) -> Sdp:
    offer = parse(body, "video")
    if offer.port == 0:
        raise Refused("signalling.bad-sdp", detail="port")
    return offer


def _promised(session: Session) -> int:
    """The size of a download, which its answer tells."""
    download = session.tape is not None and session.offer.session.lower() == "download"
    return session.tape.size if session.tape is not None and download else 0
