"""What a record says about itself, of all types under one set of names (`facts.Head`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from chain.rules.facts import Head, Money, RebateLine
from chain.rules.section_values import (
    Object,
    Sections,
    box_of,
    code_of,
    day_of,
    decimal_of,
    first_of,
    flag_of,
    kg_of,
    location_of,
    measure_of,
    money_of,
    object_of,
    objects_of,
    text_of,
    texts_of,
    utc_of,
    value_of,
    whole_of,
)

HEAD_SECTIONS: Final[Mapping[str, str]] = {
    "customs.declaration": "declaration",
    "customs.request": "request",
    "customs.status": "status",
    "logistics.transport_document": "transport_document",
    "logistics.event": "event",
    "logistics.weight": "weight",
    "trade.order": "order",
    "trade.payment": "payment",
    "trade.certificate": "certificate",
    "tax.invoice": "invoice",
    "tax.assessment": "assessment",
    "tax.payment": "tax_payment",
    "tax.rebate": "rebate",
}
"""Record type to the section in which the record speaks about itself."""


def _rebate_line(place: int, line: Object) -> RebateLine:
    return RebateLine(
        place=place,
        declaration=text_of(line, "declaration"),
        export_invoice=text_of(line, "export_invoice"),
        hs=text_of(line, "hs"),
        quantity=measure_of(line, "quantity"),
        deal_total=money_of(line, "deal_total"),
        exchange=decimal_of(line.get("exchange")),
        fob_cny=money_of(line, "fob_cny"),
        fob_usd=money_of(line, "fob_usd"),
        levy_rate=decimal_of(line.get("levy_rate")),
        rebate_rate=decimal_of(line.get("rebate_rate")),
        rebate=money_of(line, "rebate"),
        not_creditable=money_of(line, "not_creditable"),
    )


_TIMES: Final[Mapping[str, tuple[str, ...]]] = {
    "customs.declaration": ("lodged",),
    "customs.request": ("lodged",),
    "customs.status": ("at",),
    "logistics.event": ("happened",),
    "logistics.weight": ("at",),
    "logistics.transport_document": ("issued",),
    "trade.order": ("placed",),
    "trade.payment": ("at", "said"),
    "tax.invoice": ("issued",),
    "tax.assessment": ("said",),
    "tax.rebate": ("lodged",),
}
"""Record type to the fields of its head that say when it happened, first found counts."""
_INVOICE_TOTALS: Final = ("net", "lines_total", "gross", "payable")
"""First found counts: what is declared is without the seller's own tax."""


def _total(record_type: str, head: Object) -> Money | None:
    names = {"tax.invoice": _INVOICE_TOTALS, "trade.order": ("goods_value",), "trade.payment": ("amount",)}
    return next(filter(None, (money_of(head, name) for name in names.get(record_type, ()))), None)


def head_of(record_type: str, sections: Sections) -> Head:
    """What a record says about itself."""
    head = first_of(sections, HEAD_SECTIONS.get(record_type, ""))
    if not head:
        return Head()
    conveyance, exchange = object_of(head, "conveyance"), object_of(head, "exchange")
    box = object_of(head, "container")
    at = next(filter(None, (utc_of(head, name) for name in _TIMES.get(record_type, ()))), "")
    return Head(
        number=text_of(head, "number") or text_of(head, "certificate"),
        kind=text_of(head, "kind") or value_of(head, "kind"),
        function=text_of(head, "function") or "new",
        stage=text_of(head, "stage"),
        direction=text_of(head, "direction"),
        form=value_of(head, "form"),
        office=value_of(head, "office"),
        border_office=value_of(head, "border_office"),
        procedure=value_of(head, "procedure"),
        contract=text_of(head, "contract"),
        licence=text_of(head, "licence"),
        order=text_of(head, "order"),
        waybill=text_of(head, "waybill"),
        guarantee=text_of(head, "guarantee"),
        master=text_of(head, "master"),
        houses=texts_of(head, "houses"),
        declaration=text_of(head, "declaration"),
        state=text_of(head, "state"),
        code=code_of(head, "code"),
        about=text_of(head, "about"),
        technical=head.get("technical") is True,
        tax_paid=head.get("tax_paid") is True,
        notes=tuple(text_of(note, "text") for note in objects_of(head, "notes")),
        at=at,
        reported=utc_of(head, "reported"),
        on=day_of(head, "declared_on") or day_of(head, "issued_on"),
        id=text_of(head, "id"),
        classifier=text_of(head, "classifier") or "ACT",
        retracts=text_of(head, "retracts"),
        place=location_of(head, "place"),
        box=box_of(box) if box else None,
        pieces=whole_of(head, "pieces"),
        gross_kg=kg_of(head, "gross") if record_type.startswith("logistics.") else None,
        cargo_kg=kg_of(head, "cargo_gross"),
        bill=text_of(head, "bill"),
        means=text_of(conveyance, "name"),
        imo=text_of(conveyance, "imo"),
        voyage=text_of(conveyance, "voyage"),
        export_voyage=text_of(conveyance, "export_voyage"),
        document=value_of(head, "document"),
        part=flag_of(head, "part"),
        corrects=texts_of(head, "corrects"),
        total=_total(record_type, head),
        gross=money_of(head, {"tax.invoice": "gross", "trade.order": "paid"}.get(record_type, "")),
        charges=money_of(head, "charges"),
        insurance=money_of(head, "insurance"),
        exchange_currency=text_of(exchange, "currency"),
        exchange_rate=decimal_of(exchange.get("rate")),
        filled_on=day_of(head, "filled_on"),
        flags={text_of(flag, "system"): text_of(flag, "value") for flag in objects_of(head, "flags")},
        lines=tuple(_rebate_line(place, line) for place, line in enumerate(objects_of(head, "lines"))),
    )
