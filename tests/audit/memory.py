"""A tree in memory: hashes of every kept level from the leaves, computed anew each time."""

from __future__ import annotations

from collections.abc import Sequence

from civicam.audit.tree import fold, leaf_hash


class MemoryTree:
    """Fills `civicam.audit.tree.Hashes`."""

    def __init__(self, data: Sequence[bytes]) -> None:
        self.leaves = [leaf_hash(each) for each in data]

    def run(self, level: int, first: int, count: int) -> list[bytes]:
        """By folding all the leaves below."""
        width = 1 << level
        return [
            fold(self.leaves[place * width : (place + 1) * width]) for place in range(first, first + count)
        ]
