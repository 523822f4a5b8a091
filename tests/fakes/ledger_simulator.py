"""A consortium in memory: real tries, sealed headers and storage words, so that bundles are made without any node.

What it hands out is what an Ethereum endpoint would: header RLP and EIP-1186 nodes. Nothing of the verifier is used to
make them but the hash functions, RLP and the slot layout, so the fake is the wire.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from coincurve import PrivateKey

from chain.encoding import Json, base64url
from chain.jws import sign_compact
from chain.keys import SigningKey
from chain.members import AccountPurpose, AddedBy, KeyState, MemberKind, MemberState, Role
from chain.proof import batch, rlp, storage_layout
from chain.proof.authorities import AuthorityChange, authority_log
from chain.proof.batch import PREFIX_BYTES, BatchFacts, Purpose
from chain.proof.bundle import Bundle, Kind, ShownReceipt
from chain.proof.bundle_builder import (
    AnchoredBatch,
    ChainIdentity,
    ContractProof,
    GroupToShow,
    assemble,
    kind_of,
)
from chain.proof.hashes import keccak256, sha256
from chain.proof.header import BFT_MIX_HASH, Extra, Header
from chain.proof.index_map import IndexMap
from chain.proof.merkle import inclusion_path, tree_root
from chain.proof.own_number import OwnNumber, own_numbers
from chain.proof.receipt import GROUP_TYP, RECEIPT_TYP, SignedReceipt
from chain.proof.slot_plan import NewestCheckpoint, Place, RecordToShow, RegistryView, plan_slots
from chain.proof.slots import SlotRequest, required_slots
from chain.proof.storage_layout import CheckpointWord
from chain.proof.vrf import SUITE, VrfSecretKey
from chain.sdjwt import SignedRecord, issue
from chain.verify.trust_root import LEDGER, REGISTRY, Contract, TrustRoot, ValidatorRange
from tests.record_numbers import jti_of

BROKER = "91110000100000001W"
CUSTOMS = "11100000000000002Q"
GATEWAY = "91310000100000003G"
UCR = "6CN91110000100000001W-0001"
OTHER_UCR = "6CN91110000100000001W-0002"
RULES: Mapping[str, Role] = {
    "customs.declaration": Role.BROKER | Role.TRADER,
    "customs.status": Role.CUSTOMS,
    "audit.access": Role.GATEWAY,
    "audit.erasure": Role.BROKER | Role.CUSTOMS | Role.CARRIER,
    "trade.parties": Role.BROKER | Role.TRADER | Role.GATEWAY,
    "trade.mandate": Role.BROKER | Role.TRADER,
    "logistics.event": Role.CARRIER | Role.TERMINAL,
    "audit.finding": Role.BROKER | Role.CUSTOMS | Role.GATEWAY,
    "tax.invoice": Role.BROKER | Role.TRADER,
}


def rules_text(rules: Mapping[str, Role]) -> bytes:
    """A file of record rules."""
    said = {kind: [str(role.name) for role in Role if role in roles] for kind, roles in rules.items()}
    return json.dumps(said, indent=2).encode()


GENESIS_TIME = 1_700_000_000
BLOCK_TIME_S = 10


@dataclass(frozen=True)
class Epoch:
    """A tag key from a batch on, with its secret part."""

    from_batch: int
    secret: VrfSecretKey


class Trie:
    """A hexary Merkle-Patricia trie built from all its pairs at once."""

    def __init__(self, pairs: Mapping[bytes, bytes]) -> None:
        self.nodes: dict[bytes, bytes] = {}
        items = [(_path_of(key), value) for key, value in pairs.items()]
        self._root_node = self._build(items) if items else []
        encoded = rlp.encode(self._root_node or b"")
        self.root = keccak256(encoded)
        self.nodes[self.root] = encoded

    def prove(self, key: bytes) -> list[bytes]:
        """The nodes from the root towards the key, as `eth_getProof` gives them."""
        if not self._root_node:
            return []
        path, found, node = _path_of(key), [self.nodes[self.root]], self._root_node
        while True:
            if len(node) == 17:
                child, path = node[path[0]], path[1:]
            else:
                part, is_leaf = _unpack(node[0])
                if is_leaf or path[: len(part)] != part:
                    return found
                child, path = node[1], path[len(part) :]
            if child == b"":
                return found
            if isinstance(child, bytes):
                encoded = self.nodes[child]
                found.append(encoded)
                node = rlp.decode_list(encoded)
            else:
                node = child

    def _build(self, items: list[tuple[tuple[int, ...], bytes]]) -> list[rlp.Item]:
        if len(items) == 1:
            return [_pack(items[0][0], is_leaf=True), items[0][1]]
        shared = 0
        while len({path[shared] for path, _ in items}) == 1:
            shared += 1
        below: list[list[tuple[tuple[int, ...], bytes]]] = [[] for _ in range(16)]
        for path, value in items:
            below[path[shared]].append((path[shared + 1 :], value))
        branch: list[rlp.Item] = [self._refer(self._build(part)) if part else b"" for part in below]
        branch.append(b"")
        return [_pack(items[0][0][:shared], is_leaf=False), self._refer(branch)] if shared else branch

    def _refer(self, node: list[rlp.Item]) -> rlp.Item:
        encoded = rlp.encode(node)
        if len(encoded) < 32:
            return node
        self.nodes[keccak256(encoded)] = encoded
        return keccak256(encoded)


@dataclass
class SimulatedContract:
    """A contract's account: its address, code hash and storage words."""

    address: bytes
    code_hash: bytes
    words: dict[int, int] = field(default_factory=dict)
    _built: tuple[dict[int, int], Trie] | None = None
    """The words as they were when the trie was built last, and that trie: a bundle asks for it eight times."""

    def storage(self) -> Trie:
        """The storage trie now."""
        if self._built is None or self._built[0] != self.words:
            words = {slot.to_bytes(32, "big"): _written(word) for slot, word in self.words.items() if word}
            self._built = dict(self.words), Trie(words)
        return self._built[1]

    def account(self, storage_root: bytes) -> bytes:
        """The account's leaf."""
        return rlp.encode([b"\x01", b"", storage_root, self.code_hash])


