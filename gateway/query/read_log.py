"""Who has looked: each read of others' words stands in a signed `audit.access` record, and a receipt in the answer.

The record goes the way of every record: intake, outbox, chain; it is filed under the *access* tag of each consignment
that was read, so that reads have heads of their own. It is durable before the answer leaves: a read that cannot be
logged is not answered. An answer without a read receipt was not properly served. A member's own records are its own
words: reading them is no read.

Reads that come in while a record is being written go together into the next one: one signature and one flush to disk
for all of them, and no waiting where a read comes alone. Each read of each consignment is a disclosure of its own, so
the owner of one consignment is shown its own reads and learns of the others that there were some, no more.

Crash order: record signed → committed → receipts signed → answers. Killed before the commit, no read of the group was
answered; killed after it, reads are logged that nobody saw the answer of, which is the safe side.
"""

from __future__ import annotations

import secrets
import threading
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal, Protocol

import orjson

from chain.encoding import Json, base64url
from chain.identifiers import Ucr, Uscc
from chain.jws import sign_compact
from chain.keys import SigningKey
from chain.records import sign_record
from chain.records.audit import Access, AuditAccess
from chain.records.scalars import Instant
from chain.sdjwt import ACCESSES_MAX
from gateway.access.records import HeldRecord, Reader

READ_RECEIPT_TYP = "tongguan-read-receipt+jwt"
READ_RECEIPT_HEADER = "Tongguan-Read-Receipt"
"""Header of every answer that shows others' words."""

View = Literal["consignment", "record", "bundle", "document", "search", "references"]


class Acceptor(Protocol):
    """What takes a record: `gateway.ingest.service.Intake`."""

    def accept(self, body: bytes) -> object: ...


@dataclass(frozen=True)
class Shown:
    """What one read showed of one consignment."""

    ucr: str
    records: tuple[str, ...]
    """Record ids of others, sorted."""
    sections: tuple[str, ...]
    """Names of the sections shown, sorted."""


@dataclass(frozen=True)
class Read:
    """One read of others' words."""

    reader: Reader
    view: View
    shown: tuple[Shown, ...]
    """By UCR; empty where nothing of others was shown."""

    @classmethod
    def of(
        cls,
        reader: Reader,
        view: View,
        shown: Mapping[str, Sequence[HeldRecord]],
        sections: Collection[str] | None = None,
    ) -> Read:
        """The read of these records of each consignment, the reader's own left out; of these sections alone if told."""
        parts: list[Shown] = []
        for ucr in sorted(shown):
            others = [one for one in shown[ucr] if one.signed.iss != reader.member]
            if not others:
                continue
            names = {name for one in others for name in one.shown}
            ids = tuple(sorted(one.signed.record_id for one in others))
            parts.append(Shown(ucr, ids, tuple(sorted(names if sections is None else names & set(sections)))))
        return cls(reader, view, tuple(parts))

    @classmethod
    def of_outside(cls, reader: Reader, ucr: str, record_ids: Collection[str]) -> Read:
        """That the reader was told of these records, which do not count, and of nothing that they say."""
        shown = (Shown(ucr, tuple(sorted(record_ids)), ("ucr",)),) if record_ids else ()
        return cls(reader, "consignment", shown)

    @classmethod
    def of_references(cls, reader: Reader, ucrs: Collection[str]) -> Read:
        """That the reader learned which consignments a number belongs to."""
        return cls(reader, "references", tuple(Shown(ucr, (), ("references",)) for ucr in sorted(ucrs)))


@dataclass(eq=False)
class _Waiting:
    """A read that waits for the record that holds it."""

    accesses: tuple[Access, ...]
    """At most `ACCESSES_MAX`, so that they fit into one record."""
    record_id: str = ""
    fault: BaseException | None = None

    @property
    def is_done(self) -> bool:
        return bool(self.record_id) or self.fault is not None


@dataclass
class AccessLog:
    """Signs and submits access records; one for each gateway, shared between threads."""

    member: str
    consortium: str
    signer: SigningKey
    intake: Acceptor
    clock: Callable[[], float]
    _queue: deque[_Waiting] = field(default_factory=deque)
    _writer: threading.Lock = field(default_factory=threading.Lock)

    def log(self, read: Read) -> str:
        """Makes the read durable and gives the signed read receipt; empty where nothing of others was shown.

        Raises what intake raises where it cannot be logged: then the read must not be answered.
        """
        if not read.shown:
            return ""
        now_s = int(self.clock())
        waiting = [_Waiting(portion) for portion in _portions(_accesses(read, now_s))]
        self._queue.extend(waiting)
        for one in waiting:
            self._await(one)
        claims: dict[str, Json] = {
            "iss": self.member,
            "aud": self.consortium,
            "sub": read.reader.member,
            "iat": now_s,
            "view": read.view,
            "access_records": [*dict.fromkeys(one.record_id for one in waiting)],
        }
        # The same bytes, and a receipt is signed for every read.
        return sign_compact({"typ": READ_RECEIPT_TYP}, claims, self.signer, write_json=orjson.dumps)

    def _await(self, one: _Waiting) -> None:
        """Returns when the read is durable. Whoever comes first to the lock writes for all that wait behind it."""
        while not one.is_done:
            with self._writer:
                if not one.is_done:
                    self._write(self._next_group())
        if one.fault is not None:
            raise one.fault

    def _next_group(self) -> list[_Waiting]:
        """The oldest waiting reads, as many as fit into one record; called by the holder of the lock alone."""
        group: list[_Waiting] = []
        room = ACCESSES_MAX
        while self._queue and len(self._queue[0].accesses) <= room:
            group.append(self._queue.popleft())
            room -= len(group[-1].accesses)
        return group

    def _write(self, group: Sequence[_Waiting]) -> None:
        try:
            record_id = self._submit([access for one in group for access in one.accesses])
        except BaseException as fault:  # noqa: BLE001 - raised again for each read in its own thread; none may wait for ever
            for one in group:
                one.fault = fault
        else:
            for one in group:
                one.record_id = record_id

    def _submit(self, accesses: Sequence[Access]) -> str:
        signed = sign_record(
            AuditAccess(ucr=tuple(dict.fromkeys(one.ucr for one in accesses)), access=tuple(accesses)),
            key=self.signer,
            iss=self.member,
            consortium=self.consortium,
            iat=int(self.clock()),
            jti=base64url(secrets.token_bytes(32)),
        )
        self.intake.accept(signed.serialize().encode("ascii"))
        return signed.record_id


def _accesses(read: Read, now_s: int) -> list[Access]:
    at = datetime.fromtimestamp(now_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return [
        Access(
            ucr=Ucr(one.ucr),
            reader=Uscc(read.reader.member),
            reader_key=read.reader.kid or None,
            operator=read.reader.operator or None,
            view=read.view,
            records=one.records,
            sections=one.sections,
            at=Instant(utc=at, said=at),
        )
        for one in read.shown
    ]


def _portions(accesses: Sequence[Access]) -> Iterator[tuple[Access, ...]]:
    for start in range(0, len(accesses), ACCESSES_MAX):
        yield tuple(accesses[start : start + ACCESSES_MAX])
