"""The invented city: same seed, same text; the counts of the two scales; every reference sound."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from civicam.kernel.errors import Refused
from civicam.simulator.city import Grouping, Plan, fixed_secrets, generate
from civicam.simulator.description import City, dump, load


def test_the_same_seed_gives_the_same_text() -> None:
    assert dump(generate(Plan(seed=4), fixed_secrets(4))) == dump(generate(Plan(seed=4), fixed_secrets(4)))
    assert dump(generate(Plan(seed=4), fixed_secrets(4))) != dump(generate(Plan(seed=5), fixed_secrets(5)))


def test_secrets_are_new_each_time_unless_fixed() -> None:
    first, second = generate(Plan()), generate(Plan())
    assert {d.secret for d in first.devices}.isdisjoint({d.secret for d in second.devices})
    assert first.sites == second.sites


def test_the_district_has_sixty_sites_and_a_hundred_and_fifty_channels(city: City) -> None:
    assert (len(city.sites), len(city.channels)) == (60, 150)
    assert {d.kind for d in city.devices} == {"camera", "recorder", "encoder"}
    assert {d.protocol for d in city.devices} == {"gb28181", "rtsp"}
    assert {d.transport for d in city.devices if d.protocol == "gb28181"} == {"udp", "tcp"}


@pytest.mark.parametrize(("grouping", "devices"), [("site", 2343), ("channel", 5892)])
def test_the_city_has_the_tendered_figures(grouping: Grouping, devices: int) -> None:
    city = generate(Plan(scale="city", grouping=grouping, rtsp=False), fixed_secrets(1))
    assert (len(city.sites), len(city.channels), len(city.devices)) == (2343, 5892, devices)
    kinds = {site.id: site.kind for site in city.sites}
    lanes = Counter(kinds[channel.site] for channel in city.channels)
    assert (lanes["checkpoint"], lanes["dome"], lanes["highpoint"]) == (96, 100, 20)


def test_ids_are_unique_and_carry_their_type(city: City) -> None:
    ids = [d.gb_id for d in city.devices] + [c.gb_id for c in city.channels]
    assert len(ids) == len(set(ids))
    assert {c.gb_id[10:13] for c in city.channels} == {"131"}
    assert {d.gb_id[10:13] for d in city.devices} <= {"132", "118", "113"}


def test_every_site_is_on_one_feed_and_one_fibre(city: City) -> None:
    sites = sorted(site.id for site in city.sites)
    for groups in (city.feeds, city.fibres):
        assert sorted(site for group in groups for site in group.sites) == sites


def test_a_description_survives_writing_and_reading(city: City) -> None:
    assert load(dump(city)) == city


def test_an_rtsp_device_has_an_address_and_no_heartbeat(city: City) -> None:
    rows = {row["gb_id"]: row for row in json.loads(dump(city))["devices"]}
    rtsp = next(row for row in rows.values() if row["protocol"] == "rtsp")
    assert rtsp["url"].startswith("rtsp://127.0.0.1:8554/")
    assert "heartbeat_s" not in rtsp
    assert all("url" not in row for row in rows.values() if row["protocol"] == "gb28181")


def _spoilt(city: City, **changes: object) -> str:
    return json.dumps({**json.loads(dump(city)), **changes})


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"format": "civicam-city/2"}, "format"),
        ({"sites": "none"}, "TypeError"),
        ({"center": [1.0]}, "ValueError"),
        ({"name": {"zh": "样例"}}, "TypeError"),
        ({"platform": "1"}, "platform id"),
        ({"feeds": [{"id": "F", "sites": ["nowhere"]}]}, "unknown site"),
        ({"sites": []}, "unknown site"),
        ({"devices": []}, "unknown device"),
    ],
)
def test_an_unsound_description_is_refused_with_its_reason(
    city: City, changes: dict[str, object], reason: str
) -> None:
    with pytest.raises(Refused) as caught:
        load(_spoilt(city, **changes))
    assert caught.value.code == "simulator.bad-city"
    assert reason in str(caught.value.data["reason"])


def test_what_is_no_json_is_refused() -> None:
    with pytest.raises(Refused, match="not JSON"):
        load("{")
