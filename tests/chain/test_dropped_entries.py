"""Dropped entries: every follower takes them off their lanes at the same count, and what is anchored again counts."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chain.follower import Follower
from chain.index_drops import places_in
from chain.index_store import IndexStore
from chain.proof.batch import BATCH_ENTRIES_MAX
from chain.proof.index_map import IndexMap, verify_group_proof
from scripts.commands.drop_commands import bitmap_entries, entries_bitmap
from tests.chain.test_index_store import entry
from tests.fakes.memory_ledger import CONSORTIUM, PaperLedger

HONEST, JUNK = entry(4, 1), entry(4, 2)


def followed(ledger: PaperLedger, folder: Path) -> IndexStore:
    index = IndexStore.open(folder, CONSORTIUM)
    Follower(ledger, index, CONSORTIUM, keep_map=True).catch_up()
    return index


def test_a_dropped_entry_leaves_its_lane_with_the_next_batch_and_is_counted_there(tmp_path: Path) -> None:
    ledger = PaperLedger()
    ledger.anchor([HONEST, JUNK])
    ledger.drop(0, 1)
    ledger.anchor([entry(9, 9)])
    index = followed(ledger, tmp_path)
    index.advance_map(1)
    (before,) = index.prove_group(HONEST[:8])[0].lanes
    assert (before.count, before.dropped) == (2, 0), "no batch came after the drop yet"
    index.advance_map(2)
    (after,) = index.prove_group(HONEST[:8])[0].lanes
    assert (after.count, after.dropped) == (1, 1)
    assert [link.entry_digest for link in index.lane(HONEST[:16])] == [HONEST[16:]]
    assert index.find_link(JUNK[:16], JUNK[16:]) is None
    index.close()


def test_a_record_that_was_dropped_while_its_gateway_was_down_counts_when_it_is_anchored_again(tmp_path: Path) -> None:
    ledger = PaperLedger()
    ledger.anchor([HONEST])
    ledger.drop(0, 0)
    ledger.anchor([entry(9, 9)])
    ledger.anchor([HONEST])
    index = followed(ledger, tmp_path)
    index.advance_map(2)
    (empty,) = index.prove_group(HONEST[:8])[0].lanes
    assert (empty.count, empty.dropped) == (0, 1), "the lane stays, so that it tells"
    index.advance_map(3)
    assert [link.batch for link in index.lane(HONEST[:16])] == [2]
    found = index.find_link(HONEST[:16], HONEST[16:])
    assert found is not None and found.batch == 2
    index.close()


def test_an_entry_that_stands_in_another_batch_is_not_dropped_with_its_repetition(tmp_path: Path) -> None:
    ledger = PaperLedger()
    ledger.anchor([HONEST])
    ledger.anchor([HONEST, JUNK])
    ledger.drop(1, 0)
    ledger.anchor([entry(9, 9)])
    index = followed(ledger, tmp_path)
    index.advance_map(3)
    (lane,) = index.prove_group(HONEST[:8])[0].lanes
    assert (lane.count, lane.dropped) == (2, 0)
    index.close()


def test_every_entry_of_a_full_batch_of_junk_goes_by_one_drop(tmp_path: Path) -> None:
    ledger = PaperLedger()
    ledger.anchor([HONEST])
    ledger.anchor([entry(4, 100 + place) for place in range(BATCH_ENTRIES_MAX)])
    ledger.drop(1, *range(BATCH_ENTRIES_MAX))
    ledger.anchor([entry(9, 9)])
    index = followed(ledger, tmp_path)
    index.advance_map(3)
    (lane,) = index.prove_group(HONEST[:8])[0].lanes
    assert (lane.count, lane.dropped) == (1, BATCH_ENTRIES_MAX)
    index.close()


steps = st.lists(
    st.one_of(
        st.lists(st.builds(entry, st.integers(0, 9), st.integers(0, 5)), min_size=1, max_size=5),
        st.tuples(st.integers(0, 5), st.sets(st.integers(0, 6), min_size=1)),
    ),
    min_size=2,
    max_size=12,
)


@given(steps)
@settings(max_examples=60, deadline=None)
def test_whatever_is_anchored_and_dropped_the_index_equals_the_reference(
    tmp_path_factory: pytest.TempPathFactory, events: list[list[bytes] | tuple[int, set[int]]]
) -> None:
    ledger, reference, roots = PaperLedger(), IndexMap(), []
    waiting: list[tuple[int, list[bytes]]] = []
    for event in events:
        if isinstance(event, tuple):
            batch, places = event
            if batch < len(ledger.anchored):
                ledger.drop(batch, *places)
                entries = [ledger.anchored[batch].entries[48 * place :][:48] for place in sorted(places)]
                waiting.append((batch, [one for one in entries if one]))
            continue
        for batch, entries in waiting:
            reference.drop(batch, entries)
        waiting.clear()
        reference.apply(ledger.anchor(event), event)
        roots.append(reference.root)
    index = followed(ledger, tmp_path_factory.mktemp("drops"))
    assert [index.advance_map(count + 1) for count in range(len(roots))] == roots
    for tag, lane in reference.lanes.items():
        if not waiting:
            assert [link.leaf for link in index.lane(tag, len(roots))] == lane
        proof, _ = index.prove_group(tag[:8], {tag})
        if roots:
            assert verify_group_proof(proof, roots[-1])
    index.close()


def test_a_follower_that_is_killed_after_a_drop_takes_it_in_once(tmp_path: Path) -> None:
    ledger = PaperLedger()
    ledger.anchor([HONEST, JUNK])
    ledger.drop(0, 1)
    ledger.anchor([HONEST, entry(9, 9)])
    index = followed(ledger, tmp_path / "whole")
    again = IndexStore.open(tmp_path / "killed", CONSORTIUM)
    follower = Follower(ledger, again, CONSORTIUM, keep_map=True)
    real, calls = again.apply, []

    def dying(batches: object, block: int, block_hash: str) -> None:
        calls.append(block)
        if len(calls) == 2:
            raise KeyboardInterrupt
        real(batches, block, block_hash)  # type: ignore[arg-type]

    again.apply = dying  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        follower.catch_up()
    follower.catch_up()
    assert again.advance_map(2) == index.advance_map(2)
    index.close()
    again.close()


def test_a_bitmap_names_the_places_that_the_governors_typed() -> None:
    bitmap = entries_bitmap("0,3,7-9")
    assert [*places_in(bitmap, 2_048)] == bitmap_entries(bitmap) == [0, 3, 7, 8, 9]
    assert [*places_in(bitmap, 8)] == [0, 3, 7]
