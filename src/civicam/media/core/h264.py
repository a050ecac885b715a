"""H.264: NAL unit types and the sequence parameter set (ITU-T H.264 §7.3.2.1, Annex E for timing)."""

from __future__ import annotations

from dataclasses import dataclass

from civicam.media.core.bits import LONGEST_SIDE, BitReader, BitsExhausted

IDR, SEI, SPS, PPS, AUD = 5, 6, 7, 8, 9

_HIGH_PROFILES = frozenset((100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135))
_EXTENDED_SAR = 255


@dataclass(frozen=True, slots=True)
class Sps:
    """What the SPS says; ``fps`` is 0.0 when it does not tell. The profile bytes go into avcC as they are."""

    profile: int
    compatibility: int
    level: int
    width: int
    height: int
    chroma_format: int
    bit_depth_luma: int
    bit_depth_chroma: int
    fps: float


def nal_type(first: int) -> int:
    """nal_unit_type of the first byte of a NAL unit."""
    return first & 0x1F


def parse_sps(nal: bytes) -> Sps | None:
    """Read an SPS NAL unit (with its header byte); None when it is broken."""
    try:
        return _parse(nal)
    except BitsExhausted:
        return None


def _parse(nal: bytes) -> Sps | None:
    reader = BitReader(nal[1:])
    profile, compatibility, level = reader.bits(8), reader.bits(8), reader.bits(8)
    reader.ue()  # seq_parameter_set_id
    chroma, depth_luma, depth_chroma, separate = 1, 8, 8, False
    if profile in _HIGH_PROFILES:
        chroma = reader.ue()
        if chroma > 3:
            return None
        separate = chroma == 3 and reader.flag()
        depth_luma, depth_chroma = 8 + reader.ue(), 8 + reader.ue()
        reader.flag()  # qpprime_y_zero_transform_bypass_flag
        if reader.flag():
            _skip_scaling_matrix(reader, 12 if chroma == 3 else 8)
    reader.ue()  # log2_max_frame_num_minus4
    _skip_picture_order(reader)
    reader.ue()  # max_num_ref_frames
    reader.flag()  # gaps_in_frame_num_value_allowed_flag
    width, map_height = (reader.ue() + 1) * 16, (reader.ue() + 1) * 16
    frame_only = reader.flag()
    if not frame_only:
        reader.flag()  # mb_adaptive_frame_field_flag
    height = map_height if frame_only else map_height * 2
    reader.flag()  # direct_8x8_inference_flag
    if reader.flag():
        array = 0 if separate else chroma
        crop_x = 2 if array in (1, 2) else 1
        crop_y = (2 if array == 1 else 1) * (1 if frame_only else 2)
        width -= crop_x * (reader.ue() + reader.ue())
        height -= crop_y * (reader.ue() + reader.ue())
    if not (0 < width <= LONGEST_SIDE and 0 < height <= LONGEST_SIDE) or max(depth_luma, depth_chroma) > 14:
        return None
    return Sps(
        profile, compatibility, level, width, height, chroma, depth_luma, depth_chroma, _timing(reader)
    )


def _skip_scaling_matrix(reader: BitReader, lists: int) -> None:
    for index in range(lists):
        if reader.flag():
            last = following = 8
            for _ in range(16 if index < 6 else 64):
                if following:
                    following = (last + reader.se()) & 0xFF
                last = following or last


def _skip_picture_order(reader: BitReader) -> None:
    kind = reader.ue()
    if kind == 0:
        reader.ue()
    elif kind == 1:
        reader.flag()
        reader.se()
        reader.se()
        count = reader.ue()
        if count > 255:
            raise BitsExhausted
        for _ in range(count):
            reader.se()


def _timing(reader: BitReader) -> float:
    """Frames per second from the VUI (two ticks a frame); 0.0 when absent. A VUI cut short is no error."""
    try:
        if not reader.flag():
            return 0.0
        if reader.flag() and reader.bits(8) == _EXTENDED_SAR:
            reader.bits(32)
        if reader.flag():  # overscan
            reader.flag()
        if reader.flag():  # video signal type
            reader.bits(4)
            if reader.flag():
                reader.bits(24)
        if reader.flag():  # chroma location
            reader.ue()
            reader.ue()
        if not reader.flag():
            return 0.0
        units, scale = reader.bits(32), reader.bits(32)
    except BitsExhausted:
        return 0.0
    return scale / (2 * units) if units else 0.0
