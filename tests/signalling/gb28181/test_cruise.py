"""Cruise tracks, both ways."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.signalling.gb28181.bodies import (
    CAM,
    WILD_SUMS,
    check_both_ways,
    check_round_trip,
    ids,
    read,
    reasons,
    sns,
    texts,
)

from civicam.kernel.errors import Refused
from civicam.signalling.gb28181.manscdp import Message
from civicam.signalling.gb28181.manscdp.cruise import (
    MAX_POINTS,
    MAX_TRACKS,
    CruisePoint,
    CruiseTrack,
    CruiseTrackListQuery,
    CruiseTrackListResponse,
    CruiseTrackQuery,
    CruiseTrackResponse,
)

CASES: list[tuple[Message, str]] = [
    (CruiseTrackListQuery(6, CAM), ""),
    (
        CruiseTrackListResponse(6, CAM, 0),
        '<SumNum>0</SumNum>\r\n<CruiseTrackList Num="0">\r\n</CruiseTrackList>\r\n',
    ),
    (
        CruiseTrackListResponse(6, CAM, 2, (CruiseTrack(0, "夜巡"), CruiseTrack(1))),
        '<SumNum>2</SumNum>\r\n<CruiseTrackList Num="2">\r\n'
        "<CruiseTrack><Number>0</Number><Name>夜巡</Name></CruiseTrack>\r\n"
        "<CruiseTrack><Number>1</Number></CruiseTrack>\r\n</CruiseTrackList>\r\n",
    ),
    (CruiseTrackListResponse(6, CAM, None, ok=False), "<Result>ERROR</Result>\r\n"),
    (CruiseTrackQuery(6, CAM, 0), "<Number>0</Number>\r\n"),
    (
        CruiseTrackResponse(6, CAM, 0, "夜巡", (CruisePoint(1, 10, 5), CruisePoint(2), CruisePoint(1)), 3),
        "<Number>0</Number>\r\n<Name>夜巡</Name>\r\n<SumNum>3</SumNum>\r\n"
        '<CruisePointList Num="3">\r\n'
        "<CruisePoint><PresetIndex>1</PresetIndex><StayTime>10</StayTime><Speed>5</Speed></CruisePoint>\r\n"
        "<CruisePoint><PresetIndex>2</PresetIndex></CruisePoint>\r\n"
        "<CruisePoint><PresetIndex>1</PresetIndex></CruisePoint>\r\n</CruisePointList>\r\n",
    ),
    (
        CruiseTrackResponse(6, CAM, 7, ok=False, reason="no track"),
        "<Number>7</Number>\r\n<Result>ERROR</Result>\r\n<Reason>no track</Reason>\r\n",
    ),
]
NUMBERS = st.integers(0, 255)
POINTS = st.builds(CruisePoint, NUMBERS, st.none() | st.integers(0, 86_400), st.none() | NUMBERS)


@pytest.mark.parametrize(("command", "content"), CASES)
def test_both_ways(command: Message, content: str) -> None:
    check_both_ways(command, content)


@given(
    st.builds(
        CruiseTrackListResponse,
        sns,
        ids,
        st.integers(0, 1000),
        st.lists(st.builds(CruiseTrack, NUMBERS, texts), max_size=5).map(tuple),
    )
    | st.builds(
        CruiseTrackResponse,
        sns,
        ids,
        NUMBERS,
        texts,
        st.lists(POINTS, max_size=5).map(tuple),
        st.integers(0, 1000),
    )
    | st.builds(CruiseTrackResponse, sns, ids, NUMBERS, ok=st.just(False), reason=reasons)
    | st.builds(CruiseTrackQuery, sns, ids, NUMBERS)
)
def test_round_trip(command: Message) -> None:
    check_round_trip(command)


def test_the_short_name_of_some_firmwares() -> None:
    assert read(CruiseTrackListQuery, "", "CruiseTrackList") == CruiseTrackListQuery(17, CAM)
    found = read(
        CruiseTrackListResponse,
        "<CruiseTrackList><Item><Number>0</Number></Item></CruiseTrackList>",
        "CruiseTrackList",
    )
    assert found.items == (CruiseTrack(0),)


def test_bad_tracks_and_points_are_counted() -> None:
    tracks = read(
        CruiseTrackListResponse,
        "<CruiseTrackList><CruiseTrack><Number>x</Number></CruiseTrack><CruiseTrack/>"
        "<CruiseTrack><Number>3</Number></CruiseTrack></CruiseTrackList>",
    )
    assert (tracks.items, tracks.rejected, tracks.sum_num) == ((CruiseTrack(3),), 2, 3)
    points = read(
        CruiseTrackResponse,
        "<Number>1</Number><CruisePointList><CruisePoint><PresetIndex>256</PresetIndex></CruisePoint>"
        "<CruisePoint><PresetIndex>9</PresetIndex><Speed>NaN</Speed><StayTime>-4</StayTime></CruisePoint>"
        "</CruisePointList>",
    )
    assert (points.points, points.rejected, points.sum_num) == ((CruisePoint(9),), 1, 2)


def test_a_refusal_needs_no_number() -> None:
    assert read(CruiseTrackResponse, "<Result>ERROR</Result>") == CruiseTrackResponse(17, CAM, 0, ok=False)


@pytest.mark.parametrize("kind", [CruiseTrackQuery, CruiseTrackResponse])
@pytest.mark.parametrize("number", ["", "<Number/>", "<Number>-1</Number>", "<Number>256</Number>"])
def test_a_track_has_a_number(kind: type[Message], number: str) -> None:
    with pytest.raises(Refused) as caught:
        read(kind, number)
    assert caught.value.code == "signalling.bad-field"


@pytest.mark.parametrize("total", WILD_SUMS)
@pytest.mark.parametrize("kind", [CruiseTrackListResponse, CruiseTrackResponse])
def test_absurd_totals_are_refused(kind: type[Message], total: str) -> None:
    with pytest.raises(Refused):
        read(kind, f"<Number>1</Number><SumNum>{total}</SumNum>")


def test_lists_are_bounded() -> None:
    with pytest.raises(Refused):
        read(
            CruiseTrackListResponse,
            f"<CruiseTrackList>{'<CruiseTrack/>' * (MAX_TRACKS + 1)}</CruiseTrackList>",
        )
    points = "<CruisePoint/>" * (MAX_POINTS + 1)
    with pytest.raises(Refused):
        read(CruiseTrackResponse, f"<Number>1</Number><CruisePointList>{points}</CruisePointList>")


def test_tracks_are_counted_by_number() -> None:
    assert CruiseTrack(1, "a").identity == CruiseTrack(1, "b").identity
