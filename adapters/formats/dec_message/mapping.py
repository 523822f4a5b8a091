"""The parts of a Chinese declaration as sections of a customs.declaration."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, Literal

from adapters.formats.ceb.declaration import percent
from adapters.formats.dec_message import tables
from adapters.mapping.chinese_customs import CHARGE_MARKS, company, day, kilograms, reference, zoned_time
from adapters.mapping.code_mapping import Coding
from adapters.mapping.logistics import rounded
from chain.errors import Malformed
from chain.identifiers import AirWaybillNumber, ContainerNumber, DeclarationNumber, HsCode
from chain.records.base import Document, Reference, Source
from chain.records.codes import place
from chain.records.customs import CustomsDeclaration, DeclarationHead
from chain.records.scalars import Code, Instant
from chain.records.sections import GoodsItem, Party
from chain.records.transport import Container, Conveyance, Package, Place, Transport
from chain.records.value import Charge, Valuation

AIR: Final = "5"
"""`TrafMode` 航空."""

Values = dict[str, str]
Stage = Literal["whole", "summary", "complete"]


@dataclass(frozen=True)
class Parsed:
    """One declaration's checked texts by element name."""

    head: Values
    items: tuple[Values, ...]
    containers: tuple[Values, ...]
    licences: tuple[Values, ...]
    attachments: tuple[Values, ...]
    limits: tuple[tuple[str, Values], ...]
    free_text: Values
    sign: Values
    other_packing: tuple[Values, ...] = ()
    access: Values = field(default_factory=dict)
    """两段准入: what is applied for."""
    type_positions: str = ""
    """`Type` with its leading blanks, since each of its positions has a meaning of its own."""


def build_declaration(parsed: Parsed, source: Source, coding: Coding) -> CustomsDeclaration:
    """The record; raises `Malformed` or pydantic's error where a value does not fit it."""
    head = parsed.head
    return CustomsDeclaration(
        references=references(parsed),
        documents=_documents(parsed, coding),
        source=source,
        declaration=_head(parsed, coding),
        parties=_parties(head, coding),
        goods_items=tuple(_item(item, index, head["IEFlag"], coding) for index, item in enumerate(parsed.items)),
        transport=_transport(parsed, coding),
        valuation=Valuation(
            terms=coding.code("cn-trans-mode", head.get("TransMode")),
            freight=_charge("Fee", head, coding),
            insurance=_charge("Insur", head, coding),
            other=_charge("Other", head, coding),
            promises=_promises(head),
        ),
    )


def references(parsed: Parsed) -> tuple[Reference, ...]:
    """The numbers by which others know the declaration and its goods, the strongest first."""
    head = parsed.head
    on = _said_on(parsed)
    found = (
        reference("declaration", head.get("EntryId"), on=on)
        + reference("pre", head.get("SeqNo"), on=on)
        + reference("pre", head.get("PreEntryId"), on=on)
        + reference("cop", parsed.sign.get("ClientSeqNo"), scope=head.get("AgentCode"), on=on)
    )
    bill = head.get("BillNo")
    found += reference("transport_document", bill, on=on)
    if bill and head.get("TrafMode") == AIR:
        # The house number alone is no reference: each forwarder counts its own.
        found += reference("master_bill", _air_waybill(bill.partition("_")[0]), on=on)
    for certificate in parsed.licences:
        found += reference("origin_certificate", _origin_certificate(certificate), on=on)
    for box in parsed.containers:
        found += reference("container", _container_number(box["ContainerId"])[0], on=on)
    return found


LOOKED_UP: Final = frozenset({"declaration", "pre", "cop", "transport_document"})
"""Kinds of numbers that name one consignment; a container or a master bill may hold many."""


def lookup(parsed: Parsed) -> tuple[Reference, ...]:
    """The numbers by which the consignment can be asked for, the strongest first."""
    return tuple(found for found in references(parsed) if found.kind in LOOKED_UP)


def _said_on(parsed: Parsed) -> str:
    """The day on which it was signed, else that of import or export; empty where neither is said."""
    for said in (parsed.sign.get("SignDate"), parsed.head.get("IEDate")):
        digits = "".join(c for c in said or "" if c.isdigit())
        if len(digits) >= 8:
            try:
                return day(digits)
            except Malformed:
                continue
    return ""


def _origin_certificate(licence: Values) -> str | None:
    """The number of a certificate of origin, behind its agreement's code in `<>`; None for other licences."""
    if licence["DocuCode"] != tables.ORIGIN_CERTIFICATE:
        return None
    number = licence["CertCode"]
    if number.startswith("<"):
        number = number.partition(">")[2].strip()
    return None if number == tables.NO_ORIGIN_CERTIFICATE else number


