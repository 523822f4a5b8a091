"""Checks between the records of one consignment, customs against logistics and tax (domain section 7), as findings.

Each rule is a pure function over what the reader sees, so it tells nothing that is withheld: a rule that lacks a
section is silent. A finding is no verdict; it says what does not agree, by how much, and what the rule allows. Records
that speak of several consignments are left out, since their sums are not this consignment's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Final, Literal

from chain.encoding import Json
from chain.records.audit import Finding, FindingInput
from chain.rules.declaration import RULES_VERSION
from gateway.consignment.customs_status import utc_of
from gateway.consignment.declarations import Thread
from gateway.consignment.records import HeldRecord

GROSS_TOLERANCE_SHARE: Final = Decimal("0.03")
VGM_TOLERANCE_KG: Final = Decimal(500)
VGM_TOLERANCE_SHARE: Final = Decimal("0.05")
MONEY_TOLERANCE: Final = Decimal("0.01")
DECLARATION_DIGITS: Final = 18
LEFT_CUSTOMS_CONTROL: Final = frozenset({"GTOT", "DLV"})
"""Event codes of goods handed out: gate-out of a terminal, delivery by an airline."""

_KILOGRAMS: Final[Mapping[str, Decimal]] = {"KGM": Decimal(1), "TNE": Decimal(1000), "GRM": Decimal("0.001")}
_DROPPED: Final = str.maketrans("", "", " -_")
_VALUE_CHARS_MAX: Final = 250

Input = tuple[HeldRecord, str, object]
"""Record, field, and what it said."""


@dataclass(frozen=True)
class Consignment:
    """What the rules compare: the declaration in force, and what others say of the same goods."""

    records: tuple[HeldRecord, ...]
    thread: Thread

    @property
    def declaration(self) -> HeldRecord:
        """The declaration in force."""
        return self.thread.current

    @cached_property
    def documents(self) -> tuple[HeldRecord, ...]:
        """Transport documents whose head and transport are seen."""
        return self._of("logistics.transport_document", "transport_document")

    @cached_property
    def assessments(self) -> tuple[HeldRecord, ...]:
        """Tax bills that no later one replaces."""
        replaced = {one.signed.amends for one in self.records}
        found = self._of("tax.assessment", "assessment")
        return tuple(one for one in found if one.signed.record_id not in replaced)

    @cached_property
    def payments(self) -> tuple[HeldRecord, ...]:
        """Tax payments that stand."""
        found = self._of("tax.payment", "tax_payment")
        return tuple(one for one in found if one.one("tax_payment").get("state", "paid") == "paid")

    def _of(self, record_type: str, section: str) -> tuple[HeldRecord, ...]:
        return tuple(r for r in self.records if r.signed.vct == record_type and r.is_sole and r.one(section))


Rule = Callable[[Consignment], Iterator[Finding]]


def check_between(records: Sequence[HeldRecord], threads: Sequence[Thread]) -> list[Finding]:
    """Every finding of every rule; none where there are several declarations, whose shares nobody stated."""
    if len(threads) != 1:
        return []
    consignment = Consignment(tuple(records), threads[0])
    return [finding for rule in RULES for finding in rule(consignment)]


def check_bill(goods: Consignment) -> Iterator[Finding]:
    """C11: the bill number declared is that of a transport document."""
    said = _text(goods.declaration.one("transport").get("bill"))
    if not said or not goods.documents:
        return
    known: set[str] = set()
    for one in goods.documents:
        head = one.one("transport_document")
        number, master = _spelled(_text(head.get("number"))), _spelled(_text(head.get("master")))
        known |= {number, master + number, master} - {""}
    if known & {_spelled(said), _spelled(said.partition("_")[0])}:
        return
    numbers = [
        (one, "transport_document.number", one.one("transport_document").get("number")) for one in goods.documents
    ]
    yield _found(
        "C11-bill",
        "H",
        "The bill number declared is that of none of the transport documents.",
        "申报的提运单号与任何运输单证都不一致。",
        [(goods.declaration, "transport.bill", said), *numbers],
        declared=said,
        computed=", ".join(str(number) for _, _, number in numbers),
    )


def check_containers(goods: Consignment) -> Iterator[Finding]:
    """C12: the containers declared are those of the transport documents."""
    declared = _containers(goods.declaration)
    carrying = [one for one in goods.documents if _containers(one)]
    carried = {number for one in carrying for number in _containers(one)}
    if not declared or not carried or declared.keys() == carried:
        return
    missing, extra = sorted(carried - declared.keys()), sorted(declared.keys() - carried)
    yield _found(
        "C12-containers",
        "H",
        f"Containers differ: not declared {', '.join(missing) or 'none'}; not carried {', '.join(extra) or 'none'}.",
        f"集装箱不一致：未申报 {'、'.join(missing) or '无'}；未承运 {'、'.join(extra) or '无'}。",
        [(one, "transport.containers", ", ".join(sorted(_containers(one)))) for one in (goods.declaration, *carrying)],
        declared=", ".join(sorted(declared)),
        computed=", ".join(sorted(carried)),
    )


def check_gross(goods: Consignment) -> Iterator[Finding]:
    """C13: declared gross weight is the transport document's, within 3 %."""
    for document in _only(goods.documents):
        declared, carried = (_kg(one.one("transport").get("gross")) for one in (goods.declaration, document))
        if declared is None or carried is None:
            continue
        if abs(declared - carried) > GROSS_TOLERANCE_SHARE * max(declared, carried):
            yield _found(
                "C13-gross",
                "M",
                f"Declared gross weight {declared} kg, transport document {carried} kg: more than 3 % apart.",
                f"申报毛重 {declared} 千克，运输单证 {carried} 千克：相差超过 3%。",
                [(goods.declaration, "transport.gross", declared), (document, "transport.gross", carried)],
                declared=declared,
                computed=carried,
                tolerance="3 %",
            )


