"""Everything the node keeps, in LMDB: blocks, receipts, where each transaction stands, and state.

A block, its indexes and its new state are one transaction of the database, on disk (`fsync`) before anyone is told.
A crash at any moment leaves the block before or the whole block. Numbers in keys are 8 bytes, big-endian.

| table | key | value |
|---|---|---|
| `meta` | `format`, `genesis`, `head` | 1; block 0's hash; number of the newest block |
| `headers` | number | header RLP with seals |
| `bodies` | number | CRC-32 (4 bytes) of what follows; RLP [[raw transaction, sender], ...] |
| `receipts` | number | RLP [raw receipt, ...] |
| `blooms` | number | 256 bytes: lets a log search pass over blocks without reading them |
| `hashes` | block hash | number |
| `transactions` | transaction hash | number, index (4 bytes) |
| `nodes` | hash | trie node or contract code: of all states ever, or, where pruned, of the newest ones |
| `references` | hash, marked for code | where pruned: how often it is named (`pruning.py`, also two keys in `meta`) |
"""

from __future__ import annotations

import fcntl
import os
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import lmdb
import rlp

from chain.errors import Malformed
from chain.node import pruning
from chain.node.blocks import Block, Header, Receipt
from chain.node.errors import NodeStoreFault, TrieNodeMissing
from chain.node.node_cache import NodeCache
from chain.node.stored_logs import BlockLogs, parent_hash_of
from chain.node.trie import EMPTY_ROOT, keccak, list_root
from chain.node.trusted_rlp import listed, string

FORMAT = b"1"
CHECK_BYTES = 4
READERS_MAX = 512
CHECKED_AT_START_BLOCKS = 16
"""How many of the newest blocks are read whole and recomputed whenever the database is opened."""
BLOCKS_CACHED_MAX = 64
NODES_CACHED_BYTES_MAX = 32 * 1024 * 1024
LOGS_CACHED_MAX = 4_096
TABLES = ("meta", "headers", "bodies", "receipts", "blooms", "hashes", "transactions", "nodes", pruning.REFERENCES)


