"""Vectors whose one fault check 5, *commitments*, must see, and what it must let pass."""

from __future__ import annotations

from dataclasses import replace

from chain.proof import storage_layout
from chain.verify.results import Verdict
from tests.catalogue.stories import (
    declared_and_released,
    made_of,
)
from tests.catalogue.vector import Made, vector
from tests.fakes.ledger_simulator import Consortium


@vector(Verdict.INVALID, 5)
def batch_time_altered() -> Made:
    """The batch's time is not what the ledger committed to."""
    it, declaration, _ = declared_and_released()
    bundle = it.record_bundle(declaration)
    (facts,) = bundle.batches
    return made_of(it, replace(bundle, batches=(replace(facts, timestamp=facts.timestamp - 1),)))


@vector(Verdict.INVALID, 5)
def batch_backdated() -> Made:
    """The batch claims an earlier block."""
    it = Consortium()
    it.block += 1  # the block claimed has the registry's facts in force too, so that nothing else is missed
    declaration = it.record()
    it.anchor(declaration)
    it.checkpoint()
    bundle = it.record_bundle(declaration)
    (facts,) = bundle.batches
    return made_of(it, replace(bundle, batches=(replace(facts, block=facts.block - 1),)))


@vector(Verdict.INVALID, 5)
def orphaned_batch() -> Made:
    """The batch's index is beyond what the ledger holds: its block was never sealed."""
    it, _, _ = declared_and_released()
    late = it.record()
    it.anchor(late)
    slot = storage_layout.commitment_slot(2)
    del it.ledger.words[slot]
    it.ledger.words[storage_layout.batch_count_slot()] = 2
    return made_of(it, it.record_bundle(late))


@vector(Verdict.INVALID, 5)
def batch_later_than_the_header() -> Made:
    """The ledger under the header commits to a batch of a later block."""
    it = Consortium()
    it.block = 9
    declaration = it.record()
    it.anchor(declaration)
    it.block = 8
    it.checkpoint()
    it.block = 8
    return made_of(it, it.record_bundle(declaration))
