"""What anchoring needs of the ledger, and how it fares."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from chain.back_off import BackOff
from chain.errors import LedgerFault
from chain.ledger import Call, Receipt

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount

BACK_OFF: Final = BackOff(first_s=0.5, max_s=15.0)
"""Pauses while the chain takes no batch."""


class WrongCommitment(LedgerFault):
    """The ledger contract keeps another commitment than ours for a batch it says it anchored: nothing is marked."""

    def __init__(self, index: int) -> None:
        self.index = index
        super().__init__(f"the ledger keeps another commitment for batch {index} than the one derived here")


class AnchoringLedger(Protocol):
    """What the sealer asks of `chain.ledger.Ledger`."""

    @property
    def consortium(self) -> bytes: ...
    def next_nonce(self, account: str, *, pending: bool = False) -> int: ...
    def prepare(self, call: Call, sender: LocalAccount, nonce: int) -> bytes: ...
    def send_raw(self, raw: bytes) -> str: ...
    def wait(self, tx_hash: str, timeout_s: float | None = None) -> Receipt: ...
    def find_batch_index(self, batch_id: bytes, block: int | None = None) -> int | None: ...
    def commitment(self, index: int, block: int | None = None) -> bytes: ...
    def block_timestamp(self, number: int) -> int: ...
    def batches(self, first: int, *, from_block: int = 0, to_block: int | None = None) -> Iterator[AnchoredFacts]: ...


class AnchoredFacts(Protocol):
    """Where a batch was anchored."""

    @property
    def block(self) -> int: ...
    @property
    def timestamp(self) -> int: ...


@dataclass
class SealerStatus:
    """How the sealer fares, for `/readyz` and the metrics."""

    stalled_since: float | None = None
    """Since when the chain takes no batch (Unix seconds); None while it does."""
    reason: str = ""
    fault_name: str = ""
    """Class of the fault that stalls it, for `/readyz`: the reason may name an endpoint."""
    stopped: str = ""
    """Why it stopped for good; empty while it runs."""
    anchored_batches: int = 0
    anchored_records: int = 0
    refused_records: int = 0
    late_records: int = 0
    """Anchored after the time that their receipts promised."""
    stalls: int = 0
    """Steps in a row at which the chain took none."""

    @property
    def pause_s(self) -> float:
        """How long to wait before the next step while stalled."""
        return BACK_OFF.pause_s(self.stalls)
