"""What must be known of H.264 and H.265 without decoding: parameter sets, codec strings, other forms."""

from __future__ import annotations

import base64
import struct
from dataclasses import dataclass
from functools import lru_cache

from civicam.media.core import h264, h265
from civicam.media.core.annexb import nal_spans, nal_units, normalise, to_length_prefixed
from civicam.media.core.unit import Codec

__all__ = [
    "VideoParameters",
    "decoder_configuration",
    "identify",
    "nal_spans",
    "normalise",
    "parameter_sets",
    "read_parameters",
    "sprop_fmtp",
    "to_length_prefixed",
]


_MOST_SETS = 31
"""Of one kind: what fits into avcC (ISO/IEC 14496-15 §5.3.3.1)."""
_LONGEST_SET = 4096
"""Bytes; real ones have a few dozen."""


@dataclass(frozen=True, slots=True)
class VideoParameters:
    """The parameter sets in force and what they say. ``fps`` is 0.0 when the stream does not tell."""

    codec: Codec
    width: int
    height: int
    codec_string: str
    """RFC 6381, e.g. ``avc1.640028`` or ``hvc1.1.6.L120.90``."""
    vps: tuple[bytes, ...]
    sps: tuple[bytes, ...]
    pps: tuple[bytes, ...]
    fps: float = 0.0


def identify(data: bytes, nals: tuple[int, ...]) -> Codec | None:
    """The codec, by the parameter sets in a normalised access unit; None when it carries none.

    An H.264 SPS has the header byte 0x67, 0x47 or 0x27; H.265 VPS and SPS have 0x40 0x01 and 0x42 0x01.
    Neither is a parameter set of the other codec, so this is sure where a PSM may be wrong.
    """
    for offset in nals:
        head = data[offset + 4 : offset + 6]
        if head in (b"\x40\x01", b"\x42\x01"):
            return Codec.H265
        if head and head[0] & 0x9F == h264.SPS and head[0] & 0x60:
            return Codec.H264
    return None


def parameter_sets(
    codec: Codec, data: bytes
) -> tuple[tuple[bytes, ...], tuple[bytes, ...], tuple[bytes, ...]]:
    """(vps, sps, pps) NAL units in Annex B ``data``; vps is empty for H.264. Repetitions are left out, and
    what is more or longer than avcC can say.
    """
    kinds = (-1, h264.SPS, h264.PPS) if codec is Codec.H264 else (h265.VPS, h265.SPS, h265.PPS)
    type_of = h264.nal_type if codec is Codec.H264 else h265.nal_type
    found: dict[int, list[bytes]] = {kind: [] for kind in kinds}
    for nal in nal_units(data):
        group = found.get(type_of(nal[0]))
        if group is not None and len(group) < _MOST_SETS and len(nal) <= _LONGEST_SET and nal not in group:
            group.append(nal)
    vps, sps, pps = (tuple(found[kind]) for kind in kinds)
    return vps, sps, pps


def read_parameters(codec: Codec, data: bytes) -> VideoParameters | None:
    """From an access unit (Annex B) that carries its parameter sets; None when they are missing or broken."""
    return from_sets(codec, *parameter_sets(codec, data))


@lru_cache(maxsize=256)
def from_sets(
    codec: Codec, vps: tuple[bytes, ...], sps: tuple[bytes, ...], pps: tuple[bytes, ...]
) -> VideoParameters | None:
    """From NAL units; kept, since every key frame of a stream brings the same ones."""
    if not sps or not pps:
        return None
    if codec is Codec.H264:
        avc = h264.parse_sps(sps[0])
        if avc is None:
            return None
        name = f"avc1.{avc.profile:02x}{avc.compatibility:02x}{avc.level:02x}"
        return VideoParameters(codec, avc.width, avc.height, name, (), sps, pps, avc.fps)
    hevc = h265.parse_sps(sps[0])
    if hevc is None or not vps:
        return None
    return VideoParameters(codec, hevc.width, hevc.height, _hevc_string(hevc.ptl), vps, sps, pps)


def _hevc_string(ptl: h265.ProfileTierLevel) -> str:
    """ISO/IEC 14496-15 Annex E.3: profile, reversed compatibility flags, tier and level, constraint bytes."""
    space = ("", "A", "B", "C")[ptl.space]
    compatibility = int(f"{ptl.compatibility:032b}"[::-1], 2)
    parts = [f"hvc1.{space}{ptl.profile}", f"{compatibility:x}", f"{'HL'[ptl.tier == 0]}{ptl.level}"]
    parts += [f"{byte:x}" for byte in ptl.constraints.rstrip(b"\0")]
    return ".".join(parts)


def decoder_configuration(parameters: VideoParameters) -> bytes:
    """The avcC or hvcC record (ISO/IEC 14496-15 §5.3.3, §8.3.3)."""
    if parameters.codec is Codec.H264:
        return _avcc(parameters)
    return _hvcc(parameters)


def _sized(nals: tuple[bytes, ...]) -> bytes:
    return b"".join([struct.pack("!H", len(nal)) + nal for nal in nals])


def _avcc(parameters: VideoParameters) -> bytes:
    sps, pps = parameters.sps, parameters.pps
    record = (
        b"\1" + sps[0][1:4] + bytes((0xFF, 0xE0 | len(sps))) + _sized(sps) + bytes((len(pps),)) + _sized(pps)
    )
    info = h264.parse_sps(sps[0])
    if info is not None and info.profile in (100, 110, 122, 144):
        luma, chroma = info.bit_depth_luma - 8, info.bit_depth_chroma - 8
        record += bytes((0xFC | info.chroma_format, 0xF8 | luma, 0xF8 | chroma, 0))
    return record


def _hvcc(parameters: VideoParameters) -> bytes:
    info = h265.parse_sps(parameters.sps[0])
    if info is None:
        raise ValueError("VideoParameters with an SPS that cannot be read")
    ptl = info.ptl
    head = struct.pack(
        "!BBI6sBHBBBBHBB",
        1,
        ptl.space << 6 | ptl.tier << 5 | ptl.profile,
        ptl.compatibility,
        ptl.constraints,
        ptl.level,
        0xF000,  # min_spatial_segmentation_idc unknown
        0xFC,  # parallelismType unknown
        0xFC | info.chroma_format,
        0xF8 | info.bit_depth_luma - 8,
        0xF8 | info.bit_depth_chroma - 8,
        0,  # avgFrameRate unknown
        info.sub_layers << 3 | int(info.temporal_nesting) << 2 | 3,
        3,
    )
    arrays = ((h265.VPS, parameters.vps), (h265.SPS, parameters.sps), (h265.PPS, parameters.pps))
    return head + b"".join(
        [struct.pack("!BH", 0x80 | kind, len(nals)) + _sized(nals) for kind, nals in arrays]
    )


def sprop_fmtp(parameters: VideoParameters) -> str:
    """The parameter sets as ``a=fmtp`` value for SDP (RFC 6184 §8.1, RFC 7798 §7.1)."""

    def coded(nals: tuple[bytes, ...]) -> str:
        return ",".join(base64.b64encode(nal).decode() for nal in nals)

    if parameters.codec is Codec.H264:
        profile = parameters.sps[0][1:4].hex()
        sets = coded(parameters.sps + parameters.pps)
        return f"packetization-mode=1;profile-level-id={profile};sprop-parameter-sets={sets}"
    return ";".join(f"sprop-{name}={coded(getattr(parameters, name))}" for name in ("vps", "sps", "pps"))
