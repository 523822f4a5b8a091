"""C20 to C22, C25, C26: what happened on the way, in which order, and whether the goods could be there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from chain.rules.answers import Answer, Missing, finding
from chain.rules.carriage_rules import ARRIVED, LOADED, code_of, events_of
from chain.rules.consignment import Consignment
from chain.rules.customs_status import LIFT_OFF_APPLIED
from chain.rules.declarations import Declaration, spell
from chain.rules.facts import Record
from chain.rules.frame import Case, agrees, beijing_day, days_between, hours_between, not_run, rule
from chain.rules.identity_rules import is_air, is_chinese
from chain.rules.voyage_rules import place_key

LEFT_CUSTOMS_CONTROL: Final = frozenset({"GTOT", "DLV"})
"""Goods handed out: gate-out of a terminal, delivery by an airline."""
DELIVERED: Final = ("ceb-logistics", "S")
"""A parcel that its buyer signed for."""
OPENED: Final = frozenset({"RSEA", "INSP"})
"""The box was opened or sealed anew."""
ORDER: Final = ("GTIN", "LOAD", "DISC", "GTOT")
"""Order of a box's events."""
CLEARED_BY_CARRIER: Final = "CCD"
HOME: Final = "CN"


def has_left(event: Record) -> bool:
    """Whether the event says that laden goods left customs control."""
    code = event.head.code
    is_delivery = code is not None and (code.system, code.value) == DELIVERED
    is_empty = event.head.box is not None and event.head.box.laden is False
    return (code_of(event) in LEFT_CUSTOMS_CONTROL or is_delivery) and not is_empty


@rule(
    "C20",
    "H",
    en="The seals of a box are the same from loading to gate-out, unless it was opened.",
    zh="集装箱自装船至出闸封志一致，开箱或重新施封除外。",
    needs=("logistics.event/event",),
)
def check_seals(case: Case) -> Iterator[Answer]:
    """Every two neighbours in time that name seals of one box; papers and weighings stand first."""
    said: dict[str, list[tuple[str, Record, frozenset[str]]]] = {}
    for record in (*case.consignment.papers, *case.consignment.of_type("logistics.weight")):
        boxes = record.transport.boxes if record.transport else ()
        for box in (*boxes, *((record.head.box,) if record.head.box else ())):
            if box.seals:
                said.setdefault(box.number, []).append(("", record, frozenset(map(spell, box.seals))))
    for event in case.consignment.events:
        box_there = event.head.box
        if box_there and box_there.seals:
            seals = frozenset(map(spell, box_there.seals))
            said.setdefault(box_there.number, []).append((event.head.at, event, seals))
    for number, chain in said.items():
        chain.sort(key=lambda one: one[0])
        for (_, first, old), (at, second, new) in pairwise(chain):
            if old & new:
                yield agrees("C20", first.id, second.id)
            elif not _was_opened(case.consignment, number, at):
                yield finding(
                    "C20-seal",
                    "H",
                    f"Container {number} bears seal {', '.join(sorted(new))}, before it was {', '.join(sorted(old))}.",
                    f"集装箱 {number} 封志为 {'、'.join(sorted(new))}，此前为 {'、'.join(sorted(old))}。",
                    [(first.id, "seals", ", ".join(sorted(old))), (second.id, "seals", ", ".join(sorted(new)))],
                    declared=", ".join(sorted(new)),
                    computed=", ".join(sorted(old)),
                )


def _was_opened(consignment: Consignment, number: str, by: str) -> bool:
    """Whether the box was opened, or customs called an inspection, before that time."""
    opened = any(
        code_of(event) in OPENED and event.head.box and event.head.box.number == number and event.head.at <= by
        for event in consignment.events
    )
    inspected = any(
        step.after == "INSPECTION" and step.word.at <= by
        for one in consignment.declarations
        for step in one.status.steps
    )
    return opened or inspected


@rule(
    "C21",
    "H",
    en="Imported goods leave after release; a box is gated in, loaded, discharged and gated out in this order.",
    zh="进口货物放行后提离；集装箱依次进闸、装船、卸船、出闸。",
    needs=("logistics.event/event", "customs.declaration/declaration"),
)
def check_gate_out(case: Case) -> Iterator[Answer]:
    """提前提离; what customs allowed before release (B, C, G, conditional lift-off) is no finding."""
    for declaration in case.consignment.declarations:
        if declaration.direction == "I":
            for event in events_of(case.consignment, declaration):
                if has_left(event):
                    yield from _check_left(declaration, event)
                if code_of(event) == CLEARED_BY_CARRIER:
                    yield from _check_cleared(declaration, event)
    yield from _check_order(case.consignment)


