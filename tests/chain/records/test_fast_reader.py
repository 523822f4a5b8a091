"""Reading at once: what it leaves to the models, and that what it makes behaves as an ordinary record."""

from __future__ import annotations

import copy
import json
import pickle
import re
from collections.abc import Callable
from typing import Annotated, Any, ClassVar

import pytest
from pydantic import AfterValidator

from chain.disclosures import DISCLOSURE_CHARS_MAX
from chain.encoding import base64url, parse_base64url
from chain.errors import MalformedRecord
from chain.jws import sign_compact
from chain.keys import SigningKey
from chain.records import Record, get_record_type, parse_record, sign_record
from chain.records.fastpath import reader
from chain.records.fastpath.grammar import STRING_BYTES_MAX, NotRegular, grammars
from chain.records.fastpath.reader import FORMS_MAX, WHOLE_AFTER, parse_signed, read_texts
from chain.records.fastpath.shape_cache import NO_FORM, form_of
from chain.records.scalars import Many, Text
from chain.sdjwt import RECORD_TYP, SignedRecord
from tests.chain.records.properties.test_at_once import signed_again, texts_of, verdict
from tests.record_numbers import jti_of

KEY = SigningKey.generate()
SECTIONS: dict[str, Any] = {
    "ucr": ["6CN91110000600037341L-1", "6CN91110000600037341L-2"],
    "references": [{"kind": "order", "value": "TG1", "on": "2026-01-05"}],
    "declaration": [{"own_number": "BG1", "office": {"system": "cn-customs-office", "value": "0101"}}],
    "parties": [[{"role": "agent", "name": "示范报关行", "uscc": "91110000600037341L"}]],
    "goods_items": [{"ordinal": 1, "name": "面霜", "quantity": {"value": "2.00000", "unit": "H87"}}],
    "valuation": [{"freight": {"mark": "total", "amount": {"value": "20.00", "currency": "CNY"}}}],
}
MODEL = get_record_type("customs.declaration")
SIGNED = sign_record(
    MODEL.from_sections(SECTIONS), key=KEY, iss="91110000600037341L", consortium="ab" * 32, iat=1, jti=jti_of("a")
)
BODY = SIGNED.serialize().encode()


def signed_body(sections: dict[str, Any]) -> bytes:
    """The sections as a signed declaration."""
    record = MODEL.from_sections(sections)
    signed = sign_record(record, key=KEY, iss="91110000600037341L", consortium="ab" * 32, iat=1, jti=jti_of("a"))
    return signed.serialize().encode()


ONE_UCR = signed_body({**SECTIONS, "ucr": SECTIONS["ucr"][:1]})


def with_change(old: str, new: str) -> bytes:
    """The record signed again with this changed in one of its disclosures."""
    texts = texts_of(SIGNED)
    places = [place for place, text in enumerate(texts) if old.encode() in text]
    texts[places[0]] = texts[places[0]].replace(old.encode(), new.encode(), 1)
    return signed_again(SIGNED, texts)


