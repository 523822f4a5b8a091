"""C11 to C19: what is declared of the carriage against what carriers and terminals say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Final

from chain.rules.answers import Answer, finding
from chain.rules.consignment import Consignment
from chain.rules.declarations import Declaration, spell
from chain.rules.facts import Box, Record
from chain.rules.frame import Case, agrees, rule
from chain.rules.identity_rules import is_air
from chain.rules.replayable import replay

MOVED: Final = frozenset({"LOAD", "DISC"})
ARRIVED: Final = frozenset({"ARRI", "ARR", "RCF"})
LOADED: Final = frozenset({"LOAD", "DEPA", "DEP"})
HS6: Final = 6


def code_of(event: Record) -> str:
    """The event's code; empty where it has none."""
    return event.head.code.value if event.head.code else ""


def events_of(consignment: Consignment, declaration: Declaration) -> list[Record]:
    """The events that are about the declaration's goods: all, where it is the only one; else by box or bill."""
    if len(consignment.declarations) == 1:
        return list(consignment.events)
    transport = declaration.current.transport
    boxes = {box.number for box in transport.boxes} if transport else set()
    exact, _ = declaration.bill_keys
    return [
        event
        for event in consignment.events
        if (event.head.box and event.head.box.number in boxes) or spell(event.head.bill) in exact
    ]


@rule(
    "C11",
    "H",
    en="The bill number declared is that of a transport document.",
    zh="申报的提运单号与运输单证一致。",
    needs=("customs.declaration/transport", "logistics.transport_document/transport_document"),
)
def check_bill(case: Case) -> Iterator[Answer]:
    """Exact after what people write differently; a master's number matches its houses."""
    papers = case.consignment.papers
    known: dict[str, Record] = {}
    for paper in papers:
        number, master = spell(paper.head.number), spell(paper.head.master)
        for key in (number, master + number, master, *(spell(house) for house in paper.head.houses)):
            known.setdefault(key, paper)
    known.pop("", None)
    for event in case.consignment.events:
        if event.head.bill:
            known.setdefault(spell(event.head.bill), event)
    for declaration in case.consignment.declarations:
        record = declaration.current
        bill = record.transport.bill if record.transport else ""
        if not bill or not papers:
            continue
        paper_found = known.get(spell(bill)) or known.get(spell(bill.partition("_")[0]))
        if paper_found is not None:
            yield agrees("C11", record.id, paper_found.id)
            continue
        numbers = [(one.id, "transport_document.number", one.head.number) for one in papers]
        yield finding(
            "C11-bill",
            "H",
            "The bill number declared is that of none of the transport documents.",
            "申报的提运单号与任何运输单证都不一致。",
            [(record.id, "transport.bill", bill), *numbers],
            declared=bill,
            computed=", ".join(one.head.number for one in papers),
        )


@rule(
    "C12",
    "H",
    en="The containers declared are those of the transport documents, and no other was moved under the bill.",
    zh="申报集装箱与运输单证一致，且该提运单下无其他箱被装卸。",
    needs=("customs.declaration/transport", "logistics.transport_document/transport"),
    replayable=True,
)
def check_container_sets(case: Case) -> Iterator[Answer]:
    """The sets in the data form; and boxes that were loaded or discharged and stand in no paper."""
    yield from replay("C12", case)
    named = {
        box.number
        for record in (*[one.current for one in case.consignment.declarations], *case.consignment.papers)
        for box in (record.transport.boxes if record.transport else ())
    }
    declared = [one.current for one in case.consignment.declarations if one.current.transport]
    if not any(one.transport and one.transport.boxes for one in declared):
        return
    told: set[str] = set()
    for event in case.consignment.events:
        box = event.head.box
        if box is None or code_of(event) not in MOVED or box.laden is False or box.number in named | told:
            continue
        told.add(box.number)
        yield finding(
            "C12-moved",
            "H",
            f"Container {box.number} was moved under the bill, and nobody declared or carried it.",
            f"集装箱 {box.number} 在该提运单下装卸，但未申报也不在运输单证上。",
            [(event.id, "event.container.number", box.number)],
            declared=", ".join(sorted(named)),
            computed=box.number,
        )


