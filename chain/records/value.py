"""What the goods cost, and the taxes on them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from chain.identifiers import HsCode
from chain.records.scalars import (
    Amount,
    Code,
    Day,
    Instant,
    Many,
    Part,
    Quantity,
    Rate,
    Text,
    Token,
)

ItemOrdinal = Annotated[int, Field(ge=1, le=999)]
"""Number of a goods item in its record, from 1."""


class Charge(Part):
    """Freight, insurance or another charge, as a rate, per unit or in total."""

    mark: Literal["rate", "unit", "total"]
    """How it is said (`FeeMark` 1 率, 2 单价, 3 总价)."""
    rate: Rate | None = None
    """For `rate`: the fraction of the price."""
    amount: Amount | None = None
    """For `unit` and `total`: the amount, per tonne or in all; negative where it is taken off."""

    @model_validator(mode="after")
    def _rate_or_amount(self) -> Charge:
        if (self.mark == "rate") != (self.rate is not None) or (self.mark == "rate") == (self.amount is not None):
            raise ValueError("a rate has a rate, the others an amount")
        return self


class ExchangeRate(Part):
    """What one unit of a currency was counted as."""

    currency: Token
    """ISO 4217 alphabetic code."""
    rate: Rate
    """Units of the customs' own currency for one, 6 digits behind the point."""


class Valuation(Part):
    """What the goods cost and on which terms."""

    terms: Code | None = None
    """Terms of delivery (`cn-trans-mode`: 1 CIF, 2 C&F, 3 FOB ...; `incoterms`)."""
    terms_place: Text | None = None
    """Named place of the terms."""
    freight: Charge | None = None
    """Freight (运费)."""
    insurance: Charge | None = None
    """Insurance (保费)."""
    other: Charge | None = None
    """Other charges (杂费); an amount below zero is a deduction."""
    total: Amount | None = None
    """Price of all goods."""
    invoice_total: Amount | None = None
    """Total of the invoice (WCO InvoiceAmount)."""
    customs_value: Amount | None = None
    """Value for duty of the whole (完税价格)."""
    exchange: Many[ExchangeRate] = ()
    """Exchange rates used."""
    promises: Many[Code] = ()
    """Statements on the price (价格说明): special relation, influence, royalties, formula, provisional."""


TaxKind = Literal[
    "duty", "vat", "consumption", "anti_dumping", "countervailing", "safeguard", "late_fee", "fee", "other"
]
"""Kind of a tax: customs duty (关税), import VAT (增值税), consumption tax (消费税), anti-dumping (反倾销税) ..."""


class TaxLine(Part):
    """One tax on one item, or on the whole."""

    kind: TaxKind
    """Which tax."""
    code: Code | None = None
    """The tax in the source's own list (`wco-duty-type`: A00, B00; `cn-tax`: A, L, Y, I)."""
    item: ItemOrdinal | None = None
    """Ordinal of the goods item; None for the whole."""
    hs: HsCode | None = None
    """Tariff code, where the line says it."""
    base: Amount | None = None
    """Value that the rate applies to."""
    quantity: Quantity | None = None
    """Quantity that a specific rate applies to."""
    rate: Rate | None = None
    """Ad valorem rate as a fraction: 13 % is `0.130000`."""
    specific: Amount | None = None
    """Specific rate: amount for one unit of `quantity`."""
    amount: Amount | None = None
    """The tax, to 0.01 or as said."""
    deducted: Amount | None = None
    """Relief taken off."""
    payable: Amount | None = None
    """What is to be paid of it (WCO PaymentAmount), where that is another amount."""
    payment: Code | None = None
    """Way of payment or guarantee."""


class Taxes(Part):
    """Taxes assessed or paid."""

    lines: Many[TaxLine] = ()
    """Every tax, item by item where the source says so."""
    total: Amount | None = None
    """Sum of all taxes."""
    bill: Text | None = None
    """Number of the tax bill (taxNo)."""
    certificate: Text | None = None
    """Number of the duty payment certificate (缴款书编号, entDutyNo), which embeds the declaration number."""
    guarantee: Text | None = None
    """Number of the guarantee (assureCode)."""
    state: Code | None = None
    """State of the bill (`ceb-tax-status`: 1 已生成, 2 已汇总, 3 作废)."""
    issued: Instant | None = None
    """When the bill was issued."""
    due_on: Day | None = None
    """Last day of payment; 15 days after the issue."""
    paid: Instant | None = None
    """When it was paid."""
    paid_amount: Amount | None = None
    """What was paid."""
    bank_serial: Text | None = None
    """The bank's number of the payment."""
