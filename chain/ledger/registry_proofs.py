"""The registry's facts as storage proofs under one sealed header: the validators are believed, not the endpoint.

Old facts are proved from the newest state: no version is ever overwritten, so a node may have pruned older ones.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from chain.errors import LedgerFault, Malformed
from chain.ledger.client import Ledger
from chain.members import (
    AssignmentVersion,
    AuthorityVersion,
    KeyVersion,
    MemberVersion,
    OperatorVersion,
    PolicyVersion,
    TagKeyVersion,
)
from chain.proof.authorities import AuthorityChange, authority_log
from chain.proof.header import Header
from chain.proof.seals import verify_seals
from chain.proof.storage import NodeSet, read_account, read_slot
from chain.proof.storage_layout import (
    assignment_slot,
    authority_slots,
    key_slot,
    member_slot,
    operator_slots,
    policy_slots,
    tag_key_slots,
)

V = TypeVar("V")


class NotProved(LedgerFault):
    """What the endpoint says is not what its own proofs show, or its header is not sealed by those validators."""

    def __init__(self, what: str, reason: str) -> None:
        self.what = what
        self.reason = reason
        super().__init__(f"{what} is not proved: {reason}")


@dataclass(frozen=True)
class ProvedRegistry:
    """The registry under one sealed header. Raises NotProved where a proof does not hold."""

    header: Header
    signers: tuple[bytes, ...]
    """Validators that sealed the header."""
    _ledger: Ledger

    @classmethod
    def at_head(cls, ledger: Ledger, validators: Collection[bytes]) -> ProvedRegistry:
        """Under the newest header, which a quorum of exactly these validators must have sealed."""
        number = ledger.block_number()
        try:
            header = Header.from_rlp(ledger.header_rlp(number))
            return cls(header, verify_seals(header, validators), ledger)
        except Malformed as fault:
            raise NotProved(f"block {number}", str(fault)) from fault

    def member_versions(self, uscc: str) -> tuple[MemberVersion, ...]:
        """Every version of a member, oldest first, and that there is no later one."""
        versions = self._ledger.member_versions(uscc, self.header.number)
        slots = _one_slot(lambda index: member_slot(uscc, index))
        return self._versions(f"member {uscc}", versions, slots, MemberVersion.parse_word)

    def key_versions(self, thumbprint: bytes) -> tuple[KeyVersion, ...]:
        """Every version of a key, oldest first, and that there is no later one."""
        versions = self._ledger.key_versions(thumbprint, self.header.number)
        slots = _one_slot(lambda index: key_slot(thumbprint, index))
        return self._versions(f"key {thumbprint.hex()}", versions, slots, KeyVersion.parse_word)

    def policy_versions(self, name: str) -> tuple[PolicyVersion, ...]:
        """Every version of the policy of this name, oldest first, and that there is no later one."""
        versions = self._ledger.policy_versions(name, self.header.number)
        slots = partial(policy_slots, name)
        return self._versions(f"policy {name}", versions, slots, PolicyVersion.parse_words)

    def assignment_versions(self, register: str, code: str) -> tuple[AssignmentVersion, ...]:
        """Whose a register's code was, oldest first, and that there is no later version."""
        versions = self._ledger.assignment_versions(register, code, self.header.number)
        slots = _one_slot(lambda index: assignment_slot(register, code, index))
        return self._versions(f"{register} {code}", versions, slots, AssignmentVersion.parse_word)

    def operator_versions(self, uscc: str) -> tuple[OperatorVersion, ...]:
        """Of which UCRs a member operated the single window, oldest first, and that there is no later version."""
        versions = self._ledger.operator_versions(uscc, self.header.number)
        slots = partial(operator_slots, uscc)
        return self._versions(f"operator {uscc}", versions, slots, OperatorVersion.parse_words)

    def tag_key_versions(self) -> tuple[TagKeyVersion, ...]:
        """The tag key of every epoch, in order, and that there is no later one."""
        versions = self._ledger.tag_key_versions(self.header.number)
        return self._versions("tag keys", versions, tag_key_slots, TagKeyVersion.parse_words)

    def authority_changes(self) -> tuple[AuthorityChange, ...]:
        """Every change of the list of authorities, in order, and that there is no later one."""
        block = self.header.number
        versions = self._ledger.authority_versions(block)
        self._versions("authorities", versions, authority_slots, AuthorityVersion.parse_words)
        changes = self._ledger.voted_facts(to_block=block).authorities
        if not versions or authority_log(changes) != versions[-1].log:
            raise NotProved("authorities", "the endpoint tells other changes than the registry's log holds")
        return changes

    def _versions(
        self,
        what: str,
        versions: Sequence[V],
        slots_of: Callable[[int], Sequence[int]],
        parse: Callable[..., V | None],
    ) -> tuple[V, ...]:
        slots = [slot for index in range(len(versions) + 1) for slot in slots_of(index)]
        try:
            words = self._words(slots)
            width = len(slots) // (len(versions) + 1)
            proved = [parse(*words[place : place + width]) for place in range(0, len(words), width)]
        except (Malformed, ValueError) as fault:
            raise NotProved(what, str(fault)) from fault
        if proved != [*versions, None]:
            raise NotProved(what, "the endpoint tells other versions than its proofs show")
        return tuple(versions)

    def _words(self, slots: Sequence[int]) -> list[int]:
        address = self._ledger.addresses.registry
        answer = self._ledger.proof(address, slots, self.header.number)
        given = [*answer.account_nodes, *(node for _, nodes in answer.storage.values() for node in nodes)]
        nodes = NodeSet.of(dict.fromkeys(given))
        account = read_account(self.header.state_root, bytes.fromhex(address[2:]), nodes)
        if account is None:
            raise Malformed("registry", "has no account under this state root")
        return [read_slot(account.storage_root, slot, nodes) for slot in slots]


def _one_slot(slot_of: Callable[[int], int]) -> Callable[[int], tuple[int]]:
    return lambda index: (slot_of(index),)
