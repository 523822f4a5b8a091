"""An engine is qualified before anything is sent to it: what cannot prove is refused with what is missing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from chain.ledger import qualify
from chain.ledger.faults import NoProofs
from chain.proof.header import Header
from scripts.bootstrap import found
from scripts.consortium_folder import ConsortiumFolder
from tests.contracts.engines import Consortium
from tests.fakes.faulty_provider import FaultyProvider

BLOCK = "eth_getBlockByNumber"


@pytest.fixture
def wire(anchoring: Consortium) -> FaultyProvider:
    if anchoring.engine.unsealed:
        pytest.skip("the engine under test has no sealed headers")
    return FaultyProvider(anchoring.engine.provider)


def test_an_engine_with_sealed_headers_and_proofs_is_taken(wire: FaultyProvider) -> None:
    qualify(wire)


def test_an_engine_that_lists_no_slots_of_an_account_that_is_not_there_is_taken(wire: FaultyProvider) -> None:
    wire.lies["eth_getProof"] = lambda params, answer: answer | {"storageProof": []}  # as Besu answers
    qualify(wire)


def test_an_engine_without_sealed_headers_is_refused(anchoring: Consortium) -> None:
    if not anchoring.engine.unsealed:
        pytest.skip("the engine under test seals its headers")
    with pytest.raises(NoProofs, match="sealed headers"):
        qualify(anchoring.engine.provider)


def test_an_engine_whose_seals_are_short_of_a_quorum_is_refused(wire: FaultyProvider) -> None:
    def one_seal_only(params: object, block: dict[str, str]) -> dict[str, str]:
        header = Header.from_rpc_json(block)
        short = header.with_extra(replace(header.extra, seals=header.extra.seals[:1]))
        return block | {"extraData": "0x" + short.extra.format().hex()}

    wire.lies[BLOCK] = one_seal_only
    with pytest.raises(NoProofs, match="quorum"):
        qualify(wire)


def test_an_engine_without_proofs_is_refused(wire: FaultyProvider) -> None:
    wire.errors["eth_getProof"] = {"code": -32601, "message": "the method eth_getProof does not exist"}
    with pytest.raises(NoProofs, match="eth_getProof does not exist"):
        qualify(wire)


def test_an_engine_whose_proofs_prove_nothing_is_refused(wire: FaultyProvider) -> None:
    wire.lies["eth_getProof"] = lambda params, answer: answer | {"accountProof": answer["accountProof"][1:]}
    with pytest.raises(NoProofs, match="eth_getProof"):
        qualify(wire)


def test_a_network_that_cannot_prove_is_refused_before_a_consortium_is_founded_on_it(
    wire: FaultyProvider, tmp_path: Path
) -> None:
    wire.errors["eth_getProof"] = {"code": -32601, "message": "no such method"}
    folder = ConsortiumFolder(tmp_path)
    with pytest.raises(NoProofs, match="--unsealed"):
        found(folder, rpc=wire)  # type: ignore[arg-type]  # the wire stands where the URL's provider would
    assert list(tmp_path.iterdir()) == []
