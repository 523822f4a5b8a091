"""The named groups of records over which a rule in the data form is run, each by the joins of `consignment`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from chain.rules.consignment import Consignment
from chain.rules.facts import Record

Group = Mapping[str, Sequence[Record]]
"""Part in the group to its records."""


def by_declaration(consignment: Consignment) -> Iterator[Group]:
    """Each declaration in force, with the bills and payments that are for it."""
    for one in consignment.declarations:
        yield {
            "declaration": (one.current,),
            "answer": one.answers,
            "bill": [bill.record for bill in consignment.bills if bill.declaration is one],
            "payment": [paid for paid in consignment.payments if consignment.declaration_of(paid) is one],
        }


def by_carriage(consignment: Consignment) -> Iterator[Group]:
    """Declarations that share bills, with one paper for each bill: the n-th group has each bill's n-th paper."""
    for one in consignment.carriages:
        for place in range(max(map(len, one.bills))):
            yield {
                "declaration": [declaration.current for declaration in one.declarations],
                "paper": [papers[min(place, len(papers) - 1)] for papers in one.bills],
            }


def by_assessment(consignment: Consignment) -> Iterator[Group]:
    """Each record that lists taxes: bills, payments, and answers of customs that tell taxes."""
    for bill in consignment.bills:
        yield {"taxes": (bill.record,)}
    for record in (*consignment.payments, *consignment.of_type("customs.status")):
        if record.taxes is not None:
            yield {"taxes": (record,)}


def by_trade(consignment: Consignment) -> Iterator[Group]:
    """Declarations in force with their invoices: by contract where all name one, else by currency, else all of them.

    A further declaration in another currency, or of another contract, takes nothing out of the comparison.
    """
    declarations = [one.current for one in consignment.declarations]
    invoices = [one for one in consignment.invoices if is_trade_invoice(one)]
    contracts = {one.head.contract for one in declarations} - {""}
    invoiced = {one.head.contract for one in invoices}
    if len(declarations) > 1 and invoiced and invoiced <= contracts and all(one.head.contract for one in declarations):
        for contract in sorted(contracts):
            yield _traded(
                [one for one in declarations if one.head.contract == contract],
                [one for one in invoices if one.head.contract == contract],
            )
        return
    currencies = {_currency_of(one) for one in (*declarations, *invoices)}
    if len(currencies) > 1 and "" not in currencies:
        for currency in sorted({_currency_of(one) for one in invoices}):
            yield _traded(
                [one for one in declarations if _currency_of(one) == currency],
                [one for one in invoices if _currency_of(one) == currency],
            )
        return
    yield _traded(declarations, invoices)


def _traded(declarations: Sequence[Record], invoices: Sequence[Record]) -> Group:
    """The parts of a `trade` group: credit notes stand apart, since what they say is taken off."""
    return {
        "declaration": declarations,
        "invoice": [one for one in invoices if not is_credit_note(one)],
        "credit": [one for one in invoices if is_credit_note(one)],
    }


def _currency_of(record: Record) -> str:
    """The one currency of a record's amounts; empty where there are several or none."""
    amounts = [item.total for item in record.items] + [record.head.total]
    currencies = {amount.currency for amount in amounts if amount}
    return currencies.pop() if len(currencies) == 1 else ""


E_INVOICE_DIGITS: Final = 20
CREDIT_NOTES: Final = frozenset({"81", "83", "261", "262", "296", "308", "381", "396", "420", "458", "532"})
"""UNTDID 1001: credit notes of goods and services, self-billed, consolidated, corrected, factored, forwarder's."""


def is_trade_invoice(record: Record) -> bool:
    """Whether the invoice is that of the deal across the border: a domestic VAT invoice (数电票) has 20 digits."""
    number = record.head.number
    return not (len(number) == E_INVOICE_DIGITS and number.isascii() and number.isdigit())


def is_credit_note(record: Record) -> bool:
    """Whether the invoice takes off what it says; the same numbers in other code lists are other kinds."""
    heads = [head for head in record.sections.get("invoice", ()) if isinstance(head, dict)]
    kinds = [kind for head in heads if isinstance(kind := head.get("kind"), dict)]
    return any(kind.get("system") == "uncl-1001" and kind.get("value") in CREDIT_NOTES for kind in kinds)


GROUPS: Final[Mapping[str, Callable[[Consignment], Iterator[Group]]]] = {
    "declaration": by_declaration,
    "carriage": by_carriage,
    "assessment": by_assessment,
    "trade": by_trade,
}
"""Name of a group in the data form to how it is made."""
