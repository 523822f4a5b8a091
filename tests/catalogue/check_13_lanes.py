"""Vectors whose one fault check 13, *lanes*, must see, and what it must let pass."""

from __future__ import annotations

from dataclasses import replace

from chain.members import KeyState, Role
from chain.proof.batch import Purpose
from chain.proof.index_map import IndexMap, LaneLeaf, MapLeaf, lane_head, path_of
from chain.proof.shown_lanes import ClosedLane, OpenLane
from chain.verify.context import Demand
from chain.verify.results import Verdict
from tests.catalogue.stories import (
    declared_and_released,
    flip_first_bit,
    made_of,
    two_in_a_lane,
    with_first_lane,
    with_named_carrier,
    with_strangers,
    with_unopened_entry,
    without_bare_batches,
    without_place,
)
from tests.catalogue.vector import A_DAY_BLOCKS, Made, vector
from tests.fakes.ledger_simulator import BROKER, CUSTOMS, GATEWAY, OTHER_UCR, UCR, Consortium


@vector(Verdict.NOT_COVERED, 13)
def record_not_covered_yet() -> Made:
    """The record is anchored, but no checkpoint covers its batch."""
    it, _, _ = declared_and_released()
    late = it.record()
    it.anchor(late)
    return made_of(it, it.record_bundle(late))


@vector(Verdict.ENTRIES_MISSING, 13)
def record_left_out() -> Made:
    """One record of the consignment is left out, anchored more than a day ago; its entry digest stays in its lane."""
    it, declaration, _ = declared_and_released()
    it.block += A_DAY_BLOCKS
    return made_of(it, it.bundle(UCR, [it.to_show(declaration)], it.groups_of(Purpose.UCR, UCR)))


@vector(Verdict.ENTRIES_MISSING, 13)
def lane_not_opened() -> Made:
    """One lane of the consignment is shown by its head alone."""
    it, declaration, status = declared_and_released()
    (group,) = it.groups_of(Purpose.UCR, UCR)
    own = replace(group, opened=frozenset({it.tag(UCR)}))
    return made_of(it, it.bundle(UCR, [it.to_show(declaration), it.to_show(status)], [own]))


@vector(Verdict.ENTRIES_MISSING, 13)
def record_without_its_place_in_the_lane() -> Made:
    """The head of the record's lane is shown, and not where in the lane it stands."""
    it, declaration, _ = declared_and_released()
    bundle = it.record_bundle(declaration)
    return made_of(it, bundle.with_records(tuple(map(without_place, bundle.records))))


@vector(Verdict.INVALID, 13)
def lane_left_out() -> Made:
    """A record is left out with its whole lane: the attested map holds one lane more for this UCR."""
    it, declaration, _ = declared_and_released()
    (group,) = it.consignment_bundle().groups
    bundle = without_bare_batches(it, it.bundle(UCR, [it.to_show(declaration)], it.groups_of(Purpose.UCR, UCR)))
    own = tuple(lane for lane in group.lanes if lane.tag == it.tag(UCR))
    return made_of(it, replace(bundle, groups=(replace(group, lanes=own),)))


@vector(Verdict.INVALID, 13)
def lane_with_a_dropped_entry_claimed() -> Made:
    """A lane claims that an entry of it was dropped, which the attested map does not say."""
    it, _, _ = declared_and_released()
    return made_of(it, with_first_lane(it.consignment_bundle(), lambda lane: replace(lane, dropped=1)))


@vector(Verdict.INVALID, 13)
def head_of_a_closed_lane_altered() -> Made:
    """The head of a record's lane is another, with a path that leads to it."""
    it, declaration, _ = declared_and_released()
    bundle = it.record_bundle(declaration)
    digest = it.entries_of(declaration)[0][16:]
    forged = lane_head([LaneLeaf(digest, 0), LaneLeaf(bytes(32), 0)])
    (group,) = bundle.groups
    lanes = tuple(
        ClosedLane(MapLeaf(lane.tag, 1, 0, forged)) if lane.tag == it.tag(UCR) else lane for lane in group.lanes
    )
    return made_of(it, replace(bundle, groups=(replace(group, lanes=lanes),)))


@vector(Verdict.INVALID, 13)
def place_in_the_lane_altered() -> Made:
    """The record claims another place in its issuer's lane."""
    it, first, _ = two_in_a_lane()
    bundle = it.record_bundle(first)
    (record,) = bundle.records
    (entry,) = record.entries
    assert entry.lane is not None
    moved = replace(entry, lane=replace(entry.lane, index=1))
    return made_of(it, bundle.with_records((replace(record, entries=(moved,)),)))


