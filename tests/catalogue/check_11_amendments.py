"""Vectors whose one fault check 11, *amendments*, must see, and what it must let pass."""

from __future__ import annotations

from chain.proof.redaction import redact
from chain.verify.context import Demand
from chain.verify.results import Verdict
from tests.catalogue.stories import (
    declared_and_released,
    made_of,
    with_amendment,
)
from tests.catalogue.vector import Made, vector
from tests.fakes.ledger_simulator import OTHER_UCR, UCR, Consortium


@vector(Verdict.VALID, 11)
def record_of_two_consignments_true() -> Made:
    """A record that names two consignments, shown for one of them; the other UCR is withheld, so what amends it there
    cannot be told."""
    it = Consortium()
    manifest = it.record(ucrs=(UCR, OTHER_UCR))
    it.anchor(manifest)
    it.checkpoint()
    shown = it.to_show(manifest, [it.tag(UCR)])
    bundle = it.bundle([manifest.record_id], [shown])
    return made_of(it, redact(bundle, ["status"]))


@vector(Verdict.AMENDED, 11)
def record_amended() -> Made:
    """The record was replaced by its issuer, which is asked for, and the bundle shows by which."""
    it, declaration, newer = with_amendment()
    bundle = it.bundle([declaration.record_id], [it.to_show(declaration), it.to_show(newer)], opened=True)
    return bundle.format(), it.trust_root(), Demand(current=True)


@vector(Verdict.VALID, 11)
def record_amended_and_not_asked_true() -> Made:
    """The record was replaced by its issuer; nobody asked whether it is the newest: "not looked for"."""
    it, declaration, _ = with_amendment()
    return made_of(it, it.record_bundle(declaration))


@vector(Verdict.CANNOT_TELL, 11)
def record_current_with_a_closed_lane() -> Made:
    """It is asked whether the record is the newest, and its issuer's lane is shown by its head alone."""
    it, declaration, _ = declared_and_released()
    return it.record_bundle(declaration).format(), it.trust_root(), Demand(current=True)


@vector(Verdict.CANNOT_TELL, 11)
def record_current_with_a_later_entry_unopened() -> Made:
    """It is asked whether the record is the newest, and a later entry of its lane is without its record."""
    it, declaration, _ = with_amendment()
    return it.record_bundle(declaration, opened=True).format(), it.trust_root(), Demand(current=True)


@vector(Verdict.WITHDRAWN, 11)
def record_withdrawn() -> Made:
    """Its issuer took the record back, and the bundle opens the lane."""
    it, declaration, _ = declared_and_released()
    withdrawal = it.record(amends=declaration.record_id, withdraws=True)
    it.anchor(withdrawal)
    it.checkpoint()
    shown = [it.to_show(declaration), it.to_show(withdrawal)]
    return (
        it.bundle([declaration.record_id], shown, opened=True).format(),
        it.trust_root(),
        Demand(current=True),
    )


@vector(Verdict.AMENDED, 11)
def record_amended_by_one_that_is_not_covered() -> Made:
    """Its issuer's amendment is anchored and not covered yet: it amends all the same."""
    it, declaration, _ = declared_and_released()
    newer = it.record(amends=declaration.record_id)
    it.anchor(newer)
    bundle = it.bundle([declaration.record_id], [it.to_show(declaration), it.to_show(newer)], opened=True)
    return bundle.format(), it.trust_root(), Demand(current=True)
