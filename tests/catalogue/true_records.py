"""True bundles of records."""

from __future__ import annotations

from dataclasses import replace

from chain.keys import SigningKey
from chain.members import AddedBy, KeyAlgorithm, KeyState, MemberState, Role
from chain.proof.header import Header
from chain.proof.redaction import redact
from chain.proof.seals import trimmed
from chain.verify.context import Demand
from chain.verify.results import Verdict
from tests.catalogue.stories import (
    declared_and_released,
    made_of,
    slow_votes,
)
from tests.catalogue.vector import A_DAY_BLOCKS, Made, vector
from tests.fakes.ledger_simulator import BROKER, CUSTOMS, OTHER_UCR, RULES, UCR, Consortium, rules_text


@vector(Verdict.VALID)
def record_true() -> Made:
    """One record, anchored and covered."""
    it, declaration, _ = declared_and_released()
    return made_of(it, it.record_bundle(declaration))


@vector(Verdict.VALID)
def record_signed_by_sm2_true() -> Made:
    """The issuer signs with SM2 and SM3, as the registry says of its key."""
    it = Consortium()
    it.keys[BROKER] = SigningKey.generate(KeyAlgorithm.SM2)
    it.set_key(BROKER, KeyState.ACTIVE)
    it.block += 1
    signed = it.record()
    it.anchor(signed)
    it.checkpoint()
    return made_of(it, it.record_bundle(signed))


@vector(Verdict.VALID)
def record_signed_by_ed25519_true() -> Made:
    """A record signed with Ed25519."""
    it = Consortium()
    it.keys[BROKER] = SigningKey.generate(KeyAlgorithm.ED25519)
    it.set_key(BROKER, KeyState.ACTIVE)
    it.block += 1
    declaration = it.record()
    it.anchor(declaration)
    it.checkpoint()
    return made_of(it, it.record_bundle(declaration))


@vector(Verdict.VALID)
def record_redacted_true() -> Made:
    """Only the status section is shown; what is withheld has a name."""
    it, declaration, _ = declared_and_released()
    return made_of(it, redact(it.record_bundle(declaration), ["status"]))


@vector(Verdict.VALID)
def record_amended_by_another_type_true() -> Made:
    """A record of another type claims to amend it, which no gateway would take: it does not count."""
    it, _, status = declared_and_released()
    other = it.record(CUSTOMS, vct="audit.finding", amends=status.record_id)
    it.anchor(other)
    it.checkpoint()
    return made_of(it, it.bundle([status.record_id], [it.to_show(status), it.to_show(other)]))


@vector(Verdict.VALID)
def key_added_by_sponsor_true() -> Made:
    """The issuer's key was put into the registry by its sponsor: valid, and every report says so."""
    it = Consortium()
    it.keys[BROKER] = SigningKey.generate()
    it.set_key(BROKER, KeyState.ACTIVE, added_by=AddedBy.SPONSOR)
    it.block += 1
    declaration = it.record()
    it.anchor(declaration)
    it.checkpoint()
    return made_of(it, it.record_bundle(declaration))


@vector(Verdict.VALID)
def header_of_a_later_round_true() -> Made:
    """The header was agreed in round 3: its block hash has round 0, its seal hash the real one."""
    it, declaration, _ = declared_and_released()
    bundle = it.record_bundle(declaration)
    return made_of(it, replace(bundle, header=trimmed(Header.from_rlp(it.header_rlp(round_number=3)))))


@vector(Verdict.VALID)
def closed_range_still_accepted_true() -> Made:
    """The validators changed three times since; the old range is still accepted."""
    it, declaration, _ = declared_and_released()
    root = it.trust_root()
    for step in range(3):
        root = root.extended(it.block + step, [bytes([step + 1]) * 20, bytes([step + 2]) * 20])
    return it.record_bundle(declaration).format(), root


@vector(Verdict.VALID)
def record_current_true() -> Made:
    """No later record of its issuer stands in its lane: it is the newest, as was asked."""
    it, declaration, _ = declared_and_released()
    return it.record_bundle(declaration, opened=True).format(), it.trust_root(), Demand(current=True)


