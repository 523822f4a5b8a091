"""One record as its reader sees it, through each of the consignments that it speaks of; and its proof bundle."""

from __future__ import annotations

from dataclasses import dataclass, replace

from chain.errors import NotFound
from chain.lifecycle import RecordState
from chain.proof.lane_proof import LaneProof, ProvedLane
from chain.sdjwt import ACCESS_TYPE, SignedRecord
from gateway.access.rate_limits import RateLimits
from gateway.access.records import HeldRecord, Reader
from gateway.consignment.answers import RecordAnswer
from gateway.consignment.view import Sight, record_view
from gateway.membership.tag_keys import purpose_of
from gateway.query.loader import find_links, held_record
from gateway.query.read_log import Read
from gateway.query.reader_context import BundleAnswer, ReaderContext
from gateway.store.consignments import find_stored_record


@dataclass(frozen=True)
class SeenRecord:
    """A record as one reader sees it."""

    record: HeldRecord
    ucrs: list[str]
    """The consignments through which the reader sees it."""
    refusal: str
    """Why it was refused; empty where it was not."""
    outside: str = ""
    """Why it enters no view of these consignments; empty where it enters one, and where that is not said."""


class RecordService:
    """Answers reads of single records; shared between threads."""

    def __init__(self, context: ReaderContext) -> None:
        self._context = context
        settings = context.services.settings
        self._proved_lanes = RateLimits(settings.own_lanes_per_s, context.services.clock, what="lanes of own records")

    def view(self, reader: Reader, record_id: str) -> RecordAnswer:
        """One record as the reader sees it; raises NotFound where it may not know of it."""
        seen = self.seen(reader, record_id)
        receipt = self._context.log.log(Read.of(reader, "record", {ucr: [seen.record] for ucr in seen.ucrs}))
        refusal = seen.refusal if seen.record.signed.iss == reader.member else ""
        return record_view(seen.record, refusal, receipt or None, outside=seen.outside)

    def bundle(self, reader: Reader, record_id: str) -> BundleAnswer:
        """The proof bundle of what `view` shows, with its receipt where it is one's own."""
        context = self._context
        seen = self.seen(reader, record_id)
        if seen.record.signed.iss == reader.member:
            # Its proof opens the lanes of whatever UCRs its issuer chose to name.
            self._proved_lanes.take(reader.member, len(seen.ucrs))
        links = find_links(seen.record.signed, seen.ucrs, context.services.index, context.services.tag_keys)
        content = context.bundles.record(seen.record, links, context.receipts_of(reader, [seen.record]))
        read = Read.of(reader, "bundle", {ucr: [seen.record] for ucr in seen.ucrs})
        return BundleAnswer(content, context.log.log(read))

    def lane_proof(self, reader: Reader, record_id: str) -> LaneProof:
        """In which lanes the reader's own record belongs, with the VRF proofs; raises NotFound for others' records.

        It tells of no entry, and of nobody else's words: it is not logged as a read. Raises GatewayRefusal (429) where
        more are asked for than `own_lanes_per_s`.
        """
        with self._context.services.store.reading() as connection:
            stored = find_stored_record(connection, record_id)
        signed = None if stored is None else self._context.opener.open(stored)
        if signed is None or signed.iss != reader.member:
            raise NotFound("record", record_id)
        self._proved_lanes.take(reader.member, len(signed.sections["ucr"]))
        purpose, tag_keys = purpose_of(signed), self._context.services.tag_keys
        lanes = tuple(
            ProvedLane(str(ucr), purpose, epoch, tag_keys.prove(epoch, str(ucr), purpose))
            for _, ucr in signed.ucr_elements()
            if ucr is not None
            for epoch in range(len(tag_keys.epochs))
        )
        return LaneProof(record_id, signed.iss, lanes)

    def seen(self, reader: Reader, record_id: str) -> SeenRecord:
        """The record as the reader sees it, without a note in the access log; raises NotFound."""
        with self._context.services.store.reading() as connection:
            stored = find_stored_record(connection, record_id)
        if stored is None:
            raise NotFound("record", record_id)
        signed = self._context.opener.open(stored)
        ucrs = [ucr for _, ucr in signed.ucr_elements() if ucr is not None]
        if signed.iss == reader.member:
            return SeenRecord(self._own(signed, ucrs, stored.state), ucrs, stored.reason or "")
        by_ucr = {ucr: seen for ucr in ucrs if (seen := self._seen_in(reader, ucr, signed)) is not None}
        if not by_ucr:
            raise NotFound("record", record_id)
        record = _joined(signed, [seen for seen, _ in by_ucr.values()])
        reasons = [outside for _, outside in by_ucr.values()]
        outside = "" if "" in reasons else reasons[0]
        return SeenRecord(record, [*by_ucr], stored.reason or "", outside)

    def _own(self, signed: SignedRecord, ucrs: list[str], state: RecordState) -> HeldRecord:
        services = self._context.services
        links = find_links(signed, ucrs, services.index, services.tag_keys)
        first = min((link for _, link in links.values()), key=lambda link: (link.batch, link.position), default=None)
        record = held_record(signed, first, services.index, services.index.progress().map_count)
        is_refused = first is None and state is RecordState.REFUSED
        return replace(record, state=RecordState.REFUSED) if is_refused else record

    def _seen_in(self, reader: Reader, ucr: str, signed: SignedRecord) -> tuple[HeldRecord, str] | None:
        """The record as seen through this consignment, and why it enters no view of it; None where it is not seen."""
        try:
            consignment, sight = self._context.sight(reader, ucr, also=(signed.iss,), is_empty_shown=True)
        except NotFound:
            return None
        if sight.own_only:
            return None
        if signed.vct == ACCESS_TYPE:
            return self._access_record_in(sight, signed), ""
        for record in consignment.records:
            if record.signed.record_id == signed.record_id:
                return sight.disclose(record), consignment.participation.why_outside(signed.record_id)
        return None

    def _access_record_in(self, sight: Sight, signed: SignedRecord) -> HeldRecord:
        context = self._context
        services = context.services
        link = find_links(signed, [sight.ucr], services.index, services.tag_keys).get(sight.ucr)
        record = held_record(signed, link and link[1], services.index, services.index.progress().map_count)
        return sight.disclose(record)


def _joined(signed: SignedRecord, seen: list[HeldRecord]) -> HeldRecord:
    """The record as seen through each of several consignments: what any of them shows."""
    digests = {disclosure.digest for record in seen for disclosure in record.signed.disclosures}
    return replace(min(seen, key=lambda record: record.order), signed=signed.with_elements(digests))
