"""A record whose entry the governors dropped is anchored again: nothing honest is lost by a vote."""

from __future__ import annotations

import pytest

from chain.lifecycle import RecordState
from chain.proof.batch import entry_digest
from chain.proof.vrf import VrfSecretKey
from chain.sdjwt import SignedRecord
from gateway.membership.tag_keys import TagKey, TagKeys
from gateway.store.records import find_held
from tests.gateway.memory_consortium import PaperGateway, Town, ucr


def anchored(gateway: PaperGateway, *records: SignedRecord) -> None:
    for record in records:
        gateway.intake.accept(record.serialize().encode())
    gateway.seal()
    gateway.seal()
    gateway.follow()


def state(gateway: PaperGateway, record: SignedRecord) -> RecordState:
    with gateway.store.reading() as connection:
        known = find_held(connection, record.record_id)
    assert known is not None
    return known.state


def places(gateway: PaperGateway, record: SignedRecord, *numbers: int) -> list[int | None]:
    """In which batch each of the record's entries counts."""
    links = []
    for number in numbers:
        element = next(digest for digest, name in record.ucr_elements() if name == ucr(number))
        tag = gateway.tag_keys.lane_tag(ucr(number), record.iss, 0)
        link = gateway.index.find_link(tag, entry_digest(record, element))
        links.append(None if link is None else link.batch)
    return links


def settled(gateway: PaperGateway) -> None:
    gateway.follow()
    for _ in range(3):
        gateway.seal()
        gateway.follow()


def test_a_record_alone_in_its_batch_is_anchored_again_under_another_batch_id(
    gateway: PaperGateway, town: Town
) -> None:
    record = town.event(1)
    anchored(gateway, record)
    town.chain.drop(0, 0)
    gateway.follow()
    assert state(gateway, record) is RecordState.ACCEPTED
    settled(gateway)
    assert (state(gateway, record), places(gateway, record, 1)) == (RecordState.ANCHORED, [1])
    assert len({batch.root for batch in town.chain.anchored}) == 2


def test_it_is_anchored_again_as_often_as_it_is_dropped_and_no_more(gateway: PaperGateway, town: Town) -> None:
    record = town.event(1)
    anchored(gateway, record)
    for batch in range(3):
        town.chain.drop(batch, *range(town.chain.anchored[batch].count))
        settled(gateway)
        assert places(gateway, record, 1) == [batch + 1]
    settled(gateway)
    assert len(town.chain.anchored) == 4


def test_of_a_record_about_two_consignments_the_entry_that_stands_stays_where_it_is(
    gateway: PaperGateway, town: Town
) -> None:
    record = town.event(ucrs=[1, 2])
    anchored(gateway, record)
    town.chain.drop(0, 1)
    settled(gateway)
    assert places(gateway, record, 1, 2) == [0, 1]


def test_all_records_of_a_batch_come_again_together(gateway: PaperGateway, town: Town) -> None:
    records = [town.event(number) for number in (1, 2, 3)]
    anchored(gateway, *records)
    assert len(town.chain.anchored) == 1
    town.chain.drop(0, 0, 1, 2)
    settled(gateway)
    assert [places(gateway, record, number) for number, record in enumerate(records, 1)] == [[1], [1], [1]]


def test_a_gateway_that_was_down_during_the_vote_finds_out_when_it_starts(gateway: PaperGateway, town: Town) -> None:
    record = town.event(1)
    anchored(gateway, record)
    town.chain.drop(0, 0)
    gateway.sealer.close()
    gateway.store.close()
    gateway.reopen()
    settled(gateway)
    assert places(gateway, record, 1) == [1]


def test_a_record_whose_key_ended_meanwhile_is_refused_and_not_anchored_again(
    gateway: PaperGateway, town: Town
) -> None:
    record = town.event(1)
    anchored(gateway, record)
    town.chain.drop(0, 0)
    town.chain.revoke(town.carrier)
    settled(gateway)
    assert (state(gateway, record), places(gateway, record, 1)) == (RecordState.REFUSED, [None])


def test_under_a_later_tag_key_it_is_anchored_again_in_that_keys_lane(gateway: PaperGateway, town: Town) -> None:
    """More than 1,024 batches into a new epoch the lane it was in counts no entry any more."""
    record = town.event(ucrs=[1, 2])
    anchored(gateway, record)
    later = TagKeys((*gateway.tag_keys.epochs, TagKey(1, VrfSecretKey(bytes([7]) * 32))))
    gateway.tag_keys = later
    gateway.watcher._tag_keys = later
    town.chain.drop(0, 0)
    settled(gateway)
    elements = {name: digest for digest, name in record.ucr_elements()}
    in_lanes = [
        [gateway.index.find_link(tag, entry_digest(record, elements[ucr(number)])) for tag in tags]
        for number in (1, 2)
        if (tags := later.lane_tags(ucr(number), record.iss))
    ]
    assert [[link and link.batch for link in links] for links in in_lanes] == [[None, 1], [0, None]]


@pytest.mark.parametrize("dropped", [0, 1])
def test_what_others_said_is_not_anchored_again(gateway: PaperGateway, town: Town, dropped: int) -> None:
    records = [town.event(1), town.event(2)]
    anchored(gateway, *records)
    town.chain.drop(0, dropped)
    settled(gateway)
    assert places(gateway, records[1 - dropped], 2 - dropped) == [0]
