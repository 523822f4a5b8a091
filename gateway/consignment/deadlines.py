"""What is due and when: the second step of a two-step declaration, taxes, what customs asked for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final

from gateway.access.records import HeldRecord
from gateway.consignment.answers import DueLine
from gateway.consignment.customs_status import FINAL_STATES, lodged_at, utc_of
from gateway.consignment.declarations import Thread

COMPLETE_WITHIN_DAYS: Final = 14
"""A summary declaration (概要申报) is to be completed within so many days of the means of transport's entry."""

TAX_WITHIN_DAYS: Final = 15
"""Taxes are to be paid within so many days of the bill's issue, where the bill gives no day."""


def what_is_due(threads: Sequence[Thread], records: Sequence[HeldRecord]) -> list[DueLine]:
    """Every open duty with its last day, earliest first. Whether that day has passed is for the reader's clock."""
    due = [*_second_steps(threads), *_taxes(records), *_deadlines(threads, records)]
    return sorted(due, key=lambda line: (line.by, line.record))


def _second_steps(threads: Sequence[Thread]) -> list[DueLine]:
    lines: list[DueLine] = []
    for thread in threads:
        current = thread.current
        if current.one("declaration").get("stage") != "summary" or thread.status.state in FINAL_STATES:
            continue
        crossed = str(current.one("transport").get("crossed_on") or lodged_at(current)[:10])
        last = date.fromisoformat(crossed) + timedelta(days=COMPLETE_WITHIN_DAYS)
        lines.append(DueLine(what="complete declaration (完整申报)", by=last.isoformat(), record=_id(current)))
    return lines


def _taxes(records: Sequence[HeldRecord]) -> list[DueLine]:
    amended = {one.signed.amends for one in records}
    bills = [one for one in records if one.signed.vct == "tax.assessment" and one.signed.record_id not in amended]
    paid = [one for one in records if one.signed.vct == "tax.payment"]
    lines: list[DueLine] = []
    for bill in bills:
        taxes = bill.one("taxes")
        if not taxes or taxes.get("paid") or (len(bills) == 1 and paid) or _answered(bill, paid):
            continue
        last = str(taxes.get("due_on") or "")
        if not last and (issued := utc_of(taxes.get("issued"))):
            last = (datetime.fromisoformat(issued) + timedelta(days=TAX_WITHIN_DAYS)).date().isoformat()
        if last:
            lines.append(DueLine(what="taxes (税款)", by=last, record=_id(bill)))
    return lines


def _deadlines(threads: Sequence[Thread], records: Sequence[HeldRecord]) -> list[DueLine]:
    closed = {_id(one) for thread in threads if thread.status.state in FINAL_STATES for one in thread.answers}
    return [
        DueLine(what="what customs asked for", by=until, record=_id(one))
        for one in records
        if one.signed.vct == "customs.status" and _id(one) not in closed and (until := utc_of(one.one("deadline")))
    ]


def _answered(bill: HeldRecord, payments: Sequence[HeldRecord]) -> bool:
    numbers = {key for key in bill.reference_keys if key[0] in ("tax_bill", "declaration")}
    return any(numbers & one.reference_keys for one in payments)


def _id(record: HeldRecord) -> str:
    return record.signed.record_id
