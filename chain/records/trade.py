"""Trade records: orders and payments of e-commerce and other sales, who takes part, answers to findings."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints

from chain.identifiers import Uscc
from chain.mandates import GOODS_MAX, MANDATE_TYPE, OFFICES_MAX
from chain.records.base import Record
from chain.records.scalars import (
    Amount,
    Code,
    Country,
    Day,
    Direction,
    Function,
    Instant,
    Many,
    Note,
    Part,
    RecordId,
    Text,
    Token,
)
from chain.records.sections import GoodsItem, Party
from chain.records.transport import Transport
from chain.sdjwt import GOODS_ITEMS_MAX, NAMES_MAX


class OrderHead(Part):
    """What an order says about itself."""

    number: Text
    """Order number (orderNo), unique on its platform."""
    kind: Code | None = None
    """Kind of order (`ceb-order-type` I, E, W, B)."""
    guid: Text | None = None
    """Id of this statement."""
    function: Function = "new"
    """Whether it is new, changed or deleted."""
    direction: Direction | None = None
    """`I` import, `E` export."""
    placed: Instant | None = None
    """When it was said (appTime)."""
    batch: Text | None = None
    """Batches of the goods (batchNumbers)."""
    goods_value: Amount | None = None
    """Price of the goods."""
    freight: Amount | None = None
    """Freight and other charges."""
    discount: Amount | None = None
    """Discount, as a positive amount."""
    taxes: Amount | None = None
    """Taxes collected beforehand."""
    paid: Amount | None = None
    """What the buyer paid in fact."""
    note: Note | None = None
    """Note."""


class TradeOrder(Record):
    """An order: CEB311, CEB303."""

    TYPE: ClassVar[str] = "trade.order"

    order: OrderHead
    """What it says about itself."""
    parties: Many[Party] = ()
    """Platform, merchant, buyer, consignee (personal data)."""
    goods_items: Annotated[Many[GoodsItem], Field(max_length=GOODS_ITEMS_MAX)] = ()
    """The goods, one disclosure each."""


class PaymentHead(Part):
    """What a payment says about itself."""

    number: Text
    """Number of the payment (payTransactionId)."""
    kind: Literal["payment", "receipt"] = "payment"
    """A payment (支付单, CEB411) or money received for an export (收款单, CEB403)."""
    guid: Text | None = None
    """Id of this statement."""
    function: Function = "new"
    """Whether it is new, changed or deleted."""
    order: Text | None = None
    """Order that it pays."""
    amount: Amount
    """What was paid."""
    at: Instant | None = None
    """When it was paid."""
    said: Instant | None = None
    """When it was said (appTime)."""
    method: Code | None = None
    """Way of payment."""
    note: Note | None = None
    """Note."""


class TradePayment(Record):
    """A payment for goods: CEB411, CEB403."""

    TYPE: ClassVar[str] = "trade.payment"

    payment: PaymentHead
    """What it says about itself."""
    parties: Many[Party] = ()
    """Payment company, platform, payer (personal data)."""


class CertificateHead(Part):
    """What a certificate says about itself."""

    number: Text
    """Its number, as its issuing body gave it."""
    kind: Code | None = None
    """Which certificate (`origin-agreement`: RCEP, CN-AU ...; `ubl-certificate-type`)."""
    function: Function = "new"
    """Whether it is new, changed or deleted."""
    issued_on: Day | None = None
    """Day of issue."""
    expires_on: Day | None = None
    """Last day on which it may be used."""
    issuing_country: Country | None = None
    """Country whose body issued it."""
    origin: Country | None = None
    """Country of origin that it certifies, where it is one for all goods (RCEP country of origin)."""
    state: Code | None = None
    """How far it is (applied for, approved ...), in the source's own list."""
    invoices: Many[Text] = ()
    """Invoices of the consignment that it names."""
    shipped_on: Day | None = None
    """Day of departure that it names."""
    note: Note | None = None
    """Note, such as back-to-back or issued retroactively."""


class TradeCertificate(Record):
    """A certificate about goods, such as one of origin under a trade agreement."""

    TYPE: ClassVar[str] = "trade.certificate"

    certificate: CertificateHead
    """What it says about itself."""
    parties: Many[Party] = ()
    """Exporter, importer, producer, issuing body."""
    goods_items: Annotated[Many[GoodsItem], Field(max_length=GOODS_ITEMS_MAX)] = ()
    """The goods that it covers, one disclosure each."""
    transport: Transport | None = None
    """How they travel."""


class TradeParties(Record):
    """Who takes part in a consignment, said by the company whose UCR it is, its broker or the single window's operator.

    The record made for naming: whom it `names` gets standing (`chain.standing`).
    """

    TYPE: ClassVar[str] = "trade.parties"

    parties: Annotated[Many[Party], Field(max_length=NAMES_MAX)]
    """Who takes part, and as what."""


CustomsOffice = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}$")]
"""A customs office (关区), 4 digits."""
HsBeginning = Annotated[str, StringConstraints(pattern=r"^[0-9]{2,10}$")]
"""The first 2 to 10 digits of HS codes."""


class MandateHead(Part):
    """What a broker may do for a company; offer and confirmation say the same but for `offer` (`chain.mandates`)."""

    principal: Uscc
    """The company that is acted for (委托方)."""
    agent: Uscc
    """The broker (被委托方)."""
    starts: Day
    """First day, in Beijing."""
    ends: Day
    """Last day, in Beijing (委托书有效期)."""
    offer: RecordId | None = None
    """The offer that this confirms; None where it is the offer."""
    offices: Annotated[Many[CustomsOffice], Field(max_length=OFFICES_MAX)] = ()
    """Customs offices at which it holds; empty: at all."""
    goods: Annotated[Many[HsBeginning], Field(max_length=GOODS_MAX)] = ()
    """Goods for which it holds, by the beginnings of their HS codes; empty: for all."""


class TradeMandate(Record):
    """One side of a mandate (代理报关委托): offered by the company or the broker, confirmed by the other.

    It holds for the consignments in `ucr`. Either side ends it by amending or withdrawing its own record.
    """

    TYPE: ClassVar[str] = MANDATE_TYPE

    mandate: MandateHead
    """What the broker may do."""


class Explanation(Part):
    """An answer to findings."""

    rule: Token
    """The rule whose findings it answers."""
    findings: Annotated[Many[RecordId], Field(min_length=1, max_length=32)]
    """The findings that it answers, of every desk."""
    text: Note
    """What explains the difference."""


class TradeExplanation(Record):
    """What the declarant or the trader says about a finding; papers that prove it stand in `documents`."""

    TYPE: ClassVar[str] = "trade.explanation"

    explanation: Explanation
    """What it says."""
