"""Merkle Patricia tries: what stands under a root and its proof, and the root after changes.

Yellow Paper appendix D; proofs in the form of EIP-1186: the nodes from the root to where the key is or would be. No key
of a trie is the beginning of another, as hashes and the RLP of indexes never are, so no branch has a value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from Crypto.Hash import keccak as _keccak

from chain.node.trusted_rlp import EMPTY, HASH, listed, number, raw_items, string, text_of

EMPTY_ROOT = bytes.fromhex("56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421")
"""Root of the trie that holds nothing: keccak of the empty string's RLP."""

EMPTY_CODE_HASH = bytes.fromhex("c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470")
"""Keccak of nothing: the code hash of an account without code."""

NIBBLES_MAX = 64
BRANCH_ITEMS = 17
INLINE_BYTES_MAX = 31
"""A node this short or shorter stands inside its parent, not under its hash."""
LEAF_FLAG, ODD_FLAG = 2, 1

NodeOf = Callable[[bytes], bytes]
"""A trie node's RLP by its hash; raises KeyError where none is kept."""


def keccak(data: bytes) -> bytes:
    """Keccak-256 of `data`, as Ethereum uses it."""
    return _keccak.new(data=data, digest_bits=256).digest()


def list_root(items: Sequence[bytes]) -> bytes:
    """Root of the trie that maps the RLP of each index to its item: a block's transactions or receipts."""
    return updated(EMPTY_ROOT, ((number(index), item) for index, item in enumerate(items)), _nothing)[0]


def walk(root: bytes, key: bytes, node_of: NodeOf) -> tuple[bytes | None, list[bytes]]:
    """The value under `key` (32 bytes, already hashed), None where absent, and the raw nodes that prove it.

    Nodes shorter than 32 bytes stand inside their parent and are not listed by themselves. `node_of` gives a node's
    RLP by its hash and raises KeyError where it has none.
    """
    if root == EMPTY_ROOT:
        return None, []
    node = node_of(root)
    proof = [node]
    path = _nibbles(key)
    for _ in range(NIBBLES_MAX + 1):
        items = raw_items(node)
        if len(items) == BRANCH_ITEMS:
            item, path = items[path[0]], path[1:]
        else:
            prefix, is_leaf = _unpacked(items[0])
            if is_leaf:
                return (text_of(items[1]) if path == prefix else None), proof
            if not path.startswith(prefix):
                return None, proof
            item, path = items[1], path[len(prefix) :]
        if item == EMPTY:
            return None, proof
        node = item
        if item[0] == HASH:
            node = node_of(item[1:])
            proof.append(node)
    raise KeyError(root)


def updated(
    root: bytes, changes: Iterable[tuple[bytes, bytes | None]], node_of: NodeOf
) -> tuple[bytes, dict[bytes, bytes]]:
    """The root once each key has its new value (None: once it is gone), and the nodes on the way there by their hash.

    Each node is encoded and hashed once, after all changes.
    """
    node = None if root == EMPTY_ROOT else _parsed(node_of(root))
    for key, value in changes:
        if value is None:
            node = _without(node, _nibbles(key), node_of)
        else:
            node = _with(node, _nibbles(key), value, node_of)
    if node is None:
        return EMPTY_ROOT, {}
    fresh: dict[bytes, bytes] = {}
    raw = _encoded(node, fresh)
    name = keccak(raw)
    fresh[name] = raw
    return name, fresh


class _Leaf:
    """The end of a key and its value."""

    __slots__ = ("path", "value")

    def __init__(self, path: bytes, value: bytes) -> None:
        self.path = path
        self.value = value


class _Extension:
    """A part of a path that all keys below share; below it stands a branch."""

    __slots__ = ("child", "path")

    def __init__(self, path: bytes, child: _Child) -> None:
        self.path = path
        self.child = child


class _Branch:
    """Sixteen ways on."""

    __slots__ = ("children",)

    def __init__(self, children: list[_Child]) -> None:
        self.children = children


_Node = _Leaf | _Extension | _Branch
_Child = bytes | _Node
"""A node below another: an item of RLP while nothing in it was looked at, else the node itself."""


def _parsed(raw: bytes) -> _Node:
    items = raw_items(raw)
    if len(items) == BRANCH_ITEMS:
        return _Branch(list(items[:16]))
    path, is_leaf = _unpacked(items[0])
    return _Leaf(path, text_of(items[1])) if is_leaf else _Extension(path, items[1])


