"""Connecting to a consortium's chain: the trust root says which chain, and what code must stand there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chain.verify.trust import LEDGER, REGISTRY, TrustRoot
from scripts.folder import BrokenFolder, ConsortiumFolder

if TYPE_CHECKING:
    from chain.ledger import Ledger


def trust_root_of(folder: ConsortiumFolder) -> TrustRoot:
    """The auditor edition of the folder's trust root; raises BrokenFolder, MalformedTrustRoot."""
    folder.require_founded()
    return TrustRoot.parse(folder.trust_root.read_bytes())


def connect(root: TrustRoot, rpc: str) -> Ledger:
    """The ledger client for the chain that the trust root names; raises LedgerFault where `rpc` is another chain."""
    from chain.ledger import ContractAddresses, Expectations, Ledger

    contracts = {contract.name: contract for contract in root.contracts if contract.to_block is None}
    if set(contracts) != {LEDGER, REGISTRY}:
        raise BrokenFolder("the trust root names no contracts that are in use")
    addresses = ContractAddresses("0x" + contracts[REGISTRY].address.hex(), "0x" + contracts[LEDGER].address.hex())
    code_hashes = {name: "0x" + contract.code_hash.hex() for name, contract in contracts.items()}
    expect = Expectations(root.chain_id, "0x" + root.genesis_hash.hex(), code_hashes)
    return Ledger(rpc, addresses, expect=expect, unsealed=root.is_unsealed)
