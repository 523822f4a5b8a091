"""True bundles of consignments."""

from __future__ import annotations

from chain.keys import SigningKey
from chain.members import KeyState
from chain.proof import batch
from chain.proof.batch import Purpose
from chain.verify.context import Demand
from chain.verify.results import Verdict
from tests.catalogue.stories import (
    declared_and_released,
    hidden_in_a_later_epoch,
    made_of,
    named_by_customs,
    named_by_operator,
    signed_by_nobody,
    two_epochs,
    with_named_carrier,
    with_strangers,
    with_unopened_entry,
)
from tests.catalogue.vector import A_DAY_BLOCKS, CARRIER, FOREIGN_UCR, Made, vector
from tests.fakes.ledger_simulator import BROKER, CUSTOMS, GATEWAY, OTHER_UCR, UCR, Consortium
from tests.record_numbers import jti_of


@vector(Verdict.VALID)
def consignment_true() -> Made:
    """Everything of one consignment up to the checkpoint."""
    it, _, _ = declared_and_released()
    return made_of(it, it.consignment_bundle())


@vector(Verdict.VALID)
def consignment_absent_true() -> Made:
    """Nothing was ever anchored for this UCR, and that is proved."""
    it, _, _ = declared_and_released()
    return made_of(it, it.consignment_bundle("6CN91110000100000001W-9999"))


@vector(Verdict.VALID)
def consignment_in_two_epochs_true() -> Made:
    """The tag key was rotated between two records of one consignment."""
    it, _, _ = two_epochs()
    return made_of(it, it.consignment_bundle())


@vector(Verdict.VALID)
def consignment_with_amendment_true() -> Made:
    """A declaration and the one that replaces it; the view holds both and marks the older."""
    it, declaration, _ = declared_and_released()
    it.anchor(it.record(amends=declaration.record_id))
    it.checkpoint()
    return made_of(it, it.consignment_bundle())


@vector(Verdict.VALID, not_counted=1)
def consignment_with_misfiled_record_true() -> Made:
    """A rogue gateway filed another consignment's record here; it is named and not counted, the view stays whole."""
    it, _, _ = declared_and_released()
    stranger = it.record(ucrs=(OTHER_UCR,))
    it.anchor_entries([batch.entry(it.tag(UCR), it.entries_of(stranger)[0][16:])])
    it.checkpoint()
    return made_of(it, it.consignment_bundle())


@vector(Verdict.VALID, not_counted=1)
def consignment_with_record_after_revocation_true() -> Made:
    """A record anchored after its key was revoked is shown as not counted; the others stay valid."""
    it, _, _ = declared_and_released()
    second = SigningKey.generate()
    it.keys["second"] = second
    it.set_key(BROKER, KeyState.ACTIVE, key=second)
    it.block += 1
    it.set_key(BROKER, KeyState.REVOKED, key=second)
    it.block += 1
    it.anchor(it.record(key=second))
    it.checkpoint()
    return made_of(it, it.consignment_bundle())


@vector(Verdict.VALID, not_counted=1)
def consignment_with_misfiled_record_of_a_leaked_key_true() -> Made:
    """A rogue gateway filed here a record of another consignment, whose key is declared compromised since before; it is
    not counted, and the view stays whole."""
    it, _, _ = declared_and_released()
    leaked = it.keys["leaked"] = SigningKey.generate()
    it.set_key(BROKER, KeyState.ACTIVE, key=leaked)
    it.block += 1
    stranger = it.record(ucrs=(OTHER_UCR,), key=leaked)
    it.anchor_entries([batch.entry(it.tag(UCR), it.entries_of(stranger)[0][16:])])
    it.set_key(BROKER, KeyState.COMPROMISED, key=leaked, compromised_since=1)
    it.checkpoint()
    return made_of(it, it.consignment_bundle())


@vector(Verdict.VALID, not_counted=1)
def consignment_with_record_of_another_consortium_true() -> Made:
    """A rogue gateway filed here a record that was signed for another consortium; it is not counted."""
    it, _, _ = declared_and_released()
    it.anchor(it.record(consortium=bytes(32)))
    it.checkpoint()
    return made_of(it, it.consignment_bundle())


@vector(Verdict.VALID, not_counted=1)
def consignment_with_record_hidden_in_a_later_epoch_true() -> Made:
    """A rogue gateway filed a record under the tag of an epoch that had not begun, where no view would look for it; now
    that the epoch has begun it is shown, named and not counted: no earlier view becomes wrong."""
    it, _ = hidden_in_a_later_epoch()
    it.anchor(it.record())
    it.checkpoint()
    return made_of(it, it.consignment_bundle())