def check_verified_mass(goods: Consignment) -> Iterator[Finding]:
    """C14: a container's verified mass is its cargo and tare, within 500 kg or 5 %."""
    boxes = _containers(goods.declaration)
    whole = _kg(goods.declaration.one("transport").get("gross"))
    for weight in goods.records:
        head = weight.one("weight")
        if weight.signed.vct != "logistics.weight" or head.get("kind", "vgm") != "vgm":
            continue
        weighed, verified = _object(head.get("container")), _kg(head.get("gross"))
        box = boxes.get(_text(weighed.get("number")))
        if box is None or verified is None:
            continue
        cargo = _kg(box.get("cargo_gross")) or (whole if len(boxes) == 1 else None)
        tare = _kg(box.get("tare")) or _kg(weighed.get("tare"))
        if cargo is None or tare is None:
            continue
        if abs(verified - cargo - tare) > max(VGM_TOLERANCE_KG, VGM_TOLERANCE_SHARE * verified):
            number = _text(weighed.get("number"))
            yield _found(
                "C14-verified-mass",
                "H",
                f"Container {number} was weighed at {verified} kg, but cargo and tare are {cargo + tare} kg.",
                f"集装箱 {number} 核实重量 {verified} 千克，而货物与箱重合计 {cargo + tare} 千克。",
                [(weight, "weight.gross", verified), (goods.declaration, "transport.containers", cargo)],
                declared=cargo + tare,
                computed=verified,
                tolerance="500 kg or 5 %",
            )


def check_packages(goods: Consignment) -> Iterator[Finding]:
    """C16: as many packages are declared as the transport document says."""
    for document in _only(goods.documents):
        declared, carried = (
            _object(one.one("transport").get("packages")).get("count") for one in (goods.declaration, document)
        )
        if isinstance(declared, int) and isinstance(carried, int) and declared != carried:
            yield _found(
                "C16-packages",
                "H",
                f"{declared} packages are declared, {carried} are on the transport document.",
                f"申报 {declared} 件，运输单证 {carried} 件。",
                [
                    (goods.declaration, "transport.packages.count", declared),
                    (document, "transport.packages.count", carried),
                ],
                declared=declared,
                computed=carried,
                tolerance="none",
            )


