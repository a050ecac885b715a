"""Painters draw elsewhere what would be drawn here, and leave nothing behind."""

from __future__ import annotations

import io
import json
import os
import signal
from concurrent.futures import CancelledError, ThreadPoolExecutor

import numpy as np
import pytest

from civicam.simulator.painter import Painters, serve
from civicam.simulator.scene.mood import Mood
from civicam.simulator.scene.scene import ground
from civicam.simulator.scenes import SceneStore

MOOD = Mood(3, "plaza", "day", "clear")
SIZE = (160, 90)


def test_a_painter_draws_what_would_be_drawn_here() -> None:
    painters = Painters(1)
    try:
        assert painters.processes() == []  # started when first needed
        assert np.array_equal(painters.paint(MOOD, *SIZE), ground(MOOD, *SIZE))
        (pid,) = painters.processes()
        painters.paint(MOOD, *SIZE)
        assert painters.processes() == [pid]
    finally:
        painters.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    with pytest.raises(CancelledError):
        painters.paint(MOOD, *SIZE)


def test_a_painter_that_died_is_drawn_for_and_replaced() -> None:
    painters = Painters(1)
    try:
        painters.paint(MOOD, *SIZE)
        (pid,) = painters.processes()
        os.kill(pid, signal.SIGKILL)
        for _ in range(2):  # whether the death is noticed before or after the wish was written
            assert np.array_equal(painters.paint(MOOD, *SIZE), ground(MOOD, *SIZE))
        assert painters.processes() != [pid]
    finally:
        painters.close()


def test_a_painter_ends_with_its_wishes() -> None:
    wish = {"seed": 3, "place": "plaza", "light": "day", "weather": "clear", "width": 160, "height": 90}
    pictures = io.BytesIO()
    serve(io.BytesIO(json.dumps(wish).encode() + b"\n"), pictures)
    assert pictures.getvalue() == ground(MOOD, *SIZE).tobytes()


def test_two_who_want_one_scene_get_one_drawing() -> None:
    drawn = []

    def paint(mood: Mood, width: int, height: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
        drawn.append(mood)
        return ground(mood, width, height)

    store = SceneStore(paint=paint)
    with ThreadPoolExecutor(2) as pool:
        one, other = (future.result() for future in [pool.submit(store.get, MOOD, *SIZE) for _ in range(2)])
    assert one is other
    assert drawn == [MOOD]


def test_a_scene_that_could_not_be_drawn_is_tried_again() -> None:
    answers = [OSError("no memory"), None]

    def paint(mood: Mood, width: int, height: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
        answer = answers.pop(0)
        if answer is not None:
            raise answer
        return ground(mood, width, height)

    store = SceneStore(paint=paint)
    with pytest.raises(OSError, match="no memory"):
        store.get(MOOD, *SIZE)
    assert store.get(MOOD, *SIZE).width == SIZE[0]
