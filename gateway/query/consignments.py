"""The consignment as its reader sees it: the view, its proof bundle, and why each section is seen or withheld."""

from __future__ import annotations

from chain.encoding import Json
from chain.members import Role
from gateway.access.explain import explain
from gateway.access.records import Reader
from gateway.consignment.view import consignment_view
from gateway.query.read_log import Read
from gateway.query.reader_context import BundleAnswer, ReadAnswer, ReaderContext
from gateway.query.shared_numbers import find_shared_numbers
from gateway.runtime.refusals import GatewayRefusal


class ConsignmentService:
    """Answers reads of whole consignments; shared between threads."""

    def __init__(self, context: ReaderContext) -> None:
        self._context = context

    def view(self, reader: Reader, ucr: str) -> ReadAnswer:
        """The consignment view; raises NotFound where the reader may not know of it."""
        consignment, sight = self._context.sight(reader, ucr)
        receipt = self._context.log.log(Read.of(reader, "consignment", {ucr: sight.records}))
        elsewhere = find_shared_numbers(self._context, reader, sight)
        return ReadAnswer(consignment_view(sight, consignment.coverage, self._context.tables, elsewhere), receipt)

    def bundle(self, reader: Reader, ucr: str) -> BundleAnswer:
        """The proof bundle of what `view` shows of all that is covered, with receipts of one's own records."""
        context = self._context
        _, sight = context.sight(reader, ucr)
        if sight.own_only:
            raise GatewayRefusal(
                "role",
                "a consignment bundle is for those who take part in the consignment",
                fix="Ask for the bundle of each of your own records",
            )
        content = context.bundles.consignment(sight, context.receipts_of(reader, sight.records))
        return BundleAnswer(content, context.log.log(Read.of(reader, "bundle", {ucr: sight.records})))

    def explanation(self, reader: Reader, ucr: str) -> ReadAnswer:
        """For every section of every record that `view` names, whether the reader sees it and why."""
        context = self._context
        consignment, sight = context.sight(reader, ucr)
        named = {record.signed.record_id for record in sight.records}
        records = tuple(record for record in consignment.records if record.signed.record_id in named)
        receipt = context.log.log(Read.of(reader, "consignment", {ucr: sight.records}, ()))
        sections = explain(reader, records, ucr, context.policy, context.directory(), whole=consignment.records)
        content: dict[str, Json] = {
            "ucr": ucr,
            "policy": context.policy.digest.hex(),
            "roles": [str(role.name) for role in Role if role in reader.roles],
            "conditions": [*sorted(sight.conditions)],
            "takes_part_because": sight.standing_reason,
            "sections": [*sections],
        }
        return ReadAnswer(content, receipt)
