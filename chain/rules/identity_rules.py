"""C01 to C05: numbers and codes that carry their own check, and what they say of each other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from chain.identifiers import AirWaybillNumber, DeclarationNumber, ImoNumber, Uscc
from chain.rules.answers import Answer, finding
from chain.rules.declarations import Declaration
from chain.rules.facts import Record, Transport
from chain.rules.frame import Case, agrees, beijing_day, no_table, rule

USCC_LENGTH: Final = 18
HS_LENGTH: Final = 10
IMO_SPELLED: Final = re.compile(r"(?:UN|IMO)?\s?([0-9]{7})")
AIR_MODES: Final = frozenset({("cn-transport-mode", "5"), ("uncefact-rec-19", "4")})
TYPES_WITH_PARTIES: Final = ("customs.declaration", "tax.invoice", "tax.payment", "tax.rebate")


def is_air(transport: Transport | None) -> bool:
    """Whether the goods cross the border by air."""
    return bool(transport and transport.mode and (transport.mode.system, transport.mode.value) in AIR_MODES)


def is_chinese(declaration: Declaration) -> bool:
    """Whether the declaration is one of Chinese customs: its office has four digits."""
    office = declaration.current.head.office
    return len(office) == 4 and office.isdigit()


def declared_on(declaration: Declaration) -> str:
    """The day of declaration in Beijing: said, else that of the lodging."""
    return declaration.current.head.on or beijing_day(declaration.current.time)


@rule(
    "C01",
    "H",
    en="Company codes pass their check; the agent is who submitted.",
    zh="企业代码校验通过，申报单位即提交方。",
    needs=("customs.declaration/parties",),
)
def check_parties(case: Case) -> Iterator[Answer]:
    """A code of 18 characters that is no USCC, and an agent that is not the issuer."""
    seen = [one.current for one in case.consignment.declarations]
    seen += case.consignment.of_type(*TYPES_WITH_PARTIES[1:])
    for record in seen:
        wrong = False
        for party in record.parties:
            for number, code in enumerate(party.codes):
                if code.known or len(code.value) != USCC_LENGTH or Uscc.is_valid(code.value):
                    continue
                wrong = True
                path = f"parties.{party.place}.other_ids.{number}.value"
                yield finding(
                    "C01-uscc",
                    "H",
                    f"The USCC {code.value} of the {party.role} fails its check.",
                    f"{party.role} 的统一社会信用代码 {code.value} 校验不通过。",
                    [(record.id, path, code.value)],
                    declared=code.value,
                )
        if not wrong and any(party.uscc for party in record.parties):
            yield agrees("C01", record.id)
    for declaration in case.consignment.declarations:
        yield from _check_agent(declaration.current)


def _check_agent(record: Record) -> Iterator[Answer]:
    for party in record.parties:
        if party.role == "agent" and party.uscc and party.uscc != record.issuer:
            yield finding(
                "C01-agent",
                "H",
                f"The agent named, {party.uscc}, is not the member that submitted, {record.issuer}.",
                f"申报单位 {party.uscc} 与提交方 {record.issuer} 不一致。",
                [(record.id, f"parties.{party.place}.uscc", party.uscc)],
                declared=party.uscc,
                computed=record.issuer,
            )


@rule(
    "C02",
    "H",
    en="The declaration number agrees with office, direction and year, and one company lodged it.",
    zh="报关单号与关区、进出口方向、年份一致，且由同一企业申报。",
    needs=("customs.declaration/declaration",),
)
def check_number(case: Case) -> Iterator[Answer]:
    """The number's parts, also of a number that came with the reply; and two issuers of one number."""
    lodgers: dict[str, Declaration] = {}
    for declaration in case.consignment.declarations:
        head = declaration.current.head
        own = declaration.current.numbers("declaration") | ({head.number} - {""})
        for text in sorted(declaration.numbers | own):
            if not DeclarationNumber.is_valid(text):
                continue
            sources = [one.id for one in declaration.answers if text in one.numbers("declaration")]
            source, field = (
                (declaration.current.id, "declaration.number") if text in own else (sources[0], "references")
            )
            day = declared_on(declaration)
            faults = DeclarationNumber.parse(text).disagreements(
                office=head.office if is_chinese(declaration) else None,
                year=int(day[:4]) if head.on or head.at else None,
                direction=head.direction or None,
            )
            for fault in faults:
                yield finding(
                    "C02-number",
                    "H",
                    f"In the declaration number {text}, {fault}.",
                    f"报关单号 {text} 与申报内容不一致：{fault}。",
                    [(source, field, text), (declaration.current.id, "declaration", head.office)],
                    declared=text,
                )
            if not faults and head.office:
                yield agrees("C02", declaration.current.id, source)
            first = lodgers.setdefault(text, declaration)
            if first is not declaration and text in own and first.current.issuer != declaration.current.issuer:
                yield finding(
                    "C02-two-lodgers",
                    "H",
                    f"Two members lodged a declaration under the number {text}.",
                    f"两家成员以同一报关单号 {text} 申报。",
                    [(one.current.id, "declaration.number", text) for one in (first, declaration)],
                    declared=text,
                )


