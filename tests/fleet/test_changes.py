"""News of single channels, between two catalogues: as tables and properties."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from civicam.fleet.facts import CatalogueItem, ChangeKind, ChannelChange, Presence
from civicam.fleet.model import Channel, DeviceState, channel_id_for, channel_state, take_changes

ONLINE = DeviceState(Presence.ONLINE, "")
ONE = Channel(
    channel_id_for("d", "1"), CatalogueItem("1", "东门", "ON", "p", model="IPC", ptz_type=1), reported=True
)
KINDS: tuple[ChangeKind, ...] = get_args(ChangeKind)


def after(known: Sequence[Channel], *changes: ChannelChange) -> dict[str, Channel]:
    """All channels once the changes are saved."""
    change, _ = take_changes("d", known, changes)
    saved = {each.item.gb_id: each for each in known}
    for each in (*change.added, *change.updated, *change.missing):
        saved[each.item.gb_id] = each
    return saved


@pytest.mark.parametrize(
    ("kind", "state", "reason"),
    [
        ("on", Presence.ONLINE, ""),
        ("off", Presence.OFFLINE, "fleet.reported-off"),
        ("lost", Presence.OFFLINE, "fleet.video-lost"),
        ("defect", Presence.OFFLINE, "fleet.reported-faulty"),
        ("delete", Presence.UNKNOWN, "fleet.missing-from-catalogue"),
    ],
)
def test_the_state_of_a_channel_after_its_news(kind: ChangeKind, state: Presence, reason: str) -> None:
    changed = after([ONE], ChannelChange(kind, "1"))["1"]
    assert channel_state(ONLINE, changed) == (state, reason)
    back = after([replace(changed, missing=False)], ChannelChange("on", "1"))["1"]
    assert channel_state(ONLINE, back) == (Presence.ONLINE, "")


@pytest.mark.parametrize("kind", ["add", "update"])
def test_what_is_told_of_a_channel_is_merged_into_what_is_known(kind: ChangeKind) -> None:
    off = replace(ONE, item=replace(ONE.item, status="OFF"))
    told = ChannelChange(kind, "1", CatalogueItem("1", "西门", status="", lon=118.4))
    changed = after([off], told)["1"]
    assert changed.item == replace(off.item, name="西门", lon=118.4)
    assert after([replace(off, missing=True)], told)["1"].missing is False


@pytest.mark.parametrize("item", [None, CatalogueItem("2", "", status=""), CatalogueItem("2", "", "ON")])
def test_a_channel_that_is_told_of_for_the_first_time_comes_in(item: CatalogueItem | None) -> None:
    change, unknown = take_changes("d", [ONE], [ChannelChange("add", "2", item)])
    assert [each.channel_id for each in change.added] == [channel_id_for("d", "2")]
    assert (change.added[0].reported, change.added[0].item.status) == (True, "ON")
    assert (change.updated, change.missing, unknown) == ((), (), ())


@pytest.mark.parametrize("known", [[], [replace(ONE, missing=True)]], ids=["never named", "missing"])
@pytest.mark.parametrize("kind", ["on", "off", "lost", "defect"])
def test_the_state_of_a_channel_nobody_knows_asks_for_the_list(
    kind: ChangeKind, known: list[Channel]
) -> None:
    change, unknown = take_changes("d", known, [ChannelChange(kind, "1")])
    assert (change.added, change.updated, change.missing, unknown) == ((), (), (), ("1",))


def test_a_channel_that_is_taken_away_unknown_is_nothing() -> None:
    change, unknown = take_changes("d", [], [ChannelChange("delete", "1")])
    assert (change.added, change.updated, change.missing, unknown) == ((), (), (), ())


def test_news_is_taken_in_its_order() -> None:
    item = CatalogueItem("2", "new", "OFF")
    change, unknown = take_changes("d", [ONE], [ChannelChange("on", "2"), ChannelChange("add", "2", item)])
    assert ([each.item.status for each in change.added], unknown) == (["OFF"], ())
    there_and_back = [ChannelChange("off", "1"), ChannelChange("on", "1")]
    assert take_changes("d", [ONE], there_and_back)[0].updated == ()
    gone = take_changes("d", [ONE], [ChannelChange("add", "1"), ChannelChange("delete", "1")])[0]
    assert (gone.updated, [each.item.gb_id for each in gone.missing]) == ((), ["1"])


codes = st.sampled_from("123")
changes = st.lists(
    st.builds(
        ChannelChange,
        st.sampled_from(KINDS),
        codes,
        st.none() | st.builds(CatalogueItem, codes, st.text(max_size=3), st.sampled_from(["", "ON", "OFF"])),
    ).map(
        lambda each: each if each.item is None else replace(each, item=replace(each.item, gb_id=each.gb_id))
    ),
    max_size=12,
)


@given(known=st.lists(codes, unique=True), news=changes)
def test_nothing_is_deleted_and_the_same_news_again_changes_nothing(
    known: list[str], news: list[ChannelChange]
) -> None:
    before = [Channel(channel_id_for("d", c), CatalogueItem(c, c)) for c in known]
    once = after(before, *news)
    assert set(known) <= set(once)
    assert {each.channel_id for each in once.values()} == {channel_id_for("d", c) for c in once}
    # a state told before its channel was brought in counts the second time, then nothing changes any more
    twice = after(list(once.values()), *news)
    assert after(list(twice.values()), *news) == twice
    if {each.gb_id for each in news} <= set(known):
        assert twice == once
