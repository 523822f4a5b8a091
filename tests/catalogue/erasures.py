"""Bundles of consignments of which something was erased (`docs/spec/checks.md`, "Erased sections")."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chain.encoding import Json
from chain.members import Role
from chain.sdjwt import SignedRecord
from chain.verify.results import Verdict
from tests.catalogue.stories import made_of
from tests.catalogue.vector import CARRIER, Made, vector
from tests.fakes.ledger_simulator import BROKER, CUSTOMS, Consortium

POLICY = "ab" * 32


def with_erasure(
    erased_by: str,
    rule: str,
    *,
    said_by: str = CARRIER,
    names: Sequence[str] = ("parties", "source"),
    forgets: Sequence[str] = ("parties", "source"),
    policy: str | None = None,
    record: str | None = None,
) -> Made:
    """A record of the carrier's, whom the owner names; an erasure of its sections; a bundle that shows them no more."""
    it = Consortium()
    it.add_member(CARRIER, Role.CARRIER)
    it.block += 1
    sections: dict[str, list[Json]] = {
        "parties": [[{"role": "buyer", "name": "Li Hua"}]],
        "source": [{"kind": "CEB311"}],
        "status": ["R"],
    }
    vct = "logistics.event" if said_by == CARRIER else "customs.declaration"
    said = it.record(said_by, vct=vct, sections=sections)
    it.anchor(it.record(sections={"status": ["R"], "names": [CARRIER]}), said)
    line: dict[str, Any] = {"record": record or said.record_id, "sections": [*names]}
    statement: dict[str, Any] = {"rule": rule, "erased": [line], "reason": "she asked for it"}
    if policy is not None:
        statement["policy"] = policy
    it.anchor(it.record(erased_by, vct="audit.erasure", sections={"erasure": [statement]}))
    it.checkpoint()
    return made_of(it, _forgotten(it, said, forgets))


def _forgotten(it: Consortium, said: SignedRecord, names: Sequence[str]) -> Any:
    bundle = it.consignment_bundle()
    records = []
    for record in bundle.records:
        if record.signed.record_id == said.record_id:
            kept = set(record.signed.sections) - set(names)
            record = type(record)(record.signed.with_sections(kept), record.entries)
        records.append(record)
    return bundle.with_records(tuple(records))


@vector(Verdict.VALID)
def consignment_erased_by_its_issuer_true() -> Made:
    """Whoever issued a record had two of its sections erased."""
    return with_erasure(CARRIER, "issuer")


@vector(Verdict.VALID)
def consignment_erased_by_the_owner_true() -> Made:
    """The company of the UCR had sections of the carrier's record erased."""
    return with_erasure(BROKER, "owner")


@vector(Verdict.VALID)
def consignment_erased_by_a_governor_true() -> Made:
    """A governor had sections erased by the retention policy that it names."""
    return with_erasure(CUSTOMS, "governor", policy=POLICY)


@vector(Verdict.VALID)
def consignment_not_erased_by_a_stranger_true() -> Made:
    """The carrier calls itself the issuer of the owner's record: its statement erases nothing, and is named."""
    return with_erasure(CARRIER, "issuer", said_by=BROKER)


@vector(Verdict.VALID)
def consignment_not_erased_without_policy_true() -> Made:
    """A governor names no policy: its statement erases nothing, and is named."""
    return with_erasure(CUSTOMS, "governor")


@vector(Verdict.VALID)
def consignment_erased_and_shown_true() -> Made:
    """A copy from before the erasure still shows the sections: it is as valid as it was."""
    return with_erasure(CARRIER, "issuer", forgets=())
