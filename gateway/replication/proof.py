"""Whether what a peer sends is a record of the batch that was asked for: proved before it is stored.

Believed are the chain (the batch's entries, the registry) and our own tag keys; the peer is not.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cached_property

from chain.encoding import parse_base64url
from chain.errors import Malformed, TongguanError
from chain.members import find_in_force
from chain.proof.batch import entry_digest, number_digest
from chain.proof.own_number import INVOICE_TYPE, own_numbers
from chain.records import Record, parse_record
from chain.records.fastpath import parse_signed
from chain.sdjwt import SignedRecord, Withheld
from gateway.ingest.validation import Entry, NumberEntry
from gateway.membership.registry import Snapshot
from gateway.membership.tag_keys import TagKeys, purpose_of
from gateway.replication.policy import ANY, ReplicationPolicy

Placed = tuple[bytes, bytes]


class NotOfBatch(TongguanError):
    """What was sent is no record of this batch, or not signed by a key that the registry gave its issuer."""


@dataclass(frozen=True)
class Replica:
    """A record that stands in the batch, as much of it as the peer showed."""

    signed: SignedRecord
    record: Record | None
    """What it says, where it is shown whole."""
    entries: tuple[Entry, ...]
    numbers: tuple[NumberEntry, ...]

    @property
    def placed(self) -> list[Placed]:
        """All its entries in the batch."""
        return [*((entry.tag, entry.digest) for entry in self.entries), *self.numbers]


@dataclass(frozen=True)
class ReplicaProver:
    """Proves records of one batch."""

    consortium: str
    tag_keys: TagKeys
    snapshot: Snapshot
    block: int
    """Of the batch."""
    placed: AbstractSet[Placed]
    """The entries of the batch that are looked for."""
    policy: ReplicationPolicy
    gateway: str
    """The member that runs this gateway."""
    governs: bool
    erased: Callable[[SignedRecord], Collection[bytes]]
    """Digests of what was erased of a record, as tombstones and proved erasures say."""

    def prove(self, text: bytes) -> Replica:
        """The record in an SD-JWT; raises NotOfBatch with the first thing against it."""
        try:
            signed = parse_signed(text)
        except Malformed as fault:
            raise NotOfBatch(f"it is no record: {fault}") from fault
        if signed.consortium != self.consortium:
            raise NotOfBatch("it was said to another consortium")
        # Cheap first: a signature is only verified where the entries, which cover it, stand in the batch.
        entries, numbers = self._entries(signed), self._numbers(signed)
        self._check_signer(signed)
        allowed = self._allowed(signed)
        return Replica(allowed, _understood(allowed), entries, numbers)

    def _allowed(self, signed: SignedRecord) -> SignedRecord:
        """What this gateway may hold of it, no more; raises NotOfBatch where the peer shows less than that."""
        # What tells its districts may itself be withheld: then only what every record of its type gets is demanded.
        sections = self.policy.sections_of(signed, self.gateway, governs=self.governs)
        if signed.is_fully_disclosed():
            return self._shown(signed)
        erased = frozenset(self.erased(signed))
        for name, elements in signed.disclosed().items():
            withheld = {digest for digest, value in elements if value is Withheld.WITHHELD} - erased
            if withheld and (name in sections or ANY in sections):
                raise NotOfBatch(f"the policy shows its section {name} here, the peer does not")
        return self._shown(signed)

    def _shown(self, signed: SignedRecord) -> SignedRecord:
        allowed = self.policy.shown(signed, self.gateway, governs=self.governs)
        if allowed is None:
            raise NotOfBatch("the policy shows nothing of it here")
        return allowed

    def _entries(self, signed: SignedRecord) -> tuple[Entry, ...]:
        purpose = purpose_of(signed)
        entries = []
        for digest, ucr in signed.ucr_elements():
            if ucr is None:
                raise NotOfBatch("it does not say of which consignments it speaks")
            bound = entry_digest(signed, digest)
            tags = self.tag_keys.lane_tags(ucr, signed.iss, purpose)
            tag = next((tag for tag in tags if (tag, bound) in self.placed), None)
            if tag is None:
                raise NotOfBatch("an entry of it does not stand in the batch")
            entries.append(Entry(str(ucr), tag, bound))
        return tuple(entries)

    def _numbers(self, signed: SignedRecord) -> tuple[NumberEntry, ...]:
        """The entries of its numbers that stand in the batch; each number that is shown must have its own.

        Without it nobody could count the number's uses: such a record is opened by no gateway that sees its numbers.
        """
        if signed.vct != INVOICE_TYPE:
            return ()
        numbers = dict(own_numbers(signed))
        entries = []
        for element, value in signed.disclosed().get("references", ()):
            bound = number_digest(signed, element)
            tag = self._tag_by_digest.get(bound) if value is Withheld.WITHHELD else None
            if (number := numbers.get(element)) is not None:
                own = self.tag_keys.number_tags(number)
                tag = next((tag for tag in own if (tag, bound) in self.placed), None)
                if tag is None:
                    raise NotOfBatch("the entry of a number that it says does not stand in the batch")
            if tag is not None:
                entries.append(NumberEntry(tag, bound))
        return tuple(entries)

    @cached_property
    def _tag_by_digest(self) -> dict[bytes, bytes]:
        return {digest: tag for tag, digest in self.placed}

    def _check_signer(self, signed: SignedRecord) -> None:
        try:
            key = self.snapshot.keys.get(parse_base64url(signed.kid))
        except ValueError:
            key = None
        if key is None or find_in_force(key.versions, self.block) is None:
            raise NotOfBatch("its key did not stand in the registry before the batch")
        if key.versions[0].member != signed.iss:
            raise NotOfBatch("its key is another member's")
        if not signed.verify(key.public_key):
            raise NotOfBatch("its signature is not its key's")


def _understood(signed: SignedRecord) -> Record | None:
    if not signed.is_fully_disclosed():
        return None
    try:
        return parse_record(signed)
    except Malformed:
        # Its own gateway should have refused it. It stands on the chain, so it is kept, and nobody searches for it.
        return None
