"""Who the members are, whose key counted when: the registry's facts as the contracts store them.

Every fact is an append-only list of versions, each with the block that wrote it. *In force for block N* is the last
version written in a block before N. Each version packs into storage words as `MemberRegistry.sol` lays them out
(lowest-order field first); `contracts/README.md` documents the layout and a test compares the two.

No I/O and no clock: decoding of words and one rule.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum, IntFlag
from typing import Protocol, TypeVar

from chain.keys import KeyAlgorithm as KeyAlgorithm

USCC_BYTES = 18
"""Length of a unified social credit code (GB 32100) in ASCII bytes."""


class Role(IntFlag):
    """What a member may say, as bits in the registry, in the design's order."""

    BROKER = 1 << 0
    TRADER = 1 << 1
    CUSTOMS = 1 << 2
    CARRIER = 1 << 3
    TERMINAL = 1 << 4
    BANK = 1 << 5
    TAX = 1 << 6
    REGULATOR = 1 << 7
    AUDITOR = 1 << 8
    GATEWAY = 1 << 9


class MemberKind(IntEnum):
    """A governor votes; a participant is sponsored by one."""

    GOVERNOR = 1
    PARTICIPANT = 2


class MemberState(IntEnum):
    """Whether the member counts. 0 in storage means that no such version was written."""

    ACTIVE = 1
    SUSPENDED = 2
    EXPELLED = 3


class KeyState(IntEnum):
    """Whether the key counts. A compromised key is REVOKED with `compromised_since` set."""

    ACTIVE = 1
    REVOKED = 2


class AddedBy(IntEnum):
    """Who put this key into the registry; anything but MEMBER shows in every report."""

    MEMBER = 1
    SPONSOR = 2
    GOVERNORS = 3


class AccountState(IntEnum):
    """Whether the Ethereum account may act for its member."""

    ACTIVE = 1
    REVOKED = 2


class AccountPurpose(IntFlag):
    """What an Ethereum account may do for its member."""

    CONTROLLER = 1
    GATEWAY = 2
    ATTESTER = 4


class PolicyKind(IntEnum):
    """Which file a policy hash in the registry stands for."""

    VIEW_POLICY = 1
    RECORD_RULES = 2


@dataclass(frozen=True)
class MemberVersion:
    """One version of a member: kind, role bits, sponsor (None for a governor) and state, written in `since_block`."""

    since_block: int
    state: MemberState
    kind: MemberKind
    roles: Role
    sponsor: str | None

    @classmethod
    def parse_word(cls, word: int) -> MemberVersion | None:
        """The version packed in a storage word; None where the word is zero (never written)."""
        if word == 0:
            return None
        sponsor = (word >> 72) & _USCC_MASK
        return cls(
            since_block=word & _BLOCK_MASK,
            state=MemberState((word >> 40) & 0xFF),
            kind=MemberKind((word >> 48) & 0xFF),
            roles=Role((word >> 56) & 0xFFFF),
            sponsor=_uscc(sponsor) if sponsor else None,
        )


@dataclass(frozen=True)
class KeyVersion:
    """One version of a signing key: whose it is, its state, who added it, and since which block it is compromised."""

    since_block: int
    state: KeyState
    algorithm: KeyAlgorithm
    added_by: AddedBy
    compromised_since: int | None
    member: str

    @classmethod
    def parse_word(cls, word: int) -> KeyVersion | None:
        """The version packed in a storage word; None where the word is zero (never written)."""
        if word == 0:
            return None
        return cls(
            since_block=word & _BLOCK_MASK,
            state=KeyState((word >> 40) & 0xFF),
            algorithm=KeyAlgorithm((word >> 48) & 0xFF),
            added_by=AddedBy((word >> 56) & 0xFF),
            compromised_since=((word >> 64) & _BLOCK_MASK) or None,
            member=_uscc((word >> 104) & _USCC_MASK),
        )


@dataclass(frozen=True)
class AccountVersion:
    """One version of an Ethereum account's standing: which member it acts for and for what."""

    since_block: int
    state: AccountState
    purposes: AccountPurpose
    member: str

    @classmethod
    def parse_word(cls, word: int) -> AccountVersion | None:
        """The version packed in a storage word; None where the word is zero (never written)."""
        if word == 0:
            return None
        return cls(
            since_block=word & _BLOCK_MASK,
            state=AccountState((word >> 40) & 0xFF),
            purposes=AccountPurpose((word >> 48) & 0xFF),
            member=_uscc((word >> 56) & _USCC_MASK),
        )


class _Version(Protocol):
    @property
    def since_block(self) -> int: ...


V = TypeVar("V", bound=_Version)


def find_in_force(versions: Sequence[V], block: int) -> V | None:
    """The version in force for `block`: the last one written in a block before it; None where there was none yet."""
    found = None
    for version in versions:
        if version.since_block >= block:
            break
        found = version
    return found


_BLOCK_MASK = (1 << 40) - 1
_USCC_MASK = (1 << (8 * USCC_BYTES)) - 1


def _uscc(number: int) -> str:
    return number.to_bytes(USCC_BYTES, "big").decode("ascii")
