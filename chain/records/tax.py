"""Tax records: invoices, assessed and paid duties, export rebates."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from chain.identifiers import HsCode
from chain.records.base import Record
from chain.records.scalars import (
    Amount,
    Code,
    Day,
    Function,
    Instant,
    Many,
    Note,
    Part,
    Rate,
    SignedQuantity,
    Text,
    Token,
)
from chain.records.sections import GoodsItem, InvoiceLine, ItemOrdinal, Party, Taxes, Transport, Valuation
from chain.records.value import ExchangeRate
from chain.sdjwt import GOODS_ITEMS_MAX


class InvoiceHead(Part):
    """What an invoice says about itself."""

    number: Text
    """Invoice number; 20 digits for a fully digital one (数电票)."""
    kind: Code | None = None
    """Kind (`uncl-1001` 380 commercial invoice; `cn-einvoice-label` 01 special VAT, 02 general)."""
    issued: Instant | None = None
    """When it was issued."""
    issued_on: Day | None = None
    """Day of issue, where the source gives days."""
    due_on: Day | None = None
    """Day on which payment is due."""
    order: Text | None = None
    """Order that it bills."""
    contract: Text | None = None
    """Contract that it bills."""
    corrects: Many[Text] = ()
    """Invoices that it corrects or reverses (红字)."""
    flags: Many[Code] = ()
    """Other marks (`cn-einvoice-issue`: Y blue, N red; `ubl-profile` ...)."""
    currency: Token | None = None
    """ISO 4217 alphabetic code of the document."""
    lines_total: Amount | None = None
    """Sum of the lines (LineExtensionAmount)."""
    net: Amount | None = None
    """Total without tax."""
    tax: Amount | None = None
    """Total of tax."""
    gross: Amount | None = None
    """Total with tax."""
    payable: Amount | None = None
    """What is to be paid."""
    note: Note | None = None
    """Note."""


class TaxInvoice(Record):
    """An invoice: UBL, fully digital e-invoice (数电票)."""

    TYPE: ClassVar[str] = "tax.invoice"

    invoice: InvoiceHead
    """What it says about itself."""
    parties: Many[Party] = ()
    """Seller and buyer."""
    goods_items: Annotated[Many[InvoiceLine], Field(max_length=GOODS_ITEMS_MAX)] = ()
    """The lines, one disclosure each."""
    transport: Transport | None = None
    """How the goods travel."""
    valuation: Valuation | None = None
    """Terms of delivery."""
    taxes: Taxes | None = None
    """Tax by rate or line."""


class AssessmentHead(Part):
    """What a tax bill says about itself."""

    number: Text | None = None
    """Number of the bill (taxNo)."""
    said: Instant | None = None
    """When customs said this of it (returnTime), where that is not the day of issue: a change of its state."""
    guid: Text | None = None
    """Id of this statement."""
    function: Function = "new"
    """Whether the bill is new, changed (CEB818) or void."""
    declaration: Text | None = None
    """Declaration or list that it is for (invtNo)."""
    order: Text | None = None
    """Order number."""
    waybill: Text | None = None
    """Waybill number."""
    office: Code | None = None
    """Customs office."""
    note: Note | None = None
    """Note."""


class TaxAssessment(Record):
    """Taxes that customs assessed: CEB816, and CEB818, which amends it."""

    TYPE: ClassVar[str] = "tax.assessment"

    assessment: AssessmentHead
    """What it says about itself."""
    taxes: Taxes
    """The taxes."""
    parties: Many[Party] = ()
    """Taxpayer, merchant, guarantor."""


class TaxPaymentHead(Part):
    """What a payment of taxes says about itself."""

    certificate: Text
    """Number of the duty payment certificate (海关专用缴款书)."""
    declaration: Text | None = None
    """Declaration for which it was paid; the certificate's number embeds it."""
    office: Code | None = None
    """Customs office."""
    state: Literal["paid", "refunded", "void"] = "paid"
    """What became of it."""
    filled_on: Day | None = None
    """Day on which customs filled it in (填发日期)."""
    exchange: ExchangeRate | None = None
    """Exchange rate by which the value for duty was computed."""
    note: Note | None = None
    """Note."""


class TaxPayment(Record):
    """Taxes paid: duty payment certificate."""

    TYPE: ClassVar[str] = "tax.payment"

    tax_payment: TaxPaymentHead
    """What it says about itself."""
    taxes: Taxes
    """What was paid, for what."""
    parties: Many[Party] = ()
    """Taxpayer, bank."""
    goods_items: Annotated[Many[GoodsItem], Field(max_length=GOODS_ITEMS_MAX)] = ()
    """The goods, one disclosure each."""


class RebateLine(Part):
    """One line of an export rebate declaration (出口退税)."""

    ordinal: ItemOrdinal
    """Serial number (序号)."""
    export_invoice: Text | None = None
    """Export invoice (出口发票号)."""
    declaration: Token | None = None
    """Declaration number with item (出口报关单号): 18 digits, 0, 2 digits."""
    agency_certificate: Text | None = None
    """Agency certificate (代理证明号)."""
    exported_on: Day | None = None
    """Day of export."""
    hs: HsCode | None = None
    """Goods code (商品代码)."""
    quantity: SignedQuantity | None = None
    """Quantity exported; below zero where the line takes an earlier claim back."""
    deal_total: Amount | None = None
    """Price in the currency of the deal (成交总价)."""
    exchange: Rate | None = None
    """Exchange rate, 6 digits behind the point."""
    fob_cny: Amount | None = None
    """FOB value in CNY (人民币离岸价)."""
    fob_usd: Amount | None = None
    """FOB value in USD (美元离岸价)."""
    levy_rate: Rate | None = None
    """VAT rate (征税率) as a fraction."""
    rebate_rate: Rate | None = None
    """Rebate rate (退税率) as a fraction."""
    rebate: Amount | None = None
    """Rebate (免抵退税额)."""
    not_creditable: Amount | None = None
    """Tax that cannot be credited (不得免征抵扣税额)."""
    purchase_invoices: Many[Text] = ()
    """Invoices of the purchase."""


class RebateHead(Part):
    """What a rebate declaration says about itself."""

    period: Annotated[Token, Field(pattern=r"^[0-9]{4}-[0-9]{2}$")]
    """Period (所属期), YYYY-MM."""
    batch: Text | None = None
    """Batch or serial of the declaration."""
    function: Function = "new"
    """Whether it is new, changed or taken back."""
    lodged: Instant | None = None
    """When it was lodged."""
    lines: Many[RebateLine] = ()
    """The lines."""
    total: Amount | None = None
    """Sum of rebates."""
    note: Note | None = None
    """Note."""


class TaxRebate(Record):
    """An export rebate declaration (出口退税), as the tax office confirms it."""

    TYPE: ClassVar[str] = "tax.rebate"

    rebate: RebateHead
    """The declaration."""
    parties: Many[Party] = ()
    """Exporter, agent."""
