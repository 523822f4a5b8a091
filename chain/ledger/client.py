"""The one client of the chain: the contracts' facts at any block, their events, and the calls that change them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from chain.ledger import calls
from chain.ledger.abi import decode_event
from chain.ledger.faults import MalformedAnswer
from chain.ledger.history import (
    attestations_above,
    read_batches,
    read_drop_votes,
    read_drops,
    read_keys,
    read_members,
    read_voted_facts,
)
from chain.ledger.sender import Sender
from chain.ledger.types import (
    AnchoredBatch,
    Attestation,
    Checkpoint,
    Drop,
    DropVote,
    Governors,
    ProfileVersion,
    Proposal,
    Receipt,
    RegisteredKey,
    RegisteredMember,
    ThresholdVersion,
    VotedFacts,
)
from chain.members import (
    AccountPurpose,
    AccountState,
    AccountVersion,
    AddedBy,
    AssignmentVersion,
    AuthorityVersion,
    KeyAlgorithm,
    KeyState,
    KeyVersion,
    MemberKind,
    MemberState,
    MemberVersion,
    OperatorVersion,
    PolicyVersion,
    Role,
    TagKeyVersion,
    parse_text,
)
from chain.proof.hashes import keccak256

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount


class Ledger(Sender):
    """The consortium's registry and record ledger behind one endpoint.

    Where a `block` is taken, None is the newest; an engine that pruned that block's state refuses (RpcRefused).
    """

    def member_versions(self, uscc: str, block: int | None = None) -> tuple[MemberVersion, ...]:
        """Every version of a member, oldest first; empty where there is no such member."""
        return tuple(
            MemberVersion(since, MemberState(state), MemberKind(kind), Role(roles), sponsor or None)
            for since, state, kind, roles, sponsor in self._call("MemberRegistry", "memberVersions", uscc, block=block)
        )

    def key_versions(self, thumbprint: bytes, block: int | None = None) -> tuple[KeyVersion, ...]:
        """Every version of a key, oldest first; empty where there is no such key."""
        return tuple(
            KeyVersion(
                since, KeyState(state), KeyAlgorithm(algorithm), AddedBy(by), compromised or None, member, contested
            )
            for since, state, algorithm, by, compromised, member, contested in self._call(
                "MemberRegistry", "keyVersions", thumbprint, block=block
            )
        )

    def account_versions(self, address: str, block: int | None = None) -> tuple[AccountVersion, ...]:
        """Every version of an account, oldest first; empty where it never served a member."""
        return tuple(
            AccountVersion(since, AccountState(state), AccountPurpose(purposes), member)
            for since, state, purposes, member in self._call(
                "MemberRegistry", "accountVersions", address.lower(), block=block
            )
        )

    def profile_versions(self, uscc: str, block: int | None = None) -> tuple[ProfileVersion, ...]:
        """Every name hash and customs code of a member, oldest first."""
        return tuple(
            ProfileVersion(since, name_hash, code or None)
            for name_hash, code, since in self._call("MemberRegistry", "profileVersions", uscc, block=block)
        )

    def find_request_time(self, thumbprint: bytes, block: int | None = None) -> int | None:
        """When the key's member asked for its compromise, Unix seconds; None where it never did."""
        return int(self._call("MemberRegistry", "requestedAt", thumbprint, block=block)) or None

    def policy_versions(self, name: str, block: int | None = None) -> tuple[PolicyVersion, ...]:
        """Every version of the policy of this name, oldest first; empty where there is none."""
        return tuple(
            PolicyVersion(since, value)
            for value, since in self._call("MemberRegistry", "policyVersions", name, block=block)
        )

    def find_policy(self, name: str, block: int | None = None) -> PolicyVersion | None:
        """The newest version of the policy of this name; None where there is none."""
        versions = self.policy_versions(name, block)
        return versions[-1] if versions else None

    def assignment_versions(self, register: str, code: str, block: int | None = None) -> tuple[AssignmentVersion, ...]:
        """Whose a register's code was, oldest first."""
        return tuple(
            AssignmentVersion(since, member or None)
            for since, member in self._call("MemberRegistry", "assignmentVersions", register, code, block=block)
        )

    def operator_versions(self, uscc: str, block: int | None = None) -> tuple[OperatorVersion, ...]:
        """Of which UCRs a member operated the single window, oldest first."""
        return tuple(
            OperatorVersion(since, parse_text(scope) or None)
            for scope, since in self._call("MemberRegistry", "operatorVersions", uscc, block=block)
        )

    def tag_key_versions(self, block: int | None = None) -> tuple[TagKeyVersion, ...]:
        """The tag key of every epoch, in order."""
        return tuple(
            TagKeyVersion(since, first_batch, suite, public_key)
            for public_key, since, first_batch, suite in self._call("MemberRegistry", "tagKeyVersions", block=block)
        )

    def authority_versions(self, block: int | None = None) -> tuple[AuthorityVersion, ...]:
        """The log of every change of the list of authorities, in order."""
        return tuple(
            AuthorityVersion(since, authorities, log)
            for log, since, authorities in self._call("MemberRegistry", "authorityVersions", block=block)
        )

    def voted_facts(self, *, from_block: int = 0, to_block: int | None = None) -> VotedFacts:
        """Everything that governors agreed on, from the registry's events up to a block."""
        return read_voted_facts(self, from_block, self._last(to_block))

    def changed_block(self, block: int | None = None) -> int:
        """The last block that wrote any fact of the registry."""
        return int(self._call("MemberRegistry", "changedBlock", block=block))

    def threshold_versions(self, block: int | None = None) -> tuple[ThresholdVersion, ...]:
        """Every voting threshold, oldest first."""
        return tuple(
            ThresholdVersion(since, threshold)
            for since, threshold in self._call("MemberRegistry", "thresholdVersions", block=block)
        )

    def find_customs_code_holder(self, customs_code: str, block: int | None = None) -> str | None:
        """The member that holds this customs code; None where nobody does."""
        versions = self._call("MemberRegistry", "customsCodeVersions", customs_code, block=block)
        return versions[-1][1] or None if versions else None

    def members(self, *, from_block: int = 0, to_block: int | None = None) -> dict[str, RegisteredMember]:
        """Every member by USCC, from the registry's events up to a block."""
        return read_members(self, from_block, self._last(to_block))

    def keys(self, *, from_block: int = 0, to_block: int | None = None) -> dict[bytes, RegisteredKey]:
        """Every usable key by thumbprint, from the registry's events up to a block."""
        return read_keys(self, from_block, self._last(to_block))

    def governors(self, block: int | None = None) -> Governors:
        """Every governor by ordinal, and those active."""
        every_one, bits = self._call("MemberRegistry", "governors", block=block)
        return Governors(every_one, _chosen(every_one, bits))

    def attester_of(self, governor: str, block: int | None = None) -> str | None:
        """The governor's one attester account; None where it has none."""
        account: str = self._call("MemberRegistry", "attesterOf", governor, block=block)
        return None if account == calls.ZERO_ADDRESS else account

    def find_gateway_member(self, account: str, block: int | None = None) -> str | None:
        """The member that this account may anchor for; None where it may not."""
        return self._call("MemberRegistry", "gatewayMember", account.lower(), block=block) or None

    def proposal_count(self, block: int | None = None) -> int:
        """How many proposals were ever made."""
        return int(self._call("MemberRegistry", "proposalCount", block=block))

    def proposal(self, proposal_id: int, block: int | None = None) -> Proposal:
        """A proposal; raises UnknownProposal."""
        action, since, executed, proposer, bits, payload = self._call(
            "MemberRegistry", "proposal", proposal_id, block=block
        )
        every_one = self.governors(block).every_one
        return Proposal(proposal_id, action, since, executed or None, proposer, _chosen(every_one, bits), payload)

    def proposal_lifetime_blocks(self) -> int:
        """A proposal of block B is open up to block B + this."""
        return int(self._call("MemberRegistry", "proposalLifetimeBlocks"))

    def batch_count(self, block: int | None = None) -> int:
        """How many batches were anchored."""
        return int(self._call("RecordLedger", "batchCount", block=block))

    def find_batch_index(self, batch_id: bytes, block: int | None = None) -> int | None:
        """The index under which this batch was anchored; None where it was not."""
        index_plus_one: int = self._call("RecordLedger", "batchIndex", batch_id, block=block)
        return index_plus_one - 1 if index_plus_one else None

    def commitment(self, index: int, block: int | None = None) -> bytes:
        """The commitment that the contract keeps for a batch; raises UnknownBatch."""
        found: bytes = self._call("RecordLedger", "commitment", index, block=block)
        return found

    def checkpoint_count(self, block: int | None = None) -> int:
        """How many checkpoints there are."""
        return int(self._call("RecordLedger", "checkpointCount", block=block))

    def checkpoint(self, index: int, block: int | None = None) -> Checkpoint:
        """A checkpoint with its votes as of that block; raises UnknownCheckpoint."""
        values = self._call("RecordLedger", "checkpoint", index, block=block)
        root, batch_count, votes, dissent, since, checkpoint_round = values
        return Checkpoint(index, root, batch_count, votes, dissent, since, checkpoint_round)

    def drops(self, *, from_block: int = 0, to_block: int | None = None) -> Iterator[Drop]:
        """What quorums of governors took out of batches, in chain order; each bitmap fits what the contract keeps."""
        for drop in read_drops(self, from_block, self._last(to_block)):
            digest, since, votes = self._call("RecordLedger", "drops", drop.batch)[drop.number]
            if (digest, since, votes) != (keccak256(drop.bitmap), drop.block, drop.votes):
                raise MalformedAnswer("eth_getLogs", f"a drop of batch {drop.batch} is not what the contract keeps")
            yield drop

    def drop_votes(self, batch: int, *, from_block: int = 0) -> list[DropVote]:
        """Every governor's word on entries of a batch, in chain order."""
        return read_drop_votes(self, batch, from_block, self._last(None))

    def batches(self, first: int, *, from_block: int = 0, to_block: int | None = None) -> Iterator[AnchoredBatch]:
        """The batches from index `first` on in these blocks, in order; see `read_batches` for its faults."""
        return read_batches(self, first, from_block, self._last(to_block))

    def open_attestations(self, above_batch_count: int) -> list[Attestation]:
        """Every attestation for a count above this one, in chain order."""
        return attestations_above(self, above_batch_count, self.head().number)

    def anchor(self, root: bytes, count: int, entries: bytes, sender: LocalAccount) -> Receipt:
        """Anchors one batch and waits for its block; AlreadyAnchored carries the index where it stands already."""
        return self.transact(calls.anchor(root, count, entries), sender)

    def attest(self, batch_count: int, root: bytes, sender: LocalAccount) -> Receipt:
        """Sends a governor's attestation and waits for its block."""
        return self.transact(calls.attest(batch_count, root), sender)

    def propose(self, decision: calls.Decision, sender: LocalAccount) -> int:
        """Proposes, which approves too, and returns the proposal's id."""
        receipt = self.transact(calls.propose(decision), sender)
        return self.proposal_of(receipt)

    def decide(self, decision: calls.Decision, senders: list[LocalAccount]) -> int:
        """Proposes by the first sender and approves by the others until it executes; returns the proposal's id."""
        proposal_id = self.propose(decision, senders[0])
        for sender in senders[1:]:
            if self.proposal(proposal_id).executed_block is not None:
                break
            self.transact(calls.approve(proposal_id), sender)
        return proposal_id

    def proposal_of(self, receipt: Receipt) -> int:
        """The id of the proposal that this transaction made; MalformedAnswer where it made none."""
        for log in receipt.logs:
            event = decode_event("MemberRegistry", log)
            if event is not None and event.name == "Proposed":
                return int(event.values["id"])
        raise MalformedAnswer("eth_getTransactionReceipt", "a proposal's receipt has no Proposed event")

    def _last(self, to_block: int | None) -> int:
        return self.head().number if to_block is None else to_block


def _chosen(every_one: tuple[str, ...], bits: int) -> tuple[str, ...]:
    return tuple(one for ordinal, one in enumerate(every_one) if bits >> ordinal & 1)
