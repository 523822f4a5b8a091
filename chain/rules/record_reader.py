"""Reads the disclosed sections of one record into `facts.Record`: pure, and lenient where a section is absent.

Sections were checked by the record model at intake; a value that does not fit is left out, so that a rule that needs
it is not run. The functions take JSON values as `chain.sdjwt` decodes them.
"""

from __future__ import annotations

from collections.abc import Sequence

from chain.rules.facts import Charge, Code, Item, Paper, Party, Record, Taxes, TaxLine, Transport, Valuation
from chain.rules.head_reader import head_of
from chain.rules.section_values import (
    Object,
    Sections,
    box_of,
    code_of,
    day_of,
    decimal_of,
    first_of,
    kg_of,
    listed_in,
    location_of,
    measure_of,
    money_of,
    object_of,
    objects_of,
    place_of,
    text_of,
    utc_of,
    value_of,
    whole_of,
)


def read_record(
    record_id: str,
    record_type: str,
    issuer: str,
    issued: str,
    amends: str | None,
    ucr_count: int,
    references: Sequence[tuple[str, str, str]],
    sections: Sections,
    withheld: Sequence[str] = (),
    withdraws: bool = False,
) -> Record:
    """The record's words; `sections` holds what is disclosed, `withheld` the names of what is not."""
    transport = first_of(sections, "transport")
    valuation, taxes = first_of(sections, "valuation"), first_of(sections, "taxes")
    return Record(
        id=record_id,
        type=record_type,
        issuer=issuer,
        issued=issued,
        amends=amends or "",
        sole=ucr_count == 1,
        references=tuple(sorted(references)),
        head=head_of(record_type, sections),
        parties=tuple(_party(place, party) for place, party in enumerate(listed_in(sections, "parties"))),
        items=tuple(_item(place, item) for place, item in enumerate(listed_in(sections, "goods_items"))),
        transport=_transport(transport) if transport else None,
        valuation=_valuation(valuation) if valuation else None,
        taxes=_taxes(taxes) if taxes else None,
        papers=tuple(map(_paper, listed_in(sections, "documents"))),
        withheld=frozenset(withheld),
        sections={name: tuple(values) for name, values in sections.items()},
        withdraws=withdraws,
        ucrs=frozenset(ucr for ucr in sections.get("ucr", ()) if isinstance(ucr, str)),
        ucr_count=ucr_count,
    )


def _party(place: int, party: Object) -> Party:
    return Party(
        place=place,
        role=text_of(party, "role"),
        name=text_of(party, "name"),
        uscc=text_of(party, "uscc"),
        customs_code=text_of(party, "customs_code"),
        codes=tuple(
            Code(text_of(one, "system"), text_of(one, "value"), one.get("known") is not False)
            for one in objects_of(party, "other_ids")
        ),
        country=text_of(party, "country"),
    )


def _item(place: int, item: Object) -> Item:
    return Item(
        place=place,
        ordinal=whole_of(item, "ordinal") or place + 1,
        hs=text_of(item, "hs"),
        name=text_of(item, "name"),
        quantity=measure_of(item, "quantity"),
        first=measure_of(item, "first_quantity"),
        second=measure_of(item, "second_quantity"),
        unit_price=money_of(item, "unit_price"),
        total=money_of(item, "total"),
        customs_value=money_of(item, "customs_value"),
        origin=text_of(item, "origin"),
        destination=text_of(item, "destination"),
        duty_mode=value_of(item, "duty_mode"),
        preference=value_of(item, "preference"),
        district=text_of(item, "district"),
        gross_kg=kg_of(item, "gross"),
        net_kg=kg_of(item, "net"),
    )


def _transport(said: Object) -> Transport:
    means = object_of(said, "conveyance")
    return Transport(
        mode=code_of(said, "mode"),
        means=text_of(means, "name"),
        imo=text_of(means, "imo"),
        voyage=text_of(means, "voyage"),
        export_voyage=text_of(means, "export_voyage"),
        bill=text_of(said, "bill"),
        master_bill=text_of(said, "master_bill"),
        departure=location_of(said, "departure"),
        loading=location_of(said, "loading"),
        discharge=location_of(said, "discharge"),
        entry=location_of(said, "entry"),
        destination=location_of(said, "destination"),
        transit=tuple(map(place_of, objects_of(said, "transit"))),
        country_departure=text_of(said, "country_departure"),
        country_destination=text_of(said, "country_destination"),
        arrived=utc_of(said, "arrived"),
        departed=utc_of(said, "departed"),
        departed_on=day_of(said, "departed_on"),
        crossed_on=day_of(said, "crossed_on"),
        unloaded_on=day_of(said, "unloaded_on"),
        packages=whole_of(object_of(said, "packages"), "count"),
        gross_kg=kg_of(said, "gross"),
        net_kg=kg_of(said, "net"),
        boxes=tuple(map(box_of, objects_of(said, "containers"))),
        seals=tuple(text_of(seal, "number") for seal in objects_of(said, "seals")),
    )


def _charge(holder: Object, name: str) -> Charge | None:
    inner = object_of(holder, name)
    if not inner:
        return None
    return Charge(text_of(inner, "mark"), decimal_of(inner.get("rate")), money_of(inner, "amount"))


def _valuation(said: Object) -> Valuation:
    rates = {
        text_of(one, "currency"): rate
        for one in objects_of(said, "exchange")
        if (rate := decimal_of(one.get("rate"))) is not None
    }
    return Valuation(
        terms=code_of(said, "terms"),
        freight=_charge(said, "freight"),
        insurance=_charge(said, "insurance"),
        other=_charge(said, "other"),
        total=money_of(said, "total"),
        invoice_total=money_of(said, "invoice_total"),
        customs_value=money_of(said, "customs_value"),
        rates=rates,
    )


def _taxes(said: Object) -> Taxes:
    lines = tuple(
        TaxLine(
            place=place,
            kind=text_of(line, "kind"),
            item=whole_of(line, "item"),
            hs=text_of(line, "hs"),
            base=money_of(line, "base"),
            quantity=measure_of(line, "quantity"),
            rate=decimal_of(line.get("rate")),
            specific=money_of(line, "specific"),
            amount=money_of(line, "amount"),
            deducted=money_of(line, "deducted"),
            payment=value_of(line, "payment"),
        )
        for place, line in enumerate(objects_of(said, "lines"))
    )
    return Taxes(
        lines=lines,
        total=money_of(said, "total"),
        bill=text_of(said, "bill"),
        certificate=text_of(said, "certificate"),
        guarantee=text_of(said, "guarantee"),
        issued=utc_of(said, "issued"),
        due_on=day_of(said, "due_on"),
        paid=utc_of(said, "paid"),
        paid_amount=money_of(said, "paid_amount"),
    )


def _paper(said: Object) -> Paper:
    return Paper(
        code_of(said, "kind"),
        text_of(said, "number"),
        text_of(said, "name"),
        day_of(said, "issued"),
        whole_of(said, "item"),
    )
