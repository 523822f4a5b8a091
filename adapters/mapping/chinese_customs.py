"""Parts of records that all Chinese customs messages share: times, parties, references, numbers with their unit.

Times without a zone are Beijing time (+08:00). A company is known by its 10-character customs code or its 18-character
USCC; what is neither, or fails its check digit, is kept as said among the party's other ids.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from typing import Final, Literal

from chain.errors import Malformed
from chain.identifiers import CustomsCode, Uscc
from chain.records.base import Reference, ReferenceKind, Remark
from chain.records.scalars import Code, Instant, Quantity, Weight, fixed
from chain.records.sections import Party, PartyRole

COMPANIES_REMEMBERED_MAX: Final = 4_096
"""Companies kept in memory as parties: the same platforms, carriers and agents stand in every message."""

BEIJING: Final = timezone(timedelta(hours=8))
"""China has one zone and no summer time."""


def beijing_time(said: str) -> Instant:
    """`YYYYMMDDhhmmss`, with milliseconds or not, in Beijing time; raises `Malformed` where there is no such time."""
    try:
        moment = datetime(
            int(said[:4]),
            int(said[4:6]),
            int(said[6:8]),
            int(said[8:10]),
            int(said[10:12]),
            int(said[12:14]),
            tzinfo=BEIJING,
        )
    except ValueError:
        raise Malformed("time", "is a time YYYYMMDDhhmmss that exists", value=said, code="0002") from None
    return Instant(utc=_utc(moment), said=said)


_WRITTEN_DAY: Final = re.compile(
    r"([0-9]{4})[/年.-]([0-9]{1,2})[/月.-]([0-9]{1,2})日?(?:[ T]+([0-9]{1,2}:[0-9]{2}:[0-9]{2}))?\Z"
)


def zoned_time(said: str) -> Instant:
    """ISO 8601 with or without a zone, `2026/3/2 9:30:00`, or digits alone; without a zone it is Beijing time. Raises
    `Malformed`."""
    text = said.strip()
    if text.isdigit() and len(text) >= 8:
        return beijing_time(text.ljust(14, "0"))
    written = _WRITTEN_DAY.match(text)
    if written is not None:
        # How programs of tax and customs offices print a day: slashes or characters, months and hours of one digit.
        year, month, of_month, clock = written.groups()
        text = f"{year}-{month:0>2}-{of_month:0>2}" + (f"T{clock:0>8}" if clock else "")
    try:
        moment = datetime.fromisoformat(text.replace(" ", "T", 1))
        utc = _utc(moment if moment.tzinfo else moment.replace(tzinfo=BEIJING))
    except (ValueError, OverflowError):
        raise Malformed("time", "is an ISO 8601 time", value=said, code="0002") from None
    return Instant(utc=utc, said=said)


def day(said: str) -> str:
    """`YYYYMMDD`, with a time behind it or not, as `YYYY-MM-DD`; raises `Malformed` for a day that does not exist."""
    try:
        datetime(int(said[:4]), int(said[4:6]), int(said[6:8]), tzinfo=BEIJING)
    except ValueError:
        raise Malformed("date", "is a day YYYYMMDD that exists", value=said, code="0002") from None
    return f"{said[:4]}-{said[4:6]}-{said[6:8]}"


def _utc(moment: datetime) -> str:
    at = moment.astimezone(timezone.utc)  # noqa: UP017
    return f"{at.year:04d}-{at.month:02d}-{at.day:02d}T{at.hour:02d}:{at.minute:02d}:{at.second:02d}Z"


@lru_cache(maxsize=COMPANIES_REMEMBERED_MAX)
def company(
    role: PartyRole,
    code: str | None,
    name: str | None,
    *,
    uscc: str | None = None,
    phone: str | None = None,
    address: str | None = None,
) -> Party | None:
    """A company by the code that the message gives (and the USCC where it gives both); None where it gives nothing."""
    if not (code or name or uscc):
        return None
    known_uscc: Uscc | None = None
    known_code: CustomsCode | None = None
    others: list[Code] = []
    for said in (uscc, code):
        if not said:
            continue
        if known_uscc is None and len(said) == 18 and Uscc.is_valid(said):
            known_uscc = Uscc.parse(said)
        elif known_code is None and len(said) == 10 and CustomsCode.is_valid(said):
            known_code = CustomsCode.parse(said)
        else:
            others.append(Code(system="cn-company-code", value=said, known=False))
    return Party(
        role=role,
        name=name,
        uscc=known_uscc,
        customs_code=known_code,
        other_ids=tuple(others),
        phone=phone,
        address=address,
    )


def person(
    role: PartyRole,
    name: str | None,
    *,
    id_kind: str | None = None,
    id_number: str | None = None,
    phone: str | None = None,
    address: str | None = None,
    number: Code | None = None,
) -> Party:
    """A natural person: all of it personal data, which stands in the `parties` section and nowhere else."""
    return Party(
        role=role,
        name=name,
        id_kind=Code(system="cn-id-kind", value=id_kind) if id_kind else None,
        id_number=id_number,
        phone=phone,
        address=address,
        other_ids=(number,) if number else (),
    )


def reference(kind: ReferenceKind, value: str | None, *, scope: str | None = "", on: str = "") -> tuple[Reference, ...]:
    """The reference as a tuple of one; empty where the message does not give the number."""
    return (Reference(kind=kind, value=value, scope=scope or "", on=on),) if value else ()


def kilograms(said: str) -> Weight:
    """A weight in kg."""
    return Weight(value=fixed(said, 5), unit="KGM")


def quantity(said: str | None, unit: str | None) -> Quantity | None:
    """A quantity in an international unit; None where the message lacks either part."""
    return Quantity(value=fixed(said, 5), unit=unit) if said and unit else None


def remark(rule: str, text: str, field: str | None = None) -> Remark:
    """A remark on the record."""
    return Remark(rule=rule, text=text, field=field)


CHARGE_MARKS: Final[dict[str, Literal["rate", "unit", "total"]]] = {"1": "rate", "2": "unit", "3": "total"}
"""`FeeMark`, `InsurMark`, `OtherMark`, `fFlag`, `iFlag`: 1 率, 2 单价, 3 总价."""
