"""Every true and every false bundle that we could think of, each with one fault, the check that must see it and the
verdict. The unit tests judge the verifier by it, and `scripts/make_vectors` writes it down for other implementations.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from chain.encoding import Json, base64url, parse_base64url, parse_json_object, write_json
from chain.keys import P256_ORDER, PublicKey, SigningKey
from chain.members import AddedBy, KeyAlgorithm, KeyState, MemberState, Role
from chain.proof import batch, storage_layout
from chain.proof.batch import Purpose
from chain.proof.bundle import Bundle, ProvedRecord
from chain.proof.bundle_builder import GroupToShow, refresh
from chain.proof.header import Header
from chain.proof.index_map import LaneLeaf, MapLeaf, lane_head, path_of
from chain.proof.redaction import redact
from chain.proof.seals import SECP256K1_ORDER, trimmed
from chain.proof.shown_lanes import ClosedLane, OpenLane, ShownGroup
from chain.proof.slot_plan import Place, RecordToShow
from chain.proof.slots import SlotRequest, required_slots
from chain.proof.vrf import VrfSecretKey
from chain.sdjwt import SignedRecord
from chain.verify.context import Demand
from chain.verify.results import Fate, Verdict
from chain.verify.trust_root import LEDGER, TrustRoot, ValidatorRange
from tests.fakes.ledger_simulator import BROKER, CUSTOMS, GATEWAY, OTHER_UCR, RULES, UCR, Consortium, Epoch, rules_text
from tests.record_numbers import jti_of

Made = tuple[bytes, TrustRoot] | tuple[bytes, TrustRoot, Demand]


@dataclass(frozen=True)
class Vector:
    """One bundle with a trust root, and what a right verifier says of it."""

    name: str
    says: str
    verdict: Verdict
    check: int | None
    """The check that must not pass; None for a true bundle of which all that can be answered must."""
    not_counted: int
    """How many of its records must be shown as not counted."""
    fate: Fate | None
    """What became of its first receipt; None where it shows none, or is refuted before."""
    make: Callable[[], Made]


VECTORS: dict[str, Vector] = {}
A_DAY_BLOCKS = 8_640
CARRIER = "91330000100000005Y"
FOREIGN_UCR = "6GBGB123456789000-1"
"""One whose company is no member: the operator of the single window speaks for it."""


def vector(
    verdict: Verdict, check: int | None = None, not_counted: int = 0, fate: Fate | None = None
) -> Callable[[Callable[[], Made]], Callable[[], Made]]:
    """Puts the function into the catalogue; its name names the vector, its docstring says the one fault."""

    def add(make: Callable[[], Made]) -> Callable[[], Made]:
        says = (make.__doc__ or "").strip()
        VECTORS[make.__name__] = Vector(make.__name__, says, verdict, check, not_counted, fate, make)
        return make

    return add


def _story() -> tuple[Consortium, SignedRecord, SignedRecord]:
    """A declaration and its status in two batches under a checkpoint, another consignment beside them."""
    it = Consortium()
    declaration, status = it.record(), it.record(CUSTOMS, vct="customs.status")
    it.anchor(declaration, it.record(ucrs=(OTHER_UCR,)))
    it.anchor(status)
    it.checkpoint()
    return it, declaration, status


def _out(it: Consortium, bundle: Bundle) -> tuple[bytes, TrustRoot]:
    return bundle.format(), it.trust_root()


def _group_altered(
    change: Callable[[list[str]], list[str]], leaf: Callable[[dict[str, Json]], dict[str, Json]] = lambda leaf: leaf
) -> Made:
    """A bundle with the first of three receipts of a group, its parts changed; its leaf, before that is signed."""
    it, declaration, status = _story()
    receipt, *_ = it.receipts(declaration, status, it.record(), anchor_by=it.time)
    said, root = _out(it, it.record_bundle(declaration, receipts=[receipt], opened=True))
    shown = it.receipts_text(declaration, status, it.record(), anchor_by=it.time, leaf=leaf)[0]
    return said.replace(receipt.text.encode(), "~".join(change(shown.split("~"))).encode()), root


def _payload(jws: str, name: str, change: Callable[[int], int]) -> str:
    """The JWS with another number in its payload, its signature as it was."""
    header, payload, signature = jws.split(".")
    said = parse_json_object(parse_base64url(payload))
    said[name] = change(int(str(said[name])))
    return f"{header}.{base64url(write_json(said))}.{signature}"


def _flipped(said: bytes) -> bytes:
    return bytes([said[0] ^ 1]) + said[1:]


# -- true bundles


@vector(Verdict.VALID)
def record_true() -> Made:
    """One record, anchored and covered."""
    it, declaration, _ = _story()
    return _out(it, it.record_bundle(declaration))


@vector(Verdict.VALID, 11)
def record_of_two_consignments_true() -> Made:
    """A record that names two consignments, shown for one of them; the other UCR is withheld, so what amends it there
    cannot be told."""
    it = Consortium()
    manifest = it.record(ucrs=(UCR, OTHER_UCR))
    it.anchor(manifest)
    it.checkpoint()
    shown = it.to_show(manifest, [it.tag(UCR)])
    bundle = it.bundle([manifest.record_id], [shown])
    return _out(it, redact(bundle, ["status"]))


@vector(Verdict.VALID)
def record_signed_by_ed25519_true() -> Made:
    """A record signed with Ed25519."""
    it = Consortium()
    it.keys[BROKER] = SigningKey.generate(KeyAlgorithm.ED25519)
    it.set_key(BROKER, KeyState.ACTIVE)
    it.block += 1
    declaration = it.record()
    it.anchor(declaration)
    it.checkpoint()
    return _out(it, it.record_bundle(declaration))


@vector(Verdict.VALID)
def record_redacted_true() -> Made:
    """Only the status section is shown; what is withheld has a name."""
    it, declaration, _ = _story()
    return _out(it, redact(it.record_bundle(declaration), ["status"]))


@vector(Verdict.VALID)
def consignment_true() -> Made:
    """Everything of one consignment up to the checkpoint."""
    it, _, _ = _story()
    return _out(it, it.consignment_bundle())


@vector(Verdict.VALID)
def consignment_absent_true() -> Made:
    """Nothing was ever anchored for this UCR, and that is proved."""
    it, _, _ = _story()
    return _out(it, it.consignment_bundle("6CN91110000100000001W-9999"))


@vector(Verdict.VALID)
def consignment_in_two_epochs_true() -> Made:
    """The tag key was rotated between two records of one consignment."""
    it, _, _ = _two_epochs()
    return _out(it, it.consignment_bundle())


@vector(Verdict.VALID)
def consignment_with_amendment_true() -> Made:
    """A declaration and the one that replaces it; the view holds both and marks the older."""
    it, declaration, _ = _story()
    it.anchor(it.record(amends=declaration.record_id))
    it.checkpoint()
    return _out(it, it.consignment_bundle())


@vector(Verdict.VALID, not_counted=1)
def consignment_with_misfiled_record_true() -> Made:
    """A rogue gateway filed another consignment's record here; it is named and not counted, the view stays whole."""
    it, _, _ = _story()
    stranger = it.record(ucrs=(OTHER_UCR,))
    it.anchor_entries([batch.entry(it.tag(UCR), it.entries_of(stranger)[0][16:])])
    it.checkpoint()
    return _out(it, it.consignment_bundle())


@vector(Verdict.VALID, not_counted=1)
def consignment_with_record_after_revocation_true() -> Made:
    """A record anchored after its key was revoked is shown as not counted; the others stay valid."""
    it, _, _ = _story()
    second = SigningKey.generate()
    it.keys["second"] = second
    it.set_key(BROKER, KeyState.ACTIVE, key=second)
    it.block += 1
    it.set_key(BROKER, KeyState.REVOKED, key=second)
    it.block += 1
    it.anchor(it.record(key=second))
    it.checkpoint()
    return _out(it, it.consignment_bundle())


@vector(Verdict.VALID, not_counted=1)
def consignment_with_misfiled_record_of_a_leaked_key_true() -> Made:
    """A rogue gateway filed here a record of another consignment, whose key is declared compromised since before; it is
    not counted, and the view stays whole."""
    it, _, _ = _story()
    leaked = it.keys["leaked"] = SigningKey.generate()
    it.set_key(BROKER, KeyState.ACTIVE, key=leaked)
    it.block += 1
    stranger = it.record(ucrs=(OTHER_UCR,), key=leaked)
    it.anchor_entries([batch.entry(it.tag(UCR), it.entries_of(stranger)[0][16:])])
    it.set_key(BROKER, KeyState.COMPROMISED, key=leaked, compromised_since=1)
    it.checkpoint()
    return _out(it, it.consignment_bundle())


@vector(Verdict.VALID, not_counted=1)
def consignment_with_record_of_another_consortium_true() -> Made:
    """A rogue gateway filed here a record that was signed for another consortium; it is not counted."""
    it, _, _ = _story()
    it.anchor(it.record(consortium=bytes(32)))
    it.checkpoint()
    return _out(it, it.consignment_bundle())


@vector(Verdict.VALID, not_counted=1)
def consignment_with_record_hidden_in_a_later_epoch_true() -> Made:
    """A rogue gateway filed a record under the tag of an epoch that had not begun, where no view would look for it; now
    that the epoch has begun it is shown, named and not counted: no earlier view becomes wrong."""
    it, _ = _hidden_in_a_later_epoch()
    it.anchor(it.record())
    it.checkpoint()
    return _out(it, it.consignment_bundle())


@vector(Verdict.VALID)
def consignment_with_two_amendments_of_one_record_true() -> Made:
    """The issuer amended one record twice: the later is taken for the newest, and the report says so."""
    it, declaration, _ = _story()
    it.anchor(it.record(amends=declaration.record_id))
    it.anchor(it.record(amends=declaration.record_id))
    it.checkpoint()
    return _out(it, it.consignment_bundle())


@vector(Verdict.VALID)
def record_amended_by_another_type_true() -> Made:
    """A record of another type claims to amend it, which no gateway would take: it does not count."""
    it, _, status = _story()
    other = it.record(CUSTOMS, vct="audit.finding", amends=status.record_id)
    it.anchor(other)
    it.checkpoint()
    return _out(it, it.bundle([status.record_id], [it.to_show(status), it.to_show(other)]))


@vector(Verdict.VALID, not_counted=1)
def consignment_with_stolen_number_true() -> Made:
    """A stranger used the issuer's number first, under a key that is not the issuer's; the true record still counts."""
    it, _, _ = _story()
    it.anchor(it.record(BROKER, key=it.keys[CUSTOMS], jti=jti_of("7")))
    it.anchor(it.record(BROKER, jti=jti_of("7")))
    it.checkpoint()
    return _out(it, it.consignment_bundle())


@vector(Verdict.VALID, not_counted=1)
def consignment_with_record_by_a_stolen_key_true() -> Made:
    """A key is declared compromised; what its thief anchors afterwards is not counted, the rest stays valid."""
    it, _, _ = _story()
    it.keys["stolen"] = SigningKey.generate()
    it.set_key(BROKER, KeyState.ACTIVE, key=it.keys["stolen"])
    it.block += 1
    it.set_key(BROKER, KeyState.COMPROMISED, key=it.keys["stolen"], compromised_since=it.time)
    it.block += 1
    it.anchor(it.record(key=it.keys["stolen"]))
    it.checkpoint()
    return _out(it, it.consignment_bundle())


