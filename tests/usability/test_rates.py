"""Rates: numerator over denominator, and everything that was left out beside it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.usability.findings import BEGAN

from civicam.fleet.facts import ChannelId, DeviceId, Presence
from civicam.fleet.views import ChannelCard
from civicam.kernel.errors import Refused
from civicam.usability.facts import Leg
from civicam.usability.rates import GroupKey, Wanted, chosen, group_of, grouped, rate_of, refuse_bad_period

SECONDS = st.tuples(*[st.integers(0, 10**7)] * 4)


def card(number: int, district: str | None = "d1", kind: str = "camera") -> ChannelCard:
    site = f"s{number % 3}"
    return ChannelCard(
        ChannelId(f"c{number}"),
        DeviceId(f"e{number}"),
        Presence.ONLINE,
        "",
        None,
        kind,
        "gb28181",
        site,
        district,
        f"{district}-{site}" if district else None,
    )


@given(SECONDS)
def test_unknown_is_in_neither_numerator_nor_denominator(seconds: tuple[int, int, int, int]) -> None:
    unknown, good, bad, not_configured = seconds
    rate = rate_of(seconds, 7, None)
    if good + bad == 0:
        assert (rate.value, rate.code) == (None, "usability.nothing-known")
        assert rate.why is not None
    else:
        assert rate.value is not None
        assert rate.value == pytest.approx(good / (good + bad))
        assert rate.at_least is not None
        assert rate.at_most is not None
        assert rate.at_least - 1e-12 <= rate.value <= rate.at_most + 1e-12
    assert rate.numerator == pytest.approx(good / 60, abs=0.001)
    assert rate.denominator == pytest.approx((good + bad) / 60, abs=0.001)
    assert [each.minutes for each in rate.exclusions] == pytest.approx(
        [unknown / 60, not_configured / 60], abs=0.001
    )


def test_a_group_without_channels_says_so() -> None:
    (group,) = grouped([], "", {}, None, 60)
    assert (group.channels, group.rate.value, group.rate.code) == (0, None, "usability.no-channels")
    assert grouped([], "district", {}, None, 60) == []


def test_a_channel_without_history_is_excluded_not_good() -> None:
    (group,) = grouped([card(1), card(2)], "", {"c1": (0, 45, 15, 0)}, Leg.CLOCK, 60)
    assert (group.rate.value, group.channels) == (0.75, 2)
    assert [each.minutes for each in group.rate.exclusions] == [0.0, 1.0]
    assert group.rate.coverage == 1.0
    assert "Clock rate" in group.rate.definition.en
    assert "时钟" in group.rate.definition.zh


@pytest.mark.parametrize("by", ["", "district", "street", "site", "kind", "channel"])
def test_groups_share_the_channels_out_and_lose_none(by: GroupKey) -> None:
    cards = [card(n, district="d1" if n % 2 else None, kind="dome" if n % 4 else "camera") for n in range(12)]
    seconds = {str(each.channel_id): (1, n, 2, 3) for n, each in enumerate(cards)}
    groups = grouped(cards, by, seconds, None, 60)
    assert sum(each.channels for each in groups) == 12
    assert sum(each.rate.numerator for each in groups) == pytest.approx(sum(range(12)) / 60, abs=0.01)
    assert {each.key for each in groups} == {group_of(each, by) for each in cards}


def test_a_group_is_chosen_by_place_kind_or_list() -> None:
    cards = [card(n, kind="dome" if n == 2 else "camera") for n in range(6)]
    assert len(chosen(cards, Wanted())) == 6
    assert [each.channel_id for each in chosen(cards, Wanted(kind="dome"))] == ["c2"]
    assert [each.channel_id for each in chosen(cards, Wanted(site="s1"))] == ["c1", "c4"]
    assert [each.channel_id for each in chosen(cards, Wanted(channels=("c5", "nobody")))] == ["c5"]
    assert chosen(cards, Wanted(district="d9")) == []
    assert chosen(cards, Wanted(street="d1-s9")) == []


def test_a_period_ends_now_at_the_latest() -> None:
    later = BEGAN + timedelta(hours=1)
    assert refuse_bad_period(BEGAN, later + timedelta(days=1), later) == (BEGAN, later)
    for end in (BEGAN, BEGAN - timedelta(1)):
        with pytest.raises(Refused, match=r"usability\.bad-period"):
            refuse_bad_period(BEGAN, end, later)
    with pytest.raises(Refused, match=r"usability\.bad-period"):
        refuse_bad_period(later, later + timedelta(1), BEGAN)
