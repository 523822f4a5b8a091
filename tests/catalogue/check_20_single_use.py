"""Bundles about an invoice number: in how many consignments its maker used it."""

from __future__ import annotations

from dataclasses import replace

from chain.encoding import Json
from chain.proof import batch
from chain.proof.batch import Purpose
from chain.proof.bundle import Bundle
from chain.proof.bundle_builder import records_of
from chain.proof.own_number import OwnNumber
from chain.proof.slot_plan import Place, RecordToShow
from chain.sdjwt import SignedRecord
from chain.verify.context import Demand
from chain.verify.results import Verdict
from tests.catalogue.stories import made_of
from tests.catalogue.vector import Made, vector
from tests.fakes.ledger_simulator import BROKER, CUSTOMS, OTHER_UCR, UCR, Consortium

NUMBER = OwnNumber.of(BROKER, "inv-2026-0007")


def invoice(
    it: Consortium,
    *ucrs: str,
    value: str = NUMBER.value,
    scope: str = BROKER,
    amends: str | None = None,
    vct: str = "tax.invoice",
) -> SignedRecord:
    """An invoice of the broker's for these consignments."""
    reference: Json = {"kind": "invoice", "scope": scope, "value": value, "on": None}
    return it.record(ucrs=ucrs, vct=vct, amends=amends, sections={"references": [reference], "status": ["issued"]})


def used_once() -> Consortium:
    """One invoice in one consignment, and another number beside it."""
    it = Consortium()
    it.anchor(invoice(it, UCR), invoice(it, OTHER_UCR, value="INV-2026-0008"))
    it.checkpoint()
    return it


def used_twice() -> Consortium:
    """One number in two consignments, by two records that no reader sees together."""
    it = Consortium()
    it.anchor(invoice(it, UCR))
    it.anchor(invoice(it, OTHER_UCR))
    it.checkpoint()
    return it


def used_in_two_epochs(second: str) -> Consortium:
    """The number once under each of two tag keys."""
    it = Consortium()
    it.anchor(invoice(it, UCR))
    it.begin_epoch(1)
    it.block += 1
    it.anchor(invoice(it, second))
    it.checkpoint()
    return it


def to_show(it: Consortium, signed: SignedRecord, *tagged: OwnNumber) -> RecordToShow:
    """An invoice with its lanes, and with what stands of it under the tags of these numbers."""
    tags = {it.number_tag(number) for number in tagged}
    places = [
        Place(entry[:16], digest, index, position, is_number=True)
        for digest in signed.sections["references"]
        for entry, (index, position) in it.places.items()
        if entry[:16] in tags and entry[16:] == batch.number_digest(signed, digest)
    ]
    return RecordToShow(
        signed.with_elements({place.ucr_digest for place in places}), (*it.to_show(signed).places, *places)
    )


@vector(Verdict.VALID)
def number_used_once_true() -> Made:
    """An invoice number that stands in one consignment; nothing but the number is shown of it."""
    it = used_once()
    return made_of(it, it.single_use_bundle(NUMBER))


@vector(Verdict.VALID)
def number_never_used_true() -> Made:
    """A number that nobody used: its tag is absent."""
    it = used_once()
    return made_of(it, it.single_use_bundle(OwnNumber.of(BROKER, "INV-2026-0009")))


@vector(Verdict.VALID)
def number_amended_true() -> Made:
    """The invoice was amended in its one consignment: every version is shown, and it is one use."""
    it = Consortium()
    first = invoice(it, UCR)
    it.anchor(first)
    it.anchor(invoice(it, UCR, amends=first.record_id))
    it.checkpoint()
    return made_of(it, it.single_use_bundle(NUMBER))


@vector(Verdict.VALID)
def number_written_otherwise_true() -> Made:
    """The number in small letters is asked for and is the same."""
    it = used_once()
    return it.single_use_bundle(NUMBER).format(), it.trust_root(), Demand(number="inv-2026-0007")


@vector(Verdict.VALID)
def number_asked_by_current_true() -> Made:
    """No later record is asked of a number: every version is a use."""
    it = used_once()
    return it.single_use_bundle(NUMBER).format(), it.trust_root(), Demand(current=True)