def test_the_record_is_read_at_once() -> None:
    assert parse_signed(BODY).fits_model


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('{"own_number"', '{,"own_number"'),
        ('"BG1",', '"BG1",,'),
        ('"BG1",', '"BG1"'),
        ('"BG1"', '"BG1","own_number":"BG1"'),
        ('"91110000600037341L"', '"91110000600037341M"'),
        ('"6CN91110000600037341L-1"', '"6CN91110000600037341L-2"'),
        ('"6CN91110000600037341L-1"', '"6CN91110000600037341M-1"'),
        ('"2026-01-05"', '"2026-02-30"'),
        ('"mark":"total"', '"mark":"rate"'),
        ('"amount":', '"rate":"0.130000","amount":'),
        ('"ordinal":1', '"ordinal":0'),
        ('"ordinal":1', '"ordinal":1000'),
        ('"ordinal":1', '"ordinal":1.0'),
        ('"2.00000"', '"02.00000"'),
        ('"H87"', '"h87"'),
        ('"role":"agent"', '"role":"nobody"'),
        ('"TG1"', '"TG\u202e1"'),
        ('"TG1"', '"TG\x7f1"'),
        ('"TG1"', '""'),
        ('"TG1"', f'"{"T" * 257}"'),
        ('"TG1"', f'"{"中" * 129}"'),
        ('"TG1"', '"TG1 "'),
        ('"TG1"', '" TG1"'),
        ('"TG1"', '"T  G1"'),
        ('"TG1"', '"TG\u200b1"'),
        ('"TG1"', '"T\u0410G1"'),
        ('"TG1"', '"\uff34\uff271"'),
        ('"BG1"', '"BG1","_sd":[]'),
        ('"kind":"order",', ""),
    ],
)
def test_what_the_model_refuses_is_refused(old: str, new: str) -> None:
    with pytest.raises(MalformedRecord):
        parse_record(parse_signed(with_change(old, new)))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"2026-01-05"', '"2024-02-29"'),
        ('"TG1"', f'"{"中" * 128}"'),
        ('"TG1"', '"TG 1"'),
        ('"面霜"', f'"{"霜" * 4_000}"'),
        ('"面霜"', '"a{"'),
        ('"BG1"', '"a{"'),
        ('"BG1"', '"{,"'),
        ('"TG1"', '"\\""'),
        ('"own_number":"BG1"', '"own_number":null'),
        ('{"ordinal":1,', '{ "ordinal":1,'),
    ],
)
def test_what_the_grammar_cannot_tell_is_left_to_the_model(old: str, new: str) -> None:
    body = with_change(old, new)
    plain = SignedRecord.parse(body)
    assert parse_signed(body) == plain
    assert parse_record(parse_signed(body)) == parse_record(plain)


def test_a_line_of_the_longest_string_is_read_at_once_and_a_longer_one_once_its_form_is_known() -> None:
    long = with_change('"面霜"', f'"{"a" * (STRING_BYTES_MAX + 1)}"')
    forget_forms()
    assert not parse_signed(long).fits_model
    assert parse_signed(with_change('"面霜"', f'"{"a" * STRING_BYTES_MAX}"')).fits_model
    assert parse_signed(long).fits_model


def forget_forms() -> None:
    """As in a process that has read nothing yet."""
    reader._gates.cache_clear()
    reader._plan.cache_clear()
    reader._plans.clear()
    reader._with_whole.clear()


