"""A simulated device on the in-memory wire."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field, replace

from tests.gateway.rooms import MemoryEngine
from tests.gateway.wire import GATE, PLATFORM, REALM, MemoryAgent, later

from civicam.kernel.errors import Operational
from civicam.media.engine import (
    ReceiveSpec,
)
from civicam.signalling.gb28181 import sdp
from civicam.signalling.gb28181.ids import GbId
from civicam.signalling.gb28181.manscdp import (
    CONTENT_TYPE,
    CatalogItem,
    CatalogQuery,
    DeviceInfoQuery,
    DeviceInfoResponse,
    ItemStatus,
    Keepalive,
    Message,
    in_parts,
    parse_message,
    to_xml,
)
from civicam.signalling.gb28181.manscdp.device_control import DeviceControl
from civicam.signalling.sip import digest
from civicam.signalling.sip.build import Origin, new_request, new_response, next_request
from civicam.signalling.sip.dialog import Dialog
from civicam.signalling.sip.events import AckReceived, RequestCancelled, RequestReceived, SipEvent
from civicam.signalling.sip.message import Request, Response


@dataclass
class Camera:
    """A GB/T 28181 device with a mind of its own: each field is something devices do."""

    agent: MemoryAgent
    gb_id: str
    password: str
    engine: MemoryEngine
    channels: tuple[str, ...] = ()
    expires: int = 3600
    part_size: int = 2
    parts_sent: int | None = None
    """Stop the catalogue after so many parts."""
    sum_extra: int = 0
    """Announce more items than there are."""
    answers_info: bool = True
    invite_status: int = 200
    info_status: int = 200
    ring_first: bool = False
    answer_delay: float = 0.05
    answers_invite: bool = True
    answers_bye: bool = True
    sends_pictures: bool = True
    sdp_answer: bytes | None = None
    reply: Callable[[Message], Iterable[Message]] = lambda _command: ()
    """What it says to any other command."""
    message_status: int = 200
    """The answer to every MESSAGE; 0 for none."""
    heard: list[Request] = field(default_factory=list)
    acked: int = 0
    cancelled: int = 0
    dialogs: list[Dialog] = field(default_factory=list)
    alive: bool = True
    _sn: int = 0

    def origin(self) -> Origin:
        host, port = self.agent.address
        return Origin(host, port, "udp", self.agent.endpoint.ids, "SimCam/1.0")

    # -- what it does by itself

    async def register(
        self, expires: int | None = None, *, headers: Iterable[tuple[str, str]] = ()
    ) -> Response:
        """Once without, once with the password."""
        asked = self.expires if expires is None else expires
        uri = f"sip:{self.gb_id}@{REALM}"
        target = f"sip:{PLATFORM}@{REALM}"
        extra = [("Expires", str(asked)), ("X-GB-Ver", "3.0"), *headers]
        first = new_request("REGISTER", target, self.origin(), from_uri=uri, to_uri=uri, headers=extra)
        response = await self.agent.request(first, GATE)
        if response.status != 401:
            return response
        question = digest.parse_challenge(response.headers.get("WWW-Authenticate") or "")
        assert question is not None
        answer = digest.answer(
            question, digest.Password(self.gb_id, self.password), "REGISTER", target, "c0ffee"
        )
        return await self.agent.request(next_request(first, self.origin(), [("Authorization", answer)]), GATE)

    async def say(self, command: Message, from_id: str | None = None) -> Response:
        """A MESSAGE to the platform."""
        request = new_request(
            "MESSAGE",
            f"sip:{PLATFORM}@{REALM}",
            self.origin(),
            from_uri=f"sip:{from_id or self.gb_id}@{REALM}",
            to_uri=f"sip:{PLATFORM}@{REALM}",
        )
        request.set_body(CONTENT_TYPE, to_xml(command))
        return await self.agent.request(request, GATE)

    async def beat(self) -> int:
        """One heartbeat; the status of the answer."""
        self._sn += 1
        return (await self.say(Keepalive(self._sn, GbId(self.gb_id)))).status

    async def beat_for_ever(self, interval: float = 60.0) -> None:
        """Heartbeats while it has power."""
        while self.alive:
            await later(interval)
            if self.alive:
                asyncio.get_running_loop().create_task(self._beat_quietly())

    async def _beat_quietly(self) -> None:
        with contextlib.suppress(Operational):
            await self.beat()

    async def hang_up(self) -> int:
        """BYE from the device; the status of the answer."""
        return (await self.agent.request(self.dialogs[-1].request("BYE"), GATE)).status

    # -- what it is asked

    def on_request(self, event: RequestReceived) -> None:
        self.heard.append(event.request)
        if not self.alive:
            return
        match event.request.method:
            case "MESSAGE" if self.message_status:
                self.agent.respond(event.key, new_response(event.request, self.message_status))
                if self.message_status == 200:
                    self._later(self._answer(event.request))
            case "INVITE" if self.answers_invite:
                self._later(self._invited(event))
            case "INFO":
                self.agent.respond(event.key, new_response(event.request, self.info_status))
            case "BYE" if self.answers_bye:
                self.agent.respond(event.key, new_response(event.request, 200))
            case _:
                pass

    def on_other(self, event: SipEvent) -> None:
        match event:
            case AckReceived():
                self.acked += 1
            case RequestCancelled():
                self.cancelled += 1
            case _:
                pass

    def _later(self, work: Awaitable[None]) -> None:
        async def quietly() -> None:
            with contextlib.suppress(Operational):
                await work

        asyncio.get_running_loop().create_task(quietly())

    async def _answer(self, request: Request) -> None:
        match parse_message(request.body):
            case CatalogQuery(sn=sn, device_id=device_id):
                items = tuple(item(each, self.gb_id) for each in self.channels)
                parts = in_parts(sn, device_id, items, self.part_size)[: self.parts_sent]
                for part in parts:
                    await self.say(replace(part, sum_num=(part.sum_num or 0) + self.sum_extra))
            case DeviceInfoQuery(sn=sn, device_id=device_id) if self.answers_info:
                await self.say(
                    DeviceInfoResponse(sn, device_id, manufacturer="SimCo", model="IPC-1", firmware="1.0")
                )
            case Message() as command:
                for each in self.reply(command):
                    await self.say(each)
            case _:
                pass

    def controls(self) -> list[DeviceControl]:
        """The orders it was given, oldest first."""
        bodies = (parse_message(each.body) for each in self.heard if each.method == "MESSAGE")
        return [each for each in bodies if isinstance(each, DeviceControl)]

    async def _invited(self, event: RequestReceived) -> None:
        if self.ring_first:
            self.agent.respond(event.key, new_response(event.request, 180, to_tag="ring"))
        await later(self.answer_delay)
        if self.invite_status != 200:
            self.agent.respond(event.key, new_response(event.request, self.invite_status))
            return
        offer = sdp.parse(event.request.body)
        host = self.agent.address[0]
        body = self.sdp_answer or sdp.build_answer(
            sdp.Answer(self.gb_id, host, 15060, offer.ssrc or 0, tcp=offer.tcp)
        )
        response = new_response(
            event.request,
            200,
            to_tag=f"dlg{len(self.dialogs)}",
            headers=[("Contact", self.origin().contact(self.gb_id)), ("Content-Type", sdp.CONTENT_TYPE)],
            body=body,
        )
        self.dialogs.append(Dialog.from_uas(event.request, response, self.origin()))
        self.agent.respond(event.key, response)
        if self.sends_pictures:
            await later(0.1)
            ssrc = offer.ssrc
            for stream_id, spec in list(self.engine.open.items()):
                if isinstance(spec, ReceiveSpec) and spec.ssrc == ssrc:
                    self.engine.picture(stream_id)

    def count(self, method: str) -> int:
        """Requests of a kind it received (no retransmissions)."""
        return sum(1 for each in self.heard if each.method == method)


def item(gb_id: str, parent: str) -> CatalogItem:
    """A channel as a recorder lists it."""
    return CatalogItem(gb_id, name=f"通道 {gb_id[-2:]}", parent_id=parent, status=ItemStatus.ON)
