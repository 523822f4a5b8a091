"""At least once in, exactly once out, whatever fails in between."""

from __future__ import annotations

import threading
from collections import Counter

import pytest

from adapters.runner.adapter_runner import AdapterRunner
from adapters.runner.journal import Journal
from adapters.single_window_mock.stories import STORIES
from adapters.sources.single_window import SingleWindowFault
from chain.errors import NotFound
from chain.keys import SigningKey
from chain.records import Reference, parse_record
from tests.adapters.runner.conftest import CONSORTIUM, Consortium
from tests.record_numbers import SECRET


@pytest.mark.parametrize("story", sorted(STORIES))
def test_every_message_of_a_story_becomes_records_of_its_consignment(consortium: Consortium, story: str) -> None:
    ucr = consortium.start(story)
    consortium.run()
    assert consortium.store.count("open") == 0
    assert consortium.store.count("refused") == 0
    assert all(parse_record(record).ucr == (ucr,) for record in consortium.gateway.records.values())
    assert len(consortium.gateway.records) >= consortium.store.count("acknowledged")


def test_a_record_is_signed_by_the_member_whose_words_it_holds(consortium: Consortium) -> None:
    consortium.start()
    consortium.run()
    speakers = {record.iss for record in consortium.gateway.records.values()}
    cast = consortium.cast
    assert speakers == {p.uscc for p in (cast.trader, cast.bank, cast.carrier, cast.broker, cast.customs)}
    for part, key in consortium.keys.items():
        own = [r for r in consortium.gateway.records.values() if r.iss == getattr(cast, part).uscc]
        assert all(record.verify(key.public) for record in own)


def test_a_status_waits_until_the_declaration_is_known(consortium: Consortium) -> None:
    consortium.start()
    customs = consortium.runner("customs")
    assert customs.run_once().submitted == 0
    assert customs.journal.count("waiting") == 6
    assert consortium.store.count("acknowledged") == 0
    consortium.run()
    assert customs.journal.count("submitted") == 6


def test_an_answer_that_was_lost_is_asked_for_with_the_same_bytes(consortium: Consortium) -> None:
    consortium.start()
    consortium.gateway.lost_answers = 1
    broker = consortium.runner("broker")
    assert broker.run_once().faults
    assert broker.run_once().submitted == 1
    first, second = consortium.gateway.submissions
    assert first == second


def test_a_crash_after_signing_submits_the_same_record(consortium: Consortium) -> None:
    consortium.start()
    consortium.gateway.failures = 1
    before = consortium.runner("broker")
    before.run_once()
    signed = before.journal.due("signed", consortium.clock(), 10)[0].record
    before.journal.close()
    after = consortium.runner("broker")
    after.run_once()
    assert consortium.gateway.submissions == [signed]


def test_a_lost_acknowledgement_is_said_again_and_nothing_is_submitted_twice(
    consortium: Consortium, monkeypatch: pytest.MonkeyPatch
) -> None:
    consortium.start()
    broker = consortium.runner("broker")
    said: list[str] = []

    def lost(envelope: object) -> None:
        said.append("lost")
        raise SingleWindowFault("the single window is down")

    with monkeypatch.context() as patch:
        patch.setattr(broker._source, "acknowledge", lost)
        assert broker.run_once().faults
    assert broker.run_once().settled == 1
    assert (len(consortium.gateway.submissions), consortium.store.count("acknowledged")) == (1, 1)


def test_a_doubled_message_is_one_record(consortium: Consortium) -> None:
    consortium.start(faults={"duplicates": 1.0})
    consortium.run()
    assert Counter(record.vct for record in consortium.gateway.records.values())["customs.declaration"] == 1


def test_disorder_and_delays_end_in_the_same_records(consortium: Consortium) -> None:
    consortium.start(seed=1)
    consortium.run()
    orderly = consortium.gateway.types()
    consortium.gateway.records.clear()
    consortium.start(seed=2, faults={"disorder": True, "duplicates": 0.5, "delays": 0.5, "replies_first": True})
    consortium.run(60)
    assert len(consortium.gateway.types()) == len(orderly)


def test_a_broken_message_is_refused_with_code_and_reason_and_nothing_is_sent(consortium: Consortium) -> None:
    consortium.start(faults={"truncated": 1.0, "hostile": 1.0})
    broker = consortium.runner("broker")
    progress = broker.run_once()
    assert (progress.refused, progress.submitted) == (2, 1)
    refused = consortium.store.get_message("parcel-000001-04.truncated")
    assert refused.state == "refused"
    assert refused.code.startswith("0")
    assert refused.reason


def test_a_value_that_only_the_record_model_refuses_does_not_stop_the_runner(
    consortium: Consortium, monkeypatch: pytest.MonkeyPatch
) -> None:
    consortium.start()

    def overlooked(message: bytes, **options: object) -> object:
        return Reference(kind="declaration", value="x" * 300)

    monkeypatch.setattr("adapters.runner.adapter_runner.read_message", overlooked)
    progress = consortium.runner("broker").run_once()
    assert (progress.refused, progress.settled) == (1, 1)
    assert consortium.store.get_message("parcel-000001-04").state == "refused"


