"""The consortia, records and changes that the vectors are made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from chain.encoding import Json, base64url, parse_base64url, parse_json_object, write_json
from chain.keys import PublicKey, SigningKey
from chain.members import KeyAlgorithm, Role
from chain.proof import batch
from chain.proof.bundle import Bundle, ProvedRecord
from chain.proof.bundle_builder import GroupToShow, refresh
from chain.proof.shown_lanes import OpenLane, ShownGroup
from chain.proof.slots import SlotRequest, required_slots
from chain.sdjwt import SignedRecord
from chain.verify.trust_root import TrustRoot
from tests.catalogue.vector import CARRIER, FOREIGN_UCR, Made
from tests.fakes.ledger_simulator import CUSTOMS, GATEWAY, OTHER_UCR, UCR, Consortium


def declared_and_released() -> tuple[Consortium, SignedRecord, SignedRecord]:
    """A declaration and its status in two batches under a checkpoint, another consignment beside them."""
    it = Consortium()
    declaration, status = it.record(), it.record(CUSTOMS, vct="customs.status")
    it.anchor(declaration, it.record(ucrs=(OTHER_UCR,)))
    it.anchor(status)
    it.checkpoint()
    return it, declaration, status


def made_of(it: Consortium, bundle: Bundle) -> tuple[bytes, TrustRoot]:
    return bundle.format(), it.trust_root()


def group_altered(
    change: Callable[[list[str]], list[str]], leaf: Callable[[dict[str, Json]], dict[str, Json]] = lambda leaf: leaf
) -> Made:
    """A bundle with the first of three receipts of a group, its parts changed; its leaf, before that is signed."""
    it, declaration, status = declared_and_released()
    receipt, *_ = it.receipts(declaration, status, it.record(), anchor_by=it.time)
    said, root = made_of(it, it.record_bundle(declaration, receipts=[receipt], opened=True))
    shown = it.receipts_text(declaration, status, it.record(), anchor_by=it.time, leaf=leaf)[0]
    return said.replace(receipt.text.encode(), "~".join(change(shown.split("~"))).encode()), root


def change_payload(jws: str, name: str, change: Callable[[int], int]) -> str:
    """The JWS with another number in its payload, its signature as it was."""
    header, payload, signature = jws.split(".")
    said = parse_json_object(parse_base64url(payload))
    said[name] = change(int(str(said[name])))
    return f"{header}.{base64url(write_json(said))}.{signature}"


def flip_first_bit(said: bytes) -> bytes:
    return bytes([said[0] ^ 1]) + said[1:]


def spoil_text(change: Callable[[bytes], bytes]) -> Made:
    it, declaration, _ = declared_and_released()
    said = it.record_bundle(declaration).format()
    changed = change(said)
    assert changed != said
    return changed, it.trust_root()


def with_named_carrier() -> tuple[Consortium, SignedRecord]:
    """A carrier speaks, then the owner names it."""
    it = Consortium()
    it.add_member(CARRIER, Role.CARRIER)
    it.block += 1
    event = it.record(CARRIER, vct="logistics.event")
    it.anchor(event, it.record(ucrs=(OTHER_UCR,)))
    it.anchor(it.record(sections={"status": ["R"], "names": [CARRIER]}))
    it.checkpoint()
    return it, event


def with_strangers() -> Consortium:
    """A declaration and its status, and five brokers whom nobody named speak of it too."""
    it, _, _ = declared_and_released()
    strangers = [f"914400001000000{number}X" for number in range(10, 15)]
    for stranger in strangers:
        it.add_member(stranger, Role.BROKER)
    it.block += 1
    it.anchor(*(it.record(stranger, sections={"names": strangers}) for stranger in strangers))
    it.checkpoint()
    return it


def named_by_operator(scope: str) -> Consortium:
    """The operator of a single window, which is a governor, names a carrier for a consignment of no member's."""
    it = Consortium()
    it.add_member(CARRIER, Role.CARRIER)
    it.set_operator(GATEWAY, scope)
    it.block += 1
    it.anchor(it.record(GATEWAY, ucrs=(FOREIGN_UCR,), vct="trade.parties", sections={"names": [CARRIER]}))
    it.anchor(it.record(CARRIER, ucrs=(FOREIGN_UCR,), vct="logistics.event"))
    it.checkpoint()
    return it


def named_by_customs(*, late: bool = False) -> Consortium:
    """The owner declares at an office; customs, whose office it is or will be, names a carrier."""
    it = Consortium()
    it.add_member(CARRIER, Role.CARRIER)
    if not late:
        it.assign("0101", CUSTOMS)
    it.block += 1
    it.anchor(it.record(sections={"declaration": [{"office": {"list": "cn-customs-office", "value": "0101"}}]}))
    it.anchor(it.record(CUSTOMS, vct="customs.status", sections={"status": ["R"], "names": [CARRIER]}))
    if late:
        it.assign("0101", CUSTOMS)
        it.block += 1
    it.anchor(it.record(CARRIER, vct="logistics.event"))
    it.checkpoint()
    return it


