"""The one client of the chain (web3): the contracts' calls and events typed, the endpoint not believed.

`Ledger` reads and sends; `deploy` founds; `calls` holds every call that changes something; `faults` what an endpoint
can do wrong; `reverts` the contracts' own errors by name.
"""

from chain.ledger.abi import Call
from chain.ledger.client import Ledger
from chain.ledger.deployment import deploy, qualify, read_expectations
from chain.ledger.types import (
    AnchoredBatch,
    Attestation,
    Checkpoint,
    ContractAddresses,
    Expectations,
    Founder,
    Founding,
    Governors,
    Head,
    ProofAnswer,
    Proposal,
    Receipt,
    RegisteredKey,
    RegisteredMember,
    VotedFacts,
)

__all__ = [
    "AnchoredBatch",
    "Attestation",
    "Call",
    "Checkpoint",
    "ContractAddresses",
    "Expectations",
    "Founder",
    "Founding",
    "Governors",
    "Head",
    "Ledger",
    "ProofAnswer",
    "Proposal",
    "Receipt",
    "RegisteredKey",
    "RegisteredMember",
    "VotedFacts",
    "deploy",
    "qualify",
    "read_expectations",
]