def check_gate_out(goods: Consignment) -> Iterator[Finding]:
    """C21: imported goods leave the terminal after release, not before (提前提离)."""
    folded = goods.thread.folded
    if goods.declaration.one("declaration").get("direction") != "I":
        return
    released = next((step for step in folded.steps if step.moved and step.after == "RELEASED"), None)
    retracted = {_text(one.one("event").get("retracts")) for one in goods.records} - {""}
    for one in goods.records:
        event = one.one("event")
        code, happened = _text(_object(event.get("code")).get("value")), utc_of(event.get("happened"))
        if code not in LEFT_CUSTOMS_CONTROL or event.get("classifier", "ACT") != "ACT" or not happened:
            continue
        is_empty = _object(event.get("container")).get("laden") is False
        if is_empty or _text(event.get("id")) in retracted or (released and released.said.at <= happened):
            continue
        inputs: list[Input] = [(one, "event.happened", happened)]
        if released:
            inputs.append((released.said.record, "status.at", released.said.at))
        yield _found(
            "C21-gate-out",
            "H",
            "The goods left before customs released them." if released else "The goods left, and no release is known.",
            "货物在海关放行之前已提离。" if released else "货物已提离，但未见放行。",
            inputs,
            declared=happened,
            computed=released.said.at if released else None,
        )


def check_bill_numbers(goods: Consignment) -> Iterator[Finding]:
    """C28: a tax bill's number begins with the number of the declaration that it is for."""
    heads = [(one, "assessment", "number") for one in goods.assessments]
    heads += [(one, "tax_payment", "certificate") for one in goods.payments]
    for one, section, field in heads:
        number, declaration = _text(one.one(section).get(field)), _text(one.one(section).get("declaration"))
        embedded = number[:DECLARATION_DIGITS]
        if not declaration or len(embedded) < DECLARATION_DIGITS or not embedded.isdigit() or embedded == declaration:
            continue
        yield _found(
            "C28-bill-number",
            "H",
            f"Tax bill {number} embeds another declaration's number than {declaration}.",
            f"税单号 {number} 所含报关单号与 {declaration} 不符。",
            [(one, f"{section}.{field}", number), (one, f"{section}.declaration", declaration)],
            declared=embedded,
            computed=declaration,
        )


def check_paid(goods: Consignment) -> Iterator[Finding]:
    """C29: what was paid is what was assessed."""
    assessed, paid = ([_tax_total(one) for one in said] for said in (goods.assessments, goods.payments))
    if not assessed or not paid or None in assessed or None in paid:
        return
    due = sum((value for value, _ in filter(None, assessed)), Decimal(0))
    given = sum((value for value, _ in filter(None, paid)), Decimal(0))
    currencies = {currency for _, currency in filter(None, assessed + paid)}
    if len(currencies) == 1 and abs(due - given) > MONEY_TOLERANCE:
        said = (*goods.assessments, *goods.payments)
        totals = (*assessed, *paid)
        yield _found(
            "C29-paid",
            "H",
            f"Taxes of {due} were assessed and {given} were paid.",
            f"核定税款 {due}，已缴 {given}。",
            [(one, "taxes.total", total and total[0]) for one, total in zip(said, totals, strict=True)],
            declared=given,
            computed=due,
            tolerance=MONEY_TOLERANCE,
        )


