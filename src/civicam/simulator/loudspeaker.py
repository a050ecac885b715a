"""The loudspeakers of a simulated device, sans I/O (语音广播; GB/T 28181-2022 §9.12.1).

The platform says that somebody wants to speak; the device answers OK and then calls the platform:

    Broadcast ─▶ OK, Listen ─call─▶ INVITE ─200─▶ ACK, Hear ──BYE, the line broke, silence──▶ Hush

Spoken to are a channel, or the device itself. A second wish to speak where somebody speaks ends the first
call: the platform may have forgotten it.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from civicam.kernel.errors import CivicamError, Refused
from civicam.signalling.gb28181 import sdp
from civicam.signalling.gb28181.manscdp import Message
from civicam.signalling.gb28181.manscdp.broadcast import Broadcast, BroadcastResponse
from civicam.signalling.sip.build import Origin, new_request, new_response
from civicam.signalling.sip.dialog import Dialog
from civicam.signalling.sip.events import RequestReceived
from civicam.signalling.sip.message import Request, Response
from civicam.simulator.conduct import Conduct
from civicam.simulator.identity import Identity
from civicam.simulator.outputs import Acknowledge, Ask, Dial, Hear, Hush, Listen, Output, Reply, VoiceCall

_PRIVATE = "192.168.1.64"
_CODEC = re.compile(rb"(m=audio \d+ \S+) 8\r\n(.*)a=rtpmap:8 PCMA/8000\r\n", re.DOTALL)
_MOST = 16
"""Calls of one device at once."""


class Loudspeakers:
    """All voice calls of one device by Call-ID. ``message`` wraps a command for the platform."""

    def __init__(
        self,
        identity: Identity,
        origin: Origin,
        conduct: Conduct,
        emit: Callable[[Output], None],
        message: Callable[[Message], Request],
    ) -> None:
        self._identity = identity
        self._origin = origin
        self._conduct = conduct
        self._emit = emit
        self._message = message
        self._targets = {identity.device.gb_id, *(channel.gb_id for channel in identity.channels)}
        self._calls: list[VoiceCall] = []
        self.dark: frozenset[str] = frozenset()
        """Channels that are off."""

    def __len__(self) -> int:
        return len(self._calls)

    def wanted(self, wish: Broadcast) -> None:
        """Somebody wants to speak."""
        target, manners = str(wish.device_id), self._conduct.manners
        able = target in self._targets - self.dark and not self._identity.signalling_only
        able = able and len(self._calls) < _MOST and not manners.broadcast_refused
        self._emit(Ask(self._message(BroadcastResponse(wish.sn, wish.device_id, able)), "other"))
        if not able or manners.broadcast_uncalled:
            return
        for call in [each for each in self._calls if each.target == target]:
            self.ended(call, "another wants to speak", tell=True)
        gb_id = self._identity.device.gb_id
        tcp = self._identity.device.transport == "tcp"
        call = VoiceCall(gb_id, target, str(wish.source_id), tcp, manners.broadcast_passive)
        self._calls.append(call)
        self._emit(Listen(call))

    def call(self, call: VoiceCall, port: int, ssrc: int) -> None:
        """The port is open: call the platform."""
        manners, realm = self._conduct.manners, self._identity.realm
        call.ssrc = ssrc
        home = f"sip:{call.source}@{realm}"
        own = f"sip:{call.target if manners.broadcast_from_channel else call.device}@{realm}"
        subject = f"{call.source}:{ssrc:010d},{call.target}:{ssrc % 10_000:04d}"
        call.invite = new_request(
            "INVITE", home, self._origin, from_uri=own, to_uri=home, headers=[("Subject", subject)]
        )
        offer = sdp.Voice(
            owner=call.device,
            host=_PRIVATE if manners.broadcast_nat else self._origin.host,
            port=port,
            ssrc=ssrc,
            direction="recvonly",
            tcp=call.tcp,
            setup="passive" if call.passive else "active",
        )
        body = sdp.build_voice(offer)
        if manners.speaker_writes_channels:
            body = _CODEC.sub(rb"\1 8 96\r\n\2a=rtpmap:8 PCMA/8000/1\r\na=rtpmap:96 PS/90000\r\n", body)
        call.invite.set_body(sdp.CONTENT_TYPE, body)
        self._emit(Dial(call))

    def no_port(self, call: VoiceCall) -> None:
        """There is none to hear on."""
        self.ended(call, "no port")

    def answered(self, call: VoiceCall, response: Response | None) -> None:
        """The final answer to the INVITE; None when it never came."""
        if response is None or not response.ok or call.invite is None:
            self.ended(call, "not answered" if response is None else f"refused with {response.status}")
            return
        call.dialog = Dialog.from_uac(call.invite, response, self._origin)
        ack = call.dialog.ack()
        if self._conduct.manners.broadcast_ack_other:
            ack.headers.set("Call-ID", self._origin.ids.call_id(self._origin.host))
        self._emit(Acknowledge(ack))
        if call not in self._calls:  # hung up meanwhile
            self._emit(Ask(call.dialog.request("BYE"), "other"))
            return
        try:
            place = _place(response.body)
        except CivicamError:
            self.ended(call, "no G.711A", tell=True)
            return
        late = self._conduct.manners.loudspeaker_late if call.tcp and not call.passive else 0
        self._emit(Hear(call, *place, float(late)))

    def owns(self, request: Request) -> bool:
        """Whether this comes inside one of its calls."""
        return any(each.dialog is not None and each.dialog.matches(request) for each in self._calls)

    def bye(self, event: RequestReceived) -> None:
        """The platform hangs up."""
        for call in [each for each in self._calls if each.dialog and each.dialog.matches(event.request)]:
            self._emit(Reply(event.key, new_response(event.request, 200)))
            self.ended(call, "the platform hung up")

    def ended(self, call: VoiceCall, why: str, *, tell: bool = False) -> None:
        """A call is over; ``tell`` the platform. Idempotent."""
        if call not in self._calls:
            return
        self._calls.remove(call)
        self._emit(Hush(call, why))
        if tell and call.dialog is not None:
            self._emit(Ask(call.dialog.request("BYE"), "other"))

    def darken(self, channels: frozenset[str]) -> None:
        """These channels are off, the others on; what is heard there ends."""
        self.dark = channels
        for call in [each for each in self._calls if each.target in channels]:
            self.ended(call, "the channel is off", tell=True)

    def end_all(self, why: str) -> None:
        """Nothing is heard any more; nobody is told."""
        for call in list(self._calls):
            self.ended(call, why)


def _place(body: bytes) -> tuple[str, int]:
    """Where the sound comes from. Raises `Refused` when the answer is none, or not for us."""
    answer = sdp.parse(body)
    if answer.media != "audio" or not answer.takes_pcma() or answer.direction in {"recvonly", "inactive"}:
        raise Refused("signalling.bad-sdp", detail="media")
    return answer.host, answer.port
