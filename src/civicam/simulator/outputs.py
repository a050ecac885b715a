"""What a simulated device asks its shell to do: the outputs of `civicam.simulator.device`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from civicam.signalling.gb28181.sdp import Sdp
from civicam.signalling.sip.dialog import Dialog
from civicam.signalling.sip.events import TransactionKey
from civicam.signalling.sip.message import Request, Response
from civicam.simulator.conduct import Deed
from civicam.simulator.description import Channel
from civicam.simulator.tape import Tape

Purpose = Literal["register", "keepalive", "part", "notify", "other"]


@dataclass(frozen=True, slots=True)
class Ask:
    """Send a request and report the outcome with `GbDevice.answered`."""

    request: Request
    purpose: Purpose


@dataclass(frozen=True, slots=True)
class Reply:
    """Answer a request that was received."""

    key: TransactionKey
    response: Response


@dataclass(eq=False, slots=True)
class Session:
    """One live session: what was asked for, and the dialog once it is answered."""

    key: TransactionKey
    invite: Request
    channel: Channel
    offer: Sdp
    tape: Tape | None = None
    """A playback or download; None for live."""
    streaming: bool = False
    dialog: Dialog | None = None

    @property
    def call_id(self) -> str:
        """Names the session."""
        return self.invite.call_id

    @property
    def main(self) -> bool:
        """Main or sub stream; main when the offer does not say. Recorded is the main stream."""
        return self.tape is not None or (self.offer.stream or 0) == 0


@dataclass(frozen=True, slots=True)
class Prepare:
    """Open a local media port for this session, then call `GbDevice.accept` or `GbDevice.refuse`."""

    session: Session


@dataclass(frozen=True, slots=True)
class Play:
    """The ACK came: send."""

    session: Session


@dataclass(frozen=True, slots=True)
class Stop:
    """The session is over: close its port."""

    session: Session


@dataclass(eq=False, slots=True)
class VoiceCall:
    """One call of a loudspeaker to the platform; ``target`` is the channel or the device spoken to."""

    device: str
    target: str
    source: str
    tcp: bool
    passive: bool = False
    """Over TCP: the platform connects."""
    ssrc: int = 0
    invite: Request | None = None
    dialog: Dialog | None = None


@dataclass(frozen=True, slots=True)
class Listen:
    """Open a port to hear on, then call `Loudspeakers.call` or `Loudspeakers.no_port`."""

    call: VoiceCall


@dataclass(frozen=True, slots=True)
class Dial:
    """Send the INVITE of this call and report the outcome with `Loudspeakers.answered`."""

    call: VoiceCall


@dataclass(frozen=True, slots=True)
class Acknowledge:
    """Send this ACK."""

    request: Request


@dataclass(frozen=True, slots=True)
class Hear:
    """Sound comes from there; over TCP, connect after ``late_s`` seconds."""

    call: VoiceCall
    host: str
    port: int
    late_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Hush:
    """The call is over: close its port."""

    call: VoiceCall
    why: str


@dataclass(frozen=True, slots=True)
class SetClock:
    """The platform told the time (校时)."""

    moment: datetime


@dataclass(frozen=True, slots=True)
class Carry:
    """Something an order leads to outside the device: a restart, pictures to send, firmware to fetch."""

    deed: Deed


Voice = Listen | Dial | Acknowledge | Hear | Hush
"""Of loudspeakers."""

Output = Ask | Reply | Prepare | Play | Stop | SetClock | Carry | Voice
