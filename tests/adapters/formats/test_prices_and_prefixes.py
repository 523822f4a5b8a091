"""Over several readers: prices for other units than those that are billed, and names under other prefixes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from adapters.formats import cii_invoice
from adapters.registry import read_message
from chain.errors import MalformedMessage
from chain.records import LogisticsEvent, TaxInvoice
from tests.adapters.formats.ubl_invoice.test_lines import document

CII = (Path(cii_invoice.__file__).parent / "samples" / "invoice.xml").read_text()
CII_BASE = '<ram:BasisQuantity unitCode="H87">10<'
UBL = document().decode()


def invoice(kind: str, unit: str, base: str) -> TaxInvoice:
    if kind == "CII":
        body = CII.replace(CII_BASE, f'<ram:BasisQuantity unitCode="{unit}">{base}<')
    else:
        price = f'<cbc:BaseQuantity unitCode="{unit}">{base}</cbc:BaseQuantity></cac:Price>'
        body = UBL.replace("</cac:Price>", price)
    record = read_message(body.encode()).entities[0].record
    assert isinstance(record, TaxInvoice)
    return record


@pytest.mark.parametrize("kind", ["CII", "UBL"])
@pytest.mark.parametrize("unit", ["H87", "C62", "EA"])
def test_a_price_for_pieces_is_that_of_one_piece(kind: str, unit: str) -> None:
    price = invoice(kind, unit, "10").goods_items[0].unit_price
    assert price is not None
    assert price.value == {"CII": "125.00", "UBL": "1.00"}[kind]


@pytest.mark.parametrize("kind", ["CII", "UBL"])
def test_a_price_for_another_unit_than_the_billed_one_is_told_and_not_kept(kind: str) -> None:
    record = invoice(kind, "KGM", "10")
    assert record.goods_items[0].unit_price is None
    assert any("10 KGM" in remark.text for remark in record.remarks if remark.rule == "price-base")


@pytest.mark.parametrize("kind", ["CII", "UBL"])
@pytest.mark.parametrize("base", ["0", "-10"])
def test_a_price_for_none_or_fewer_is_refused(kind: str, base: str) -> None:
    with pytest.raises(MalformedMessage, match="above zero"):
        invoice(kind, "C62", base)


@pytest.mark.parametrize("prefix", ["cargo", "c", "iata"])
def test_a_one_record_event_is_read_under_whatever_prefix_its_context_binds(prefix: str) -> None:
    event = {
        "@context": {prefix: "https://onerecord.iata.org/ns/cargo#"},
        "@type": f"{prefix}:LogisticsEvent",
        f"{prefix}:eventCode": {"@id": "https://onerecord.iata.org/ns/coreCodeLists#StatusCode_DEP"},
        f"{prefix}:eventDate": "2026-03-02T01:00:00Z",
        f"{prefix}:eventTimeType": {"@id": f"{prefix}:ACTUAL"},
    }
    record = read_message(json.dumps(event).encode()).entities[0].record
    assert isinstance(record, LogisticsEvent)
    assert (record.event.classifier, record.event.happened.utc) == ("ACT", "2026-03-02T01:00:00Z")
