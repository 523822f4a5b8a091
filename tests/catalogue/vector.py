"""What a vector is, and the list of all of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from chain.verify.context import Demand
from chain.verify.results import Fate, Verdict
from chain.verify.trust_root import TrustRoot

Made = tuple[bytes, TrustRoot] | tuple[bytes, TrustRoot, Demand]


@dataclass(frozen=True)
class Vector:
    """One bundle with a trust root, and what a right verifier says of it."""

    name: str
    says: str
    verdict: Verdict
    check: int | None
    """The check that must not pass; None for a true bundle of which all that can be answered must."""
    not_counted: int
    """How many of its records must be shown as not counted."""
    fate: Fate | None
    """What became of its first receipt; None where it shows none, or is refuted before."""
    make: Callable[[], Made]


VECTORS: dict[str, Vector] = {}
A_DAY_BLOCKS = 8_640
CARRIER = "91330000100000005Y"
FOREIGN_UCR = "6GBGB123456789000-1"
"""One whose company is no member: the operator of the single window speaks for it."""


def vector(
    verdict: Verdict, check: int | None = None, not_counted: int = 0, fate: Fate | None = None
) -> Callable[[Callable[[], Made]], Callable[[], Made]]:
    """Puts the function into the catalogue; its name names the vector, its docstring says the one fault."""

    def add(make: Callable[[], Made]) -> Callable[[], Made]:
        says = (make.__doc__ or "").strip()
        VECTORS[make.__name__] = Vector(make.__name__, says, verdict, check, not_counted, fate, make)
        return make

    return add
