"""Airports by their IATA code: the place of a record, and the zone in which a local time at one is read.

The table names the airports with most cargo, and all of China's that have flights abroad. A time at another airport is
read as UTC, with a remark that says so.
"""

from __future__ import annotations

import re
from typing import Final
from zoneinfo import ZoneInfo

from adapters.mapping.local_time import load_zone
from chain.records.scalars import Code
from chain.records.transport import Place

IATA_CODE: Final = re.compile("[A-Z]{3}")

_AIRPORTS_OF: Final = {
    "Asia/Shanghai": "PEK PKX BJS TSN TAO PVG SHA CAN SZX CGO CTU TFU CKG XIY WUH CSX HGH NKG NGB XMN FOC KMG DLC"
    " SHE HRB CGQ TNA YNT HFE KHN NNG KWE HAK SYX URC LHW INC HET TYN SJW WUX NTG EHU KHG ZUH SWA WNZ JJN",
    "Asia/Hong_Kong": "HKG",
    "Asia/Macau": "MFM",
    "Asia/Taipei": "TPE KHH RMQ",
    "Asia/Tokyo": "NRT HND KIX NGO FUK CTS OKA TYO OSA",
    "Asia/Seoul": "ICN GMP PUS SEL",
    "Asia/Singapore": "SIN",
    "Asia/Kuala_Lumpur": "KUL PEN",
    "Asia/Bangkok": "BKK DMK HKT",
    "Asia/Ho_Chi_Minh": "SGN HAN DAD",
    "Asia/Manila": "MNL CRK CEB",
    "Asia/Jakarta": "CGK JKT SUB",
    "Asia/Phnom_Penh": "PNH",
    "Asia/Yangon": "RGN",
    "Asia/Kolkata": "DEL BOM BLR MAA HYD CCU AMD COK",
    "Asia/Dhaka": "DAC",
    "Asia/Colombo": "CMB",
    "Asia/Karachi": "KHI LHE ISB",
    "Asia/Dubai": "DXB DWC AUH SHJ",
    "Asia/Qatar": "DOH",
    "Asia/Riyadh": "RUH JED DMM",
    "Asia/Bahrain": "BAH",
    "Asia/Kuwait": "KWI",
    "Asia/Muscat": "MCT",
    "Asia/Jerusalem": "TLV",
    "Asia/Almaty": "ALA",
    "Asia/Tashkent": "TAS",
    "Asia/Ulaanbaatar": "UBN ULN",
    "Europe/Moscow": "SVO DME VKO LED MOW",
    "Asia/Novosibirsk": "OVB",
    "Europe/Istanbul": "IST SAW",
    "Europe/London": "LHR LGW STN EMA MAN BHX LON",
    "Europe/Dublin": "DUB",
    "Europe/Paris": "CDG ORY LYS NCE MRS PAR",
    "Europe/Amsterdam": "AMS MST RTM",
    "Europe/Brussels": "BRU LGG",
    "Europe/Luxembourg": "LUX",
    "Europe/Berlin": "FRA MUC HHN CGN LEJ DUS HAM BER STR",
    "Europe/Zurich": "ZRH GVA BSL",
    "Europe/Vienna": "VIE",
    "Europe/Rome": "MXP FCO MIL ROM",
    "Europe/Madrid": "MAD BCN ZAZ VIT",
    "Europe/Lisbon": "LIS",
    "Europe/Copenhagen": "CPH",
    "Europe/Stockholm": "ARN",
    "Europe/Oslo": "OSL",
    "Europe/Helsinki": "HEL",
    "Europe/Warsaw": "WAW",
    "Europe/Budapest": "BUD",
    "Europe/Prague": "PRG",
    "Europe/Athens": "ATH",
    "Africa/Cairo": "CAI",
    "Africa/Addis_Ababa": "ADD",
    "Africa/Nairobi": "NBO",
    "Africa/Johannesburg": "JNB",
    "Africa/Lagos": "LOS",
    "America/New_York": "JFK EWR MIA ATL IAD BOS PHL CVG CLT NYC",
    "America/Detroit": "DTW",
    "America/Kentucky/Louisville": "SDF",
    "America/Chicago": "ORD DFW IAH MEM MSP AFW RFD CHI",
    "America/Denver": "DEN",
    "America/Los_Angeles": "LAX SFO SEA PDX ONT OAK",
    "America/Anchorage": "ANC",
    "Pacific/Honolulu": "HNL",
    "America/Toronto": "YYZ YHM YUL",
    "America/Vancouver": "YVR",
    "America/Mexico_City": "MEX NLU GDL",
    "America/Sao_Paulo": "GRU VCP GIG",
    "America/Bogota": "BOG",
    "America/Lima": "LIM",
    "America/Santiago": "SCL",
    "America/Argentina/Buenos_Aires": "EZE",
    "Australia/Sydney": "SYD",
    "Australia/Melbourne": "MEL",
    "Australia/Brisbane": "BNE",
    "Australia/Perth": "PER",
    "Pacific/Auckland": "AKL",
}
AIRPORTS: Final = "iata-location"
"""Code list of airports and cities."""
_ZONES: Final = {airport: zone for zone, airports in _AIRPORTS_OF.items() for airport in airports.split()}


def airport(code: str) -> Place:
    """The place of an airport or city by its IATA code."""
    return Place(code=Code(system=AIRPORTS, value=code))


def airport_zone(code: str) -> ZoneInfo | None:
    """The zone of an airport; None where our table does not have it."""
    name = _ZONES.get(code)
    return load_zone(name) if name else None
