"""State that is kept for the newest blocks only: what names each trie node is counted, and what nothing names goes.

The count of a node is how often it is named: by kept nodes, each once for every place in it, and by kept blocks as
their state root. Code is counted apart, by the accounts that have it, under a key of its own: anyone may deploy code
whose bytes, and so whose hash, are those of a trie node. A node is stored when its count leaves zero and deleted when
it is zero again, so no walk over the whole state is needed, and a node that comes back (a word set to what it was, two
contracts with equal storage) is neither lost nor kept for ever.

A block, the counts that it changes and the state that falls out of the window are one transaction of the database: a
crash leaves the counts of a whole block. A database that was not pruned is counted when it is first opened so: all
counts in one transaction, then what nothing names is swept in steps that may be done again. What is free is used
again; where much of the file is free, it is written anew without it, and takes the old one's place by a rename.
"""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lmdb

from chain.node.accounts import AccountState
from chain.node.blocks import Header
from chain.node.errors import NodeStoreFault
from chain.node.trie import BRANCH_ITEMS, EMPTY_CODE_HASH, EMPTY_ROOT, keccak
from chain.node.trusted_rlp import HASH, raw_items, text_of

REFERENCES = "references"
STATE_FROM = b"state_from"
"""Key in `meta`: the first block whose state is whole; absent, all are."""
STAGE = b"references"
"""Key in `meta`: how far the counts can be relied on; absent, not at all."""
COUNTED, SWEPT = b"counted", b"swept"
LEAF_BIT = 0x20
"""In the first byte of a node's path: the node is a leaf."""
CODE_MARK = b"c"
"""Behind a hash: the count of the accounts that have this code."""
SWEEP_KEYS = 50_000
"""How many nodes one step of a sweep looks at: bounds what one transaction must keep in memory."""
FREE_SHARE_MAX = 0.25
"""A file of which more is free is written anew when it is opened."""
FREE_PAGES_MIN = 1_024
COMPACT_FOLDER = "compact"

logger = logging.getLogger(__name__)


class References:
    """The counts, and the nodes that they keep, within one write transaction of the database."""

    def __init__(self, transaction: Any, tables: Mapping[str, Any]) -> None:
        self._transaction = transaction
        self._nodes = tables["nodes"]
        self._counts = tables[REFERENCES]

    def retain(self, root: bytes, fresh: Mapping[bytes, bytes]) -> None:
        """One more kept state, under this root; its nodes that are not stored yet are taken from `fresh`."""
        named = [] if root == EMPTY_ROOT else [root]
        while named:
            key = named.pop()
            count = self._count(key)
            self._transaction.put(key, _minimal(count + 1), db=self._counts)
            if count:
                continue
            body = fresh.get(key[:32])
            if body is None:
                body = self._node(key[:32])
            else:
                self._transaction.put(key[:32], body, db=self._nodes)
            if len(key) == 32:
                named += parts(body)

    def release(self, root: bytes) -> None:
        """One kept state less; what only it named is deleted."""
        named = [] if root == EMPTY_ROOT else [root]
        while named:
            key = named.pop()
            count = self._count(key)
            if count == 0:
                raise NodeStoreFault("the database is damaged: a trie node is named more often than was counted")
            if count > 1:
                self._transaction.put(key, _minimal(count - 1), db=self._counts)
                continue
            self._transaction.delete(key, db=self._counts)
            if len(key) == 32:
                named += parts(self._node(key))
            if not self.keeps(key[:32]):
                self._transaction.delete(key[:32], db=self._nodes)

    def keeps(self, name: bytes) -> bool:
        """Whether anything kept names the node or the code of this hash."""
        return self._count(name) > 0 or self._count(name + CODE_MARK) > 0

    def _count(self, key: bytes) -> int:
        return int.from_bytes(self._transaction.get(key, db=self._counts) or b"")

    def _node(self, name: bytes) -> bytes:
        # What is deleted is read from the node: were its bytes wrong, the damage would spread to what they name.
        found: bytes | None = self._transaction.get(name, db=self._nodes)
        if found is None or keccak(found) != name:
            raise NodeStoreFault("the database is damaged: a trie node or a contract's code is not what its hash says")
        return found


def parts(node: bytes) -> list[bytes]:
    """What a trie node names: other nodes by their hash; an account's leaf its storage and, marked, its code.

    Nodes shorter than 32 bytes stand inside their parent and, being so short, name nothing. An account's leaf is
    known by its value, a list: a storage slot's value is a string.
    """
    items = raw_items(node)
    if len(items) == BRANCH_ITEMS:
        return [child[1:] for child in items if child[0] == HASH]
    path, below = items
    if not text_of(path)[0] & LEAF_BIT:
        return [below[1:]] if below[0] == HASH else []
    value = text_of(below)
    if value[0] < 0xC0:
        return []
    _, _, storage_root, code_hash = AccountState.parse(value)
    named = [] if storage_root == EMPTY_ROOT else [storage_root]
    return named if code_hash == EMPTY_CODE_HASH else [*named, code_hash + CODE_MARK]