@dataclass
class Consortium:
    """A chain with its two contracts, members, validators and tag keys."""

    seed: str = "tongguan"
    validators: int = 4
    gateway_account: bytes = bytes.fromhex("aa" * 20)
    block: int = 1
    batches: list[AnchoredBatch] = field(default_factory=list)
    map: IndexMap = field(default_factory=IndexMap)
    keys: dict[str, SigningKey] = field(default_factory=dict)
    records: dict[str, SignedRecord] = field(default_factory=dict)
    places: dict[bytes, tuple[int, int]] = field(default_factory=dict)
    epochs: list[Epoch] = field(default_factory=list)
    since: dict[tuple[str, object], list[int]] = field(default_factory=dict)
    checkpoints: int = 0
    checkpoint_block: int = 0
    authorities: list[AuthorityChange] = field(default_factory=list)
    texts: list[bytes] = field(default_factory=list)
    contested: set[bytes] = field(default_factory=set)
    checkpoint_map: IndexMap = field(default_factory=IndexMap)
    """The map as it was at the newest checkpoint."""
    covered: int = 0
    """How many batches the newest checkpoint covers."""
    _built_state: tuple[dict[bytes, bytes], Trie] | None = None
    """The two contracts' accounts as they were when the state trie was built last, and that trie."""

    def __post_init__(self) -> None:
        self.consortium = self._bytes("consortium")
        self.genesis_hash = self._bytes("genesis")
        self.registry = SimulatedContract(self._bytes("registry")[:20], self._bytes("registry code"))
        self.ledger = SimulatedContract(self._bytes("ledger")[:20], self._bytes("ledger code"))
        self.validator_keys = [PrivateKey(self._bytes(f"validator {i}")) for i in range(self.validators)]
        self.begin_epoch(0)
        self.set_record_rules(rules_text(RULES))
        self.set_policy("least-votes", 2)
        self.add_member(BROKER, Role.BROKER)
        self.add_member(CUSTOMS, Role.CUSTOMS, MemberKind.GOVERNOR)
        self.add_member(GATEWAY, Role.GATEWAY, MemberKind.GOVERNOR)
        self.set_account(AccountPurpose.GATEWAY)
        self.block += 1

    # -- the registry

    def add_member(self, uscc: str, roles: Role, kind: MemberKind = MemberKind.PARTICIPANT) -> None:
        """A new active member with a key of its own; a governor, customs or tax comes on the list of authorities."""
        self.set_member(uscc, MemberState.ACTIVE, roles, kind)
        if kind is MemberKind.GOVERNOR or roles & (Role.CUSTOMS | Role.TAX):
            self.list_authority(uscc)
        self.keys[uscc] = SigningKey.generate()
        self.set_key(uscc, KeyState.ACTIVE)

    def set_member(self, uscc: str, state: MemberState, roles: Role, kind: MemberKind = MemberKind.PARTICIPANT) -> None:
        """A new version of a member, written in the block now."""
        word = self.block | state << 40 | kind << 48 | roles << 56
        self._append(("member", uscc), lambda i: storage_layout.member_slot(uscc, i), word)

    def set_key(
        self,
        uscc: str,
        state: KeyState,
        *,
        key: SigningKey | None = None,
        compromised_since: int = 0,
        added_by: AddedBy = AddedBy.MEMBER,
        contested: bool = False,
    ) -> None:
        """A new version of a member's key, written in the block now."""
        public = (key or self.keys[uscc]).public
        word = self.block | state << 40 | public.algorithm << 48 | added_by << 56 | compromised_since << 64
        word |= int.from_bytes(uscc.encode(), "big") << 104 | contested << 248
        thumbprint = public.thumbprint
        (self.contested.add if contested else self.contested.discard)(thumbprint)
        if contested:
            self.registry.words[storage_layout.request_slot(thumbprint)] = self.time
        self._append(("key", thumbprint), lambda i: storage_layout.key_slot(thumbprint, i), word)

    def list_authority(self, uscc: str, *, listed: bool = True) -> None:
        """A member comes on the list of authorities, or goes off it, in the block now."""
        self.authorities.append(AuthorityChange(self.block, uscc, listed))
        count = len({one.member for one in self.authorities if one.listed})
        log = int.from_bytes(authority_log(self.authorities), "big")
        slots = storage_layout.authority_slots
        self._append_pair(("authorities", ""), slots, log, self.block | count << 40)

    def set_policy(self, name: str, value: bytes | int) -> None:
        """A new version of a policy, written in the block now."""
        number = value if isinstance(value, int) else int.from_bytes(value, "big")
        self._append_pair(("policy", name), lambda i: storage_layout.policy_slots(name, i), number, self.block)

    def set_record_rules(self, text: bytes) -> None:
        """Other record rules, from the block after this one on."""
        self.texts.append(text)
        self.set_policy("record-rules", sha256(text))

    def set_operator(self, uscc: str, scope: str) -> None:
        """A member operates the single window of these UCRs; of none where the scope is empty."""
        word = int.from_bytes(scope.encode().ljust(32, b"\0"), "big")
        self._append_pair(("operator", uscc), lambda i: storage_layout.operator_slots(uscc, i), word, self.block)

    def assign(self, office: str, uscc: str) -> None:
        """A customs office belongs to a member, from the block after this one on."""
        word = self.block | int.from_bytes(uscc.encode(), "big") << 40
        name = ("customs-office", office)
        self._append(("assignment", name), lambda i: storage_layout.assignment_slot(*name, i), word)

    def set_account(self, purposes: AccountPurpose) -> None:
        """A new version of the gateway's account, from the block after this one on."""
        word = self.block | 1 << 40 | purposes << 48 | int.from_bytes(GATEWAY.encode(), "big") << 56
        at = self.gateway_account
        self._append(("account", at), lambda i: storage_layout.account_slot(at, i), word)

    # -- records and batches

    def record(
        self,
        uscc: str = BROKER,
        ucrs: Sequence[str] = (UCR,),
        vct: str = "customs.declaration",
        *,
        jti: str | None = None,
        amends: str | None = None,
        withdraws: bool = False,
        key: SigningKey | None = None,
        consortium: bytes | None = None,
        sections: Mapping[str, Sequence[Json]] | None = None,
    ) -> SignedRecord:
        """A record of a member, signed now and kept, not yet anchored."""
        number = len(self.records) + 1
        signed = issue(
            {"ucr": list(ucrs), **(sections or {"status": [{"code": "R", "text": "放行"}], "goods_items": ["a", "b"]})},
            vct=vct,
            iss=uscc,
            consortium=(consortium or self.consortium).hex(),
            iat=self.time,
            jti=jti or jti_of(f"m-{number}"),
            key=key or self.keys[uscc],
            amends=amends,
            withdraws=withdraws,
        )
        return self.keep(signed)

    def keep(self, signed: SignedRecord) -> SignedRecord:
        """Remembers a record, whoever made it."""
        self.records[signed.record_id] = signed
        return signed

    def begin_epoch(self, from_batch: int) -> None:
        """A new tag key, from that batch on, in the registry by the block now."""
        secret = VrfSecretKey(self._bytes(f"tag key {len(self.epochs)}"))
        self.epochs.append(Epoch(from_batch, secret))
        word = self.block | from_batch << 40 | SUITE << 104
        public = int.from_bytes(secret.public.raw, "big")
        self._append_pair(("tag key", ""), storage_layout.tag_key_slots, public, word)

    def tag(self, ucr: str, issuer: str = BROKER, epoch: int = -1, purpose: Purpose = Purpose.UCR) -> bytes:
        """The tag of an issuer's lane of a UCR, in the newest epoch unless told."""
        return batch.lane_tag(self.epochs[epoch].secret.output(purpose.vrf_input(ucr)), issuer)

    def entries_of(self, signed: SignedRecord, epoch: int = -1) -> list[bytes]:
        """The entries that an honest gateway makes of a record."""
        purpose = Purpose.ACCESS if signed.vct == "audit.access" else Purpose.UCR
        lanes = [
            batch.entry(self.tag(str(ucr), signed.iss, epoch, purpose), batch.entry_digest(signed, digest))
            for digest, ucr in signed.ucr_elements()
        ]
        return lanes + self.number_entries_of(signed, epoch)

    def number_entries_of(self, signed: SignedRecord, epoch: int = -1) -> list[bytes]:
        """Those of its entries that stand under the tags of numbers which it says as its issuer's own."""
        return [
            batch.entry(self.number_tag(number, epoch), batch.number_digest(signed, digest))
            for digest, number in own_numbers(signed)
        ]

    def number_tag(self, number: OwnNumber, epoch: int = -1) -> bytes:
        """The tag of a maker's number, in the newest epoch unless told."""
        return batch.number_tag(self.epochs[epoch].secret.output(Purpose.INVOICE.vrf_input(number.name)))

    def anchor(self, *records: SignedRecord) -> BatchFacts:
        """One batch of these records' entries, in a block of its own."""
        return self.anchor_entries([entry for one in records for entry in self.entries_of(one)])

    def anchor_entries(self, entries: Sequence[bytes], carried: bytes | None = None) -> BatchFacts:
        """A batch whose root is over `entries`; `carried` is the calldata where it differs, which makes it void."""
        calldata = b"".join(entries) if carried is None else carried
        index = len(self.batches)
        facts = BatchFacts(
            index=index,
            root=batch.entries_root(entries),
            count=len(entries),
            entries_hash=keccak256(calldata),
            gateway=self.gateway_account,
            block=self.block,
            timestamp=self.time,
        )
        self.batches.append(AnchoredBatch(facts, b"".join(entries)))
        self.ledger.words[storage_layout.commitment_slot(index)] = int.from_bytes(
            facts.commitment(self.consortium), "big"
        )
        self.ledger.words[storage_layout.batch_count_slot()] = index + 1
        for position, entry in enumerate(entries):
            self.places.setdefault(entry, (index, position))
        if carried is None:
            self.map.apply(index, list(entries))
        self.block += 1
        return facts

    def skip_batches(self, count: int) -> None:
        """So many batches of one entry each, of consignments that nobody asks about."""
        for number in range(count):
            self.anchor_entries([sha256(b"skipped" + number.to_bytes(4, "big"))[:16] + bytes(32)])

    def map_now(self) -> tuple[int, IndexMap]:
        """How many batches there are, and the map over them, to be attested later."""
        return len(self.batches), IndexMap(
            {tag: list(lane) for tag, lane in self.map.lanes.items()}, dict(self.map.leaves), dict(self.map.dropped)
        )

    def drop(self, index: int, *positions: int) -> None:
        """The governors drop these entries of a batch; it takes effect with the next one."""
        entries = batch.split_entries(self.batches[index].entries)
        dropped = [entries[position] for position in positions]
        self.map.drop(index, dropped)
        for entry in dropped:
            self.places.pop(entry, None)

    def checkpoint(self, votes: int = 2, dissent: int = 0, about: tuple[int, IndexMap] | None = None) -> None:
        """The governors attest the map as it is now, or as it was when `map_now` was asked."""
        index = self.checkpoints
        root_slot, word_slot = storage_layout.checkpoint_slots(index)
        self.covered, self.checkpoint_map = about or self.map_now()
        self.ledger.words[root_slot] = int.from_bytes(self.checkpoint_map.root, "big")
        word = CheckpointWord(self.covered, votes, dissent, self.block)
        self.ledger.words[word_slot] = word.format_word()
        self.ledger.words[storage_layout.checkpoint_count_slot()] = index + 1
        self.checkpoints += 1
        self.checkpoint_block = self.block
        self.block += 1

    def receipt(
        self, signed: SignedRecord, *, anchor_by: int, entries: list[Json] | None = None, iss: str = GATEWAY
    ) -> SignedReceipt:
        """A member's receipt for a record, the gateway's unless told, naming its entries or others."""
        payload: dict[str, Json] = {
            "iss": iss,
            "aud": self.consortium.hex(),
            "record_id": signed.record_id,
            "entries": self._said(signed) if entries is None else entries,
            "accepted_at": self.time,
            "anchor_by": anchor_by,
        }
        return SignedReceipt.parse(sign_compact({"typ": RECEIPT_TYP}, payload, self.keys[iss]))

    def receipts(self, *signed: SignedRecord, anchor_by: int) -> list[SignedReceipt]:
        """The gateway's receipts for the records of an upload, under one signature."""
        return [SignedReceipt.parse(text) for text in self.receipts_text(*signed, anchor_by=anchor_by)]

    def receipts_text(
        self,
        *signed: SignedRecord,
        anchor_by: int,
        leaf: Callable[[dict[str, Json]], dict[str, Json]] = lambda leaf: leaf,
    ) -> list[str]:
        """The same as text; each record's own part may be changed before it is signed."""
        own = [leaf({"record_id": one.record_id, "entries": self._said(one)}) for one in signed]
        leaves = [json.dumps(one).encode() for one in own]
        shared: dict[str, Json] = {
            "iss": GATEWAY,
            "aud": self.consortium.hex(),
            "accepted_at": self.time,
            "anchor_by": anchor_by,
            "size": len(leaves),
            "root": base64url(tree_root(leaves)),
        }
        jws = sign_compact({"typ": GROUP_TYP}, shared, self.keys[GATEWAY])
        paths = [base64url(b"".join(inclusion_path(leaves, place))) for place in range(len(leaves))]
        parts = enumerate(zip(leaves, paths, strict=True))
        return [f"{jws}~{base64url(said)}~{place}~{path}" for place, (said, path) in parts]

    # -- what an endpoint answers

    @property
    def time(self) -> int:
        """The time of the block now, Unix seconds."""
        return GENESIS_TIME + BLOCK_TIME_S * self.block

    def header_rlp(self, *, seals: int | None = None, round_number: int = 0) -> bytes:
        """The newest block, sealed by all its validators or by `seals` of them."""
        addresses = self.addresses()
        extra = Extra(bytes(32), tuple(addresses), [], round_number, ())
        fields = [
            self._bytes(f"parent {self.block}"),
            self._bytes("uncles"),
            bytes(20),
            self._state().root,
            self._bytes("transactions"),
            self._bytes("receipts"),
            bytes(256),
            b"\x01",
            rlp.int_to_bytes(self.block),
            rlp.int_to_bytes(30_000_000),
            b"",
            rlp.int_to_bytes(self.time),
            extra.format(),
            BFT_MIX_HASH,
            bytes(8),
            b"",
        ]
        header = Header(tuple(fields))
        return self.sealed(header, list(range(self.validators))[: seals or self.validators]).to_rlp()

    def sealed(self, header: Header, signers: Sequence[int]) -> Header:
        """The header sealed by these validators, by ascending address."""
        by_address = sorted(self.validator_keys, key=_address)
        seals = tuple(by_address[i].sign_recoverable(header.seal_hash, hasher=None) for i in signers)
        extra = header.extra
        return header.with_extra(Extra(extra.vanity, extra.validators, extra.vote, extra.round, seals))

    def replace_validators(self, name: str) -> None:
        """Other validators seal from now on."""
        self.validator_keys = [PrivateKey(self._bytes(f"{name} validator {i}")) for i in range(self.validators)]

    def addresses(self) -> list[bytes]:
        """The validators' addresses, ascending."""
        return sorted(_address(key) for key in self.validator_keys)

    def proof(self, contract: SimulatedContract, slots: Collection[int]) -> ContractProof:
        """The `eth_getProof` answer for one contract."""
        storage = contract.storage()
        nodes = set(self._state().prove(contract.address))
        for slot in slots:
            nodes.update(storage.prove(slot.to_bytes(32, "big")))
        return ContractProof(contract.address, nodes)

    def path_to(self, address: bytes) -> list[bytes]:
        """The nodes from the state root towards an account, be there one or not."""
        return self._state().prove(address)

    # -- bundles

    def trust_root(self) -> TrustRoot:
        """What an auditor believes beforehand."""
        return TrustRoot(
            consortium=self.consortium,
            chain_id=20211,
            genesis_hash=self.genesis_hash,
            contracts=(
                Contract(REGISTRY, self.registry.address, self.registry.code_hash, 0, None),
                Contract(LEDGER, self.ledger.address, self.ledger.code_hash, 0, None),
            ),
            validators=(ValidatorRange(0, None, True, tuple(self.addresses())),),
            least_votes=2,
            independent_validators=True,
            independent_attesters=True,
            predecessor=None,
        )

    def to_show(self, signed: SignedRecord, tags: Collection[bytes] | None = None) -> RecordToShow:
        """A record with its places in batches, under these tags or all."""
        places = []
        for digest, _ in signed.ucr_elements():
            wanted = batch.entry_digest(signed, digest)
            for entry, (index, position) in self.places.items():
                if entry[16:] == wanted and (tags is None or entry[:16] in tags):
                    places.append(Place(entry[:16], digest, index, position))
        return RecordToShow(signed, tuple(places))

    def record_bundle(
        self, *records: SignedRecord, receipts: Collection[SignedReceipt] = (), opened: bool = False
    ) -> Bundle:
        """A bundle about these records, their issuers' lanes opened or shown by their heads alone."""
        shown = [self.to_show(one) for one in records]
        return self.bundle([one.record_id for one in records], shown, None, receipts, opened=opened)

    def single_use_bundle(
        self,
        number: OwnNumber,
        *,
        shown: Collection[str] = (),
        without: Collection[SignedRecord] = (),
        groups: Sequence[GroupToShow] | None = None,
    ) -> Bundle:
        """A bundle about a number; `shown` are sections disclosed besides the reference that says it."""
        wanted = self.groups_of(Purpose.INVOICE, number.name) if groups is None else list(groups)
        tags = {self.number_tag(number, epoch) for epoch in range(len(self.epochs))}
        uses = []
        for signed in self.records.values():
            places = [
                Place(entry[:16], digest, index, position, is_number=True)
                for digest in signed.sections.get("references", ())
                for entry, (index, position) in self.places.items()
                if entry[16:] == batch.number_digest(signed, digest) and entry[:16] in tags
            ]
            if places and signed not in without:
                kept = {place.ucr_digest for place in places}
                kept |= {digest for name in shown for digest in signed.sections.get(name, ())}
                lanes = self.to_show(signed).places
                uses.append(RecordToShow(signed.with_elements(kept), (*lanes, *places)))
        return self.bundle(number, uses, wanted)

    def consignment_bundle(
        self,
        ucr: str = UCR,
        receipts: Collection[SignedReceipt] = (),
        *,
        members: Collection[str] | None = None,
        without: Collection[SignedRecord] = (),
    ) -> Bundle:
        """A bundle of all that the members who belong to a UCR, or these, anchored for it up to the checkpoint."""
        groups = self.groups_of(Purpose.UCR, ucr, self.set_of(ucr) if members is None else members)
        in_lanes = {(tag, leaf.digest) for group in groups for tag, lane in group.leaves.items() for leaf in lane}
        shown = []
        for signed in self.records.values():
            one = self.to_show(signed)
            places = tuple(
                place for place in one.places if (place.tag, batch.entry_digest(signed, place.ucr_digest)) in in_lanes
            )
            if places and signed not in without:
                shown.append(RecordToShow(signed, places))
        return self.bundle(ucr, shown, groups, receipts)

    def set_of(self, ucr: str) -> set[str]:
        """The owner, the authorities, and whoever records of these and of those whom they name name, far or near."""
        members = {one.member for one in self.authorities} | {ucr[3:21]}
        spoken = [one for one in self.records.values() if any(name == ucr for _, name in one.ucr_elements())]
        while more := {str(n) for one in spoken if one.iss in members for n in one.section("names")} - members:
            members |= more
        return members

    def groups_of(self, purpose: Purpose, ucr: str, members: Collection[str] | None = None) -> list[GroupToShow]:
        """Lanes of a UCR in each epoch that has begun under the newest checkpoint: of these members, or all."""
        covered = self.covered if self.checkpoints else len(self.batches)
        shown = [at for at, epoch in enumerate(self.epochs) if epoch.from_batch < covered or at == 0]
        return [self.group_of(purpose, ucr, epoch, members) for epoch in shown]

    def group_of(self, purpose: Purpose, ucr: str, epoch: int, members: Collection[str] | None = None) -> GroupToShow:
        """Lanes of a UCR in one epoch as of the newest checkpoint: of these members, or all."""
        secret = self.epochs[epoch].secret
        y = secret.output(purpose.vrf_input(ucr))
        wanted = None if members is None else {batch.lane_tag(y, member) for member in members}
        prefix = purpose.prefix(y)
        held = self.checkpoint_map if self.checkpoints else IndexMap()
        leaves = {
            tag: tuple(lane)
            for tag, lane in held.lanes.items()
            if tag[:PREFIX_BYTES] == prefix and (wanted is None or tag in wanted)
        }
        proof = held.prove_group(prefix, wanted) if self.checkpoints else None
        return GroupToShow(purpose, ucr, epoch, secret.prove(purpose.vrf_input(ucr)), proof, leaves)

    def bundle(
        self,
        subject: str | OwnNumber | Collection[str],
        shown: Sequence[RecordToShow],
        groups: Sequence[GroupToShow] | None = None,
        receipts: Collection[SignedReceipt] = (),
        *,
        opened: bool = False,
    ) -> Bundle:
        """A bundle under the block now; with the groups of all that its records name unless others are given."""
        ids = {one.signed.record_id for one in shown}
        promised = [(one, self.records[str(one.claims["record_id"])]) for one in receipts]
        promises = [ShownReceipt(one, None if r.record_id in ids else r.with_elements(())) for one, r in promised]
        wanted = self._groups_of_records(shown) if groups is None else groups
        if opened:
            wanted = [replace(group, opened=frozenset(group.leaves)) for group in wanted]
        kind = kind_of(subject)
        unopened = self._unopened(shown, wanted) if kind is Kind.CONSIGNMENT else set()
        request = self.request(kind, shown, promises, unopened)
        slots = required_slots(request)
        by_kid = {key.public.kid: key.public for key in self.keys.values()}
        kids = {one.signed.kid for one in shown} | {one.kid for one in receipts} | {one.kid for _, one in promised}
        return assemble(
            ChainIdentity(self.consortium, 20211, self.genesis_hash),
            subject,
            header_rlp=self.header_rlp(),
            registry=self.proof(self.registry, slots["registry"]),
            ledger=self.proof(self.ledger, slots["ledger"]),
            request=request,
            batches=[self.batches[index] for index in request.batches],
            records=shown,
            keys=[by_kid[kid] for kid in kids],
            groups=wanted,
            texts=self.texts,
            authorities=self.authorities,
            receipts=promises,
        )

    def _groups_of_records(self, shown: Iterable[RecordToShow]) -> list[GroupToShow]:
        """The groups of every UCR that one of these entries is for, in the epochs that the records stand in."""
        names: dict[tuple[Purpose, str], None] = {}
        for one in shown:
            purpose = Purpose.ACCESS if one.signed.vct == "audit.access" else Purpose.UCR
            ucrs = {digest: ucr for digest, ucr in one.signed.ucr_elements() if isinstance(ucr, str)}
            names |= {(purpose, ucrs[place.ucr_digest]): None for place in one.places if place.ucr_digest in ucrs}
        return [group for name in names for group in self.groups_of(*name)]

    def request(
        self,
        kind: Kind,
        shown: Iterable[RecordToShow],
        receipts: Collection[ShownReceipt] = (),
        unopened: Collection[int] = (),
    ) -> SlotRequest:
        """What a header proof must cover for these records; `unopened` are the batches of entries without theirs."""
        first_uncovered = self._first_uncovered()
        return plan_slots(
            kind,
            shown,
            {one.facts.index: one.facts for one in self.batches},
            NewestCheckpoint(self.checkpoints - 1, self.checkpoint_block) if self.checkpoints else None,
            self.registry_view(),
            receipts=receipts,
            bare_batches={*unopened, *([] if first_uncovered is None else [first_uncovered])},
        )

    def registry_view(self) -> RegistryView:
        """The blocks of every version of every fact."""

        def of(fact: str) -> Callable[[Any], list[int]]:
            return lambda name: self.since.get((fact, name), [])

        return RegistryView(
            keys=of("key"),
            members=of("member"),
            accounts=of("account"),
            policies=of("policy"),
            operators=of("operator"),
            assignments=of("assignment"),
            is_contested=lambda thumbprint: thumbprint in self.contested,
            epochs=len(self.epochs),
            authorities=tuple(self.authorities),
        )

    # -- inside

    def _said(self, signed: SignedRecord) -> list[Json]:
        """A record's entries as a receipt names them."""
        return [[entry[:16].hex(), base64url(entry[16:])] for entry in self.entries_of(signed)]

    def _append(self, name: tuple[str, object], slot: Callable[[int], int], word: int) -> None:
        versions = self.since.setdefault(name, [])
        self.registry.words[slot(len(versions))] = word
        versions.append(self.block)

    def _append_pair(
        self, name: tuple[str, object], slots: Callable[[int], tuple[int, int]], value: int, word: int
    ) -> None:
        versions = self.since.setdefault(name, [])
        first, second = slots(len(versions))
        self.registry.words |= {first: value, second: word}
        versions.append(self.block)

    def _unopened(self, shown: Iterable[RecordToShow], groups: Iterable[GroupToShow]) -> set[int]:
        """The batches of those leaves of opened lanes whose records are not shown."""
        opened = {
            (place.tag, batch.entry_digest(one.signed, place.ucr_digest)) for one in shown for place in one.places
        }
        lanes = [lane for group in groups for lane in group.leaves.items()]
        return {leaf.batch for tag, leaves in lanes for leaf in leaves if (tag, leaf.digest) not in opened}

    def _first_uncovered(self) -> int | None:
        covered = self.covered if self.checkpoints else len(self.batches)
        return covered if covered < len(self.batches) else None

    def _state(self) -> Trie:
        own = {one.address: one.account(one.storage().root) for one in (self.registry, self.ledger)}
        if self._built_state is None or self._built_state[0] != own:
            self._built_state = own, Trie({**_others(self.seed), **own})
        return self._built_state[1]

    def _bytes(self, name: str) -> bytes:
        return sha256(f"{self.seed} {name}".encode())


