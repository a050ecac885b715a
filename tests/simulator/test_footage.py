"""Recordings in place of drawn scenes: paced, scaled, looped; and what a folder of them may contain."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from civicam.kernel.errors import Refused
from civicam.simulator.casting import recordings
from civicam.simulator.footage import Footage


def record(path: Path, *, fps: int, pictures: int, size: tuple[int, int] = (160, 96)) -> Path:
    """A file whose pictures get brighter, 10 steps of luma each."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=fps)
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        stream.options = {"preset": "ultrafast", "qp": "0"}
        for number in range(pictures):
            planes = np.full((size[1] * 3 // 2, size[0]), 128, np.uint8)
            planes[: size[1]] = 20 + 10 * number
            frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, fps)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def shown(footage: Footage, ticks: range) -> list[int]:
    """Which picture each tick shows."""
    return [round((int(footage.draw(tick)[:90].mean()) - 20) / 10) for tick in ticks]


def test_a_slow_file_repeats_pictures_and_begins_again(tmp_path: Path) -> None:
    footage = Footage(record(tmp_path / "a.mp4", fps=5, pictures=4), 160, 96)
    lap = [picture for picture in range(4) for _ in range(5)]
    assert shown(footage, range(1000, 1045)) == lap + lap + lap[:5]


def test_a_fast_file_leaves_pictures_out(tmp_path: Path) -> None:
    footage = Footage(record(tmp_path / "a.mkv", fps=50, pictures=8), 160, 96)
    assert shown(footage, range(6)) == [0, 2, 4, 6, 0, 2]


def test_ticks_that_were_left_out_leave_pictures_out(tmp_path: Path) -> None:
    footage = Footage(record(tmp_path / "a.mp4", fps=25, pictures=10), 160, 96)
    assert shown(footage, range(0, 40, 7)) == [0, 7, 4, 1, 8, 5]


@pytest.mark.parametrize("size", [(640, 360), (64, 48)])
def test_pictures_come_in_the_size_asked_for(tmp_path: Path, size: tuple[int, int]) -> None:
    footage = Footage(record(tmp_path / "a.mp4", fps=25, pictures=2), *size)
    picture = footage.draw(0)
    assert picture.shape == (size[1] * 3 // 2, size[0])
    assert abs(int(picture[0, 0]) - 20) <= 2


@pytest.mark.parametrize("content", [b"", b"not a film at all" * 100])
def test_a_file_that_is_no_film_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.mp4"
    path.write_bytes(content)
    with pytest.raises(Refused) as caught:
        Footage(path, 160, 96)
    assert (caught.value.code, caught.value.data["path"]) == ("simulator.bad-footage", str(path))


def test_a_file_with_sound_alone_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "sound.mkv"
    with av.open(str(path), "w", format="wav") as container:
        stream = container.add_stream("pcm_s16le", rate=8000)
        stream.layout = "mono"
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), format="s16", layout="mono")
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with pytest.raises(Refused, match="bad-footage"):
        Footage(path, 160, 96)


def test_a_folder_gives_its_films_by_name(tmp_path: Path) -> None:
    for name in ("b.MP4", "a.mkv", "notes.txt"):
        (tmp_path / name).write_bytes(b"x")
    assert [path.name for path in recordings(tmp_path)] == ["a.mkv", "b.MP4"]


@pytest.mark.parametrize("made", [True, False])
def test_a_folder_without_films_is_said(tmp_path: Path, made: bool) -> None:
    folder = tmp_path / "films"
    if made:
        folder.mkdir()
    with pytest.raises(Refused, match="no-footage"):
        recordings(folder)
