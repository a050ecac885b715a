"""From packets to frames: order, loss, duplicates, SSRC, restarts, figures. Time is an argument."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from civicam.media.core.ps import PsDemuxer
from civicam.media.core.receive import TAKE_OVER_PACKETS, RtpReceiver
from civicam.media.core.rfc4571 import frame as length_frame
from civicam.media.core.rtp import RtpPacket, build, parse
from civicam.media.core.timeline import Timeline
from civicam.media.core.unit import Codec, Frame

SSRC = 0x0BEBC211


class Recorder:
    """A depacketiser that writes down what it is told."""

    clock_rate = 90_000
    codec: Codec | None = None

    def __init__(self) -> None:
        self.log: list[str] = []
        self.timeline = Timeline()

    def push(self, payload: bytes, timestamp: int, marker: bool, now: float) -> Sequence[Frame]:
        self.log.append(payload.decode())
        return ()

    def lost(self, now: float) -> Sequence[Frame]:
        self.log.append("lost")
        return ()

    def restart(self, now: float) -> Sequence[Frame]:
        self.log.append("restart")
        return ()

    def flush(self, now: float) -> Sequence[Frame]:
        self.log.append("flush")
        return ()

    def warnings(self) -> tuple[str, ...]:
        return ("media.no-psm",)


def _packet(sequence: int, ssrc: int = SSRC, timestamp: int = 0) -> bytes:
    return build(RtpPacket(96, False, sequence, timestamp, ssrc, str(sequence & 0xFFFF).encode()))


def _feed(sequences: list[int], window_s: float = 0.035) -> tuple[RtpReceiver, list[str]]:
    sink = Recorder()
    receiver = RtpReceiver(sink, window_s=window_s)
    for index, sequence in enumerate(sequences):
        receiver.feed(_packet(sequence), index * 0.001)
    return receiver, sink.log


def test_order_is_restored_within_the_window() -> None:
    receiver, log = _feed([1, 2, 4, 3, 5])
    assert log == ["1", "2", "3", "4", "5"]
    assert (receiver.lost, receiver.packets, receiver.expected, receiver.reordered) == (0, 5, 5, 1)
    assert receiver.deadline is None


def test_the_window_is_bounded_by_time() -> None:
    receiver, log = _feed([1, 3, 4])
    assert log == ["1"]
    assert receiver.deadline is not None
    assert receiver.deadline == pytest.approx(0.036)
    receiver.poll(0.030)
    assert log == ["1"]
    receiver.poll(receiver.deadline)
    assert log == ["1", "lost", "3", "4"]
    assert (receiver.lost, receiver.packets, receiver.expected) == (1, 3, 4)
    receiver.poll(0.1)


def test_the_window_is_bounded_by_count() -> None:
    sequences = [1, *range(3, 3 + 256)]
    _, log = _feed(sequences, window_s=10.0)
    assert log[:3] == ["1", "lost", "3"]


def test_duplicates_and_late_packets_are_dropped() -> None:
    receiver, log = _feed([1, 2, 2, 4, 4], window_s=0.001)
    assert receiver.duplicates == 2
    receiver.poll(1.0)
    receiver.feed(_packet(3), 1.0)
    assert log == ["1", "2", "lost", "4"]
    assert receiver.late == 1


def test_sequence_numbers_wrap() -> None:
    receiver, log = _feed([65_534, 65_535, 0, 1])
    assert log == ["65534", "65535", "0", "1"]
    assert receiver.expected == 4


def test_two_in_a_row_far_away_are_a_restart() -> None:
    receiver, log = _feed([1, 2, 20_000, 3, 40_000, 40_001, 40_002])
    assert log == ["1", "2", "3", "lost", "40001", "40002"]
    assert "media.sequence-restart" in receiver.warnings()
    assert (receiver.expected, receiver.lost) == (5, 0)


def test_a_second_sender_is_ignored_until_the_first_is_silent() -> None:
    sink = Recorder()
    receiver = RtpReceiver(sink)
    receiver.feed(_packet(1), 0.0)
    receiver.feed(_packet(500, ssrc=9), 0.1)
    assert (sink.log, receiver.foreign) == (["1"], 1)
    assert "media.second-sender" in receiver.warnings()
    receiver.feed(_packet(501, ssrc=9), 0.6)
    assert sink.log == ["1", "restart", "501"]
    assert receiver.ssrc == 9


def test_many_packets_of_another_ssrc_and_none_of_ours_are_followed() -> None:
    receiver, log = _feed([1])
    for index in range(TAKE_OVER_PACKETS):
        receiver.feed(_packet(600 + index, ssrc=9), 0.001)
    assert log == ["1", "restart", str(600 + TAKE_OVER_PACKETS - 1)]


def test_the_agreed_ssrc_is_preferred() -> None:
    sink = Recorder()
    receiver = RtpReceiver(sink, ssrc=SSRC)
    receiver.feed(_packet(1, ssrc=9), 0.0)
    assert "media.ssrc-mismatch" in receiver.warnings()
    receiver.feed(_packet(70), 0.01)
    assert (sink.log, receiver.ssrc) == (["1", "restart", "70"], SSRC)
    assert "media.ssrc-mismatch" not in receiver.warnings()


def test_over_another_connection_every_packet_counts_from_the_first() -> None:
    receiver, log = _feed([7, 8, 10])
    assert receiver.reconnected(0.01) == []
    assert log == ["7", "8", "lost", "10", "restart"]
    assert receiver.report(0.01) is None
    receiver.feed(_packet(40_000), 0.02)  # the same SSRC, far away
    assert log[-1] == "40000"
    receiver.reconnected(0.03)
    assert receiver.feed_all([_packet(3, ssrc=9), _packet(4, ssrc=9)], 0.04) == []  # another one
    assert log[-3:] == ["restart", "3", "4"]
    assert (receiver.packets, receiver.lost, receiver.expected) == (6, 1, 7)
    assert receiver.warnings() == ("media.loss", "media.no-psm")


def test_a_first_connection_is_no_other_one() -> None:
    sink = Recorder()
    assert RtpReceiver(sink).reconnected(0.0) == ()
    assert sink.log == []


def test_runs_reach_a_depacketiser_that_takes_single_payloads_one_by_one() -> None:
    stamps = {1000: 0, 1001: 0, 1002: 0, 1003: 3600, 1004: 3600, 1005: 7200}
    packets = [_packet(sequence, timestamp=stamp) for sequence, stamp in stamps.items()]
    batch, framed = Recorder(), Recorder()
    receiver = RtpReceiver(batch)
    receiver.feed_all(packets, 0.0)
    assert batch.log == [str(sequence) for sequence in stamps]
    other = RtpReceiver(framed)
    other.feed(packets[0], 0.0)
    data = b"".join(length_frame(packet) for packet in packets[1:])
    assert other.feed_framed(data, 0, 0.0, []) == len(data)
    assert framed.log == batch.log
    assert (other.packets, other.octets, other.jitter_ms) == (6, receiver.octets, receiver.jitter_ms)


def test_a_time_stamp_that_jumps_is_no_jitter() -> None:
    one, other = RtpReceiver(Recorder()), RtpReceiver(Recorder())
    for number, stamp in enumerate((0, 0, 1_000_000, 1_000_000)):
        packet = _packet(1000 + number, timestamp=stamp)
        one.feed(packet, 0.0)
        other.feed_all([packet], 0.0)
    assert (one.jitter_ms, other.jitter_ms) == (0.0, 0.0)


def test_what_is_no_rtp_is_counted() -> None:
    receiver, log = _feed([1])
    receiver.feed(b"short", 0.0)
    receiver.feed(bytes(40), 0.0)
    receiver.feed(b"\x80\xc8\0\1" + bytes(8), 0.0)
    assert (log, receiver.malformed) == (["1"], 2)


def test_flush_gives_out_what_waits() -> None:
    receiver, log = _feed([1, 3])
    receiver.flush(0.01)
    assert log == ["1", "lost", "3", "flush"]


def test_reports_tell_loss_of_the_interval() -> None:
    sink = Recorder()
    receiver = RtpReceiver(sink, window_s=0.0)
    assert receiver.report(0.0) is None
    for sequence in (0, 1, 3):
        receiver.feed(_packet(sequence), 0.0)
    receiver.sender_report(0x0001_2345_6789_0000, 1.0)
    first, second = receiver.report(1.5), receiver.report(2.0)
    assert first is not None
    assert second is not None
    assert (first.fraction_lost, first.lost, first.highest_sequence) == (64, 1, 0x10003)
    assert (first.last_sr, first.delay_since_last_sr) == (0x23456789, 32_768)
    assert (second.fraction_lost, second.lost) == (0, 1)


def test_jitter_is_that_of_rfc_3550() -> None:
    """Ten milliseconds of variation at every packet settle at ten milliseconds."""
    receiver = RtpReceiver(Recorder())
    for index in range(400):
        receiver.feed(_packet(index, timestamp=index * 1800), index * 0.02 + (0.01 if index % 2 else 0.0))
    assert receiver.jitter_ms == pytest.approx(10.0, rel=0.05)


@given(st.lists(st.integers(1, 5), min_size=200, max_size=200))
def test_pictures_that_were_read_together_are_no_jitter(together: list[int]) -> None:
    """Each read has the arrival of its first picture, which is on time; when the others came nobody knows."""
    receiver = RtpReceiver(Recorder())
    index = 0
    for pictures in together:
        now = index * 0.04
        receiver.feed_all([_packet(i, timestamp=i * 3600) for i in range(index, index + pictures)], now)
        index += pictures
    assert receiver.jitter_ms == pytest.approx(0.0, abs=1e-6)


def test_where_arrival_is_not_known_jitter_stays_what_it_was() -> None:
    receiver = RtpReceiver(Recorder())
    seen = []
    for index in range(100):
        receiver.timed = index < 50
        receiver.feed(_packet(index, timestamp=index * 1800), index * 0.02 + (0.01 if index % 2 else 0.0))
        seen.append(receiver.jitter_ms)
    assert seen[99] == seen[49] > seen[0]


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 9999))
def test_shuffled_within_the_window_is_identity(make_camera: Any, receive_all: Any, seed: int) -> None:
    rng = random.Random(seed)
    camera = make_camera()
    sent = [camera.picture(index) for index in range(6)]
    packets = [packet for index in range(6) for packet in camera.packets(index)]
    keyed = sorted(range(1, len(packets)), key=lambda index: index + rng.uniform(0, 4))
    order = [packets[0], *(packets[index] for index in keyed)]
    receiver = RtpReceiver(PsDemuxer())
    frames = receive_all(((packet, index * 0.001) for index, packet in enumerate(order)), receiver)
    assert [frame.data for frame in frames] == sent
    assert receiver.lost == 0


def test_header_extensions_do_not_reach_the_picture(make_camera: Any, receive_all: Any) -> None:
    camera = make_camera()
    packets = []
    for packet in camera.packets(0):
        parsed = parse(packet)
        assert parsed is not None
        packets.append((b"\x90" + packet[1:12] + b"\xbe\xde\0\1\1\2\3\4" + parsed.payload, 0.0))
    assert [frame.data for frame in receive_all(packets)] == [camera.picture(0)]


def test_before_the_answer_only_the_offered_ssrc_is_taken() -> None:
    """A device of before our restart still pushes to a port that is used again (GB/T 28181 in the field)."""
    sink = Recorder()
    receiver = RtpReceiver(sink, ssrc=7, window_s=0.0)
    receiver.strict = True
    for sequence in range(100):
        receiver.feed(_packet(sequence, ssrc=5), 60.0 + sequence)
    assert (receiver.packets, receiver.foreign, sink.log) == (0, 100, [])
    receiver.feed(_packet(0, ssrc=7), 200.0)
    assert receiver.packets == 1
    assert receiver.warnings()[0] == "media.early-sender"
    receiver.strict = False
    receiver.feed(_packet(100, ssrc=5), 260.0)
    assert receiver.ssrc == 5, "the answer came: the field's tolerance holds"
