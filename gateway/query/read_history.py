"""Who read a consignment: the access log as its reader may see it."""

from __future__ import annotations

from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from chain.errors import NotFound
from chain.proof.batch import Purpose
from gateway.access.records import HeldRecord, Reader
from gateway.consignment.view import disclosed
from gateway.query.loader import held_record
from gateway.query.reader_context import ReaderContext
from gateway.runtime.answer import Answer, Section
from gateway.store.consignments import find_newest_entries

ACCESS_RECORDS_MAX = 10_000
"""Most access records of one consignment that one look at the log gives."""


class AccessLine(Answer, frozen=True, kw_only=True):
    """One read of a consignment."""

    record: str
    issuer: str
    state: str
    batch: int | None
    block: int | None
    withheld: list[str] | UnsetType = UNSET
    """`access`, where the reader may not see who read."""
    access: Section | UnsetType = UNSET
    sd_jwt: str | UnsetType = UNSET


class AccessLogAnswer(Answer, frozen=True, kw_only=True):
    """Who read what of a consignment, newest first."""

    ucr: str
    reads: list[AccessLine]
    is_whole: bool
    """False: there are older reads than one look gives."""
    read_receipt: str | None


class ReadHistoryService:
    """Answers who has read; shared between threads."""

    def __init__(self, context: ReaderContext) -> None:
        self._context = context

    def reads(self, reader: Reader, ucr: str) -> AccessLogAnswer:
        """Who read the consignment, newest first, each read as its signed record; raises NotFound as its view does."""
        context = self._context
        _, sight = context.sight(reader, ucr)
        if sight.own_only:
            raise NotFound("consignment", ucr)
        services = context.services
        with services.store.reading() as connection:
            entries = find_newest_entries(
                connection, services.tag_keys.prefixes(ucr, Purpose.ACCESS), ACCESS_RECORDS_MAX + 1
            )
        covered = services.index.progress().map_count
        lines: list[AccessLine] = []
        for entry in entries[:ACCESS_RECORDS_MAX]:
            link = services.index.find_link(entry.tag, entry.entry_digest)
            record = held_record(context.opener.open(entry), link, services.index, covered)
            seen = disclosed(record, ucr, reader, sight.conditions, context.policy, context.directory())
            lines += access_lines(seen)
        return AccessLogAnswer(ucr=ucr, reads=lines, is_whole=len(entries) <= ACCESS_RECORDS_MAX, read_receipt=None)


def access_lines(record: HeldRecord) -> list[AccessLine]:
    """The reads that an access record discloses; who read is withheld, by name, where the policy grants no `access`."""
    signed = record.signed
    line = AccessLine(
        record=signed.record_id,
        issuer=signed.iss,
        state=record.state.value,
        batch=record.batch,
        block=record.block,
    )
    reads = record.many("access")
    if not reads:
        return [replace(line, withheld=["access"])]
    text = signed.serialize()
    return [replace(line, access=read, sd_jwt=text) for read in reads]
