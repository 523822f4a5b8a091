"""Whether this gateway is whole, and who is where it is not: by the replication policy that the members agreed on.

Nothing here is asked of another gateway while a reader waits: who may hold what stands in the policy and the settings.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Collection
from dataclasses import replace

from chain.errors import LedgerFault
from chain.members import MemberKind
from chain.records import RECORD_TYPES
from gateway.anchoring.anchor_tracker import FOLLOWED
from gateway.consignment.completeness_answers import GatewayLine
from gateway.consignment.coverage import NAMING_SECTIONS, Coverage, KnownGateway
from gateway.replication.policy import ANY, ReplicationPolicy
from gateway.replication.puller import REPLICATED
from gateway.runtime.answer import Answer
from gateway.services import Services
from gateway.store.outbox import count_anchored_batches, read_mark
from gateway.store.replicas import count_gaps

COUNT_KEPT_S = 30.0
"""How long the count of others' batches is believed."""


class LackAnswer(Answer, frozen=True, kw_only=True):
    """What this gateway lacks of all that is on the chain: hits of a search may be missing because of it."""

    batches: int
    """Batches of which records are missing here, or that were not looked at yet."""
    entries: int
    """Entries that are known to be missing."""
    by_policy: bool
    """Whether the replication policy keeps sections from this gateway by which consignments are searched."""
    whole_at: list[GatewayLine]


class WholenessService:
    """Tells what is lacking here; shared between threads."""

    def __init__(self, services: Services) -> None:
        self._services = services
        file = services.settings.replication_policy_file
        self._policy = None if file is None else ReplicationPolicy.parse(file.read_bytes())
        self._lock = threading.Lock()
        self._members: dict[str, str | None] = {}
        self._others, self._counted_until = 0, 0.0

    def explain(self, coverage: Coverage) -> Coverage:
        """The same coverage, naming the gateways that anchored what is missing and those that may be whole."""
        if coverage.is_whole:
            return coverage
        missing = tuple(replace(entry, gateway=self._member_of(entry.account)) for entry in coverage.missing)
        types = RECORD_TYPES.keys() if missing else {record.type for record in coverage.lacking}
        anchored = [entry.gateway for entry in missing]
        known = sorted(self._whole_for(types), key=lambda gateway: (-anchored.count(gateway.member), gateway.member))
        return replace(coverage, missing=missing, whole_at=tuple(known))

    def lack(self) -> LackAnswer | None:
        """What this gateway lacks in all; None where it is whole."""
        batches, entries = self._missing()
        policy, own = self._policy, self._services.settings.member
        by_policy = policy is not None and not self._is_granted(own, RECORD_TYPES) and self._batches_of_others() > 0
        if not batches and not by_policy:
            return None
        whole = [GatewayLine(member=known.member, url=known.url) for known in self._whole_for(RECORD_TYPES.keys())]
        return LackAnswer(batches=batches, entries=entries, by_policy=by_policy, whole_at=whole)

    def _missing(self) -> tuple[int, int]:
        """Batches of which something is missing or not looked at, and entries known to be missing."""
        services = self._services
        replicates = self._policy is not None and bool(services.settings.peers)
        if not replicates:
            return self._batches_of_others(), 0
        with services.store.reading() as connection:
            batches, entries = count_gaps(connection)
            ahead = services.index.progress().batch_count - read_mark(connection, REPLICATED)
        return batches + max(0, ahead), entries

    def _batches_of_others(self) -> int:
        """Batches that other gateways anchored; counted now and then."""
        with self._lock:
            if time.monotonic() < self._counted_until:
                return self._others
        with self._services.store.reading() as connection:
            # Both move in one transaction of the follower's. A void batch counts too: that is rare, and the safe way.
            others = max(0, read_mark(connection, FOLLOWED) - count_anchored_batches(connection))
        with self._lock:
            self._others, self._counted_until = others, time.monotonic() + COUNT_KEPT_S
        return others

    def _whole_for(self, types: Collection[str]) -> list[KnownGateway]:
        peers = self._services.settings.peers
        own = self._services.settings.member
        granted = [member for member in sorted(peers) if member != own and self._is_granted(member, types)]
        return [KnownGateway(member, peers[member]) for member in granted]

    def _is_granted(self, member: str, types: Collection[str]) -> bool:
        """Whether the policy gives the member's gateway all that names or gives states in records of these types."""
        if self._policy is None:
            return False
        version = self._services.registry.snapshot().members.get(member)
        governs = version is not None and version.versions[-1].kind is MemberKind.GOVERNOR
        for record_type in types:
            sections = self._policy.sections(member, governs=governs, record_type=record_type)
            if ANY not in sections and not sections >= NAMING_SECTIONS:
                return False
        return True

    def _member_of(self, account: str) -> str | None:
        with self._lock:
            if account in self._members:
                return self._members[account]
        try:
            member = self._services.ledger.find_gateway_member(account)
        except LedgerFault:
            return None  # the chain is silent: which gateway it was is told another time
        with self._lock:
            self._members[account] = member
        return member
