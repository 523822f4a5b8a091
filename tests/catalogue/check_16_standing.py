"""Vectors whose one fault check 16, *standing*, must see, and what it must let pass."""

from __future__ import annotations

from dataclasses import replace

from chain.members import Role
from chain.proof.redaction import redact
from chain.verify.results import Verdict
from tests.catalogue.stories import (
    made_of,
    named_by_customs,
    prove_anew,
)
from tests.catalogue.vector import CARRIER, Made, vector
from tests.fakes.ledger_simulator import BROKER, CUSTOMS, GATEWAY, Consortium


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


@vector(Verdict.VALID, not_counted=2)
def consignment_with_an_operator_that_was_ended_true() -> Made:
    """The operator of the single window was ended by an empty scope: what it says afterwards names nobody."""
    it = Consortium()
    it.set_operator(GATEWAY, "*")
    it.block += 1
    it.set_operator(GATEWAY, "")
    it.block += 1
    it.anchor(it.record())
    it.anchor(it.record(GATEWAY, vct="trade.parties", sections={"names": [CARRIER]}))
    it.add_member(CARRIER, Role.CARRIER)
    it.block += 1
    it.anchor(it.record(CARRIER, vct="logistics.event"))
    it.checkpoint()
    return made_of(it, it.consignment_bundle(members={BROKER, CUSTOMS, GATEWAY, CARRIER}))


@vector(Verdict.VALID, not_counted=1)
def named_beyond_sixteen_true() -> Made:
    """One that is named names 17, the owner and one named already among them: the last gets no standing."""
    it = Consortium()
    it.add_member(CARRIER, Role.CARRIER)
    it.block += 1
    members = [f"{number:018d}" for number in range(1, 16)]
    it.anchor(it.record(sections={"names": [GATEWAY, members[0]]}))
    it.anchor(it.record(GATEWAY, vct="trade.parties", sections={"names": [BROKER, *members, CARRIER]}))
    it.anchor(it.record(CARRIER, vct="logistics.event"))
    it.checkpoint()
    return made_of(it, it.consignment_bundle())
