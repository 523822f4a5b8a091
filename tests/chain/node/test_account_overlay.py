"""Accounts while transactions run: whatever is done to them, they say what py-evm's own say, and give the same root."""

from __future__ import annotations

import random
from typing import Any

import pytest
from eth.vm.forks.london.computation import LondonComputation
from eth.vm.interrupt import MissingBytecode
from eth_account import Account
from eth_utils.exceptions import ValidationError
from hypothesis import given, settings
from hypothesis import strategies as st

from chain.node.account_overlay import LiveAccounts
from chain.node.errors import TrieNodeMissing
from chain.node.genesis import Allotment
from chain.node.transactions import parse_transaction
from chain.node.trie import EMPTY_ROOT, keccak
from chain.node.vm import Context, Outcome, State, allotted_state, run_transactions
from tests.chain.node.conftest import CHAIN_ID
from tests.chain.node.reference import ReferenceAccounts, ReferenceExecutor
from tests.chain.node.states import whole

ADDRESSES = [bytes([n]) * 20 for n in range(1, 6)]
ACTS = st.tuples(
    st.sampled_from(
        ["word", "word", "word", "balance", "nonce", "code", "touch", "empty", "record", "back", "keep", "lock", "warm"]
    ),
    st.integers(0, 4),
    st.integers(0, 40),
    st.sampled_from([0, 0, 1, 2, 255, 1 << 255]),
)
KEYS = [bytes([n]) * 32 for n in (0x42, 0x43)]
SENDERS = [bytes.fromhex(Account.from_key(key).address[2:]) for key in KEYS]


class Nodes:
    """Trie nodes in memory; raises as the store does."""

    def __init__(self) -> None:
        self.kept: dict[bytes, bytes] = {}

    def __call__(self, name: bytes) -> bytes:
        try:
            return self.kept[name]
        except KeyError:
            raise TrieNodeMissing(name) from None


class Pair:
    """The same done to both."""

    def __init__(self) -> None:
        self.nodes, self.reference_nodes = Nodes(), Nodes()
        self.ours: Any = LiveAccounts(self.nodes, EMPTY_ROOT)
        self.theirs: Any = ReferenceAccounts(self.reference_nodes, EMPTY_ROOT)
        self.points: list[tuple[Any, Any]] = []

    def both(self, method: str, *arguments: Any) -> None:
        assert getattr(self.ours, method)(*arguments) == getattr(self.theirs, method)(*arguments), (method, arguments)

    def act(self, what: str, place: int, slot: int, word: int) -> None:
        address = ADDRESSES[place]
        if what == "word":
            self.both("set_storage", address, slot, word)
            self.both("mark_storage_warm", address, slot)
        elif what == "balance":
            self.both("set_balance", address, word)
        elif what == "nonce":
            self.both("set_nonce", address, slot)
        elif what == "code":
            self.both("set_code", address, bytes([slot]) * (1 + word % 64))
        elif what == "touch":
            self.both("touch_account", address)
        elif what == "warm":
            self.both("mark_address_warm", address)
        elif what == "empty":
            # As at the end of a transaction, where contracts destroy themselves.
            self.both("delete_account", address)
            self.lock()
        elif what == "record":
            self.points.append((self.ours.record(), self.theirs.record()))
        elif what == "back" and self.points:
            ours, theirs = self.points.pop()
            self.ours.discard(ours)
            self.theirs.discard(theirs)
        elif what == "keep" and self.points:
            ours, theirs = self.points.pop()
            self.ours.commit(ours)
            self.theirs.commit(theirs)
        elif what == "lock":
            self.lock()

    def lock(self) -> None:
        while self.points:
            self.act("keep", 0, 0, 0)
        self.both("lock_changes")

    def compare(self, slots: range) -> None:
        for address in ADDRESSES:
            for method in (
                "get_balance",
                "get_nonce",
                "get_code",
                "get_code_hash",
                "account_exists",
                "account_is_empty",
                "account_has_code_or_nonce",
                "is_address_warm",
            ):
                self.both(method, address)
            for slot in slots:
                self.both("get_storage", address, slot)
                self.both("get_storage", address, slot, False)
                self.both("is_storage_warm", address, slot)

    def persist(self) -> None:
        self.lock()
        self.ours.persist()
        self.theirs.persist()
        root = self.ours.state_root
        assert root == self.theirs.state_root
        self.nodes.kept.update(self.ours.fresh)
        self.reference_nodes.kept.update(self.theirs.fresh)
        whole([root], self.nodes)
        self.ours, self.theirs = LiveAccounts(self.nodes, root), ReferenceAccounts(self.reference_nodes, root)


