"""Segments of UN/EDIFACT as parts of records: places, times, means of transport, weights, parties, containers, goods.

Codes are those of the UN/EDIFACT directory D.21A; data elements are named by their numbers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Final

from adapters.mapping.local_time import zoned
from adapters.mapping.logistics import ANY_DECIMAL, MASS_UNITS, box_number, imo, unlocode, weight
from adapters.mapping.totals import added
from adapters.parsing.edifact import Segment
from adapters.parsing.edifact_groups import SegmentGroup
from adapters.parsing.xml_fields import Faults
from chain.identifiers import HsCode, Ucr, Uscc
from chain.records.base import Remark
from chain.records.scalars import Code, Function, Instant, Quantity, Weight, fixed
from chain.records.sections import GoodsItem, Party, PartyRole
from chain.records.transport import Container, Conveyance, Package, Place, Seal

FUNCTIONS: Final[dict[str, Function]] = {
    "": "new",
    "9": "new",
    "2": "new",
    "7": "new",
    "31": "new",
    "4": "change",
    "5": "change",
    "1": "delete",
    "3": "delete",
}
"""BGM 1225 message function -> what it does: 9 original, 2 addition, 7 duplicate, 31 copy; 4 change, 5 replace;
1 cancellation, 3 deletion. Any other is refused by its name, since it does none of these."""
FUNCTION_NAMES: Final = {"7": "duplicate", "31": "copy"}
"""Functions that say again what was said: recorded, with a remark, since the original may never have come."""
TIME_FORMS: Final = {
    "101": "%y%m%d",
    "102": "%Y%m%d",
    "201": "%y%m%d%H%M",
    "203": "%Y%m%d%H%M",
    "204": "%Y%m%d%H%M%S",
    "205": "%Y%m%d%H%M%z",
    "303": "%Y%m%d%H%M%z",
    "304": "%Y%m%d%H%M%S%z",
}
"""DTM 2379 -> its form; 205, 303 and 304 end in a zone."""
MEASURED: Final = frozenset({"", "AAE", "AAI", "AAX", "AAY", "AAZ", "G", "PD", "VGM", "WT"})
"""MEA 6311 of what something weighs or measures; another (a limit, a weight for each metre) is kept as a remark."""
GROSS: Final = ("AAB", "G", "AAD", "WT", "AET", "AAE")
"""MEA 6313 of the gross weight of goods: of the item, gross, of the consignment, weight."""
BOX_GROSS: Final = ("VGM", "G", "AET", "AAD", "AAB", "WT", "EGW", "AAE")
"""MEA 6313 of the gross weight of a packed container, the most certain first; EGW is an estimate."""
TARE: Final = ("T", "TAR")
NET: Final = ("AAA", "AAC", "AAF", "N", "ADZ")
VOLUME: Final = ("AAW", "ABJ", "AAX")
VOLUME_UNITS: Final = frozenset({"MTQ", "FTQ", "CMQ", "INQ"})
LADEN: Final = {"4": False, "5": True, "7": True, "8": True}
"""EQD 8169: 4 empty, 5 full, 7 and 8 full with one or several consignments; any other is kept as a remark."""
ROLES: Final[Mapping[str, PartyRole]] = {
    "CZ": "consignor",
    "OS": "consignor",
    "EX": "exporter",
    "CN": "consignee",
    "IM": "importer",
    "NI": "notify",
    "N1": "notify",
    "N2": "notify",
    "CA": "carrier",
    "CG": "carrier",
    "FW": "agent",
    "CB": "agent",
    "AE": "agent",
    "DT": "declarant",
}
"""NAD 3035 -> what the party is to the goods; any other keeps its code."""
GOODS_MAX: Final = 999
_LLOYDS: Final = "146"
"""Code list (1131) of vessels named by their IMO number."""
_LOCODES: Final = ("", "139", "227")
_COUNTRIES: Final = "162"
_NUMBER: Final = re.compile(r"[A-Z0-9 -]{1,17}")
_COUNT: Final = re.compile(r"0{0,9}\d{1,8}")


def function_of(begin: Segment | None, where: str, faults: Faults) -> Function | None:
    """What the message does (BGM 1225); None, and a fault, where its function is not acted on."""
    code = begin.get(2) if begin is not None else ""
    if begin is None or code not in FUNCTIONS:
        known = ", ".join(known for known in FUNCTIONS if known)
        rule = f"is a message function that is acted on: {known}" if begin is not None else "must be there"
        faults.add(f"{where}/BGM (1225)", rule, value=code)
        return None
    return FUNCTIONS[code]


def function_remark(begin: Segment, field: str) -> tuple[Remark, ...]:
    """A remark where the message says again what was said."""
    name = FUNCTION_NAMES.get(begin.get(2))
    text = f"message function {begin.get(2)}: a {name} of what was said before"
    return (Remark(rule="message-function", text=text, field=field),) if name else ()


def place_of(segment: Segment | None, remarks: list[Remark]) -> Place | None:
    """LOC, C517: code, its list, its agency, name; C519: a place in it, or its country (list 162)."""
    if segment is None:
        return None
    code, listed, name = segment.get(1), segment.get(1, 1), segment.get(1, 3) or None
    of_country = segment.get(2, 1) == _COUNTRIES and re.fullmatch("[A-Z]{2}", segment.get(2))
    country = segment.get(2) if of_country else None
    place = Place()
    if code and listed in _LOCODES:
        place = unlocode(code, remarks) or place
    elif code:
        place = Place(code=Code(system="edifact-place", value=code, name=listed or None))
    if segment.get(2) and not country and place.code is None:
        place = place.model_copy(update={"code": Code(system="edifact-facility", value=segment.get(2))})
    if not (code or name or country or place.code):
        return None
    return place.model_copy(update={"name": name, "country": country})


def moment_of(
    segment: Segment, place: Place | None, remarks: list[Remark], faults: Faults, field: str
) -> Instant | None:
    """DTM, C507: the time in its form; without a zone it is that of the place, and a day is its first minute, each
    with a remark."""
    text, pattern = segment.get(0, 1), TIME_FORMS.get(segment.get(0, 2) or "203", "?")
    spelled = re.sub(r"(?:UTC|GMT|Z)$", "+0000", text)
    if pattern.endswith("%z") and re.search(r"[+-]\d{2}$", spelled):
        spelled += "00"
    try:
        local = datetime.strptime(spelled, pattern)  # noqa: DTZ007 - the zone comes next
    except ValueError:
        faults.add(segment.where, f"is a time in format {', '.join(TIME_FORMS)}", value=text)
        return None
    if "%H" not in pattern:
        no_time = f"{text} names no time; read as the first minute of the day"
        remarks.append(Remark(rule="no-time", text=no_time, field=field))
    return zoned(text, local, remarks, place=place, field=field)


def means_of(segment: Segment | None, remarks: list[Remark]) -> Conveyance | None:
    """TDT: voyage, mode, carrier, and the vessel or vehicle by its IMO number or name."""
    if segment is None:
        return None
    flag = segment.get(7, 4)
    conveyance = Conveyance(
        mode=Code(system="uncefact-rec-19", value=segment.get(2)) if segment.get(2) else None,
        name=segment.get(7, 3) or segment.get(7) or None,
        imo=imo(segment.get(7), remarks) if segment.get(7, 1) == _LLOYDS else None,
        voyage=segment.get(1) or None,
        nationality=flag if re.fullmatch("[A-Z]{2}", flag) else None,
        carrier=Code(system="carrier", value=segment.get(4)) if segment.get(4) else None,
    )
    return conveyance if conveyance != Conveyance() else None


def mass_of(group: SegmentGroup, dimensions: Iterable[str], faults: Faults) -> Weight | None:
    """The weight of the first of these dimensions (6313) that is said, whichever segment comes first."""
    segment = _measure(group, dimensions, MASS_UNITS)
    value = _number(segment, faults) if segment is not None else None
    return weight(value, segment.get(2), segment.where, faults) if segment is not None else None


def volume_of(group: SegmentGroup, faults: Faults) -> Quantity | None:
    """The volume that is said."""
    segment = _measure(group, VOLUME, VOLUME_UNITS)
    value = _number(segment, faults) if segment is not None else None
    return Quantity(value=fixed(value, 5), unit=segment.get(2)) if segment is not None and value else None


def _measure(group: SegmentGroup, dimensions: Iterable[str], units: Iterable[str]) -> Segment | None:
    known = frozenset(units)
    measured = [
        segment
        for inner in (group, *group.each("measure"))
        for segment in inner.segments
        if segment.tag == "MEA" and segment.qualifier in MEASURED
    ]
    for dimension in dimensions:
        for segment in measured:
            if (segment.get(1) or segment.qualifier) == dimension and segment.get(2) in known:
                segment.get(0)
                group.read.add(segment.place)
                return segment
    return None


def _number(segment: Segment, faults: Faults) -> str | None:
    value = segment.number(2, 1)
    if ANY_DECIMAL.fits(value):
        return value
    faults.add(segment.where, ANY_DECIMAL.rule, value=value)
    return None


def ucrs_of(segments: Iterable[Segment], remarks: list[Remark]) -> tuple[Ucr, ...]:
    """The UCRs of references (RFF UCN); what is none is remarked on."""
    ucrs: dict[Ucr, None] = {}
    for segment in segments:
        if Ucr.is_valid(segment.get(0, 1)):
            ucrs[Ucr.parse(segment.get(0, 1))] = None
        else:
            remarks.append(Remark(rule="ucr", text=f"{segment.get(0, 1)} is no UCR"))
    return tuple(ucrs)


def party_of(segment: Segment) -> Party | None:
    """NAD: who it is by code (C082), name (C080, else C058) and address; None where it says neither."""
    code, listed, agency = segment.get(1), segment.get(1, 1), segment.get(1, 2)
    lines = [segment.get(2, at) for at in range(5)]
    names = [segment.get(3, at) for at in range(5)]
    name = " ".join(part for part in names if part) or lines[0]
    address = [*(lines[1:] if not any(names) else lines), *(segment.get(4, at) for at in range(4))]
    address += [segment.get(5), segment.get(6), segment.get(6, 3), segment.get(7)]
    country = segment.get(8)
    if not (code or name):
        return None
    qualifier = segment.get(0)
    is_uscc = Uscc.is_valid(code)
    keeper = re.sub("[^!-~]", "-", agency or listed or "unsaid")[:40]
    others = [Code(system=f"edifact-party-{keeper}", value=code)] if code and not is_uscc else []
    if qualifier not in ROLES:
        others.append(Code(system="uncl-3035", value=qualifier or "unsaid"))
    return Party(
        role=ROLES.get(qualifier, "other"),
        name=name[:256] or None,
        uscc=Uscc.parse(code) if is_uscc else None,
        other_ids=tuple(others),
        address=", ".join(part for part in address if part)[:4_000] or None,
        country=country if re.fullmatch("[A-Z]{2}", country) else None,
    )


def container_of(group: SegmentGroup, remarks: list[Remark], faults: Faults) -> Container | None:
    """EQD with its MEA and SEL; None where it names no container, and a fault where the name is none."""
    equipment = group.head
    number = equipment.get(1)
    if not number:
        return None
    if not _NUMBER.fullmatch(number):
        faults.add(equipment.where, "names a container", value=number)
        return None
    number, known = box_number(number, remarks)
    fullness = equipment.get(5)
    if fullness and fullness not in LADEN:
        remarks.append(Remark(rule="unknown-code", text=f"full or empty is {fullness}", field="container"))
    return Container(
        number=number,
        known=known,
        size_type=Code(system="iso-6346-type", value=equipment.get(2)) if equipment.get(2) else None,
        tare=mass_of(group, TARE, faults),
        gross=mass_of(group, BOX_GROSS, faults),
        cargo_gross=mass_of(group, NET, faults),
        laden=LADEN.get(fullness),
        seals=tuple(_seals(group)),
    )


def _seals(group: SegmentGroup) -> Iterator[Seal]:
    for segment in group.find("SEL"):
        number, by = segment.get(0), segment.get(1)
        if number:
            yield Seal(number=number[:35], by=Code(system="edifact-seal-issuer", value=by) if by else None)


def goods_of(group: SegmentGroup, ordinal: int, remarks: list[Remark], faults: Faults) -> GoodsItem:
    """GID with what follows it: packages, description (FTX AAA), tariff codes (PIA, CST), weights, marks (PCI)."""
    head = group.head
    said = head.get(0)
    if said and said.lstrip("0") != str(ordinal):
        remarks.append(Remark(rule="item-number", text=f"goods item {ordinal} is numbered {said}"))
    for segment in group.find("CST"):
        if (numbered := segment.get(0)) and numbered.lstrip("0") != str(ordinal):
            remarks.append(Remark(rule="item-number", text=f"customs number goods item {ordinal} as {numbered}"))
    codes = _tariff_codes(group)
    valid = [code for code in codes if HsCode.is_valid(code)]
    for code in codes:
        if code not in valid[:1]:
            remarks.append(Remark(rule="hs-code", text=f"tariff code {code} of item {ordinal} is not kept as its code"))
    described = "\n".join(text for segment in group.find("FTX", "AAA") if (text := _free_text(segment)))
    package = _package(head, group, faults)
    dangerous = (inner.head.get(2) for inner in group.each("dangerous"))
    return GoodsItem(
        ordinal=ordinal,
        hs=HsCode.parse(valid[0]) if valid else None,
        name=described[:4_000] or head.get(1, 4) or None,
        packages=(package,) if package is not None else (),
        gross=mass_of(group, GROSS, faults),
        net=mass_of(group, NET, faults),
        dangerous=tuple(Code(system="un-number", value=number) for number in dangerous if number),
    )


def _tariff_codes(group: SegmentGroup) -> list[str]:
    codes = [segment.get(at) for segment in group.find("CST") for at in range(1, 6)]
    codes += [segment.get(at) for segment in group.find("PIA", "5", "1") for at in range(1, 6)]
    return list(dict.fromkeys(code for code in codes if code))


def _free_text(segment: Segment) -> str:
    """C108: up to five lines."""
    return " ".join(text for at in range(5) if (text := segment.get(3, at)))


def _package(head: Segment, group: SegmentGroup, faults: Faults) -> Package | None:
    count, kind = head.get(1), head.get(1, 1)
    if count and not _COUNT.fullmatch(count):
        faults.add(head.where, "has a number of packages of at most 8 digits", value=count)
        return None
    marks = [
        segment.get(1, at)
        for inner in (group, *group.each("marks"))
        for segment in inner.find("PCI")
        for at in range(10)
    ]
    text = "\n".join(mark for mark in marks if mark)[:4_000]
    if not count:
        return None
    listed = Code(system="uncefact-rec-21", value=kind) if kind else None
    return Package(count=int(count), kind=listed, marks=text or None)


def placed_in(group: SegmentGroup) -> list[str]:
    """Numbers of the containers that the goods are in (SGP), without spaces and hyphens."""
    numbers = [segment.get(0) for inner in (group, *group.each("placement")) for segment in inner.find("SGP")]
    return [number.replace(" ", "").replace("-", "") for number in numbers if number]


def total_of(weights: Iterable[Weight | None], remarks: list[Remark]) -> Weight | None:
    """The weights' sum; None where one is missing."""
    listed = list(weights)
    known = [weighed for weighed in listed if weighed is not None]
    return added(known, remarks, "transport.gross") if listed and len(known) == len(listed) else None


def control_total(
    group: SegmentGroup, gross: str, packages: str, faults: Faults
) -> tuple[Weight | None, Package | None]:
    """Gross weight and packages of all goods as CNT says them (6069: the codes of each)."""
    weighed, counted = group.first("CNT", gross), group.first("CNT", packages)
    value = weighed.number(0, 1) if weighed is not None else ""
    total = None
    if weighed is not None and ANY_DECIMAL.fits(value):
        total = weight(value, weighed.get(0, 2), weighed.where, faults)
    elif weighed is not None:
        faults.add(weighed.where, ANY_DECIMAL.rule, value=value)
    count = counted.get(0, 1) if counted is not None else ""
    if counted is not None and not _COUNT.fullmatch(count):
        faults.add(counted.where, "has a number of packages of at most 8 digits", value=count)
        return total, None
    return total, Package(count=int(count)) if count else None