@vector(Verdict.VALID)
def number_in_two_epochs_shown_true() -> Made:
    """The same consignment under two tag keys, which the UCRs shown tell."""
    it = used_in_two_epochs(UCR)
    return made_of(it, it.single_use_bundle(NUMBER, shown=["ucr"]))


@vector(Verdict.VALID, not_counted=1)
def number_entry_of_another_number_true() -> Made:
    """A gateway filed another invoice under this number's tag: that is no use of it."""
    it = Consortium()
    it.anchor(invoice(it, UCR))
    other = invoice(it, OTHER_UCR, value="INV-2026-0008")
    digest = other.sections["references"][0]
    misfiled = batch.entry(it.number_tag(NUMBER), batch.number_digest(other, digest))
    it.anchor_entries([*it.entries_of(other), misfiled])
    it.checkpoint()
    return made_of(it, it.single_use_bundle(NUMBER))


@vector(Verdict.VALID, not_counted=1)
def number_said_by_another_type_true() -> Made:
    """A declaration that cites the invoice was filed under its number's tag: only an invoice uses it."""
    it = Consortium()
    it.anchor(invoice(it, UCR))
    cited = invoice(it, OTHER_UCR, vct="customs.declaration")
    digest = cited.sections["references"][0]
    it.anchor_entries([*it.entries_of(cited), batch.entry(it.number_tag(NUMBER), batch.number_digest(cited, digest))])
    it.checkpoint()
    return made_of(it, it.single_use_bundle(NUMBER))


@vector(Verdict.ENTRIES_MISSING, check=13, not_counted=1)
def number_entry_filed_under_anothers_tag() -> Made:
    """A record that says the number is shown by an entry that a gateway filed under another number's tag."""
    it = used_once()
    other = OwnNumber.of(BROKER, "INV-2026-0009")
    second = invoice(it, OTHER_UCR)
    digest = second.sections["references"][0]
    lanes = [entry for entry in it.entries_of(second) if entry[:16] != it.number_tag(NUMBER)]
    misfiled = batch.entry(it.number_tag(other), batch.number_digest(second, digest))
    it.anchor_entries([*lanes, misfiled])
    it.checkpoint()
    (first,) = (record for record in it.records.values() if record.ucr_elements()[0][1] == UCR)
    uses = [to_show(it, first, NUMBER), to_show(it, second, NUMBER, other)]
    return made_of(it, it.bundle(NUMBER, uses, it.groups_of(Purpose.INVOICE, NUMBER.name)))


@vector(Verdict.VALID)
def number_entry_dropped_true() -> Made:
    """An entry under the number's tag that nobody could open was dropped."""
    it = used_once()
    index = it.anchor_entries([batch.entry(it.number_tag(NUMBER), bytes(32))]).index
    it.drop(index, 0)
    it.checkpoint()
    return made_of(it, it.single_use_bundle(NUMBER))


@vector(Verdict.REUSED, check=20)
def number_used_twice() -> Made:
    """One number in two consignments, which their tags tell without their UCRs."""
    it = used_twice()
    return made_of(it, it.single_use_bundle(NUMBER))


@vector(Verdict.REUSED, check=20)
def number_of_an_invoice_for_two_consignments() -> Made:
    """One invoice that names two consignments."""
    it = Consortium()
    it.anchor(invoice(it, UCR, OTHER_UCR))
    it.checkpoint()
    return made_of(it, it.single_use_bundle(NUMBER))


@vector(Verdict.REUSED, check=20)
def number_used_twice_in_two_epochs_shown() -> Made:
    """Two consignments under two tag keys, which the UCRs shown tell."""
    it = used_in_two_epochs(OTHER_UCR)
    return made_of(it, it.single_use_bundle(NUMBER, shown=["ucr"]))


@vector(Verdict.ENTRIES_MISSING, check=13, not_counted=1)
def number_used_twice_beside_another_number() -> Made:
    """The second invoice has two own numbers, and the other's entry is shown before its use: it hides nothing."""
    it = Consortium()
    other = OwnNumber.of(BROKER, "INV-2026-0009")
    numbers: list[Json] = [
        {"kind": "invoice", "scope": BROKER, "value": value, "on": None} for value in (NUMBER.value, "INV-2026-0009")
    ]
    first = invoice(it, UCR)
    second = it.record(ucrs=(OTHER_UCR,), vct="tax.invoice", sections={"references": numbers, "status": ["issued"]})
    it.anchor(first)
    it.anchor(second)
    it.checkpoint()
    uses = [to_show(it, first, NUMBER), to_show(it, second, NUMBER, other)]
    return made_of(it, it.bundle(NUMBER, uses, it.groups_of(Purpose.INVOICE, NUMBER.name)))


