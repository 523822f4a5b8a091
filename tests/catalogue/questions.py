"""Vectors of questions: another subject, another consortium."""

from __future__ import annotations

from chain.verify.context import Demand
from chain.verify.results import Verdict
from tests.catalogue.stories import (
    declared_and_released,
    spoil_text,
)
from tests.catalogue.vector import Made, vector
from tests.fakes.ledger_simulator import OTHER_UCR, Consortium


@vector(Verdict.OTHER_SUBJECT)
def another_consignment_than_asked_for() -> Made:
    """A true bundle of another consignment than the one asked for."""
    it, _, _ = declared_and_released()
    return it.consignment_bundle().format(), it.trust_root(), Demand(ucr=OTHER_UCR)


@vector(Verdict.OTHER_SUBJECT)
def another_record_than_asked_for() -> Made:
    """A true bundle of another record than the one asked for."""
    it, declaration, status = declared_and_released()
    return it.record_bundle(declaration).format(), it.trust_root(), Demand(record=status.record_id)


@vector(Verdict.NO_VERDICT)
def another_consortium() -> Made:
    """A true bundle of another consortium."""
    it, declaration, _ = declared_and_released()
    return it.record_bundle(declaration).format(), Consortium(seed="another").trust_root()


@vector(Verdict.NO_VERDICT)
def members_in_another_order() -> Made:
    """The first two members change places."""
    return spoil_text(
        lambda said: said.replace(
            b'{"format":"tongguan-bundle/2","kind":"record"', b'{"kind":"record","format":"tongguan-bundle/2"', 1
        )
    )


@vector(Verdict.NO_VERDICT)
def no_bundle() -> Made:
    """A file that is no proof bundle."""
    return b"\xff\xfe<html>", Consortium().trust_root()


@vector(Verdict.NO_VERDICT)
def bundle_of_another_edition() -> Made:
    """A file of an edition that was never released."""
    return spoil_text(lambda said: said.replace(b"tongguan-bundle/2", b"tongguan-bundle/1", 1))


@vector(Verdict.NO_VERDICT)
def kind_of_a_later_edition() -> Made:
    """A kind that is reserved for a later edition: this one cannot tell, and does not pretend to."""
    return spoil_text(lambda said: said.replace(b'"kind":"record"', b'"kind":"absence"', 1))
