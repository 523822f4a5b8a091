"""What a company lodges: the verification list INV101 and the pass SAS121."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from adapters.formats.bonded_zone import tables
from adapters.formats.bonded_zone.parts import NAME, NOTE, NUMBER, ZoneReading, function_of, related_numbers
from adapters.mapping.chinese_customs import kilograms, reference
from adapters.mapping.logistics import box_number
from adapters.message import Entity
from adapters.parsing.forms import whole
from adapters.parsing.xml_fields import Fields
from chain.identifiers import HsCode
from chain.records.base import Reference, Source
from chain.records.customs import CustomsDeclaration, CustomsRequest, DeclarationHead, RequestHead
from chain.records.scalars import Code, Quantity
from chain.records.sections import GoodsItem
from chain.records.transport import Container, Conveyance, Transport

ITEMS_MAX: Final = 999
ROAD: Final = Code(system="cn-transport-mode", value="4", name="公路运输", means="3")
_ORDINAL: Final = whole(3, least=1)


def read_list(data: Fields, source: Source, reading: ZoneReading) -> Entity:
    """`InvtMessage`: a `customs.declaration`; a draft leaves none."""
    message = data.child("InvtMessage", required=True)
    head = message.child("InvtHeadType", required=True) if message else None
    if message is None or head is None:
        return Entity(0, None, note="not read")
    code = function_of(reading, head, known="123")
    number, central = reading.maybe(head, "bondInvtNo"), reading.maybe(head, "seqNo")
    own = reading.required(head, "etpsInnerInvtNo", NAME)
    direction = reading.direction(head, "impexpMarkcd")
    country = reading.coding.country(reading.maybe(head, "stshipTrsarvNatcd"))
    operator = reading.maybe(head, "bizopEtpsSccd")
    on = reading.day(head, "invtDclTime")
    related = [reading.maybe(head, name) for name in ("entryNo", "rltEntryNo", "rltInvtNo")]
    references = (
        *reference("declaration", number, on=on or ""),
        *reference("pre", central, on=on or ""),
        *reference("cop", own, scope=operator, on=on or ""),
    )
    items = tuple(_items(message, reading))
    record = CustomsDeclaration(
        references=references,
        source=source.model_copy(update={"message_id": own or None}),
        declaration=DeclarationHead(
            number=number,
            central_number=central,
            own_number=own or None,
            function=tables.FUNCTIONS[code],
            direction=direction,
            kind=Code(system="cn-bonded-form", value="INV101", name="保税核注清单"),
            office=reading.coding.code("cn-customs-office", reading.maybe(head, "dclPlcCuscd")),
            border_office=reading.coding.code("cn-customs-office", reading.maybe(head, "impexpPortcd")),
            procedure=reading.coding.code("cn-trade-mode", reading.maybe(head, "supvModecd")),
            account_book=reading.maybe(head, "putrecNo"),
            related_declaration=next((value for value in related if value), None),
            related_account_book=reading.maybe(head, "rltPutrecNo"),
            declared_on=on,
            item_count=len(items),
            flags=reading.flags(head, tables.LIST_FLAGS, "cn-bonded"),
            note=reading.maybe(head, "rmk", NOTE),
        ),
        parties=tuple(reading.parties(head, tables.LIST_PARTIES)),
        goods_items=items,
        transport=Transport(
            mode=reading.coding.code("cn-transport-mode", reading.maybe(head, "trspModecd")),
            country_departure=country if direction == "I" else None,
            country_destination=country if direction == "E" else None,
        ),
    )
    if data.maybe("DelcareFlag", NAME) == tables.DRAFT:
        return Entity(0, None, note="a draft (DelcareFlag 0): acknowledged, not recorded")
    looked_up = tuple(Reference(kind="declaration", value=value) for value in related if value)
    amends = references[0] if tables.FUNCTIONS[code] != "new" else None
    return Entity(0, record, lookup=(*references, *looked_up), amends=amends)


def _items(message: Fields, reading: ZoneReading) -> Iterator[GoodsItem]:
    lines = list(message.each("InvtListType"))
    if not 1 <= len(lines) <= ITEMS_MAX:
        reading.faults.add(f"{message.where}/InvtListType", f"appears 1 to {ITEMS_MAX} times", value=len(lines))
    for line in lines[:ITEMS_MAX]:
        ordinal = reading.maybe(line, "gdsSeqno", _ORDINAL)
        if ordinal is None:
            reading.faults.add(f"{line.where}/gdsSeqno", "is the line's number, from 1 to 999")
            continue
        yield _item(line, int(ordinal), reading)


def _item(line: Fields, ordinal: int, reading: ZoneReading) -> GoodsItem:
    coding = reading.coding
    currency = reading.maybe(line, "dclCurrcd")
    money = coding.currency(currency) if currency else None
    price, total = reading.maybe(line, "dclUprcAmt", NUMBER), reading.maybe(line, "dclTotalAmt", NUMBER)
    count, unit = reading.maybe(line, "dclQty", NUMBER), reading.maybe(line, "dclUnitcd")
    if price and total and count:
        coding.check_line(price, count, total, f"goods_items.{ordinal - 1}.total")
    gross, net = reading.maybe(line, "grossWt", NUMBER), reading.maybe(line, "netWt", NUMBER)
    return GoodsItem(
        ordinal=ordinal,
        hs=_tariff_code(reading.maybe(line, "gdecd"), ordinal, reading),
        name=reading.maybe(line, "gdsNm", NOTE),
        model=reading.maybe(line, "gdsSpcfModelDesc", NOTE),
        number=reading.maybe(line, "gdsMtno", NAME),
        record_number=reading.maybe(line, "putrecSeqno"),
        quantity=coding.quantity(count, unit),
        first_quantity=_legal_quantity(line, "lawf", reading),
        second_quantity=_legal_quantity(line, "secdLawf", reading),
        unit_price=coding.priced(price, money) if price and money else None,
        total=coding.priced(total, money) if total and money else None,
        origin=coding.country(reading.maybe(line, "natcd")),
        destination=coding.country(reading.maybe(line, "destinationNatcd")),
        duty_mode=coding.code("cn-duty-mode", reading.maybe(line, "lvyrlfModecd")),
        gross=kilograms(gross) if gross else None,
        net=kilograms(net) if net else None,
        note=reading.maybe(line, "rmk", NOTE),
    )


def _legal_quantity(line: Fields, prefix: str, reading: ZoneReading) -> Quantity | None:
    return reading.coding.quantity(reading.maybe(line, f"{prefix}Qty", NUMBER), reading.maybe(line, f"{prefix}Unitcd"))


def _tariff_code(value: str | None, ordinal: int, reading: ZoneReading) -> HsCode | None:
    if value and not HsCode.is_valid(value):
        reading.coding.remark("hs-code", f"{value} is no tariff code", f"goods_items.{ordinal - 1}.hs")
    return HsCode.parse(value) if value and HsCode.is_valid(value) else None


def read_pass(data: Fields, source: Source, reading: ZoneReading) -> Entity:
    """`PassPortMessage`: a `customs.request` to pass the zone's gate; a draft leaves none."""
    message = data.child("PassPortMessage", required=True)
    head = message.child("PassportHead", required=True) if message else None
    if message is None or head is None:
        return Entity(0, None, note="not read")
    code = function_of(reading, head, known="13")
    own = reading.required(head, "etpsPreentNo", NAME)
    number, central = reading.maybe(head, "passportNo"), reading.maybe(head, "seqNo")
    area = reading.maybe(head, "areainEtpsSccd")
    related, bills = _related(message, head, reading)
    references = (
        *reference("cop", number, scope="cn-bonded-pass"),
        *reference("pre", central),
        *reference("cop", own, scope=area),
    )
    record = CustomsRequest(
        references=references,
        source=source.model_copy(update={"message_id": own or None}),
        request=RequestHead(
            kind="other",
            number=number,
            own_number=own or None,
            function=tables.FUNCTIONS[code],
            about=(*related, *bills),
            direction=reading.direction(head, "ioTypecd"),
            office=reading.coding.code("cn-customs-office", reading.maybe(head, "masterCuscd")),
            flags=(
                Code(system="cn-bonded-form", value="SAS121", name="核放单"),
                *reading.flags(head, tables.PASS_FLAGS, "cn-bonded"),
            ),
            lodged=reading.time(head, "dclTime"),
            note=reading.maybe(head, "rmk", NOTE),
        ),
        parties=tuple(reading.parties(head, tables.PASS_PARTIES)),
        goods_items=tuple(_pass_items(message, reading)),
        transport=pass_transport(head, reading),
    )
    if data.maybe("DelcareFlag", NAME) == tables.DRAFT:
        return Entity(0, None, note="a draft (DelcareFlag 0): acknowledged, not recorded")
    looked_up = (
        *(Reference(kind="declaration", value=value) for value in related),
        *(Reference(kind="transport_document", value=value) for value in bills),
    )
    amends = references[0] if tables.FUNCTIONS[code] != "new" else None
    return Entity(0, record, lookup=(*references, *looked_up), amends=amends)


