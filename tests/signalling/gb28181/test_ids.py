"""20-digit ids: what passes, what is refused, what they announce."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from civicam.kernel.errors import Refused, Side
from civicam.signalling.gb28181.ids import GbId, Kind, kind_of, node_kind, parse_node_id

BAD = [
    "",
    " ",
    "3402000000132000000",
    "340200000013200000012",
    "３４０２００００００１３２００００００１",
    "٣٤٠٢٠٠٠٠٠٠١٣٢٠٠٠٠٠٠١",
    "3402000000132000000²",
    "1' OR '1'='1",
    "../../../../etc/passwd",
    "%n%s%x{0.__class__}",
    "3402000000132000000\n",
    "34020000 01320000001",
    "-3402000000132000000",
    "x" * 100_000,
]


@pytest.mark.parametrize("text", BAD)
def test_what_is_no_id_is_refused_with_what_came(text: str) -> None:
    with pytest.raises(Refused) as caught:
        GbId.parse(text)
    assert caught.value.code == "signalling.bad-id"
    assert caught.value.side is Side.REMOTE
    assert len(str(caught.value.data["value"])) < 500
    assert str(caught.value.data["value"]).isascii()


@given(st.text(max_size=30))
def test_only_twenty_ascii_digits_pass(text: str) -> None:
    stripped = text.strip(" \t\r\n")
    good = len(stripped) == 20 and all(each in "0123456789" for each in stripped)
    try:
        assert GbId.parse(text) == stripped
        assert good
    except Refused:
        assert not good


def test_its_fields() -> None:
    found = GbId.parse(" 34020000011180700001\r\n")
    assert found == "34020000011180700001"
    assert (found.civil_code, found.domain, found.industry) == ("340200", "3402000001", "01")
    assert (found.type_code, found.network, found.serial) == (118, "0", "700001")


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (110, Kind.OTHER),
        (111, Kind.RECORDER),
        (118, Kind.RECORDER),
        (130, Kind.RECORDER),
        (131, Kind.CAMERA),
        (132, Kind.CAMERA),
        (134, Kind.PERIPHERAL),
        (137, Kind.PERIPHERAL),
        (199, Kind.PERIPHERAL),
        (200, Kind.PLATFORM),
        (215, Kind.BUSINESS_GROUP),
        (216, Kind.ORGANISATION),
        (299, Kind.PLATFORM),
        (300, Kind.USER),
        (499, Kind.USER),
        (500, Kind.EXTERNAL),
        (600, Kind.OTHER),
    ],
)
def test_type_codes(code: int, kind: Kind) -> None:
    found = GbId(f"3402000000{code}0000001")
    assert found.kind is kind
    assert found.is_video_channel() == (kind is Kind.CAMERA)


@pytest.mark.parametrize("region", ["34", "3402", "340203", "34020301"])
def test_regions_are_nodes(region: str) -> None:
    assert parse_node_id(region) == region
    assert node_kind(region) is Kind.REGION


@pytest.mark.parametrize("text", ["3", "340", "34020", "3402030", "340203019", "３４"])
def test_other_lengths_are_no_nodes(text: str) -> None:
    with pytest.raises(Refused):
        parse_node_id(text)


def test_a_whole_id_is_a_node_too() -> None:
    assert node_kind(parse_node_id("34020000002160000001")) is Kind.ORGANISATION


@pytest.mark.parametrize(
    ("digits", "kind"), [("132", Kind.CAMERA), ("200", Kind.PLATFORM), ("", Kind.OTHER), ("13a", Kind.OTHER)]
)
def test_three_digits_tell_the_kind(digits: str, kind: Kind) -> None:
    assert kind_of(digits) is kind
