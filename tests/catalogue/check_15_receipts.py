"""Vectors whose one fault check 15, *receipts*, must see, and what it must let pass."""

from __future__ import annotations

from dataclasses import replace

from chain.encoding import Json, base64url, parse_base64url, parse_json_object, write_json
from chain.members import KeyState, MemberState, Role
from chain.proof import batch
from chain.verify.results import Fate, Verdict
from tests.catalogue.stories import (
    change_payload,
    declared_and_released,
    flip_first_bit,
    group_altered,
    hidden_in_a_later_epoch,
    made_of,
    prove_anew,
)
from tests.catalogue.vector import Made, vector
from tests.fakes.ledger_simulator import BROKER, CUSTOMS, GATEWAY, OTHER_UCR, Consortium


@vector(Verdict.VALID, fate=Fate.KEPT)
def receipt_kept_true() -> Made:
    """The gateway's receipt was kept."""
    it, declaration, _ = declared_and_released()
    return made_of(it, it.record_bundle(declaration, receipts=[it.receipt(declaration, anchor_by=it.time)]))


@vector(Verdict.VALID, 15, fate=Fate.BROKEN)
def receipt_broken() -> Made:
    """The gateway promised to anchor a record, and all that was anchored in time is covered without it."""
    it, declaration, _ = declared_and_released()
    held_back = it.record()
    receipt = it.receipt(held_back, anchor_by=it.time - 10)
    return made_of(it, it.record_bundle(declaration, receipts=[receipt], opened=True))


@vector(Verdict.VALID, 15, fate=Fate.BROKEN)
def receipt_kept_too_late() -> Made:
    """The record was anchored after the time that the receipt names."""
    it, declaration, _ = declared_and_released()
    receipt = it.receipt(declaration, anchor_by=1_700_000_001)
    return made_of(it, it.record_bundle(declaration, receipts=[receipt], opened=True))


@vector(Verdict.VALID, fate=Fate.KEPT)
def receipts_of_a_group_true() -> Made:
    """Two of three receipts under one signature were kept."""
    it, declaration, status = declared_and_released()
    first, second, _ = it.receipts(declaration, status, it.record(), anchor_by=it.time)
    return made_of(it, it.record_bundle(declaration, status, receipts=[first, second]))


@vector(Verdict.VALID, 15, fate=Fate.BROKEN)
def receipt_of_a_group_broken() -> Made:
    """Of two records promised under one signature the gateway anchored one."""
    it, declaration, _ = declared_and_released()
    _, receipt = it.receipts(declaration, it.record(), anchor_by=it.time - 10)
    return made_of(it, it.record_bundle(declaration, receipts=[receipt], opened=True))


@vector(Verdict.VALID, 15, fate=Fate.FORGED)
def receipt_of_a_group_for_a_later_time() -> Made:
    """A receipt of a group puts off what was promised: its signed part is another."""
    return group_altered(lambda parts: [change_payload(parts[0], "anchor_by", lambda by: by + 1_000), *parts[1:]])


@vector(Verdict.VALID, 15, fate=Fate.FORGED)
def receipt_of_a_group_for_other_entries() -> Made:
    """A receipt of a group names another entry than the one under the signed root."""

    def other(parts: list[str]) -> list[str]:
        leaf = parse_json_object(parse_base64url(parts[1]))
        leaf["entries"] = [["ab" * 16, base64url(bytes(32))]]
        return [parts[0], base64url(write_json(leaf)), *parts[2:]]

    return group_altered(other)


@vector(Verdict.VALID, 15, fate=Fate.FORGED)
def receipt_of_a_group_at_another_place() -> Made:
    """A receipt of a group names its neighbour's place in the tree."""
    return group_altered(lambda parts: [*parts[:2], "1", parts[3]])


@vector(Verdict.VALID, 15, fate=Fate.FORGED)
def receipt_of_a_group_beyond_its_size() -> Made:
    """A receipt of a group names a place that its tree does not have."""
    return group_altered(lambda parts: [*parts[:2], "3", parts[3]])


