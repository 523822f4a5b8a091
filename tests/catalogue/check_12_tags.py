"""Vectors whose one fault check 12, *tags*, must see, and what it must let pass."""

from __future__ import annotations

from dataclasses import replace

from chain.proof.batch import Purpose
from chain.proof.vrf import VrfSecretKey
from chain.verify.results import Verdict
from tests.catalogue.stories import (
    declared_and_released,
    made_of,
    two_epochs,
)
from tests.catalogue.vector import Made, vector
from tests.fakes.ledger_simulator import UCR, Consortium, Epoch


@vector(Verdict.ENTRIES_MISSING, 12)
def epoch_left_out() -> Made:
    """The lanes of one tag key's epoch are not shown."""
    it, _, second = two_epochs()
    return made_of(it, it.bundle(UCR, [it.to_show(second)], [it.group_of(Purpose.UCR, UCR, 1)]))


@vector(Verdict.INVALID, 12)
def lanes_of_another_consignment() -> Made:
    """The whole view of another consignment is passed off as this UCR's."""
    it, _, _ = declared_and_released()
    bundle, other = it.consignment_bundle(), "6CN91110000100000001W-7777"
    groups = tuple(replace(group, name=other) for group in bundle.groups)
    return made_of(it, replace(bundle, subject_ucr=other, groups=groups))


@vector(Verdict.INVALID, 12)
def vrf_proof_under_another_key() -> Made:
    """The lanes are proved under a tag key that the registry does not hold, as if the consignment had none."""
    it, _, _ = declared_and_released()
    it.epochs[0] = Epoch(0, VrfSecretKey(bytes(32)))
    return made_of(it, it.consignment_bundle())


@vector(Verdict.INVALID, 12)
def vrf_proof_altered() -> Made:
    """One bit of the VRF proof is another, which leaves the tags as they are."""
    it, _, _ = declared_and_released()
    bundle = it.consignment_bundle()
    (group,) = bundle.groups
    proof = group.vrf_proof[:79] + bytes([group.vrf_proof[79] ^ 1])
    return made_of(it, replace(bundle, groups=(replace(group, vrf_proof=proof),)))


@vector(Verdict.INVALID, 12)
def epoch_that_the_registry_does_not_hold() -> Made:
    """A group of lanes claims an epoch beyond the registry's tag keys."""
    it, _, _ = declared_and_released()
    bundle = it.consignment_bundle()
    return made_of(it, replace(bundle, groups=tuple(replace(group, epoch=1) for group in bundle.groups)))


@vector(Verdict.NOT_COVERED, 12)
def consignment_without_a_checkpoint() -> Made:
    """There is no checkpoint yet, so no lane of the consignment is known."""
    it = Consortium()
    it.anchor(it.record())
    return made_of(it, it.consignment_bundle())
