"""Tapes: places that move with the time and its scale, and what was recorded."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from civicam.kernel.errors import Refused
from civicam.signalling.gb28181 import mansrtsp
from civicam.signalling.gb28181.ids import GbId
from civicam.signalling.gb28181.manscdp.record_info import RecordInfoQuery
from civicam.simulator.tape import KEPT, Tape, pieces

CHANNEL = GbId("34020000001310000001")
NOW = datetime(2026, 3, 2, 1, 5, tzinfo=UTC)


def test_a_tape_moves_with_its_scale_and_ends() -> None:
    tape = Tape(1000.0, 1010.0)
    assert tape.step(50.0) == 1000.0
    assert tape.step(51.0) == 1001.0
    tape.scale = 4.0
    assert tape.step(52.0) == 1005.0
    assert tape.step(60.0) == 1010.0
    assert tape.finished
    assert tape.step(61.0) is None


def test_a_pause_takes_no_time() -> None:
    tape = Tape(1000.0, 1010.0)
    tape.step(50.0)
    tape.answer(mansrtsp.pause(1).to_bytes())
    assert tape.step(51.0) is None
    assert tape.step(90.0) is None
    tape.answer(mansrtsp.resume(2).to_bytes())
    assert tape.step(90.5) == 1000.5


@pytest.mark.parametrize(
    ("order", "answer", "place"),
    [
        (mansrtsp.seek(1, 5), b"RTSP/1.0 200", 1005.0),
        (mansrtsp.seek(1, 11), b"RTSP/1.0 457", 1000.0),
        (mansrtsp.speed(1, 2.0), b"RTSP/1.0 200", 1000.0),
        (mansrtsp.teardown(1), b"RTSP/1.0 200", 1010.0),
        (mansrtsp.RtspReply(), b"RTSP/1.0 400", 1000.0),
    ],
)
def test_orders(order: mansrtsp.RtspRequest | mansrtsp.RtspReply, answer: bytes, place: float) -> None:
    tape = Tape(1000.0, 1010.0)
    assert tape.answer(order.to_bytes()).startswith(answer)
    assert tape.place == place


def test_nonsense_is_refused() -> None:
    with pytest.raises(Refused):
        Tape(0.0, 1.0).answer(b"PLAY\r\nRange: npt=x-\r\n\r\n")


@given(st.integers(-200_000, 10_000), st.integers(0, 400_000))
def test_pieces_lie_in_the_period_and_in_what_is_kept(begin: int, length: int) -> None:
    start = NOW + timedelta(seconds=begin)
    end = start + timedelta(seconds=length)
    found = pieces(RecordInfoQuery(1, CHANNEL, start=start, end=end), NOW)
    assert all(each.start is not None and each.end is not None and each.start < each.end for each in found)
    assert all(each.end <= min(end, NOW) and each.end > max(start, NOW - KEPT) for each in found if each.end)
    assert [each.start for each in found] == sorted({each.start for each in found if each.start})
