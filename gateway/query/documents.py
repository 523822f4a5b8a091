"""Which records cite a file, by its SHA-256; and the SHA-256 of a file that somebody sends to compare, never kept."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

from sqlalchemy import Connection, or_, select

from chain.errors import Malformed
from gateway.api.problems import GatewayRefusal
from gateway.search_index.candidates import concerns_one_of, tells_concern
from gateway.search_index.facts import search_waiting
from gateway.store.model import RecordState, documents, entries, records

FILE_BYTES_MAX = 64 << 20
"""Largest file that may be sent to be compared; it is hashed as it arrives and kept nowhere."""

CITATIONS_MAX = 200


class MalformedDigest(Malformed):
    """Not a SHA-256 digest in 64 lowercase hex digits."""


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


def find_citations(connection: Connection, digest: bytes, whom: Sequence[str] | None = None) -> list[tuple[str, str]]:
    """(UCR, record id) of every record that cites the file, by UCR and id; refused records left out.

    With `whom`, of consignments alone that may concern one of these names.
    """
    wanted = (
        select(entries.c.ucr, records.c.record_id)
        .join(records, records.c.seq == documents.c.record_seq)
        .join(entries, entries.c.record_seq == documents.c.record_seq)
        .where(documents.c.sha256 == digest, records.c.state != RecordState.REFUSED)
        .order_by(entries.c.ucr, records.c.record_id)
        .limit(CITATIONS_MAX)
    )
    if whom is None:
        return [(row.ucr, row.record_id) for row in connection.execute(wanted)]
    is_settled = concerns_one_of(entries.c.ucr, whom)
    wanted = (
        wanted.add_columns(is_settled.label("is_settled"), search_waiting.c.facts)
        .outerjoin(search_waiting, search_waiting.c.record_seq == documents.c.record_seq)
        .where(or_(is_settled, search_waiting.c.record_seq.is_not(None)))
    )
    found = connection.execute(wanted).all()
    return [(one.ucr, one.record_id) for one in found if one.is_settled or tells_concern(one.facts, one.ucr, whom)]
