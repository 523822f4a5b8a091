"""What calls may cost at most, on the embedded node with random bytes (zeros would be cheaper)."""

from __future__ import annotations

import os

from chain.ledger import calls
from chain.ledger.sender import anchor_gas
from chain.members import Role
from chain.proof.batch import BATCH_ENTRIES_MAX, ENTRY_BYTES
from tests.contracts.engines import Consortium, Engine, account, uscc

ADMIT_GAS_MAX = 210_000
"""5,000 of it to note the block in which the registry changed, so that checkpoints witness changes."""
ANCHOR_GAS_MAX = 1_750_000
ATTEST_GAS_MAX = 120_000
DROP_GAS_MAX = 130_000
GAS_PER_RECORD_MAX = 900
TRANSACTION_BYTES_MAX = 128 * 1024


def test_admitting_a_member_costs_at_most_210_000_gas(consortium: Consortium) -> None:
    call = calls.admit(uscc(9), "参与方", Role.BROKER | Role.GATEWAY, "1100919999")
    assert consortium.send(call, consortium.controllers[0]).gas_used <= ADMIT_GAS_MAX


def test_a_full_batch_costs_at_most_1_750_000_gas_and_fits_a_transaction(anchoring: Consortium) -> None:
    gateway = account("gateway")
    entries = b"\xff" * (BATCH_ENTRIES_MAX * ENTRY_BYTES)
    call = calls.anchor(os.urandom(32), BATCH_ENTRIES_MAX, entries)
    raw = anchoring.ledger.prepare(call, gateway, anchoring.ledger.next_nonce(gateway.address))
    assert len(raw) < TRANSACTION_BYTES_MAX
    used = anchoring.ledger.wait(anchoring.ledger.send_raw(raw)).gas_used
    assert used <= ANCHOR_GAS_MAX
    assert used / BATCH_ENTRIES_MAX <= GAS_PER_RECORD_MAX
    assert used <= anchor_gas(len(call.data)), "the computed gas limit is enough"


def test_attesting_costs_at_most_120_000_gas_for_each_vote(engine: Engine) -> None:
    consortium = Consortium(engine, threshold=1)
    gateway = account("gateway")
    consortium.send(calls.propose(calls.setting_gateway(gateway.address, uscc(0))), consortium.controllers[0])
    for number in range(3):
        attester = account(f"attester {number}")
        consortium.send(calls.set_attester(attester.address), consortium.controllers[number])
    for count in (1, 2):
        consortium.send(calls.anchor(os.urandom(32), 1, os.urandom(48)), gateway)
        for number in range(3):
            receipt = consortium.send(calls.attest(count, b"\xff" * 32), account(f"attester {number}"))
            assert receipt.gas_used <= ATTEST_GAS_MAX
    # The registry changed, so the same count is opened again.
    consortium.send(calls.propose(calls.setting_policy("view", b"\xff" * 32)), consortium.controllers[0])
    for number in range(2):
        receipt = consortium.send(calls.attest(2, b"\xff" * 32), account(f"attester {number}"))
        assert receipt.gas_used <= ATTEST_GAS_MAX
    assert consortium.ledger.checkpoint_count() == 3
    assert consortium.ledger.checkpoint(2).round == 1


def test_a_vote_to_drop_entries_of_a_full_batch_costs_at_most_130_000_gas(anchoring: Consortium) -> None:
    batch = anchoring.ledger.batch_count()
    anchoring.send(calls.anchor(os.urandom(32), 1, os.urandom(48)), account("gateway"))
    for number in range(2):
        attester = account(f"dropper {number}")
        anchoring.send(calls.set_attester(attester.address), anchoring.controllers[number])
        receipt = anchoring.send(calls.drop(batch, b"\xff" * (BATCH_ENTRIES_MAX // 8)), attester)
        assert receipt.gas_used <= DROP_GAS_MAX
