"""Vectors whose one fault check 10, *since*, must see, and what it must let pass."""

from __future__ import annotations

from chain.members import KeyState
from chain.verify.results import Verdict
from tests.catalogue.stories import (
    declared_and_released,
    made_of,
)
from tests.catalogue.vector import A_DAY_BLOCKS, Made, vector
from tests.fakes.ledger_simulator import BROKER


@vector(Verdict.REVOKED_SINCE, 10)
def key_revoked_since() -> Made:
    """The issuer's key was revoked after the record was anchored."""
    it, declaration, _ = declared_and_released()
    it.set_key(BROKER, KeyState.REVOKED)
    it.block += 1
    return made_of(it, it.record_bundle(declaration))


@vector(Verdict.CONTESTED, 10)
def key_contested() -> Made:
    """The issuer asks the governors to declare its key compromised since before the record: it counts, and is told."""
    it, declaration, _ = declared_and_released()
    it.set_key(BROKER, KeyState.ACTIVE, compromised_since=1, contested=True)
    it.block += 1
    return made_of(it, it.record_bundle(declaration))


@vector(Verdict.CONTESTED, 10)
def time_of_the_request_left_out() -> Made:
    """When the member asked is not shown, so that the request may still be open."""
    it, declaration, _ = declared_and_released()
    it.set_key(BROKER, KeyState.ACTIVE, compromised_since=1, contested=True)
    it.block += 30 * A_DAY_BLOCKS
    it.checkpoint()
    it.contested.clear()
    return made_of(it, it.record_bundle(declaration))
