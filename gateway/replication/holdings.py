"""What this gateway holds of a batch, as another gateway may have it: the serving side of replication.

A peer asks for whole batches only, so that nobody learns from its questions what its members look at.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from chain.encoding import write_json
from chain.index_store import IndexStore
from chain.members import MemberKind, PolicyName, Role
from chain.proof.batch import TAG_BYTES, split_entries
from gateway.membership.registry import Registry
from gateway.replication.policy import ReplicationPolicy
from gateway.runtime.refusals import GatewayRefusal
from gateway.store.records import open_signed
from gateway.store.replicas import HeldPayload, find_held_payloads
from gateway.store.store import Store

ANSWER_BYTES_MAX = 8 << 20
"""About the longest answer: it ends after the record that passes this, and names where to go on."""
RECORDS_PER_ANSWER_MAX = 2_048


@dataclass(frozen=True)
class HoldingsService:
    """Gives other gateways what the replication policy allows. Safe to call from many threads."""

    store: Store
    index: IndexStore
    registry: Registry
    policy: ReplicationPolicy | None
    """None: this gateway has no policy file, and gives nothing."""

    def batch(self, member: str, batch_index: int, after: int) -> Iterator[bytes]:
        """NDJSON lines: each a JSON string with one SD-JWT, then `{"next": place or null, "records": count}`.

        `after` is how many of the batch's records here to pass over. Raises GatewayRefusal unless the member runs a
        gateway and the members agreed on the policy file here.
        """
        policy = self._agreed_policy()
        governs = self._require_gateway(member)
        raw = self.index.find_entries(batch_index)
        if raw is None:
            raise GatewayRefusal("not-found", f"batch {batch_index} does not stand on the chain here yet")
        placed = [(entry[:TAG_BYTES], entry[TAG_BYTES:]) for entry in split_entries(raw)]
        with self.store.reading() as connection:
            held = find_held_payloads(connection, placed)
        return self._lines(held, after, policy, member, governs=governs)

    def _lines(
        self, held: list[HeldPayload], after: int, policy: ReplicationPolicy, member: str, *, governs: bool
    ) -> Iterator[bytes]:
        size = count = 0
        following: int | None = None
        for place, payload in enumerate(held[after:], after):
            if size > ANSWER_BYTES_MAX or count == RECORDS_PER_ANSWER_MAX:
                following = place
                break
            signed = open_signed(self.store.vault, payload.record_id, payload.jwt, payload.disclosures)
            shown = policy.shown(signed, member, governs=governs)
            if shown is not None:
                line = b'"' + shown.serialize().encode("ascii") + b'"\n'
                size += len(line)
                count += 1
                yield line
        yield write_json({"next": following, "records": count}) + b"\n"

    def _agreed_policy(self) -> ReplicationPolicy:
        if self.policy is None:
            raise GatewayRefusal("not-found", "this gateway has no replication policy and gives nothing")
        if self.registry.snapshot().find_policy(PolicyName.REPLICATION) != self.policy.digest:
            raise GatewayRefusal(
                "policy",
                "the members agreed on no replication policy, or on another than the file here",
                fix="Have the governors agree: tongguan proposal propose policy replication FILE",
            )
        return self.policy

    def _require_gateway(self, member: str) -> bool:
        """Whether the member governs; raises GatewayRefusal where it may not run a gateway."""
        snapshot = self.registry.snapshot()
        version = snapshot.get_active_member(member)
        if Role.GATEWAY not in version.roles:
            raise GatewayRefusal("role", "replication is for members with the role GATEWAY")
        return version.kind is MemberKind.GOVERNOR
