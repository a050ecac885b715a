"""Which copies are one alarm, and what of an alarm may be kept."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from civicam.alarms.facts import AlarmSeen
from civicam.alarms.model import MAX_TEXT, alarm_id_for, fit_to_keep, keeps_words
from civicam.fleet.facts import ChannelId, DeviceId

NOW = datetime(2026, 3, 2, 1, 41, 8, tzinfo=UTC)
ALARM = AlarmSeen(
    device_id=DeviceId("d1"),
    source_id="34020000001310000001",
    channel_id=ChannelId("c1"),
    received_at=NOW,
    how="message",
    name_zh="设备防拆报警",
    name_en="device tampered with",
    priority=1,
    method=2,
    type=2,
    at=NOW - timedelta(seconds=1),
    description="箱门被打开",
)


@pytest.mark.parametrize(
    "copy",
    [
        replace(ALARM, how="notify"),
        replace(ALARM, received_at=NOW + timedelta(minutes=40)),
        replace(ALARM, at=(NOW - timedelta(seconds=1)).astimezone(timezone(timedelta(hours=8)))),
        replace(ALARM, priority=4, description="other words"),
    ],
    ids=["as a notice", "sent again", "another zone", "other details"],
)
def test_copies_are_one_alarm(copy: AlarmSeen) -> None:
    assert alarm_id_for(copy) == alarm_id_for(ALARM)


@pytest.mark.parametrize(
    "other",
    [
        replace(ALARM, device_id=DeviceId("d2")),
        replace(ALARM, source_id="34020000001310000002"),
        replace(ALARM, method=6),
        replace(ALARM, type=None),
        replace(ALARM, at=NOW),
    ],
    ids=["device", "source", "method", "type", "time"],
)
def test_what_differs_is_another_alarm(other: AlarmSeen) -> None:
    assert alarm_id_for(other) != alarm_id_for(ALARM)


@pytest.mark.parametrize("at", [None, datetime(1970, 1, 1, tzinfo=UTC)], ids=["no time", "a dead clock"])
def test_without_a_usable_time_ours_tells_copies_apart(at: datetime | None) -> None:
    first = replace(ALARM, at=at)
    assert alarm_id_for(replace(first, received_at=NOW + timedelta(seconds=1))) == alarm_id_for(first)
    assert alarm_id_for(replace(first, received_at=NOW + timedelta(seconds=10))) != alarm_id_for(first)


@pytest.mark.parametrize(
    ("method", "kind", "kept"),
    [
        (2, 2, True),
        (2, None, True),
        (6, 1, True),
        (5, 1, True),
        (5, 2, True),
        (5, 13, True),
        (5, 3, False),
        (5, 6, False),
        (5, 9, False),
        (5, 12, False),
        (5, 99, False),
        (5, None, False),
        (1, None, False),
        (3, None, False),
        (7, 0, False),
        (None, 2, False),
    ],
)
def test_a_devices_words_are_kept_only_about_itself(method: int | None, kind: int | None, kept: bool) -> None:
    assert keeps_words(method, kind) is kept
    seen = fit_to_keep(replace(ALARM, method=method, type=kind, event=1))
    assert (seen.description, seen.event) == (("箱门被打开", 1) if kept else ("", None))
    assert (seen.method, seen.type, seen.name_zh) == (method, kind, ALARM.name_zh)


def test_long_words_are_cut_to_their_column() -> None:
    assert len(fit_to_keep(replace(ALARM, description="长" * 5000)).description) == MAX_TEXT


@given(
    st.builds(
        replace,
        st.just(ALARM),
        method=st.none() | st.integers(1, 99),
        type=st.none() | st.integers(0, 999),
        description=st.text(max_size=50),
        at=st.none() | st.datetimes(timezones=st.just(UTC)),
    )
)
def test_what_is_kept_is_the_same_alarm_and_fits_again(seen: AlarmSeen) -> None:
    kept = fit_to_keep(seen)
    assert fit_to_keep(kept) == kept
    assert alarm_id_for(kept) == alarm_id_for(seen)
    assert len(alarm_id_for(seen)) == 17
