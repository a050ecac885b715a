"""What a simulated device does that it should not, or leaves undone: switched on like a fault, by its name.

Most rows of `civicam.signalling.gb28181.quirks` that a device can show on the wire have one here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(slots=True)
class Manners:
    """One device's; the defaults are those of a sound one. `HABITS` names the switches."""

    answers_orders: bool = True
    """False: silent where an answer to an order is due."""
    knows_2022: bool = True
    """False: neither precise positions nor cruises nor cards."""
    restarts_on_config: bool = False
    """Answers no DeviceConfig and registers anew instead."""
    ignores_precise: bool = False
    announces_more: int = 0
    """Recordings announced in SumNum that never come."""
    alarms_as_message: bool = False
    """Alarms as MESSAGE, though they are subscribed to."""
    alarms_twice: bool = False
    """As NOTIFY and as MESSAGE."""
    alarms_need_arming: bool = False
    uploads_put: bool = False
    """Pictures by PUT instead of POST as multipart."""
    no_subscriptions: bool = False
    """489 to every SUBSCRIBE."""
    notify_own_call_id: bool = False
    """NOTIFY comes outside the dialog, under a Call-ID of the device's own."""
    catalogue_more: int = 0
    """Channels announced in SumNum that never come."""
    catalogue_twice: bool = False
    """Every part comes twice."""
    catalogue_hole: bool = False
    """The last part never comes."""
    catalogue_unasked: bool = False
    """A Catalog answer with SumNum 1 and an SN of its own beside every heartbeat."""
    encoding_lies: bool = False
    """UTF-8 that says it is GB2312."""
    cseq_20: bool = False
    """Every MESSAGE has CSeq 20."""
    plain_branch: bool = False
    """Branches without the magic cookie."""
    from_channel: bool = False
    """MESSAGEs say they come from the first channel."""
    to_tag_refused: bool = False
    """A MESSAGE with a To tag is answered 481."""
    needs_algorithm: bool = False
    """Silent after a 401 that names no algorithm."""
    no_heartbeat: bool = False
    answer_bare: bool = False
    """200 to INVITE without Contact, To tag and SDP."""
    no_y: bool = False
    """No y= in the answer to an INVITE."""
    psm: str = "first"
    """``late``: only from the third key picture on; ``none``: never."""
    private_packets: bool = False
    """PES packets of a private stream (0xBD) before every picture."""
    pes_length: bool = False
    """PES lengths that are too small."""
    stamps_jump: bool = False
    """Stamps leap by an hour every ten seconds."""
    broadcast_refused: bool = False
    """ERROR to every Broadcast."""
    broadcast_uncalled: bool = False
    """OK to a Broadcast, and no INVITE after it."""
    broadcast_nat: bool = False
    """A private address in the offer of a loudspeaker."""
    broadcast_ack_other: bool = False
    """The ACK of a loudspeaker's call has a Call-ID of its own."""
    broadcast_from_channel: bool = False
    """A loudspeaker calls in the name of its channel."""
    broadcast_passive: bool = False
    """Over TCP, a loudspeaker waits to be connected to."""
    speaker_writes_channels: bool = False
    """A loudspeaker offers PCMA/8000/1 and a second payload."""
    loudspeaker_late: int = 0
    """Seconds after the answer in which a loudspeaker connects (TCP)."""


HABITS: Mapping[str, tuple[str, object]] = MappingProxyType(
    {
        "orders-unanswered": ("answers_orders", False),
        "no-2022": ("knows_2022", False),
        "restarts-on-config": ("restarts_on_config", True),
        "ignores-precise": ("ignores_precise", True),
        "records-announced-more": ("announces_more", int),
        "alarms-as-message": ("alarms_as_message", True),
        "alarms-twice": ("alarms_twice", True),
        "alarms-need-arming": ("alarms_need_arming", True),
        "uploads-put": ("uploads_put", True),
        "no-subscriptions": ("no_subscriptions", True),
        "notify-own-call-id": ("notify_own_call_id", True),
        "catalogue-sum-big": ("catalogue_more", int),
        "catalogue-twice": ("catalogue_twice", True),
        "catalogue-hole": ("catalogue_hole", True),
        "catalogue-unasked": ("catalogue_unasked", True),
        "encoding-lies": ("encoding_lies", True),
        "cseq-20": ("cseq_20", True),
        "branch-plain": ("plain_branch", True),
        "from-channel": ("from_channel", True),
        "to-tag-refused": ("to_tag_refused", True),
        "needs-algorithm": ("needs_algorithm", True),
        "no-heartbeat": ("no_heartbeat", True),
        "answer-bare": ("answer_bare", True),
        "no-y": ("no_y", True),
        "psm-late": ("psm", "late"),
        "psm-none": ("psm", "none"),
        "private-packets": ("private_packets", True),
        "pes-length": ("pes_length", True),
        "stamps-jump": ("stamps_jump", True),
        "broadcast-refused": ("broadcast_refused", True),
        "broadcast-uncalled": ("broadcast_uncalled", True),
        "broadcast-nat": ("broadcast_nat", True),
        "broadcast-ack-other": ("broadcast_ack_other", True),
        "broadcast-from-channel": ("broadcast_from_channel", True),
        "broadcast-passive": ("broadcast_passive", True),
        "loudspeaker-codecs": ("speaker_writes_channels", True),
        "loudspeaker-late": ("loudspeaker_late", int),
    }
)
"""Name → field and what it becomes; `int` takes the order's value (at least 1)."""


def switch(manners: Manners, name: str, value: float) -> None:
    """Turn on the habit ``name``; ``value`` only counts where something is counted."""
    field, wanted = HABITS[name]
    setattr(manners, field, max(int(value), 1) if wanted is int else wanted)
