"""Sections that several record types share: parties, transport, goods, valuation, taxes, status.

Personal data (names, identity numbers, phones of persons) stands only here, where it can be withheld and erased.
Names of fields follow the trade's nouns; each says its unit, format and where the sources have it.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from chain.identifiers import CustomsCode, HsCode, Uscc
from chain.records.scalars import (
    Amount,
    Code,
    Country,
    Day,
    Instant,
    Many,
    Note,
    Part,
    Quantity,
    SignedQuantity,
    Text,
    Token,
    Weight,
)
from chain.records.transport import Container, Conveyance, Event, Package, PackageCount, Place, Seal, Transport
from chain.records.value import Charge, ExchangeRate, ItemOrdinal, Taxes, TaxKind, TaxLine, Valuation

PartyRole = Literal[
    "agent",
    "area_operator",
    "buyer",
    "carrier",
    "consignee",
    "consignor",
    "declarant",
    "entry_company",
    "exporter",
    "importer",
    "logistics_company",
    "merchant",
    "notify",
    "operator",
    "owner",
    "payee",
    "payer",
    "payment_company",
    "platform",
    "purchaser",
    "responsible",
    "seller",
    "supervised_site",
    "surety",
    "taxpayer",
    "trader",
    "other",
]
"""What a party is to the goods. `trader` 境内收发货人, `owner` 消费使用/生产销售单位, `agent` 申报单位(报关行),
`entry_company` 录入单位, `merchant` 电商企业 (ebc), `platform` 电商平台 (ebp), `area_operator` 区内企业,
`supervised_site` 监管场所经营人."""


class Party(Part):
    """An organisation or a person with a part in the consignment."""

    role: PartyRole
    """What it is to the goods."""
    name: Text | None = None
    """Name as said; of a natural person, personal data."""
    uscc: Uscc | None = None
    """Unified social credit code of a Chinese organisation."""
    customs_code: CustomsCode | None = None
    """Registration code with Chinese customs, 10 characters."""
    overseas_id: Text | None = None
    """Id of a foreign party: AEO code, EORI, VAT number."""
    other_ids: Many[Code] = ()
    """Ids in other lists (SCAC, DUNS, GLN ...), and codes that fail their check, with `known` false, kept as said."""
    id_kind: Code | None = None
    """Kind of a natural person's identity document (`cn-id-kind`: 1 identity card, 2 other)."""
    id_number: Text | None = None
    """Number of that document: personal data."""
    phone: Text | None = None
    """Telephone: personal data."""
    address: Note | None = None
    """Address as said."""
    country: Country | None = None
    """ISO 3166-1 alpha-2."""


class GoodsItem(Part):
    """One goods line."""

    ordinal: ItemOrdinal
    """Number of the line, from 1 (gnum, GNo, SequenceNumeric)."""
    hs: HsCode | None = None
    """Tariff code: 10 digits in China (CodeTS, gcode), 6 or 8 elsewhere."""
    ciq_code: Token | None = None
    """Inspection code (CiqCode, 3 digits) that refines the tariff code."""
    name: Note | None = None
    """Name of the goods (品名); None where an amendment changes something else about them."""
    model: Note | None = None
    """Elements of the declaration (规格型号), divided by `|`."""
    number: Text | None = None
    """The company's own article number (itemNo) or the account book's (itemRecordNo)."""
    record_number: Text | None = None
    """Number in the bonded account book (账册备案料号, 备案序号)."""
    article: Note | None = None
    """The company's own name of it (企业商品品名 itemName), where that is another than `name`."""
    barcode: Text | None = None
    """Bar code (barCode)."""
    quantity: Quantity | None = None
    """Quantity in the unit of the deal (成交数量)."""
    first_quantity: Quantity | None = None
    """Quantity in the first legal unit (法定第一数量)."""
    second_quantity: Quantity | None = None
    """Quantity in the second legal unit (法定第二数量)."""
    unit_price: Amount | None = None
    """Price of one unit (单价)."""
    total: Amount | None = None
    """Price of the line (总价)."""
    statistical_value: Amount | None = None
    """Statistical value (WCO StatisticalValueAmount)."""
    customs_value: Amount | None = None
    """Value for duty (完税价格)."""
    origin: Country | None = None
    """Country of origin, for import and export alike (the adapter undoes the swap of export declarations)."""
    destination: Country | None = None
    """Country of final destination (最终目的国)."""
    country_trade: Country | None = None
    """Country of the trading partner (贸易国), where the line says it."""
    origin_place: Text | None = None
    """Region of origin (原产地区)."""
    district: Token | None = None
    """Domestic district of use or making (境内目的地/货源地), 5 digits."""
    duty_mode: Code | None = None
    """How duty is levied (`cn-duty-mode`: 1 照章征税, 3 全免 ...)."""
    procedure: Many[Code] = ()
    """Customs procedures of the line (WCO CurrentCode, PreviousCode)."""
    preference: Code | None = None
    """Preference or trade agreement claimed."""
    valuation_method: Code | None = None
    """Valuation method (WCO MethodCode)."""
    gross: Weight | None = None
    """Gross weight of the line."""
    net: Weight | None = None
    """Net weight of the line."""
    packages: Many[Package] = ()
    """Packages of the line."""
    dangerous: Many[Code] = ()
    """Dangerous goods (UN number)."""
    containers: Many[Token] = ()
    """Numbers of the containers that hold it."""
    note: Note | None = None
    """Note on the line."""


