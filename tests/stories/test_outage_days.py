"""Days on which power and fibre fail, told by what reached the platform; the map: `tests.outages.town`."""

from __future__ import annotations

from tests.outages.town import (
    Town,
    answers,
    at,
    back,
    cameras,
    dark,
    gasps,
    no_light,
    register,
    silence,
)

from civicam.fleet.graph import Edge, Medium, NodeId
from civicam.outages.facts import Fact
from civicam.outages.plant import Plant, Register


def test_road_works_cut_a_fibre_while_a_feed_is_down() -> None:
    """Two causes overlap at one site, and stay two.

        [FEED a ✂ 01:01]──[a1] [a2] [a3]
                           │
        [FIBRE 1 ✂ 01:21]──┴──[b1]

    At 01:41 the feed is back: a2 and a3 return, a1 does not, for its fibre is cut. The feed's row ends; a1's
    cameras go on in the fibre's row, from then on.
    """
    town = Town()
    facts: list[Fact] = [
        *dark(*cameras("a1", "a2", "a3"), since=60),
        *gasps("a1", "a2", "a3", since=60),
        *no_light("a1", "a2", "a3", since=60),
        *dark(*cameras("b1"), since=1260),
        *no_light("b1", since=1260),
        *silence(NodeId("onu-b1"), when=1500),
        *back(*cameras("a2", "a3"), when=2460),
        *silence(NodeId("onu-a1"), when=2700),
    ]
    town.run(facts, 4000)
    feed = next(row for row in town.rows.values() if row.verdict.place == "feed-a")
    assert (feed.state, feed.ended_at, feed.channels) == ("closed", at(2460), 6)
    rest = [row for row in town.open if {"cam-a1-0", "cam-a1-1"} & {each.device_id for each in row.affected}]
    assert len(rest) == 1
    mine = [each for each in rest[0].affected if each.device_id in cameras("a1")]
    assert {span.began for each in mine for span in each.spans} == {at(2460)}
    assert len(mine) == 2


def test_a_site_that_the_register_puts_on_the_wrong_feed() -> None:
    """The register says b3 hangs on feed b; in truth an electrician moved it to feed a.

        register: [FEED a]──[a1] [a2] [a3]    [FEED b]──[b1] [b2] [b3]
        truth:    [FEED a ✂]──[a1] [a2] [a3] [b3]

    Its last gasp comes in the same second as theirs. One row, and it says that b3 is not below the feed in
    the register.
    """
    town = Town()
    sites = ("a1", "a2", "a3", "b3")
    facts: list[Fact] = [
        *dark(*cameras(*sites), since=60),
        *gasps(*sites, since=60),
        *no_light(*sites, since=60),
        *answers(NodeId("onu-b1"), NodeId("onu-b2"), when=230),
    ]
    town.run(facts, 500)
    assert town.causes() == [("supply", "feed-a")]
    (row,) = town.open
    assert row.channels == 8
    assert {line.node for line in row.evidence if line.code == "not-below"} == set(cameras("b3"))


def test_a_quarter_whose_edges_were_never_entered() -> None:
    """The feeds have no edges in the register at all: nothing wide can be named, and nothing is invented.

    [FEED a] ? [a1] [a2]     each site is a cause of its own, of a kind that its last gasp proves
    """
    known = register()
    edges = tuple(
        edge for edge in known.edges if not (edge.medium is Medium.POWER and edge.upper.startswith("feed"))
    )
    assert all(isinstance(edge, Edge) for edge in edges)
    town = Town(Plant(Register(known.nodes, edges, known.channels, known.watch)))
    facts: list[Fact] = [*dark(*cameras("a1", "a2"), since=60), *gasps("a1", "a2", since=60)]
    town.run(facts, 500)
    assert town.causes() == [("supply", "cab-a1"), ("supply", "cab-a2")]
