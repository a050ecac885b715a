"""Coordinates against numbers of other people's, and which system a list is in."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from civicam.fleet.crs import (
    Point,
    System,
    bd09_to_gcj02,
    calibrate,
    from_wgs84,
    gcj02_to_bd09,
    gcj02_to_wgs84,
    metres,
    to_wgs84,
    wgs84_to_gcj02,
)
from civicam.kernel.errors import Refused

CENTIMETRE = 0.01

CITIES: dict[str, tuple[Point, Point, Point]] = {
    "驻马店": ((114.0164322, 33.0133556), (114.022306, 33.0115324), (114.0287781, 33.0176697)),
    "那曲": ((92.0499619, 31.4784436), (92.0512438, 31.4762063), (92.0576832, 31.4824421)),
    "西昌": ((102.2658401, 27.8850446), (102.2673386, 27.8816151), (102.2738428, 27.8876621)),
    "辽阳": ((123.2312099, 41.2651725), (123.2369518, 41.2672464), (123.2433178, 41.2736074)),
    "汕尾": ((115.3702248, 22.7888255), (115.3751647, 22.7861903), (115.3817179, 22.7918527)),
    "铜陵": ((117.8059091, 30.9477988), (117.8112693, 30.9455211), (117.8177498, 30.9515411)),
    "锡林浩特": ((116.0414035, 43.9312805), (116.0482308, 43.9334573), (116.0546232, 43.9397782)),
    "酒泉": ((98.4937175, 39.7319946), (98.4943595, 39.7328234), (98.5008441, 39.7388949)),
    "泉州": ((118.6711365, 24.8770487), (118.6756787, 24.8741363), (118.6821251, 24.8804872)),
    "泰州": ((119.9183831, 32.4580023), (119.9231242, 32.4557802), (119.9296902, 32.4615531)),
}
"""WGS-84, GCJ-02, BD-09 of city centres: numbers of hujiulong/gcoord, test/fixtures/china-cities.json, with
seven decimals, as map services gave them."""

GCJ: list[tuple[Point, Point]] = [
    # wandergis/coordtransform, test/app.js, the same in dromara/hutool, CoordinateUtilTest.java
    ((116.404, 39.915), (116.41024449916938, 39.91640428150164)),
    # googollee/eviltransform, go/transform_test.go: Shanghai, Shenzhen, Beijing
    ((121.5272106, 31.1774276), (121.531541859215, 31.17530398364597)),
    ((113.912316, 22.543847), (113.9171764808363, 22.540796131694766)),
    ((116.377817, 39.911954), (116.38404722455657, 39.91334545536069)),
    # geotool (Rust), tests of its transform command
    ((121.0917077, 30.6107779), (121.09626935575027, 30.608604331756705)),
]
"""WGS-84 and GCJ-02 in full."""
BAIDU: list[tuple[Point, Point]] = [
    ((116.404, 39.915), (116.41036949371029, 39.92133699351021)),  # coordtransform, hutool
    ((121.09626935575027, 30.608604331756705), (121.10271732371203, 30.61484572185035)),  # geotool
    *((gcj, bd) for _, gcj, bd in CITIES.values()),
]
"""GCJ-02 and BD-09."""
BOTH: list[tuple[Point, Point]] = [
    ((116.404, 39.915), (116.41662724378733, 39.922699552216216)),  # hutool, wgs84toBd09Test
    ((122.99395597, 44.99804071), (123.00636516028885, 45.0063690918959)),
    ((121.0917077, 30.6107779), (121.10271732371203, 30.61484572185035)),  # geotool
]
"""WGS-84 and BD-09 in full."""

CHINA = st.tuples(st.floats(74, 134), st.floats(19, 53))
METRE = 1 / 111_195


@pytest.mark.parametrize(("wgs", "gcj"), GCJ)
def test_gcj02_within_a_centimetre_both_ways(wgs: Point, gcj: Point) -> None:
    assert metres(wgs84_to_gcj02(wgs), gcj) < CENTIMETRE
    assert metres(gcj02_to_wgs84(gcj), wgs) < CENTIMETRE


@pytest.mark.parametrize(("gcj", "bd"), BAIDU)
def test_bd09_within_a_centimetre_both_ways(gcj: Point, bd: Point) -> None:
    assert metres(gcj02_to_bd09(gcj), bd) < CENTIMETRE
    assert metres(bd09_to_gcj02(bd), gcj) < CENTIMETRE


@pytest.mark.parametrize(("wgs", "bd"), BOTH)
def test_both_bends_within_a_centimetre_both_ways(wgs: Point, bd: Point) -> None:
    assert metres(from_wgs84(wgs, System.BD09), bd) < CENTIMETRE
    assert metres(to_wgs84(bd, System.BD09), wgs) < CENTIMETRE


@pytest.mark.parametrize("name", CITIES)
def test_what_map_services_say_lies_within_a_metre(name: str) -> None:
    """0.67 m in all of them: what the public formula leaves of the services' own, nothing to a camera."""
    wgs, gcj, _ = CITIES[name]
    assert metres(wgs84_to_gcj02(wgs), gcj) < 1
    assert metres(gcj02_to_wgs84(gcj), wgs) < 1


