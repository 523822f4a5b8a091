"""Attesters on this machine: which governors' keys are here, and their votes sent as transactions."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chain.attester import AttestationPolicy, Attested, Attester, Outcome
from chain.errors import LedgerFault, NotFound, StoreFault
from chain.follower import UNBELIEVABLE
from chain.index_store import IndexStore
from chain.ledger import calls
from scripts.consortium_folder import ConsortiumFolder
from scripts.ledger_connection import connect_patiently, trust_root_of

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount

    from chain.ledger import Ledger


@dataclass(frozen=True)
class LedgerVote:
    """A governor's vote, sent from its attester account."""

    governor: str
    account: LocalAccount
    ledger: Ledger

    def send(self, batch_count: int, root: bytes) -> str:
        """Sends `attest` and returns the transaction's hash; the contract's error where it would be refused now."""
        call = calls.attest(batch_count, root)
        return self.ledger.send_raw(
            self.ledger.prepare(call, self.account, self.ledger.next_nonce(self.account.address))
        )

    def wait(self, sent: str) -> None:
        """Returns once a block holds it; raises LedgerFault, or the contract's error where it was refused there."""
        self.ledger.wait(sent)


def make_attester(folder: ConsortiumFolder, rpc: str, slugs: Sequence[str], policy: AttestationPolicy) -> Attester:
    """The attester of the governors named (all whose attester keys are in the folder where none is named)."""
    root = trust_root_of(folder)
    ledger = connect_patiently(root, rpc)
    members = [member for member in folder.members() if (folder.member_folder(member.slug) / "attester.json").exists()]
    chosen = [member for member in members if not slugs or member.slug in slugs]
    if not chosen:
        raise NotFound("attester key", ", ".join(slugs) or folder.path)
    votes = [LedgerVote(member.uscc, folder.account(member.slug, "attester"), ledger) for member in chosen]
    name = "-".join(member.slug for member in chosen)
    index = IndexStore.open(folder.path / "attester" / name, root.consortium)
    return Attester(ledger, index, root.consortium, votes, policy)


def attest_until(
    stopped: Callable[[], bool],
    step: Callable[[float], Attested],
    *,
    say: Callable[[str], None],
    warn: Callable[[str], None],
    poll_s: float,
    pause: Callable[[float], None] = time.sleep,
) -> None:
    """Takes steps until `stopped` says so, telling each vote. Raises where the chain cannot be believed.

    An endpoint that does not answer, a vote that came after another checkpoint, or an index that finds no room on the
    disk is said once and tried again: an attester that ended with it would leave its governor without a voice.
    """
    fault = ""
    while not stopped():
        try:
            done = step(time.monotonic())
        except UNBELIEVABLE:
            raise
        except (LedgerFault, StoreFault) as error:
            if str(error) != fault:
                fault = str(error)
                warn(f"no vote now, tried again: {fault}")
        else:
            if fault:
                fault = ""
                warn("votes are possible again")
            _tell(done, say, warn)
        pause(poll_s)


def _tell(done: Attested, say: Callable[[str], None], warn: Callable[[str], None]) -> None:
    if done.outcome is Outcome.DISSENTED:
        warn(
            f"DISSENT: over {done.batch_count} batches this attester derives root {done.root.hex()}; "
            f"another root was attested by {', '.join(done.against)}"
        )
    elif done.outcome is Outcome.ATTESTED:
        say(f"attested {done.batch_count} batches, root {done.root.hex()}")
