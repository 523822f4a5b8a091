"""Proof bundles from what this gateway holds: one sealed header, one `eth_getProof` a contract.

The header is that of the block which the follower has read up to, so that the newest checkpoint under it is the one
that the index map stands at. What was proved under a header is kept while that header is in use, and only slots not
asked for yet are fetched. A bundle is made of the very records that a view showed: it discloses what the view did.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from chain.encoding import parse_base64url
from chain.errors import LedgerFault, NotFound
from chain.index_store import IndexStore, Link
from chain.ledger.faults import LedgerUnreachable, NoProofs
from chain.proof.batch import PREFIX_BYTES, BatchFacts, Purpose
from chain.proof.bundle import ShownReceipt
from chain.proof.bundle_builder import AnchoredBatch, ChainIdentity, ContractProof, GroupToShow, assemble, kind_of
from chain.proof.header import Header
from chain.proof.own_number import OwnNumber
from chain.proof.receipt import SignedReceipt
from chain.proof.slot_plan import NewestCheckpoint, Place, RecordToShow, plan_slots
from chain.proof.slots import SlotRequest, required_slots
from chain.verify.context import PENDING_S
from chain.verify.trust_root import LEDGER, REGISTRY, TrustRoot
from gateway.access.records import HeldRecord
from gateway.anchoring.patient_ledger import PatientLedger
from gateway.consignment.coverage import CheckpointFacts
from gateway.consignment.view import Sight
from gateway.membership.registry import Snapshot
from gateway.membership.tag_keys import TagKeys, purpose_of
from gateway.query.bundle_facts import BundleFacts
from gateway.query.bundle_headers import HeaderInUse
from gateway.query.bundle_limits import write_bundle
from gateway.query.bundle_records import find_promises, place_in_lanes
from gateway.query.cosigned_notes import CosignedNotes

VIEW_SILENCE_S_MAX = 0.7
"""How long a view waits for a chain that is silent: then it tells what was proved before."""
HEADER_TRIES_MAX = 40
HEADER_WAIT_S = 0.05
"""A checkpoint may be voted between two looks at the chain; the follower needs a moment to reach it."""
SLOTS_ASKED_MAX = 512
"""Slots in one `eth_getProof`; engines limit them."""


class BehindCheckpoint(LedgerFault):
    """The follower has not reached the newest checkpoint yet: a bundle made now would not fit together."""


class UnknownEpoch(LedgerFault):
    """The registry holds a tag key whose secret this gateway lacks: it cannot tell what stands in that epoch."""

    def __init__(self, epoch: int) -> None:
        super().__init__(
            f"the secret of the tag key of epoch {epoch} is not in this gateway's key file, or is another. "
            "Take it from another gateway: tongguan tag-keys take"
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
        rules_texts: Sequence[bytes],
        notes: CosignedNotes | None = None,
        *,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._ledger = ledger
        self._view_ledger = ledger.hurry(VIEW_SILENCE_S_MAX)
        self._index = index
        self._tag_keys = tag_keys
        self._trust_root = trust_root
        self._snapshot = snapshot
        self._rules_texts = rules_texts
        self._notes = notes
        self._sleep = sleep
        self._lock = threading.Lock()
        self._header: HeaderInUse | None = None
        self._witnessed: HeaderInUse | None = None

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

    def consignment(self, sight: Sight, whole: Sequence[HeldRecord], receipts: Sequence[str] = ()) -> bytes:
        """The bundle of a consignment as the reader sees it, with receipts for records of `sight`.

        `whole` are all records of it in full. Whoever belongs to it has every lane opened: a record of theirs that the
        reader does not see is shown with whom it names alone. Raises NotFound while nothing of it is covered and no
        receipt is due, UnknownEpoch.
        """
        promises = self._registered(receipts)
        return self._while_it_stands(lambda header: self._consignment(header, sight, whole, promises))

    def record(
        self, record: HeldRecord, links: Mapping[str, tuple[bytes, Link]], receipts: Sequence[str] = ()
    ) -> bytes:
        """The bundle of one record as the reader sees it, with its entries for these UCRs (each with its tag)."""
        digests = {said: digest for digest, said in record.signed.ucr_elements() if said is not None}
        places = tuple(Place(tag, digests[ucr], link.batch, link.position) for ucr, (tag, link) in links.items())
        if not places:
            raise NotFound("anchored entry of record", record.signed.record_id)
        purpose = purpose_of(record.signed)
        shown = [RecordToShow(record.signed, places)]
        promises = [ShownReceipt(one, None) for one in self._registered(receipts)]
        subject = [record.signed.record_id]

        def make(header: HeaderInUse) -> bytes:
            groups = [
                self._group(header, purpose, ucr, self._epoch_of(purpose, ucr, tag), {tag})
                for ucr, (tag, _) in links.items()
            ]
            return self._make(header, subject, shown, groups, promises)

        return self._while_it_stands(make)

    def single_use(self, number: OwnNumber, uses: Sequence[RecordToShow]) -> bytes:
        """The bundle of every use of a number under its tag, as far as it is covered, with what each shows.

        Raises UnknownEpoch.
        """

        def make(header: HeaderInUse) -> bytes:
            tags = self._tag_keys.number_tags(number)
            due = self._due_epochs(self._facts(header), header.stands_at)
            groups = [self._group(header, Purpose.INVOICE, number.name, epoch, {tags[epoch]}) for epoch in due]
            covered = [use for use in uses if any(self._is_covered(place, header) for place in use.places)]
            return self._make(header, number, covered, groups, ())

        return self._while_it_stands(make)

    @staticmethod
    def _is_covered(place: Place, header: HeaderInUse) -> bool:
        return place.is_number and place.batch < header.stands_at

    def _with_witnesses(self, newest: HeaderInUse) -> HeaderInUse:
        """The block of the newest checkpoint with its cosigned note, where witnesses are demanded and have it.

        Waits for them a while; then the bundle is made under the newest block without a note, and says UNWITNESSED.
        """
        checkpoint = newest.checkpoint
        if self._notes is None or checkpoint is None:
            return newest
        note = self._notes.await_note(
            checkpoint.index, self._sleep, lambda: self._index.progress().map_count != newest.stands_at
        )
        if note is None:
            return newest
        with self._lock:
            known = self._witnessed
        if known is None or known.block != checkpoint.since_block:
            known = self._read_header(checkpoint.since_block, self._ledger)
        known.note = note
        with self._lock:
            self._witnessed = known
        return known

    def _registered(self, receipts: Sequence[str]) -> list[SignedReceipt]:
        """Those of the receipts whose key the registry knows: others prove nothing."""
        keys = self._snapshot().keys
        parsed = [SignedReceipt.parse(text) for text in receipts]
        return [one for one in parsed if parse_base64url(one.kid) in keys]

    def _while_it_stands(self, make: Callable[[HeaderInUse], bytes]) -> bytes:
        """What is made under one header; made anew where the map moved on to a newer checkpoint meanwhile."""
        for _ in range(HEADER_TRIES_MAX):
            header = self._with_witnesses(self.header())
            made = make(header)
            if header.stands_at == self._index.progress().map_count:
                return made
        raise BehindCheckpoint("checkpoints come faster than bundles can be made")

    def _consignment(
        self, header: HeaderInUse, sight: Sight, whole: Sequence[HeldRecord], receipts: Sequence[SignedReceipt]
    ) -> bytes:
        facts, covered = self._facts(header), header.stands_at
        members = facts.members_of_the_set(sight.ucr, whole)
        groups: list[GroupToShow] = []
        for epoch in self._due_epochs(facts, covered):
            tags = {self._tag_keys.lane_tags(sight.ucr, member)[epoch] for member in members}
            groups.append(self._group(header, Purpose.UCR, sight.ucr, epoch, tags))
        proved = {tag: self._index.lane(tag, covered) for group in groups for tag in group.leaves}
        seen = {record.signed.record_id: record.signed for record in sight.records}
        placed = place_in_lanes(proved, sight.ucr)
        shown = [one for one in (placed(record, seen.get(record.signed.record_id)) for record in whole) if one]
        promises = list(find_promises(sight, {one.signed.record_id for one in shown}, receipts, header))
        if not shown and not promises:
            raise NotFound("covered record of consignment", sight.ucr)
        opened = {(place.tag, place.batch) for record in shown for place in record.places}
        unopened = {link.batch for tag, links in proved.items() for link in links if (tag, link.batch) not in opened}
        return self._make(header, sight.ucr, shown, groups, promises, self._young(header, unopened))

    def _young(self, header: HeaderInUse, batches: Iterable[int]) -> set[int]:
        """Those of the batches that are young enough for an entry without its record to be pending."""
        since = Header.from_rlp(header.rlp).timestamp - PENDING_S
        known = [(index, self._index.find_batch(index)) for index in batches]
        return {index for index, batch in known if batch is not None and batch.facts.timestamp > since}

    def _facts(self, header: HeaderInUse) -> BundleFacts:
        return BundleFacts(self._snapshot(), header.block, self._rules_texts)

    def _due_epochs(self, facts: BundleFacts, covered_batches: int) -> list[int]:
        """The epochs that have begun in so many batches, the first in any case; raises UnknownEpoch."""
        own = self._tag_keys.epochs
        due = [
            epoch
            for epoch, key in enumerate(facts.snapshot.tag_keys)
            if key.since_block <= facts.block and (key.first_batch < covered_batches or epoch == 0)
        ]
        for epoch in due:
            known = facts.snapshot.tag_keys[epoch].public_key
            if epoch >= len(own) or own[epoch].secret.public.raw != known:
                raise UnknownEpoch(epoch)
        return due

    def _make(
        self,
        header: HeaderInUse,
        subject: str | OwnNumber | Collection[str],
        shown: Sequence[RecordToShow],
        groups: Sequence[GroupToShow],
        receipts: Sequence[ShownReceipt],
        unopened: Collection[int] = (),
    ) -> bytes:
        facts = self._facts(header)
        snapshot = facts.snapshot
        batches = self._batches({place.batch for record in shown for place in record.places})
        bare = [self._index.find_batch(index) for index in unopened]
        bare_facts = {one.facts.index: one.facts for one in bare if one is not None}
        if (first_uncovered := self._first_uncovered(header)) is not None:
            bare_facts[first_uncovered.index] = first_uncovered
        for index, known in bare_facts.items():
            batches.setdefault(index, AnchoredBatch(known, b""))
        signers = [record.signed.kid for record in shown]
        for receipt in receipts:
            signers += [receipt.receipt.kid, *([receipt.record.kid] if receipt.record else [])]
        kids = {parse_base64url(kid) for kid in signers}
        newest = header.checkpoint
        view = facts.view(lambda at: self._account_since(header, at))
        request = plan_slots(
            kind_of(subject),
            shown,
            {index: batch.facts for index, batch in batches.items()},
            None if newest is None else NewestCheckpoint(newest.index, newest.since_block),
            view,
            receipts=receipts,
            bare_batches=bare_facts.keys(),
        )
        registry, ledger = self._prove(header, request)
        root = self._trust_root
        bundle = assemble(
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
            texts=self._rules_texts,
            authorities=view.authorities,
            receipts=receipts,
        )
        return write_bundle(replace(bundle, cosigned_note=header.note))

    def _epoch_of(self, purpose: Purpose, ucr: str, tag: bytes) -> int:
        """The epoch in which this is the tag of a lane of the UCR."""
        return self._tag_keys.prefixes(ucr, purpose).index(tag[:PREFIX_BYTES])

    def _group(
        self, header: HeaderInUse, purpose: Purpose, ucr: str, epoch: int, wanted: Collection[bytes]
    ) -> GroupToShow:
        """The lanes of a UCR in one epoch with these tags, as far as there are any, and their leaves."""
        vrf_proof = self._tag_keys.prove(epoch, ucr, purpose)
        if header.checkpoint is None:
            return GroupToShow(purpose, ucr, epoch, vrf_proof, None, {})
        proof, _ = self._index.prove_group(self._tag_keys.prefixes(ucr, purpose)[epoch], wanted)
        tags = [lane.tag for lane in proof.lanes if lane.tag in wanted]
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