@given(CHINA, st.sampled_from(System))
def test_there_and_back(point: Point, system: System) -> None:
    assert metres(to_wgs84(from_wgs84(point, system), system), point) < 1e-4
    assert metres(from_wgs84(to_wgs84(point, system), system), point) < 1e-4


@given(CHINA)
def test_the_bend_is_some_hundred_metres(point: Point) -> None:
    assert 40 < metres(wgs84_to_gcj02(point), point) < 1500


@pytest.mark.parametrize("point", [(2.35, 48.85), (183.0, 45.0), (-74.0, 40.7), (0.0, 0.0)])
def test_abroad_nothing_is_bent(point: Point) -> None:
    for system in System:
        assert from_wgs84(point, system) == point
        assert to_wgs84(point, system) == point


def test_metres_on_a_known_line() -> None:
    assert metres((118.0, 31.0), (118.0, 32.0)) == pytest.approx(111_195, abs=5)
    assert metres((118.0, 31.0), (118.0, 31.0)) == 0


# -- calibration ------------------------------------------------------------------------------------

SITES: list[Point] = [(118.41, 31.33), (118.43, 31.35), (118.46, 31.34)]


@pytest.mark.parametrize("system", [System.WGS84, System.GCJ02, System.BD09])
@pytest.mark.parametrize("swapped", [False, True])
def test_three_sites_tell_the_system(system: System, swapped: bool) -> None:
    """The numbers are five metres off, as a survey from a map is."""
    known = []
    for index, truth in enumerate(SITES):
        lon, lat = from_wgs84(
            (truth[0] + 5 * METRE * math.cos(index), truth[1] + 5 * METRE * math.sin(index)), system
        )
        known.append(((lat, lon) if swapped else (lon, lat), truth))
    found = calibrate(known)
    assert found.decided
    assert (found.best.system, found.best.swapped) == (system, swapped)
    assert all(4 < each < 6 for each in found.best.residuals)
    assert len(found.fits) == 6
    assert found.fits[1].worst > 100


def test_a_list_that_fits_nothing_is_not_decided() -> None:
    known = [((lon + 0.02 * index, lat), (lon, lat)) for index, (lon, lat) in enumerate(SITES)]
    assert not calibrate(known).decided


def test_abroad_all_systems_fit_and_none_is_chosen() -> None:
    paris: list[Point] = [(2.35, 48.85), (2.36, 48.86), (2.37, 48.84)]
    assert not calibrate([(each, each) for each in paris]).decided


@pytest.mark.parametrize("known", [SITES[:2], [SITES[0]] * 3, []])
def test_two_sites_are_too_few(known: list[Point]) -> None:
    with pytest.raises(Refused) as caught:
        calibrate([(each, each) for each in known])
    assert caught.value.code == "fleet.calibrate-few"
