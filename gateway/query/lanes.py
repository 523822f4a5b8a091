"""The lanes of one consignment with the records that its reader sees: what a risk desk evaluates and names.

Each leaf stands in its place, so that the reader computes every head itself. Records come as they were signed, with the
disclosures that the policy shows. What is not anchored yet is left out: it has no place.
"""

from __future__ import annotations

from chain.proof.batch import entry_digest
from gateway.access.records import HeldRecord, Reader
from gateway.consignment.view import HIDDEN_TYPES
from gateway.query.read_log import Read
from gateway.query.reader_context import ReaderContext
from gateway.query.shared_numbers import look_up_shared_numbers
from gateway.runtime.answer import Answer
from gateway.runtime.refusals import GatewayRefusal


class LeafLine(Answer, frozen=True, kw_only=True):
    """One leaf of a lane."""

    entry: str
    """Entry digest, 64 hex digits."""
    batch: int


class LaneLine(Answer, frozen=True, kw_only=True):
    """One lane, from its beginning."""

    tag: str
    """32 hex digits."""
    leaves: list[LeafLine]


class LaneRecord(Answer, frozen=True, kw_only=True):
    """A record of the consignment that the reader sees, whole or in part."""

    record: str
    tag: str
    """The lane in which its entry stands."""
    entry: str
    sd_jwt: str


class SharedLine(Answer, frozen=True, kw_only=True):
    """A number of this consignment that another one bears too."""

    kind: str
    value: str
    other: str
    """What may be said of the other consignment in a finding that others read."""
    is_open: bool
    record: str


class SharedNumbers(Answer, frozen=True, kw_only=True):
    """What was looked up of the consignment's numbers."""

    kinds: list[str]
    """Kinds that the reader may look up at large; numbers of others were not looked up."""
    numbers: list[SharedLine]
    others: list[str]
    """UCRs of the other consignments, all of which the reader may see: the second use is told there too."""


class LanesAnswer(Answer, frozen=True, kw_only=True):
    """All lanes of a consignment as they stand."""

    ucr: str
    batches: int
    """How many batches of the ledger this gateway has read."""
    lanes: list[LaneLine]
    records: list[LaneRecord]
    shared: SharedNumbers
    read_receipt: str | None


class LaneService:
    """Answers with lanes; shared between threads."""

    def __init__(self, context: ReaderContext) -> None:
        self._context = context

    def lanes(self, reader: Reader, ucr: str) -> LanesAnswer:
        """The lanes and records; raises NotFound, and GatewayRefusal for who sees its own records alone."""
        context = self._context
        consignment, sight = context.sight(reader, ucr)
        if sight.own_only:
            raise GatewayRefusal("role", "the lanes are for those who take part in the consignment")
        shown = [record for record in sight.records if record.batch is not None]
        shown = [record for record in shown if record.signed.vct not in HIDDEN_TYPES]
        elsewhere, others = look_up_shared_numbers(context, reader, sight)
        tags = {link.entry_digest: tag for tag, links in consignment.links.items() for link in links}
        receipt = context.log.log(Read.of(reader, "consignment", {ucr: shown}))
        if others:
            context.log.log(Read.of_references(reader, others))
        return LanesAnswer(
            ucr=ucr,
            batches=consignment.coverage.batch_count,
            lanes=[
                LaneLine(
                    tag=tag.hex(),
                    leaves=[LeafLine(entry=link.entry_digest.hex(), batch=link.batch) for link in links],
                )
                for tag, links in sorted(consignment.links.items())
            ],
            records=[
                LaneRecord(
                    record=record.signed.record_id,
                    tag=tags[entry].hex(),
                    entry=entry.hex(),
                    sd_jwt=record.signed.serialize(),
                )
                for record in shown
                if (entry := _entry_of(record, ucr)) in tags
            ],
            shared=SharedNumbers(
                kinds=sorted(elsewhere.kinds),
                numbers=[
                    SharedLine(
                        kind=number.kind,
                        value=number.value,
                        other=number.other,
                        is_open=number.is_open,
                        record=number.record,
                    )
                    for number in elsewhere.numbers
                ],
                others=[*others],
            ),
            read_receipt=receipt or None,
        )


def _entry_of(record: HeldRecord, ucr: str) -> bytes:
    """What binds the record to this consignment on the chain."""
    digest = next(digest for digest, said in record.signed.ucr_elements() if said == ucr)
    return entry_digest(record.signed, digest)
