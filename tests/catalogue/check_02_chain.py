"""Vectors whose one fault check 2, *chain*, must see, and what it must let pass."""

from __future__ import annotations

from dataclasses import replace

from chain.verify.results import Verdict
from chain.verify.trust_root import ValidatorRange
from tests.catalogue.stories import (
    declared_and_released,
    made_of,
)
from tests.catalogue.vector import Made, vector


@vector(Verdict.UNTRUSTED_CHAIN, 2)
def another_chain_id() -> Made:
    """The bundle names another chain id."""
    it, declaration, _ = declared_and_released()
    return made_of(it, replace(it.record_bundle(declaration), chain_id=1))


@vector(Verdict.UNTRUSTED_CHAIN, 2)
def another_genesis() -> Made:
    """The bundle names another genesis block."""
    it, declaration, _ = declared_and_released()
    return made_of(it, replace(it.record_bundle(declaration), genesis_hash=bytes(32)))


@vector(Verdict.UNTRUSTED_CHAIN, 2)
def leaked_range() -> Made:
    """The validators' keys of the header's range may have leaked since."""
    it, declaration, _ = declared_and_released()
    root = it.trust_root().extended(it.block, [b"\x01" * 20]).without_trust_in(0)
    return it.record_bundle(declaration).format(), root


@vector(Verdict.UNTRUSTED_CHAIN, 2)
def before_the_first_range() -> Made:
    """The header is of a block for which the trust root names no validators."""
    it, declaration, _ = declared_and_released()
    ranges = (ValidatorRange(it.block + 1, None, True, tuple(it.addresses())),)
    return it.record_bundle(declaration).format(), replace(it.trust_root(), validators=ranges)