@vector(Verdict.VALID, 15, fate=Fate.FORGED)
def receipt_of_a_group_by_another_path() -> Made:
    """One bit of a receipt's path to the signed root is another."""
    return group_altered(lambda parts: [*parts[:3], base64url(flip_first_bit(parse_base64url(parts[3])))])


@vector(Verdict.VALID, 15, fate=Fate.FORGED)
def receipt_of_a_group_by_a_longer_path() -> Made:
    """A receipt's path goes on above the root."""
    return group_altered(lambda parts: [*parts[:3], base64url(parse_base64url(parts[3]) + bytes(32))])


@vector(Verdict.VALID, fate=Fate.EXCUSED)
def receipt_excused_true() -> Made:
    """A record was never anchored, because its issuer's key was revoked before it was due."""
    it, _, status = declared_and_released()
    receipt = it.receipt(it.record(), anchor_by=it.time + 5)
    it.set_key(BROKER, KeyState.REVOKED)
    it.block += 1
    return made_of(it, it.bundle([status.record_id], [it.to_show(status)], None, [receipt], opened=True))


@vector(Verdict.VALID, fate=Fate.EXCUSED)
def receipt_excused_by_a_suspension_true() -> Made:
    """A record was never anchored, because its issuer was suspended then; it was reinstated later."""
    it, _, status = declared_and_released()
    receipt = it.receipt(it.record(), anchor_by=it.time + 5)
    it.set_member(BROKER, MemberState.SUSPENDED, Role.BROKER)
    it.block += 1
    it.set_member(BROKER, MemberState.ACTIVE, Role.BROKER)
    it.block += 1
    return made_of(it, it.bundle([status.record_id], [it.to_show(status)], None, [receipt], opened=True))


@vector(Verdict.VALID, fate=Fate.EXCUSED)
def receipt_excused_by_the_first_revocation_true() -> Made:
    """A key was revoked in time for an excuse, and later declared compromised since an earlier time."""
    it, _, status = declared_and_released()
    receipt = it.receipt(it.record(), anchor_by=it.time + 5)
    it.set_key(BROKER, KeyState.REVOKED)
    it.block += 1
    late = it.record(CUSTOMS, vct="customs.status")
    it.anchor(late)
    it.set_key(BROKER, KeyState.COMPROMISED, compromised_since=it.time)
    it.checkpoint()
    shown = [it.to_show(status), it.to_show(late)]
    return made_of(it, it.bundle([status.record_id], shown, None, [receipt], opened=True))


@vector(Verdict.VALID, 15, fate=Fate.NOT_SHOWN)
def receipt_by_a_stolen_gateway_key_true() -> Made:
    """A receipt that nobody kept, by a gateway's key that is declared compromised: a thief may have made it, so it
    accuses nobody and check 15 cannot be answered."""
    it, declaration, _ = declared_and_released()
    receipt = it.receipt(it.record(), anchor_by=it.time - 10)
    it.set_key(GATEWAY, KeyState.COMPROMISED, compromised_since=it.time)
    it.block += 1
    return made_of(it, it.record_bundle(declaration, receipts=[receipt], opened=True))


@vector(Verdict.VALID, 15, fate=Fate.NOT_SHOWN)
def receipt_with_an_excuse_left_out_true() -> Made:
    """Whoever shows the receipt leaves out the version by which its issuer was suspended then: nobody is accused, and
    check 15 cannot be answered."""
    it, _, status = declared_and_released()
    receipt = it.receipt(it.record(), anchor_by=it.time + 5)
    it.set_member(BROKER, MemberState.SUSPENDED, Role.BROKER)
    it.block += 1
    it.set_member(BROKER, MemberState.ACTIVE, Role.BROKER)
    it.block += 1
    bundle = it.bundle([status.record_id], [it.to_show(status)], None, [receipt], opened=True)
    members = {**bundle.members, BROKER: (2, 3)}
    return made_of(it, prove_anew(it, bundle, replace(bundle.slot_request, members=members)))


