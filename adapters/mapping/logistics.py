"""Parts of records that logistics formats share: times with their zone, containers, places, weights, modes.

What breaks a format's rule is collected as a fault; what only looks wrong (a container number with a wrong check
digit) is kept as said and remarked on, because its issuer said so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, tzinfo
from decimal import ROUND_HALF_UP, Decimal
from typing import Final
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from adapters.mapping.airports import AIRPORTS, airport_zone
from adapters.mapping.local_time import zoned
from adapters.parsing.forms import Form, decimal, positive, shortened, text
from adapters.parsing.xml_fields import Faults
from chain.errors import Malformed, MalformedMessage
from chain.identifiers import ContainerNumber, ImoNumber, UnLocode
from chain.records.base import Remark
from chain.records.scalars import Code, Instant, Weight, fixed
from chain.records.transport import Place

ISO_TIME: Final = Form(
    "an ISO 8601 time, such as 2026-03-02T09:00:00+08:00",
    re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d{1,12})?)?(?:Z|[+-]\d{2}(?::?\d{2})?)?"),
)
"""A time with or without its zone, which is optional in XML Schema 2 §3.2.7 and in ISO 8601."""
ISO_DAY: Final = Form("a day YYYY-MM-DD", re.compile(r"\d{4}-\d{2}-\d{2}"))
TOKEN: Final = Form("1 to 64 printable ASCII characters without spaces", re.compile(r"[!-~]{1,64}"))
SHORT: Final = text(64)
NAME: Final = text(256)
NOTE: Final = shortened(4000)
LABEL: Final = shortened(256)
"""Names of companies and places: no schema limits them, a record keeps 256 characters."""
WEIGHT_UNITS: Final[Mapping[str, str]] = {
    **{unit: unit for unit in ("KGM", "LBR", "TNE")},
    "KG": "KGM",
    "KGS": "KGM",
    "K": "KGM",
    "LB": "LBR",
    "LBS": "LBR",
    "L": "LBR",
    "T": "TNE",
}
"""What formats call units of mass -> UN/ECE Recommendation 20."""
KILOGRAMS_OF: Final[Mapping[str, Decimal]] = {
    "MGM": Decimal("0.000001"),
    "GRM": Decimal("0.001"),
    "HGM": Decimal("0.1"),
    "DTN": Decimal(100),
    "ONZ": Decimal("0.028349523125"),
    "CWA": Decimal("45.359237"),
    "CWI": Decimal("50.80234544"),
    "STN": Decimal("907.18474"),
    "LTN": Decimal("1016.0469088"),
}
"""Other units of mass of UN/ECE Recommendation 20 -> kilograms in one of them, exactly."""
PIECES: Final = frozenset({"C62", "H87", "EA"})
"""Units of UN/ECE Recommendation 20 that all mean one of a thing."""
MASS_UNITS: Final = frozenset(WEIGHT_UNITS) | frozenset(KILOGRAMS_OF)
ANY_DECIMAL: Final = decimal(38, 20)
"""A number not below zero, for formats that set no limit to its digits: a record rounds, with a remark."""
ABOVE_ZERO: Final = positive(38, 20)
TRANSPORT_MODES: Final[Mapping[str, str]] = {"VESSEL": "1", "RAIL": "2", "TRUCK": "3", "AIR": "4", "BARGE": "8"}
"""DCSA's modes -> UN/ECE Recommendation 19."""


def moment(
    said: str | None,
    where: str,
    faults: Faults,
    remarks: list[Remark],
    *,
    place: Place | None = None,
    otherwise: tzinfo = UTC,
) -> Instant | None:
    """The time in UTC with its text; None where it is absent or no time, which is noted.

    One without a zone is read in that of the place, else in `otherwise`, and remarked on.
    """
    if said is None:
        return None
    try:
        at, local = datetime.fromisoformat(said), _airport_zone(place)
        return zoned(said, at, remarks, place=place, local=local, otherwise=otherwise)
    except (ValueError, Malformed):
        faults.add(where, f"is {ISO_TIME.rule}", value=said)
        return None


def _airport_zone(place: Place | None) -> ZoneInfo | None:
    """The zone of an airport; None where the place is none, or our table does not have it."""
    code = place.code if place is not None else None
    return airport_zone(code.value) if code is not None and code.system == AIRPORTS else None


