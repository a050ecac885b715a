"""Scenes and what is written into them: same seed, same picture; things move; nothing leaves the picture."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from civicam.simulator import strip
from civicam.simulator.casting import cast, light_of_hour
from civicam.simulator.description import City
from civicam.simulator.options import Options
from civicam.simulator.osd import Osd
from civicam.simulator.scene.mood import Light, Mood, Place, Weather
from civicam.simulator.scene.scene import Scene, ground
from civicam.simulator.scene.sprites import CAR, Look
from civicam.simulator.scene.traffic import PERIOD_S, Vehicle, vehicle_z
from civicam.simulator.scenes import SceneStore
from civicam.simulator.sound import frame, street, to_alaw
from civicam.simulator.yuv import Bytes, from_rgb, lay, overlay, planes

SIZE = (320, 180)


@pytest.mark.parametrize(
    ("place", "light", "weather"),
    [
        ("road", "day", "clear"),
        ("checkpoint", "night", "rain"),
        ("highpoint", "dusk", "fog"),
        ("plaza", "day", "snow"),
    ],
)
def test_a_scene_moves_and_repeats(place: Place, light: Light, weather: Weather) -> None:
    mood = Mood(7, place, light, weather)
    scene = Scene(mood, *SIZE)
    first, second = scene.draw(100).copy(), scene.draw(130).copy()
    assert first.shape == (270, 320)
    assert first.std() > 8
    assert (first != second).any()
    again = Scene(mood, *SIZE).draw(100)
    assert (again == first).all()
    if weather in ("clear", "fog"):
        assert (scene.draw(100 + int(PERIOD_S * 25)) == first).all()


def test_night_is_darker_than_day() -> None:
    day, night = (Scene(Mood(7, "road", light, "clear"), *SIZE).draw(0) for light in ("day", "night"))
    assert planes(night).y.mean() < 0.6 * planes(day).y.mean()


def test_vehicles_away_recede_and_others_approach() -> None:
    away = Vehicle(Look(CAR, (0, 0, 0), away=True), 2.0, 10.0, 3.0)
    near = Vehicle(Look(CAR, (0, 0, 0), away=False), -2.0, 10.0, 3.0)
    assert vehicle_z(away, 21.0, 3.0) == vehicle_z(near, 21.0, 3.0) == 21.0
    assert vehicle_z(away, 21.0, 4.0) == pytest.approx(31.0)
    assert vehicle_z(near, 21.0, 4.0) == pytest.approx(11.0)


@pytest.mark.parametrize("corner", [(-50, -50), (-7, 3), (311, 177), (400, 20), (10, -9), (11, 13)])
def test_a_piece_that_sticks_out_is_cut(corner: tuple[int, int]) -> None:
    ground = from_rgb(np.zeros((180, 320, 3), np.uint8))
    before = ground.copy()
    white = overlay(np.full((20, 30, 3), 255, np.float32), np.full((20, 30), 255, np.float32))
    lay(planes(ground), white, *corner)
    mask = np.zeros((180, 320), bool)
    left, top = corner
    mask[max(top, 0) : max(top + 20, 0), max(left, 0) : max(left + 30, 0)] = True
    assert (planes(ground).y[~mask] == planes(before).y[~mask]).all()
    if mask.sum() > 60:
        assert (planes(ground).y[mask] > 200).all()


@pytest.mark.parametrize("name", ["星湖路梧桐街路口 球机01", "Gate 1"])
def test_the_writing_changes_only_where_it_stands(name: str) -> None:
    osd = Osd(name, "34020200001310000001", 640, 360)
    first = from_rgb(np.full((360, 640, 3), 90, np.uint8))
    second = first.copy()
    moment = datetime(2026, 3, 2, 1, 15, 31, 482_000, UTC)
    osd.write(planes(first), moment, 5_000, 41)
    osd.write(planes(second), moment, 5_040, 42)
    changed = np.argwhere(planes(first).y != planes(second).y)
    assert len(changed)
    assert {int(row) // 180 for row, _ in changed} == {0, 1}  # the counter above, the strip below
    assert strip.read(planes(second).y) == (5_040, 42)
    assert (planes(first).y[60:300] == planes(first).y[60, 0]).all()


def test_neighbours_show_different_scenes(city: City) -> None:
    moods = cast(city, Options(), 12)
    row = [moods[channel.gb_id] for channel in city.channels[:9]]
    assert len(set(row)) >= 8
    assert len(set(moods.values())) <= 20
    night = cast(city, Options(light="clock", weather="fog"), 2)
    assert {(mood.light, mood.weather) for mood in night.values()} == {("night", "fog")}
    assert {mood.light for mood in cast(city, Options(light="day"), 2).values()} == {"day"}


@pytest.mark.parametrize(
    ("hour", "light"), [(3, "night"), (6, "dusk"), (12, "day"), (18, "dusk"), (22, "night")]
)
def test_the_clock_makes_the_light(hour: int, light: Light) -> None:
    assert light_of_hour(hour) == light


def test_scenes_are_shared_and_the_oldest_forgotten() -> None:
    painted: list[int] = []

    def paint(mood: Mood, width: int, height: int) -> Bytes:
        painted.append(mood.seed)
        return ground(mood, width, height)

    one, two = Mood(1, "plaza", "day", "clear"), Mood(2, "plaza", "day", "clear")
    store = SceneStore(kept=0, paint=paint)
    first = store.get(one, *SIZE)
    assert store.get(one, *SIZE) is first
    store.get(two, *SIZE)
    assert store.get(one, *SIZE) is first, "somebody shows it"
    del first
    store.get(one, *SIZE)
    assert painted == [1, 2, 1]


def test_a_large_scene_weighs_as_much_as_its_pixels() -> None:
    blank = np.zeros((1080 * 3 // 2, 1920), np.uint8)
    painted: list[tuple[int, int]] = []

    def paint(mood: Mood, width: int, height: int) -> Bytes:
        painted.append((mood.seed, width))
        return blank[: height * 3 // 2, :width].copy()

    store = SceneStore(kept=10, paint=paint)
    for mood in (Mood(1, "plaza", "day", "clear"), Mood(2, "plaza", "day", "clear")):
        store.get(mood, 1920, 1080)
    store.get(Mood(1, "plaza", "day", "clear"), 1920, 1080)
    assert painted == [(1, 1920), (2, 1920), (1, 1920)]


def test_writing_is_taken_off_without_a_trace() -> None:
    rng = np.random.default_rng(3)
    before = rng.integers(0, 256, (540, 640), dtype=np.uint8)
    picture = before.copy()
    parts = planes(picture)
    osd = Osd("人民路与解放路口", "34020200001310000001", 640, 360)
    under = osd.under(parts)
    osd.write(parts, datetime(2026, 5, 4, 3, 2, 1, 40_000, tzinfo=UTC), 5_000, 41)
    assert (picture != before).sum() > 5_000
    osd.lift(parts, under)
    assert (picture == before).all()


def test_what_is_where_is_kept_and_is_what_would_be_worked_out() -> None:
    scene = Scene(Mood(7, "road", "day", "clear"), *SIZE)
    kept = [scene.draw(tick).copy() for tick in range(40, 44)]
    again = [scene.draw(tick + 900).copy() for tick in range(40, 44)]
    fresh = Scene(Mood(7, "road", "day", "clear"), *SIZE)
    worked_out = [fresh.draw(2 * tick, 50.0).copy() for tick in range(40, 44)]
    for one, two, three in zip(kept, again, worked_out, strict=True):
        assert (one == two).all()
        assert (one == three).mean() > 0.99  # figures move by ticks


def test_a_law_follows_g711() -> None:
    # ITU-T G.711: silence is 0xD5, full scale 0xAA and 0x2A, one step around zero 0x55.
    assert to_alaw(np.array([0, 32_767, -32_768, -1], np.int16)) == bytes((0xD5, 0xAA, 0x2A, 0x55))


def test_the_sound_loops_without_a_gap() -> None:
    size = len(frame(0, 25))
    assert size == 320
    assert b"".join(frame(index, 25) for index in range(len(street()) // size)) == street()
    assert frame(len(street()) // size, 25) == frame(0, 25)
