"""What values and traps mean, by the MIBs that define them."""

from __future__ import annotations

import pytest

from civicam.fleet.agents import Agent
from civicam.probes.evidence import What
from civicam.probes.mapping import (
    IF_OPER_STATUS,
    STANDARD,
    SYS_UP_TIME,
    UPS_OUTPUT_SOURCE,
    Statement,
    TrapRule,
    statements,
    trap_statement,
    wanted,
)

OLT = Agent("olt", "10.0.0.1", version="2c", ports=(("5", "onu-5"), ("9", "onu-9")))
UPS = Agent("ups", "10.0.0.2", version="2c", ups=True)


def said(agent: Agent, values: dict[str, object], before: int | None = None) -> list[tuple[str, What]]:
    return [(each.node_id, each.what) for each in statements(agent, values, before)]


def test_only_what_tells_something_is_asked_for() -> None:
    assert wanted(OLT) == [SYS_UP_TIME, f"{IF_OPER_STATUS}.5", f"{IF_OPER_STATUS}.9"]
    assert wanted(UPS) == [SYS_UP_TIME, UPS_OUTPUT_SOURCE]


@pytest.mark.parametrize(
    ("status", "what"),
    [(1, What.PORT_UP), (2, What.PORT_DOWN), (7, What.PORT_DOWN), (3, None), (4, None), (5, None), (6, None)],
)
def test_port_states(status: int, what: What | None) -> None:
    assert said(OLT, {f"{IF_OPER_STATUS}.5": status}) == ([] if what is None else [("onu-5", what)])


@pytest.mark.parametrize(
    ("source", "what"),
    [(3, What.MAINS_BACK), (5, What.ON_BATTERY), (1, None), (2, None), (4, What.MAINS_BACK)],
)
def test_where_a_ups_takes_its_power_from(source: int, what: What | None) -> None:
    assert said(UPS, {UPS_OUTPUT_SOURCE: source}) == ([] if what is None else [("ups", what)])


@pytest.mark.parametrize(
    ("before", "now", "restarted"),
    [(None, 5, False), (1000, 2000, False), (1000, 5, True), ((1 << 32) - 10, 5, False), (1000, 1000, False)],
)
def test_an_uptime_that_went_back_is_a_restart_unless_it_ran_over(
    before: int | None, now: int, restarted: bool
) -> None:
    assert (("olt", What.RESTARTED) in said(OLT, {SYS_UP_TIME: now}, before)) == restarted


def test_an_answer_of_the_wrong_kind_says_nothing() -> None:
    assert said(OLT, {f"{IF_OPER_STATUS}.5": "up", SYS_UP_TIME: "long"}, 5) == []
    assert said(OLT, {}) == []


@pytest.mark.parametrize(
    ("agent", "trap", "varbinds", "node", "what"),
    [
        (OLT, "1.3.6.1.6.3.1.1.5.3", [("1.3.6.1.2.1.2.2.1.1.5", "5")], "onu-5", What.PORT_DOWN),
        (OLT, "1.3.6.1.6.3.1.1.5.4", [("1.3.6.1.2.1.2.2.1.1.9", "9")], "onu-9", What.PORT_UP),
        (OLT, "1.3.6.1.6.3.1.1.5.1", [], "olt", What.RESTARTED),
        (OLT, "1.3.6.1.2.1.158.0.2", [("1.3.6.1.2.1.158.1.6.1.4.5.77", "257")], "onu-5", What.LAST_GASP),
        (OLT, "1.3.6.1.2.1.158.0.2", [("1.3.6.1.2.1.158.1.6.1.4.9.1", "256")], "onu-9", What.SIGNAL_LOST),
        (UPS, "1.3.6.1.2.1.33.2.1", [], "ups", What.ON_BATTERY),
        (
            UPS,
            "1.3.6.1.2.1.33.2.3",
            [("1.3.6.1.2.1.33.1.6.2.1.2.1", "1.3.6.1.2.1.33.1.6.3.6")],
            "ups",
            What.MAINS_FAILED,
        ),
        (
            UPS,
            "1.3.6.1.2.1.33.2.4",
            [("1.3.6.1.2.1.33.1.6.2.1.2.1", "1.3.6.1.2.1.33.1.6.3.6")],
            "ups",
            What.MAINS_BACK,
        ),
    ],
)
def test_traps_of_the_standards(
    agent: Agent, trap: str, varbinds: list[tuple[str, str]], node: str, what: What
) -> None:
    found = trap_statement(agent, trap, varbinds, STANDARD)
    assert found is not None
    assert (found.node_id, found.what) == (node, what)


@pytest.mark.parametrize(
    ("trap", "varbinds"),
    [
        ("1.3.6.1.6.3.1.1.5.3", [("1.3.6.1.2.1.2.2.1.1.6", "6")]),  # nobody hangs on that port
        ("1.3.6.1.6.3.1.1.5.3", []),
        ("1.3.6.1.2.1.158.0.2", [("1.3.6.1.2.1.158.1.6.1.4.5.77", "258")]),
        ("1.3.6.1.4.1.99999.1", []),
    ],
)
def test_traps_that_mean_nothing_here(trap: str, varbinds: list[tuple[str, str]]) -> None:
    assert trap_statement(OLT, trap, varbinds, STANDARD) is None


def test_a_maker_s_own_trap_is_a_rule() -> None:
    rule = TrapRule("1.3.6.1.4.1.99999.1", What.SIGNAL_LOST, port="1.3.6.1.4.1.99999.2", port_in_index=True)
    found = trap_statement(OLT, "1.3.6.1.4.1.99999.1", [("1.3.6.1.4.1.99999.2.9", "x")], (rule, *STANDARD))
    assert found == Statement("onu-9", What.SIGNAL_LOST, "1.3.6.1.4.1.99999.1, port 9")
