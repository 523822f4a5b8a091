"""What a risk desk checks on a declaration by itself: rules C01 to C10, each a pure function giving findings.

A rule never refuses anything: the issuer said so, and the finding says what does not agree, by how much, and what the
rule allows. Rules that need reference data (the tariff) say nothing without it. Tolerances are this table's own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

from chain.identifiers import AirWaybillNumber, DeclarationNumber, Uscc
from chain.records.audit import Finding, FindingInput
from chain.records.customs import CustomsDeclaration
from chain.records.scalars import Amount, Quantity, Weight

RULES_VERSION: Final = "2026.1"
"""Version of this rule table; a changed rule or tolerance is a new one."""

NET_SUM_TOLERANCE_KG: Final = Decimal("0.1")
TOTAL_TOLERANCE: Final = Decimal("0.01")
LINE_TOLERANCE_SHARE: Final = Decimal("0.005")
LEGAL_WEIGHT_TOLERANCE_SHARE: Final = Decimal("0.01")

_KILOGRAMS: Final[Mapping[str, Decimal]] = {"KGM": Decimal(1), "TNE": Decimal(1000), "GRM": Decimal("0.001")}
_AIR: Final = frozenset({("cn-transport-mode", "5"), ("uncefact-rec-19", "4")})
_TERMS_WITH_FREIGHT_OUTSIDE: Final = frozenset({"3", "7", "FOB", "EXW", "FCA", "FAS"})
_TERMS_WITH_FREIGHT_INSIDE: Final = frozenset({"1", "CIF", "CIP"})


@dataclass(frozen=True)
class TariffLine:
    """What the tariff says of one code on the day of declaration."""

    first_unit: str
    """First legal unit, UN/ECE Rec 20."""
    licences: frozenset[str] = frozenset()
    """Kinds of licence documents that the code requires (监管条件)."""


Tariff = Mapping[str, TariffLine]
"""10-digit code to its line, for one day."""


@dataclass(frozen=True)
class Case:
    """A declaration with what is needed to judge it."""

    record_id: str
    declaration: CustomsDeclaration
    submitter: str | None = None
    """USCC of the member that issued the record; None where unknown."""
    tariff: Tariff | None = None
    """The tariff in force; None where there is none at hand."""

    def found(
        self,
        rule: str,
        severity: Literal["H", "M", "I"],
        text: str,
        *fields: tuple[str, object],
        declared: object = None,
        computed: object = None,
        tolerance: object = None,
    ) -> Finding:
        """A finding of this rule table about fields of this record."""
        delta = declared - computed if isinstance(declared, Decimal) and isinstance(computed, Decimal) else None
        return Finding(
            rule=rule,
            version=RULES_VERSION,
            severity=severity,
            inputs=tuple(
                FindingInput(record=self.record_id, field=field, value=None if value is None else str(value))
                for field, value in fields
            ),
            declared=None if declared is None else str(declared),
            computed=None if computed is None else str(computed),
            delta=None if delta is None else str(delta),
            tolerance=None if tolerance is None else str(tolerance),
            explanation=text,
        )


def check_declaration(case: Case) -> tuple[Finding, ...]:
    """Every finding of every rule, rule by rule; empty where the declaration agrees with itself."""
    return tuple(finding for rule in RULES for finding in rule(case))


def check_parties(case: Case) -> Iterator[Finding]:
    """C01: party codes pass their check; the agent is who submitted."""
    for place, party in enumerate(case.declaration.parties):
        for number, other in enumerate(party.other_ids):
            if other.system == "uscc" and not Uscc.is_valid(other.value):
                path = f"parties.{place}.other_ids.{number}.value"
                yield case.found("C01-uscc", "H", f"The {party.role}'s USCC fails its check.", (path, other.value))
        if party.role == "agent" and party.uscc and case.submitter and party.uscc != case.submitter:
            text = "The agent named is not the member that submitted."
            fields = (f"parties.{place}.uscc", party.uscc)
            yield case.found("C01-agent", "H", text, fields, declared=party.uscc, computed=case.submitter)


def check_number(case: Case) -> Iterator[Finding]:
    """C02: the parts of the declaration number agree with office, direction and year."""
    head = case.declaration.declaration
    if not head.number or not DeclarationNumber.is_valid(head.number):
        return
    office = head.office.value if head.office and head.office.system == "cn-customs-office" else None
    year = int(head.declared_on[:4]) if head.declared_on else int(head.lodged.utc[:4]) if head.lodged else None
    number = DeclarationNumber.parse(head.number)
    for fault in number.disagreements(office=office, year=year, direction=head.direction):
        yield case.found("C02-number", "H", f"In the declaration number, {fault}.", ("declaration.number", number))


def check_containers(case: Case) -> Iterator[Finding]:
    """C03: every container number passes ISO 6346."""
    containers = case.declaration.transport.containers if case.declaration.transport else ()
    for place, container in enumerate(containers):
        if not container.known:
            path = f"transport.containers.{place}.number"
            yield case.found("C03-container", "H", "The container number fails ISO 6346.", (path, container.number))


def check_waybill(case: Case) -> Iterator[Finding]:
    """C04: by air, the master waybill passes its check digit."""
    transport = case.declaration.transport
    if not transport or not transport.bill or not transport.mode:
        return
    if (transport.mode.system, transport.mode.value) not in _AIR:
        return
    master = transport.bill.partition("_")[0]
    if master[:3].isdigit() and not AirWaybillNumber.is_valid(master):
        yield case.found("C04-air-waybill", "M", "The air waybill fails its check digit.", ("transport.bill", master))


def check_tariff_code(case: Case) -> Iterator[Finding]:
    """C05: every code has 10 digits and stands in the tariff of the day, where one is at hand."""
    for place, item in enumerate(case.declaration.goods_items):
        path = (f"goods_items.{place}.hs", item.hs)
        if item.hs is None or len(item.hs) != 10:
            if (
                case.declaration.declaration.office
                and case.declaration.declaration.office.system == "cn-customs-office"
            ):
                yield case.found("C05-hs-length", "H", f"Item {item.ordinal} has no code of 10 digits.", path)
        elif case.tariff is not None and item.hs not in case.tariff:
            yield case.found("C05-hs-unknown", "H", f"Item {item.ordinal}'s code is not in the tariff.", path)


def check_weights(case: Case) -> Iterator[Finding]:
    """C06: gross is not below net, net is above zero, and the items' net weights sum to the head's."""
    transport = case.declaration.transport
    gross, net = (kilograms(transport.gross), kilograms(transport.net)) if transport else (None, None)
    if gross is not None and net is not None and gross < net:
        fields = ("transport.gross", gross), ("transport.net", net)
        yield case.found(
            "C06-gross-net", "H", "Gross weight is below net weight.", *fields, declared=gross, computed=net
        )
    if net is not None and net <= 0:
        yield case.found("C06-net-zero", "H", "Net weight is not above zero.", ("transport.net", net))
    nets = [kilograms(item.net) for item in case.declaration.goods_items]
    told = [weight for weight in nets if weight is not None]
    if net is not None and told and len(told) == len(nets) and abs(sum(told) - net) > NET_SUM_TOLERANCE_KG:
        yield case.found(
            "C06-net-sum",
            "H",
            "The items' net weights do not sum to the declaration's.",
            ("transport.net", net),
            declared=net,
            computed=sum(told, Decimal(0)),
            tolerance=f"{NET_SUM_TOLERANCE_KG} kg",
        )


def check_totals(case: Case) -> Iterator[Finding]:
    """C07: lines sum to the total, and price times quantity is the line's total."""
    items = case.declaration.goods_items
    valuation = case.declaration.valuation
    total = (valuation.total or valuation.invoice_total) if valuation else None
    lines = [item.total for item in items if item.total]
    if total and lines and len(lines) == len(items) and {line.currency for line in lines} == {total.currency}:
        summed = sum((Decimal(line.value) for line in lines), Decimal(0))
        if abs(summed - Decimal(total.value)) > TOTAL_TOLERANCE:
            yield case.found(
                "C07-total",
                "H",
                "The lines do not sum to the total.",
                ("valuation.total", total.value),
                declared=Decimal(total.value),
                computed=summed,
                tolerance=TOTAL_TOLERANCE,
            )
    for place, item in enumerate(items):
        product = _product(item.unit_price, item.quantity)
        if product is None or item.total is None or item.unit_price is None:
            continue
        if item.unit_price.currency == item.total.currency and _apart(Decimal(item.total.value), product):
            yield case.found(
                "C07-line",
                "M",
                f"Price times quantity is not the total of item {item.ordinal}.",
                (f"goods_items.{place}.total", item.total.value),
                declared=Decimal(item.total.value),
                computed=product,
                tolerance="0.5 %",
            )


