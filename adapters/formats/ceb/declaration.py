"""Declaration lists of parcels: CEB621 (import) and CEB603 (export).

Import and export are no mirror images: a line's `country` is the origin in CEB621 and the destination in CEB603, and
the head's `country` is where the goods come from in the one and where they go in the other.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

from pydantic import ValidationError

from adapters.formats.ceb import tables, tables_export
from adapters.formats.ceb.reader import FUNCTIONS, Built, CebReader, Job, check_weights
from adapters.formats.ceb.trade import Values, present
from adapters.mapping.chinese_customs import CHARGE_MARKS, company, day
from adapters.mapping.code_mapping import CODES_REMEMBERED_MAX
from adapters.mapping.logistics import rounded
from chain.errors import Malformed
from chain.identifiers import HsCode
from chain.records.base import Reference
from chain.records.customs import CustomsDeclaration, DeclarationHead
from chain.records.scalars import Code, Part, Rate, Weight, fixed
from chain.records.sections import GoodsItem, Party
from chain.records.transport import Conveyance, Package, Place, Transport
from chain.records.value import Charge, Valuation

_hs = lru_cache(CODES_REMEMBERED_MAX)(HsCode.parse)


def own_references(head: Values, job: Job) -> tuple[Reference, ...]:
    """The list's own numbers, the strongest first: customs' `invtNo`, the e-port's `preNo`, the agent's `copNo`."""
    return (
        job.reference("declaration", head.get("invtNo"))
        + job.reference("pre", head.get("preNo"))
        + job.reference("cop", head.get("copNo"), head["agentCode"])
    )


def parcel_references(head: Values, job: Job) -> tuple[Reference, ...]:
    """The parcel's numbers: order of the platform, waybill of the carrier."""
    platform = head["ebpCode"] if head["ebpCode"] != "无" else head["ebcCode"]
    return job.reference("order", head["orderNo"], platform) + job.reference(
        "transport_document", head["logisticsNo"], head["logisticsCode"]
    )


def build_import(head: Values, lines: tuple[Values, ...], job: Job) -> Built:
    """CEB621 becomes a customs.declaration."""
    return _checked_at_once(_import, head, lines, job)


def build_export(head: Values, lines: tuple[Values, ...], job: Job) -> Built:
    """CEB603 becomes a customs.declaration."""
    return _checked_at_once(_export, head, lines, job)


Make = Callable[..., Any]
"""Makes a part of a record: a model of the given class, or its members alone, for the record's own model to check."""


def _checked_at_once(
    build: Callable[[Values, tuple[Values, ...], Job, Make], Built], head: Values, lines: tuple[Values, ...], job: Job
) -> Built:
    """What the builder makes, its parts checked together with the whole, or one by one if there is a fault to name."""
    try:
        return build(head, lines, job, _members)
    except (Malformed, ValidationError):
        job.coding.remarks.clear()
        return build(head, lines, job, _model)


def _members(kind: type[Part], /, **members: Any) -> dict[str, Any]:
    return members


def _model(kind: type[Part], /, **members: Any) -> Part:
    return kind(**members)


def _import(head: Values, lines: tuple[Values, ...], job: Job, make: Make) -> Built:
    coding, money = job.coding, head["currency"]
    own, parcel = own_references(head, job), parcel_references(head, job)
    _remark_import(head, job)
    record = CustomsDeclaration(
        references=own + parcel + job.reference("master_bill", head.get("billNo")),
        source=job.source,
        declaration=make(
            DeclarationHead,
            **_common_head(head, job),
            guarantee=head["assureCode"],
            declared_on=day(head["declTime"]),
        ),
        parties=present(
            company("platform", head["ebpCode"], head["ebpName"]),
            company("merchant", head["ebcCode"], head["ebcName"]),
            company("logistics_company", head["logisticsCode"], head["logisticsName"]),
            company("agent", head["agentCode"], head["agentName"]),
            company("area_operator", head.get("areaCode"), head.get("areaName")),
            make(
                Party,
                role="buyer",
                name=head["buyerName"],
                id_kind=make(Code, system="cn-id-kind", value=head["buyerIdType"]),
                id_number=head["buyerIdNumber"],
                phone=head["buyerTelephone"],
            ),
            make(Party, role="consignee", address=head["consigneeAddress"]),
        ),
        goods_items=tuple([_line(line, index, job, make, imported=True) for index, line in enumerate(lines)]),
        transport=_transport(
            head,
            job,
            make,
            name=head.get("trafNo"),
            country_departure=coding.country(head["country"]),
        ),
        valuation=make(
            Valuation,
            freight=make(Charge, mark="total", amount=coding.amount(head["freight"], money, "valuation.freight")),
            insurance=make(
                Charge, mark="total", amount=coding.amount(head["insuredFee"], money, "valuation.insurance")
            ),
        ),
    )
    return Built(record, own + parcel, _amended(head, own, parcel))


def _export(head: Values, lines: tuple[Values, ...], job: Job, make: Make) -> Built:
    own, parcel = own_references(head, job), parcel_references(head, job)
    destination = Place(code=Code(system="cn-port", value=head["POD"]))
    record = CustomsDeclaration(
        references=own + parcel + job.reference("master_bill", head.get("billNo")),
        source=job.source,
        declaration=make(
            DeclarationHead,
            **_common_head(head, job),
            form=Code(system="ceb-statistics-flag", value=head["statisticsFlag"]),
        ),
        parties=present(
            company("platform", head["ebpCode"], head["ebpName"]),
            company("trader", head["ebcCode"], head["ebcName"]),
            company("owner", head["ownerCode"], head["ownerName"]),
            company("logistics_company", head["logisticsCode"], head["logisticsName"]),
            company("agent", head["agentCode"], head["agentName"]),
            company("area_operator", head.get("iacCode"), head.get("iacName")),
        ),
        goods_items=tuple([_line(line, index, job, make, imported=False) for index, line in enumerate(lines)]),
        transport=_transport(
            head,
            job,
            make,
            name=head.get("trafName"),
            destination=destination,
            country_destination=job.coding.country(head["country"]),
        ),
        valuation=make(
            Valuation,
            freight=_charge(head["fFlag"], head["freight"], head["fCurrency"], job, "valuation.freight"),
            insurance=_charge(head["iFlag"], head["insuredFee"], head["iCurrency"], job, "valuation.insurance"),
        ),
    )
    return Built(record, own + parcel, _amended(head, own, parcel))


