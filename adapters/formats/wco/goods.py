"""Goods items and transport of a WCO declaration, each figure from the places that `places.py` names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from adapters.formats.ceb.reader import is_less
from adapters.formats.wco import places
from adapters.formats.wco.metadata import (
    CODE,
    COUNT,
    COUNTRY,
    LABEL,
    MASS,
    NAME,
    NOTE,
    first_money,
    item_number,
    known_unit,
    money,
)
from adapters.mapping.code_mapping import Coding
from adapters.mapping.logistics import rounded, weight
from adapters.parsing.xml_fields import BUSINESS_CODE, Fields
from chain.identifiers import ContainerNumber, HsCode, ImoNumber, UnLocode
from chain.records.scalars import Code, Quantity, Weight, fixed
from chain.records.sections import GoodsItem
from chain.records.transport import Container, Conveyance, Package, Place, Seal, Transport

IMO_TYPE: Final = "10"
"""`IdentificationTypeCode` of a vessel named by its IMO number."""
TARIFF_LISTS: Final = ("TSP", "TRC", "SRZ", "HS")
"""`IdentificationTypeCode` of a classification by the tariff: combined nomenclature, TARIC, national, harmonised."""


def build_items(items: list[Fields], coding: Coding) -> tuple[GoodsItem, ...]:
    """Every goods item of the shipment."""
    return tuple(_item(item, coding) for item in items)


def _item(item: Fields, coding: Coding) -> GoodsItem:
    # An amendment names only what it changes, and reduced data sets (TypeCode IMQ ...) leave the commodity out.
    commodity = item.child("Commodity")
    (gross, gross_unit), (net, net_unit) = (
        item.first_measure(paths, MASS) for paths in (places.ITEM_GROSS, places.ITEM_NET)
    )
    if gross and net and gross_unit == net_unit and is_less(gross, net):
        rule = f"is at least the net weight {net}"
        item.faults.add(f"{item.where}/GrossMassMeasure", rule, value=gross, code=BUSINESS_CODE)
    tariff, tariff_unit = item.first_measure(places.ITEM_TARIFF_QUANTITY, MASS)
    duty = next(iter(commodity.each("DutyTaxFee")), None) if commodity else None
    where = f"goods_items ({item_number(item)})"
    return GoodsItem(
        ordinal=item_number(item),
        hs=_tariff_code(commodity) if commodity else None,
        name=item.first(places.ITEM_NAME, NOTE),
        second_quantity=Quantity(
            value=fixed(rounded(tariff, 5, coding.remarks, where), 5), unit=known_unit(tariff_unit)
        )
        if tariff
        else None,
        total=first_money(item, places.ITEM_TOTAL, coding.remarks),
        statistical_value=money(item, "StatisticalValueAmount", coding.remarks),
        customs_value=money(item, "CustomsValueAmount", coding.remarks),
        origin=_origin(item),
        destination=item.first(places.ITEM_DESTINATION, COUNTRY),
        procedure=_procedures(item),
        preference=coding.code("wco-duty-regime", duty.maybe("DutyRegimeCode", CODE)) if duty else None,
        valuation_method=coding.code("wco-valuation", item.first(places.ITEM_METHOD, CODE)),
        gross=_mass(item, places.ITEM_GROSS, coding, f"{where}.gross"),
        net=_mass(item, places.ITEM_NET, coding, f"{where}.net"),
        packages=tuple(_package(found, coding) for found in item.each("Packaging")),
        dangerous=tuple(_dangerous(item)),
        containers=tuple(_equipment_numbers(item)),
        note=statements(item),
    )


def _origin(item: Fields) -> str | None:
    """The country of origin (type 1, or none said) before that of preferential origin, which stays unread."""
    origins = list(item.each("Origin"))
    plain = [one for one in origins if one.maybe("TypeCode", CODE) in (None, places.COUNTRY_OF_ORIGIN)]
    for origin in plain or origins[:1]:
        if (country := origin.maybe("CountryCode", COUNTRY)) is not None:
            return country
    return None


def _dangerous(item: Fields) -> Iterator[Code]:
    commodity = item.child("Commodity")
    for goods in commodity.each("DangerousGoods") if commodity else ():
        if (number := goods.maybe("UNDGID", CODE)) is not None:
            yield Code(system="un-number", value=number)


def _equipment_numbers(item: Fields) -> Iterator[str]:
    seen: set[str] = set()
    for path in places.ITEM_EQUIPMENT:
        *steps, name = path.split("/")
        holder = item.at(*steps)
        for box in holder.each(name) if holder is not None else ():
            number = box.maybe("ID", CODE)
            if number and number not in seen:
                seen.add(number)
                yield ContainerNumber.parse(number) if ContainerNumber.is_valid(number) else number.replace(" ", "")


def statements(holder: Fields) -> str | None:
    """The additional information of a head or an item, each with its code before it."""
    notes: list[str] = []
    for info in holder.each("AdditionalInformation"):
        code, text = info.maybe("StatementCode", CODE), info.maybe("StatementDescription", NOTE)
        if code or text:
            notes.append(f"{code} {text}" if code and text else code or text or "")
    return "; ".join(notes)[:4_000] or None


def _tariff_code(commodity: Fields) -> HsCode | None:
    """The tariff code: combined nomenclature (TSP, 8 digits) and, where it is said, TARIC (TRC, 2 digits)."""
    said = {found.maybe("IdentificationTypeCode", CODE): found for found in commodity.each("Classification")}
    holder = next((said[code] for code in ("TSP", "SRZ", "HS") if code in said), None)
    main = holder.maybe("ID", CODE) if holder is not None else None
    more = said["TRC"].maybe("ID", CODE) if "TRC" in said and main else None
    if main is None:
        return None
    if not HsCode.is_valid(main):
        commodity.faults.add(f"{commodity.where}/Classification/ID", HsCode.RULE, value=main)
        return None
    joined = main + (more or "")
    return HsCode.parse(joined) if HsCode.is_valid(joined) else HsCode.parse(main)


def _procedures(item: Fields) -> tuple[Code, ...]:
    found: list[Code] = []
    for procedure in item.each("GovernmentProcedure"):
        # A previous procedure alone is none: it stays unread, so that it is remarked on.
        current = procedure.maybe("CurrentCode", CODE)
        previous = procedure.maybe("PreviousCode", CODE) if current else None
        if current:
            found.append(Code(system="wco-procedure", value=current + (previous or "")))
    return tuple(found)


def _package(found: Fields, coding: Coding) -> Package:
    count = found.maybe("QuantityQuantity", COUNT)
    return Package(
        count=int(count) if count else 0,
        kind=coding.code("uncefact-rec-21", found.maybe("TypeCode", CODE)),
        marks=found.maybe("MarksNumbersID", NOTE),
    )


def _mass(fields: Fields, paths: places.Paths, coding: Coding, where: str) -> Weight | None:
    """A weight in its `unitCode`; without one it is in kilograms, as HMRC's schema says."""
    said, unit = fields.first_measure(paths, MASS)
    if said is None or unit in (None, "KGM"):
        return Weight(value=fixed(rounded(said, 5, coding.remarks, where), 5), unit="KGM") if said else None
    return weight(said, unit, f"{fields.where}/{paths[0]}", fields.faults)