@rule(
    "C13",
    "M",
    en="Declared gross weight is the transport document's, within 3 %.",
    zh="申报毛重与运输单证毛重相差不超过 3%。",
    needs=("customs.declaration/transport", "logistics.transport_document/transport"),
    replayable=True,
)
def check_gross(case: Case) -> Iterator[Answer]:
    """In the data form; several declarations of one bill are summed."""
    return replay("C13", case)


@rule(
    "C14",
    "H",
    en="A container's verified mass is its cargo and tare, within 500 kg or 5 %.",
    zh="集装箱核实重量与货重加箱重相差不超过 500 千克或 5%。",
    needs=("customs.declaration/transport", "logistics.weight/weight"),
)
def check_verified_mass(case: Case) -> Iterator[Answer]:
    """Box by box where the cargo of a box is said; else all boxes of a declaration in sum."""
    verified: dict[str, Record] = {}
    for weighing in case.consignment.of_type("logistics.weight"):
        head = weighing.head
        if (head.kind or "vgm") != "vgm" or head.box is None or head.gross_kg is None or head.retracts:
            continue
        known = verified.get(head.box.number)
        if known is None or known.head.at <= head.at:
            verified[head.box.number] = weighing
    for declaration in case.consignment.declarations:
        transport = declaration.current.transport
        boxes = transport.boxes if transport else ()
        weighed = [(box, verified[box.number]) for box in boxes if box.number in verified]
        whole = transport.gross_kg if transport else None
        single = [_compare_mass(case, declaration.current, box, one, whole, len(boxes)) for box, one in weighed]
        answers = [answer for answer in single if answer is not None]
        yield from answers
        if weighed and len(weighed) == len(boxes) and whole is not None and not answers:
            yield from _compare_sum(case, declaration.current, weighed, whole)


def _compare_mass(
    case: Case, record: Record, box: Box, weighing: Record, whole: Decimal | None, count: int
) -> Answer | None:
    cargo = box.cargo_kg or (whole if count == 1 and not box.shared else None)
    tare = box.tare_kg or (weighing.head.box.tare_kg if weighing.head.box else None)
    mass = weighing.head.gross_kg
    if cargo is None or tare is None or mass is None:
        return None
    if abs(mass - cargo - tare) <= max(case.parameters.vgm_kg, case.parameters.vgm_share * mass):
        return agrees("C14", record.id, weighing.id)
    return finding(
        "C14-verified-mass",
        "H",
        f"Container {box.number} was weighed at {mass:f} kg, but cargo and tare are {cargo + tare:f} kg.",
        f"集装箱 {box.number} 核实重量 {mass:f} 千克，而货物与箱重合计 {cargo + tare:f} 千克。",
        [(weighing.id, "weight.gross", mass), (record.id, "transport.containers", cargo)],
        declared=cargo + tare,
        computed=mass,
        tolerance="500 kg or 5 %",
    )


def _compare_sum(case: Case, record: Record, weighed: Sequence[tuple[Box, Record]], whole: Decimal) -> Iterator[Answer]:
    tares = [box.tare_kg or (one.head.box.tare_kg if one.head.box else None) for box, one in weighed]
    masses = [one.head.gross_kg for _, one in weighed]
    if None in tares or any(box.shared for box, _ in weighed):
        return
    mass, tare = (sum((value for value in values if value is not None), Decimal(0)) for values in (masses, tares))
    if abs(mass - whole - tare) <= max(case.parameters.vgm_kg, case.parameters.vgm_share * mass):
        yield agrees("C14", record.id, *(one.id for _, one in weighed))
        return
    yield finding(
        "C14-verified-mass",
        "H",
        f"{len(weighed)} containers were weighed at {mass:f} kg, but declared cargo and tares are {whole + tare:f} kg.",
        f"{len(weighed)} 个集装箱核实重量合计 {mass:f} 千克，而申报毛重与箱重合计 {whole + tare:f} 千克。",
        [(record.id, "transport.gross", whole), *((one.id, "weight.gross", one.head.gross_kg) for _, one in weighed)],
        declared=whole + tare,
        computed=mass,
        tolerance="500 kg or 5 %",
    )