class Store:
    """The one database of one chain; any thread may read, one at a time may append."""

    def __init__(self, environment: Any, tables: Mapping[str, Any], lock: int) -> None:
        self._environment = environment
        self._tables = tables
        self._lock = lock
        self._pruning: pruning.Pruning | None = None
        self._file = Path(environment.path()) / "data.mdb"
        self._inode = self._file.stat().st_ino
        self.block = lru_cache(BLOCKS_CACHED_MAX)(self._read_block)
        self.logs = lru_cache(LOGS_CACHED_MAX)(self._read_logs)
        self.node = NodeCache(self._read_node, NODES_CACHED_BYTES_MAX)

    @classmethod
    def open(
        cls,
        folder: Path,
        genesis: Block,
        fresh: Mapping[bytes, bytes],
        *,
        bytes_max: int,
        state_blocks: int | None = None,
        at_step: Callable[[str], None] = lambda step: None,
    ) -> Store:
        """The chain that starts from this block 0, kept in `folder`, made there if the folder holds none.

        `state_blocks`: keep the state of so many newest blocks, and let go of what older ones alone were made of;
        None keeps all from now on. Raises `NodeStoreFault` for a folder in use, another chain's, or a damaged database.
        """
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = _locked(folder)
        try:
            store = cls._opened(folder, lock, bytes_max)
        except BaseException:
            os.close(lock)
            raise
        try:
            store._found_or_check(genesis, fresh)
            if state_blocks is None:
                return store
            store._prune(state_blocks, at_step)
            if pruning.is_mostly_used(store._environment, store._tables):
                return store
            pruning.write_anew(store._environment, folder, at_step)
            anew = cls._opened(folder, lock, bytes_max)
            anew._pruning = pruning.Pruning(anew._tables, state_blocks, at_step)
        except BaseException:
            store.close()
            raise
        return anew

    def close(self) -> None:
        """Release the folder; the store must not be used afterwards."""
        self._environment.close()
        os.close(self._lock)

    def missing(self) -> str:
        """Why what is written would be lost, as a sentence; empty while the database is where it was opened."""
        try:
            inode = self._file.stat().st_ino
        except OSError:
            return "the database is gone from its folder: restore the folder and start the node again"
        return "" if inode == self._inode else "another database stands in the folder: start the node again"

    @property
    def head(self) -> int:
        """Number of the newest block on disk."""
        return int.from_bytes(self._get("meta", b"head") or b"")

    @property
    def size_bytes(self) -> int:
        """How large the database is, pages that are free again included."""
        info = self._environment.info()
        return (int(info["last_pgno"]) + 1) * int(self._environment.stat()["psize"])

    @property
    def state_from(self) -> int:
        """The first block whose state is kept; 0 where none was pruned."""
        return int.from_bytes(self._get("meta", pruning.STATE_FROM) or b"")

    def find_number(self, block_hash: bytes) -> int | None:
        """Number of the block with this hash; None where there is none."""
        found = self._get("hashes", block_hash)
        return None if found is None else int.from_bytes(found)

    def find_transaction(self, transaction_hash: bytes) -> tuple[int, int] | None:
        """Block number and index of this transaction; None where it is in no block."""
        found = self._get("transactions", transaction_hash)
        return None if found is None else (int.from_bytes(found[:8]), int.from_bytes(found[8:]))

    def header(self, number: int) -> Header:
        """Header of this block; raises `NodeStoreFault` where it should be and is not."""
        return Header.parse(self._need("headers", number))

    def blooms(self, first: int, last: int) -> Iterator[tuple[int, int]]:
        """Number and Bloom filter (as an integer) of each block from `first` to `last`."""
        with self._environment.begin(db=self._tables["blooms"]) as transaction:
            cursor = transaction.cursor()
            if not cursor.set_range(_key(first)):
                return
            for key, bloom in cursor:
                number = int.from_bytes(key)
                if number > last:
                    return
                yield number, int.from_bytes(bloom)

    def append(self, block: Block, fresh: Mapping[bytes, bytes]) -> None:
        """The block and its new state on disk, whole, when this returns; raises `NodeStoreFault` where it cannot be."""
        key = _key(block.header.number)
        pairs = zip(block.transactions, block.senders, strict=True)
        bodies = listed(b"".join(listed(string(raw) + string(sender)) for raw, sender in pairs))
        if gone := self.missing():
            raise NodeStoreFault(gone)
        with _sentences(), self._environment.begin(write=True) as transaction:
            self._put(transaction, key, block, bodies, fresh)
        # The next block begins where this one ended.
        self.node.add(fresh)

    def _put(self, transaction: Any, key: bytes, block: Block, bodies: bytes, fresh: Mapping[bytes, bytes]) -> None:
        put = self._putter(transaction)
        put("headers", key, block.header.raw)
        put("bodies", key, zlib.crc32(bodies).to_bytes(CHECK_BYTES) + bodies)
        put("receipts", key, listed(b"".join(string(receipt.raw) for receipt in block.receipts)))
        put("blooms", key, block.header.bloom)
        put("hashes", block.header.hash, key)
        for index, transaction_hash in enumerate(block.hashes):
            put("transactions", transaction_hash, key + index.to_bytes(4))
        put("meta", b"head", key)
        if self._pruning is not None:
            self._pruning.extend(transaction, block.header, fresh)
            return
        pruning.forget_counts(transaction, self._tables)
        for node_hash, node in fresh.items():
            put("nodes", node_hash, node)

    def _putter(self, transaction: Any) -> Any:
        def put(table: str, key: bytes, value: bytes) -> None:
            transaction.put(key, value, db=self._tables[table])

        return put

    @classmethod
    def _opened(cls, folder: Path, lock: int, bytes_max: int) -> Store:
        pruning.remove_copy(folder)
        _refuse_cut_short(folder / "data.mdb")
        with _sentences():
            environment = lmdb.open(
                str(folder),
                map_size=bytes_max,
                max_dbs=len(TABLES),
                max_readers=READERS_MAX,
                subdir=True,
                mode=0o600,
            )
            tables = {name: environment.open_db(name.encode()) for name in TABLES}
        return cls(environment, tables, lock)

    def _found_or_check(self, genesis: Block, fresh: Mapping[bytes, bytes]) -> None:
        found = self._get("meta", b"format")
        if found is None:
            if self._get("meta", b"head") is not None or self._environment.stat()["entries"] > len(TABLES):
                raise NodeStoreFault("this LMDB database was not made by this node")
            with _sentences(), self._environment.begin(write=True) as transaction:
                put = self._putter(transaction)
                put("meta", b"format", FORMAT)
                put("meta", b"genesis", genesis.header.hash)
            self.append(genesis, fresh)
            return
        if found != FORMAT:
            raise NodeStoreFault(f"the database has format {found!r}; this node reads {FORMAT!r}")
        if self._get("meta", b"genesis") != genesis.header.hash:
            raise NodeStoreFault("the database belongs to another chain: its block 0 is not this genesis'")
        if self._get("meta", b"head") is None:
            self.append(genesis, fresh)
        try:
            self.check(max(0, self.head - CHECKED_AT_START_BLOCKS + 1))
        except (Malformed, rlp.DecodingError, LookupError, ValueError, lmdb.Error) as error:
            raise NodeStoreFault(f"the database is damaged: {error}") from error

    def _prune(self, state_blocks: int, at_step: Callable[[str], None]) -> None:
        self._pruning = pruning.Pruning(self._tables, state_blocks, at_step)
        with _sentences():
            try:
                self._pruning.begin(self._environment, self.head)
            except (Malformed, rlp.DecodingError, LookupError, TypeError, ValueError) as error:
                raise NodeStoreFault(f"the database is damaged: {error}") from error

    def check(self, first: int) -> None:
        """Read and recompute every block from `first` to the head: hashes, links, roots, indexes, kept state's root.

        Raises `NodeStoreFault` at the first that does not fit.
        """
        parent = self.header(first - 1).hash if first else bytes(32)
        state_from = self.state_from
        for number in range(first, self.head + 1):
            block = self._read_block(number)
            header = block.header
            fits = (
                header.number == number
                and header.parent_hash == parent
                and list_root(block.transactions) == header.transactions_root
                and list_root([receipt.raw for receipt in block.receipts]) == header.receipts_root
                and self.find_number(header.hash) == number
                and all(self.find_transaction(name) == (number, i) for i, name in enumerate(block.hashes))
                and (number < state_from or header.state_root == EMPTY_ROOT or bool(self._read_node(header.state_root)))
            )
            if not fits:
                raise NodeStoreFault(f"the database is damaged: block {number} is not what its hashes say")
            parent = header.hash

    def _read_logs(self, number: int) -> BlockLogs:
        """The logs of a block below the head, whose hash the next header names."""
        block_hash = parent_hash_of(self._need("headers", number + 1))
        try:
            return BlockLogs.read(
                number, block_hash, self._need("headers", number), self._need("receipts", number), self._bodies(number)
            )
        except (IndexError, TypeError, ValueError) as error:
            raise NodeStoreFault(f"the database is damaged: the logs of block {number} do not read") from error

    def _bodies(self, number: int) -> bytes:
        said = self._need("bodies", number)
        # The header commits to the transactions, but not to the senders that were recovered from them.
        if zlib.crc32(said[CHECK_BYTES:]).to_bytes(CHECK_BYTES) != said[:CHECK_BYTES]:
            raise NodeStoreFault(
                f"the database is damaged: the transactions of block {number} are not what was written"
            )
        return said[CHECK_BYTES:]

    def _read_block(self, number: int) -> Block:
        header = self.header(number)
        pairs = rlp.decode(self._bodies(number))
        receipts = rlp.decode(self._need("receipts", number))
        return Block(
            header=header,
            transactions=tuple(raw for raw, _ in pairs),
            senders=tuple(sender for _, sender in pairs),
            receipts=tuple(Receipt.parse(raw) for raw in receipts),
        )

    def _read_node(self, node_hash: bytes) -> bytes:
        found = self._get("nodes", node_hash)
        if found is None:
            raise TrieNodeMissing(node_hash)
        if keccak(found) != node_hash:
            raise NodeStoreFault("the database is damaged: a trie node or a contract's code is not what its hash says")
        return found

    def _need(self, table: str, number: int) -> bytes:
        found = self._get(table, _key(number))
        if found is None:
            raise NodeStoreFault(f"the database is damaged: block {number} is missing in its {table}")
        return found

    def _get(self, table: str, key: bytes) -> bytes | None:
        with self._environment.begin(db=self._tables[table]) as transaction:
            found: bytes | None = transaction.get(key)
            return found


