"""The consignment as its reader sees it: the view, its proof bundle, and why each section is seen or withheld."""

from __future__ import annotations

from chain.members import Role
from gateway.access.explain import SectionLine, explain
from gateway.access.records import Reader
from gateway.consignment.answers import ConsignmentAnswer
from gateway.consignment.view import consignment_view
from gateway.query.read_log import Read
from gateway.query.reader_context import BundleAnswer, ReaderContext
from gateway.query.shared_numbers import find_shared_numbers
from gateway.runtime.answer import Answer
from gateway.runtime.refusals import GatewayRefusal


class ExplanationAnswer(Answer, frozen=True, kw_only=True):
    """Why each section of a consignment's records is seen or withheld."""

    ucr: str
    policy: str
    """SHA-256 of the view policy, as it stands on the chain."""
    roles: list[str]
    conditions: list[str]
    takes_part_because: str
    sections: list[SectionLine]
    read_receipt: str | None


class ConsignmentService:
    """Answers reads of whole consignments; shared between threads."""

    def __init__(self, context: ReaderContext) -> None:
        self._context = context

    def view(self, reader: Reader, ucr: str) -> ConsignmentAnswer:
        """The consignment view; raises NotFound where the reader may not know of it."""
        consignment, sight = self._context.sight(reader, ucr)
        receipt = self._context.log.log(Read.of(reader, "consignment", {ucr: sight.records}))
        elsewhere = find_shared_numbers(self._context, reader, sight)
        coverage = self._context.wholeness.explain(consignment.coverage)
        return consignment_view(sight, coverage, self._context.tables, elsewhere, read_receipt=receipt or None)

    def bundle(self, reader: Reader, ucr: str) -> BundleAnswer:
        """The proof bundle of what `view` shows of all that is covered, with receipts of one's own records."""
        context = self._context
        consignment, sight = context.sight(reader, ucr)
        if sight.own_only:
            raise GatewayRefusal(
                "role",
                "a consignment bundle is for those who take part in the consignment",
                fix="Ask for the bundle of each of your own records",
            )
        content = context.bundles.consignment(sight, consignment.records, context.receipts_of(reader, sight.records))
        receipt = context.log.log(Read.of(reader, "bundle", {ucr: sight.records}))
        return BundleAnswer(content, receipt, context.wholeness.explain(consignment.coverage))

    def explanation(self, reader: Reader, ucr: str) -> ExplanationAnswer:
        """For every section of every record that `view` names, whether the reader sees it and why."""
        context = self._context
        consignment, sight = context.sight(reader, ucr)
        named = {record.signed.record_id for record in sight.records}
        records = [record for record in consignment.records if record.signed.record_id in named]
        receipt = context.log.log(Read.of(reader, "consignment", {ucr: sight.records}, ()))
        sections = explain(reader, records, consignment.participation, context.policy, context.directory())
        return ExplanationAnswer(
            ucr=ucr,
            policy=context.policy.digest.hex(),
            roles=[str(role.name) for role in Role if role in reader.roles],
            conditions=[condition.value for condition in sorted(sight.conditions)],
            takes_part_because=sight.standing_reason,
            sections=sections,
            read_receipt=receipt or None,
        )
