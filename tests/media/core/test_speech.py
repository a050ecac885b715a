"""Sound goes out by the clock, whatever comes in."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from civicam.media.core import rtp
from civicam.media.core.g711 import SILENCE
from civicam.media.core.speech import SpeechPacer


def pacer(packet_ms: int = 20) -> SpeechPacer:
    made = SpeechPacer(ssrc=200000017, payload_type=8, packet_ms=packet_ms, start=(65535, 2**32 - 160))
    made.start(0.0)
    return made


def run(speech: SpeechPacer, until: float, since: float = 0.0) -> list[rtp.RtpPacket]:
    """Every packet of that time, at its time."""
    found, now = [], since
    while now < until:
        found += [rtp.parse(packet) for packet in speech.packets(now)]
        now += 0.005
    return [packet for packet in found if packet is not None]


def test_silence_flows_evenly_while_nobody_speaks() -> None:
    speech = pacer()
    packets = run(speech, 1.0)
    assert len(packets) == 50
    assert {packet.payload for packet in packets} == {SILENCE * 160}
    assert not any(packet.marker for packet in packets)
    assert [packet.sequence for packet in packets[:3]] == [65535, 0, 1]
    assert [packet.timestamp for packet in packets[:3]] == [2**32 - 160, 0, 160]
    assert {(packet.payload_type, packet.ssrc) for packet in packets} == {(8, 200000017)}
    assert (speech.sent, speech.silent, speech.dropped) == (50, 50, 0)


def test_a_voice_begins_with_a_mark_and_comes_whole() -> None:
    speech = pacer()
    run(speech, 0.1)
    voice = bytes(range(1, 101)) * 16  # 200 ms
    for start in range(0, 1600, 320):
        speech.put(voice[start : start + 320], 0.1 + start / 8000)
        packets = run(speech, 0.1 + (start + 320) / 8000, 0.1 + start / 8000)
        if start == 0:
            assert packets[0].payload == SILENCE * 160, "a little must wait first"
    assert speech.waiting_ms > 0
    speech = pacer()
    speech.put(voice, 0.0)
    packets = run(speech, 0.4)
    assert b"".join(packet.payload for packet in packets).startswith(voice)
    assert [packet.marker for packet in packets] == [True] + [False] * 19
    assert speech.silent == 10


def test_a_short_word_is_said_all_the_same() -> None:
    speech = pacer()
    speech.put(b"\x11" * 80, 0.0)
    said = b"".join(packet.payload for packet in run(speech, 0.5))
    assert said.count(b"\x11") == 80
    assert (speech.dropped, speech.waiting_ms) == (0, 0)


def test_a_pause_between_words_marks_the_next() -> None:
    speech = pacer(100)
    speech.put(b"\x11" * 1600, 0.0)
    first = run(speech, 0.5)
    speech.put(b"\x22" * 1600, 0.5)
    second = run(speech, 1.0, 0.5)
    assert [len(packet.payload) for packet in first] == [800] * 5
    assert [packet.marker for packet in (*first, *second)] == [True, *[False] * 4, True, *[False] * 4]


def test_what_waits_is_bounded_and_the_oldest_goes() -> None:
    speech = pacer()
    speech.put(b"\x11" * 8000 + b"\x22" * 4000, 0.0)
    assert (speech.dropped, speech.waiting_ms) == (4000, 1000)
    said = b"".join(packet.payload for packet in run(speech, 1.5))
    assert (said.count(b"\x11"), said.count(b"\x22")) == (4000, 4000)


def test_a_long_delay_of_ours_is_no_burst() -> None:
    speech = pacer()
    assert len(speech.packets(0.0)) == 1
    late = [rtp.parse(packet) for packet in speech.packets(10.0)]
    assert len(late) == 1
    assert late[0] is not None
    assert late[0].timestamp == 499 * 160, "time stamps follow the clock"
    assert late[0].sequence == 0


def test_nobody_listens() -> None:
    speech = pacer()
    speech.put(b"\x11" * 800, 0.0)
    speech.stop()
    assert speech.packets(5.0) == []
    assert (speech.dropped, speech.waiting_ms, speech.due) == (800, 0, None)
    assert speech.report(7).packets == 0


@given(st.lists(st.tuples(st.floats(0, 0.3), st.integers(0, 9000)), max_size=30))
def test_nothing_is_lost_unless_it_is_counted(steps: list[tuple[float, int]]) -> None:
    speech, now, put, said = pacer(), 0.0, 0, 0
    for wait, size in steps:
        now += wait
        said += sum(packet.count(b"\x11", 12) for packet in speech.packets(now))
        speech.put(b"\x11" * size, now)
        put += size
    for _ in range(100):
        now += 0.02
        said += sum(packet.count(b"\x11", 12) for packet in speech.packets(now))
    assert put == said + speech.dropped
    assert speech.waiting_ms == 0