@rule(
    "C03",
    "H",
    en="Every container number passes ISO 6346.",
    zh="集装箱号符合 ISO 6346 校验。",
    needs=("customs.declaration/transport",),
)
def check_containers(case: Case) -> Iterator[Answer]:
    """A container number that was kept although it fails its check digit, once for each number."""
    told: set[str] = set()
    for record in case.consignment.standing:
        boxes = [
            (f"transport.containers.{place}.number", box)
            for place, box in enumerate(record.transport.boxes if record.transport else ())
        ]
        if record.head.box:
            section = "weight" if record.type == "logistics.weight" else "event"
            boxes.append((f"{section}.container.number", record.head.box))
        for path, box in boxes:
            if box.known:
                yield agrees("C03", record.id)
            elif box.number not in told:
                told.add(box.number)
                yield finding(
                    "C03-container",
                    "H",
                    f"The container number {box.number} fails ISO 6346.",
                    f"集装箱号 {box.number} 不符合 ISO 6346。",
                    [(record.id, path, box.number)],
                    declared=box.number,
                )


@rule(
    "C04",
    "M",
    en="Air waybill and IMO numbers pass their check digits.",
    zh="航空运单号与 IMO 编号校验通过。",
    needs=("customs.declaration/transport",),
)
def check_waybill(case: Case) -> Iterator[Answer]:
    """By air, the master waybill's eighth digit; by sea, an IMO number in the name of the vessel."""
    papers = [one for one in case.consignment.papers if one.head.kind == "air_waybill"]
    for record in (*[one.current for one in case.consignment.declarations], *papers):
        transport = record.transport
        if transport is None:
            continue
        is_paper = record.type != "customs.declaration"
        master = (record.head.number if is_paper else transport.bill).partition("_")[0]
        path = "transport_document.number" if is_paper else "transport.bill"
        if (is_paper or is_air(transport)) and master[:3].isdigit():
            if AirWaybillNumber.is_valid(master):
                yield agrees("C04", record.id)
            else:
                yield finding(
                    "C04-air-waybill",
                    "M",
                    f"The air waybill {master} fails its check digit.",
                    f"航空运单号 {master} 校验位不符。",
                    [(record.id, path, master)],
                    declared=master,
                )
        imo = IMO_SPELLED.fullmatch(transport.means)
        if imo and not is_air(transport) and not ImoNumber.is_valid(imo[1]):
            yield finding(
                "C04-imo",
                "M",
                f"The IMO number {imo[1]} fails its check digit.",
                f"IMO 编号 {imo[1]} 校验位不符。",
                [(record.id, "transport.conveyance.name", transport.means)],
                declared=transport.means,
            )


@rule(
    "C05",
    "H",
    en="Every code has 10 digits and stands in the tariff of the day of declaration.",
    zh="商品编码为 10 位且在申报日税则之内。",
    needs=("customs.declaration/goods_items",),
)
def check_tariff_code(case: Case) -> Iterator[Answer]:
    """Length, without a table; presence in the tariff, with one."""
    tariff = case.tables.tariff
    for declaration in case.consignment.declarations:
        record, day = declaration.current, declared_on(declaration)
        if not record.items or not is_chinese(declaration):
            continue
        covered = tariff is not None and tariff.covers(day)
        if not covered:
            yield no_table("C05", "the tariff", "税则", day=day if tariff else "")
        for item in record.items:
            inputs = [(record.id, f"goods_items.{item.place}.hs", item.hs)]
            if len(item.hs) != HS_LENGTH:
                yield finding(
                    "C05-hs-length",
                    "H",
                    f"Item {item.ordinal} has no code of 10 digits.",
                    f"第 {item.ordinal} 项没有 10 位商品编码。",
                    inputs,
                    declared=item.hs,
                )
            elif tariff is not None and covered and tariff.find(item.hs, day, item.origin) is None:
                yield finding(
                    "C05-hs-unknown",
                    "H",
                    f"The code {item.hs} of item {item.ordinal} is not in the tariff of {day}.",
                    f"第 {item.ordinal} 项商品编码 {item.hs} 不在 {day} 的税则中。",
                    inputs,
                    declared=item.hs,
                    tables=(tariff.table.root,),
                )
            elif covered:
                yield agrees("C05", record.id)
