"""Making a bundle from plain inputs. Pure: who calls it has gathered headers, proofs, batches and records already.

In order: choose the records and their places in batches; `plan_slots` says what must be proved; ask `eth_getProof` once
for each contract with `required_slots(request)` under a sealed header; take the map's proof of each UCR and epoch and
the leaves of its lanes as of the newest checkpoint under that header; `assemble`. To *refresh* an old bundle, do the
same with its own records and batches (`records_of`) and `refresh`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from chain.keys import PublicKey
from chain.members import PolicyName
from chain.proof.authorities import AuthorityChange
from chain.proof.batch import BatchFacts, Purpose, split_entries
from chain.proof.bundle import Bundle, Kind, LanePlace, ProvedEntry, ProvedRecord, ShownKey, ShownReceipt
from chain.proof.hashes import sha256
from chain.proof.header import Header
from chain.proof.index_map import GroupProof, LaneLeaf, MapLeaf
from chain.proof.merkle import inclusion_path, inclusion_paths
from chain.proof.own_number import OwnNumber
from chain.proof.seals import trimmed
from chain.proof.shown_lanes import ClosedLane, OpenLane, ShownGroup
from chain.proof.slot_plan import Place, RecordToShow
from chain.proof.slots import SlotRequest, StateWords, read_words
from chain.proof.storage import MalformedProof, NodeSet, read_account
from chain.sdjwt import SignedRecord


@dataclass(frozen=True)
class ChainIdentity:
    """Which chain a bundle is about; the same three facts stand in the trust root."""

    consortium: bytes
    chain_id: int
    genesis_hash: bytes


class ProofAnswer(Protocol):
    """What is needed of `chain.ledger.ProofAnswer`, which stands above this room."""

    @property
    def account_nodes(self) -> Sequence[bytes]: ...

    @property
    def storage(self) -> Mapping[int, tuple[int, Sequence[bytes]]]: ...


@dataclass(frozen=True)
class ContractProof:
    """An `eth_getProof` answer for one contract, all nodes in any order, repeated or not."""

    address: bytes
    nodes: Collection[bytes]

    @classmethod
    def of(cls, address: str, answer: ProofAnswer) -> ContractProof:
        """The answer as the ledger client gives it, for the contract at `address` (0x-hex)."""
        nodes = {*answer.account_nodes}
        for _, of_slot in answer.storage.values():
            nodes.update(of_slot)
        return cls(_bytes(address), nodes)

    @classmethod
    def from_rpc_json(cls, answer: Mapping[str, object]) -> ContractProof:
        """The answer as JSON-RPC gives it. Raises MalformedProof where it has another shape."""
        try:
            texts = [*_list(answer["accountProof"])]
            for one in _list(answer["storageProof"]):
                texts.extend(_list(one["proof"]))
            return cls(_bytes(answer["address"]), {_bytes(text) for text in texts})
        except (KeyError, TypeError, ValueError) as fault:
            raise MalformedProof("eth_getProof", f"is no EIP-1186 answer: {fault!r}") from fault


@dataclass(frozen=True)
class AnchoredBatch:
    """A batch as the chain carries it."""

    facts: BatchFacts
    entries: bytes
    """The calldata: `facts.count` entries of 48 bytes."""


@dataclass(frozen=True)
class GroupToShow:
    """Lanes of one UCR in one epoch as of the checkpoint, and the leaves of those that records stand in."""

    purpose: Purpose
    name: str
    epoch: int
    vrf_proof: bytes
    proof: GroupProof | None
    """None while there is no checkpoint."""
    leaves: Mapping[bytes, tuple[LaneLeaf, ...]]
    """By lane tag, in chain order."""
    opened: Collection[bytes] | None = None
    """Tags of the lanes to open; None: of records none, of a consignment and a number all that `leaves` has."""


def assemble(
    identity: ChainIdentity,
    subject: str | OwnNumber | Collection[str],
    *,
    header_rlp: bytes,
    registry: ContractProof,
    ledger: ContractProof,
    request: SlotRequest,
    batches: Collection[AnchoredBatch],
    records: Collection[RecordToShow],
    keys: Collection[PublicKey],
    groups: Collection[GroupToShow],
    texts: Collection[bytes],
    authorities: Sequence[AuthorityChange],
    receipts: Collection[ShownReceipt] = (),
) -> Bundle:
    """The bundle about `subject`: a UCR (consignment), a number (single use), or record ids (a record bundle).

    Raises MalformedProof where the answers do not prove what `request` asks, MalformedSeal for a header that its own
    validators did not seal. Whether the outcome is VALID is for the verifier.
    """
    bundle = Bundle(
        kind=kind_of(subject),
        consortium=identity.consortium,
        chain_id=identity.chain_id,
        genesis_hash=identity.genesis_hash,
        subject_records=() if isinstance(subject, str | OwnNumber) else tuple(sorted(subject)),
        subject_ucr=subject if isinstance(subject, str) else None,
        subject_number=subject if isinstance(subject, OwnNumber) else None,
        header=trimmed(Header.from_rlp(header_rlp)),
        nodes=(),
        checkpoint=None,
        batches=tuple(sorted((one.facts for one in batches), key=lambda facts: facts.index)),
        records=_proved_records(batches, records),
        keys=(),
        members={},
        accounts={},
        epochs=0,
        policies={},
        texts=(),
        authorities=None,
        operators={},
        assignments={},
        groups=(),
        receipts=tuple(sorted(receipts, key=lambda receipt: receipt.receipt.text)),
    )
    return refresh(
        bundle,
        header_rlp=header_rlp,
        registry=registry,
        ledger=ledger,
        request=request,
        keys=keys,
        groups=groups,
        texts=texts,
        authorities=authorities,
    )


def kind_of(subject: str | OwnNumber | Collection[str]) -> Kind:
    """What a bundle about a UCR, a number or records is."""
    if isinstance(subject, OwnNumber):
        return Kind.SINGLE_USE
    return Kind.CONSIGNMENT if isinstance(subject, str) else Kind.RECORD


def refresh(
    bundle: Bundle,
    *,
    header_rlp: bytes,
    registry: ContractProof,
    ledger: ContractProof,
    request: SlotRequest,
    keys: Collection[PublicKey],
    groups: Collection[GroupToShow],
    texts: Collection[bytes],
    authorities: Sequence[AuthorityChange],
) -> Bundle:
    """The same records and batches under another sealed header; raises as `assemble` does.

    Of `texts` only the record rules are taken that were in force for a record.
    """
    header = trimmed(Header.from_rlp(header_rlp))
    nodes, words = _proved(header, registry, ledger, request)
    history, blocks = words.policies[PolicyName.RECORD_RULES], {facts.index: facts.block for facts in bundle.batches}
    first = [min(entry.batch for entry in record.entries) for record in bundle.records]
    rules = {version.value for version in (history.in_force(blocks[index]) for index in first) if version}
    shown = request.keys or {}
    ordered = sorted(groups, key=lambda group: (str(group.purpose), group.name, group.epoch))
    return replace(
        bundle,
        records=tuple(_with_places(record, ordered, bundle.kind) for record in bundle.records),
        header=header,
        nodes=nodes,
        checkpoint=request.checkpoint,
        keys=tuple(
            ShownKey(key, shown[key.thumbprint], key.thumbprint in request.requests)
            for key in sorted(set(keys), key=lambda key: key.thumbprint)
        ),
        members=dict(sorted((request.members or {}).items())),
        accounts=dict(sorted((request.accounts or {}).items())),
        epochs=len(request.tag_keys) - 1,
        policies=dict(request.policies or {}),
        texts=tuple(sorted({text for text in texts if sha256(text) in rules})),
        authorities=tuple(authorities) if bundle.kind is Kind.CONSIGNMENT else None,
        operators=dict(sorted((request.operators or {}).items())),
        assignments=dict(sorted((request.assignments or {}).items())),
        groups=tuple(_shown_group(group, bundle.kind) for group in ordered),
        # An older note says nothing of another header.
        cosigned_note=None,
    )


def records_of(bundle: Bundle) -> tuple[RecordToShow, ...]:
    """The records of a bundle as inputs of `plan_slots`, to refresh it."""
    return tuple(
        RecordToShow(
            record.signed,
            tuple(Place(one.tag, one.ucr_digest, one.batch, one.position, one.is_number) for one in record.entries),
        )
        for record in bundle.records
    )


def _proved_records(batches: Collection[AnchoredBatch], records: Collection[RecordToShow]) -> tuple[ProvedRecord, ...]:
    wanted: dict[int, list[int]] = {}
    for record in records:
        for place in record.places:
            wanted.setdefault(place.batch, []).append(place.position)
    paths: dict[tuple[int, int], tuple[bytes, ...]] = {}
    for batch in batches:
        positions = wanted.get(batch.facts.index)
        if positions is None:
            continue  # the first batch that the checkpoint does not cover, shown for its block alone
        found = inclusion_paths(split_entries(batch.entries), positions)
        paths.update({(batch.facts.index, at): path for at, path in zip(positions, found, strict=True)})
    proved = [
        ProvedRecord(
            _in_claim_order(record.signed),
            tuple(
                ProvedEntry(
                    *(one.tag, one.ucr_digest, one.batch, one.position, paths[one.batch, one.position], None),
                    is_number=one.is_number,
                )
                for one in sorted(record.places, key=lambda place: (place.tag, place.ucr_digest))
            ),
        )
        for record in records
    ]
    return tuple(sorted(proved, key=lambda record: record.signed.record_id))


def _in_claim_order(signed: SignedRecord) -> SignedRecord:
    by_digest = {disclosure.digest: disclosure for disclosure in signed.disclosures}
    order = [digest for digests in signed.sections.values() for digest in digests if digest in by_digest]
    if order == [disclosure.digest for disclosure in signed.disclosures]:
        return signed
    return SignedRecord.parse("~".join((signed.jwt, *(by_digest[digest].encoded for digest in order), "")))


def _proved(
    header: Header, registry: ContractProof, ledger: ContractProof, request: SlotRequest
) -> tuple[tuple[bytes, ...], StateWords]:
    """The nodes that prove what is asked, ascending, and what they say."""
    nodes = NodeSet.of({*registry.nodes, *ledger.nodes})
    accounts = [read_account(header.state_root, one.address, nodes) for one in (registry, ledger)]
    if accounts[0] is None or accounts[1] is None:
        raise MalformedProof("account", "no contract stands at this address under this header")
    words = read_words(request, accounts[0], accounts[1], nodes)
    return tuple(sorted(nodes.by_hash[key] for key in nodes.used)), words


def _opened(group: GroupToShow, kind: Kind) -> Collection[bytes]:
    if group.opened is not None:
        return group.opened
    return () if kind is Kind.RECORD else group.leaves


def _shown_group(group: GroupToShow, kind: Kind) -> ShownGroup:
    proof, opened = group.proof, _opened(group, kind)

    def shown_lane(lane: MapLeaf) -> OpenLane | ClosedLane:
        if lane.tag in opened:
            return OpenLane(lane.tag, lane.dropped, group.leaves[lane.tag])
        return ClosedLane(lane)

    return ShownGroup(
        purpose=group.purpose,
        name=group.name,
        epoch=group.epoch,
        vrf_proof=group.vrf_proof,
        siblings=() if proof is None else proof.siblings,
        lanes=() if proof is None else tuple(shown_lane(lane) for lane in proof.lanes),
        other=None if proof is None else proof.other,
        hidden=() if proof is None else proof.hidden,
    )


def _with_places(record: ProvedRecord, groups: Sequence[GroupToShow], kind: Kind) -> ProvedRecord:
    """The record with the place of each entry in its lane, where the lane is shown by its head alone."""
    closed = {
        tag: leaves for group in groups for tag, leaves in group.leaves.items() if tag not in _opened(group, kind)
    }

    def placed(entry: ProvedEntry) -> ProvedEntry:
        leaves = closed.get(entry.tag, ())
        digest = record.entry_digest(entry)
        index = next((at for at, leaf in enumerate(leaves) if leaf.digest == digest), None)
        if index is None:
            return replace(entry, lane=None)
        path = inclusion_path([leaf.content for leaf in leaves], index)
        return replace(entry, lane=LanePlace(index, path))

    return replace(record, entries=tuple(placed(entry) for entry in record.entries))


def _list(value: object) -> list[Mapping[str, object]]:
    if not isinstance(value, list | tuple):
        raise TypeError("a list is expected")
    return list(value)


def _bytes(value: object) -> bytes:
    if isinstance(value, bytes):
        return bytes(value)
    if not isinstance(value, str) or not value.startswith("0x"):
        raise ValueError("0x-hex is expected")
    return bytes.fromhex(value[2:])
