"""What rules compare: the words of one record as plain values, and the records of one consignment joined.

Every type is frozen and made of the standard library alone. Weights are kilograms, money is a decimal with its
currency, times are UTC text (`YYYY-MM-DDTHH:MM:SSZ`) and days `YYYY-MM-DD`. What a record does not say is None or
empty; what the reader may not see is named in `Record.withheld`, so that a rule can tell the two apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Money:
    """An amount with its currency (ISO 4217)."""

    value: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class Measure:
    """A quantity with its unit (UN/ECE Rec 20)."""

    value: Decimal
    unit: str


@dataclass(frozen=True, slots=True)
class Code:
    """A coded value with the code list that it comes from."""

    system: str
    value: str
    known: bool = True


@dataclass(frozen=True, slots=True)
class Party:
    """An organisation or a person with a part in the consignment."""

    place: int
    """Its place in the section, from 0."""
    role: str
    name: str = ""
    uscc: str = ""
    customs_code: str = ""
    codes: tuple[Code, ...] = ()
    country: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """One goods line."""

    place: int
    """Its place among the lines seen, from 0."""
    ordinal: int
    hs: str = ""
    name: str = ""
    quantity: Measure | None = None
    first: Measure | None = None
    """Quantity in the first legal unit."""
    second: Measure | None = None
    """Quantity in the second legal unit."""
    unit_price: Money | None = None
    total: Money | None = None
    customs_value: Money | None = None
    origin: str = ""
    destination: str = ""
    duty_mode: str = ""
    preference: str = ""
    district: str = ""
    gross_kg: Decimal | None = None
    net_kg: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Box:
    """A container as one record describes it."""

    number: str
    known: bool = True
    tare_kg: Decimal | None = None
    gross_kg: Decimal | None = None
    cargo_kg: Decimal | None = None
    laden: bool | None = None
    shared: bool | None = None
    seals: tuple[str, ...] = ()
    items: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Location:
    """A place of transport."""

    unlocode: str = ""
    port: str = ""
    """Chinese customs' port code, 6 characters."""
    code: Code | None = None
    country: str = ""


@dataclass(frozen=True, slots=True)
class Transport:
    """How the goods travel, as one record says it."""

    mode: Code | None = None
    means: str = ""
    imo: str = ""
    voyage: str = ""
    export_voyage: str = ""
    bill: str = ""
    master_bill: str = ""
    departure: Location | None = None
    loading: Location | None = None
    discharge: Location | None = None
    entry: Location | None = None
    destination: Location | None = None
    transit: tuple[Location, ...] = ()
    country_departure: str = ""
    country_destination: str = ""
    arrived: str = ""
    departed: str = ""
    departed_on: str = ""
    crossed_on: str = ""
    unloaded_on: str = ""
    packages: int | None = None
    gross_kg: Decimal | None = None
    net_kg: Decimal | None = None
    boxes: tuple[Box, ...] = ()
    seals: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Charge:
    """Freight, insurance or another charge: `rate`, `unit` or `total`."""

    mark: str
    rate: Decimal | None = None
    amount: Money | None = None


@dataclass(frozen=True, slots=True)
class Valuation:
    """What the goods cost and on which terms."""

    terms: Code | None = None
    freight: Charge | None = None
    insurance: Charge | None = None
    other: Charge | None = None
    total: Money | None = None
    invoice_total: Money | None = None
    customs_value: Money | None = None
    rates: Mapping[str, Decimal] = field(default_factory=dict)
    """Yuan for one unit of a currency, as the source counted."""


@dataclass(frozen=True, slots=True)
class TaxLine:
    """One tax on one item, or on the whole."""

    place: int
    kind: str
    item: int | None = None
    hs: str = ""
    base: Money | None = None
    quantity: Measure | None = None
    rate: Decimal | None = None
    specific: Money | None = None
    amount: Money | None = None
    deducted: Money | None = None
    payment: str = ""


@dataclass(frozen=True, slots=True)
class Taxes:
    """Taxes assessed or paid."""

    lines: tuple[TaxLine, ...] = ()
    total: Money | None = None
    bill: str = ""
    certificate: str = ""
    guarantee: str = ""
    issued: str = ""
    due_on: str = ""
    paid: str = ""
    paid_amount: Money | None = None


