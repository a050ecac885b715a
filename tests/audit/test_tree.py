"""The tree of RFC 9162: published vectors, the definition taken literally, a foreign implementation, lies."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pymerkle import InmemoryTree
from tests.audit.memory import MemoryTree

from civicam.audit.tree import (
    EMPTY,
    Frontier,
    consistency_proof,
    frontier_of,
    inclusion_proof,
    is_consistent,
    is_included,
    leaf_hash,
    subtree,
)

# The inputs and roots that implementations of RFC 6962 test against (certificate-transparency's
# merkle_tree_test.cc; the hashes of RFC 9162 are the same).
INPUTS = [
    bytes.fromhex(text)
    for text in (
        *("", "00", "10", "2021", "3031", "40414243", "5051525354555657"),
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
PATHS: list[tuple[int, int, list[str]]] = [
    (0, 1, []),
    (
        0,
        8,
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        5,
        8,
        [
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (2, 3, ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
    (
        1,
        5,
        [
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
]
SIZES = st.integers(1, 700)


def literal(data: list[bytes]) -> bytes:
    """MTH as section 2.1.1 writes it, with nothing in common with ours."""
    if len(data) < 2:
        return hashlib.sha256(b"\x00" + data[0]).digest() if data else hashlib.sha256(b"").digest()
    split = 1
    while split * 2 < len(data):
        split *= 2
    return hashlib.sha256(b"\x01" + literal(data[:split]) + literal(data[split:])).digest()


def leaves(size: int) -> list[bytes]:
    return [b"%d" % number for number in range(size)]


@pytest.mark.parametrize("size", range(1, 9))
def test_the_published_roots(size: int) -> None:
    edge = Frontier()
    for data in INPUTS[:size]:
        edge.append(leaf_hash(data))
    assert edge.root().hex() == ROOTS[size - 1]
    assert subtree(MemoryTree(INPUTS[:size]), 0, size).hex() == ROOTS[size - 1]


@pytest.mark.parametrize(("index", "size", "path"), PATHS)
def test_the_published_paths(index: int, size: int, path: list[str]) -> None:
    assert [step.hex() for step in inclusion_proof(MemoryTree(INPUTS[:size]), index, size)] == path


def test_no_leaves_have_the_hash_of_nothing() -> None:
    assert (
        Frontier().root() == EMPTY == subtree(MemoryTree([]), 0, 0) == frontier_of(MemoryTree([]), 0).root()
    )


@given(SIZES)
@settings(max_examples=40, deadline=None)
@example(256)
@example(513)
def test_appending_is_the_definition(size: int) -> None:
    data, edge, kept = leaves(size), Frontier(), {}
    for each in data:
        kept.update({(level, index): node for level, index, node in edge.append(leaf_hash(each))})
    tree = MemoryTree(data)
    assert edge.root() == literal(data)
    assert frontier_of(tree, size).peaks == edge.peaks == edge.copy().peaks
    assert kept == {(8, index): tree.run(8, index, 1)[0] for index in range(size // 256)}


@given(SIZES, st.data())
@settings(max_examples=60, deadline=None)
def test_every_proof_of_ours_holds_and_no_other(size: int, drawn: st.DataObject) -> None:
    tree, data = MemoryTree(leaves(size)), leaves(size)
    index, old = drawn.draw(st.integers(0, size - 1)), drawn.draw(st.integers(1, size))
    root, old_root = literal(data), literal(data[:old])
    path, steps = inclusion_proof(tree, index, size), consistency_proof(tree, old, size)
    leaf = leaf_hash(data[index])
    assert is_included(leaf, index, size, path, root)
    assert is_consistent(old, size, old_root, root, steps)
    other = drawn.draw(st.integers(0, size - 1).filter(lambda n: n != index)) if size > 1 else 1
    assert not is_included(leaf, other, size, path, root)
    assert not is_included(leaf_hash(b"another"), index, size, path, root)
    for wrong in (path[:-1], (*path, root)):
        assert wrong == path or not is_included(leaf, index, size, wrong, root)
    assert not is_consistent(old, size, leaf_hash(b"x"), root, steps)
    for lie in (steps[:-1], (*steps, root)):
        assert lie == steps or not is_consistent(old, size, old_root, root, lie)
    if old < size:
        assert not is_consistent(old, size, old_root, leaf_hash(b"x"), steps)


@given(st.integers(1, 70), st.data())
@settings(max_examples=40, deadline=None)
def test_another_implementation_says_the_same(size: int, drawn: st.DataObject) -> None:
    """pymerkle, whose code has nothing of ours: roots, inclusion and consistency paths."""
    data, theirs = leaves(size), InmemoryTree(algorithm="sha256")
    for each in data:
        theirs.append_entry(each)
    tree, index, old = (
        MemoryTree(data),
        drawn.draw(st.integers(0, size - 1)),
        drawn.draw(st.integers(1, size)),
    )
    assert theirs.get_root(size) == subtree(tree, 0, size)
    path = set(theirs.prove_inclusion(index + 1, size).path)  # it names the leaf itself too
    assert path == {*inclusion_proof(tree, index, size), tree.leaves[index]}
    assert theirs.get_root(old) == subtree(tree, 0, old)


def test_what_does_not_exist_has_no_proof() -> None:
    tree = MemoryTree(leaves(3))
    for index in (-1, 3):
        with pytest.raises(ValueError, match="no such leaf"):
            inclusion_proof(tree, index, 3)
        assert not is_included(tree.leaves[0], index, 3, (), tree.leaves[0])
    for old in (0, 4):
        with pytest.raises(ValueError, match="no such tree"):
            consistency_proof(tree, old, 3)
        assert not is_consistent(old, 3, EMPTY, EMPTY, ())
    with pytest.raises(ValueError, match="each bit"):
        Frontier(3, [EMPTY])


def test_a_tree_is_consistent_with_itself_alone() -> None:
    root = literal(leaves(3))
    assert is_consistent(3, 3, root, root, ())
    assert not is_consistent(3, 3, root, EMPTY, ())
    assert not is_consistent(3, 3, root, root, (root,))
    assert not is_consistent(3, 4, root, root, ())
