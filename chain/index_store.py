"""The index map on disk: what every follower derives from the chain's batches, and nothing else.

One LMDB environment, rebuilt at any time by replay. It holds, per lane, its leaves in order; per batch, the facts that
its commitment binds and its entries; and the compact sparse Merkle map over the lanes as of one batch count, the *map
count* (a gateway keeps it at the last checkpoint, an attester moves it on to vote).

A lane is an RFC 9162 tree. Its tip keeps the roots of the complete subtrees that its leaves fall into, from the largest
to the smallest, so that a leaf is added with a few hashes. Each leaf keeps the root of the largest complete subtree
that ends with it: from these the head as of an earlier leaf follows, and no node is kept twice. Paths are computed from
the leaves; a lane is as short as its issuer has said of one consignment.

The map is stored in pages of four levels (`chain.index_pages`). Hashing is `chain.proof.index_map`'s; pages are only a
way to keep siblings together on disk.

Trust: this store is believed by nobody but its own process. A follower compares it with the chain's commitments and
with the attested root; an auditor never sees it.
"""

from __future__ import annotations

import struct
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import lmdb

from chain.errors import StoreFault
from chain.index_drops import DropTable, places_in
from chain.index_pages import Group, PageTree, fetched
from chain.index_types import DamagedIndex as DamagedIndex
from chain.index_types import IndexDisagrees as IndexDisagrees
from chain.index_types import IndexedBatch as IndexedBatch
from chain.index_types import Link as Link
from chain.index_types import Progress as Progress
from chain.index_types import entries_by_tag
from chain.proof import merkle
from chain.proof.batch import ENTRY_BYTES, PREFIX_BYTES, TAG_BYTES, BatchFacts
from chain.proof.index_map import EMPTY, PREFIX_BITS, GroupProof, MapLeaf, group_hash, lane_head, open_group

FORMAT = b"tongguan-index/4"
INDEX_BYTES_MAX = 1 << 38
"""Address space that LMDB may map (256 GiB); disk is used only as it fills."""

_TIP = struct.Struct(">QQ")  # count, last batch index; then the roots of the complete subtrees, largest first
_LINK = struct.Struct(">32sQH32s")  # entry digest, batch index, position, root of the largest subtree that ends here
_NO_TIP = _TIP.pack(0, 0)
_BATCH = struct.Struct(">32sH32s20sQQ?")  # root, count, keccak of entries, gateway, block, timestamp, void
_U64 = struct.Struct(">Q")
_U32 = struct.Struct(">I")