@vector(Verdict.INVALID, 13)
def record_and_its_digest_left_out() -> Made:
    """A record is left out, and its digest taken out of its lane as well."""
    it, first, _ = two_in_a_lane()
    bundle = without_bare_batches(it, it.bundle(UCR, [it.to_show(first)], it.groups_of(Purpose.UCR, UCR)))
    return made_of(it, with_first_lane(bundle, lambda lane: replace(lane, leaves=lane.leaves[:1])))


@vector(Verdict.INVALID, 13)
def lane_out_of_order() -> Made:
    """The digests of a lane's two leaves are swapped."""
    it, _, _ = two_in_a_lane()

    def swapped(lane: OpenLane) -> OpenLane:
        one, other = lane.leaves
        return replace(lane, leaves=(LaneLeaf(other.digest, one.batch), LaneLeaf(one.digest, other.batch)))

    return made_of(it, with_first_lane(it.consignment_bundle(), swapped))


@vector(Verdict.INVALID, 13)
def batch_in_a_lane_altered() -> Made:
    """A lane names an earlier batch for an entry than the one that was attested."""
    it, _, _ = two_in_a_lane()

    def earlier(lane: OpenLane) -> OpenLane:
        one, other = lane.leaves
        return replace(lane, leaves=(one, LaneLeaf(other.digest, one.batch)))

    return made_of(it, with_first_lane(it.consignment_bundle(), earlier))


@vector(Verdict.INVALID, 13)
def backdated_through_a_void_batch() -> Made:
    """A rogue gateway commits to an entry in a void batch that only it can read, carries it in a later one, and the
    bundle shows the earlier place."""
    it, _, _ = declared_and_released()
    late = it.record()
    it.anchor_entries(it.entries_of(late), carried=bytes(48))
    it.block += 100
    it.anchor(late)
    it.checkpoint()
    return made_of(it, it.record_bundle(late))


@vector(Verdict.INVALID, 13)
def shown_at_a_reanchored_place() -> Made:
    """A rogue gateway anchors the end of a consignment again after the issuer's key was revoked, and the bundle shows
    the later places, where the records would not count."""
    it, declaration, status = declared_and_released()
    it.set_key(BROKER, KeyState.REVOKED)
    it.block += 1
    it.anchor(declaration, status)
    it.checkpoint()
    for position, entry in enumerate(it.entries_of(declaration) + it.entries_of(status)):
        it.places[entry] = (2, position)
    return made_of(it, it.consignment_bundle())


@vector(Verdict.INVALID, 13)
def absence_of_what_is_there() -> Made:
    """A consignment that has records is claimed to have none."""
    it, _, _ = declared_and_released()
    absent = it.consignment_bundle("6CN91110000100000001W-9999")
    (there,), (nothing,) = it.consignment_bundle().groups, absent.groups
    claimed = replace(there, siblings=nothing.siblings, other=nothing.other, lanes=())
    return made_of(it, replace(absent, subject_ucr=UCR, groups=(claimed,)))


@vector(Verdict.INVALID, 13)
def void_batch() -> Made:
    """The batch's calldata does not hash to its root, so every follower skips it and no head holds the record."""
    it, _, _ = declared_and_released()
    ghost = it.record()
    it.anchor_entries(it.entries_of(ghost), carried=bytes(48))
    it.checkpoint()
    return made_of(it, it.record_bundle(ghost, opened=True))


@vector(Verdict.INVALID, 13)
def lanes_of_an_older_checkpoint() -> Made:
    """The newest checkpoint with the lanes of the one before."""
    it, declaration, _ = declared_and_released()
    old = it.checkpoint_map
    it.anchor(it.record())
    it.checkpoint()
    bundle = it.record_bundle(declaration)
    it.checkpoint_map = old
    older = it.record_bundle(declaration)
    return made_of(it, replace(bundle, groups=older.groups, records=older.records))


@vector(Verdict.ENTRIES_MISSING, 13)
def lane_of_a_named_member_left_out() -> Made:
    """The owner names a carrier, and the carrier's lane lies in a part that is not shown."""
    it, _ = with_named_carrier()
    it.add_member("914400001000000096", Role.BROKER)
    it.block += 1
    for _ in range(3):
        it.anchor(it.record("914400001000000096"))
    it.checkpoint()
    return made_of(it, it.consignment_bundle(members={BROKER, CUSTOMS, GATEWAY}))


