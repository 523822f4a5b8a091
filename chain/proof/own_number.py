"""The number that an invoice's maker gave it, as a record says it: what number tags are made of (design section 5)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple, Protocol

from chain.reference_keys import reference_key

INVOICE_TYPE: Final = "tax.invoice"
INVOICE_KIND: Final = "invoice"
NUMBER_PATTERN: Final = r"[0-9A-Z]{18}/[!#-\[\]-~\u4e00-\u9fff]+(?: [!#-\[\]-~\u4e00-\u9fff]+)*"
"""A name: no quotation mark and no backslash, which JSON would have to escape."""
NUMBER_NAME_CHARS_MAX: Final = 147
_HAS_FORM = re.compile(NUMBER_PATTERN).fullmatch


class OwnNumber(NamedTuple):
    """A number and the member who makes it; two spellings that `reference_key` makes equal are one."""

    maker: str
    """USCC."""
    value: str
    """Normalised."""

    @property
    def name(self) -> str:
        """Maker and number in one text, as bundles and the VRF name it: `USCC/number`."""
        return f"{self.maker}/{self.value}"

    @classmethod
    def of(cls, maker: str, value: str) -> OwnNumber:
        """The number as its maker or a reader writes it."""
        return cls(maker, reference_key(INVOICE_KIND, maker, value)[2])

    @classmethod
    def find(cls, name: str) -> OwnNumber | None:
        """The number of a name; None where it has not its form."""
        if len(name) > NUMBER_NAME_CHARS_MAX or not _HAS_FORM(name):
            return None
        maker, _, value = name.partition("/")
        return cls(maker, value) if cls.of(maker, value).value == value else None


class Referring(Protocol):
    """What numbers are read from: `chain.sdjwt.SignedRecord`."""

    @property
    def iss(self) -> str: ...
    @property
    def vct(self) -> str: ...
    def disclosed(self) -> Mapping[str, Any]: ...


def own_numbers(record: Referring) -> Iterator[tuple[bytes, OwnNumber]]:
    """Each `references` element, by its digest, in which an invoice says a number as its issuer's own.

    That is one of kind `invoice` whose scope is the issuer, or empty: then whoever issues the record made it. Elements
    that are withheld tell nothing; a number that has not the form of a name is not filed.
    """
    if record.vct != INVOICE_TYPE:
        return
    for digest, value in record.disclosed().get("references", ()):
        if not isinstance(value, Mapping) or value.get("kind") != INVOICE_KIND:
            continue
        scope, number = value.get("scope"), value.get("value")
        if scope not in ("", None, record.iss) or not isinstance(number, str):
            continue
        own = OwnNumber.of(record.iss, number)
        if OwnNumber.find(own.name) is not None:
            yield digest, own
