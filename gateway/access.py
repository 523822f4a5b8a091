"""Who has looked: each read of others' words becomes a signed `audit.access` record, and a receipt in the answer.

The record goes the way of every record: intake, outbox, chain; it is filed under the consignment's *access* tag, so
that reads have heads of their own. It is durable before the answer leaves: a read that cannot be logged is not
answered. An answer without a read receipt was not properly served. A member's own records are its own words: reading
them is no read.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, Protocol

from sqlalchemy import Connection, Row, select

from chain.encoding import Json, base64url
from chain.identifiers import Ucr, Uscc
from chain.jws import sign_compact
from chain.keys import SigningKey
from chain.records import sign_record
from chain.records.audit import Access, AuditAccess
from chain.records.scalars import Instant
from chain.sdjwt import UCRS_MAX, SignedRecord
from gateway.store.model import entries, records
from gateway.views.facts import HeldRecord, Reader

READ_RECEIPT_TYP = "tongguan-read-receipt+jwt"
READ_RECEIPT_HEADER = "Tongguan-Read-Receipt"
"""Header of every answer that shows others' words."""

ACCESS_RECORDS_MAX = 10_000
"""Most reads of one consignment that one look at the log gives; older ones by `before`."""

View = Literal["consignment", "record", "bundle", "document", "search", "references"]


class Acceptor(Protocol):
    """What takes a record: `gateway.intake.Intake`."""

    def accept(self, body: bytes) -> object: ...


@dataclass(frozen=True)
class Read:
    """One read of others' words."""

    reader: Reader
    view: View
    ucrs: tuple[str, ...]
    records: tuple[str, ...]
    """Record ids of others that were shown, sorted."""
    sections: tuple[str, ...]
    """Names of the sections shown, sorted."""

    @classmethod
    def of(cls, reader: Reader, view: View, ucrs: Collection[str], shown: Sequence[HeldRecord]) -> Read:
        """The read of these records, the reader's own left out."""
        others = [one for one in shown if one.signed.iss != reader.member]
        sections = {name for one in others for name in one.signed.sections if one.signed.section(name)}
        ids = sorted(one.signed.record_id for one in others)
        return cls(reader, view, tuple(sorted(ucrs)), tuple(ids), tuple(sorted(sections)))


class AccessLog:
    """Signs and submits access records; one for each gateway."""

    def __init__(
        self, *, member: str, consortium: str, signer: SigningKey, intake: Acceptor, clock: Callable[[], float]
    ) -> None:
        self._member = member
        self._consortium = consortium
        self._signer = signer
        self._intake = intake
        self._clock = clock

    def log(self, read: Read) -> str:
        """Makes the read durable and gives the signed read receipt; empty where nothing of others was shown.

        Raises what intake raises where it cannot be logged: then the read must not be answered.
        """
        if not read.ucrs or not (read.records or read.view == "references"):
            return ""
        now_s = int(self._clock())
        ids = [self._submit(read, ucrs, now_s) for ucrs in _portions(read.ucrs)]
        claims: dict[str, Json] = {
            "iss": self._member,
            "aud": self._consortium,
            "sub": read.reader.member,
            "iat": now_s,
            "view": read.view,
            "access_records": [*ids],
        }
        return sign_compact({"typ": READ_RECEIPT_TYP}, claims, self._signer)

    def _submit(self, read: Read, ucrs: tuple[str, ...], now_s: int) -> str:
        at = datetime.fromtimestamp(now_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        access = Access(
            reader=Uscc(read.reader.member),
            reader_key=read.reader.kid or None,
            view=read.view,
            # Its reader may know one of these consignments alone, and must not learn of the others' records.
            records=read.records if len(ucrs) == 1 else (),
            sections=read.sections,
            at=Instant(utc=at, said=at),
        )
        signed = sign_record(
            AuditAccess(ucr=tuple(map(Ucr, ucrs)), access=access),
            key=self._signer,
            iss=self._member,
            consortium=self._consortium,
            iat=now_s,
            jti=base64url(secrets.token_bytes(18)),
        )
        self._intake.accept(signed.serialize().encode("ascii"))
        return signed.record_id


def find_access_rows(connection: Connection, tags: Collection[bytes]) -> list[Row[tuple[object, ...]]]:
    """The stored access records under these access tags, newest first."""
    wanted = (
        records.c.seq,
        records.c.record_id,
        records.c.jwt,
        records.c.disclosures,
        records.c.state,
        entries.c.tag,
        entries.c.entry_digest,
    )
    question = (
        select(*wanted)
        .join(records, records.c.seq == entries.c.record_seq)
        .where(entries.c.tag.in_(tags))
        .order_by(records.c.seq.desc())
        .limit(ACCESS_RECORDS_MAX)
    )
    return list(connection.execute(question))


def access_line(record: HeldRecord, *, shows_access: bool) -> dict[str, Json]:
    """One read as the log shows it; who read is withheld, by name, where the policy does not grant `access`."""
    signed: SignedRecord = record.signed
    line: dict[str, Json] = {
        "record": signed.record_id,
        "issuer": signed.iss,
        "state": str(record.state),
        "batch": record.batch,
        "block": record.block,
    }
    if not shows_access:
        return line | {"withheld": ["access"]}
    return line | {"access": record.one("access"), "sd_jwt": signed.serialize()}


def _portions(ucrs: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for start in range(0, len(ucrs), UCRS_MAX):
        yield ucrs[start : start + UCRS_MAX]
