"""The index on disk equals the reference map, whatever the batches, and survives being closed and mistaken."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chain.index_store import DamagedIndex, IndexDisagrees, IndexedBatch, IndexStore
from chain.proof.batch import BatchFacts, entries_root
from chain.proof.hashes import keccak256
from chain.proof.index_map import EMPTY, IndexMap, lane_head, verify_group_proof

CONSORTIUM = bytes(range(32))
GATEWAY = bytes.fromhex("11" * 20)


def batch(index: int, entries: list[bytes], *, void: bool = False) -> tuple[IndexedBatch, bytes]:
    raw = b"".join(entries)
    facts = BatchFacts(index, entries_root(entries), len(entries), keccak256(raw), GATEWAY, index + 1, 1000 + index)
    return IndexedBatch(facts, void), raw


def entry(tag: int, digest: int) -> bytes:
    # Prefixes that share many bits, so that pages nest deeply, with up to four lanes each.
    return struct.pack(">QQ", tag >> 2, tag & 3) + digest.to_bytes(32, "big")


tags = st.one_of(st.integers(0, 40), st.integers(0, (1 << 66) - 1))
batches = st.lists(
    st.lists(st.builds(entry, tags, st.integers(0, 30)), min_size=1, max_size=12), min_size=1, max_size=6
)


@given(batches)
@settings(max_examples=60, deadline=None)
def test_map_root_and_every_proof_equal_the_reference(
    tmp_path_factory: pytest.TempPathFactory, said: list[list[bytes]]
) -> None:
    store = IndexStore.open(tmp_path_factory.mktemp("index"), CONSORTIUM)
    reference = IndexMap()
    store.apply([batch(i, entries) for i, entries in enumerate(said)], len(said), "0xaa")
    for index, entries in enumerate(said):
        reference.apply(index, entries)
        assert store.advance_map(index + 1) == reference.root
        for prefix in {one[:8] for rows in said for one in rows} | {bytes(8), b"\xff" * 8}:
            proof, as_of = store.prove_group(prefix)
            assert as_of == index + 1
            assert proof == reference.prove_group(prefix)
            assert verify_group_proof(proof, reference.root)
            for lane in proof.lanes:
                leaves = [link.leaf for link in store.lane(lane.tag, as_of)]
                assert leaves == reference.lanes[lane.tag]
                assert lane_head(leaves) == lane.head
    store.close()


def test_a_void_batch_counts_nothing_and_is_named(tmp_path: Path) -> None:
    store = IndexStore.open(tmp_path, CONSORTIUM)
    store.apply([batch(0, [entry(1, 1)], void=True), batch(1, [entry(1, 2)])], 2, "0xaa")
    assert store.void_batches() == [0]
    assert [link.entry_digest[-1] for link in store.lane(entry(1, 0)[:16])] == [2]


def test_a_repeated_entry_counts_where_it_first_stood(tmp_path: Path) -> None:
    store = IndexStore.open(tmp_path, CONSORTIUM)
    store.apply([batch(0, [entry(1, 1)]), batch(1, [entry(2, 9), entry(1, 1)])], 2, "0xaa")
    link = store.find_link(entry(1, 1)[:16], entry(1, 1)[16:])
    assert link is not None
    assert (link.batch, link.position) == (0, 0)
    assert len(store.lane(entry(1, 1)[:16])) == 1


def test_an_attested_root_that_differs_changes_nothing(tmp_path: Path) -> None:
    store = IndexStore.open(tmp_path, CONSORTIUM)
    store.apply([batch(0, [entry(1, 1)])], 1, "0xaa")
    with pytest.raises(IndexDisagrees):
        store.advance_map(1, b"\x01" * 32)
    assert store.progress().map_count == 0
    assert store.progress().map_root == EMPTY


def test_a_batch_out_of_order_is_refused_whole(tmp_path: Path) -> None:
    store = IndexStore.open(tmp_path, CONSORTIUM)
    with pytest.raises(DamagedIndex):
        store.apply([batch(0, [entry(1, 1)]), batch(2, [entry(1, 2)])], 3, "0xaa")
    assert store.progress().batch_count == 0
    assert store.lane(entry(1, 1)[:16]) == []


def test_an_index_of_another_consortium_is_refused(tmp_path: Path) -> None:
    IndexStore.open(tmp_path, CONSORTIUM).close()
    with pytest.raises(DamagedIndex, match="another consortium"):
        IndexStore.open(tmp_path, bytes(32))


def test_what_was_applied_is_there_after_reopening(tmp_path: Path) -> None:
    store = IndexStore.open(tmp_path, CONSORTIUM)
    store.apply([batch(0, [entry(1, 1), entry(5, 2)])], 7, "0xbb")
    root = store.advance_map(1)
    store.close()
    again = IndexStore.open(tmp_path, CONSORTIUM)
    assert again.progress().map_root == root
    assert (again.progress().block, again.progress().block_hash) == (7, "0xbb")
    assert again.find_entries(0) == entry(1, 1) + entry(5, 2)
