"""Proof bundles from what this gateway holds: one sealed header, one `eth_getProof` a contract.

The header is that of the block which the follower has read up to, so that the newest checkpoint under it is the one
that the index map stands at. What was proved under a header is kept while that header is in use, and only slots not
asked for yet are fetched. A bundle is made of the very records that a view showed: it discloses what the view did.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from chain.encoding import parse_base64url
from chain.errors import LedgerFault, NotFound
from chain.index_store import IndexStore, Link
from chain.ledger import Checkpoint
from chain.ledger.faults import LedgerUnreachable, NoProofs
from chain.proof.batch import PREFIX_BYTES, BatchFacts, Purpose, entry_digest
from chain.proof.bundle import ShownReceipt
from chain.proof.bundle_builder import (
    AnchoredBatch,
    ChainIdentity,
    ContractProof,
    GroupToShow,
    Place,
    RecordToShow,
    assemble,
    plan_slots,
)
from chain.proof.header import Header
from chain.proof.receipt import SignedReceipt
from chain.proof.slots import SlotRequest, required_slots
from chain.verify.trust_root import LEDGER, REGISTRY, TrustRoot
from gateway.access.records import HeldRecord
from gateway.anchoring.patient_ledger import PatientLedger
from gateway.consignment.coverage import CheckpointFacts
from gateway.consignment.view import Sight
from gateway.membership.registry import Snapshot
from gateway.membership.tag_keys import TagKeys, purpose_of

VIEW_SILENCE_S_MAX = 0.7
"""How long a view waits for a chain that is silent: then it tells what was proved before."""
HEADER_TRIES_MAX = 40
HEADER_WAIT_S = 0.05
"""A checkpoint may be voted between two looks at the chain; the follower needs a moment to reach it."""


SLOTS_ASKED_MAX = 512
"""Slots in one `eth_getProof`; engines limit them."""


class BehindCheckpoint(LedgerFault):
    """The follower has not reached the newest checkpoint yet: a bundle made now would not fit together."""


@dataclass
class HeaderInUse:
    """One sealed header with the newest checkpoint under it, and what was proved under it so far."""

    block: int
    rlp: bytes
    checkpoint: Checkpoint | None
    nodes: dict[tuple[str, int], tuple[bytes, ...]] = field(default_factory=dict)
    account_nodes: dict[str, tuple[bytes, ...]] = field(default_factory=dict)
    account_since: dict[bytes, tuple[int, ...]] = field(default_factory=dict)

    @property
    def stands_at(self) -> int:
        """How many batches the checkpoint covers."""
        return self.checkpoint.batch_count if self.checkpoint else 0

    @property
    def checkpoint_facts(self) -> CheckpointFacts | None:
        """The checkpoint as a view tells it."""
        one = self.checkpoint
        if one is None:
            return None
        return CheckpointFacts(
            one.index, one.batch_count, "0x" + one.root.hex(), one.votes, one.dissent, one.since_block
        )


class BundleMaker:
    """Makes bundles for one gateway; shared between threads."""

    def __init__(
        self,
        ledger: PatientLedger,
        index: IndexStore,
        tag_keys: TagKeys,
        trust_root: TrustRoot,
        snapshot: Callable[[], Snapshot],
        *,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._ledger = ledger
        self._view_ledger = ledger.hurry(VIEW_SILENCE_S_MAX)
        self._index = index
        self._tag_keys = tag_keys
        self._trust_root = trust_root
        self._snapshot = snapshot
        self._sleep = sleep
        self._lock = threading.Lock()
        self._header: HeaderInUse | None = None

    def header(self) -> HeaderInUse:
        """The header to prove under now; raises BehindCheckpoint where the follower does not catch up.

        Raises NoProofs on a chain whose blocks nobody seals.
        """
        if self._trust_root.is_unsealed:
            raise NoProofs("sealed headers", "the trust root names no validators: UNTRUSTED_CHAIN")
        for _ in range(HEADER_TRIES_MAX):
            progress = self._index.progress()
            if self._snapshot().block < progress.block:
                self._sleep(HEADER_WAIT_S)
                continue
            with self._lock:
                known = self._header
            if known is None or known.block != progress.block:
                known = self._read_header(progress.block, self._ledger)
            if known.stands_at == progress.map_count:
                with self._lock:
                    self._header = known
                return known
            self._sleep(HEADER_WAIT_S)
        raise BehindCheckpoint("the follower has not reached the newest checkpoint")

    def checkpoint_facts(self) -> CheckpointFacts | None:
        """The checkpoint that the index map stands at; None before the first, or while it is just being read.

        None too where it was not read yet and the chain is silent; raises LedgerUnreachable before anything was read.
        """
        progress = self._index.progress()
        with self._lock:
            known = self._header
        if known is None or not (known.block == progress.block or known.stands_at == progress.map_count):
            try:
                newer = self._read_header(progress.block, self._view_ledger)
            except LedgerUnreachable:
                if known is None:
                    raise
            else:
                known = newer
                with self._lock:
                    self._header = known
        return known.checkpoint_facts if known.checkpoint and known.stands_at == progress.map_count else None

    def consignment(self, sight: Sight, receipts: Sequence[str] = ()) -> bytes:
        """The bundle of a consignment as the reader sees it, with receipts for records of `sight`.

        Raises NotFound while nothing of it is covered and no receipt is due.
        """
        promises = self._registered(receipts)
        return self._while_it_stands(lambda header: self._consignment(header, sight, promises))

    def record(
        self, record: HeldRecord, links: Mapping[str, tuple[bytes, Link]], receipts: Sequence[str] = ()
    ) -> bytes:
        """The bundle of one record as the reader sees it, with its entries for these UCRs (each with its tag)."""
        digests = {said: digest for digest, said in record.signed.ucr_elements() if said is not None}
        places = tuple(Place(tag, digests[ucr], link.batch, link.position) for ucr, (tag, link) in links.items())
        if not places:
            raise NotFound("anchored entry of record", record.signed.record_id)
        purpose = purpose_of(record.signed)
        groups = [(purpose, ucr, [self._epoch_of(purpose, ucr, tag)]) for ucr, (tag, _) in links.items()]
        shown = [RecordToShow(record.signed, places)]
        promises = [ShownReceipt(one, None) for one in self._registered(receipts)]
        subject = [record.signed.record_id]
        return self._while_it_stands(lambda header: self._make(header, subject, shown, groups, promises))

    def _registered(self, receipts: Sequence[str]) -> list[SignedReceipt]:
        """Those of the receipts whose key the registry knows: others prove nothing."""
        keys = self._snapshot().keys
        parsed = [SignedReceipt.parse(text) for text in receipts]
        return [one for one in parsed if parse_base64url(one.kid) in keys]

    def _while_it_stands(self, make: Callable[[HeaderInUse], bytes]) -> bytes:
        """What is made under one header; made anew where the map moved on to a newer checkpoint meanwhile."""
        for _ in range(HEADER_TRIES_MAX):
            header = self.header()
            made = make(header)
            if header.stands_at == self._index.progress().map_count:
                return made
        raise BehindCheckpoint("checkpoints come faster than bundles can be made")

    def _consignment(self, header: HeaderInUse, sight: Sight, receipts: Sequence[SignedReceipt]) -> bytes:
        covered = header.stands_at
        epochs = [at for at, epoch in enumerate(self._tag_keys.epochs) if epoch.from_batch < covered or at == 0]
        prefixes = self._tag_keys.prefixes(sight.ucr)
        proved = {
            tag: self._index.lane(tag, covered) for epoch in epochs for tag in self._index.lane_tags(prefixes[epoch])
        }
        shown = [one for one in map(_only(proved, sight.ucr), sight.records) if one is not None]
        promises = list(_promises(sight, {one.signed.record_id for one in shown}, receipts, header))
        if not shown and not promises:
            raise NotFound("covered record of consignment", sight.ucr)
        return self._make(header, sight.ucr, shown, [(Purpose.UCR, sight.ucr, epochs)], promises)

    def _make(
        self,
        header: HeaderInUse,
        subject: str | Collection[str],
        shown: Sequence[RecordToShow],
        named: Sequence[tuple[Purpose, str, Sequence[int]]],
        receipts: Sequence[ShownReceipt],
    ) -> bytes:
        snapshot = self._snapshot()
        batches = self._batches({place.batch for record in shown for place in record.places})
        first_uncovered = self._first_uncovered(header)
        if first_uncovered is not None:
            batches.setdefault(first_uncovered.index, AnchoredBatch(first_uncovered, b""))
        signers = [record.signed.kid for record in shown]
        for receipt in receipts:
            signers += [receipt.receipt.kid, *([receipt.record.kid] if receipt.record else [])]
        kids = {parse_base64url(kid) for kid in signers}
        request = plan_slots(
            shown,
            {index: batch.facts for index, batch in batches.items()},
            header.checkpoint.index if header.checkpoint else None,
            key_since_blocks=lambda key: _since(snapshot.keys[key].versions, header.block),
            member_since_blocks=lambda uscc: _since(snapshot.members[uscc].versions, header.block),
            account_since_blocks=lambda at: self._account_since(header, at),
            receipts=receipts,
            first_uncovered=None if first_uncovered is None else first_uncovered.index,
        )
        registry, ledger = self._prove(header, request)
        wanted = None if isinstance(subject, str) else {place.tag for record in shown for place in record.places}
        groups = [
            self._group(header, purpose, ucr, epoch, wanted) for purpose, ucr, epochs in named for epoch in epochs
        ]
        root = self._trust_root
        return assemble(
            ChainIdentity(root.consortium, root.chain_id, root.genesis_hash),
            subject,
            header_rlp=header.rlp,
            registry=registry,
            ledger=ledger,
            request=request,
            batches=[batches[index] for index in request.batches],
            records=shown,
            keys=[snapshot.keys[kid].public_key for kid in kids],
            groups=groups,
            receipts=receipts,
        ).format()

    def _epoch_of(self, purpose: Purpose, ucr: str, tag: bytes) -> int:
        """The epoch in which this is the tag of a lane of the UCR."""
        return self._tag_keys.prefixes(ucr, purpose).index(tag[:PREFIX_BYTES])

    def _group(
        self, header: HeaderInUse, purpose: Purpose, ucr: str, epoch: int, wanted: Collection[bytes] | None
    ) -> GroupToShow:
        """All lanes of a UCR in one epoch, with the leaves of those whose tags are wanted (None: of all)."""
        vrf_proof = self._tag_keys.prove(epoch, ucr, purpose)
        if header.checkpoint is None:
            return GroupToShow(purpose, ucr, epoch, vrf_proof, None, {})
        proof, _ = self._index.prove_group(self._tag_keys.prefixes(ucr, purpose)[epoch])
        tags = [lane.tag for lane in proof.lanes if wanted is None or lane.tag in wanted]
        leaves = {tag: tuple(link.leaf for link in self._index.lane(tag, header.stands_at)) for tag in tags}
        return GroupToShow(purpose, ucr, epoch, vrf_proof, proof, leaves)

    def _read_header(self, block: int, ledger: PatientLedger) -> HeaderInUse:
        count = ledger.checkpoint_count(block)
        checkpoint = ledger.checkpoint(count - 1, block) if count else None
        rlp = b"" if self._trust_root.is_unsealed else ledger.header_rlp(block)
        return HeaderInUse(block, rlp, checkpoint)

    def _prove(self, header: HeaderInUse, request: SlotRequest) -> tuple[ContractProof, ContractProof]:
        slots = required_slots(request)
        return (
            self._contract_proof(header, REGISTRY, slots["registry"]),
            self._contract_proof(header, LEDGER, slots["ledger"]),
        )

    def _contract_proof(self, header: HeaderInUse, name: str, slots: Sequence[int]) -> ContractProof:
        """The nodes for these slots, asking only for those not proved under this header yet."""
        contract = self._trust_root.find_contract(name, header.block)
        if contract is None:
            raise LedgerFault(f"the trust root names no {name} for block {header.block}")
        wanted = [slot for slot in slots if (name, slot) not in header.nodes]
        while wanted or name not in header.account_nodes:
            portion, wanted = wanted[:SLOTS_ASKED_MAX], wanted[SLOTS_ASKED_MAX:]
            answer = self._ledger.proof("0x" + contract.address.hex(), portion, header.block)
            header.account_nodes[name] = answer.account_nodes
            header.nodes.update({(name, slot): nodes for slot, (_, nodes) in answer.storage.items()})
        nodes = set(header.account_nodes[name]).union(*(header.nodes[name, slot] for slot in slots))
        return ContractProof(contract.address, nodes)

    def _account_since(self, header: HeaderInUse, address: bytes) -> tuple[int, ...]:
        if address not in header.account_since:
            versions = self._ledger.account_versions("0x" + address.hex(), header.block)
            header.account_since[address] = tuple(one.since_block for one in versions)
        return header.account_since[address]

    def _first_uncovered(self, header: HeaderInUse) -> BatchFacts | None:
        """The first batch under the header that its checkpoint does not cover, void or not; None where all are."""
        if header.checkpoint is None:
            return None
        batch = self._index.find_batch(header.checkpoint.batch_count)
        return None if batch is None or batch.facts.block > header.block else batch.facts

    def _batches(self, indexes: Iterable[int]) -> dict[int, AnchoredBatch]:
        found = {}
        for index in sorted(indexes):
            batch, raw = self._index.find_batch(index), self._index.find_entries(index)
            if batch is None or raw is None:
                raise NotFound("batch", index)
            facts: BatchFacts = batch.facts
            found[index] = AnchoredBatch(facts, raw)
        return found


def _promises(
    sight: Sight, shown: Collection[str], receipts: Sequence[SignedReceipt], header: HeaderInUse
) -> Iterator[ShownReceipt]:
    """The receipts of records that are shown, and of those that are due by this header's time but not shown."""
    time_s = Header.from_rlp(header.rlp).timestamp
    signed = {one.signed.record_id: one.signed for one in sight.records}
    for receipt in receipts:
        record_id = str(receipt.claims.get("record_id"))
        if record_id in shown:
            yield ShownReceipt(receipt, None)
        elif record_id in signed and int(str(receipt.claims.get("anchor_by"))) < time_s:
            yield ShownReceipt(receipt, signed[record_id].with_elements(()))


class _Dated(Protocol):
    @property
    def since_block(self) -> int: ...


def _since(versions: Iterable[_Dated], block: int) -> list[int]:
    """The blocks of all versions that stand in storage at this block: versions are only ever appended."""
    return [one.since_block for one in versions if one.since_block <= block]


def _only(proved: Mapping[bytes, Sequence[Link]], ucr: str) -> Callable[[HeldRecord], RecordToShow | None]:
    """Gives a record its places in these lanes; None for one that no attested lane holds yet."""
    by_digest: dict[bytes, list[tuple[bytes, Link]]] = {}
    for tag, links in proved.items():
        for link in links:
            by_digest.setdefault(link.entry_digest, []).append((tag, link))

    def placed(record: HeldRecord) -> RecordToShow | None:
        element = next(digest for digest, said in record.signed.ucr_elements() if said == ucr)
        found = by_digest.get(entry_digest(record.signed, element), [])
        places = tuple(Place(tag, element, link.batch, link.position) for tag, link in found)
        return RecordToShow(record.signed, places) if places else None

    return placed
