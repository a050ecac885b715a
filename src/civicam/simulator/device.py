"""One simulated GB/T 28181 device, sans I/O: it is told what came and when, and says what to do.

Registration, refresh, heartbeats and back-off are `RegistrationClient`'s; here are the messages around
it, the Catalog in parts (each waits for the 200 to the one before: Annex M), and DeviceInfo. Sessions are in
`civicam.simulator.calls`, subscriptions and alarms in `civicam.simulator.notices`, voice in
`civicam.simulator.loudspeaker`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from civicam.kernel.errors import CivicamError, Refused
from civicam.signalling.gb28181 import manscdp
from civicam.signalling.gb28181.clock import parse_date
from civicam.signalling.gb28181.ids import GbId
from civicam.signalling.gb28181.manscdp import CatalogResponse
from civicam.signalling.gb28181.manscdp.broadcast import Broadcast
from civicam.signalling.gb28181.registration import (
    RegistrationClient,
    RegistrationTimes,
    SendKeepalive,
    SendRegister,
    WentOffline,
    WentOnline,
)
from civicam.signalling.sip.build import COOKIE, Origin, new_request, new_response
from civicam.signalling.sip.digest import Password, answer, choose_challenge, parse_challenge
from civicam.signalling.sip.events import RequestReceived
from civicam.signalling.sip.message import Request, Response, delta_seconds
from civicam.simulator.calls import Calls
from civicam.simulator.conduct import Conduct
from civicam.simulator.identity import Identity, catalogue, description, unasked
from civicam.simulator.loudspeaker import Loudspeakers
from civicam.simulator.notices import How, Notices, Raised
from civicam.simulator.outputs import Ask, Carry, Output, Purpose, Reply, SetClock


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
        self.conduct = Conduct(
            identity.device.gb_id, tuple(channel.gb_id for channel in identity.channels), clock
        )
        self._out: deque[Output] = deque()
        self.calls = Calls(identity, origin, self.conduct, self._out.append)
        self.notices = Notices(identity, origin, self.conduct, self._out.append, self._message)
        self.speakers = Loudspeakers(identity, origin, self.conduct, self._out.append, self._message)
        self._parts: deque[CatalogResponse] = deque()
        self._part_under_way = False
        self._nonce_uses: tuple[str, int] = ("", 0)
        self._news: deque[manscdp.Message] = deque(maxlen=16)
        self._now = 0.0
        self._sn = 700_000
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
        """Lose power: sessions, subscriptions and what waited are gone, nobody is told."""
        self._out.clear()
        self._parts.clear()
        self._part_under_way = False
        self.notices.forget()
        self.calls.end_all()
        self.speakers.end_all("no power")
        self.registration = self._fresh()

    def leave(self, now: float) -> None:
        """End subscriptions, unregister (Expires 0) and hang up."""
        self.notices.leave()
        self.registration.stop(now)
        self._drain()
        self.calls.end_all()
        self.speakers.end_all("left")

    def get_timer(self) -> float | None:
        """When `handle_timer` wants to be called."""
        times = (self.registration.get_timer(), self.notices.get_timer())
        return min((each for each in times if each is not None), default=None)

    def handle_timer(self, now: float) -> None:
        """Heartbeat, refresh, retry; positions that are due."""
        self.registration.handle_timer(now)
        self._drain()
        self.notices.handle_timer(now)

    def next_output(self) -> Output | None:
        """The oldest thing to do, None when there is nothing."""
        return self._out.popleft() if self._out else None

    # -- outcomes of what was asked

    def answered(self, purpose: Purpose, response: Response | None, now: float, call_id: str = "") -> None:
        """The final answer to an `Ask` (with this Call-ID); None when it never came."""
        if purpose == "register":
            self._registered(response, now)
        elif purpose == "keepalive":
            self.registration.keepalive_answered(None if response is None else response.status, now)
        elif purpose == "part":
            self._part_under_way = False
            if response is None:
                self._parts.clear()  # the platform is gone; it will ask again
            self._next_part()
        elif purpose == "notify" and (response is None or response.status == 481):
            self.notices.refused(call_id)
        self._drain()

    def connection_lost(self, now: float) -> None:
        """The TCP connection to the platform ended."""
        self.registration.connection_lost(now)
        self._drain()

    def _registered(self, response: Response | None, now: float) -> None:
        deaf = self.conduct.manners.needs_algorithm and response is not None and _unnamed(response)
        if response is None or deaf:
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
                    self._beat(sn)
                case WentOnline():
                    while self._news:
                        self.tell(self._news.popleft())
                case WentOffline():
                    self._parts.clear()
                    self.calls.end_all()
                    self.speakers.end_all("offline")

    def _beat(self, sn: int) -> None:
        manners, gb_id = self.conduct.manners, self.identity.device.gb_id
        if not manners.no_heartbeat:
            self._out.append(Ask(self._message(manscdp.Keepalive(sn, GbId(gb_id))), "keepalive"))
        if manners.catalogue_unasked:
            self._out.append(Ask(self._message(unasked(self.identity, sn)), "other"))

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

    def _message(self, command: manscdp.Message) -> Request:
        manners, sender = self.conduct.manners, self._uri
        if manners.from_channel and self.identity.channels:
            sender = f"sip:{self.identity.channels[0].gb_id}@{self.identity.realm}"
        message = new_request("MESSAGE", self._server, self.origin, from_uri=sender, to_uri=self._server)
        if manners.cseq_20:
            message.headers.set("CSeq", "20 MESSAGE")
        if manners.plain_branch:
            branch = self.origin.ids.branch().removeprefix(COOKIE)
            message.headers.replace_first("Via", self.origin.via(branch))
        body = command.to_xml()
        if manners.encoding_lies:
            body = command.to_xml("UTF-8").replace(b"UTF-8", b"GB2312", 1)
        message.set_body(manscdp.CONTENT_TYPE, body)
        return message

    def tell(self, news: manscdp.Message, *, once_back: bool = False) -> None:
        """Send a notice with a number of its own, now or (``once_back``) after the next registration."""
        if once_back:
            self._news.append(news)
            return
        self._sn += 1
        self._out.append(Ask(self._message(replace(news, sn=self._sn)), "other"))

    # -- what the control socket wants

    def alarm(self, raised: Raised, now: float) -> How:
        """Send an alarm, if the device would; says how it went."""
        return self.notices.alarm(raised, now) if self.registration.online else "offline"

    def darken(self, channels: frozenset[str], now: float) -> None:
        """These channels are off, the others on."""
        self.calls.darken(channels)
        self.speakers.darken(channels)
        self.notices.darken(channels, now)

    # -- requests from the platform

    def take(self, event: RequestReceived, now: float) -> None:
        """A new request for this device or one of its channels."""
        self._now = now
        handler = {
            "MESSAGE": self._on_message,
            "INVITE": self.calls.invite,
            "INFO": self.calls.info,
            "BYE": self.speakers.bye if self.speakers.owns(event.request) else self.calls.bye,
            "SUBSCRIBE": self._on_subscribe,
        }.get(event.request.method)
        if handler is not None:
            handler(event)
        else:
            self._reply(event, 481)

    def _reply(self, event: RequestReceived, status: int) -> None:
        self._out.append(Reply(event.key, new_response(event.request, status)))

    def _on_subscribe(self, event: RequestReceived) -> None:
        self.notices.subscribe(event, self._now)

    def _on_message(self, event: RequestReceived) -> None:
        if self.conduct.manners.to_tag_refused and event.request.to.tag:
            self._reply(event, 481)
            return
        try:
            command = manscdp.parse_message(event.request.body)
        except CivicamError:
            self._reply(event, 400)
            return
        self._reply(event, 200)  # at once; the answer proper is a MESSAGE of our own
        match command:
            case manscdp.CatalogQuery(sn=sn, device_id=asked):
                dark, manners = self.calls.dark, self.conduct.manners
                self._parts.extend(catalogue(self.identity, sn, str(asked), dark, manners))
                self._next_part()
            case manscdp.DeviceInfoQuery(sn=sn, device_id=asked):
                said = description(self.identity, sn, asked, self.conduct.firmware)
                self._out.append(Ask(self._message(said), "other"))
            case Broadcast():
                self.speakers.wanted(command)
            case manscdp.Message():
                self._conducted(command)
            case _:
                pass

    def _conducted(self, command: manscdp.Message) -> None:
        answers, deeds = self.conduct.answer(command, self._now)
        self._out.extend(Ask(self._message(each), "other") for each in answers)
        self._out.extend(Carry(deed) for deed in deeds)

    def _next_part(self) -> None:
        if self._parts and not self._part_under_way:
            self._part_under_way = True
            self._out.append(Ask(self._message(self._parts.popleft()), "part"))


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


def _unnamed(response: Response) -> bool:
    """A challenge that names no algorithm."""
    challenges = response.headers.get_all("WWW-Authenticate")
    return bool(challenges) and not any("algorithm" in each.lower() for each in challenges)