class InvoiceLine(GoodsItem):
    """One line of an invoice: a goods line that may take back what another one billed."""

    quantity: SignedQuantity | None = None
    """Quantity billed; below zero where the line takes goods back."""
    tax_class: Text | None = None
    """Tax authority's class of the goods or service (商品和服务税收分类编码, 19 digits)."""


DeclarationState = Literal[
    "SUBMITTED",
    "ACCEPTED",
    "REJECTED",
    "MANUAL_REVIEW",
    "ASSESSED",
    "INSPECTION",
    "DETAINED",
    "RELEASED",
    "RETURNED",
    "WITHDRAWN",
    "CLOSED",
]
"""The one vocabulary for a declaration's state, onto which CHANNEL, returnStatus and WCO function codes map."""


StatusSubject = Literal[
    "declaration",
    "order",
    "payment",
    "waybill",
    "delivery",
    "cancellation",
    "return",
    "inbound_list",
    "arrival",
    "departure",
    "manifest",
    "summary",
    "tally",
    "message",
]
"""What a status is about; only one about the declaration moves the declaration's state."""


class StatusNote(Part):
    """One note in a reply."""

    code: Code | None = None
    """Code of the note, such as a negative CEB business code or a WCO error."""
    text: Note
    """What it says."""
    field: Text | None = None
    """The field of the message that it points to."""


class Status(Part):
    """What customs answered."""

    about: StatusSubject
    """What the answer is about."""
    code: Code
    """The answer in its own list (`cn-channel`, `ceb-return-status`, `wco-function`)."""
    state: DeclarationState | None = None
    """The state that it maps to; None where it keeps the state or is not about the declaration."""
    technical: bool = False
    """Whether it only tells that a message arrived or could not be read."""
    at: Instant | None = None
    """When customs said it."""
    notes: Many[StatusNote] = ()
    """What it says beside the code."""
    tax_paid: bool = False
    """Whether it says that taxes were paid; a flag, not a state."""
    office: Code | None = None
    """Customs office that the answer names (申报地海关, `cn-customs-office`)."""
    guid: Text | None = None
    """Id of the entity in the answer (CEB guid)."""
    part: Annotated[int, Field(ge=1)] | None = None
    """Which part of a split message it is about (msgSeqNo)."""
    flags: Many[Code] = ()
    """Further numbers and codes that it repeats, each in a list named after its field (`ceb-rkdNo`, `ceb-payNo`)."""
    number: Text | None = None
    """Number of what it is about (declaration, order, waybill ...)."""
    declared_on: Day | None = None
    """Day of declaration as the answer repeats it (申报日期 D_DATE)."""
    effective: Instant | None = None
    """When what it says happened or takes effect (WCO AcceptanceDateTime, Status/EffectiveDateTime)."""


__all__ = [
    "Charge",
    "Container",
    "Conveyance",
    "DeclarationState",
    "Event",
    "ExchangeRate",
    "GoodsItem",
    "InvoiceLine",
    "ItemOrdinal",
    "Package",
    "PackageCount",
    "Party",
    "PartyRole",
    "Place",
    "Seal",
    "Status",
    "StatusNote",
    "StatusSubject",
    "TaxKind",
    "TaxLine",
    "Taxes",
    "Transport",
    "Valuation",
]
