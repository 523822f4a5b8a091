"""For each structure: what is proved verifies, and no other leaf, index, size or root does."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chain.proof import batch, rlp
from chain.proof.hashes import keccak256
from chain.proof.index_map import (
    EMPTY,
    GroupProof,
    IndexMap,
    MapLeaf,
    lane_head,
    prove_group,
    root_of,
    verify_group_proof,
)
from chain.proof.merkle import (
    consistency_path,
    inclusion_path,
    inclusion_paths,
    leaf_hash,
    tree_root,
    verify_consistency,
    verify_inclusion,
)
from chain.proof.rlp import MalformedRlp
from chain.proof.slots import History, version_indexes
from chain.proof.storage import MalformedProof, NodeSet, read_trie
from tests.fakes.ledger_simulator import Trie

LEAVES = [bytes([n]) * 3 for n in range(64)]
TAGS = st.binary(min_size=16, max_size=16)
ITEMS = st.recursive(st.binary(max_size=80), lambda inner: st.lists(inner, max_size=5), max_leaves=20)


def rfc_root(leaves: list[bytes]) -> bytes:
    """The definition of RFC 9162 section 2.1.1, word for word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return hashlib.sha256(b"\x01" + rfc_root(leaves[:split]) + rfc_root(leaves[split:])).digest()


def test_all_trees_up_to_64_leaves_have_the_root_of_the_rfc() -> None:
    for size in range(65):
        assert tree_root(LEAVES[:size]) == rfc_root(LEAVES[:size])


def test_in_all_trees_up_to_64_leaves_each_leaf_is_proved_at_its_own_index_alone() -> None:
    for size in range(1, 65):
        leaves = LEAVES[:size]
        root = tree_root(leaves)
        assert inclusion_paths(leaves, range(size)) == [inclusion_path(leaves, index) for index in range(size)]
        for index in range(size):
            path, leaf = inclusion_path(leaves, index), leaf_hash(leaves[index])
            assert [at for at in range(size + 1) if verify_inclusion(leaf, at, size, path, root)] == [index]
            assert not verify_inclusion(leaf_hash(b"other"), index, size, path, root)
            assert not verify_inclusion(leaf, index, size, (*path, bytes(32)), root)
            assert not verify_inclusion(leaf, index, size, path, bytes(32))
            if path:
                assert not verify_inclusion(leaf, index, size, path[:-1], root)


def test_in_all_trees_up_to_64_leaves_each_smaller_one_is_a_prefix_and_no_other() -> None:
    roots = [tree_root(LEAVES[:size]) for size in range(65)]
    for new in range(1, 65):
        for old in range(1, new + 1):
            path = consistency_path(LEAVES[:new], old)
            assert verify_consistency(old, roots[old], new, roots[new], path)
            assert not verify_consistency(old, bytes(32), new, roots[new], path)
            assert not verify_consistency(old, roots[old], new, bytes(32), path)
            assert not verify_consistency(old, roots[old], new, roots[new], (*path, bytes(32)))
            if old + 1 < new:
                assert not verify_consistency(old + 1, roots[old], new, roots[new], path)


@settings(max_examples=60)
@given(st.lists(st.tuples(TAGS, st.binary(min_size=32, max_size=32)), max_size=40), TAGS)
def test_every_group_of_a_map_is_proved_whole_and_every_other_prefix_absent(
    pairs: list[tuple[bytes, bytes]], other: bytes
) -> None:
    index_map = IndexMap()
    index_map.apply(3, [batch.entry(tag, digest) for tag, digest in pairs])
    root = index_map.root
    for prefix in {tag[:8] for tag, _ in pairs} | {other[:8]}:
        proof = index_map.prove_group(prefix)
        assert verify_group_proof(proof, root)
        assert [lane.tag for lane in proof.lanes] == sorted(tag for tag in index_map.lanes if tag[:8] == prefix)
        for lane in proof.lanes:
            assert lane == MapLeaf(lane.tag, len(index_map.lanes[lane.tag]), 0, lane_head(index_map.lanes[lane.tag]))
        for changed in _changed(proof):
            assert not verify_group_proof(changed, root)


