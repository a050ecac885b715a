"""The papers of an invented city: complete, and its graph says what the simulator does."""

from __future__ import annotations

import json
from collections import Counter, defaultdict

import pytest

from civicam.simulator.city import Plan, Scale, fixed_secrets, generate
from civicam.simulator.description import City, dump, load


@pytest.fixture(scope="module", params=["district", "city"])
def papers(request: pytest.FixtureRequest) -> City:
    scale: Scale = request.param
    return generate(Plan(scale=scale), fixed_secrets(1))


def test_every_camera_has_a_whole_record(papers: City) -> None:
    parties = {each.id for each in papers.parties}
    for channel in papers.channels:
        camera = channel.camera
        assert camera is not None
        assert camera.owner in parties
        assert all((camera.place, camera.ground, camera.purpose, camera.filed_on))


def test_checkpoints_have_their_lanes(papers: City) -> None:
    lanes: dict[str, list[int]] = defaultdict(list)
    for channel in papers.channels:
        if channel.camera is not None and channel.camera.kind == "checkpoint":
            lanes[channel.site].append(channel.camera.lane)
    sites = {site.id: site for site in papers.sites}
    assert {site.id for site in papers.sites if site.lanes} == lanes.keys()
    for site, numbers in lanes.items():
        assert sites[site].lanes in {2, 4, 8}
        assert numbers == list(range(1, (sites[site].lanes or 0) + 1))


def test_third_parties_own_their_cameras_and_nobody_else_s(papers: City) -> None:
    kinds = {party.id: party.kind for party in papers.parties}
    for site in papers.sites:
        assert site.parties is not None
        assert (kinds[site.parties.owner] == "third-party") == (site.kind == "third-party")
        assert kinds[site.parties.power] == "power-company"
        assert kinds[site.parties.carrier] == "carrier"


def test_the_graph_darkens_what_the_simulator_would(papers: City) -> None:
    """A cut feed or fibre takes the devices of its own sites with it, and no other."""
    below: dict[str, set[str]] = defaultdict(set)
    for edge in papers.graph.edges:
        below[edge.source].add(edge.to)
    here: dict[str, set[str]] = defaultdict(set)
    for device in papers.devices:
        here[device.site].add(device.gb_id)
    codes = {device.gb_id for device in papers.devices}

    def reached(start: str) -> set[str]:
        found, waiting = {start}, [start]
        while waiting:
            for each in below[waiting.pop()] - found:
                found.add(each)
                waiting.append(each)
        return found & codes

    for group in (*papers.feeds, *papers.fibres):
        assert reached(group.id) == set().union(*(here[site] for site in group.sites))


def test_nothing_holds_a_device_up_when_its_feed_is_cut(papers: City) -> None:
    """In the simulator they die at once: a battery above a device would be a lie."""
    supply = {node.id for node in papers.graph.nodes if node.battery_minutes}
    codes = {device.gb_id for device in papers.devices}
    assert not [edge for edge in papers.graph.edges if edge.source in supply and edge.to in codes]


def test_every_device_has_power_and_fibre_from_one_place_each(papers: City) -> None:
    ways = Counter((edge.to, edge.medium) for edge in papers.graph.edges)
    for device in papers.devices:
        assert (ways[device.gb_id, "power"], ways[device.gb_id, "fibre"]) == (1, 1)


def test_all_sites_lie_in_the_outline(papers: City) -> None:
    (west, south), _, (east, north), _ = papers.outline
    assert all(west < site.lon < east and south < site.lat < north for site in papers.sites)


def test_papers_survive_writing_and_reading(papers: City) -> None:
    text = dump(papers)
    assert load(text) == papers
    row = json.loads(text)["graph"]["edges"][0]
    assert row.keys() == {"from", "to", "medium"}


def test_a_description_without_papers_is_still_one(papers: City) -> None:
    data = json.loads(dump(papers))
    for key in ("graph", "parties", "outline"):
        del data[key]
    for site in data["sites"]:
        del site["parties"], site["lanes"]
    for channel in data["channels"]:
        del channel["camera"]
    found = load(json.dumps(data))
    assert found.graph.nodes == ()
    assert found.channels[0].camera is None