@vector(Verdict.ENTRIES_MISSING, 13)
def lane_of_an_authority_left_out() -> Made:
    """The lane of customs, which is an authority, lies in a part that is not shown."""
    it, _, _ = declared_and_released()
    return made_of(it, it.consignment_bundle(members={BROKER, GATEWAY}))


@vector(Verdict.INVALID, 13)
def hidden_part_altered() -> Made:
    """A part of the lanes that is not shown has another hash."""
    it = with_strangers()
    bundle = it.consignment_bundle()
    (group,) = bundle.groups
    (part, *rest) = group.hidden
    hidden = (replace(part, hash=flip_first_bit(part.hash)), *rest)
    return made_of(it, replace(bundle, groups=(replace(group, hidden=hidden),)))


@vector(Verdict.INVALID, 13)
def hidden_part_over_a_lane() -> Made:
    """A part that is claimed not to be shown lies over lanes that are."""
    it = with_strangers()
    bundle = it.consignment_bundle()
    (group,) = bundle.groups
    hidden = (replace(group.hidden[0], path=path_of(group.lanes[0].tag)[:1]),)
    return made_of(it, replace(bundle, groups=(replace(group, hidden=hidden),)))


@vector(Verdict.ENTRIES_MISSING, 13, not_counted=2)
def names_withheld() -> Made:
    """A record of the owner, older than a day, withholds whom it names: it opens no entry, and the carrier counts no
    more."""
    it, _ = with_named_carrier()
    it.block += A_DAY_BLOCKS
    bundle = it.consignment_bundle()
    naming = next(one for one in bundle.records if one.signed.section("names"))
    kept = {entry.ucr_digest for entry in naming.entries}
    withheld = replace(naming, signed=naming.signed.with_elements(kept))
    records = tuple(withheld if one is naming else one for one in bundle.records)
    return made_of(it, bundle.with_records(records))


@vector(Verdict.NOT_COVERED, 13)
def entry_pending_and_a_later_block_asked_for() -> Made:
    """The same, and the block of the pending entry is asked for."""
    it, junk = with_unopened_entry()
    return it.consignment_bundle().format(), it.trust_root(), Demand(as_of=it.batches[junk].facts.block)


@vector(Verdict.ENTRIES_MISSING, 13)
def entry_unopened_for_a_day() -> Made:
    """A gateway anchored an entry of no record in the owner's lane a day ago, and the governors did not drop it."""
    it, _ = with_unopened_entry()
    it.block += A_DAY_BLOCKS
    it.checkpoint()
    return made_of(it, it.consignment_bundle())


@vector(Verdict.ENTRIES_MISSING, 13)
def age_of_an_entry_left_out() -> Made:
    """When an entry of no record was anchored is not shown."""
    it, _ = with_unopened_entry()
    return made_of(it, without_bare_batches(it, it.consignment_bundle()))


@vector(Verdict.NOT_COVERED, 13)
def subject_not_covered_beside_a_good_one() -> Made:
    """Of two subjects one is anchored and not covered yet: that one is NOT_COVERED, the other stays VALID."""
    it, declaration, _ = declared_and_released()
    later = it.record()
    it.anchor(later)
    return made_of(it, it.record_bundle(declaration, later, opened=True))


@vector(Verdict.INVALID, 13)
def lane_against_the_order_of_its_batch() -> Made:
    """The governors attested a lane whose two entries stand the other way round in their batch."""
    it = Consortium()
    entries = [entry for _ in range(2) for entry in it.entries_of(it.record())]
    facts = it.anchor_entries(entries)
    turned = IndexMap()
    turned.apply(facts.index, entries[::-1])
    it.checkpoint(about=(1, turned))
    return made_of(it, it.consignment_bundle())


@vector(Verdict.INVALID, 13)
def lane_ahead_of_its_checkpoint() -> Made:
    """The governors attested lanes with an entry of a batch that their checkpoint does not cover."""
    it, _, _ = declared_and_released()
    late = it.record()
    it.anchor(late)
    batches, index_map = it.map_now()
    it.checkpoint(about=(batches - 1, index_map))
    return made_of(it, it.record_bundle(late, opened=True))


@vector(Verdict.ENTRIES_MISSING, 13, not_counted=1)
def record_of_another_consignment_beside_the_others() -> Made:
    """A consignment's bundle shows a record of another one too, and not that one's lanes."""
    it, declaration, status = declared_and_released()
    other = next(one for one in it.records.values() if one.section("ucr") == (OTHER_UCR,))
    shown = [it.to_show(one) for one in (declaration, status, other)]
    return made_of(it, it.bundle(UCR, shown, it.groups_of(Purpose.UCR, UCR)))
