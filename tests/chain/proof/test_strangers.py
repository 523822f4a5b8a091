"""What strangers anchor, however much, leaves a consignment's records, leaves, verdict and size as they were."""

from __future__ import annotations

import pytest

from chain.members import Role
from chain.proof import batch
from chain.proof.batch import BATCH_ENTRIES_MAX, PREFIX_BYTES
from chain.proof.bundle import Bundle
from chain.proof.hashes import sha256
from chain.proof.shown_lanes import OpenLane
from chain.verify import Verdict, verify_file
from tests.fakes.ledger_simulator import BROKER, CUSTOMS, OTHER_UCR, UCR, Consortium

CARRIER = "91330000100000005Y"
COLLUDERS = [f"914400001000000{number}X" for number in range(10, 15)]
SIZE_GROWTH_MAX = 1.10


def story() -> Consortium:
    """A consignment of nine records by four members, and five members without part in it."""
    it = Consortium()
    it.add_member(CARRIER, Role.CARRIER)
    for colluder in COLLUDERS:
        it.add_member(colluder, Role.BROKER)
    it.block += 1
    it.anchor(it.record(sections={"status": ["R"], "names": [CARRIER]}), it.record(ucrs=(OTHER_UCR,)))
    for _ in range(3):
        it.anchor(it.record(), it.record(CARRIER, vct="logistics.event"))
    it.anchor(it.record(CUSTOMS, vct="customs.status"), it.record(CUSTOMS, vct="customs.status"))
    return it


def closed(it: Consortium) -> Bundle:
    """Everything is attested in the same block in each telling, however many batches came before."""
    it.block = 10_000
    it.checkpoint()
    return it.consignment_bundle()


def told(it: Consortium, bundle: Bundle) -> tuple[object, ...]:
    """What a reader is told: verdict, records with whether they count, and how many leaves each open lane has."""
    report = verify_file(bundle.format(), it.trust_root())
    lanes = [lane for group in bundle.groups for lane in group.lanes if isinstance(lane, OpenLane)]
    records = [(one.issuer, one.record_type, one.not_counted is None) for one in report.records]
    return (
        report.verdict,
        report.is_complete,
        report.pending,
        sorted(records),
        sorted(len(lane.leaves) for lane in lanes),
    )


@pytest.mark.parametrize("count", [2_500])
def test_records_by_five_colluders_change_nothing_and_cost_next_to_nothing(count: int) -> None:
    quiet, loud = story(), story()
    # Signing thousands of records says no more than these entries: nobody need show one of them.
    entries = [
        batch.entry(loud.tag(UCR, COLLUDERS[place % 5]), sha256(place.to_bytes(4, "big"))) for place in range(count)
    ]
    for start in range(0, count, BATCH_ENTRIES_MAX):
        loud.anchor_entries(entries[start : start + BATCH_ENTRIES_MAX])
    before, after = closed(quiet), closed(loud)
    assert told(loud, after) == told(quiet, before)
    assert told(quiet, before)[0] is Verdict.VALID
    assert len(after.format()) <= SIZE_GROWTH_MAX * len(before.format())


def test_lanes_that_a_gateway_makes_up_are_not_shown_either() -> None:
    quiet, loud = story(), story()
    prefix = loud.tag(UCR)[:PREFIX_BYTES]
    made_up = [prefix + sha256(place.to_bytes(4, "big"))[:8] + bytes(32) for place in range(BATCH_ENTRIES_MAX)]
    loud.anchor_entries(made_up)
    before, after = closed(quiet), closed(loud)
    assert told(loud, after) == told(quiet, before)
    # A dozen hashes to each lane of the set, and no lane of those made up but where it proves an absence.
    assert sum(len(group.hidden) + len(group.lanes) for group in after.groups) < 100
    assert len(after.format()) - len(before.format()) < 8_000


@pytest.mark.parametrize("shown", [True, False])
def test_true_records_of_a_colluder_are_named_and_not_counted_where_they_are_shown(shown: bool) -> None:
    it = story()
    said = it.record(COLLUDERS[0], sections={"status": ["R"], "names": [COLLUDERS[0], BROKER, *COLLUDERS]})
    it.anchor(said)
    it.checkpoint()
    members = {*it.set_of(UCR), *([COLLUDERS[0]] if shown else [])}
    report = verify_file(it.consignment_bundle(members=members).format(), it.trust_root())
    assert report.verdict is Verdict.VALID
    assert [one.issuer for one in report.records if one.not_counted is not None] == [COLLUDERS[0]] * shown
