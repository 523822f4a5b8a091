"""The parts of the picture that gather one kind of section from all records: each value beside the record that says it.

Records come in the chain's order and reduced to what the reader sees; so nothing here decides who sees what.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from chain.encoding import Json
from gateway.access.records import HeldRecord
from gateway.consignment.customs_status import hours_between, issued_at, utc_of
from gateway.consignment.declarations import Thread

_VALUE_HEADS = {"trade.order": "order", "trade.payment": "payment", "tax.invoice": "invoice", "tax.rebate": "rebate"}


def named(record: HeldRecord, **values: Json) -> dict[str, Json]:
    """A value with the record that said it, its type and its issuer."""
    return {**values, "record": record.signed.record_id, "type": record.signed.vct, "issuer": record.signed.iss}


def listed(records: Sequence[HeldRecord], section: str) -> list[Json]:
    """Every element of a section that is a list."""
    return [named(one, value=value) for one in records for value in one.many(section)]


def single(records: Sequence[HeldRecord], section: str) -> list[Json]:
    """Every section that is one object, as each source stated it."""
    return [named(one, value=value) for one in records if (value := one.one(section))]


def references(records: Sequence[HeldRecord]) -> list[Json]:
    """Every number by which the parties know the goods, once each, with all records that say it."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for one in records:
        for key in one.reference_keys:
            found.setdefault(key, []).append(one.signed.record_id)
    return [
        {"kind": kind, "scope": scope, "value": value, "records": [*said]}
        for (kind, scope, value), said in sorted(found.items())
    ]


def goods_items(records: Sequence[HeldRecord], threads: Sequence[Thread]) -> list[Json]:
    """Goods lines, those of superseded declarations left out: they stand in the history."""
    old = {one.signed.record_id for thread in threads for one in thread.versions[:-1]}
    return [
        named(one, value=value)
        for one in records
        if one.signed.record_id not in old
        for value in one.many("goods_items")
    ]


def containers(records: Sequence[HeldRecord]) -> list[Json]:
    """Containers by number, each with what every source says of it (seals, sizes, weights)."""
    found: dict[str, list[Json]] = {}
    for one in records:
        for container in _containers_of(one):
            number = str(container.get("number", ""))
            found.setdefault(number, []).append(named(one, value=container))
    return [{"number": number, "said": said} for number, said in sorted(found.items())]


def weights(records: Sequence[HeldRecord]) -> list[Json]:
    """Weights as each source stated them, side by side: gross, net, verified, of a container or of the whole."""
    return [
        named(one, what=what, of=of, value=weight)
        for one in records
        for what, of, weight in _weights_of(one)
        if isinstance(weight, dict)
    ]


def values(records: Sequence[HeldRecord]) -> list[Json]:
    """What orders, payments, invoices and rebates say of money, and every valuation."""
    found = single(records, "valuation")
    for one in records:
        head = _VALUE_HEADS.get(one.signed.vct)
        if head and (value := one.one(head)):
            found.append(named(one, value=value))
    return found


def taxes(records: Sequence[HeldRecord]) -> dict[str, Json]:
    """Taxes declared, assessed and paid, each as its source stated it; an amended bill is marked with its successor."""
    successor = {one.signed.amends: one.signed.record_id for one in records if one.signed.amends}
    kinds = {"tax.assessment": "assessed", "tax.payment": "paid", "customs.status": "told_by_customs"}
    found: dict[str, list[Json]] = {"assessed": [], "paid": [], "told_by_customs": [], "declared": []}
    for one in records:
        if value := one.one("taxes"):
            head = one.one("assessment") or one.one("tax_payment")
            kind = kinds.get(one.signed.vct, "declared")
            found[kind].append(named(one, value=value, head=head, amended_by=successor.get(one.signed.record_id)))
    return {kind: [*said] for kind, said in found.items()}


def timeline(threads: Sequence[Thread], records: Sequence[HeldRecord]) -> list[Json]:
    """What happened, over customs, logistics and tax, by the time at which its source says that it happened."""
    moments = [_moment(one) for one in records]
    for thread in threads:
        for step in thread.status.steps:
            at = next((m for m in moments if m["record"] == step.word.record), None)
            if at is not None:
                at["at"] = step.word.at
                at["state"] = step.after or None
    return [*sorted(moments, key=lambda m: (str(m["at"]), str(m["record"])))]


def overview(threads: Sequence[Thread], records: Sequence[HeldRecord]) -> dict[str, Json]:
    """The state of customs, logistics and tax in one line each, and hours from lodging to release."""
    events = [one for one in records if one.one("event")]
    last = max(events, key=lambda one: (utc_of(one.one("event").get("happened")), one.order), default=None)
    paid = any(one.one("tax_payment") for one in records)
    stretches: list[Json] = [_stretch(thread, paid=paid) for thread in threads]
    return {
        "customs": stretches,
        "logistics": None
        if last is None
        else named(last, code=last.one("event").get("code"), happened=last.one("event").get("happened")),
        "tax": _tax_standing(records),
    }


def _stretch(thread: Thread, *, paid: bool) -> dict[str, Json]:
    """One declaration's state and times; hours are counted from arrival or lodging, whichever came later."""
    moves = [step for step in thread.status.steps if step.moved]
    lodged = next((step.word.at for step in moves if step.after == "SUBMITTED"), None)
    released = next((step.word.at for step in moves if step.after == "RELEASED"), None)
    times = thread.times
    return {
        "record": thread.current.signed.record_id,
        "state": thread.status.state or None,
        "tax_paid": bool(thread.status.tax_paid) or paid,
        "lodged_at": lodged,
        "released_at": released,
        "hours_lodged_to_released": hours_between(lodged, released) if lodged and released else None,
        "early": times.early,
        "hours_to_release": None if times.hours_to_release is None else str(times.hours_to_release),
        "hours_to_gate_out": None if times.hours_to_gate_out is None else str(times.hours_to_gate_out),
        "times": [{"step": one.step, "at": one.at, "record": one.record} for one in times.moments],
        "waits": [
            {
                "since": one.since,
                "until": one.until,
                "hours": str(one.hours),
                "cause": one.cause,
                "cause_zh": one.cause_zh,
                "notes": [*one.notes],
            }
            for one in times.waits
        ],
    }


def _tax_standing(records: Sequence[HeldRecord]) -> dict[str, Json] | None:
    """How many bills stand and how many payments, and the last word on either; None where nobody spoke of taxes."""
    replaced = {one.signed.amends for one in records}
    said = [
        one
        for one in records
        if one.signed.vct in ("tax.assessment", "tax.payment") and one.signed.record_id not in replaced
    ]
    if not said:
        return None
    kinds = [one.signed.vct for one in said]
    return named(said[-1], assessed=kinds.count("tax.assessment"), paid=kinds.count("tax.payment"))


def _moment(record: HeldRecord) -> dict[str, Json]:
    happened = ""
    for head, field in _MOMENTS:
        happened = happened or utc_of(record.one(head).get(field))
    code = record.one("event").get("code") or record.one("status").get("code")
    # Where its time is not said, or withheld, the moment stands at the record's own issue, and says so.
    return named(record, at=happened or issued_at(record), at_is="happened" if happened else "issued", code=code)


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
