"""The Merkle tree of RFC 9162 (section 2.1), appended to one leaf at a time; pure.

A leaf is hashed with a zero byte before it, a node with a one: neither can be taken for the other. The tree
of n leaves splits at the largest power of two below n, so what is left of the right edge never changes: the
`Frontier` needs only the full subtrees on that edge, one for each bit of n.

Of the inner nodes those at every eighth level (256 leaves, 65,536 …) are kept by the store; any other is a
fold of at most 128 hashes of the level below. A proof reads O(log n) such runs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Protocol

HASH_BYTES = 32
KEPT_LEVEL = 8
"""Nodes at multiples of this level are kept."""
EMPTY = hashlib.sha256(b"").digest()
"""The root of no leaves (RFC 9162, 2.1.1)."""


def leaf_hash(data: bytes) -> bytes:
    """Of a leaf's bytes."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Of two neighbours."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def fold(hashes: Sequence[bytes]) -> bytes:
    """The root above a power of two of neighbours on one level."""
    row = list(hashes)
    while len(row) > 1:
        row = [node_hash(row[place], row[place + 1]) for place in range(0, len(row), 2)]
    return row[0]


class Frontier:
    """The full subtrees along the right edge, the largest first: all that appending needs."""

    def __init__(self, size: int = 0, peaks: Sequence[bytes] = ()) -> None:
        if len(peaks) != size.bit_count():
            raise ValueError("a full subtree for each bit of the size")
        self.size = size
        self.peaks = list(peaks)

    def copy(self) -> Frontier:
        """Another of the same tree."""
        return Frontier(self.size, self.peaks)

    def append(self, leaf: bytes) -> Iterator[tuple[int, int, bytes]]:
        """Take a leaf's hash; gives (level, index, hash) of each node to keep that it completes."""
        place, node, level = self.size, leaf, 0
        kept = []
        while place & 1:
            node = node_hash(self.peaks.pop(), node)
            place >>= 1
            level += 1
            if level % KEPT_LEVEL == 0:
                kept.append((level, place, node))
        self.peaks.append(node)
        self.size += 1
        return iter(kept)

    def root(self) -> bytes:
        """The hash of the whole tree."""
        if not self.peaks:
            return EMPTY
        found = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            found = node_hash(peak, found)
        return found


class Hashes(Protocol):
    """Where kept hashes come from."""

    def run(self, level: int, first: int, count: int) -> Sequence[bytes]:
        """``count`` neighbours from index ``first`` on a kept ``level`` (0 are the leaves)."""
        ...


def subtree(source: Hashes, low: int, high: int) -> bytes:
    """MTH of the leaves ``low`` to ``high`` (exclusive); ``low`` is where a split of the tree begins."""
    count = high - low
    if count == 0:
        return EMPTY
    if count & (count - 1) == 0 and low % count == 0:
        level = count.bit_length() - 1
        base = level // KEPT_LEVEL * KEPT_LEVEL
        return fold(source.run(base, low >> base, 1 << (level - base)))
    middle = low + _split(count)
    return node_hash(subtree(source, low, middle), subtree(source, middle, high))


def frontier_of(source: Hashes, size: int) -> Frontier:
    """The right edge of a tree that is kept."""
    peaks, low = [], 0
    for bit in reversed(range(size.bit_length())):
        if size >> bit & 1:
            peaks.append(subtree(source, low, low + (1 << bit)))
            low += 1 << bit
    return Frontier(size, peaks)


def _split(count: int) -> int:
    """The largest power of two below ``count`` (at least 2)."""
    return 1 << ((count - 1).bit_length() - 1)


def inclusion_proof(source: Hashes, index: int, size: int) -> tuple[bytes, ...]:
    """PATH(index, D[size]) of RFC 9162, 2.1.3.1; `ValueError` when there is no such leaf."""
    if not 0 <= index < size:
        raise ValueError("no such leaf")
    found, low, high = [], 0, size
    while high - low > 1:
        middle = low + _split(high - low)
        if index < middle:
            found.append(subtree(source, middle, high))
            high = middle
        else:
            found.append(subtree(source, low, middle))
            low = middle
    return tuple(reversed(found))


def consistency_proof(source: Hashes, old: int, size: int) -> tuple[bytes, ...]:
    """PROOF(old, D[size]) of RFC 9162, 2.1.4.1; `ValueError` unless 0 < old <= size."""
    if not 0 < old <= size:
        raise ValueError("no such tree")
    found: list[bytes] = []
    low, high, whole = 0, size, True
    while old != high:
        middle = low + _split(high - low)
        if old <= middle:
            found.append(subtree(source, middle, high))
            high = middle
        else:
            found.append(subtree(source, low, middle))
            low, whole = middle, False
    if not whole:
        found.append(subtree(source, low, high))
    return tuple(reversed(found))


def root_by_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes]) -> bytes | None:
    """The root that a proof leads to (RFC 9162, 2.1.3.2); None when it does not fit the place and size."""
    if not 0 <= index < size:
        return None
    place, last, found = index, size - 1, leaf
    for step in proof:
        if last == 0:
            return None
        if place & 1 or place == last:
            found = node_hash(step, found)
            while not place & 1 and place:
                place >>= 1
                last >>= 1
        else:
            found = node_hash(found, step)
        place >>= 1
        last >>= 1
    return found if last == 0 else None


def is_included(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether a proof shows that a leaf stands at ``index`` in the tree of this root."""
    return root_by_inclusion(leaf, index, size, proof) == root


def is_consistent(old: int, size: int, old_root: bytes, root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether a proof shows that the tree of ``size`` begins with the tree of ``old`` (RFC 9162, 2.1.4.2)."""
    if not 0 < old <= size:
        return False
    if old == size:
        return not proof and old_root == root
    path = list(proof)
    if old & (old - 1) == 0:
        path.insert(0, old_root)
    if not path:
        return False
    place, last = old - 1, size - 1
    while place & 1:
        place >>= 1
        last >>= 1
    first = second = path[0]
    for step in path[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            first, second = node_hash(step, first), node_hash(step, second)
            while not place & 1 and place:
                place >>= 1
                last >>= 1
        else:
            second = node_hash(second, step)
        place >>= 1
        last >>= 1
    return last == 0 and first == old_root and second == root