@vector(Verdict.VALID, fate=Fate.KEPT)
def receipt_kept_true() -> Made:
    """The gateway's receipt was kept."""
    it, declaration, _ = _story()
    return _out(it, it.record_bundle(declaration, receipts=[it.receipt(declaration, anchor_by=it.time)]))


@vector(Verdict.VALID)
def key_added_by_sponsor_true() -> Made:
    """The issuer's key was put into the registry by its sponsor: valid, and every report says so."""
    it = Consortium()
    it.keys[BROKER] = SigningKey.generate()
    it.set_key(BROKER, KeyState.ACTIVE, added_by=AddedBy.SPONSOR)
    it.block += 1
    declaration = it.record()
    it.anchor(declaration)
    it.checkpoint()
    return _out(it, it.record_bundle(declaration))


@vector(Verdict.VALID)
def header_of_a_later_round_true() -> Made:
    """The header was agreed in round 3: its block hash has round 0, its seal hash the real one."""
    it, declaration, _ = _story()
    bundle = it.record_bundle(declaration)
    return _out(it, replace(bundle, header=trimmed(Header.from_rlp(it.header_rlp(round_number=3)))))


@vector(Verdict.VALID)
def closed_range_still_accepted_true() -> Made:
    """The validators changed three times since; the old range is still accepted."""
    it, declaration, _ = _story()
    root = it.trust_root()
    for step in range(3):
        root = root.extended(it.block + step, [bytes([step + 1]) * 20, bytes([step + 2]) * 20])
    return it.record_bundle(declaration).format(), root


# -- true, but not the whole story


@vector(Verdict.AMENDED, 11)
def record_amended() -> Made:
    """The record was replaced by its issuer, which is asked for, and the bundle shows by which."""
    it, declaration, newer = _amended()
    bundle = it.bundle([declaration.record_id], [it.to_show(declaration), it.to_show(newer)], opened=True)
    return bundle.format(), it.trust_root(), Demand(current=True)


@vector(Verdict.VALID, 11)
def record_amended_and_not_asked_true() -> Made:
    """The record was replaced by its issuer; nobody asked whether it is the newest: "not looked for"."""
    it, declaration, _ = _amended()
    return _out(it, it.record_bundle(declaration))


@vector(Verdict.VALID)
def record_current_true() -> Made:
    """No later record of its issuer stands in its lane: it is the newest, as was asked."""
    it, declaration, _ = _story()
    return it.record_bundle(declaration, opened=True).format(), it.trust_root(), Demand(current=True)


@vector(Verdict.CANNOT_TELL, 11)
def record_current_with_a_closed_lane() -> Made:
    """It is asked whether the record is the newest, and its issuer's lane is shown by its head alone."""
    it, declaration, _ = _story()
    return it.record_bundle(declaration).format(), it.trust_root(), Demand(current=True)


@vector(Verdict.CANNOT_TELL, 11)
def record_current_with_a_later_entry_unopened() -> Made:
    """It is asked whether the record is the newest, and a later entry of its lane is without its record."""
    it, declaration, _ = _amended()
    return it.record_bundle(declaration, opened=True).format(), it.trust_root(), Demand(current=True)


@vector(Verdict.VALID)
def record_amended_by_one_of_fewer_consignments_true() -> Made:
    """A later record claims to replace one of two consignments and names one of them alone: it does not count."""
    it = Consortium()
    manifest = it.record(ucrs=(UCR, OTHER_UCR))
    it.anchor(manifest)
    newer = it.record(amends=manifest.record_id)
    it.anchor(newer)
    it.checkpoint()
    shown = [it.to_show(manifest), it.to_show(newer)]
    bundle = it.bundle([manifest.record_id], shown, opened=True)
    return bundle.format(), it.trust_root(), Demand(current=True)


@vector(Verdict.OTHER_SUBJECT)
def another_consignment_than_asked_for() -> Made:
    """A true bundle of another consignment than the one asked for."""
    it, _, _ = _story()
    return it.consignment_bundle().format(), it.trust_root(), Demand(ucr=OTHER_UCR)


@vector(Verdict.OTHER_SUBJECT)
def another_record_than_asked_for() -> Made:
    """A true bundle of another record than the one asked for."""
    it, declaration, status = _story()
    return it.record_bundle(declaration).format(), it.trust_root(), Demand(record=status.record_id)


@vector(Verdict.VALID)
def the_record_asked_for_true() -> Made:
    """A true bundle of the record asked for."""
    it, declaration, _ = _story()
    return it.record_bundle(declaration).format(), it.trust_root(), Demand(record=declaration.record_id)


@vector(Verdict.REVOKED_SINCE, 10)
def key_revoked_since() -> Made:
    """The issuer's key was revoked after the record was anchored."""
    it, declaration, _ = _story()
    it.set_key(BROKER, KeyState.REVOKED)
    it.block += 1
    return _out(it, it.record_bundle(declaration))


@vector(Verdict.VALID)
def key_retired_since_true() -> Made:
    """The issuer's key was retired after the record was anchored: ordinary rotation takes nothing from the record."""
    it, declaration, _ = _story()
    it.set_key(BROKER, KeyState.RETIRED)
    it.block += 1
    return _out(it, it.record_bundle(declaration))


@vector(Verdict.CONTESTED, 10)
def key_contested() -> Made:
    """The issuer asks the governors to declare its key compromised since before the record: it counts, and is told."""
    it, declaration, _ = _story()
    it.set_key(BROKER, KeyState.ACTIVE, compromised_since=1, contested=True)
    it.block += 1
    return _out(it, it.record_bundle(declaration))


@vector(Verdict.VALID)
def consignment_with_a_revoked_key_true() -> Made:
    """An issuer revoked its key after its record was anchored: named, and the consignment stays valid."""
    it, _, _ = _story()
    it.set_key(BROKER, KeyState.REVOKED)
    it.block += 1
    return _out(it, it.consignment_bundle())


@vector(Verdict.VALID)
def member_suspended_since_true() -> Made:
    """The issuer was suspended after the record was anchored: what it said before stays good."""
    it, declaration, _ = _story()
    it.set_member(BROKER, MemberState.SUSPENDED, Role.BROKER)
    it.block += 1
    return _out(it, it.record_bundle(declaration))


@vector(Verdict.NOT_COVERED, 13)
def record_not_covered_yet() -> Made:
    """The record is anchored, but no checkpoint covers its batch."""
    it, _, _ = _story()
    late = it.record()
    it.anchor(late)
    return _out(it, it.record_bundle(late))


@vector(Verdict.NOT_COVERED, 14)
def no_checkpoint_yet() -> Made:
    """There is no checkpoint at all."""
    it = Consortium()
    declaration = it.record()
    it.anchor(declaration)
    return _out(it, it.record_bundle(declaration))


@vector(Verdict.NOT_COVERED, 14)
def older_than_as_of() -> Made:
    """The view is true, but its checkpoint is older than the block asked for."""
    it, _, _ = _story()
    return it.consignment_bundle().format(), it.trust_root(), Demand(as_of=it.block + 100)


@vector(Verdict.NOT_COVERED, 14)
def anchored_while_the_votes_came_in() -> Made:
    """A record was anchored after the batches that the checkpoint is about and before its last vote: the checkpoint is
    of a later block than the one asked for, yet does not cover it."""
    it, first_uncovered = _slow_votes()
    return it.consignment_bundle().format(), it.trust_root(), Demand(as_of=first_uncovered)


@vector(Verdict.VALID)
def as_of_the_last_covered_block_true() -> Made:
    """Everything up to the block asked for is covered, which the first batch that is not covered shows."""
    it, first_uncovered = _slow_votes()
    return it.consignment_bundle().format(), it.trust_root(), Demand(as_of=first_uncovered - 1)


@vector(Verdict.ENTRIES_MISSING, 12)
def epoch_left_out() -> Made:
    """The lanes of one tag key's epoch are not shown."""
    it, _, second = _two_epochs()
    return _out(it, it.bundle(UCR, [it.to_show(second)], [it.group_of(Purpose.UCR, UCR, 1)]))


@vector(Verdict.CANNOT_TELL, 7)
def ucr_withheld() -> Made:
    """The UCR element that the entry rests on is not disclosed."""
    it, declaration, _ = _story()
    bundle = it.record_bundle(declaration)
    (record,) = bundle.records
    withheld = replace(record, signed=record.signed.with_sections(["status"]))
    return _out(it, replace(bundle.with_records((_without_place(withheld),)), groups=()))


@vector(Verdict.ENTRIES_MISSING, 13)
def record_left_out() -> Made:
    """One record of the consignment is left out, anchored more than a day ago; its entry digest stays in its lane."""
    it, declaration, _ = _story()
    it.block += A_DAY_BLOCKS
    return _out(it, it.bundle(UCR, [it.to_show(declaration)], it.groups_of(Purpose.UCR, UCR)))


@vector(Verdict.ENTRIES_MISSING, 13)
def lane_not_opened() -> Made:
    """One lane of the consignment is shown by its head alone."""
    it, declaration, status = _story()
    (group,) = it.groups_of(Purpose.UCR, UCR)
    own = replace(group, opened=frozenset({it.tag(UCR)}))
    return _out(it, it.bundle(UCR, [it.to_show(declaration), it.to_show(status)], [own]))


@vector(Verdict.ENTRIES_MISSING, 7)
def record_without_lanes() -> Made:
    """No lane is shown for the record, so its batch could be void."""
    it, declaration, _ = _story()
    bundle = it.record_bundle(declaration)
    return _out(it, replace(bundle.with_records(tuple(map(_without_place, bundle.records))), groups=()))


@vector(Verdict.ENTRIES_MISSING, 13)
def record_without_its_place_in_the_lane() -> Made:
    """The head of the record's lane is shown, and not where in the lane it stands."""
    it, declaration, _ = _story()
    bundle = it.record_bundle(declaration)
    return _out(it, bundle.with_records(tuple(map(_without_place, bundle.records))))


@vector(Verdict.VALID, 15, fate=Fate.BROKEN)
def receipt_broken() -> Made:
    """The gateway promised to anchor a record, and all that was anchored in time is covered without it."""
    it, declaration, _ = _story()
    held_back = it.record()
    receipt = it.receipt(held_back, anchor_by=it.time - 10)
    return _out(it, it.record_bundle(declaration, receipts=[receipt], opened=True))


@vector(Verdict.VALID, 15, fate=Fate.BROKEN)
def receipt_kept_too_late() -> Made:
    """The record was anchored after the time that the receipt names."""
    it, declaration, _ = _story()
    receipt = it.receipt(declaration, anchor_by=1_700_000_001)
    return _out(it, it.record_bundle(declaration, receipts=[receipt], opened=True))


@vector(Verdict.VALID, fate=Fate.KEPT)
def receipts_of_a_group_true() -> Made:
    """Two of three receipts under one signature were kept."""
    it, declaration, status = _story()
    first, second, _ = it.receipts(declaration, status, it.record(), anchor_by=it.time)
    return _out(it, it.record_bundle(declaration, status, receipts=[first, second]))


