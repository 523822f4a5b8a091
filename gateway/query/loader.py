"""Gathering what a view is made from: records from the store, places from the derived index, members from the registry.

The store is not believed for how far a record has come: what counts is whether its entry stands in the index, which
the follower derived from the chain. A record's payload never changes, so opened records are kept for a while.

Of a consignment only the lanes of those who may count are opened: first those of its owner, of authorities and of
operators, then those of whom these name, until nobody new is named. What members outside the set say changes nothing
(`chain.standing`), so it is not looked at, and makes no view slower however much of it there is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Protocol

from chain.index_store import IndexedBatch, IndexStore, Link
from chain.lifecycle import RecordState
from chain.proof.batch import entry_digest
from chain.sdjwt import SignedRecord
from chain.standing import owner_of
from gateway.access.participation import HEADS_WITH_OFFICE, Participation, participation_of
from gateway.access.records import Directory, HeldRecord
from gateway.consignment.coverage import (
    MANDATE_TYPE,
    NAMING_SECTIONS,
    CheckpointFacts,
    Coverage,
    LackingRecord,
    MissingEntry,
)
from gateway.membership.tag_keys import TagKeys, purpose_of
from gateway.runtime.record_memory import holds_records
from gateway.store.consignments import StoredEntry, find_entries
from gateway.store.records import open_signed
from gateway.store.store import Store, Transaction
from gateway.store.tombstones import find_erased
from gateway.store.vault import Vault

OPENED_RECORDS_MAX = 4_096
"""Opened records kept in memory, so that a consignment that is looked at often is not decrypted each time."""


@dataclass(frozen=True)
class LoadedConsignment:
    """Records of one consignment with their places, and what stands on the chain for it."""

    ucr: str
    records: tuple[HeldRecord, ...]
    """In chain order: all of the members that may count, and of those asked for besides."""
    participation: Participation
    links: Mapping[bytes, tuple[Link, ...]]
    """Tag of each lane of those who may count, in every epoch, to its links in order."""
    coverage: Coverage
    """Of these lanes."""


class StoredPayload(Protocol):
    """A record as the store holds it, in two parts."""

    @property
    def record_id(self) -> str: ...
    @property
    def jwt(self) -> bytes: ...
    @property
    def disclosures(self) -> bytes | None: ...


class Opener:
    """Opens stored records, keeping the last `OPENED_RECORDS_MAX`."""

    def __init__(self, vault: Vault) -> None:
        # Whether it was erased meanwhile is part of the key, so that an erased payload is never served from memory.
        self._open = holds_records(
            lru_cache(maxsize=OPENED_RECORDS_MAX)(
                lambda record_id, jwt, disclosures: open_signed(vault, record_id, jwt, disclosures)
            )
        )

    def open(self, stored: StoredPayload) -> SignedRecord:
        """The signed record of a stored one."""
        return self._open(stored.record_id, stored.jwt, stored.disclosures)


class ConsignmentLoader:
    """Loads consignments for one gateway; shared between threads."""

    def __init__(self, store: Store, opener: Opener, index: IndexStore, tag_keys: TagKeys) -> None:
        self._store = store
        self._opener = opener
        self._index = index
        self._tag_keys = tag_keys

    def load(
        self, ucr: str, directory: Directory, checkpoint: CheckpointFacts | None, *, also: Collection[str] = ()
    ) -> LoadedConsignment:
        """The consignment as it stands; without records where nobody who counts has spoken of it.

        `also` are members whose own records are wanted, whether they count or not.
        """
        (consignment,) = self.load_each([ucr], directory, checkpoint, also=also)
        return consignment

    def load_each(
        self,
        ucrs: Sequence[str],
        directory: Directory,
        checkpoint: CheckpointFacts | None,
        *,
        also: Collection[str] = (),
    ) -> list[LoadedConsignment]:
        """Each of these consignments as it stands, asked of the store together."""
        gathered = {ucr: _Gathered(ucr) for ucr in ucrs}
        wanted = {ucr: _first_speakers(ucr, directory).union(also) for ucr in gathered}
        with self._store.reading() as connection:
            while wanted:
                self._gather(connection, gathered, wanted)
                named = {ucr: gathered[ucr].named_anew(directory) for ucr in wanted}
                wanted = {ucr: members for ucr, members in named.items() if members}
            shown_in_part = {
                record.signed.record_id
                for found in gathered.values()
                for record in found.records
                if not record.signed.is_fully_disclosed()
            }
            erased = find_erased(connection, sorted(shown_in_part)) if shown_in_part else {}
        return [self._loaded(gathered[ucr], directory, checkpoint, erased) for ucr in ucrs]

    def _gather(
        self, connection: Transaction, gathered: Mapping[str, _Gathered], wanted: Mapping[str, Collection[str]]
    ) -> None:
        """Adds what these members say of each consignment to what is gathered of it."""
        lanes: dict[bytes, str] = {}
        for ucr, members in wanted.items():
            gathered[ucr].members.update(members)
            for member in members:
                lanes.update(dict.fromkeys(self._tag_keys.lane_tags(ucr, member), ucr))
        stored: dict[str, list[StoredEntry]] = {}
        for entry in find_entries(connection, [*lanes]):
            stored.setdefault(lanes[entry.tag], []).append(entry)
        for tag, ucr in lanes.items():
            gathered[ucr].links.update({(tag, link.entry_digest): link for link in self._index.lane(tag)})
        for ucr, entries in stored.items():
            gathered[ucr].add(entries, self._placed(entries, gathered[ucr].links))

    def _placed(self, stored: Iterable[StoredEntry], links: Mapping[tuple[bytes, bytes], Link]) -> list[HeldRecord]:
        """These records with their places, in chain order; those refused before they were anchored are left out."""
        covered_batches = self._index.progress().map_count
        find_batch = lru_cache(maxsize=None)(self._index.find_batch)  # many records of a consignment share a batch
        records = []
        for entry in stored:
            link = links.get((entry.tag, entry.entry_digest))
            if link is None and entry.state == RecordState.REFUSED:
                continue
            batch = None if link is None else find_batch(link.batch)
            records.append(_placed(self._opener.open(entry), link, batch, covered_batches))
        return sorted(records, key=lambda record: record.order)

    def _loaded(
        self,
        gathered: _Gathered,
        directory: Directory,
        checkpoint: CheckpointFacts | None,
        erased: Mapping[str, frozenset[bytes]],
    ) -> LoadedConsignment:
        participation = gathered.participation(directory)
        progress = self._index.progress()
        counting = {
            tag: member
            for member in gathered.members
            if participation.belongs(member) or member in directory.free_speakers(gathered.ucr)
            for tag in self._tag_keys.lane_tags(gathered.ucr, member)
        }
        lanes: dict[bytes, list[Link]] = {}
        for (tag, _), link in gathered.links.items():
            if tag in counting:
                lanes.setdefault(tag, []).append(link)
        links = [link for lane in lanes.values() for link in lane]
        missing = [
            self._missing(member=counting[tag], batch=link.batch)
            for tag, lane in lanes.items()
            for link in lane
            if link.entry_digest not in gathered.digests
        ]
        coverage = Coverage(
            batch_count=progress.batch_count,
            entries=len(links),
            covered_entries=sum(link.batch < progress.map_count for link in links),
            missing=tuple(sorted(missing, key=lambda entry: (entry.batch, entry.issuer))),
            checkpoint=checkpoint,
            as_of_block=progress.block,
            lacking=tuple(_lacking(gathered, participation, erased)),
        )
        by_tag = {tag: tuple(lane) for tag, lane in lanes.items()}
        return LoadedConsignment(gathered.ucr, tuple(gathered.records), participation, by_tag, coverage)

    def _missing(self, *, member: str, batch: int) -> MissingEntry:
        indexed = self._index.find_batch(batch)
        return MissingEntry(member, batch, "" if indexed is None else "0x" + indexed.facts.gateway.hex())


def _lacking(
    gathered: _Gathered, participation: Participation, erased: Mapping[str, frozenset[bytes]]
) -> Iterator[LackingRecord]:
    """Of the records that count, those here without sections that name or give a state, unless these were erased."""
    for record in gathered.records:
        signed = record.signed
        if signed.is_fully_disclosed() or not participation.counts(record):
            continue
        gone = erased.get(signed.record_id, frozenset())
        wanted = signed.sections.keys() if signed.vct == MANDATE_TYPE else _STATE_SECTIONS.intersection(signed.sections)
        held = {disclosure.digest for disclosure in signed.disclosures} | gone
        # Of the record's other consignments nothing is asked.
        sections = [name for name in sorted(wanted) if name != "ucr" and not held.issuperset(signed.sections[name])]
        if sections:
            yield LackingRecord(signed.record_id, signed.vct, signed.iss, record.batch, tuple(sections))


_STATE_SECTIONS = NAMING_SECTIONS | HEADS_WITH_OFFICE
"""Offices too: whose word counts where rests on them."""


@dataclass
class _Gathered:
    """What is known of one consignment while it is loaded."""

    ucr: str
    members: set[str] = field(default_factory=set)
    """Whose lanes were opened."""
    records: list[HeldRecord] = field(default_factory=list)
    digests: set[bytes] = field(default_factory=set)
    """Entry digests that the store knows a record for."""
    links: dict[tuple[bytes, bytes], Link] = field(default_factory=dict)
    """By (tag, entry digest)."""

    def add(self, entries: Sequence[StoredEntry], records: Sequence[HeldRecord]) -> None:
        """Takes more records, with the entries that they were made of."""
        self.digests.update(entry.entry_digest for entry in entries)
        self.records = sorted([*self.records, *records], key=lambda record: record.order)

    def participation(self, directory: Directory) -> Participation:
        """Who counts, by what is known."""
        return participation_of(self.ucr, tuple(self.records), directory)

    def named_anew(self, directory: Directory) -> frozenset[str]:
        """The members that are named by what is known and whose lanes were not opened yet."""
        namings = self.participation(directory).standing.namings
        return frozenset(member for member in namings if member not in self.members and directory.is_member(member))


def _first_speakers(ucr: str, directory: Directory) -> frozenset[str]:
    """Whoever may count in the consignment before anybody is named."""
    owner = owner_of(ucr)
    return directory.free_speakers(ucr) | (frozenset() if owner is None else {owner})


def held_record(signed: SignedRecord, link: Link | None, index: IndexStore, covered_batches: int) -> HeldRecord:
    """The record with its place; without one where its entry does not stand on the chain yet."""
    return _placed(signed, link, None if link is None else index.find_batch(link.batch), covered_batches)


def _placed(signed: SignedRecord, link: Link | None, batch: IndexedBatch | None, covered_batches: int) -> HeldRecord:
    if link is None or batch is None:
        return HeldRecord(signed, RecordState.ACCEPTED)
    state = RecordState.COVERED if link.batch < covered_batches else RecordState.ANCHORED
    return HeldRecord(signed, state, link.batch, link.position, batch.facts.block, batch.facts.timestamp)


def find_links(
    signed: SignedRecord, ucrs: Iterable[str], index: IndexStore, tag_keys: TagKeys
) -> dict[str, tuple[bytes, Link]]:
    """For each of these UCRs of a record, its lane's tag and its entry's place; those not anchored are left out."""
    by_ucr = {said: digest for digest, said in signed.ucr_elements() if said is not None}
    found: dict[str, tuple[bytes, Link]] = {}
    for ucr in ucrs:
        digest = entry_digest(signed, by_ucr[ucr])
        for tag in tag_keys.lane_tags(ucr, signed.iss, purpose_of(signed)):
            link = index.find_link(tag, digest)
            if link is not None:
                found[ucr] = tag, link
    return found
