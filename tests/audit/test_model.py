"""Records: the same bytes for ever, commitments that survive erasure, nothing secret inside."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from civicam.audit.facts import Actor, Entry, Kept, Moment, Part, Result, Target
from civicam.audit.model import MOST_TEXT, SALTS_BYTES, canonical, commitment, plain, stamp, written

WHEN = Moment(datetime(2026, 3, 2, 9, 0, 0, 5, timezone(timedelta(hours=8))), 17, "b0")
SALTS = bytes(range(SALTS_BYTES))
ENTRY = Entry(
    "view.live",
    Actor("u-1", "wang-li", "operator", "市局", "192.0.2.7"),
    Target("channel", "c1", '东门 "1"'),
    Result.ALLOWED,
    purpose="duty",
    request="00ff",
    note="看",
    after={"speed": 3},
    facts={"stream": "main"},
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(max_codepoint=127), max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)


def test_the_bytes_of_a_record_never_change() -> None:
    """Whoever changes this changes what stands in every log there is: make a version 2 instead."""
    assert stamp(ENTRY, 7, WHEN, SALTS).record.decode() == (
        '{"action":"view.live","at":"2026-03-02T01:00:00.000005Z","boot":"b0",'
        '"change":"d11b38f762673daab34d4f24115e5321fb06140d03872c7699bf2dbf6697c0eb",'
        '"code":"","facts":{"stream":"main"},"kind":"channel","mono":17,"permit":"","purpose":"duty",'
        '"request":"00ff","result":"allowed","role":"operator","seq":7,"v":1,'
        '"what":"376706262e781644f347d31e9f3c622d37d9452106aa19a7933427ef5b9d37a3",'
        '"who":"ae304706d33428c727f9f00c94c72b588dc513f5d15528cc0ed83f447d86634d"}'
    )


@given(VALUES)
def test_canonical_text_is_json_and_unique(value: Any) -> None:
    encoded = canonical(value)
    again = json.loads(encoded)
    assert canonical(again) == encoded
    assert again == plain(value)
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    assert encoded == text.encode(), "another encoder says the same"


def test_the_escapes_are_those_of_rfc_8785() -> None:
    """Its own example (section 3.2.2), as far as our subset goes."""
    text = '€$\x0f\nA\'B"\\\\"/'
    assert canonical({"string": text, "literals": [None, True, False]}).decode() == (
        '{"literals":[null,true,false],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    )


@pytest.mark.parametrize("value", [1.5, 2**53, {"é": 1}, {1: 1}, [b""]])
def test_what_has_no_one_encoding_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match=r"record|ASCII|keeps"):
        canonical(value)


def test_anything_can_be_made_plain() -> None:
    when = datetime(2026, 1, 1, tzinfo=UTC)
    found = plain({"a": 1.5, 2: 2**60, "é": "\ud800x", "t": (when, None)})
    assert found == {"a": "1.5", "2": str(2**60), "\\xe9": "?x", "t": [str(when), None]}
    canonical(found)


def test_a_part_is_committed_to_and_leaves_no_trace_when_erased() -> None:
    made = stamp(ENTRY, 0, WHEN, SALTS)
    record = json.loads(made.record)
    assert set(made.parts) == set(Part)
    for part, kept in made.parts.items():
        assert record[part.value] == commitment(part, kept)
        assert commitment(part, Kept(kept.salt, kept.text + " ")) != record[part.value]
        assert commitment(part, Kept(bytes(16), kept.text)) != record[part.value]
    text = made.record.decode()
    assert all(word not in text for word in ("wang-li", "市局", "192.0.2.7", "东门", "看", "u-1"))
    assert len({kept.salt for kept in made.parts.values()}) == len(Part)


def test_an_entry_about_nobody_and_nothing_commits_to_nothing() -> None:
    made = stamp(Entry("server.start"), 0, WHEN, SALTS)
    record = json.loads(made.record)
    assert (record["who"], record["what"], record["change"], record["role"], record["kind"]) == (
        *(None, None, None),
        *("", ""),
    )
    assert made.parts == {}
    assert (made.user_id, made.target_id) == ("", "")


def test_texts_and_changes_have_an_end() -> None:
    made = stamp(replace(ENTRY, note="x" * 9_000, after=["y" * 40_000]), 0, WHEN, SALTS)
    change = json.loads(made.parts[Part.CHANGE].text)
    assert len(change["note"]) == MOST_TEXT
    assert change["note"].endswith("…")
    assert set(change["after"]) == {"too_large", "sha256"}


def test_moments_are_written_in_utc() -> None:
    assert written(WHEN.at) == "2026-03-02T01:00:00.000005Z"
