"""What a loudspeaker heard, from packets of any order, and the way back from G.711."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from civicam.media.core import rtp
from civicam.simulator.heard import Heard
from civicam.simulator.sound import from_alaw, to_alaw

SSRC = 1_000_123


def heard() -> Heard:
    return Heard("34", "34", "35", False, SSRC, 0.0)


def packet(sequence: int, payload: bytes = b"\xd5" * 160, ssrc: int = SSRC, kind: int = 8) -> bytes:
    return rtp.build(
        rtp.RtpPacket(kind, False, sequence & 0xFFFF, sequence * 160 & 0xFFFFFFFF, ssrc, payload)
    )


@pytest.mark.parametrize("code", range(256))
def test_a_law_comes_back_as_it_went(code: int) -> None:
    sample = from_alaw(code)
    assert to_alaw(np.array([sample], np.int16)) == bytes((code,))
    assert -32_768 < sample < 32_768


@given(st.integers(0, 0xFFFF), st.integers(1, 200), st.sets(st.integers(0, 199)), st.randoms())
def test_what_is_missing_is_lost_across_the_wrap_and_in_any_near_order(
    start: int, count: int, dropped: set[int], random: object
) -> None:
    kept = [each for each in range(count) if each not in dropped]
    found = heard()
    for first in range(0, len(kept), 4):  # order holds but within four
        for each in reversed(kept[first : first + 4]) if first else kept[:4]:
            found.take(packet(start + each), each * 0.02)
    span = kept[-1] - kept[0] + 1 if kept else 0
    assert (found.packets, found.lost) == (len(kept), span - len(kept))
    assert found.octets == 160 * len(kept)


def test_a_tone_has_its_level() -> None:
    wave = np.sin(2 * np.pi * 400 * np.arange(8000) / 8000) * 32_768 / 10
    found = heard()
    for number, start in enumerate(range(0, 8000, 160)):
        found.take(packet(number, to_alaw(wave[start : start + 160].astype(np.int16))), number * 0.02)
    assert found.level_db == pytest.approx(-23.0, abs=0.2)
    assert found.report() == {
        "device": "34", "target": "34", "source": "35", "transport": "udp", "packets": 50, "seconds": 1.0,
        "lost": 0, "longest_gap_ms": 20, "level_db": -23.0, "foreign": 0, "unheard": 0, "ended": "",
    }  # fmt: skip


def test_what_is_not_for_it_is_counted_apart() -> None:
    found = heard()
    found.take(packet(1, ssrc=7), 0.0)
    found.take(packet(2, kind=96), 0.0)
    found.take(b"\x80", 0.0)
    found.take(bytes((0x80, 200)) + bytes(26), 0.0)  # a sender report
    assert (found.packets, found.foreign, found.unheard, found.level_db) == (0, 1, 2, None)
