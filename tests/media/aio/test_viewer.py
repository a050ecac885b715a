"""A viewer that is slow loses pictures, never order, never memory, and only its own."""

from __future__ import annotations

import asyncio
import itertools

from hypothesis import given
from hypothesis import strategies as st

from civicam.media.aio.viewer import Viewer, ViewerLimits
from civicam.media.aio.wire import Close
from civicam.media.engine import WireFormat


class Socket(asyncio.WriteTransport):
    """Takes what is written; pauses the viewer after ``room`` bytes."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[bytes] = []

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.sent.append(bytes(data))


class Scene:
    """A viewer with a queue of 1,000 bytes that may skip three times in ten seconds."""

    def __init__(self) -> None:
        self.now = 0.0
        self.socket = Socket()
        self.closed: list[tuple[Close, str]] = []
        self.viewer = Viewer(
            self.socket,
            WireFormat.ANNEXB,
            ViewerLimits(1000, 3, 10.0),
            lambda code, reason: self.closed.append((code, reason)),
            lambda: self.now,
        )

    def frames(self, text: str) -> None:
        """One message of 300 bytes a letter; capitals are key frames."""
        for letter in text:
            self.viewer.media(letter.encode() * 300, key=letter.isupper())

    @property
    def seen(self) -> str:
        return "".join(chr(message[0]) for message in self.socket.sent)


def test_a_viewer_starts_with_a_key_frame_and_that_is_no_drop() -> None:
    scene = Scene()
    scene.frames("abCde")
    assert scene.seen == "Cde"
    assert scene.viewer.drops == 0


def test_what_waits_is_sent_in_order_when_the_socket_takes_it() -> None:
    scene = Scene()
    scene.frames("A")
    scene.viewer.pause()
    scene.frames("bcd")
    assert scene.viewer.queued == 900
    scene.viewer.resume()
    scene.frames("e")
    assert scene.seen == "Abcde"
    assert scene.viewer.queued == 0


def test_a_slow_viewer_goes_on_at_the_next_key_frame() -> None:
    scene = Scene()
    scene.frames("A")
    scene.viewer.pause()
    scene.frames("bcdefg")
    assert scene.viewer.skipping
    scene.viewer.resume()
    scene.frames("hIj")
    assert scene.seen == "AIj"
    assert scene.viewer.drops == 7


def test_control_messages_survive_a_skip() -> None:
    scene = Scene()
    scene.frames("A")
    scene.viewer.pause()
    scene.viewer.control(b"!")
    scene.frames("bcde")
    scene.viewer.resume()
    assert scene.seen == "A!"


def test_the_first_burst_may_be_larger_than_the_queue_once() -> None:
    scene = Scene()
    scene.viewer.pause()
    scene.viewer.burst([b"A" * 3000, b"b" * 300])
    scene.frames("cde")
    assert scene.viewer.queued == 4200
    scene.frames("f")
    assert scene.viewer.queued == 0
    assert scene.viewer.skipping


def test_a_viewer_that_reads_nothing_is_closed_after_repeated_skips() -> None:
    scene = Scene()
    scene.frames("A")
    scene.viewer.pause()
    scene.frames("bcde")
    assert scene.closed == []
    scene.now = 1.0
    scene.frames("F")
    scene.now = 2.0
    scene.frames("G")
    assert scene.closed == [(Close.TOO_SLOW, "media.viewer-too-slow")]


def test_skips_long_ago_are_forgiven() -> None:
    scene = Scene()
    scene.frames("A")
    for _ in range(5):
        scene.viewer.pause()
        scene.frames("bcde")
        scene.viewer.resume()
        scene.frames("F")
        scene.now += 6.0
    assert scene.closed == []


def test_a_viewer_nobody_reads_is_closed_by_control_messages_alone() -> None:
    scene = Scene()
    scene.viewer.pause()
    for _ in range(12):
        scene.viewer.control(b"x" * 100)
    assert scene.closed == [(Close.TOO_SLOW, "media.viewer-too-slow")]


@given(st.lists(st.sampled_from(["key", "delta", "pause", "resume"]), max_size=80))
def test_whatever_happens_order_holds_and_memory_is_bounded(steps: list[str]) -> None:
    scene = Scene()
    for number, step in enumerate(steps):
        if step == "pause":
            scene.viewer.pause()
        elif step == "resume":
            scene.viewer.resume()
        else:
            head = (b"K" if step == "key" else b"d") + number.to_bytes(2, "big")
            scene.viewer.media(head.ljust(300, b"."), key=step == "key")
        assert scene.viewer.queued <= 1000
    scene.viewer.resume()
    numbers = [int.from_bytes(message[1:3], "big") for message in scene.socket.sent]
    assert numbers == sorted(numbers)
    assert not numbers or scene.socket.sent[0][:1] == b"K"
    media = [number for number, step in enumerate(steps) if step in {"key", "delta"}]
    for before, after in itertools.pairwise(numbers):
        if [n for n in media if before < n < after]:
            assert steps[after] == "key", "after a gap only a key frame helps"
