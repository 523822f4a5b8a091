"""DCSA transport documents: each value at its place, each state for what it is, each fault by its name."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from importlib import resources
from typing import Any

import pytest

from adapters.message import Entity
from adapters.registry import read_message
from chain.errors import MalformedMessage
from chain.records.logistics import TransportDocument

SAMPLE: dict[str, Any] = json.loads(
    resources.files("adapters.formats.dcsa_ebl").joinpath("samples/transport-document.json").read_text("utf-8")
)
Change = Callable[[dict[str, Any]], object]


def entity_of(change: Change = lambda document: None) -> Entity:
    document = copy.deepcopy(SAMPLE)
    change(document)
    message = read_message(json.dumps(document, ensure_ascii=False).encode())
    assert message.kind == "DCSA-EBL-3.0"
    return message.entities[0]


def record_of(change: Change = lambda document: None) -> TransportDocument:
    record = entity_of(change).record
    assert isinstance(record, TransportDocument)
    return record


def test_the_bill_says_its_number_day_value_and_ways() -> None:
    record = record_of()
    head, transport = record.transport_document, record.transport
    assert (head.kind, head.number, head.own_number, head.issued_on) == (
        "bill_of_lading",
        "XGBL20260226A",
        "SI-5501",
        "2026-02-26",
    )
    assert head.declared_value is not None
    assert (head.declared_value.value, head.declared_value.currency) == ("86000.50", "USD")
    assert transport is not None
    assert transport.conveyance is not None
    assert transport.loading is not None
    assert transport.discharge is not None
    assert (transport.conveyance.name, transport.conveyance.voyage) == ("HMM BOHAI", "012W")
    assert (transport.loading.unlocode, transport.discharge.unlocode) == ("KRPUS", "CNTXG")
    assert [(reference.kind, reference.value) for reference in record.references] == [
        ("transport_document", "XGBL20260226A"),
        ("cop", "BK7781"),
    ]


def test_weights_and_packages_are_added_over_containers() -> None:
    record = record_of()
    (item,) = record.goods_items
    transport = record.transport
    assert transport is not None
    assert item.gross is not None
    assert transport.gross is not None
    assert transport.packages is not None
    assert (item.hs, item.gross.value, item.name) == (
        "848180",
        "20000.50000",
        "Gate valves, steel\n2 crates a container",
    )
    assert (transport.gross.value, transport.packages.count) == ("20000.50000", 4)
    first, second = transport.containers
    assert first.cargo_gross is not None
    assert first.tare is not None
    assert second.cargo_gross is not None
    assert (first.number, first.cargo_gross.value, first.tare.value) == ("CSQU3054383", "9800.00000", "2200.00000")
    assert [seal.number for seal in first.seals] == ["HM90017"]
    assert second.cargo_gross.value == "10200.50000"


def test_a_consignee_is_known_by_the_code_among_its_tax_references() -> None:
    consignee = next(party for party in record_of().parties if party.role == "consignee")
    assert (consignee.name, consignee.uscc) == ("Tianjin Pipeline Works", "91110000600037341L")


def test_a_container_that_only_the_goods_name_is_kept() -> None:
    record = record_of(lambda document: document["utilizedTransportEquipments"].pop())
    assert record.transport is not None
    assert [container.number for container in record.transport.containers] == ["CSQU3054383", "MSCU6639870"]


@pytest.mark.parametrize("status", ["DRAFT", "APPROVED", "draft"])
def test_a_document_that_is_not_issued_is_acknowledged_and_not_recorded(status: str) -> None:
    entity = entity_of(lambda document: document.update(transportDocumentStatus=status))
    assert entity.record is None
    assert status.upper() in entity.note


def test_a_voided_document_amends_what_was_said_of_it() -> None:
    entity = entity_of(lambda document: document.update(transportDocumentStatus="VOIDED"))
    assert isinstance(entity.record, TransportDocument)
    assert entity.record.transport_document.function == "delete"
    assert entity.amends is not None
    assert entity.amends.value == "XGBL20260226A"


def test_an_unknown_status_or_type_is_marked_and_never_taken_for_a_known_one() -> None:
    record = record_of(
        lambda document: document.update(transportDocumentStatus="LOST", transportDocumentTypeCode="XYZ")
    )
    assert record.transport_document.kind == "other"
    assert [remark.rule for remark in record.remarks if remark.rule == "unknown-code"] == ["unknown-code"] * 2


def test_weights_in_two_units_are_not_added() -> None:
    def pounds(document: dict[str, Any]) -> None:
        document["consignmentItems"][0]["cargoItems"][0]["cargoGrossWeight"]["unit"] = "LBR"

    record = record_of(pounds)
    assert record.goods_items[0].gross is None
    assert any(remark.rule == "units" for remark in record.remarks)


def test_what_is_not_read_is_kept_as_a_remark() -> None:
    record = record_of(lambda document: document["transports"].update(preCarriageBy="RAIL"))
    assert any(remark.text == "transports/preCarriageBy: RAIL" for remark in record.remarks)


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (lambda d: d.pop("transportDocumentReference"), "transportDocumentReference"),
        (lambda d: d.pop("transportDocumentStatus"), "transportDocumentStatus"),
        (lambda d: d.pop("documentParties"), "documentParties"),
        (lambda d: d.pop("transports"), "transports"),
        (lambda d: d.pop("declaredValueCurrency"), "declaredValueCurrency"),
        (lambda d: d.update(shippedOnBoardDate="26.02.2026"), "shippedOnBoardDate"),
        (lambda d: d.update(consignmentItems=[]), "consignmentItems"),
        (lambda d: d["consignmentItems"][0].update(descriptionOfGoods=[7]), "descriptionOfGoods[1]"),
        (lambda d: d["consignmentItems"][0]["cargoItems"][0]["cargoGrossWeight"].update(value=-1), "cargoGrossWeight"),
    ],
)
def test_a_fault_is_named_by_its_place(change: Change, place: str) -> None:
    with pytest.raises(MalformedMessage) as refusal:
        entity_of(change)
    assert place in str(refusal.value)
