"""Search facts: what is kept with a record is what the view's own reading tells."""

from __future__ import annotations

import msgspec
import pytest

from chain.lifecycle import RecordState
from chain.records import parse_record
from chain.records.fastpath import parse_signed
from gateway.access.records import HeldRecord
from gateway.ingest import pipeline
from gateway.ingest.pipeline import Rejection, ValidationContext
from gateway.search_index.extract import references_of
from gateway.search_index.facts import (
    FACTS_MAX,
    Findable,
    facts_of,
    findable,
    pack_findable,
    unpack_findable,
)
from gateway.store.records import NewRecord, hidden_part, open_signed
from scripts.benchmarks.load import cast, signed_records
from tests.gateway.memory_consortium import PaperGateway, Town


def test_facts_that_were_kept_are_those_that_a_reader_of_everything_is_told(town: Town) -> None:
    key = town.carrier
    for signed in signed_records(3, key, cast().broker.uscc, iat=1_790_000_000):
        found = findable(signed, parse_record(signed))
        assert found is not None
        kept = unpack_findable(pack_findable(found))
        assert set(kept.all_facts()) == facts_of(HeldRecord(signed, RecordState.ACCEPTED))
        assert any(kind == "goods" for kind, _ in kept.all_facts())


def test_references_are_read_alike_whether_the_record_was_read_at_once_or_step_by_step(town: Town) -> None:
    for signed in signed_records(20, town.carrier, cast().broker.uscc, iat=1_790_000_000):
        at_once = parse_signed(signed.serialize())
        assert at_once.fits_model
        record = parse_record(at_once)
        told = [(*one.key, one.on) for one in record.references]
        assert references_of(at_once, record) == told
        assert references_of(signed, record) == told


def test_a_record_is_kept_as_the_json_behind_its_disclosures_and_comes_back_byte_for_byte(
    gateway: PaperGateway, town: Town
) -> None:
    signed = town.event()
    body = signed.serialize().encode()
    plain, as_it_came = hidden_part(parse_signed(body), body), hidden_part(signed, body)
    assert plain.startswith(b'["')
    assert as_it_came == body.partition(b"~")[2]
    jwt = gateway.vault.pack_public(signed.jwt.encode())
    for hidden in (plain, as_it_came):
        packed = gateway.vault.pack_secret(hidden, signed.record_id)
        assert open_signed(gateway.vault, signed.record_id, jwt, packed).serialize().encode() == body


def test_facts_that_an_older_gateway_left_waiting_are_read() -> None:
    older = msgspec.msgpack.encode([["CN1-2"], [["goods", "电脑"]], [["91", "CN1-2"]]])
    assert unpack_findable(older).all_facts() == [("goods", "电脑")]


def test_very_many_goods_crowd_out_no_number() -> None:
    goods = [(f"{code:010}", f"goods number {code}") for code in range(FACTS_MAX)]
    found = Findable(["CN1-2"], [("transport_document", "999-12345675")], [], goods).all_facts()
    assert len(found) == FACTS_MAX and found[0] == ("transport_document", "999-12345675")


def test_a_fault_of_ours_with_one_line_spoils_no_other(
    gateway: PaperGateway, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = [town.event(number) for number in range(3)]
    pack = pipeline.pack_findable
    faults = iter([False, True, False])

    def failing(found: object) -> bytes:
        if next(faults):
            raise ZeroDivisionError
        return pack(found)

    monkeypatch.setattr(pipeline, "pack_findable", failing)
    lines = [b'"' + one.serialize().encode() + b'"' for one in events]
    offers = gateway.intake.preparer.prepare_lines(
        lines, ValidationContext(gateway.registry.snapshot(), 0, town.clock())
    )
    assert [type(one) for one in offers] == [NewRecord, Rejection, NewRecord]
    assert [one.record_id for one in offers] == [one.record_id for one in events]
