"""What one observation says about the start of a cause: step functions of time, their sum, its plateau. Pure.

Every function enters steps, pairs of (time, what is added from there on), and gives the value before the
first of them. Values are nats in favour of the cause.
"""

from __future__ import annotations

import math

from civicam.outages.rules import Rules
from civicam.outages.scene import LONGEST_S, Dark, Hush, Proof

Steps = list[tuple[float, float]]

SHORTEST_S = 0.5
"""A plateau counts as no shorter."""
_MOST = math.log(LONGEST_S)
"""What the length of a plateau adds at most."""


def dark(item: Dark, price: float, rules: Rules, steps: Steps) -> float:
    """A dark device that ``price`` nats explain so far.

    It fits a start between its last heartbeat and the next one due; with one or two heartbeats lost before
    that, a little earlier; with a late one, a little later. Heard after the start, it speaks against it.
    """
    better = price - item.log_span
    against, reached = rules.lit, item.lo - rules.slack_s
    if item.lo == -math.inf:
        steps.append((item.hi, -max(0.0, better)))
        return max(0.0, better)
    if better <= 0:
        steps.append((reached, against))
        return -against
    once, twice = (max(0.0, better - rules.missed * n) if item.beat_s else 0.0 for n in (1, 2))
    late = max(0.0, better - rules.late)
    due, beat = item.hi + rules.slack_s, item.beat_s or 1.0
    steps += (
        (item.lo - rules.late_s, late + against),
        (reached, better - late),
        (due, once - better),
        (due + beat, twice - once),
        (due + 2 * beat, -twice),
    )
    return -against


def soft(item: Dark, price: float, cost: float, steps: Steps) -> float:
    """A dark device behind a battery: the cut was some time before it was heard last.

    ``cost``: `Rules.battery` for the first device of a branch; the others share its moment.
    """
    better = max(0.0, price - cost)
    steps.append((item.hi if item.lo == -math.inf else item.lo, -better))
    return better


def lit(seen: float, weight: float, rules: Rules, steps: Steps) -> float:
    """A node that worked at ``seen``: it speaks against every earlier start."""
    steps.append((seen - rules.slack_s, weight))
    return -weight


def hush(item: Hush, steps: Steps) -> float:
    """A node that should have been heard between two times and was not."""
    if item.lo == -math.inf:
        steps.append((item.hi, -item.weight))
        return item.weight
    steps += ((item.lo, item.weight), (item.hi, -item.weight))
    return 0.0


def proof(item: Proof, saving: float, earlier: float, steps: Steps) -> float:
    """Direct evidence: worth ``saving`` for a start in its interval, ``earlier`` for one before it."""
    steps += ((item.lo, saving - earlier), (item.hi, -saving))
    return earlier


def plateau(base: float, steps: Steps, begin: float, end: float) -> tuple[float, float, float]:
    """The best start between two times: (height with the logarithm of its length, from, to)."""
    steps.sort()
    value, since = base, begin
    best = (-math.inf, begin, begin)
    for time, delta in steps:
        until = min(time, end)
        if until > since:
            if value + _MOST > best[0]:
                best = _better(best, value, since, until)
            since = until
        value += delta
    return _better(best, value, since, end) if end > since else best


def _better(
    best: tuple[float, float, float], value: float, since: float, until: float
) -> tuple[float, float, float]:
    height = value + math.log(min(max(until - since, SHORTEST_S), LONGEST_S))
    return (height, since, until) if height > best[0] else best


def at(base: float, steps: Steps, moment: float) -> float:
    """The value of a sum at one time."""
    return base + sum(delta for time, delta in steps if time <= moment)
