"""Export rebates and fully digital invoices."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal

import pytest

from adapters.registry import read_message
from chain.errors import MalformedMessage
from chain.records import TaxInvoice, TaxRebate

Told = Callable[[str, str], list[bytes]]


def _rebate(told: Told, **changes: object) -> bytes:
    value = json.loads(told("export_rebate", "ExportRebate")[0])
    value["mx"][0].update(changes)
    return json.dumps(value).encode()


def test_a_rebate_claims_the_items_of_its_declaration(told: Told) -> None:
    entities = read_message(told("export_rebate", "ExportRebate")[0]).entities
    assert len(entities) == 1
    record = entities[0].record
    assert isinstance(record, TaxRebate)
    assert {str(line.declaration)[:18] for line in record.rebate.lines} == {entities[0].lookup[0].value}
    assert record.rebate.total is not None
    total = sum(Decimal(line.rebate.value) for line in record.rebate.lines if line.rebate)
    assert total == Decimal(record.rebate.total.value)
    assert not record.remarks


def test_lines_of_two_declarations_are_two_records(told: Told) -> None:
    entities = read_message(_rebate(told, ckbgdh="010120260000000017001")).entities
    assert entities[0].lookup[0].value == "010120260000000017"
    assert len(entities) == 2


def test_a_rebate_that_is_not_fob_times_rate_is_kept_with_a_remark(told: Told) -> None:
    record = read_message(_rebate(told, mdtse="1.00")).entities[0].record
    assert record is not None
    assert [remark.rule for remark in record.remarks] == ["rebate-amount"]


def test_a_line_that_takes_a_claim_back_is_below_zero(told: Told) -> None:
    changes = {"cksl": "-20.000001", "cjzj": "-1000.00", "rmblaj": "-7082.50", "mylaj": "-1000.00", "mdtse": "-920.73"}
    record = read_message(_rebate(told, **changes, tsl="0.13", zssl="0.13")).entities[0].record
    assert isinstance(record, TaxRebate)
    line = record.rebate.lines[0]
    assert line.quantity is not None
    assert line.fob_cny is not None
    assert (line.quantity.value, line.fob_cny.value) == ("-20.00000", "-7082.50")
    assert type(record).from_sections(record.to_sections()) == record
    assert {remark.rule for remark in record.remarks} == {"rounded"}


@pytest.mark.parametrize(
    ("member", "value"),
    [("ckbgdh", "010120260000000017"), ("tsl", "0.17"), ("rmblaj", "one"), ("ckrq", "2026-02-30"), ("sbxh", 0)],
)
def test_a_rebate_line_with_a_wrong_member_is_refused_by_its_name(told: Told, member: str, value: object) -> None:
    with pytest.raises(MalformedMessage) as refusal:
        read_message(_rebate(told, **{member: value}))
    assert refusal.value.faults[0].field.endswith(f"mx[1]/{member}")


def test_an_e_invoice_keeps_number_parties_and_totals(told: Told) -> None:
    record = read_message(told("export_rebate", "EInvoice")[0]).entities[0].record
    assert isinstance(record, TaxInvoice)
    assert len(record.invoice.number) == 20
    assert [party.uscc is not None for party in record.parties] == [True, True]
    assert record.invoice.kind is not None
    assert record.invoice.kind.value == "01"
    assert record.taxes is not None
    tax = sum(Decimal(line.amount.value) for line in record.taxes.lines if line.amount)
    assert record.invoice.tax is not None
    assert tax == Decimal(record.invoice.tax.value)
    assert not record.remarks


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (b"<InvoiceNumber>26", b"<InvoiceNumber>2", "20 digits"),
        (b"<IssueTime>2026-03", b"<IssueTime>2026-13", "ISO 8601"),
        (b"<TotalTaxAm>", b"<TotalTaxAm>x", "TotalTaxAm"),
    ],
)
def test_an_e_invoice_with_a_wrong_element_is_refused(told: Told, old: bytes, new: bytes, said: str) -> None:
    body = told("export_rebate", "EInvoice")[0]
    assert old in body
    with pytest.raises(MalformedMessage, match=said):
        read_message(body.replace(old, new))
