"""Who the members are, whose key counted when: the registry's facts as the contracts store them.

Every fact is an append-only list of versions, each with the block that wrote it. *In force for block N* is the last
version written in a block before N. Each version packs into storage words as `MemberRegistry.sol` lays them out
(lowest-order field first); `contracts/README.md` documents the layout and a test compares the two.

No I/O and no clock: decoding of words and one rule.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum, IntFlag, StrEnum
from typing import Protocol, TypeVar

from chain.keys import KeyAlgorithm as KeyAlgorithm

USCC_BYTES = 18
"""Length of a unified social credit code (GB 32100) in ASCII bytes."""

TEXT_BYTES_MAX = 32
"""Longest name, code or scope in the registry: visible ASCII characters."""

CONTEST_S = 30 * 24 * 3600
"""How long a member's request to declare its key compromised stays open, from the request's block on."""

AUTHORITIES_MAX = 128
"""Most authorities listed at one time."""


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
    """How a key stands; a key ends in three ways."""

    ACTIVE = 1
    RETIRED = 2
    """Ended in good order: what it signed before stays as good as it was."""
    REVOKED = 3
    """Ended by its member from a block on: what it signed before stands, and reports name the revocation."""
    COMPROMISED = 4
    """By the governors' vote: nothing counts that it signed in a batch of the voted time or later."""


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


class PolicyName(StrEnum):
    """The policies that this edition knows, by their names in the registry; governors may add others."""

    VIEW = "view"
    REPLICATION = "replication"
    RETENTION = "retention"
    RECORD_RULES = "record-rules"
    RULE_PACK = "rule-pack"
    LEAST_VOTES = "least-votes"
    """A number: how many governors' votes a checkpoint needs at least."""
    LANE_RECORDS_MAX = "lane-records-max"
    """A number: how many records one issuer may say of one UCR."""


NUMBER_POLICIES = frozenset({PolicyName.LEAST_VOTES, PolicyName.LANE_RECORDS_MAX})
"""Policies whose value is a number."""


class CodeRegister(StrEnum):
    """Whose codes the registry gives to members, by the registers' names in it; governors may add others."""

    CUSTOMS_OFFICE = "customs-office"
    AWB_PREFIX = "awb-prefix"
    SCAC = "scac"
    FACILITY = "facility"
    PLATFORM = "platform"


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
    """One version of a signing key: whose it is, its state, and who added it."""

    since_block: int
    state: KeyState
    algorithm: KeyAlgorithm
    added_by: AddedBy
    compromised_since: int | None
    """Unix seconds: as voted where COMPROMISED, as the member asks where `contested`; else None."""
    member: str
    contested: bool = False
    """The member asked for a compromise; open until the governors decide, `CONTEST_S` at most."""

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
            contested=_bool(word >> 248),
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


@dataclass(frozen=True)
class PolicyVersion:
    """What a policy's name stands for from the block after `since_block` on."""

    since_block: int
    value: bytes
    """SHA-256 of the policy's file, or a number, 32 bytes big-endian; the name tells which."""

    @property
    def number(self) -> int:
        """The value of a policy that is a number."""
        return int.from_bytes(self.value, "big")

    @classmethod
    def parse_words(cls, value: int, word: int) -> PolicyVersion | None:
        """The version in these two words; None where it was never written."""
        return None if word == 0 else cls(word & _BLOCK_MASK, value.to_bytes(32, "big"))


@dataclass(frozen=True)
class AssignmentVersion:
    """Which member a register's code belongs to; None where it was released."""

    since_block: int
    member: str | None

    @classmethod
    def parse_word(cls, word: int) -> AssignmentVersion | None:
        """The version packed in a storage word; None where the word is zero (never written)."""
        if word == 0:
            return None
        member = (word >> 40) & _USCC_MASK
        return cls(word & _BLOCK_MASK, _uscc(member) if member else None)


@dataclass(frozen=True)
class OperatorVersion:
    """Of which UCRs a member operates the single window; None: of none any more."""

    since_block: int
    scope: str | None
    """How those UCRs begin after the digit of the year, e.g. `CN`; `*` stands for all."""

    @classmethod
    def parse_words(cls, scope: int, word: int) -> OperatorVersion | None:
        """The version in these two words; None where it was never written."""
        return None if word == 0 else cls(word & _BLOCK_MASK, parse_text(scope.to_bytes(32, "big")) or None)


@dataclass(frozen=True)
class TagKeyVersion:
    """The VRF key of an epoch: lanes are tagged under it from the batch `first_batch` on."""

    since_block: int
    first_batch: int
    suite: int
    """RFC 9381's suite_string."""
    public_key: bytes
    """32 bytes."""

    @classmethod
    def parse_words(cls, public_key: int, word: int) -> TagKeyVersion | None:
        """The version in these two words; None where it was never written."""
        if word == 0:
            return None
        first_batch = (word >> 40) & (1 << 64) - 1
        return cls(word & _BLOCK_MASK, first_batch, (word >> 104) & 0xFF, public_key.to_bytes(32, "big"))


@dataclass(frozen=True)
class AuthorityVersion:
    """What the list of authorities came to by one change: the newest log fixes every change ever made."""

    since_block: int
    authorities: int
    """How many are listed from here on."""
    log: bytes
    """See `chain.proof.authorities`."""

    @classmethod
    def parse_words(cls, log: int, word: int) -> AuthorityVersion | None:
        """The version in these two words; None where it was never written."""
        return None if word == 0 else cls(word & _BLOCK_MASK, (word >> 40) & 0xFFFF, log.to_bytes(32, "big"))


def is_compromised_at(newest: KeyVersion, time_s: int) -> bool:
    """Whether nothing counts that the key signed in a batch of this time, by its newest version."""
    since = newest.compromised_since
    return newest.state is KeyState.COMPROMISED and since is not None and since <= time_s


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


def format_text(text: str) -> bytes:
    """A name, code or scope as the registry holds it: 32 bytes, zeros at the end; ValueError where it is none."""
    if not 1 <= len(text) <= TEXT_BYTES_MAX or not all("!" <= character <= "~" for character in text):
        raise ValueError(f"1 to {TEXT_BYTES_MAX} visible ASCII characters are expected, got {text!r}")
    return text.encode("ascii").ljust(TEXT_BYTES_MAX, b"\0")


def parse_text(content: bytes) -> str:
    """The text in 32 bytes of the registry; empty where they are zero."""
    return content.rstrip(b"\0").decode("ascii")


def _bool(number: int) -> bool:
    if number > 1:
        raise ValueError(f"{number} is no truth value")
    return number == 1


def _uscc(number: int) -> str:
    return number.to_bytes(USCC_BYTES, "big").decode("ascii")