@pytest.fixture(params=["no form is known", "forms are known", "forms are joined"], autouse=True)
def forms_known(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every claim of this file holds before anything has been learned and after."""
    forget_forms()
    if request.param == "forms are known":
        assert parse_signed(BODY).fits_model
    elif request.param == "forms are joined":
        with monkeypatch.context() as patch:
            patch.setattr(reader, "WHOLE_AFTER", 1)
            assert parse_signed(ONE_UCR).fits_model
        assert next(iter(reader._with_whole)).whole is not NO_FORM


def plan_of(body: bytes) -> Any:
    """The plan by which the body was read last."""
    parse_signed(body)
    return next(plan for key, plan in reader._plans.items() if key[2] == body.count(b"~") - 1)


def test_forms_are_joined_once_enough_records_had_the_same_sections() -> None:
    forget_forms()
    for _ in range(WHOLE_AFTER - 1):
        parse_signed(ONE_UCR)
    assert plan_of(ONE_UCR).whole is not NO_FORM  # asking for it read it once more
    assert verdict(parse_signed, ONE_UCR) == verdict(SignedRecord.parse, ONE_UCR)


def test_several_ucrs_are_never_joined_since_each_must_be_checked() -> None:
    forget_forms()
    for _ in range(WHOLE_AFTER + 1):
        parse_signed(BODY)
    assert plan_of(BODY).whole is NO_FORM


def test_what_was_joined_goes_where_most_records_look_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_forms()
    monkeypatch.setattr(reader, "WHOLE_AFTER", 2)
    plan = plan_of(ONE_UCR)
    parse_signed(ONE_UCR)
    assert plan.whole is not NO_FORM
    other = signed_body({**SECTIONS, "ucr": SECTIONS["ucr"][:1], "references": [{"kind": "cop", "value": "TG1"}]})
    assert plan_of(other) is plan
    parse_signed(other)
    assert plan.whole is NO_FORM
    for body in (other, ONE_UCR, other, ONE_UCR):
        assert verdict(parse_signed, body) == verdict(SignedRecord.parse, body)


def test_the_plan_of_a_record_with_very_many_elements_is_not_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_forms()
    monkeypatch.setattr(reader, "SHAPE_BYTES_MAX", 200)
    long = signed_body({**SECTIONS, "goods_items": goods(40)})
    assert parse_signed(long).fits_model
    assert parse_signed(BODY).fits_model
    assert [key[2] for key in reader._plans] == [len(SIGNED.disclosures)]


def test_only_so_many_joined_forms_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_forms()
    monkeypatch.setattr(reader, "WHOLE_AFTER", 1)
    monkeypatch.setattr(reader, "WHOLES_MAX", 2)
    for lines in range(1, 6):
        parse_signed(signed_body({**SECTIONS, "ucr": SECTIONS["ucr"][:1], "goods_items": goods(lines)}))
    assert len(reader._with_whole) == 2
    assert sum(plan.whole is not NO_FORM for plan in reader._plans.values()) == 2


def goods(lines: int) -> list[Any]:
    """So many lines of goods."""
    return [SECTIONS["goods_items"][0] | {"ordinal": ordinal} for ordinal in range(1, lines + 1)]


@pytest.mark.parametrize("end", ["\n", "\\n", "", '"}]\n["', "]\n"])
def test_a_line_end_inside_an_element_makes_no_two_of_it(monkeypatch: pytest.MonkeyPatch, end: str) -> None:
    monkeypatch.setattr(reader, "WHOLE_AFTER", 1)
    signed = sign_record(
        MODEL.from_sections({**SECTIONS, "ucr": SECTIONS["ucr"][:1], "goods_items": goods(3)}),
        key=KEY,
        iss="91110000600037341L",
        consortium="ab" * 32,
        iat=1,
        jti=jti_of("a"),
    )
    parse_signed(signed.serialize().encode())
    texts = texts_of(signed)
    texts[4] = texts[4] + end.encode() + texts[5]
    body = signed_again(signed, texts)
    assert read_by(parse_signed, body) == read_by(lambda one: SignedRecord.parse(one, read_texts=read_texts), body)


def gates() -> dict[str, Any]:
    """The gates of the declaration's sections."""
    return reader._gates("customs.declaration")[0]


def test_the_forms_that_came_last_are_remembered_and_no_more() -> None:
    forget_forms()
    for place in range(FORMS_MAX * 600):
        members = "".join(f',"{name}":"a"' for bit, name in enumerate(NAMES) if place % 32 >> bit & 1)
        assert gates()["declaration"].takes(f'["{"A" * 22}",{{"own_number":"BG1"{members}}}]')
    assert len(gates()["declaration"]._forms) == FORMS_MAX


NAMES = ("guid", "contract", "licence", "account_book", "related_declaration")


def test_a_form_is_never_wider_than_the_grammar_whatever_value_it_is_made_of() -> None:
    grammar = grammars(MODEL)["declaration"]
    with pytest.raises(NotRegular):
        form_of(grammar, {"office": {"value": "0101"}}, lambda kind: bool)
    with pytest.raises(NotRegular):
        form_of(grammar, {"lists": []}, lambda kind: bool)
    with pytest.raises(NotRegular):
        form_of(grammar, "text", lambda kind: bool)
    form = form_of(grammar, {"own_number": "BG1", "nothing": "x", "direction": "X"}, lambda kind: bool)
    assert form.takes(f'["{"A" * 22}",{{"own_number":"BG2","direction":"E"}}]')
    assert not form.takes(f'["{"A" * 22}",{{"own_number":"BG2","direction":"X"}}]')


@pytest.mark.parametrize("value", ["1.00", "0.10", "-1.00", "-0.10", "-0.00001", "12.34500", "0.00", "1.00000"])
@pytest.mark.parametrize("said", ["1.00", "-0.00", "00.10", "1.0", "1.000", "1.00000", "0.00000", "-0.00000", "1.00|"])
def test_a_form_of_an_amount_takes_amounts_alone(value: str, said: str) -> None:
    grammar = grammars(MODEL)["goods_items"]
    form = form_of(grammar, {"ordinal": 1, "name": "a", "total": amount(value)}, lambda kind: bool)
    text = f'["{"A" * 22}",{json.dumps({"ordinal": 1, "name": "a", "total": amount(said)}, separators=(",", ":"))}]'
    takes_all = re.fullmatch(grammar.pattern, text)
    assert not form.takes(text) or takes_all
    assert form.takes(text.replace(said, value))


def amount(value: str) -> Any:
    """An amount as JSON has it."""
    return {"value": value, "currency": "CNY"}


def test_a_value_with_a_check_digit_is_checked_in_whatever_form() -> None:
    gate = gates()["parties"]
    said = '["{salt}",[{{"role":"agent","uscc":"{code}"}},{{"role":"payer","name":"a"}}]]'
    assert gate.takes(said.format(salt="A" * 22, code="91110000600037341L"))
    assert not gate.takes(said.format(salt="A" * 22, code="91110000600037341M"))
    assert gate.form.takes(said.format(salt="B" * 22, code="91110000600037341L"))
    assert not gate.form.takes(said.format(salt="A" * 22, code="91110000600037341M"))


def test_claims_in_whatever_order_are_read_at_once() -> None:
    payload = SIGNED.jwt.split(".")[1]
    claims = json.loads(parse_base64url(payload))
    order = ["vct", "iat", "_sd_alg", "iss", "jti", "aud", *SIGNED.sections]
    jwt = sign_compact({"typ": RECORD_TYP}, {name: claims[name] for name in order}, KEY)
    body = BODY.replace(SIGNED.jwt.encode(), jwt.encode())
    assert parse_signed(body).fits_model
    assert parse_signed(body) == SignedRecord.parse(body)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"iat":1,', '"iat":01,'),
        ('"iat":1,', '"iat":1099511627776,'),
        ('"iat":1,', '"iat":1.0,'),
        ('"iat":1,', '"iat":1,"iat":1,'),
        ('"_sd_alg":"sha-256"', '"_sd_alg":"sha-512"'),
        ('"_sd_alg":"sha-256"', '"_sd_alg":"sha-256","amends":"A"'),
        ('"_sd_alg":"sha-256"', '"_sd_alg":"sha-256","amends":null'),
        ('"_sd_alg":"sha-256"', '"_sd_alg":"sha-256","exp":1'),
        (f'"jti":"{jti_of("a")}"', '"jti":"\u00e9"'),
        ('"vct":"customs.declaration"', '"vct":"customs.nothing"'),
        ('{"iss"', ' {"iss"'),
        ('"ucr":[', '"ucr": ['),
    ],
)
def test_claims_that_are_not_as_written_are_judged_as_step_by_step(old: str, new: str) -> None:
    payload = SIGNED.jwt.split(".")[1]
    said = parse_base64url(payload).replace(old.encode(), new.encode(), 1)
    body = BODY.replace(payload.encode(), base64url(said).encode())
    assert body != BODY
    assert read_by(parse_signed, body) == read_by(lambda one: SignedRecord.parse(one, read_texts=read_texts), body)


