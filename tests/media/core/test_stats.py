"""Rolling figures."""

from __future__ import annotations

import pytest

from civicam.media.core.stats import StreamRates
from civicam.media.core.unit import Codec, Frame


def _feed(rates: StreamRates, seconds: int, *, gop: int = 50, codec: Codec = Codec.H264) -> None:
    for index in range(seconds * 25):
        rates.frame(Frame(codec, 0, 0, index % gop == 0, bytes(1000), index / 25))


def test_nothing_yet() -> None:
    rates = StreamRates()
    assert (rates.fps(1.0), rates.kbps(1.0), rates.key_age_s(1.0), rates.gop_frames) == (0.0, 0.0, None, 0)


def test_a_steady_stream() -> None:
    rates = StreamRates()
    _feed(rates, 20)
    assert rates.fps(20.0) == pytest.approx(25.0)
    assert rates.kbps(20.0) == pytest.approx(200.0)
    assert rates.gop_frames == 50
    assert rates.key_age_s(20.0) == pytest.approx(2.0)


def test_a_young_stream_is_measured_over_its_age() -> None:
    rates = StreamRates()
    _feed(rates, 1)
    assert rates.fps(1.0) == pytest.approx(25.0)
    assert rates.gop_frames == 25


def test_a_stream_that_stopped_falls_to_nothing() -> None:
    rates = StreamRates()
    _feed(rates, 10)
    assert rates.fps(60.0) == 0.0


def test_sound_counts_for_the_bit_rate_only() -> None:
    rates = StreamRates()
    _feed(rates, 10, codec=Codec.PCMA)
    assert (rates.fps(10.0), rates.gop_frames, rates.key_age_s(10.0)) == (0.0, 0, None)
    assert rates.kbps(10.0) == pytest.approx(200.0)
