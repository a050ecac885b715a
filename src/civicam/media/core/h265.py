"""H.265: NAL unit types and the sequence parameter set (ITU-T H.265 §7.3.2.2, §7.3.3)."""

from __future__ import annotations

from dataclasses import dataclass

from civicam.media.core.bits import LONGEST_SIDE, BitReader, BitsExhausted

IRAP = range(16, 24)
VPS, SPS, PPS, AUD, SEI_PREFIX = 32, 33, 34, 35, 39
FIRST_NON_VCL = 32


@dataclass(frozen=True, slots=True)
class ProfileTierLevel:
    """General part of profile_tier_level(), as hvcC and the codec string need it."""

    space: int
    tier: int
    profile: int
    compatibility: int
    constraints: bytes
    """48 bits of general constraint flags."""
    level: int


@dataclass(frozen=True, slots=True)
class Sps:
    """What the SPS says."""

    ptl: ProfileTierLevel
    width: int
    height: int
    chroma_format: int
    bit_depth_luma: int
    bit_depth_chroma: int
    sub_layers: int
    temporal_nesting: bool


def nal_type(first: int) -> int:
    """nal_unit_type of the first byte of a NAL unit."""
    return first >> 1 & 0x3F


def parse_sps(nal: bytes) -> Sps | None:
    """Read an SPS NAL unit (with its two header bytes); None when it is broken."""
    try:
        return _parse(nal)
    except BitsExhausted:
        return None


def _parse(nal: bytes) -> Sps | None:
    reader = BitReader(nal[2:])
    reader.bits(4)  # sps_video_parameter_set_id
    sub_layers = reader.bits(3) + 1
    nesting = reader.flag()
    ptl = _profile_tier_level(reader, sub_layers)
    reader.ue()  # sps_seq_parameter_set_id
    chroma = reader.ue()
    if chroma > 3:
        return None
    array = 0 if chroma == 3 and reader.flag() else chroma
    width, height = reader.ue(), reader.ue()
    if reader.flag():  # conformance window, in chroma units
        width -= (2 if array in (1, 2) else 1) * (reader.ue() + reader.ue())
        height -= (2 if array == 1 else 1) * (reader.ue() + reader.ue())
    depth_luma, depth_chroma = 8 + reader.ue(), 8 + reader.ue()
    if not (0 < width <= LONGEST_SIDE and 0 < height <= LONGEST_SIDE) or max(depth_luma, depth_chroma) > 16:
        return None
    return Sps(ptl, width, height, chroma, depth_luma, depth_chroma, sub_layers, nesting)


def _profile_tier_level(reader: BitReader, sub_layers: int) -> ProfileTierLevel:
    space, tier, profile = reader.bits(2), reader.bits(1), reader.bits(5)
    compatibility = reader.bits(32)
    constraints = reader.bits(48).to_bytes(6, "big")
    level = reader.bits(8)
    present = [(reader.flag(), reader.flag()) for _ in range(sub_layers - 1)]
    if present:
        reader.bits(2 * (8 - len(present)))
    for has_profile, has_level in present:
        reader.bits((88 if has_profile else 0) + (8 if has_level else 0))
    return ProfileTierLevel(space, tier, profile, compatibility, constraints, level)
