"""Parts of both waybills: amounts, weights, parties, customs notes, goods."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Final, Literal

from adapters.formats.cargo_xml import tables
from adapters.mapping.airports import airport
from adapters.mapping.logistics import ANY_DECIMAL, LABEL, NAME, NOTE, SHORT, rounded, weight
from adapters.parsing.forms import Form, text, whole
from adapters.parsing.xml_fields import Faults, Fields
from chain.errors import Malformed
from chain.identifiers import AirWaybillNumber, HsCode, Uscc
from chain.records.base import Remark
from chain.records.scalars import Amount, Code, Quantity, Weight, amount, fixed
from chain.records.sections import GoodsItem, Party, PartyRole
from chain.records.transport import Container, Package, Place

AIR: Final = Code(system="uncefact-rec-19", value="4", name="Air transport")
CURRENCY: Final = Form("3 capital letters (ISO 4217)", re.compile("[A-Z]{3}"))
AIRPORT: Final = Form("an airport or city of 3 capital letters (IATA)", re.compile("[A-Z]{3}"))
COUNT: Final = Form("a whole number of at most 8 digits", re.compile(r"0{0,9}(\d{1,8})(?:\.0{1,5})?"))
ITEMS_MAX: Final = 999
_ORDINAL: Final = whole(5)
HOUSE_NUMBER: Final = text(35)
DEVICE_CHARS: Final = 17
"""Characters of a unit load device's number that a record holds."""
Function = Literal["new", "change", "delete"]


@dataclass
class WaybillReading:
    """What is shared while one message is read."""

    faults: Faults
    remarks: list[Remark] = field(default_factory=list)

    def note(self, rule: str, text: str, at: str | None = None) -> None:
        """Adds a remark on the record."""
        self.remarks.append(Remark(rule=rule, text=text, field=at))

    def number(self, text: str) -> str:
        """A master waybill's number in its canonical spelling; one with a wrong check digit is kept as said."""
        match = tables.AWB.fullmatch(text)
        shown = f"{match[1]}-{match[2]}" if match else text
        if AirWaybillNumber.is_valid(shown):
            return AirWaybillNumber.parse(shown)
        self.note("awb-check-digit", f"{text} is no valid air waybill number")
        return shown

    def amount(self, holder: Fields | None, name: str) -> Amount | None:
        """The amount of that name; zero counts as none said."""
        value = holder.maybe(name, ANY_DECIMAL) if holder is not None else None
        element = holder.child(name) if holder is not None and value else None
        if value is None or element is None or not Decimal(value):
            return None
        currency = element.attribute("currencyID", CURRENCY, required=True)
        try:
            return amount(rounded(value, 5, self.remarks, name), currency) if currency else None
        except Malformed as fault:
            self.faults.note(fault, f"{element.where}")
            return None

    def mass(self, holder: Fields, name: str) -> Weight | None:
        """The weight of that name."""
        value = holder.maybe(name, ANY_DECIMAL)
        element = holder.child(name) if value else None
        if element is None:
            return None
        return weight(value, element.attribute("unitCode", SHORT), element.where, self.faults)

    def volume(self, holder: Fields, name: str) -> Quantity | None:
        """The volume of that name; one in another unit than of a volume is kept as a remark."""
        value = holder.maybe(name, ANY_DECIMAL)
        element = holder.child(name) if value else None
        if value is None or element is None:
            return None
        unit = element.attribute("unitCode", SHORT)
        if unit not in tables.VOLUME_UNITS:
            self.note("unknown-code", f"volume {value} is in {unit or 'no unit'}", "transport.volume")
            return None
        return Quantity(value=fixed(rounded(value, 5, self.remarks, name), 5), unit=unit)

    def pieces(self, holder: Fields, name: str) -> Package | None:
        """A number of pieces."""
        value = holder.maybe(name, COUNT)
        return Package(count=int(Decimal(value))) if value else None

    def airport(self, holder: Fields, name: str) -> Place | None:
        """The airport of that name, with the name that is said of it."""
        location = holder.child(name)
        code = location.maybe("ID", AIRPORT) if location is not None else None
        if location is None or code is None:
            return None
        named = location.maybe("Name", LABEL)
        return airport(code).model_copy(update={"name": named}) if named else airport(code)


