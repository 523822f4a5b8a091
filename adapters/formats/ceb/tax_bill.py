"""The electronic tax bill of a parcel: CEB816, and CEB818, which amends its state. Amounts are in yuan."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from adapters.formats.ceb import tables
from adapters.formats.ceb.reader import Built, CebReader, Job
from adapters.formats.ceb.trade import Values, present
from adapters.mapping.chinese_customs import company
from adapters.mapping.code_mapping import CNY, LINE_TOTAL_TOLERANCE
from chain.identifiers import HsCode
from chain.records.scalars import Code, Function, amount
from chain.records.tax import AssessmentHead, TaxAssessment
from chain.records.value import Taxes, TaxKind, TaxLine

TAXES: Final[tuple[tuple[str, TaxKind], ...]] = (
    ("customsTax", "duty"),
    ("valueAddedTax", "vat"),
    ("consumptionTax", "consumption"),
)
"""Field of head and lines → the tax."""
STATES: Final[dict[str, tuple[Function, str]]] = {
    "1": ("new", "已生成"),
    "2": ("change", "已汇总"),
    "3": ("delete", "作废"),
}
"""`status`: made, summarised into a duty payment certificate, void."""


def build_bill(head: Values, lines: tuple[Values, ...], job: Job) -> Built:
    """CEB816 becomes a tax.assessment."""
    _check_sums(head, lines, job)
    bill = job.reference("tax_bill", head["taxNo"])
    declared = job.reference("declaration", head["invtNo"])
    waybill = head.get("logisticNo")
    carried = job.reference("transport_document", waybill, head.get("logisticsCode")) if "logisticsCode" in head else ()
    total = sum((Decimal(head[name]) for name, _ in TAXES), Decimal(0))
    record = TaxAssessment(
        references=declared + bill + carried,
        source=job.source,
        assessment=AssessmentHead(
            number=head["taxNo"],
            guid=job.guid,
            function=STATES[head["status"]][0],
            declaration=head["invtNo"],
            order=head.get("orderNo"),
            waybill=waybill,
            office=job.coding.code("cn-customs-office", head.get("customsCode")),
            note=head.get("note"),
        ),
        taxes=Taxes(
            lines=tuple(_tax(line, name, kind) for line in lines for name, kind in TAXES),
            total=amount(f"{total:f}", CNY),
            bill=head["taxNo"],
            certificate=head.get("entDutyNo"),
            guarantee=head.get("assureCode"),
            state=_state(head),
            issued=job.said,
        ),
        parties=present(
            company("merchant", head.get("ebcCode"), None),
            company("logistics_company", head.get("logisticsCode"), None),
            company("agent", head.get("agentCode"), None),
        ),
    )
    return Built(record, declared + carried + bill)


def build_state(head: Values, lines: tuple[Values, ...], job: Job) -> Built:
    """CEB818 becomes a tax.assessment that amends the bill: summarised into a certificate, or void."""
    bill = job.reference("tax_bill", head["taxNo"])
    declared = job.reference("declaration", head["invtNo"])
    record = TaxAssessment(
        references=declared + bill,
        source=job.source,
        assessment=AssessmentHead(
            number=head["taxNo"],
            guid=job.guid,
            function="delete" if head["status"] == "3" else "change",
            declaration=head["invtNo"],
            said=job.said,
        ),
        taxes=Taxes(
            bill=head["taxNo"],
            certificate=head.get("entDutyNo"),
            guarantee=head.get("assureCode"),
            state=_state(head),
        ),
    )
    return Built(record, declared + bill, amends=bill[0])


def _tax(line: Values, name: str, kind: TaxKind) -> TaxLine:
    return TaxLine(
        kind=kind,
        item=int(line["gnum"]),
        hs=HsCode.parse(line["gcode"]),
        base=amount(line["taxPrice"], CNY),
        amount=amount(line[name], CNY),
    )


def _state(head: Values) -> Code:
    return Code(system="ceb-tax-status", value=head["status"], name=STATES[head["status"]][1])


def _check_sums(head: Values, lines: tuple[Values, ...], job: Job) -> None:
    for name, kind in TAXES:
        total = sum((Decimal(line[name]) for line in lines), Decimal(0))
        if abs(total - Decimal(head[name])) > LINE_TOTAL_TOLERANCE * len(lines):
            job.coding.remark("tax-total", f"{name} of the lines is {total}, of the bill {head[name]}", f"taxes.{kind}")


READERS: Final = (CebReader(tables.CEB816, build_bill), CebReader(tables.CEB818, build_state))
