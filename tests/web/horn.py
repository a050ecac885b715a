"""A pole with a loudspeaker on real sockets: registers, calls back when it is asked to broadcast, hears RTP.

Its own loop in a thread, so that a test may look at it while a browser works.
"""

from __future__ import annotations

import asyncio
import os
import socket
import threading
from typing import Any

from civicam.signalling.aio.agent import SipAgent
from civicam.signalling.gb28181 import sdp
from civicam.signalling.gb28181.ids import GbId
from civicam.signalling.gb28181.manscdp import CONTENT_TYPE, Keepalive, Message, parse_message, to_xml
from civicam.signalling.gb28181.manscdp.broadcast import Broadcast, BroadcastResponse
from civicam.signalling.sip import digest
from civicam.signalling.sip.build import IdSource, Origin, new_request, new_response, next_request
from civicam.signalling.sip.dialog import Dialog
from civicam.signalling.sip.endpoint import SipEndpoint
from civicam.signalling.sip.events import RequestReceived
from civicam.signalling.sip.message import Request
from civicam.signalling.sip.peer import Peer

HOST = "127.0.0.1"
LOUD = 500
"""Samples beyond this are sound, not silence."""


class Horn:
    """``gb_id`` with ``secret`` at the platform ``platform`` of ``realm``, whose SIP port is ``port``."""

    def __init__(self, gb_id: str, secret: str, *, platform: str, realm: str, port: int) -> None:
        self._names = (gb_id, secret, platform, realm)
        self._gate = Peer("udp", HOST, port)
        self._ids = IdSource(os.urandom)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._ear = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._ear.bind((HOST, 0))
        self._ear.setblocking(False)
        self.packets = 0
        self.loud = 0
        """Packets with sound in them."""
        self.byes = 0
        self.asked: list[str] = []
        self._dialogs: list[Dialog] = []
        self._agent: SipAgent
        self._own = 0

    def start(self) -> None:
        """Registered when this returns."""
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._begin(), self._loop).result(20)

    def stop(self) -> None:
        """Off."""
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(20)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(20)
        self._ear.close()

    def hang_up(self) -> None:
        """The device ends it."""
        bye = self._dialogs[-1].request("BYE")
        asyncio.run_coroutine_threadsafe(self._agent.request(bye, self._gate), self._loop).result(20)

    async def _begin(self) -> None:
        gb_id, secret, platform, realm = self._names
        self._agent = SipAgent(SipEndpoint(self._ids), self._on_request)
        self._own = await self._agent.listen(HOST, 0)
        self._loop.add_reader(self._ear, self._hear)
        uri, target = f"sip:{gb_id}@{realm}", f"sip:{platform}@{realm}"
        first = new_request("REGISTER", target, self._origin(), from_uri=uri, to_uri=uri)
        challenge = (await self._agent.request(first, self._gate)).headers.get("WWW-Authenticate") or ""
        question = digest.parse_challenge(challenge)
        assert question is not None
        proof = digest.answer(question, digest.Password(gb_id, secret), "REGISTER", target, "c0ffee")
        second = next_request(first, self._origin(), [("Authorization", proof)])
        assert (await self._agent.request(second, self._gate)).status == 200
        await self._say(Keepalive(1, GbId(gb_id)))

    async def _end(self) -> None:
        self._loop.remove_reader(self._ear)
        await self._agent.aclose()

    def _origin(self) -> Origin:
        return Origin(HOST, self._own, "udp", self._ids)

    def _request(self, method: str) -> Request:
        gb_id, _, platform, realm = self._names
        target = f"sip:{platform}@{realm}"
        return new_request(method, target, self._origin(), from_uri=f"sip:{gb_id}@{realm}", to_uri=target)

    async def _say(self, message: Message) -> None:
        request = self._request("MESSAGE")
        request.set_body(CONTENT_TYPE, to_xml(message))
        await self._agent.request(request, self._gate)

    def _on_request(self, event: RequestReceived) -> None:
        self._agent.respond(event.key, new_response(event.request, 200))
        if event.request.method == "BYE":
            self.byes += 1
        elif event.request.method == "MESSAGE":
            command: Any = parse_message(event.request.body)
            if isinstance(command, Broadcast):
                self.asked.append(str(command.device_id))
                self._loop.create_task(self._call(command))

    async def _call(self, command: Broadcast) -> None:
        await self._say(BroadcastResponse(command.sn, command.device_id, ok=True))
        invite = self._request("INVITE")
        port = self._ear.getsockname()[1]
        voice = sdp.Voice(owner=self._names[0], host=HOST, port=port, ssrc=200_000_017, direction="recvonly")
        invite.set_body(sdp.CONTENT_TYPE, sdp.build_voice(voice))
        response = await self._agent.invite(invite, self._gate).final()
        if response.ok:
            dialog = Dialog.from_uac(invite, response, self._origin())
            self._agent.send_ack(dialog.ack(), self._gate)
            self._dialogs.append(dialog)

    def _hear(self) -> None:
        packet = self._ear.recv(2048)
        if len(packet) > 12 and packet[1] & 0x7F == 8:
            self.packets += 1
            self.loud += max(map(_size, packet[12:])) > LOUD


def _size(code: int) -> int:
    """How far from silence an A-law byte is, in 16-bit samples (G.711 table 1a)."""
    code ^= 0x55
    segment, size = code >> 4 & 7, ((code & 0x0F) << 4) + 8
    return size if segment == 0 else (size + 0x100) << (segment - 1)
