"""What all UBL documents share: their component namespaces, days, parties and measures."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from adapters.mapping.logistics import NAME, WEIGHT_UNITS, weight
from adapters.parsing.xml_fields import Fields, Form, decimal
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
    said = [legal.maybe(f"{CBC}CompanyID", NAME)] if legal is not None else []
    said += [one.maybe(f"{CBC}ID", NAME) for one in element.each(f"{CAC}PartyIdentification")]
    ids = list(dict.fromkeys(one for one in said if one))
    uscc = next((Uscc.parse(one) for one in ids if Uscc.is_valid(one)), None)
    called = named.maybe(f"{CBC}Name", NAME) if named is not None else None
    if called is None and legal is not None:
        called = legal.maybe(f"{CBC}RegistrationName", NAME)
    if called is None and (person := first(element, "Person")) is not None:
        names = [person.maybe(f"{CBC}{part}", NAME) for part in ("FirstName", "FamilyName")]
        called = " ".join(name for name in names if name)[:256] or None
    country = element.at(f"{CAC}PostalAddress", f"{CAC}Country")
    code = country.maybe(f"{CBC}IdentificationCode", COUNTRY) if country else None
    others = tuple(Code(system="ubl-party-id", value=one) for one in ids if one != uscc)
    return Party(role=role, name=called, uscc=uscc, other_ids=others, country=code)


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
    unit = str(found.element.get("unitCode", "KGM"))
    return weight(found.own(decimal()), unit if unit in WEIGHT_UNITS else unit[:16], found.where, found.faults)


def priced(element: Fields, name: str) -> Amount | None:
    """An amount with its `currencyID`; None where there is none or a wrong one, which is noted."""
    said = element.maybe(f"{CBC}{name}", decimal(signed=True))
    holder = element.child(f"{CBC}{name}") if said else None
    currency = holder.attribute("currencyID", CURRENCY, required=True) if holder else None
    return amount(said, currency) if said and currency else None


def counted(element: Fields, name: str, unit: str) -> Quantity | None:
    """A quantity with its `unitCode`, `unit` where it has none; None where there is none or a wrong one."""
    said = element.maybe(f"{CBC}{name}", decimal())
    holder = element.child(f"{CBC}{name}") if said else None
    own = holder.attribute("unitCode", UNIT) if holder else None
    return Quantity(value=fixed(said, 5), unit=own or unit) if said else None
