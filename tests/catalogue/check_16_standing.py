"""Vectors whose one fault check 16, *standing*, must see, and what it must let pass."""

from __future__ import annotations

from dataclasses import replace

from chain.proof.redaction import redact
from chain.verify.results import Verdict
from tests.catalogue.stories import (
    made_of,
    named_by_customs,
    prove_anew,
)
from tests.catalogue.vector import Made, vector


@vector(Verdict.CANNOT_TELL, 16)
def offices_withheld() -> Made:
    """Customs names the carrier, and the office that the owner declared at is withheld."""
    it = named_by_customs()
    return made_of(it, redact(it.consignment_bundle(), ["names"]))


@vector(Verdict.CANNOT_TELL, 16)
def holder_of_an_office_left_out() -> Made:
    """Customs names the carrier, and whose the office is that the owner declared at is not shown."""
    it = named_by_customs()
    bundle = it.consignment_bundle()
    request = replace(bundle.slot_request, assignments={})
    return made_of(it, prove_anew(it, bundle, request))
