"""Records of a consignment that do not count: kept and provable, in no view, and listed to who may see it and asks."""

from __future__ import annotations

from collections.abc import Iterator

from chain.errors import Malformed, NotFound
from chain.identifiers import Ucr
from chain.lifecycle import RecordState
from gateway.access.records import Reader
from gateway.query.loader import LoadedConsignment
from gateway.query.read_log import Read
from gateway.query.reader_context import ReaderContext
from gateway.runtime.answer import Answer
from gateway.store.consignments import EntryLine, find_group_lines
from gateway.store.store import Transaction

PAGE_LINES_MAX = 200
LOOKED_AT_MAX = 2_000
"""Records looked at for one page, those that count among them. A page may end before it is full."""
ROWS_PER_LOOK = 500


class MalformedPlace(Malformed):
    """Not the `next` of a page of this list."""


class OutsideLine(Answer, frozen=True, kw_only=True):
    """A record that does not count; `/v1/records/{id}` shows it, and its bundle proves it."""

    record: str
    type: str
    issuer: str
    issued_at: int
    state: str
    batch: int | None
    position: int | None
    why: str


class OutsideAnswer(Answer, frozen=True, kw_only=True):
    """One page of the records that do not count, in the order in which this gateway took them."""

    ucr: str
    records: list[OutsideLine]
    next: str | None
    """The `after` of the following page; null at the end."""
    read_receipt: str | None


def parse_place(text: str) -> int:
    """The place to go on after: empty is the beginning; raises MalformedPlace."""
    if text and not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise MalformedPlace("after", "is the `next` of a page of this list", value=text)
    return int(text or "0")


class OutsideRecordService:
    """Answers which records do not count; shared between threads."""

    def __init__(self, context: ReaderContext) -> None:
        self._context = context

    def page(self, reader: Reader, ucr: str, after: int = 0) -> OutsideAnswer:
        """One page; raises NotFound where the reader may not see the consignment."""
        context = self._context
        consignment, sight = context.sight(reader, ucr, is_empty_shown=True)
        if sight.own_only:
            raise NotFound("consignment", ucr)
        outside, last = self._outside(consignment, after)
        receipt = context.log.log(Read.of_outside(reader, ucr, [entry.record_id for entry in outside]))
        return OutsideAnswer(
            ucr=ucr,
            records=[self._line(entry, consignment) for entry in outside],
            next=None if last is None else str(last),
            read_receipt=receipt or None,
        )

    def _outside(self, consignment: LoadedConsignment, after: int) -> tuple[list[EntryLine], int | None]:
        """The entries of a page, and the place to go on after; None at the end."""
        counted = consignment.participation.standing.counted
        outside: list[EntryLine] = []
        last = after
        with self._context.services.store.reading() as connection:
            for looked_at, entry in enumerate(self._entries(connection, consignment.ucr, after)):
                if looked_at == LOOKED_AT_MAX or len(outside) == PAGE_LINES_MAX:
                    return outside, last
                last = entry.seq
                if entry.record_id not in counted and entry.state != RecordState.REFUSED:
                    outside.append(entry)
        return outside, None

    def _entries(self, connection: Transaction, ucr: str, after: int) -> Iterator[EntryLine]:
        prefixes = self._context.services.tag_keys.prefixes(Ucr.parse(ucr))
        while entries := find_group_lines(connection, prefixes, after, ROWS_PER_LOOK):
            yield from entries
            after = entries[-1].seq

    def _line(self, entry: EntryLine, consignment: LoadedConsignment) -> OutsideLine:
        link = self._context.services.index.find_link(entry.tag, entry.entry_digest)
        return OutsideLine(
            record=entry.record_id,
            type=entry.vct,
            issuer=entry.iss,
            issued_at=entry.iat,
            state=entry.state,
            batch=None if link is None else link.batch,
            position=None if link is None else link.position,
            why=consignment.participation.why_outside(entry.record_id),
        )