@vector(Verdict.VALID, 15, fate=Fate.BROKEN)
def receipt_of_a_group_broken() -> Made:
    """Of two records promised under one signature the gateway anchored one."""
    it, declaration, _ = _story()
    _, receipt = it.receipts(declaration, it.record(), anchor_by=it.time - 10)
    return _out(it, it.record_bundle(declaration, receipts=[receipt], opened=True))


@vector(Verdict.VALID, 15, fate=Fate.FORGED)
def receipt_of_a_group_for_a_later_time() -> Made:
    """A receipt of a group puts off what was promised: its signed part is another."""
    return _group_altered(lambda parts: [_payload(parts[0], "anchor_by", lambda by: by + 1_000), *parts[1:]])


@vector(Verdict.VALID, 15, fate=Fate.FORGED)
def receipt_of_a_group_for_other_entries() -> Made:
    """A receipt of a group names another entry than the one under the signed root."""

    def other(parts: list[str]) -> list[str]:
        leaf = parse_json_object(parse_base64url(parts[1]))
        leaf["entries"] = [["ab" * 16, base64url(bytes(32))]]
        return [parts[0], base64url(write_json(leaf)), *parts[2:]]

    return _group_altered(other)


@vector(Verdict.VALID, 15, fate=Fate.FORGED)
def receipt_of_a_group_at_another_place() -> Made:
    """A receipt of a group names its neighbour's place in the tree."""
    return _group_altered(lambda parts: [*parts[:2], "1", parts[3]])


@vector(Verdict.VALID, 15, fate=Fate.FORGED)
def receipt_of_a_group_beyond_its_size() -> Made:
    """A receipt of a group names a place that its tree does not have."""
    return _group_altered(lambda parts: [*parts[:2], "3", parts[3]])


@vector(Verdict.VALID, 15, fate=Fate.FORGED)
def receipt_of_a_group_by_another_path() -> Made:
    """One bit of a receipt's path to the signed root is another."""
    return _group_altered(lambda parts: [*parts[:3], base64url(_flipped(parse_base64url(parts[3])))])


@vector(Verdict.VALID, 15, fate=Fate.FORGED)
def receipt_of_a_group_by_a_longer_path() -> Made:
    """A receipt's path goes on above the root."""
    return _group_altered(lambda parts: [*parts[:3], base64url(parse_base64url(parts[3]) + bytes(32))])


@vector(Verdict.INVALID, 1)
def receipt_of_a_group_by_a_broken_path() -> Made:
    """A receipt's path ends within a hash."""
    return _group_altered(lambda parts: [*parts[:3], base64url(parse_base64url(parts[3])[:-1])])


@vector(Verdict.INVALID, 1)
def receipt_of_a_group_with_its_place_written_otherwise() -> Made:
    """The place of a receipt in its group has a leading zero: one receipt has one text."""
    return _group_altered(lambda parts: [*parts[:2], "00", parts[3]])


@vector(Verdict.INVALID, 1)
def receipt_of_a_group_without_its_own_part() -> Made:
    """The signed part of a group is shown as if it were a receipt alone."""
    return _group_altered(lambda parts: parts[:1])


@vector(Verdict.INVALID, 1)
def receipt_alone_in_a_group() -> Made:
    """A receipt that was signed alone is shown as if it were the signed part of a group."""
    it, declaration, _ = _story()
    alone = it.receipt(declaration, anchor_by=it.time)
    return _group_altered(lambda parts: [alone.text, *parts[1:]])


@vector(Verdict.INVALID, 1)
def receipt_of_a_group_that_says_a_time_of_its_own() -> Made:
    """A receipt's own part names a second time to anchor by, signed with the rest."""

    def later(leaf: dict[str, Json]) -> dict[str, Json]:
        return {**leaf, "anchor_by": 2_000_000_000}

    return _group_altered(lambda parts: parts, leaf=later)


@vector(Verdict.INVALID, 1)
def receipt_of_a_group_too_large() -> Made:
    """A signed part says that more records are promised for than one signature may."""
    return _group_altered(lambda parts: [_payload(parts[0], "size", lambda _: 2_049), *parts[1:]])


@vector(Verdict.VALID)
def record_in_two_batches_true() -> Made:
    """Another gateway anchored one of a record's two entries before, which spoils nothing."""
    it = Consortium()
    manifest = it.record(ucrs=(UCR, OTHER_UCR))
    it.anchor_entries(it.entries_of(manifest)[:1])
    it.anchor(manifest)
    it.checkpoint()
    return _out(it, it.record_bundle(manifest))


@vector(Verdict.VALID)
def consignment_with_record_filed_twice_true() -> Made:
    """A rogue gateway filed the other entry of a manifest here as well; the manifest counts all the same."""
    it = Consortium()
    manifest = it.record(ucrs=(UCR, OTHER_UCR))
    it.anchor(manifest)
    it.anchor_entries([batch.entry(it.tag(UCR), it.entries_of(manifest)[1][16:])])
    it.checkpoint()
    return _out(it, it.consignment_bundle())


@vector(Verdict.VALID, fate=Fate.EXCUSED)
def receipt_excused_true() -> Made:
    """A record was never anchored, because its issuer's key was revoked before it was due."""
    it, _, status = _story()
    receipt = it.receipt(it.record(), anchor_by=it.time + 5)
    it.set_key(BROKER, KeyState.REVOKED)
    it.block += 1
    return _out(it, it.bundle([status.record_id], [it.to_show(status)], None, [receipt], opened=True))


@vector(Verdict.VALID, fate=Fate.EXCUSED)
def receipt_excused_by_a_suspension_true() -> Made:
    """A record was never anchored, because its issuer was suspended then; it was reinstated later."""
    it, _, status = _story()
    receipt = it.receipt(it.record(), anchor_by=it.time + 5)
    it.set_member(BROKER, MemberState.SUSPENDED, Role.BROKER)
    it.block += 1
    it.set_member(BROKER, MemberState.ACTIVE, Role.BROKER)
    it.block += 1
    return _out(it, it.bundle([status.record_id], [it.to_show(status)], None, [receipt], opened=True))


@vector(Verdict.VALID, fate=Fate.EXCUSED)
def receipt_excused_by_the_first_revocation_true() -> Made:
    """A key was revoked in time for an excuse, and later declared compromised since an earlier time."""
    it, _, status = _story()
    receipt = it.receipt(it.record(), anchor_by=it.time + 5)
    it.set_key(BROKER, KeyState.REVOKED)
    it.block += 1
    late = it.record(CUSTOMS, vct="customs.status")
    it.anchor(late)
    it.set_key(BROKER, KeyState.COMPROMISED, compromised_since=it.time)
    it.checkpoint()
    shown = [it.to_show(status), it.to_show(late)]
    return _out(it, it.bundle([status.record_id], shown, None, [receipt], opened=True))


@vector(Verdict.VALID, 15, fate=Fate.NOT_SHOWN)
def receipt_by_a_stolen_gateway_key_true() -> Made:
    """A receipt that nobody kept, by a gateway's key that is declared compromised: a thief may have made it, so it
    accuses nobody and check 15 cannot be answered."""
    it, declaration, _ = _story()
    receipt = it.receipt(it.record(), anchor_by=it.time - 10)
    it.set_key(GATEWAY, KeyState.COMPROMISED, compromised_since=it.time)
    it.block += 1
    return _out(it, it.record_bundle(declaration, receipts=[receipt], opened=True))


@vector(Verdict.VALID, 15, fate=Fate.NOT_SHOWN)
def receipt_with_an_excuse_left_out_true() -> Made:
    """Whoever shows the receipt leaves out the version by which its issuer was suspended then: nobody is accused, and
    check 15 cannot be answered."""
    it, _, status = _story()
    receipt = it.receipt(it.record(), anchor_by=it.time + 5)
    it.set_member(BROKER, MemberState.SUSPENDED, Role.BROKER)
    it.block += 1
    it.set_member(BROKER, MemberState.ACTIVE, Role.BROKER)
    it.block += 1
    bundle = it.bundle([status.record_id], [it.to_show(status)], None, [receipt], opened=True)
    members = {**bundle.members, BROKER: (2, 3)}
    return _out(it, _proving(it, bundle, replace(bundle.slot_request, members=members)))


@vector(Verdict.VALID, 15, fate=Fate.NOT_DUE)
def receipt_not_due_true() -> Made:
    """A record is not anchored yet and need not be; the check of receipts cannot be answered."""
    it, declaration, _ = _story()
    return _out(it, it.record_bundle(declaration, receipts=[it.receipt(it.record(), anchor_by=it.time)], opened=True))


@vector(Verdict.VALID, 15, fate=Fate.NOT_SHOWN)
def receipt_with_the_gateways_version_left_out_true() -> Made:
    """The signer's version by which it runs a gateway is left out: it is not shown, which is no forgery."""
    it, declaration, _ = _story()
    receipt = it.receipt(declaration, anchor_by=it.time)
    it.set_member(GATEWAY, MemberState.ACTIVE, Role.REGULATOR)
    it.block += 1
    bundle = it.record_bundle(declaration, receipts=[receipt])
    members = {**bundle.members, GATEWAY: (1, 2)}
    return _out(it, _proving(it, bundle, replace(bundle.slot_request, members=members)))


@vector(Verdict.VALID, 15, fate=Fate.NOT_SHOWN)
def receipt_for_a_closed_lane_true() -> Made:
    """A record that was held back, and its lane is shown by its head alone: nobody is accused."""
    it, declaration, _ = _story()
    receipt = it.receipt(it.record(), anchor_by=it.time - 10)
    return _out(it, it.record_bundle(declaration, receipts=[receipt]))


@vector(Verdict.VALID, fate=Fate.KEPT)
def receipt_of_a_former_gateway_true() -> Made:
    """The gateway kept its receipt and lost its role later."""
    it, declaration, _ = _story()
    receipt = it.receipt(declaration, anchor_by=it.time)
    it.set_member(GATEWAY, MemberState.ACTIVE, Role.REGULATOR)
    it.block += 1
    return _out(it, it.record_bundle(declaration, receipts=[receipt], opened=True))


@vector(Verdict.VALID, 15, fate=Fate.BROKEN)
def receipt_broken_before_the_key_was_revoked() -> Made:
    """The issuer's key was revoked too late for an excuse: a batch later than the promise came first."""
    it, _, status = _story()
    receipt = it.receipt(it.record(), anchor_by=it.time - 25)
    it.set_key(BROKER, KeyState.REVOKED)
    it.block += 1
    return _out(it, it.bundle([status.record_id], [it.to_show(status)], None, [receipt], opened=True))


@vector(Verdict.VALID, 15, fate=Fate.BROKEN)
def receipt_broken_though_its_issuer_was_suspended_before() -> Made:
    """The issuer was suspended and reinstated before the gateway accepted its record, which excuses nothing."""
    it, _, _ = _story()
    it.set_member(BROKER, MemberState.SUSPENDED, Role.BROKER)
    it.block += 1
    it.set_member(BROKER, MemberState.ACTIVE, Role.BROKER)
    it.block += 1
    later = it.record()
    it.anchor(later)
    it.checkpoint()
    receipt = it.receipt(it.record(), anchor_by=it.time)
    it.block += 1
    return _out(it, it.bundle([later.record_id], [it.to_show(later)], None, [receipt], opened=True))


