"""The least a camera's picture can cost: libx264 codes it, and nothing else is done.

The pictures are those of the simulator, drawn and written on beforehand; the encoder is the simulator's own.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from civicam.kernel.clock import BEIJING
from civicam.media.core.unit import Codec
from civicam.simulator.casting import cast
from civicam.simulator.description import load
from civicam.simulator.encoder import Encoder, quality_of
from civicam.simulator.options import Options
from civicam.simulator.osd import Osd
from civicam.simulator.picture import GOP, RATE, SUB, TICKS
from civicam.simulator.scene.mood import Mood
from civicam.simulator.scene.scene import Scene
from civicam.simulator.yuv import Bytes, planes


def coding_us(city: Path, channels: Sequence[str], seed: int, pictures: int = GOP) -> float:
    """Microseconds of processor time to code a picture, the mean over the scenes of ``channels``."""
    now = datetime.now(UTC).astimezone(BEIJING)
    moods = cast(load(city.read_text(encoding="utf-8")), Options(seed=seed), now.hour)
    shown = [moods[channel] for channel in channels]
    cost = {mood: _coded(mood, _drawn(mood, pictures)) for mood in set(shown)}
    return sum(cost[mood] for mood in shown) / len(shown)


def _drawn(mood: Mood, count: int) -> list[Bytes]:
    scene = Scene(mood, SUB.width, SUB.height)
    osd = Osd("样例", "34020000001310000001", SUB.width, SUB.height)
    begun = datetime.now(UTC)
    made = []
    for tick in range(count):
        picture = scene.draw(tick).copy()
        at = begun + timedelta(seconds=tick / RATE)
        osd.write(planes(picture), at, int(at.timestamp() * 1000), tick)
        made.append(picture)
    return made


def _coded(mood: Mood, pictures: Sequence[Bytes]) -> float:
    encoder = Encoder(Codec.H264, SUB, quality_of(mood))
    begun = time.thread_time()
    for index, picture in enumerate(pictures):
        encoder.encode(picture, index * TICKS, key=index == 0)
    spent = time.thread_time() - begun
    encoder.close()
    return 1e6 * spent / len(pictures)
