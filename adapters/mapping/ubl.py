"""What all UBL documents share: their component namespaces, days, parties and measures."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from adapters.mapping.logistics import ANY_DECIMAL, LABEL, NAME, rounded, weight
from adapters.parsing.forms import Form, decimal
from adapters.parsing.xml_fields import Fields
from chain.identifiers import Uscc
from chain.records.scalars import Amount, Code, Quantity, Weight, amount, fixed
from chain.records.sections import Party, PartyRole

CAC: Final = "{urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2}"
CBC: Final = "{urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2}"
UBL_DAY: Final = Form(
    "a day YYYY-MM-DD, with or without a zone", re.compile(r"\d{4}-\d{2}-\d{2}(?:Z|[+-]\d{2}:\d{2})?")
)
CURRENCY: Final = Form("3 capital letters (ISO 4217)", re.compile("[A-Z]{3}"))
UNIT: Final = Form("a UN/ECE Rec 20 unit", re.compile("[A-Z0-9]{2,3}"))
COUNTRY: Final = Form("2 capital letters (ISO 3166)", re.compile("[A-Z]{2}"))


def party(role: PartyRole, element: Fields) -> Party:
    """A UBL party: its USCC where one of its ids is one, its other ids kept as said."""
    named, legal = first(element, "PartyName"), first(element, "PartyLegalEntity")
    numbers = [legal.maybe(f"{CBC}CompanyID", NAME)] if legal is not None else []
    numbers += [found.maybe(f"{CBC}ID", NAME) for found in element.each(f"{CAC}PartyIdentification")]
    numbers += [found.maybe(f"{CBC}CompanyID", NAME) for found in element.each(f"{CAC}PartyTaxScheme")]
    ids = list(dict.fromkeys(number for number in numbers if number))
    uscc = next((Uscc.parse(number) for number in ids if Uscc.is_valid(number)), None)
    called = named.maybe(f"{CBC}Name", LABEL) if named is not None else None
    registered = legal.maybe(f"{CBC}RegistrationName", LABEL) if legal is not None else None
    called = called or registered
    if called is None and (person := first(element, "Person")) is not None:
        names = [person.maybe(f"{CBC}{part}", LABEL) for part in ("FirstName", "FamilyName")]
        called = " ".join(name for name in names if name)[:256] or None
    postal = element.child(f"{CAC}PostalAddress")
    country = postal.child(f"{CAC}Country") if postal is not None else None
    code = country.maybe(f"{CBC}IdentificationCode", COUNTRY) if country else None
    contact = first(element, "Contact")
    others = tuple(Code(system="ubl-party-id", value=number) for number in ids if number != uscc)
    return Party(
        role=role,
        name=called,
        uscc=uscc,
        other_ids=others,
        country=code,
        address=_address(postal) if postal is not None else None,
        phone=contact.maybe(f"{CBC}Telephone", NAME) if contact is not None else None,
    )


def _address(postal: Fields) -> str | None:
    parts = [postal.maybe(f"{CBC}{name}", LABEL) for name in _ADDRESS]
    parts += [line.maybe(f"{CBC}Line", LABEL) for line in postal.each(f"{CAC}AddressLine")]
    return ", ".join(part for part in parts if part)[:4_000] or None


_ADDRESS: Final = (
    "StreetName",
    "AdditionalStreetName",
    "BuildingName",
    "BuildingNumber",
    "Postbox",
    "CityName",
    "PostalZone",
    "CountrySubentity",
    "CountrySubentityCode",
)


def note_copy(root: Fields) -> None:
    """Notes that a document says of itself that it is a copy: another file may say the same."""
    if root.maybe(f"{CBC}CopyIndicator", NAME) in ("true", "1"):
        root.faults.remark("copy", "the document says that it is a copy of another")


def first(element: Fields | None, name: str) -> Fields | None:
    """The first child aggregate of that name, of which there may be several; None where there is none."""
    return next(iter(element.each(f"{CAC}{name}")), None) if element is not None else None


def each_in(element: Fields, *names: str) -> Iterator[Fields]:
    """Every aggregate reached by going down the names, all branches."""
    if not names:
        yield element
        return
    for child in element.each(f"{CAC}{names[0]}"):
        yield from each_in(child, *names[1:])


def measure(element: Fields, name: str) -> Weight | None:
    """A weight with its `unitCode`; None where there is none."""
    found = element.child(f"{CBC}{name}")
    if found is None:
        return None
    return weight(found.own(ANY_DECIMAL), found.element.get("unitCode"), found.where, found.faults)


def priced(element: Fields, name: str) -> Amount | None:
    """An amount with its `currencyID`; None where there is none or a wrong one, which is noted."""
    said = element.maybe(f"{CBC}{name}", decimal(38, 20, signed=True))
    holder = element.child(f"{CBC}{name}") if said else None
    currency = holder.attribute("currencyID", CURRENCY, required=True) if holder else None
    return amount(rounded(said, 5, element.faults.notes, name), currency) if said and currency else None


IGNORED: Final = {
    "UBLExtensions": "extensions of the sender's own",
    "UBLVersionID": "which schema the document follows",
    "CustomizationID": "which rules the document follows",
    "ProfileID": "which process the document belongs to",
    "ProfileExecutionID": "which process the document belongs to",
    "CopyIndicator": "a remark says where it is true; a document that is cited says no more by it",
    "UUID": "the document's own id beside its number",
    "EndpointID": "where documents are sent to",
    "Signature": "the document's signature is in its bytes, whose hash the record keeps",
    "PartyTaxScheme/TaxScheme/ID": "which tax a party's number is for",
    "PartyTaxScheme/TaxScheme/Name": "which tax a party's number is for",
    "PartyTaxScheme/TaxScheme/TaxTypeCode": "which tax a party's number is for",
    "Country/Name": "the name of a country that its code says",
    "Contact/Name": "the person to ask: personal",
    "Contact/ElectronicMail": "the person to ask: personal",
    "Contact/Telefax": "the person to ask: personal",
    "Contact/ID": "the person to ask: personal",
    "RegistrationAddress": "a second address of a party",
    "WebsiteURI": "an address of a party on the web",
    "PaymentMeans": "how it is paid, not what was sold",
    "PaymentTerms": "how it is paid, not what was sold",
    "PayeeFinancialAccount": "how it is paid, not what was sold",
}
"""Elements of all UBL documents that are left out -> why. Whatever else is not read becomes a remark."""


def counted(element: Fields, name: str, unit: str) -> Quantity | None:
    """A quantity with its `unitCode`; `unit` where it has none, which is remarked on. None where there is none."""
    number = element.maybe(f"{CBC}{name}", ANY_DECIMAL)
    holder = element.child(f"{CBC}{name}") if number else None
    if number is None or holder is None:
        return None
    own = str(holder.element.get("unitCode") or "").strip()
    if not own:
        holder.faults.remark("unit", f"{name} {number} has no unit; read as {unit}")
    known = own if UNIT.fits(own) else f"ubl-unit:{re.sub('[^!-~]', '-', own)[:32]}" if own else unit
    return Quantity(value=fixed(rounded(number, 5, holder.faults.notes, name), 5), unit=known)