@vector(Verdict.UNPROVEN, check=20)
def number_in_two_epochs_withheld() -> Made:
    """Under two tag keys, and the UCRs that would tell whether it is one consignment are withheld."""
    it = used_in_two_epochs(UCR)
    return made_of(it, it.single_use_bundle(NUMBER))


@vector(Verdict.UNPROVEN, check=20)
def number_use_left_out() -> Made:
    """The record of the second use is not shown."""
    it = used_twice()
    second = list(it.records.values())[1]
    return made_of(it, it.single_use_bundle(NUMBER, without=[second]))


@vector(Verdict.UNPROVEN, check=20)
def number_lane_not_opened() -> Made:
    """Count and head alone are shown of what stands under the number's tag."""
    it = used_once()
    groups = [replace(group, opened=()) for group in it.groups_of(Purpose.INVOICE, NUMBER.name)]
    return made_of(it, it.single_use_bundle(NUMBER, groups=groups))


@vector(Verdict.UNPROVEN, check=20)
def number_lane_hidden() -> Made:
    """What stands under the number's tag is behind a hash."""
    it = used_once()
    groups = it.groups_of(Purpose.INVOICE, NUMBER.name, members=[])
    return made_of(it, it.single_use_bundle(NUMBER, groups=groups, without=list(it.records.values())))


@vector(Verdict.UNPROVEN, check=20)
def number_withheld() -> Made:
    """The reference that says the number is withheld, so that nothing tells whose entry it is."""
    it = used_once()
    bundle = it.single_use_bundle(NUMBER)
    (use,) = bundle.records
    return made_of(it, bundle.with_records((replace(use, signed=use.signed.with_elements(())),)))


@vector(Verdict.UNPROVEN, check=20)
def number_without_the_entries_of_its_consignment() -> Made:
    """The record is shown with its entry of the number alone: how many consignments it names is not proved."""
    it = used_once()
    bundle = it.single_use_bundle(NUMBER)
    (use,) = bundle.records
    alone = replace(use, entries=tuple(entry for entry in use.entries if entry.is_number))
    return made_of(it, bundle.with_records((alone,)))


@vector(Verdict.ENTRIES_MISSING, check=12)
def number_epoch_left_out() -> Made:
    """What stands under the number in the second epoch is left out."""
    it = used_in_two_epochs(OTHER_UCR)
    first, _ = it.groups_of(Purpose.INVOICE, NUMBER.name)
    second = list(it.records.values())[1]
    return made_of(it, it.single_use_bundle(NUMBER, groups=[first], without=[second]))


@vector(Verdict.INVALID, check=12)
def number_tag_of_another_number() -> Made:
    """The tag of an unused number is shown as that of the number asked about."""
    it = used_twice()
    strange = it.groups_of(Purpose.INVOICE, OwnNumber.of(BROKER, "INV-2026-0009").name)
    groups = [replace(group, name=NUMBER.name) for group in strange]
    return made_of(it, it.single_use_bundle(NUMBER, groups=groups, without=list(it.records.values())))


@vector(Verdict.INVALID, check=13)
def number_leaf_left_out() -> Made:
    """One of two leaves under the number's tag is left out with its record."""
    it = used_twice()
    groups = it.groups_of(Purpose.INVOICE, NUMBER.name)
    shorter = [replace(one, leaves={tag: leaves[:1] for tag, leaves in one.leaves.items()}) for one in groups]
    second = list(it.records.values())[1]
    return made_of(it, it.single_use_bundle(NUMBER, groups=shorter, without=[second]))


@vector(Verdict.INVALID, check=6)
def number_entry_of_another_record() -> Made:
    """A record that says the number is shown at the place of another's entry."""
    it = used_once()
    other = invoice(it, OTHER_UCR)
    bundle = it.single_use_bundle(NUMBER)
    (use,) = bundle.records
    digest = other.sections["references"][0]
    strange = replace(
        use,
        signed=other.with_elements({digest}),
        entries=tuple(replace(entry, ucr_digest=digest) for entry in use.entries if entry.is_number),
    )
    return made_of(it, bundle.with_records((strange,)))


