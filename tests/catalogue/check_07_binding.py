"""Vectors whose one fault check 7, *binding*, must see, and what it must let pass."""

from __future__ import annotations

from dataclasses import replace

from chain.proof import batch
from chain.proof.slot_plan import Place, RecordToShow
from chain.verify.results import Verdict
from tests.catalogue.stories import (
    declared_and_released,
    hidden_in_a_later_epoch,
    made_of,
    without_place,
)
from tests.catalogue.vector import Made, vector
from tests.fakes.ledger_simulator import CUSTOMS, OTHER_UCR, UCR, Consortium


@vector(Verdict.CANNOT_TELL, 7)
def ucr_withheld() -> Made:
    """The UCR element that the entry rests on is not disclosed."""
    it, declaration, _ = declared_and_released()
    bundle = it.record_bundle(declaration)
    (record,) = bundle.records
    withheld = replace(record, signed=record.signed.with_sections(["status"]))
    return made_of(it, replace(bundle.with_records((without_place(withheld),)), groups=()))


@vector(Verdict.ENTRIES_MISSING, 7)
def record_without_lanes() -> Made:
    """No lane is shown for the record, so its batch could be void."""
    it, declaration, _ = declared_and_released()
    bundle = it.record_bundle(declaration)
    return made_of(it, replace(bundle.with_records(tuple(map(without_place, bundle.records))), groups=()))


@vector(Verdict.INVALID, 7)
def element_of_another_record() -> Made:
    """The entry rests on a UCR element that is not the record's own."""
    it = Consortium()
    declaration, other = it.record(), it.record(ucrs=(OTHER_UCR,))
    digest = other.ucr_elements()[0][0]
    it.anchor_entries([batch.entry(it.tag(UCR), batch.entry_digest(declaration, digest))])
    it.checkpoint()
    shown = RecordToShow(declaration, (Place(it.tag(UCR), digest, 0, 0),))
    return made_of(it, it.bundle([declaration.record_id], [shown]))


@vector(Verdict.INVALID, 7)
def ucr_that_is_a_number() -> Made:
    """The UCR element is the number 12345, which is not the UCR "12345"."""
    it = Consortium()
    odd = it.record(sections={"ucr": [12345], "status": ["R"]})
    it.anchor(odd)
    it.checkpoint()
    return made_of(it, it.bundle([odd.record_id], [it.to_show(odd)], []))


@vector(Verdict.INVALID, 7)
def tagged_to_another_consignment() -> Made:
    """A rogue gateway filed the record under another consignment's tag."""
    it, _, _ = declared_and_released()
    hidden = it.record()
    it.anchor_entries([batch.entry(it.tag(OTHER_UCR), it.entries_of(hidden)[0][16:])])
    it.checkpoint()
    return made_of(it, it.record_bundle(hidden))


@vector(Verdict.INVALID, 7)
def tagged_for_a_later_epoch() -> Made:
    """A rogue gateway filed the record under a tag whose epoch had not begun, where no view would look for it."""
    it, hidden = hidden_in_a_later_epoch()
    return made_of(it, it.record_bundle(hidden))


@vector(Verdict.INVALID, 7)
def filed_in_another_issuers_lane() -> Made:
    """A rogue gateway filed the record in the lane of another issuer of its UCR."""
    it, _, _ = declared_and_released()
    hidden = it.record()
    it.anchor_entries([batch.entry(it.tag(UCR, CUSTOMS), it.entries_of(hidden)[0][16:])])
    it.checkpoint()
    return made_of(it, it.record_bundle(hidden))


@vector(Verdict.INVALID, 7)
def subject_filed_elsewhere_beside_a_good_one() -> Made:
    """Of two subjects a gateway filed one in customs' lane: that one is INVALID, the other stays VALID."""
    it, declaration, _ = declared_and_released()
    other = it.record()
    (entry,) = it.entries_of(other)
    it.anchor_entries([it.tag(UCR, CUSTOMS) + entry[16:]])
    it.checkpoint()
    return made_of(it, it.record_bundle(declaration, other, opened=True))
