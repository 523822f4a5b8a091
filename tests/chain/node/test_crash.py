"""Killed at any moment, the node starts again at a whole block, with nothing lost that anyone was told of."""

from __future__ import annotations

from pathlib import Path

import pytest
from eth_account.signers.local import LocalAccount

from chain.node import EmbeddedNode, Genesis
from chain.node.node import JOURNAL_FILE
from tests.chain.node.conftest import VALIDATOR_KEYS, signed
from tests.chain.node.crash import crash

KILLS = 25


@pytest.mark.slow
def test_no_kill_loses_a_block_or_a_transaction_that_was_told() -> None:
    assert crash(KILLS) > 0


def test_what_waited_when_the_node_closed_is_sealed_after_it_opens(
    tmp_path: Path, genesis: Genesis, sender: LocalAccount
) -> None:
    node = EmbeddedNode.open(tmp_path, genesis, VALIDATOR_KEYS, clock=lambda: 0.0)
    names = [node.send(signed(sender, nonce)) for nonce in (0, 1, 3)]
    node.close()
    node = EmbeddedNode.open(tmp_path, genesis, VALIDATOR_KEYS)
    assert node.wait_for_block(0, 5)
    assert [bool(node.find_transaction(name)) for name in names] == [True, True, False]
    assert node.find_waiting(names[2])
    node.close()


def test_a_torn_journal_keeps_what_stands_before_the_tear(
    tmp_path: Path, genesis: Genesis, sender: LocalAccount, caplog: pytest.LogCaptureFixture
) -> None:
    node = EmbeddedNode.open(tmp_path, genesis, VALIDATOR_KEYS, clock=lambda: 0.0)
    names = [node.send(signed(sender, nonce)) for nonce in (0, 1)]
    node.close()
    journal = tmp_path / JOURNAL_FILE
    journal.write_bytes(journal.read_bytes()[:-3])
    node = EmbeddedNode.open(tmp_path, genesis, VALIDATOR_KEYS, clock=lambda: 0.0)
    assert node.find_waiting(names[0]) and not node.find_waiting(names[1])
    assert "torn" in caplog.text
    node.close()


def test_a_restart_names_what_it_dropped(
    tmp_path: Path, genesis: Genesis, sender: LocalAccount, caplog: pytest.LogCaptureFixture
) -> None:
    from chain.node import NodeSettings

    node = EmbeddedNode.open(tmp_path, genesis, VALIDATOR_KEYS, clock=lambda: 0.0)
    name = node.send(signed(sender, 0))
    node.close()
    nobody = NodeSettings(senders=frozenset())
    node = EmbeddedNode.open(tmp_path, genesis, VALIDATOR_KEYS, nobody, clock=lambda: 0.0)
    assert node.waiting == 0
    assert name.hex() in caplog.text and "permitted" in caplog.text
    node.close()
