"""Which facts of a consignment rest on independent sources (多证), computed offline from what its bundle proves.

The same pure function as a gateway's (`chain.rules.corroboration`), on the records that count in the bundle. Who
sponsors whom is read from the members' versions that the bundle proves; of a member of whom none is shown, no sponsor
is known, and it counts as independent.
"""

from __future__ import annotations

from chain.proof.bundle import Bundle
from chain.proof.storage import MalformedProof
from chain.rules.consignment import join_records
from chain.rules.corroboration import Corroboration, corroborate
from chain.rules.signed_records import is_judged, read_signed
from chain.verify.checks_chain import check_contracts
from chain.verify.context import Case
from chain.verify.results import Report
from chain.verify.trust_root import TrustRoot
from chain.verify.verifier import NOTHING_MORE


def grade_facts(bundle: Bundle, trust_root: TrustRoot, report: Report) -> tuple[Corroboration, ...]:
    """The grade of each fact that the bundle's counted records say; none where the bundle is refuted.

    `report` is the verifier's on this very bundle.
    """
    if report.verdict.is_refuted:
        return ()
    counted = {standing.record_id for standing in report.records if standing.not_counted is None}
    shown = [record for record in bundle.records if record.signed.record_id in counted]
    first_batch = {record.signed.record_id: min(entry.batch for entry in record.entries) for record in shown}
    ordered = sorted(shown, key=lambda record: first_batch[record.signed.record_id])
    facts = [read_signed(record.signed) for record in ordered if is_judged(record.signed.vct)]
    case = Case(bundle, trust_root, NOTHING_MORE)
    check_contracts(case)  # passed when the report was made; afterwards storage can be read
    members = case.words.members

    def sponsor_of(member: str) -> str | None:
        versions = members.get(member)
        try:
            newest = None if versions is None else versions.newest
        except MalformedProof:
            newest = None
        return None if newest is None else newest.sponsor

    return corroborate(join_records(facts), sponsor_of)
