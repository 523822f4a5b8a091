"""Parts that Cargo-IMP messages share: waybill numbers, quantities, days without a year, flights, parties, remarks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final

from adapters.formats.cargo_imp import tables
from adapters.mapping.airports import airport, airport_zone
from adapters.mapping.local_time import zoned
from adapters.mapping.logistics import weight
from adapters.mapping.missing_year import MONTHS, nearest_day
from adapters.parsing.cargo_imp import CargoLine
from adapters.parsing.xml_fields import Faults
from chain.errors import Malformed
from chain.identifiers import AirWaybillNumber, Uscc
from chain.records.base import Remark
from chain.records.scalars import Code, Instant, Quantity, Weight, fixed
from chain.records.sections import Party, PartyRole
from chain.records.transport import Container, Conveyance, Place

AIR: Final = Code(system="uncefact-rec-19", value="4", name="Air transport")
UNREAD_MAX: Final = 60


@dataclass
class Reading:
    """What is shared while one message is read."""

    faults: Faults
    sent_on: date | None
    remarks: list[Remark] = field(default_factory=list)
    """Remarks on the record that is being made."""

    def take_remarks(self) -> tuple[Remark, ...]:
        """The remarks so far, each once; none are left behind."""
        kept = tuple(dict.fromkeys(self.remarks))
        self.remarks.clear()
        return kept

    def note(self, rule: str, text: str, at: str | None = None) -> None:
        """Adds a remark on the record."""
        self.remarks.append(Remark(rule=rule, text=text, field=at))


@dataclass(frozen=True)
class Amounts:
    """A quantity detail: how many pieces, what they weigh and measure."""

    code: str
    pieces: int
    gross: Weight | None
    volume: Quantity | None
    total: int | None
    """Pieces of the whole consignment, where these are a part."""

    @property
    def is_part(self) -> bool | None:
        """Whether these are a part of the consignment; None where the code does not say."""
        return tables.SHIPMENT_CODES.get(self.code)


def amounts(text: str, line: CargoLine, count: int, reading: Reading) -> Amounts | None:
    """The quantity detail in that field; None where it is none, which is noted."""
    detail = tables.QUANTITY.fullmatch(text)
    if detail is None:
        reading.faults.add(line.where(count), "is a quantity, such as T20K505.5MC1.2", value=text)
        return None
    code, pieces, unit, mass, volume_unit, volume, density, total = detail.groups()
    if code not in tables.SHIPMENT_CODES:
        reading.note("unknown-code", f"shipment description {code} is in no list")
    if density:
        reading.note("not-read", f"density group {density}")
    return Amounts(
        code,
        int(pieces),
        weight(mass, unit, line.where(count), reading.faults) if mass else None,
        Quantity(value=fixed(volume, 5), unit=tables.VOLUME_UNITS[volume_unit]) if volume else None,
        int(total) if total else None,
    )


def waybill_number(prefix: str, serial: str, reading: Reading) -> str:
    """The number in its canonical spelling; one with a wrong check digit is kept as said."""
    shown = f"{prefix}-{serial}"
    if AirWaybillNumber.is_valid(shown):
        return AirWaybillNumber.parse(shown)
    reading.note("awb-check-digit", f"{shown} is no valid air waybill number")
    return shown


def flight(text: str, name: str | None = None) -> Conveyance | None:
    """A flight (`CA1041`) with its airline; None where there is none."""
    match = tables.FLIGHT.fullmatch(text)
    if match is None and not name:
        return None
    return Conveyance(
        mode=AIR,
        name=name,
        voyage=text or None,
        carrier=airline(match[1]) if match else None,
    )


def airline(code: str) -> Code:
    """An airline by its designator."""
    return Code(system="iata-airline", value=code)


def place(code: str) -> Place:
    """An airport or city by its IATA code."""
    return airport(code)


def day_of(text: str, line: CargoLine, reading: Reading, at: str) -> date | None:
    """The day `DDMMM` in the year nearest to the day of sending; None where it is none or the day of sending is not
    known, of which only the first is a fault."""
    match = tables.DAY.fullmatch(text)
    if match is None or match[2] not in MONTHS:
        reading.faults.add(line.where(), "has a day DDMMM, such as 02MAR", value=text)
        return None
    if reading.sent_on is None:
        return None
    try:
        day = nearest_day(int(match[1]), MONTHS[match[2]], reading.sent_on)
    except ValueError:
        reading.faults.add(line.where(), "has a day DDMMM of the calendar", value=text)
        return None
    sent = reading.sent_on.isoformat()
    reading.note("year-not-said", f"{text} names no year; read as {day.year}, nearest to the day of sending {sent}", at)
    return day


def moment(text: str, clock: str, change: str, airport_code: str, line: CargoLine, reading: Reading) -> Instant | None:
    """The day `text` and the time `hhmm` of an event at an airport; without a time, the day's first minute."""
    if reading.sent_on is None:
        reading.faults.add(
            line.where(),
            "has a day of sending beside it, since its own day has no year",
            value=text,
            fix="Give the day on which the message was sent (--sent YYYY-MM-DD)",
        )
        return None
    day = day_of(text, line, reading, "event.happened")
    if day is None:
        return None
    if change not in tables.DAY_CHANGES:
        reading.faults.add(line.where(), "has a day change indicator P, N, S or T", value=change)
        return None
    if not clock:
        reading.note("no-time", f"{text} names no time; read as the first minute of the day", "event.happened")
    shown = text if not clock or clock in text else f"{text} {clock}"
    try:
        local = datetime.strptime(f"{day:%Y%m%d}{clock or '0000'}", "%Y%m%d%H%M")  # noqa: DTZ007 - the zone comes next
        local += timedelta(days=tables.DAY_CHANGES[change])
        zone = airport_zone(airport_code)
        if zone is None:
            return zoned(shown, local, reading.remarks, field="event.happened")
        return zoned(shown, local, reading.remarks, otherwise=zone, field="event.happened")
    except (ValueError, OverflowError, Malformed):
        reading.faults.add(line.where(), "has a time hhmm", value=clock)
        return None


