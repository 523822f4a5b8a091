"""What others' examples say beside the main facts, and that their records keep it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from adapters.registry import read_message
from tests.adapters.formats.customs.test_dec import RESULT
from tests.adapters.formats.logistics.test_later_formats import EPCIS, MANIFEST
from tests.samples import samples_dir


def sections(message: bytes) -> dict[str, Any]:
    """The sections of the message's first record, single elements unpacked."""
    record = read_message(message).entities[0].record
    assert record is not None
    said: dict[str, Any] = record.to_sections()
    return {name: value[0] if len(value) == 1 else value for name, value in said.items()}


def at(said: Any, path: str) -> Any:
    """What stands at a dotted path; None where nothing does."""
    for step in path.split("."):
        said = said[int(step)] if isinstance(said, list) else (said or {}).get(step)
    return said


@pytest.mark.samples
@pytest.mark.parametrize(
    ("name", "path", "value"),
    [
        ("wco/TT_IM017a/01._DMSACC.xml", "status.effective.utc", "2021-07-19T14:55:33Z"),
        ("wco/TT_EX011a/05_DMSEOG.xml", "status.effective.said", "20240116000000Z"),
        ("wco/TT_EX011a/03_DMSRES.xml", "status.flags.0", {"system": "wco-declaration-version", "value": "2"}),
        ("wco/TT_EX011a/03_DMSRES.xml", "status.notes.0.code.value", "16"),
        ("wco/TT_IM001a/Step1_TT_IM001a.xml", "declaration.flags.0", {"system": "wco-agent-function", "value": "2"}),
        ("wco/TT_IM001a/Step1_TT_IM001a.xml", "documents.0.kind", {"system": "wco-authorisation", "value": "CGU"}),
        ("edifact/D95BCOARRI.edi", "event.container.tare.value", "4000.00000"),
        ("edifact/D95BCOARRI.edi", "transport.loading.unlocode", "TRKMX"),
        ("edifact/D95BCOARRI.edi", "event.direction", "I"),
        ("dcsa/vgm-100.json", "transport.conveyance.name", "King of the Seas"),
        ("dcsa/vgm-100.json", "transport.discharge.unlocode", "NLAMS"),
        ("dcsa/vgm-100.json", "weight.place.code.value", "ADT"),
        ("dcsa/tnt-220-response.json", "event.place.code.value", "ADT"),
        ("dcsa/tnt-220-response.json", "event.reason", "delay WEA; Bad weather"),
        ("ubl/UBL-Waybill-2.0-Example-International.xml", "goods_items.origin", "MX"),
        ("ubl/UBL-Waybill-2.0-Example-International.xml", "goods_items.customs_value.value", "524.80"),
        ("ubl/UBL-Waybill-2.0-Example-International.xml", "transport.country_destination", "GB"),
        ("ubl/UBL-Waybill-2.0-Example-International.xml", "transport.volume.unit", "MTQ"),
        ("epcis/Example_9.6.3-AggregationEvent.jsonld", "event.action", "OBSERVE"),
        ("epcis/Example_9.6.3-AggregationEvent.jsonld", "event.disposition.value", "in_progress"),
        (
            "epcis/ErrorDeclarationAndCorrectiveEvent.jsonld",
            "event.corrected_by.0",
            "urn:uuid:404d95fc-9457-4a51-bd6a-0bba133845a8",
        ),
    ],
)
def test_an_example_keeps(name: str, path: str, value: object) -> None:
    assert at(sections((samples_dir() / name).read_bytes()), path) == value


def test_an_epcis_time_keeps_the_zone_of_the_place_where_it_is_another() -> None:
    event = json.loads(json.dumps(EPCIS))
    event["epcisBody"]["eventList"][0]["eventTime"] = "2026-03-02T01:00:00Z"
    happened = at(sections(json.dumps(event).encode()), "event.happened")
    assert happened == {"utc": "2026-03-02T01:00:00Z", "said": "2026-03-02T01:00:00Z (+08:00)"}


def test_an_epcis_transaction_that_is_no_reference_is_a_document() -> None:
    event = json.loads(json.dumps(EPCIS))
    event["epcisBody"]["eventList"][0]["bizTransactionList"].append({"type": "desadv", "bizTransaction": "urn:x:1152"})
    documents = sections(json.dumps(event).encode())["documents"]
    assert documents == [{"kind": {"system": "cbv-btt", "value": "desadv"}, "number": "urn:x:1152"}]


def test_a_result_keeps_its_office_and_days() -> None:
    more = "<I_E_DATE>2026-03-01</I_E_DATE><D_DATE>20260302</D_DATE></DEC_RESULT>"
    said = sections(RESULT.format(channel="P").replace("</DEC_RESULT>", more).encode())
    assert at(said, "status.office.value") == "0101"
    assert at(said, "status.declared_on") == "2026-03-02"
    assert at(said, "transport.crossed_on") == "2026-03-01"


def test_a_manifests_vessel_is_known_by_its_imo_number_and_its_mode_is_not_the_declarations() -> None:
    conveyance = at(sections(MANIFEST.format(function=9).encode()), "transport.conveyance")
    assert conveyance["imo"] == "9321483"
    assert conveyance["mode"] == {"system": "cn-manifest-mode", "value": "1"}


def test_a_payable_that_is_not_the_assessed_tax_is_kept_beside_it() -> None:
    body = (samples_dir() / "wco/TT_IM001a/02_DMSTAX.xml").read_bytes()
    lower = body.replace(b'<PaymentAmount currencyID="GBP">20.00', b'<PaymentAmount currencyID="GBP">5.00')
    first = at(sections(lower), "taxes.lines.0")
    assert (first["amount"]["value"], at(first, "payable.value")) == ("20.00", "5.00")