def inner(fields: Fields | None) -> Fields | None:
    """The same element, its children in the namespace of the data model."""
    return replace(fields, namespace=tables.MODEL) if fields is not None else None


def values_declared(consignment: Fields, reading: WaybillReading) -> dict[str, Amount]:
    """Values declared and insured: the one for customs counts before the one for carriage, which is then a remark."""
    customs = reading.amount(consignment, "DeclaredValueForCustomsAmount")
    carriage = reading.amount(consignment, "DeclaredValueForCarriageAmount")
    if customs is not None and carriage is not None:
        reading.note("not-read", f"declared value for carriage {carriage.value} {carriage.currency}")
    named = {
        "declared_value": customs or carriage,
        "insurance": reading.amount(consignment, "InsuranceValueAmount"),
    }
    return {name: value for name, value in named.items() if value is not None}


def added(amounts: Sequence[Amount | None], reading: WaybillReading) -> Amount | None:
    """The sum of what is prepaid and what is to be collected; None, and a remark, in several currencies."""
    known = [value for value in amounts if value is not None]
    if len({value.currency for value in known}) > 1:
        reading.note(
            "currency", "charges in several currencies: " + ", ".join(f"{a.value} {a.currency}" for a in known)
        )
        return None
    total = sum((Decimal(value.value) for value in known), Decimal(0))
    return amount(f"{total:f}", known[0].currency) if known else None


def trader_numbers(consignment: Fields, reading: WaybillReading) -> dict[str, str]:
    """Notes what customs notes say, and gives the traders' numbers by subject code (`SHP`, `CNE` ...).

    What may identify a person is named, not repeated.
    """
    numbers: dict[str, str] = {}
    for note in consignment.each("IncludedCustomsNote"):
        country, subject = note.maybe("CountryID", SHORT) or "", note.maybe("SubjectCode", SHORT) or ""
        code, content = note.maybe("ContentCode", SHORT) or "", note.maybe("Content", NOTE) or ""
        if code == tables.TRADER_NUMBER and content:
            numbers.setdefault(subject, content)
        shown = content if code in tables.OPEN_NOTES else "(may be personal, not repeated)"
        reading.note("customs-information", f"{country}/{subject}/{code}/{shown}")
    return numbers


def parties(consignment: Fields, reading: WaybillReading) -> Iterator[Party]:
    """Shipper, consignee, forwarder and whom to notify."""
    numbers = trader_numbers(consignment, reading)
    for name, role, subject in tables.PARTIES:
        element = consignment.child(name)
        if element is not None:
            yield from _party(element, role, numbers.get(subject, ""))
    for element in consignment.each("AssociatedParty"):
        code = element.maybe("RoleCode", SHORT)
        if code not in tables.NOTIFY and code:
            reading.note("party-role", f"a party with role code {code}", "parties")
        yield from _party(element, "notify" if code in tables.NOTIFY else "other", numbers.get("NFY", ""))


def _party(element: Fields, role: PartyRole, number: str) -> Iterator[Party]:
    name = element.maybe("Name", LABEL)
    ids = [
        Code(system=system, value=value)
        for field_name, system in (
            ("PrimaryID", "party-id"),
            ("AdditionalID", "party-id"),
            ("AccountID", "airline-account"),
            ("CargoAgentID", "iata-cargo-agent"),
        )
        if (value := element.maybe(field_name, NAME))
    ]
    address = element.child("PostalStructuredAddress") or element.child("FreightForwarderAddress")
    contact = next(element.each("DefinedTradeContact"), None)
    line = contact.child("DirectTelephoneCommunication") if contact is not None else None
    uscc = number.removeprefix("USCI").lstrip("+ ")
    is_uscc = Uscc.is_valid(uscc)
    if not name and not ids:
        return
    lines, country = _address(address)
    yield Party(
        role=role,
        name=name,
        uscc=Uscc.parse(uscc) if is_uscc else None,
        overseas_id=number[:256] if number and not is_uscc else None,
        other_ids=tuple(ids),
        phone=line.maybe("CompleteNumber", SHORT) if line is not None else None,
        address=lines,
        country=country,
    )


