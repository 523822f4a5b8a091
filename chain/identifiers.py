"""One type per reference: a string known to keep its layout and check digit, which cannot be taken for another.

Each type is a `str`; `X.parse(text)` gives the one canonical spelling or raises `MalformedIdentifier` naming the rule.
All of them work as pydantic field types, yet this module imports pydantic only when a model asks for a schema: the
verifier's machine has none. Check digits are python-stdnum's where it has them, loaded at first use, but for the
USCC's: the verifier computes it too.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar, Self

from chain.errors import MalformedIdentifier

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
    from pydantic.json_schema import JsonSchemaValue
    from pydantic_core import CoreSchema

SAID_CHARS_MAX = 64
"""Longest text that is looked at before its layout is, where a type does not say another."""

KNOWN_MAX = 16_384
"""How many references of a type are remembered as checked."""


class Identifier(str):
    """A reference in its canonical spelling. Make one with `parse`, never with the constructor."""

    __slots__ = ()

    NAME: ClassVar[str]
    """What it is called in an error."""
    RULE: ClassVar[str]
    """Its layout in words."""
    LAYOUT: ClassVar[re.Pattern[str]]
    """Its layout, matched against the whole text."""
    EXAMPLE: ClassVar[str]
    CHARS_MAX: ClassVar[int] = SAID_CHARS_MAX
    """Longest text that is looked at."""
    PLAIN: ClassVar[re.Pattern[str] | None] = None
    """A narrower layout, easier to match, in which most of them are written; each match has the layout."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """The reference in the text; raises `MalformedIdentifier` with the rule that it breaks."""
        if type(text) is cls:
            return text
        if not isinstance(text, str) or len(text) > cls.CHARS_MAX:
            raise MalformedIdentifier(cls.NAME, cls.RULE, value=text)
        spelled = cls._spelling(text)
        if not cls.LAYOUT.fullmatch(spelled):
            raise MalformedIdentifier(cls.NAME, cls.RULE, value=text)
        if broken := cls._broken_rule(spelled):
            raise MalformedIdentifier(cls.NAME, broken, value=text)
        return cls(spelled)

    @classmethod
    def is_valid(cls, text: str) -> bool:
        """Whether `parse` would take the text."""
        try:
            cls.parse(text)
        except MalformedIdentifier:
            return False
        return True

    @classmethod
    def has_form(cls, text: object) -> bool:
        """Whether it is a text of the right layout in its canonical spelling, whatever its check digit."""
        return isinstance(text, str) and len(text) <= cls.CHARS_MAX and cls.LAYOUT.fullmatch(text) is not None

    @classmethod
    def _spelling(cls, text: str) -> str:
        """The canonical spelling of a text that may be spelled in other usual ways."""
        return text

    @classmethod
    def _broken_rule(cls, spelled: str) -> str | None:
        """The rule that a text of the right layout breaks; None where it breaks none."""
        return None

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        from pydantic_core import PydanticCustomError, core_schema

        # Members, codes and places come again and again; a check costs as much as the rest of a field.
        parse_known = lru_cache(maxsize=KNOWN_MAX)(cls.parse)

        def validate(text: Any) -> Identifier:
            try:
                return parse_known(text) if type(text) is str else cls.parse(text)
            except MalformedIdentifier as error:
                # Said as a value error so that a model lists it among all its faults.
                raise PydanticCustomError("identifier", "{rule}", {"rule": f"{cls.NAME}: {error.rule}"}) from None

        return core_schema.no_info_plain_validator_function(
            validate,
            json_schema_input_schema=core_schema.str_schema(),
            metadata={"identifier": cls},  # for `chain.records.fastpath.grammar`
            serialization=core_schema.to_string_ser_schema(),
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {
            "type": "string",
            "pattern": f"^(?:{cls.LAYOUT.pattern})$",
            "description": f"{cls.NAME}: {cls.RULE}",
            "examples": [cls.EXAMPLE],
        }


class Uscc(Identifier):
    """Unified social credit code of a Chinese organisation (GB 32100-2015): 18 characters, the last a check mod 31."""

    __slots__ = ()
    NAME = "USCC"
    RULE = "18 digits and capital letters without I, O, S, V, Z, characters 3 to 8 being digits (GB 32100)"
    LAYOUT = re.compile(r"[0-9A-HJ-NP-RT-UW-Y]{2}[0-9]{6}[0-9A-HJ-NP-RT-UW-Y]{10}")
    EXAMPLE = "91110000600037341L"

    @classmethod
    def _broken_rule(cls, spelled: str) -> str | None:
        return None if _uscc_checks(spelled) else "the last character is the check character of GB 32100 (modulo 31)"


class Ucr(Identifier):
    """Unique consignment reference (WCO recommendation of 26 June 2004): it joins all records of a consignment.

    One digit of the year, two letters of the country, the company's id there, a hyphen, the company's own reference.
    """

    __slots__ = ()
    NAME = "UCR"
    RULE = (
        "at most 35 characters: year digit, country, company id, hyphen, reference, such as 6CN91110000600037341L-0001"
    )
    LAYOUT = re.compile(r"(?=[!-~]{1,35}\Z)[0-9][A-Z]{2}[0-9A-Z]{1,18}-[0-9A-Z()\-]{1,19}")
    EXAMPLE = "6CN91110000600037341L-0001"

    @property
    def country(self) -> str:
        """ISO 3166 alpha-2 code of the country whose company gave the reference."""
        return self[1:3]

    @property
    def company(self) -> str:
        """The company's id in that country; a USCC where the country is CN."""
        return self[3:].partition("-")[0]

    @classmethod
    def _broken_rule(cls, spelled: str) -> str | None:
        company = spelled[3:].partition("-")[0]
        if spelled[1:3] == "CN" and not Uscc.is_valid(company):
            return "the company id of a Chinese UCR is its USCC, with a right check character"
        return None


