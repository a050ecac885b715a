"""Which statement counts, and which look wrong."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from civicam.fleet.crs import Point, System, from_wgs84, metres
from civicam.fleet.placing import (
    Doubt,
    Outline,
    Source,
    Stated,
    Statement,
    chosen,
    derive,
    propose,
    suspicious,
)

HERE: Point = (118.43, 31.35)
CITY = Outline(HERE, 20_000)


def says(source: Source, point: Point, system: System = System.WGS84) -> Statement:
    return Statement(source, (repr(point[0]), repr(point[1])), system)


def doubts(*statements: Statement, near: tuple[Point, ...] = (), outline: Outline = CITY) -> list[Doubt]:
    return [each.doubt for each in suspicious([Stated("site", "S1", statements, near)], outline)]


# -- which one counts -------------------------------------------------------------------------------


@given(st.permutations(list(Source)))
def test_a_survey_stays_whatever_comes_in_whatever_order(order: list[Source]) -> None:
    survey = replace(says(Source.SURVEY, HERE), surveyed_on=date(2026, 5, 1))
    others = {source: says(source, (118.5, 31.4)) for source in Source} | {Source.SURVEY: survey}
    found = chosen(others[source] for source in order)
    assert found == (survey, HERE)


def test_a_survey_without_a_place_does_not_count() -> None:
    catalogue = says(Source.CATALOGUE, HERE)
    assert chosen([Statement(Source.SURVEY, ("0", "0")), catalogue]) == (catalogue, HERE)
    assert chosen([Statement(Source.SURVEY, ("-1", "-1"))]) is None
    assert chosen([]) is None


@given(st.sampled_from(System))
def test_the_place_is_derived_and_the_raw_numbers_stay(system: System) -> None:
    statement = says(Source.IMPORT, from_wgs84(HERE, system), system)
    found = chosen([statement])
    assert found is not None
    assert found[0].raw == statement.raw
    assert metres(found[1], HERE) < 0.001


@pytest.mark.parametrize(
    "raw",
    [
        *(("0", "0"), ("0.0", "31.3"), ("-1", "-1"), ("118.4", "-1"), ("181", "31"), ("118", "90.1")),
        *(("", ""), ("abc", "1"), ("nan", "31"), ("inf", "31")),
    ],
)
def test_what_is_no_place(raw: tuple[str, str]) -> None:
    assert derive(raw, System.WGS84) is None


# -- suspicion --------------------------------------------------------------------------------------


def test_a_good_point_raises_no_doubt() -> None:
    assert doubts(says(Source.IMPORT, HERE)) == []
    assert doubts(says(Source.SURVEY, HERE), says(Source.CATALOGUE, (118.4301, 31.3501))) == []


@pytest.mark.parametrize(
    ("raw", "doubt"),
    [
        (("0", "0"), Doubt.BLANK),
        (("-1", "-1"), Doubt.BLANK),
        (("118.4", "0"), Doubt.BLANK),
        (("", ""), Doubt.UNREADABLE),
        (("东经118", "31"), Doubt.UNREADABLE),
        (("31.35", "118.43"), Doubt.SWAPPED),
        (("121.47", "31.23"), Doubt.OUTSIDE),
        (("31.23", "21.47"), Doubt.OUTSIDE),
    ],
)
def test_bad_numbers(raw: tuple[str, str], doubt: Doubt) -> None:
    assert doubts(Statement(Source.IMPORT, raw)) == [doubt]


@pytest.mark.parametrize(
    ("system", "doubt"), [(System.GCJ02, Doubt.GCJ_SHIFT), (System.BD09, Doubt.BD_SHIFT)]
)
def test_a_point_off_by_a_bend(system: System, doubt: Doubt) -> None:
    """The device tells GCJ-02 and calls it WGS-84; or the list was GCJ-02 and the device is right."""
    survey, device = says(Source.SURVEY, HERE), says(Source.CATALOGUE, from_wgs84(HERE, system))
    assert doubts(survey, device) == [doubt]
    bent, right = says(Source.IMPORT, from_wgs84(HERE, system)), says(Source.CATALOGUE, HERE)
    assert doubts(bent, right) == [doubt]
    assert doubts(device, near=(HERE,)) == [doubt]


def test_a_point_somewhere_else_in_the_city_is_no_bend() -> None:
    assert doubts(says(Source.SURVEY, HERE), says(Source.CATALOGUE, (118.47, 31.35))) == []


def test_a_point_that_many_sites_share() -> None:
    def sites(count: int) -> list[Stated]:
        return [Stated("site", f"S{n}", (says(Source.IMPORT, HERE),)) for n in range(count)]

    assert suspicious(sites(3), CITY) == []
    found = suspicious(sites(4), CITY)
    assert {each.subject for each in found} == {"S0", "S1", "S2", "S3"}
    assert {each.doubt for each in found} == {Doubt.SHARED}
    channels = [replace(each, kind="channel") for each in sites(9)]
    assert suspicious(channels, CITY) == [], "channels of one pole share its point"


def test_an_outline_with_a_bay() -> None:
    ring: tuple[Point, ...] = ((0, 0), (4, 0), (4, 4), (2, 1), (0, 4))
    outline = Outline((2, 2), 0, ring)
    assert outline.holds((0.5, 2))
    assert outline.holds((3.5, 2))
    assert not outline.holds((2, 2))
    assert not outline.holds((5, 1))
    assert outline.holds((2, 0.5))


@given(st.floats(117, 120), st.floats(30, 33))
def test_a_square_ring_is_a_box(lon: float, lat: float) -> None:
    west, south, east, north = 118.0, 31.0, 119.0, 32.0
    ring = ((west, south), (east, south), (east, north), (west, north))
    if min(abs(lon - west), abs(lon - east), abs(lat - south), abs(lat - north)) < 1e-9:
        return
    inside = west < lon < east and south < lat < north
    assert Outline(HERE, 0, ring).holds((lon, lat)) == inside


def test_a_proposal_is_made_when_channels_agree() -> None:
    assert propose([(118.43, 31.35), (118.4301, 31.3501)]) == pytest.approx((118.43005, 31.35005))
    assert propose([(118.43, 31.35), (118.53, 31.35)]) is None
    assert propose([]) is None