def _common_head(head: Values, job: Job) -> dict[str, Any]:
    return {
        "number": head.get("invtNo"),
        "pre_number": head.get("preNo"),
        "own_number": head.get("copNo"),
        "guid": job.guid,
        "function": FUNCTIONS[head["appType"]],
        "direction": head["ieFlag"],
        "office": job.coding.named("cn-customs-office", head["customsCode"]),
        "border_office": job.coding.named("cn-customs-office", head["portCode"]),
        "procedure": job.coding.code("cn-trade-mode", head["tradeMode"]),
        "licence": head.get("licenseNo"),
        "account_book": head.get("emsNo"),
        "order": head["orderNo"],
        "waybill": head["logisticsNo"],
        "lodged": job.said,
        "note": head.get("note"),
    }


def _transport(head: Values, job: Job, make: Make, *, name: str | None, **more: Any) -> Any:
    coding = job.coding
    conveyance = make(Conveyance, name=name, voyage=head.get("voyageNo")) if name or "voyageNo" in head else None
    site = head.get("loctNo")
    return make(
        Transport,
        mode=coding.code("cn-transport-mode", head["trafMode"]),
        conveyance=conveyance,
        bill=head.get("billNo"),
        goods_place=Place(code=Code(system="cn-supervised-site", value=site)) if site else None,
        crossed_on=day(head["ieDate"]) if "ieDate" in head else None,
        packages=make(
            Package,
            count=int(head["packNo"]),
            kind=coding.code("cn-wrap", head.get("wrapType")),
            marks=head.get("totalPackageNo"),
        ),
        gross=make(Weight, value=fixed(head["grossWeight"], 5), unit="KGM"),
        net=make(Weight, value=fixed(head["netWeight"], 5), unit="KGM"),
        **more,
    )


def _line(line: Values, index: int, job: Job, make: Make, *, imported: bool) -> Any:
    coding, where = job.coding, f"goods_items.{index}"
    coding.check_line(line["price"], line["qty"], line["totalPrice"], f"{where}.total")
    money = coding.currency(line["currency"])
    country = coding.country(line["country"])
    return make(
        GoodsItem,
        ordinal=int(line["gnum"]),
        hs=_hs(line["gcode"]),
        name=line["gname"],
        model=line["gmodel"],
        number=line.get("itemNo"),
        record_number=line.get("itemRecordNo"),
        barcode=line.get("barCode"),
        article=line["itemName"] if line.get("itemName", line["gname"]) != line["gname"] else None,
        quantity=coding.quantity(line["qty"], line["unit"]),
        first_quantity=coding.quantity(line["qty1"], line["unit1"]),
        second_quantity=coding.quantity(line.get("qty2"), line.get("unit2")),
        unit_price=coding.priced(line["price"], money),
        total=coding.priced(line["totalPrice"], money),
        origin=country if imported else None,
        destination=None if imported else country,
        country_trade=coding.country(line.get("tradeCountry")),
        note=line.get("note"),
    )


def _total(said: str, currency: str, job: Job, make: Make, where: str) -> Any:
    return make(Charge, mark="total", amount=job.coding.amount(said, currency, where))


def _charge(mark: str, said: str, currency: str, job: Job, where: str) -> Charge:
    kind = CHARGE_MARKS[mark]
    if kind == "rate":
        return Charge(mark=kind, rate=percent(rounded(said, 4, job.coding.remarks, where)))
    return Charge(mark=kind, amount=job.coding.amount(said, currency, where))


def percent(said: str) -> Rate:
    """A rate said in per cent (mark 1: `0.3` means 0.3 %) as a fraction; raises `Malformed` where it does not fit."""
    moved = fixed(said, 4, digits=12)
    whole, _, behind = moved.partition(".")
    digits = f"{whole:0>3}{behind}"
    return f"{int(digits[:-6])}.{digits[-6:]}"


def _remark_import(head: Values, job: Job) -> None:
    coding = job.coding
    if head["packNo"].lstrip("0") != "1":
        coding.remark("ceb-one-package", f"packNo of a parcel is 1, not {head['packNo']}", "transport.packages")
    if head["buyerIdType"] != "1":
        coding.remark("ceb-buyer-id", f"buyerIdType is 1 (identity card), not {head['buyerIdType']}", "parties")
    if head["currency"] != "142":
        coding.remark("ceb-currency", f"currency is 142 (yuan), not {head['currency']}", "valuation")
    if head["ieFlag"] != "I":
        coding.remark("ceb-direction", f"ieFlag of CEB621 is I, not {head['ieFlag']}", "declaration.direction")


def _amended(head: Values, own: tuple[Reference, ...], parcel: tuple[Reference, ...]) -> Reference | None:
    """A change names the list by customs' number where there is one, else the agent's own, else the order."""
    if head["appType"] not in ("2", "3"):
        return None
    return (own + parcel)[0]


READERS: Final = (
    CebReader(tables.CEB621, build_import, check_weights),
    CebReader(tables_export.CEB603, build_export, check_weights),
)
