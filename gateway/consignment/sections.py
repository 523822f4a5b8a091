"""The parts of the picture that gather one kind of section from all records: each value beside the record that says it.

Records come in the chain's order and reduced to what the reader sees; so nothing here decides who sees what.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypedDict

import msgspec

from chain.encoding import Json
from gateway.access.records import HeldRecord
from gateway.consignment.answers import (
    ContainerSaid,
    LastEvent,
    Moment,
    Overview,
    ReferenceSaid,
    Said,
    Stretch,
    TaxesSaid,
    TaxSaid,
    TaxStanding,
    TimedStep,
    WaitLine,
    WeightSaid,
)
from gateway.consignment.customs_status import hours_between, issued_at, utc_of
from gateway.consignment.declarations import Thread

_VALUE_HEADS = {"trade.order": "order", "trade.payment": "payment", "tax.invoice": "invoice", "tax.rebate": "rebate"}


class Source(TypedDict):
    """The fields of an answer's part that name the record which it comes from."""

    record: str
    type: str
    issuer: str


def source(record: HeldRecord) -> Source:
    """The record that says a value, its type and its issuer."""
    return {"record": record.signed.record_id, "type": record.signed.vct, "issuer": record.signed.iss}


def said_by(record: HeldRecord, value: dict[str, Json]) -> Said:
    """A value with the record that says it."""
    signed = record.signed
    return Said(value=value, record=signed.record_id, type=signed.vct, issuer=signed.iss)


def listed(records: Sequence[HeldRecord], section: str) -> list[Said]:
    """Every element of a section that is a list."""
    return [said_by(record, value) for record in records for value in record.many(section)]


def single(records: Sequence[HeldRecord], section: str) -> list[Said]:
    """Every section that is one object, as each source stated it."""
    return [said_by(record, value) for record in records if (value := record.one(section))]


def references(records: Sequence[HeldRecord]) -> list[ReferenceSaid]:
    """Every number by which the parties know the goods, once each, with all records that say it."""
    by_key: dict[tuple[str, str, str], list[str]] = {}
    for record in records:
        for key in record.reference_keys:
            by_key.setdefault(key, []).append(record.signed.record_id)
    return [
        ReferenceSaid(kind=kind, scope=scope, value=value, records=record_ids)
        for (kind, scope, value), record_ids in sorted(by_key.items())
    ]


def goods_items(records: Sequence[HeldRecord], threads: Sequence[Thread]) -> list[Said]:
    """Goods lines, those of superseded declarations left out: they stand in the history."""
    old = {one.signed.record_id for thread in threads for one in thread.versions[:-1]}
    return [
        said_by(record, value)
        for record in records
        if record.signed.record_id not in old
        for value in record.many("goods_items")
    ]


def containers(records: Sequence[HeldRecord]) -> list[ContainerSaid]:
    """Containers by number, each with what every source says of it (seals, sizes, weights)."""
    by_number: dict[str, list[Said]] = {}
    for record in records:
        for container in _containers_of(record):
            number = str(container.get("number", ""))
            by_number.setdefault(number, []).append(said_by(record, container))
    return [ContainerSaid(number=number, said=said) for number, said in sorted(by_number.items())]


def weights(records: Sequence[HeldRecord]) -> list[WeightSaid]:
    """Weights as each source stated them, side by side: gross, net, verified, of a container or of the whole."""
    return [
        WeightSaid(
            what=what,
            of=of,
            value=weight,
            record=record.signed.record_id,
            type=record.signed.vct,
            issuer=record.signed.iss,
        )
        for record in records
        for what, of, weight in _weights_of(record)
        if isinstance(weight, dict)
    ]


def values(records: Sequence[HeldRecord]) -> list[Said]:
    """What orders, payments, invoices and rebates say of money, and every valuation."""
    statements = single(records, "valuation")
    for record in records:
        head = _VALUE_HEADS.get(record.signed.vct)
        if head and (value := record.one(head)):
            statements.append(said_by(record, value))
    return statements


def taxes(records: Sequence[HeldRecord]) -> TaxesSaid:
    """Taxes declared, assessed and paid, each as its source stated it; an amended bill is marked with its successor."""
    successor = {one.signed.amends: one.signed.record_id for one in records if one.signed.amends}
    kinds = {"tax.assessment": "assessed", "tax.payment": "paid", "customs.status": "told_by_customs"}
    by_kind: dict[str, list[TaxSaid]] = {"assessed": [], "paid": [], "told_by_customs": [], "declared": []}
    for record in records:
        if value := record.one("taxes"):
            head = record.one("assessment") or record.one("tax_payment")
            amended_by = successor.get(record.signed.record_id)
            said = TaxSaid(value=value, head=head, amended_by=amended_by, **source(record))
            by_kind[kinds.get(record.signed.vct, "declared")].append(said)
    return TaxesSaid(**by_kind)


