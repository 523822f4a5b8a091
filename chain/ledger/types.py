"""What the ledger client takes and gives: plain frozen values.

Addresses and the hashes of blocks and transactions are 0x-hex texts in lower case; every other 32-byte value is bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from chain.keys import PublicKey
from chain.members import (
    AssignmentVersion,
    KeyVersion,
    MemberVersion,
    OperatorVersion,
    PolicyVersion,
    Role,
    TagKeyVersion,
)
from chain.proof.authorities import AuthorityChange


@dataclass(frozen=True)
class ContractAddresses:
    """Where the two contracts stand."""

    registry: str
    ledger: str


@dataclass(frozen=True)
class Expectations:
    """What the trust root says of the chain. None: not known beforehand, so not compared."""

    chain_id: int | None = None
    genesis_hash: str | None = None
    code_hashes: Mapping[str, str] = field(default_factory=dict)
    """keccak-256 of each contract's deployed code (0x-hex), by contract name: MemberRegistry, RecordLedger."""


@dataclass(frozen=True)
class Head:
    """A block at the chain's head."""

    number: int
    hash: str
    timestamp: int
    """Unix seconds UTC."""
    state_root: bytes


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint as the ledger contract holds it; votes and dissent may still grow."""

    index: int
    root: bytes
    batch_count: int
    votes: int
    dissent: int
    since_block: int
    round: int = 0
    """How many checkpoints of the same `batch_count` stand before this one."""


@dataclass(frozen=True)
class Drop:
    """What a quorum of governors took out of a batch; `bitmap` has one bit an entry, the first in bit 7 of byte 0."""

    batch: int
    number: int
    """Counted from 0 among the drops of the batch."""
    bitmap: bytes
    votes: int
    block: int


@dataclass(frozen=True)
class DropVote:
    """One governor's word that nobody can open certain entries of a batch."""

    batch: int
    bitmap_hash: bytes
    governor: str
    block: int


@dataclass(frozen=True)
class Attestation:
    """One governor's word on the index root over the first `batch_count` batches."""

    batch_count: int
    root: bytes
    governor: str
    block: int
    round: int = 0


@dataclass(frozen=True)
class AnchoredBatch:
    """A batch as its anchoring transaction and event tell it; its commitment was derived anew and fits the event's."""

    index: int
    root: bytes
    count: int
    entries: bytes
    gateway: str
    block: int
    timestamp: int
    tx_hash: str
    batch_id: bytes
    commitment: bytes


@dataclass(frozen=True)
class Log:
    """One event as a receipt or a log query gives it."""

    address: str
    topics: tuple[bytes, ...]
    data: bytes
    block: int
    tx_hash: str
    place: int
    """Its place among the block's events."""


@dataclass(frozen=True)
class Receipt:
    """That a transaction stands in a block, and succeeded."""

    tx_hash: str
    block: int
    block_hash: str
    gas_used: int
    contract_address: str | None
    logs: tuple[Log, ...]


@dataclass(frozen=True)
class ProofAnswer:
    """An EIP-1186 answer: account and storage values, and the trie nodes that prove them. Not checked here."""

    account_nodes: tuple[bytes, ...]
    nonce: int
    balance_wei: int
    storage_hash: bytes
    code_hash: bytes
    storage: Mapping[int, tuple[int, tuple[bytes, ...]]]
    """Slot to (value, nodes)."""


@dataclass(frozen=True)
class ProfileVersion:
    """One version of a member's name hash (SHA-256 of its name in UTF-8) and customs code (None: it has none)."""

    since_block: int
    name_hash: bytes
    customs_code: str | None


@dataclass(frozen=True)
class ThresholdVersion:
    """How many approvals execute a proposal."""

    since_block: int
    threshold: int


@dataclass(frozen=True)
class RegisteredMember:
    """A member with all its versions, oldest first."""

    uscc: str
    versions: tuple[MemberVersion, ...]
    profiles: tuple[ProfileVersion, ...]


@dataclass(frozen=True)
class RegisteredKey:
    """A signing key with all its versions, oldest first."""

    thumbprint: bytes
    public_key: PublicKey
    versions: tuple[KeyVersion, ...]


@dataclass(frozen=True)
class VotedFacts:
    """What the governors agreed on up to a block, each with all its versions, oldest first."""

    policies: Mapping[str, tuple[PolicyVersion, ...]]
    assignments: Mapping[tuple[str, str], tuple[AssignmentVersion, ...]]
    """By (register, code)."""
    operators: Mapping[str, tuple[OperatorVersion, ...]]
    """By USCC."""
    tag_keys: tuple[TagKeyVersion, ...]
    """By epoch."""
    authorities: tuple[AuthorityChange, ...]


@dataclass(frozen=True)
class Governors:
    """Every governor there ever was, in order of ordinal, and those active now."""

    every_one: tuple[str, ...]
    active: tuple[str, ...]


@dataclass(frozen=True)
class Proposal:
    """A proposal of the governors."""

    id: int
    action: int
    """`chain.ledger.calls.Action`."""
    since_block: int
    executed_block: int | None
    proposer: str
    approvals: tuple[str, ...]
    """Governors that approve, by ordinal; only those active count."""
    payload: bytes


@dataclass(frozen=True)
class Founder:
    """A governor to be."""

    uscc: str
    name: str
    roles: Role
    controller: str
    customs_code: str = ""


@dataclass(frozen=True)
class Founding:
    """What a consortium is founded with."""

    consortium: bytes
    """32 random bytes."""
    founders: tuple[Founder, ...]
    threshold: int
    policies: Mapping[str, bytes]
    """The first value of each policy, 32 bytes, by name."""
    tag_key: bytes
    """The public tag key (VRF) of the first epoch, 32 bytes."""
    tag_suite: int
    """Its suite (RFC 9381's suite_string)."""
    proposal_lifetime_blocks: int = 100_000
