"""Bundles at the edges where two readers of the pages once differed."""

from __future__ import annotations

from dataclasses import replace

from chain.encoding import Json
from chain.jws import sign_compact
from chain.members import KeyState, MemberState, Role
from chain.proof.batch import Purpose
from chain.proof.receipt import RECEIPT_TYP, SignedReceipt
from chain.sdjwt import SignedRecord
from chain.verify.context import Demand
from chain.verify.results import Fate, Verdict
from tests.catalogue.stories import prove_anew
from tests.catalogue.vector import Made, vector
from tests.fakes.ledger_simulator import BROKER, CUSTOMS, GATEWAY, OTHER_UCR, RULES, UCR, Consortium, rules_text


def _manifest_amended() -> tuple[Consortium, SignedRecord, SignedRecord]:
    """A record of two consignments and the one that replaces it."""
    it = Consortium()
    manifest = it.record(ucrs=(UCR, OTHER_UCR))
    it.anchor(manifest)
    newer = it.record(ucrs=(UCR, OTHER_UCR), amends=manifest.record_id)
    it.anchor(newer)
    it.checkpoint()
    return it, manifest, newer


def _told() -> tuple[Consortium, SignedRecord]:
    """A declaration and its status under a checkpoint."""
    it = Consortium()
    declaration = it.record()
    it.anchor(declaration)
    it.anchor(it.record(CUSTOMS, vct="customs.status"))
    it.checkpoint()
    return it, declaration


@vector(Verdict.AMENDED, 11)
def record_amended_by_one_that_withholds_a_consignment() -> Made:
    """The amendment withholds one of its two UCRs, which may be the one that it lacks: it replaces the record."""
    it, manifest, newer = _manifest_amended()
    tags = [it.tag(UCR)]
    shown = [it.to_show(manifest, tags), it.to_show(newer, tags)]
    bundle = it.bundle([manifest.record_id], shown, it.groups_of(Purpose.UCR, UCR), opened=True)
    partly = tuple(
        replace(one, signed=one.signed.with_elements(one.signed.sections["ucr"][:1]))
        if one.signed.record_id == newer.record_id
        else one
        for one in bundle.records
    )
    return bundle.with_records(partly).format(), it.trust_root(), Demand(current=True)


@vector(Verdict.INVALID, 9)
def disposition_by_no_governor() -> Made:
    """A participant disposes of a finding, in a role that the record rules name for it."""
    it, _ = _told()
    it.add_member("91330000100000005Y", Role.CUSTOMS)
    it.set_record_rules(rules_text({**RULES, "audit.disposition": Role.CUSTOMS}))
    it.block += 1
    forged = it.record("91330000100000005Y", vct="audit.disposition")
    it.anchor(forged)
    it.checkpoint()
    return it.record_bundle(forged).format(), it.trust_root()


def _receipt_of_claims(it: Consortium, signed: SignedRecord, **changed: Json) -> SignedReceipt:
    claims = {**it.receipt(signed, anchor_by=it.time).claims, **changed}
    return SignedReceipt.parse(sign_compact({"typ": RECEIPT_TYP}, claims, it.keys[GATEWAY]))


@vector(Verdict.VALID, 15, fate=Fate.FORGED)
def receipt_that_says_a_time_as_text() -> Made:
    """A claim has another form: no gateway gave it, and the bundle stays valid."""
    it, declaration = _told()
    receipt = _receipt_of_claims(it, declaration, anchor_by="soon")
    return it.record_bundle(declaration, receipts=[receipt]).format(), it.trust_root()


@vector(Verdict.VALID, 15, fate=Fate.FORGED)
def receipt_with_a_claim_more() -> Made:
    """A claim too many: no gateway gave it, and the bundle stays valid."""
    it, declaration = _told()
    receipt = _receipt_of_claims(it, declaration, note=1)
    return it.record_bundle(declaration, receipts=[receipt]).format(), it.trust_root()


@vector(Verdict.VALID, fate=Fate.KEPT)
def receipt_in_another_order_true() -> Made:
    """The receipt names the record's two entries in another order than its UCRs stand: all of them, so it is kept."""
    it, manifest, _ = _manifest_amended()
    entries = it.receipt(manifest, anchor_by=it.time).claims["entries"]
    assert isinstance(entries, list)
    receipt = it.receipt(manifest, anchor_by=it.time, entries=entries[::-1])
    return it.record_bundle(manifest, receipts=[receipt]).format(), it.trust_root()


@vector(Verdict.VALID, 15, fate=Fate.BROKEN)
def receipt_for_a_strangers_lane_of_an_unshown_record() -> Made:
    """The receipt's record is not shown, and its tag is another member's lane: provably elsewhere."""
    it, declaration = _told()
    other = it.record()
    (entry,) = it.entries_of(other)
    tag = it.tag(UCR, CUSTOMS)
    it.anchor_entries([tag + entry[16:]])
    it.checkpoint()
    named = it.receipt(other, anchor_by=it.time).claims["entries"]
    assert isinstance(named, list)
    (pair,) = named
    assert isinstance(pair, list)
    receipt = it.receipt(other, anchor_by=it.time, entries=[[tag.hex(), pair[1]]])
    return it.record_bundle(declaration, receipts=[receipt], opened=True).format(), it.trust_root()


@vector(Verdict.VALID, 15, fate=Fate.NOT_SHOWN)
def receipt_excused_by_a_version_with_another_left_out_true() -> Made:
    """A version that is shown would excuse the gateway, and another is left out: it is not shown."""
    it, _ = _told()
    it.set_member(BROKER, MemberState.ACTIVE, Role.BROKER)
    it.block += 1
    receipt = it.receipt(it.record(), anchor_by=it.time + 5)
    it.set_member(BROKER, MemberState.SUSPENDED, Role.BROKER)
    it.block += 1
    status = next(one for one in it.records.values() if one.vct == "customs.status")
    bundle = it.bundle([status.record_id], [it.to_show(status)], None, [receipt], opened=True)
    members = {**bundle.members, BROKER: (1, 2, 3)}
    return prove_anew(it, bundle, replace(bundle.slot_request, members=members)).format(), it.trust_root()


@vector(Verdict.VALID, 15, fate=Fate.NOT_SHOWN)
def receipt_excused_for_one_consignment_and_not_shown_for_the_other_true() -> Made:
    """Of two entries one is excused and the other's lane is not shown: the graver is the receipt's."""
    it, _ = _told()
    receipt = it.receipt(it.record(ucrs=(UCR, OTHER_UCR)), anchor_by=it.time + 5)
    it.set_key(BROKER, KeyState.REVOKED)
    it.block += 1
    status = next(one for one in it.records.values() if one.vct == "customs.status")
    bundle = it.bundle([status.record_id], [it.to_show(status)], None, [receipt], opened=True)
    return bundle.format(), it.trust_root()


@vector(Verdict.VALID, 15, fate=Fate.NOT_DUE)
def receipt_not_due_for_a_lane_with_dropped_entries_true() -> Made:
    """Entries of the lane were dropped, and the receipt is not due: it is not due, dropped or not."""
    it, declaration = _told()
    junk = it.anchor_entries([it.tag(UCR) + b"j" * 32]).index
    it.drop(junk, 0)
    it.anchor(it.record())
    it.checkpoint()
    receipt = it.receipt(it.record(), anchor_by=it.time + 1000)
    return it.record_bundle(declaration, receipts=[receipt], opened=True).format(), it.trust_root()
