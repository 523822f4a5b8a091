"""A chain that was founded with the first edition's contracts is refused with one sentence that says what to do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from eth_abi.abi import encode

from chain.ledger import ContractAddresses, Ledger, read_expectations
from chain.ledger.deployment import _create
from chain.ledger.endpoint import Endpoint
from chain.ledger.faults import ChangedCode, OtherEdition
from tests.contracts.engines import Engine, account, uscc

FIRST_EDITION = json.loads((Path(__file__).parents[1] / "fakes" / "first_edition_contracts.json").read_text())
"""Creation code of both contracts as they were."""


@pytest.fixture
def founded_before(engine: Engine) -> ContractAddresses:
    """A consortium of one governor under the first edition's contracts."""
    endpoint, creator = Endpoint(engine.provider, engine.timeout_s), account("founder of the first edition")
    founder = (uscc(0).encode(), bytes(10), bytes(32), 1, account("controller 0").address)
    types = ["bytes32", "(bytes18,bytes10,bytes32,uint16,address)[]", "uint16", "uint40", "bytes32", "bytes32"]
    arguments = encode(types, [b"\x01" * 32, [founder], 1, 1000, bytes(32), bytes(32)])
    addresses: list[str] = []
    for name, values in (("MemberRegistry", arguments), ("RecordLedger", None)):
        code = bytes.fromhex(FIRST_EDITION[name][2:])
        code += encode(["address"], addresses) if values is None else values
        nonce = endpoint.quantity("eth_getTransactionCount", creator.address, "latest")
        addresses.append(_create(endpoint, creator, nonce, code, 0, engine.timeout_s))
    return ContractAddresses(*addresses)


def test_a_chain_founded_with_another_editions_contracts_is_refused_in_one_sentence(
    engine: Engine, founded_before: ContractAddresses
) -> None:
    expect = read_expectations(engine.provider, founded_before)
    with pytest.raises(OtherEdition) as refusal:
        Ledger(engine.provider, founded_before, expect=expect, unsealed=engine.unsealed)
    assert refusal.value.contract == "MemberRegistry"
    assert "another edition of the protocol" in str(refusal.value) and "`tongguan init DIR`" in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_code_that_nobody_pinned_is_no_other_edition_but_a_change(
    engine: Engine, founded_before: ContractAddresses
) -> None:
    from chain.ledger import Expectations

    with pytest.raises(ChangedCode):
        Ledger(engine.provider, founded_before, expect=Expectations(), unsealed=engine.unsealed)