def _changed(proof: GroupProof) -> Iterator[GroupProof]:
    """The proof with one thing in it another."""
    yield replace(proof, siblings=(*proof.siblings, EMPTY))
    yield replace(proof, siblings=(*proof.siblings, bytes([1]) * 32))
    if proof.siblings:
        yield replace(proof, siblings=proof.siblings[:-1])
    for at, lane in enumerate(proof.lanes):
        others = proof.lanes[:at], proof.lanes[at + 1 :]
        yield replace(proof, lanes=(*others[0], *others[1]))
        for change in ({"count": lane.count + 1}, {"dropped": 1}, {"head": bytes(32)}):
            yield replace(proof, lanes=(*others[0], replace(lane, **change), *others[1]))
    stranger = proof.prefix + b"\xfe" * 8
    yield replace(proof, lanes=(*proof.lanes, MapLeaf(stranger, 1, 0, bytes(32))), other=None)
    if proof.other is not None:
        yield replace(proof, other=None)


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 15), st.integers(0, 3)), min_size=1, max_size=12), st.integers(0, 15))
def test_groups_that_share_a_long_prefix_are_told_apart(last: list[tuple[int, int]], absent: int) -> None:
    tags = [bytes(7) + bytes([group]) + bytes(7) + bytes([lane]) for group, lane in last]
    leaves = {tag: MapLeaf(tag, 1 + tag[7], tag[15], tag * 2) for tag in tags}
    for prefix in {tag[:8] for tag in leaves} | {bytes(7) + bytes([absent])}:
        proof = prove_group(leaves, prefix)
        assert verify_group_proof(proof, root_of(leaves))
        assert [lane.tag for lane in proof.lanes] == sorted(tag for tag in leaves if tag[:8] == prefix)
        assert not verify_group_proof(replace(proof, lanes=(), other=None), root_of(leaves)) or not proof.lanes


@settings(max_examples=60)
@given(st.lists(st.tuples(TAGS, st.binary(min_size=32, max_size=32)), max_size=20))
def test_repeated_entry_changes_nothing(pairs: list[tuple[bytes, bytes]]) -> None:
    entries = [batch.entry(tag, digest) for tag, digest in pairs]
    once, twice = IndexMap(), IndexMap()
    once.apply(0, entries)
    twice.apply(0, entries + entries)
    twice.apply(1, entries)
    assert once.root == twice.root


@settings(max_examples=60)
@given(st.dictionaries(st.binary(min_size=32, max_size=32), st.binary(min_size=1, max_size=40), max_size=30), TAGS)
def test_every_key_of_a_trie_is_read_and_every_other_is_proved_absent(pairs: dict[bytes, bytes], other: bytes) -> None:
    trie = Trie(pairs)
    for key in [*pairs, other + other]:
        nodes = NodeSet.of(set(trie.prove(key)))
        assert read_trie(trie.root, keccak256(key), nodes) == pairs.get(key)
        assert nodes.spare() == 0
        for missing in trie.prove(key):
            with pytest.raises(MalformedProof):
                read_trie(trie.root, keccak256(key), NodeSet.of(set(trie.prove(key)) - {missing}))


@settings(max_examples=150)
@given(ITEMS)
def test_rlp_decodes_what_it_encoded(item: rlp.Item) -> None:
    assert rlp.decode(rlp.encode(item)) == item


@settings(max_examples=300)
@given(st.binary(max_size=120))
def test_rlp_accepts_only_what_it_would_write(said: bytes) -> None:
    try:
        item = rlp.decode(said)
    except MalformedRlp:
        return
    assert rlp.encode(item) == said


class Since:
    """A version that knows only its block."""

    def __init__(self, since_block: int) -> None:
        self.since_block = since_block


@settings(max_examples=200)
@given(st.lists(st.integers(1, 30), max_size=8), st.lists(st.integers(1, 32), max_size=4))
def test_shown_versions_prove_what_was_in_force_for_each_block_asked(since: list[int], blocks: list[int]) -> None:
    versions = [Since(block) for block in sorted(since)]
    shown = version_indexes([one.since_block for one in versions], blocks)
    history = History({index: versions[index] if index < len(versions) else None for index in shown})
    assert history.newest is (versions[-1] if versions else None)
    for block in blocks:
        before = [one for one in versions if one.since_block < block]
        assert history.in_force(block) is (before[-1] if before else None)
