"""The template's rows: names, forms and meanings.

Source: RCEP Agreement, Chapter 3, Annex 3B (Minimum Information Requirements), paragraph 1: exporter, producer,
importer or consignee, description and HS code, number, origin conferring criterion, issuing body, invoice, departure,
vessel or flight, port of discharge, FOB value where a regional value content was applied, quantity, country of origin.
"""

from __future__ import annotations

import re
from typing import Final

from adapters.mapping.logistics import ISO_DAY, NAME, NOTE, SHORT
from adapters.parsing.forms import Form, decimal
from chain.records.sections import PartyRole

MARK: Final = "tongguan-certificate"
EDITION: Final = "1"
COUNTRY: Final = Form("2 capital letters (ISO 3166)", re.compile("[A-Z]{2}"))
CURRENCY: Final = Form("3 capital letters (ISO 4217)", re.compile("[A-Z]{3}"))
UNIT: Final = Form("a UN/ECE Rec 20 unit", re.compile("[A-Z0-9]{2,3}"))
NUMBER: Final = decimal(38, 20)

HEAD: Final[dict[str, tuple[Form, bool]]] = {
    "number": (NAME, True),
    "agreement": (SHORT, True),
    "issued_on": (ISO_DAY, True),
    "expires_on": (ISO_DAY, False),
    "issuing_country": (COUNTRY, True),
    "origin": (COUNTRY, False),
    "invoice": (NAME, False),
    "shipped_on": (ISO_DAY, False),
    "conveyance": (NAME, False),
    "voyage": (NAME, False),
    "bill": (SHORT, False),
    "port_of_discharge": (NAME, False),
    "currency": (CURRENCY, False),
    "note": (NOTE, False),
}
"""Name of a row of the head -> the form of its value, and whether it must be there."""
PARTIES: Final[dict[str, PartyRole]] = {
    "exporter": "exporter",
    "producer": "seller",
    "importer": "importer",
    "issuing_body": "other",
}
"""Name of a party's row -> its role; behind it name, number, country and address."""
LINE: Final = "line"
LINE_COLUMNS: Final[dict[str, tuple[Form, bool]]] = {
    "hs": (SHORT, True),
    "name": (NOTE, True),
    "criterion": (SHORT, False),
    "quantity": (NUMBER, False),
    "unit": (UNIT, False),
    "gross_kg": (NUMBER, False),
    "fob": (NUMBER, False),
    "origin": (COUNTRY, False),
}
"""Column of a goods line -> the form of its cell, and whether it must be there."""
IGNORED: Final[dict[str, str]] = {}
"""Rows and columns that are left out: none, this form is our own."""
