"""Bundles from which a version is left out that a check asks for: nothing is false, and it cannot be answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

from chain.members import AccountPurpose, KeyState, Role
from chain.proof.bundle import Bundle
from chain.verify.results import Verdict
from tests.catalogue.stories import made_of, prove_anew
from tests.catalogue.vector import CARRIER, Made, vector
from tests.fakes.ledger_simulator import BROKER, GATEWAY, Consortium


def _with_newest_alone(it: Consortium, bundle: Bundle, fact: str, name: Any) -> Made:
    """The bundle with the newest version of one fact, and not with those that were in force before."""
    request = bundle.slot_request
    shown: Mapping[Any, tuple[int, ...]] = getattr(request, fact)
    newest = {key: versions[-2:] if key == name else versions for key, versions in shown.items()}
    assert newest != shown
    return made_of(it, prove_anew(it, bundle, replace(request, **cast("Any", {fact: newest}))))


@vector(Verdict.CANNOT_TELL, 9)
def version_of_a_key_left_out() -> Made:
    """The key was retired since; the version by which it was in force for the record's block is left out."""
    it = Consortium()
    declaration = it.record()
    it.anchor(declaration)
    thumbprint = it.keys[BROKER].public.thumbprint
    for _ in range(2):
        it.set_key(BROKER, KeyState.RETIRED)
        it.block += 1
    it.checkpoint()
    return _with_newest_alone(it, it.record_bundle(declaration), "keys", thumbprint)


@vector(Verdict.CANNOT_TELL, 6)
def version_of_a_gateways_account_left_out() -> Made:
    """The gateway's account got another purpose since; whose it was for the batch's block is left out."""
    it = Consortium()
    declaration = it.record()
    it.anchor(declaration)
    for _ in range(2):
        it.set_account(AccountPurpose.GATEWAY | AccountPurpose.ATTESTER)
        it.block += 1
    it.checkpoint()
    return _with_newest_alone(it, it.record_bundle(declaration), "accounts", it.gateway_account)


@vector(Verdict.CANNOT_TELL, 14)
def version_of_the_least_votes_left_out() -> Made:
    """The governors changed twice since how many votes a checkpoint needs; how many it needed then is left out."""
    it = Consortium()
    declaration = it.record()
    it.anchor(declaration)
    it.checkpoint()
    for votes in (3, 2):
        it.set_policy("least-votes", votes)
        it.block += 1
    return _with_newest_alone(it, it.record_bundle(declaration), "policies", "least-votes")


@vector(Verdict.CANNOT_TELL, 16)
def version_of_the_limit_of_records_left_out() -> Made:
    """The governors changed twice since how many records a member may say; the limit then is left out."""
    it = Consortium()
    it.set_policy("lane-records-max", 10)
    it.block += 1
    it.anchor(it.record())
    for limit in (20, 10):
        it.set_policy("lane-records-max", limit)
        it.block += 1
    it.checkpoint()
    return _with_newest_alone(it, it.consignment_bundle(), "policies", "lane-records-max")


@vector(Verdict.CANNOT_TELL, 16)
def version_of_an_operator_left_out() -> Made:
    """The single window of other consignments was given to its operator since; what it operated then is left out."""
    it = Consortium()
    it.add_member(CARRIER, Role.CARRIER)
    it.set_operator(GATEWAY, "*")
    it.block += 1
    it.anchor(it.record(), it.record(GATEWAY, vct="trade.parties", sections={"names": [CARRIER]}))
    for scope in ("CN1", "*"):
        it.set_operator(GATEWAY, scope)
        it.block += 1
    it.checkpoint()
    return _with_newest_alone(it, it.consignment_bundle(), "operators", GATEWAY)
