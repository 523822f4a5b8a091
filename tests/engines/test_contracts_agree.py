"""The embedded node and Anvil run the same calls to the same gas, events and reverts."""

from __future__ import annotations

from pathlib import Path

import pytest

from chain.ledger import calls
from chain.members import KeyAlgorithm, Role
from tests.contracts.engines import Consortium, account, open_anvil, open_embedded, uscc

# A commitment binds its block's time, so it differs between two chains and is left out.
COMMITMENT_AT = 64


def story(consortium: Consortium) -> list[tuple[object, ...]]:
    """Admission, keys, votes, batches, checkpoints and refusals, each as what it cost and told."""
    first, second, third = consortium.controllers
    gateway, attesters = account("gateway"), [account(f"attester {i}") for i in range(3)]
    key = b"\x31" * 64
    steps = [
        (calls.admit(uscc(9), "one", Role.BROKER, "1100910009"), first),
        (calls.admit(uscc(9), "one", Role.BROKER, "1100910009"), second),
        (calls.add_raw_key(uscc(9), KeyAlgorithm.ES256, key), first),
        (calls.add_raw_key(uscc(9), KeyAlgorithm.ES256, key[:-1]), first),
        (calls.propose(calls.setting_gateway(gateway.address, uscc(0))), first),
        (calls.approve(0), second),
        (calls.approve(0), third),
        *((calls.set_attester(attester.address), consortium.controllers[i]) for i, attester in enumerate(attesters)),
        (calls.anchor(b"\x01" * 32, 2, bytes(range(96))), gateway),
        (calls.anchor(b"\x01" * 32, 2, bytes(range(96))), gateway),
        *((calls.attest(1, bytes([1 + i // 2]) * 32), attester) for i, attester in enumerate(attesters)),
        (calls.propose(calls.expelling(uscc(2))), first),
        (calls.approve(1), second),
        (calls.attest(1, b"\x01" * 32), attesters[2]),
    ]
    told: list[tuple[object, ...]] = []
    for call, sender in steps:
        outcome = consortium.attempt(call, sender)
        if outcome.refusal is not None:
            told.append((call.function, type(outcome.refusal).__name__))
            continue
        assert outcome.receipt is not None
        logs = [(log.topics, _without_commitment(call.function, log.data)) for log in outcome.receipt.logs]
        told.append((call.function, outcome.receipt.gas_used, logs))
    return told


@pytest.mark.node_js
def test_gas_events_and_reverts_are_equal_on_both_engines(tmp_path: Path) -> None:
    node, embedded = open_embedded(tmp_path / "node")
    try:
        here = story(Consortium(embedded))
    finally:
        node.close()
    for anvil in open_anvil():
        assert story(Consortium(anvil)) == here


def _without_commitment(function: str, data: bytes) -> bytes:
    return data[:COMMITMENT_AT] if function == "anchor" else data
