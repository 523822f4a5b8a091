"""Erasures of others: tombstones are pulled before any batch, each proved by the signed record behind it.

A tombstone says that one disclosure of one record is gone. It travels with the record that erased it; believed are the
chain, where that record stands, and its signer's key, never the peer. Whether such a record may erase such a
disclosure is for `gateway.ingest.erasures` to judge, by the erased record itself: where that one is not here yet, the
erasure is remembered and judged when it comes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from chain.encoding import parse_base64url
from chain.errors import Malformed
from chain.index_store import IndexStore
from chain.members import find_in_force
from chain.proof.batch import entry_digest
from chain.records.fastpath import parse_signed
from chain.sdjwt import SignedRecord
from gateway.ingest.erasures import ErasureJudge
from gateway.membership.registry import Registry
from gateway.membership.tag_keys import TagKeys, purpose_of
from gateway.replication.tombstone_page import TombstonePage
from gateway.runtime.record_memory import forget_records
from gateway.search_index.erasure import erase
from gateway.store.erasures import ErasureTarget, find_targets
from gateway.store.store import Store
from gateway.store.tombstones import find_erased

PAGES_PER_STEP_MAX = 4
ASK_AGAIN_S = 5.0
"""How often each peer is asked for new tombstones."""
RESCAN_S = 3_600.0
"""How often all of a peer's tombstones are read again."""
UNPROVED_AGAIN_S = 2.0
"""The same where some could not be proved."""

REMEMBERED_MAX = 10_000
"""Records not here yet whose erasures are remembered; those beyond are told again at the next reading of all."""


class ProvedErasure(NamedTuple):
    """A signed record that stands on the chain."""

    signed: SignedRecord
    block: int
    """That anchored it first."""


class TombstoneSource(Protocol):
    """A gateway that tells what was erased."""

    @property
    def member(self) -> str: ...

    def tombstones(self, after: int) -> TombstonePage:
        """The next tombstones after a place; raises PeerFault."""
        ...


@dataclass
class _Cursor:
    """How far one peer's tombstones were read."""

    again_at: float
    """When all are read again."""
    after: int = 0
    ask_at: float = 0.0


