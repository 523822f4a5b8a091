"""Record models take what fits and name every fault of what does not; their schemas and rules are complete."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from pydantic import ValidationError

from chain.errors import Malformed, MalformedRecord, NotFound
from chain.keys import SigningKey
from chain.members import Role
from chain.records import (
    RECORD_RULES,
    RECORD_RULES_FILE,
    RECORD_TYPES,
    Amount,
    Code,
    LogisticsEvent,
    Record,
    Reference,
    Remark,
    Weight,
    amount,
    codes,
    fixed,
    instant,
    json_schema,
    parse_record,
    record_rules_hash,
    sign_record,
)
from chain.records.fastpath import parse_signed
from chain.records.scalars import Part
from chain.sdjwt import MANY_ELEMENTS, SignedRecord, issue
from tests.record_numbers import jti_of
from tests.strategies import records

KEY = SigningKey.generate()
SAID: dict[str, Any] = {
    "ucr": ["6CN91110000600037341L-1"],
    "event": [
        {
            "code": {"system": "dcsa-equipment-event", "value": "GTIN"},
            "happened": {"utc": "2026-11-23T01:02:03Z", "said": "2026-11-23T09:02:03+08:00"},
        }
    ],
}


def signed(record: Record) -> SignedRecord:
    return sign_record(record, key=KEY, iss="91110000600037341L", consortium="ab" * 32, iat=1, jti=jti_of("a"))


def changed(section: str, **change: Any) -> dict[str, Any]:
    said = json.loads(json.dumps(SAID))
    said.setdefault(section, [{}])
    said[section][0] |= change
    return dict(said)


@pytest.mark.parametrize(
    ("said", "field"),
    [
        (changed("event", colour="red"), "event.colour"),
        (changed("event", classifier="REAL"), "event.classifier"),
        (changed("event", pieces=-1), "event.pieces"),
        (changed("event", pieces="1"), "event.pieces"),
        (changed("event", pieces=True), "event.pieces"),
        (changed("event", pieces=1.5), "event.pieces"),
        (changed("event", happened={"utc": "2026-02-30T01:02:03Z", "said": "x"}), "event.happened.utc"),
        (changed("event", happened={"utc": "2026-02-03T01:02:03+08:00", "said": "x"}), "event.happened.utc"),
        (changed("event", happened={"utc": "2026-02-03T01:02:03Z"}), "event.happened.said"),
        (changed("event", gross={"value": "1.0", "unit": "KGM"}), "event.gross.value"),
        (changed("event", gross={"value": "-1.00000", "unit": "KGM"}), "event.gross.value"),
        (changed("event", gross={"value": "1e3", "unit": "KGM"}), "event.gross.value"),
        (changed("event", gross={"value": "1.00000"}), "event.gross.unit"),
        (changed("event", gross={"value": "1.00000", "unit": "kg"}), "event.gross.unit"),
        (changed("event", container={"number": "CSQU3054384"}), "event.container"),
        (changed("event", reason="abc\u202edef"), "event.reason"),
        (changed("event", reason="a\x00b"), "event.reason"),
        (changed("event", reason=""), "event.reason"),
        (changed("event", reason=None) | {"colour": [1]}, "colour"),
        ({"ucr": SAID["ucr"]}, "event"),
        (SAID | {"ucr": ["6CN91110000600037341M-1"]}, "ucr.0"),
        (SAID | {"ucr": SAID["ucr"] * 2}, "ucr"),
        (SAID | {"references": [{"kind": "passport", "value": "1"}]}, "references.0.kind"),
        (SAID | {"source": [{"kind": "CEB621", "sha256": "AB" * 32}]}, "source.sha256"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_fault_is_named_with_its_field(said: dict[str, Any], field: str) -> None:
    with pytest.raises(MalformedRecord) as refused:
        LogisticsEvent.from_sections(said)
    assert refused.value.field == field


def test_all_faults_of_a_record_are_named_at_once() -> None:
    said = changed("event", colour="red", pieces=-1, gross={"value": "1", "unit": "KGM"})
    with pytest.raises(MalformedRecord) as refused:
        LogisticsEvent.from_sections(said)
    for field in ("event.colour", "event.pieces", "event.gross.value"):
        assert field in str(refused.value)


def test_a_record_of_an_unknown_type_is_refused() -> None:
    other = issue(
        SAID, vct="customs.gossip", iss="91110000600037341L", consortium="ab" * 32, iat=1, jti=jti_of("a"), key=KEY
    )
    with pytest.raises(MalformedRecord, match=r"customs\.declaration"):
        parse_record(other)


def test_a_partly_withheld_record_is_not_understood() -> None:
    whole = signed(LogisticsEvent.from_sections(SAID))
    with pytest.raises(MalformedRecord, match="fully disclosed"):
        parse_record(whole.with_sections({"ucr"}))


def test_a_record_without_a_consignment_is_not_signed() -> None:
    with pytest.raises(MalformedRecord, match="consignment"):
        signed(LogisticsEvent.from_sections({"event": SAID["event"]}))


def test_a_record_cannot_be_changed() -> None:
    record = LogisticsEvent.from_sections(SAID)
    with pytest.raises(ValidationError, match="frozen"):
        record.source = None
    assert record.with_remarks(Remark(rule="r", text="t")).remarks != record.remarks == ()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(record=records())
def test_the_quick_reader_reads_the_same_record(record: Record) -> None:
    text = signed(record).serialize()
    assert parse_signed(text) == SignedRecord.parse(text)
    assert parse_record(parse_signed(text)) == record


@pytest.mark.parametrize("fraction", ["1.5", "1e2", "9007199254740993", "NaN", '{"a":1,"a":2}', '"\\ud800"'])
def test_what_the_strict_reader_refuses_is_no_record_for_the_quick_one(fraction: str) -> None:
    from chain.encoding import base64url
    from chain.jws import sign_compact
    from chain.sdjwt import RECORD_TYP

    telling = [base64url(f'["{"A" * 22}",{value}]'.encode()) for value in (json.dumps(SAID["ucr"][0]), fraction)]
    digests = [{"...": base64url(sha256(one.encode()).digest())} for one in telling]
    claims: dict[str, Any] = {"iss": "91110000600037341L", "aud": "ab" * 32, "iat": 1}
    claims |= {"jti": jti_of("a"), "_sd_alg": "sha-256"}
    payload = claims | {"vct": "logistics.event", "ucr": digests[:1], "event": digests[1:]}
    text = "~".join([sign_compact({"typ": RECORD_TYP}, payload, KEY), *telling, ""])
    for read in (SignedRecord.parse, parse_signed):
        with pytest.raises(MalformedRecord):
            parse_record(read(text))


# Schemas and rules


@pytest.mark.parametrize("vct", RECORD_TYPES)
def test_every_field_of_every_schema_is_described(vct: str) -> None:
    schema = json_schema(vct)
    jsonschema.Draft202012Validator.check_schema(schema)
    parts = {vct: schema} | schema.get("$defs", {})
    for name, part in parts.items():
        assert part.get("description"), name
        for field, told in part.get("properties", {}).items():
            assert told.get("description") or name == "Record", f"{name}.{field}"


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(record=records())
def test_what_a_record_says_keeps_its_schema(record: Record) -> None:
    said = {n: v if n in MANY_ELEMENTS else v[0] for n, v in record.to_sections().items()}
    jsonschema.validate(said, json_schema(record.TYPE), cls=jsonschema.Draft202012Validator)


def test_every_section_name_can_be_a_claim() -> None:
    for record_type in RECORD_TYPES.values():
        for name in record_type.model_fields:
            assert name.replace("_", "").isalpha()
            assert name not in {"iss", "aud", "iat", "jti", "vct", "amends"}


def test_every_record_type_has_its_roles() -> None:
    assert set(RECORD_RULES) == set(RECORD_TYPES)
    assert RECORD_RULES["customs.declaration"] == Role.BROKER | Role.TRADER
    assert RECORD_RULES["customs.status"] == Role.CUSTOMS
    assert RECORD_RULES["audit.access"] == Role.GATEWAY
    assert record_rules_hash() == sha256(RECORD_RULES_FILE.read_bytes()).digest()


# Scalars and code tables


@pytest.mark.parametrize(
    ("text", "scale", "said"),
    [("1", 5, "1.00000"), ("001.50", 2, "1.50"), ("0", 5, "0.00000"), ("-0", 2, "0.00"), ("1.000000", 5, "1.00000")],
)
def test_a_decimal_gets_its_fixed_scale(text: str, scale: int, said: str) -> None:
    assert fixed(text, scale) == said


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("1.000001", "5 behind"),
        ("123456789012345", "14 digits"),
        ("-1", "negative"),
        ("1e3", "plain"),
        ("NaN", "plain"),
        ("", "plain"),
        (" 1", "plain"),
        ("1,000", "plain"),
        ("+1", "plain"),
        ("１", "plain"),
        ("9" * 400, "plain"),
        (".5", "plain"),
        ("5.", "plain"),
    ],
)
def test_a_number_that_does_not_fit_is_refused_and_never_rounded(text: str, rule: str) -> None:
    with pytest.raises(Malformed, match=rule):
        fixed(text, 5)


@pytest.mark.parametrize(("text", "said"), [("12.3", "12.30"), ("12.345", "12.34500"), ("-1", "-1.00")])
def test_an_amount_has_two_digits_or_five(text: str, said: str) -> None:
    assert amount(text, "CNY") == Amount(value=said, currency="CNY")


@pytest.mark.parametrize(
    "value", ["1", "1.0", "1.000", "-0.00", "-0.00000", "01.00", "1.00 ", "1.00\n", "123456789012345.00"]
)
def test_an_amount_of_another_scale_is_refused(value: str) -> None:
    with pytest.raises(ValidationError):
        Amount(value=value, currency="CNY")


@pytest.mark.parametrize("value", ["-0.01", "-0.00001", "-1.00", "0.00", "99999999999999.99999"])
def test_an_amount_may_be_below_zero(value: str) -> None:
    assert Amount(value=value, currency="CNY").value == value


def test_a_time_keeps_what_was_said() -> None:
    moment = datetime(2026, 11, 23, 1, 2, 3, 999_999, tzinfo=UTC)
    assert instant("20261123090203", moment).utc == "2026-11-23T01:02:03Z"
    with pytest.raises(Malformed, match="zone"):
        instant("20261123090203", moment.replace(tzinfo=None))


def test_references_written_differently_have_one_key() -> None:
    first = Reference(kind="transport_document", value="999-12345675_h1")
    assert first.key == Reference(kind="transport_document", value="99912345675H1").key
    assert Reference(kind="order", value="A-1").key != Reference(kind="order", value="A1").key


def test_142_is_a_country_and_a_currency() -> None:
    assert (codes.country("142"), codes.currency("142")) == ("CN", "CNY")


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (codes.country("CHN", "iso-alpha-3"), "CN"),
        (codes.country("999"), "cn-customs:999"),
        (codes.country("XX", "iso-alpha-2"), "iso-alpha-2:XX"),
        (codes.currency("502"), "USD"),
        (codes.unit("035"), "KGM"),
        (codes.unit("120"), "cn-customs:120"),
        (codes.unit("C62", "uncefact-rec-20"), "C62"),
        (codes.customs_unit("H87"), "007"),
        (codes.customs_unit("cn-customs:120"), "120"),
        (codes.customs_unit("ZZZ"), None),
    ],
)
def test_a_code_is_translated_or_kept_and_marked(told: str | None, said: str | None) -> None:
    assert told == said
    if told and ":" in told:
        Weight(value="1.00000", unit=told)


def test_an_unknown_code_of_a_known_table_is_marked() -> None:
    assert codes.code("cn-transport-mode", "5").means == "4"
    assert not codes.code("cn-transport-mode", "Q").known
    assert codes.code("a-list-of-ours-not", "Q") == Code(system="a-list-of-ours-not", value="Q")


def test_a_place_is_known_by_its_locode() -> None:
    place = codes.place("CNTXG", "un-locode")
    assert (place.unlocode, place.country, place.name) == ("CNTXG", "CN", "Tianjin Xingang")
    assert codes.place("PEK", "iata").unlocode == "CNBJS"
    assert codes.place("???", "un-locode").code == Code(system="un-locode", value="???", known=False)


def test_every_code_table_names_its_edition_and_source() -> None:
    for name in codes.table_names():
        table = codes.get_table(name)
        assert (table.name, bool(table.edition), bool(table.source)) == (name, True, True)
        assert all(len(row) == len(table.columns) for row in table.rows)
        assert all(isinstance(cell, str) for row in table.rows for cell in row)


def test_a_table_that_there_is_not_is_not_found() -> None:
    with pytest.raises(NotFound):
        codes.get_table("../record-rules")


def test_every_part_refuses_unknown_fields() -> None:
    def parts(kind: type[Part]) -> list[type[Part]]:
        return [kind, *(one for inner in kind.__subclasses__() for one in parts(inner))]

    for kind in parts(Part):
        assert kind.model_config["extra"] == "forbid", kind
        assert kind.model_config["frozen"], kind
        assert kind.model_config["strict"], kind


def test_a_references_key_is_made_of_plain_texts() -> None:
    # Verifier processes send it to the gateway in an encoding that knows no types of ours.
    reference = Reference(kind="cop", scope="91110000600037341L", value="cop-1")
    assert [type(part) for part in reference.key] == [str, str, str]