@vector(Verdict.VALID, 15, not_counted=1, fate=Fate.BROKEN)
def receipt_for_a_later_epoch() -> Made:
    """A rogue gateway promised to file a record under the tag of an epoch that had not begun, and did."""
    it, hidden = _hidden_in_a_later_epoch()
    (entry,) = it.entries_of(hidden)
    receipt = it.receipt(hidden, anchor_by=it.time, entries=[[entry[:16].hex(), base64url(entry[16:])]])
    it.anchor(it.record())
    it.checkpoint()
    return _out(it, it.consignment_bundle(receipts=[receipt]))


@vector(Verdict.VALID, 15, fate=Fate.BROKEN)
def receipt_for_other_entries() -> Made:
    """A receipt for a record that was held back names the entry of another, which was anchored."""
    it, declaration, _ = _story()
    held_back, entry = it.record(), it.entries_of(declaration)[0]
    entries: list[Json] = [[entry[:16].hex(), base64url(entry[16:])]]
    receipt = it.receipt(held_back, anchor_by=it.time, entries=entries)
    return _out(it, it.record_bundle(declaration, receipts=[receipt], opened=True))


@vector(Verdict.VALID, 15, not_counted=1, fate=Fate.BROKEN)
def receipt_for_another_consignment() -> Made:
    """A rogue gateway promised to file a record under another consignment's tag, and did."""
    it = Consortium()
    hidden = it.record()
    entry = batch.entry(it.tag(OTHER_UCR), it.entries_of(hidden)[0][16:])
    it.anchor_entries([entry])
    it.checkpoint()
    receipt = it.receipt(hidden, anchor_by=it.time, entries=[[entry[:16].hex(), base64url(entry[16:])]])
    return _out(it, it.consignment_bundle(OTHER_UCR, receipts=[receipt]))


# -- lies about the chain


@vector(Verdict.NO_VERDICT)
def another_consortium() -> Made:
    """A true bundle of another consortium."""
    it, declaration, _ = _story()
    return it.record_bundle(declaration).format(), Consortium(seed="another").trust_root()


@vector(Verdict.UNTRUSTED_CHAIN, 2)
def another_chain_id() -> Made:
    """The bundle names another chain id."""
    it, declaration, _ = _story()
    return _out(it, replace(it.record_bundle(declaration), chain_id=1))


@vector(Verdict.UNTRUSTED_CHAIN, 2)
def another_genesis() -> Made:
    """The bundle names another genesis block."""
    it, declaration, _ = _story()
    return _out(it, replace(it.record_bundle(declaration), genesis_hash=bytes(32)))


@vector(Verdict.UNTRUSTED_CHAIN, 2)
def leaked_range() -> Made:
    """The validators' keys of the header's range may have leaked since."""
    it, declaration, _ = _story()
    root = it.trust_root().extended(it.block, [b"\x01" * 20]).without_trust_in(0)
    return it.record_bundle(declaration).format(), root


@vector(Verdict.UNTRUSTED_CHAIN, 2)
def before_the_first_range() -> Made:
    """The header is of a block for which the trust root names no validators."""
    it, declaration, _ = _story()
    ranges = (ValidatorRange(it.block + 1, None, True, tuple(it.addresses())),)
    return it.record_bundle(declaration).format(), replace(it.trust_root(), validators=ranges)


@vector(Verdict.UNTRUSTED_CHAIN, 3)
def other_validators() -> Made:
    """Validators that the trust root does not name sealed the header."""
    it, declaration, _ = _story()
    ranges = (ValidatorRange(0, None, True, tuple(Consortium(seed="another").addresses())),)
    return it.record_bundle(declaration).format(), replace(it.trust_root(), validators=ranges)


@vector(Verdict.UNTRUSTED_CHAIN, 3)
def other_validators_in_disguise() -> Made:
    """A header that lists the right validators, sealed by strangers' keys."""
    it, declaration, _ = _story()
    bundle = it.record_bundle(declaration)
    return _out(it, replace(bundle, header=Consortium(seed="another").sealed(bundle.header, [0, 1, 2])))


@vector(Verdict.UNTRUSTED_CHAIN, 3)
def quorum_minus_one() -> Made:
    """Two of four validators sealed; three are needed."""
    it, declaration, _ = _story()
    bundle = it.record_bundle(declaration)
    return _out(it, replace(bundle, header=it.sealed(bundle.header, [0, 1])))


@vector(Verdict.UNTRUSTED_CHAIN, 3)
def seals_beyond_quorum() -> Made:
    """All four sealed truly, but a bundle carries exactly a quorum."""
    it, declaration, _ = _story()
    bundle = it.record_bundle(declaration)
    return _out(it, replace(bundle, header=it.sealed(bundle.header, [0, 1, 2, 3])))


@vector(Verdict.UNTRUSTED_CHAIN, 3)
def seals_out_of_order() -> Made:
    """The seals are not by ascending signer."""
    it, declaration, _ = _story()
    bundle = it.record_bundle(declaration)
    return _out(it, replace(bundle, header=it.sealed(bundle.header, [0, 2, 1])))


@vector(Verdict.UNTRUSTED_CHAIN, 3)
def one_validator_twice() -> Made:
    """One validator's seal is given twice to make up the quorum."""
    it, declaration, _ = _story()
    bundle = it.record_bundle(declaration)
    return _out(it, replace(bundle, header=it.sealed(bundle.header, [0, 1, 1])))


@vector(Verdict.UNTRUSTED_CHAIN, 3)
def seal_with_high_s() -> Made:
    """One seal is the twin of a true one, with high s."""
    it, declaration, _ = _story()
    bundle = it.record_bundle(declaration)
    first, *others = bundle.header.extra.seals
    s = SECP256K1_ORDER - int.from_bytes(first[32:64], "big")
    twin = first[:32] + s.to_bytes(32, "big") + bytes([first[64] ^ 1])
    header = bundle.header.with_extra(replace(bundle.header.extra, seals=(twin, *others)))
    return _out(it, replace(bundle, header=header))


@vector(Verdict.UNTRUSTED_CHAIN, 3)
def seals_of_another_height() -> Made:
    """True seals, of the block before."""
    it, declaration, _ = _story()
    bundle = it.record_bundle(declaration)
    it.block += 1
    seals = trimmed(Header.from_rlp(it.header_rlp())).extra.seals
    header = bundle.header.with_extra(replace(bundle.header.extra, seals=seals))
    return _out(it, replace(bundle, header=header))


@vector(Verdict.UNTRUSTED_CHAIN, 3)
def seals_of_another_round() -> Made:
    """True seals of round 1 under a header that says round 0."""
    it, declaration, _ = _story()
    bundle = it.record_bundle(declaration)
    header = Header.from_rlp(it.header_rlp(round_number=1))
    changed = header.with_extra(replace(header.extra, round=0, seals=header.extra.seals[:3]))
    return _out(it, replace(bundle, header=changed))


@vector(Verdict.UNTRUSTED_CHAIN, 3)
def state_root_altered() -> Made:
    """A state of the cheat's own making under true seals."""
    it, declaration, _ = _story()
    bundle = it.record_bundle(declaration)
    fields = list(bundle.header.fields)
    fields[3] = bytes(31) + b"\x01"
    return _out(it, replace(bundle, header=Header(tuple(fields))))


@vector(Verdict.UNTRUSTED_CHAIN, 4)
def code_altered() -> Made:
    """Another program stands at the ledger's address."""
    it, declaration, _ = _story()
    root = it.trust_root()
    it.ledger.code_hash = bytes(32)
    return it.record_bundle(declaration).format(), root


@vector(Verdict.INVALID, 4)
def proof_from_another_contract() -> Made:
    """The storage proof is of a ledger at another address."""
    it, declaration, _ = _story()
    contracts = tuple(
        replace(one, address=b"\x77" * 20) if one.name == LEDGER else one for one in it.trust_root().contracts
    )
    return it.record_bundle(declaration).format(), replace(it.trust_root(), contracts=contracts)


@vector(Verdict.INVALID, 4)
def spare_node() -> Made:
    """The proof is padded with a trie node that nothing needs."""
    it, declaration, _ = _story()
    bundle = it.record_bundle(declaration)
    nodes = tuple(sorted({*bundle.nodes, b"\xc2\x80\x80"}))
    return _out(it, replace(bundle, nodes=nodes))


@vector(Verdict.INVALID, 4)
def missing_node() -> Made:
    """One trie node is left out."""
    it, declaration, _ = _story()
    bundle = it.record_bundle(declaration)
    return _out(it, replace(bundle, nodes=bundle.nodes[1:]))


@vector(Verdict.INVALID, 4)
def revocation_hidden() -> Made:
    """The version lists are cut off before the one that revokes the key."""
    it, declaration, _ = _story()
    it.set_key(BROKER, KeyState.REVOKED)
    it.block += 1
    bundle = it.record_bundle(declaration)
    keys = tuple(replace(one, versions=tuple(i for i in one.versions if i < 2)) for one in bundle.keys)
    return _out(it, replace(bundle, keys=keys))


@vector(Verdict.INVALID, 5)
def batch_time_altered() -> Made:
    """The batch's time is not what the ledger committed to."""
    it, declaration, _ = _story()
    bundle = it.record_bundle(declaration)
    (facts,) = bundle.batches
    return _out(it, replace(bundle, batches=(replace(facts, timestamp=facts.timestamp - 1),)))


@vector(Verdict.INVALID, 5)
def batch_backdated() -> Made:
    """The batch claims an earlier block."""
    it = Consortium()
    it.block += 1  # the block claimed has the registry's facts in force too, so that nothing else is missed
    declaration = it.record()
    it.anchor(declaration)
    it.checkpoint()
    bundle = it.record_bundle(declaration)
    (facts,) = bundle.batches
    return _out(it, replace(bundle, batches=(replace(facts, block=facts.block - 1),)))


@vector(Verdict.INVALID, 5)
def orphaned_batch() -> Made:
    """The batch's index is beyond what the ledger holds: its block was never sealed."""
    it, _, _ = _story()
    late = it.record()
    it.anchor(late)
    slot = storage_layout.commitment_slot(2)
    del it.ledger.words[slot]
    it.ledger.words[storage_layout.batch_count_slot()] = 2
    return _out(it, it.record_bundle(late))


# -- lies about records


@vector(Verdict.INVALID, 6)
def another_position() -> Made:
    """The entry claims another place in its batch."""
    it, declaration, _ = _story()
    bundle = it.record_bundle(declaration)
    (record,) = bundle.records
    entries = tuple(replace(one, position=one.position ^ 1) for one in record.entries)
    return _out(it, bundle.with_records((replace(record, entries=entries),)))


@vector(Verdict.INVALID, 6)
def path_altered() -> Made:
    """A hash of the inclusion path is another."""
    it, declaration, _ = _story()
    bundle = it.record_bundle(declaration)
    (record,) = bundle.records
    entries = tuple(replace(one, path=(bytes(32),) * len(one.path)) for one in record.entries)
    return _out(it, bundle.with_records((replace(record, entries=entries),)))


