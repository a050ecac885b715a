"""Words of subscriptions, as they are written and as they come."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from civicam.signalling.gb28181.events import SubscriptionKind, SubscriptionState, event_token, kind_of


def test_tokens() -> None:
    assert event_token(SubscriptionKind.CATALOG, 77) == "Catalog;id=77"
    for kind in set(SubscriptionKind) - {SubscriptionKind.CATALOG}:
        assert event_token(kind, 77) == "presence"


@pytest.mark.parametrize(
    ("event", "cmd_type", "kind"),
    [
        ("Catalog;id=1", "Catalog", SubscriptionKind.CATALOG),
        ("catalog", "catalog", SubscriptionKind.CATALOG),
        ("presence", "Alarm", SubscriptionKind.ALARM),
        ("Presence ; id=4", "MobilePosition", SubscriptionKind.MOBILE_POSITION),
        ("PTZPosition", "PTZPosition", SubscriptionKind.PTZ_POSITION),
        ("presence", "Catalog", SubscriptionKind.CATALOG),
        ("", "Alarm", SubscriptionKind.ALARM),
        ("presence", "DeviceInfo", None),
        ("dialog", "Catalog", None),
        ("refer", "", None),
    ],
)
def test_what_is_asked_for(event: str, cmd_type: str, kind: SubscriptionKind | None) -> None:
    assert kind_of(event, cmd_type) is kind


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("active;expires=3321", SubscriptionState("active", 3321)),
        ("pending", SubscriptionState("pending")),
        ("terminated;reason=timeout;retry-after=5", SubscriptionState("terminated", None, "timeout", 5)),
    ],
)
def test_states(text: str, state: SubscriptionState) -> None:
    assert SubscriptionState.parse(text) == state
    assert str(state) == text


@pytest.mark.parametrize(
    ("text", "state"),
    [
        (None, SubscriptionState("active")),
        ("", SubscriptionState("active")),
        ("whatever;expires=x", SubscriptionState("active")),
        (" Active ; Expires = 10", SubscriptionState("active", 10)),
        ("active;expires=99999999999999", SubscriptionState("active")),
        ("active;expires=9999999999", SubscriptionState("active", 2**31 - 1)),
        ("TERMINATED;Reason=GiveUp", SubscriptionState("terminated", None, "giveup")),
    ],
)
def test_states_as_they_come(text: str | None, state: SubscriptionState) -> None:
    assert SubscriptionState.parse(text) == state


def test_only_one_word_ends_it() -> None:
    assert SubscriptionState("terminated").terminated
    assert not SubscriptionState("pending").terminated


@given(st.text(max_size=100))
def test_no_text_raises(text: str) -> None:
    SubscriptionState.parse(text)
    kind_of(text, text)
