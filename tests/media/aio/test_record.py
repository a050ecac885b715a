"""Recording never tears a file and never stops ingest."""

from __future__ import annotations

import errno
import io
import resource
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import av
import pytest

from civicam.media.aio.record import Buffers, FileWriter, NullWriter, RecordSink
from civicam.media.core.codecs import read_parameters
from civicam.media.core.unit import Codec, Frame


def frames(clip: Sequence[Any]) -> list[Frame]:
    return [
        Frame(Codec.H264, 3600 * n, 3600 * n, picture.key, picture.data, n / 25)
        for n, picture in enumerate(clip)
    ]


def feed(sink: RecordSink, pictures: Sequence[Frame]) -> None:
    parameters = read_parameters(Codec.H264, pictures[0].data)
    for frame in pictures:
        sink.frame(frame, parameters)


def test_a_file_holds_every_picture(tmp_path: Path, clip: Any) -> None:
    states: list[str | None] = []
    sink = RecordSink(FileWriter(tmp_path / "a.mp4"), states.append)
    feed(sink, frames(clip))
    sink.close()
    with av.open(str(tmp_path / "a.mp4"), "r") as container:
        assert len(list(container.decode(video=0))) == len(clip)
    assert states == []


def test_a_fragment_is_a_group_or_two_seconds(clip: Any) -> None:
    writes: list[int] = []

    class Counting(NullWriter):
        def write(self, buffers: Buffers) -> None:
            super().write(buffers)
            writes.append(self.bytes)

    endless = [frames(clip)[0], *(f for f in frames(clip) if not f.key)]
    sink = RecordSink(Counting(), lambda _state: None, most_s=1.0)
    feed(sink, endless)
    sink.close()
    assert len(writes) == 4


def test_a_full_disk_is_said_once_and_forgotten_when_there_is_room(clip: Any) -> None:
    states: list[str | None] = []

    class Full(NullWriter):
        left = 1

        def write(self, buffers: Buffers) -> None:
            if self.left:
                self.left -= 1
                raise OSError(errno.ENOSPC, "full")
            super().write(buffers)

    full = Full()
    sink = RecordSink(full, states.append)
    feed(sink, frames(clip))
    sink.close()
    assert states == ["media.disk-full", None]
    assert sink.lost_fragments == 1
    assert full.bytes > 0, "the init segment came with the first fragment that fitted"


def test_another_fault_of_the_disk_has_another_code(clip: Any) -> None:
    states: list[str | None] = []

    class Broken(NullWriter):
        def write(self, buffers: Buffers) -> None:
            raise OSError(errno.EIO, "broken")

    sink = RecordSink(Broken(), states.append)
    feed(sink, frames(clip))
    assert states == ["media.disk-failed"]


def test_a_fragment_that_does_not_fit_is_cut_off_again(tmp_path: Path, clip: Any) -> None:
    path = tmp_path / "a.mp4"
    sink = RecordSink(FileWriter(path), lambda _state: None)
    pictures = frames(clip)
    feed(sink, pictures[:51])  # one group is written, the second has begun
    size = path.stat().st_size
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 1000, hard))
    try:
        feed(sink, pictures[51:])
        sink.close()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert sink.lost_fragments == 1
    assert path.stat().st_size == size
    with av.open(io.BytesIO(path.read_bytes()), "r") as container:
        assert len(list(container.decode(video=0))) == 50


def test_many_buffers_are_more_than_the_kernel_takes_at_once(tmp_path: Path) -> None:
    writer = FileWriter(tmp_path / "many")
    writer.write([b"ab"] * 3000)
    writer.close()
    assert (tmp_path / "many").stat().st_size == 6000


@pytest.mark.parametrize("buffers", [[b""], [b"a", memoryview(b"bc")]])
def test_nothing_is_counted_twice(buffers: Buffers) -> None:
    writer = NullWriter()
    writer.write(buffers)
    writer.close()
    assert writer.bytes == sum(map(len, buffers))
