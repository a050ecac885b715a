"""PTZPosition, both ways."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.signalling.gb28181.bodies import (
    CAM,
    check_both_ways,
    check_round_trip,
    decimals,
    ids,
    read,
    reasons,
    sns,
)

from civicam.signalling.gb28181.manscdp import Message
from civicam.signalling.gb28181.manscdp.ptz_position import (
    PtzPosition,
    PtzPositionNotify,
    PtzPositionQuery,
    PtzPositionResponse,
)

FULL = PtzPosition(359.99, -30.0, 1.0, 60.5, 34.25, 1500.0)
WRITTEN = (
    "<Pan>359.99</Pan>\r\n<Tilt>-30</Tilt>\r\n<Zoom>1</Zoom>\r\n"
    "<HorizontalFieldAngle>60.5</HorizontalFieldAngle>\r\n<VerticalFieldAngle>34.25</VerticalFieldAngle>\r\n"
    "<MaxViewDistance>1500</MaxViewDistance>\r\n"
)
CASES: list[tuple[Message, str]] = [
    (PtzPositionQuery(2, CAM), ""),
    (PtzPositionResponse(2, CAM), ""),
    (PtzPositionResponse(2, CAM, FULL), WRITTEN),
    (
        PtzPositionResponse(2, CAM, ok=False, reason="not supported"),
        "<Result>ERROR</Result>\r\n<Reason>not supported</Reason>\r\n",
    ),
    (PtzPositionNotify(2, CAM, FULL), WRITTEN),
    (PtzPositionNotify(2, CAM, PtzPosition(tilt=0.0)), "<Tilt>0</Tilt>\r\n"),
]
POSITIONS = st.builds(
    PtzPosition,
    decimals(0, 360),
    decimals(-30, 90),
    decimals(1, 400),
    decimals(0, 360),
    decimals(0, 360),
    decimals(0, 100_000),
)


@pytest.mark.parametrize(("command", "content"), CASES)
def test_both_ways(command: Message, content: str) -> None:
    check_both_ways(command, content)


@given(
    st.builds(PtzPositionResponse, sns, ids, POSITIONS)
    | st.builds(PtzPositionResponse, sns, ids, ok=st.just(False), reason=reasons)
    | st.builds(PtzPositionNotify, sns, ids, POSITIONS)
)
def test_round_trip(command: Message) -> None:
    check_round_trip(command)


def test_the_private_name_is_read() -> None:
    assert read(PtzPositionQuery, "", "PTZPreciseStatusQuery") == PtzPositionQuery(17, CAM)
    found = read(PtzPositionResponse, "<Pan>12.50</Pan>", "PTZPreciseStatusQuery")
    assert found.position == PtzPosition(12.5)


@pytest.mark.parametrize("value", ["NaN", "inf", "-1e999", "1e9", "", "left", "9" * 50])
@pytest.mark.parametrize(
    "name", ["Pan", "Tilt", "Zoom", "HorizontalFieldAngle", "VerticalFieldAngle", "MaxViewDistance"]
)
def test_wild_values_are_none(name: str, value: str) -> None:
    assert read(PtzPositionNotify, f"<{name}>{value}</{name}>").position == PtzPosition()