def _air_waybill(said: str) -> str:
    return AirWaybillNumber.parse(said) if AirWaybillNumber.is_valid(said) else said


def _container_number(said: str) -> tuple[str, bool]:
    return (ContainerNumber.parse(said), True) if ContainerNumber.is_valid(said) else (said, False)


def _lodged(parsed: Parsed, coding: Coding) -> tuple[Instant | None, str | None]:
    """When it was signed: the moment, of which programs write up to hundredths, or the day alone."""
    written = parsed.sign.get("SignDate")
    digits = "".join(c for c in written or "" if c.isdigit())
    if written is None:
        return None, None
    if len(digits) == 8:
        return None, day(digits)
    if len(digits) < 14:
        coding.remark("not-read", f"DecSign/SignDate: {written}", "declaration.lodged")
        return None, None
    iso = f"{digits[:4]}-{digits[4:6]}-{digits[6:8]}T{digits[8:10]}:{digits[10:12]}:{digits[12:14]}"
    return zoned_time(iso).model_copy(update={"said": written}), None


def _head(parsed: Parsed, coding: Coding) -> DeclarationHead:
    head, code = parsed.head, coding.code
    number = head.get("EntryId")
    if number:
        parts = DeclarationNumber.parse(number)
        for sentence in parts.disagreements(office=head["CustomMaster"], direction=head["IEFlag"]):
            coding.remark("declaration-number", f"in EntryId {number} the {sentence}", "declaration.number")
    form, stage, positions = read_type(parsed.type_positions, coding)
    lodged, signed_on = _lodged(parsed, coding)
    return DeclarationHead(
        number=number,
        stage=stage,
        pre_number=head.get("PreEntryId"),
        central_number=head.get("SeqNo"),
        own_number=parsed.sign.get("ClientSeqNo"),
        direction="E" if head["IEFlag"] == "E" else "I",
        kind=code("cn-entry-type", head.get("EntryType")),
        form=form,
        office=code("cn-customs-office", head["CustomMaster"]),
        border_office=code("cn-customs-office", head.get("IEPort")),
        procedure=code("cn-trade-mode", head.get("TradeMode")),
        levy=code("cn-cut-mode", head.get("CutMode")),
        country_trade=coding.country(head.get("TradeAreaCode")),
        contract=head.get("ContrNo"),
        licence=head.get("LicenseNo"),
        account_book=head.get("ManualNo"),
        related_declaration=parsed.free_text.get("RelId"),
        related_account_book=parsed.free_text.get("RelManNo"),
        lodged=lodged,
        declared_on=signed_on,
        item_count=len(parsed.items),
        flags=tuple(
            found
            for system, name in (
                ("cn-transit-relation", "DeclTrnRel"),
                ("cn-guarantee-release", "ChkSurety"),
                ("cn-tax-mark", "TaxAaminMark"),
            )
            if (found := code(system, head.get(name)))
        )
        + positions
        + tuple(_applied(parsed.access, coding))
        + ((Code(system="cn-bonded-site", value=bonded),) if (bonded := parsed.free_text.get("BonNo")) else ()),
        note=head.get("NoteS"),
    )


def _applied(access: Values, coding: Coding) -> Iterator[Code]:
    """What of the two-stage entry (两段准入) is applied for, and the site to which the goods are to go."""
    for name, (system, chinese) in tables.APPLIED.items():
        ticked = access.get(name, "0")
        if ticked not in ("0", "1"):
            coding.remark("unknown-code", f"{name} is {ticked}, neither 0 nor 1", "declaration.flags")
        if ticked != "0":
            yield Code(system=system, value=ticked, name=chinese, known=ticked == "1")
    if site := access.get("TransitionSite"):
        yield Code(system="cn-transition-site", value=site, name="转入场所场地")


def _remark_alone(values: Values, names: tuple[str, ...], used: bool, coding: Coding) -> None:
    """Remarks on fields that say something only together with others, which are not there."""
    for name in names if not used else ():
        if values.get(name, "").strip("0."):
            coding.remark("not-read", f"{name}: {values[name]}", "declaration")


def read_type(positions: str, coding: Coding) -> tuple[Code | None, Stage, tuple[Code, ...]]:
    """`Type` (单据类型) by its positions: kind, stage of a two-step declaration, and the whole where it says more."""
    kind, step, group = positions[:2].strip(), positions[2:3].strip(), positions[6:7].strip()
    stage = tables.STAGES.get(step, "whole")
    known = kind in tables.KINDS
    if (kind and not known) or step not in tables.STAGES or positions[3:6].strip() or group not in ("", "Z"):
        coding.remark("unknown-code", f"Type {positions!r} has positions that are in no list", "declaration.form")
    form = Code(system="cn-declaration-type", value=kind, name=tables.KINDS.get(kind), known=known) if kind else None
    flags: tuple[Code, ...] = ()
    if positions.rstrip() not in ("", kind):
        flags += (Code(system="cn-declaration-type-positions", value=positions.rstrip()),)
    if group == tables.PORT_GROUP:
        flags += (Code(system="cn-port-group", value=group, name="组合港"),)
    return form, stage, flags


