"""SDP of media sessions (GB/T 28181-2016 Annex F, 2022 Annex G) and the Subject header (Annex L).

``y=`` (SSRC) and ``f=`` (media parameters) are not RFC 4566, so a strict parser fails on every answer;
our reader takes lines as they come and keeps what the gateway decides by. The line order of what we write
is fixed, because some recorders answer 403 to any other.
"""

from __future__ import annotations

from civicam.signalling.gb28181.sdp.model import (
    Direction,
    HistoryUri,
    Payload,
    Sdp,
    SessionName,
    Setup,
    StreamForm,
    opposite,
)
from civicam.signalling.gb28181.sdp.read import parse
from civicam.signalling.gb28181.sdp.subject import Subject
from civicam.signalling.gb28181.sdp.write import (
    Answer,
    Offer,
    Voice,
    build_answer,
    build_offer,
    build_voice,
)

CONTENT_TYPE = "application/sdp"

__all__ = [
    "CONTENT_TYPE",
    "Answer",
    "Direction",
    "HistoryUri",
    "Offer",
    "Payload",
    "Sdp",
    "SessionName",
    "Setup",
    "StreamForm",
    "Subject",
    "Voice",
    "build_answer",
    "build_offer",
    "build_voice",
    "opposite",
    "parse",
]
