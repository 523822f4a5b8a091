"""Kinds of invoices: UNTDID 1001 as EN 16931-1 (BT-3) and the UN/EDIFACT directory D.21B list them."""

from __future__ import annotations

from typing import Final

from chain.records.base import Remark
from chain.records.scalars import Code

INVOICE_KINDS: Final = frozenset(
    {"71", "80", "81", "82", "83", "84", "102", "130", "202", "203", "204", "211", "218", "219", "261", "262", "295"}
    | {"296", "308", "325", "326", "331", "333", "336", "380", "381", "382", "383", "384", "385", "386", "387", "388"}
    | {"389", "390", "393", "394", "395", "396", "420", "456", "457", "458", "471", "472", "473", "500", "501", "502"}
    | {"503", "527", "532", "553", "575", "623", "633", "751", "780", "817", "870", "875", "876", "877", "935"}
)
"""Invoices, credit and debit notes, corrections, pro-forma and customs invoices."""


def invoice_kind(said: str | None, remarks: list[Remark]) -> Code | None:
    """The kind as said; one that the list does not have is marked. None where nothing was said."""
    if not said:
        return None
    known = said in INVOICE_KINDS
    if not known:
        remarks.append(Remark(rule="unknown-code", text=f"no invoice has the kind {said}", field="invoice.kind"))
    return Code(system="uncl-1001", value=said, known=known)