def check_invoices(goods: Consignment) -> Iterator[Finding]:
    """C31: the invoices of an import sum to the declared total."""
    invoices = [one for one in goods.records if one.signed.vct == "tax.invoice" and one.is_sole and one.one("invoice")]
    valuation = goods.declaration.one("valuation")
    declared = _amount(valuation.get("invoice_total")) or _amount(valuation.get("total"))
    if not invoices or declared is None or goods.declaration.one("declaration").get("direction") != "I":
        return
    if any(one.one("invoice").get("corrects") for one in invoices):
        return
    heads = [one.one("invoice") for one in invoices]
    totals = [next(filter(None, (_amount(head.get(f)) for f in _INVOICE_TOTALS)), None) for head in heads]
    known = [total for total in totals if total is not None]
    if len(known) != len(totals) or {currency for _, currency in known} != {declared[1]}:
        return
    invoiced = sum((value for value, _ in known), Decimal(0))
    if abs(invoiced - declared[0]) > MONEY_TOLERANCE:
        yield _found(
            "C31-invoice",
            "H",
            f"{declared[0]} {declared[1]} are declared, the invoices sum to {invoiced}.",
            f"申报 {declared[0]} {declared[1]}，发票合计 {invoiced}。",
            [
                (goods.declaration, "valuation.total", declared[0]),
                *((one, "invoice", total[0]) for one, total in zip(invoices, known, strict=True)),
            ],
            declared=declared[0],
            computed=invoiced,
            tolerance=MONEY_TOLERANCE,
        )


RULES: Final[tuple[Rule, ...]] = (
    check_bill,
    check_containers,
    check_gross,
    check_verified_mass,
    check_packages,
    check_gate_out,
    check_bill_numbers,
    check_paid,
    check_invoices,
)
"""The rules, in the order of their numbers."""

_INVOICE_TOTALS: Final = ("net", "lines_total", "gross", "payable")
"""First found counts: what is declared is without the seller's own tax."""


def _found(
    rule: str,
    severity: Literal["H", "M", "I"],
    text: str,
    text_zh: str,
    inputs: Sequence[Input],
    *,
    declared: object = None,
    computed: object = None,
    tolerance: object = None,
) -> Finding:
    is_number = isinstance(declared, Decimal | int) and isinstance(computed, Decimal | int)
    return Finding(
        rule=rule,
        version=RULES_VERSION,
        severity=severity,
        inputs=tuple(FindingInput(record=r.signed.record_id, field=field, value=_short(v)) for r, field, v in inputs),
        declared=_short(declared),
        computed=_short(computed),
        delta=_short(declared - computed) if is_number else None,  # type: ignore[operator]
        tolerance=_short(tolerance),
        explanation=text,
        explanation_zh=text_zh,
    )


def _short(value: object) -> str | None:
    return None if value is None or value == "" else str(value)[:_VALUE_CHARS_MAX]


def _only(documents: tuple[HeldRecord, ...]) -> tuple[HeldRecord, ...]:
    """The one transport document; none where several share the goods."""
    return documents if len(documents) == 1 else ()


def _containers(record: HeldRecord) -> dict[str, Mapping[str, Json]]:
    listed = record.one("transport").get("containers")
    boxes = [_object(one) for one in listed] if isinstance(listed, list) else []
    return {_text(one.get("number")): one for one in boxes}


def _tax_total(record: HeldRecord) -> tuple[Decimal, str] | None:
    taxes = record.one("taxes")
    if (total := _amount(taxes.get("paid_amount")) or _amount(taxes.get("total"))) is not None:
        return total
    lines = taxes.get("lines")
    amounts = [_amount(_object(one).get("amount")) for one in lines] if isinstance(lines, list) else []
    known = [one for one in amounts if one is not None]
    if not known or len(known) != len(amounts) or len({currency for _, currency in known}) != 1:
        return None
    return sum((value for value, _ in known), Decimal(0)), known[0][1]


def _amount(said: Json) -> tuple[Decimal, str] | None:
    one = _object(said)
    return (Decimal(str(one["value"])), _text(one.get("currency"))) if "value" in one else None


def _kg(said: Json) -> Decimal | None:
    one = _object(said)
    factor = _KILOGRAMS.get(_text(one.get("unit")))
    return None if factor is None else Decimal(str(one["value"])) * factor


def _object(said: Json) -> Mapping[str, Json]:
    return said if isinstance(said, dict) else {}


def _text(said: Json) -> str:
    return said if isinstance(said, str) else ""


def _spelled(number: str) -> str:
    return number.upper().translate(_DROPPED)
