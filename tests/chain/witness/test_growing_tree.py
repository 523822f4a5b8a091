"""The tree that grows gives the roots and proofs of the one that is built at once, for every size up to 64."""

from __future__ import annotations

import pytest

from chain.proof import merkle
from chain.witness.growing_tree import GrowingTree

SIZES = 64
LEAVES = [bytes((at,)) * 48 for at in range(SIZES)]


@pytest.fixture(scope="module")
def tree() -> GrowingTree:
    grown = GrowingTree()
    for leaf in LEAVES:
        grown.append(leaf)
    return grown


def test_roots_are_those_of_the_whole_tree(tree: GrowingTree) -> None:
    assert [tree.root(size) for size in range(SIZES + 1)] == [
        merkle.tree_root(LEAVES[:size]) for size in range(SIZES + 1)
    ]


def test_every_leaf_is_included_in_every_size(tree: GrowingTree) -> None:
    for size in range(1, SIZES + 1):
        for index in range(size):
            path = tree.inclusion_path(index, size)
            assert path == merkle.inclusion_path(LEAVES[:size], index)
            assert merkle.verify_inclusion(merkle.leaf_hash(LEAVES[index]), index, size, path, tree.root(size))


def test_every_size_is_consistent_with_every_larger_one(tree: GrowingTree) -> None:
    for size in range(1, SIZES + 1):
        for old in range(1, size + 1):
            path = tree.consistency_path(old, size)
            assert path == merkle.consistency_path(LEAVES[:size], old)
            assert merkle.verify_consistency(old, tree.root(old), size, tree.root(size), path)


def test_no_size_is_consistent_with_a_changed_past(tree: GrowingTree) -> None:
    for old in range(1, SIZES):
        changed = [*LEAVES[: old - 1], b"another", *LEAVES[old:]]
        path = merkle.consistency_path(changed, old)
        assert not merkle.verify_consistency(old, tree.root(old), SIZES, merkle.tree_root(changed), path)


@pytest.mark.parametrize("ask", ["root", "inclusion", "consistency"])
def test_what_is_not_there_yet_is_an_error(tree: GrowingTree, ask: str) -> None:
    with pytest.raises(IndexError):
        {
            "root": lambda: tree.root(SIZES + 1),
            "inclusion": lambda: tree.inclusion_path(3, 3),
            "consistency": lambda: tree.consistency_path(5, 4),
        }[ask]()


def test_the_empty_tree_is_consistent_with_any_without_a_proof(tree: GrowingTree) -> None:
    assert tree.consistency_path(0, SIZES) == ()