def ulds(line: CargoLine, reading: Reading) -> Iterator[Container]:
    """Unit load devices that a line `ULD/AKE12345CA-M` names; the fields behind one that are none are remarks."""
    for text in line.fields[1:]:
        match = tables.ULD.fullmatch(text)
        if match is not None:
            yield Container(number=match[1], known=False)
        elif text:
            reading.note("not-read", f"ULD: {text}")


def unread(lines: Sequence[CargoLine], reading: Reading) -> None:
    """Notes lines that are not read, as said; what may identify a person is named only."""
    for line in lines[:UNREAD_MAX]:
        code = line.text[:3]
        shown = f"{code} (signed, not repeated)" if code in tables.PERSONAL_LINES else line.text
        reading.note("not-read", shown)
    if len(lines) > UNREAD_MAX:
        reading.note("not-read", f"{len(lines) - UNREAD_MAX} more lines were not read")


def controls(lines: Sequence[CargoLine], reading: Reading) -> dict[str, str]:
    """Notes what OCI lines say, and gives the traders' numbers by the party that they are of (`SHP`, `CNE` ...).

    What may identify a person is named, not repeated.
    """
    numbers: dict[str, str] = {}
    for count, line in enumerate(lines):
        country, party, control, shown = (*line.fields[1:5], "", "", "", "")[:4]
        if control == tables.TRADER_NUMBER and shown:
            numbers.setdefault(party, shown)
        if count < UNREAD_MAX:
            shown = "/".join(line.fields[4:]) if control in tables.OPEN_CONTROLS else "(may be personal, not repeated)"
            reading.note("customs-information", f"OCI/{country}/{party}/{control}/{shown}")
    return numbers


def party(role: PartyRole, lines: Sequence[CargoLine], number: str, reading: Reading) -> Party | None:
    """The party of a block `SHP`, `CNE` or `NFY`; None where it has no name."""
    account = "/".join(lines[0].fields[1:]) if not lines[0].continues else ""
    names, streets, town, coded = _named_lines(lines) if _is_named(lines) else _ordered_lines(lines)
    country = coded[0] if coded and tables.COUNTRY.fullmatch(coded[0]) else None
    contacts = dict(zip(coded[2::2], coded[3::2], strict=False))
    if len(contacts) > (1 if "TE" in contacts else 0):
        reading.note("not-read", f"{lines[0].text[:3]}: further contacts (personal, not repeated)")
    if not names:
        if account:
            reading.note("not-read", f"{lines[0].text[:3]}/{account}, and no name is given")
        return None
    address = ", ".join(text for text in (*streets, *town, *coded[1:2]) if text)
    uscc = number.removeprefix("USCI").lstrip("+ ")
    is_uscc = Uscc.is_valid(uscc)
    return Party(
        role=role,
        name=" ".join(names)[:256],
        uscc=Uscc.parse(uscc) if is_uscc else None,
        overseas_id=number[:256] if number and not is_uscc else None,
        other_ids=(Code(system="airline-account", value=account[:256]),) if account else (),
        phone=contacts.get("TE") or None,
        address=address[:4_000] or None,
        country=country,
    )


def _is_named(lines: Sequence[CargoLine]) -> bool:
    return any(line.text[:3] in tables.PARTY_LINES for line in lines)


Block = tuple[list[str], list[str], list[str], list[str]]


def _named_lines(lines: Sequence[CargoLine]) -> Block:
    """Names, streets, town with state, and country with post code and contacts, by the lines' names."""
    parts: dict[str, list[str]] = {"NAM": [], "ADR": [], "LOC": []}
    coded: list[str] = []
    current = ""
    for line in lines:
        if not line.continues:
            current = line.text[:3]
            parts.setdefault(current, []).extend(text for text in line.fields[1:] if text)
        elif current == "LOC":
            coded.extend(line.fields[1:])
        else:
            parts[current].extend(text for text in line.fields[1:] if text)
    return parts["NAM"], parts["ADR"], parts["LOC"], coded


def _ordered_lines(lines: Sequence[CargoLine]) -> Block:
    """As `_named_lines`, by the lines' order: name, streets, town with state, country with what follows."""
    texts = [line.fields[1:] for line in lines if line.continues]
    if not texts:
        return [], [], [], []
    coded = texts.pop() if len(texts) > 1 and tables.COUNTRY.fullmatch(texts[-1][0]) else []
    town = texts.pop() if len(texts) > 1 else []
    streets = ["/".join(parts) for parts in texts[1:]]
    return ["/".join(texts[0])] if texts else [], streets, town, coded
