"""What this gateway holds of a batch, as another gateway may have it: the serving side of replication.

A peer asks for whole batches only, so that nobody learns from its questions what its members look at.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from chain.encoding import Json, write_json
from chain.errors import NotFound
from chain.index_store import IndexStore
from chain.members import MemberKind, PolicyName, Role
from chain.proof.batch import TAG_BYTES, split_entries
from gateway.membership.registry import Registry
from gateway.replication.policy import ReplicationPolicy
from gateway.replication.tombstone_page import TOMBSTONES_PER_PAGE_MAX, tombstone_json
from gateway.runtime.refusals import GatewayRefusal
from gateway.store.records import get_signed, open_signed
from gateway.store.replicas import HeldPayload, find_held_payloads
from gateway.store.store import Store
from gateway.store.tombstones import list_tombstones

ANSWER_BYTES_MAX = 8 << 20
"""About the longest answer: it ends after the record that passes this, and names where to go on."""
RECORDS_PER_ANSWER_MAX = 2_048
PART_BYTES = 1 << 18
"""Lines are given in parts of about this size: each part costs a change of threads."""


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

    def tombstones(self, member: str, after: int) -> dict[str, Json]:
        """What was erased here after a place, with the records that erased it as the policy shows them to the asker.

        Raises GatewayRefusal as `batch` does.
        """
        policy = self._agreed_policy()
        governs = self._require_gateway(member)
        with self.store.reading() as connection:
            stones = list_tombstones(connection, after, TOMBSTONES_PER_PAGE_MAX)
            erasures = {}
            for name in sorted({stone.erasure for _, stone in stones}):
                try:
                    signed = get_signed(connection, self.store.vault, name)
                except NotFound:
                    continue  # it was told of an erasure whose record has not come here yet
                if (shown := policy.shown(signed, member, governs=governs)) is not None:
                    erasures[name] = shown.serialize()
        return {
            "tombstones": [tombstone_json(stone) for _, stone in stones],
            "erasures": dict(erasures),
            "next": stones[-1][0] if stones else after,
        }

    def _lines(
        self, held: list[HeldPayload], after: int, policy: ReplicationPolicy, member: str, *, governs: bool
    ) -> Iterator[bytes]:
        size = count = 0
        following: int | None = None
        lines: list[bytes] = []
        waiting = 0
        for place, payload in enumerate(held[after:], after):
            if size > ANSWER_BYTES_MAX or count == RECORDS_PER_ANSWER_MAX:
                following = place
                break
            signed = open_signed(self.store.vault, payload.record_id, payload.jwt, payload.disclosures)
            shown = policy.shown(signed, member, governs=governs)
            if shown is None:
                continue
            lines.append(b'"' + shown.serialize().encode("ascii") + b'"\n')
            size, waiting, count = size + len(lines[-1]), waiting + len(lines[-1]), count + 1
            if waiting > PART_BYTES:
                yield b"".join(lines)
                lines, waiting = [], 0
        yield b"".join([*lines, write_json({"next": following, "records": count}), b"\n"])

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
