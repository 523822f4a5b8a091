"""The smallest parts of a record: texts, decimals of fixed scale, times, and numbers with their unit beside them.

Money, weights, quantities and rates are strings of fixed scale: `1` and `1.00` cannot both stand for one amount, and no
reader rounds. What does not fit is refused. A country, currency or unit is its international code; a code that no
table of ours knows is kept as said with its system before it, such as `cn-customs:999`, so that it can be told apart.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Annotated, Final, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from chain.errors import Malformed

if TYPE_CHECKING:
    from pydantic import GetJsonSchemaHandler
    from pydantic.json_schema import JsonSchemaValue
    from pydantic_core import CoreSchema

T = TypeVar("T")


def calendar_day(text: str) -> str:
    """The text, where it is a day of the calendar; raises `ValueError`."""
    date.fromisoformat(text)
    return text


def utc_time(text: str) -> str:
    """The text, where it is a time that exists; raises `ValueError`."""
    datetime.fromisoformat(text)
    return text


# No control characters, and no marks that turn the reading direction: with them a name reads as another name.
LINE: Final = r"^[^\x00-\x1f\x7f-\x9f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]+$"
LINES: Final = r"^[^\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]+$"

Many = Annotated[tuple[T, ...], Field(strict=False)]
"""Any number of values in order. Only the container is lenient: JSON has no tuples, its arrays come as lists."""

Token = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[!-~]+$")]
"""1 to 64 printable ASCII characters without spaces: codes and numbers."""

Text = Annotated[str, StringConstraints(min_length=1, max_length=256, pattern=LINE)]
"""One line of 1 to 256 characters without control or direction marks: names and numbers with spaces."""

Note = Annotated[str, StringConstraints(min_length=1, max_length=4_000, pattern=LINES)]
"""1 to 4,000 characters, lines allowed: descriptions, notes, addresses."""

Sha256Hex = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""A SHA-256 digest in 64 lowercase hex digits."""

RecordId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{43}$")]
"""A record id: SHA-256 of the JWS signing input in base64url."""


Decimal19_5 = Annotated[str, StringConstraints(pattern=r"^(?:0|[1-9][0-9]{0,13})\.[0-9]{5}$")]
"""Zero or more, 19 digits of which 5 stand behind the point, all 5 written (N19,5 of the CEB specification)."""

SignedDecimal19_5 = Annotated[
    str,
    StringConstraints(
        pattern=r"^(?:0|[1-9][0-9]{0,13})\.[0-9]{5}$|^-(?:[1-9][0-9]{0,13}\.[0-9]{5}"
        r"|0\.(?:[1-9][0-9]{4}|0[1-9][0-9]{3}|00[1-9][0-9]{2}|000[1-9][0-9]|0000[1-9]))$"
    ),
]
"""As `Decimal19_5`, or below zero; zero has no sign."""

_POSITIVE: Final = r"(?:0|[1-9][0-9]{0,13})\.[0-9]{2}(?:[0-9]{3})?"
_NEGATIVE: Final = (
    r"-(?:[1-9][0-9]{0,13}\.[0-9]{2}(?:[0-9]{3})?|0\.(?:0[1-9]|[1-9][0-9])(?:[0-9]{3})?"
    r"|0\.00(?:[1-9][0-9]{2}|0[1-9][0-9]|00[1-9]))"
)

Money = Annotated[str, StringConstraints(pattern=f"^{_POSITIVE}$|^{_NEGATIVE}$")]
"""An amount of money with 2 or 5 digits behind the point, as its source counts; zero has no sign."""

Rate = Annotated[str, StringConstraints(pattern=r"^(?:0|[1-9][0-9]{0,5})\.[0-9]{6}$")]
"""A rate as a fraction (13 % is `0.130000`) or an exchange rate, 6 digits behind the point."""

Day = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"), AfterValidator(calendar_day)]
"""A calendar day, YYYY-MM-DD."""

UtcTime = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$"),
    AfterValidator(utc_time),
]
"""A time in UTC to the second, YYYY-MM-DDTHH:MM:SSZ."""

_UNKNOWN: Final = r"|^[a-z][a-z0-9-]{1,30}:[!-~]{1,32}$"

Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$" + _UNKNOWN)]
"""ISO 3166-1 alpha-2; `system:code` where no table knows the code that was said."""

Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$" + _UNKNOWN)]
"""ISO 4217 alphabetic; `system:code` where no table knows the code that was said."""

Unit = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{2,3}$" + _UNKNOWN)]
"""UN/ECE Recommendation 20; `system:code` where no table knows the code that was said."""


