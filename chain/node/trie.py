"""Merkle Patricia tries: the root over a block's transactions or receipts, and proofs of presence or absence.

Yellow Paper appendix D; proofs in the form of EIP-1186: the nodes from the root to where the key is or would be.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import cast

import rlp
from Crypto.Hash import keccak as _keccak
from trie.hexary import HexaryTrie

EMPTY_ROOT = bytes.fromhex("56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421")
"""Root of the trie that holds nothing: keccak of the empty string's RLP."""

EMPTY_CODE_HASH = bytes.fromhex("c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470")
"""Keccak of nothing: the code hash of an account without code."""

NIBBLES_MAX = 64

Node = bytes | list["Node"]


def keccak(data: bytes) -> bytes:
    """Keccak-256 of `data`, as Ethereum uses it."""
    return _keccak.new(data=data, digest_bits=256).digest()


def list_root(items: Sequence[bytes]) -> bytes:
    """Root of the trie that maps the RLP of each index to its item: a block's transactions or receipts."""
    trie = HexaryTrie({})
    with trie.squash_changes() as memory_trie:
        for index, item in enumerate(items):
            memory_trie[rlp.encode(index)] = item
    return trie.root_hash


def walk(root: bytes, key: bytes, node_of: Callable[[bytes], bytes]) -> tuple[bytes | None, list[bytes]]:
    """The value under `key` (32 bytes, already hashed), None where absent, and the raw nodes that prove it.

    Nodes shorter than 32 bytes stand inside their parent and are not listed by themselves. `node_of` gives a node's
    RLP by its hash and raises KeyError where it has none.
    """
    if root == EMPTY_ROOT:
        return None, []
    raw = node_of(root)
    proof = [raw]
    node: Node = rlp.decode(raw)
    path = _nibbles(key)
    for _ in range(NIBBLES_MAX + 1):
        step = _descend(node, path)
        if step is None:
            return None, proof
        child, path, is_value = step
        if is_value:
            return cast(bytes, child), proof
        if isinstance(child, bytes):
            raw = node_of(child)
            proof.append(raw)
            child = rlp.decode(raw)
        node = child
    raise KeyError(root)


def _descend(node: Node, path: list[int]) -> tuple[Node, list[int], bool] | None:
    """The next node or value on `path`, what is left of the path, and whether it is a value; None where it ends."""
    if len(node) == 17:
        child = node[path[0]] if path else node[16]
        return (cast(Node, child), path[1:], not path) if child else None
    flagged = _nibbles(cast(bytes, node[0]))
    is_leaf = bool(flagged[0] & 2)
    prefix = flagged[1:] if flagged[0] & 1 else flagged[2:]
    if path[: len(prefix)] != prefix or (is_leaf and len(path) != len(prefix)):
        return None
    return cast(Node, node[1]), path[len(prefix) :], is_leaf


def _nibbles(data: bytes) -> list[int]:
    return [nibble for byte in data for nibble in (byte >> 4, byte & 15)]
