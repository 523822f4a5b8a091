"""Parties of a DCSA transport document."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from adapters.formats.dcsa_ebl import tables
from adapters.mapping.logistics import LABEL, NAME, TOKEN
from adapters.parsing.json_fields import JsonFields
from chain.identifiers import Uscc
from chain.records.scalars import Code
from chain.records.sections import Party, PartyRole

PARTIES_MAX: Final = 100
_ADDRESS: Final = ("street", "streetNumber", "floor", "POBox", "city", "postCode", "stateRegion")


def document_parties(document: JsonFields) -> Iterator[Party]:
    """Every party that the document names, each with what it is to the goods."""
    holder = document.child("documentParties", required=True)
    if holder is None:
        return
    for name, role in tables.PARTIES.items():
        party = holder.child(name)
        if party is not None:
            yield _party(party, role)
    for name in (tables.NOTIFY, tables.OTHER):
        listed = holder.see(name)
        if isinstance(listed, list) and len(listed) > PARTIES_MAX:
            holder.faults.add(f"{holder.where}/{name}", f"holds at most {PARTIES_MAX} parties", value=len(listed))
            return
    for party in holder.each(tables.NOTIFY):
        yield _party(party, "notify")
    for other in holder.each(tables.OTHER):
        party = other.child("party", required=True)
        if party is not None:
            function = other.maybe("partyFunction", TOKEN)
            yield _party(party, "other", Code(system="dcsa-party-function", value=function) if function else None)


def _party(party: JsonFields, role: PartyRole, function: Code | None = None) -> Party:
    """A party: its USCC where one of its legal references is one, its codes kept with their list."""
    numbers = tuple(_legal_numbers(party))
    uscc = next((Uscc.parse(number) for _, number, _ in numbers if Uscc.is_valid(number)), None)
    others = [
        Code(system=f"tax-id-{country.lower()}", value=number, name=register)
        for country, number, register in numbers
        if number != uscc
    ]
    others += _codes(party)
    address = party.child("address")
    return Party(
        role=role,
        name=party.maybe("partyName", LABEL),
        uscc=uscc,
        other_ids=(*others, *((function,) if function else ())),
        country=address.maybe("countryCode", TOKEN) if address is not None else None,
        address=_address(address) if address is not None else None,
    )


def _legal_numbers(party: JsonFields) -> Iterator[tuple[str, str, str | None]]:
    """Country, number and register (`EIN`, `VAT` ...) of each."""
    for reference in party.each("taxLegalReferences"):
        number = reference.maybe("value", NAME)
        country = reference.maybe("countryCode", TOKEN) or "xx"
        register = reference.maybe("type", NAME)
        if number is not None:
            yield country, number, register


def _codes(party: JsonFields) -> Iterator[Code]:
    for identifier in party.each("identifyingCodes"):
        code = identifier.maybe("partyCode", NAME)
        listed = identifier.maybe("codeListProvider", NAME) or "none"
        if code is not None:
            yield Code(system=f"dcsa-party-{''.join(listed.lower().split())[:40]}", value=code)


def _address(address: JsonFields) -> str | None:
    parts = [address.maybe(name, LABEL) for name in _ADDRESS]
    return ", ".join(part for part in parts if part)[:4_000] or None