def transport_of(declaration: Fields, items: list[Fields], coding: Coding) -> Transport | None:
    """How the goods travel, from the head, the shipment and its items; None where nothing says it."""
    packages = declaration.first(places.PACKAGES, COUNT)
    exit_office = declaration.first(places.EXIT_OFFICE, NAME)
    transport = Transport(
        mode=coding.code("wco-transport-mode", declaration.first(places.MODE, CODE)),
        conveyance=_conveyance(declaration),
        inland=_inland(declaration),
        loading=_loading(declaration),
        entry=Place(code=Code(system="wco-customs-office", value=exit_office)) if exit_office else None,
        transit=_transit(declaration),
        goods_place=_goods_place(declaration),
        country_departure=_said_of_all(declaration, places.DEPARTURE, items, places.ITEM_DEPARTURE),
        country_destination=_said_of_all(declaration, places.DESTINATION, items, places.ITEM_DESTINATION),
        packages=Package(count=int(packages)) if packages else None,
        gross=_mass(declaration, places.GROSS, coding, "transport.gross"),
        containers=_containers(declaration),
    )
    return transport if transport != Transport() else None


def _said_of_all(declaration: Fields, paths: places.Paths, items: list[Fields], item_paths: places.Paths) -> str | None:
    """What the shipment says of all goods, or each of its items alike; where items differ they are left unread."""
    whole = declaration.first(paths, COUNTRY)
    if whole is not None:
        return whole
    countries = {item.first(item_paths, COUNTRY) for item in items}
    if len(countries) == 1:
        return countries.pop()
    for item in items:
        # Several countries are no country of the whole: each stays with its item as a remark.
        for path in item_paths if item_paths != places.ITEM_DESTINATION else ():
            *steps, name = path.split("/")
            if (holder := item.at(*steps)) is not None:
                item.faults.read.difference_update(holder.element.findall(f"{{*}}{name}"))
    return None