def with_unopened_entry() -> tuple[Consortium, int]:
    """A gateway anchors an entry of no record in the owner's lane; with its batch."""
    it, _, _ = declared_and_released()
    junk = it.anchor_entries([batch.entry(it.tag(UCR), b"j" * 32)]).index
    it.anchor(it.record())
    it.checkpoint()
    return it, junk


def with_amendment() -> tuple[Consortium, SignedRecord, SignedRecord]:
    """A declaration and the one that replaces it."""
    it, declaration, _ = declared_and_released()
    newer = it.record(amends=declaration.record_id)
    it.anchor(newer)
    it.checkpoint()
    return it, declaration, newer


def two_in_a_lane() -> tuple[Consortium, SignedRecord, SignedRecord]:
    """Two records of one issuer in two batches, nothing else."""
    it = Consortium()
    first, second = it.record(), it.record()
    it.anchor(first)
    it.anchor(second)
    it.checkpoint()
    return it, first, second


def with_first_lane(bundle: Bundle, change: Callable[[OpenLane], OpenLane]) -> Bundle:
    """The bundle with its first opened lane changed."""
    (group, *others) = bundle.groups
    (lane, *rest) = group.lanes
    assert isinstance(lane, OpenLane)
    return replace(bundle, groups=(replace(group, lanes=(change(lane), *rest)), *others))


def without_place(record: ProvedRecord) -> ProvedRecord:
    """The record without the place of its entries in their lanes."""
    return replace(record, entries=tuple(replace(entry, lane=None) for entry in record.entries))


def signed_by_nobody(signed: SignedRecord) -> SignedRecord:
    """The record with a signature of zeros."""
    head = signed.jwt.rsplit(".", 1)[0]
    return SignedRecord.parse(signed.serialize().replace(signed.jwt, f"{head}.{base64url(b'0' * 64)}"))


def two_epochs() -> tuple[Consortium, SignedRecord, SignedRecord]:
    it = Consortium()
    first = it.record()
    it.anchor(first)
    it.begin_epoch(1)
    second = it.record(CUSTOMS, vct="customs.status")
    it.anchor(second)
    it.checkpoint()
    return it, first, second


def slow_votes() -> tuple[Consortium, int]:
    """Two batches are anchored between the batches that a checkpoint is about and its last vote, one of them this
    consignment's; with the block of the first of the two."""
    it, _, _ = declared_and_released()
    about = it.map_now()
    first_uncovered = it.anchor(it.record(ucrs=(OTHER_UCR,))).block
    it.anchor(it.record())
    it.checkpoint(about=about)
    return it, first_uncovered


def hidden_in_a_later_epoch() -> tuple[Consortium, SignedRecord]:
    """The tag key from batch 3 on is known already, and a rogue gateway files a record under its tag in batch 2."""
    it, _, _ = declared_and_released()
    it.begin_epoch(3)
    hidden = it.record()
    it.anchor(hidden)
    it.checkpoint()
    return it, hidden


def prove_anew(it: Consortium, bundle: Bundle, request: SlotRequest) -> Bundle:
    """The bundle with what another request asks for proved, no more and no less."""
    slots = required_slots(request)
    return refresh(
        bundle,
        header_rlp=it.header_rlp(),
        registry=it.proof(it.registry, slots["registry"]),
        ledger=it.proof(it.ledger, slots["ledger"]),
        request=request,
        keys=[one.public for one in bundle.keys],
        groups=[group_to_show(group, it) for group in bundle.groups],
        texts=it.texts,
        authorities=it.authorities,
    )


def without_bare_batches(it: Consortium, bundle: Bundle) -> Bundle:
    """The bundle without the batches that no record stands in."""
    used = {entry.batch for record in bundle.records for entry in record.entries}
    request = replace(bundle.slot_request, batches=tuple(sorted(used)))
    batches = tuple(facts for facts in bundle.batches if facts.index in used)
    return prove_anew(it, replace(bundle, batches=batches), request)


def group_to_show(group: ShownGroup, it: Consortium) -> GroupToShow:
    """A group to show as it is shown."""
    opened = frozenset(lane.tag for lane in group.lanes if isinstance(lane, OpenLane))
    return replace(it.group_of(group.purpose, group.name, group.epoch), opened=opened)


class NobodysKey(SigningKey):
    """The neutral point of Ed25519 as a public key, and the signature that is right for every message under it."""

    def __init__(self) -> None:
        # Past the constructor, which refuses it.
        self.public = object.__new__(PublicKey)
        object.__setattr__(self.public, "algorithm", KeyAlgorithm.ED25519)
        object.__setattr__(self.public, "raw", b"\x01" + bytes(31))

    def sign(self, message: bytes) -> bytes:
        return b"\x01" + bytes(63)
