"""Erasures of records: which statement may erase what, said at intake and done once the statement is anchored.

An `audit.erasure` is a record as any other. Where it comes in, it is refused if its issuer may not erase what it names,
so that nobody is told of an erasure that will not be done. What it names is erased when it stands on the chain: only
then can everybody prove who had it erased. A record that comes later than its erasure is erased when it comes.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from chain.encoding import parse_base64url
from chain.erasures import KEPT_SECTIONS, ErasureText, Target, digests_to_erase, erasure_of, may_erase
from chain.errors import MalformedRecord
from chain.index_store import IndexStore
from chain.members import KeyState, MemberKind, MemberState, PolicyName, find_in_force
from chain.sdjwt import SignedRecord
from chain.standing import owner_of
from gateway.access.retention import RetentionPolicy
from gateway.membership.registry import Registry, Snapshot
from gateway.runtime.refusals import GatewayRefusal
from gateway.search_index.erasure import erase
from gateway.store.erasures import DueErasure, ErasureTarget, find_due_erasures, find_targets, settle_erasures
from gateway.store.records import get_signed
from gateway.store.store import Store, Transaction

ERASURES_PER_STEP_MAX = 64
"""Records erased in one transaction."""
TARGET_RETRY_S = 2.0

_log = logging.getLogger("gateway.ingest.erasures")


@dataclass(frozen=True)
class ErasureJudge:
    """Whether a statement may erase what it names. Safe to share between threads."""

    policies: tuple[RetentionPolicy, ...] = ()
    """The retention policies whose text this gateway has."""

    def allowed(
        self, text: ErasureText, issuer: str, target: ErasureTarget, snapshot: Snapshot, block: int | None
    ) -> frozenset[bytes]:
        """The digests that a statement anchored in a block (None: in the next one) erases of a record."""
        at = snapshot.block + 1 if block is None else block
        owners = map(owner_of, target.ucrs)
        governs = self._governs(text, issuer, target.signed.record_id, snapshot, at)
        if not may_erase(text, issuer, Target.of(target.signed, owners), is_governor=governs):
            return frozenset()
        return digests_to_erase(text, target.signed)

    def erased_by(
        self, signed: SignedRecord, target: ErasureTarget, snapshot: Snapshot, block: int
    ) -> frozenset[bytes]:
        """The digests that a signed erasure, anchored in a block, erases of a record; none where it does not count."""
        text = erasure_of(signed)
        if text is None or not _counts(signed, snapshot, block):
            return frozenset()
        return self.allowed(text, signed.iss, target, snapshot, block)

    def _governs(self, text: ErasureText, issuer: str, record_id: str, snapshot: Snapshot, block: int) -> bool:
        """Whether the issuer governed for that block, and the policy then in force lets governors erase all of it."""
        member = snapshot.members.get(issuer)
        version = None if member is None else find_in_force(member.versions, block)
        if version is None or version.kind is not MemberKind.GOVERNOR:
            return False
        agreed = find_in_force(snapshot.policies.get(PolicyName.RETENTION, ()), block)
        policy = next((policy for policy in self.policies if policy.digest.hex() == text.policy), None)
        if agreed is None or policy is None or agreed.value != policy.digest:
            return False
        return text.sections_of(record_id) <= policy.governors_erase


def check_erasure(
    connection: Transaction, store: Store, judge: ErasureJudge, snapshot: Snapshot, issuer: str, ucrs: frozenset[str],
    text: ErasureText,
) -> None:  # fmt: skip
    """That what an offered erasure names is here, may be erased by its issuer, and is of the consignments it names.

    Raises MalformedRecord, GatewayRefusal.
    """
    named = [record_id for record_id, _ in text.erased]
    targets = find_targets(connection, store.vault, named)
    spoken_of: set[str] = set()
    for record_id, sections in text.erased:
        target = targets.get(record_id)
        if target is None:
            raise GatewayRefusal(
                "record-unknown",
                f"record {record_id} is not held here",
                field="erasure.erased",
                retry_after_s=TARGET_RETRY_S,
            )
        if unerasable := sections & KEPT_SECTIONS:
            raise MalformedRecord(
                "erasure.erased.sections",
                f"never has {', '.join(sorted(unerasable))}: proofs rest on it",
                value=record_id,
                fix="Leave it out; names of persons stand in other sections",
            )
        if strange := sections - target.signed.sections.keys():
            raise MalformedRecord(
                "erasure.erased.sections", f"has sections of record {record_id}", value=", ".join(sorted(strange))
            )
        if not judge.allowed(text, issuer, target, snapshot, None):
            raise GatewayRefusal(
                "role",
                f"{issuer} may not erase sections of record {record_id} by the rule {text.rule!r}: its issuer may, the "
                "company of its UCRs, and governors where the retention policy says so",
                field="erasure.rule",
                fix=f"Ask {target.signed.iss}, who issued it",
            )
        spoken_of |= target.ucrs
    if spoken_of != ucrs:
        missing = ", ".join(sorted(spoken_of ^ ucrs)[:3])
        raise MalformedRecord(
            "ucr", "has the consignments of the records that are erased, all of them and no other", value=missing
        )


@dataclass
class ErasureKeeper:
    """Erases what anchored statements name. One thread calls `step`."""

    store: Store
    index: IndexStore
    registry: Registry
    judge: ErasureJudge
    clock: Callable[[], float]
    forget: Callable[[], None] = lambda: None
    """Empties the memory of opened records."""
    erased_count: int = 0
    """Disclosures erased since start."""
    _is_purge_due: bool = False
    """Whether the store's log may still hold what was erased."""

    def step(self) -> bool:
        """Erases what is due; whether there may be more at once. Raises StoreFault, GatewayRefusal."""
        self._purge()
        with self.store.reading() as connection:
            due = find_due_erasures(connection, ERASURES_PER_STEP_MAX)
            if not due:
                return False
            digests_due = [self._digests(connection, one) for one in due]
        at = int(self.clock())
        with self.store.writing(erasing=True) as connection:
            for erasure, digests in zip(due, digests_due, strict=True):
                if digests:
                    erase(connection, self.store.vault, erasure.record_id, digests, erasure=erasure.erasure_id, at=at)
                    self.erased_count += len(digests)
                    self._is_purge_due = True
                else:
                    _log.warning("record %s may not erase record %s", erasure.erasure_id, erasure.record_id)
            settle_erasures(connection, due)
        self._purge()
        return len(due) == ERASURES_PER_STEP_MAX

    def _purge(self) -> None:
        """What a fault left undone is done at the next step."""
        if self._is_purge_due:
            self.forget()
            self.store.purge_log()
            self._is_purge_due = False

    def _digests(self, connection: Transaction, due: DueErasure) -> frozenset[bytes]:
        batch = self.index.find_batch(due.batch)
        if batch is None:
            return frozenset()
        signed = get_signed(connection, self.store.vault, due.erasure_id)
        target = find_targets(connection, self.store.vault, [due.record_id])[due.record_id]
        return self.judge.erased_by(signed, target, self.registry.snapshot(), batch.facts.block)


def _counts(signed: SignedRecord, snapshot: Snapshot, block: int) -> bool:
    """Whether key and member of a record were in force for its block."""
    key, member = snapshot.keys.get(parse_base64url(signed.kid)), snapshot.members.get(signed.iss)
    if key is None or member is None:
        return False
    key_version, member_version = find_in_force(key.versions, block), find_in_force(member.versions, block)
    if key_version is None or member_version is None:
        return False
    is_own = key_version.member == signed.iss
    return is_own and key_version.state is KeyState.ACTIVE and member_version.state is MemberState.ACTIVE
