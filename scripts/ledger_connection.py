"""Connecting to a consortium's chain: the trust root says which chain, and what code must stand there."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from chain.verify.trust_root import LEDGER, REGISTRY, TrustRoot
from scripts.consortium_folder import BrokenFolder, ConsortiumFolder

if TYPE_CHECKING:
    from chain.ledger import Ledger

CONNECT_TIMEOUT_S = 60.0
"""How long a part that starts beside its node waits for it."""
CONNECT_PAUSE_S = 0.2


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


def connect_patiently(root: TrustRoot, rpc: str) -> Ledger:
    """As `connect`, for a part that may start before its node: tries for `CONNECT_TIMEOUT_S`, then raises the fault."""
    from chain.ledger.faults import LedgerUnreachable

    until = time.monotonic() + CONNECT_TIMEOUT_S
    while True:
        try:
            return connect(root, rpc)
        except LedgerUnreachable:
            if time.monotonic() > until:
                raise
            time.sleep(CONNECT_PAUSE_S)