def read_by(parse: Callable[[bytes], SignedRecord], body: bytes) -> Any:
    """The record, or all that is said against it."""
    try:
        signed = parse(body)
        return signed, parse_record(signed)
    except MalformedRecord as error:
        return str(error), error.field, error.code


@pytest.mark.parametrize(("count", "is_taken"), [(5_000, True), (6_000, False)])
def test_a_disclosure_that_is_too_long_is_refused(count: int, is_taken: bool) -> None:
    texts = texts_of(SIGNED)
    parties = ",".join([f'{{"role":"agent","name":"TG{number:08d}"}}' for number in range(count)])
    texts[4] = f'["{"A" * 22}",[{parties}]]'.encode()
    body = signed_again(SIGNED, texts)
    assert (len(base64url(texts[4])) <= DISCLOSURE_CHARS_MAX) == is_taken
    assert isinstance(read_by(parse_signed, body)[0], SignedRecord) == is_taken
    assert read_by(parse_signed, body) == read_by(SignedRecord.parse, body)


def test_two_shapes_of_one_length_are_told_apart() -> None:
    rest = {name: value for name, value in SECTIONS.items() if name != "valuation"}
    documents = [[{"kind": {"system": "cn-edoc", "value": "1"}}]]
    bodies = [signed_body({**rest, "documents": documents}), signed_body(SECTIONS)]
    assert [len(body.split(b".")[1]) for body in bodies] == [len(BODY.split(b".")[1])] * 2
    for body in (*bodies, *reversed(bodies)):
        signed = parse_signed(body)
        assert signed.fits_model
        assert signed == SignedRecord.parse(body)