@vector(Verdict.INVALID, 6)
def never_anchored() -> Made:
    """A record that was never anchored borrows another one's place."""
    it, declaration, _ = _story()
    bundle = it.record_bundle(declaration)
    (record,) = bundle.records
    forged = it.record()
    digest = forged.ucr_elements()[0][0]
    entries = tuple(replace(one, ucr_digest=digest) for one in record.entries)
    changed = bundle.with_records((replace(record, signed=forged, entries=entries),))
    return _out(it, replace(changed, subject_records=(forged.record_id,)))


@vector(Verdict.INVALID, 7)
def element_of_another_record() -> Made:
    """The entry rests on a UCR element that is not the record's own."""
    it = Consortium()
    declaration, other = it.record(), it.record(ucrs=(OTHER_UCR,))
    digest = other.ucr_elements()[0][0]
    it.anchor_entries([batch.entry(it.tag(UCR), batch.entry_digest(declaration, digest))])
    it.checkpoint()
    shown = RecordToShow(declaration, (Place(it.tag(UCR), digest, 0, 0),))
    return _out(it, it.bundle([declaration.record_id], [shown]))


@vector(Verdict.INVALID, 7)
def ucr_that_is_a_number() -> Made:
    """The UCR element is the number 12345, which is not the UCR "12345"."""
    it = Consortium()
    odd = it.record(sections={"ucr": [12345], "status": ["R"]})
    it.anchor(odd)
    it.checkpoint()
    return _out(it, it.bundle([odd.record_id], [it.to_show(odd)], []))


@vector(Verdict.INVALID, 8)
def signed_by_another_key() -> Made:
    """The record names a key that did not sign it."""
    it, _, _ = _story()
    forged = it.record(key=it.keys[CUSTOMS])
    header, payload, signature = forged.jwt.split(".")
    true_header = it.record().jwt.split(".")[0]
    body = forged.serialize().replace(f"{header}.{payload}.{signature}", f"{true_header}.{payload}.{signature}")
    forged = it.keep(SignedRecord.parse(body))
    it.anchor(forged)
    it.checkpoint()
    return _out(it, it.record_bundle(forged))


@vector(Verdict.INVALID, 8)
def signed_for_another_consortium() -> Made:
    """The record was signed for another consortium and replayed here."""
    it, _, _ = _story()
    replayed = it.record(consortium=bytes(32))
    it.anchor(replayed)
    it.checkpoint()
    return _out(it, it.record_bundle(replayed))


@vector(Verdict.INVALID, 9)
def number_used_twice() -> Made:
    """A second record under the issuer's same number; the first in chain order counts."""
    it, declaration, _ = _story()
    second = it.record(jti=declaration.jti)
    it.anchor(second)
    it.checkpoint()
    return _out(it, it.record_bundle(declaration, second))


@vector(Verdict.INVALID, 1)
def signature_twin() -> Made:
    """The same record again with the twin of its signature, passed as a second record."""
    it, declaration, _ = _story()
    bundle = it.record_bundle(declaration)
    (record,) = bundle.records
    raw = parse_base64url(record.signed.jwt.rsplit(".", 1)[1])
    s = P256_ORDER - int.from_bytes(raw[32:], "big")
    head = record.signed.jwt.rsplit(".", 1)[0]
    twin = f"{head}.{base64url(raw[:32] + s.to_bytes(32, 'big'))}"
    signed = SignedRecord.parse(record.signed.serialize().replace(record.signed.jwt, twin))
    return _out(it, bundle.with_records((record, replace(record, signed=signed))))


@vector(Verdict.INVALID, 9)
def issuer_without_the_role() -> Made:
    """A broker says what only customs may say."""
    it, _, _ = _story()
    forged = it.record(BROKER, vct="customs.status")
    it.anchor(forged)
    it.checkpoint()
    return _out(it, it.record_bundle(forged))


@vector(Verdict.INVALID, 9)
def finding_by_no_governor() -> Made:
    """A participant says what only a governor may say, in a role that the record rules name."""
    it, _, _ = _story()
    forged = it.record(BROKER, vct="audit.finding")
    it.anchor(forged)
    it.checkpoint()
    return _out(it, it.record_bundle(forged))


@vector(Verdict.INVALID, 1)
def key_of_small_order() -> Made:
    """A member registered an Ed25519 key of order 1: the same 64 bytes are a signature of anything under it, which most
    libraries take, so whoever likes speaks in its name."""
    it, _, _ = _story()
    it.keys[BROKER] = _NobodysKey()
    it.set_key(BROKER, KeyState.ACTIVE)
    it.block += 1
    forged = it.record()
    it.anchor(forged)
    it.checkpoint()
    return _out(it, it.record_bundle(forged))


@vector(Verdict.INVALID, 9)
def unknown_record_type() -> Made:
    """A record type that the record rules do not know."""
    it, _, _ = _story()
    forged = it.record(BROKER, vct="customs.rumour")
    it.anchor(forged)
    it.checkpoint()
    return _out(it, it.record_bundle(forged))


@vector(Verdict.INVALID, 9)
def key_revoked_before() -> Made:
    """The key was revoked before the record was anchored."""
    it, _, _ = _story()
    it.set_key(BROKER, KeyState.REVOKED)
    it.block += 1
    late = it.record()
    it.anchor(late)
    it.checkpoint()
    return _out(it, it.record_bundle(late))


@vector(Verdict.INVALID, 9)
def key_registered_in_the_same_block() -> Made:
    """The key was registered in the block that anchored the record: it counts only from the next."""
    it, _, _ = _story()
    it.keys[BROKER] = SigningKey.generate()
    it.set_key(BROKER, KeyState.ACTIVE)
    early = it.record()
    it.anchor(early)
    it.checkpoint()
    return _out(it, it.record_bundle(early))


@vector(Verdict.INVALID, 9)
def key_of_nobody() -> Made:
    """The key was never registered."""
    it, _, _ = _story()
    it.keys[BROKER] = SigningKey.generate()
    forged = it.record()
    it.anchor(forged)
    it.checkpoint()
    return _out(it, it.record_bundle(forged))


@vector(Verdict.INVALID, 9)
def key_of_another_member() -> Made:
    """Customs' own key under the broker's name."""
    it, _, _ = _story()
    forged = it.record(BROKER, key=it.keys[CUSTOMS])
    it.anchor(forged)
    it.checkpoint()
    return _out(it, it.record_bundle(forged))


@vector(Verdict.INVALID, 9)
def member_suspended_before() -> Made:
    """The issuer was suspended before the record was anchored."""
    it, _, _ = _story()
    it.set_member(BROKER, MemberState.SUSPENDED, Role.BROKER)
    it.block += 1
    late = it.record()
    it.anchor(late)
    it.checkpoint()
    return _out(it, it.record_bundle(late))


@vector(Verdict.COMPROMISED, 9, not_counted=1)
def key_compromised_since_then() -> Made:
    """The key is declared compromised since the very time of the record's batch."""
    it, declaration, _ = _story()
    it.set_key(BROKER, KeyState.COMPROMISED, compromised_since=it.batches[0].facts.timestamp)
    it.block += 1
    return _out(it, it.record_bundle(declaration))


@vector(Verdict.VALID)
def key_compromised_only_later_true() -> Made:
    """The key is declared compromised since a second after the record's batch: the record counts, and it is named."""
    it, declaration, _ = _story()
    it.set_key(BROKER, KeyState.COMPROMISED, compromised_since=it.batches[0].facts.timestamp + 1)
    it.block += 1
    return _out(it, it.record_bundle(declaration))


@vector(Verdict.VALID, not_counted=1)
def consignment_with_compromised_key_true() -> Made:
    """A key is declared compromised since before its record: the record is named and not counted, the others stay."""
    it, _, _ = _story()
    it.set_key(BROKER, KeyState.COMPROMISED, compromised_since=1)
    it.block += 1
    return _out(it, it.consignment_bundle())


@vector(Verdict.VALID, not_counted=1)
def consignment_with_a_wrong_signature_true() -> Made:
    """A rogue gateway anchored words with a signature that is none: named and not counted, the others stay valid."""
    it, _, _ = _story()
    it.anchor(it.keep(_signed_by_nobody(it.record())))
    it.checkpoint()
    return _out(it, it.consignment_bundle())


@vector(Verdict.VALID, not_counted=1)
def consignment_with_a_record_in_another_lane_true() -> Made:
    """A rogue gateway filed a record in another issuer's lane of its UCR: named and not counted there."""
    it, _, _ = _story()
    strange = it.record()
    it.anchor_entries([batch.entry(it.tag(UCR, CUSTOMS), it.entries_of(strange)[0][16:])])
    it.checkpoint()
    return _out(it, it.consignment_bundle())


@vector(Verdict.VALID, not_counted=1)
def consignment_with_record_under_an_old_key_true() -> Made:
    """A rogue gateway filed a record under a tag key that ended more than 1,024 batches ago: named and not counted."""
    it = Consortium()
    it.anchor(it.record())
    it.begin_epoch(1)
    it.skip_batches(1_024)
    it.anchor_entries(it.entries_of(it.record(), epoch=0))
    it.checkpoint()
    return _out(it, it.consignment_bundle())


@vector(Verdict.VALID)
def consignment_with_record_under_the_key_before_true() -> Made:
    """A record was filed under the tag key before, in the last batch in which that counts."""
    it = Consortium()
    it.begin_epoch(1)
    it.skip_batches(1_024)
    it.anchor_entries(it.entries_of(it.record(), epoch=0))
    it.checkpoint()
    return _out(it, it.consignment_bundle())


# -- lies about completeness


@vector(Verdict.INVALID, 7)
def tagged_to_another_consignment() -> Made:
    """A rogue gateway filed the record under another consignment's tag."""
    it, _, _ = _story()
    hidden = it.record()
    it.anchor_entries([batch.entry(it.tag(OTHER_UCR), it.entries_of(hidden)[0][16:])])
    it.checkpoint()
    return _out(it, it.record_bundle(hidden))


@vector(Verdict.INVALID, 7)
def tagged_for_a_later_epoch() -> Made:
    """A rogue gateway filed the record under a tag whose epoch had not begun, where no view would look for it."""
    it, hidden = _hidden_in_a_later_epoch()
    return _out(it, it.record_bundle(hidden))


@vector(Verdict.INVALID, 7)
def filed_in_another_issuers_lane() -> Made:
    """A rogue gateway filed the record in the lane of another issuer of its UCR."""
    it, _, _ = _story()
    hidden = it.record()
    it.anchor_entries([batch.entry(it.tag(UCR, CUSTOMS), it.entries_of(hidden)[0][16:])])
    it.checkpoint()
    return _out(it, it.record_bundle(hidden))


@vector(Verdict.INVALID, 12)
def lanes_of_another_consignment() -> Made:
    """The whole view of another consignment is passed off as this UCR's."""
    it, _, _ = _story()
    bundle, other = it.consignment_bundle(), "6CN91110000100000001W-7777"
    groups = tuple(replace(group, name=other) for group in bundle.groups)
    return _out(it, replace(bundle, subject_ucr=other, groups=groups))


