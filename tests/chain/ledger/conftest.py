"""The engine and consortium of the contract tests serve the ledger client's tests too."""

from tests.contracts.conftest import anchoring, consortium, engine

__all__ = ["anchoring", "consortium", "engine"]