@dataclass(frozen=True)
class Pruning:
    """Keeps the state of the newest `blocks` blocks; `at_step` is told of each step, for tests that kill in between."""

    tables: Mapping[str, Any]
    blocks: int
    at_step: Callable[[str], None]

    def extend(self, transaction: Any, header: Header, fresh: Mapping[bytes, bytes]) -> None:
        """The new block's state kept, and that of the block that falls out of the window gone."""
        references = References(transaction, self.tables)
        references.retain(header.state_root, fresh)
        self.at_step("pruning")
        self._release_oldest(transaction, references, header.number)

    def begin(self, environment: Any, head: int) -> None:
        """Bring an opened database to this window, in steps each of which leaves it whole."""
        stage = self._stage(environment)
        if stage is None:
            logger.info("counting what the states of the newest %d blocks are made of", self.blocks)
            with environment.begin(write=True) as transaction:
                self._count_all(transaction, head)
            self.at_step("counted")
        if stage != SWEPT:
            self._sweep(environment)
        released = True
        while released:
            with environment.begin(write=True) as transaction:
                released = self._release_oldest(transaction, References(transaction, self.tables), head)
            self.at_step("released")

    def _count_all(self, transaction: Any, head: int) -> None:
        transaction.drop(self.tables[REFERENCES], delete=False)
        first = max(state_from(transaction, self.tables), head - self.blocks + 1)
        references = References(transaction, self.tables)
        for number in range(first, head + 1):
            references.retain(_state_root(transaction, self.tables, number), {})
        transaction.put(STATE_FROM, first.to_bytes(8), db=self.tables["meta"])
        transaction.put(STAGE, COUNTED, db=self.tables["meta"])

    def _sweep(self, environment: Any) -> None:
        start: bytes | None = b""
        swept = 0
        while start is not None:
            with environment.begin(write=True) as transaction:
                references = References(transaction, self.tables)
                seen, start = _some_keys(transaction, self.tables["nodes"], start)
                for name in seen:
                    if not references.keeps(name):
                        transaction.delete(name, db=self.tables["nodes"])
                        swept += 1
                if start is None:
                    transaction.put(STAGE, SWEPT, db=self.tables["meta"])
            self.at_step("swept")
        logger.info("swept %d trie nodes that only older states were made of", swept)

    def _release_oldest(self, transaction: Any, references: References, head: int) -> bool:
        first = state_from(transaction, self.tables)
        if first > head - self.blocks:
            return False
        references.release(_state_root(transaction, self.tables, first))
        transaction.put(STATE_FROM, (first + 1).to_bytes(8), db=self.tables["meta"])
        return True

    def _stage(self, environment: Any) -> bytes | None:
        with environment.begin() as transaction:
            stage: bytes | None = transaction.get(STAGE, db=self.tables["meta"])
            return stage


def state_from(transaction: Any, tables: Mapping[str, Any]) -> int:
    """The first block whose state is whole."""
    return int.from_bytes(transaction.get(STATE_FROM, db=tables["meta"]) or b"")


def forget_counts(transaction: Any, tables: Mapping[str, Any]) -> None:
    """Called where a block is added without counting: counts that miss a block would delete what is needed."""
    if transaction.delete(STAGE, db=tables["meta"]):
        transaction.drop(tables[REFERENCES], delete=False)


def is_mostly_used(environment: Any, tables: Mapping[str, Any]) -> bool:
    """Whether so little of the file is free that writing it anew is not worth it."""
    pages = int(environment.info()["last_pgno"]) + 1
    with environment.begin() as transaction:
        stats = [environment.stat(), *(transaction.stat(table) for table in tables.values())]
    used = sum(one[name] for one in stats for name in ("branch_pages", "leaf_pages", "overflow_pages"))
    free = pages - used
    return bool(free < FREE_PAGES_MIN or free < FREE_SHARE_MAX * pages)


def write_anew(environment: Any, folder: Path, at_step: Callable[[str], None]) -> None:
    """Put in the place of the database a copy without its free pages, and close it; whatever fails, one is whole."""
    copy = folder / COMPACT_FOLDER
    remove_copy(folder)
    copy.mkdir()
    try:
        environment.copy(str(copy), compact=True)
        with (copy / "data.mdb").open("rb+") as file:
            os.fsync(file.fileno())
        at_step("copied")
        environment.close()
        # Until here the old file is the database, from here on the new one.
        (copy / "data.mdb").replace(folder / "data.mdb")
        _sync_folder(folder)
        at_step("compacted")
    except (OSError, lmdb.Error) as error:
        logger.warning("the database was not written anew, its free pages stay in the file: %s", error)
        environment.close()
    finally:
        remove_copy(folder)


def remove_copy(folder: Path) -> None:
    """Away with a copy that a crash left unfinished."""
    shutil.rmtree(folder / COMPACT_FOLDER, ignore_errors=True)


def _some_keys(transaction: Any, table: Any, start: bytes) -> tuple[list[bytes], bytes | None]:
    """The next keys from `start` on, and where to go on; None where these are the last."""
    cursor = transaction.cursor(db=table)
    seen: list[bytes] = []
    if cursor.set_range(start):
        for key in cursor.iternext(keys=True, values=False):
            if len(seen) == SWEEP_KEYS:
                return seen, key
            seen.append(key)
    return seen, None


def _state_root(transaction: Any, tables: Mapping[str, Any], number: int) -> bytes:
    found = transaction.get(number.to_bytes(8), db=tables["headers"])
    if found is None:
        raise NodeStoreFault(f"the database is damaged: block {number} is missing in its headers")
    return Header.parse(found).state_root


def _minimal(count: int) -> bytes:
    return count.to_bytes((count.bit_length() + 7) // 8)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