def _parties(head: Values, coding: Coding) -> tuple[Party, ...]:
    found = (
        company("trader", head.get("TradeCode"), head.get("TradeName"), uscc=head.get("TradeCoScc")),
        company("owner", head.get("OwnerCode"), head.get("OwnerName"), uscc=head.get("OwnerCodeScc")),
        company("agent", head.get("AgentCode"), head.get("AgentName"), uscc=head.get("AgentCodeScc")),
        company("entry_company", head.get("CopCode"), head.get("CopName"), uscc=head.get("CopCodeScc")),
        _overseas("consignor", "OverseasConsignor", head, coding),
        _overseas("consignee", "OverseasConsignee", head, coding),
    )
    _remark_alone(head, ("DomesticConsigneeEname",), False, coding)
    return tuple(party for party in found if party is not None)


def _overseas(role: str, prefix: str, head: Values, coding: Coding) -> Party | None:
    english, chinese = head.get(f"{prefix}Ename"), head.get(f"{prefix}Cname")
    name = english or chinese
    number, address = head.get(f"{prefix}Code"), head.get(f"{prefix}Addr")
    if not (name or number or address):
        return None
    _remark_alone(head, (f"{prefix}Cname",), chinese in (None, name), coding)
    return Party(
        role="consignor" if role == "consignor" else "consignee",
        name=name[:256] if name else None,
        overseas_id=number,
        address=address,
    )


def _item(item: Values, index: int, direction: str, coding: Coding) -> GoodsItem:
    price, total, currency = item.get("DeclPrice"), item.get("DeclTotal"), item.get("TradeCurr")
    if price and total and "GQty" in item:
        coding.check_line(price, item["GQty"], total, f"goods_items.{index}.total")
    if (price or total) and not currency:
        said = f"DeclPrice {price or 'none'}, DeclTotal {total or 'none'} without TradeCurr"
        coding.remark("not-read", said, f"goods_items.{index}")
    money = coding.currency(currency) if currency else None
    for quantity, unit in (("FirstQty", "FirstUnit"), ("SecondQty", "SecondUnit"), ("GQty", "GUnit")):
        _remark_alone(item, (quantity, unit), quantity in item and unit in item, coding)
    origin, destination = item.get("OriginCountry"), item.get("DestinationCountry")
    if direction == "E":
        origin, destination = destination, origin
    return GoodsItem(
        ordinal=int(item["GNo"]),
        hs=HsCode.parse(item["CodeTS"]) if "CodeTS" in item else None,
        ciq_code=item.get("CiqCode"),
        name=item.get("GName"),
        model=item.get("GModel"),
        record_number=item.get("ContrItem"),
        quantity=coding.quantity(item.get("GQty"), item.get("GUnit")),
        first_quantity=coding.quantity(item.get("FirstQty"), item.get("FirstUnit")),
        second_quantity=coding.quantity(item.get("SecondQty"), item.get("SecondUnit")),
        unit_price=coding.priced(price, money) if price and money else None,
        total=coding.priced(total, money) if total and money else None,
        origin=coding.country(origin),
        destination=coding.country(destination),
        origin_place=item.get("OrigPlaceCode"),
        district=item.get("DistrictCode"),
        duty_mode=coding.code("cn-duty-mode", item.get("DutyMode")),
        note=f"RCEP origin {rcep}" if (rcep := item.get("RcepOrigPlaceCode")) else None,
    )


def _transport(parsed: Parsed, coding: Coding) -> Transport:
    head, imported = parsed.head, parsed.head["IEFlag"] == "I"
    name, voyage = head.get("TrafName"), parsed.free_text.get("VoyNo")
    bill = head.get("BillNo")
    port = _port(head.get("DistinatePort"))
    country = coding.country(head.get("TradeCountry"))
    return Transport(
        mode=coding.code("cn-transport-mode", head.get("TrafMode")),
        conveyance=Conveyance(name=name, voyage=voyage) if name or voyage else None,
        bill=bill,
        master_bill=_air_waybill(bill.partition("_")[0]) if bill and head.get("TrafMode") == AIR else None,
        departure=_port(head.get("DespPortCode")),
        transit=(port,) if port and imported else (),
        entry=_port(head.get("EntyPortCode")),
        destination=None if imported else port,
        goods_place=Place(name=head["GoodsPlace"]) if "GoodsPlace" in head else None,
        country_departure=country if imported else None,
        country_destination=None if imported else country,
        departed_on=day(head["DespDate"]) if "DespDate" in head else None,
        crossed_on=day(head["IEDate"]) if "IEDate" in head else None,
        unloaded_on=day(head["CmplDschrgDt"]) if "CmplDschrgDt" in head else None,
        packages=Package(count=int(head["PackNo"]), kind=coding.code("cn-wrap", head.get("WrapType")))
        if "PackNo" in head
        else None,
        gross=kilograms(head["GrossWet"]) if "GrossWet" in head else None,
        net=kilograms(head["NetWt"]) if "NetWt" in head else None,
        containers=tuple(_container(box, coding) for box in parsed.containers),
        other_packing=tuple(_other_packing(pack, coding) for pack in parsed.other_packing),
        marks=head.get("MarkNo"),
    )


