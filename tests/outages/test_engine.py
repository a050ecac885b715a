"""Windows and rows: what one engine makes of a day's symptoms in the small town."""

from __future__ import annotations

import itertools
import random

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.outages.town import (
    BEGAN,
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
from civicam.outages.engine import Engine
from civicam.outages.facts import (
    Attribution,
    ChannelCameBack,
    ChannelWentDark,
    CollectorGap,
    Fact,
    WorkId,
    WorkPlanned,
)
from civicam.outages.ledger import digest, pieces
from civicam.outages.plant import Plant

STREET_A = cameras("a1", "a2", "a3")
FEED_CUT: list[Fact] = [
    *dark(*STREET_A, since=60),
    *gasps("a1", "a2", "a3", since=60),
    *no_light("a1", "a2", "a3", since=60),
]


def test_a_feed_takes_a_street_and_comes_back() -> None:
    town = Town()
    town.run([*FEED_CUT, *back(*STREET_A, when=1000)], 1800)
    (row,) = town.rows.values()
    assert (row.verdict.kind, row.verdict.place, row.state) == ("supply", "feed-a", "closed")
    assert (row.sites, row.devices, row.channels) == (3, 6, 6)
    assert abs((row.started_at - at(60)).total_seconds()) < 5
    assert row.ended_at == at(1000)
    assert {span.ended for each in row.affected for span in each.spans} == {at(1000)}
    assert row.verdict.confidence > 0.9
    assert {"last_gasp", "share", "heard", "window"} <= {line.code for line in row.evidence}


def test_the_row_is_there_within_a_minute_of_the_first_loss() -> None:
    town = Town()
    town.run(FEED_CUT, 60 + 182 + 60)
    (row,) = town.open
    first = min(fact.at for fact in dark(*STREET_A, since=60))
    assert (row.opened_at - first).total_seconds() <= 60


def test_a_cut_fibre_is_not_a_power_cut() -> None:
    """No last gasp, though the ONUs would send one, and the sites share a fibre and no feed."""
    town = Town()
    town.run([*dark(*cameras("a1", "b1"), since=60), *no_light("a1", "b1", since=60)], 400)
    assert town.causes() == [("fibre", "fibre-1")]


def test_a_camera_alone_is_its_own_cause() -> None:
    town = Town()
    camera = NodeId("cam-a1-0")
    facts: list[Fact] = [
        *dark(camera, since=60),
        *silence(camera, when=245),
        *answers(NodeId("sw-a1"), NodeId("onu-a1"), when=245),
        *heard(NodeId("cam-a1-1"), when=230, told=245),
    ]
    town.run(facts, 400)
    assert town.causes() == [("device", "cam-a1-0")]


def test_a_switch_that_is_silent_behind_an_onu_that_answers() -> None:
    town = Town()
    facts: list[Fact] = [
        *dark(*cameras("a1"), since=60),
        *answers(NodeId("onu-a1"), when=245),
        *silence(NodeId("sw-a1"), when=245),
    ]
    town.run(facts, 400)
    assert town.causes() == [("network", "sw-a1")]


def test_two_cuts_are_two_rows() -> None:
    """[FEED a] fails, a minute and a half later [FIBRE 3]: a3 may be in either, b3 only in the fibre's."""
    town = Town()
    facts = [
        *FEED_CUT,
        *dark(*cameras("b3"), since=150),
        *no_light("b3", since=150),
        *answers(NodeId("onu-b1"), NodeId("onu-b2"), when=230),
    ]
    town.run(facts, 600)
    causes = dict(town.causes())
    assert set(causes) == {"supply", "fibre"} or set(causes) == {"supply", "network"}
    assert causes["supply"] == "feed-a"


def test_a_device_that_answers_is_not_dark() -> None:
    """Three heartbeats lost, and it answers when it is asked: no row."""
    town = Town()
    camera = NodeId("cam-a1-0")
    (lost,) = dark(camera, since=60)
    when = (lost.at - BEGAN).total_seconds() + 3
    town.run([lost, *answers(camera, when=when, source="sip"), *back(camera, when=when + 55)], 900)
    assert town.rows == {}


def test_what_outlasts_its_cause_has_one_of_its_own() -> None:
    """The feed is back, one camera of six is not."""
    town = Town()
    town.run([*FEED_CUT, *back(*STREET_A[1:], when=1000)], 2000)
    feed, camera = sorted(town.rows.values(), key=lambda row: row.opened_at)
    assert (feed.verdict.place, feed.state, feed.ended_at) == ("feed-a", "closed", at(1000))
    assert (camera.verdict.kind, camera.verdict.place, camera.state) == ("device", STREET_A[0], "open")
    assert camera.started_at == at(1000)


def test_a_link_that_flaps_is_one_row() -> None:
    town = Town()
    facts: list[Fact] = []
    for begin in (60.0, 500.0, 940.0):
        facts += [*dark(*cameras("a1"), since=begin), *no_light("a1", since=begin)]
        facts += back(*cameras("a1"), when=begin + 300)
    town.run(facts, 2200)
    (row,) = [each for each in town.rows.values() if each.state != "merged"]
    assert row.state == "closed"
    assert [len(each.spans) for each in row.affected] == [3, 3]


def test_a_battery_that_runs_empty_belongs_to_the_cut() -> None:
    """[FEED a]──[CAB a2]──[UPS a2, 60 min]: it is bridged, told, and dark an hour later."""
    town = Town(Plant(register(ups=("a2",))))
    facts: list[Fact] = [
        *dark(*cameras("a1", "a3"), since=60),
        *gasps("a1", "a3", since=60),
        *dark(*cameras("a2"), since=3660),
    ]
    town.run(facts, 4200)
    assert town.causes() == [("supply", "feed-a")]
    (row,) = town.open
    starts = {each.device_id: each.spans[0].began for each in row.affected}
    assert (starts[NodeId("cam-a2-0")] - at(3660)).total_seconds() < 60
    assert row.channels == 6


def test_a_gap_of_ours_is_unknown_and_neither_up_nor_down() -> None:
    town = Town()
    gap = CollectorGap("g", at(600), at(900), "stopped")
    town.run([*FEED_CUT, gap, *back(*STREET_A, when=1500)], 2200)
    rows = {row.verdict.kind.value: row for row in town.rows.values()}
    assert rows["platform"].channels == 12
    for each in rows["supply"].affected:
        assert [span.unknown for span in each.spans] == [False, True, False]
        assert (each.spans[1].began, each.spans[1].ended) == (at(600), at(900))
        unusable, unknown = each.seconds(at(9999))
        assert unknown == 300
        assert abs(unusable - 1140) < 6


def test_nothing_is_said_while_we_are_blind() -> None:
    """Everything falls silent because we do not listen; when we do again, it is there."""
    town = Town()
    facts: list[Fact] = [CollectorGap("g", at(50), None, "uplink"), *dark(*cameras("a1", "b2"), since=55)]
    town.run(facts, 500)
    assert town.open[0].verdict.kind == "platform"
    assert len(town.rows) == 1
    town.run([CollectorGap("g", at(50), at(505), "uplink"), *back(*cameras("a1", "b2"), when=506)], 900)
    assert [row.verdict.kind for row in town.rows.values()] == ["platform"]


def work(begin: float, end: float, *, cancelled: bool = False, said: float = 0) -> WorkPlanned:
    return WorkPlanned(
        WorkId("w"),
        NodeId("T"),
        at(begin),
        at(end),
        "换变压器",
        "li",
        at(said),
        Attribution.THIRD_PARTY,
        cancelled,
    )


def test_planned_work_inherits_down_the_graph() -> None:
    town = Town()
    town.run([work(0, 3600), *FEED_CUT], 400)
    (row,) = town.open
    assert (row.verdict.kind, row.work_id, row.verdict.attribution) == ("planned", "w", "third_party")


def test_work_that_is_told_later_explains_what_was_thought_to_be_a_fault() -> None:
    town = Town()
    town.run([*FEED_CUT, work(0, 3600, said=500)], 700)
    (row,) = town.open
    assert row.verdict.kind == "planned"
    assert [each.place for each in row.history] == ["feed-a"]


def test_work_that_runs_over_its_end_is_planned_no_more() -> None:
    town = Town()
    town.run([work(0, 900), *FEED_CUT], 2000)
    planned, late = sorted(town.rows.values(), key=lambda row: row.started_at)
    assert (planned.verdict.kind, planned.ended_at) == ("planned", at(900))
    assert (late.verdict.kind, late.started_at, late.channels) != ("planned", at(900), 0)


def test_work_that_is_taken_back_explains_nothing() -> None:
    town = Town()
    town.run([work(0, 3600), *FEED_CUT, work(0, 3600, cancelled=True, said=500)], 700)
    (row,) = town.open
    assert (row.verdict.kind, row.verdict.place) == ("supply", "feed-a")


def test_a_channel_whose_device_works_is_a_row_of_the_device() -> None:
    town = Town()
    camera = NodeId("cam-a1-0")
    facts: list[Fact] = [
        ChannelWentDark("c1", camera, at(60), ("media",)),
        ChannelWentDark("c2", camera, at(61), ("media",)),
        ChannelWentDark("c3", NodeId("cam-b1-0"), at(61), ("recording",)),
        ChannelCameBack("c1", camera, at(400)),
        ChannelCameBack("c2", camera, at(410)),
    ]
    town.run(facts, 1200)
    rows = {row.verdict.kind.value: row for row in town.rows.values()}
    assert (rows["device"].state, rows["device"].channels) == ("closed", 2)
    assert rows["storage"].state == "open"


def test_evidence_that_comes_late_changes_the_cause_and_keeps_the_history() -> None:
    """First one camera of the street is lost; the others, with longer heartbeats, a little later."""
    town = Town()
    facts = [
        *dark(*cameras("a1"), since=60),
        *dark(*cameras("a2", "a3"), since=60, beat=90),
    ]
    town.run(facts, 600)
    (row,) = [each for each in town.rows.values() if each.state != "merged"]
    assert row.channels == 6
    assert row.verdict.place in {"feed-a", "T"}
    assert row.history


def ledger(town: Town) -> str:
    """The digest of everything a town's engine has said."""
    return digest(piece for row in town.rows.values() for piece in pieces(row))


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_the_order_of_arrival_inside_a_window_means_nothing(seed: int) -> None:
    """The same facts in the same window, in any order and split over its steps in any way: the same bytes."""
    rng = random.Random(seed)
    facts: list[Fact] = [
        *dark(*STREET_A, *cameras("b1"), since=60),
        *gasps("a1", "a3", since=60),
        *no_light("a1", "a2", "a3", "b1", since=60),
        *answers(NodeId("onu-b2"), NodeId("onu-b3"), NodeId("sw-b2"), when=243),
        *heard(*cameras("b2", "b3"), when=225, told=243),
        *silence(NodeId("onu-a1"), NodeId("sw-a2"), when=243),
    ]
    found: set[str] = set()
    for _ in range(3):
        mixed = rng.sample(facts, len(facts))
        cuts = sorted(rng.sample(range(1, len(mixed)), 2))
        # the window opens with the first step that brings something, and closes 15 s later
        parts = [mixed[: cuts[0]], mixed[cuts[0] : cuts[1]], mixed[cuts[1] :]]
        town, now = Town(), BEGAN.timestamp() + 260
        for part in parts:
            town.keep(town.engine.step(now, part))
            now += 5
        for _ in range(400):
            town.keep(town.engine.step(now, []))
            now += 5
        found.add(ledger(town))
    assert len(found) == 1


def test_steps_without_news_change_nothing() -> None:
    """A step that neither brings a fact nor was asked for leaves everything as it is."""
    town = Town()
    town.run(FEED_CUT, 400)
    before = repr(town.engine.state)
    for extra in itertools.count(1):
        moment = BEGAN.timestamp() + town.now + extra
        timer = town.engine.get_timer()
        if extra > 200 or (timer is not None and timer <= moment):
            break
        assert town.engine.step(moment, []).changed == ()
    assert repr(town.engine.state) == before


def test_nothing_is_something() -> None:
    """An engine that was told nothing says nothing and waits for nothing."""
    engine = Engine(Plant(register()))
    assert engine.get_timer() is None
    outcome = engine.step(0.0, [])
    assert (outcome.changed, outcome.wishes) == ((), ())


def test_wishes_are_few_and_never_twice_in_a_row() -> None:
    """A dark camera asks itself, what is above it, and a sample of what hangs beside it."""
    town = Town()
    town.run(dark(NodeId("cam-a1-0"), since=60), 250)
    asked = [wish.node for outcome in town.told for wish in outcome.wishes]
    assert {"cam-a1-0", "sw-a1", "onu-a1", "OLT", "cam-a1-1"} <= set(asked)
    first = [wish.node for wish in town.told[0].wishes]
    assert len(first) == len(set(first)) < 20
