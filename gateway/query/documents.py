"""Which records cite a file, by its SHA-256; and the SHA-256 of a file that somebody sends to compare, never kept."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

from chain.errors import Malformed
from gateway.access.records import HeldRecord, Reader
from gateway.query.read_log import Read
from gateway.query.reader_context import ReaderContext
from gateway.runtime.answer import Answer, Section
from gateway.runtime.refusals import GatewayRefusal
from gateway.search_index.candidates import tells_concern
from gateway.store.records import source_look_up
from gateway.store.search import CITATIONS_MAX, find_citing
from gateway.store.store import Transaction

FILE_BYTES_MAX = 64 << 20
"""Largest file that may be sent to be compared; it is hashed as it arrives and kept nowhere."""


class MalformedDigest(Malformed):
    """Not a SHA-256 digest in 64 lowercase hex digits."""


class Citation(Answer, frozen=True, kw_only=True):
    """A record that cites a file."""

    ucr: str
    record: str
    type: str
    issuer: str
    state: str
    documents: list[Section]


class DocumentAnswer(Answer, frozen=True, kw_only=True):
    """Which records cite the file of this SHA-256."""

    sha256: str
    cited_by: list[Citation]
    is_whole: bool
    """False: more records cite the file than were looked at."""
    read_receipt: str | None


class FileDigest:
    """Hashes a file as it arrives."""

    def __init__(self) -> None:
        self._hash = sha256()
        self._bytes = 0

    def update(self, part: bytes) -> None:
        """Takes the next part; raises GatewayRefusal where the file is longer than `FILE_BYTES_MAX`."""
        self._bytes += len(part)
        if self._bytes > FILE_BYTES_MAX:
            raise GatewayRefusal("too-large", f"a file has at most {FILE_BYTES_MAX} bytes")
        self._hash.update(part)

    def hexdigest(self) -> str:
        """The digest of all parts."""
        return self._hash.hexdigest()


def parse_digest(text: str) -> bytes:
    """The 32 bytes; raises MalformedDigest."""
    if len(text) != 64 or text.strip("0123456789abcdef"):
        raise MalformedDigest("sha256", "is 64 lowercase hex digits", value=text)
    return bytes.fromhex(text)


class DocumentService:
    """Answers which records cite a file; shared between threads."""

    def __init__(self, context: ReaderContext) -> None:
        self._context = context

    def citations(self, reader: Reader, digest: bytes) -> DocumentAnswer:
        """Which records cite the file, where the reader sees their `documents`; which of its own were read from it."""
        context = self._context
        with context.services.store.reading() as connection:
            whom = context.whom(reader, ["documents"])
            citing, is_whole = find_citations(connection, digest, whom)
            sourced, _ = find_citations(connection, source_look_up(reader.member, digest), whom)
        shown: dict[str, list[HeldRecord]] = {}
        citations: list[Citation] = []
        for ucr in sorted({ucr for ucr, _ in [*citing, *sourced]}):
            sight = context.find_sight(reader, ucr)
            record_ids = {record_id for of, record_id in citing if of == ucr}
            own_ids = {record_id for of, record_id in sourced if of == ucr}
            for record in sight.records if sight else ():
                record_id = record.signed.record_id
                is_own = record_id in own_ids and record.signed.iss == reader.member
                if is_own or (record_id in record_ids and record.signed.section("documents")):
                    shown.setdefault(ucr, []).append(record)
                    citations.append(_citation(ucr, record, digest.hex()))
        receipt = context.log.log(Read.of(reader, "document", shown))
        return DocumentAnswer(sha256=digest.hex(), cited_by=citations, is_whole=is_whole, read_receipt=receipt or None)


def find_citations(
    connection: Transaction, digest: bytes, whom: Sequence[str] | None = None
) -> tuple[list[tuple[str, str]], bool]:
    """(UCR, record id) of every record that cites the file, by UCR and id; refused records left out.

    With `whom`, of consignments alone that may concern one of these names. And whether these are all: not where more
    than `CITATIONS_MAX` do.
    """
    citing = find_citing(connection, digest, whom)
    citations = [
        (record.ucr, record.record_id)
        for record in citing[:CITATIONS_MAX]
        if whom is None or record.is_settled or tells_concern(record.facts, record.ucr, whom)
    ]
    return citations, len(citing) <= CITATIONS_MAX


def _citation(ucr: str, record: HeldRecord, digest: str) -> Citation:
    return Citation(
        ucr=ucr,
        record=record.signed.record_id,
        type=record.signed.vct,
        issuer=record.signed.iss,
        state=record.state.value,
        documents=[document for document in record.many("documents") if document.get("sha256") == digest],
    )
