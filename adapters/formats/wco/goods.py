"""Goods items and transport of a WCO declaration."""

from __future__ import annotations

from typing import Final

from adapters.formats.ceb.reader import is_less
from adapters.formats.wco.metadata import CODE, COUNT, COUNTRY, MASS, NAME, NOTE, item_number, money
from adapters.mapping.code_mapping import Coding
from adapters.mapping.logistics import rounded
from adapters.parsing.xml_fields import BUSINESS_CODE, Fields
from chain.identifiers import ContainerNumber, HsCode, ImoNumber
from chain.records.scalars import Code, Quantity, Weight, fixed
from chain.records.sections import GoodsItem
from chain.records.transport import Container, Conveyance, Package, Place, Seal, Transport

IMO_TYPE: Final = "10"
"""`IdentificationTypeCode` of a vessel named by its IMO number."""
UNIT_UNSAID: Final = "wco-unit:tariff"
"""A tariff quantity is in the unit that the tariff asks for, which the message does not name."""


def build_items(items: list[Fields], coding: Coding) -> tuple[GoodsItem, ...]:
    """Every goods item of the shipment."""
    return tuple(_item(item, coding) for item in items)


def _item(item: Fields, coding: Coding) -> GoodsItem:
    # An amendment names only what it changes, and reduced data sets (TypeCode IMQ ...) leave the commodity out.
    commodity = item.child("Commodity")
    name = commodity.maybe("Description", NOTE) if commodity else None
    measures = commodity.child("GoodsMeasure") if commodity else None
    gross = measures.maybe("GrossMassMeasure", MASS) if measures else None
    net = measures.maybe("NetNetWeightMeasure", MASS) if measures else None
    if gross and net and is_less(gross, net):
        rule = f"is at least the net weight {net}"
        item.faults.add(f"{item.where}/GrossMassMeasure", rule, value=gross, code=BUSINESS_CODE)
    tariff = measures.maybe("TariffQuantity", MASS) if measures else None
    invoice = commodity.child("InvoiceLine") if commodity else None
    duty = next(iter(commodity.each("DutyTaxFee")), None) if commodity else None
    valuation = item.child("CustomsValuation")
    origin, destination = next(iter(item.each("Origin")), None), item.child("Destination")
    where = f"goods_items ({item_number(item)})"
    return GoodsItem(
        ordinal=item_number(item),
        hs=_tariff_code(commodity) if commodity else None,
        name=name,
        second_quantity=Quantity(value=fixed(rounded(tariff, 5, coding.remarks, where), 5), unit=UNIT_UNSAID)
        if tariff
        else None,
        total=money(invoice, "ItemChargeAmount") if invoice else None,
        statistical_value=money(item, "StatisticalValueAmount"),
        origin=origin.maybe("CountryCode", COUNTRY) if origin else None,
        destination=destination.maybe("CountryCode", COUNTRY) if destination else None,
        procedure=_procedures(item),
        preference=coding.code("wco-duty-regime", duty.maybe("DutyRegimeCode", CODE)) if duty else None,
        valuation_method=coding.code("wco-valuation", valuation.maybe("MethodCode", CODE)) if valuation else None,
        gross=_mass(gross, coding, f"{where}.gross"),
        net=_mass(net, coding, f"{where}.net"),
        packages=tuple(_package(found, coding) for found in item.each("Packaging")),
        note=statements(item),
    )


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
    main = said["TSP"].maybe("ID", CODE) if "TSP" in said else None
    more = said["TRC"].maybe("ID", CODE) if "TRC" in said else None
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
        current, previous = procedure.maybe("CurrentCode", CODE), procedure.maybe("PreviousCode", CODE)
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


def _mass(said: str | None, coding: Coding, where: str) -> Weight | None:
    return Weight(value=fixed(rounded(said, 5, coding.remarks, where), 5), unit="KGM") if said else None


def transport_of(declaration: Fields, shipment: Fields | None, coding: Coding) -> Transport | None:
    """How the goods travel, from the head and the shipment's consignment; None where neither says."""
    consignment = shipment.child("Consignment") if shipment else None
    border = declaration.child("BorderTransportMeans")
    packages = declaration.maybe("TotalPackageQuantity", COUNT)
    mass = declaration.maybe("TotalGrossMassMeasure", MASS)
    if not (consignment or border or packages or mass):
        return None
    destination = shipment.child("Destination") if shipment else None
    exported = shipment.child("ExportCountry") if shipment else None
    exit_office = declaration.child("ExitOffice")
    return Transport(
        mode=coding.code("wco-transport-mode", border.maybe("ModeCode", CODE)) if border else None,
        conveyance=_conveyance(border),
        inland=_inland(consignment),
        entry=_office(exit_office.maybe("ID", NAME)) if exit_office else None,
        transit=_transit(declaration),
        goods_place=_goods_place(consignment),
        country_departure=exported.maybe("ID", COUNTRY) if exported else None,
        country_destination=destination.maybe("CountryCode", COUNTRY) if destination else None,
        packages=Package(count=int(packages)) if packages else None,
        gross=_mass(mass, coding, "transport.gross"),
        containers=_containers(consignment),
    )


def _conveyance(border: Fields | None) -> Conveyance | None:
    if border is None:
        return None
    nation = border.maybe("RegistrationNationalityCode", COUNTRY)
    name, imo = _identified(border)
    return Conveyance(name=name, imo=imo, nationality=nation) if name or imo or nation else None


def _inland(consignment: Fields | None) -> Conveyance | None:
    for element in ("ArrivalTransportMeans", "DepartureTransportMeans"):
        found = consignment.child(element) if consignment else None
        name, imo = _identified(found) if found else (None, None)
        if name or imo:
            return Conveyance(name=name, imo=imo)
    return None


def _identified(means: Fields) -> tuple[str | None, ImoNumber | None]:
    """Name or number of a means of transport, and its IMO number where it is said to be one (type 10) and is."""
    said = means.maybe("ID", NAME)
    if said and means.maybe("IdentificationTypeCode", CODE) == IMO_TYPE and ImoNumber.is_valid(said):
        return None, ImoNumber.parse(said)
    return said, None


def _office(number: str | None) -> Place | None:
    return Place(code=Code(system="wco-customs-office", value=number)) if number else None


def _transit(declaration: Fields) -> tuple[Place, ...]:
    consignment = declaration.child("Consignment")
    countries = (
        step.maybe("RoutingCountryCode", COUNTRY) for step in (consignment.each("Itinerary") if consignment else ())
    )
    return tuple(Place(country=country) for country in countries if country)


def _goods_place(consignment: Fields | None) -> Place | None:
    found = consignment.child("GoodsLocation") if consignment else None
    if found is None:
        return None
    name, address = found.maybe("Name", NAME), found.child("Address")
    country = address.maybe("CountryCode", COUNTRY) if address else None
    return Place(name=name, country=country) if name or country else None


def _containers(consignment: Fields | None) -> tuple[Container, ...]:
    found: list[Container] = []
    for box in consignment.each("TransportEquipment") if consignment else ():
        if not (number := box.maybe("ID", CODE)):
            continue
        known = ContainerNumber.is_valid(number)
        seals = (seal.maybe("ID", NAME) for seal in box.each("Seal"))
        found.append(
            Container(
                number=ContainerNumber.parse(number) if known else number,
                known=known,
                seals=tuple(Seal(number=seal) for seal in seals if seal),
            )
        )
    return tuple(found)
