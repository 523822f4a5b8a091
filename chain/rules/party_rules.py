"""C24 and C32: who receives and who trades, by USCC or by normalised name."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

from chain.rules.answers import Answer, finding
from chain.rules.facts import Party, Record
from chain.rules.frame import Case, agrees, rule
from chain.rules.groups import is_trade_invoice

_SUFFIXES: Final = re.compile(
    r"(股份有限公司|有限责任公司|有限公司|公司)$|"
    r"\b(CO|COMPANY|LTD|LIMITED|CORP|CORPORATION|INC|LLC|GMBH|AG|SA|BV|PLC|PTE|KK)\b"
)
_NOT_LETTERS: Final = re.compile(r"[^0-9A-Z\u4e00-\u9fff]+")
_CHINESE: Final = re.compile(r"[\u4e00-\u9fff]")
TO_ORDER: Final = re.compile(r"^TO\s+(THE\s+)?ORDER\b")
NAME_CHARS_MAX: Final = 256
"""Characters of a name that are compared."""


def normalise_name(name: str) -> str:
    """A company's name without width, case, punctuation and legal form."""
    text = unicodedata.normalize("NFKC", name[:NAME_CHARS_MAX]).upper().replace(".", "").strip()
    text = _NOT_LETTERS.sub(" ", text)
    return _SUFFIXES.sub("", text.replace("  ", " ").strip()).replace(" ", "")


def same_company(first: Party, second: Party) -> bool | None:
    """Whether two parties are one company: by USCC, else by name in one script; None where that cannot be told."""
    if first.uscc and second.uscc:
        return first.uscc == second.uscc
    if not first.name or not second.name:
        return None
    if bool(_CHINESE.search(first.name)) != bool(_CHINESE.search(second.name)):
        return None
    return normalise_name(first.name) == normalise_name(second.name)


def _roles(record: Record, *roles: str) -> list[Party]:
    return [party for party in record.parties if party.role in roles]


def _compare_parties(
    rule_id: str, what: str, what_zh: str, first: Record, ours: list[Party], second: Record, theirs: list[Party]
) -> Iterator[Answer]:
    """Agrees where any two are one company; a finding where some can be compared and none is."""
    compared = [(a, b, same) for a in ours for b in theirs if (same := same_company(a, b)) is not None]
    if not compared:
        return
    if any(same for _, _, same in compared):
        yield agrees(rule_id.partition("-")[0], first.id, second.id)
        return
    a, b, _ = compared[0]
    yield finding(
        rule_id,
        "M",
        f"The {what} differ: {a.name or a.uscc} is declared, {b.name or b.uscc} stands on the document.",
        f"{what_zh}不一致：申报为 {a.name or a.uscc}，单证为 {b.name or b.uscc}。",
        [
            (first.id, f"parties.{a.place}", a.uscc or a.name),
            (second.id, f"parties.{b.place}", b.uscc or b.name),
        ],
        declared=a.name or a.uscc,
        computed=b.name or b.uscc,
    )


@rule(
    "C24",
    "M",
    en="The consignee or notified party is the importer.",
    zh="收货人或通知方与境内收发货人一致。",
    needs=("customs.declaration/parties", "logistics.transport_document/parties"),
)
def check_consignee(case: Case) -> Iterator[Answer]:
    """House papers only: on a master bill the consignee is the forwarder; a parcel's consignee is a person."""
    for carriage in case.consignment.carriages:
        for declaration in carriage.declarations:
            record, imported = declaration.current, declaration.direction == "I"
            roles = ("consignee", "notify") if imported else ("consignor",)
            ours = _roles(record, "trader", "owner", "importer" if imported else "exporter")
            for paper in (paper for bill in carriage.bills for paper in bill):
                if paper.head.kind == "parcel_waybill" or paper.head.houses or not declaration.direction:
                    continue
                theirs = [party for party in _roles(paper, *roles) if not TO_ORDER.match(party.name.upper())]
                yield from _compare_parties("C24-consignee", "consignees", "收发货人", record, ours, paper, theirs)


@rule(
    "C32",
    "M",
    en="Seller and buyer of the invoice are the parties of the declaration.",
    zh="发票买卖双方与申报收发货人一致。",
    needs=("customs.declaration/parties", "tax.invoice/parties"),
)
def check_invoice_parties(case: Case) -> Iterator[Answer]:
    """Home and foreign side each; an invoice joined to several declarations agrees with any of them."""
    for declaration in case.consignment.declarations:
        record, imported = declaration.current, declaration.direction == "I"
        if not declaration.direction:
            continue
        home, foreign = ("buyer", "seller") if imported else ("seller", "buyer")
        abroad = _roles(record, "consignor" if imported else "consignee")
        for invoice in filter(is_trade_invoice, case.consignment.invoices):
            if len(case.consignment.declarations) > 1 and invoice.head.contract != record.head.contract:
                continue
            ours, theirs = _roles(record, "trader", "owner"), _roles(invoice, home)
            yield from _compare_parties("C32-home", "home parties", "境内企业", record, ours, invoice, theirs)
            theirs = _roles(invoice, foreign)
            yield from _compare_parties("C32-foreign", "foreign parties", "境外企业", record, abroad, invoice, theirs)
