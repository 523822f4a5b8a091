"""C23 and C34: numbers that another consignment bears too, as search facts say within the reader's rights."""

from __future__ import annotations

from collections.abc import Iterator

from chain.rules.answers import Answer, Missing, finding
from chain.rules.frame import Case, SharedNumber, agrees, not_run, rule

_NOT_LOOKED = ("nobody looked for other consignments", "未检索其他货物")


@rule(
    "C23",
    "H",
    en="No box, bill or declaration number stands in two open consignments.",
    zh="集装箱、提运单、报关单号未同时用于两票未结货物。",
    needs=("customs.declaration/transport",),
)
def check_doubled_numbers(case: Case) -> Iterator[Answer]:
    """Boxes return after months, so only open consignments count; a declaration number is never used twice."""
    if not case.elsewhere.kinds >= {"container", "declaration"}:
        yield not_run("C23", Missing.FACT, *_NOT_LOOKED)
        return
    shared = [one for one in case.elsewhere.of("container", "transport_document") if one.is_open]
    shared += case.elsewhere.of("declaration")
    for one in shared:
        yield _doubled("C23-twice", one)
    if not shared:
        yield agrees("C23", *(one.current.id for one in case.consignment.declarations))


@rule(
    "C34",
    "H",
    en="No invoice is used for two declarations beyond its amount.",
    zh="同一发票未超额用于两票报关单。",
    needs=("tax.invoice/invoice",),
)
def check_doubled_invoices(case: Case) -> Iterator[Answer]:
    """An invoice number that another consignment names too."""
    if "invoice" not in case.elsewhere.kinds:
        yield not_run("C34", Missing.FACT, *_NOT_LOOKED)
        return
    shared = case.elsewhere.of("invoice")
    for one in shared:
        yield _doubled("C34-invoice-twice", one)
    if not shared and case.consignment.invoices:
        yield agrees("C34", *(one.id for one in case.consignment.invoices))


def _doubled(rule_id: str, shared: SharedNumber) -> Answer:
    return finding(
        rule_id,
        "H",
        f"The {shared.kind.replace('_', ' ')} number {shared.value} stands in another consignment too.",
        f"号码 {shared.value}（{shared.kind}）亦用于其他货物。",
        [(shared.record, "references", shared.value)],
        declared=shared.value,
        computed=shared.other,
    )