def _lift_off_unseen(declaration: Declaration, event: Record) -> Answer:
    """Who applies for conditional lift-off may lift once customs agree; the declarant's own tick proves nothing."""
    return finding(
        "C21-lift-off",
        "M",
        "The goods left the quay before release; conditional lift-off was applied for, and no consent is seen.",
        "货物放行前提离；已申请附条件提离，但未见海关准予提离。",
        [
            (event.id, "event.happened", event.head.at),
            (declaration.current.id, "declaration.flags", "附条件提离申请"),
        ],
        declared=event.head.at,
        computed=None,
    )


def _check_left(declaration: Declaration, event: Record) -> Iterator[Answer]:
    status = declaration.status
    delivered = code_of(event) != "GTOT"
    allowed = status.allowed_to_leave_by(delivered=delivered)
    if allowed and allowed.at <= event.head.at:
        yield agrees("C21", event.id, allowed.record if allowed else declaration.current.id)
        return
    if allowed and allowed is status.first("CLOSED"):
        yield not_run(
            "C21", Missing.FACT, "the release itself is not told, only the closing", "仅有结关回执，缺放行回执"
        )
        return
    if not allowed and status.state in ("RETURNED", "WITHDRAWN"):
        yield not_run("C21", Missing.FACT, "the release itself is not told", "缺放行回执")
        return
    if LIFT_OFF_APPLIED in status.flags and not delivered:
        yield _lift_off_unseen(declaration, event)
        return
    inputs: list[tuple[str, str, object]] = [(event.id, "event.happened", event.head.at)]
    if allowed:
        inputs.append((allowed.record, "status.at", allowed.at))
    yield finding(
        "C21-gate-out",
        "H",
        "The goods left before customs released them." if allowed else "The goods left, and no release is known.",
        "货物在海关放行之前已提离。" if allowed else "货物已提离，但未见放行。",
        inputs,
        declared=event.head.at,
        computed=allowed.at if allowed else None,
    )


def _check_cleared(declaration: Declaration, event: Record) -> Iterator[Answer]:
    released = declaration.status.first("RELEASED")
    if released is None:
        return
    if released.at <= event.head.at:
        yield agrees("C21", event.id, released.record)
        return
    yield finding(
        "C21-cleared-early",
        "M",
        "The carrier said that customs cleared the goods before customs released them.",
        "承运人在海关放行之前即报告已清关。",
        [(event.id, "event.happened", event.head.at), (released.record, "status.at", released.at)],
        declared=event.head.at,
        computed=released.at,
    )


def _check_order(consignment: Consignment) -> Iterator[Answer]:
    by_box: dict[str, dict[str, Record]] = {}
    for event in consignment.events:
        code, box = code_of(event), event.head.box
        if code not in ORDER or box is None or box.laden is False:
            continue
        known = by_box.setdefault(box.number, {})
        # Goods are transshipped: the first loading and the last discharge and gate-out count.
        if code in ("GTIN", "LOAD"):
            known.setdefault(code, event)
        else:
            known[code] = event
    for number, events in by_box.items():
        chain = [events[code] for code in ORDER if code in events]
        for first, second in pairwise(chain):
            if first.head.at <= second.head.at:
                yield agrees("C21", first.id, second.id)
                continue
            yield finding(
                "C21-order",
                "M",
                f"Container {number}: {code_of(second)} is said to be before {code_of(first)}.",
                f"集装箱 {number}：{code_of(second)} 早于 {code_of(first)}。",
                [(first.id, "event.happened", first.head.at), (second.id, "event.happened", second.head.at)],
                declared=second.head.at,
                computed=first.head.at,
            )


@rule(
    "C22",
    "M",
    en="The manifest was sent before its deadline ahead of arrival.",
    zh="舱单在抵达前的时限内传输。",
    needs=("logistics.transport_document/transport_document",),
)
def check_manifest_time(case: Case) -> Iterator[Answer]:
    """舱单时限, by the time that the manifest itself says; the hours depend on the mode."""
    arrivals = [one for one in case.consignment.events if code_of(one) in ARRIVED]
    for paper in case.consignment.papers:
        if paper.head.kind != "manifest" or not paper.head.at:
            continue
        arrived = arrivals[0].head.at if arrivals else paper.transport.arrived if paper.transport else ""
        if not arrived:
            continue
        air = is_air(paper.transport) or any(is_air(one.current.transport) for one in case.consignment.declarations)
        hours = case.parameters.manifest_hours_air if air else case.parameters.manifest_hours_sea
        if hours_between(paper.head.at, arrived) >= hours:
            yield agrees("C22", paper.id)
            continue
        yield finding(
            "C22-manifest-late",
            "M",
            f"The manifest was sent less than {hours} hours before arrival.",
            f"舱单在抵达前不足 {hours} 小时才传输。",
            [(paper.id, "transport_document.issued", paper.head.at), (paper.id, "transport.arrived", arrived)],
            declared=paper.head.at,
            computed=arrived,
            tolerance=f"{hours} h",
        )


