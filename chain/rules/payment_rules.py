"""C29, C30 and C37: taxes paid in full, in time and by whom."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Final

from chain.rules.answers import Answer, Finding, Missing, finding
from chain.rules.customs_status import MAY_PAY_LATER
from chain.rules.declarations import Declaration
from chain.rules.duty import late_fee
from chain.rules.facts import Record
from chain.rules.frame import Case, agrees, no_table, not_run, rule
from chain.rules.replayable import replay
from chain.rules.tax_rules import GENERAL_TRADE

SUMMED_LEVY: Final = "CL"
"""Form (单据类型, places 1 and 2) 汇总征税: taxes are paid month by month."""
GUARANTEE_FLAG: Final = "cn-guarantee-release"
"""Flag of a declaration: 1 where release against guarantee was applied for (ChkSurety)."""
LATE_FEE: Final = "late_fee"
"""Kind of a tax line (滞纳金)."""


@rule(
    "C29",
    "H",
    en="What was assessed was paid, before release unless a guarantee or a summed levy stands for it.",
    zh="核定税款均已缴纳，且在放行前缴纳（担保放行、汇总征税除外）。",
    needs=("customs.declaration/declaration", "tax.payment/taxes"),
    replayable=True,
)
def check_paid(case: Case) -> Iterator[Answer]:
    """Sums in the data form; released unpaid; paid after release."""
    yield from replay("C29", case)
    for declaration in case.consignment.declarations:
        released = declaration.status.first("RELEASED")
        if declaration.direction != "I" or released is None or _may_pay_later(declaration):
            continue
        payments = [one for one in case.consignment.payments if case.consignment.declaration_of(one) is declaration]
        yield from _check_payment_time(declaration, payments)
        if not payments and not declaration.status.tax_paid and not _pays_elsewhere(case, declaration):
            yield from _check_unpaid(case, declaration)


def _may_pay_later(declaration: Declaration) -> bool:
    head, record = declaration.current.head, declaration.current
    guaranteed = bool(declaration.status.flags & MAY_PAY_LATER) or head.flags.get(GUARANTEE_FLAG) == "1"
    return (
        guaranteed or bool(head.guarantee) or head.form[:2].strip() == SUMMED_LEVY or "declaration" in record.withheld
    )


def _pays_elsewhere(case: Case, declaration: Declaration) -> bool:
    """Whether some payment or bill cannot be seen, or says that it stands under a guarantee."""
    unseen = any(kind in ("tax.payment", "tax.assessment") for kind, _ in case.consignment.withheld)
    bills = [bill.record for bill in case.consignment.bills if bill.declaration is declaration]
    return unseen or any(bill.taxes and bill.taxes.guarantee for bill in bills)


def _check_payment_time(declaration: Declaration, payments: list[Record]) -> Iterator[Answer]:
    released = declaration.status.first("RELEASED")
    for payment in payments:
        paid = payment.taxes.paid if payment.taxes else ""
        if not paid or released is None or (payment.taxes and payment.taxes.guarantee):
            continue
        if paid <= released.at:
            yield agrees("C29", payment.id, released.record)
            continue
        yield finding(
            "C29-released-unpaid",
            "H",
            "The goods were released before the taxes were paid, and no guarantee is known.",
            "货物在税款缴纳之前放行，且未见担保。",
            [(payment.id, "taxes.paid", paid), (released.record, "status.at", released.at)],
            declared=paid,
            computed=released.at,
        )


def _check_unpaid(case: Case, declaration: Declaration) -> Iterator[Answer]:
    """General trade, levied in full: import VAT is always due, so no payment at all is a finding."""
    record, released = declaration.current, declaration.status.first("RELEASED")
    levied = any(item.duty_mode == "1" for item in record.items)
    bills = [bill.record for bill in case.consignment.bills if bill.declaration is declaration]
    if released is None or not (bills or (record.head.procedure == GENERAL_TRADE and levied)):
        return
    yield finding(
        "C29-released-unpaid",
        "H",
        "The goods were released, and no payment of taxes and no guarantee is known.",
        "货物已放行，但未见税款缴纳，也未见担保。",
        [(released.record, "status.at", released.at), (record.id, "declaration.procedure", record.head.procedure)],
        computed=released.at,
    )


@rule(
    "C30",
    "M",
    en="Taxes are paid within 15 days of the bill, rest days put off to the next working day.",
    zh="税款自填发缴款书之日起 15 日内缴纳，末日为休息日的顺延。",
    needs=("tax.payment/taxes",),
    replayable=True,
)
def check_late_payment(case: Case) -> Iterator[Answer]:
    """In the data form; what was paid late carries a late fee of 0.05 % a day from the day after the last one."""
    for answer in replay("C30", case):
        yield answer
        if isinstance(answer, Finding):
            yield from _check_late_fee(case, answer)


def _check_late_fee(case: Case, late: Finding) -> Iterator[Answer]:
    """The fee on the payment of a finding `C30-late`, which declares the day of payment and computes the last one."""
    payment = next((one for one in case.consignment.payments if one.id in late.records), None)
    if payment is None or payment.taxes is None or late.declared is None or late.computed is None:
        return
    days = case.tables.working_days
    last_day = days.on_or_after(date.fromisoformat(late.computed)) if days else None
    if last_day is None:
        yield no_table("C30", "the working days", "工作日表", day=late.computed if days else "")
        return
    lines = payment.taxes.lines
    if not lines or any(line.amount is None for line in lines):
        yield not_run("C30", Missing.FACT, "what was paid, line by line, is not told", "未逐行列明已缴税款")
        return
    amounts = [(line.kind, line.amount.value) for line in lines if line.amount]
    unpaid = sum((amount for kind, amount in amounts if kind != LATE_FEE), Decimal(0))
    told = sum((amount for kind, amount in amounts if kind == LATE_FEE), Decimal(0))
    due = late_fee(unpaid, last_day, date.fromisoformat(late.declared))
    if abs(due - told) <= case.parameters.tax_bill:
        yield agrees("C30", payment.id)
        return
    number = (date.fromisoformat(late.declared) - last_day).days
    yield finding(
        "C30-fee",
        "M" if told else "I",
        f"{unpaid:f} yuan paid {number} days late carry a late fee of {due:f}; {told:f} is told (0.05 % a day).",
        f"{unpaid:f} 元迟缴 {number} 天，应缴滞纳金 {due:f} 元，单证所列为 {told:f} 元（每日万分之五）。",
        [(payment.id, "taxes.paid", late.declared), (payment.id, "taxes.lines", told)],
        declared=told,
        computed=due,
        tolerance=case.parameters.tax_bill,
        tables=(days.table.root,) if days else (),
    )


@rule(
    "C37",
    "H",
    en="The taxpayer of a duty payment is the importer, and the certificate stands in no other consignment.",
    zh="缴款书纳税人与进口企业一致，且缴款书未用于其他货物。",
    needs=("tax.payment/parties", "customs.declaration/parties"),
)
def check_taxpayer(case: Case) -> Iterator[Answer]:
    """By USCC; a certificate that another consignment names too, within the reader's rights."""
    for payment in case.consignment.payments:
        declaration = case.consignment.declaration_of(payment)
        taxpayers = [party for party in payment.parties if party.role == "taxpayer" and party.uscc]
        roles = ("trader", "owner", "importer", "area_operator", "merchant")
        companies = [
            party
            for party in (declaration.current.parties if declaration else ())
            if party.role in roles and party.uscc
        ]
        if not taxpayers or not companies or declaration is None:
            continue
        if taxpayers[0].uscc in {party.uscc for party in companies}:
            yield agrees("C37", payment.id, declaration.current.id)
            continue
        yield finding(
            "C37-taxpayer",
            "H",
            f"The taxpayer {taxpayers[0].uscc} is not the importer.",
            f"纳税人 {taxpayers[0].uscc} 不是进口企业。",
            [
                (payment.id, f"parties.{taxpayers[0].place}.uscc", taxpayers[0].uscc),
                *((declaration.current.id, f"parties.{party.place}.uscc", party.uscc) for party in companies),
            ],
            declared=taxpayers[0].uscc,
            computed=", ".join(sorted({party.uscc for party in companies})),
        )
    for shared in case.elsewhere.of("certificate"):
        yield finding(
            "C37-claimed-twice",
            "H",
            f"The tax bill or duty payment certificate {shared.value} stands in another consignment too.",
            f"税单（缴款书）{shared.value} 亦用于其他货物。",
            [(shared.record, "references", shared.value)],
            declared=shared.value,
            computed=shared.other,
        )
