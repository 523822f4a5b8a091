"""Hostile spellings: what looks like a reference and is none is refused at every door."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from stdnum.cn import uscc

from chain.encoding import Json
from chain.errors import MalformedIdentifier
from chain.identifiers import ReferenceNumber, Ucr, Uscc
from chain.keys import SigningKey
from chain.records.base import Reference
from chain.sdjwt import issue
from chain.verify.context import ucrs_of
from tests.record_numbers import jti_of
from tests.strategies import usccs

UCR = "6CN91110000600037341L-A001"
DISGUISES = {
    "Cyrillic A": UCR.replace("A", "\u0410"),
    "Greek A": UCR.replace("A", "\u0391"),
    "full width": UCR.replace("A", "\uff21"),
    "trailing space": UCR + " ",
    "leading space": " " + UCR,
    "line end": UCR + "\n",
    "no-break space": UCR + "\u00a0",
    "zero width space": UCR[:5] + "\u200b" + UCR[5:],
    "zero width joiner": UCR + "\u200d",
    "word joiner": UCR + "\u2060",
    "right to left": "\u202e" + UCR,
    "isolate": UCR[:9] + "\u2066" + UCR[9:],
    "combining mark": UCR + "\u0301",
    "Arabic digit": UCR.replace("1", "\u0661"),
    "small letters": UCR.lower(),
    "null": UCR + "\x00",
    "surrogate": UCR + "\ud800",
    "5,000 characters": UCR + "0" * 5_000,
    "empty": "",
}


@pytest.mark.parametrize("text", DISGUISES.values(), ids=DISGUISES)
def test_a_disguised_ucr_is_none(text: str) -> None:
    assert not Ucr.has_form(text)
    with pytest.raises(MalformedIdentifier):
        Ucr.parse(text)


@pytest.mark.parametrize("name", [name for name in DISGUISES if name != "small letters"])
def test_a_disguised_number_is_no_reference(name: str) -> None:
    text = DISGUISES[name]
    assert not ReferenceNumber.is_valid(text)
    for field in ("value", *(("scope",) if text else ())):
        with pytest.raises(ValidationError, match="reference number"):
            Reference.model_validate({"kind": "order", "value": "1", field: text})


@pytest.mark.parametrize(
    "said", [*DISGUISES.values(), 7, None, [UCR], {"ucr": UCR}], ids=lambda value: repr(value)[:24]
)
def test_a_disguised_ucr_in_a_record_names_no_consignment(said: Json) -> None:
    if isinstance(said, str) and said.isascii() is False and "\ud800" in said:
        pytest.skip("no JSON text holds half a surrogate pair")
    sections: dict[str, list[Json]] = {"ucr": [said], "status": [{}]}
    who = {"iss": "91110000600037341L", "consortium": "ab" * 32}
    signed = issue(sections, vct="customs.status", iat=1, jti=jti_of("a"), key=SigningKey.generate(), **who)
    assert list(ucrs_of(signed).values()) == [""]


@given(st.text(max_size=200))
def test_a_number_is_one_line_that_reads_as_it_is_written(text: str) -> None:
    reads = (
        0 < len(text) <= 128
        and all("!" <= c <= "~" or "\u4e00" <= c <= "\u9fff" or c == " " for c in text)
        and text == " ".join(text.split(" "))
        and not text.startswith(" ")
        and not text.endswith(" ")
        and "  " not in text
    )
    assert ReferenceNumber.is_valid(text) == reads


@given(st.from_regex(ReferenceNumber.PLAIN, fullmatch=True))
def test_what_is_plain_is_a_number(text: str) -> None:
    assert ReferenceNumber.is_valid(text)


@given(usccs(), st.integers(0, 16), st.sampled_from("0123456789ABCDEFGHJKLMNPQRTUWXY"))
def test_the_check_character_is_that_of_the_standard(code: str, place: int, letter: str) -> None:
    assert Uscc.is_valid(code)
    changed = code[:place] + letter + code[place + 1 :]
    assert Uscc.is_valid(changed) == (Uscc.has_form(changed) and uscc.is_valid(changed))
