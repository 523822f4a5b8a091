"""The restore drill of `docs/operations/restore.md`, the half of the node: a copied folder is the same chain."""

from __future__ import annotations

import shutil
from pathlib import Path

from eth_account.signers.local import LocalAccount

from chain.node.genesis import Genesis
from chain.node.node import EmbeddedNode
from chain.node.settings import NodeSettings
from tests.chain.node.conftest import VALIDATOR_KEYS, signed, write_folder
from tests.house.test_house import REPOSITORY

PAGE = (REPOSITORY / "docs" / "operations" / "restore.md").read_text(encoding="utf-8")
NOW_S = 1_700_000_000.0


def open_node(folder: Path, genesis: Genesis) -> EmbeddedNode:
    settings = NodeSettings(instant=True)
    return EmbeddedNode.open(folder / "node", genesis, VALIDATOR_KEYS, settings, clock=lambda: NOW_S)


def test_a_node_copied_while_it_was_stopped_is_the_same_chain_and_goes_on(
    tmp_path: Path, genesis: Genesis, sender: LocalAccount
) -> None:
    write_folder(tmp_path / "dir", genesis)
    node = open_node(tmp_path / "dir", genesis)
    for nonce in range(3):
        node.send(signed(sender, nonce))
    head = node.head
    node.close()
    shutil.copytree(tmp_path / "dir", tmp_path / "backup")
    shutil.rmtree(tmp_path / "dir")
    shutil.copytree(tmp_path / "backup", tmp_path / "dir")
    restored = open_node(tmp_path / "dir", genesis)
    assert (restored.head.number, restored.head.hash) == (head.number, head.hash)
    restored.send(signed(sender, 3))
    assert restored.head.number == head.number + 1
    restored.close()


def test_the_page_says_what_is_copied_and_how_it_is_proved() -> None:
    for word in (
        "tongguan backup",
        "tongguan restore",
        "data-keys.json",
        "systemctl stop tongguan-node",
        "tongguan audit",
    ):
        assert word in PAGE