def timeline(threads: Sequence[Thread], records: Sequence[HeldRecord]) -> list[Moment]:
    """What happened, over customs, logistics and tax, by the time at which its source says that it happened."""
    moments = {record.signed.record_id: _moment(record) for record in records}
    for thread in threads:
        for step in thread.status.steps:
            record_id = step.word.record
            if (moment := moments.get(record_id)) is not None:
                moments[record_id] = msgspec.structs.replace(moment, at=step.word.at, state=step.after or None)
    return sorted(moments.values(), key=lambda moment: (moment.at, moment.record))


def overview(threads: Sequence[Thread], records: Sequence[HeldRecord]) -> Overview:
    """The state of customs, logistics and tax in one line each, and hours from lodging to release."""
    events = [one for one in records if one.one("event")]
    last = max(events, key=lambda one: (utc_of(one.one("event").get("happened")), one.order), default=None)
    paid = any(record.one("tax_payment") for record in records)
    return Overview(
        customs=[_stretch(thread, paid=paid) for thread in threads],
        logistics=None
        if last is None
        else LastEvent(code=_object(last, "code"), happened=_object(last, "happened"), **source(last)),
        tax=_tax_standing(records),
    )


def _stretch(thread: Thread, *, paid: bool) -> Stretch:
    """One declaration's state and times; hours are counted from arrival or lodging, whichever came later."""
    moves = [step for step in thread.status.steps if step.moved]
    lodged = next((step.word.at for step in moves if step.after == "SUBMITTED"), None)
    released = next((step.word.at for step in moves if step.after == "RELEASED"), None)
    times = thread.times
    return Stretch(
        record=thread.current.signed.record_id,
        state=thread.status.state or None,
        tax_paid=bool(thread.status.tax_paid) or paid,
        lodged_at=lodged,
        released_at=released,
        hours_lodged_to_released=hours_between(lodged, released) if lodged and released else None,
        early=times.early,
        hours_to_release=None if times.hours_to_release is None else str(times.hours_to_release),
        hours_to_gate_out=None if times.hours_to_gate_out is None else str(times.hours_to_gate_out),
        times=[TimedStep(step=moment.step, at=moment.at, record=moment.record) for moment in times.moments],
        waits=[
            WaitLine(
                since=wait.since,
                until=wait.until,
                hours=str(wait.hours),
                cause=wait.cause,
                cause_zh=wait.cause_zh,
                notes=[*wait.notes],
            )
            for wait in times.waits
        ],
    )


def _object(record: HeldRecord, field: str) -> dict[str, Json] | None:
    """A field of the record's event that is an object."""
    value = record.one("event").get(field)
    return value if isinstance(value, dict) else None


def _tax_standing(records: Sequence[HeldRecord]) -> TaxStanding | None:
    """How many bills stand and how many payments, and the last word on either; None where nobody spoke of taxes."""
    replaced = {record.signed.amends for record in records}
    standing = [
        record
        for record in records
        if record.signed.vct in ("tax.assessment", "tax.payment") and record.signed.record_id not in replaced
    ]
    if not standing:
        return None
    kinds = [record.signed.vct for record in standing]
    return TaxStanding(assessed=kinds.count("tax.assessment"), paid=kinds.count("tax.payment"), **source(standing[-1]))


def _moment(record: HeldRecord) -> Moment:
    happened = ""
    for head, field in _MOMENTS:
        happened = happened or utc_of(record.one(head).get(field))
    code = record.one("event").get("code") or record.one("status").get("code")
    # Where its time is not said, or withheld, the moment stands at the record's own issue, and says so.
    return Moment(
        at=happened or issued_at(record),
        at_is="happened" if happened else "issued",
        code=code if isinstance(code, dict) else None,
        **source(record),
    )


_MOMENTS = (
    ("event", "happened"),
    ("status", "at"),
    ("declaration", "lodged"),
    ("request", "lodged"),
    ("weight", "at"),
    ("order", "placed"),
    ("payment", "at"),
    ("invoice", "issued"),
    ("transport_document", "issued"),
    ("rebate", "lodged"),
    ("taxes", "paid"),
    ("taxes", "issued"),
)
"""Section and field that say when it happened, first found counts."""


def _containers_of(record: HeldRecord) -> Iterator[dict[str, Json]]:
    listed_there = record.one("transport").get("containers")
    for one in listed_there if isinstance(listed_there, list) else []:
        if isinstance(one, dict):
            yield one
    for head in ("event", "weight"):
        one = record.one(head).get("container")
        if isinstance(one, dict):
            yield one


def _weights_of(record: HeldRecord) -> Iterator[tuple[str, str | None, Json]]:
    transport, weight, event = record.one("transport"), record.one("weight"), record.one("event")
    yield "gross", None, transport.get("gross")
    yield "net", None, transport.get("net")
    if weight:
        container = weight.get("container")
        number = str(container.get("number")) if isinstance(container, dict) else None
        yield str(weight.get("kind", "vgm")), number, weight.get("gross")
        yield "cargo_gross", number, weight.get("cargo_gross")
    yield "gross_at_event", None, event.get("gross")
    for container in _containers_of(record):
        for field in ("gross", "cargo_gross", "tare"):
            yield f"container_{field}", str(container.get("number")), container.get(field)