class IndexStore:
    """The follower's derived index in one folder; one writer at a time, many readers."""

    def __init__(self, environment: lmdb.Environment, identity: bytes) -> None:
        self._env = environment
        self._meta = environment.open_db(b"meta")
        self._batches = environment.open_db(b"batches")
        self._raw = environment.open_db(b"raw")
        self._tips = environment.open_db(b"tips")
        self._lanes = environment.open_db(b"lanes")
        self._seen = environment.open_db(b"seen")
        self._pages = environment.open_db(b"pages")
        self._drops = environment.open_db(b"drops")
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
            if sequence is None or DropTable(txn, self._drops).is_dropped(tag, sequence):
                return None
            return self._link(txn, tag + sequence)

    def stands_in(self, batch: int, position: int, tag: bytes, entry_digest: bytes) -> bool:
        """Whether this entry counts at this very place: not dropped, and in no earlier one."""
        link = self.find_link(tag, entry_digest)
        return link is not None and (link.batch, link.position) == (batch, position)

    def first_batch(self, tag: bytes, entry_digest: bytes) -> int | None:
        """The batch in which this entry stood first, also where it was dropped there; None where it never stood."""
        with self._reading() as txn:
            return next((one.batch for one in self._links(txn, tag, None) if one.entry_digest == entry_digest), None)

    def lanes_dropped_from(self, first: int) -> set[bytes]:
        """Tags of the lanes that lost a leaf when so many batches stood, or later."""
        with self._reading() as txn:
            return DropTable(txn, self._drops).lanes_changed(first, self._progress(txn).batch_count + 1)

    def lane(self, tag: bytes, batch_count: int | None = None) -> list[Link]:
        """All links of a lane in order, or only those in the first `batch_count` batches, without dropped ones."""
        with self._reading() as txn:
            end = self._progress(txn).batch_count if batch_count is None else batch_count
            return self._standing_links(txn, tag, end)

    def lane_tags(self, prefix: bytes) -> list[bytes]:
        """The tags of all lanes with this prefix over all batches applied, ascending."""
        with self._reading() as txn:
            return list(self._tags(txn, prefix))

    def prove_group(self, prefix: bytes, wanted: Collection[bytes] | None = None) -> tuple[GroupProof, int]:
        """The map's proof for lanes of a prefix (or that there are none), and the map count.

        With `wanted` the proof need tell of these tags alone, and others' lanes cost next to nothing.
        """
        with self._reading() as txn:
            end = self._progress(txn).map_count
            siblings, standing = PageTree(txn, self._pages).path(prefix)
            lanes = () if standing is None else tuple(self._group(txn, standing, end))
            if standing == prefix:
                shown, hidden = open_group(lanes, wanted)
                return GroupProof(prefix, siblings, shown, None, hidden), end
            return GroupProof(prefix, siblings, (), lanes[0] if lanes else None), end

    # -- writing -------------------------------------------------------------------------------------------------

    def apply(self, batches: Sequence[tuple[IndexedBatch, bytes]], block: int, block_hash: str) -> None:
        """Applies consecutive batches (facts and entries) and notes the block that the chain was read to, at once."""
        with self._writing() as txn:
            expected = self._progress(txn).batch_count
            for batch, entries in batches:
                if batch.facts.index != expected:
                    raise DamagedIndex(f"batch {batch.facts.index} was given where batch {expected} comes next")
                self._note_batch(txn, batch, entries)
                expected += 1
            self._apply_entries(txn, [(batch.facts.index, entries) for batch, entries in batches if not batch.void])
            self._note_progress(txn, expected, block, block_hash)

    def drop(self, batch: int, number: int, bitmap: bytes) -> None:
        """Takes in what the governors dropped of a batch that is applied, as the `number`th drop of it.

        Called before any batch of a later block is applied: it takes effect with the next one. The same drop
        again changes nothing.
        """
        with self._writing() as txn:
            drops, first = DropTable(txn, self._drops), self._progress(txn).batch_count
            entries = fetched(txn, _U64.pack(batch), self._raw)
            if entries is None:
                raise DamagedIndex(f"batch {batch} is missing. Delete the folder to replay it")
            if not drops.take_drop(batch, number):
                return
            for position in places_in(bitmap, len(entries) // ENTRY_BYTES):
                entry = entries[position * ENTRY_BYTES : (position + 1) * ENTRY_BYTES]
                tag, sequence = entry[:TAG_BYTES], fetched(txn, entry, self._seen)
                if sequence is not None and self._link(txn, tag + sequence).batch == batch:
                    drops.drop_leaf(tag, sequence, first)

    def advance_map(self, batch_count: int, attested_root: bytes | None = None) -> bytes:
        """Moves the map on to `batch_count` batches and gives its root; with `attested_root`, only where they agree.

        Raises IndexDisagrees (and changes nothing) where they do not, ValueError where the map is already past it.
        """
        with self._writing() as txn:
            progress = self._progress(txn)
            if not progress.map_count <= batch_count <= progress.batch_count:
                raise ValueError(f"the map stands at {progress.map_count} of {progress.batch_count}, not {batch_count}")
            changed = self._changed_groups(txn, progress.map_count, batch_count)
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
        raw = fetched(txn, key, self._lanes)
        if raw is None:
            raise DamagedIndex(f"link {key.hex()} is missing. Delete the folder to replay it")
        return Link(*_LINK.unpack(raw))

    def _links(self, txn: lmdb.Transaction, tag: bytes, batch_count: int | None) -> Iterator[Link]:
        with txn.cursor(db=self._lanes) as cursor:
            if not cursor.set_range(tag):
                return
            for key, value in cursor:
                if key[:TAG_BYTES] != tag:
                    return
                link = Link(*_LINK.unpack(value))
                if batch_count is not None and link.batch >= batch_count:
                    return
                yield link

    def _standing_links(self, txn: lmdb.Transaction, tag: bytes, end: int) -> list[Link]:
        """A lane's links over the first `end` batches, without those dropped by then."""
        gone = DropTable(txn, self._drops).out_of(tag, end)
        links = enumerate(self._links(txn, tag, end))
        return [link for sequence, link in links if sequence not in gone]

    def _note_batch(self, txn: lmdb.Transaction, batch: IndexedBatch, entries: bytes) -> None:
        facts = batch.facts
        key = _U64.pack(facts.index)
        row = _BATCH.pack(
            facts.root, facts.count, facts.entries_hash, facts.gateway, facts.block, facts.timestamp, batch.void
        )
        txn.put(key, row, db=self._batches)
        txn.put(key, entries, db=self._raw)
        if batch.void:
            txn.put(b"void", (fetched(txn, b"void", self._meta) or b"") + key, db=self._meta)

    def _apply_entries(self, txn: lmdb.Transaction, batches: Sequence[tuple[int, bytes]]) -> None:
        """Puts the entries of batches into their lanes; by tag, so that the trees on disk are walked in order."""
        put, get = txn.put, txn.get
        seen, tips, lanes = self._seen, self._tips, self._lanes
        drops = DropTable(txn, self._drops)
        for tag, index, position, digest in entries_by_tag(batches):
            entry, batch = tag + digest, _U64.pack(index)
            tip = bytes(get(tag, db=tips) or _NO_TIP)
            count = _TIP.unpack_from(tip)[0]
            sequence = _U32.pack(count)
            # A repeated entry changes nothing: it was counted where it first stood.
            if not put(entry, sequence, overwrite=False, db=seen):
                if not drops.is_dropped(tag, fetched(txn, entry, seen) or b""):
                    continue
                # It was dropped where it stood: anchored again, it counts from here.
                put(entry, sequence, db=seen)
            subtree = sha256(b"\x00" + digest + batch).digest()
            kept = len(tip)
            merged = count
            while merged & 1:
                # Two complete subtrees of one size become one.
                subtree = sha256(b"\x01" + tip[kept - 32 : kept] + subtree).digest()
                kept, merged = kept - 32, merged >> 1
            put(tag + sequence, _LINK.pack(digest, index, position, subtree), db=lanes)
            put(tag, _TIP.pack(count + 1, index) + tip[_TIP.size : kept] + subtree, db=tips)

    def _changed_groups(self, txn: lmdb.Transaction, first: int, end: int) -> list[Group]:
        """Every group with a lane that is named in batches `first` to `end`, as of `end` batches, by prefix."""
        prefixes: set[bytes] = set()
        for index in range(first, end):
            batch = self._batch(txn, index)
            entries = fetched(txn, _U64.pack(index), self._raw)
            if batch is None or entries is None:
                raise DamagedIndex(f"batch {index} is missing. Delete the folder to replay it")
            if not batch.void:
                prefixes.update(entries[at : at + PREFIX_BYTES] for at in range(0, len(entries), ENTRY_BYTES))
        prefixes.update(tag[:PREFIX_BYTES] for tag in DropTable(txn, self._drops).lanes_changed(first, end))
        groups = []
        for prefix in sorted(prefixes):
            lanes = self._group(txn, prefix, end)
            groups.append(Group(prefix, group_hash(lanes, PREFIX_BITS), len(lanes) > 1))
        return groups

    def _tags(self, txn: lmdb.Transaction, prefix: bytes) -> Iterator[bytes]:
        with txn.cursor(db=self._tips) as cursor:
            if not cursor.set_range(prefix):
                return
            for key in cursor.iternext(values=False):
                if key[:PREFIX_BYTES] != prefix:
                    return
                yield bytes(key)

    def _group(self, txn: lmdb.Transaction, prefix: bytes, end: int) -> list[MapLeaf]:
        """The lanes of a prefix over the first `end` batches."""
        lanes = (self._leaf(txn, tag, end) for tag in self._tags(txn, prefix))
        return [lane for lane in lanes if lane is not None]

    def _leaf(self, txn: lmdb.Transaction, tag: bytes, end: int) -> MapLeaf | None:
        """The lane's leaf over the first `end` batches; None where it begins later."""
        tip = fetched(txn, tag, self._tips)
        if tip is None:
            raise DamagedIndex(f"tag {tag.hex()} has no tip. Delete the folder to replay it")
        count, last_batch = _TIP.unpack_from(tip)
        if gone := DropTable(txn, self._drops).out_of(tag, end):
            leaves = [link.leaf for link in self._standing_links(txn, tag, end)]
            return MapLeaf(tag, len(leaves), len(gone), lane_head(leaves))
        if last_batch < end:
            subtrees = [tip[at : at + 32] for at in range(_TIP.size, len(tip), 32)]
            return MapLeaf(tag, count, 0, _root_over(subtrees))
        count = self._count_before(txn, tag, count, end)
        return MapLeaf(tag, count, 0, _root_over(self._subtrees(txn, tag, count))) if count else None

    def _count_before(self, txn: lmdb.Transaction, tag: bytes, count: int, end: int) -> int:
        """How many of the first `count` leaves of a lane stand in the first `end` batches: batches only ascend."""
        low, high = 0, count
        while low < high:
            middle = (low + high) // 2
            if self._link(txn, tag + _U32.pack(middle)).batch < end:
                low = middle + 1
            else:
                high = middle
        return low

    def _subtrees(self, txn: lmdb.Transaction, tag: bytes, count: int) -> list[bytes]:
        """The roots of the complete subtrees that the first `count` leaves of a lane fall into, largest first."""
        subtrees, leaves = [], 0
        for height in range(count.bit_length() - 1, -1, -1):
            if count >> height & 1:
                leaves += 1 << height
                subtrees.append(self._link(txn, tag + _U32.pack(leaves - 1)).subtree)
        return subtrees


def _root_over(subtrees: Sequence[bytes]) -> bytes:
    """The root of a tree that falls into these complete subtrees, largest first."""
    root = subtrees[-1]
    for subtree in reversed(subtrees[:-1]):
        root = merkle.node_hash(subtree, root)
    return root
