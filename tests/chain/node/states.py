"""What whole states are made of: every node under a state root, for tests that nothing of it is lost or left over."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

import rlp

from chain.node.trie import EMPTY_CODE_HASH, EMPTY_ROOT

NodeOf = Callable[[bytes], bytes]


def named_by(node: bytes) -> tuple[list[bytes], list[bytes]]:
    """The hashes of the nodes and of the codes that a trie node names. Written apart from the code under test."""
    decoded = rlp.decode(node)
    if len(decoded) == 17:
        return [child for child in decoded[:16] if isinstance(child, bytes) and len(child) == 32], []
    path, value = decoded
    if path[0] >> 4 in (0, 1):
        return ([value] if isinstance(value, bytes) else []), []
    inner = rlp.decode(value)
    if isinstance(inner, bytes):
        return [], []
    _, _, storage, code = inner
    return [storage] * (storage != EMPTY_ROOT), [code] * (code != EMPTY_CODE_HASH)


def whole(roots: Iterable[bytes], node_of: NodeOf) -> tuple[Counter[bytes], Counter[bytes]]:
    """How often each trie node, and each code, is named under these state roots; raises KeyError for one missing."""
    nodes: Counter[bytes] = Counter(root for root in roots if root != EMPTY_ROOT)
    codes: Counter[bytes] = Counter()
    left = list(nodes)
    while left:
        below, code = named_by(node_of(left.pop()))
        left += [one for one in set(below) if one not in nodes]
        nodes.update(below)
        codes.update(code)
    for name in codes:
        node_of(name)
    return nodes, codes
