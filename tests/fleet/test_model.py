"""The state of a channel and what a catalogue changes, as tables and properties."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from civicam.fleet.facts import CatalogueItem, Presence
from civicam.fleet.model import (
    Channel,
    DeviceState,
    channel_id_for,
    channel_state,
    device_id_for,
    ha1,
    take_catalogue,
)
from civicam.fleet.views import site_state

ON, OFF, UNKNOWN = Presence.ONLINE, Presence.OFFLINE, Presence.UNKNOWN
SOUND = Channel(channel_id_for("d", "1"), CatalogueItem("1", "one"))


@pytest.mark.parametrize(
    ("device", "channel", "state"),
    [
        (DeviceState(ON, "fleet.registered"), SOUND, (ON, "")),
        (DeviceState(OFF, "fleet.heartbeat-lost"), SOUND, (OFF, "fleet.heartbeat-lost")),
        (DeviceState(UNKNOWN, "fleet.restarted"), SOUND, (UNKNOWN, "fleet.restarted")),
        (DeviceState(ON, "", enabled=False), SOUND, (UNKNOWN, "fleet.disabled")),
        (DeviceState(ON, ""), replace(SOUND, missing=True), (UNKNOWN, "fleet.missing-from-catalogue")),
        (DeviceState(ON, ""), replace(SOUND, faulty=True), (OFF, "fleet.reported-faulty")),
        (
            DeviceState(ON, ""),
            replace(SOUND, item=CatalogueItem("1", "one", " off ")),
            (OFF, "fleet.reported-off"),
        ),
        (DeviceState(ON, ""), replace(SOUND, item=CatalogueItem("1", "one", "")), (ON, "")),
        (DeviceState(OFF, "x"), replace(SOUND, faulty=True, missing=True), (OFF, "x")),
    ],
)
def test_the_state_of_a_channel(device: DeviceState, channel: Channel, state: tuple[Presence, str]) -> None:
    assert channel_state(device, channel) == state


@pytest.mark.parametrize(
    ("total", "online", "offline", "state"),
    [
        (0, 0, 0, "unknown"),
        (2, 0, 0, "unknown"),
        (2, 2, 0, "online"),
        (2, 0, 2, "offline"),
        (2, 1, 1, "partial"),
        (2, 1, 0, "partial"),
        (2, 0, 1, "partial"),
    ],
)
def test_what_is_partly_unknown_is_never_called_good_or_bad(
    total: int, online: int, offline: int, state: str
) -> None:
    assert site_state(total, online, offline) == state


def test_ids_are_stable_and_channels_of_two_devices_do_not_collide() -> None:
    assert device_id_for("34020000001320000001") == "d1a6b57e6f9a2fdc7"
    assert channel_id_for("a", "1") != channel_id_for("b", "1")
    assert channel_id_for("ab", "1") != channel_id_for("a", "b1")


def test_ha1_is_that_of_the_rfc() -> None:
    # RFC 2617 §3.5, the example everybody checks against.
    by_md5, _ = ha1("Mufasa", "testrealm@host.com", "Circle Of Life")
    assert by_md5 == "939e7578ed9e3c518a452acee763bce9"
    # RFC 7616 §3.9.1 gives the response that follows from this HA1 (tests/signalling/sip/test_digest.py).
    _, by_sha256 = ha1("Mufasa", "http-auth@example.org", "Circle of Life")
    assert by_sha256 == "7987c64c30e25f1b74be53f966b49b90f2808aa92faf9a00262392d7b4794232"


codes = st.lists(st.integers(0, 9).map(str), max_size=8)


@given(known=codes, named=codes, complete=st.booleans())
def test_a_catalogue_deletes_nothing_and_only_a_complete_one_marks(
    known: list[str], named: list[str], complete: bool
) -> None:
    before = [Channel(channel_id_for("d", c), CatalogueItem(c, c)) for c in dict.fromkeys(known)]
    change = take_catalogue("d", before, [CatalogueItem(c, c) for c in named], complete)
    missing = {c.item.gb_id for c in change.missing}
    assert missing == (set(known) - set(named) if complete else set())
    assert {c.item.gb_id for c in change.added} == set(named) - set(known)
    after = {c.channel_id: c for c in [*before, *change.added, *change.updated, *change.missing]}
    assert {c.item.gb_id for c in after.values()} == set(known) | set(named)
    again = take_catalogue("d", after.values(), [CatalogueItem(c, c) for c in named], complete)
    assert (again.added, again.updated, again.missing) == ((), (), ())


def test_the_last_of_several_items_wins_and_one_that_comes_back_is_missing_no_more() -> None:
    gone = replace(SOUND, missing=True)
    change = take_catalogue("d", [gone], [CatalogueItem("1", "old"), CatalogueItem("1", "new")], True)
    assert [(c.item.name, c.missing) for c in change.updated] == [("new", False)]