@vector(Verdict.INVALID, 1)
def lanes_beside_the_subject() -> Made:
    """The lanes of another UCR are shown in a consignment's bundle."""
    it, _, _ = _story()
    return _out(it, replace(it.consignment_bundle(), subject_ucr="6CN91110000100000001W-7777"))


@vector(Verdict.INVALID, 12)
def vrf_proof_under_another_key() -> Made:
    """The lanes are proved under a tag key that the registry does not hold, as if the consignment had none."""
    it, _, _ = _story()
    it.epochs[0] = Epoch(0, VrfSecretKey(bytes(32)))
    return _out(it, it.consignment_bundle())


@vector(Verdict.INVALID, 12)
def vrf_proof_altered() -> Made:
    """One bit of the VRF proof is another, which leaves the tags as they are."""
    it, _, _ = _story()
    bundle = it.consignment_bundle()
    (group,) = bundle.groups
    proof = group.vrf_proof[:79] + bytes([group.vrf_proof[79] ^ 1])
    return _out(it, replace(bundle, groups=(replace(group, vrf_proof=proof),)))


@vector(Verdict.INVALID, 1)
def vrf_proof_that_begins_with_no_point() -> Made:
    """The VRF proof begins with the neutral point, from which everybody would get the same tags."""
    it, _, _ = _story()
    said, root = _out(it, it.consignment_bundle())
    (group,) = it.consignment_bundle().groups
    neutral = b"\x01" + bytes(31) + group.vrf_proof[32:]
    return said.replace(base64url(group.vrf_proof).encode(), base64url(neutral).encode()), root


@vector(Verdict.INVALID, 12)
def epoch_that_the_registry_does_not_hold() -> Made:
    """A group of lanes claims an epoch beyond the registry's tag keys."""
    it, _, _ = _story()
    bundle = it.consignment_bundle()
    return _out(it, replace(bundle, groups=tuple(replace(group, epoch=1) for group in bundle.groups)))


@vector(Verdict.INVALID, 4)
def epoch_kept_from_view() -> Made:
    """The newest tag key is left out, and with it the lanes of its epoch: the registry holds one more."""
    it, first, _ = _two_epochs()
    groups = [it.group_of(Purpose.UCR, UCR, 0)]
    bundle = it.bundle(UCR, [it.to_show(first)], groups)
    return _out(it, replace(bundle, epochs=1))


@vector(Verdict.INVALID, 6)
def signed_anew_after_anchoring() -> Made:
    """The same words with a signature that was made after they were anchored: the entry binds the first one."""
    it, declaration, _ = _story()
    header, payload, _ = declaration.jwt.split(".")
    signature = base64url(it.keys[BROKER].sign(f"{header}.{payload}".encode()))
    anew = SignedRecord.parse(declaration.serialize().replace(declaration.jwt, f"{header}.{payload}.{signature}"))
    bundle = it.record_bundle(declaration)
    (record,) = bundle.records
    return _out(it, bundle.with_records((replace(record, signed=anew),)))


@vector(Verdict.INVALID, 13)
def lane_left_out() -> Made:
    """A record is left out with its whole lane: the attested map holds one lane more for this UCR."""
    it, declaration, _ = _story()
    (group,) = it.consignment_bundle().groups
    bundle = _without_bare_batches(it, it.bundle(UCR, [it.to_show(declaration)], it.groups_of(Purpose.UCR, UCR)))
    own = tuple(lane for lane in group.lanes if lane.tag == it.tag(UCR))
    return _out(it, replace(bundle, groups=(replace(group, lanes=own),)))


@vector(Verdict.INVALID, 13)
def lane_with_a_dropped_entry_claimed() -> Made:
    """A lane claims that an entry of it was dropped, which the attested map does not say."""
    it, _, _ = _story()
    return _out(it, _with_first_lane(it.consignment_bundle(), lambda lane: replace(lane, dropped=1)))


@vector(Verdict.INVALID, 13)
def head_of_a_closed_lane_altered() -> Made:
    """The head of a record's lane is another, with a path that leads to it."""
    it, declaration, _ = _story()
    bundle = it.record_bundle(declaration)
    digest = it.entries_of(declaration)[0][16:]
    forged = lane_head([LaneLeaf(digest, 0), LaneLeaf(bytes(32), 0)])
    (group,) = bundle.groups
    lanes = tuple(
        ClosedLane(MapLeaf(lane.tag, 1, 0, forged)) if lane.tag == it.tag(UCR) else lane for lane in group.lanes
    )
    return _out(it, replace(bundle, groups=(replace(group, lanes=lanes),)))


@vector(Verdict.INVALID, 13)
def place_in_the_lane_altered() -> Made:
    """The record claims another place in its issuer's lane."""
    it, first, _ = _two_in_a_lane()
    bundle = it.record_bundle(first)
    (record,) = bundle.records
    (entry,) = record.entries
    assert entry.lane is not None
    moved = replace(entry, lane=replace(entry.lane, index=1))
    return _out(it, bundle.with_records((replace(record, entries=(moved,)),)))


@vector(Verdict.INVALID, 13)
def record_and_its_digest_left_out() -> Made:
    """A record is left out, and its digest taken out of its lane as well."""
    it, first, _ = _two_in_a_lane()
    bundle = _without_bare_batches(it, it.bundle(UCR, [it.to_show(first)], it.groups_of(Purpose.UCR, UCR)))
    return _out(it, _with_first_lane(bundle, lambda lane: replace(lane, leaves=lane.leaves[:1])))


@vector(Verdict.INVALID, 13)
def lane_out_of_order() -> Made:
    """The digests of a lane's two leaves are swapped."""
    it, _, _ = _two_in_a_lane()

    def swapped(lane: OpenLane) -> OpenLane:
        one, other = lane.leaves
        return replace(lane, leaves=(LaneLeaf(other.digest, one.batch), LaneLeaf(one.digest, other.batch)))

    return _out(it, _with_first_lane(it.consignment_bundle(), swapped))


@vector(Verdict.INVALID, 13)
def batch_in_a_lane_altered() -> Made:
    """A lane names an earlier batch for an entry than the one that was attested."""
    it, _, _ = _two_in_a_lane()

    def earlier(lane: OpenLane) -> OpenLane:
        one, other = lane.leaves
        return replace(lane, leaves=(one, LaneLeaf(other.digest, one.batch)))

    return _out(it, _with_first_lane(it.consignment_bundle(), earlier))


@vector(Verdict.INVALID, 13)
def backdated_through_a_void_batch() -> Made:
    """A rogue gateway commits to an entry in a void batch that only it can read, carries it in a later one, and the
    bundle shows the earlier place."""
    it, _, _ = _story()
    late = it.record()
    it.anchor_entries(it.entries_of(late), carried=bytes(48))
    it.block += 100
    it.anchor(late)
    it.checkpoint()
    return _out(it, it.record_bundle(late))


@vector(Verdict.INVALID, 13)
def shown_at_a_reanchored_place() -> Made:
    """A rogue gateway anchors the end of a consignment again after the issuer's key was revoked, and the bundle shows
    the later places, where the records would not count."""
    it, declaration, status = _story()
    it.set_key(BROKER, KeyState.REVOKED)
    it.block += 1
    it.anchor(declaration, status)
    it.checkpoint()
    for position, entry in enumerate(it.entries_of(declaration) + it.entries_of(status)):
        it.places[entry] = (2, position)
    return _out(it, it.consignment_bundle())


@vector(Verdict.INVALID, 13)
def absence_of_what_is_there() -> Made:
    """A consignment that has records is claimed to have none."""
    it, _, _ = _story()
    absent = it.consignment_bundle("6CN91110000100000001W-9999")
    (there,), (nothing,) = it.consignment_bundle().groups, absent.groups
    claimed = replace(there, siblings=nothing.siblings, other=nothing.other, lanes=())
    return _out(it, replace(absent, subject_ucr=UCR, groups=(claimed,)))


@vector(Verdict.INVALID, 13)
def void_batch() -> Made:
    """The batch's calldata does not hash to its root, so every follower skips it and no head holds the record."""
    it, _, _ = _story()
    ghost = it.record()
    it.anchor_entries(it.entries_of(ghost), carried=bytes(48))
    it.checkpoint()
    return _out(it, it.record_bundle(ghost, opened=True))


@vector(Verdict.INVALID, 14)
def older_checkpoint() -> Made:
    """The view is of the checkpoint before the newest under the same header."""
    it, declaration, _ = _story()
    old = it.checkpoint_map
    it.anchor(it.record())
    it.checkpoint()
    it.checkpoints, it.checkpoint_map = 1, old
    return _out(it, it.record_bundle(declaration))


@vector(Verdict.INVALID, 14)
def batch_that_serves_nothing() -> Made:
    """A batch is shown that no entry stands in and that is not the first one uncovered."""
    it, declaration, _ = _story()
    bundle = it.record_bundle(declaration)
    spare = it.batches[1].facts
    proving = _proving(it, bundle, replace(bundle.slot_request, batches=(0, 1)))
    return _out(it, replace(proving, batches=(*bundle.batches, spare)))


@vector(Verdict.INVALID, 13)
def lanes_of_an_older_checkpoint() -> Made:
    """The newest checkpoint with the lanes of the one before."""
    it, declaration, _ = _story()
    old = it.checkpoint_map
    it.anchor(it.record())
    it.checkpoint()
    bundle = it.record_bundle(declaration)
    it.checkpoint_map = old
    older = it.record_bundle(declaration)
    return _out(it, replace(bundle, groups=older.groups, records=older.records))


@vector(Verdict.INVALID, 14)
def one_attester_twice() -> Made:
    """The checkpoint has one governor's vote where the trust root asks for two."""
    it = Consortium()
    declaration = it.record()
    it.anchor(declaration)
    it.checkpoint(votes=1)
    return _out(it, it.record_bundle(declaration))


@vector(Verdict.VALID, 15, fate=Fate.FORGED)
def receipt_signed_by_no_gateway() -> Made:
    """A receipt that a broker signed."""
    it, declaration, _ = _story()
    it.keys[GATEWAY], gateway = it.keys[BROKER], it.keys[GATEWAY]
    receipt = it.receipt(declaration, anchor_by=it.time)
    it.keys[GATEWAY] = gateway
    return _out(it, it.record_bundle(declaration, receipts=[receipt], opened=True))


# -- what the registry says by block, under the bundle's own header


@vector(Verdict.VALID)
def record_rules_tightened_later_true() -> Made:
    """The record rules left this type to nobody after the record was anchored: what counted still counts."""
    it, declaration, _ = _story()
    it.set_record_rules(rules_text({**RULES, "customs.declaration": Role(0)}))
    it.block += 1
    it.checkpoint()
    return _out(it, it.record_bundle(declaration))


@vector(Verdict.INVALID, 9)
def record_rules_widened_later() -> Made:
    """The record rules let this issuer say this type only after the record was anchored."""
    it = Consortium()
    status = it.record(BROKER, vct="customs.status")
    it.anchor(status)
    it.set_record_rules(rules_text({**RULES, "customs.status": Role.BROKER}))
    it.block += 1
    it.checkpoint()
    return _out(it, it.record_bundle(status))


