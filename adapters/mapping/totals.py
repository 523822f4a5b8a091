"""Totals over the goods items of a transport document, where every item says what is added."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from chain.records.base import Remark
from chain.records.scalars import Weight, fixed
from chain.records.sections import GoodsItem
from chain.records.transport import Package


def added(weights: Sequence[Weight], remarks: list[Remark], field: str) -> Weight | None:
    """The weights' sum; None where there is none, or where units differ, which is remarked on."""
    if not weights:
        return None
    units = {weight.unit for weight in weights}
    if len(units) > 1:
        remarks.append(Remark(rule="units", text=f"weights in {', '.join(sorted(units))} are not added", field=field))
        return None
    total = sum((Decimal(weight.value) for weight in weights), Decimal(0))
    return Weight(value=fixed(f"{total:f}", 5), unit=weights[0].unit)


def total_gross(items: Sequence[GoodsItem]) -> Weight | None:
    """The goods' weight in all; None where an item has none or units differ."""
    weights = [item.gross for item in items if item.gross is not None]
    return added(weights, [], "transport.gross") if weights and len(weights) == len(items) else None


def total_packages(items: Sequence[GoodsItem]) -> Package | None:
    """The packages in all; their kind where all are of one kind. None where an item has none."""
    packages = [package for item in items for package in item.packages]
    if not packages or not all(item.packages for item in items):
        return None
    kinds = {package.kind.value if package.kind else None for package in packages}
    return Package(count=sum(package.count for package in packages), kind=packages[0].kind if len(kinds) == 1 else None)
