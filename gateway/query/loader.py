"""Gathering what a view is made from: records from the store, places from the derived index, members from the registry.

The store is not believed for how far a record has come: what counts is whether its entry stands in the index, which
the follower derived from the chain. A record's payload never changes, so opened records are kept for a while.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, select

from chain.encoding import base64url
from chain.index_store import IndexedBatch, IndexStore, Link
from chain.members import Role, find_in_force
from chain.proof.batch import entry_digest
from chain.sdjwt import SignedRecord
from gateway.consignment.records import CheckpointFacts, Coverage, HeldRecord, State
from gateway.membership.registry import Snapshot
from gateway.membership.tag_keys import TagKeys
from gateway.store.model import RecordState, entries, payloads, records
from gateway.store.records import open_signed
from gateway.store.store import Store
from gateway.store.vault import Vault

CONSIGNMENT_RECORDS_MAX = 2_000
"""Most records of one consignment that a view joins; as many as a bundle can hold."""

RECEIPTS_ASKED_MAX = 500
"""Record ids in one question to the store; databases limit them."""

OPENED_RECORDS_MAX = 4_096
"""Opened records kept in memory, so that a consignment that is looked at often is not decrypted each time."""


@dataclass(frozen=True)
class Gathered:
    """All records of one consignment with their places, and what stands on the chain for it."""

    ucr: str
    records: tuple[HeldRecord, ...]
    links: Mapping[bytes, tuple[Link, ...]]
    """Tag of each epoch to its links in order."""
    coverage: Coverage


class RegistryDirectory:
    """The members of one registry snapshot, as views ask for them."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def roles(self, member: str) -> Role:
        """A member's roles for the next block, also of one suspended or expelled with them; none for a stranger.

        Its words stay those of customs, a carrier and so on. Who may act is asked of `Snapshot.get_active_member`.
        """
        found = self._snapshot.members.get(member)
        version = find_in_force(found.versions, self._snapshot.block + 1) if found else None
        return Role(0) if version is None else version.roles

    def sponsor(self, member: str) -> str | None:
        """Who sponsors it by its newest version, active or not; None for a governor or a stranger."""
        found = self._snapshot.members.get(member)
        return found.versions[-1].sponsor if found and found.versions else None

    def sponsored_by(self, member: str) -> frozenset[str]:
        """The members that it sponsors."""
        return self._by_sponsor.get(member, frozenset())

    def customs_code(self, member: str) -> str:
        """Its registration code with customs; empty where it has none."""
        found = self._snapshot.members.get(member)
        return (found.profiles[-1].customs_code or "") if found and found.profiles else ""

    def member_of(self, customs_code: str) -> str | None:
        """The member with that customs code."""
        return self._by_code.get(customs_code)

    def is_of(self, snapshot: Snapshot) -> bool:
        """Whether it still tells what this snapshot does."""
        return self._snapshot.members is snapshot.members and self._snapshot.block == snapshot.block

    @cached_property
    def _by_sponsor(self) -> dict[str, frozenset[str]]:
        found: dict[str, set[str]] = {}
        for uscc in self._snapshot.members:
            found.setdefault(self.sponsor(uscc) or "", set()).add(uscc)
        return {sponsor: frozenset(members) for sponsor, members in found.items() if sponsor}

    @cached_property
    def _by_code(self) -> dict[str, str]:
        found = self._snapshot.members.items()
        return {one.customs_code: uscc for uscc, m in found for one in m.profiles[-1:] if one.customs_code}


class Opener:
    """Opens stored records, keeping the last `OPENED_RECORDS_MAX`."""

    def __init__(self, vault: Vault) -> None:
        # Whether it was erased meanwhile is part of the key, so that an erased payload is never served from memory.
        self._open = lru_cache(maxsize=OPENED_RECORDS_MAX)(
            lambda record_id, jwt, disclosures: open_signed(vault, record_id, jwt, disclosures)
        )

    def open(self, row: Row[Any]) -> SignedRecord:
        """The signed record of a row with `record_id`, `jwt` and `disclosures`."""
        disclosures = None if row.disclosures is None else bytes(row.disclosures)
        return self._open(row.record_id, bytes(row.jwt), disclosures)


def gather(
    ucr: str, store: Store, opener: Opener, index: IndexStore, tag_keys: TagKeys, checkpoint: CheckpointFacts | None
) -> Gathered:
    """The consignment as it stands; without records where nobody has spoken of it."""
    (found,) = gather_each([ucr], store, opener, index, tag_keys, checkpoint)
    return found


def gather_each(
    ucrs: Sequence[str],
    store: Store,
    opener: Opener,
    index: IndexStore,
    tag_keys: TagKeys,
    checkpoint: CheckpointFacts | None,
) -> list[Gathered]:
    """Each of these consignments as it stands, asked of the store together."""
    tags = {ucr: tag_keys.all_tags(ucr) for ucr in ucrs}
    with store.reading() as connection:
        rows = _rows_of(connection, [tag for said in tags.values() for tag in said])
        if len(ucrs) > 1 and len(rows) == CONSIGNMENT_RECORDS_MAX:
            # As many as one question gives: some of theirs may be left out.
            rows = [row for said in tags.values() for row in _rows_of(connection, said)]
    by_tag: dict[bytes, list[Row[Any]]] = {}
    for row in rows:
        by_tag.setdefault(bytes(row.tag), []).append(row)
    return [
        _gathered(ucr, [row for tag in said for row in by_tag.get(tag, ())], said, opener, index, checkpoint)
        for ucr, said in tags.items()
    ]


