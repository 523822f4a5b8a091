"""Tries brought to a new root at once have the root and the nodes of py-trie's, which changes key by key."""

from __future__ import annotations

import random

import pytest
import rlp
from hypothesis import given, settings
from hypothesis import strategies as st
from trie import HexaryTrie

from chain.node.trie import EMPTY_ROOT, keccak, list_root, updated, walk
from chain.node.trusted_rlp import listed, number, number_of, raw_items, string, text_of

KEYS = st.one_of(
    # Few nibbles and short values, so that paths are shared and nodes stand inside their parents; and hashes.
    st.integers(0, 40).map(lambda n: bytes([n // 16 * 17, n % 7])),
    st.integers(0, 60).map(lambda n: b"\0" + bytes([n])),
)
VALUES = st.one_of(st.none(), st.binary(min_size=1, max_size=3), st.binary(min_size=20, max_size=120))
CHANGES = st.lists(st.tuples(KEYS, VALUES), max_size=30)


def reference(changes: list[tuple[bytes, bytes | None]], kept: dict[bytes, bytes], root: bytes) -> bytes:
    trie = HexaryTrie(kept, root)
    for key, value in changes:
        if value is None:
            trie.delete(key)
        else:
            trie[key] = value
    return bytes(trie.root_hash)


@given(st.lists(CHANGES, min_size=1, max_size=4), st.booleans())
@settings(max_examples=300, deadline=None)
def test_any_changes_give_the_root_that_py_trie_gives(
    rounds: list[list[tuple[bytes, bytes | None]]], hashed: bool
) -> None:
    ours: dict[bytes, bytes] = {}
    theirs: dict[bytes, bytes] = {}
    root = other = EMPTY_ROOT
    model: dict[bytes, bytes | None] = {}
    for changes in rounds:
        if hashed:
            changes = [(keccak(key), value) for key, value in changes]
        root, fresh = updated(root, changes, ours.__getitem__)
        assert all(keccak(node) == name for name, node in fresh.items())
        ours |= fresh
        other = reference(changes, theirs, other)
        assert root == other
        model |= dict(changes)
    for key, value in model.items():
        found, proof = walk(root, key, ours.__getitem__)
        assert found == value
        assert [theirs[keccak(node)] for node in proof] == proof


@pytest.mark.parametrize("count", [0, 1, 2, 16, 17, 127, 128, 129, 300])
def test_the_root_of_a_list_is_that_of_its_trie(count: int) -> None:
    chance = random.Random(count)
    items = [chance.randbytes(chance.choice([1, 5, 31, 32, 33, 200])) for _ in range(count)]
    pairs: list[tuple[bytes, bytes | None]] = [(rlp.encode(index), item) for index, item in enumerate(items)]
    assert list_root(items) == reference(pairs, {}, EMPTY_ROOT)


def test_a_missing_node_is_said_and_not_taken_for_nothing() -> None:
    pairs: list[tuple[bytes, bytes | None]] = [(keccak(bytes([n])), bytes([n]) * 40) for n in range(1, 40)]
    root, nodes = updated(EMPTY_ROOT, pairs, {}.__getitem__)
    for name in nodes:
        fewer = {key: node for key, node in nodes.items() if key != name}
        lost = 0
        for key, value in pairs:
            try:
                assert walk(root, key, fewer.__getitem__)[0] == value
            except KeyError as error:
                assert error.args == (name,)
                lost += 1
        assert lost
        with pytest.raises(KeyError):
            updated(root, [(key, None) for key, _ in pairs], fewer.__getitem__)


@given(st.recursive(st.binary(max_size=70), lambda inner: st.lists(inner, max_size=20), max_leaves=40))
def test_own_rlp_is_read_as_the_library_reads_it(tree: object) -> None:
    def read(item: bytes) -> object:
        return [read(one) for one in raw_items(item)] if item[0] >= 0xC0 else text_of(item)

    encoded = rlp.encode(tree)
    assert read(encoded) == tree
    if isinstance(tree, bytes):
        assert string(tree) == encoded
    else:
        assert listed(b"".join(raw_items(encoded))) == encoded


@pytest.mark.parametrize("value", [0, 1, 127, 128, 255, 256, 1 << 64, (1 << 256) - 1])
def test_own_numbers_are_the_librarys(value: int) -> None:
    assert number(value) == rlp.encode(value)
    assert number_of(number(value)) == value


@pytest.mark.parametrize("length", [55, 56, 255, 256, 70_000])
def test_long_strings_and_lists_are_the_librarys(length: int) -> None:
    data = b"\x07" * length
    assert string(data) == rlp.encode(data)
    assert text_of(string(data)) == data
    assert listed(string(data)) == rlp.encode([data])
    assert raw_items(rlp.encode([data, b"x"])) == [rlp.encode(data), b"x"]


def test_cut_short_rlp_is_refused() -> None:
    whole = rlp.encode([b"a" * 32, b"b" * 60, [b"c"]])
    for length in range(1, len(whole)):
        with pytest.raises((ValueError, IndexError)):
            raw_items(whole[:length])
