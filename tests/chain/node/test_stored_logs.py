"""A log search answers from stored bytes what the whole blocks would have told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from chain.ledger import calls
from chain.node import EmbeddedNode
from chain.node.errors import NodeStoreFault
from chain.node.stored_logs import BlockLogs
from tests.contracts.engines import Consortium, account, open_embedded, uscc


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedNode]:
    """A chain with founding, governance and batches: blocks with none, one and several logs."""
    node, engine = open_embedded(tmp_path_factory.mktemp("logs") / "node")
    consortium = Consortium(engine, threshold=1)
    gateway = account("gateway")
    consortium.send(calls.propose(calls.setting_gateway(gateway.address, uscc(0))), consortium.controllers[0])
    for number in range(3):
        consortium.send(calls.anchor(bytes([number]) * 32, 1, bytes(48)), gateway)
    consortium.send(calls.set_attester(account("attester").address), consortium.controllers[0])
    yield node
    node.close()


def test_logs_read_from_stored_bytes_are_those_of_the_whole_block(node: EmbeddedNode) -> None:
    several = 0
    for number in range(node.head.number + 1):
        whole, read = BlockLogs.of(node.block(number)), node.logs(number)
        assert (read.number, read.hash, read.timestamp, read.logs) == (number, whole.hash, whole.timestamp, whole.logs)
        for index, _ in read.logs:
            assert read.transaction_hashes[index] == whole.transaction_hashes[index]
        several += len(read.logs) > 1
    assert several, "the chain must have a block with several logs"


def test_damaged_receipts_are_said_to_be_damaged(node: EmbeddedNode, monkeypatch: pytest.MonkeyPatch) -> None:
    store = node._store
    good = store._need
    monkeypatch.setattr(
        store, "_need", lambda table, number: good(table, number)[:-3] if table == "receipts" else good(table, number)
    )
    store.logs.cache_clear()
    with pytest.raises(NodeStoreFault, match="do not read"):
        [store.logs(number) for number in range(1, node.head.number)]
    store.logs.cache_clear()


def test_stored_receipts_of_every_transaction_type_are_read(node: EmbeddedNode, tmp_path: Path) -> None:
    import rlp

    from chain.node.blocks import Log, Receipt

    log = Log(b"\x01" * 20, (b"\x02" * 32,), b"\x03" * 99)
    receipts = [Receipt(kind, 1, 21_000 * (kind + 1), (log,)) for kind in (0, 1, 2)]
    bodies = rlp.encode([[bytes([kind]) * 70, b"\x05" * 20] for kind in (5, 6, 7)])
    header = node.block(1).header.raw
    read = BlockLogs.read(1, bytes(32), header, rlp.encode([one.raw for one in receipts]), bodies)
    assert read.logs == ((0, log), (1, log), (2, log))
    assert read.timestamp == node.block(1).header.timestamp