@vector(Verdict.CANNOT_TELL, 9)
def record_rules_left_out() -> Made:
    """The text of the record rules in force for the record's block is not in the bundle."""
    it, declaration, _ = _story()
    return _out(it, replace(it.record_bundle(declaration), texts=()))


@vector(Verdict.INVALID, 4)
def record_rules_altered() -> Made:
    """The text of the record rules is another than the one whose hash the registry holds."""
    it, declaration, _ = _story()
    text = rules_text({**RULES, "customs.declaration": Role.BANK})
    return _out(it, replace(it.record_bundle(declaration), texts=(text,)))


@vector(Verdict.CANNOT_TELL, 9)
def record_rules_that_cannot_be_read() -> Made:
    """The governors agreed on record rules that name a role which nobody knows."""
    it = Consortium()
    it.set_record_rules(b'{"customs.declaration": ["EMPEROR"]}')
    it.block += 1
    declaration = it.record()
    it.anchor(declaration)
    it.checkpoint()
    return _out(it, it.record_bundle(declaration))


@vector(Verdict.INVALID, 14)
def fewer_votes_than_the_registry_demands() -> Made:
    """The checkpoint has two votes, as the trust root asks, where the governors had agreed on three."""
    it = Consortium()
    declaration = it.record()
    it.anchor(declaration)
    it.set_policy("least-votes", 3)
    it.block += 1
    it.checkpoint(votes=2)
    return _out(it, it.record_bundle(declaration))


@vector(Verdict.VALID)
def least_votes_raised_later_true() -> Made:
    """The governors agreed on more votes after the checkpoint was reached."""
    it, declaration, _ = _story()
    it.set_policy("least-votes", 3)
    it.block += 1
    return _out(it, it.record_bundle(declaration))


@vector(Verdict.INVALID, 4)
def authority_left_out() -> Made:
    """The list of authorities lacks its last change: it is not the one whose hash the registry holds."""
    it, _, _ = _story()
    bundle = it.consignment_bundle()
    assert bundle.authorities is not None
    return _out(it, replace(bundle, authorities=bundle.authorities[:-1]))


@vector(Verdict.VALID)
def key_contested_for_thirty_days_true() -> Made:
    """The member's request is older than thirty days and the governors never decided: it contests nothing more."""
    it, declaration, _ = _story()
    it.set_key(BROKER, KeyState.ACTIVE, compromised_since=1, contested=True)
    it.block += 30 * A_DAY_BLOCKS
    it.checkpoint()
    return _out(it, it.record_bundle(declaration))


@vector(Verdict.CONTESTED, 10)
def time_of_the_request_left_out() -> Made:
    """When the member asked is not shown, so that the request may still be open."""
    it, declaration, _ = _story()
    it.set_key(BROKER, KeyState.ACTIVE, compromised_since=1, contested=True)
    it.block += 30 * A_DAY_BLOCKS
    it.checkpoint()
    it.contested.clear()
    return _out(it, it.record_bundle(declaration))


@vector(Verdict.WITHDRAWN, 11)
def record_withdrawn() -> Made:
    """Its issuer took the record back, and the bundle opens the lane."""
    it, declaration, _ = _story()
    withdrawal = it.record(amends=declaration.record_id, withdraws=True)
    it.anchor(withdrawal)
    it.checkpoint()
    shown = [it.to_show(declaration), it.to_show(withdrawal)]
    return (
        it.bundle([declaration.record_id], shown, opened=True).format(),
        it.trust_root(),
        Demand(current=True),
    )


@vector(Verdict.VALID)
def consignment_with_a_withdrawn_record_true() -> Made:
    """A record that its issuer took back is marked; the view stays true."""
    it, declaration, _ = _story()
    it.anchor(it.record(amends=declaration.record_id, withdraws=True))
    it.checkpoint()
    return _out(it, it.consignment_bundle())


# -- who belongs to a consignment


@vector(Verdict.VALID)
def consignment_with_a_named_carrier_true() -> Made:
    """The owner names a carrier, whose record from before it was named counts."""
    it, _ = _named_carrier()
    return _out(it, it.consignment_bundle())


@vector(Verdict.ENTRIES_MISSING, 13)
def lane_of_a_named_member_left_out() -> Made:
    """The owner names a carrier, and the carrier's lane lies in a part that is not shown."""
    it, _ = _named_carrier()
    it.add_member("914400001000000096", Role.BROKER)
    it.block += 1
    for _ in range(3):
        it.anchor(it.record("914400001000000096"))
    it.checkpoint()
    return _out(it, it.consignment_bundle(members={BROKER, CUSTOMS, GATEWAY}))


@vector(Verdict.ENTRIES_MISSING, 13)
def lane_of_an_authority_left_out() -> Made:
    """The lane of customs, which is an authority, lies in a part that is not shown."""
    it, _, _ = _story()
    return _out(it, it.consignment_bundle(members={BROKER, GATEWAY}))


@vector(Verdict.VALID)
def consignment_with_strangers_hidden_true() -> Made:
    """Members whom nobody named spoke of the consignment; their lanes lie in parts that are not shown."""
    it = _with_strangers()
    return _out(it, it.consignment_bundle())


@vector(Verdict.VALID, not_counted=5)
def consignment_with_strangers_shown_true() -> Made:
    """The same with every lane opened: their records are named and not counted."""
    it = _with_strangers()
    shown = [it.to_show(one) for one in it.records.values() if [*one.section("ucr")] == [UCR]]
    return _out(it, it.bundle(UCR, shown, it.groups_of(Purpose.UCR, UCR)))


@vector(Verdict.INVALID, 13)
def hidden_part_altered() -> Made:
    """A part of the lanes that is not shown has another hash."""
    it = _with_strangers()
    bundle = it.consignment_bundle()
    (group,) = bundle.groups
    (part, *rest) = group.hidden
    hidden = (replace(part, hash=_flipped(part.hash)), *rest)
    return _out(it, replace(bundle, groups=(replace(group, hidden=hidden),)))


@vector(Verdict.INVALID, 13)
def hidden_part_over_a_lane() -> Made:
    """A part that is claimed not to be shown lies over lanes that are."""
    it = _with_strangers()
    bundle = it.consignment_bundle()
    (group,) = bundle.groups
    hidden = (replace(group.hidden[0], path=path_of(group.lanes[0].tag)[:1]),)
    return _out(it, replace(bundle, groups=(replace(group, hidden=hidden),)))


@vector(Verdict.VALID, not_counted=1)
def consignment_with_a_record_beyond_the_limit_true() -> Made:
    """The owner said one record more than the registry allowed for its block."""
    it = Consortium()
    it.set_policy("lane-records-max", 2)
    it.block += 1
    for _ in range(3):
        it.anchor(it.record())
    it.checkpoint()
    return _out(it, it.consignment_bundle())


@vector(Verdict.VALID)
def consignment_with_a_limit_lowered_later_true() -> Made:
    """The limit was lowered after three records were anchored: all count."""
    it = Consortium()
    for _ in range(3):
        it.anchor(it.record())
    it.set_policy("lane-records-max", 2)
    it.block += 1
    it.checkpoint()
    return _out(it, it.consignment_bundle())


@vector(Verdict.VALID)
def consignment_named_by_the_operator_true() -> Made:
    """The company of the UCR is no member; the operator of the single window names the carrier."""
    it = _operated("GB")
    return _out(it, it.consignment_bundle(FOREIGN_UCR, members={CUSTOMS, GATEWAY, CARRIER}))


@vector(Verdict.VALID, not_counted=2)
def consignment_named_by_the_operator_of_others_true() -> Made:
    """A member that operates the single window of other UCRs names the carrier: neither counts."""
    it = _operated("CN")
    return _out(it, it.consignment_bundle(FOREIGN_UCR, members={CUSTOMS, GATEWAY, CARRIER}))


@vector(Verdict.VALID)
def consignment_named_by_competent_customs_true() -> Made:
    """Customs names the carrier; the office that the owner declared at is its own."""
    it = _named_by_customs()
    return _out(it, it.consignment_bundle())


@vector(Verdict.VALID, not_counted=1)
def consignment_named_by_customs_of_another_office_true() -> Made:
    """Customs names the carrier, but the office that the owner declared at was given to it only later."""
    it = _named_by_customs(late=True)
    return _out(it, it.consignment_bundle())


@vector(Verdict.CANNOT_TELL, 16)
def offices_withheld() -> Made:
    """Customs names the carrier, and the office that the owner declared at is withheld."""
    it = _named_by_customs()
    return _out(it, redact(it.consignment_bundle(), ["names"]))


@vector(Verdict.CANNOT_TELL, 16)
def holder_of_an_office_left_out() -> Made:
    """Customs names the carrier, and whose the office is that the owner declared at is not shown."""
    it = _named_by_customs()
    bundle = it.consignment_bundle()
    request = replace(bundle.slot_request, assignments={})
    return _out(it, _proving(it, bundle, request))


@vector(Verdict.ENTRIES_MISSING, 13, not_counted=2)
def names_withheld() -> Made:
    """A record of the owner, older than a day, withholds whom it names: it opens no entry, and the carrier counts no
    more."""
    it, _ = _named_carrier()
    it.block += A_DAY_BLOCKS
    bundle = it.consignment_bundle()
    naming = next(one for one in bundle.records if one.signed.section("names"))
    kept = {entry.ucr_digest for entry in naming.entries}
    withheld = replace(naming, signed=naming.signed.with_elements(kept))
    records = tuple(withheld if one is naming else one for one in bundle.records)
    return _out(it, bundle.with_records(records))


@vector(Verdict.INVALID, 1)
def authorities_in_a_record_bundle() -> Made:
    """The list of authorities stands where nothing rests on it."""
    it, declaration, _ = _story()
    return _out(it, replace(it.record_bundle(declaration), authorities=tuple(it.authorities)))


# -- entries that nobody can open


@vector(Verdict.VALID)
def entry_pending_true() -> Made:
    """A gateway anchored an entry of no record in the owner's lane within a day: what came before is complete."""
    it, _ = _junk()
    return _out(it, it.consignment_bundle())


@vector(Verdict.NOT_COVERED, 13)
def entry_pending_and_a_later_block_asked_for() -> Made:
    """The same, and the block of the pending entry is asked for."""
    it, junk = _junk()
    return it.consignment_bundle().format(), it.trust_root(), Demand(as_of=it.batches[junk].facts.block)


@vector(Verdict.VALID)
def entry_pending_and_the_block_before_asked_for_true() -> Made:
    """The same, and the block before the pending entry is asked for."""
    it, junk = _junk()
    return it.consignment_bundle().format(), it.trust_root(), Demand(as_of=it.batches[junk].facts.block - 1)


@vector(Verdict.ENTRIES_MISSING, 13)
def entry_unopened_for_a_day() -> Made:
    """A gateway anchored an entry of no record in the owner's lane a day ago, and the governors did not drop it."""
    it, _ = _junk()
    it.block += A_DAY_BLOCKS
    it.checkpoint()
    return _out(it, it.consignment_bundle())


