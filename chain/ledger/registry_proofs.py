"""The registry's facts as storage proofs under one sealed header: the validators are believed, not the endpoint.

Old facts are proved from the newest state: no version is ever overwritten, so a node may have pruned older ones.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TypeVar

from chain.errors import LedgerFault, Malformed
from chain.ledger.client import Ledger
from chain.ledger.types import PolicyVersion
from chain.members import KeyVersion, MemberVersion, PolicyKind
from chain.proof.header import Header
from chain.proof.seals import verify_seals
from chain.proof.storage import NodeSet, read_account, read_slot
from chain.proof.storage_layout import key_slot, member_slot, policy_slots

SINCE_BLOCK_BITS = 40

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
        said = self._ledger.member_versions(uscc, self.header.number)
        read = _one(MemberVersion.parse_word)
        return self._versions(f"member {uscc}", said, lambda index: (member_slot(uscc, index),), read)

    def key_versions(self, thumbprint: bytes) -> tuple[KeyVersion, ...]:
        """Every version of a key, oldest first, and that there is no later one."""
        said = self._ledger.key_versions(thumbprint, self.header.number)
        read = _one(KeyVersion.parse_word)
        return self._versions(f"key {thumbprint.hex()}", said, lambda index: (key_slot(thumbprint, index),), read)

    def policy_versions(self, kind: PolicyKind) -> tuple[PolicyVersion, ...]:
        """Every hash of this policy file, oldest first, and that there is no later one."""
        said = self._ledger.policy_versions(kind, self.header.number)
        return self._versions(str(kind.name), said, lambda index: policy_slots(kind, index), _policy)

    def _versions(
        self,
        what: str,
        said: Sequence[V],
        slots_of: Callable[[int], Sequence[int]],
        read: Callable[[Sequence[int]], V | None],
    ) -> tuple[V, ...]:
        slots = [slot for index in range(len(said) + 1) for slot in slots_of(index)]
        try:
            words = self._words(slots)
        except Malformed as fault:
            raise NotProved(what, str(fault)) from fault
        width = len(slots) // (len(said) + 1)
        found = [read(words[place : place + width]) for place in range(0, len(words), width)]
        if found != [*said, None]:
            raise NotProved(what, "the endpoint tells other versions than its proofs show")
        return tuple(said)

    def _words(self, slots: Sequence[int]) -> list[int]:
        address = self._ledger.addresses.registry
        answer = self._ledger.proof(address, slots, self.header.number)
        given = [*answer.account_nodes, *(node for _, nodes in answer.storage.values() for node in nodes)]
        nodes = NodeSet.of(dict.fromkeys(given))
        account = read_account(self.header.state_root, bytes.fromhex(address[2:]), nodes)
        if account is None:
            raise Malformed("registry", "has no account under this state root")
        return [read_slot(account.storage_root, slot, nodes) for slot in slots]


def _one(parse: Callable[[int], V | None]) -> Callable[[Sequence[int]], V | None]:
    return lambda words: parse(words[0])


def _policy(words: Sequence[int]) -> PolicyVersion | None:
    digest, since = words
    if not since:
        return None
    return PolicyVersion(since & (1 << SINCE_BLOCK_BITS) - 1, digest.to_bytes(32, "big"))
