"""C17 and C18: vessel, voyage, day of arrival and ports, as declared and as carriers say them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from chain.rules.answers import Answer, finding
from chain.rules.carriage_rules import ARRIVED, LOADED, code_of, events_of
from chain.rules.consignment import Carriage
from chain.rules.declarations import Declaration, spell
from chain.rules.facts import Location, Record
from chain.rules.frame import Case, agrees, beijing_day, days_between, rule
from chain.rules.identity_rules import IMO_SPELLED, is_air

SAILED: Final = frozenset({"DEPA", "ARRI", "LOAD", "DISC"})


@rule(
    "C17",
    "M",
    en="Vessel or flight and voyage are the carrier's; the day of import is that of arrival.",
    zh="运输工具与航次一致，进口日期与到达日期一致。",
    needs=("customs.declaration/transport",),
)
def check_voyage(case: Case) -> Iterator[Answer]:
    """Against papers and events; one of several legs is enough, since goods are transshipped."""
    for carriage in case.consignment.carriages:
        papers = [paper for bill in carriage.bills for paper in bill]
        for declaration in carriage.declarations:
            yield from _check_means(case, declaration, papers)
    for declaration in case.consignment.declarations:
        yield from _check_arrival(case, declaration)


def _check_means(case: Case, declaration: Declaration, papers: Sequence[Record]) -> Iterator[Answer]:
    record = declaration.current
    if record.transport is None or is_air(record.transport):
        return
    legs = [one for one in events_of(case.consignment, declaration) if code_of(one) in SAILED and one.head.means]
    names = {spell(one.head.means): one for one in legs}
    names |= {spell(one.transport.means): one for one in papers if one.transport and one.transport.means}
    imos = {one.head.imo for one in legs} | {one.transport.imo for one in papers if one.transport}
    voyages = {_voyage(text): one for one in legs for text in (one.head.voyage, one.head.export_voyage) if text}
    voyages |= {_voyage(one.transport.voyage): one for one in papers if one.transport and one.transport.voyage}
    spelled = IMO_SPELLED.fullmatch(record.transport.means)
    means = spell(record.transport.means)
    if means and names and means not in names and not (spelled and spelled[1] in imos):
        if spelled and not imos - {""}:
            return
        yield _other_voyage("C17-vessel", record, "transport.conveyance.name", record.transport.means, names)
    elif means and names:
        yield agrees("C17", record.id, *(one.id for key, one in names.items() if key == means))
    voyage = _voyage(record.transport.voyage)
    if voyage and voyages and voyage not in voyages:
        yield _other_voyage("C17-voyage", record, "transport.conveyance.voyage", record.transport.voyage, voyages)
    elif voyage and voyages:
        yield agrees("C17", record.id, voyages[voyage].id)


def _other_voyage(rule_id: str, record: Record, field: str, declared: str, known: dict[str, Record]) -> Answer:
    what, what_zh = ("vessel", "运输工具") if rule_id == "C17-vessel" else ("voyage", "航次")
    said = ", ".join(sorted(known))
    return finding(
        rule_id,
        "M",
        f"The {what} declared is {declared}, the carrier says {said}.",
        f"申报{what_zh}为 {declared}，承运人为 {said}。",
        [(record.id, field, declared), *((one.id, what, key) for key, one in known.items())],
        declared=declared,
        computed=said,
    )


def _voyage(text: str) -> str:
    return spell(text).lstrip("0")


def _check_arrival(case: Case, declaration: Declaration) -> Iterator[Answer]:
    record = declaration.current
    day = record.transport.crossed_on if record.transport else ""
    arrivals = [one for one in events_of(case.consignment, declaration) if code_of(one) in ARRIVED]
    if declaration.direction != "I" or not day or not arrivals:
        return
    nearest = min(arrivals, key=lambda one: abs(days_between(beijing_day(one.head.at), day)))
    arrived = beijing_day(nearest.head.at)
    if abs(days_between(arrived, day)) <= case.parameters.arrival_days:
        yield agrees("C17", record.id, nearest.id)
        return
    is_early = record.time < nearest.head.at
    yield finding(
        "C17-arrival",
        "I" if is_early else "M",
        f"The day of import declared is {day}, the goods arrived on {arrived}.",
        f"申报进口日期 {day}，货物到达日期 {arrived}。",
        [(record.id, "transport.crossed_on", day), (nearest.id, "event.happened", nearest.head.at)],
        declared=day,
        computed=arrived,
        tolerance=f"{case.parameters.arrival_days} d",
    )


@rule(
    "C18",
    "M",
    en="Ports of loading and discharge agree with the declared ports and the country of departure.",
    zh="装卸港与申报启运港、入境口岸、启运国一致。",
    needs=("customs.declaration/transport", "logistics.transport_document/transport"),
)
def check_ports(case: Case) -> Iterator[Answer]:
    """Countries by the first two letters of the UN/LOCODE; Chinese port codes through the table of ports."""
    for carriage in case.consignment.carriages:
        for declaration in carriage.declarations:
            yield from _check_foreign_country(case, declaration, carriage)
            yield from _check_home_port(case, declaration, carriage)


def place_key(case: Case, place: Location | None) -> tuple[str, str]:
    """UN/LOCODE and country of a place; empty where neither it nor the table of ports says them."""
    if place is None:
        return "", ""
    if place.unlocode:
        return place.unlocode, place.unlocode[:2]
    for code in (place.port, place.code.value if place.code else ""):
        if code and case.tables.ports and code in case.tables.ports:
            return case.tables.ports[code]
    return "", place.country


def _check_foreign_country(case: Case, declaration: Declaration, carriage: Carriage) -> Iterator[Answer]:
    record, imported = declaration.current, declaration.direction == "I"
    transport = record.transport
    if transport is None or not declaration.direction:
        return
    declared = transport.country_departure if imported else transport.country_destination
    ends: dict[str, Record] = {}
    for paper in (paper for bill in carriage.bills for paper in bill):
        if paper.transport:
            places = (paper.transport.loading, paper.transport.departure)
            places = places if imported else (paper.transport.discharge, paper.transport.destination)
            ends |= {country: paper for place in places if (country := place_key(case, place)[1])}
    wanted = LOADED if imported else ARRIVED
    for event in events_of(case.consignment, declaration):
        if code_of(event) in wanted and (country := place_key(case, event.head.place)[1]):
            ends.setdefault(country, event)
    if len(declared) != 2 or not ends:
        return
    if declared in ends:
        yield agrees("C18", record.id, ends[declared].id)
        return
    said = ", ".join(sorted(ends))
    field = "transport.country_departure" if imported else "transport.country_destination"
    yield finding(
        "C18-country",
        "M",
        f"The country declared is {declared}, the carrier loaded or discharged in {said}.",
        f"申报启运/运抵国为 {declared}，承运人装卸地为 {said}。",
        [(record.id, field, declared), *((one.id, "transport", country) for country, one in ends.items())],
        declared=declared,
        computed=said,
    )


def _check_home_port(case: Case, declaration: Declaration, carriage: Carriage) -> Iterator[Answer]:
    record, imported = declaration.current, declaration.direction == "I"
    entry, _ = place_key(case, record.transport.entry if record.transport else None)
    papers = [paper for bill in carriage.bills for paper in bill if paper.transport]
    ports = {
        port: paper
        for paper in papers
        if paper.transport
        and (port := place_key(case, paper.transport.discharge if imported else paper.transport.loading)[0])
    }
    if not entry or not ports or not declaration.direction:
        return
    if entry in ports:
        yield agrees("C18", record.id, ports[entry].id)
        return
    said = ", ".join(sorted(ports))
    yield finding(
        "C18-port",
        "M",
        f"The port declared is {entry}, the carrier says {said}.",
        f"申报口岸为 {entry}，承运人为 {said}。",
        [(record.id, "transport.entry", entry), *((one.id, "transport", port) for port, one in ports.items())],
        declared=entry,
        computed=said,
    )
