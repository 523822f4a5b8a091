"""Certificates of origin from a spreadsheet: what the paper says, each fault by its row."""

from __future__ import annotations

import csv
import io

import pytest

from adapters.registry import read_message
from chain.errors import MalformedMessage
from chain.records.trade import TradeCertificate
from tests.adapters.formats.schema_cases import sample
from tests.adapters.formats.tax.workbooks import sheet_of, workbook

CSV = sample("certificate_sheet", "certificate.csv").decode()


def certificate(text: str) -> TradeCertificate:
    record = read_message(text.encode()).entities[0].record
    assert isinstance(record, TradeCertificate)
    return record


def test_a_certificate_says_goods_origin_agreement_and_invoice() -> None:
    record = certificate(CSV)
    head = record.certificate
    assert (head.number, head.kind and head.kind.value, head.origin) == ("RCEP-DE-2026-0188", "RCEP", "KR")
    assert (head.issued_on, head.expires_on, head.invoices) == ("2026-02-27", "2027-02-26", ("INV2603020001",))
    (item,) = record.goods_items
    assert item.quantity is not None
    assert item.total is not None
    assert (item.hs, item.quantity.value, item.total.value, item.origin) == ("848180", "40.00000", "10000.00", "KR")
    assert [(document.kind.value, document.number) for document in record.documents] == [("RVC", "item 1")]
    assert [party.role for party in record.parties] == ["exporter", "seller", "importer", "other"]
    assert not record.remarks
    assert type(record).from_sections(record.to_sections()) == record


def test_a_certificate_is_found_by_its_number_and_the_bill() -> None:
    assert [(found.kind, found.value) for found in read_message(CSV.encode()).entities[0].lookup] == [
        ("cop", "RCEP-DE-2026-0188"),
        ("origin_certificate", "RCEP-DE-2026-0188"),
        ("transport_document", "BHLPUS0188"),
    ]


def test_a_workbook_says_what_the_sheet_says() -> None:
    book = workbook(sheet_of(list(csv.reader(io.StringIO(CSV)))))
    record = read_message(book).entities[0].record
    assert isinstance(record, TradeCertificate)
    assert record.certificate == certificate(CSV).certificate


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ("number,RCEP-DE-2026-0188", "number,", "number"),
        ("issued_on,2026-02-27", "issued_on,27.02.2026", "row 4 (issued_on)"),
        ("agreement,RCEP", "agrement,RCEP", "row 3"),
        ("exporter,Busan Valve Co.", "exporter,", "row 16 (exporter)"),
        (",KR\n", ",Korea\n", "row 21 (origin)"),
        ("line,hs,name,criterion", "line,hs,name,critereon", "row 20"),
    ],
)
def test_a_fault_is_named_by_its_row(old: str, new: str, where: str) -> None:
    assert old in CSV
    with pytest.raises(MalformedMessage) as refused:
        read_message(CSV.replace(old, new).encode())
    assert where in [fault.field for fault in refused.value.faults]


def test_a_value_without_its_currency_is_remarked_on() -> None:
    record = certificate(CSV.replace("currency,USD", "currency,"))
    assert [remark.rule for remark in record.remarks] == ["currency"]
    assert record.goods_items[0].total is None
