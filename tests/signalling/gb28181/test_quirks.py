"""The table of quirks: every row is held by a test that exists."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from civicam.signalling.gb28181.quirks import QUIRKS, Profile, Quirk, profile_for


@pytest.mark.parametrize("quirk", QUIRKS, ids=lambda quirk: quirk.name)
def test_the_test_of_a_row_exists(repository: Path, quirk: Quirk) -> None:
    path, _, name = quirk.test.partition("::")
    text = (repository / path).read_text(encoding="utf-8")
    assert f"\ndef {name}(" in text or f"\nasync def {name}(" in text


@pytest.mark.parametrize("quirk", QUIRKS, ids=lambda quirk: quirk.name)
def test_a_row_says_what_it_must(quirk: Quirk) -> None:
    assert all((quirk.source, quirk.behaviour, quirk.measure))
    assert bool(quirk.makers) == bool(quirk.change)
    assert set(quirk.change) <= {each.name for each in fields(Profile)}
    assert [maker for maker in quirk.makers if maker != maker.lower()] == []


def test_names_are_unique() -> None:
    assert len({quirk.name for quirk in QUIRKS}) == len(QUIRKS)


def test_makers_words_switch_a_profile() -> None:
    assert profile_for("Dahua", "", "3.0").stream_form == "streamprofile"
    assert profile_for("", "DAHUA-NVR/1.0", "3.0").stream_form == "streamprofile"
    assert profile_for("SimCo", "SimNVR/1.0", "3.0") == Profile()


def test_older_devices_are_written_to_in_gb2312() -> None:
    assert profile_for("", "", "").encoding == "GB2312"
    assert profile_for("", "", "2.0").encoding == "GB2312"
    assert profile_for("", "", "3.0").encoding == "GB18030"


def test_what_an_operator_set_is_the_base() -> None:
    assert profile_for("", "", "3.0", Profile(media_tcp=True)).media_tcp