@lru_cache(maxsize=8)
def _others(seed: str) -> Mapping[bytes, bytes]:
    """Accounts of others, by address."""
    nothing = keccak256(rlp.encode(b"")), keccak256(b"")
    return {
        sha256(f"{seed} someone {number}".encode())[:20]: rlp.encode([b"", rlp.int_to_bytes(number + 1), *nothing])
        for number in range(40)
    }


@lru_cache(maxsize=8_192)
def _path_of(key: bytes) -> tuple[int, ...]:
    """Where a key stands in a trie."""
    return _nibbles(keccak256(key))


def _written(word: int) -> bytes:
    return rlp.encode(rlp.int_to_bytes(word))


def _address(key: PrivateKey) -> bytes:
    return keccak256(key.public_key.format(compressed=False)[1:])[12:]


def _nibbles(key: bytes) -> tuple[int, ...]:
    return tuple(nibble for byte in key for nibble in (byte >> 4, byte & 15))


def _pack(path: Sequence[int], *, is_leaf: bool) -> bytes:
    flag = 2 if is_leaf else 0
    nibbles = [flag + 1, *path] if len(path) % 2 else [flag, 0, *path]
    return bytes(high << 4 | low for high, low in zip(nibbles[::2], nibbles[1::2], strict=True))


def _unpack(compact: rlp.Item) -> tuple[tuple[int, ...], bool]:
    assert isinstance(compact, bytes)
    nibbles = _nibbles(compact)
    return nibbles[1 if nibbles[0] & 1 else 2 :], nibbles[0] >= 2