@rule(
    "C25",
    "M",
    en="The goods pass no country that is not declared; preferential goods come straight from their origin.",
    zh="集装箱未经过申报以外的国家；享受协定税率的货物自原产国直运。",
    needs=("customs.declaration/transport", "logistics.event/event"),
)
def check_route(case: Case) -> Iterator[Answer]:
    """Countries of loadings and discharges; the direct-consignment rule where a preference is claimed."""
    for declaration in case.consignment.declarations:
        record, transport = declaration.current, declaration.current.transport
        if transport is None or declaration.direction != "I":
            continue
        route = {transport.country_departure, HOME}
        places = (transport.departure, transport.entry, *transport.transit)
        known = [place_key(case, place)[1] for place in places if place]
        route |= set(known)
        events = [one for one in events_of(case.consignment, declaration) if code_of(one) in {"LOAD", "DISC", *LOADED}]
        passed = {country: one for one in events if (country := place_key(case, one.head.place)[1])}
        if "" in known and transport.transit and not case.tables.ports:
            yield not_run("C25", Missing.TABLE, "no table of ports", "无港口代码表")
        elif passed:
            strange = sorted(set(passed) - route)
            for country in strange:
                yield finding(
                    "C25-route",
                    "M",
                    f"The goods were handled in {country}, which the declaration does not name.",
                    f"货物曾在 {country} 装卸，申报中未列明。",
                    [(passed[country].id, "event.place", country), (record.id, "transport", ", ".join(sorted(route)))],
                    declared=", ".join(sorted(route - {""})),
                    computed=country,
                )
            if not strange:
                yield agrees("C25", record.id, *(one.id for one in passed.values()))
        if is_chinese(declaration):
            yield from _check_direct(record, set(passed) | route)


def _check_direct(record: Record, route: set[str]) -> Iterator[Answer]:
    for item in record.items:
        if not item.preference or len(item.origin) != 2 or item.origin in route:
            continue
        yield finding(
            "C25-direct",
            "M",
            f"Item {item.ordinal} claims a preference of {item.origin}, which the route does not touch.",
            f"第 {item.ordinal} 项申请 {item.origin} 协定税率，但运输路线未经过该国。",
            [(record.id, f"goods_items.{item.place}.origin", item.origin)],
            declared=item.origin,
            computed=", ".join(sorted(route - {""})),
        )


@rule(
    "C26",
    "I",
    en="From discharge or release to gate-out no more days pass than usual.",
    zh="卸船或放行至提离的时间未超过通常天数。",
    needs=("logistics.event/event",),
)
def check_dwell(case: Case) -> Iterator[Answer]:
    """The longer of discharge to gate-out and release to gate-out, told above the parameter."""
    for declaration in case.consignment.declarations:
        events = events_of(case.consignment, declaration)
        left = [one for one in events if has_left(one)]
        if not left or declaration.direction != "I":
            continue
        starts = [(one.id, one.head.at) for one in events if code_of(one) in ("DISC", "RCF")][:1]
        released = declaration.status.first("RELEASED")
        starts += [(released.record, released.at)] if released else []
        yield from _compare_dwell(case, starts, left[-1])


def _compare_dwell(case: Case, starts: Sequence[tuple[str, str]], left: Record) -> Iterator[Answer]:
    for record, at in starts:
        days = days_between(beijing_day(at), beijing_day(left.head.at))
        if days <= case.parameters.dwell_days:
            yield agrees("C26", record, left.id)
            continue
        yield finding(
            "C26-dwell",
            "I",
            f"The goods stayed {days} days before they left.",
            f"货物滞留 {days} 天后提离。",
            [(record, "at", at), (left.id, "event.happened", left.head.at)],
            declared=left.head.at,
            computed=at,
            tolerance=f"{case.parameters.dwell_days} d",
        )
