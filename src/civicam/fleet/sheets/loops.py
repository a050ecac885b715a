"""Which links of a graph run in a circle (strongly connected components, Tarjan 1972, without recursion).
Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

SHOWN = 8
"""Nodes of a circle that are named."""

Link = tuple[str, str]


def looping(links: Iterable[Link]) -> Mapping[Link, str]:
    """The links (upper, lower) that lie on a circle, each with a circle near it in words: one for all that
    hang together."""
    below: dict[str, list[str]] = {}
    for upper, lower in links:
        below.setdefault(upper, []).append(lower)
    component = _components(below)
    words: dict[int, str] = {}
    found: dict[Link, str] = {}
    for upper, lowers in below.items():
        for lower in lowers:
            number = component[upper]
            if upper == lower or number != component[lower]:
                continue
            if number not in words:
                ring = _ring(below, component, upper, lower)
                shown = [*ring[:SHOWN], "…"] if len(ring) > SHOWN else ring
                words[number] = " → ".join((*shown, upper))
            found[upper, lower] = words[number]
    return found


def _components(below: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """A number for each node; nodes that reach each other have the same."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    found: dict[str, int] = {}
    stack: list[str] = []
    for start in below:
        if start in index:
            continue
        work = [(start, iter(below.get(start, ())))]
        index[start] = low[start] = len(index)
        stack.append(start)
        while work:
            node, rest = work[-1]
            lower = next(rest, None)
            if lower is None:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    _close(node, stack, found)
            elif lower not in index:
                index[lower] = low[lower] = len(index)
                stack.append(lower)
                work.append((lower, iter(below.get(lower, ()))))
            elif lower not in found:
                low[node] = min(low[node], index[lower])
    return found


def _close(node: str, stack: list[str], found: dict[str, int]) -> None:
    number = len(found)
    while True:
        each = stack.pop()
        found[each] = number
        if each == node:
            return


def _ring(
    below: Mapping[str, Sequence[str]], component: Mapping[str, int], upper: str, lower: str
) -> list[str]:
    """The nodes of a shortest circle that begins with the link, breadth first."""
    came: dict[str, str] = {lower: upper}
    waiting = [lower]
    for node in waiting:
        if node == upper:
            break
        for each in below.get(node, ()):
            if component.get(each) == component[upper] and each not in came:
                came[each] = node
                waiting.append(each)
    ring = [upper]
    node = came[upper]
    while node != upper:
        ring.append(node)
        node = came[node]
    return [upper, *reversed(ring[1:])]
