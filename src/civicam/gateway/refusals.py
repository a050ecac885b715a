"""What a device's refusal of an INVITE means to an operator: SIP status → stable code.

The text for people stands in `civicam.kernel.messages`. The meanings are those seen in the field, not
only those of RFC 3261: 487 without our CANCEL means a wrong type code in an id, 403 an unregistered device.
"""

from __future__ import annotations

from civicam.kernel.errors import CivicamError, Operational, Refused, Side

DEVICE_OFFLINE = "gateway.device-offline"
PLAY_TIMEOUT = "gateway.play-timeout"
NO_MEDIA = "gateway.no-media"
NO_PICTURES = "gateway.no-pictures"
BAD_ANSWER = "gateway.bad-answer"
PRIVATE_FORMAT = "gateway.private-format"
DEVICE_ENDED = "gateway.device-ended"
UNREACHABLE = "gateway.unreachable"
NO_VIEWER = "gateway.no-viewer"
STREAM_LOST = "gateway.stream-lost"
STOPPING = "gateway.stopping"
ENGINE = "gateway.engine"
NO_SESSION = "gateway.no-session"
FILE_ENDED = "gateway.file-ended"

WILDCARDS = frozenset({"", "0.0.0.0", "::"})  # noqa: S104 — recognised, not bound
"""Addresses that say nothing: SDP gives the one the device reaches us by instead."""

_BY_STATUS = {
    400: "gateway.play-malformed",
    403: "gateway.play-forbidden",
    404: "gateway.play-no-channel",
    408: PLAY_TIMEOUT,
    415: "gateway.play-no-codec",
    480: "gateway.play-unavailable",
    481: "gateway.play-unavailable",
    486: "gateway.play-busy",
    487: "gateway.play-wrong-type",
    488: "gateway.play-no-codec",
    500: "gateway.play-device-limit",
    503: "gateway.play-device-limit",
    600: "gateway.play-busy",
    603: "gateway.play-forbidden",
}


def code_of_status(status: int) -> str:
    """The operator's code for a final status ≥ 300 of a live INVITE."""
    return _BY_STATUS.get(status, "gateway.play-refused")


def failure(code: str, device: str, channel: str, status: int = 0) -> CivicamError:
    """The error a caller of ``open_live`` gets. Every message may use all three data."""
    if code in {DEVICE_OFFLINE, STOPPING}:
        return Refused(code, device=device, channel=channel, status=status)
    return Operational(code, side=Side.REMOTE, device=device, channel=channel, status=status)