def _opened(child: _Child, node_of: NodeOf) -> _Node | None:
    if not isinstance(child, bytes):
        return child
    if child == EMPTY:
        return None
    return _parsed(node_of(child[1:]) if child[0] == HASH else child)


def _with(node: _Node | None, path: bytes, value: bytes, node_of: NodeOf) -> _Node:
    """The node with this value at the end of the path below it."""
    if node is None:
        return _Leaf(path, value)
    if isinstance(node, _Branch):
        place = path[0]
        node.children[place] = _with(_opened(node.children[place], node_of), path[1:], value, node_of)
        return node
    shared = _shared(node.path, path)
    if shared == len(node.path):
        if isinstance(node, _Leaf):
            node.value = value
        else:
            node.child = _with(_opened(node.child, node_of), path[shared:], value, node_of)
        return node
    children: list[_Child] = [EMPTY] * 16
    children[node.path[shared]] = _shortened(node, shared + 1)
    children[path[shared]] = _Leaf(path[shared + 1 :], value)
    branch = _Branch(children)
    return _Extension(path[:shared], branch) if shared else branch


def _without(node: _Node | None, path: bytes, node_of: NodeOf) -> _Node | None:
    """The node without what stands at the end of the path; None where nothing is left."""
    if node is None:
        return None
    if isinstance(node, _Leaf):
        return None if node.path == path else node
    if isinstance(node, _Extension):
        if not path.startswith(node.path):
            return node
        below = _without(_opened(node.child, node_of), path[len(node.path) :], node_of)
        return None if below is None else _lengthened(node.path, below)
    place = path[0]
    node.children[place] = _without(_opened(node.children[place], node_of), path[1:], node_of) or EMPTY
    left = [at for at, child in enumerate(node.children) if child != EMPTY]
    if len(left) != 1:
        return node
    only = _opened(node.children[left[0]], node_of)
    return None if only is None else _lengthened(bytes(left), only)


def _lengthened(path: bytes, node: _Node) -> _Node:
    """The node behind some more of its path."""
    if isinstance(node, _Leaf):
        return _Leaf(path + node.path, node.value)
    if isinstance(node, _Extension):
        return _Extension(path + node.path, node.child)
    return _Extension(path, node)


def _shortened(node: _Leaf | _Extension, by: int) -> _Child:
    """What is left of the node behind so much of its path."""
    if isinstance(node, _Leaf):
        return _Leaf(node.path[by:], node.value)
    return _Extension(node.path[by:], node.child) if len(node.path) > by else node.child


def _encoded(node: _Node, fresh: dict[bytes, bytes]) -> bytes:
    if isinstance(node, _Branch):
        items = [child if isinstance(child, bytes) else _item(child, fresh) for child in node.children]
        return listed(b"".join(items) + EMPTY)
    if isinstance(node, _Leaf):
        return listed(string(_packed(node.path, LEAF_FLAG)) + string(node.value))
    child = node.child if isinstance(node.child, bytes) else _item(node.child, fresh)
    return listed(string(_packed(node.path, 0)) + child)


def _item(node: _Node, fresh: dict[bytes, bytes]) -> bytes:
    """The node as it stands in its parent: whole where it is short, else by its hash."""
    raw = _encoded(node, fresh)
    if len(raw) <= INLINE_BYTES_MAX:
        return raw
    name = keccak(raw)
    fresh[name] = raw
    return bytes((HASH,)) + name


def _shared(one: bytes, other: bytes) -> int:
    """How many nibbles two paths have in common from their start."""
    count = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        count += 1
    return count


def _nibbles(data: bytes) -> bytes:
    """Each half of each byte as a byte."""
    return bytes.fromhex("0" + "0".join(data.hex()))


def _unpacked(item: bytes) -> tuple[bytes, bool]:
    """The path in a node's first item (Yellow Paper appendix C), and whether the node is a leaf."""
    nibbles = _nibbles(text_of(item))
    return nibbles[1 if nibbles[0] & ODD_FLAG else 2 :], bool(nibbles[0] & LEAF_FLAG)


def _packed(path: bytes, flag: int) -> bytes:
    """A path as a node's first item has it."""
    head = bytes((flag | ODD_FLAG,)) if len(path) & 1 else bytes((flag, 0))
    return bytes.fromhex((head + path).hex()[1::2])


def _nothing(node_hash: bytes) -> bytes:
    raise KeyError(node_hash)
