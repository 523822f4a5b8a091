"""The index map on disk: what every follower derives from the chain's batches, and nothing else.

One LMDB environment, rebuilt at any time by replay. It holds, per tag, the chain of entry digests with its running
heads; per batch, the facts that its commitment binds and its entries; and the compact sparse Merkle map over the tags
as of one batch count, the *map count* (a gateway keeps it at the last checkpoint, an attester moves it on to vote).

The map is stored in pages of four levels: a page is a subtree root at a depth divisible by four that holds two leaves
or more, and lists its up to sixteen children, each a leaf or a further page. Hashing is `chain.proof.index_map`'s;
pages are only a way to keep siblings together on disk.

Trust: this store is believed by nobody but its own process. A follower compares it with the chain's commitments and
with the attested root; an auditor never sees it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import lmdb

from chain.errors import StoreFault
from chain.index_pages import PageTree, fetched
from chain.proof.batch import ENTRY_BYTES, TAG_BYTES, BatchFacts
from chain.proof.index_map import EMPTY, NO_HEAD, MapLeaf, MapProof, next_head

FORMAT = b"tongguan-index/2"
INDEX_BYTES_MAX = 1 << 38
"""Address space that LMDB may map (256 GiB); disk is used only as it fills."""

_TIP = struct.Struct(">Q32sQ")  # count, head, last batch index
_LINK = struct.Struct(">32sQH32s")  # entry digest, batch index, position, head after it
_BATCH = struct.Struct(">32sH32s20sQQ?")  # root, count, keccak of entries, gateway, block, timestamp, void
_U64 = struct.Struct(">Q")
_U32 = struct.Struct(">I")


class DamagedIndex(StoreFault):
    """The index folder is of another consortium or format, or its contents do not fit together: replay it anew."""


class IndexDisagrees(StoreFault):
    """The root derived here is not the one that was attested: one side did not derive it from the chain."""

    def __init__(self, batch_count: int, derived: bytes, attested: bytes) -> None:
        self.batch_count = batch_count
        self.derived = derived
        self.attested = attested
        super().__init__(
            f"the index map over {batch_count} batches has root {derived.hex()} here, but {attested.hex()} was attested"
        )


@dataclass(frozen=True)
class IndexedBatch:
    """One batch as the chain holds it; `void` where its entries do not hash to its root, so that none counts."""

    facts: BatchFacts
    void: bool


@dataclass(frozen=True)
class Link:
    """One entry digest in a tag's chain: where it was anchored, and the head after it."""

    entry_digest: bytes
    batch: int
    position: int
    head: bytes


@dataclass(frozen=True)
class Progress:
    """How far the index has come: batches applied, block up to which the chain was read, the map's count and root."""

    batch_count: int
    block: int
    block_hash: str
    map_count: int
    map_root: bytes


