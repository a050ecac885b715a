"""Device time: Beijing, no zone, and everything else that is written in its place."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from civicam.signalling.gb28181.clock import format_date, format_time, parse_date

MOMENT = datetime(2026, 3, 2, 1, 15, 31, 482_999, tzinfo=UTC)


def test_beijing_time_with_milliseconds_and_no_zone() -> None:
    assert format_date(MOMENT) == "2026-03-02T09:15:31.482"
    assert format_time(MOMENT) == "2026-03-02T09:15:31"
    new_york = MOMENT.astimezone(timezone(-timedelta(hours=5)))
    assert format_date(new_york) == "2026-03-02T09:15:31.482"


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-02T09:15:31",
        "2026-3-2T9:15:31",
        "2026-03-02 09:15:31",
        " 2026-03-02T09:15:31.000 ",
        "2026-03-02T09:15:31,000000001",
        "2026-03-02T01:15:31Z",
        "2026-03-02T09:15:31+08:00",
        "2026-03-02T09:15:31+0800",
        "2026-03-01T20:15:31-05:00",
        "Mon, 02 Mar 2026 01:15:31 GMT",
        "Mon, 2 Mar 2026 01:15:31 UTC",
    ],
)
def test_forms_of_the_field(text: str) -> None:
    assert parse_date(text) == MOMENT.replace(microsecond=0)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "9999-99-99T99:99:99",
        "0000-00-00T00:00:00",
        "0001-01-01T00:00:00",
        "2026-02-30T00:00:00",
        "２０２６-03-02T09:15:31",
        "2026-03-02T09:15:31+99:99",
        "Mon, 02 Foo 2026 01:15:31 GMT",
        "2026-03-02T09:15:31" + "0" * 1000,
    ],
)
def test_what_is_no_date_is_none(text: str) -> None:
    assert parse_date(text) is None


MOMENTS = st.integers(0, 4 * 10**15).map(
    lambda micros: datetime(1990, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros)
)


@given(MOMENTS)
def test_what_is_written_is_read_back(moment: datetime) -> None:
    found = parse_date(format_date(moment))
    assert found is not None
    assert timedelta(0) <= moment - found < timedelta(milliseconds=1)


@given(st.text(max_size=40))
def test_no_text_raises(text: str) -> None:
    found = parse_date(text)
    assert found is None or found.tzinfo is UTC
