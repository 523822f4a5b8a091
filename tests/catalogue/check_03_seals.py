"""Vectors whose one fault check 3, *seals*, must see, and what it must let pass."""

from __future__ import annotations

from dataclasses import replace

from chain.proof.header import Header
from chain.proof.seals import SECP256K1_ORDER, trimmed
from chain.verify.results import Verdict
from chain.verify.trust_root import ValidatorRange
from tests.catalogue.stories import (
    declared_and_released,
    made_of,
)
from tests.catalogue.vector import Made, vector
from tests.fakes.ledger_simulator import Consortium


@vector(Verdict.UNTRUSTED_CHAIN, 3)
def other_validators() -> Made:
    """Validators that the trust root does not name sealed the header."""
    it, declaration, _ = declared_and_released()
    ranges = (ValidatorRange(0, None, True, tuple(Consortium(seed="another").addresses())),)
    return it.record_bundle(declaration).format(), replace(it.trust_root(), validators=ranges)


@vector(Verdict.UNTRUSTED_CHAIN, 3)
def other_validators_in_disguise() -> Made:
    """A header that lists the right validators, sealed by strangers' keys."""
    it, declaration, _ = declared_and_released()
    bundle = it.record_bundle(declaration)
    return made_of(it, replace(bundle, header=Consortium(seed="another").sealed(bundle.header, [0, 1, 2])))


@vector(Verdict.UNTRUSTED_CHAIN, 3)
def quorum_minus_one() -> Made:
    """Two of four validators sealed; three are needed."""
    it, declaration, _ = declared_and_released()
    bundle = it.record_bundle(declaration)
    return made_of(it, replace(bundle, header=it.sealed(bundle.header, [0, 1])))


@vector(Verdict.UNTRUSTED_CHAIN, 3)
def seals_beyond_quorum() -> Made:
    """All four sealed truly, but a bundle carries exactly a quorum."""
    it, declaration, _ = declared_and_released()
    bundle = it.record_bundle(declaration)
    return made_of(it, replace(bundle, header=it.sealed(bundle.header, [0, 1, 2, 3])))


@vector(Verdict.UNTRUSTED_CHAIN, 3)
def seals_out_of_order() -> Made:
    """The seals are not by ascending signer."""
    it, declaration, _ = declared_and_released()
    bundle = it.record_bundle(declaration)
    return made_of(it, replace(bundle, header=it.sealed(bundle.header, [0, 2, 1])))


@vector(Verdict.UNTRUSTED_CHAIN, 3)
def one_validator_twice() -> Made:
    """One validator's seal is given twice to make up the quorum."""
    it, declaration, _ = declared_and_released()
    bundle = it.record_bundle(declaration)
    return made_of(it, replace(bundle, header=it.sealed(bundle.header, [0, 1, 1])))


@vector(Verdict.UNTRUSTED_CHAIN, 3)
def seal_with_high_s() -> Made:
    """One seal is the twin of a true one, with high s."""
    it, declaration, _ = declared_and_released()
    bundle = it.record_bundle(declaration)
    first, *others = bundle.header.extra.seals
    s = SECP256K1_ORDER - int.from_bytes(first[32:64], "big")
    twin = first[:32] + s.to_bytes(32, "big") + bytes([first[64] ^ 1])
    header = bundle.header.with_extra(replace(bundle.header.extra, seals=(twin, *others)))
    return made_of(it, replace(bundle, header=header))


@vector(Verdict.UNTRUSTED_CHAIN, 3)
def seals_of_another_height() -> Made:
    """True seals, of the block before."""
    it, declaration, _ = declared_and_released()
    bundle = it.record_bundle(declaration)
    it.block += 1
    seals = trimmed(Header.from_rlp(it.header_rlp())).extra.seals
    header = bundle.header.with_extra(replace(bundle.header.extra, seals=seals))
    return made_of(it, replace(bundle, header=header))


@vector(Verdict.UNTRUSTED_CHAIN, 3)
def seals_of_another_round() -> Made:
    """True seals of round 1 under a header that says round 0."""
    it, declaration, _ = declared_and_released()
    bundle = it.record_bundle(declaration)
    header = Header.from_rlp(it.header_rlp(round_number=1))
    changed = header.with_extra(replace(header.extra, round=0, seals=header.extra.seals[:3]))
    return made_of(it, replace(bundle, header=changed))


@vector(Verdict.UNTRUSTED_CHAIN, 3)
def state_root_altered() -> Made:
    """A state of the cheat's own making under true seals."""
    it, declaration, _ = declared_and_released()
    bundle = it.record_bundle(declaration)
    fields = list(bundle.header.fields)
    fields[3] = bytes(31) + b"\x01"
    return made_of(it, replace(bundle, header=Header(tuple(fields))))
