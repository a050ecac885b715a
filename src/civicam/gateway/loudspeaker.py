"""A device's INVITE for sound, judged and answered (GB/T 28181-2022 §9.12.1): pure, no state, no I/O."""

from __future__ import annotations

from dataclasses import dataclass

from civicam.kernel.errors import Refused
from civicam.media.engine import Transport
from civicam.signalling.gb28181 import sdp
from civicam.signalling.sip.events import RequestReceived

BAD_OFFER = "gateway.broadcast-format"


@dataclass(frozen=True, slots=True)
class Loudspeaker:
    """Where sound is to go. ``ssrc`` is None when the device gave none; ``transport`` as seen from us."""

    host: str
    port: int
    ssrc: int | None
    transport: Transport

    def answer(self, owner: str, place: tuple[str, int], ssrc: int) -> bytes:
        """The body of our 200; ``place``: our address and port."""
        return sdp.build_voice(
            sdp.Voice(
                owner=owner,
                host=place[0],
                port=place[1],
                ssrc=ssrc,
                direction="sendonly",
                tcp=self.transport is not Transport.UDP,
                setup="active" if self.transport is Transport.TCP_ACTIVE else "passive",
            )
        )


def read(event: RequestReceived) -> Loudspeaker:
    """What the INVITE asks for. Raises `Refused` ``gateway.broadcast-format``, ``signalling.bad-sdp``.

    Sound goes nowhere but to the host the INVITE came from: behind NAT the address in the offer is a
    private one, and a third party's must not be shouted at.
    """
    offer = sdp.parse(event.request.body)
    deaf = offer.direction in {"sendonly", "inactive"}
    if offer.media != "audio" or not offer.takes_pcma() or deaf or (offer.port == 0 and not offer.tcp):
        raise Refused(BAD_OFFER)
    transport = Transport.UDP
    if offer.tcp:
        # devices that say nothing of their role connect (RFC 4145: the offerer is active)
        transport = Transport.TCP_ACTIVE if offer.setup == "passive" else Transport.TCP_PASSIVE
    return Loudspeaker(event.source.host, offer.port, offer.ssrc, transport)
