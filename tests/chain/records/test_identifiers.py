"""Each reference is taken in its canonical spelling or refused with the rule that it breaks."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from chain import identifiers as ids
from chain.errors import MalformedIdentifier
from tests.strategies import air_waybill_numbers, container_numbers, declaration_numbers, ucrs, usccs

ALL = ids.Identifier.__subclasses__()


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
def test_the_example_of_each_type_is_taken_as_it_is(kind: type[ids.Identifier]) -> None:
    parsed = kind.parse(kind.EXAMPLE)
    assert (type(parsed), str(parsed)) == (kind, kind.EXAMPLE)
    assert kind.parse(parsed) is parsed


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("text", ["", " ", "１２３４５６７", "\u202e12345", "12\n34"], ids=ascii)
def test_no_type_takes_an_empty_or_a_disguised_text(kind: type[ids.Identifier], text: str) -> None:
    with pytest.raises(MalformedIdentifier) as refused:
        kind.parse(text)
    assert refused.value.field == kind.NAME


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
def test_no_type_takes_a_text_beyond_its_limit(kind: type[ids.Identifier]) -> None:
    with pytest.raises(MalformedIdentifier):
        kind.parse("1" * (kind.CHARS_MAX + 1))


@pytest.mark.parametrize(
    ("kind", "text", "rule"),
    [
        (ids.Uscc, "91110000600037341M", "check character"),
        (ids.Uscc, "9111000060003734L1", "check character"),
        (ids.Uscc, "91110000I00037341L", "18 digits"),
        (ids.Uscc, "91110000-600037341L", "18 digits"),
        (ids.Uscc, "91110000600037341l", "18 digits"),
        (ids.Ucr, "6CN91110000600037341M-1", "USCC"),
        (ids.Ucr, "6CN123-1", "USCC"),
        (ids.Ucr, "6cn91110000600037341L-1", "35 characters"),
        (ids.Ucr, "6CN91110000600037341L", "35 characters"),
        (ids.Ucr, "6CN91110000600037341L-12345678901234", "35 characters"),
        (ids.CustomsCode, "110591015", "10 characters"),
        (ids.CustomsCode, "11O5910159", "10 characters"),
        (ids.DeclarationNumber, "01012026100000001", "18 characters"),
        (ids.DeclarationNumber, "010119261000000017", "18 characters"),
        (ids.DeclarationNumber, "010120262000000017", "18 characters"),
        (ids.HsCode, "85183", "6, 8 or 10"),
        (ids.HsCode, "851830000", "6, 8 or 10"),
        (ids.HsCode, "0018300000", "chapter"),
        (ids.ContainerNumber, "CSQU3054384", "check digit of ISO 6346 is 3"),
        (ids.ContainerNumber, "MSKU1234567", "check digit"),
        (ids.ContainerNumber, "CBHU1234567", "check digit"),
        (ids.ContainerNumber, "CSQA3054383", "U, J or Z"),
        (ids.AirWaybillNumber, "999-12345676", "modulo 7"),
        (ids.AirWaybillNumber, "99-12345675", "3 digits"),
        (ids.ImoNumber, "9321484", "check digit is 3"),
        (ids.ImoNumber, "932148", "7 digits"),
        (ids.UnLocode, "CNTX1", "UN/LOCODE|letters"),
        (ids.UnLocode, "CNTX", "letters"),
        (ids.PortCode, "US0309", "3 letters"),
        (ids.DutyCertificateNumber, "010120260000000017-L01", "22 characters"),
        (ids.DutyCertificateNumber, "010120261000000017L01", "22 characters"),
        (ids.InvoiceNumber, "2611200000000000001", "20 digits"),
        (ids.InvoiceNumber, "26912000000000000018", "province"),
    ],
)
def test_a_broken_reference_is_refused_with_its_rule(kind: type[ids.Identifier], text: str, rule: str) -> None:
    with pytest.raises(MalformedIdentifier, match=rule):
        kind.parse(text)


@pytest.mark.parametrize(
    ("kind", "text", "spelled"),
    [
        (ids.ContainerNumber, "CSQU 305438-3", "CSQU3054383"),
        (ids.AirWaybillNumber, "99912345675", "999-12345675"),
        (ids.AirWaybillNumber, "999 1234 5675", "999-12345675"),
        (ids.ImoNumber, "IMO 9321483", "9321483"),
    ],
)
def test_usual_spellings_become_the_one(kind: type[ids.Identifier], text: str, spelled: str) -> None:
    assert kind.parse(text) == spelled


def test_a_foreign_ucr_needs_no_uscc() -> None:
    ucr = ids.Ucr.parse("1GB553202734852-12345")
    assert (ucr.country, ucr.company) == ("GB", "553202734852")


def test_a_declaration_number_tells_where_its_parts_disagree() -> None:
    number = ids.DeclarationNumber.parse("010120261000000017")
    assert number.disagreements(office="0101", year=2026, direction="I") == ()
    assert number.disagreements(office="0202", direction="E") == (
        "customs office 0101 is not 0202",
        "direction I is not E",
    )


def test_a_duty_certificate_embeds_its_declaration() -> None:
    number = ids.DutyCertificateNumber.parse("010120261000000017-L01")
    assert (number.declaration, number.tax_letter) == ("010120261000000017", "L")


def test_the_parts_of_a_tariff_code() -> None:
    code = ids.HsCode.parse("8471300000")
    assert (code.chapter, code.heading) == ("84", "847130")


@settings(max_examples=60, deadline=None)
@given(code=usccs(), at=st.integers(0, 16), other=st.sampled_from("0123456789"))
def test_a_uscc_with_one_digit_changed_is_refused(code: ids.Uscc, at: int, other: str) -> None:
    changed = code[:at] + other + code[at + 1 :]
    assert changed == code or not ids.Uscc.is_valid(changed)


@settings(max_examples=60, deadline=None)
@given(number=container_numbers(), last=st.sampled_from("0123456789"))
def test_a_container_has_one_check_digit(number: ids.ContainerNumber, last: str) -> None:
    assert ids.ContainerNumber.is_valid(number[:-1] + last) == (last == number[-1])


@settings(max_examples=60, deadline=None)
@given(number=air_waybill_numbers(), last=st.sampled_from("0123456789"))
def test_an_air_waybill_has_one_check_digit(number: ids.AirWaybillNumber, last: str) -> None:
    assert ids.AirWaybillNumber.is_valid(number[:-1] + last) == (last == number[-1])


@settings(max_examples=40, deadline=None)
@given(value=ucrs() | declaration_numbers())
def test_a_reference_is_its_text(value: str) -> None:
    assert type(value).parse(str(value)) == value  # type: ignore[attr-defined]


@settings(max_examples=200, deadline=None)
@given(kind=st.sampled_from(ALL), text=st.text(max_size=40))
def test_any_text_is_taken_or_refused_as_malformed(kind: type[ids.Identifier], text: str) -> None:
    try:
        assert kind.parse(kind.parse(text)) == kind.parse(text)
    except MalformedIdentifier as refused:
        assert refused.field == kind.NAME


def test_a_model_refuses_a_broken_reference_with_its_rule() -> None:
    class Said(BaseModel):
        uscc: ids.Uscc

    assert type(Said(uscc="91110000600037341L").uscc) is ids.Uscc  # type: ignore[arg-type]
    with pytest.raises(ValidationError, match="check character of GB 32100"):
        Said(uscc="91110000600037341M")  # type: ignore[arg-type]
    schema = Said.model_json_schema()["properties"]["uscc"]
    assert schema["type"] == "string"
    assert schema["examples"] == ["91110000600037341L"]


def test_the_module_loads_neither_pydantic_nor_stdnum() -> None:
    program = "import sys, chain.identifiers; print(sorted({'pydantic', 'stdnum'} & set(sys.modules)))"
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"
