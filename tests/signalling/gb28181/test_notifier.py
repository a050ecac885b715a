"""Who is notified: granted, refreshed, expired, ended; never more than fit."""

from __future__ import annotations

import pytest

from civicam.kernel.errors import Operational
from civicam.signalling.gb28181.events import SubscriptionKind, SubscriptionState
from civicam.signalling.gb28181.notifier import Notifier, SendFinal, Subscriber

NVR = "34020000001180000001"


def subscriber(key: str = "a", kind: SubscriptionKind = SubscriptionKind.ALARM) -> Subscriber:
    return Subscriber(key, kind, "presence", NVR, 0.0)


def finals(notifier: Notifier) -> list[tuple[object, str]]:
    found = []
    while (action := notifier.next_action()) is not None:
        assert isinstance(action, SendFinal)
        found.append((action.subscriber.key, str(action.state)))
    return found


def test_a_subscription_from_first_to_last() -> None:
    notifier = Notifier()
    assert notifier.get_timer() is None
    assert notifier.subscribe(subscriber(), 600, 100.0) == 600
    (found,) = notifier.of(SubscriptionKind.ALARM)
    assert found.state(100.5) == SubscriptionState("active", 600)
    assert found.state(699.0) == SubscriptionState("active", 1)
    assert found.state(800.0) == SubscriptionState("active", 0)
    assert notifier.get_timer() == 700.0
    assert notifier.subscribe(subscriber(), 600, 640.0) == 600
    assert (len(notifier), notifier.get_timer()) == (1, 1240.0)
    assert notifier.subscribe(subscriber(), 0, 700.0) == 0
    assert finals(notifier) == [("a", "terminated;reason=timeout")]
    assert not notifier.knows("a")


def test_who_does_not_refresh_is_let_go() -> None:
    notifier = Notifier()
    notifier.subscribe(subscriber("a"), 60, 0.0)
    notifier.subscribe(subscriber("b"), 120, 0.0)
    notifier.handle_timer(59.9)
    assert finals(notifier) == []
    notifier.handle_timer(60.0)
    assert finals(notifier) == [("a", "terminated;reason=timeout")]
    assert notifier.knows("b")


def test_grants_are_bounded() -> None:
    notifier = Notifier(most=1000)
    assert notifier.subscribe(subscriber("a"), None, 0.0) == 1000
    assert notifier.subscribe(subscriber("b"), 2**31, 0.0) == 1000
    assert Notifier().subscribe(subscriber(), None, 0.0) == 3600


def test_a_full_table_refuses_strangers_not_its_own() -> None:
    notifier = Notifier(limit=2)
    notifier.subscribe(subscriber("a"), 60, 0.0)
    notifier.subscribe(subscriber("b"), 60, 0.0)
    with pytest.raises(Operational) as caught:
        notifier.subscribe(subscriber("c"), 60, 0.0)
    assert caught.value.code == "signalling.too-many-subscriptions"
    assert notifier.subscribe(subscriber("a"), 60, 1.0) == 60
    notifier.refused("b")
    notifier.refused("b")
    assert notifier.subscribe(subscriber("c"), 60, 1.0) == 60


def test_kinds_are_told_apart() -> None:
    notifier = Notifier()
    notifier.subscribe(subscriber("a", SubscriptionKind.CATALOG), 60, 0.0)
    notifier.subscribe(subscriber("b", SubscriptionKind.ALARM), 60, 0.0)
    assert [each.key for each in notifier.of(SubscriptionKind.CATALOG)] == ["a"]
    assert notifier.of(SubscriptionKind.PTZ_POSITION) == ()


def test_going_away_tells_everybody() -> None:
    notifier = Notifier()
    notifier.subscribe(subscriber("a"), 60, 0.0)
    notifier.subscribe(subscriber("b"), 60, 0.0)
    notifier.end_all()
    assert finals(notifier) == [
        ("a", "terminated;reason=deactivated"),
        ("b", "terminated;reason=deactivated"),
    ]
    assert len(notifier) == 0
