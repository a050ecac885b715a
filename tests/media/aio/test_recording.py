"""A recording that cannot be whole leaves no file, and a name never stands for half of one."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

import av
import pytest

from civicam.bench.media_clip import encode
from civicam.kernel.errors import CivicamError
from civicam.media.aio.record import Buffers, FileWriter
from civicam.media.aio.recording import Recording
from civicam.media.core.codecs import VideoParameters, read_parameters
from civicam.media.core.unit import Codec, Frame
from civicam.media.engine import RecordingEnded

Run = Callable[[Coroutine[Any, Any, None]], None]
LATER = 90_000 * 3600


class Desk:
    """Keeps a recording and waits for its end."""

    def __init__(self, path: Path) -> None:
        self.ended: list[RecordingEnded] = []
        self.settled: asyncio.Future[None] | None = None
        self.recording = Recording("S", path, self._over, self.ended.append)

    def _over(self, _recording: Recording, settled: asyncio.Future[None]) -> None:
        self.settled = settled

    async def end(self) -> RecordingEnded:
        """Finish it, if it is not over; how it ended."""
        self.recording.close()
        assert self.settled is not None
        await self.settled
        (event,) = self.ended
        return event

    def feed(self, frames: Sequence[Frame]) -> None:
        """Frames with the parameters in force."""
        parameters: VideoParameters | None = None
        for frame in frames:
            if frame.key and frame.codec.is_video:
                parameters = read_parameters(frame.codec, frame.data)
            self.recording.frame(frame, parameters)


def film(clip: Sequence[Any], start: int = LATER) -> list[Frame]:
    """The clip as frames of a stream that has run for an hour."""
    stamps = [start + 3600 * number for number in range(len(clip))]
    return [
        Frame(Codec.H264, at, at, picture.key, picture.data, at / 90000)
        for at, picture in zip(stamps, clip, strict=True)
    ]


def sound(at: int) -> Frame:
    """40 ms of silence."""
    return Frame(Codec.PCMA, at, at, True, b"\xd5" * 320, at / 90000)


def decoded(path: Path) -> list[float]:
    """When each picture of a file is shown, in seconds."""
    with av.open(str(path), "r") as container:
        return [float(frame.time or 0.0) for frame in container.decode(video=0)]


def test_a_file_begins_with_the_first_key_frame_at_zero(run: Run, tmp_path: Path, clip: Any) -> None:
    async def scene() -> None:
        desk = Desk(tmp_path / "a.mp4")
        desk.feed([sound(LATER), *film(clip)[7:]])
        event = await desk.end()
        assert (event.code, event.media_s, event.sound) == ("media.recorded", 2.0, False)
        desk.feed(film(clip))
        desk.recording.close()
        assert len(desk.ended) == 1, "what comes after the end is nobody's"

    run(scene())
    assert decoded(tmp_path / "a.mp4") == pytest.approx([number / 25 for number in range(50)])


@pytest.mark.parametrize(
    ("number", "code"), [(errno.ENOSPC, "media.disk-full"), (errno.EIO, "media.disk-failed")]
)
def test_a_disk_that_fails_in_the_middle_ends_it_and_leaves_nothing(
    run: Run, tmp_path: Path, clip: Any, monkeypatch: pytest.MonkeyPatch, number: int, code: str
) -> None:
    written: list[int] = []
    write = FileWriter.write

    def failing(self: FileWriter, buffers: Buffers) -> None:
        written.append(len(buffers))
        if len(written) > 1:
            raise OSError(number, "as ordered")
        write(self, buffers)

    async def scene() -> None:
        monkeypatch.setattr(FileWriter, "write", failing)
        desk = Desk(tmp_path / "a.mp4")
        desk.feed([*film(clip), *film(clip, LATER + 3600 * len(clip))])
        assert desk.settled is not None, "over before anybody asked"
        event = await desk.end()
        assert (event.code, event.bytes, event.sha256, event.media_s) == (code, 0, "", 0.0)
        assert len(written) == 2

    run(scene())
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_vanished_is_a_disk_that_failed(run: Run, tmp_path: Path, clip: Any) -> None:
    async def scene() -> None:
        folder = tmp_path / "away"
        folder.mkdir()
        desk = Desk(folder / "a.mp4")
        desk.feed(film(clip))
        (folder / "a.mp4.part").unlink()
        folder.rmdir()
        assert (await desk.end()).code == "media.disk-failed"

    run(scene())


def test_nothing_is_written_over(run: Run, tmp_path: Path) -> None:
    async def scene() -> None:
        taken = tmp_path / "a.mp4"
        taken.write_bytes(b"evidence")
        with pytest.raises(CivicamError) as caught:
            Desk(taken)
        assert caught.value.code == "media.record-exists"
        assert taken.read_bytes() == b"evidence"

    run(scene())


def test_sound_that_starts_late_is_left_out_and_said(run: Run, tmp_path: Path, clip: Any) -> None:
    async def scene() -> None:
        desk = Desk(tmp_path / "a.mp4")
        frames = film(clip)
        desk.feed([*frames[:60], sound(frames[60].dts), *frames[60:]])
        assert desk.recording.stats().media_s == 2.0
        event = await desk.end()
        assert (event.code, event.sound) == ("media.recorded", False)
        assert desk.recording.stats().warnings == ("media.sound-late",)

    run(scene())
    assert len(decoded(tmp_path / "a.mp4")) == 100


def test_another_picture_size_goes_on_in_the_same_file(run: Run, tmp_path: Path, clip: Any) -> None:
    async def scene() -> None:
        desk = Desk(tmp_path / "a.mp4")
        desk.feed([*film(clip), *film(encode(1, 640, 480), LATER + 3600 * len(clip))])
        assert (await desk.end()).media_s == pytest.approx(5.0)
        assert desk.recording.stats().warnings == ("media.parameters-changed",)

    run(scene())
    assert len(decoded(tmp_path / "a.mp4")) == len(clip) + 25


def test_another_codec_ends_the_file_whole(run: Run, tmp_path: Path, clip: Any) -> None:
    async def scene() -> None:
        desk = Desk(tmp_path / "a.mp4")
        desk.feed(film(clip))
        other = desk.recording.stats()
        parameters = read_parameters(Codec.H264, clip[0].data)
        assert parameters is not None
        at = LATER + 3600 * len(clip)
        changed = VideoParameters(Codec.H265, 320, 240, "hvc1", (), parameters.sps, parameters.pps)
        desk.recording.frame(Frame(Codec.H265, at, at, True, clip[0].data, 0.0), changed)
        event = await desk.end()
        assert event.code == "media.recorded"
        assert event.media_s > other.media_s

    run(scene())
    assert len(decoded(tmp_path / "a.mp4")) == len(clip)