def _related(message: Fields, head: Fields, reading: ZoneReading) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Lists (or notes of a warehouse) and bills of lading that the pass is for."""
    lists: dict[str, None] = {}
    bills: dict[str, None] = {}
    rows = [(reading.maybe(head, "rltTbTypecd"), reading.maybe(head, "rltNo", NOTE))]
    for more in message.each("PassportAcmp"):
        rows.append((reading.maybe(more, "rtlBillTypecd"), reading.maybe(more, "rtlBillNo", NOTE)))
    for kind, value in rows:
        if kind and not value:
            reading.coding.remark("not-read", f"related papers of kind {kind}, and none is named", "request.about")
        numbers = bills if kind == tables.RELATED_BILL else lists
        numbers.update(dict.fromkeys(related_numbers(value)))
    return tuple(lists), tuple(bills)


def pass_transport(head: Fields, reading: ZoneReading) -> Transport:
    """The vehicle, its container, and what the goods weigh."""
    vehicle, box = reading.maybe(head, "vehicleNo"), reading.maybe(head, "containerNo")
    tare, kind = reading.maybe(head, "containerWt", NUMBER), reading.maybe(head, "containerType")
    gross, net = reading.maybe(head, "totalGrossWt", NUMBER), reading.maybe(head, "totalNetWt", NUMBER)
    containers: tuple[Container, ...] = ()
    if not box:
        beside = (("containerWt", tare), ("containerType", kind))
        for name, text in beside:
            if text:
                reading.coding.remark("not-read", f"{name}: {text}, and no container is named", "transport.containers")
    if box:
        number, known = box_number(box[:17], reading.coding.remarks)
        containers = (
            Container(
                number=number,
                known=known,
                size_type=Code(system="cn-container-size", value=kind) if kind else None,
                tare=kilograms(tare) if tare and tare.strip("0.") else None,
            ),
        )
    return Transport(
        inland=Conveyance(mode=ROAD, name=vehicle) if vehicle else None,
        containers=containers,
        gross=kilograms(gross) if gross else None,
        net=kilograms(net) if net else None,
    )


def _pass_items(message: Fields, reading: ZoneReading) -> Iterator[GoodsItem]:
    lines = list(message.each("PassportList"))
    if len(lines) > ITEMS_MAX:
        reading.faults.add(f"{message.where}/PassportList", f"appears at most {ITEMS_MAX} times", value=len(lines))
    for count, line in enumerate(lines[:ITEMS_MAX], 1):
        gross, net = reading.maybe(line, "grossWt", NUMBER), reading.maybe(line, "netWt", NUMBER)
        yield GoodsItem(
            ordinal=count,
            hs=_tariff_code(reading.maybe(line, "gdecd"), count, reading),
            name=reading.maybe(line, "gdsNm", NOTE),
            number=reading.maybe(line, "gdsMtno", NAME),
            quantity=reading.coding.quantity(reading.maybe(line, "dclQty", NUMBER), reading.maybe(line, "dclUnitcd")),
            gross=kilograms(gross) if gross else None,
            net=kilograms(net) if net else None,
            note=reading.maybe(line, "rmk", NOTE),
        )