@vector(Verdict.ENTRIES_MISSING, check=13, not_counted=1)
def number_entry_under_another_tag() -> Made:
    """A use is shown under a tag that is not the number's, which hides nothing and proves nothing."""
    it = Consortium()
    it.anchor(invoice(it, UCR))
    misfiled, other = invoice(it, OTHER_UCR), OwnNumber.of(BROKER, "INV-2026-0008")
    digest = batch.number_digest(misfiled, misfiled.sections["references"][0])
    it.anchor_entries([*it.entries_of(misfiled)[:1], batch.entry(it.number_tag(other), digest)])
    it.checkpoint()
    bundle, strange = it.single_use_bundle(NUMBER), it.single_use_bundle(other)
    both = tuple(sorted((*bundle.records, *strange.records), key=lambda record: record.signed.record_id))
    shown = it.bundle(NUMBER, [*records_of(replace(bundle, records=both))], it.groups_of(Purpose.INVOICE, NUMBER.name))
    return made_of(it, shown)


@vector(Verdict.OTHER_SUBJECT)
def another_number_asked_for() -> Made:
    """A true bundle of another number than the one asked for."""
    it = used_once()
    return it.single_use_bundle(NUMBER).format(), it.trust_root(), Demand(number="INV-2026-0008")


@vector(Verdict.OTHER_SUBJECT)
def number_asked_of_a_record() -> Made:
    """A true bundle of a record where a number was asked for."""
    it = used_once()
    record, _ = it.records.values()
    return it.record_bundle(record).format(), it.trust_root(), Demand(number=NUMBER.name)


@vector(Verdict.INVALID, check=1)
def number_entry_in_a_record_bundle() -> Made:
    """A record bundle that shows an entry of a number."""
    it = used_once()
    bundle = it.single_use_bundle(NUMBER)
    (use,) = bundle.records
    record = it.record_bundle(it.records[use.signed.record_id])
    return made_of(it, _changed(record, use.entries))


@vector(Verdict.INVALID, check=1)
def number_bundle_without_its_entry() -> Made:
    """A single-use bundle with a record that has no entry of the number."""
    it = used_once()
    bundle = it.single_use_bundle(NUMBER)
    (use,) = bundle.records
    return made_of(it, _changed(bundle, tuple(entry for entry in use.entries if not entry.is_number)))


@vector(Verdict.INVALID, check=1)
def number_bundle_with_another_group() -> Made:
    """A single-use bundle that also shows a consignment's lanes."""
    it = used_once()
    groups = [*it.groups_of(Purpose.INVOICE, NUMBER.name), *it.groups_of(Purpose.UCR, UCR)]
    return made_of(it, it.single_use_bundle(NUMBER, groups=groups))


@vector(Verdict.INVALID, check=1)
def number_bundle_with_a_receipt() -> Made:
    """A single-use bundle with a receipt, which belongs to records."""
    it = used_once()
    bundle = it.single_use_bundle(NUMBER)
    first = next(iter(it.records.values()))
    receipts = it.record_bundle(first, receipts=[it.receipt(first, anchor_by=it.time)])
    return made_of(it, replace(bundle, receipts=receipts.receipts, keys=receipts.keys, members=receipts.members))


@vector(Verdict.INVALID, check=1)
def number_in_small_letters() -> Made:
    """The subject is written otherwise than normalised."""
    it = used_once()
    content, root = made_of(it, it.single_use_bundle(NUMBER))
    return content.replace(b'"number":"INV', b'"number":"inv'), root


@vector(Verdict.VALID)
def number_of_another_maker_true() -> Made:
    """The same digits of another maker are another number, which nobody used."""
    it = used_once()
    return made_of(it, it.single_use_bundle(OwnNumber.of(CUSTOMS, NUMBER.value)))


def _changed(bundle: Bundle, entries: tuple[object, ...]) -> Bundle:
    (record,) = bundle.records
    return bundle.with_records((replace(record, entries=entries),))  # type: ignore[arg-type]