@given(st.lists(st.lists(ACTS, max_size=25), max_size=4))
@settings(max_examples=150, deadline=None)
def test_whatever_is_done_both_say_the_same_and_have_one_root(blocks: list[list[tuple[str, int, int, int]]]) -> None:
    pair = Pair()
    for acts in blocks:
        for act in acts:
            pair.act(*act)
            pair.compare(range(act[2], act[2] + 1))
        pair.compare(range(41))
        pair.persist()


def _program(chance: random.Random, depth: int = 0) -> bytes:
    """Code that stores, logs, calls, makes contracts and destroys itself, by chance; some of it fails."""
    code = b""
    for _ in range(chance.randint(1, 8)):
        slot, word = chance.randrange(4), chance.choice([0, 0, 1, 7])
        target = chance.choice(ADDRESSES)
        code += chance.choice(
            [
                bytes([0x60, word, 0x60, slot, 0x55]),
                bytes([0x60, slot, 0x54, 0x50]),
                bytes([0x60, word, 0x60, 0, 0x60, 0, 0xA1]),
                bytes([0x60, 0, 0x60, 0, 0x60, 0, 0x60, 0, 0x60, word % 2, 0x73]) + target + bytes([0x5A, 0xF1, 0x50]),
                bytes([0x60, 0, 0x60, 0, 0x60, 0, 0x60, 0, 0x73]) + target + bytes([0x5A, 0xF4, 0x50]),
                bytes([0x73]) + target + bytes([0x3B, 0x50]),
                b"\x5b",
                bytes([0x60, word, 0x60, chance.randrange(40), 0x57]),
                bytes([0x73]) + target + bytes([0x3F, 0x60, slot, 0x55]),
                bytes([0x73]) + target + bytes([0x31, 0x60, slot, 0x55]),
                _made(chance, depth) if depth < 2 else b"",
            ]
        )
    ends = [b"", b"\x00", bytes.fromhex("60006000fd"), b"\xfe"]
    if depth:
        ends += [bytes([0x60, 0, 0x54, 0x60, 0, 0x53, 0x60, 1, 0x60, 0, 0xF3])]
    return code + chance.choice([*ends, bytes([0x73]) + chance.choice(ADDRESSES) + b"\xff"])


def _made(chance: random.Random, depth: int) -> bytes:
    """Code that makes a contract, at an address that another may have had (CREATE2) or a new one."""
    inner = _program(chance, depth + 1)[:200]
    copied = b"".join(bytes([0x60, byte, 0x60, place, 0x53]) for place, byte in enumerate(inner))
    size = bytes([0x60, len(inner)])
    return copied + (
        bytes([0x60, chance.randrange(2)]) + size + bytes([0x60, 0, 0x60, 0, 0xF5, 0x50])
        if chance.random() < 0.6
        else size + bytes([0x60, 0, 0x60, 0, 0xF0, 0x50])
    )


def _raws(chance: random.Random, nonces: list[int], targets: list[bytes]) -> list[bytes]:
    raws = []
    nonces = list(nonces)
    for _ in range(chance.randint(1, 4)):
        place = chance.randrange(len(KEYS))
        fields: dict[str, Any] = {
            "chainId": CHAIN_ID,
            "nonce": nonces[place],
            "gas": chance.choice([90_000, 400_000, 3_000_000]),
            "value": chance.choice([0, 0, 0, 1, 1, 10**30]),
            "to": chance.choice([*(address.hex() for address in targets), ""]),
            "data": _program(chance)[:400],
        }
        if chance.random() < 0.5:
            fields |= {"maxFeePerGas": chance.choice([0, 3]), "maxPriorityFeePerGas": 0, "type": 2}
            fields["accessList"] = [{"address": chance.choice(ADDRESSES), "storageKeys": ["0x" + "00" * 31 + "01"]}]
        else:
            fields["gasPrice"] = chance.choice([0, 0, 2])
        if fields["to"]:
            fields["to"] = "0x" + fields["to"]
        else:
            # A contract whose code is the program.
            body = fields["data"]
            head = bytes.fromhex("61") + len(body).to_bytes(2) + bytes.fromhex("80600c6000396000f3")
            fields["data"] = chance.choice([body, head + body])
        raws.append(bytes(Account.from_key(KEYS[place]).sign_transaction(fields).raw_transaction))
        nonces[place] += chance.choice([1, 1, 1, 0]) if fields["value"] < 2 else 0
    return raws


def _told(outcome: Outcome) -> tuple[object, ...]:
    return (
        [one.hash for one in outcome.included],
        [receipt.raw for receipt in outcome.receipts],
        [(one.hash, reason) for one, reason in outcome.dropped],
        outcome.state_root,
        outcome.gas_used,
    )


