"""What is kept of a dialog so that a process that comes after us can end it.

A device whose platform was killed goes on sending into nothing: nobody says BYE. So before an INVITE leaves,
and before one is answered, the little that a BYE needs is put into the store, and taken out when the device
knows that it is over. Pure: a dialog into its row, and back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, Protocol

from civicam.fleet.facts import DeviceId
from civicam.signalling.sip.build import Origin
from civicam.signalling.sip.dialog import Dialog
from civicam.signalling.sip.message import Headers, Request
from civicam.signalling.sip.peer import Peer

Purpose = Literal["live", "playback", "download", "talk"]
Session = tuple[str, DeviceId, Purpose]
"""Stream id, device, what it is for."""

AHEAD = 64
"""CSeq numbers set aside in the store where a person's wishes use them up (INFO): numbers may be left out,
none may come twice (RFC 3261 §12.2.1.1), and a wish is not to wait for the disk.
"""


@dataclass(frozen=True, slots=True)
class KeptDialog:
    """One dialog. ``local`` and ``remote`` are From and To of our requests, ``target`` their Request-URI.

    ``via``: of our INVITE, empty where the device invited. ``cseq``: the highest number that may have been
    used. Until it is ``standing`` the device's tag is not known. ``peer``: where the device was then.
    ``ssrc`` is 0 when it is none of ours, ``media_port`` 0 before there is one.
    """

    stream_id: str
    device_id: DeviceId
    purpose: Purpose
    call_id: str
    local: str
    remote: str
    target: str
    via: str
    invite_cseq: int
    cseq: int
    standing: bool
    peer: Peer
    ssrc: int
    media_port: int
    opened_at: datetime

    def invite(self) -> Request:
        """The INVITE that was sent, without its body: enough to find its answers and to cancel it."""
        rows = [
            ("Via", self.via),
            ("From", self.local),
            ("To", self.remote),
            ("Call-ID", self.call_id),
            ("CSeq", f"{self.invite_cseq} INVITE"),
            ("Max-Forwards", "70"),
        ]
        return Request("INVITE", self.target, Headers(rows))

    def dialog(self, origin: Origin) -> Dialog:
        """The dialog as it stood; its next request has a number the former process did not use."""
        return Dialog(
            call_id=self.call_id,
            local=self.local,
            remote=self.remote,
            target=self.target,
            origin=origin,
            local_cseq=self.cseq,
            invite_cseq=self.invite_cseq,
        )

    def stands(self, dialog: Dialog) -> KeptDialog:
        """With what the 200 said."""
        return replace(self, remote=dialog.remote, target=dialog.target, standing=True)


@dataclass(frozen=True, slots=True)
class LeftDialog:
    """A dialog that a former process left; ``left_at``: when it was first found so."""

    kept: KeptDialog
    left_at: datetime


class Dialogs(Protocol):
    """Where open dialogs are kept. Every call may raise `Operational` ``db.*``."""

    async def keep(self, dialog: KeptDialog) -> None:
        """Put a dialog in, or what has changed of it. Durable when this returns."""
        ...

    async def forget(self, stream_ids: Sequence[str]) -> None:
        """These are over, as far as anybody can tell."""
        ...

    async def left(self, now: datetime) -> Sequence[LeftDialog]:
        """Whatever is kept: call at the start, when all of it is of a former process."""
        ...


def of_invite(
    invite: Request,
    session: Session,
    media: tuple[int, int],
    peer: Peer,
    at: datetime,
) -> KeptDialog:
    """An INVITE that is about to leave. ``media``: SSRC, port."""
    number = invite.cseq.number
    stream_id, device_id, purpose = session
    return KeptDialog(
        stream_id=stream_id,
        device_id=device_id,
        purpose=purpose,
        call_id=invite.call_id,
        local=invite.headers.first("from") or "",
        remote=invite.headers.first("to") or "",
        target=invite.uri,
        via=invite.headers.first("via") or "",
        invite_cseq=number,
        cseq=number if purpose == "live" else number + AHEAD,
        standing=False,
        peer=peer,
        ssrc=media[0],
        media_port=media[1],
        opened_at=at,
    )


def of_answer(
    dialog: Dialog,
    session: Session,
    media: tuple[int, int],
    peer: Peer,
    at: datetime,
) -> KeptDialog:
    """A device's INVITE that is about to be answered with 200."""
    stream_id, device_id, purpose = session
    return KeptDialog(
        stream_id=stream_id,
        device_id=device_id,
        purpose=purpose,
        call_id=dialog.call_id,
        local=dialog.local,
        remote=dialog.remote,
        target=dialog.target,
        via="",
        invite_cseq=dialog.invite_cseq,
        cseq=dialog.local_cseq,
        standing=True,
        peer=peer,
        ssrc=media[0],
        media_port=media[1],
        opened_at=at,
    )
