"""Field tables in the notation of China's official message specifications, one row a field:

guid C36 yes          exactly 36 characters, mandatory
orderNo C..60 yes     1 to 60 characters
goodsValue N19,5 yes  decimal, 14 digits before the point, 5 behind; `>0` after it: more than zero, `-` before: signed
packNo N9 yes         whole number of at most 9 digits; `>0` after it: from 1
appTime T14 yes       YYYYMMDDhhmmss, Beijing time; T8 and T17 likewise
customsCode d4 yes    exactly 4 digits; `d4..10`: 4 to 10
appType 1|2|3 yes     one of these
consingee/consignee C..100 yes     the document's spelling, then another official one
"""

from __future__ import annotations

import re

from adapters.parsing.forms import DATE, STAMP, STAMP_MS, Form, decimal, digits, exact, one_of, positive, text, whole
from adapters.parsing.xml_fields import Field, Table
from chain.identifiers import DeclarationNumber

_NAMED = {
    "T8": DATE,
    "T14": STAMP,
    "T17": STAMP_MS,
    "hs10": Form("a tariff code of 10 digits", re.compile("(?:0[1-9]|[1-9][0-9])[0-9]{8}")),
    "entry": Form(DeclarationNumber.RULE, DeclarationNumber.LAYOUT),
}


def table(rows: str, namespace: str) -> Table:
    """The field table that the rows print; every field is in the namespace."""
    fields = []
    for row in rows.split("\n"):
        if not (words := row.split()):
            continue
        names, printed, required = words
        name, *also = names.split("/")
        fields.append(Field(name, form(printed), required == "yes", tuple(also)))
    return Table(namespace, fields)


def form(printed: str) -> Form:
    """The form that one printed format stands for."""
    if printed in _NAMED:
        return _NAMED[printed]
    if printed.startswith("C.."):
        return text(int(printed[3:]))
    if printed.startswith("C"):
        return exact(int(printed[1:]))
    if printed.startswith("a"):
        return Form(f"exactly {printed[1:]} letters or digits", re.compile(f"[0-9A-Za-z]{{{printed[1:]}}}"))
    if printed.startswith("d"):
        least, _, most = printed[1:].partition("..")
        return digits(int(least), int(most or least))
    if printed.startswith(("N", "-N")):
        size, more_than_zero, _ = printed.lstrip("-")[1:].partition(">")
        total, comma, scale = size.partition(",")
        if not comma:
            return whole(int(total), least=1 if more_than_zero else 0)
        if more_than_zero:
            return positive(int(total), int(scale))
        return decimal(int(total), int(scale), signed=printed.startswith("-"))
    return one_of(*printed.split("|"))
