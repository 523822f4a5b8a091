"""Bundles of consignments whose broker has, or had, or never had the owner's mandate (`docs/spec/standing.md`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from chain.encoding import Json
from chain.members import Role
from chain.sdjwt import SignedRecord
from chain.verify.results import Verdict
from tests.catalogue.stories import made_of
from tests.catalogue.vector import A_DAY_BLOCKS, CARRIER, Made, vector
from tests.fakes.ledger_simulator import BROKER, Consortium

AGENT = "91310000100000006E"
TERMINAL = "91120000100000007Q"
MANDATE: Mapping[str, Json] = {"principal": BROKER, "agent": AGENT, "starts": "2023-01-01", "ends": "2023-12-31"}


def mandated(
    *,
    offered_by: str = BROKER,
    terms: Mapping[str, Json] = MANDATE,
    confirmed: bool = True,
    confirmed_terms: Mapping[str, Json] | None = None,
    ended: bool = False,
    together: bool = False,
) -> Consortium:
    """A mandate of the owner's; its broker names the carrier, and the carrier a terminal that speaks."""
    it = Consortium()
    for uscc, roles in ((AGENT, Role.BROKER), (CARRIER, Role.CARRIER), (TERMINAL, Role.TERMINAL)):
        it.add_member(uscc, roles)
    it.block += 1

    def side(uscc: str, said: Mapping[str, Json], **more: Any) -> SignedRecord:
        return it.record(
            uscc, vct="trade.mandate", sections={"names": [BROKER, AGENT], "mandate": [dict(said)]}, **more
        )

    offer = side(offered_by, terms)
    it.anchor(offer)
    if ended:
        it.anchor(side(offered_by, terms, amends=offer.record_id, withdraws=True))
    naming = it.record(AGENT, vct="trade.parties", sections={"names": [CARRIER]})
    if confirmed:
        other = AGENT if offered_by == BROKER else BROKER
        confirmation = side(other, {**(confirmed_terms or terms), "offer": offer.record_id})
        it.anchor(*((confirmation, naming) if together else (confirmation,)))
    if not (confirmed and together):
        it.anchor(naming)
    it.anchor(it.record(CARRIER, vct="logistics.event", sections={"names": [TERMINAL]}))
    it.anchor(it.record(TERMINAL, vct="logistics.event"))
    it.checkpoint()
    return it


@vector(Verdict.VALID)
def consignment_of_a_mandated_broker_true() -> Made:
    """Owner and broker said the same mandate; so the broker names freely, and whom it names names another."""
    it = mandated()
    return made_of(it, it.consignment_bundle())


@vector(Verdict.VALID)
def consignment_of_a_broker_that_offered_true() -> Made:
    """The broker offered the mandate and the owner confirmed it."""
    it = mandated(offered_by=AGENT)
    return made_of(it, it.consignment_bundle())


@vector(Verdict.VALID, not_counted=1)
def consignment_without_the_brokers_confirmation_true() -> Made:
    """The broker never confirmed the owner's mandate: whom it names names nobody."""
    it = mandated(confirmed=False)
    return made_of(it, it.consignment_bundle())


@vector(Verdict.VALID, not_counted=1)
def consignment_of_a_mandate_of_other_terms_true() -> Made:
    """The broker confirmed a mandate for other goods than the owner offered."""
    it = mandated(confirmed_terms={**MANDATE, "goods": ["85"]})
    return made_of(it, it.consignment_bundle())


@vector(Verdict.VALID, not_counted=1)
def consignment_of_a_mandate_that_ended_true() -> Made:
    """The owner withdrew the mandate in the block before the broker named the carrier."""
    it = mandated(ended=True)
    return made_of(it, it.consignment_bundle())


@vector(Verdict.VALID, not_counted=1)
def consignment_of_a_mandate_of_the_day_before_true() -> Made:
    """The mandate ended with the day before, in Beijing, on which the broker named the carrier."""
    it = mandated(terms={**MANDATE, "ends": "2023-11-14"})
    return made_of(it, it.consignment_bundle())


@vector(Verdict.VALID, not_counted=1)
def consignment_of_a_mandate_in_one_block_true() -> Made:
    """The broker named the carrier in the very block that anchored its confirmation: the mandate was not in force."""
    it = mandated(together=True)
    return made_of(it, it.consignment_bundle())


@vector(Verdict.ENTRIES_MISSING, 13, not_counted=2)
def mandate_withheld() -> Made:
    """The broker's side of the mandate, older than a day, withholds its terms: it opens no entry."""
    it = mandated()
    it.block += A_DAY_BLOCKS
    bundle = it.consignment_bundle()
    sides = [one for one in bundle.records if one.signed.vct == "trade.mandate" and one.signed.iss == AGENT]
    withheld = [replace(one, signed=one.signed.with_sections(["ucr", "names"])) for one in sides]
    records = tuple(withheld[0] if one is sides[0] else one for one in bundle.records)
    return made_of(it, bundle.with_records(records))
