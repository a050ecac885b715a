"""Elementary streams over RTP: which depacketiser an SDP media description asks for.

H.264 (RFC 6184), H.265 (RFC 7798), G.711 (RFC 3551 §4.5.14), AAC (RFC 3640, mode AAC-hbr).
"""

from __future__ import annotations

import base64

from civicam.media.core.aac import AacHeader, read_config
from civicam.media.core.depacketise_audio import AacDepacketiser, G711Depacketiser
from civicam.media.core.depacketise_video import H26xDepacketiser
from civicam.media.core.depacketiser import Depacketiser
from civicam.media.core.unit import Codec

_SPROPS = ("sprop-vps", "sprop-sps", "sprop-pps", "sprop-parameter-sets")


def depacketiser(codec: Codec, *, clock_rate: int, fmtp: str = "") -> Depacketiser:
    """The depacketiser for an SDP media description.

    ``fmtp`` is the value of ``a=fmtp`` without the payload type (sprop-parameter-sets, config, sizeLength);
    what in it cannot be read is left out, since cameras send the same again in the stream.
    """
    parameters = _parameters(fmtp)
    if codec.is_video:
        sets = [nal for name in _SPROPS for nal in _decode(parameters.get(name, ""))]
        return H26xDepacketiser(codec, clock_rate, sets)
    if codec is Codec.AAC:
        header = _config(parameters.get("config", "")) or AacHeader(2, clock_rate, 1)
        lengths = (_number(parameters, "sizelength", 13), _number(parameters, "indexlength", 3))
        return AacDepacketiser(header, clock_rate, lengths)
    return G711Depacketiser(codec, clock_rate)


def _parameters(fmtp: str) -> dict[str, str]:
    pairs = (item.split("=", 1) for item in fmtp.split(";") if "=" in item)
    return {name.strip().lower(): value.strip() for name, value in pairs}


def _decode(value: str) -> list[bytes]:
    nals = []
    for item in value.split(","):
        try:
            nals.append(base64.b64decode(item + "=" * (-len(item) % 4)))
        except ValueError:  # no base64, or no ASCII
            continue
    return [nal for nal in nals if nal]


def _config(value: str) -> AacHeader | None:
    try:
        return read_config(bytes.fromhex(value))
    except ValueError:
        return None


def _number(parameters: dict[str, str], name: str, default: int) -> int:
    value = parameters.get(name, "")
    return int(value) if value.isascii() and value.isdigit() and int(value) <= 32 else default
