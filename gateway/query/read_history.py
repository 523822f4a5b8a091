"""Who read a consignment: the access log as its reader may see it."""

from __future__ import annotations

from chain.encoding import Json
from chain.errors import NotFound
from chain.proof.batch import Purpose
from gateway.access.records import Reader
from gateway.consignment.view import disclosed
from gateway.query.loader import held_record
from gateway.query.read_log import access_lines
from gateway.query.reader_context import ReadAnswer, ReaderContext
from gateway.store.consignments import find_newest_entries

ACCESS_RECORDS_MAX = 10_000
"""Most access records of one consignment that one look at the log gives."""


class ReadHistoryService:
    """Answers who has read; shared between threads."""

    def __init__(self, context: ReaderContext) -> None:
        self._context = context

    def reads(self, reader: Reader, ucr: str) -> ReadAnswer:
        """Who read the consignment, newest first, each read as its signed record; raises NotFound as its view does."""
        context = self._context
        _, sight = context.sight(reader, ucr)
        if sight.own_only:
            raise NotFound("consignment", ucr)
        services = context.services
        with services.store.reading() as connection:
            entries = find_newest_entries(
                connection, services.tag_keys.prefixes(ucr, Purpose.ACCESS), ACCESS_RECORDS_MAX
            )
        covered = services.index.progress().map_count
        lines: list[Json] = []
        for entry in entries:
            link = services.index.find_link(entry.tag, entry.entry_digest)
            record = held_record(context.opener.open(entry), link, services.index, covered)
            seen = disclosed(record, ucr, reader, sight.conditions, context.policy, context.directory())
            lines += access_lines(seen)
        return ReadAnswer({"ucr": ucr, "reads": lines}, "")