@rule(
    "C15",
    "M",
    en="By air, the declared gross weight is the scale's, below 30 kg and below 2 % apart.",
    zh="空运申报毛重与过磅重量相差小于 30 千克且小于 2%。",
    needs=("customs.declaration/transport", "logistics.weight/weight"),
)
def check_scale(case: Case) -> Iterator[Answer]:
    """Against re-weighings, and the weight at acceptance (RCS) where the event says one."""
    scales = [
        (one, "weight.gross") for one in case.consignment.of_type("logistics.weight") if one.head.kind == "reweigh"
    ]
    scales += [(one, "event.gross") for one in case.consignment.events if code_of(one) == "RCS" and not one.head.part]
    declared = [one.current for one in case.consignment.declarations if is_air(one.current.transport)]
    grosses = [one.transport.gross_kg for one in declared if one.transport]
    if not declared or None in grosses:
        return
    total = sum((gross for gross in grosses if gross is not None), Decimal(0))
    for one, field in scales:
        weight = one.head.gross_kg
        if weight is None:
            continue
        apart = abs(total - weight)
        if apart < case.parameters.scale_kg and apart < case.parameters.scale_share * weight:
            yield agrees("C15", declared[0].id, one.id)
            continue
        yield finding(
            "C15-scale",
            "M",
            f"Declared gross weight {total:f} kg, on the scale {weight:f} kg.",
            f"申报毛重 {total:f} 千克，过磅 {weight:f} 千克。",
            [*((record.id, "transport.gross", None) for record in declared), (one.id, field, weight)],
            declared=total,
            computed=weight,
            tolerance="below 30 kg and below 2 %",
        )


@rule(
    "C16",
    "H",
    en="As many packages are declared as the transport documents say.",
    zh="申报件数与运输单证件数一致。",
    needs=("customs.declaration/transport", "logistics.transport_document/transport"),
    replayable=True,
)
def check_packages(case: Case) -> Iterator[Answer]:
    """In the data form; several declarations of one bill are summed."""
    return replay("C16", case)


@rule(
    "C19",
    "M",
    en="The first six digits of the codes on bills and invoices are among those declared.",
    zh="提运单、发票商品编码前六位与申报一致。",
    needs=("customs.declaration/goods_items",),
)
def check_headings(case: Case) -> Iterator[Answer]:
    """HS-6 of every paper and invoice that gives codes, against all declarations together."""
    declared = [one.current for one in case.consignment.declarations]
    headings = {item.hs[:HS6] for record in declared for item in record.items if len(item.hs) >= HS6}
    if not headings or any("goods_items" in record.withheld for record in declared):
        return
    for record in (*case.consignment.papers, *case.consignment.invoices):
        coded = [item for item in record.items if len(item.hs) >= HS6]
        strange = [item for item in coded if item.hs[:HS6] not in headings]
        if coded and not strange:
            yield agrees("C19", declared[0].id, record.id)
        for item in strange:
            yield finding(
                "C19-heading",
                "M",
                f"The heading {item.hs[:HS6]} on the document is none of those declared.",
                f"单证上的编码 {item.hs[:HS6]} 未在申报商品编码中。",
                [
                    (record.id, f"goods_items.{item.place}.hs", item.hs),
                    *((one.id, "goods_items", None) for one in declared),
                ],
                declared=", ".join(sorted(headings)),
                computed=item.hs[:HS6],
            )