@dataclass(frozen=True, slots=True)
class Paper:
    """An attached or cited document."""

    kind: Code | None
    number: str = ""
    name: str = ""
    issued: str = ""
    item: int | None = None


@dataclass(frozen=True, slots=True)
class RebateLine:
    """One line of an export rebate declaration."""

    place: int
    declaration: str = ""
    """18 digits, 0, 2 digits of the item."""
    export_invoice: str = ""
    hs: str = ""
    quantity: Measure | None = None
    deal_total: Money | None = None
    exchange: Decimal | None = None
    fob_cny: Money | None = None
    fob_usd: Money | None = None
    levy_rate: Decimal | None = None
    rebate_rate: Decimal | None = None
    rebate: Money | None = None
    not_creditable: Money | None = None


@dataclass(frozen=True, slots=True)
class Head:
    """What a record says about itself: the fields of its own section that rules read, under one name each."""

    number: str = ""
    kind: str = ""
    function: str = "new"
    stage: str = ""
    direction: str = ""
    form: str = ""
    office: str = ""
    border_office: str = ""
    procedure: str = ""
    contract: str = ""
    licence: str = ""
    order: str = ""
    waybill: str = ""
    guarantee: str = ""
    master: str = ""
    houses: tuple[str, ...] = ()
    declaration: str = ""
    state: str = ""
    code: Code | None = None
    about: str = ""
    technical: bool = False
    tax_paid: bool = False
    notes: tuple[str, ...] = ()
    at: str = ""
    """When it happened, was lodged, issued or said; UTC."""
    reported: str = ""
    """When the source recorded it; UTC."""
    on: str = ""
    """Day of declaration or issue, where the source gives days."""
    id: str = ""
    classifier: str = "ACT"
    retracts: str = ""
    place: Location | None = None
    box: Box | None = None
    pieces: int | None = None
    gross_kg: Decimal | None = None
    cargo_kg: Decimal | None = None
    bill: str = ""
    means: str = ""
    imo: str = ""
    voyage: str = ""
    export_voyage: str = ""
    document: str = ""
    part: bool | None = None
    corrects: tuple[str, ...] = ()
    total: Money | None = None
    """What an invoice sums to without the seller's tax, an order's goods value, a payment's amount."""
    gross: Money | None = None
    """An invoice's total with tax; what an order's buyer paid in fact."""
    charges: Money | None = None
    insurance: Money | None = None
    exchange_currency: str = ""
    exchange_rate: Decimal | None = None
    filled_on: str = ""
    flags: Mapping[str, str] = field(default_factory=dict)
    lines: tuple[RebateLine, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Record:
    """One record's words. Compared by identity: the same record stands once in a consignment."""

    id: str
    type: str
    issuer: str
    issued: str
    """`iat` as UTC text."""
    amends: str
    sole: bool
    """Whether it speaks of one consignment alone."""
    references: tuple[tuple[str, str, str], ...]
    """(kind, scope, value), freed of what people write differently."""
    head: Head
    parties: tuple[Party, ...] = ()
    items: tuple[Item, ...] = ()
    transport: Transport | None = None
    valuation: Valuation | None = None
    taxes: Taxes | None = None
    papers: tuple[Paper, ...] = ()
    withheld: frozenset[str] = frozenset()
    """Sections that the record has and the reader does not see, wholly or in part."""
    sections: Mapping[str, tuple[object, ...]] = field(default_factory=dict)
    """The disclosed sections as JSON, for the rules in the data form."""
    withdraws: bool = False
    """Whether it withdraws the record that `amends` names, and states nothing itself."""
    ucrs: frozenset[str] = frozenset()
    """The consignments that it names, as far as they are disclosed."""
    ucr_count: int = 1
    """How many it names, the withheld ones too."""

    @property
    def time(self) -> str:
        """When what it says happened; where it does not say, when it was issued."""
        return self.head.at or self.issued

    def numbers(self, *kinds: str) -> frozenset[str]:
        """The values of its references of these kinds."""
        return frozenset(value for kind, _, value in self.references if kind in kinds)
