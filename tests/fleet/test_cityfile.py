"""A city file is taken whole or not at all, and every fault says in which row it is, in both languages."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from civicam.fleet.cityfile import MOST_PROBLEMS, read
from civicam.fleet.fields import refuse_bad_url
from civicam.kernel.errors import Refused

CAMERA, CHANNEL = "34020000001320000001", "34020000001310000001"
GOOD: dict[str, Any] = {
    "format": "civicam-city/1",
    "name": {"zh": "样例市", "en": "Sample City"},
    "realm": "3402000000",
    "platform": "34020000002000000001",
    "center": [118.4, 31.3],
    "districts": [
        {"code": "340202", "name": {"zh": "东区"}, "streets": [{"code": "340202001", "name": "一街"}]}
    ],
    "sites": [
        {
            "id": "S1",
            "name": {"en": "Site"},
            "district": "340202",
            "street": "340202001",
            "lon": 118,
            "lat": 31.5,
            "kind": "dome",
        }
    ],
    "devices": [{"gb_id": CAMERA, "kind": "camera", "site": "S1", "name": "Camera", "secret": "s"}],
    "channels": [{"gb_id": CHANNEL, "device": CAMERA, "site": "S1", "name": "One"}],
}


def changed(*path: Any, value: Any) -> dict[str, Any]:
    """The good file with one thing else."""
    document = copy.deepcopy(GOOD)
    place: Any = document
    for step in path[:-1]:
        place = place[step]
    if value is None:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return document


def test_a_sound_file_has_no_problems() -> None:
    found = read(GOOD)
    assert found.problems == []
    assert found.sites[0].name.zh == "Site"  # what lacks one language shows the other
    assert found.devices[0].heartbeat_s is None
    assert "'s'" not in repr(found.devices[0])


@pytest.mark.parametrize(
    ("path", "value", "code", "row"),
    [
        (("format",), "other", "fleet.import-format", ""),
        (("center",), [118.4], "fleet.import-field", ""),
        (("center",), [181, 0], "fleet.import-field", ""),
        (("platform",), "3402", "fleet.import-gb-id", ""),
        (("districts",), {}, "fleet.import-field", "districts"),
        (("districts", 0), 7, "fleet.import-field", "districts[0]"),
        (("districts", 0, "streets"), "x", "fleet.import-field", "districts[0]"),
        (("districts", 0, "streets", 0), "x", "fleet.import-field", "districts[0]"),
        (("districts", 0, "name"), None, "fleet.import-field", "districts[0]"),
        (("districts", 0, "name"), {"zh": " "}, "fleet.import-field", "districts[0]"),
        (("sites", 0, "district"), "999999", "fleet.import-reference", "sites[0]"),
        (("sites", 0, "street"), "999999", "fleet.import-reference", "sites[0]"),
        (("sites", 0, "kind"), "toilet", "fleet.import-field", "sites[0]"),
        (("sites", 0, "lat"), "31", "fleet.import-field", "sites[0]"),
        (("sites", 0, "lon"), True, "fleet.import-field", "sites[0]"),
        (
            ("devices", 0, "gb_id"),
            "３４０２０００００１３２００００００１",
            "fleet.import-gb-id",
            "devices[0]",
        ),
        (("devices", 0, "site"), "S9", "fleet.import-reference", "devices[0]"),
        (("devices", 0, "secret"), None, "fleet.import-field", "devices[0]"),
        (("devices", 0, "heartbeat_s"), 0, "fleet.import-field", "devices[0]"),
        (("devices", 0, "protocol"), "onvif", "fleet.import-field", "devices[0]"),
        (("devices", 0, "protocol"), "rtsp", "fleet.bad-url", "devices[0]"),
        (("channels", 0, "device"), CHANNEL, "fleet.import-reference", "channels[0]"),
        (("channels", 0, "name"), "x" * 201, "fleet.import-field", "channels[0]"),
    ],
)
def test_every_fault_says_where_it_is(path: tuple[Any, ...], value: Any, code: str, row: str) -> None:
    problems = read(changed(*path, value=value)).problems
    assert (problems[0].code, problems[0].row) == (code, row)
    said = problems[0].error()
    assert said.text("zh-CN") != said.text("en")
    assert "{" not in said.text("zh-CN") + said.text("en")


def test_one_code_twice_is_a_fault() -> None:
    problems = read(changed("devices", value=GOOD["devices"] * 2)).problems
    assert [p.code for p in problems] == ["fleet.import-twice"]


def test_a_secret_never_stands_in_a_problem() -> None:
    problems = read(changed("devices", 0, "secret", value="hunter2" * 40)).problems
    assert problems[0].field == "secret"
    assert "hunter2" not in problems[0].error().text()


def test_problems_are_listed_up_to_a_number() -> None:
    assert len(read(changed("channels", value=[{}] * 1000)).problems) == MOST_PROBLEMS


@pytest.mark.parametrize(
    "url", ["", "http://h/x", "rtsp://", "rtsp://u:p@h/x", "rtsp://h/a b", "rtsp://" + "h" * 1000]
)
def test_an_address_that_cannot_be_pulled_is_refused(url: str) -> None:
    with pytest.raises(Refused, match=r"fleet\.bad-url") as refused:
        refuse_bad_url(url)
    assert "u:p" not in str(refused.value)


json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(list(GOOD)), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(json_like, st.sampled_from(list(GOOD)))
def test_whatever_the_file_says_reading_it_never_raises(value: Any, key: str) -> None:
    assert read(value).problems
    read({**GOOD, key: value})


@pytest.mark.parametrize("value", [[1], "feed", 7])
def test_a_graph_that_is_none_is_named(value: Any) -> None:
    problems = read({**GOOD, "graph": value}).problems
    assert [(each.code, each.row) for each in problems] == [("fleet.import-field", "graph")]