def test_a_rule_that_the_grammar_does_not_know_is_never_passed_over() -> None:
    class Ruled(Record):
        TYPE: ClassVar[str] = "customs.request"
        head: Annotated[Text, AfterValidator(str.strip)]
        lists: Many[Text] = ()

    found = grammars(Ruled)
    assert "lists" in found
    assert "head" not in found


def test_what_withholds_a_section_no_longer_counts_as_proved() -> None:
    signed = parse_signed(BODY)
    assert not signed.with_sections(signed.sections).fits_model
    with pytest.raises(MalformedRecord, match="fully disclosed"):
        parse_record(signed.with_sections(["ucr"]))


def test_a_section_is_made_when_it_is_asked_for_and_once() -> None:
    record = parse_record(parse_signed(BODY))
    assert record.references is record.references
    assert record.references[0].value == "TG1"
    assert record.remarks == ()
    assert isinstance(record, MODEL)


WAYS: dict[str, Callable[[Any], Any]] = {
    "compared": lambda record: record == parse_record(SIGNED) and parse_record(SIGNED) == record,
    "hashed": hash,
    "printed": repr,
    "written": lambda record: record.to_sections(),
    "dumped": lambda record: record.model_dump_json(),
    "copied": copy.copy,
    "copied deep": copy.deepcopy,
    "pickled": lambda record: pickle.loads(pickle.dumps(record)),  # noqa: S301  our own
    "told of others": lambda record: record.for_ucrs(record.ucr[:1]),
    "iterated": dict,
    "asked what was said": lambda record: record.model_fields_set,
    "asked for a member that there is not": lambda record: getattr(record, "nothing", "absent"),
    "read in part, then compared": lambda record: (record.parties, record == parse_record(SIGNED)),
    "classed": lambda record: (record == record, type(record))[1],
}


@pytest.mark.parametrize("way", WAYS)
def test_a_record_read_late_is_as_an_ordinary_one(way: str) -> None:
    assert WAYS[way](parse_record(parse_signed(BODY))) == WAYS[way](parse_record(SIGNED))


def test_what_was_handed_out_stays_when_the_whole_is_read() -> None:
    record = parse_record(parse_signed(BODY))
    references = record.references
    assert record == parse_record(SIGNED)
    assert record.references is references
    assert list(vars(record)) == list(MODEL.model_fields)