class IndexStore:
    """The follower's derived index in one folder; one writer at a time, many readers."""

    def __init__(self, environment: lmdb.Environment, identity: bytes) -> None:
        self._env = environment
        self._meta = environment.open_db(b"meta")
        self._batches = environment.open_db(b"batches")
        self._raw = environment.open_db(b"raw")
        self._tips = environment.open_db(b"tips")
        self._chains = environment.open_db(b"chains")
        self._seen = environment.open_db(b"seen")
        self._pages = environment.open_db(b"pages")
        self._claim(identity)

    @classmethod
    def open(cls, path: Path, identity: bytes, *, durable: bool = False) -> IndexStore:
        """Opens or makes the index of the consortium named by `identity` (its 32-byte id) in folder `path`.

        A derived index may lose its last moments in a power cut (it replays them), so `durable` is off by default.
        Raises DamagedIndex where the folder belongs to another consortium or format.
        """
        path.mkdir(parents=True, exist_ok=True)
        try:
            environment = lmdb.open(
                str(path), map_size=INDEX_BYTES_MAX, max_dbs=8, sync=durable, metasync=durable, max_readers=512
            )
        except lmdb.Error as error:
            raise DamagedIndex(
                f"the index in {path} cannot be opened: {error}. Delete the folder to replay it"
            ) from error
        return cls(environment, identity)

    def close(self) -> None:
        """Flushes and closes; the folder can then be opened by another process."""
        self._env.sync(True)
        self._env.close()

    # -- reading -------------------------------------------------------------------------------------------------

    def progress(self) -> Progress:
        """How far the index has come, from one consistent snapshot."""
        with self._reading() as txn:
            return self._progress(txn)

    def find_batch(self, index: int) -> IndexedBatch | None:
        """The facts of batch `index`, void or not; None where it was not applied yet."""
        with self._reading() as txn:
            return self._batch(txn, index)

    def batches(self, first: int, limit: int) -> list[IndexedBatch]:
        """Up to `limit` batches from index `first` on, ascending."""
        with self._reading() as txn:
            found = (self._batch(txn, index) for index in range(first, first + limit))
            return [batch for batch in found if batch is not None]

    def void_batches(self) -> list[int]:
        """Indexes of all batches whose entries do not hash to their root, ascending."""
        with self._reading() as txn:
            raw = fetched(txn, b"void", self._meta) or b""
            return [_U64.unpack_from(raw, offset)[0] for offset in range(0, len(raw), 8)]

    def find_entries(self, index: int) -> bytes | None:
        """The entries of batch `index` as anchored, 48 bytes each; None where it was not applied yet."""
        with self._reading() as txn:
            raw = fetched(txn, _U64.pack(index), self._raw)
            return None if raw is None else bytes(raw)

    def find_link(self, tag: bytes, entry_digest: bytes) -> Link | None:
        """Where this entry first counted; None where it never did."""
        with self._reading() as txn:
            sequence = fetched(txn, tag + entry_digest, self._seen)
            if sequence is None:
                return None
            return self._link(txn, tag + sequence)

    def chain(self, tag: bytes, batch_count: int | None = None) -> list[Link]:
        """All links of a tag in order, or only those in the first `batch_count` batches."""
        with self._reading() as txn:
            return list(self._links(txn, tag, batch_count))

    def prove(self, tag: bytes) -> tuple[MapProof, list[Link], int]:
        """The map's proof for a tag (its head, or that it is absent), its links, and the map count of both."""
        with self._reading() as txn:
            progress = self._progress(txn)
            links = list(self._links(txn, tag, progress.map_count))
            siblings, ends_in = PageTree(txn, self._pages).path(tag)
            leaf = None if ends_in is None else self._leaf(txn, ends_in, progress.map_count)
            return MapProof(tag, siblings, leaf), links, progress.map_count

    # -- writing -------------------------------------------------------------------------------------------------

    def apply(self, batches: Sequence[tuple[IndexedBatch, bytes]], block: int, block_hash: str) -> None:
        """Applies consecutive batches (facts and entries) and notes the block that the chain was read to, at once."""
        with self._writing() as txn:
            expected = self._progress(txn).batch_count
            for batch, entries in batches:
                if batch.facts.index != expected:
                    raise DamagedIndex(f"batch {batch.facts.index} was given where batch {expected} comes next")
                self._apply_batch(txn, batch, entries)
                expected += 1
            self._note_progress(txn, expected, block, block_hash)

    def advance_map(self, batch_count: int, attested_root: bytes | None = None) -> bytes:
        """Moves the map on to `batch_count` batches and gives its root; with `attested_root`, only where they agree.

        Raises IndexDisagrees (and changes nothing) where they do not, ValueError where the map is already past it.
        """
        with self._writing() as txn:
            progress = self._progress(txn)
            if not progress.map_count <= batch_count <= progress.batch_count:
                raise ValueError(f"the map stands at {progress.map_count} of {progress.batch_count}, not {batch_count}")
            changed = self._changed_leaves(txn, progress.map_count, batch_count)
            root = PageTree(txn, self._pages).update(changed) if changed else progress.map_root
            if attested_root is not None and root != attested_root:
                raise IndexDisagrees(batch_count, root, attested_root)
            txn.put(b"map", _U64.pack(batch_count) + root, db=self._meta)
            return root

    # -- inside --------------------------------------------------------------------------------------------------

    def _claim(self, identity: bytes) -> None:
        with self._writing() as txn:
            owner = fetched(txn, b"identity", self._meta)
            if owner is None:
                txn.put(b"identity", FORMAT + identity, db=self._meta)
                self._note_progress(txn, 0, 0, "")
                txn.put(b"map", _U64.pack(0) + EMPTY, db=self._meta)
            elif owner != FORMAT + identity:
                raise DamagedIndex("this index belongs to another consortium or format. Delete the folder to replay it")

    @contextmanager
    def _reading(self) -> Iterator[lmdb.Transaction]:
        with self._env.begin() as txn:
            yield txn

    @contextmanager
    def _writing(self) -> Iterator[lmdb.Transaction]:
        try:
            with self._env.begin(write=True) as txn:
                yield txn
        except lmdb.Error as error:
            raise StoreFault(f"the index could not be written: {error}") from error

    def _progress(self, txn: lmdb.Transaction) -> Progress:
        raw = fetched(txn, b"progress", self._meta)
        mapped = fetched(txn, b"map", self._meta)
        if raw is None or mapped is None:
            raise DamagedIndex("the index has no progress row. Delete the folder to replay it")
        batch_count, block = struct.unpack_from(">QQ", raw)
        return Progress(batch_count, block, raw[16:].decode(), _U64.unpack_from(mapped)[0], bytes(mapped[8:]))

    def _note_progress(self, txn: lmdb.Transaction, batch_count: int, block: int, block_hash: str) -> None:
        txn.put(b"progress", struct.pack(">QQ", batch_count, block) + block_hash.encode(), db=self._meta)

    def _batch(self, txn: lmdb.Transaction, index: int) -> IndexedBatch | None:
        raw = fetched(txn, _U64.pack(index), self._batches)
        if raw is None:
            return None
        root, count, entries_hash, gateway, block, timestamp, void = _BATCH.unpack(raw)
        return IndexedBatch(BatchFacts(index, root, count, entries_hash, gateway, block, timestamp), void)

    def _link(self, txn: lmdb.Transaction, key: bytes) -> Link:
        raw = fetched(txn, key, self._chains)
        if raw is None:
            raise DamagedIndex(f"link {key.hex()} is missing. Delete the folder to replay it")
        return Link(*_LINK.unpack(raw))

    def _links(self, txn: lmdb.Transaction, tag: bytes, batch_count: int | None) -> Iterator[Link]:
        with txn.cursor(db=self._chains) as cursor:
            if not cursor.set_range(tag):
                return
            for key, value in cursor:
                if key[:TAG_BYTES] != tag:
                    return
                link = Link(*_LINK.unpack(value))
                if batch_count is not None and link.batch >= batch_count:
                    return
                yield link

    def _apply_batch(self, txn: lmdb.Transaction, batch: IndexedBatch, entries: bytes) -> None:
        facts = batch.facts
        key = _U64.pack(facts.index)
        row = _BATCH.pack(
            facts.root, facts.count, facts.entries_hash, facts.gateway, facts.block, facts.timestamp, batch.void
        )
        txn.put(key, row, db=self._batches)
        txn.put(key, entries, db=self._raw)
        if batch.void:
            txn.put(b"void", (fetched(txn, b"void", self._meta) or b"") + key, db=self._meta)
            return
        self._apply_entries(txn, facts.index, entries)

    def _apply_entries(self, txn: lmdb.Transaction, index: int, entries: bytes) -> None:
        put, get = txn.put, txn.get
        seen, tips, chains = self._seen, self._tips, self._chains
        for position in range(len(entries) // ENTRY_BYTES):
            entry = entries[position * ENTRY_BYTES : (position + 1) * ENTRY_BYTES]
            tag, digest = entry[:TAG_BYTES], entry[TAG_BYTES:]
            tip = get(tag, db=tips)
            count, head = _TIP.unpack(tip)[:2] if tip is not None else (0, NO_HEAD)
            sequence = _U32.pack(count)
            # A repeated entry changes nothing: it was counted where it first stood.
            if not put(entry, sequence, overwrite=False, db=seen):
                continue
            head = next_head(head, digest, index)
            put(tag + sequence, _LINK.pack(digest, index, position, head), db=chains)
            put(tag, _TIP.pack(count + 1, head, index), db=tips)

    def _changed_leaves(self, txn: lmdb.Transaction, first: int, end: int) -> list[tuple[bytes, bytes]]:
        """(tag, leaf hash as of `end` batches) of every tag named in batches `first` to `end`, sorted by tag."""
        tags: set[bytes] = set()
        for index in range(first, end):
            batch = self._batch(txn, index)
            entries = fetched(txn, _U64.pack(index), self._raw)
            if batch is None or entries is None:
                raise DamagedIndex(f"batch {index} is missing. Delete the folder to replay it")
            if not batch.void:
                tags.update(entries[at : at + TAG_BYTES] for at in range(0, len(entries), ENTRY_BYTES))
        return [(tag, self._leaf(txn, tag, end).hash()) for tag in sorted(tags)]

    def _leaf(self, txn: lmdb.Transaction, tag: bytes, end: int) -> MapLeaf:
        """The tag's leaf over the first `end` batches, walking back from its newest link."""
        tip = fetched(txn, tag, self._tips)
        if tip is None:
            raise DamagedIndex(f"tag {tag.hex()} has no tip. Delete the folder to replay it")
        count, head, last_batch = _TIP.unpack(tip)
        if last_batch < end:
            return MapLeaf(tag, count, head)
        while count > 1:
            count -= 1
            link = self._link(txn, tag + _U32.pack(count - 1))
            if link.batch < end:
                return MapLeaf(tag, count, link.head)
        raise DamagedIndex(f"tag {tag.hex()} stands in a batch before {end} but has no link there")
