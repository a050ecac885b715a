"""What comes in at the trap door: known agents, at a bearable pace; the rest is counted."""

from __future__ import annotations

from civicam.probes.trapdoor import LONGEST, Trapdoor


def door() -> Trapdoor:
    made = Trapdoor(rate=10, burst=100)
    made.change(["10.0.0.1", "10.0.0.2"], 0)
    return made


def test_a_stranger_is_a_counted_drop() -> None:
    made = door()
    assert not made.admits("10.9.9.9", 100, 0)
    assert made.counters == {"trap_unknown_agent": 1}


def test_what_is_too_long_is_no_trap() -> None:
    made = door()
    assert not made.admits("10.0.0.1", LONGEST + 1, 0)
    assert made.admits("10.0.0.1", LONGEST, 0)
    assert made.counters["trap_too_long"] == 1


def test_a_flood_of_one_agent_is_cut_and_the_others_are_heard() -> None:
    made = door()
    taken = sum(made.admits("10.0.0.1", 100, n / 1000) for n in range(10_000))
    assert 195 <= taken <= 205  # 100 at once, then 10 a second for ten seconds
    assert made.counters["trap_flood"] == 10_000 - taken
    assert made.admits("10.0.0.2", 100, 10)


def test_a_storm_of_all_agents_is_cut_too() -> None:
    made = Trapdoor(rate=10, burst=100, total=2)
    made.change([f"10.0.1.{n}" for n in range(100)], 0)
    taken = sum(made.admits(f"10.0.1.{n}", 100, 0) for _ in range(10) for n in range(100))
    assert taken == 200
    assert made.counters["trap_storm"] == 800


def test_editing_the_register_does_not_refill_a_bucket() -> None:
    made = door()
    while made.admits("10.0.0.1", 100, 0):
        pass
    made.change(["10.0.0.1", "10.0.0.3"], 0)
    assert not made.admits("10.0.0.1", 100, 0)
    assert made.admits("10.0.0.3", 100, 0)
    assert not made.admits("10.0.0.2", 100, 0)
