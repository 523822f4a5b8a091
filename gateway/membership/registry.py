"""Members and keys as the registry holds them at the chain's head, kept in memory and read anew when a block says so.

A revocation counts from the block after the one that holds it, so a snapshot that is one head old lets a revoked key
through for at most one block. With no word from the chain for `age_max_s` nobody is let in: a revocation could go
unseen.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Protocol

from chain.encoding import parse_base64url
from chain.keys import PublicKey
from chain.ledger import Head, RegisteredKey, RegisteredMember, VotedFacts
from chain.members import (
    AssignmentVersion,
    KeyState,
    KeyVersion,
    MemberState,
    MemberVersion,
    OperatorVersion,
    PolicyName,
    PolicyVersion,
    TagKeyVersion,
    find_in_force,
)
from chain.proof.authorities import AuthorityChange
from contracts import ContractName
from gateway.runtime.refusals import GatewayRefusal


class RegistryReader(Protocol):
    """What the registry asks of `chain.ledger.Ledger`."""

    def head(self) -> Head: ...
    def logs(self, contract: ContractName, topics: list[str], from_block: int, to_block: int) -> Iterator[object]: ...
    def members(self, *, from_block: int = 0, to_block: int | None = None) -> dict[str, RegisteredMember]: ...
    def keys(self, *, from_block: int = 0, to_block: int | None = None) -> dict[bytes, RegisteredKey]: ...
    def voted_facts(self, *, from_block: int = 0, to_block: int | None = None) -> VotedFacts: ...


@dataclass(frozen=True)
class Signer:
    """A registered key that counts for the next block, and the member that it speaks for."""

    member: str
    key: PublicKey
    key_version: KeyVersion
    member_version: MemberVersion


@dataclass(frozen=True)
class Snapshot:
    """The registry as of one block."""

    block: int
    members: Mapping[str, RegisteredMember] = field(default_factory=dict)
    keys: Mapping[bytes, RegisteredKey] = field(default_factory=dict)
    policies: Mapping[str, tuple[PolicyVersion, ...]] = field(default_factory=dict)
    """By name, each with all its versions."""
    assignments: Mapping[tuple[str, str], tuple[AssignmentVersion, ...]] = field(default_factory=dict)
    """By (register, code): whose a customs office or the beginning of a number is."""
    operators: Mapping[str, tuple[OperatorVersion, ...]] = field(default_factory=dict)
    """Operators of the single window, by USCC."""
    authorities: tuple[AuthorityChange, ...] = ()
    """Every change of the list of authorities, in order."""
    tag_keys: tuple[TagKeyVersion, ...] = ()
    """The public tag keys, by epoch."""

    def find_policy(self, name: str) -> bytes | None:
        """The newest value of the policy of this name: what counts for the next block; None where there is none."""
        versions = self.policies.get(name)
        return versions[-1].value if versions else None

    def lane_records_max(self, otherwise: int) -> int:
        """How many records one issuer may say of one UCR: a registry fact where there is one."""
        versions = self.policies.get(PolicyName.LANE_RECORDS_MAX)
        return versions[-1].number if versions else otherwise

    def get_signer(self, kid: str) -> Signer:
        """The key of that thumbprint with its member, both in force for the next block; raises GatewayRefusal."""
        found = self.keys.get(_thumbprint(kid))
        if found is None:
            raise GatewayRefusal("unknown-key", f"no key {kid} stands in the registry at block {self.block}")
        version = find_in_force(found.versions, self.block + 1)
        if version is None:
            raise GatewayRefusal("unknown-key", f"key {kid} does not count yet at block {self.block}")
        if version.state is not KeyState.ACTIVE:
            ended = version.state.name.lower()
            raise GatewayRefusal("revoked-key", f"key {kid} is {ended} since block {version.since_block}")
        return Signer(version.member, found.public_key, version, self.get_active_member(version.member))

    def is_active_member(self, uscc: str) -> bool:
        """Whether it is an active member for the next block."""
        found = self.members.get(uscc)
        version = find_in_force(found.versions, self.block + 1) if found else None
        return version is not None and version.state is MemberState.ACTIVE

    def get_active_member(self, uscc: str) -> MemberVersion:
        """The member as it stands for the next block; raises GatewayRefusal where it is not active."""
        found = self.members.get(uscc)
        version = find_in_force(found.versions, self.block + 1) if found else None
        if version is None:
            raise GatewayRefusal("inactive-member", f"{uscc} is no member at block {self.block}")
        if version.state is not MemberState.ACTIVE:
            raise GatewayRefusal(
                "inactive-member", f"member {uscc} is {version.state.name.lower()} since block {version.since_block}"
            )
        return version


class Registry:
    """The newest snapshot, refreshed by the follower's thread and read by every request."""

    def __init__(self, ledger: RegistryReader, clock: Callable[[], float], age_max_s: float) -> None:
        self._ledger = ledger
        self._clock = clock
        self._age_max_s = age_max_s
        self._lock = threading.Lock()
        self._snapshot: Snapshot | None = None
        self._heard_at = 0.0
        self.head_timestamp = 0
        """Time of the newest block that was seen, Unix seconds; 0 before the first."""

    def refresh(self) -> Snapshot:
        """Reads the registry at the head where a block since the last time changed it; raises LedgerFault."""
        head = self._ledger.head()
        self.head_timestamp = int(head.timestamp)
        known = self._snapshot
        if known is None or self._was_changed(known.block + 1, head.number):
            voted = self._ledger.voted_facts(to_block=head.number)
            known = Snapshot(
                head.number,
                self._ledger.members(to_block=head.number),
                self._ledger.keys(to_block=head.number),
                voted.policies,
                voted.assignments,
                voted.operators,
                voted.authorities,
                voted.tag_keys,
            )
        elif head.number > known.block:
            known = replace(known, block=head.number)
        with self._lock:
            self._snapshot = known
            self._heard_at = self._clock()
        return known

    def snapshot(self) -> Snapshot:
        """The newest snapshot; raises GatewayRefusal (503) where the chain was silent for too long."""
        with self._lock:
            found, age_s = self._snapshot, self._clock() - self._heard_at
        # A clock that steps back makes the age negative: that says nothing of the chain.
        if found is None or age_s > self._age_max_s:
            raise GatewayRefusal(
                "ledger",
                f"no word from the chain for {age_s:.0f} s" if found else "no word from the chain yet",
                retry_after_s=5,
            )
        return found

    def age_s(self) -> float:
        """Seconds since the chain was last heard; infinite before the first time."""
        with self._lock:
            return self._clock() - self._heard_at if self._snapshot else float("inf")

    def _was_changed(self, first: int, last: int) -> bool:
        return last >= first and any(True for _ in self._ledger.logs("MemberRegistry", [], first, last))


@lru_cache(maxsize=4_096)  # every record that a key signs names it
def _thumbprint(kid: str) -> bytes:
    try:
        return parse_base64url(kid)
    except ValueError:
        return b""
