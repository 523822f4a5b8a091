"""Vectors whose one fault check 14, *checkpoint*, must see, and what it must let pass."""

from __future__ import annotations

from dataclasses import replace

from chain.verify.context import Demand
from chain.verify.results import Verdict
from tests.catalogue.stories import (
    declared_and_released,
    made_of,
    prove_anew,
    slow_votes,
)
from tests.catalogue.vector import Made, vector
from tests.fakes.ledger_simulator import Consortium


@vector(Verdict.NOT_COVERED, 14)
def no_checkpoint_yet() -> Made:
    """There is no checkpoint at all."""
    it = Consortium()
    declaration = it.record()
    it.anchor(declaration)
    return made_of(it, it.record_bundle(declaration))


@vector(Verdict.NOT_COVERED, 14)
def older_than_as_of() -> Made:
    """The view is true, but its checkpoint is older than the block asked for."""
    it, _, _ = declared_and_released()
    return it.consignment_bundle().format(), it.trust_root(), Demand(as_of=it.block + 100)


@vector(Verdict.NOT_COVERED, 14)
def anchored_while_the_votes_came_in() -> Made:
    """A record was anchored after the batches that the checkpoint is about and before its last vote: the checkpoint is
    of a later block than the one asked for, yet does not cover it."""
    it, first_uncovered = slow_votes()
    return it.consignment_bundle().format(), it.trust_root(), Demand(as_of=first_uncovered)


@vector(Verdict.INVALID, 14)
def older_checkpoint() -> Made:
    """The view is of the checkpoint before the newest under the same header."""
    it, declaration, _ = declared_and_released()
    old = it.checkpoint_map
    it.anchor(it.record())
    it.checkpoint()
    it.checkpoints, it.checkpoint_map = 1, old
    return made_of(it, it.record_bundle(declaration))


@vector(Verdict.INVALID, 14)
def batch_that_serves_nothing() -> Made:
    """A batch is shown that no entry stands in and that is not the first one uncovered."""
    it, declaration, _ = declared_and_released()
    bundle = it.record_bundle(declaration)
    spare = it.batches[1].facts
    proving = prove_anew(it, bundle, replace(bundle.slot_request, batches=(0, 1)))
    return made_of(it, replace(proving, batches=(*bundle.batches, spare)))


@vector(Verdict.INVALID, 14)
def one_attester_twice() -> Made:
    """The checkpoint has one governor's vote where the trust root asks for two."""
    it = Consortium()
    declaration = it.record()
    it.anchor(declaration)
    it.checkpoint(votes=1)
    return made_of(it, it.record_bundle(declaration))


@vector(Verdict.INVALID, 14)
def fewer_votes_than_the_registry_demands() -> Made:
    """The checkpoint has two votes, as the trust root asks, where the governors had agreed on three."""
    it = Consortium()
    declaration = it.record()
    it.anchor(declaration)
    it.set_policy("least-votes", 3)
    it.block += 1
    it.checkpoint(votes=2)
    return made_of(it, it.record_bundle(declaration))


@vector(Verdict.INVALID, 14)
def checkpoint_that_was_never_reached() -> Made:
    """The bundle claims a checkpoint more than the ledger has."""
    it, declaration, _ = declared_and_released()
    bundle = it.record_bundle(declaration)
    claimed = replace(bundle.slot_request, checkpoint=it.checkpoints)
    return made_of(it, prove_anew(it, replace(bundle, checkpoint=it.checkpoints), claimed))


@vector(Verdict.INVALID, 14)
def checkpoint_of_a_later_block() -> Made:
    """The checkpoint was reached, as the ledger has it, in a block later than the header's."""
    it, declaration, _ = declared_and_released()
    it.block = it.checkpoint_block - 1
    return made_of(it, it.record_bundle(declaration))


@vector(Verdict.INVALID, 14)
def checkpoint_over_more_batches_than_there_are() -> Made:
    """The checkpoint is about one batch more than the ledger has."""
    it = Consortium()
    declaration = it.record()
    it.anchor(declaration)
    batches, index_map = it.map_now()
    it.checkpoint(about=(batches + 1, index_map))
    return made_of(it, it.record_bundle(declaration))


@vector(Verdict.INVALID, 1)
def batch_that_serves_nothing_without_a_checkpoint() -> Made:
    """A second batch is shown that no entry stands in, and there is no checkpoint that it could be the first beyond."""
    it = Consortium()
    declaration = it.record()
    it.anchor(declaration)
    it.anchor(it.record())
    bundle = it.record_bundle(declaration)
    proving = prove_anew(it, bundle, replace(bundle.slot_request, batches=(0, 1)))
    return made_of(it, replace(proving, batches=(*bundle.batches, it.batches[1].facts)))