def check_legal_units(case: Case) -> Iterator[Finding]:
    """C08: the first legal unit is the tariff's, and where it is the kilogram it agrees with the net weight."""
    for place, item in enumerate(case.declaration.goods_items):
        if item.first_quantity is None:
            continue
        path = (f"goods_items.{place}.first_quantity", item.first_quantity.unit)
        line = case.tariff.get(item.hs) if case.tariff is not None and item.hs else None
        if line and line.first_unit != item.first_quantity.unit:
            text = f"Item {item.ordinal}'s first legal unit is not the tariff's."
            yield case.found("C08-unit", "M", text, path, declared=item.first_quantity.unit, computed=line.first_unit)
        net = kilograms(item.net)
        said = Decimal(item.first_quantity.value)
        if item.first_quantity.unit == "KGM" and net and abs(said - net) > net * LEGAL_WEIGHT_TOLERANCE_SHARE:
            text = f"Item {item.ordinal}'s quantity in kilograms is not its net weight."
            yield case.found("C08-kilograms", "M", text, path, declared=said, computed=net, tolerance="1 %")


def check_terms(case: Case) -> Iterator[Finding]:
    """C09: an import under FOB or EXW says its freight; one under CIF does not say it again."""
    valuation = case.declaration.valuation
    if case.declaration.declaration.direction != "I" or valuation is None or valuation.terms is None:
        return
    terms = ("valuation.terms", valuation.terms.value)
    if valuation.terms.value in _TERMS_WITH_FREIGHT_OUTSIDE and valuation.freight is None:
        yield case.found(
            "C09-freight-missing", "H", "The terms leave freight out of the price, yet none is said.", terms
        )
    if valuation.terms.value in _TERMS_WITH_FREIGHT_INSIDE and _says_freight(case.declaration):
        yield case.found("C09-freight-twice", "H", "The terms hold freight in the price, yet it is said again.", terms)


