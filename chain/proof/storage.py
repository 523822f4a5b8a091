"""Storage proofs (EIP-1186): what an account and its storage slots hold under a state root, absence included.

The trie is Ethereum's hexary Merkle-Patricia trie with keys hashed by keccak-256 (yellow paper, appendix D). A proof is
a set of trie nodes, known by their keccak-256; which of them are walked follows from the root and from keys that the
verifier derives itself. A node that no walk needs is a fault, so a proof has one form.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from chain.errors import Malformed
from chain.proof import rlp
from chain.proof.hashes import keccak256

NODE_BYTES_MAX = 1024
"""More than a full branch (17 × 33 bytes) or the largest account leaf needs."""

EMPTY_TRIE_ROOT = keccak256(rlp.encode(b""))
_NIBBLES = 64


class MalformedProof(Malformed):
    """Nodes that do not prove what they should: one is missing, spare, or not a trie node."""


@dataclass(frozen=True)
class Account:
    """An account's leaf in the state trie."""

    nonce: int
    balance: int
    storage_root: bytes
    code_hash: bytes


@dataclass
class NodeSet:
    """Trie nodes known by their hash; remembers which a walk used."""

    by_hash: Mapping[bytes, bytes]
    used: set[bytes] = field(default_factory=set)
    _decoded: dict[bytes, list[rlp.Item]] = field(default_factory=dict)
    """Nodes near the root serve every walk; decoding them for each would let a bundle cost a minute."""

    @classmethod
    def of(cls, nodes: Iterable[bytes]) -> NodeSet:
        """The set of these raw nodes. Raises MalformedProof for a node too long to be one, or given twice."""
        by_hash: dict[bytes, bytes] = {}
        for node in nodes:
            if len(node) > NODE_BYTES_MAX:
                raise MalformedProof("node", f"is longer than {NODE_BYTES_MAX} bytes", value=len(node))
            key = keccak256(node)
            if key in by_hash:
                raise MalformedProof("node", "is given twice", value=key.hex())
            by_hash[key] = node
        return cls(by_hash)

    def get(self, node_hash: bytes) -> bytes:
        """The node of this hash, marked as used. Raises MalformedProof where it is missing."""
        node = self.by_hash.get(node_hash)
        if node is None:
            raise MalformedProof("node", "is missing", value=node_hash.hex())
        self.used.add(node_hash)
        return node

    def decoded(self, node_hash: bytes) -> list[rlp.Item]:
        """The parts of the node of this hash, as `get`. Raises MalformedProof or MalformedRlp where it is no node."""
        known = self._decoded.get(node_hash)
        if known is None:
            known = self._decoded[node_hash] = _checked(rlp.decode_list(self.get(node_hash)))
        return known

    def spare(self) -> int:
        """How many nodes no walk has used."""
        return len(self.by_hash) - len(self.used)


def read_account(state_root: bytes, address: bytes, nodes: NodeSet) -> Account | None:
    """The account at `address` (20 bytes) under the state root; None where it is proved absent."""
    leaf = read_trie(state_root, keccak256(address), nodes)
    if leaf is None:
        return None
    parts = rlp.decode_list(leaf)
    if len(parts) != 4:
        raise MalformedProof("account", "must have four parts", value=len(parts))
    return Account(
        nonce=rlp.bytes_to_int(parts[0], "nonce", bits=64),
        balance=rlp.bytes_to_int(parts[1], "balance"),
        storage_root=rlp.fixed_bytes(parts[2], "storageRoot", 32),
        code_hash=rlp.fixed_bytes(parts[3], "codeHash", 32),
    )


def read_slot(storage_root: bytes, slot: int, nodes: NodeSet) -> int:
    """The word in `slot` of the account with this storage root; 0 where it is proved absent."""
    leaf = read_trie(storage_root, keccak256(slot.to_bytes(32, "big")), nodes)
    if leaf is None:
        return 0
    word = rlp.bytes_to_int(rlp.decode(leaf), "storage word")
    if word == 0:
        raise MalformedProof("storage word", "a zero word is not stored")
    return word


def read_trie(root: bytes, key: bytes, nodes: NodeSet) -> bytes | None:
    """What the trie of this root holds under `key` (32 bytes); None where it is proved to hold nothing.

    Raises MalformedProof (or MalformedRlp) where a node is missing or is no trie node.
    """
    if root == EMPTY_TRIE_ROOT:
        return None
    path = _nibbles(key)
    node = nodes.decoded(root)
    depth = 0
    while True:
        if len(node) == 17:
            if depth == _NIBBLES:
                raise MalformedProof("node", "a branch stands below the last nibble")
            child = node[path[depth]]
            depth += 1
        else:
            part, is_leaf = _unpack(node[0])
            if path[depth : depth + len(part)] != part:
                return None
            depth += len(part)
            if is_leaf:
                if depth != _NIBBLES or not isinstance(node[1], bytes) or not node[1]:
                    raise MalformedProof("leaf", "must end the key and hold a value")
                return node[1]
            child = node[1]
            if depth >= _NIBBLES or not part or child == b"":
                raise MalformedProof("extension", "must lead somewhere")
        if child == b"":
            return None
        node = _follow(child, nodes)


def _follow(child: rlp.Item, nodes: NodeSet) -> list[rlp.Item]:
    if isinstance(child, bytes):
        if len(child) != 32:
            raise MalformedProof("node", "a reference is a hash of 32 bytes", value=len(child))
        node = nodes.decoded(child)
        if len(nodes.by_hash[child]) < 32:
            raise MalformedProof("node", "a node this short stands inside its parent")
        return node
    if len(rlp.encode(child)) >= 32:
        raise MalformedProof("node", "a node this long is referred to by its hash")
    return _checked(child)


def _checked(node: list[rlp.Item]) -> list[rlp.Item]:
    if len(node) == 17:
        if node[16] != b"":
            raise MalformedProof("branch", "holds no value where all keys have one length")
        if sum(child != b"" for child in node[:16]) < 2:
            raise MalformedProof("branch", "must have two children or more")
    elif len(node) != 2:
        raise MalformedProof("node", "must have 17 or 2 parts", value=len(node))
    return node


def _unpack(compact: rlp.Item) -> tuple[Sequence[int], bool]:
    """The nibbles of a compact (hex-prefix) path and whether it belongs to a leaf."""
    if not isinstance(compact, bytes) or not compact or compact[0] >> 4 > 3:
        raise MalformedProof("path", "must be hex-prefix encoded")
    flag = compact[0] >> 4
    nibbles = _nibbles(compact)
    if flag & 1:
        return nibbles[1:], flag >= 2
    if nibbles[1] != 0:
        raise MalformedProof("path", "its padding must be zero")
    return nibbles[2:], flag >= 2


def _nibbles(key: bytes) -> tuple[int, ...]:
    return tuple([nibble for byte in key for nibble in (byte >> 4, byte & 15)])
