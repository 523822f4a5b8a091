"""The template's rows: names, forms and meanings.

A row of the head is its name, its value, and a remark for people that is not read. A party's row is its name, its
company's name, USCC, country and address. Below the row that begins with `line` each row is one goods line.
"""

from __future__ import annotations

import re
from typing import Final

from adapters.mapping.logistics import ISO_DAY, NAME, NOTE, SHORT
from adapters.parsing.forms import Form, decimal

MARK: Final = "tongguan-invoice"
EDITION: Final = "1"
CURRENCY: Final = Form("3 capital letters (ISO 4217)", re.compile("[A-Z]{3}"))
COUNTRY: Final = Form("2 capital letters (ISO 3166)", re.compile("[A-Z]{2}"))
UNIT: Final = Form("a UN/ECE Rec 20 unit, such as KGM or H87", re.compile("[A-Z0-9]{2,3}"))
MONEY: Final = decimal(19, 5, signed=True)
"""Amounts and quantities; below zero where the line takes goods back."""
INCOTERM: Final = Form("3 capital letters (Incoterms)", re.compile("[A-Z]{3}"))

HEAD: Final[dict[str, tuple[Form, bool]]] = {
    "number": (NAME, True),
    "kind": (SHORT, False),
    "issued_on": (ISO_DAY, True),
    "currency": (CURRENCY, True),
    "terms": (INCOTERM, False),
    "terms_place": (NAME, False),
    "order": (NAME, False),
    "contract": (NAME, False),
    "corrects": (NAME, False),
    "payable": (MONEY, True),
    "note": (NOTE, False),
}
"""Name of a row of the head -> the form of its value, and whether it must be there."""

PARTIES: Final = ("seller", "buyer")

LINE: Final = "line"
LINE_COLUMNS: Final[dict[str, tuple[Form, bool]]] = {
    "hs": (SHORT, False),
    "name": (NOTE, True),
    "quantity": (MONEY, False),
    "unit": (UNIT, False),
    "unit_price": (MONEY, False),
    "total": (MONEY, True),
    "origin": (COUNTRY, False),
}
"""Column of a goods line -> the form of its cell, and whether it must be there."""

IGNORED: Final[dict[str, str]] = {}
"""Rows and columns that are left out: none, this form is our own."""