def check_licences(case: Case) -> Iterator[Finding]:
    """C10: every licence that the tariff requires is among the documents."""
    if case.tariff is None:
        return
    held = {document.kind.value for document in case.declaration.documents if document.kind.system == "cn-licence"}
    for place, item in enumerate(case.declaration.goods_items):
        line = case.tariff.get(item.hs) if item.hs else None
        for missing in sorted(line.licences - held) if line else ():
            text = f"Item {item.ordinal} requires licence document {missing}, which is not there."
            yield case.found("C10-licence", "H", text, (f"goods_items.{place}.hs", item.hs))


RULES: Final[tuple[Callable[[Case], Iterator[Finding]], ...]] = (
    check_parties,
    check_number,
    check_containers,
    check_waybill,
    check_tariff_code,
    check_weights,
    check_totals,
    check_legal_units,
    check_terms,
    check_licences,
)
"""Rules C01 to C10, in order."""


def kilograms(weight: Weight | None) -> Decimal | None:
    """The weight in kilograms; None where there is none or its unit is no metric mass."""
    if weight is None or weight.unit not in _KILOGRAMS:
        return None
    return Decimal(weight.value) * _KILOGRAMS[weight.unit]


def _says_freight(declaration: CustomsDeclaration) -> bool:
    freight = declaration.valuation.freight if declaration.valuation else None
    if freight is None:
        return False
    return Decimal(freight.rate or (freight.amount.value if freight.amount else "0")) != 0


def _product(price: Amount | None, quantity: Quantity | None) -> Decimal | None:
    return Decimal(price.value) * Decimal(quantity.value) if price and quantity else None


def _apart(said: Decimal, computed: Decimal) -> bool:
    return abs(said - computed) > max(abs(computed) * LINE_TOLERANCE_SHARE, TOTAL_TOLERANCE)
