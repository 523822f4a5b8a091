"""Vectors whose one fault check 6, *inclusion*, must see, and what it must let pass."""

from __future__ import annotations

from dataclasses import replace

from chain.encoding import base64url
from chain.sdjwt import SignedRecord
from chain.verify.results import Verdict
from tests.catalogue.stories import (
    declared_and_released,
    made_of,
)
from tests.catalogue.vector import Made, vector
from tests.fakes.ledger_simulator import BROKER


@vector(Verdict.INVALID, 6)
def another_position() -> Made:
    """The entry claims another place in its batch."""
    it, declaration, _ = declared_and_released()
    bundle = it.record_bundle(declaration)
    (record,) = bundle.records
    entries = tuple(replace(one, position=one.position ^ 1) for one in record.entries)
    return made_of(it, bundle.with_records((replace(record, entries=entries),)))


@vector(Verdict.INVALID, 6)
def path_altered() -> Made:
    """A hash of the inclusion path is another."""
    it, declaration, _ = declared_and_released()
    bundle = it.record_bundle(declaration)
    (record,) = bundle.records
    entries = tuple(replace(one, path=(bytes(32),) * len(one.path)) for one in record.entries)
    return made_of(it, bundle.with_records((replace(record, entries=entries),)))


@vector(Verdict.INVALID, 6)
def never_anchored() -> Made:
    """A record that was never anchored borrows another one's place."""
    it, declaration, _ = declared_and_released()
    bundle = it.record_bundle(declaration)
    (record,) = bundle.records
    forged = it.record()
    digest = forged.ucr_elements()[0][0]
    entries = tuple(replace(one, ucr_digest=digest) for one in record.entries)
    changed = bundle.with_records((replace(record, signed=forged, entries=entries),))
    return made_of(it, replace(changed, subject_records=(forged.record_id,)))


@vector(Verdict.INVALID, 6)
def signed_anew_after_anchoring() -> Made:
    """The same words with a signature that was made after they were anchored: the entry binds the first one."""
    it, declaration, _ = declared_and_released()
    header, payload, _ = declaration.jwt.split(".")
    signature = base64url(it.keys[BROKER].sign(f"{header}.{payload}".encode()))
    anew = SignedRecord.parse(declaration.serialize().replace(declaration.jwt, f"{header}.{payload}.{signature}"))
    bundle = it.record_bundle(declaration)
    (record,) = bundle.records
    return made_of(it, bundle.with_records((replace(record, signed=anew),)))
