"""Gathering what a view is made from: records from the store, places from the derived index, members from the registry.

The store is not believed for how far a record has come: what counts is whether its entry stands in the index, which
the follower derived from the chain. A record's payload never changes, so opened records are kept for a while.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Protocol

from chain.encoding import base64url
from chain.index_store import IndexedBatch, IndexStore, Link
from chain.lifecycle import RecordState
from chain.members import Role, find_in_force
from chain.proof.batch import PREFIX_BYTES, entry_digest
from chain.sdjwt import SignedRecord
from gateway.access.records import HeldRecord
from gateway.consignment.coverage import CheckpointFacts, Coverage
from gateway.membership.registry import Snapshot
from gateway.membership.tag_keys import TagKeys, purpose_of
from gateway.store.consignments import StoredEntry, find_entries
from gateway.store.records import open_signed
from gateway.store.store import Store
from gateway.store.vault import Vault

OPENED_RECORDS_MAX = 4_096
"""Opened records kept in memory, so that a consignment that is looked at often is not decrypted each time."""


@dataclass(frozen=True)
class LoadedConsignment:
    """All records of one consignment with their places, and what stands on the chain for it."""

    ucr: str
    records: tuple[HeldRecord, ...]
    links: Mapping[bytes, tuple[Link, ...]]
    """Tag of each lane, in every epoch, to its links in order."""
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
        self._open = lru_cache(maxsize=OPENED_RECORDS_MAX)(
            lambda record_id, jwt, disclosures: open_signed(vault, record_id, jwt, disclosures)
        )

    def open(self, stored: StoredPayload) -> SignedRecord:
        """The signed record of a stored one."""
        return self._open(stored.record_id, stored.jwt, stored.disclosures)


def load_consignment(
    ucr: str, store: Store, opener: Opener, index: IndexStore, tag_keys: TagKeys, checkpoint: CheckpointFacts | None
) -> LoadedConsignment:
    """The consignment as it stands; without records where nobody has spoken of it."""
    (consignment,) = load_consignments([ucr], store, opener, index, tag_keys, checkpoint)
    return consignment


def load_consignments(
    ucrs: Sequence[str],
    store: Store,
    opener: Opener,
    index: IndexStore,
    tag_keys: TagKeys,
    checkpoint: CheckpointFacts | None,
) -> list[LoadedConsignment]:
    """Each of these consignments as it stands, asked of the store together."""
    prefixes = {ucr: tag_keys.prefixes(ucr) for ucr in ucrs}
    with store.reading() as connection:
        stored = find_entries(connection, [prefix for own in prefixes.values() for prefix in own])
    by_prefix: dict[bytes, list[StoredEntry]] = {}
    for entry in stored:
        by_prefix.setdefault(entry.tag[:PREFIX_BYTES], []).append(entry)
    return [
        _placed_consignment(ucr, [e for p in own for e in by_prefix.get(p, ())], own, opener, index, checkpoint)
        for ucr, own in prefixes.items()
    ]


def _placed_consignment(
    ucr: str,
    stored: Sequence[StoredEntry],
    prefixes: Sequence[bytes],
    opener: Opener,
    index: IndexStore,
    checkpoint: CheckpointFacts | None,
) -> LoadedConsignment:
    links = {tag: tuple(index.lane(tag)) for prefix in prefixes for tag in index.lane_tags(prefix)}
    placed = {(tag, link.entry_digest): link for tag, lane in links.items() for link in lane}
    progress = index.progress()
    find_batch = lru_cache(maxsize=None)(index.find_batch)  # many records of a consignment stand in one batch
    records = []
    known: set[bytes] = set()
    for entry in stored:
        signed = opener.open(entry)
        known.add(entry.entry_digest)
        link = placed.get((entry.tag, entry.entry_digest))
        if link is None and entry.state == RecordState.REFUSED:
            continue
        batch = None if link is None else find_batch(link.batch)
        records.append(_placed(signed, link, batch, progress.map_count))
    coverage = Coverage(
        batch_count=progress.batch_count,
        entries=len(placed),
        covered_entries=sum(link.batch < progress.map_count for link in placed.values()),
        missing=tuple(base64url(digest) for _, digest in placed if digest not in known),
        checkpoint=checkpoint,
    )
    return LoadedConsignment(ucr, tuple(records), links, coverage)


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
