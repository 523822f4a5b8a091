"""Numbers of the trade with right check digits, drawn from a seeded generator."""

from __future__ import annotations

from random import Random

USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
"""GB 32100 leaves out I, O, S, V and Z."""

_USCC_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ISO6346_VALUES = {
    **{str(digit): digit for digit in range(10)},
    **dict(
        zip(
            "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
            [value for value in range(10, 39) if value % 11 != 0],
            strict=True,
        )
    ),
}


def digits(random: Random, count: int) -> str:
    """That many random decimal digits, leading zeros included."""
    return "".join(random.choice("0123456789") for _ in range(count))


def uscc(random: Random, area: str = "110105") -> str:
    """A unified social credit code (GB 32100-2015) of a company, with both check characters right."""
    body = "".join(random.choice(USCC_ALPHABET[:10]) for _ in range(8))
    remainder = 11 - sum(int(c) * w for c, w in zip(body, _ORGANISATION_WEIGHTS, strict=True)) % 11
    organisation = body + {10: "X", 11: "0"}.get(remainder, str(remainder))
    head = "91" + area + organisation
    total = sum(USCC_ALPHABET.index(c) * w for c, w in zip(head, _USCC_WEIGHTS, strict=True))
    return head + USCC_ALPHABET[(31 - total % 31) % 31]


def resident_id(random: Random) -> str:
    """A resident identity number (GB 11643) of nobody: area 110000 was never given to a person."""
    body = f"110000{random.randint(1960, 2000)}{random.randint(1, 12):02d}{random.randint(1, 28):02d}" + digits(
        random, 3
    )
    total = sum(int(c) * w for c, w in zip(body, _ID_WEIGHTS, strict=True))
    return body + "10X98765432"[total % 11]


def guid(random: Random) -> str:
    """A CEB guid: 36 characters, capital letters."""
    text = f"{random.getrandbits(128):032X}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def air_waybill(random: Random, prefix: str = "999") -> str:
    """An air waybill number, prefix and eight digits, the last of them the first seven modulo 7 (IATA resolution
    600a)."""
    serial = digits(random, 7)
    return f"{prefix}-{serial}{int(serial) % 7}"


def container(random: Random, owner: str = "COS") -> str:
    """A container number (ISO 6346), category U, whose check digit is right and never the ambiguous 10."""
    while True:
        body = f"{owner}U{digits(random, 6)}"
        remainder = sum(_ISO6346_VALUES[c] << place for place, c in enumerate(body)) % 11
        if remainder != 10:
            return f"{body}{remainder}"


def imo_number(random: Random) -> str:
    """A ship's IMO number: six digits and a check digit."""
    body = "9" + digits(random, 5)
    return body + str(sum(int(c) * w for c, w in zip(body, range(7, 1, -1), strict=True)) % 10)


def declaration_number(random: Random, customs: str, year: int, *, imported: bool) -> str:
    """An 18-digit declaration or list number: customs, year, 1 for import or 0 for export, nine digits."""
    return f"{customs}{year:04d}{'1' if imported else '0'}{digits(random, 9)}"


def ucr(uscc_of_company: str, year: int, reference: str) -> str:
    """The UCR that the single window assigns: last digit of the year, `CN`, the company's USCC, its reference."""
    return f"{year % 10}CN{uscc_of_company}-{reference}"


def seeded(text: str) -> Random:
    """A generator that gives the same numbers for the same text, on every machine; not for secrets."""
    return Random(text)  # noqa: S311 - stories must be repeatable
