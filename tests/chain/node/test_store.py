"""The database: refused, with a sentence, where it is damaged, foreign, or in use."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import lmdb
import pytest
from eth_account.signers.local import LocalAccount

from chain.node import EmbeddedNode, Genesis, NodeSettings
from chain.node.errors import NodeStoreFault
from chain.node.store import TABLES
from tests.chain.node.conftest import VALIDATOR_KEYS, signed
from tests.samples import REPOSITORY

INSTANT = NodeSettings(instant=True)


@pytest.fixture
def chain_folder(tmp_path: Path, genesis: Genesis, sender: LocalAccount) -> Path:
    """A closed database of five blocks."""
    folder = tmp_path / "chain"
    node = EmbeddedNode.open(folder, genesis, VALIDATOR_KEYS, INSTANT)
    for nonce in range(5):
        node.send(signed(sender, nonce))
    node.close()
    return folder


def altered(folder: Path, table: str, key: bytes, change: Any) -> None:
    environment = lmdb.open(str(folder), max_dbs=len(TABLES), map_size=1 << 30)
    database = environment.open_db(table.encode())
    with environment.begin(write=True, db=database) as transaction:
        value = change(transaction.get(key))
        if value is None:
            transaction.delete(key)
        else:
            transaction.put(key, value)
    environment.close()


def flipped(value: bytes) -> bytes:
    return value[:-1] + bytes([value[-1] ^ 1])


def test_a_closed_chain_opens_as_it_was(chain_folder: Path, genesis: Genesis) -> None:
    node = EmbeddedNode.open(chain_folder, genesis, VALIDATOR_KEYS, INSTANT)
    assert node.head.number == 5
    node.close()


def test_a_second_node_on_the_folder_is_refused(chain_folder: Path, genesis: Genesis) -> None:
    node = EmbeddedNode.open(chain_folder, genesis, VALIDATOR_KEYS, INSTANT)
    with pytest.raises(NodeStoreFault, match="another process"):
        EmbeddedNode.open(chain_folder, genesis, VALIDATOR_KEYS, INSTANT)
    node.close()


def test_another_chains_database_is_refused(chain_folder: Path, genesis: Genesis) -> None:
    other = Genesis(genesis.chain_id + 1, genesis.gas_limit, 5, genesis.validators)
    with pytest.raises(NodeStoreFault, match="another chain"):
        EmbeddedNode.open(chain_folder, other, VALIDATOR_KEYS, INSTANT)


def test_a_refused_folder_is_free_again(chain_folder: Path, genesis: Genesis) -> None:
    other = Genesis(genesis.chain_id, genesis.gas_limit, 5, genesis.validators)
    with pytest.raises(NodeStoreFault):
        EmbeddedNode.open(chain_folder, other, VALIDATOR_KEYS, INSTANT)
    EmbeddedNode.open(chain_folder, genesis, VALIDATOR_KEYS, INSTANT).close()


@pytest.mark.parametrize(
    ("table", "change"),
    [("headers", flipped), ("bodies", flipped), ("receipts", flipped), ("headers", lambda _: None)],
    ids=["header", "transaction", "receipt", "missing header"],
)
def test_a_block_that_is_not_what_its_hashes_say_is_refused(
    chain_folder: Path, genesis: Genesis, table: str, change: Any
) -> None:
    altered(chain_folder, table, (4).to_bytes(8), change)
    with pytest.raises(NodeStoreFault, match="damaged"):
        EmbeddedNode.open(chain_folder, genesis, VALIDATOR_KEYS, INSTANT)


def test_a_lost_state_root_is_refused(chain_folder: Path, genesis: Genesis) -> None:
    node = EmbeddedNode.open(chain_folder, genesis, VALIDATOR_KEYS, INSTANT)
    root = node.head.state_root
    node.close()
    altered(chain_folder, "nodes", root, lambda _: None)
    with pytest.raises(NodeStoreFault, match="damaged"):
        EmbeddedNode.open(chain_folder, genesis, VALIDATOR_KEYS, INSTANT)


def test_a_later_format_is_refused(chain_folder: Path, genesis: Genesis) -> None:
    altered(chain_folder, "meta", b"format", lambda _: b"2")
    with pytest.raises(NodeStoreFault, match="format"):
        EmbeddedNode.open(chain_folder, genesis, VALIDATOR_KEYS, INSTANT)


def test_a_file_cut_short_is_refused(chain_folder: Path, genesis: Genesis) -> None:
    file = chain_folder / "data.mdb"
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    with pytest.raises(NodeStoreFault, match="damaged"):
        EmbeddedNode.open(chain_folder, genesis, VALIDATOR_KEYS, INSTANT)


def test_a_file_of_something_else_is_refused(tmp_path: Path, genesis: Genesis) -> None:
    (tmp_path / "data.mdb").write_bytes(b"SQLite format 3\0" * 4096)
    with pytest.raises(NodeStoreFault):
        EmbeddedNode.open(tmp_path, genesis, VALIDATOR_KEYS, INSTANT)


def test_another_programs_database_is_refused(tmp_path: Path, genesis: Genesis) -> None:
    environment = lmdb.open(str(tmp_path), max_dbs=20)
    for number in range(9):
        environment.open_db(f"theirs {number}".encode())
    environment.close()
    with pytest.raises(NodeStoreFault, match="not made by this node"):
        EmbeddedNode.open(tmp_path, genesis, VALIDATOR_KEYS, INSTANT)


def test_a_full_database_says_so_and_shows_no_half_block(
    tmp_path: Path, genesis: Genesis, sender: LocalAccount
) -> None:
    small = NodeSettings(instant=True, database_bytes_max=1 << 18)
    node = EmbeddedNode.open(tmp_path, genesis, VALIDATOR_KEYS, small)
    with pytest.raises(NodeStoreFault, match="largest size"):
        for nonce in range(100):
            node.send(signed(sender, nonce, data=b"\x01" * 50_000, gas=2_000_000))
    head = node.head.number
    assert node.find_transaction(node.block(head).hashes[0]) == (head, 0)
    node.close()
    again = EmbeddedNode.open(tmp_path, genesis, VALIDATOR_KEYS, NodeSettings(read_only=True))
    assert again.head.number == head
    again.close()


def test_random_damage_ends_in_a_refusal_or_a_whole_chain(chain_folder: Path, genesis: Genesis, tmp_path: Path) -> None:
    """Each damaged copy is opened in a process of its own: whatever it says, it shows no block that is not ours."""
    (tmp_path / "genesis.json").write_text(genesis.format())
    node = EmbeddedNode.open(chain_folder, genesis, VALIDATOR_KEYS, INSTANT)
    ours = [node.header(number).hash.hex() for number in range(6)]
    node.close()
    child = REPOSITORY / "tests" / "chain" / "node" / "damage.py"
    command = [sys.executable, str(child), str(tmp_path / "genesis.json"), str(chain_folder), str(tmp_path / "copy")]
    said = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True, timeout=120).stdout
    outcomes = [line.split() for line in said.splitlines()]
    assert len(outcomes) >= 20
    assert {outcome[0] for outcome in outcomes} <= {"refused", "opened", "killed"}
    for outcome in outcomes:
        if outcome[0] == "opened":
            assert outcome[1:] == ours[: len(outcome) - 1]
