"""Codes that no list has are marked, weights keep their unit, and forms that a standard allows are all read."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from adapters.message import ReadMessage
from adapters.registry import read_message
from chain.errors import MalformedMessage
from chain.records import CustomsDeclaration, LogisticsEvent, TaxInvoice, TransportDocument
from tests.adapters.formats.customs.test_dec import IMPORT
from tests.adapters.formats.customs.writing import message as ceb
from tests.adapters.formats.efapiao.test_fields import body as einvoice
from tests.adapters.formats.logistics.test_later_formats import EPCIS
from tests.adapters.formats.manifest.test_places import manifest
from tests.adapters.formats.schema_cases import AIR, CONTEXT, DEPARTED, sample
from tests.adapters.formats.test_times_and_kinds import FLAT
from tests.adapters.formats.ubl_invoice.test_lines import document as ubl
from tests.adapters.formats.wco.test_places import message as wco


def read(message: Any) -> ReadMessage:
    return read_message(message if isinstance(message, bytes) else json.dumps(message).encode())


def record_of(message: Any) -> Any:
    return read(message).entities[0].record


def rules(message: Any) -> set[str]:
    return {remark.rule for remark in record_of(message).remarks}


@pytest.mark.parametrize("field", ["TradeMode", "TrafMode", "TradeCountry", "GUnit"])
def test_a_code_of_a_declaration_that_no_list_has_is_remarked_on(field: str) -> None:
    unknown = {"TradeMode": "9999", "TrafMode": "V", "TradeCountry": "ZZZ", "GUnit": "999"}[field]
    start = IMPORT.index(f"<{field}>".encode())
    end = IMPORT.index(f"</{field}>".encode())
    body = IMPORT[: start + len(field) + 2] + unknown.encode() + IMPORT[end:]
    assert any(unknown in remark.text for remark in record_of(body).remarks if remark.rule == "unknown-code")


def test_a_country_that_customs_does_not_have_is_remarked_on_in_a_parcels_list() -> None:
    record = record_of(ceb("621", country="999"))
    assert isinstance(record, CustomsDeclaration)
    assert "country 999 is in no list" in {remark.text for remark in record.remarks}


@pytest.mark.parametrize(("unit", "kilograms"), [("TNE", "7.00000"), ("KGM", "7.00000"), ("GRM", "0.00700")])
def test_a_manifests_weight_is_in_the_unit_that_it_names(unit: str, kilograms: str) -> None:
    holder = f'<GoodsMeasure><GrossMassMeasure unitCode="{unit}">7</GrossMassMeasure></GoodsMeasure>'
    record = record_of(manifest(consignment=holder))
    assert isinstance(record, TransportDocument)
    gross = record.transport.gross if record.transport else None
    assert gross is not None
    assert (gross.value, gross.unit) == (kilograms, "TNE" if unit == "TNE" else "KGM")


def test_a_declarations_weights_are_in_the_unit_that_they_name() -> None:
    holder = '<GoodsShipment><Consignment><TotalGrossMassMeasure unitCode="TNE">3</TotalGrossMassMeasure></Consignment>'
    body = wco().replace(b"<GoodsShipment>", holder.encode(), 1)
    record = record_of(body)
    assert isinstance(record, CustomsDeclaration)
    gross = record.transport.gross if record.transport else None
    assert gross is not None
    assert (gross.value, gross.unit) == ("3.00000", "TNE")


@pytest.mark.parametrize(("code", "act"), [("1", "delete"), ("3", "delete"), ("4", "change"), ("5", "change")])
def test_a_manifest_is_cancelled_deleted_changed_or_replaced(code: str, act: str) -> None:
    body = manifest().replace(b"<FunctionCode>9", f"<FunctionCode>{code}".encode())
    record = record_of(body)
    assert isinstance(record, TransportDocument)
    assert record.transport_document.function == act
    assert read(body).entities[0].amends is not None


def test_a_manifests_function_that_does_nothing_we_know_is_refused_by_its_name() -> None:
    with pytest.raises(MalformedMessage, match="FunctionCode"):
        read(manifest().replace(b"<FunctionCode>9", b"<FunctionCode>13"))


@pytest.mark.parametrize(
    ("written", "utc", "day"),
    [("2026-03-02", None, "2026-03-02"), ("2026-03-02T09:00:00", "2026-03-02T01:00:00Z", None)],
)
def test_a_manifests_time_may_be_written_as_xml_schema_has_it(written: str, utc: str | None, day: str | None) -> None:
    place = f"<UnloadingLocation><ID>CNTXG</ID><ArrivalDateTime>{written}</ArrivalDateTime></UnloadingLocation>"
    record = record_of(manifest(consignment=place))
    assert isinstance(record, TransportDocument)
    assert record.transport is not None
    arrived = record.transport.arrived
    assert ((arrived.utc if arrived else None), record.transport.arrived_on) == (utc, day)


def epcis(**changed: Any) -> dict[str, Any]:
    document = copy.deepcopy(EPCIS)
    event: dict[str, Any] = document["epcisBody"]["eventList"][0]  # type: ignore[index]
    event.update(changed)
    return document


@pytest.mark.parametrize("form", ["{}", "urn:epcglobal:cbv:bizstep:{}", "https://ref.gs1.org/cbv/BizStep-{}"])
def test_a_business_step_is_one_in_whatever_form_it_is_written(form: str) -> None:
    record = record_of(epcis(bizStep=form.format("departing")))
    assert isinstance(record, LogisticsEvent)
    assert (record.event.code.value, record.event.code.known) == ("departing", True)


def test_a_business_step_of_another_vocabulary_is_kept_whole_and_marked() -> None:
    said = "https://tj.example/steps/tallied"
    record = record_of(epcis(bizStep=said))
    assert isinstance(record, LogisticsEvent)
    assert (record.event.code.value, record.event.code.known) == (said, False)


def test_a_bill_is_a_bill_in_whatever_form_its_type_is_written() -> None:
    named = [{"type": "https://ref.gs1.org/cbv/BTT-bol", "bizTransaction": "urn:epcglobal:cbv:bt:0614141073467:B9"}]
    assert [(found.kind, found.value) for found in read(epcis(bizTransactionList=named)).entities[0].lookup] == [
        ("transport_document", "B9")
    ]


def test_an_epcis_time_without_its_offset_is_read_with_a_remark() -> None:
    document = epcis(eventTime="2026-03-02T09:00:00+08:00")
    del document["epcisBody"]["eventList"][0]["eventTimeZoneOffset"]
    record = record_of(document)
    assert isinstance(record, LogisticsEvent)
    assert record.event.happened.utc == "2026-03-02T01:00:00Z"
    assert rules(document) == {"no-time-zone"}


def test_an_air_event_without_a_zone_is_in_the_time_of_its_airport() -> None:
    event = DEPARTED | {"eventDate": "2026-03-02T09:00:00", "eventLocation": {"locationCodes": [{"code": "PEK"}]}}
    record = record_of(event)
    assert isinstance(record, LogisticsEvent)
    assert record.event.happened.utc == "2026-03-02T01:00:00Z"
    assert rules(event) == {"local-time"}


def test_an_air_status_that_no_list_has_is_marked() -> None:
    record = record_of(DEPARTED | {"eventCode": "XYZ"})
    assert isinstance(record, LogisticsEvent)
    assert not record.event.code.known
    assert "unknown-code" in rules(DEPARTED | {"eventCode": "XYZ"})


def test_a_typed_number_is_a_number() -> None:
    weight = {"numericalValue": {"@type": "xsd:double", "@value": "700.5"}, "unit": "KGM"}
    record = record_of(AIR | {"shipment": {"totalGrossWeight": weight}})
    assert isinstance(record, TransportDocument)
    assert record.transport is not None
    assert record.transport.gross is not None
    assert record.transport.gross.value == "700.50000"


@pytest.mark.parametrize(
    ("more", "kind", "bill"),
    [
        ({"waybillType": "HOUSE", "masterWaybill": {"waybillPrefix": "999", "waybillNumber": "12345675"}},
         "house_air_waybill", "999-12345675_H1"),
        ({"masterWaybill": {"waybillPrefix": "999", "waybillNumber": "12345675"}},
         "house_air_waybill", "999-12345675_H1"),
        ({"waybillType": "HOUSE"}, "house_air_waybill", "H1"),
        ({}, "other", "H1"),
    ],
)  # fmt: skip
def test_a_waybill_is_no_air_waybill_by_default(more: dict[str, Any], kind: str, bill: str) -> None:
    record = record_of(CONTEXT | {"@type": "Waybill", "waybillNumber": "H1"} | more)
    assert isinstance(record, TransportDocument)
    assert (record.transport_document.kind, record.references[0].value) == (kind, bill)
    assert ("waybill-type" in {remark.rule for remark in record.remarks}) == (kind == "other")


def test_objects_of_a_graph_are_read_where_they_are_named() -> None:
    shipment = {"@id": "https://x/s", "@type": "Shipment", "totalGrossWeight": {"@id": "https://x/w"}}
    graph = [
        {"@id": "https://x/w", "@type": "Value", "numericalValue": 5, "unit": "KGM"},
        {"@type": "Waybill", "waybillPrefix": "999", "waybillNumber": "12345675", "shipment": {"@id": "https://x/s"}},
        shipment | {"waybill": {"@id": "https://x/none"}},
    ]
    first, second = read(CONTEXT | {"@graph": graph}).entities
    for entity in (first, second):
        assert isinstance(entity.record, TransportDocument)
        assert entity.record.transport is not None
        assert entity.record.transport.gross is not None
        assert entity.record.transport.gross.value == "5.00000"


def test_a_graph_that_names_itself_ends() -> None:
    shipment = {"@id": "https://x/s", "@type": "Shipment", "waybill": {"@id": "https://x/b"}}
    waybill = {"@id": "https://x/b", "@type": "Waybill", "waybillNumber": "B", "shipment": {"@id": "https://x/s"}}
    assert len(read(CONTEXT | {"@graph": [shipment, waybill]}).entities) == 2


@pytest.mark.parametrize("name", ["event", "payload", "content", "data"])
def test_a_carriers_wrapper_says_nothing_of_the_version(name: str) -> None:
    assert read({"metadata": {"type": "x"}, name: FLAT}).kind == "DCSA-TNT-2.2"


@pytest.mark.parametrize("code", ["380", "381", "384", "325", "999"])
def test_an_invoices_kind_that_no_list_has_is_marked(code: str) -> None:
    body = ubl(head=f"<cbc:InvoiceTypeCode>{code}</cbc:InvoiceTypeCode>")
    record = record_of(body)
    assert isinstance(record, TaxInvoice)
    assert record.invoice.kind is not None
    assert record.invoice.kind.known == (code != "999")
    assert ("unknown-code" in rules(body)) == (code == "999")


def test_a_copy_says_that_it_is_one() -> None:
    assert rules(ubl(head="<cbc:CopyIndicator>true</cbc:CopyIndicator>")) == {"copy"}
    assert rules(ubl(head="<cbc:CopyIndicator>false</cbc:CopyIndicator>")) == set()


def test_exempt_goods_have_stars_for_their_tax() -> None:
    body = einvoice(line="<TaxRate>免税</TaxRate>").replace(b"13.00</ComTaxAm>", b"***</ComTaxAm>")
    record = record_of(body.replace(b"13.00</TotalTaxAm>", b"***</TotalTaxAm>"))
    assert isinstance(record, TaxInvoice)
    assert record.invoice.tax is None
    assert record.taxes is not None
    assert [(line.code and line.code.value, line.amount) for line in record.taxes.lines] == [("免税", None)]


def test_what_is_not_read_keeps_its_unit_and_currency() -> None:
    record = record_of(manifest(consignment='<ValueAmount currencyID="USD">5</ValueAmount>'))
    assert "ValueAmount: 5 [currencyID=USD]" in {remark.text for remark in record.remarks}


def test_a_gate_pass_is_no_passport() -> None:
    texts = {remark.text for remark in record_of(sample("bonded_zone", "pass.xml")).remarks}
    assert any(text.endswith("PassportHead/VehicleWt: 13000") for text in texts)
