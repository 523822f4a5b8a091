"""Fully digital invoices: red letters, remarks, rates in words, long decimals."""

from __future__ import annotations

from functools import reduce

import pytest

from adapters.formats.efapiao import tables
from adapters.registry import read_message
from chain.errors import MalformedMessage
from chain.records import TaxInvoice

NUMBER, BLUE, SHEET = "26312000000000000031", "26312000000000000030", "31010826031000000007"


def nested(path: str, text: str) -> str:
    return reduce(lambda inner, name: f"<{name}>{inner}</{name}>", reversed(path.split("/")), text)


def body(*, issue: str = "Y", line: str = "", more: str = "", gross: str = "113.00", red: str = "") -> bytes:
    sign = "-" if gross.startswith("-") else ""
    return (
        f"<EInvoice><Header><InherentLabel><InIssuType><LabelCode>{issue}</LabelCode></InIssuType></InherentLabel>"
        "</Header><EInvoiceData><SellerInformation><SellerName>甲</SellerName></SellerInformation>"
        "<BuyerInformation><BuyerName>乙</BuyerName></BuyerInformation><BasicInformation>"
        f"<TotalAmWithoutTax>{sign}100.00</TotalAmWithoutTax><TotalTaxAm>{sign}13.00</TotalTaxAm>"
        f"<TotalTax-includedAmount>{gross}</TotalTax-includedAmount></BasicInformation>"
        f"<IssuItemInformation><ItemName>轴承</ItemName><MeaUnits>个</MeaUnits><Amount>{sign}100.00</Amount>"
        f"<ComTaxAm>{sign}13.00</ComTaxAm>{line}</IssuItemInformation>"
        f"<SpecificInformation>{red}</SpecificInformation></EInvoiceData>{more}<TaxSupervisionInfo>"
        f"<InvoiceNumber>{NUMBER}</InvoiceNumber><IssueTime>2026-04-01 10:00:00</IssueTime></TaxSupervisionInfo>"
        "</EInvoice>"
    ).encode()


def invoice(message: bytes) -> TaxInvoice:
    record = read_message(message).entities[0].record
    assert isinstance(record, TaxInvoice)
    return record


def rules(record: TaxInvoice) -> set[str]:
    return {remark.rule for remark in record.remarks}


@pytest.mark.parametrize("name", tables.CORRECTED)
@pytest.mark.parametrize("sheet", tables.CONFIRMATION)
def test_a_red_invoice_keeps_its_sign_the_blue_one_and_the_sheet(name: str, sheet: str) -> None:
    red = f"<RedEInvoice><{name}>{BLUE}</{name}><{sheet}>{SHEET}</{sheet}></RedEInvoice>"
    record = invoice(body(issue="N", gross="-113.00", line="<Quantity>-1</Quantity>", red=red))
    assert record.invoice.corrects == (BLUE,)
    assert record.goods_items[0].quantity is not None
    assert record.goods_items[0].quantity.value == "-1.00000"
    assert record.invoice.gross is not None
    assert record.invoice.gross.value == "-113.00"
    assert ("cn-einvoice-issue", "N") in {(flag.system, flag.value) for flag in record.invoice.flags}
    assert [document.number for document in record.documents] == [SHEET]
    assert rules(record) == set()


def test_a_red_invoice_whose_note_alone_names_the_blue_one_keeps_the_link() -> None:
    note = nested(
        tables.NOTE[0].removeprefix("EInvoiceData/"), f"被红冲蓝字数电票号码：{BLUE} 红字发票信息确认单编号：{SHEET}"
    )
    message = body(issue="N", gross="-113.00").replace(b"</EInvoiceData>", f"{note}</EInvoiceData>".encode())
    record = invoice(message)
    assert record.invoice.corrects == (BLUE,)
    assert [document.number for document in record.documents] == [SHEET]


@pytest.mark.parametrize(
    ("issue", "gross", "rule"),
    [("N", "113.00", "red-letter-sign"), ("Y", "-113.00", "red-letter-sign"), ("N", "-113.00", "red-letter-original")],
)
def test_a_sign_that_does_not_fit_its_label_is_remarked_on(issue: str, gross: str, rule: str) -> None:
    assert rule in rules(invoice(body(issue=issue, gross=gross)))


def test_a_label_of_no_list_is_kept_and_marked() -> None:
    record = invoice(body(issue="Q"))
    assert ("Q", False) in {(flag.value, flag.known) for flag in record.invoice.flags}
    assert "unknown-code" in rules(record)


@pytest.mark.parametrize("path", tables.NOTE)
def test_the_remark_is_read_at_each_place_and_the_declaration_in_it_is_asked_for(path: str) -> None:
    said = nested(path.removeprefix("EInvoiceData/"), "报关单号010120261000000017 合同号HT-9")
    if path.startswith("EInvoiceData/BasicInformation/"):
        message = body().replace(b"</BasicInformation>", said.removeprefix("<BasicInformation>").encode())
    else:
        message = body().replace(b"</EInvoiceData>", f"{said}</EInvoiceData>".encode())
    entity = read_message(message).entities[0]
    assert isinstance(entity.record, TaxInvoice)
    assert entity.record.invoice.note == "报关单号010120261000000017 合同号HT-9"
    assert ("declaration", "010120261000000017") in {(found.kind, found.value) for found in entity.lookup}
    assert "declaration" not in {found.kind for found in entity.record.references}


@pytest.mark.parametrize(
    ("said", "rate", "words"),
    [("0.13", "0.130000", None), ("13%", "0.130000", None), ("免税", None, "免税"), ("不征税", None, "不征税")],
)
def test_a_rate_is_a_fraction_or_the_words_that_stand_for_it(said: str, rate: str | None, words: str | None) -> None:
    record = invoice(body(line=f"<TaxRate>{said}</TaxRate>"))
    assert record.taxes is not None
    (line,) = record.taxes.lines
    assert (line.rate, line.code.value if line.code else None) == (rate, words)


def test_a_price_and_a_quantity_of_thirteen_decimals_are_rounded_with_a_remark() -> None:
    record = invoice(body(line="<Quantity>3.1234567890123</Quantity><UnPrice>32.0158730158730</UnPrice>"))
    item = record.goods_items[0]
    assert item.quantity is not None
    assert item.unit_price is not None
    assert (item.quantity.value, item.unit_price.value) == ("3.12346", "32.01587")
    assert rules(record) == {"rounded"}


def test_an_invoice_without_a_number_is_refused() -> None:
    with pytest.raises(MalformedMessage, match="InvoiceNumber"):
        read_message(body().replace(f"<InvoiceNumber>{NUMBER}</InvoiceNumber>".encode(), b""))


@pytest.mark.parametrize(
    ("written", "utc", "day"),
    [
        ("2026-04-01 10:00:00", "2026-04-01T02:00:00Z", None),
        ("2026/4/1 9:05:00", "2026-04-01T01:05:00Z", None),
        ("2026年04月01日 10:00:00", "2026-04-01T02:00:00Z", None),
        ("20260401100000", "2026-04-01T02:00:00Z", None),
        ("2026-04-01", None, "2026-04-01"),
        ("2026/4/1", None, "2026-04-01"),
        ("20260401", None, "2026-04-01"),
    ],
)
def test_a_time_of_issue_is_read_in_each_way_it_is_printed_and_a_day_stays_a_day(
    written: str, utc: str | None, day: str | None
) -> None:
    head = invoice(body().replace(b"2026-04-01 10:00:00", written.encode())).invoice
    assert (head.issued.utc if head.issued else None, head.issued_on) == (utc, day)