def _address(address: Fields | None) -> tuple[str | None, str | None]:
    if address is None:
        return None, None
    names = ("PostOfficeBox", "StreetName", "CityName", "CountrySubDivisionName", "CountrySubDivisionID")
    texts = [address.maybe(name, LABEL) for name in (*names, "PostcodeCode", "CountryName")]
    shown = ", ".join(dict.fromkeys(" ".join(text.split()) for text in texts if text))
    return shown or None, address.maybe("CountryID", tables.COUNTRY)


def goods(rows: Sequence[Fields], reading: WaybillReading) -> tuple[list[GoodsItem], list[Container]]:
    """The goods items of the rows that say more than measures, and the unit load devices that they name."""
    items: list[GoodsItem] = []
    containers: dict[str, Container] = {}
    if len(rows) > ITEMS_MAX:
        reading.faults.add(rows[0].where, f"at most {ITEMS_MAX} rows of goods", value=len(rows))
        return items, []
    for row in rows:
        for box in _unit_loads(row, reading):
            containers.setdefault(box.number, box)
        item = _item(row, len(items) + 1, reading)
        if item is not None:
            items.append(item)
    return items, list(containers.values())


def _item(row: Fields, ordinal: int, reading: WaybillReading) -> GoodsItem | None:
    codes = [code for element in row.each("TypeCode") if (code := element.own(SHORT))]
    valid = [code for code in codes if HsCode.is_valid(code)]
    for code in codes:
        if code not in valid[:1]:
            reading.note("hs-code", f"tariff code {code} of item {ordinal} is not kept as its code")
    cargo = row.child("NatureIdentificationTransportCargo")
    name = cargo.maybe("Identification", NOTE) if cargo is not None else None
    country = row.child("OriginCountry")
    information = row.maybe("Information", NOTE)
    if information and information != tables.NO_INFORMATION:
        reading.note("not-read", f"item {ordinal}: {information}")
    gross, pieces = reading.mass(row, "GrossWeightMeasure"), reading.pieces(row, "PieceQuantity")
    if not (codes or name or gross or pieces):
        return None
    return GoodsItem(
        ordinal=ordinal,
        hs=HsCode.parse(valid[0]) if valid else None,
        name=name,
        gross=gross,
        packages=(pieces,) if pieces else (),
        origin=country.maybe("ID", tables.COUNTRY) if country is not None else None,
    )


def _unit_loads(row: Fields, reading: WaybillReading) -> Iterator[Container]:
    """The unit load devices of a row."""
    for element in row.each("AssociatedUnitLoadTransportEquipment"):
        number = device_number(element)
        if re.fullmatch(f"[!-~]{{1,{DEVICE_CHARS}}}", number):
            yield Container(number=number, known=False, tare=reading.mass(element, "TareWeightMeasure"))
        elif number:
            rule = f"is a unit load device of at most {DEVICE_CHARS} characters"
            reading.faults.add(element.where, rule, value=number)


def device_number(element: Fields) -> str:
    """Type, serial number and owner, as they are painted on a unit load device; empty where none is said."""
    owner = element.child("OperatingParty")
    parts = (
        element.maybe("CharacteristicCode", SHORT),
        element.maybe("ID", SHORT),
        owner.maybe("PrimaryID", SHORT) if owner is not None else None,
    )
    return "".join(part for part in parts if part)