@vector(Verdict.VALID)
def consignment_with_two_amendments_of_one_record_true() -> Made:
    """The issuer amended one record twice: the later is taken for the newest, and the report says so."""
    it, declaration, _ = declared_and_released()
    it.anchor(it.record(amends=declaration.record_id))
    it.anchor(it.record(amends=declaration.record_id))
    it.checkpoint()
    return made_of(it, it.consignment_bundle())


@vector(Verdict.VALID, not_counted=1)
def consignment_with_stolen_number_true() -> Made:
    """A stranger used the issuer's number first, under a key that is not the issuer's; the true record still counts."""
    it, _, _ = declared_and_released()
    it.anchor(it.record(BROKER, key=it.keys[CUSTOMS], jti=jti_of("7")))
    it.anchor(it.record(BROKER, jti=jti_of("7")))
    it.checkpoint()
    return made_of(it, it.consignment_bundle())


@vector(Verdict.VALID, not_counted=1)
def consignment_with_record_by_a_stolen_key_true() -> Made:
    """A key is declared compromised; what its thief anchors afterwards is not counted, the rest stays valid."""
    it, _, _ = declared_and_released()
    it.keys["stolen"] = SigningKey.generate()
    it.set_key(BROKER, KeyState.ACTIVE, key=it.keys["stolen"])
    it.block += 1
    it.set_key(BROKER, KeyState.COMPROMISED, key=it.keys["stolen"], compromised_since=it.time)
    it.block += 1
    it.anchor(it.record(key=it.keys["stolen"]))
    it.checkpoint()
    return made_of(it, it.consignment_bundle())


@vector(Verdict.VALID)
def consignment_with_a_revoked_key_true() -> Made:
    """An issuer revoked its key after its record was anchored: named, and the consignment stays valid."""
    it, _, _ = declared_and_released()
    it.set_key(BROKER, KeyState.REVOKED)
    it.block += 1
    return made_of(it, it.consignment_bundle())


@vector(Verdict.VALID)
def consignment_with_record_filed_twice_true() -> Made:
    """A rogue gateway filed the other entry of a manifest here as well; the manifest counts all the same."""
    it = Consortium()
    manifest = it.record(ucrs=(UCR, OTHER_UCR))
    it.anchor(manifest)
    it.anchor_entries([batch.entry(it.tag(UCR), it.entries_of(manifest)[1][16:])])
    it.checkpoint()
    return made_of(it, it.consignment_bundle())


@vector(Verdict.VALID, not_counted=1)
def consignment_with_compromised_key_true() -> Made:
    """A key is declared compromised since before its record: the record is named and not counted, the others stay."""
    it, _, _ = declared_and_released()
    it.set_key(BROKER, KeyState.COMPROMISED, compromised_since=1)
    it.block += 1
    return made_of(it, it.consignment_bundle())


@vector(Verdict.VALID, not_counted=1)
def consignment_with_a_wrong_signature_true() -> Made:
    """A rogue gateway anchored words with a signature that is none: named and not counted, the others stay valid."""
    it, _, _ = declared_and_released()
    it.anchor(it.keep(signed_by_nobody(it.record())))
    it.checkpoint()
    return made_of(it, it.consignment_bundle())


@vector(Verdict.VALID, not_counted=1)
def consignment_with_a_record_in_another_lane_true() -> Made:
    """A rogue gateway filed a record in another issuer's lane of its UCR: named and not counted there."""
    it, _, _ = declared_and_released()
    strange = it.record()
    it.anchor_entries([batch.entry(it.tag(UCR, CUSTOMS), it.entries_of(strange)[0][16:])])
    it.checkpoint()
    return made_of(it, it.consignment_bundle())


@vector(Verdict.VALID, not_counted=1)
def consignment_with_record_under_an_old_key_true() -> Made:
    """A rogue gateway filed a record under a tag key that ended more than 1,024 batches ago: named and not counted."""
    it = Consortium()
    it.anchor(it.record())
    it.begin_epoch(1)
    it.skip_batches(1_024)
    it.anchor_entries(it.entries_of(it.record(), epoch=0))
    it.checkpoint()
    return made_of(it, it.consignment_bundle())