class Part(BaseModel):
    """Base of everything inside a record: frozen, strict, no unknown fields, fields left out where they say nothing."""

    model_config = ConfigDict(
        frozen=True,
        strict=True,
        extra="forbid",
        defer_build=True,
        revalidate_instances="never",
    )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        from chain.records.field_docs import field_texts

        said = handler(schema)
        properties = handler.resolve_ref_schema(said).get("properties", {})
        for name, text in field_texts(cls).items():
            if name in properties:
                properties[name]["description"] = text
        return said


class Code(Part):
    """A coded value as its source said it, with the code list that it comes from."""

    system: Token
    """Name of the code list, such as `cn-trade-mode`, `iata-cargo-imp`, `wco-function`; the tables are in `codes/`."""
    value: Text
    """The code, exactly as said."""
    name: Text | None = None
    """What the code means, in the words of its list or of the source."""
    means: Token | None = None
    """The same in the international list (`codes/README.md` says which), where a table has it."""
    known: bool = True
    """False where a table of this code list exists and does not have the code."""


class Amount(Part):
    """An amount of money with its currency."""

    value: Money
    """Decimal string, 2 or 5 digits behind the point."""
    currency: Currency
    """ISO 4217 alphabetic code."""


class Quantity(Part):
    """A quantity with its unit."""

    value: Decimal19_5
    """Decimal string, 5 digits behind the point."""
    unit: Unit
    """UN/ECE Rec 20 code, such as `KGM`, `H87`."""
    unit_said: Token | None = None
    """Customs' own code of the unit (计量单位), where several of its units share `unit` and it is not the usual one:
    001 台 and 015 条 are `H87` as 007 个 is."""


class SignedQuantity(Quantity):
    """A quantity that may be below zero: what an invoice line takes back (EN 16931 BT-129 has no rule on its sign)."""

    value: SignedDecimal19_5
    """Decimal string, 5 digits behind the point; below zero where goods are returned or a line is reversed."""


class Weight(Part):
    """A mass with its unit."""

    value: Decimal19_5
    """Decimal string, 5 digits behind the point."""
    unit: Unit
    """UN/ECE Rec 20 code: `KGM`, `TNE`, `LBR`."""


class Instant(Part):
    """A moment: UTC, and what the source wrote."""

    utc: UtcTime
    """YYYY-MM-DDTHH:MM:SSZ; the source's fractions of a second are cut off."""
    said: Text
    """The source's own text, with its zone or, where it has none, without."""


Direction = Literal["I", "E"]
"""`I` import, `E` export."""

Function = Literal["new", "change", "delete"]
"""What a message does: lodge, replace or withdraw (`appType` 1, 2, 3; WCO FunctionCode 9, 13; EDIFACT 1225)."""


def fixed(text: str, scale: int, *, digits: int = 19, field: str = "decimal", signed: bool = False) -> str:
    """The decimal number in the text with exactly `scale` digits behind the point; `digits` in all, none rounded away.

    Raises `Malformed` where it is no plain decimal number (`1e3`, `NaN`, `+1`, `1,000` are none) or does not fit.
    """
    match = _PLAIN_DECIMAL.fullmatch(text) if len(text) <= DECIMAL_CHARS_MAX else None
    if match is None:
        raise Malformed(field, "is a plain decimal number", value=text, code="0002")
    sign, integer, fraction = match["sign"], match["integer"].lstrip("0") or "0", (match["fraction"] or "").rstrip("0")
    if len(fraction) > scale or len(integer) > digits - scale:
        rule = f"has at most {digits - scale} digits before and {scale} behind the point"
        raise Malformed(field, rule, value=text, code="0002")
    zero = integer == "0" and not fraction
    if sign and not signed and not zero:
        raise Malformed(field, "is not negative", value=text, code="0002")
    return ("-" if sign and not zero else "") + integer + ("." + fraction.ljust(scale, "0") if scale else "")


def amount(text: str, currency: str, *, field: str = "amount", signed: bool = True) -> Amount:
    """An amount of the shortest scale that holds the text, 2 or 5; raises `Malformed` where 5 do not."""
    value = fixed(text, 5, field=field, signed=signed)
    return Amount(value=value[:-3] if value.endswith("000") else value, currency=currency)


def instant(said: str, moment: datetime, *, field: str = "time") -> Instant:
    """The moment with the text that it was read from; raises `Malformed` where the moment has no zone."""
    if moment.utcoffset() is None:
        raise Malformed(field, "has a zone, its own or its form's", value=said)
    try:
        utc = moment.astimezone(UTC)
    except OverflowError:
        raise Malformed(field, "is a time between the years 1 and 9999 in UTC", value=said, code="0002") from None
    return Instant(utc=utc.strftime("%Y-%m-%dT%H:%M:%SZ"), said=said)


DECIMAL_CHARS_MAX = 40
"""Longest text that is read as a decimal number."""

_PLAIN_DECIMAL = re.compile(r"(?P<sign>-?)(?P<integer>[0-9]+)(?:\.(?P<fraction>[0-9]+))?")
