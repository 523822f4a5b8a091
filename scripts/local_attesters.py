"""Attesters on this machine: which governors' keys are here, and their votes sent as transactions."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx

from chain.attester import AttestationPolicy, Attested, Attester, Outcome
from chain.drop_voter import DropVoter
from chain.errors import LedgerFault, NotFound, StoreFault, TongguanError
from chain.follower import UNBELIEVABLE
from chain.index_store import IndexStore
from chain.ledger import calls
from chain.ledger.reverts import AlreadyDropped
from chain.lifecycle import PENDING_S
from gateway.client import GatewayClient
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

    def cast_drop(self, batch: int, bitmap: bytes) -> bool:
        """Sends `drop` and waits for its block; False where a quorum has taken out just these by now."""
        try:
            self.ledger.transact(calls.drop(batch, bitmap), self.account)
        except AlreadyDropped:
            return False
        return True

    def wait(self, sent: str) -> None:
        """Returns once a block holds it; raises LedgerFault, or the contract's error where it was refused there."""
        self.ledger.wait(sent)


@dataclass(frozen=True)
class GatewaySource:
    """What one's own gateway tells of entries that nobody could open. Raises LedgerFault where it does not answer."""

    url: str
    client: GatewayClient

    def find_unopened(self) -> Iterator[tuple[int, bytes]]:
        """Batches with the bitmap of such entries."""
        try:
            for line in self.client.unopened():
                yield int(line["batch"]), bytes.fromhex(line["bitmap"])
        except (TongguanError, httpx.HTTPError, ValueError, KeyError, TypeError) as fault:
            raise LedgerFault(f"the gateway {self.url} does not tell unopened entries: {fault}") from fault


@dataclass(frozen=True)
class LocalAttesters:
    """The attester of the governors on this machine, and their votes on entries that nobody can open."""

    attester: Attester
    drop_voter: DropVoter | None
    """None: no gateway was named, so nobody votes on drops."""
    say: Callable[[str], None]

    def step(self, now_s: float) -> Attested:
        """One step of both; raises what attesting raises. A gateway that is not up yet holds no attestation back."""
        done = self.attester.step(now_s)
        if self.drop_voter is not None:
            try:
                for voted in self.drop_voter.step(now_s):
                    self.say(f"voted {voted.entries} unopened entries out of batch {voted.batch}")
            except LedgerFault as fault:
                self.say(f"no vote on unopened entries now, asked again in {self.drop_voter.every_s:.0f} s: {fault}")
        return done


def make_attesters(
    folder: ConsortiumFolder,
    rpc: str,
    slugs: Sequence[str],
    policy: AttestationPolicy,
    *,
    gateway: str = "",
    drop_after_s: int = PENDING_S,
    say: Callable[[str], None],
) -> LocalAttesters:
    """The attesters of the governors named (all whose attester keys are in the folder where none is named).

    `gateway` is the URL of their own gateway, which tells them what nobody could open.
    """
    root = trust_root_of(folder)
    ledger = connect_patiently(root, rpc)
    members = [member for member in folder.members() if (folder.member_folder(member.slug) / "attester.json").exists()]
    chosen = [member for member in members if not slugs or member.slug in slugs]
    if not chosen:
        raise NotFound("attester key", ", ".join(slugs) or folder.path)
    votes = [LedgerVote(member.uscc, folder.account(member.slug, "attester"), ledger) for member in chosen]
    name = "-".join(member.slug for member in chosen)
    index = IndexStore.open(folder.path / "attester" / name, root.consortium)
    attester = Attester(ledger, index, root.consortium, votes, policy)
    if not gateway:
        return LocalAttesters(attester, None, say)
    asking = chosen[0]
    client = GatewayClient(gateway, signer=folder.signing_key(asking.slug), member=asking.uscc)
    voter = DropVoter(ledger, index, GatewaySource(gateway, client), tuple(votes), drop_after_s)
    return LocalAttesters(attester, voter, say)


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
