"""Where the two contracts keep each fact: storage slots derived from the fact's name, as Solidity lays them out.

`contracts/README.md` documents the layout; a test compares this file with the compiler's output. A mapping's value for
key k stands at keccak256(k₃₂ ‖ slot₃₂), `bytesN` keys padded on the right, numbers and addresses on the left; a dynamic
array's length stands at its slot, its elements from keccak256(slot₃₂) on. Arrays never shrink, so *element i is the
last* is proved by element i being there and element i + 1 being zero.
"""

from __future__ import annotations

from dataclasses import dataclass

from chain.members import USCC_BYTES, format_text
from chain.proof.hashes import keccak256

POLICIES_SLOT = 0
ASSIGNMENTS_SLOT = 1
OPERATORS_SLOT = 2
TAG_KEYS_SLOT = 3
AUTHORITIES_SLOT = 4
THRESHOLDS_SLOT = 5
CHANGED_BLOCK_SLOT = 6
MEMBERS_SLOT = 7
KEYS_SLOT = 8
ACCOUNTS_SLOT = 9
PROFILES_SLOT = 10
CUSTOMS_CODES_SLOT = 11
REQUESTS_SLOT = 12

COMMITMENTS_SLOT = 0
BATCH_INDEXES_SLOT = 1
CHECKPOINTS_SLOT = 2
DROPS_SLOT = 3

_WORDS = 1 << 256


def member_slot(uscc: str, version: int) -> int:
    """Registry: the word of a member's version (`MemberVersion`), versions counted from 0."""
    return _element(_mapped(_uscc(uscc), MEMBERS_SLOT), version)


def key_slot(thumbprint: bytes, version: int) -> int:
    """Registry: the word of a key's version (`KeyVersion`)."""
    return _element(_mapped(_exact(thumbprint, 32), KEYS_SLOT), version)


def account_slot(address: bytes, version: int) -> int:
    """Registry: the word of an account's version (`AccountVersion`)."""
    return _element(account_versions_slot(address), version)


def account_versions_slot(address: bytes) -> int:
    """Registry: how many versions an account has."""
    return _mapped(bytes(12) + _exact(address, 20), ACCOUNTS_SLOT)


def request_slot(thumbprint: bytes) -> int:
    """Registry: when the key's member asked for its compromise (Unix seconds, 40 bits); zero where it never did."""
    return _mapped(_exact(thumbprint, 32), REQUESTS_SLOT)


def policy_slots(name: str, version: int) -> tuple[int, int]:
    """Registry: the two words of a policy's version: its value, then the block (`PolicyVersion`)."""
    return _pair(_mapped(format_text(name), POLICIES_SLOT), version)


def assignment_slot(register: str, code: str, version: int) -> int:
    """Registry: the word of a version of whose a register's code is (`AssignmentVersion`)."""
    of_register = _mapped(format_text(register), ASSIGNMENTS_SLOT)
    return _element(_mapped(format_text(code), of_register), version)


def operator_slots(uscc: str, version: int) -> tuple[int, int]:
    """Registry: the two words of a version of a member as operator: its scope, then the block (`OperatorVersion`)."""
    return _pair(_mapped(_uscc(uscc), OPERATORS_SLOT), version)


def tag_key_slots(epoch: int) -> tuple[int, int]:
    """Registry: the two words of an epoch's tag key: the key, then its numbers (`TagKeyVersion`)."""
    return _pair(TAG_KEYS_SLOT, epoch)


def authority_slots(version: int) -> tuple[int, int]:
    """Registry: the two words of a change of the authorities: its log, then its numbers (`AuthorityVersion`)."""
    return _pair(AUTHORITIES_SLOT, version)


def changed_block_slot() -> int:
    """Registry: the last block that wrote any fact of it (40 bits)."""
    return CHANGED_BLOCK_SLOT


def profile_slots(uscc: str, version: int) -> tuple[int, int]:
    """Registry: the two words of a member's profile: name hash, then customs code (10 bytes) and block (40 bits)."""
    return _pair(_mapped(_uscc(uscc), PROFILES_SLOT), version)


def batch_count_slot() -> int:
    """Ledger: how many batches were anchored."""
    return COMMITMENTS_SLOT


def commitment_slot(index: int) -> int:
    """Ledger: the commitment of the batch at `index`."""
    return _element(COMMITMENTS_SLOT, index)


def checkpoint_count_slot() -> int:
    """Ledger: how many checkpoints there are."""
    return CHECKPOINTS_SLOT


def checkpoint_slots(index: int) -> tuple[int, int]:
    """Ledger: the two words of a checkpoint: its root, then its numbers (`CheckpointWord`)."""
    return _pair(CHECKPOINTS_SLOT, index)


def drop_slots(batch: int, number: int) -> tuple[int, int]:
    """Ledger: the two words of what was dropped of a batch, counted from 0: keccak of the bitmap, then `DropWord`."""
    return _pair(_mapped(batch.to_bytes(32, "big"), DROPS_SLOT), number)


@dataclass(frozen=True)
class DropWord:
    """The second word of a drop: the block in which its quorum was reached, and the votes that made it."""

    since_block: int
    votes: int

    @classmethod
    def parse_word(cls, word: int) -> DropWord | None:
        """The numbers packed in a word; None where it is zero (no such drop)."""
        return None if word == 0 else cls(word & (1 << 40) - 1, word >> 40 & 0xFFFF)


@dataclass(frozen=True)
class CheckpointWord:
    """The second word of a checkpoint."""

    batch_count: int
    """How many batches its map covers."""
    votes: int
    """Governors that attested this root; may still grow."""
    dissent: int
    """Governors that attested another root for the same count; may still grow."""
    since_block: int
    """The block in which the quorum was reached."""
    round: int = 0
    """How many checkpoints of the same `batch_count` stand before this one."""

    @classmethod
    def parse_word(cls, word: int) -> CheckpointWord | None:
        """The numbers packed in a word; None where it is zero (no such checkpoint)."""
        if word == 0:
            return None
        return cls(
            batch_count=word & (1 << 64) - 1,
            votes=word >> 64 & 0xFFFF,
            dissent=word >> 80 & 0xFFFF,
            since_block=word >> 96 & (1 << 40) - 1,
            round=word >> 136 & 0xFFFF_FFFF,
        )

    def format_word(self) -> int:
        """The word that `parse_word` reads."""
        numbers = self.batch_count | self.votes << 64 | self.dissent << 80
        return numbers | self.since_block << 96 | self.round << 136


def _mapped(key: bytes, slot: int) -> int:
    return int.from_bytes(keccak256(key + slot.to_bytes(32, "big")), "big")


def _element(array_slot: int, index: int, words: int = 1) -> int:
    start = int.from_bytes(keccak256(array_slot.to_bytes(32, "big")), "big")
    return (start + index * words) % _WORDS


def _pair(array_slot: int, index: int) -> tuple[int, int]:
    first = _element(array_slot, index, 2)
    return first, (first + 1) % _WORDS


def _uscc(uscc: str) -> bytes:
    return _exact(uscc.encode("ascii"), USCC_BYTES) + bytes(32 - USCC_BYTES)


def _exact(content: bytes, length: int) -> bytes:
    if len(content) != length:
        raise ValueError(f"{length} bytes are expected, got {len(content)}")
    return content