def test_a_role_that_may_not_say_it_is_parked_with_the_gateways_reason(consortium: Consortium) -> None:
    consortium.start()
    consortium.gateway.roles[consortium.cast.broker.uscc] = consortium.gateway.roles[consortium.cast.bank.uscc]
    broker = consortium.runner("broker")
    assert broker.run_once().parked == 1
    message, entity = broker.journal.parked()[0]
    assert entity.code == "4002"
    assert "may not say" in entity.reason
    assert consortium.store.get_message(message.envelope.id).state == "open"


def test_a_parked_entity_can_be_replayed(consortium: Consortium) -> None:
    consortium.start()
    right = consortium.gateway.roles[consortium.cast.broker.uscc]
    consortium.gateway.roles[consortium.cast.broker.uscc] = consortium.gateway.roles[consortium.cast.bank.uscc]
    broker = consortium.runner("broker")
    broker.run_once()
    consortium.gateway.roles[consortium.cast.broker.uscc] = right
    message, entity = broker.journal.parked()[0]
    broker.journal.replay(message.place, entity.ordinal)
    assert broker.run_once().submitted == 1
    assert len(set(consortium.gateway.submissions)) == 1


def test_a_parked_entity_is_dropped_with_a_reason_that_the_single_window_hears(consortium: Consortium) -> None:
    consortium.start()
    customs = consortium.runner("customs", attempts_max=2, retry_first_s=0.01)
    for _ in range(3):
        customs.run_once()
        consortium.clock.now += 60
    parked = customs.journal.parked()
    assert len(parked) == 6
    message, entity = parked[0]
    assert "no consignment is known yet by" in entity.reason
    with pytest.raises(ValueError, match="reason"):
        customs.journal.drop(message.place, entity.ordinal, " ")
    customs.journal.drop(message.place, entity.ordinal, "a reply to a list of another port")
    customs.run_once()
    settled = consortium.store.get_message(message.envelope.id)
    assert (settled.state, settled.code) == ("refused", "4003")
    assert "another port" in settled.reason


def test_only_what_is_parked_can_be_replayed(consortium: Consortium) -> None:
    with pytest.raises(NotFound):
        consortium.runner("broker").journal.replay(1, 0)


def test_anothers_words_are_refused(consortium: Consortium) -> None:
    consortium.start()
    stranger = AdapterRunner(
        consortium.cast.bank.uscc,
        SigningKey.generate(),
        CONSORTIUM,
        jti_secret=SECRET,
        source=consortium.runner("broker")._source,
        gateway=consortium.gateway,
        journal=Journal(":memory:"),
    )
    assert stranger.run_once().refused == 1
    assert not consortium.gateway.submissions


def test_an_amendment_names_the_record_that_it_replaces(consortium: Consortium) -> None:
    consortium.start("parcel_amended")
    consortium.run()
    declarations = [r for r in consortium.gateway.records.values() if r.vct == "customs.declaration"]
    first, second = sorted(declarations, key=lambda record: record.amends is not None)
    assert (first.amends, second.amends) == (None, first.record_id)


def test_an_amendment_that_comes_first_waits_for_what_it_amends(consortium: Consortium) -> None:
    consortium.start("parcel_amended", faults={"disorder": True})
    consortium.run(60)
    declarations = [r for r in consortium.gateway.records.values() if r.vct == "customs.declaration"]
    assert sum(record.amends is not None for record in declarations) == 1


def test_the_same_entity_has_the_same_jti_on_every_machine(consortium: Consortium) -> None:
    consortium.start()
    consortium.runner("broker").run_once()
    first = next(iter(consortium.gateway.records.values()))
    consortium.gateway.records.clear()
    for message in ("parcel-000001-04",):
        body = consortium.store.get_message(message)
        journal = Journal(":memory:")
        journal.take(body.envelope, body.body)
        other = AdapterRunner(
            consortium.cast.broker.uscc,
            consortium.keys["broker"],
            CONSORTIUM,
            jti_secret=SECRET,
            source=consortium.runner("broker")._source,
            gateway=consortium.gateway,
            journal=journal,
        )
        other.run_once()
    second = next(iter(consortium.gateway.records.values()))
    assert first.jti == second.jti


def test_a_stopped_runner_ends_after_the_round_under_way(consortium: Consortium) -> None:
    consortium.start()
    stop = threading.Event()
    runner = consortium.runner("broker")
    thread = threading.Thread(target=runner.run_until_stopped, args=(stop,))
    thread.start()
    for _ in range(200):
        if consortium.gateway.submissions:
            break
        stop.wait(0.02)
    stop.set()
    thread.join(5)
    assert not thread.is_alive()
    assert len(consortium.gateway.submissions) == 1


def test_a_gateway_that_is_down_parks_nothing(consortium: Consortium) -> None:
    consortium.start()
    consortium.gateway.failures = 50
    broker = consortium.runner("broker")
    for _ in range(30):
        broker.run_once()
        consortium.clock.now += 120
    assert broker.journal.count("parked") == 0
    assert broker.journal.count("signed") == 1
