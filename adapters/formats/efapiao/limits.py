"""Limits of this format's readers -> the clause that sets them, or the record that cannot hold more (ADR 0460)."""

from __future__ import annotations

from typing import Final

LIMITS: Final = {
    "decimal(19, 5, signed=True)": "amounts: decimal(18,2) (电子凭证会计数据标准, 数电票)",
    "Form(f'{_MONEY.rule}, or *** where no tax is due')": "as the amounts; *** is printed for exempt goods",
    "decimal(38, 20, signed=True)": "quantity and price: up to 13 decimals and more (电子凭证会计数据标准)",
    "decimal(12, 6)": "rates as fractions or percent; what is no number is kept as its words",
}
"""The form as the code writes it -> who sets it."""