def _key(number: int) -> bytes:
    return number.to_bytes(8)


def _locked(folder: Path) -> int:
    """The folder's lock, held until the process ends, however it ends."""
    lock = os.open(folder / "in-use", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(lock)
        raise NodeStoreFault(f"another process uses the database in {folder.name}") from error
    return lock


def _refuse_cut_short(file: Path) -> None:
    """A file shorter than its own page count would kill the process at the first read beyond its end."""
    if not file.exists() or file.stat().st_size == 0:
        return
    with _sentences():
        probe = lmdb.open(str(file.parent), readonly=True, lock=False, max_dbs=len(TABLES))
        try:
            pages = int(probe.info()["last_pgno"]) + 1
            needed = pages * int(probe.stat()["psize"])
        finally:
            probe.close()
    if file.stat().st_size < needed:
        raise NodeStoreFault(f"the database is damaged: its file is {file.stat().st_size} bytes long, not {needed}")


@contextmanager
def _sentences() -> Iterator[None]:
    """The database's own errors as `NodeStoreFault`, each in one sentence."""
    try:
        yield
    except lmdb.MapFullError as error:
        raise NodeStoreFault("the database has reached its largest size; give it more in the settings") from error
    except (lmdb.InvalidError, lmdb.CorruptedError, lmdb.VersionMismatchError, lmdb.PageNotFoundError) as error:
        raise NodeStoreFault(f"the database is damaged or not an LMDB database: {error}") from error
    except lmdb.Error as error:
        raise NodeStoreFault(f"the database failed: {error}") from error