@vector(Verdict.VALID)
def record_amended_by_one_of_fewer_consignments_true() -> Made:
    """A later record claims to replace one of two consignments and names one of them alone: it does not count."""
    it = Consortium()
    manifest = it.record(ucrs=(UCR, OTHER_UCR))
    it.anchor(manifest)
    newer = it.record(amends=manifest.record_id)
    it.anchor(newer)
    it.checkpoint()
    shown = [it.to_show(manifest), it.to_show(newer)]
    bundle = it.bundle([manifest.record_id], shown, opened=True)
    return bundle.format(), it.trust_root(), Demand(current=True)


@vector(Verdict.VALID)
def the_record_asked_for_true() -> Made:
    """A true bundle of the record asked for."""
    it, declaration, _ = declared_and_released()
    return it.record_bundle(declaration).format(), it.trust_root(), Demand(record=declaration.record_id)


@vector(Verdict.VALID)
def key_retired_since_true() -> Made:
    """The issuer's key was retired after the record was anchored: ordinary rotation takes nothing from the record."""
    it, declaration, _ = declared_and_released()
    it.set_key(BROKER, KeyState.RETIRED)
    it.block += 1
    return made_of(it, it.record_bundle(declaration))


@vector(Verdict.VALID)
def member_suspended_since_true() -> Made:
    """The issuer was suspended after the record was anchored: what it said before stays good."""
    it, declaration, _ = declared_and_released()
    it.set_member(BROKER, MemberState.SUSPENDED, Role.BROKER)
    it.block += 1
    return made_of(it, it.record_bundle(declaration))


@vector(Verdict.VALID)
def as_of_the_last_covered_block_true() -> Made:
    """Everything up to the block asked for is covered, which the first batch that is not covered shows."""
    it, first_uncovered = slow_votes()
    return it.consignment_bundle().format(), it.trust_root(), Demand(as_of=first_uncovered - 1)


@vector(Verdict.VALID)
def record_in_two_batches_true() -> Made:
    """Another gateway anchored one of a record's two entries before, which spoils nothing."""
    it = Consortium()
    manifest = it.record(ucrs=(UCR, OTHER_UCR))
    it.anchor_entries(it.entries_of(manifest)[:1])
    it.anchor(manifest)
    it.checkpoint()
    return made_of(it, it.record_bundle(manifest))


@vector(Verdict.VALID)
def key_compromised_only_later_true() -> Made:
    """The key is declared compromised since a second after the record's batch: the record counts, and it is named."""
    it, declaration, _ = declared_and_released()
    it.set_key(BROKER, KeyState.COMPROMISED, compromised_since=it.batches[0].facts.timestamp + 1)
    it.block += 1
    return made_of(it, it.record_bundle(declaration))


@vector(Verdict.VALID)
def record_rules_tightened_later_true() -> Made:
    """The record rules left this type to nobody after the record was anchored: what counted still counts."""
    it, declaration, _ = declared_and_released()
    it.set_record_rules(rules_text({**RULES, "customs.declaration": Role(0)}))
    it.block += 1
    it.checkpoint()
    return made_of(it, it.record_bundle(declaration))


@vector(Verdict.VALID)
def least_votes_raised_later_true() -> Made:
    """The governors agreed on more votes after the checkpoint was reached."""
    it, declaration, _ = declared_and_released()
    it.set_policy("least-votes", 3)
    it.block += 1
    return made_of(it, it.record_bundle(declaration))


@vector(Verdict.VALID)
def key_contested_for_thirty_days_true() -> Made:
    """The member's request is older than thirty days and the governors never decided: it contests nothing more."""
    it, declaration, _ = declared_and_released()
    it.set_key(BROKER, KeyState.ACTIVE, compromised_since=1, contested=True)
    it.block += 30 * A_DAY_BLOCKS
    it.checkpoint()
    return made_of(it, it.record_bundle(declaration))


@vector(Verdict.VALID)
def record_anchored_again_after_it_was_dropped_true() -> Made:
    """A record that nobody could open for a day was dropped; its gateway came back and anchored it again."""
    it, _, _ = declared_and_released()
    lost = it.record()
    dropped = it.anchor(lost).index
    it.drop(dropped, 0)
    it.block += 2 * A_DAY_BLOCKS
    it.anchor(lost)
    it.checkpoint()
    return made_of(it, it.consignment_bundle())
