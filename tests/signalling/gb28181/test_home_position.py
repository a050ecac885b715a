"""Home position, both ways."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.signalling.gb28181.bodies import CAM, check_both_ways, check_round_trip, ids, read, reasons, sns

from civicam.signalling.gb28181.manscdp import Message
from civicam.signalling.gb28181.manscdp.control_actions import HomePosition
from civicam.signalling.gb28181.manscdp.home_position import HomePositionQuery, HomePositionResponse

CASES: list[tuple[Message, str]] = [
    (HomePositionQuery(4, CAM), ""),
    (HomePositionResponse(4, CAM), ""),
    (
        HomePositionResponse(4, CAM, HomePosition(True, 60, 3)),
        "<HomePosition>\r\n<Enabled>1</Enabled>\r\n<ResetTime>60</ResetTime>\r\n"
        "<PresetIndex>3</PresetIndex>\r\n</HomePosition>\r\n",
    ),
    (
        HomePositionResponse(4, CAM, HomePosition(False)),
        "<HomePosition>\r\n<Enabled>0</Enabled>\r\n</HomePosition>\r\n",
    ),
    (
        HomePositionResponse(4, CAM, ok=False, reason="none"),
        "<Result>ERROR</Result>\r\n<Reason>none</Reason>\r\n",
    ),
]


@pytest.mark.parametrize(("command", "content"), CASES)
def test_both_ways(command: Message, content: str) -> None:
    check_both_ways(command, content)


@given(
    st.builds(
        HomePositionResponse,
        sns,
        ids,
        st.none()
        | st.builds(
            HomePosition,
            st.booleans(),
            st.none() | st.integers(0, 86_400),
            st.none() | st.integers(0, 255),
        ),
    )
    | st.builds(HomePositionResponse, sns, ids, ok=st.just(False), reason=reasons)
)
def test_round_trip(command: HomePositionResponse) -> None:
    check_round_trip(command)


def test_the_answer_under_the_name_of_the_control() -> None:
    found = read(HomePositionResponse, "<HomePosition><Enabled>1</Enabled></HomePosition>", "HomePosition")
    assert found.position == HomePosition(True)


@pytest.mark.parametrize("inner", ["", "<Enabled/>", "<Enabled>NaN</Enabled><PresetIndex>1</PresetIndex>"])
def test_an_unreadable_position_is_none(inner: str) -> None:
    found = read(HomePositionResponse, f"<Result>OK</Result><HomePosition>{inner}</HomePosition>")
    assert found == HomePositionResponse(17, CAM)


def test_wild_numbers_are_none() -> None:
    found = read(
        HomePositionResponse,
        "<HomePosition><PresetIndex>256</PresetIndex><ResetTime>-1</ResetTime><Enabled>1</Enabled></HomePosition>",
    )
    assert found.position == HomePosition(True)