@dataclass
class TombstonePuller:
    """Takes over what was erased elsewhere. For the puller's thread."""

    store: Store
    index: IndexStore
    registry: Registry
    tag_keys: TagKeys
    consortium: str
    judge: ErasureJudge
    clock: Callable[[], float]
    _cursors: dict[str, _Cursor] = field(default_factory=dict)
    _remembered: dict[str, dict[str, ProvedErasure]] = field(default_factory=dict)
    """Record id, not here yet, to the proved erasures that name it, by id."""

    def pull(self, peer: TombstoneSource) -> int:
        """Erases what the peer's new tombstones prove; how many disclosures. Raises PeerFault, StoreFault.

        Goes through all of them again now and then: a peer whose store was rebuilt counts anew, and what could not be
        proved at first (its record was not on the chain yet) can be later.
        """
        now = self.clock()
        cursor = self._cursors.get(peer.member) or _Cursor(again_at=now + RESCAN_S)
        if now < min(cursor.ask_at, cursor.again_at):
            return 0
        if now >= cursor.again_at:
            cursor = _Cursor(again_at=now + RESCAN_S)
        erased = 0
        for _ in range(PAGES_PER_STEP_MAX):
            page = peer.tombstones(cursor.after)
            if page.next <= cursor.after:
                cursor.ask_at = now + ASK_AGAIN_S
                break
            proved = self._proved(page)
            erased += self._erase(self._allowed(page, proved))
            cursor.after = page.next
            if any(stone.erasure not in proved for stone in page.stones):
                cursor.again_at = min(cursor.again_at, now + UNPROVED_AGAIN_S)
        self._cursors[peer.member] = cursor
        return erased

    def _proved(self, page: TombstonePage) -> dict[str, ProvedErasure]:
        """By id the page's erasing records that stand on the chain, signed."""
        proved = [erasure for text in page.erasures.values() if (erasure := self.prove(text)) is not None]
        return {erasure.signed.record_id: erasure for erasure in proved}

    def _allowed(self, page: TombstonePage, proved: Mapping[str, ProvedErasure]) -> dict[tuple[str, str], set[bytes]]:
        """By record and erasure the digests that are to go; erasures of records not here yet are remembered."""
        named = sorted({stone.record_id for stone in page.stones if stone.erasure in proved})
        with self.store.reading() as connection:
            targets = find_targets(connection, self.store.vault, named)
        snapshot = self.registry.snapshot()
        allowed: dict[tuple[str, str], set[bytes]] = {}
        for stone in page.stones:
            erasure, target = proved.get(stone.erasure), targets.get(stone.record_id)
            if erasure is None:
                continue
            if target is None:
                if len(self._remembered) < REMEMBERED_MAX:
                    self._remembered.setdefault(stone.record_id, {})[stone.erasure] = erasure
            elif stone.digest in self.judge.erased_by(erasure.signed, target, snapshot, erasure.block):
                allowed.setdefault((stone.record_id, stone.erasure), set()).add(stone.digest)
        return allowed

    def remembered_of(self, signed: SignedRecord) -> dict[bytes, str]:
        """What remembered erasures erase of a record that comes now: each digest with the id of its erasure."""
        erased: dict[bytes, str] = {}
        if (remembered := self._remembered.get(signed.record_id)) is None:
            return erased
        ucrs = frozenset(ucr for _, ucr in signed.ucr_elements() if ucr is not None)
        target, snapshot = ErasureTarget(signed, ucrs), self.registry.snapshot()
        for erasure_id, erasure in remembered.items():
            digests = self.judge.erased_by(erasure.signed, target, snapshot, erasure.block)
            erased.update(dict.fromkeys(digests - erased.keys(), erasure_id))
        return erased

    def forget(self, record_ids: Iterable[str]) -> None:
        """Forgets what was remembered of records that are here now."""
        for record_id in record_ids:
            self._remembered.pop(record_id, None)

    def _erase(self, allowed: dict[tuple[str, str], set[bytes]]) -> int:
        with self.store.reading() as connection:
            known = find_erased(connection, sorted({record_id for record_id, _ in allowed}))
        fresh = {key: digests - known.get(key[0], frozenset()) for key, digests in allowed.items()}
        fresh = {key: digests for key, digests in fresh.items() if digests}
        if fresh:
            at = int(self.clock())
            with self.store.writing(erasing=True) as connection:
                for (record_id, erasure_id), digests in fresh.items():
                    erase(connection, self.store.vault, record_id, digests, erasure=erasure_id, at=at)
            forget_records()
            self.store.purge_log()
        return sum(map(len, fresh.values()))

    def prove(self, text: bytes) -> ProvedErasure | None:
        """The record, where it stands on the chain and its issuer's key signed it; else None."""
        try:
            signed = parse_signed(text)
            key = self.registry.snapshot().keys.get(parse_base64url(signed.kid))
        except (Malformed, ValueError):
            return None
        if signed.consortium != self.consortium or key is None or key.versions[0].member != signed.iss:
            return None
        blocks = [block for digest, ucr in signed.ucr_elements() if (block := self._block(signed, digest, ucr)) >= 0]
        in_force = bool(blocks) and find_in_force(key.versions, min(blocks)) is not None
        return ProvedErasure(signed, min(blocks)) if in_force and signed.verify(key.public_key) else None

    def _block(self, signed: SignedRecord, element: bytes, ucr: str | None) -> int:
        """The block in which its entry for the UCR stands; -1 where it stands in none."""
        if ucr is None:
            return -1
        digest = entry_digest(signed, element)
        for tag in self.tag_keys.lane_tags(ucr, signed.iss, purpose_of(signed)):
            link = self.index.find_link(tag, digest)
            batch = None if link is None else self.index.find_batch(link.batch)
            if batch is not None:
                return batch.facts.block
        return -1
