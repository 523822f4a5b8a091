"""Vectors whose one fault check 8, *signatures*, must see, and what it must let pass."""

from __future__ import annotations

from chain.keys import SigningKey
from chain.members import KeyAlgorithm, KeyState
from chain.sdjwt import SignedRecord
from chain.verify.results import Verdict
from tests.catalogue.stories import (
    declared_and_released,
    made_of,
)
from tests.catalogue.vector import Made, vector
from tests.fakes.ledger_simulator import BROKER, CUSTOMS, Consortium


@vector(Verdict.INVALID, 8)
def sm2_signature_of_another_message() -> Made:
    """The record, signed with SM2, carries its issuer's signature of another record."""
    it = Consortium()
    it.keys[BROKER] = SigningKey.generate(KeyAlgorithm.SM2)
    it.set_key(BROKER, KeyState.ACTIVE)
    it.block += 1
    first, other = it.record(), it.record()
    head, _, signature = first.jwt.rpartition(".")
    moved = first.serialize().replace(first.jwt, f"{head}.{other.jwt.rpartition('.')[2]}")
    swapped = it.keep(SignedRecord.parse(moved))
    it.anchor(swapped)
    it.checkpoint()
    assert signature not in moved
    return made_of(it, it.record_bundle(swapped))


@vector(Verdict.INVALID, 8)
def signed_by_another_key() -> Made:
    """The record names a key that did not sign it."""
    it, _, _ = declared_and_released()
    forged = it.record(key=it.keys[CUSTOMS])
    header, payload, signature = forged.jwt.split(".")
    true_header = it.record().jwt.split(".")[0]
    body = forged.serialize().replace(f"{header}.{payload}.{signature}", f"{true_header}.{payload}.{signature}")
    forged = it.keep(SignedRecord.parse(body))
    it.anchor(forged)
    it.checkpoint()
    return made_of(it, it.record_bundle(forged))


@vector(Verdict.INVALID, 8)
def signed_for_another_consortium() -> Made:
    """The record was signed for another consortium and replayed here."""
    it, _, _ = declared_and_released()
    replayed = it.record(consortium=bytes(32))
    it.anchor(replayed)
    it.checkpoint()
    return made_of(it, it.record_bundle(replayed))
