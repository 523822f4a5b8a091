"""Single values of a record's sections, read leniently: what is absent or of another shape is None or empty."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Final

from chain.encoding import Json
from chain.rules.facts import Box, Code, Location, Measure, Money

KILOGRAMS: Final[Mapping[str, Decimal]] = {
    "KGM": Decimal(1),
    "TNE": Decimal(1000),
    "GRM": Decimal("0.001"),
    "LBR": Decimal("0.45359237"),
}
"""Unit of mass to kilograms."""

_DECIMAL: Final = re.compile(r"-?[0-9]{1,18}(?:\.[0-9]{1,6})?")
"""Of so few digits that a product of two has at most 48, and nothing is rounded by a sum of products but far behind."""
_DAY: Final = re.compile(r"[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}")
_UTC: Final = re.compile(r"[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z")
DAY_CHARS: Final = 10
TIMES_KEPT_MAX: Final = 16_384
"""Days and times that are remembered as read: records of one day share most of them."""

Sections = Mapping[str, Sequence[Json]]
Object = Mapping[str, Json]


def first_of(sections: Sections, name: str) -> Object:
    """The section's first element, where it is an object."""
    values = sections.get(name)
    return values[0] if values and isinstance(values[0], dict) else {}


def listed_in(sections: Sections, name: str) -> list[Object]:
    """The objects of a section that lists them."""
    values = sections.get(name, ())
    if len(values) == 1 and isinstance(values[0], list):
        values = values[0]
    return [value for value in values if isinstance(value, dict)]


def text_of(holder: Object, name: str) -> str:
    """The text; empty for anything else."""
    value = holder.get(name)
    return value if isinstance(value, str) else ""


def object_of(holder: Object, name: str) -> Object:
    """The object; empty for anything else."""
    value = holder.get(name)
    return value if isinstance(value, dict) else {}


def objects_of(holder: Object, name: str) -> list[Object]:
    """The objects of a list."""
    value = holder.get(name)
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def texts_of(holder: Object, name: str) -> tuple[str, ...]:
    """The texts of a list."""
    value = holder.get(name)
    return tuple(one for one in value if isinstance(one, str)) if isinstance(value, list) else ()


def whole_of(holder: Object, name: str) -> int | None:
    """The whole number; None for anything else."""
    value = holder.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def flag_of(holder: Object, name: str) -> bool | None:
    """The truth value; None for anything else."""
    value = holder.get(name)
    return value if isinstance(value, bool) else None


def decimal_of(value: Json) -> Decimal | None:
    """The decimal number in a JSON text, at most 18 digits before the point and 6 behind; None for anything else."""
    return unsigned_zero(Decimal(value)) if isinstance(value, str) and _DECIMAL.fullmatch(value) else None


def unsigned_zero(number: Decimal) -> Decimal:
    """The number; zero without its sign, which no second reader would print alike."""
    return number or number.copy_abs()


def money_of(holder: Object, name: str) -> Money | None:
    """The amount of money; None where there is none."""
    inner = object_of(holder, name)
    value = decimal_of(inner.get("value"))
    return None if value is None else Money(value, text_of(inner, "currency"))


def measure_of(holder: Object, name: str) -> Measure | None:
    """The quantity; None where there is none."""
    inner = object_of(holder, name)
    value = decimal_of(inner.get("value"))
    return None if value is None else Measure(value, text_of(inner, "unit"))


def kg_of(holder: Object, name: str) -> Decimal | None:
    """The mass in kilograms; None where its unit is no mass."""
    measure = measure_of(holder, name)
    factor = KILOGRAMS.get(measure.unit) if measure else None
    return measure.value * factor if measure and factor else None


def utc_of(holder: Object, name: str) -> str:
    """The UTC text of an instant; empty for what is no time."""
    text = text_of(object_of(holder, name), "utc")
    return text if is_utc(text) else ""


def day_of(holder: Object, name: str) -> str:
    """The day `YYYY-MM-DD`; empty for what is no day."""
    text = text_of(holder, name)
    return text if is_day(text) else ""


@lru_cache(maxsize=TIMES_KEPT_MAX)
def is_utc(text: str) -> bool:
    """Whether it is a moment `YYYY-MM-DDTHH:MM:SSZ` of the calendar, from the year 1000 on."""
    return _UTC.fullmatch(text) is not None and is_day(text[:DAY_CHARS])


@lru_cache(maxsize=TIMES_KEPT_MAX)
def is_day(text: str) -> bool:
    """Whether it is a day `YYYY-MM-DD` of the calendar, from the year 1000 on."""
    if _DAY.fullmatch(text) is None:
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def code_of(holder: Object, name: str) -> Code | None:
    """The code; None where there is none."""
    inner = object_of(holder, name)
    return Code(text_of(inner, "system"), text_of(inner, "value"), inner.get("known") is not False) if inner else None


def value_of(holder: Object, name: str) -> str:
    """The value of a code."""
    return text_of(object_of(holder, name), "value")


def box_of(box: Object) -> Box:
    """A container."""
    items = box.get("items")
    return Box(
        number=text_of(box, "number"),
        known=box.get("known") is not False,
        tare_kg=kg_of(box, "tare"),
        gross_kg=kg_of(box, "gross"),
        cargo_kg=kg_of(box, "cargo_gross"),
        laden=flag_of(box, "laden"),
        shared=flag_of(box, "shared"),
        seals=tuple(text_of(seal, "number") for seal in objects_of(box, "seals")),
        items=tuple(one for one in items if isinstance(one, int)) if isinstance(items, list) else (),
    )


def location_of(holder: Object, name: str) -> Location | None:
    """A place, by the member that holds it."""
    place = object_of(holder, name)
    return place_of(place) if place else None


def place_of(place: Object) -> Location:
    """A place."""
    return Location(
        text_of(place, "unlocode"), text_of(place, "port"), code_of(place, "code"), text_of(place, "country")
    )
