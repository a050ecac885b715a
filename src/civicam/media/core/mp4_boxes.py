"""Boxes of ISO/IEC 14496-12 and -14 that an init segment needs: plain functions from values to bytes."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from civicam.media.core.aac import adts_frames
from civicam.media.core.codecs import VideoParameters, decoder_configuration
from civicam.media.core.unit import Codec, Frame

_MATRIX = struct.pack("!9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
_G711_RATE = 8000


@dataclass(frozen=True, slots=True)
class AudioParameters:
    """A sound track: ``rate`` in Hz; ``config`` is the AudioSpecificConfig, empty for G.711."""

    codec: Codec
    rate: int
    channels: int
    config: bytes = b""


def read_audio_parameters(frame: Frame) -> AudioParameters | None:
    """What an audio frame says of its track; None for video and for AAC without a whole ADTS frame."""
    if frame.codec in (Codec.PCMA, Codec.PCMU):
        return AudioParameters(frame.codec, _G711_RATE, 1)
    if frame.codec is not Codec.AAC:
        return None
    frames = adts_frames(frame.data)
    if not frames:
        return None
    header = frames[0][0]
    return AudioParameters(Codec.AAC, header.rate, header.channels, header.config())


def box(kind: bytes, *parts: bytes) -> bytes:
    """A box with its size."""
    body = b"".join(parts)
    return struct.pack("!I4s", len(body) + 8, kind) + body


def full(kind: bytes, version: int, flags: int, *parts: bytes) -> bytes:
    """A FullBox."""
    return box(kind, struct.pack("!I", version << 24 | flags), *parts)


def ftyp() -> bytes:
    """File type: fragmented ISO base media."""
    return box(b"ftyp", b"iso5\0\0\2\0iso5iso6mp41")


def moov(video: VideoParameters, audio: AudioParameters | None, time_scale: int) -> bytes:
    """Movie box of a file whose samples are all in fragments: track 1 is video, track 2 sound."""
    parts = [full(b"mvhd", 0, 0, struct.pack("!4I", 0, 0, time_scale, 0), _mvhd_rest())]
    parts.append(_track(1, time_scale, (video.width, video.height), _video_media(video)))
    extends = [_trex(1)]
    if audio is not None:
        parts.append(_track(2, audio.rate, (0, 0), _audio_media(audio)))
        extends.append(_trex(2))
    return box(b"moov", *parts, box(b"mvex", *extends))


def _mvhd_rest() -> bytes:
    return struct.pack("!IHHII", 0x10000, 0x100, 0, 0, 0) + _MATRIX + bytes(24) + struct.pack("!I", 3)


def _trex(track: int) -> bytes:
    return full(b"trex", 0, 0, struct.pack("!5I", track, 1, 0, 0, 0))


def _track(track: int, time_scale: int, size: tuple[int, int], media: tuple[bytes, bytes, bytes]) -> bytes:
    handler, header, sample_entry = media
    volume = 0 if size[0] else 0x100
    tkhd = struct.pack("!5I", 0, 0, track, 0, 0) + struct.pack("!IIHHHH", 0, 0, 0, 0, volume, 0)
    tkhd += _MATRIX + struct.pack("!II", size[0] << 16, size[1] << 16)
    tables = [full(b"stsd", 0, 0, struct.pack("!I", 1), sample_entry)]
    tables += [full(kind, 0, 0, bytes(4)) for kind in (b"stts", b"stsc", b"stco")]
    tables.append(full(b"stsz", 0, 0, bytes(8)))
    reference = box(b"dinf", full(b"dref", 0, 0, struct.pack("!I", 1), full(b"url ", 0, 1)))
    minf = box(b"minf", header, reference, box(b"stbl", *tables))
    mdhd = full(b"mdhd", 0, 0, struct.pack("!4IHH", 0, 0, time_scale, 0, 0x55C4, 0))
    hdlr = full(b"hdlr", 0, 0, bytes(4), handler, bytes(12), b"civicam\0")
    return box(b"trak", full(b"tkhd", 0, 3, tkhd), box(b"mdia", mdhd, hdlr, minf))


def _video_media(video: VideoParameters) -> tuple[bytes, bytes, bytes]:
    entry, configuration = (b"avc1", b"avcC") if video.codec is Codec.H264 else (b"hvc1", b"hvcC")
    body = bytes(6) + struct.pack("!H", 1) + bytes(16) + struct.pack("!HH", video.width, video.height)
    body += struct.pack("!IIIH", 0x480000, 0x480000, 0, 1) + bytes(32) + struct.pack("!Hh", 24, -1)
    sample = box(entry, body, box(configuration, decoder_configuration(video)))
    return b"vide", full(b"vmhd", 0, 1, bytes(8)), sample


def _audio_media(audio: AudioParameters) -> tuple[bytes, bytes, bytes]:
    body = bytes(6) + struct.pack("!H", 1) + bytes(8)
    body += struct.pack("!HHIHH", audio.channels, 16, 0, audio.rate, 0)
    if audio.codec is Codec.AAC:
        sample = box(b"mp4a", body, _esds(audio.config))
    else:  # QuickTime's names for G.711; players of recordings know them, browsers do not
        sample = box(b"alaw" if audio.codec is Codec.PCMA else b"ulaw", body)
    return b"soun", full(b"smhd", 0, 0, bytes(4)), sample


def _esds(config: bytes) -> bytes:
    """ISO/IEC 14496-1 §7.2.6: ES descriptor with decoder configuration; all lengths below 128."""
    specific = bytes((5, len(config))) + config
    decoder = bytes((4, 13 + len(specific), 0x40, 0x15)) + bytes(11) + specific
    body = b"\0\2\0" + decoder + b"\6\1\2"
    return full(b"esds", 0, 0, bytes((3, len(body))), body)
