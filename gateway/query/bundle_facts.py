"""What bundles need of the registry: which versions there are, and whose lanes a consignment's bundle must open."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Protocol

from chain.encoding import parse_base64url
from chain.mandates import beijing_day, mandate_of
from chain.members import (
    CodeRegister,
    KeyState,
    MemberState,
    PolicyName,
    Role,
    find_in_force,
    is_compromised_at,
)
from chain.proof.authorities import authorities_for, authorities_up_to
from chain.proof.offices import UNKNOWN_OFFICE, offices_of
from chain.proof.slot_plan import RegistryView
from chain.standing import PARTIES_TYPE, RECORDS_MAX, StandingRecord, close_standing, owner_of
from chain.verify.record_rules import parse_record_rules
from gateway.access.records import HeldRecord
from gateway.membership.registry import Snapshot

RULES_FILES_MAX = 64
"""Most texts of record rules that are kept beside the one in force."""


class _Dated(Protocol):
    @property
    def since_block(self) -> int: ...


def since_blocks(versions: Iterable[_Dated], block: int) -> list[int]:
    """The blocks of all versions that stand in storage at this block: versions are only ever appended."""
    return [version.since_block for version in versions if version.since_block <= block]


def read_rules_texts(file: Path) -> tuple[bytes, ...]:
    """The record rules in force, and those before them: every `record-rules*.json` beside the file.

    Bundles of old records show the text that was in force then, so that an operator keeps it under another name.
    """
    older = sorted(path for path in file.parent.glob("record-rules*.json") if path != file)
    return tuple(path.read_bytes() for path in (file, *older[:RULES_FILES_MAX]))


@dataclass(frozen=True)
class BundleFacts:
    """The registry as of one block, as bundles look at it."""

    snapshot: Snapshot
    block: int
    rules_texts: Sequence[bytes]

    def view(self, account_since_blocks: Callable[[bytes], Sequence[int]]) -> RegistryView:
        """Which versions of each fact stand in storage."""
        snapshot, block = self.snapshot, self.block
        return RegistryView(
            keys=lambda key: since_blocks(snapshot.keys[key].versions, block),
            members=lambda uscc: since_blocks(snapshot.members[uscc].versions, block),
            accounts=account_since_blocks,
            policies=lambda name: since_blocks(snapshot.policies.get(name, ()), block),
            operators=lambda uscc: since_blocks(snapshot.operators.get(uscc, ()), block),
            assignments=lambda name: since_blocks(snapshot.assignments.get(name, ()), block),
            is_contested=self._is_contested,
            epochs=len(since_blocks(snapshot.tag_keys, block)),
            authorities=tuple(change for change in snapshot.authorities if change.block <= block),
        )

    def members_of_the_set(self, ucr: str, records: Iterable[HeldRecord]) -> frozenset[str]:
        """Whose lanes a bundle of the consignment opens: its owner's, authorities', and of whom counted records name.

        `records` are all of it, in full. Where it is open whether customs was competent, whom it names is among them.
        """
        standing = close_standing(ucr, self._statements(ucr, records), is_competent=self._may_be_competent)
        owner = owner_of(ucr)
        authorities = authorities_up_to(self.snapshot.authorities, self.block)
        return authorities | standing.namings.keys() | ({owner} if owner is not None else set())

    def _is_contested(self, thumbprint: bytes) -> bool:
        versions = [one for one in self.snapshot.keys[thumbprint].versions if one.since_block <= self.block]
        return bool(versions) and versions[-1].contested

    def _statements(self, ucr: str, records: Iterable[HeldRecord]) -> Iterator[StandingRecord]:
        snapshot = self.snapshot
        numbers: set[tuple[str, str]] = set()
        for record in sorted(records, key=lambda record: record.order):
            signed, block = record.signed, record.block
            if block is None or (signed.iss, signed.jti) in numbers or not self._counts(record, block):
                continue
            numbers.add((signed.iss, signed.jti))
            operator = find_in_force(snapshot.operators.get(signed.iss, ()), block)
            scope = None if operator is None else operator.scope
            limit = find_in_force(snapshot.policies.get(PolicyName.LANE_RECORDS_MAX, ()), block)
            yield StandingRecord(
                record_id=signed.record_id,
                issuer=signed.iss,
                record_type=signed.vct,
                order=record.order[:3],
                names=tuple(name for name in signed.section("names") if isinstance(name, str)),
                offices=offices_of(signed),
                by_authority=signed.iss in authorities_for(snapshot.authorities, block),
                by_operator=signed.vct == PARTIES_TYPE
                and scope is not None
                and (scope == "*" or ucr[1:].startswith(scope)),
                block=block,
                day=beijing_day(record.anchored_at or 0),
                mandate=mandate_of(signed),
                replaces=signed.amends,
                withdraws=signed.withdraws,
                records_max=RECORDS_MAX if limit is None else limit.number,
            )

    def _counts(self, record: HeldRecord, block: int) -> bool:
        """Whether key and member were in force, with the role, for the record's block."""
        signed = record.signed
        key, member = self.snapshot.keys.get(parse_base64url(signed.kid)), self.snapshot.members.get(signed.iss)
        if key is None or member is None:
            return False
        key_version, member_version = find_in_force(key.versions, block), find_in_force(member.versions, block)
        if key_version is None or member_version is None:
            return False
        return (
            key_version.member == signed.iss
            and key_version.state is KeyState.ACTIVE
            and not is_compromised_at(key.versions[-1], record.anchored_at or 0)
            and member_version.state is MemberState.ACTIVE
            and bool(member_version.roles & self._roles_for(signed.vct, block))
        )

    def _roles_for(self, record_type: str, block: int) -> Role:
        version = find_in_force(self.snapshot.policies.get(PolicyName.RECORD_RULES, ()), block)
        text = None if version is None else self._text_by_hash.get(version.value)
        return Role(0) if text is None else parse_record_rules(text).get(record_type, Role(0))

    @property
    def _text_by_hash(self) -> Mapping[bytes, bytes]:
        return {sha256(text).digest(): text for text in self.rules_texts}

    def _may_be_competent(self, record: StandingRecord, offices: frozenset[str]) -> bool:
        holders = self.snapshot.assignments
        held = (holders.get((str(CodeRegister.CUSTOMS_OFFICE), office), ()) for office in offices)
        versions = [find_in_force(versions, record.block) for versions in held]
        return UNKNOWN_OFFICE in offices or any(one is not None and one.member == record.issuer for one in versions)