def _gathered(
    ucr: str,
    rows: Sequence[Row[Any]],
    tags: Sequence[bytes],
    opener: Opener,
    index: IndexStore,
    checkpoint: CheckpointFacts | None,
) -> Gathered:
    links = {tag: tuple(index.chain(tag)) for tag in tags}
    placed = {(tag, link.entry_digest): link for tag, chain in links.items() for link in chain}
    progress = index.progress()
    find_batch = lru_cache(maxsize=None)(index.find_batch)  # many records of a consignment stand in one batch
    held = []
    known: set[bytes] = set()
    for row in rows:
        signed = opener.open(row)
        digest = bytes(row.entry_digest)
        known.add(digest)
        link = placed.get((bytes(row.tag), digest))
        if link is None and row.state == RecordState.REFUSED:
            continue
        batch = None if link is None else find_batch(link.batch)
        held.append(_placed(signed, link, batch, progress.map_count))
    coverage = Coverage(
        batch_count=progress.batch_count,
        entries=len(placed),
        covered_entries=sum(link.batch < progress.map_count for link in placed.values()),
        missing=tuple(base64url(digest) for _, digest in placed if digest not in known),
        checkpoint=checkpoint,
    )
    return Gathered(ucr, tuple(held), links, coverage)


def held_record(signed: SignedRecord, link: Link | None, index: IndexStore, covered_batches: int) -> HeldRecord:
    """The record with its place; without one where its entry does not stand on the chain yet."""
    return _placed(signed, link, None if link is None else index.find_batch(link.batch), covered_batches)


def _placed(signed: SignedRecord, link: Link | None, batch: IndexedBatch | None, covered_batches: int) -> HeldRecord:
    if link is None or batch is None:
        return HeldRecord(signed, State.ACCEPTED)
    state = State.COVERED if link.batch < covered_batches else State.ANCHORED
    return HeldRecord(signed, state, link.batch, link.position, batch.facts.block, batch.facts.timestamp)


def find_links(
    signed: SignedRecord, ucrs: Iterable[str], index: IndexStore, tag_keys: TagKeys
) -> dict[str, tuple[bytes, Link]]:
    """For each of these UCRs of a record, the tag and place of its entry; those not anchored are left out."""
    by_ucr = {said: digest for digest, said in signed.ucr_elements() if said is not None}
    is_access = signed.vct == "audit.access"
    found: dict[str, tuple[bytes, Link]] = {}
    for ucr in ucrs:
        digest = entry_digest(signed.digest, by_ucr[ucr])
        for tag in tag_keys.all_access_tags(ucr) if is_access else tag_keys.all_tags(ucr):
            link = index.find_link(tag, digest)
            if link is not None:
                found[ucr] = tag, link
    return found


def find_record(connection: Connection, record_id: str) -> Row[Any] | None:
    """The stored row of a record with its state and reason; None where it was never accepted here."""
    wanted = (records.c.record_id, payloads.c.jwt, payloads.c.disclosures, records.c.state, records.c.reason)
    question: Select[Any] = select(*wanted).join(payloads, payloads.c.record_seq == records.c.seq)
    question = question.where(records.c.record_id == record_id)
    return connection.execute(question).first()


def find_receipts(connection: Connection, shown: Iterable[HeldRecord], issuer: str) -> list[str]:
    """The receipts that this gateway gave for those of these records which this member issued, as it gave them."""
    own = [one.signed.record_id for one in shown if one.signed.iss == issuer]
    found: list[str] = []
    for start in range(0, len(own), RECEIPTS_ASKED_MAX):
        portion = own[start : start + RECEIPTS_ASKED_MAX]
        wanted = select(payloads.c.receipt).join(records, records.c.seq == payloads.c.record_seq)
        found += connection.execute(wanted.where(records.c.record_id.in_(portion))).scalars()
    return found


_ROWS_OF_TAGS = (
    select(
        records.c.record_id,
        payloads.c.jwt,
        payloads.c.disclosures,
        records.c.state,
        entries.c.tag,
        entries.c.entry_digest,
    )
    .join(records, records.c.seq == entries.c.record_seq)
    .join(payloads, payloads.c.record_seq == entries.c.record_seq)
    .where(entries.c.tag.in_(bindparam("tags", expanding=True)))
    .limit(CONSIGNMENT_RECORDS_MAX)
)
"""Built once: writing the question anew for each view costs more than the store takes to answer it."""


def _rows_of(connection: Connection, tags: Collection[bytes]) -> list[Row[Any]]:
    return list(connection.execute(_ROWS_OF_TAGS, {"tags": [*tags]}))