class CustomsCode(Identifier):
    """A company's registration code with Chinese customs (海关注册编码), 10 characters."""

    __slots__ = ()
    NAME = "customs code"
    RULE = "10 characters: 4 digits of the district, then 6 digits or capital letters"
    LAYOUT = re.compile(r"[0-9]{4}[0-9A-Z]{6}")
    EXAMPLE = "1105910159"


class DeclarationNumber(Identifier):
    """A Chinese declaration or list number (海关编号, EntryId, 清单编号), 18 characters whose parts can be checked."""

    __slots__ = ()
    NAME = "declaration number"
    RULE = "18 characters: 4 digits of the customs office, year 20xx, 1 or I for import and 0 or E for export, 9 digits"
    LAYOUT = re.compile(r"[0-9]{4}20[0-9]{2}[01IE][0-9]{9}")
    EXAMPLE = "010120261000000017"

    @property
    def office(self) -> str:
        """The customs office (关区), 4 digits."""
        return self[:4]

    @property
    def year(self) -> int:
        """The year in which it was given."""
        return int(self[4:8])

    @property
    def direction(self) -> str:
        """`I` for import, `E` for export."""
        return "I" if self[8] in "1I" else "E"

    def disagreements(
        self, *, office: str | None = None, year: int | None = None, direction: str | None = None
    ) -> tuple[str, ...]:
        """One sentence for each part that is not what the declaration itself says; empty where all given agree."""
        pairs = (
            ("customs office", self.office, office),
            ("year", self.year, year),
            ("direction", self.direction, direction),
        )
        return tuple(f"{name} {own} is not {said}" for name, own, said in pairs if said is not None and own != said)


class HsCode(Identifier):
    """A tariff code: 6 digits of the Harmonized System, 8 or 10 with a country's own digits (China declares 10)."""

    __slots__ = ()
    NAME = "HS code"
    RULE = "6, 8 or 10 digits, the first two being chapter 01 to 99"
    LAYOUT = re.compile(r"(?:0[1-9]|[1-9][0-9])(?:[0-9]{4}|[0-9]{6}|[0-9]{8})")
    EXAMPLE = "8471300000"

    @property
    def heading(self) -> str:
        """The international part, 6 digits."""
        return self[:6]

    @property
    def chapter(self) -> str:
        """The chapter, 2 digits."""
        return self[:2]


class ContainerNumber(Identifier):
    """A freight container (ISO 6346): owner, category U, J or Z, six digits, check digit; spaces and hyphens go."""

    __slots__ = ()
    NAME = "container number"
    RULE = "3 letters of the owner, U, J or Z, 6 digits and a check digit (ISO 6346)"
    LAYOUT = re.compile(r"[A-Z]{3}[UJZ][0-9]{7}")
    EXAMPLE = "CSQU3054383"

    @classmethod
    def _spelling(cls, text: str) -> str:
        return text.replace(" ", "").replace("-", "")

    @classmethod
    def _broken_rule(cls, spelled: str) -> str | None:
        from stdnum import iso6346

        wanted = iso6346.calc_check_digit(spelled[:-1])
        return None if spelled[-1] == wanted else f"the check digit of ISO 6346 is {wanted}"