def _other_packing(pack: Values, coding: Coding) -> Code:
    """One further packing material; how many of it there are has no field of its own."""
    if pack.get("PackQty", "").strip("0."):
        text = f"DecOtherPack: {pack['PackQty']} of {pack['PackType']}"
        coding.remark("not-read", text, "transport.other_packing")
    return coding.named("cn-wrap", pack["PackType"])


def _port(said: str | None) -> Place | None:
    return place(said, "cn-port") if said else None


def _container(box: Values, coding: Coding) -> Container:
    number, known = _container_number(box["ContainerId"])
    listed = box.get("GoodsNo", "").replace(";", ",").replace(" ", ",").split(",")
    return Container(
        number=number,
        known=known,
        size_type=coding.code("cn-container-size", box.get("ContainerMd")),
        tare=kilograms(box["ContainerWt"]) if "ContainerWt" in box else None,
        cargo_gross=kilograms(box["GoodsContaWt"]) if "GoodsContaWt" in box else None,
        shared={"1": True, "0": False}.get(box.get("LclFlag", "")),
        items=tuple(int(number) for number in listed if number.isascii() and number.isdigit()),
    )


def _charge(name: str, head: Values, coding: Coding) -> Charge | None:
    mark, rate, currency = (head.get(f"{name}{part}") for part in ("Mark", "Rate", "Curr"))
    if not rate:
        _remark_alone(head, (f"{name}Mark", f"{name}Curr"), False, coding)
        return None
    kind = CHARGE_MARKS.get(mark or "")
    _remark_alone(head, (f"{name}Curr",), kind != "rate", coding)
    is_deduction = rate.startswith("-") and rate.strip("-0.") != ""
    if kind == "rate" and not is_deduction:
        return Charge(mark=kind, rate=percent(rounded(rate.lstrip("-"), 4, coding.remarks, f"valuation.{name}")))
    if kind not in (None, "rate") and currency:
        return Charge(mark=kind, amount=coding.amount(rate, currency, f"DecHead/{name}Rate"))
    if rate.strip("0.") or mark:
        # A deduction as a rate has no place in a record, and a draft may still lack the mark or the currency.
        text = f"DecHead/{name}Mark: {mark or 'none'}, {name}Rate: {rate}, {name}Curr: {currency or 'none'}"
        coding.remark("not-read", text, "valuation")
    return None


def _promises(head: Values) -> tuple[Code, ...]:
    """`PromiseItmes`: one digit a statement; 1 special relation, 2 influence, 3 royalties, 4 formula, 5 provisional."""
    said = head.get("PromiseItmes", "")
    return tuple(
        Code(system=f"cn-promise-{position}", value=digit) for position, digit in enumerate(said, 1) if digit != "9"
    )


def _documents(parsed: Parsed, coding: Coding) -> tuple[Document, ...]:
    licences = (
        Document(kind=Code(system="cn-licence-document", value=found["DocuCode"]), number=found["CertCode"])
        for found in parsed.licences
    )
    for _, limit in parsed.limits:
        used = "LicWrtofQty" in limit and "LicWrtofQtyUnit" in limit
        _remark_alone(limit, ("LicWrtofQty", "LicWrtofQtyUnit"), used, coding)
    limits = (
        Document(
            kind=Code(system="cn-goods-limit", value=found["LicTypeCode"]),
            number=found.get("LicenceNo"),
            item=int(number) if number.isdigit() else None,
            line=found.get("LicWrtofDetailNo"),
            written_off=coding.quantity(found.get("LicWrtofQty"), found.get("LicWrtofQtyUnit")),
        )
        for number, found in parsed.limits
    )
    files = (
        Document(
            kind=coding.code("cn-edoc", found["EdocCode"]) or Code(system="cn-edoc", value="?"), name=found["EdocID"]
        )
        for found in parsed.attachments
    )
    return (*licences, *limits, *files)