def nature_of(declaration: Fields, items: list[Fields]) -> str | None:
    """The nature of the transaction, codes of the whole or of each item alike."""
    whole = declaration.first(places.NATURE, CODE)
    codes = {item.first(places.ITEM_NATURE, CODE) for item in items}
    return whole or (codes.pop() if len(codes) == 1 else None)


def _holder(declaration: Fields, paths: places.Paths) -> Fields | None:
    return next((means for path in paths if (means := declaration.at(*path.split("/"))) is not None), None)


def _loading(declaration: Fields) -> Place | None:
    code, name = declaration.first(places.LOADING, CODE), declaration.first(places.LOADING_NAME, LABEL)
    if code is None:
        return Place(name=name) if name else None
    if UnLocode.is_valid(code):
        return Place(unlocode=UnLocode.parse(code), name=name)
    return Place(code=Code(system="wco-location", value=code), name=name)


def _conveyance(declaration: Fields) -> Conveyance | None:
    border = _holder(declaration, places.BORDER)
    if border is None:
        return None
    nation = border.maybe("RegistrationNationalityCode", COUNTRY)
    name, imo = _identified(border)
    name = name or border.maybe("Name", LABEL)
    return Conveyance(name=name, imo=imo, nationality=nation) if name or imo or nation else None


def _inland(declaration: Fields) -> Conveyance | None:
    for path in places.INLAND:
        means = declaration.at(*path.split("/"))
        if means is None:
            continue
        name, imo = _identified(means)
        name = name or means.maybe("Name", LABEL)
        mode = means.maybe("ModeCode", CODE)
        if name or imo or mode:
            return Conveyance(name=name, imo=imo, mode=Code(system="wco-transport-mode", value=mode) if mode else None)
    return None


def _identified(means: Fields) -> tuple[str | None, ImoNumber | None]:
    """Name or number of a means of transport, and its IMO number where it is said to be one (type 10) and is."""
    said = means.maybe("ID", NAME)
    if said and means.maybe("IdentificationTypeCode", CODE) == IMO_TYPE and ImoNumber.is_valid(said):
        return None, ImoNumber.parse(said)
    return said, None


def _transit(declaration: Fields) -> tuple[Place, ...]:
    consignment = declaration.child("Consignment")
    countries = (
        step.maybe("RoutingCountryCode", COUNTRY) for step in (consignment.each("Itinerary") if consignment else ())
    )
    return tuple(Place(country=country) for country in countries if country)


def _goods_place(declaration: Fields) -> Place | None:
    name, country = declaration.first(places.GOODS_PLACE, NAME), declaration.first(places.GOODS_COUNTRY, COUNTRY)
    return Place(name=name, country=country) if name or country else None


def equipment_of(declaration: Fields) -> Iterator[Fields]:
    """Every container that the declaration names."""
    for path in places.EQUIPMENT:
        *steps, name = path.split("/")
        holder = declaration.at(*steps)
        yield from holder.each(name) if holder is not None else ()


def _containers(declaration: Fields) -> tuple[Container, ...]:
    containers: list[Container] = []
    for box in equipment_of(declaration):
        if not (number := box.maybe("ID", CODE)):
            continue
        known = ContainerNumber.is_valid(number)
        seals = (seal.maybe("ID", NAME) for seal in box.each("Seal"))
        containers.append(
            Container(
                number=ContainerNumber.parse(number) if known else number.replace(" ", "")[:17],
                known=known,
                seals=tuple(Seal(number=seal[:35]) for seal in seals if seal),
            )
        )
    return tuple(containers)