class AirWaybillNumber(Identifier):
    """An air waybill (IATA resolution 600a): airline prefix, hyphen, 7 digits and their remainder modulo 7."""

    __slots__ = ()
    NAME = "air waybill number"
    RULE = "3 digits of the airline, 7 digits and a check digit, such as 999-12345675"
    LAYOUT = re.compile(r"[0-9]{3}-[0-9]{8}")
    EXAMPLE = "999-12345675"

    @classmethod
    def _spelling(cls, text: str) -> str:
        bare = text.replace(" ", "").replace("-", "")
        return f"{bare[:3]}-{bare[3:]}"

    @classmethod
    def _broken_rule(cls, spelled: str) -> str | None:
        wanted = int(spelled[4:11]) % 7
        return None if int(spelled[11]) == wanted else f"the check digit (7 digits modulo 7) is {wanted}"


class ImoNumber(Identifier):
    """A ship (IMO resolution A.1117(30)): seven digits with a check digit, without the letters IMO."""

    __slots__ = ()
    NAME = "IMO number"
    RULE = "7 digits, the last being a check digit"
    LAYOUT = re.compile(r"[0-9]{7}")
    EXAMPLE = "9321483"

    @classmethod
    def _spelling(cls, text: str) -> str:
        return text.removeprefix("IMO").strip()

    @classmethod
    def _broken_rule(cls, spelled: str) -> str | None:
        from stdnum import imo

        wanted = imo.calc_check_digit(spelled)
        return None if spelled[-1] == wanted else f"the check digit is {wanted}"


class UnLocode(Identifier):
    """A place in trade and transport (UN/LOCODE, UNECE recommendation 16): country and three characters."""

    __slots__ = ()
    NAME = "UN/LOCODE"
    RULE = "2 letters of the country, then 3 letters or digits 2 to 9"
    LAYOUT = re.compile(r"[A-Z]{2}[A-Z2-9]{3}")
    EXAMPLE = "CNTXG"


class PortCode(Identifier):
    """A port in Chinese customs' own table (港口代码, 口岸代码), 6 characters. It is no UN/LOCODE."""

    __slots__ = ()
    NAME = "customs port code"
    RULE = "3 letters of the country and 3 digits for a port abroad or at home, or 6 digits for an entry point"
    LAYOUT = re.compile(r"(?:[A-Z]{3}|[0-9]{3})[0-9]{3}")
    EXAMPLE = "USA309"


class DutyCertificateNumber(Identifier):
    """A customs duty payment certificate (海关专用缴款书): the declaration number, a separator, the tax, two digits."""

    __slots__ = ()
    NAME = "duty certificate number"
    RULE = "22 characters: an import declaration number, one of - / *, the letter of the tax, 2 digits"
    LAYOUT = re.compile(r"[0-9]{4}20[0-9]{2}1[0-9]{9}[-/*][A-Z][0-9]{2}")
    EXAMPLE = "010120261000000017-L01"

    @property
    def declaration(self) -> DeclarationNumber:
        """The declaration for which the tax was paid."""
        return DeclarationNumber(self[:18])

    @property
    def tax_letter(self) -> str:
        """L for import VAT, A for duty, Y for consumption tax, I for anti-dumping duty."""
        return self[19]


class InvoiceNumber(Identifier):
    """A fully digital e-invoice (数电票号码): 2 digits year, 2 province, 1 channel, 15 serial."""

    __slots__ = ()
    NAME = "invoice number"
    RULE = "20 digits: year, province (11 to 65), channel, serial"
    LAYOUT = re.compile(r"[0-9]{2}[1-6][0-9][0-9]{16}")
    EXAMPLE = "26112000000000000018"


class ReferenceNumber(Identifier):
    """Any number by which a party knows goods: no look-alike letter (Cyrillic А), no mark that is not seen."""

    __slots__ = ()
    NAME = "reference number"
    RULE = "1 to 128 printable ASCII or Chinese characters, with single spaces inside alone"
    LAYOUT = re.compile(r"[!-~\u4e00-\u9fff]+(?: [!-~\u4e00-\u9fff]+)*")
    EXAMPLE = "TG20260105000001"
    CHARS_MAX = 128
    PLAIN = re.compile(r"[!-~]{1,64}(?: [!-~]{1,63})?")


_USCC_CHARACTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"


@lru_cache(maxsize=KNOWN_MAX)
def _uscc_checks(code: str) -> bool:
    """Whether the last character is the check character of GB 32100; the text has the layout of a USCC."""
    total = sum(_USCC_CHARACTERS.index(c) * 3**place for place, c in enumerate(code[:17]))
    return code[17] == _USCC_CHARACTERS[-total % 31]