@vector(Verdict.VALID, 15, fate=Fate.NOT_DUE)
def receipt_not_due_true() -> Made:
    """A record is not anchored yet and need not be; the check of receipts cannot be answered."""
    it, declaration, _ = declared_and_released()
    return made_of(
        it, it.record_bundle(declaration, receipts=[it.receipt(it.record(), anchor_by=it.time)], opened=True)
    )


@vector(Verdict.VALID, 15, fate=Fate.NOT_SHOWN)
def receipt_with_the_gateways_version_left_out_true() -> Made:
    """The signer's version by which it runs a gateway is left out: it is not shown, which is no forgery."""
    it, declaration, _ = declared_and_released()
    receipt = it.receipt(declaration, anchor_by=it.time)
    it.set_member(GATEWAY, MemberState.ACTIVE, Role.REGULATOR)
    it.block += 1
    bundle = it.record_bundle(declaration, receipts=[receipt])
    members = {**bundle.members, GATEWAY: (1, 2)}
    return made_of(it, prove_anew(it, bundle, replace(bundle.slot_request, members=members)))


@vector(Verdict.VALID, 15, fate=Fate.NOT_SHOWN)
def receipt_for_a_closed_lane_true() -> Made:
    """A record that was held back, and its lane is shown by its head alone: nobody is accused."""
    it, declaration, _ = declared_and_released()
    receipt = it.receipt(it.record(), anchor_by=it.time - 10)
    return made_of(it, it.record_bundle(declaration, receipts=[receipt]))


@vector(Verdict.VALID, fate=Fate.KEPT)
def receipt_of_a_former_gateway_true() -> Made:
    """The gateway kept its receipt and lost its role later."""
    it, declaration, _ = declared_and_released()
    receipt = it.receipt(declaration, anchor_by=it.time)
    it.set_member(GATEWAY, MemberState.ACTIVE, Role.REGULATOR)
    it.block += 1
    return made_of(it, it.record_bundle(declaration, receipts=[receipt], opened=True))


@vector(Verdict.VALID, 15, fate=Fate.BROKEN)
def receipt_broken_before_the_key_was_revoked() -> Made:
    """The issuer's key was revoked too late for an excuse: a batch later than the promise came first."""
    it, _, status = declared_and_released()
    receipt = it.receipt(it.record(), anchor_by=it.time - 25)
    it.set_key(BROKER, KeyState.REVOKED)
    it.block += 1
    return made_of(it, it.bundle([status.record_id], [it.to_show(status)], None, [receipt], opened=True))


@vector(Verdict.VALID, 15, fate=Fate.BROKEN)
def receipt_broken_though_its_issuer_was_suspended_before() -> Made:
    """The issuer was suspended and reinstated before the gateway accepted its record, which excuses nothing."""
    it, _, _ = declared_and_released()
    it.set_member(BROKER, MemberState.SUSPENDED, Role.BROKER)
    it.block += 1
    it.set_member(BROKER, MemberState.ACTIVE, Role.BROKER)
    it.block += 1
    later = it.record()
    it.anchor(later)
    it.checkpoint()
    receipt = it.receipt(it.record(), anchor_by=it.time)
    it.block += 1
    return made_of(it, it.bundle([later.record_id], [it.to_show(later)], None, [receipt], opened=True))


@vector(Verdict.VALID, 15, not_counted=1, fate=Fate.BROKEN)
def receipt_for_a_later_epoch() -> Made:
    """A rogue gateway promised to file a record under the tag of an epoch that had not begun, and did."""
    it, hidden = hidden_in_a_later_epoch()
    (entry,) = it.entries_of(hidden)
    receipt = it.receipt(hidden, anchor_by=it.time, entries=[[entry[:16].hex(), base64url(entry[16:])]])
    it.anchor(it.record())
    it.checkpoint()
    return made_of(it, it.consignment_bundle(receipts=[receipt]))


