"""Bundles in which something is referred to that is not there, or is there and not referred to."""

from __future__ import annotations

from dataclasses import replace

from chain.proof.batch import Purpose
from chain.proof.bundle import LanePlace
from chain.proof.shown_lanes import OpenLane
from chain.verify.results import Verdict
from tests.catalogue.stories import declared_and_released, made_of, two_in_a_lane, with_first_lane
from tests.catalogue.vector import CARRIER, Made, vector
from tests.fakes.ledger_simulator import OTHER_UCR, UCR


@vector(Verdict.INVALID, 1)
def member_that_nothing_refers_to() -> Made:
    """A member's versions are shown whom neither a record nor a receipt names."""
    it, declaration, _ = declared_and_released()
    bundle = it.record_bundle(declaration)
    members = dict(sorted({**bundle.members, CARRIER: (0,)}.items()))
    return made_of(it, replace(bundle, members=members))


@vector(Verdict.INVALID, 1)
def subject_that_is_not_shown() -> Made:
    """The bundle is about a record that is not among its records."""
    it, declaration, _ = declared_and_released()
    return made_of(it, replace(it.record_bundle(declaration), subject_records=("A" * 43,)))


@vector(Verdict.INVALID, 1)
def office_in_a_record_bundle() -> Made:
    """A record bundle shows whose an office is, which no check of it asks."""
    it, declaration, _ = declared_and_released()
    return made_of(it, replace(it.record_bundle(declaration), assignments={("customs-office", "0100"): (0,)}))


@vector(Verdict.INVALID, 1)
def lanes_of_an_unnamed_consignment() -> Made:
    """A record bundle shows the lanes of a consignment that no record shown names."""
    it, declaration, _ = declared_and_released()
    groups = [*it.groups_of(Purpose.UCR, UCR), *it.groups_of(Purpose.UCR, OTHER_UCR)]
    return made_of(it, it.bundle([declaration.record_id], [it.to_show(declaration)], groups))


@vector(Verdict.INVALID, 1)
def place_in_an_opened_lane() -> Made:
    """An entry says its place in a lane that is opened, where it can be seen."""
    it, declaration, _ = declared_and_released()
    bundle = it.record_bundle(declaration, opened=True)
    (record,) = bundle.records
    (entry,) = record.entries
    return made_of(it, bundle.with_records((replace(record, entries=(replace(entry, lane=LanePlace(0, ())),)),)))


@vector(Verdict.INVALID, 1)
def receipt_with_the_jwt_of_a_shown_record() -> Made:
    """A receipt brings the JWT of a record that is among the records."""
    it, declaration, _ = declared_and_released()
    bundle = it.record_bundle(declaration, receipts=[it.receipt(declaration, anchor_by=it.time)])
    (receipt,) = bundle.receipts
    return made_of(it, replace(bundle, receipts=(replace(receipt, record=declaration.with_elements(())),)))


@vector(Verdict.INVALID, 1)
def leaf_twice_in_a_lane() -> Made:
    """An entry digest stands twice in an opened lane, where a repeated entry adds no leaf."""
    it, declaration, _ = declared_and_released()
    bundle = it.record_bundle(declaration, opened=True)
    (group,) = bundle.groups
    lane = next(lane for lane in group.lanes if isinstance(lane, OpenLane))
    doubled = replace(lane, leaves=(*lane.leaves, *lane.leaves))
    lanes = tuple(doubled if other is lane else other for other in group.lanes)
    return made_of(it, replace(bundle, groups=(replace(group, lanes=lanes),)))


@vector(Verdict.INVALID, 4)
def authorities_of_another_list() -> Made:
    """A change of the list of authorities is shown as its opposite, so that an authority is hidden."""
    it, _, _ = declared_and_released()
    bundle = it.consignment_bundle()
    assert bundle.authorities is not None
    first, *others = bundle.authorities
    return made_of(it, replace(bundle, authorities=(replace(first, listed=False), *others)))


@vector(Verdict.INVALID, 1)
def receipt_without_the_jwt_of_its_record() -> Made:
    """A receipt is for a record that is not shown, and does not bring its JWT."""
    it, declaration, _ = declared_and_released()
    bundle = it.record_bundle(declaration, receipts=[it.receipt(it.record(), anchor_by=it.time)])
    (receipt,) = bundle.receipts
    return made_of(it, replace(bundle, receipts=(replace(receipt, record=None),)))


@vector(Verdict.INVALID, 1)
def receipt_with_the_jwt_of_another_record() -> Made:
    """A receipt brings the JWT of another record of the same issuer than the one that it is for."""
    it, declaration, _ = declared_and_released()
    bundle = it.record_bundle(declaration, receipts=[it.receipt(it.record(), anchor_by=it.time)])
    (receipt,) = bundle.receipts
    return made_of(it, replace(bundle, receipts=(replace(receipt, record=it.record().with_elements(())),)))


@vector(Verdict.INVALID, 1)
def leaves_against_the_order_of_batches() -> Made:
    """An opened lane has the leaf of a later batch before that of an earlier one."""
    it, first, _ = two_in_a_lane()
    bundle = it.record_bundle(first, opened=True)
    return made_of(it, with_first_lane(bundle, lambda lane: replace(lane, leaves=lane.leaves[::-1])))


@vector(Verdict.INVALID, 1)
def lanes_without_a_checkpoint() -> Made:
    """Lanes are shown, and no checkpoint that could have attested them."""
    it, declaration, _ = declared_and_released()
    return made_of(it, replace(it.record_bundle(declaration), checkpoint=None))


@vector(Verdict.INVALID, 1)
def lanes_of_reads_in_a_consignment() -> Made:
    """A consignment's bundle shows the lanes of who read of it, beside those of what was said."""
    it, declaration, status = declared_and_released()
    groups = [*it.groups_of(Purpose.UCR, UCR), *it.groups_of(Purpose.ACCESS, UCR)]
    return made_of(it, it.bundle(UCR, [it.to_show(declaration), it.to_show(status)], groups))