@vector(Verdict.VALID)
def consignment_with_record_under_the_key_before_true() -> Made:
    """A record was filed under the tag key before, in the last batch in which that counts."""
    it = Consortium()
    it.begin_epoch(1)
    it.skip_batches(1_024)
    it.anchor_entries(it.entries_of(it.record(), epoch=0))
    it.checkpoint()
    return made_of(it, it.consignment_bundle())


@vector(Verdict.VALID)
def consignment_with_a_withdrawn_record_true() -> Made:
    """A record that its issuer took back is marked; the view stays true."""
    it, declaration, _ = declared_and_released()
    it.anchor(it.record(amends=declaration.record_id, withdraws=True))
    it.checkpoint()
    return made_of(it, it.consignment_bundle())


@vector(Verdict.VALID)
def consignment_with_a_named_carrier_true() -> Made:
    """The owner names a carrier, whose record from before it was named counts."""
    it, _ = with_named_carrier()
    return made_of(it, it.consignment_bundle())


@vector(Verdict.VALID)
def consignment_with_strangers_hidden_true() -> Made:
    """Members whom nobody named spoke of the consignment; their lanes lie in parts that are not shown."""
    it = with_strangers()
    return made_of(it, it.consignment_bundle())


@vector(Verdict.VALID, not_counted=5)
def consignment_with_strangers_shown_true() -> Made:
    """The same with every lane opened: their records are named and not counted."""
    it = with_strangers()
    shown = [it.to_show(one) for one in it.records.values() if [*one.section("ucr")] == [UCR]]
    return made_of(it, it.bundle(UCR, shown, it.groups_of(Purpose.UCR, UCR)))


@vector(Verdict.VALID, not_counted=1)
def consignment_with_a_record_beyond_the_limit_true() -> Made:
    """The owner said one record more than the registry allowed for its block."""
    it = Consortium()
    it.set_policy("lane-records-max", 2)
    it.block += 1
    for _ in range(3):
        it.anchor(it.record())
    it.checkpoint()
    return made_of(it, it.consignment_bundle())


@vector(Verdict.VALID)
def consignment_with_a_limit_lowered_later_true() -> Made:
    """The limit was lowered after three records were anchored: all count."""
    it = Consortium()
    for _ in range(3):
        it.anchor(it.record())
    it.set_policy("lane-records-max", 2)
    it.block += 1
    it.checkpoint()
    return made_of(it, it.consignment_bundle())


@vector(Verdict.VALID)
def consignment_named_by_the_operator_true() -> Made:
    """The company of the UCR is no member; the operator of the single window names the carrier."""
    it = named_by_operator("GB")
    return made_of(it, it.consignment_bundle(FOREIGN_UCR, members={CUSTOMS, GATEWAY, CARRIER}))


@vector(Verdict.VALID, not_counted=2)
def consignment_named_by_the_operator_of_others_true() -> Made:
    """A member that operates the single window of other UCRs names the carrier: neither counts."""
    it = named_by_operator("CN")
    return made_of(it, it.consignment_bundle(FOREIGN_UCR, members={CUSTOMS, GATEWAY, CARRIER}))


@vector(Verdict.VALID)
def consignment_named_by_competent_customs_true() -> Made:
    """Customs names the carrier; the office that the owner declared at is its own."""
    it = named_by_customs()
    return made_of(it, it.consignment_bundle())


@vector(Verdict.VALID, not_counted=1)
def consignment_named_by_customs_of_another_office_true() -> Made:
    """Customs names the carrier, but the office that the owner declared at was given to it only later."""
    it = named_by_customs(late=True)
    return made_of(it, it.consignment_bundle())


@vector(Verdict.VALID)
def entry_pending_true() -> Made:
    """A gateway anchored an entry of no record in the owner's lane within a day: what came before is complete."""
    it, _ = with_unopened_entry()
    return made_of(it, it.consignment_bundle())


@vector(Verdict.VALID)
def entry_pending_and_the_block_before_asked_for_true() -> Made:
    """The same, and the block before the pending entry is asked for."""
    it, junk = with_unopened_entry()
    return it.consignment_bundle().format(), it.trust_root(), Demand(as_of=it.batches[junk].facts.block - 1)


@vector(Verdict.VALID)
def entries_dropped_true() -> Made:
    """The governors dropped the entry: the lane says that one was, and the bundle is complete again."""
    it, junk = with_unopened_entry()
    it.drop(junk, 0)
    it.block += A_DAY_BLOCKS
    it.anchor(it.record(ucrs=(OTHER_UCR,)))
    it.checkpoint()
    return made_of(it, it.consignment_bundle())
