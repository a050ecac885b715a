"""Storage cards, both ways."""

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
    sns,
    texts,
)

from civicam.kernel.errors import Refused
from civicam.signalling.gb28181.manscdp import Message
from civicam.signalling.gb28181.manscdp.sd_card import (
    MAX_CARDS,
    CardStatus,
    SdCard,
    SdCardStatusQuery,
    SdCardStatusResponse,
)

CASES: list[tuple[Message, str]] = [
    (SdCardStatusQuery(1, CAM), ""),
    (
        SdCardStatusResponse(1, CAM, 0),
        '<SumNum>0</SumNum>\r\n<SDCardStatusInfo Num="0">\r\n</SDCardStatusInfo>\r\n',
    ),
    (
        SdCardStatusResponse(1, CAM, 2, (SdCard(1, "SD", CardStatus.FORMATTING, 40, 61_440, 0), SdCard(2))),
        '<SumNum>2</SumNum>\r\n<SDCardStatusInfo Num="2">\r\n'
        "<Item><ID>1</ID><HddName>SD</HddName><Status>formatting</Status><FormatProgress>40</FormatProgress>"
        "<Capacity>61440</Capacity><FreeSpace>0</FreeSpace></Item>\r\n"
        "<Item><ID>2</ID><HddName></HddName><Status></Status></Item>\r\n</SDCardStatusInfo>\r\n",
    ),
    (
        SdCardStatusResponse(1, CAM, None, ok=False, reason="no slot"),
        "<Result>ERROR</Result>\r\n<Reason>no slot</Reason>\r\n",
    ),
]


@pytest.mark.parametrize(("command", "content"), CASES)
def test_both_ways(command: Message, content: str) -> None:
    check_both_ways(command, content)


@given(
    st.builds(
        SdCardStatusResponse,
        sns,
        ids,
        st.integers(0, 8),
        st.lists(
            st.builds(
                SdCard,
                st.integers(0, 255),
                texts,
                st.sampled_from(CardStatus),
                st.none() | st.integers(0, 100),
                st.none() | st.integers(0, 2**40),
                st.none() | st.integers(0, 2**40),
            ),
            max_size=8,
        ).map(tuple),
    )
)
def test_round_trip(command: SdCardStatusResponse) -> None:
    check_round_trip(command)


def test_the_private_name_is_read() -> None:
    assert read(SdCardStatusQuery, "", "StorageCardStatusQuery") == SdCardStatusQuery(17, CAM)
    found = read(
        SdCardStatusResponse,
        "<SDCardStatusInfo><Item><ID>1</ID><Status>OK</Status><Capacity>-1</Capacity></Item>"
        "<Item><ID>x</ID></Item></SDCardStatusInfo>",
        "StorageCardStatusQuery",
    )
    assert (found.items, found.rejected) == ((SdCard(1, status=CardStatus.OK),), 1)


@pytest.mark.parametrize("total", WILD_SUMS)
def test_absurd_totals_are_refused(total: str) -> None:
    with pytest.raises(Refused):
        read(SdCardStatusResponse, f"<SumNum>{total}</SumNum>")


def test_cards_are_bounded_and_counted_by_number() -> None:
    with pytest.raises(Refused):
        read(SdCardStatusResponse, f"<SDCardStatusInfo>{'<Item/>' * (MAX_CARDS + 1)}</SDCardStatusInfo>")
    assert SdCard(1, "a").identity == SdCard(1, "b").identity
