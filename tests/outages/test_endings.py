"""How causes end, hide behind each other and come again, in the small town."""

from __future__ import annotations

from tests.outages.town import (
    Town,
    answers,
    at,
    back,
    cameras,
    dark,
    gasps,
    heard,
    no_light,
    register,
    silence,
)

from civicam.fleet.graph import NodeId
from civicam.outages.facts import Evidence, EvidenceKind, Fact, WorkId, WorkPlanned
from civicam.outages.plant import Plant

ONU = NodeId("onu-a1")


def said(node: str, kind: EvidenceKind, when: float, source: str = "OLT") -> Evidence:
    """Somebody told it of a node."""
    return Evidence(NodeId(node), kind, at(when), 0.0, source)


def test_an_onu_that_is_back_before_its_cameras_changes_no_cause() -> None:
    """[FIBRE 1]──[ONU a1]──[CAM]: light again at 400 s, the cameras need another minute and a half."""
    town = Town()
    facts: list[Fact] = [
        *dark(*cameras("a1"), since=60),
        *no_light("a1", since=60),
        *silence(ONU, NodeId("sw-a1"), when=250),
        said(ONU, EvidenceKind.SIGNAL_BACK, 400),
        *answers(ONU, when=420),
        *back(*cameras("a1"), when=490),
    ]
    town.run(facts, 390)
    (before,) = town.rows.values()
    town.run(facts, 1500)
    (row,) = town.rows.values()
    assert row.verdict == before.verdict
    assert row.history == ()
    assert (row.state, row.ended_at) == ("closed", at(490))


def test_what_stays_dark_behind_an_onu_that_is_back_gets_a_cause_of_its_own() -> None:
    town = Town()
    one, other = cameras("a1")
    facts: list[Fact] = [
        *dark(one, other, since=60),
        *no_light("a1", since=60),
        said(ONU, EvidenceKind.SIGNAL_BACK, 400),
        *back(other, when=430),
        *answers(NodeId("sw-a1"), when=700),
    ]
    town.run(facts, 1500)
    left = [row for row in town.rows.values() if row.state == "open"]
    assert [(row.verdict.kind, row.verdict.place) for row in left] == [("device", one)]


def test_an_empty_battery_is_a_failed_supply_of_the_cabinet() -> None:
    """[FEED a]──[CAB a2]──[UPS a2]: mains fail at the cabinet alone, half an hour later it is dark."""
    town = Town(Plant(register(ups=("a2",))))
    facts: list[Fact] = [
        said("ups-a2", EvidenceKind.ON_BATTERY, 62, "ups-a2"),
        *dark(*cameras("a2"), since=1862),
        *gasps("a2", since=1862),
        *heard(*cameras("a1", "a3"), when=2010, told=2030),
        *answers(NodeId("onu-a1"), NodeId("onu-a3"), when=2030),
    ]
    town.run(facts, 2400)
    (row,) = town.open
    assert (row.verdict.kind, row.verdict.place) == ("supply", "cab-a2")
    assert row.started_at >= at(1800)
    assert at(50) <= row.earliest <= row.latest <= at(70)


def test_a_part_that_is_dark_again_is_another_cause() -> None:
    """The feed is back for three minutes, then one site's fibre breaks while the others work."""
    town = Town()
    street = cameras("a1", "a2", "a3")
    facts: list[Fact] = [
        *dark(*street, since=60),
        *gasps("a1", "a2", "a3", since=60),
        *back(*street, when=1000),
        *(said(f"onu-a{n}", EvidenceKind.SIGNAL_BACK, 998) for n in (1, 2, 3)),
        *dark(*cameras("a1"), since=1200),
        *no_light("a1", since=1200),
        *silence(ONU, when=1330),
        *heard(*cameras("a2", "a3"), when=1300, told=1330),
        *answers(NodeId("onu-a2"), NodeId("onu-a3"), when=1330),
    ]
    town.run(facts, 1600)
    assert ("supply", "feed-a") in town.causes()
    (row,) = town.open
    assert row.verdict.place != "feed-a"
    assert {each.site_id for each in row.affected} == {"a1"}


def test_of_two_cuts_the_first_took_what_hangs_below_both() -> None:
    """[FEED a] fails at 60 s, [FIBRE 1] at 75 s: a1 hangs below both, b1 below the fibre alone."""
    town = Town()
    street = cameras("a1", "a2", "a3")
    facts: list[Fact] = [
        *dark(*street, since=60),
        *gasps("a1", "a2", "a3", since=60),
        *dark(*cameras("b1"), since=75),
        *no_light("b1", since=75),
        *silence(NodeId("onu-b1"), when=220),
        *answers(NodeId("onu-b2"), NodeId("onu-b3"), when=220),
    ]
    town.run(facts, 500)
    whose = {each.site_id: row.verdict.place for row in town.open for each in row.affected}
    assert {whose[site] for site in ("a1", "a2", "a3")} == {"feed-a"}


def test_work_that_runs_over_keeps_its_place() -> None:
    """Nothing is back at the end of the work, and the memory of its beginning is gone."""
    town = Town()
    work = WorkPlanned(WorkId("w"), NodeId("fibre-1"), at(50), at(6000), "splice", "desk", at(0))
    below = cameras("a1", "b1")
    town.run([work, *dark(*below, since=60), *no_light("a1", "b1", since=60)], 6900)
    (row,) = town.open
    assert (row.verdict.kind, row.verdict.place) == ("fibre", "fibre-1")
    assert {each.device_id for each in row.affected} == set(below)
