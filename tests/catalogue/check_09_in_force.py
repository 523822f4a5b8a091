"""Vectors whose one fault check 9, *in-force*, must see, and what it must let pass."""

from __future__ import annotations

from dataclasses import replace

from chain.keys import SigningKey
from chain.members import KeyState, MemberState, Role
from chain.verify.results import Verdict
from tests.catalogue.stories import (
    declared_and_released,
    made_of,
)
from tests.catalogue.vector import Made, vector
from tests.fakes.ledger_simulator import BROKER, CUSTOMS, RULES, Consortium, rules_text


@vector(Verdict.INVALID, 9)
def number_used_twice() -> Made:
    """A second record under the issuer's same number; the first in chain order counts."""
    it, declaration, _ = declared_and_released()
    second = it.record(jti=declaration.jti)
    it.anchor(second)
    it.checkpoint()
    return made_of(it, it.record_bundle(declaration, second))


@vector(Verdict.INVALID, 9)
def issuer_without_the_role() -> Made:
    """A broker says what only customs may say."""
    it, _, _ = declared_and_released()
    forged = it.record(BROKER, vct="customs.status")
    it.anchor(forged)
    it.checkpoint()
    return made_of(it, it.record_bundle(forged))


@vector(Verdict.INVALID, 9)
def finding_by_no_governor() -> Made:
    """A participant says what only a governor may say, in a role that the record rules name."""
    it, _, _ = declared_and_released()
    forged = it.record(BROKER, vct="audit.finding")
    it.anchor(forged)
    it.checkpoint()
    return made_of(it, it.record_bundle(forged))


@vector(Verdict.INVALID, 9)
def unknown_record_type() -> Made:
    """A record type that the record rules do not know."""
    it, _, _ = declared_and_released()
    forged = it.record(BROKER, vct="customs.rumour")
    it.anchor(forged)
    it.checkpoint()
    return made_of(it, it.record_bundle(forged))


@vector(Verdict.INVALID, 9)
def key_revoked_before() -> Made:
    """The key was revoked before the record was anchored."""
    it, _, _ = declared_and_released()
    it.set_key(BROKER, KeyState.REVOKED)
    it.block += 1
    late = it.record()
    it.anchor(late)
    it.checkpoint()
    return made_of(it, it.record_bundle(late))


@vector(Verdict.INVALID, 9)
def key_registered_in_the_same_block() -> Made:
    """The key was registered in the block that anchored the record: it counts only from the next."""
    it, _, _ = declared_and_released()
    it.keys[BROKER] = SigningKey.generate()
    it.set_key(BROKER, KeyState.ACTIVE)
    early = it.record()
    it.anchor(early)
    it.checkpoint()
    return made_of(it, it.record_bundle(early))


@vector(Verdict.INVALID, 9)
def key_of_nobody() -> Made:
    """The key was never registered."""
    it, _, _ = declared_and_released()
    it.keys[BROKER] = SigningKey.generate()
    forged = it.record()
    it.anchor(forged)
    it.checkpoint()
    return made_of(it, it.record_bundle(forged))


@vector(Verdict.INVALID, 9)
def key_of_another_member() -> Made:
    """Customs' own key under the broker's name."""
    it, _, _ = declared_and_released()
    forged = it.record(BROKER, key=it.keys[CUSTOMS])
    it.anchor(forged)
    it.checkpoint()
    return made_of(it, it.record_bundle(forged))


@vector(Verdict.INVALID, 9)
def member_suspended_before() -> Made:
    """The issuer was suspended before the record was anchored."""
    it, _, _ = declared_and_released()
    it.set_member(BROKER, MemberState.SUSPENDED, Role.BROKER)
    it.block += 1
    late = it.record()
    it.anchor(late)
    it.checkpoint()
    return made_of(it, it.record_bundle(late))


@vector(Verdict.COMPROMISED, 9, not_counted=1)
def key_compromised_since_then() -> Made:
    """The key is declared compromised since the very time of the record's batch."""
    it, declaration, _ = declared_and_released()
    it.set_key(BROKER, KeyState.COMPROMISED, compromised_since=it.batches[0].facts.timestamp)
    it.block += 1
    return made_of(it, it.record_bundle(declaration))


@vector(Verdict.INVALID, 9)
def record_rules_widened_later() -> Made:
    """The record rules let this issuer say this type only after the record was anchored."""
    it = Consortium()
    status = it.record(BROKER, vct="customs.status")
    it.anchor(status)
    it.set_record_rules(rules_text({**RULES, "customs.status": Role.BROKER}))
    it.block += 1
    it.checkpoint()
    return made_of(it, it.record_bundle(status))


@vector(Verdict.CANNOT_TELL, 9)
def record_rules_left_out() -> Made:
    """The text of the record rules in force for the record's block is not in the bundle."""
    it, declaration, _ = declared_and_released()
    return made_of(it, replace(it.record_bundle(declaration), texts=()))


@vector(Verdict.CANNOT_TELL, 9)
def record_rules_that_cannot_be_read() -> Made:
    """The governors agreed on record rules that name a role which nobody knows."""
    it = Consortium()
    it.set_record_rules(b'{"customs.declaration": ["EMPEROR"]}')
    it.block += 1
    declaration = it.record()
    it.anchor(declaration)
    it.checkpoint()
    return made_of(it, it.record_bundle(declaration))
