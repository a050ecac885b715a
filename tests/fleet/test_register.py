"""Whether a camera may be entered and may go live."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import combinations

import pytest

from civicam.fleet.law import GROUNDS, PLACES, PURPOSES, Choice
from civicam.fleet.register import (
    CameraKind,
    CameraRecord,
    Lists,
    check_record,
    filing_due,
    gaps,
    grace_until,
    why_dark,
)
from civicam.kernel.errors import Refused
from civicam.kernel.messages import MESSAGES

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
LISTS = Lists()
WHOLE = CameraRecord(place="junction", ground="799-7-government", purpose="traffic-safety", owner_id="bureau")
FORBIDDEN = [choice.code for choice in PLACES if choice.forbidden]


def test_article_8_is_here_in_full() -> None:
    """Guest and private rooms, dormitories, baths, toilets, changing and fitting rooms, nursing rooms, and
    wherever else others' privacy can be seen."""
    assert set(FORBIDDEN) == {
        "guest-room", "dormitory", "bath", "toilet", "changing-room", "nursing-room", "privacy",
    }  # fmt: skip


@pytest.mark.parametrize("choices", [PLACES, GROUNDS, PURPOSES])
def test_lists_have_one_entry_a_code_in_both_languages(choices: tuple[Choice, ...]) -> None:
    assert len({choice.code for choice in choices}) == len(choices)
    assert all(choice.zh and choice.en and len(choice.code) <= 40 for choice in choices)


@pytest.mark.parametrize("place", FORBIDDEN)
def test_a_forbidden_place_is_neither_entered_nor_shown(place: str) -> None:
    record = replace(WHOLE, place=place)
    with pytest.raises(Refused) as caught:
        check_record(record, LISTS)
    assert caught.value.code == "fleet.place-forbidden"
    assert why_dark(record, LISTS, None, NOW) == "fleet.place-forbidden"
    assert why_dark(record, LISTS, NOW + timedelta(days=1), NOW) == "fleet.place-forbidden", "no grace"


def test_an_installation_adds_choices_and_takes_none_away() -> None:
    lists = Lists.of(
        places=(
            Choice("market", "集市", "Street market"),
            Choice("bath", "浴室", "Bath", forbidden=False),
            Choice("school", "学校", "School", forbidden=True),
        ),
        grounds=(Choice("city-2024", "市政府 2024 年 8 号文", "City document 8/2024"),),
    )
    check_record(replace(WHOLE, place="market", ground="city-2024"), lists)
    assert lists.places["bath"].forbidden
    assert not lists.places["school"].forbidden
    stricter = Lists.of(places=(Choice("balcony", "阳台", "Balcony", forbidden=True),))
    with pytest.raises(Refused, match=r"fleet\.place-forbidden"):
        check_record(replace(WHOLE, place="balcony"), stricter)


@pytest.mark.parametrize(
    ("field", "code"),
    [
        ("owner_id", "fleet.no-owner"),
        ("ground", "fleet.no-ground"),
        ("purpose", "fleet.no-purpose"),
        ("place", "fleet.no-place-class"),
    ],
)
def test_each_gap_keeps_the_camera_dark(field: str, code: str) -> None:
    record = replace(WHOLE, **{field: ""})  # type: ignore[arg-type]
    check_record(record, LISTS)
    assert gaps(record) == (code,)
    assert why_dark(record, LISTS, None, NOW) == code
    assert code in MESSAGES


def test_gaps_add_up() -> None:
    fields = ("owner_id", "ground", "purpose", "place")
    for size in range(5):
        for missing in combinations(fields, size):
            record = replace(WHOLE, **dict.fromkeys(missing, ""))  # type: ignore[arg-type]
            assert len(gaps(record)) == size
            assert bool(why_dark(record, LISTS, None, NOW)) == (size > 0)
    assert len(gaps(None)) == 4
    assert why_dark(None, LISTS, None, NOW) == "fleet.no-owner"
    assert why_dark(WHOLE, LISTS, None, NOW) == ""


def test_who_ran_before_the_register_has_time() -> None:
    since = NOW - timedelta(days=89)
    until = grace_until(None, since, 90)
    assert until == NOW + timedelta(days=1)
    assert why_dark(None, LISTS, until, NOW) == ""
    assert why_dark(None, LISTS, until, NOW + timedelta(days=1)) == "fleet.no-owner"
    assert grace_until(NOW, since, 90) is None, "entered later: no grace"
    assert grace_until(None, None, 90) is None
    assert why_dark(None, LISTS, grace_until(None, since, 0), NOW) == "fleet.no-owner"


@pytest.mark.parametrize("field", ["place", "ground", "purpose"])
def test_what_no_list_names_is_refused(field: str) -> None:
    with pytest.raises(Refused) as caught:
        check_record(replace(WHOLE, **{field: "because"}), LISTS)  # type: ignore[arg-type]
    assert (caught.value.code, caught.value.data) == (
        "fleet.unknown-choice",
        {"field": field, "value": "because"},
    )


@pytest.mark.parametrize(
    ("kind", "lane", "good"),
    [
        (CameraKind.CHECKPOINT, 1, True),
        (CameraKind.CHECKPOINT, 8, True),
        (CameraKind.CHECKPOINT, 0, True),
        (CameraKind.CHECKPOINT, 9, False),
        (CameraKind.CHECKPOINT, -1, False),
        (CameraKind.DOME, 0, True),
        (CameraKind.DOME, 1, False),
    ],
)
def test_lanes_are_a_checkpoints(kind: CameraKind, lane: int, good: bool) -> None:
    record = replace(WHOLE, kind=kind, lane=lane)
    if good:
        check_record(record, LISTS)
    else:
        with pytest.raises(Refused, match=r"fleet\.wrong-lane"):
            check_record(record, LISTS)


def test_filing_is_due_after_thirty_days() -> None:
    assert filing_due(NOW, None) == NOW + timedelta(days=30)
    assert filing_due(None, NOW) == NOW + timedelta(days=30)
    assert filing_due(None, None) is None
