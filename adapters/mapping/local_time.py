"""Times that a message writes without their zone: the format's own rule, else the zone of the place, else UTC.

What is read so gets a remark: `local-time` where the zone is that of a place which the message names, `no-time-zone`
where the message names none that we know. Zones come from the pinned `tzdata`, never from the machine, so that two
machines read one message alike.
"""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from importlib.resources import files
from typing import Final
from zoneinfo import ZoneInfo

from chain.records.base import Remark
from chain.records.scalars import Instant, instant
from chain.records.transport import Place

COUNTRY_ZONES: Final[dict[str, str]] = {
    "AE": "Asia/Dubai",
    "BD": "Asia/Dhaka",
    "BE": "Europe/Brussels",
    "BG": "Europe/Sofia",
    "CH": "Europe/Zurich",
    "CN": "Asia/Shanghai",
    "CO": "America/Bogota",
    "CZ": "Europe/Prague",
    "DE": "Europe/Berlin",
    "DK": "Europe/Copenhagen",
    "EE": "Europe/Tallinn",
    "EG": "Africa/Cairo",
    "FI": "Europe/Helsinki",
    "FR": "Europe/Paris",
    "GB": "Europe/London",
    "GR": "Europe/Athens",
    "HK": "Asia/Hong_Kong",
    "IE": "Europe/Dublin",
    "IL": "Asia/Jerusalem",
    "IN": "Asia/Kolkata",
    "IT": "Europe/Rome",
    "JP": "Asia/Tokyo",
    "KE": "Africa/Nairobi",
    "KH": "Asia/Phnom_Penh",
    "KR": "Asia/Seoul",
    "LK": "Asia/Colombo",
    "LT": "Europe/Vilnius",
    "LV": "Europe/Riga",
    "MA": "Africa/Casablanca",
    "MM": "Asia/Yangon",
    "MO": "Asia/Macau",
    "MY": "Asia/Kuala_Lumpur",
    "NG": "Africa/Lagos",
    "NL": "Europe/Amsterdam",
    "NO": "Europe/Oslo",
    "PA": "America/Panama",
    "PE": "America/Lima",
    "PH": "Asia/Manila",
    "PK": "Asia/Karachi",
    "PL": "Europe/Warsaw",
    "RO": "Europe/Bucharest",
    "SA": "Asia/Riyadh",
    "SE": "Europe/Stockholm",
    "SG": "Asia/Singapore",
    "SI": "Europe/Ljubljana",
    "TH": "Asia/Bangkok",
    "TR": "Europe/Istanbul",
    "TW": "Asia/Taipei",
    "VN": "Asia/Ho_Chi_Minh",
    "ZA": "Africa/Johannesburg",
}
"""Countries of one zone (of Spain, Portugal and others with islands, ports stand below) -> its name."""

PORT_ZONES: Final[dict[str, str]] = {
    "AUBNE": "Australia/Brisbane",
    "AUFRE": "Australia/Perth",
    "AUMEL": "Australia/Melbourne",
    "AUPER": "Australia/Perth",
    "AUSYD": "Australia/Sydney",
    "BRSSZ": "America/Sao_Paulo",
    "CAHAL": "America/Halifax",
    "CAMTR": "America/Toronto",
    "CAPRR": "America/Vancouver",
    "CAVAN": "America/Vancouver",
    "CLSAI": "America/Santiago",
    "ESALG": "Europe/Madrid",
    "ESBCN": "Europe/Madrid",
    "ESVLC": "Europe/Madrid",
    "IDJKT": "Asia/Jakarta",
    "IDSUB": "Asia/Jakarta",
    "MXLZC": "America/Mexico_City",
    "MXVER": "America/Mexico_City",
    "MXZLO": "America/Mexico_City",
    "NZAKL": "Pacific/Auckland",
    "NZTRG": "Pacific/Auckland",
    "PTLEI": "Europe/Lisbon",
    "PTLIS": "Europe/Lisbon",
    "PTSIE": "Europe/Lisbon",
    "RULED": "Europe/Moscow",
    "RUNVS": "Europe/Moscow",
    "RUVVO": "Asia/Vladivostok",
    "USBAL": "America/New_York",
    "USCHS": "America/New_York",
    "USHOU": "America/Chicago",
    "USLAX": "America/Los_Angeles",
    "USLGB": "America/Los_Angeles",
    "USMIA": "America/New_York",
    "USNYC": "America/New_York",
    "USOAK": "America/Los_Angeles",
    "USORD": "America/Chicago",
    "USSAV": "America/New_York",
    "USSEA": "America/Los_Angeles",
}
"""Ports of countries with several zones, by UN/LOCODE."""


def find_zone(unlocode: str | None) -> ZoneInfo | None:
    """The zone of a place by its UN/LOCODE; None where our table does not have it."""
    if unlocode is None:
        return None
    name = PORT_ZONES.get(unlocode) or COUNTRY_ZONES.get(unlocode[:2])
    return _load_zone(name) if name else None


def find_country_zone(country: str | None) -> ZoneInfo | None:
    """The zone of a country by its ISO 3166-1 alpha-2 code; None where it has several, or our table has none."""
    name = COUNTRY_ZONES.get(country or "")
    return _load_zone(name) if name else None


def zoned(
    said: str,
    moment: datetime,
    remarks: list[Remark],
    *,
    place: Place | None = None,
    local: ZoneInfo | None = None,
    otherwise: tzinfo = UTC,
    field: str = "time",
) -> Instant:
    """The moment with its text; one without a zone is read in the zone of the place, else `otherwise`, with a remark.

    `local` is the zone of a place that has no UN/LOCODE.

    Raises `Malformed` where the moment is outside of the years that a record can hold.
    """
    if moment.tzinfo is not None:
        return instant(said, moment, field=field)
    at_place = find_zone(place.unlocode if place is not None else None)
    at_place = at_place or local
    if at_place is not None and place is not None:
        named = place.unlocode or (place.code.value if place.code is not None else place.name)
        text = f"{said} has no zone; read as the time of {named} ({at_place.key})"
        remark = Remark(rule="local-time", text=text)
    else:
        text = f"{said} has no zone; read as {getattr(otherwise, 'key', None) or otherwise.tzname(None)}"
        remark = Remark(rule="no-time-zone", text=text)
    if remark not in remarks:
        remarks.append(remark)
    return instant(said, moment.replace(tzinfo=at_place or otherwise), field=field)


def load_zone(name: str) -> ZoneInfo:
    """The zone of that name in the pinned data."""
    return _load_zone(name)


@lru_cache(maxsize=64)
def _load_zone(name: str) -> ZoneInfo:
    at = files("tzdata").joinpath("zoneinfo", *name.split("/"))
    with at.open("rb") as data:
        return ZoneInfo.from_file(data, key=name)