def day(said: str | None, where: str, faults: Faults) -> str | None:
    """The day `YYYY-MM-DD`, a zone behind it cut off; None where it is absent or no day, which is noted."""
    if said is None:
        return None
    try:
        return datetime.fromisoformat(said[:10]).date().isoformat()
    except ValueError:
        faults.add(where, f"is {ISO_DAY.rule}", value=said)
        return None


def day_of(said: object) -> str:
    """The day of a time, for a reference's `on`; empty where it is no time (its own field says so)."""
    try:
        return datetime.fromisoformat(said).date().isoformat() if isinstance(said, str) else ""
    except ValueError:
        return ""


def weight(value: str | None, unit: str | None, where: str, faults: Faults) -> Weight | None:
    """A weight in an international unit; None where it is absent or wrong, which is noted.

    Units that a record does not count in are turned into kilograms, one that no list has is kept as it was written, and
    one that was not said is taken for kilograms, each with a remark.
    """
    if value is None:
        return None
    written = (unit or "").strip().upper()
    known = WEIGHT_UNITS.get(written or "KGM")
    if not written:
        faults.remark("unit", f"{where.rpartition('/')[2]} {value} has no unit; read as kilograms")
    factor = KILOGRAMS_OF.get(written)
    if factor is not None:
        exact = f"{Decimal(value) * factor:f}"
        faults.remark("unit", f"{value} {written} is kept as {exact.rstrip('0').rstrip('.')} kilograms")
        value, known = exact, "KGM"
    elif known is None:
        faults.remark("unknown-code", f"{written[:32]} is no unit of mass that we know; {value} is kept as written")
        known = f"mass-unit:{re.sub('[^!-~]', '-', written)[:32]}"
    try:
        return Weight(value=fixed(rounded(value, 5, faults.notes, where.rpartition("/")[2]), 5), unit=known)
    except Malformed as fault:
        faults.note(fault, where)
        return None


def unlocode(said: str | None, remarks: list[Remark]) -> Place | None:
    """A place by its UN/LOCODE; one of a wrong layout is kept as said."""
    if said is None:
        return None
    if UnLocode.is_valid(said):
        return Place(unlocode=UnLocode.parse(said))
    remarks.append(Remark(rule="unlocode", text=f"{said} is no UN/LOCODE"))
    return Place(code=Code(system="un-locode", value=said, known=False))


def box_number(said: str, remarks: list[Remark]) -> tuple[str, bool]:
    """A container number and whether it is a right one; a wrong one is kept as said, without spaces and hyphens."""
    if ContainerNumber.is_valid(said):
        return ContainerNumber.parse(said), True
    remarks.append(Remark(rule="container-check-digit", text=f"{said} is no valid ISO 6346 number"))
    return said.replace(" ", "").replace("-", ""), False


def imo(said: str | None, remarks: list[Remark]) -> ImoNumber | None:
    """An IMO number; None where it is absent, or wrong, which is remarked on."""
    if said is None:
        return None
    if ImoNumber.is_valid(said):
        return ImoNumber.parse(said)
    remarks.append(Remark(rule="imo-check-digit", text=f"{said} is no valid IMO number"))
    return None


def rounded(said: str, scale: int, remarks: list[Remark], field: str) -> str:
    """The number with at most `scale` digits behind its point; what is cut off is rounded half up and remarked on.

    For formats that set no limit to decimals where a record has one: a price of 0.0000125 is no fault of its writer.
    """
    behind = said.partition(".")[2].rstrip("0")
    if len(behind) <= scale:
        return said
    cut = f"{Decimal(said).quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP):f}"
    remarks.append(Remark(rule="rounded", text=f"{said} is kept as {cut}", field=field))
    return cut


@contextmanager
def noted(where: str, faults: Faults) -> Iterator[None]:
    """Building a record inside: what its model or an identifier refuses is noted as a fault of that place."""
    try:
        yield
    except ValidationError as error:
        for fault in error.errors(include_url=False, include_context=False):
            path = ".".join(map(str, fault["loc"]))
            said = fault.get("input")
            faults.add(f"{where} ({path})", str(fault["msg"]), value=said if isinstance(said, str) else None)
    except MalformedMessage:
        raise
    except Malformed as fault:
        faults.note(fault, where)