def _by_py_evm(monkeypatch: pytest.MonkeyPatch, *arguments: Any) -> Outcome:
    """The same run with nothing of ours but the order in which transactions come."""
    with monkeypatch.context() as patch:
        patch.setattr(State, "account_db_class", ReferenceAccounts)
        patch.setattr(State, "computation_class", LondonComputation)
        patch.setattr(State, "transaction_executor_class", ReferenceExecutor)
        return run_transactions(*arguments)


@pytest.mark.parametrize("seed", range(40))
def test_blocks_of_any_code_are_what_py_evm_alone_makes_of_them(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(seed)
    alloc = {address: Allotment(balance=5, code=_program(chance), storage={1: 7, 2: 9}) for address in ADDRESSES[:4]}
    alloc |= {sender: Allotment(balance=10**24) for sender in SENDERS}
    root, fresh = allotted_state(alloc)
    nodes, reference = Nodes(), Nodes()
    nodes.kept.update(fresh)
    reference.kept.update(fresh)
    nonces = [0, 0]
    targets = [*ADDRESSES, b"\x03".rjust(20, b"\0")]
    for number in range(1, 5):
        raws = _raws(chance, nonces, targets)
        context = Context(CHAIN_ID, number, number, b"\x09" * 20, 30_000_000, lambda: [bytes(32)] * 9)
        pooled = [parse_transaction(raw, CHAIN_ID) for raw in raws]
        ours = run_transactions(nodes, root, context, pooled)
        theirs = _by_py_evm(monkeypatch, reference, root, context, pooled)
        assert _told(ours) == _told(theirs)
        root = ours.state_root
        for one in ours.included:
            nonces[SENDERS.index(one.sender)] += 1
        nodes.kept.update(ours.fresh)
        reference.kept.update(theirs.fresh)
        whole([root], nodes)


def test_what_is_missing_is_said_and_not_taken_for_empty() -> None:
    nodes = Nodes()
    accounts = LiveAccounts(nodes, EMPTY_ROOT)
    accounts.set_nonce(ADDRESSES[0], 1)
    accounts.set_code(ADDRESSES[0], b"\x60")
    accounts.set_storage(ADDRESSES[0], 1, 1)
    accounts.persist()
    nodes.kept.update(accounts.fresh)
    del nodes.kept[keccak(b"\x60")]
    with pytest.raises(MissingBytecode):
        LiveAccounts(nodes, accounts.state_root).get_code(ADDRESSES[0])
    storage_root = LiveAccounts(nodes, accounts.state_root)._get(ADDRESSES[0]).storage_root
    del nodes.kept[storage_root]
    with pytest.raises(TrieNodeMissing):
        LiveAccounts(nodes, accounts.state_root).get_storage(ADDRESSES[0], 1)
    del nodes.kept[accounts.state_root]
    with pytest.raises(TrieNodeMissing):
        LiveAccounts(nodes, accounts.state_root).get_balance(ADDRESSES[0])


@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("set_balance", (-1,)),
        ("set_balance", (1 << 256,)),
        ("set_nonce", (1 << 64,)),
        ("set_storage", (0, 1 << 256)),
        ("set_storage", (1 << 256, 0)),
    ],
)
def test_what_no_state_can_hold_is_refused(method: str, arguments: tuple[int, ...]) -> None:
    accounts = LiveAccounts(Nodes(), EMPTY_ROOT)
    with pytest.raises(ValidationError):
        getattr(accounts, method)(ADDRESSES[0], *arguments)
    with pytest.raises(ValidationError):
        accounts.get_balance(b"\x01" * 19)


def test_a_loop_that_stores_does_not_fill_the_memory() -> None:
    accounts = LiveAccounts(Nodes(), EMPTY_ROOT)
    accounts.set_storage(ADDRESSES[0], 0, 7)
    accounts.lock_changes()
    point = accounts.record()
    for number in range(1, 5_000):
        accounts.set_storage(ADDRESSES[0], 0, number)
        accounts.set_balance(ADDRESSES[0], number)
    inner = accounts.record()
    accounts.set_storage(ADDRESSES[0], 0, 1)
    accounts.discard(inner)
    assert accounts.get_storage(ADDRESSES[0], 0) == accounts.get_balance(ADDRESSES[0]) == 4_999
    assert len(accounts._undo) < 10
    accounts.discard(point)
    assert accounts.get_storage(ADDRESSES[0], 0) == 7 and not accounts.account_exists(ADDRESSES[0])