@vector(Verdict.VALID, 15, fate=Fate.BROKEN)
def receipt_for_other_entries() -> Made:
    """A receipt for a record that was held back names the entry of another, which was anchored."""
    it, declaration, _ = declared_and_released()
    held_back, entry = it.record(), it.entries_of(declaration)[0]
    entries: list[Json] = [[entry[:16].hex(), base64url(entry[16:])]]
    receipt = it.receipt(held_back, anchor_by=it.time, entries=entries)
    return made_of(it, it.record_bundle(declaration, receipts=[receipt], opened=True))


@vector(Verdict.VALID, 15, not_counted=1, fate=Fate.BROKEN)
def receipt_for_another_consignment() -> Made:
    """A rogue gateway promised to file a record under another consignment's tag, and did."""
    it = Consortium()
    hidden = it.record()
    entry = batch.entry(it.tag(OTHER_UCR), it.entries_of(hidden)[0][16:])
    it.anchor_entries([entry])
    it.checkpoint()
    receipt = it.receipt(hidden, anchor_by=it.time, entries=[[entry[:16].hex(), base64url(entry[16:])]])
    return made_of(it, it.consignment_bundle(OTHER_UCR, receipts=[receipt]))


@vector(Verdict.VALID, 15, fate=Fate.FORGED)
def receipt_signed_by_no_gateway() -> Made:
    """A receipt that a broker signed."""
    it, declaration, _ = declared_and_released()
    it.keys[GATEWAY], gateway = it.keys[BROKER], it.keys[GATEWAY]
    receipt = it.receipt(declaration, anchor_by=it.time)
    it.keys[GATEWAY] = gateway
    return made_of(it, it.record_bundle(declaration, receipts=[receipt], opened=True))


@vector(Verdict.VALID, 15, fate=Fate.NOT_SHOWN)
def receipt_for_a_dropped_entry_true() -> Made:
    """The governors dropped entries of the lane, maybe the promised one: its gateway is not accused."""
    it, declaration, _ = declared_and_released()
    lost = it.record()
    promised = it.receipt(lost, anchor_by=it.time + 20)
    it.drop(it.anchor(lost).index, 0)
    it.block += 10
    it.anchor(it.record(ucrs=(OTHER_UCR,)))
    it.checkpoint()
    return made_of(it, it.record_bundle(declaration, receipts=[promised], opened=True))


@vector(Verdict.VALID, 15, fate=Fate.NOT_SHOWN)
def receipt_for_an_entry_dropped_and_anchored_again_true() -> Made:
    """The promised entry was dropped and stands again since, later than promised: its gateway is not accused."""
    it, _, _ = declared_and_released()
    lost = it.record()
    promised = it.receipt(lost, anchor_by=it.time + 20)
    it.drop(it.anchor(lost).index, 0)
    it.block += 10
    it.anchor(lost)
    it.checkpoint()
    return made_of(it, it.record_bundle(lost, receipts=[promised]))


@vector(Verdict.VALID, 15, fate=Fate.FORGED)
def receipt_of_a_member_that_runs_no_gateway() -> Made:
    """A broker gives a receipt in its own name, under its own key."""
    it, declaration, _ = declared_and_released()
    receipt = it.receipt(declaration, anchor_by=it.time, iss=BROKER)
    return made_of(it, it.record_bundle(declaration, receipts=[receipt], opened=True))


@vector(Verdict.VALID, 15, fate=Fate.FORGED)
def receipt_of_another_consortium() -> Made:
    """The gateway's receipt names another consortium."""
    it, declaration, _ = declared_and_released()
    ours, it.consortium = it.consortium, bytes(32)
    receipt = it.receipt(declaration, anchor_by=it.time)
    it.consortium = ours
    return made_of(it, it.record_bundle(declaration, receipts=[receipt], opened=True))
