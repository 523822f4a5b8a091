"""UBL invoices and duty payment certificates."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal

import pytest

from adapters.registry import read_message
from chain.errors import MalformedMessage
from chain.records import TaxInvoice, TaxPayment
from tests.samples import samples_dir

Told = Callable[[str, str], list[bytes]]


def _certificates(told: Told, **changes: object) -> bytes:
    value = json.loads(told("air_import", "DutyPayment")[0])
    value["certificates"][0].update(changes)
    return json.dumps(value).encode()


def test_an_invoice_keeps_parties_lines_terms_and_totals(told: Told) -> None:
    record = read_message(told("air_import", "UBL Invoice")[0]).entities[0].record
    assert isinstance(record, TaxInvoice)
    assert [party.role for party in record.parties] == ["seller", "buyer"]
    assert record.parties[1].uscc is not None
    assert record.invoice.payable is not None
    total = sum(Decimal(item.total.value) for item in record.goods_items if item.total)
    assert total == Decimal(record.invoice.payable.value)
    assert record.valuation is not None
    assert record.valuation.terms is not None
    assert record.valuation.terms.value == "CIF"
    assert not record.remarks


def test_an_invoice_whose_lines_do_not_add_up_is_kept_with_a_remark(told: Told) -> None:
    body = told("air_import", "UBL Invoice")[0]
    start = body.index(b"<cbc:LineExtensionAmount")
    end = body.index(b"</cbc:LineExtensionAmount>")
    wrong = body[:start] + b'<cbc:LineExtensionAmount currencyID="USD">1.00' + body[end:]
    record = read_message(wrong).entities[0].record
    assert record is not None
    assert [remark.rule for remark in record.remarks] == ["line-total"]


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        (b"<cbc:IssueDate>2026-03-02</cbc:IssueDate>", b"", "Invoice/IssueDate"),
        (b"<cbc:IssueDate>2026-03-02", b"<cbc:IssueDate>2026-02-30", "Invoice/IssueDate"),
        (b'<cbc:PayableAmount currencyID="USD">', b"<cbc:PayableAmount>", "Invoice/LegalMonetaryTotal/PayableAmount"),
    ],
)
def test_an_invoice_without_what_it_needs_is_refused(told: Told, old: bytes, new: bytes, place: str) -> None:
    body = told("air_import", "UBL Invoice")[0]
    assert old in body
    with pytest.raises(MalformedMessage) as refusal:
        read_message(body.replace(old, new))
    assert refusal.value.faults[0].field.startswith(place)


def test_a_certificate_keeps_its_declaration_taxes_and_payment(told: Told) -> None:
    entities = read_message(told("air_import", "DutyPayment")[0]).entities
    records = [entity.record for entity in entities]
    assert [record.taxes.lines[0].kind for record in records if isinstance(record, TaxPayment)] == ["duty", "vat"]
    for entity in entities:
        assert isinstance(entity.record, TaxPayment)
        assert entity.record.tax_payment.certificate.startswith(str(entity.record.tax_payment.declaration))
        assert entity.lookup[0].kind == "declaration"
        assert not entity.record.remarks


def test_a_certificate_of_another_declaration_is_refused(told: Told) -> None:
    with pytest.raises(MalformedMessage, match="embeds the number of its declaration"):
        read_message(_certificates(told, declarationNumber="010120261000000017"))


def test_a_certificate_whose_letter_is_another_tax_is_refused(told: Told) -> None:
    with pytest.raises(MalformedMessage, match="letter of its tax"):
        read_message(_certificates(told, taxType="Y"))


def test_a_certificate_that_does_not_add_up_is_kept_with_a_remark(told: Told) -> None:
    record = read_message(_certificates(told, amount="1.00")).entities[0].record
    assert record is not None
    assert [remark.rule for remark in record.remarks] == ["tax-total"]


@pytest.mark.parametrize(
    ("member", "value"),
    [("amount", "-1.00"), ("amount", "1e3.5"), ("paidAt", "2026-03-02T25:00:00"), ("currency", "¥")],
)
def test_a_certificate_with_a_wrong_member_is_refused_by_its_name(told: Told, member: str, value: str) -> None:
    with pytest.raises(MalformedMessage) as refusal:
        read_message(_certificates(told, **{member: value}))
    assert [fault.field for fault in refusal.value.faults] == [f"duty-payment-certificate/certificates[1]/{member}"]


@pytest.mark.samples
def test_the_standards_own_invoice_is_read() -> None:
    read = read_message((samples_dir() / "ubl" / "UBL-Invoice-2.1-Example-Trivial.xml").read_bytes())
    assert isinstance(read.entities[0].record, TaxInvoice)
