"""Parts that the bonded systems' messages share: fields in either spelling, parties, marks, references."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from adapters.formats.bonded_zone import tables
from adapters.mapping.chinese_customs import company, day, zoned_time
from adapters.mapping.code_mapping import Coding
from adapters.parsing.forms import Form, decimal, text
from adapters.parsing.xml_fields import Faults, Fields
from chain.errors import Malformed
from chain.records.scalars import Code, Direction, Instant
from chain.records.sections import Party, PartyRole

SHORT: Final = text(64)
NAME: Final = text(256)
NOTE: Final = text(4_000)
NUMBER: Final = decimal(19, 5)
_DAY: Final = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})")
_RELATED: Final = re.compile(r"[\\,;/\s]+")
RELATED_MAX: Final = 200


@dataclass
class ZoneReading:
    """What is shared while one message is read."""

    faults: Faults
    coding: Coding = field(default_factory=Coding)

    def maybe(self, fields: Fields, name: str, form: Form = SHORT) -> str | None:
        """The text of the child of that name, written with a small or a capital letter; None where there is none."""
        small = fields.maybe(name, form)
        return small if small is not None else fields.maybe(name[0].upper() + name[1:], form)

    def required(self, fields: Fields, name: str, form: Form = SHORT) -> str:
        """As `maybe`, noting as a fault that there is none."""
        value = self.maybe(fields, name, form)
        if value is None and not any(fault.field.endswith(f"/{name}") for fault in self.faults.found):
            self.faults.add(f"{fields.where}/{name}", "must be there", fix="Fill in the element")
        return value or ""

    def day(self, fields: Fields, name: str) -> str | None:
        """The day of a field `YYYYMMDD` or `YYYY-MM-DD hh:mm:ss`; None where there is none."""
        value = self.maybe(fields, name)
        parts = _DAY.match(value) if value else None
        if value and parts is None:
            self.faults.add(f"{fields.where}/{name}", "is a day YYYYMMDD or YYYY-MM-DD", value=value)
        try:
            return day("".join(parts.groups())) if parts else None
        except Malformed as fault:
            self.faults.note(fault, f"{fields.where}/{name}")
            return None

    def time(self, fields: Fields, name: str) -> Instant | None:
        """The time of a field, in Beijing where it has no zone; None where there is none."""
        value = self.maybe(fields, name)
        try:
            return zoned_time(value) if value else None
        except Malformed as fault:
            self.faults.note(fault, f"{fields.where}/{name}")
            return None

    def direction(self, fields: Fields, name: str) -> Direction | None:
        """`I` or `E`; any other is kept as a remark."""
        value = self.maybe(fields, name)
        if value in ("I", "E"):
            return "I" if value == "I" else "E"
        if value:
            self.coding.remark("unknown-code", f"{name} is {value}, neither I nor E")
        return None

    def flags(self, fields: Fields, names: Sequence[str], system: str) -> tuple[Code, ...]:
        """Marks as codes, each in a list named after its field."""
        return tuple(
            Code(system=f"{system}-{name}", value=value)
            for name in names
            if (value := self.maybe(fields, name)) is not None
        )

    def parties(self, fields: Fields, rows: Sequence[tuple[PartyRole, str, str, str]]) -> Iterator[Party]:
        """Companies by social credit code, customs code and name, each once."""
        seen: set[Party] = set()
        for role, credit, customs, name in rows:
            party_read = company(
                role, self.maybe(fields, customs), self.maybe(fields, name, NAME), uscc=self.maybe(fields, credit)
            )
            if party_read is not None and party_read not in seen:
                seen.add(party_read)
                yield party_read


def related_numbers(value: str | None) -> tuple[str, ...]:
    """Numbers of the lists or bills that a pass names, divided by backslashes, commas or slashes."""
    return tuple(dict.fromkeys(number for number in _RELATED.split(value or "") if number))[:RELATED_MAX]


def function_of(reading: ZoneReading, fields: Fields, *, known: str) -> str:
    """The code of `dclTypecd`, which must be one of those that the form has; an unknown one is refused by its name."""
    code = reading.required(fields, "dclTypecd")
    if code and code not in known:
        reading.faults.add(f"{fields.where}/dclTypecd", f"is one of {', '.join(known)}", value=code)
    return code if code in tables.FUNCTIONS else "1"