@vector(Verdict.ENTRIES_MISSING, 13)
def age_of_an_entry_left_out() -> Made:
    """When an entry of no record was anchored is not shown."""
    it, _ = _junk()
    return _out(it, _without_bare_batches(it, it.consignment_bundle()))


@vector(Verdict.VALID)
def entries_dropped_true() -> Made:
    """The governors dropped the entry: the lane says that one was, and the bundle is complete again."""
    it, junk = _junk()
    it.drop(junk, 0)
    it.block += A_DAY_BLOCKS
    it.anchor(it.record(ucrs=(OTHER_UCR,)))
    it.checkpoint()
    return _out(it, it.consignment_bundle())


@vector(Verdict.VALID)
def record_anchored_again_after_it_was_dropped_true() -> Made:
    """A record that nobody could open for a day was dropped; its gateway came back and anchored it again."""
    it, _, _ = _story()
    lost = it.record()
    dropped = it.anchor(lost).index
    it.drop(dropped, 0)
    it.block += 2 * A_DAY_BLOCKS
    it.anchor(lost)
    it.checkpoint()
    return _out(it, it.consignment_bundle())


@vector(Verdict.VALID, 15, fate=Fate.NOT_SHOWN)
def receipt_for_a_dropped_entry_true() -> Made:
    """The governors dropped entries of the lane, maybe the promised one: its gateway is not accused."""
    it, declaration, _ = _story()
    lost = it.record()
    promised = it.receipt(lost, anchor_by=it.time + 20)
    it.drop(it.anchor(lost).index, 0)
    it.block += 10
    it.anchor(it.record(ucrs=(OTHER_UCR,)))
    it.checkpoint()
    return _out(it, it.record_bundle(declaration, receipts=[promised], opened=True))


# -- files that are not in the one form


def _spoiled(change: Callable[[bytes], bytes]) -> Made:
    it, declaration, _ = _story()
    said = it.record_bundle(declaration).format()
    changed = change(said)
    assert changed != said
    return changed, it.trust_root()


@vector(Verdict.INVALID, 1)
def white_space() -> Made:
    """A line end after the object."""
    return _spoiled(lambda said: said + b"\n")


@vector(Verdict.INVALID, 1)
def doubled_name() -> Made:
    """A name stands twice."""
    return _spoiled(lambda said: said[:-1] + b',"erasures":[]}')


@vector(Verdict.INVALID, 1)
def extra_member() -> Made:
    """A member that the format does not know."""
    return _spoiled(lambda said: said[:-1] + b',"note":"trust me"}')


@vector(Verdict.NO_VERDICT)
def members_in_another_order() -> Made:
    """The first two members change places."""
    return _spoiled(
        lambda said: said.replace(
            b'{"format":"tongguan-bundle/2","kind":"record"', b'{"kind":"record","format":"tongguan-bundle/2"', 1
        )
    )


@vector(Verdict.INVALID, 1)
def hex_in_capitals() -> Made:
    """A digit of a hash in capitals."""
    return _spoiled(lambda said: said.replace(b'"gateway":"0xaaaa', b'"gateway":"0xAAAA', 1))


@vector(Verdict.INVALID, 1)
def padded_base64() -> Made:
    """Padding after base64url."""
    return _spoiled(lambda said: said.replace(b'","nodes"', b'=","nodes"', 1))


@vector(Verdict.NO_VERDICT)
def no_bundle() -> Made:
    """A file that is no proof bundle."""
    return b"\xff\xfe<html>", Consortium().trust_root()


@vector(Verdict.NO_VERDICT)
def bundle_of_another_edition() -> Made:
    """A file of an edition that was never released."""
    return _spoiled(lambda said: said.replace(b"tongguan-bundle/2", b"tongguan-bundle/1", 1))


@vector(Verdict.NO_VERDICT)
def kind_of_a_later_edition() -> Made:
    """A kind that is reserved for a later edition: this one cannot tell, and does not pretend to."""
    return _spoiled(lambda said: said.replace(b'"kind":"record"', b'"kind":"finding"', 1))


@vector(Verdict.INVALID, 1)
def erasure_that_this_edition_does_not_know() -> Made:
    """A statement of erasure, which is reserved for a later edition."""
    return _spoiled(lambda said: said.replace(b'"erasures":[]', b'"erasures":["' + b"A" * 43 + b'"]', 1))


@vector(Verdict.INVALID, 1)
def empty_sibling_written_out() -> Made:
    """A sibling of nothing but zeros is written out, where the one form is an empty string."""
    it, declaration, _ = _story()
    it.anchor(*[it.record(ucrs=(f"{UCR}{n}",)) for n in range(30)])
    it.checkpoint()
    said, root = _out(it, it.record_bundle(declaration))
    changed = said.replace(b'"siblings":["', b'"siblings":["' + b"A" * 43 + b'","', 1)
    return changed, root


@vector(Verdict.INVALID, 1)
def cut_off() -> Made:
    """The file ends too early."""
    return _spoiled(lambda said: said[:-10])


def _named_carrier() -> tuple[Consortium, SignedRecord]:
    """A carrier speaks, then the owner names it."""
    it = Consortium()
    it.add_member(CARRIER, Role.CARRIER)
    it.block += 1
    event = it.record(CARRIER, vct="logistics.event")
    it.anchor(event, it.record(ucrs=(OTHER_UCR,)))
    it.anchor(it.record(sections={"status": ["R"], "names": [CARRIER]}))
    it.checkpoint()
    return it, event


def _with_strangers() -> Consortium:
    """A declaration and its status, and five brokers whom nobody named speak of it too."""
    it, _, _ = _story()
    strangers = [f"914400001000000{number}X" for number in range(10, 15)]
    for stranger in strangers:
        it.add_member(stranger, Role.BROKER)
    it.block += 1
    it.anchor(*(it.record(stranger, sections={"names": strangers}) for stranger in strangers))
    it.checkpoint()
    return it


def _operated(scope: str) -> Consortium:
    """The operator of a single window, which is a governor, names a carrier for a consignment of no member's."""
    it = Consortium()
    it.add_member(CARRIER, Role.CARRIER)
    it.set_operator(GATEWAY, scope)
    it.block += 1
    it.anchor(it.record(GATEWAY, ucrs=(FOREIGN_UCR,), vct="trade.parties", sections={"names": [CARRIER]}))
    it.anchor(it.record(CARRIER, ucrs=(FOREIGN_UCR,), vct="logistics.event"))
    it.checkpoint()
    return it


def _named_by_customs(*, late: bool = False) -> Consortium:
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


def _junk() -> tuple[Consortium, int]:
    """A gateway anchors an entry of no record in the owner's lane; with its batch."""
    it, _, _ = _story()
    junk = it.anchor_entries([batch.entry(it.tag(UCR), b"j" * 32)]).index
    it.anchor(it.record())
    it.checkpoint()
    return it, junk


def _amended() -> tuple[Consortium, SignedRecord, SignedRecord]:
    """A declaration and the one that replaces it."""
    it, declaration, _ = _story()
    newer = it.record(amends=declaration.record_id)
    it.anchor(newer)
    it.checkpoint()
    return it, declaration, newer


def _two_in_a_lane() -> tuple[Consortium, SignedRecord, SignedRecord]:
    """Two records of one issuer in two batches, nothing else."""
    it = Consortium()
    first, second = it.record(), it.record()
    it.anchor(first)
    it.anchor(second)
    it.checkpoint()
    return it, first, second


def _with_first_lane(bundle: Bundle, change: Callable[[OpenLane], OpenLane]) -> Bundle:
    """The bundle with its first opened lane changed."""
    (group, *others) = bundle.groups
    (lane, *rest) = group.lanes
    assert isinstance(lane, OpenLane)
    return replace(bundle, groups=(replace(group, lanes=(change(lane), *rest)), *others))


def _without_place(record: ProvedRecord) -> ProvedRecord:
    """The record without the place of its entries in their lanes."""
    return replace(record, entries=tuple(replace(entry, lane=None) for entry in record.entries))


def _signed_by_nobody(signed: SignedRecord) -> SignedRecord:
    """The record with a signature of zeros."""
    head = signed.jwt.rsplit(".", 1)[0]
    return SignedRecord.parse(signed.serialize().replace(signed.jwt, f"{head}.{base64url(b'0' * 64)}"))


def _two_epochs() -> tuple[Consortium, SignedRecord, SignedRecord]:
    it = Consortium()
    first = it.record()
    it.anchor(first)
    it.begin_epoch(1)
    second = it.record(CUSTOMS, vct="customs.status")
    it.anchor(second)
    it.checkpoint()
    return it, first, second


def _slow_votes() -> tuple[Consortium, int]:
    """Two batches are anchored between the batches that a checkpoint is about and its last vote, one of them this
    consignment's; with the block of the first of the two."""
    it, _, _ = _story()
    about = it.map_now()
    first_uncovered = it.anchor(it.record(ucrs=(OTHER_UCR,))).block
    it.anchor(it.record())
    it.checkpoint(about=about)
    return it, first_uncovered


def _hidden_in_a_later_epoch() -> tuple[Consortium, SignedRecord]:
    """The tag key from batch 3 on is known already, and a rogue gateway files a record under its tag in batch 2."""
    it, _, _ = _story()
    it.begin_epoch(3)
    hidden = it.record()
    it.anchor(hidden)
    it.checkpoint()
    return it, hidden


def _proving(it: Consortium, bundle: Bundle, request: SlotRequest) -> Bundle:
    """The bundle with what another request asks for proved, no more and no less."""
    slots = required_slots(request)
    return refresh(
        bundle,
        header_rlp=it.header_rlp(),
        registry=it.proof(it.registry, slots["registry"]),
        ledger=it.proof(it.ledger, slots["ledger"]),
        request=request,
        keys=[one.public for one in bundle.keys],
        groups=[_as_shown(group, it) for group in bundle.groups],
        texts=it.texts,
        authorities=it.authorities,
    )


def _without_bare_batches(it: Consortium, bundle: Bundle) -> Bundle:
    """The bundle without the batches that no record stands in."""
    used = {entry.batch for record in bundle.records for entry in record.entries}
    request = replace(bundle.slot_request, batches=tuple(sorted(used)))
    batches = tuple(facts for facts in bundle.batches if facts.index in used)
    return _proving(it, replace(bundle, batches=batches), request)


def _as_shown(group: ShownGroup, it: Consortium) -> GroupToShow:
    """A group to show as it is shown."""
    opened = frozenset(lane.tag for lane in group.lanes if isinstance(lane, OpenLane))
    return replace(it.group_of(group.purpose, group.name, group.epoch), opened=opened)


class _NobodysKey(SigningKey):
    """The neutral point of Ed25519 as a public key, and the signature that is right for every message under it."""

    def __init__(self) -> None:
        # Past the constructor, which refuses it.
        self.public = object.__new__(PublicKey)
        object.__setattr__(self.public, "algorithm", KeyAlgorithm.ED25519)
        object.__setattr__(self.public, "raw", b"\x01" + bytes(31))

    def sign(self, message: bytes) -> bytes:
        return b"\x01" + bytes(63)


# Each of these adds its own vectors to the catalogue above, which it needs.
from tests import witness_vectors as witness_vectors  # noqa: E402, I001
from tests import edge_vectors as edge_vectors  # noqa: E402
